"""Searches that are kept: letters about new lots, one a day, once, and their end by a link."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from bidding.harness import query

from auction_engine.desk import exclusive
from auction_engine.desk.search import saved
from auction_engine.http.catalogue.saved import letter
from auction_engine.identity.vault import Vault

from .bureau import Bureau
from .test_search import described, indexed, put_up


async def keep(bureau: Bureau, account: int, text: str = "q=xe") -> None:
    async with exclusive.connected(bureau.url) as connection:
        await saved.keep(connection, account, text, "vi")


def alerts(bureau: Bureau) -> saved.Alerts:
    return saved.Alerts(bureau.url, Vault.of(bureau.settings).seal, letter)


async def look(bureau: Bureau) -> int:
    async with exclusive.connected(bureau.url) as connection:
        return await alerts(bureau).look(connection)


async def letters(bureau: Bureau) -> list[dict[str, Any]]:
    rows = await query(
        bureau.url, "SELECT * FROM letter WHERE kind = 'search' ORDER BY created_at, id"
    )
    return [dict(row) for row in rows]


async def reachable(bureau: Bureau, account: int) -> None:
    """An account with an address that letters go to."""
    vault = Vault.of(bureau.settings)
    sealed = vault.seal(b"an@example.org", f"person.email:{account}")
    await query(
        bureau.url,
        "INSERT INTO person (account_id, kind, email, email_mark) VALUES ($1, 'PERSON', $2, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET email = excluded.email",
        account, sealed,
    )  # fmt: skip


async def test_new_lots_are_told_once_and_at_most_once_a_day(bureau: Bureau) -> None:
    account = bureau.bidders[0]
    await reachable(bureau, account)
    await put_up(bureau, [described("Xe đã có")])
    await indexed(bureau)
    await keep(bureau, account)
    assert await look(bureau) == 0  # what was there is known
    await put_up(bureau, [described("Xe mới A"), described("Đất"), described("Xe mới B")])
    await indexed(bureau)
    await asyncio.gather(*(look(bureau) for _ in range(4)))
    (told,) = await letters(bureau)
    values = orjson.loads(told["values"])
    assert values["n"] == 2
    assert "Xe mới A" in values["lots"]
    assert "Đất" not in values["lots"]
    await put_up(bureau, [described("Xe mới C")])
    await indexed(bureau)
    assert await look(bureau) == 0
    assert len(await letters(bureau)) == 1
    # A day later the one that came meanwhile is told.
    await query(bureau.url, "UPDATE saved_search SET told_at = now() - interval '25 hours'")
    assert await look(bureau) == 1
    _, second = await letters(bureau)
    assert orjson.loads(second["values"])["n"] == 1


async def test_the_link_of_a_letter_ends_them_once(bureau: Bureau) -> None:
    account = bureau.bidders[0]
    await reachable(bureau, account)
    await keep(bureau, account)
    await put_up(bureau, [described("Xe mới")])
    await indexed(bureau)
    assert await look(bureau) == 1
    (told,) = await letters(bureau)
    vault = Vault.of(bureau.settings)
    opened = orjson.loads(vault.open(told["secrets"], f"letter.secrets:{told['id']}"))
    token = opened["end"]["path"].rpartition("/")[2]
    assert token not in str(told["values"])
    async with exclusive.connected(bureau.url) as connection:
        assert await saved.of_link(connection, token) is not None
        ended = await asyncio.gather(saved.end(connection, token))
        assert ended == [True]
        assert not await saved.end(connection, token)
        assert not await saved.end(connection, "x" * 43)
        assert await saved.of_link(connection, token) is None
    await put_up(bureau, [described("Xe mới nữa")])
    await indexed(bureau)
    await query(bureau.url, "UPDATE saved_search SET told_at = NULL")
    assert await look(bureau) == 0
    await keep(bureau, account)  # kept again it wakes, and knows what is there
    assert await look(bureau) == 0


async def test_an_account_keeps_so_many_and_only_its_own(bureau: Bureau) -> None:
    one, other = bureau.bidders
    for n in range(saved.MOST):
        await keep(bureau, one, f"q=xe{n}")
    await keep(bureau, one, "q=xe1")
    with pytest.raises(saved.TooMany):
        await keep(bureau, one, "q=one+more")
    async with exclusive.connected(bureau.url) as connection:
        kept = await saved.of_account(connection, one)
        assert len(kept) == saved.MOST
        await saved.remove(connection, other, kept[0]["id"])
        assert len(await saved.of_account(connection, one)) == saved.MOST
        await saved.remove(connection, one, kept[0]["id"])
        assert len(await saved.of_account(connection, one)) == saved.MOST - 1


async def test_a_search_that_cannot_be_told_holds_up_none_after_it(bureau: Bureau) -> None:
    bad, good = bureau.bidders
    for account in (bad, good):
        await reachable(bureau, account)
        await keep(bureau, account)
    await query(bureau.url, "UPDATE saved_search SET lang = 'xx' WHERE account_id = $1", bad)
    await put_up(bureau, [described("Xe mới")])
    await indexed(bureau)
    looking = alerts(bureau)
    async with exclusive.connected(bureau.url) as connection:
        while await looking.look(connection):
            pass
        assert [told["account_id"] for told in await letters(bureau)] == [good]
        # It has been kept back, not forgotten.
        seen = await query(bureau.url, "SELECT account_id, seen_ms FROM saved_search")
        by = {row["account_id"]: row["seen_ms"] for row in seen}
        assert by[bad] < by[good]
