"""A debtor's payment and a prior right stop a published lot as long as the law lets them: over
HTTP, by the agency, with the day of the pack the lot is sold by."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import docket
import httpx
import pytest
import pytest_asyncio
from bidding.harness import journal
from cashroom import send, words
from house import House, running_house
from taken import take

from auction_engine.desk.cases import assets as cases
from auction_engine.desk.cases import parties, rights
from auction_engine.identity.vault import Vault
from auction_engine.ledger import store
from auction_engine.rules import calendar as days
from auction_engine.rules import packs
from auction_engine.rules.deadlines import Facts, by_key, deadlines
from auction_engine.rules.pack import pack_hash
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PACK = packs.load("vn-enforcement-2026-07")
DAY_MS = 86_400_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"limits_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("limits"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=0) as made:
        await made.account("auctioneer", "organisation")
        await made.account("officer", "officer")
        yield made
    servers.drop_database(database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def officer(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.signed_in("officer") as client:
        yield client


async def listed(house: House, opens_in_days: int, failures: int = 0) -> tuple[int, int]:
    """An asset of the agency in a lot that opens then (0: it has just opened): asset and lot."""
    start_ms = int(time.time() * 1000) + opens_in_days * DAY_MS - 1000
    (lot,) = await house.put_up(
        1, terms=Terms(deposit_minor=1), extension=None, start_ms=start_ms,
        end_ms=start_ms + DAY_MS // 24, pack=PACK.id, pack_hash=pack_hash(PACK),
    )  # fmt: skip
    if not opens_in_days:
        await house.is_open(lot)
    organisation, by = house.people["auctioneer"].body, house.people["officer"]
    assert organisation is not None
    assert by.body is not None
    connection = await store.connect(house.settings.database_url or "")
    try:
        today = datetime.now(UTC).date()
        asset = await take(connection, organisation, by.body, by.id, signed=today)
        session = await connection.fetchval("SELECT session_id FROM lot WHERE id = $1", lot)
        async with connection.transaction():
            await cases.listed(connection, asset, session, lot, by.id)
        await connection.execute("UPDATE asset SET failures = $2 WHERE id = $1", asset, failures)
    finally:
        await connection.close()
    return asset, lot


async def stop(client: httpx.AsyncClient, lot: int, ground: str) -> tuple[int, str | None]:
    told = {"act": "stop", "reason": "Đã nộp đủ.", "data": {"ground": ground}}
    answer = await client.post(f"/api/lots/{lot}/acts", json=told)
    return answer.status_code, answer.json().get("code")


async def act(client: httpx.AsyncClient, asset: int, do: str, **data: Any) -> httpx.Response:
    body = {"do": do, "data": data, "reason": "Biên lai 12"}
    return await client.post(f"/api/agency/assets/{asset}/acts", json=body)


def last_day(key: str, round: int = 1) -> date:
    """The last day of a right before an opening today."""
    today = days.local_day(int(time.time() * 1000), PACK.timezone)
    return by_key(deadlines(PACK, Facts(today, "movable", round=round)))[key].day


async def test_the_debtor_stops_it_until_the_last_day_and_by_what_was_paid_by_then(
    house: House, officer: httpx.AsyncClient
) -> None:
    _, lot = await listed(house, 30)
    assert await stop(officer, lot, "REDEEMED") == (200, None)

    asset, lot = await listed(house, 0)
    last = last_day("redemption")
    assert await stop(officer, lot, "REDEEMED") == (409, "REDEMPTION_OVER")
    late = await act(officer, asset, "redemption_paid", paid_on=f"{last + timedelta(days=1)}")
    assert (late.status_code, late.json()["code"]) == (409, "TOO_LATE")
    assert late.json()["faults"][0]["path"] == "paid_on"
    assert await stop(officer, lot, "REDEEMED") == (409, "REDEMPTION_OVER")
    for _ in range(2):
        paid = await act(officer, asset, "redemption_paid", paid_on=f"{last}")
        assert paid.status_code == 200, paid.text
    assert await stop(officer, lot, "REDEEMED") == (200, None)
    assert await entries(house, asset, "redemption_paid") == 1
    kinds = [entry["kind"] for entry in await journal(house.settings.database_url or "", lot)]
    assert kinds.count("lot.stopped") == 1


async def test_by_its_form_the_payment_is_entered_and_the_page_says_what_is_next(
    house: House, officer: httpx.AsyncClient
) -> None:
    asset, lot = await listed(house, 0)
    page = f"/agency/assets/{asset}"
    assert "Ghi người phải thi hành án đã nộp đủ" in words((await officer.get(page)).text)
    early = await send(officer, page, do="redemption_paid", paid_on="", reason="Biên lai 12")
    assert early.status_code == 422
    done = await send(
        officer,
        page,
        do="redemption_paid",
        paid_on=f"{last_day('redemption')}",
        reason="Biên lai 12",
    )
    assert done.status_code == 303, words(done.text)
    shown = words((await officer.get(done.headers["location"])).text)
    assert "Nay hãy dừng lô vì người phải thi hành án đã nộp đủ." in shown
    assert "Người phải thi hành án đã nộp đủ, chờ dừng lô" in shown
    assert await stop(officer, lot, "REDEEMED") == (200, None)


async def test_a_prior_right_stops_the_first_auction_only_if_it_was_used(
    house: House, officer: httpx.AsyncClient
) -> None:
    asset, lot = await listed(house, 30)
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (409, "NO_PRIOR_RIGHT")
    await claimed(house, asset)
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (200, None)


async def test_a_prior_right_stops_a_later_auction_until_days_before_it(
    house: House, officer: httpx.AsyncClient
) -> None:
    _, lot = await listed(house, 30, failures=1)
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (200, None)
    _, lot = await listed(house, 0, failures=1)
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (409, "PRIORITY_OVER")
    # On every other ground it is stopped as before.
    assert await stop(officer, lot, "WORTH_LESS_THAN_COSTS") == (200, None)


async def test_a_later_right_claimed_in_time_stops_it_though_it_is_entered_late(
    house: House, officer: httpx.AsyncClient
) -> None:
    asset, lot = await listed(house, 0, failures=1)
    right = await told_first(house, asset)
    last = last_day("priority_later", round=2)
    claim = {"priority": right, "to": "CLAIMED"}
    for more in ({}, {"on": f"{last + timedelta(days=1)}"}):
        late = await act(officer, asset, "priority", **claim, **more)
        assert (late.status_code, late.json()["code"]) == (409, "TOO_LATE"), late.text
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (409, "PRIORITY_OVER")
    for _ in range(2):
        done = await act(officer, asset, "priority", **claim, on=f"{last}")
        assert done.status_code == 200, done.text
    assert await stop(officer, lot, "PRIORITY_PURCHASE") == (200, None)


async def claimed(house: House, asset: int) -> None:
    """A co-owner is told, and claims it."""
    right, connection = await told_first(house, asset), await connected(house)
    try:
        async with connection.transaction():
            by = house.people["officer"].id
            await rights.settle_priority(connection, asset, by, right, "CLAIMED", "nhận mua")
    finally:
        await connection.close()


async def told_first(house: House, asset: int) -> int:
    """A co-owner is told that he may buy first; the number of his right."""
    by, connection = house.people["officer"].id, await connected(house)
    try:
        case = await connection.fetchval("SELECT case_id FROM asset WHERE id = $1", asset)
        co_owner = await parties.add(
            connection, Vault.of(house.settings), case, by,
            {"kind": "CO_OWNER", "name": "Người đồng sở hữu hư cấu"},
        )  # fmt: skip
        await docket.tell(connection, case, by, co_owner, asset, "PRIORITY", given_on=docket.ago(0))
        (right,), _ = await rights.of_asset(connection, asset)
        return right.id
    finally:
        await connection.close()


async def connected(house: House) -> Any:
    return await store.connect(house.settings.database_url or "")


async def entries(house: House, asset: int, kind: str) -> int:
    connection = await store.connect(house.settings.database_url or "")
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM asset_entry WHERE asset_id = $1 AND kind = $2", asset, kind
            )
        )
    finally:
        await connection.close()
