"""Other systems: tokens that can do no more than they say, events that arrive, signed and in
order."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import pytest_asyncio
from consumer import Consumer, consumer
from house import START, STEP, House, new_id, running_house

from auction_engine.desk.cases import assets, record
from auction_engine.desk.integration import apart, bulk
from auction_engine.identity.vault import Vault
from auction_engine.settings import Limits, Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One running program that may send events to this machine."""
    database = f"integration_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("integration"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
        webhook_networks=("127.0.0.0/8",), limits=Limits(tokens_per_s=1, tokens_burst=15),
    )  # fmt: skip
    async with running_house(settings, lots=2) as house:
        await house.account("an", "bidder")
        await house.account("binh", "bidder")
        await house.account("desk", "organisation")
        await house.account("officer", "officer")
        await house.account("other", "officer", of={"vi": "Nơi khác", "en": "Elsewhere"})
        yield house
    servers.drop_database(database)


async def rows(house: House, query: str, *given: Any) -> list[Any]:
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        return list(await connection.fetch(query, *given))
    finally:
        await connection.close()


async def token(house: House, login: str, *acts: str, proved: bool = False) -> tuple[int, str]:
    async with house.signed_in(login) as client:
        told = {"name": "books", "acts": list(acts), "days": 30, "proved": proved}
        answer = await client.post("/api/tokens", json=told)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], answer.json()["token"]


def bearer(house: House, secret: str) -> httpx.AsyncClient:
    return house.browser(Authorization=f"Bearer {secret}")


# --- tokens -------------------------------------------------------------------------------------


async def test_a_token_does_what_it_is_for_and_nothing_else(house: House) -> None:
    number, secret = await token(house, "desk", "SEE_WEBHOOKS")
    async with bearer(house, secret) as system:
        assert (await system.get("/api/desk/webhooks")).status_code == 200
        assert (await system.get("/api/lots")).status_code == 200  # everybody's
        told = {"name": "x", "url": "https://example.org/", "types": ["lot.opened"]}
        for method, path, body, status, code in (
            ("POST", "/api/desk/webhooks", told, 403, "TOKEN_NOT_FOR_THIS"),
            ("GET", "/api/agency/webhooks", None, 403, "TOKEN_NOT_FOR_THIS"),
            ("GET", "/api/tokens", None, 403, "TOKEN_NOT_FOR_THIS"),
            ("POST", "/api/login", {"login": "a", "password": "b"}, 403, "TOKEN_NOT_FOR_THIS"),
            ("GET", "/desk/webhooks", None, 403, None),
        ):
            answer = await system.request(method, path, json=body)
            assert answer.status_code == status, (path, answer.text)
            assert code is None or answer.json()["code"] == code, answer.text
    kept = await rows(house, "SELECT * FROM api_token WHERE id = $1", number)
    assert secret not in str(kept)
    assert kept[0]["used_at"] is not None


async def test_no_token_can_be_for_what_a_person_does_or_another_role(house: House) -> None:
    async with house.signed_in("an") as client:
        for act in ("BID", "SIGN_MINUTES", "MAKE_TOKENS", "SEE_MONEY", "SEE_AUCTION", "x"):
            told = {"name": "x", "acts": ["SEE_MINE", act], "days": 1}
            answer = await client.post("/api/tokens", json=told)
            assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_ACT"), act
        for wrong in ({"days": 366}, {"days": 0}, {"days": True}, {"name": " "}, {"acts": []}):
            told = {"name": "x", "acts": ["SEE_MINE"], "days": 1, **wrong}
            assert (await client.post("/api/tokens", json=told)).status_code == 400, wrong


async def test_a_token_ends_at_once_when_it_is_revoked_or_its_owner_is_closed(house: House) -> None:
    gone = await house.account("gone", "organisation")
    number, secret = await token(house, "gone", "SEE_WEBHOOKS")
    _, second = await token(house, "gone", "SEE_WEBHOOKS")
    async with bearer(house, secret) as system, house.signed_in("gone") as owner:
        assert (await system.get("/api/desk/webhooks")).status_code == 200
        for was_alive in (True, False):
            done = await owner.post(f"/api/tokens/{number}/revoke")
            assert done.json() == {"revoked": True, "was_alive": was_alive}
        answer = await system.get("/api/desk/webhooks")
        assert (answer.status_code, answer.json()["code"]) == (401, "BAD_TOKEN")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    await rows(house, "UPDATE account SET state = 'CLOSED' WHERE id = $1", gone.id)
    async with bearer(house, second) as system:
        assert (await system.get("/api/desk/webhooks")).status_code == 401


async def test_a_token_loses_what_its_owner_loses(house: House) -> None:
    officer = await house.account("leaving", "officer")
    _, secret = await token(house, "leaving", "SEE_AGENCY_WEBHOOKS", "MANAGE_AGENCY_WEBHOOKS")
    told = {"name": "x", "url": "x", "types": ["lot.opened"]}
    async with bearer(house, secret) as system:
        await rows(house, "DELETE FROM body_duty WHERE account_id = $1", officer.id)
        answer = await system.post("/api/agency/webhooks", json=told)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_what_asks_for_a_proof_asks_the_token_for_leave(house: House) -> None:
    told = {"name": "x", "url": "http://127.0.0.1:9/", "types": ["title"]}
    _, plain = await token(house, "desk", "MANAGE_WEBHOOKS")
    _, strong = await token(house, "desk", "MANAGE_WEBHOOKS", proved=True)
    async with bearer(house, plain) as system:
        answer = await system.post("/api/desk/webhooks", json=told)
        assert (answer.status_code, answer.json()["code"]) == (403, "PROVE_FIRST")
    async with bearer(house, strong) as system:
        answer = await system.post("/api/desk/webhooks", json=told)
        assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_TYPE")
    stale = "UPDATE web_session SET proved_at = now() - interval '1 hour'"
    async with house.signed_in("desk") as client:
        await rows(house, stale)
        answer = await client.post("/api/tokens", json={"name": "x", "acts": ["x"], "days": 1})
        assert (answer.status_code, answer.json()["code"]) == (403, "PROVE_FIRST")


async def test_a_cookie_beside_a_token_is_refused(house: House) -> None:
    _, secret = await token(house, "desk", "SEE_WEBHOOKS")
    async with house.signed_in("desk") as client:
        answer = await client.get(
            "/api/desk/webhooks", headers={"Authorization": f"Bearer {secret}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "TOKEN_AND_COOKIE")


async def test_a_token_is_slowed_down_and_others_are_not(house: House) -> None:
    _, fast = await token(house, "desk", "SEE_WEBHOOKS")
    _, slow = await token(house, "desk", "SEE_WEBHOOKS")
    statuses = set()
    async with bearer(house, fast) as system:
        for _ in range(30):
            answer = await system.get("/api/desk/webhooks")
            statuses.add(answer.status_code)
            if answer.status_code == 429:
                break
    assert 429 in statuses
    async with bearer(house, slow) as system:
        assert (await system.get("/api/desk/webhooks")).status_code == 200


# --- webhooks -----------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module")
async def taker() -> AsyncIterator[Consumer]:
    async with consumer() as made:
        yield made


async def hook(client: httpx.AsyncClient, base: str, url: str, *types: str) -> tuple[int, str]:
    told = {"name": "files", "url": url, "types": list(types)}
    answer = await client.post(base, json=told)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["secret"]


async def test_bids_arrive_signed_in_order_and_by_code_only(house: House, taker: Consumer) -> None:
    lot = house.lots[0]
    async with house.signed_in("desk") as desk, house.signed_in("officer") as officer:
        _, secret = await hook(desk, "/api/desk/webhooks", f"{taker.origin}/o", "bid.accepted")
        await hook(officer, "/api/agency/webhooks", f"{taker.origin}/a", "bid.accepted")
        async with house.signed_in("other") as other:
            await hook(other, "/api/agency/webhooks", f"{taker.origin}/x", "bid.accepted")
        for n, login in enumerate(("an", "binh", "an")):
            async with house.signed_in(login) as bidder:
                said = {"bid_id": new_id(), "amount_minor": START + n * STEP}
                answer = await bidder.post(f"/api/lots/{lot}/bids", json=said)
                assert answer.json()["t"] == "recorded", answer.text
        await taker.until(lambda: len(taker.of("/o")) == 3 and len(taker.of("/a")) == 3)
        assert taker.of("/x") == []
        for got in taker.of("/o"):
            assert got.headers["content-type"].startswith("application/cloudevents+json")
            assert got.is_signed_with(secret)
            event = got.event
            assert event["specversion"] == "1.0"
            assert event["id"] == got.headers["webhook-id"]
            assert event["source"].endswith(f"lots/{lot}")
            assert set(event["data"]) == {"lot", "session", "bidder_code", "amount_minor", "n"}
        told = [got.event["data"] for got in taker.of("/o")]
        assert [one["n"] for one in told] == [1, 2, 3]
        assert told[0]["bidder_code"] == told[2]["bidder_code"] != told[1]["bidder_code"]
        assert [got.event["id"] for got in taker.of("/o")] == [
            got.event["id"] for got in taker.of("/a")
        ]
        listed = (await desk.get("/api/desk/webhooks")).json()["webhooks"]
        assert listed[0]["waiting"] == 0


async def test_a_replay_sends_the_same_events_under_the_same_ids(
    house: House, taker: Consumer
) -> None:
    lot = house.lots[1]
    async with house.signed_in("desk") as desk:
        number, old = await hook(desk, "/api/desk/webhooks", f"{taker.origin}/r", "bid.accepted")
        async with house.signed_in("an") as bidder:
            said = {"bid_id": new_id(), "amount_minor": START}
            await bidder.post(f"/api/lots/{lot}/bids", json=said)
        await taker.until(lambda: len(taker.of("/r")) == 1)
        new = (await desk.post(f"/api/desk/webhooks/{number}/secret")).json()["secret"]
        queued = await desk.post(f"/api/desk/webhooks/{number}/replay", json={"from_ms": 0})
        assert queued.json()["queued"] >= 1
        again = taker.of("/r")[0].headers["webhook-id"]
        await taker.until(
            lambda: sum(got.headers["webhook-id"] == again for got in taker.of("/r")) == 2
        )
        last = [got for got in taker.of("/r") if got.headers["webhook-id"] == again][-1]
        assert last.is_signed_with(old)
        assert last.is_signed_with(new)
        assert last.body == taker.of("/r")[0].body
        await desk.post(f"/api/desk/webhooks/{number}/test")
        await taker.until(lambda: taker.of("/r")[-1].event["type"] == "webhook.test")
        assert (await desk.post(f"/api/desk/webhooks/{number}/state", json={"state": "REMOVED"})
                ).status_code == 200  # fmt: skip
        for path in ("test", "secret"):
            answer = await desk.post(f"/api/desk/webhooks/{number}/{path}")
            assert answer.status_code == 404


async def test_another_house_s_webhook_is_not_there(house: House, taker: Consumer) -> None:
    async with house.signed_in("officer") as officer, house.signed_in("other") as other:
        number, _ = await hook(officer, "/api/agency/webhooks", f"{taker.origin}/", "lot.opened")
        for path in ("test", "secret", "replay", "state"):
            answer = await other.post(f"/api/agency/webhooks/{number}/{path}", json={})
            assert answer.status_code == 404
        assert (await other.get(f"/api/agency/webhooks/{number}/deliveries")).status_code == 404


async def test_pages_of_tokens_and_webhooks_say_secrets_once(house: House, taker: Consumer) -> None:
    async with house.signed_in("desk") as desk:
        csrf = desk.headers["X-CSRF-Token"]
        made = await desk.post(
            "/account/tokens",
            data={"csrf": csrf, "name": "Sổ sách", "days": "30", "act.SEE_WEBHOOKS": "on"},
        )
        assert made.text.count("aet_") >= 2, made.text[:500]
        assert made.headers["cache-control"] == "no-store"
        secret = made.text.partition('class="secret">')[2].partition("<")[0]
        async with bearer(house, secret) as system:
            assert (await system.get("/api/desk/webhooks")).status_code == 200
        again = await desk.get("/account/tokens")
        assert "Sổ sách" in again.text
        assert secret not in again.text
        made = await desk.post(
            "/desk/webhooks",
            data={"csrf": csrf, "name": "Kho", "url": f"{taker.origin}/p", "type.lot.opened": "on"},
        )
        assert "whsec_" in made.text
        assert "whsec_" not in (await desk.get("/desk/webhooks")).text
        for wrong, word in (
            ({"url": "ftp://x.example/"}, "https://"), ({"url": "https://10.1.2.3/"}, "công khai")
        ):  # fmt: skip
            data = {"csrf": csrf, "name": "Kho", "type.lot.opened": "on", **wrong}
            answer = await desk.post("/desk/webhooks", data=data)
            assert answer.status_code == 400
            assert word in answer.text


# --- imports ------------------------------------------------------------------------------------


def case(number: str, *assets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": {"vi": f"Vụ {number}", "en": f"Case {number}"},
        "judgment": {"number": "12/2026/DS-ST", "court": "Tòa án hư cấu", "on": "2026-01-15"},
        "decision": {"number": "77/QĐ", "on": "2026-03-02"},
        "opened_on": "2026-03-02",
        "parties": [
            {"kind": "CREDITOR", "name": "=Bên Được, “A”", "rank": "OTHER", "claim_minor": 12_000,
             "currency": "VND", "contact": {"address": "1 Phố Nhỏ\nHải Yên"}},
            {"kind": "DEBTOR", "name": "Người Phải Trả"},
        ],
        "assets": list(assets),
        **more,
    }  # fmt: skip


def answers() -> dict[str, Any]:
    none = {"answer": "NONE", "details": {}}
    return {
        "possession": {"answer": "AGENCY", "details": {}}, "encumbrances": none, "disputes": none,
        "defects": none, "costs": {"answer": "LEGAL", "details": {}},
        "papers": {"answer": "ORIGINAL", "details": {"vi": "Đăng ký", "en": "Registration"}},
    }  # fmt: skip


def car(reference: str, **more: Any) -> dict[str, Any]:
    return {
        "reference": reference, "kind": "car", "movable": True,
        "title": {"vi": "Xe; “đẹp”", "en": "Car"}, "place": {"vi": "Kho", "en": "Yard"},
        "summary": {"vi": "Một\nhai", "en": "One"},
        "facts": [{"label": {"vi": "Năm", "en": "Year"}, "value": {"vi": "2022", "en": "2022"}}],
        "disclosure": answers(),
        "valuation": {"amount_minor": 412_000_000, "currency": "VND", "valued_on": "2026-09-01",
                      "expires_on": "2027-03-01", "basis": "FIRM", "document": "CT 1",
                      "valuer": "Hãng"},
        **more,
    }  # fmt: skip


def simple(reference: str) -> dict[str, Any]:
    kept = ("reference", "kind", "movable", "title", "place", "summary")
    return {name: value for name, value in car(reference).items() if name in kept}


async def send(client: httpx.AsyncClient, body: bytes, media: str) -> int:
    answer = await client.post("/api/agency/imports", content=body, headers={"Content-Type": media})
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


async def until(client: httpx.AsyncClient, number: int, *states: str) -> dict[str, Any]:
    """The import, when it has come to one of these states."""
    async with asyncio.timeout(30):
        while True:
            told: dict[str, Any] = (await client.get(f"/api/agency/imports/{number}")).json()
            if told["state"] in states:
                return told
            await asyncio.sleep(0.1)


async def counted(house: House) -> tuple[int, ...]:
    tables = ("enforcement_case", "case_party", "asset", "asset_entry", "asset_valuation")
    query = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    return tuple((await rows(house, f"SELECT {query}"))[0])


async def test_a_file_is_looked_at_whole_and_written_when_confirmed(house: House) -> None:
    before = await counted(house)
    file = {"version": 1, "cases": [case("I-1", car("R-1"), simple("R-2")), case("I-2")]}
    async with house.signed_in("officer") as officer, house.signed_in("other") as other:
        number = await send(officer, orjson.dumps(file), "application/json")
        ready = await until(officer, number, "READY", "WRONG", "FAILED")
        assert (ready["state"], ready["errors"]) == ("READY", [])
        assert (ready["cases"], ready["assets"]) == (2, 2)
        assert await counted(house) == before
        assert (await other.post(f"/api/agency/imports/{number}/confirm")).status_code == 404
        for _ in range(2):  # pressed twice
            answer = await officer.post(f"/api/agency/imports/{number}/confirm")
            assert answer.status_code == 202
        done = await until(officer, number, "IMPORTED", "WRONG", "FAILED")
        assert done["state"] == "IMPORTED", done
        again = await officer.post(f"/api/agency/imports/{number}/confirm")
        assert again.json()["state"] == "IMPORTED"
        after = await counted(house)
        assert [b - a for a, b in zip(before, after, strict=True)] == [2, 4, 2, 4, 1]
        kept = await rows(house, "SELECT file FROM case_import WHERE id = $1", number)
        assert kept[0]["file"] is None
        # The same file a second time: every number and reference is taken, and all are named.
        number = await send(officer, orjson.dumps(file), "application/json")
        wrong = await until(officer, number, "READY", "WRONG", "FAILED")
        assert {(one["row"], one["column"], one["code"]) for one in wrong["errors"]} == {
            (1, "cases.0.number", "NUMBER_TAKEN"), (2, "cases.1.number", "NUMBER_TAKEN"),
            (1, "cases.0.assets.0.reference", "REFERENCE_TAKEN"),
            (1, "cases.0.assets.1.reference", "REFERENCE_TAKEN"),
        }  # fmt: skip
        assert (await officer.post(f"/api/agency/imports/{number}/confirm")).status_code == 409
        assert await counted(house) == after


async def test_many_at_once_are_the_rows_that_one_by_one_makes(house: House) -> None:
    own = house.people["officer"]
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        vault = Vault.of(house.settings)
        told = case("B-1")
        del told["assets"]
        number = await assets.create_case(connection, own.body or 0, own.id, told, vault=vault)
        for data in (car("B-R1"), simple("B-R2"), car("B-R3", disclosure=None)):
            await assets.create_asset(connection, number, own.id, data)
        file = {"version": 1, "cases": [
            case("B-2", car("B-S1"), simple("B-S2"), car("B-S3", disclosure=None))
        ]}  # fmt: skip
        told = []

        async def progress(done: int, total: int) -> None:
            told.append((done, total))

        today = record.today(datetime.now(UTC))
        async with (
            connection.transaction(),
            apart.checked("json", orjson.dumps(file), today) as frames,
        ):
            await bulk.write(connection, vault, (own.body or 0, own.id), frames, progress)
        assert told == [(0, 3), (3, 3)]
        seen = []
        for name in ("B-1", "B-2"):
            found = await connection.fetch(_WHOLE, name)
            seen.append([str({**dict(row)}).replace("B-S", "B-R") for row in found])
        assert len(seen[0]) == 3
        assert "valued" in seen[0][0]
        assert seen[0] == seen[1]
    finally:
        await connection.close()


_WHOLE = """
    SELECT a.agency_id, a.reference, a.kind, a.movable, a.state, a.content::text, a.version,
           (SELECT jsonb_agg(jsonb_build_array(e.n, e.account_id, e.kind, e.reason,
                e.body - 'valuation') ORDER BY e.n)::text
              FROM asset_entry e WHERE e.asset_id = a.id) AS entries,
           (SELECT jsonb_agg(to_jsonb(v) - 'id' - 'asset_id' - 'at')::text
              FROM asset_valuation v WHERE v.asset_id = a.id) AS worth,
           (SELECT jsonb_agg(to_jsonb(d) - 'asset_id' - 'at')::text
              FROM asset_disclosure d WHERE d.asset_id = a.id) AS told
      FROM asset a JOIN enforcement_case c ON c.id = a.case_id WHERE c.number = $1 ORDER BY a.id
"""


async def test_every_fault_is_listed_by_row_and_column_and_nothing_is_repeated(
    house: House,
) -> None:
    secret = "KHÔNG-NHẮC-LẠI"
    lines = [
        "case.number,case.title.vi,case.judgment.number,case.judgment.court,case.judgment.on,"
        "case.decision.number,case.decision.on,case.opened_on,reference,kind,movable,title.vi,"
        "place.vi,summary.vi,valuation.amount_minor,valuation.basis,valuation.valued_on,"
        "valuation.document",
        "W-1,Vụ,1,Tòa,2026-01-15,2,2026-03-02,2026-03-02,W-R1,car,true,Xe,Kho,Tốt,,,,",
        f"W-1,Khác {secret},,,,,,,W-R1,spaceship,true,,Kho,Tốt,12.5,OFFICER,2026-02-30,x",
        f"W-2,Vụ,1,Tòa,{secret},2,2026-03-02,2999-01-01,W-R3,land,true,Đất,Xã,Tốt,,,,",
        ",,,,,,,,W-R4,car,true,Xe,Kho,Tốt,,,,",
    ]  # fmt: skip
    async with house.signed_in("officer") as officer:
        number = await send(officer, "\r\n".join(lines).encode(), "text/csv")
        wrong = await until(officer, number, "READY", "WRONG", "FAILED")
        assert wrong["state"] == "WRONG"
        assert {(one["row"], one["column"], one["code"]) for one in wrong["errors"]} == {
            (3, "case.title.vi", "CASE_DIFFERS"), (3, "reference", "TWICE"),
            (3, "kind", "UNKNOWN_CHOICE"), (3, "title.vi", "NEEDED"),
            (3, "valuation.amount_minor", "NOT_AN_AMOUNT"), (3, "valuation.valued_on", "NOT_A_DAY"),
            (4, "case.judgment.on", "NOT_A_DAY"), (4, "case.opened_on", "NOT_A_DAY"),
            (4, "movable", "KIND_IS_IMMOVABLE"), (5, "case.number", "NEEDED"),
        }  # fmt: skip
        assert wrong["wrong"] == len(wrong["errors"])
        assert secret not in str(wrong)
        page = await officer.get(f"/agency/imports/{number}")
        assert page.text.count("<code>") >= 10
        assert secret not in page.text
        await officer.post(f"/api/agency/imports/{number}/drop")
        assert (await officer.get(f"/api/agency/imports/{number}")).json()["state"] == "GIVEN_UP"


async def test_an_export_imported_elsewhere_exports_the_same(house: House) -> None:
    async with house.signed_in("officer") as officer, house.signed_in("other") as other:
        told = (await officer.get("/api/agency/export")).json()
        assert told["cases"], "the tests before have imported some"
        for form, media in (("csv", "text/csv"), ("json", "application/json")):
            exported = await officer.get(f"/api/agency/export?format={form}")
            number = await send(other, exported.content, media)
            ready = await until(other, number, "READY", "WRONG", "FAILED")
            assert ready["state"] == "READY", ready["errors"][:5]
        await other.post(f"/api/agency/imports/{number}/confirm")
        assert (await until(other, number, "IMPORTED", "WRONG", "FAILED"))["state"] == "IMPORTED"
        assert (await other.get("/api/agency/export")).json() == told
        csv = [await who.get("/api/agency/export?format=csv") for who in (officer, other)]
        assert csv[0].content == csv[1].content
        assert "'=Bên Được" in csv[0].text


async def test_the_page_takes_a_file_asks_and_shows_how_far_it_is(house: House) -> None:
    file = orjson.dumps({"version": 1, "cases": [case("P-1", simple("P-R1"))]})
    async with house.signed_in("officer") as officer:
        csrf = officer.headers["X-CSRF-Token"]
        key = str(uuid.uuid4())
        places = set()
        for _ in range(2):  # sent twice
            answer = await officer.post(
                "/agency/imports", data={"csrf": csrf, "key": key},
                files={"file": ("hồ sơ.json", file)},
            )  # fmt: skip
            assert answer.status_code == 303, answer.text
            places.add(answer.headers["location"])
        (place,) = places
        number = int(place.rpartition("/")[2])
        await until(officer, number, "READY")
        assert f'action="{place}/confirm"' in (await officer.get(place)).text
        await officer.post(f"{place}/confirm", data={"csrf": csrf})
        await until(officer, number, "IMPORTED")
        assert "notice--good" in (await officer.get(place)).text
        assert "hồ sơ.json" in (await officer.get("/agency/imports")).text
        wrong = await officer.post(
            "/agency/imports", data={"csrf": csrf, "key": key}, files={"file": ("x.exe", b"MZ")}
        )
        assert wrong.status_code == 400
