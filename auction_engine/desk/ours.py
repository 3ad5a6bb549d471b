"""The session at hand as its organisation or an agency sees it: its own lots and no others."""

from sqlalchemy import ColumnElement, exists, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import aliased

from auction_engine.desk.catalogue import SessionInfo
from auction_engine.identity import bodies
from auction_engine.identity.access import Reach, Scope
from auction_engine.ledger.schema import AuctionSession, Lot, LotHead


def whose(reach: Reach) -> ColumnElement[bool]:
    """Which rows of `lot` joined with its `auction_session` are within `reach`."""
    if reach.scope is Scope.ALL:
        return true()
    if reach.body is None or reach.scope is Scope.OWN:
        return false()
    if reach.scope is Scope.ORGANISATION:
        return AuctionSession.organisation_id == reach.body
    return func.coalesce(Lot.agency_id, AuctionSession.agency_id) == reach.body


async def newest_session(engine: AsyncEngine, reach: Reach) -> SessionInfo | None:
    """The newest session with a listed lot within `reach`, and those of its lots that are.

    One in which bids are taken comes before one that is only announced.

    None where there is none.
    """
    listed = exists().where(LotHead.lot_id == Lot.id)
    other = aliased(Lot)
    running = exists().where(
        other.session_id == AuctionSession.id,
        LotHead.lot_id == other.id,
        LotHead.phase.in_(("open", "paused")),
    )
    newest = (
        select(AuctionSession)
        .join(Lot, Lot.session_id == AuctionSession.id)
        .where(whose(reach), listed)
        .order_by(running.desc(), AuctionSession.created_at.desc(), AuctionSession.id.desc())
        .limit(1)
    )
    async with engine.connect() as connection:
        row = (await connection.execute(newest)).one_or_none()
        if row is None:
            return None
        lots = await connection.execute(
            select(Lot.id)
            .join(AuctionSession, AuctionSession.id == Lot.session_id)
            .where(Lot.session_id == row.id, whose(reach))
            .order_by(Lot.position, Lot.id)
        )
        return SessionInfo(
            row.id, row.title, row.organisation, row.agency, row.demo, tuple(lots.scalars())
        )


async def name_of(engine: AsyncEngine, body: int | None) -> dict[str, str] | None:
    """What a body is called, {"vi", "en"}; None for no body."""
    if body is None:
        return None
    async with engine.connect() as connection:
        found = await bodies.find(connection, body)
    return None if found is None else found.name
