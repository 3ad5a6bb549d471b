"""What nobody could place: given by hand, sent back, each once, whoever is at it as well."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from auction_engine.desk.money import guarantees, importing, suspense
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.reading import Lots

from .house import CLOSES_MS, DEPOSIT, PAID_ON, House, Sale


async def line(desk: House, reason: str | None = None) -> int:
    found = await desk.connection.fetchval(
        "SELECT max(line_id) FROM suspense WHERE closed_at IS NULL"
        " AND reason = coalesce($1, reason)",
        reason,
    )
    assert found is not None
    return int(found)


async def allocate(desk: House, number: int, sale: Sale, who: int, reason: str = "Asked") -> None:
    request = (await sale.request(who)).id
    await suspense.allocate(
        desk.connection, desk.lots, desk.organisation, number, request, desk.people["clerk"], reason
    )


async def send_back(desk: House, number: int) -> None:
    await suspense.send_back(
        desk.connection, desk.organisation, number, desk.people["clerk"], "Not ours", None
    )


async def refused(code: str, work: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        await work
    assert caught.value.code == code


async def test_given_by_hand_and_told_though_a_later_line_was_given_before(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.pay(a, text="nop tien")
    await desk.hear()
    await sale.pay(b)
    await desk.hear()
    await sale.keep()
    keeper = Watching(desk)
    await keeper.look()
    await allocate(desk, await line(desk, "LIKELY"), sale, a)
    await keeper.look()
    assert set((await sale.state()).life.deposits) == {a, b}
    await desk.check()


class Watching:
    """A keeper that goes on looking."""

    def __init__(self, desk: House) -> None:
        self._desk = desk
        self._keeper = Keeper(desk.url, desk.log)  # type: ignore[arg-type]

    async def look(self) -> None:
        for _ in range(3):
            await self._keeper.look(self._desk.connection)


async def test_short_parts_by_hand_make_a_whole(desk: House) -> None:
    sale = await desk.sale(1)
    (who,) = sale.bidders
    for amount in (DEPOSIT // 2, DEPOSIT // 2 - 1, 3):
        await sale.pay(who, amount=amount, text="nop tien")
        await desk.hear()
        await allocate(desk, await line(desk, "UNKNOWN"), sale, who)
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{who}") == DEPOSIT
    assert await desk.balance("LIAB.SUSPENSE", f"line:{await line(desk, 'OVERPAID')}") == 2
    await desk.check()
    await desk.verified()


async def test_what_was_overpaid_lies_short_elsewhere_with_what_is_left_of_it(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.pay(a, amount=DEPOSIT + 10)
    await desk.hear()
    await allocate(desk, await line(desk, "OVERPAID"), sale, b)
    await sale.pay(b, amount=DEPOSIT - 10)
    assert (await desk.hear()).allocated == 1
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{b}") == DEPOSIT
    assert (
        await desk.connection.fetchval("SELECT count(*) FROM suspense WHERE closed_at IS NULL") == 0
    )
    await desk.check()


async def test_a_line_moves_from_one_request_to_another(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.pay(a, amount=50)
    await desk.hear()
    short = await line(desk, "SHORT")
    await allocate(desk, short, sale, b)
    await allocate(desk, short, sale, b)  # said again, it counts once
    await sale.pay(a, amount=DEPOSIT - 50)
    assert (await desk.hear()).suspense == {"SHORT": 1}
    await sale.pay(b, amount=DEPOSIT - 50)
    assert (await desk.hear()).allocated == 1
    await desk.check()


async def test_what_may_not_be_given(desk: House) -> None:
    sale = await desk.sale(3)
    a, b, c = sale.bidders
    await sale.pay(a)
    await sale.pay(a)
    await sale.pay(b, day=PAID_ON.replace(day=30))
    await desk.hear()
    await sale.keep()
    late, twice = await line(desk, "LATE"), await line(desk, "DUPLICATE")
    await refused("PAID_ALREADY", allocate(desk, twice, sale, a))
    await refused("LATE", allocate(desk, late, sale, b))
    await refused("NO_REASON", allocate(desk, twice, sale, b, " "))
    await refused("UNKNOWN_LINE", allocate(desk, 10**6, sale, b))
    await sale.tick(CLOSES_MS)
    await sale.act("refuse_registration", bidder=c, reason="Papers.")
    await refused("NOT_EXPECTED", allocate(desk, twice, sale, c))
    other = suspense.allocate(
        desk.connection, desk.lots, desk.organisation, twice, 10**6, desk.people["clerk"], "x"
    )
    await refused("UNKNOWN_REQUEST", other)
    await send_back(desk, twice)
    await refused("SETTLED", send_back(desk, twice))
    await refused("SETTLED", allocate(desk, twice, sale, b))
    assert len(await desk.due(desk.organisation)) == 1
    await desk.check()


async def test_a_debit_is_nobodys_deposit(desk: House) -> None:
    sale = await desk.sale(1)
    (who,) = sale.bidders
    await sale.pay(who, amount=50)
    await desk.hear()
    desk.escrow._move(PAID_ON, -50, "FEE-1", "bank fee", sale.customer(who))
    await desk.hear()
    debit = await line(desk, "UNEXPLAINED")
    await refused("NOT_OURS", allocate(desk, debit, sale, who))
    await refused("NOT_OURS", send_back(desk, debit))
    await sale.pay(who, amount=DEPOSIT - 50)
    assert (await desk.hear()).allocated == 1
    await desk.check()


async def test_money_that_comes_though_a_bank_vouches_is_a_duplicate(desk: House) -> None:
    sale = await desk.sale(1)
    (who,) = sale.bidders
    request = (await sale.request(who)).id
    for _ in range(2):
        await guarantees.accept(
            desk.connection, desk.organisation, request, "Bank", "BL-1", PAID_ON,
            desk.people["clerk"], "In the file",
        )  # fmt: skip
    await sale.pay(who)
    assert (await desk.hear()).suspense == {"DUPLICATE": 1}
    assert await desk.balance("MEMO.GUARANTEE", f"lot:{sale.lot}/bidder:{who}") == DEPOSIT


@pytest.mark.parametrize("rival", ["send_back", "elsewhere"])
async def test_a_short_part_taken_away_while_the_rest_arrives(
    desk: House, database_url: str, rival: str
) -> None:
    """The deposit is held whole, or not at all; never with the part missing."""
    sale = await desk.sale(16)
    pairs = list(zip(sale.bidders[::2], sale.bidders[1::2], strict=True))
    for who, other in pairs:
        await sale.pay(who, amount=50)
        await desk.hear()
        short = await line(desk, "SHORT")
        await sale.pay(who, amount=DEPOSIT - 50)
        _, body = desk.escrow.statement("camt.053")
        elsewhere = (await sale.request(other)).id
        barrier = asyncio.Barrier(2)

        async def take(body: bytes = body, barrier: asyncio.Barrier = barrier) -> Any:
            async with connected(database_url) as connection:
                await barrier.wait()
                return await importing.import_file(
                    connection, Lots(), desk.organisation, "a", body, desk.people["clerk"]
                )

        async def away(
            short: int = short, elsewhere: int = elsewhere, barrier: asyncio.Barrier = barrier
        ) -> Any:
            async with connected(database_url) as connection:
                await barrier.wait()
                who, book = desk.people["clerk"], desk.organisation
                if rival == "send_back":
                    return await suspense.send_back(connection, book, short, who, "x", None)
                return await suspense.allocate(connection, Lots(), book, short, elsewhere, who, "x")

        for done in await asyncio.gather(take(), away(), return_exceptions=True):
            assert not isinstance(done, BaseException) or isinstance(done, MoneyError), done
        await desk.check()
    await desk.verified()


class connected:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Any:
        self._connection = await asyncpg.connect(self._url)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()


async def test_double_clicks_send_back_once(desk: House, database_url: str) -> None:
    sale = await desk.sale(1)
    for _ in range(10):
        await sale.pay(sale.bidders[0], amount=7, text="?")
        await desk.hear()
        number = await line(desk)

        async def click(number: int = number) -> str:
            async with connected(database_url) as connection:
                try:
                    await suspense.send_back(
                        connection, desk.organisation, number, desk.people["clerk"], "x", None
                    )
                except MoneyError as error:
                    return error.code
                return "DONE"

        assert (
            sorted(await asyncio.gather(*(click() for _ in range(4)))) == ["DONE"] + ["SETTLED"] * 3
        )
    assert len(await desk.due(desk.organisation)) == 10
