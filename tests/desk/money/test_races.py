"""Keepers, clicks and acts at the same moment on separate connections: nothing moves twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from auction_engine.desk import exclusive
from auction_engine.desk.money import holders, proceeds, settling
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.reading import Lots
from auction_engine.rules.commands import CommandRefused

from .house import MILLION, Direct, House, Sale

Work = Callable[[Any, Direct], Awaitable[Any]]
_PASSING = (exclusive.Busy, CommandRefused)


async def at_once(desk: House, works: list[Work]) -> list[Any]:
    """Do all of these, each over connections of its own, from the same moment on."""
    barrier = asyncio.Barrier(len(works))

    async def one(work: Work) -> Any:
        log = Direct(desk.url)
        async with exclusive.connected(desk.url) as connection:
            try:
                await barrier.wait()
                return await work(connection, log)
            except _PASSING as error:
                return error
            finally:
                await log.close()

    return list(await asyncio.gather(*map(one, works)))


def keeping(sale: Sale) -> Work:
    """A keeper that looks until it finds nothing to do."""

    async def work(connection: Any, log: Direct) -> None:
        keeper = Keeper(sale.house.url, log)  # type: ignore[arg-type]
        for _ in range(20):
            try:
                if not await keeper.keep(connection, sale.shard, sale.lot):
                    return
            except exclusive.Busy:
                await asyncio.sleep(0.01)

    return work


def settled(sale: Sale) -> Work:
    """Whoever settles without asking whether somebody else does: only the books stand between."""

    async def work(connection: Any, _: Direct) -> list[str]:
        lots = Lots()
        posted = await settling.settle(connection, lots, sale.lot)
        return posted + await proceeds.follow(connection, lots, sale.lot)

    return work


def acting(sale: Sale, name: str, **how: Any) -> Work:
    async def work(_: Any, log: Direct) -> None:
        twin = Sale(sale.house, sale.lot, sale.shard, sale.at_ms)
        twin.house = House(**{**sale.house.__dict__, "log": log})
        await twin.act(name, **how)

    return work


async def test_many_keepers_at_one_lot(desk: House) -> None:
    for _ in range(4):
        sale = await desk.sale(5, keep=False)
        await at_once(desk, [keeping(sale) for _ in range(4)])
        await sale.pay(*sale.bidders)
        await desk.hear()
        await at_once(desk, [keeping(sale) for _ in range(4)])
        assert len((await sale.state()).life.deposits) == 5
        held = await desk.connection.fetchval(
            "SELECT count(*) FROM journal WHERE lot_id = $1 AND kind = 'deposit.held'", sale.lot
        )
        assert held == 5
        await sale.admit(*sale.bidders)
        await sale.opened()
        await sale.announced()
        await sale.signed()
        await at_once(desk, [keeping(sale) for _ in range(3)] + [settled(sale) for _ in range(2)])
        await desk.check()
    assert len(await desk.due(desk.organisation)) == 4 * 5
    await desk.verified()


async def test_two_keepers_who_do_not_wait_for_each_other(desk: House) -> None:
    for _ in range(6):
        sale = await (await desk.sale(4)).sold()
        posted = await at_once(desk, [settled(sale) for _ in range(5)])
        keys = [key for keys in posted for key in keys]
        assert sorted(keys) == sorted(set(keys))
        assert len(keys) == 3 + 2
        await desk.check()


async def test_refunded_or_lost_but_never_both(desk: House) -> None:
    """The winner refuses while the house settles, and while it is stopped for a fault."""
    ends = set()
    for n in range(10):
        sale = await desk.sale(3)
        await sale.deposited()
        await sale.opened()
        a, b, c = sale.bidders
        for who, millions in ((a, 1_000), (b, 1_050), (c, 1_100)):
            await sale.bid(who, millions)
        await holders.state_costs(
            desk.connection, desk.organisation, sale.lot, MILLION, desk.people["clerk"], "Bill"
        )
        works = [
            acting(sale, "withdraw_bid", actor=c),
            acting(sale, "report_incident", what="Cut."),
            keeping(sale),
            settled(sale),
        ]
        await at_once(desk, works[n % 4 :] + works[: n % 4])
        await at_once(
            desk,
            [acting(sale, "decide_incident", role="AGENCY", choice="ANNUL")]
            + [settled(sale) for _ in range(3)]
            + [keeping(sale)],
        )
        await sale.keep()
        await desk.check()
        ends.add((await sale.state()).life.forfeits.get(c))
    await desk.settled()
    assert await desk.left() == {}
    await desk.verified()
    assert "WITHDREW" in ends


async def test_annulled_while_the_payouts_are_ordered(desk: House) -> None:
    for _ in range(6):
        sale = await (await desk.sale(2)).sold()
        await sale.earnest_arrives()
        await sale.pay_price()
        await sale.delivered()
        await at_once(
            desk,
            [
                acting(sale, "annul", role="COURT", ground="COURT", reason="Judgment"),
                *[settled(sale) for _ in range(3)],
                keeping(sale),
            ],
        )
        await sale.keep()
        await desk.check()
        winner = await sale.winner()
        assert (
            await desk.balance("LIAB.REFUND", f"lot:{sale.lot}/bidder:{winner}", desk.agency)
            == 1_050 * MILLION
        )
