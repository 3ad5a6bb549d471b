"""Statements come in: once each, whole or not at all, in whatever form and order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from auction_engine.bank.errors import BankFileError
from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk.money import importing, payouts, record, references, suspense
from auction_engine.rules.postings.entry import Name

from .house import DEPOSIT, MILLION, ORDERED_ON, PAID_ON, House
from .messages import camt, entry

SOMEBODY = Customer("TRAN THI B", "0099")


async def count(desk: House, table: str) -> int:
    return int(await desk.connection.fetchval(f"SELECT count(*) FROM {table}"))


async def everything(desk: House) -> dict[str, int]:
    tables = ("bank_file", "bank_line", "transfer", "posting", "allocation", "suspense",
              "money_act", "money_account")  # fmt: skip
    return {table: await count(desk, table) for table in tables}


async def in_suspense(desk: House) -> dict[str, int]:
    rows = await desk.connection.fetch(
        "SELECT reason, count(*) AS n FROM suspense WHERE closed_at IS NULL GROUP BY 1"
    )
    return {row["reason"]: row["n"] for row in rows}


async def test_the_same_file_again_changes_nothing(desk: House) -> None:
    sale = await desk.sale()
    await sale.pay(*sale.bidders)
    _, body = desk.escrow.statement("camt.053")
    first = await desk.take(body, name="a.xml")
    assert (first.lines, first.allocated, first.repeat) == (3, 3, False)
    before = await everything(desk)
    again = await desk.take(body, name="b.xml")
    assert (again.file, again.repeat) == (first.file, True)
    assert await everything(desk) == before
    await desk.check()


@pytest.mark.parametrize("forms", [("camt.053", "csv"), ("mt940", "camt.053"), ("csv", "mt940")])
async def test_the_same_movements_in_two_formats_are_booked_once(
    desk: House, forms: tuple[str, str]
) -> None:
    sale = await desk.sale()
    await sale.pay(*sale.bidders)
    first, second = (_twin(desk.escrow).statement(form)[1] for form in forms)
    assert (await desk.take(first)).allocated == 3
    found = await desk.take(second)
    assert (found.lines, found.known, found.allocated) == (3, 3, 0)
    assert await desk.balance("BANK.ESCROW") == 3 * DEPOSIT


def _twin(bank: Bank) -> Bank:
    twin = Bank(bank.owner)
    twin.__dict__.update(bank.__dict__)
    twin._new = list(bank._new)
    return twin


async def test_a_statement_and_a_notice_of_the_same_movements(desk: House) -> None:
    sale = await desk.sale(2)
    references = [(await sale.request(who)).reference for who in sale.bidders]
    entries = [entry(DEPOSIT, f"R{n}", text=words) for n, words in enumerate(references)]
    assert (await desk.take(camt("053", "S1", *entries))).allocated == 2
    told = await desk.take(camt("054", "N1", *entries, entry(5, "R9", text="more")))
    assert (told.known, told.suspense) == (2, {"UNKNOWN": 1})
    assert await desk.balance("BANK.ESCROW") == 2 * DEPOSIT + 5


@pytest.mark.parametrize("whole_first", [True, False])
async def test_a_collective_entry_whole_and_in_parts(desk: House, whole_first: bool) -> None:
    sale = await desk.sale(2)
    words = [(await sale.request(who)).reference for who in sale.bidders]
    parts = [(DEPOSIT, f"P{n}", text) for n, text in enumerate(words)]
    whole = camt("053", "S1", entry(2 * DEPOSIT, "COLL", text="2 items"))
    split = camt("054", "N1", entry(2 * DEPOSIT, "COLL", parts=parts))
    files = [whole, split] if whole_first else [split, whole]
    await desk.take(files[0])
    before = await everything(desk)
    assert (await desk.take(files[1])).known == (2 if whole_first else 1)
    assert await desk.balance("BANK.ESCROW") == 2 * DEPOSIT
    assert (await everything(desk))["transfer"] == before["transfer"]
    # The same reference another day is another entry, whatever its sum.
    later = entry(2 * DEPOSIT, "COLL", text="2 items", day=PAID_ON.replace(day=2))
    assert (await desk.take(camt("053", "S2", later))).known == 0
    assert await desk.balance("BANK.ESCROW") == 4 * DEPOSIT


async def test_overlapping_files(desk: House) -> None:
    entries = [entry(n * MILLION, f"R{n}", text=f"payment {n}") for n in range(1, 8)]
    await desk.take(camt("053", "S1", *entries[:5]))
    found = await desk.take(camt("053", "S2", *entries[2:]))
    assert (found.known, found.suspense) == (3, {"UNKNOWN": 2})
    assert await desk.balance("BANK.ESCROW") == sum(range(1, 8)) * MILLION


async def test_two_identical_payments_are_two(desk: House) -> None:
    sale = await desk.sale(1)
    text = (await sale.request(sale.bidders[0])).reference
    await desk.take(
        "Ngày giao dịch;Ghi nợ;Ghi có;Diễn giải\r\n".encode()
        + f"01/09/2026;;200.000.000;{text}\r\n".encode() * 2,
        name="a.csv",
    )
    assert await in_suspense(desk) == {"DUPLICATE": 1}
    assert await desk.balance("BANK.ESCROW") == 2 * DEPOSIT
    await desk.verified()


async def test_short_in_one_file_and_in_two(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.pay(a, amount=DEPOSIT - 5)
    await sale.pay(b, amount=7)
    await sale.pay(a, amount=5)
    found = await desk.hear()
    assert (found.allocated, found.suspense) == (1, {"SHORT": 2})
    assert await in_suspense(desk) == {"SHORT": 1}
    await sale.pay(b, amount=3)
    await desk.hear(form="mt940")
    await sale.pay(b, amount=DEPOSIT)
    found = await desk.hear(form="csv")
    assert (found.allocated, found.suspense) == (1, {"OVERPAID": 1})
    assert await desk.balance("LIAB.DEPOSIT", f"lot:{sale.lot}/bidder:{b}") == DEPOSIT
    await desk.check()
    await desk.verified()


async def test_a_price_in_parts_and_more_in_one_file(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    asked = await sale.request(await sale.winner(), "PRICE")
    for part in (300, 300, 300):
        desk.treasury.receive(ORDERED_ON, part * MILLION, asked.reference, SOMEBODY)
    found = await desk.hear(desk.treasury)
    assert (found.allocated, found.suspense) == (3, {"OVERPAID": 1})
    await sale.keep()
    assert (await sale.state()).status == "PAID"
    assert (
        await desk.balance("LIAB.PURCHASE_PRICE", f"lot:{sale.lot}", desk.agency) == 850 * MILLION
    )


async def test_a_likely_payer_is_one_who_has_not_paid(desk: House) -> None:
    sale = await desk.sale(2)
    a, b = sale.bidders
    await sale.pay(a)
    await sale.pay(a, b, text="nop tien")
    found = await desk.hear()
    assert (found.allocated, found.suspense) == (1, {"UNKNOWN": 1, "LIKELY": 1})
    row = await desk.connection.fetchrow("SELECT * FROM suspense WHERE reason = 'LIKELY'")
    assert row["request_id"] == (await sale.request(b)).id


class Broken(Exception):
    pass


@pytest.mark.parametrize("at", range(1, 40, 3))
async def test_an_import_that_breaks_leaves_nothing(desk: House, at: int) -> None:
    sale = await desk.sale()
    await sale.pay(*sale.bidders)
    await sale.pay(sale.bidders[0], amount=7)
    _, body = desk.escrow.statement("camt.053")
    before = await everything(desk)
    breaking = Breaking(desk.connection, at)
    try:
        await importing.import_file(
            breaking, desk.lots, desk.organisation, "a.xml", body, desk.people["clerk"]
        )
    except Broken:
        assert await everything(desk) == before
        await desk.take(body)
    assert await desk.balance("BANK.ESCROW") == 3 * DEPOSIT + 7
    assert await in_suspense(desk) == {"DUPLICATE": 1}
    await desk.check()


class Breaking:
    """A connection that breaks at its n-th statement."""

    def __init__(self, connection: Any, at: int) -> None:
        self._connection = connection
        self._left = at

    def __getattr__(self, name: str) -> Any:
        if name in ("execute", "executemany", "fetch", "fetchrow", "fetchval"):
            self._left -= 1
            if self._left == 0:
                raise Broken
        return getattr(self._connection, name)


async def test_a_file_that_cannot_be_read_is_not_kept(desk: House) -> None:
    before = await everything(desk)
    with pytest.raises(BankFileError):
        await desk.take(b"nothing of the kind")
    with pytest.raises(record.MoneyError, match="no such book"):
        await desk.take(b"x", book=10**9)
    assert await everything(desk) == before


async def test_five_thousand_deposits_take_few_round_trips(desk: House) -> None:
    sale = await desk.sale(1)
    number = await desk.connection.fetchval("SELECT max(id) FROM payment_request")
    assert number is not None
    await desk.connection.execute(
        "INSERT INTO payment_request (id, book_id, purpose, lot_id, payer, reference, amount_minor)"
        " OVERRIDING SYSTEM VALUE SELECT n, $1, 'DEPOSIT', $2, n + 1000000, 'x' || n, $3"
        " FROM generate_series(1001, 6000) AS n",
        desk.organisation, sale.lot, DEPOSIT,
    )  # fmt: skip
    for n in range(1001, 6001):
        desk.escrow.receive(PAID_ON, DEPOSIT, f"{references.of(n)} nop tien", SOMEBODY)
    _, body = desk.escrow.statement("camt.053")
    counted = Breaking(desk.connection, 10**9)
    began = time.monotonic()
    found = await importing.import_file(
        counted, desk.lots, desk.organisation, "a.xml", body, desk.people["clerk"]
    )
    print(f"5,000 lines in {time.monotonic() - began:.1f} s")
    assert found.allocated == 5_000
    assert 10**9 - counted._left < 40
    assert await desk.balance("BANK.ESCROW") == 5_000 * DEPOSIT
    await desk.verified()


# --- money that leaves, and comes back ----------------------------------------------------------


async def ordered(desk: House, bidders: int = 3) -> list[Any]:
    """Refunds on their way; nothing told by the bank yet. The bank has not obeyed."""
    sale = await desk.sale(bidders)
    await sale.deposited()
    await sale.act("stop", ground="REDEEMED", role="AGENCY", reason="Paid.")
    await sale.keep()
    await desk.order(desk.escrow)
    return await desk.due(desk.organisation, "ORDERED")


def e2e(row: Any) -> str:
    return f"AE-P{row['id']}-{row['attempt']}"


async def states(desk: House) -> list[str]:
    rows = await desk.connection.fetch("SELECT state FROM payout ORDER BY id")
    return [row["state"] for row in rows]


async def test_a_batch_booked_in_one_sum(desk: House) -> None:
    rows = await ordered(desk)
    await desk.take(camt("053", "S9", entry(-3 * DEPOSIT, "D1", text="AE-B1 thu chi")))
    assert await states(desk) == ["BOOKED"] * 3
    assert await desk.left() == {}
    assert len(rows) == 3


async def test_a_batch_of_which_one_was_booked_apart_in_the_same_file(desk: House) -> None:
    rows = await ordered(desk)
    found = await desk.take(
        camt("053", "S9", entry(-DEPOSIT, "D1", text=f"x {e2e(rows[0])}"),
             entry(-2 * DEPOSIT, "D2", text="AE-B1"))
    )  # fmt: skip
    assert (found.booked, found.suspense) == (3, {})
    assert await desk.left() == {}


async def test_a_sum_that_is_not_the_batchs_is_unexplained(desk: House) -> None:
    await ordered(desk)
    found = await desk.take(camt("053", "S9", entry(-3 * DEPOSIT - 1, "D1", text="AE-B1")))
    assert found.suspense == {"UNEXPLAINED": 1}
    assert await states(desk) == ["ORDERED"] * 3
    assert await desk.balance("RECEIVABLE.UNEXPLAINED", "line:4") == 3 * DEPOSIT + 1
    assert (await desk.balance("BANK.ESCROW")) == -1


@pytest.mark.parametrize("order", ["debit first", "credit first"])
async def test_sent_and_back_the_same_day_in_one_file(desk: House, order: str) -> None:
    (row, *_) = await ordered(desk)
    both = [entry(-DEPOSIT, "D1", text=e2e(row)), entry(DEPOSIT, "C1", text=f"RETURN {e2e(row)}")]
    found = await desk.take(
        camt("053", "S9", *(both if order == "debit first" else reversed(both)))
    )
    assert (found.booked, found.suspense) == (2, {})
    assert (await states(desk))[0] == "FAILED"
    assert await desk.balance(row["code"], row["account_key"]) == DEPOSIT
    assert (await desk.left())["BANK.ESCROW[]"] == 3 * DEPOSIT


async def test_back_in_an_earlier_file_than_its_debit(desk: House) -> None:
    (row, *_) = await ordered(desk)
    bank, other = desk.escrow, Customer("VCB", "0")
    bank._move(ORDERED_ON, DEPOSIT, e2e(row), "tra lai", other)
    assert (await desk.hear()).suspense == {"UNKNOWN": 1}
    bank._move(ORDERED_ON, -DEPOSIT, e2e(row), "hoan tra", other)
    assert (await desk.hear()).booked == 1
    assert (await states(desk))[0] == "FAILED"
    assert await in_suspense(desk) == {}
    assert await desk.balance(row["code"], row["account_key"]) == DEPOSIT
    await payouts.retry(desk.connection, desk.organisation, row["id"], desk.people["clerk"], "New")
    # The first attempt can neither come back nor leave once more.
    bank._move(ORDERED_ON, DEPOSIT, e2e(row), "tra lai", other)
    bank._move(ORDERED_ON, -DEPOSIT, e2e(row), "hoan tra", other)
    assert (await desk.hear()).suspense == {"UNKNOWN": 1, "UNEXPLAINED": 1}
    await desk.check()


async def test_what_the_bank_took_is_made_good_by_a_later_credit(desk: House) -> None:
    await desk.take(camt("053", "S1", entry(100, "C1", text="x"), entry(-30, "D1", text="fee")))
    (debit,) = await desk.connection.fetch("SELECT id FROM bank_line WHERE amount_minor = -30")
    await desk.take(camt("053", "S2", entry(50, "C2", text="fee paid by the house")))
    line = await desk.connection.fetchval("SELECT id FROM bank_line WHERE amount_minor = 50")
    owed = Name("RECEIVABLE.UNEXPLAINED", f"line:{debit['id']}")
    clerk, book = desk.people["clerk"], desk.organisation
    assert await suspense.make_good(desk.connection, book, line, owed, clerk, "Fee") == 30
    with pytest.raises(record.MoneyError, match="Nothing is owed"):
        await suspense.make_good(desk.connection, book, line, owed, clerk, "Fee")
    assert await in_suspense(desk) == {"UNKNOWN": 2}
    assert await desk.balance("LIAB.SUSPENSE", f"line:{line}") == 20
    await suspense.send_back(desk.connection, book, line, clerk, "Too much", None)
    assert await desk.balance("LIAB.RETURN", f"line:{line}") == 20


# --- several at once ----------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
async def test_two_importers_at_once(desk: House, same: bool, database_url: str) -> None:
    sale = await desk.sale(6)
    for n in range(12):
        await sale.pay(*sale.bidders, amount=DEPOSIT // 10 + n)
        _, one = _twin(desk.escrow).statement("camt.053")
        _, other = _twin(desk.escrow).statement("camt.053" if same else "csv")
        desk.escrow.statement("camt.053")
        barrier = asyncio.Barrier(2)
        found = await asyncio.gather(
            *(_import(desk, database_url, body, barrier) for body in (one, other))
        )
        assert sorted(f.lines - f.known if not f.repeat else 0 for f in found) == [0, 6]
        await desk.check()
    assert await desk.balance("BANK.ESCROW") == desk.escrow.balance_minor


async def _import(desk: House, url: str, body: bytes, barrier: asyncio.Barrier) -> Any:
    connection = await asyncpg.connect(url)
    try:
        await barrier.wait()
        return await importing.import_file(
            connection, type(desk.lots)(), desk.organisation, "a", body, desk.people["clerk"]
        )
    finally:
        await connection.close()
