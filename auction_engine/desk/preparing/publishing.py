"""Publishing: from an approved draft to lots put up, once, whatever dies on the way.

One transaction makes the session, its lots with the parameters they are frozen to, the assets'
LISTED and the draft's PUBLISHING: after it everything follows from these rows. The log is then told
lot by lot (file begun, contracted, put up), the plan put in force, and the draft marked PUBLISHED.
Each step asks first what is there, so it may be done again by whoever comes: the person who pressed
the button, a second one, or the look of any gateway after a crash.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import asyncpg
import orjson
import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.keys import shard_of
from auction_engine.desk import conducting, exclusive, listing, session_record
from auction_engine.desk.cases import assets as cases
from auction_engine.desk.conducting import Desk
from auction_engine.desk.looking import look_on
from auction_engine.desk.money import record as money
from auction_engine.desk.preparing import building, checking, drafts, sources
from auction_engine.desk.preparing.building import Whole
from auction_engine.desk.preparing.checking import Found
from auction_engine.desk.preparing.drafts import Draft
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.ledger import store
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.params import LotParams
from auction_engine.rules.session_plan import SessionError

_LOOK_S = 2.0
_WAIT_S = 5.0
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, AuctionError,
)  # fmt: skip
_log = structlog.get_logger(__name__)


def _lock(draft: int) -> int:
    """The lock of a draft being published: between those of lots and those of bidders."""
    return -(2**61) - draft


class Blocked(PreparingError):
    """Something stands against it. `findings` say what."""

    def __init__(self, findings: tuple[Found, ...]) -> None:
        text = f"{len(findings)} things stand against it; the first: {findings[0].en}"
        super().__init__("BLOCKED", text, findings[0].path)
        self.findings = findings


async def look_at(connection: Any, draft: Draft) -> tuple[Whole, tuple[Found, ...]]:
    """The draft as it would be published now, and what stands against it."""
    pack = sources.pack_of(draft.pack)
    known = {one.id: one for one in await cases.taken(connection, draft.body)}
    now_ms = await store.server_ms(connection)
    return checking.findings(pack, draft.choices, known, now_ms)


async def checked(connection: Any, draft: Draft) -> Whole:
    """The same where nothing stands against it. Raises Blocked."""
    whole, findings = await look_at(connection, draft)
    if findings:
        raise Blocked(findings)
    return whole


async def begin(
    connection: Any, draft: int, body: int | None, account: int, version: int, shards: int
) -> int:
    """Make session and lots of an approved draft; returns the session's number.

    Asked for again, by whomever, it is the same session. Raises PreparingError.
    """
    async with drafts.locked(connection, draft, body) as found:
        if found.session is not None:
            return found.session
        if version != found.version:
            raise PreparingError("STALE", "Somebody has changed the draft meanwhile; look again.")
        if found.state != "APPROVED":
            raise PreparingError("NOT_NOW", f"The draft is {found.state}; this needs APPROVED.")
        whole = await checked(connection, found)
        session = await _make_session(connection, found, whole)
        of_agency: dict[int, tuple[int, LotParams]] = {}
        for position, lot in enumerate(whole.lots, 1):
            assert lot.asset is not None
            assert lot.params is not None
            made = await _make_lot(connection, session, position, building.content_of(lot), shards)
            await connection.execute(
                "UPDATE session_draft_asset SET lot_id = $3, params = $4::jsonb, position = $5"
                " WHERE draft_id = $1 AND asset_id = $2",
                draft, lot.asset.id, made, orjson.dumps(lot.params.to_json()).decode(), position,
            )  # fmt: skip
            await _listed(connection, lot.asset.id, session, made, account)
            of_agency[lot.asset.agency_id] = made, lot.params
        await _open_books(connection, of_agency)
        await connection.execute(
            "UPDATE session_draft SET session_id = $2, state = 'PUBLISHING' WHERE id = $1",
            draft, session,
        )  # fmt: skip
        moved = replace(found, session=session, state="PUBLISHING")
        await drafts.move(connection, moved, account, "publish", "PUBLISHING")
        return session


async def _open_books(connection: Any, of_agency: dict[int, tuple[int, LotParams]]) -> None:
    """From now on both houses can say where they are paid, before the first bidder asks.

    In one order, whoever publishes: two who open the same books wait for each other only once.
    """
    for _, (lot, params) in sorted(of_agency.items()):
        await money.books_of(connection, lot, params.currency, params.minor_digits)


async def _listed(connection: Any, asset: int, session: int, lot: int, account: int) -> None:
    try:
        await cases.listed(connection, asset, session, lot, account)
    except cases.CaseError as refused:  # between the check and now
        raise PreparingError("TAKEN", str(refused), "lots") from None


async def _make_session(connection: Any, found: Draft, whole: Whole) -> int:
    asset = whole.lots[0].asset
    assert asset is not None
    texts = found.choices.texts
    title = {"vi": texts.title_vi.strip(), "en": texts.title_en.strip()}
    return int(
        await connection.fetchval(
            "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
            " SELECT $1::jsonb, o.name, a.name, o.id, a.id FROM body o, body a"
            " WHERE o.id = $2 AND a.id = $3 RETURNING id",
            orjson.dumps(title).decode(), found.body, asset.agency_id,
        )
    )  # fmt: skip


async def _make_lot(
    connection: Any, session: int, position: int, content: dict[str, Any], shards: int
) -> int:
    lot = int(
        await connection.fetchval(
            "INSERT INTO lot (session_id, position, shard, content)"
            " VALUES ($1, $2, 0, $3::jsonb) RETURNING id",
            session, position, orjson.dumps(content).decode(),
        )
    )  # fmt: skip
    if shard := shard_of(lot, shards):
        await connection.execute("UPDATE lot SET shard = $2 WHERE id = $1", lot, shard)
    return lot


async def finish(desk: Desk, draft: int) -> bool:
    """Do what is still missing of a publication that has begun; whether it is now published.

    False if somebody else is at it. Raises LogUnanswered, CommandRefused, what the ledger raises.
    """
    async with exclusive.connected(desk.database_url) as connection:
        try:
            async with exclusive.alone(connection, _lock(draft), 0):
                return await _finish(desk, connection, draft)
        except exclusive.Busy:
            return False


async def _finish(desk: Desk, connection: Any, draft: int) -> bool:
    row = await connection.fetchrow("SELECT * FROM session_draft WHERE id = $1", draft)
    if row is None or row["state"] != "PUBLISHING":
        return row is not None and row["state"] == "PUBLISHED"
    found = drafts.from_row(row)
    assert found.session is not None
    account = await connection.fetchval(
        "SELECT account_id FROM session_draft_entry WHERE draft_id = $1 AND kind = 'publish'", draft
    )
    lots = await connection.fetch(
        "SELECT a.lot_id, a.params, l.shard FROM session_draft_asset a"
        " JOIN lot l ON l.id = a.lot_id WHERE a.draft_id = $1 ORDER BY a.position",
        draft,
    )
    known = Lots()
    # What a process that died has sent comes before this.
    for shard in {lot["shard"] for lot in lots}:
        await desk.log.probe(shard)
    for lot in lots:
        params = LotParams.from_json(orjson.loads(lot["params"]))
        await _put_up(desk.log, connection, known, lot["lot_id"], lot["shard"], params, account)
    await _plan(desk, found, [lot["lot_id"] for lot in lots], account)
    async with drafts.locked(connection, draft, found.body) as now:
        await drafts.move(connection, now, account, "published", "PUBLISHED")
    return True


async def _put_up(
    log: LogClient, connection: Any, known: Lots, lot: int, shard: int, params: LotParams, by: int
) -> None:
    """The lot's file, its contract and its listing, as far as they are missing."""
    standing = await known.read(connection, [lot])
    status = standing[lot].state.status if lot in standing else None
    if status is None:
        await _once(log.draft_lot(shard, lot, params), "ALREADY_DRAFTED")
        status = "DRAFT"
    if status == "DRAFT":
        await _once(log.act(shard, lot, Act("contract", "ORGANISATION", by)), "WRONG_STATUS")
        status = "CONTRACTED"
    if status == "CONTRACTED":
        await listing.put_up(log, shard, lot, params)


async def _once(sent: Any, done_before: str) -> None:
    try:
        await sent
    except CommandRefused as refused:
        if refused.code != done_before:
            raise


async def _plan(desk: Desk, found: Draft, lots: list[int], account: int) -> None:
    assert found.session is not None
    record = await session_record.read(desk.engine, found.session)
    if record.planned_by is None:
        built = [building.Built(choice, None, None, None) for choice in found.choices.lots]
        plan = building.session_of(found.choices, built, lots)
        await conducting.plan_session(desk, found.session, plan, account)


class GoingUp(NamedTuple):
    """A lot of a session being published: `up` once everybody can see it."""

    position: int
    lot: int
    title: dict[str, str]
    up: bool


async def going_up(connection: Any, draft: int) -> list[GoingUp]:
    """How far the publication of a draft is, lot by lot, in their order."""
    rows = await connection.fetch(
        "SELECT a.position, a.lot_id, l.content -> 'title' AS title,"
        " coalesce(h.status, 'DRAFT') NOT IN ('DRAFT', 'CONTRACTED') AS up"
        " FROM session_draft_asset a JOIN lot l ON l.id = a.lot_id"
        " LEFT JOIN lot_head h ON h.lot_id = a.lot_id WHERE a.draft_id = $1 ORDER BY a.position",
        draft,
    )
    return [
        GoingUp(row["position"], row["lot_id"], orjson.loads(row["title"] or "{}"), row["up"])
        for row in rows
    ]


class Publisher:
    """Finishes what was begun and not ended. One per gateway."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        await look_on(self._desk.database_url, self.look, _LOOK_S, _PASSING, "publisher")

    async def look(self, connection: Any) -> None:
        """Finish every publication under way; one that fails holds up no other."""
        rows = await connection.fetch(
            "SELECT id FROM session_draft WHERE state = 'PUBLISHING' ORDER BY id"
        )
        for row in rows:
            try:
                await finish(self._desk, row["id"])
            except (CommandRefused, SessionError) as refused:
                _log.error("publishing_refused", draft=row["id"], text=str(refused))
