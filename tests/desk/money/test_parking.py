"""Money that waits for the delivery lies in a term deposit; its interest is divided by days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from auction_engine.clients.bank import Customer
from auction_engine.desk.money import parking
from auction_engine.desk.money.record import MoneyError

from .house import MILLION, ORDERED_ON, House, Sale

BANK = Customer("NGAN HANG", "5550001")
PAID = 1_050


async def paid(desk: House) -> Sale:
    sale = await (await desk.sale()).sold()
    await sale.earnest_arrives()
    await sale.pay_price()
    assert (await sale.state()).status == "PAID"
    return sale


async def put_away(desk: House, amount: int, day: date = ORDERED_ON) -> int:
    """The bank's debit, as it lies in suspense."""
    desk.treasury._move(day, -amount, "NOTPROVIDED", "Gui ky han 1 thang", BANK)
    await desk.hear(desk.treasury)
    return await _last(desk)


async def comes_back(desk: House, amount: int, day: date) -> int:
    desk.treasury.receive(day, amount, "Tat toan tien gui", BANK)
    await desk.hear(desk.treasury)
    return await _last(desk)


async def _last(desk: House) -> int:
    return int(
        await desk.connection.fetchval(
            "SELECT max(line_id) FROM suspense WHERE book_id = $1", desk.agency
        )
    )


async def park(desk: House, line: int, sale: Sale) -> int:
    return await parking.park(
        desk.connection, desk.lots, desk.agency, line, sale.lot, desk.people["officer"], "Advice 3"
    )


async def mature(desk: House, line: int, sale: Sale, term: int = 1) -> int:
    return await parking.mature(
        desk.connection, desk.lots, desk.agency, line, sale.lot, term, desk.people["officer"],
        "Advice 9",
    )  # fmt: skip


async def refused(code: str, work: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        await work
    assert caught.value.code == code


async def test_interest_in_time_is_the_estates(desk: House) -> None:
    sale = await paid(desk)
    assert await park(desk, await put_away(desk, PAID * MILLION), sale) == 1
    await desk.check()
    line = await comes_back(desk, PAID * MILLION + 4_000_000, ORDERED_ON + timedelta(days=30))
    assert await mature(desk, line, sale) == 4_000_000
    assert await desk.balance("LIAB.ESTATE", f"lot:{sale.lot}", desk.agency) == 4_000_000
    await sale.delivered()
    assert await desk.balance("LIAB.ESTATE", f"lot:{sale.lot}", desk.agency) == (
        PAID * MILLION + 4_000_000
    )
    await desk.check()
    await desk.verified()


async def test_late_interest_is_the_buyers_and_is_paid_out(desk: House) -> None:
    sale = await paid(desk)
    await park(desk, await put_away(desk, PAID * MILLION, ORDERED_ON), sale)
    # 60 days after the payment the time for delivery is over; the term goes on.
    late = ORDERED_ON + timedelta(days=200)
    await mature(desk, await comes_back(desk, PAID * MILLION + 9_000_001, late), sale)
    estate = await desk.balance("LIAB.ESTATE", f"lot:{sale.lot}", desk.agency)
    buyer = await desk.balance("LIAB.BUYER_INTEREST", f"lot:{sale.lot}", desk.agency)
    assert estate + buyer == 9_000_001
    assert buyer > estate > 0
    rows = await desk.due(desk.agency)
    assert [row["amount_minor"] for row in rows if row["code"] == "LIAB.BUYER_INTEREST"] == [buyer]
    await desk.check()
    await desk.verified()


async def test_what_is_no_term_deposit(desk: House) -> None:
    sale = await paid(desk)
    desk.treasury.receive(ORDERED_ON, 3_000 * MILLION, "tien khac", BANK)
    line = await put_away(desk, (PAID + 1) * MILLION)
    await refused("TOO_MUCH", park(desk, line, sale))
    good = await put_away(desk, PAID * MILLION)
    await park(desk, good, sale)
    await refused("SETTLED", park(desk, good, sale))
    again = await put_away(desk, 1 * MILLION)
    await refused("TOO_MUCH", park(desk, again, sale))
    other = await desk.sale()
    await refused("NOTHING_WAITS", park(desk, again, other))
    back = await comes_back(desk, PAID * MILLION - 1, ORDERED_ON + timedelta(days=30))
    await refused("TOO_LITTLE", mature(desk, back, sale))
    await refused("UNKNOWN_TERM", mature(desk, back, sale, 2))
    await refused("NOT_TAKEN", park(desk, back, sale))
    await refused("NOT_OURS", mature(desk, again, sale))
    await desk.check()
