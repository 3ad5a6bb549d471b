"""Lots read from the ledger: in pieces as in one go, and never from a broken journal."""

from __future__ import annotations

import asyncpg
import pytest
from bidding.harness import bid

from auction_engine.desk import exclusive
from auction_engine.desk.reading import Lots
from auction_engine.ledger.errors import LedgerError

from .bureau import Bureau

HOUR = 3_600_000


async def test_read_on_gives_what_reading_anew_gives(bureau: Bureau) -> None:
    first, second = await bureau.put_up((-500, HOUR), (-500, HOUR))
    kept = Lots()
    async with exclusive.connected(bureau.url) as connection:
        for step in range(6):
            if step == 2:
                await bureau.act(first, "pause", ground="AUCTIONEER")
            elif step == 4:
                await bureau.act(first, "resume")
            else:
                await bid(bureau.log, bureau.bidders[step % 2], 1_000 + 10 * step, lot=second)
            read = await kept.read(connection, [first, second, 4711])
            assert read == await Lots().read(connection, [first, second, 4711])
            assert set(read) == {first, second}
        assert read[first].state.status == "RUNNING"
        assert read[second].state.accepted >= 1


async def test_since_when_a_lot_is_where_it_is(bureau: Bureau) -> None:
    (lot,) = await bureau.put_up((HOUR, 2 * HOUR))
    async with exclusive.connected(bureau.url) as connection:
        published = (await Lots().read(connection, [lot]))[lot].since_ms
        await bureau.act(lot, "postpone", "ORGANISATION", ground="TURN")
        waiting = (await Lots().read(connection, [lot]))[lot].since_ms
        assert waiting > published
        await bureau.act(lot, "hold", "AGENCY", ground="COMPLAINT")
        assert (await Lots().read(connection, [lot]))[lot].since_ms == waiting
        await bureau.act(lot, "postpone", "ORGANISATION", ground="SESSION_PAUSED")
        assert (await Lots().read(connection, [lot]))[lot].since_ms > waiting


async def test_a_ledger_set_back_is_read_anew_and_a_broken_one_not_at_all(
    bureau: Bureau, superuser_url: str
) -> None:
    (lot,) = await bureau.put_up((HOUR, 2 * HOUR))
    kept = Lots()
    owner = await asyncpg.connect(superuser_url)
    try:
        async with exclusive.connected(bureau.url) as connection:
            before = await kept.read(connection, [lot])
            saved = await owner.fetchrow("SELECT * FROM lot_head")
            await bureau.act(lot, "postpone", "ORGANISATION", ground="TURN")
            assert (await kept.read(connection, [lot]))[lot].state.status == "POSTPONED"
            # The last entry is gone, as after a restore.
            await owner.execute("ALTER TABLE journal DISABLE TRIGGER journal_append_only")
            await owner.execute("DELETE FROM journal WHERE seq = $1", saved["seq"] + 1)
            back = "UPDATE lot_head SET seq = $1, hash = $2"
            await owner.execute(back, saved["seq"], saved["hash"])
            assert await kept.read(connection, [lot]) == before
            await owner.execute(
                "UPDATE journal SET body = convert_to(replace(convert_from(body, 'UTF8'),"
                " 'VND', 'USD'), 'UTF8') WHERE seq = 1"
            )
            for lots in (kept, Lots()):
                await owner.execute("UPDATE lot_head SET hash = ''")
                with pytest.raises(LedgerError, match=f"lot {lot}"):
                    await lots.read(connection, [lot])
    finally:
        await owner.close()
