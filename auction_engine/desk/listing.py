"""Sessions and lots: their descriptions in the ledger, their rules in the log."""

import secrets
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.keys import shard_of
from auction_engine.identity import bodies
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import AuctionSession, Lot
from auction_engine.rules.commands import CommandRefused
from auction_engine.rules.params import LotParams

# Codes hide who registered first: they are drawn, not counted.
_CODES = 1_000
_MORE_CODES = 1_000_000


async def create_session(
    engine: AsyncEngine,
    title: dict[str, str],
    organisation: dict[str, str] | int,
    agency: dict[str, str] | int,
    demo: bool = False,
    practice: bool = False,
) -> int:
    """A new session without lots; `title` is {"vi", "en"}. Returns its id.

    Organisation and agency are ids (`bodies`) or {"vi", "en"}: who is not known yet is made.
    Raises BodyError.
    """
    async with transaction(engine) as connection:
        organised = await _body(connection, "ORGANISATION", organisation)
        ordered = await _body(connection, "AGENCY", agency)
        found = await connection.execute(
            insert(AuctionSession)
            .values(
                title=title,
                organisation=organised.name,
                agency=ordered.name,
                organisation_id=organised.id,
                agency_id=ordered.id,
                demo=demo,
                practice=practice,
            )
            .returning(AuctionSession.id)
        )
        return int(found.scalar_one())


async def _body(
    connection: AsyncConnection, kind: bodies.Kind, asked: dict[str, str] | int
) -> bodies.House:
    if not isinstance(asked, int):
        return bodies.House(await bodies.find_or_make(connection, kind, asked), kind, asked)
    found = await bodies.find(connection, asked)
    if found is None or found.kind != kind:
        raise bodies.BodyError(f"There is no {kind.lower()} {asked}.")
    return found


async def create_lots(
    engine: AsyncEngine, session: int, contents: list[dict[str, Any]], shards: int
) -> list[tuple[int, int]]:
    """Describe lots, in order. Returns (lot, shard) for each; they are not listed yet.

    A content that names another `agency` ({"vi", "en"}) than the session's belongs to that one.
    """
    async with transaction(engine) as connection:
        usual = (
            await connection.execute(
                select(AuctionSession.agency_id).where(AuctionSession.id == session)
            )
        ).scalar_one()
        lots = []
        for position, content in enumerate(contents, 1):
            agency = usual
            if content.get("agency"):
                agency = await bodies.find_or_make(connection, "AGENCY", content["agency"])
            found = await connection.execute(
                insert(Lot)
                .values(
                    session_id=session,
                    position=position,
                    shard=0,
                    content=content,
                    agency_id=None if agency == usual else agency,
                )
                .returning(Lot.id)
            )
            lot = int(found.scalar_one())
            shard = shard_of(lot, shards)
            if shard:
                await connection.execute(update(Lot).where(Lot.id == lot).values(shard=shard))
            lots.append((lot, shard))
        return lots


async def put_up(log: LogClient, shard: int, lot: int, params: LotParams) -> None:
    """List the lot under `params`; doing it twice is doing it once. Raises CommandRefused."""
    try:
        await log.list_lot(shard, lot, params)
    except CommandRefused as refused:
        if refused.code != "ALREADY_LISTED":
            raise


async def admit(
    log: LogClient, shard: int, lot: int, bidder: int, robot: bool = False, many: bool = False
) -> None:
    """Admit `bidder` to the lot under a code drawn at random; twice is once.

    `many` draws from a million codes, for lots with hundreds of bidders. Raises CommandRefused
    (UNKNOWN_LOT, CLOSED).
    """
    while True:
        number = secrets.randbelow(_MORE_CODES if many else _CODES)
        code = f"B-{number:06d}" if many else f"B-{number:03d}"
        try:
            return await log.admit(shard, lot, bidder, code, robot)
        except CommandRefused as refused:
            if refused.code == "ALREADY_ADMITTED":
                return None
            if refused.code != "CODE_TAKEN":
                raise


async def session_lots(engine: AsyncEngine, session: int) -> list[dict[str, Any]]:
    """The session's lots in order: {id, shard, position, content}."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(Lot.id, Lot.shard, Lot.position, Lot.content)
            .where(Lot.session_id == session)
            .order_by(Lot.position)
        )
        return [dict(row._mapping) for row in rows]
