"""The auction fee: once for each lot, by what it came to, apart from others' money."""

from __future__ import annotations

import pytest

from auction_engine.desk.money import charging
from auction_engine.desk.money.charging import Charged
from auction_engine.desk.money.record import MoneyError

from .house import MILLION, House, Sale


async def charge(desk: House, sale: Sale, agreed: int | None = 20, costs: int = 3) -> Charged:
    return await charging.charge_fee(
        desk.connection, desk.lots, sale.lot, None if agreed is None else agreed * MILLION,
        costs * MILLION, 1_000, desk.people["clerk"], "Contract 12",
    )  # fmt: skip


async def test_the_fee_of_a_sale_is_charged_once(desk: House) -> None:
    sale = await desk.sale()
    with pytest.raises(MoneyError) as caught:
        await charge(desk, sale)
    assert caught.value.code == "NOT_OVER"
    await sale.sold()
    charged = await charge(desk, sale)
    assert (charged.charge.net_minor, charged.charge.vat_minor) == (20 * MILLION, 2 * MILLION)
    assert charged.due_on is not None
    key = f"lot:{sale.lot}"
    assert await desk.balance("RECEIVABLE.AUCTION_FEE", key) == 22 * MILLION
    with pytest.raises(MoneyError) as caught:
        await charge(desk, sale)
    assert caught.value.code == "CHARGED"
    await desk.check()
    await desk.verified()


async def test_a_failed_auction_costs_what_it_cost(desk: House) -> None:
    sale = await desk.sale()
    await sale.deposited()
    await sale.opened()
    await sale.announced()
    await sale.act("refuse_minutes", await sale.winner())
    assert (await sale.state()).status == "FAILED"
    charged = await charge(desk, sale)
    assert (charged.charge.net_minor, charged.charge.basis) == (3 * MILLION, "ACTUAL_COSTS")


async def test_a_fee_beyond_the_limit_is_refused(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    with pytest.raises(MoneyError) as caught:
        await charge(desk, sale, 100_000)
    assert caught.value.code == "ABOVE_MOST"
    assert await desk.balance("RECEIVABLE.AUCTION_FEE", f"lot:{sale.lot}") == 0
