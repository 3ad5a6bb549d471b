"""Demonstration sessions in the ledger: find the one that is on, or begin the next."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.demo.cashier import Cashier
from auction_engine.demo.cast import cast
from auction_engine.demo.plan import contents, params, session_texts
from auction_engine.demo.robot import Character
from auction_engine.desk import listing
from auction_engine.ledger.schema import AuctionSession, Lot, LotHead
from auction_engine.rules.commands import CommandRefused
from auction_engine.rules.params import LotParams

_LOOK_S = 1.0
# A session beside the running one (`registering`) is marked by its lots.
BESIDE = exists().where(Lot.session_id == AuctionSession.id, Lot.content["beside"].as_boolean())
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot that is put up and not closed, and the robots that may bid on it."""

    lot: int
    shard: int
    params: LotParams
    robots: dict[int, Character]


@dataclass(frozen=True, slots=True)
class _Found:
    """A lot of the session as the ledger has it. `phase` is None before it is put up."""

    lot: int
    shard: int
    params: LotParams
    phase: str | None


async def current_or_next(
    engine: AsyncEngine, log: LogClient, shards: int, cashier: Cashier, robots: list[int]
) -> list[OpenLot]:
    """The lots still to be bid on: of the newest session, or of a new one if that is over.

    Every one is put up, deposits are paid, and the person and its robots admitted, also where an
    earlier run was interrupted half-way. Raises LogUnanswered.
    """
    # A shard that this installation no longer runs would never close its lots.
    found = [lot for lot in await _newest(engine) if lot.shard < shards]
    open_lots = await _prepare(log, found, cashier, robots)
    if not open_lots:
        await cashier.pay_older()
        found = await _begin(engine, shards)
        open_lots = await _prepare(log, found, cashier, robots)
    return open_lots


async def until_over(engine: AsyncEngine, lots: list[OpenLot]) -> None:
    """Wait until every lot is closed in the ledger and its winner announced."""
    query = select(func.count()).where(
        LotHead.lot_id.in_([lot.lot for lot in lots]),
        or_(LotHead.phase != "closed", LotHead.status == "LEADER_DETERMINED"),
    )
    while True:
        async with engine.connect() as connection:
            if not (await connection.execute(query)).scalar_one():
                return
        await asyncio.sleep(_LOOK_S)


async def _newest(engine: AsyncEngine) -> list[_Found]:
    beside = exists().where(Lot.session_id == AuctionSession.id, Lot.content["beside"].as_boolean())
    newest = (
        select(func.max(AuctionSession.id)).where(AuctionSession.demo, ~beside).scalar_subquery()
    )
    query = (
        select(
            Lot.id, Lot.shard, Lot.content, Lot.position, AuctionSession.created_at, LotHead.phase
        )
        .join(AuctionSession, AuctionSession.id == Lot.session_id)
        .outerjoin(LotHead, LotHead.lot_id == Lot.id)
        .where(Lot.session_id == newest)
        .order_by(Lot.position)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        _Found(
            row.id, row.shard,
            params(row.content, row.position, int(row.created_at.timestamp() * 1000)), row.phase,
        )
        for row in rows
    ]  # fmt: skip


async def _begin(engine: AsyncEngine, shards: int) -> list[_Found]:
    async with engine.connect() as connection:
        main = (AuctionSession.demo, ~BESIDE)
        query = select(func.count()).select_from(AuctionSession).where(*main)
        number = 1 + int((await connection.execute(query)).scalar_one())
    lots = contents(number)
    session = await listing.create_session(
        engine, session_texts(number), lots[0]["organisation"], lots[0]["agency"], demo=True
    )
    await listing.create_lots(engine, session, lots, shards)
    _log.info("demo_session_begins", session=session, lots=len(lots))
    return await _newest(engine)


async def _prepare(
    log: LogClient, found: list[_Found], cashier: Cashier, robots: list[int]
) -> list[OpenLot]:
    """Put up what is not yet, all together so that no page sees half a session; admit bidders."""
    put_up = await asyncio.gather(*(_put_up(log, lot) for lot in found if lot.phase != "closed"))
    lots = [
        OpenLot(f.lot, f.shard, f.params, cast(f.lot, f.params.starting_price_minor, robots))
        for f in put_up
        if f is not None
    ]
    bidders = {lot.lot: (lot.shard, [cashier.bidder, *lot.robots]) for lot in lots}
    await cashier.collect(bidders)
    await asyncio.gather(*(_admit_all(log, lot, cashier.bidder) for lot in lots))
    return lots


async def _put_up(log: LogClient, found: _Found) -> _Found | None:
    try:
        await listing.put_up(log, found.shard, found.lot, found.params)
    except CommandRefused as refused:
        if refused.code != "WINDOW_PAST":
            raise
        return None
    return found


async def _admit_all(log: LogClient, lot: OpenLot, person: int) -> None:
    try:
        await listing.admit(log, lot.shard, lot.lot, person)
        for robot in lot.robots:
            await listing.admit(log, lot.shard, lot.lot, robot, robot=True)
    except CommandRefused as refused:
        # It has closed since we looked; the others go on.
        if refused.code != "CLOSED":
            raise
