"""The demonstration's auctioneer and clerks: they announce winners and bring each sale to its end.

What takes weeks in a real sale (signatures, payment, delivery) is done when the session is over, so
that a lot's record shows the whole life and nothing is left waiting.
"""

import asyncio
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.demo.cashier import Cashier
from auction_engine.demo.stage import OpenLot
from auction_engine.ledger.schema import LotHead
from auction_engine.rules.commands import Act, CommandRefused, Role
from auction_engine.rules.params import LotParams

_LOOK_S = 1.0
# Between the close and the announcement.
_PAUSE_S = 10.0
_SIGNATURES: tuple[tuple[str, Role], ...] = (
    ("AUCTIONEER", "AUCTIONEER"),
    ("RECORDER", "RECORDER"),
    ("WINNER", "BIDDER"),
)
_CLERK: dict[str, str] = {
    "PAID": "deliver",
    "DELIVERED": "file_title",
    "PROCEEDS_DISTRIBUTED": "close_file",
}
_log = structlog.get_logger(__name__)


async def conduct(engine: AsyncEngine, log: LogClient, lots: list[OpenLot]) -> None:
    """Announce each winner a while after the bidding is over, until cancelled."""
    loop = asyncio.get_running_loop()
    since: dict[int, tuple[str, float]] = {}
    by_id = {lot.lot: lot for lot in lots}
    while True:
        for row in await _heads(engine, list(by_id)):
            status, begun_s = since.get(row.lot_id, ("", 0.0))
            if status != row.status:
                since[row.lot_id] = (row.status, loop.time())
            elif status == "LEADER_DETERMINED" and loop.time() - begun_s >= _PAUSE_S:
                await _next(log, by_id[row.lot_id], row)
        await asyncio.sleep(_LOOK_S)


async def wind_up(
    engine: AsyncEngine, log: LogClient, lots: list[OpenLot], cashier: Cashier
) -> None:
    """Bring every sold lot to its end at once: the session is over."""
    by_id = {lot.lot: lot for lot in lots}
    for _ in range(len(_CLERK) + 4):
        for row in await _heads(engine, list(by_id)):
            await _next(log, by_id[row.lot_id], row)
            await cashier.follow(by_id[row.lot_id].shard, row.lot_id, row.status)


async def _heads(engine: AsyncEngine, lots: list[int]) -> list[Any]:
    columns = (LotHead.lot_id, LotHead.status, LotHead.leader, LotHead.price_minor)
    async with engine.connect() as connection:
        found = await connection.execute(select(*columns).where(LotHead.lot_id.in_(lots)))
        return list(found.all())


async def _next(log: LogClient, lot: OpenLot, row: Any) -> None:
    try:
        for act in _acts(lot.params, row):
            await log.act(lot.shard, lot.lot, act)
    except CommandRefused as refused:
        # It moved on since we looked.
        _log.info("demo_act_refused", lot=lot.lot, status=row.status, code=refused.code)


def _acts(params: LotParams, row: Any) -> list[Act]:
    """What comes next for a lot that stands like `row`."""
    if row.status == "LEADER_DETERMINED":
        return [Act("announce", "AUCTIONEER", 0)]
    if row.status == "ANNOUNCED":
        return [
            Act("sign_minutes", role, row.leader if role == "BIDDER" else 0, data={"as": name})
            for name, role in _SIGNATURES
        ]
    name = _CLERK.get(row.status)
    return [] if name is None else [Act(name, "AGENCY", 0)]
