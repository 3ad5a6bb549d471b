"""What was asked of a whole session, by whom and why: its plan, its pauses, its auctioneers."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import AuctionSession, Lot, SessionEntry
from auction_engine.rules.session_plan import Place, Session

Kind = Literal[
    "plan", "pause", "resume", "hand_over", "close", "hand_over_offered", "hand_over_declined"
]
# Two who write at the same moment take the same number; the second takes the next.
_TRIES = 5


class UnknownSession(AuctionError):
    """There is no such session, or it has no lot."""


@dataclass(frozen=True, slots=True)
class Record:
    """A session as it was asked for. `lots`: lot and shard, in the order announced.

    `plan` has all lots at once where nobody made one (`planned_by` None). `paused` are the lots
    that were paused with the session, None while it goes on.
    """

    session: int
    lots: dict[int, int]
    plan: Session
    planned_by: int | None
    paused: frozenset[int] | None


async def read(engine: AsyncEngine, session: int) -> Record:
    """The session's record. Raises UnknownSession."""
    async with engine.connect() as connection:
        lots = await connection.execute(
            select(Lot.id, Lot.shard)
            .join(AuctionSession, AuctionSession.id == Lot.session_id)
            .where(AuctionSession.id == session)
            .order_by(Lot.position, Lot.id)
        )
        shards = {row.id: row.shard for row in lots}
        if not shards:
            raise UnknownSession(f"There is no session {session} with lots.")
        entries = await connection.execute(
            select(SessionEntry.kind, SessionEntry.account_id, SessionEntry.body)
            .where(SessionEntry.session_id == session)
            .order_by(SessionEntry.n)
        )
        plan = Session("PARALLEL", tuple(Place(lot) for lot in shards))
        planned_by: int | None = None
        paused: frozenset[int] | None = None
        for kind, account, body in entries:
            if kind == "plan":
                plan, planned_by = Session.from_json(body), account
            elif kind == "pause":
                paused = (paused or frozenset()) | frozenset(body["lots"])
            elif kind == "resume":
                paused = None
    return Record(session, shards, plan, planned_by, paused)


async def organisation(engine: AsyncEngine, session: int) -> int:
    """The body that holds the session. Raises UnknownSession."""
    query = select(AuctionSession.organisation_id).where(AuctionSession.id == session)
    async with engine.connect() as connection:
        found = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise UnknownSession(f"There is no session {session}.")
    return int(found)


async def write(
    engine: AsyncEngine,
    session: int,
    kind: Kind,
    account: int,
    reason: str | None,
    body: dict[str, Any],
) -> int:
    """Add an entry to the session's record; returns its number."""
    following = (
        select(func.coalesce(func.max(SessionEntry.n), 0) + 1)
        .where(SessionEntry.session_id == session)
        .scalar_subquery()
    )
    statement = (
        insert(SessionEntry)
        .values(
            session_id=session, n=following, account_id=account, kind=kind, reason=reason, body=body
        )
        .returning(SessionEntry.n)
    )
    for left in reversed(range(_TRIES)):
        try:
            async with transaction(engine) as connection:
                return int((await connection.execute(statement)).scalar_one())
        except IntegrityError:
            if not left:
                raise
    raise AssertionError("unreachable")
