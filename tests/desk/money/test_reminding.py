"""What is due is said once at each level; the sale's days lie in the past, so all of it is late."""

from __future__ import annotations

from dataclasses import replace

from identity.folk import AN, folk_of

from auction_engine.desk.money.reading_dues import due_now
from auction_engine.desk.money.reminding import Reminder, key_of, notices
from auction_engine.identity import people
from auction_engine.ledger import store
from auction_engine.settings import Settings

from .house import DAY_MS, END_MS, House


async def test_what_is_due_is_said_once(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    reminder = Reminder("")
    first = await reminder.look(desk.connection)
    assert first > 0
    assert await reminder.look(desk.connection) == 0
    found = await due_now(
        desk.connection, desk.lots, desk.organisation, "ORGANISATION", [sale.lot],
        await store.server_ms(desk.connection),
    )  # fmt: skip
    said = await notices(desk.connection, desk.organisation, found)
    refunds = next(due for due in found if due.what == "REFUND")
    assert refunds.state == "OVERDUE"
    assert set(said[key_of(desk.organisation, refunds)]) == {"WARNED", "OVERDUE", "ESCALATED"}


async def test_nothing_is_said_long_before_its_day(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    found = await due_now(
        desk.connection, desk.lots, desk.agency, "AGENCY", [sale.lot], END_MS + DAY_MS
    )
    payment = next(due for due in found if due.what == "PAYMENT")
    assert payment.state == "COMING"
    assert await Reminder("")._levels(desk.connection, payment, END_MS + DAY_MS) == []


async def test_what_is_done_is_not_due(desk: House) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    await desk.settled(sale)
    found = await due_now(
        desk.connection, desk.lots, desk.organisation, "ORGANISATION", [sale.lot],
        await store.server_ms(desk.connection),
    )  # fmt: skip
    assert [due for due in found if due.what == "REFUND"] == []


async def test_a_buyer_with_an_address_gets_a_letter_once(desk: House, settings: Settings) -> None:
    sale = await (await desk.sale()).sold()
    await sale.keep()
    buyer = (await sale.state()).leader
    assert buyer is not None
    async with folk_of(settings) as folk:
        personal = replace(AN, email="buyer@example.com")
        await people.give(folk.engine, folk.vault, buyer, personal, "en")
        reminder = Reminder("")
        await reminder.look(desk.connection)
        await reminder.look(desk.connection)
        rows = [row for row in await folk.letters() if row[1].startswith("money.")]
        keys = await folk.sql("SELECT key FROM letter WHERE kind LIKE 'money.%'")
    assert {kind for _, kind, _ in rows} == {"money.due", "money.overdue"}
    assert {to for to, _, _ in rows} == {"buyer@example.com"}
    assert len(keys) == len({row["key"] for row in keys}) == len(rows)
    assert f"/lots/{sale.lot}" in rows[0][2]
