"""A row that cannot be worked on holds up none after it, and is tried again later and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pytest
from bidding.harness import query

from auction_engine.desk.admission import reminding
from auction_engine.desk.admission.carrying import Carrier
from auction_engine.desk.money.reminding import Reminder
from auction_engine.desk.setting_aside import FIRST_S, MOST_S, SetAside
from auction_engine.ledger.journal import GENESIS
from auction_engine.rules.commands import CommandRefused

from .money.house import CLOSES_MS, house
from .test_admission import office_of


async def poison(connection: Any, lot: int) -> None:
    """An entry that nothing leads to: the lot's journal does not hold any more."""
    seq = await connection.fetchval(
        "UPDATE lot_head SET seq = seq + 1 WHERE lot_id = $1 RETURNING seq", lot
    )
    await connection.execute(
        "INSERT INTO journal (lot_id, seq, kind, body, hash) VALUES ($1, $2, 'x', '{}', $3)",
        lot, seq, GENESIS,
    )  # fmt: skip


def test_pauses_grow_until_it_goes_well() -> None:
    now_s = 0.0
    aside = SetAside("test", lambda: now_s)
    pauses = []
    for _ in range(8):
        with aside.trying("row"):
            raise KeyError("poison")
        assert aside.waits("row")
        assert aside.waiting() == ["row"]
        assert not aside.waits("another")
        began_s = now_s
        while aside.waits("row"):
            now_s += FIRST_S
        pauses.append(now_s - began_s)
    assert pauses[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert pauses[-1] == MOST_S
    with aside.trying("row"):
        pass
    with aside.trying("row"):
        raise ValueError("poison")
    now_s += FIRST_S
    assert not aside.waits("row")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("away"), TimeoutError(), asyncpg.AdminShutdownError("57P01"),
        asyncpg.InterfaceError("closed"), CommandRefused("BUSY", "later"),
    ],
)  # fmt: skip
def test_a_server_away_is_no_rows_fault(error: Exception) -> None:
    aside = SetAside("test")
    with pytest.raises(type(error)), aside.trying("row"):
        raise error
    assert not aside.waits("row")


async def test_reminders_of_money_go_past_a_lot_that_does_not_hold(database_url: str) -> None:
    async with house(database_url) as made:
        bad, good = [await (await made.sale()).sold() for _ in range(2)]
        for sale in (bad, good):
            await sale.keep()
        await poison(made.connection, bad.lot)
        reminder = Reminder("")
        assert await reminder.look(made.connection) > 0
        keys = [row["key"] for row in await query(made.url, "SELECT key FROM due_notice")]
        assert {int(key.split("/")[1]) for key in keys} == {good.lot}
        assert await reminder.look(made.connection) == 0


async def test_reminders_of_dossiers_go_past_one_that_cannot_be_written(
    database_url: str, tmp_path: Path
) -> None:
    async with house(database_url) as made:
        offices = []
        for number in range(2):
            office = await office_of(made, tmp_path)
            await office.fill()
            await made.connection.execute(
                "INSERT INTO person (account_id, kind, email, email_mark, lang)"
                " VALUES ($1, 'PERSON', '\\x00', $2, 'vi')",
                office.bidder, bytes([number]),
            )  # fmt: skip
            offices.append(office)
        bad, good = offices
        await made.connection.execute(
            "UPDATE lot SET content = jsonb_set(content, '{title}', '7') WHERE id = $1",
            bad.sale.lot,
        )
        aside, now = SetAside("test"), CLOSES_MS - 3_600_000
        assert await reminding.look(made.connection, now, aside) == 1
        told = await made.connection.fetch("SELECT account_id FROM letter")
        assert [row[0] for row in told] == [good.bidder]
        dossier = await bad.dossier()
        assert dossier is not None
        assert aside.waiting() == [dossier.id]
        await good.log.close()


async def test_the_carrier_goes_past_a_lot_that_does_not_hold(
    database_url: str, tmp_path: Path
) -> None:
    async with house(database_url) as made:
        offices = []
        for _ in range(2):
            office = await office_of(made, tmp_path)
            await office.fill()
            await office.send()
            await office.decide("ADMIT")
            await office.deposit()
            offices.append(office)
        bad, good = offices
        await poison(made.connection, bad.sale.lot)
        carrier = Carrier(made.url, good.log)  # type: ignore[arg-type]
        assert await carrier.look(made.connection) == 1
        assert await good.said() == ("ADMITTED", "ADMITTED")
        assert await carrier.look(made.connection) == 0
        await good.log.close()
