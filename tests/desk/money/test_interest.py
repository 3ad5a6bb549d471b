"""A bank's interest is shared by amount and days, and goes where each deposit went."""

from __future__ import annotations

from datetime import date

import pytest

from auction_engine.clients.bank import Customer
from auction_engine.desk.money import holders
from auction_engine.desk.money.interest import share_interest
from auction_engine.desk.money.record import MoneyError

from .house import MILLION, ORDERED_ON, PAID_ON, House

SINCE, UNTIL = date(2026, 9, 1), date(2026, 10, 1)
BANK = Customer("NGAN HANG", "0")


async def interest(desk: House, minor: int) -> int:
    desk.escrow.receive(date(2026, 9, 30), minor, "Lai tien gui", BANK)
    await desk.hear()
    found = await desk.connection.fetchval(
        "SELECT line_id FROM suspense WHERE closed_at IS NULL AND reason = 'UNKNOWN'"
    )
    return int(found)


async def share(desk: House, line: int, since: date = SINCE, until: date = UNTIL) -> int:
    return await share_interest(
        desk.connection, desk.organisation, line, since, until, desk.people["clerk"], "Advice 9"
    )


async def test_interest_of_what_is_held_goes_back_with_it(desk: House) -> None:
    sale = await desk.sale(3)
    a, b, c = sale.bidders
    await sale.pay(a, b)
    await sale.pay(c, day=PAID_ON.replace(day=11))
    await desk.hear()
    await sale.keep()
    # 30 + 30 + 20 days.
    assert await share(desk, await interest(desk, 800)) == 3
    key = f"lot:{sale.lot}/bidder:"
    earned = [await desk.balance("LIAB.DEPOSIT_INTEREST", f"{key}{who}") for who in sale.bidders]
    assert earned == [300, 300, 200]
    await sale.act("stop", role="AGENCY", ground="REDEEMED", reason="Paid.")
    await desk.settled(sale)
    assert await desk.left() == {}
    rows = await desk.connection.fetch("SELECT payee, amount_minor FROM payout ORDER BY payee")
    assert [tuple(row) for row in rows] == [
        (a, 200 * MILLION + 300), (b, 200 * MILLION + 300), (c, 200 * MILLION + 200),
    ]  # fmt: skip
    await desk.check()


async def test_interest_follows_what_has_gone(desk: House) -> None:
    sale = await desk.sale(3)
    await sale.deposited()
    a, b, c = sale.bidders
    await sale.opened()
    await sale.announced((a, 1_000), (c, 1_050), (b, 1_100))
    await holders.state_costs(
        desk.connection, desk.organisation, sale.lot, 0, desk.people["clerk"], "None"
    )
    await sale.act("refuse_win", b)
    await sale.act("accept_offer", c)
    await sale.signed()
    await sale.keep()
    await desk.pay_all(desk.escrow)
    await desk.hear()
    # All have left on the same day: the same days for each.
    assert (ORDERED_ON - SINCE).days == 20
    line = await interest(desk, 900)
    assert await share(desk, line) == 3
    rows = await desk.due(desk.organisation)
    assert [(row["kind"], row["payee"], row["code"], row["amount_minor"]) for row in rows] == [
        ("REFUND", a, "LIAB.REFUND", 300),
        ("OTHER", 0, "PAYABLE.STATE_BUDGET", 300),
        ("REFUND", c, "LIAB.REFUND", 300),
    ]
    await desk.check()
    with pytest.raises(MoneyError) as caught:
        await share(desk, line)
    assert caught.value.code == "SETTLED"
    await desk.verified()


@pytest.mark.parametrize("lost", [True, False])
async def test_interest_shared_before_the_deposit_becomes_the_price_or_is_lost(
    desk: House, lost: bool
) -> None:
    sale = await desk.sale(2)
    await sale.deposited()
    a, b = sale.bidders
    await share(desk, await interest(desk, 600))
    await holders.state_costs(
        desk.connection, desk.organisation, sale.lot, 0, desk.people["clerk"], "None"
    )
    await sale.opened()
    await sale.announced((a, 1_000), (b, 1_050))
    await (sale.act("refuse_minutes", b) if lost else sale.signed())
    await sale.keep()
    rows = [row for row in await desk.due(desk.organisation) if row["amount_minor"] < MILLION]
    assert [(row["code"], row["amount_minor"]) for row in rows] == [
        ("PAYABLE.STATE_BUDGET" if lost else "LIAB.REFUND", 300)
    ]
    assert await desk.balance("LIAB.DEPOSIT_INTEREST", f"lot:{sale.lot}/bidder:{b}") == 0
    await desk.check()


async def test_what_cannot_be_shared(desk: House) -> None:
    sale = await desk.sale(1)
    line = await interest(desk, 5)
    for code, since, until in (("NOTHING_HELD", SINCE, UNTIL), ("BAD_DAYS", UNTIL, SINCE)):
        with pytest.raises(MoneyError) as caught:
            await share(desk, line, since, until)
        assert caught.value.code == code
    await sale.deposited()
    with pytest.raises(MoneyError, match="nothing lay"):
        await share(desk, line, date(2026, 8, 1), SINCE)
    assert await share(desk, line) == 1
    await desk.verified()
