"""The proceeds: prepared by one, approved by another, once, of what is really there."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from auction_engine.desk.money import distributing, payouts
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules.postings.entry import Cause, Entry, credit, debit

from .house import MILLION, NOW, ORDERED_ON, House, Payee, Sale


async def estate(desk: House) -> Sale:
    """1,350 million in the estate, as in the story."""
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.sold((a, 1_000), (b, 1_350))
    await sale.earnest_arrives()
    await sale.pay_price()
    return await sale.delivered()


async def prepare(desk: House, sale: Sale, who: str = "officer", **changes: Any) -> int:
    sheet = sale.sheet() | changes
    return await distributing.prepare(desk.connection, desk.lots, sale.lot, sheet, desk.people[who])


async def approve(desk: House, number: int, who: str = "head", on: Any = None) -> None:
    await distributing.approve(on or desk.connection, Lots(), number, desk.people[who])


async def refused(code: str, work: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        await work
    assert caught.value.code == code


async def test_shared_out_to_the_last_dong(desk: House) -> None:
    sale = await estate(desk)
    await approve(desk, await prepare(desk, sale))
    await sale.keep()
    assert (await sale.state()).status == "PROCEEDS_DISTRIBUTED"
    await desk.settled(sale)
    assert await desk.left() == {}
    rows = await desk.connection.fetch(
        "SELECT sum(amount_minor)::bigint AS minor FROM payout WHERE book_id = $1", desk.agency
    )
    assert rows[0]["minor"] == 1_350 * MILLION
    await desk.verified()


async def test_two_people_and_only_once(desk: House) -> None:
    sale = await estate(desk)
    number = await prepare(desk, sale)
    await refused("SAME_PERSON", approve(desk, number, "officer"))
    with pytest.raises(asyncpg.CheckViolationError, match="four_eyes"):
        await desk.connection.execute(
            "UPDATE distribution SET approved_by = prepared_by, approved_at = now() WHERE id = $1",
            number,
        )
    other = await prepare(desk, sale)
    await approve(desk, number)
    before = await desk.left()
    await approve(desk, number)
    await refused("DISTRIBUTED", approve(desk, other))
    with pytest.raises(asyncpg.UniqueViolationError, match="distribution_once"):
        await desk.connection.execute(
            "UPDATE distribution SET approved_by = $2, approved_at = now() WHERE id = $1",
            other,
            desk.people["head"],
        )
    assert await desk.left() == before


async def test_not_before_everything_is_there(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.sold((a, 1_000), (b, 1_350))
    await sale.keep()
    await refused("NOT_DELIVERED", prepare(desk, sale))
    await sale.pay_price()
    await sale.delivered()
    await refused("INCOMPLETE", prepare(desk, sale))
    await sale.earnest_arrives()
    await approve(desk, await prepare(desk, sale))
    await sale.keep()
    await desk.settled(sale)
    assert await desk.left() == {}


async def test_the_estate_has_changed_since(desk: House) -> None:
    sale = await estate(desk)
    number = await prepare(desk, sale)
    legs = (debit("BANK.AGENCY", 5), credit("LIAB.ESTATE", 5, f"lot:{sale.lot}"))
    await books.post(desk.connection, [Entry(desk.agency, "test", "more", Cause("ACT", 1), legs)])
    await refused("CHANGED", approve(desk, number))


@pytest.mark.parametrize("same", [True, False])
async def test_approved_by_several_at_once(desk: House, database_url: str, same: bool) -> None:
    sale = await estate(desk)
    first = await prepare(desk, sale)
    numbers = [first] * 4 if same else [first, *[await prepare(desk, sale) for _ in range(3)]]
    barrier = asyncio.Barrier(4)

    async def one(number: int) -> str:
        connection = await asyncpg.connect(database_url)
        try:
            await barrier.wait()
            await approve(desk, number, on=connection)
        except MoneyError as error:
            return error.code
        finally:
            await connection.close()
        return "DONE"

    found = sorted(await asyncio.gather(*map(one, numbers)))
    assert found == (["DONE"] * 4 if same else ["DISTRIBUTED"] * 3 + ["DONE"])
    assert await desk.balance("LIAB.ESTATE", f"lot:{sale.lot}", desk.agency) == 0
    assert (
        await desk.connection.fetchval(
            "SELECT count(*) FROM transfer WHERE kind = 'estate.distributed'"
        )
        == 1
    )


@pytest.mark.parametrize("gone", ["nothing", "some", "ordered", "all"])
async def test_annulled_after_the_distribution(desk: House, gone: str) -> None:
    sale = await estate(desk)
    await approve(desk, await prepare(desk, sale))
    await sale.keep()
    await desk.pay_all(desk.escrow)
    if desk.escrow.has_news:
        await desk.hear()
    if gone in ("all", "ordered"):
        await desk.pay_all(desk.treasury)
        if gone == "all":
            await desk.hear(desk.treasury)
    elif gone == "some":
        rows = [row for row in await desk.due(desk.agency) if row["kind"] in ("CREDITOR", "BUDGET")]
        await _pay(desk, rows)
    await sale.act("annul", role="COURT", reason="Judgment", ground="COURT")
    await sale.keep()
    out = sum(
        row["amount_minor"]
        for row in await desk.due(desk.agency, "ORDERED", "BOOKED")
        if row["kind"] != "REFUND"
    )
    owed = await desk.connection.fetchval(
        "SELECT coalesce(sum(b.amount_minor), 0)::bigint FROM balance b JOIN money_account a"
        " ON a.id = b.account_id WHERE a.code = 'RECEIVABLE.ANNULLED'"
    )
    assert owed == out
    assert (out > 0) == (gone != "nothing")
    winner = await sale.winner()
    key = f"lot:{sale.lot}/bidder:{winner}"
    assert await desk.balance("LIAB.REFUND", key, desk.agency) == 1_350 * MILLION
    back = [row for row in await desk.due(desk.agency) if row["kind"] == "REFUND"]
    assert [row["amount_minor"] for row in back] == [1_350 * MILLION]
    await sale.keep()
    await desk.check()
    await desk.verified()


async def _pay(desk: House, rows: list[Any]) -> None:
    for row in rows:
        if not row["account"]:
            await payouts.name_payee(
                desk.connection, desk.agency, row["id"], Payee("KHO BAC", "7111", "SBVNVNVX"),
                desk.people["officer"], "Published",
            )  # fmt: skip
    batch = await payouts.prepare(
        desk.connection, desk.agency, [row["id"] for row in rows], desk.people["officer"],
        ORDERED_ON,
    )  # fmt: skip
    body = await payouts.release(desk.connection, desk.agency, batch, desk.people["head"], NOW)
    desk.treasury.obey(body, ORDERED_ON)
    await desk.hear(desk.treasury)


async def test_a_creditor_whose_payment_fails_after_the_annulment_owes_nothing(
    desk: House,
) -> None:
    sale = await estate(desk)
    await approve(desk, await prepare(desk, sale))
    await sale.keep()
    desk.treasury.closed.add("0904")
    ordered = await desk.order(desk.treasury)
    assert ordered is not None
    answer = desk.treasury.obey(ordered[1], ORDERED_ON)
    assert answer is not None
    await sale.act("annul", role="COURT", reason="Judgment", ground="COURT")
    await sale.keep()
    creditor = f"lot:{sale.lot}/party:4"
    assert await desk.balance("RECEIVABLE.ANNULLED", creditor, desk.agency) == 517_333_334
    await payouts.hear(desk.connection, desk.agency, answer, desk.people["officer"])
    await sale.keep()
    assert await desk.balance("RECEIVABLE.ANNULLED", creditor, desk.agency) == 0
    assert await desk.balance("PAYABLE.CREDITOR", creditor, desk.agency) == 0
    assert await desk.due(desk.agency, "FAILED") == []
    await desk.verified()
