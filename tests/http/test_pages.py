"""Pages as a browser without JavaScript gets them."""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from typing import Any

import httpx
import pytest
from house import START, STEP, House, new_id

from auction_engine.desk import listing
from auction_engine.http.headers import CSP
from auction_engine.http.presenting import presenter
from auction_engine.rules.commands import Act
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import Terms


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_every_public_page_renders_in_both_languages(house: House, lang: str) -> None:
    lot = house.lots[0]
    async with house.browser() as client:
        for path in ("/", f"/lots/{lot}", f"/lots/{lot}/record", "/login"):
            answer = await client.get(path, params={"lang": lang})
            assert answer.status_code == 200, path
            assert f'<html lang="{lang}"' in answer.text
            assert answer.headers["content-security-policy"] == CSP
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert "camera=()" in answer.headers["permissions-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in answer.headers
            assert "<script>" not in answer.text
            assert " style=" not in answer.text
        room = (await client.get(f"/lots/{lot}")).text
        assert f"Apartment 1 ({lang})" in room
        assert "<b>and</b>" not in room


async def test_language_is_asked_for_then_remembered_then_preferred(house: House) -> None:
    async def lang_of(client: httpx.AsyncClient, path: str, accept: str = "") -> str:
        text = (await client.get(path, headers={"Accept-Language": accept})).text
        return text.partition('<html lang="')[2][:2]

    async with house.browser() as client:
        assert await lang_of(client, "/") == "vi"
        assert await lang_of(client, "/", "fr, en;q=0.8, vi;q=0.5") == "en"
        assert await lang_of(client, "/", "vi-VN,vi;q=0.9,en-US;q=0.8") == "vi"
        assert await lang_of(client, "/", "en;q=0, de") == "vi"
        assert await lang_of(client, "/", "en;q=oops") == "vi"
        assert await lang_of(client, "/?lang=en") == "en"
        assert await lang_of(client, "/", "vi") == "en"
        assert await lang_of(client, "/?lang=xx", "vi") == "en"


async def test_nothing_there_and_wrong_method_are_pages_for_people(house: House) -> None:
    async with house.browser() as client:
        for path in (
            "/nowhere",
            "/lots/999999",
            "/lots/99999999999999999999999",
            "/lots/x",
            "/static/../../pyproject.toml",
            "/static/%2e%2e/manifest.json",
            "/static/manifest.json",
            "/lots/1/",
        ):
            answer = await client.get(path)
            assert answer.status_code == 404, path
            assert "Traceback" not in answer.text
        assert "<html" in (await client.get("/nowhere")).text
        answer = await client.post("/desk")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD"
        assert "<html" in answer.text


async def test_nothing_there_and_wrong_method_are_json_for_programs(house: House) -> None:
    async with house.browser() as client:
        for path, method, status, code in (
            ("/api/nowhere", "GET", 404, "NOT_FOUND"),
            ("/api/lots/999999", "GET", 404, "UNKNOWN_LOT"),
            ("/api/lots", "DELETE", 405, "METHOD_NOT_ALLOWED"),
            ("/api/no%0Awhere", "GET", 404, "NOT_FOUND"),
            ("/api/lots/1%0A/bids", "POST", 404, "NOT_FOUND"),
            ("/health/nowhere", "GET", 404, "NOT_FOUND"),
        ):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.headers["content-security-policy"] == CSP


async def test_head_answers_like_get_without_a_body(house: House) -> None:
    async with house.browser() as client:
        for path in ("/", f"/lots/{house.lots[0]}", "/api/lots", "/robots.txt", "/health/live"):
            answer = await client.head(path)
            assert answer.status_code == 200, path
            assert answer.content == b""
            assert int(answer.headers["content-length"]) > 0


async def test_built_files_are_served_for_ever_and_small(house: House) -> None:
    async with house.browser() as client:
        page = (await client.get("/")).text
        style = presenter().asset("app.css")
        assert style in page
        async with client.stream("GET", style, headers={"Accept-Encoding": "gzip"}) as answer:
            packed = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/css")
        plain = await client.get(style, headers={"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(packed) == plain.content
        font = await client.get(presenter().asset("fonts/be-vietnam-pro-latin-400.woff2"))
        assert font.headers["content-type"] == "font/woff2"
        icon = await client.get("/favicon.ico")
        assert icon.headers["content-type"] == "image/svg+xml"
        robots = await client.get("/robots.txt")
        assert "Disallow: /desk" in robots.text


async def test_desk_and_agency_show_the_session(house: House) -> None:
    async with house.signed_in("an") as client:
        for amount in (START, 1):
            answer = await client.post(
                f"/api/lots/{house.lots[0]}/bids", json={"bid_id": new_id(), "amount_minor": amount}
            )
            assert answer.status_code == 200
    async with house.signed_in("auctioneer") as client:
        desk = (await client.get("/desk?lang=en")).text
        assert "Apartment 1 (en)" in desk
        assert "Apartment 2 (en)" in desk
        assert "4,200,000,000" in desk
        assert "Auctioneer" in desk
    async with house.signed_in("officer") as client:
        agency = (await client.get("/agency?lang=en")).text
        assert "Agency (en)" in agency
        assert "Apartment 2 (en)" in agency


async def test_the_record_is_paged_from_the_ledger_and_names_no_account(house: House) -> None:
    """More bids than a page and than the live view keeps; codes only, newest first."""
    lot, count = house.lots[0], 230
    await house.account("binh", "bidder")
    async with house.signed_in("an") as first, house.signed_in("binh") as second:
        for n in range(count):
            answer = await (first, second)[n % 2].post(
                f"/api/lots/{lot}/bids",
                json={"bid_id": new_id(), "amount_minor": START + n * STEP},
            )
            while answer.status_code == 429:
                await asyncio.sleep(0.5)
                answer = await (first, second)[n % 2].post(
                    f"/api/lots/{lot}/bids",
                    json={"bid_id": new_id(), "amount_minor": START + n * STEP},
                )
            assert answer.json()["t"] == "recorded", answer.text
    async with house.browser() as client:
        newest = (await client.get(f"/api/lots/{lot}/bids")).json()
        before = {"before": newest["older"]}
        rest = (await client.get(f"/api/lots/{lot}/bids", params=before)).json()
        assert [bid["n"] for bid in newest["bids"] + rest["bids"]] == list(range(count, 0, -1))
        assert rest["older"] is None
        assert {bid["code"][:2] for bid in rest["bids"]} == {"B-"}
        for wrong in ("x", "-1", "1e3", "99999999999999999999", "٣", ""):
            answer = await client.get(f"/api/lots/{lot}/bids", params={"before": wrong})
            assert (answer.status_code, answer.json()["code"]) == (400, "BAD_MESSAGE"), wrong
        page = (await client.get(f"/lots/{lot}/record?lang=en")).text
        assert f"/lots/{lot}/record?before={newest['older']}" in page
        for person in house.people.values():
            assert f">{person.login}<" not in page
        older = await client.get(f"/lots/{lot}/record", params=before)
        assert not re.search(r"record\?before=\d+\"", older.text)
        assert (await client.get(f"/lots/{lot}/record?before=x")).status_code == 400


async def test_no_session_yet_is_a_page_too(house: House) -> None:
    # A session whose lots are not put up is nobody's business: the older one stays.
    await house.put_up(0)
    async with house.browser() as client:
        assert "Apartment 1" in (await client.get("/?lang=en")).text
        assert [lot["id"] for lot in (await client.get("/api/lots")).json()["lots"]]


async def test_a_lot_that_the_auctioneer_closes_has_no_end_to_show(house: House) -> None:
    """Scheduled, open and closed: every page of every role, without a countdown."""
    now_ms = int(time.time() * 1000)
    by_hand: dict[str, Any] = {"closed_by": "AUCTIONEER", "end_ms": None, "extension": None}
    texts = {
        "scheduled": {"/": "opens in", "room": "Opens in"},
        "open": {"/": "until the auctioneer closes", "room": "Open until the auctioneer closes"},
        "closed": {"/": "by the auctioneer", "room": "Closed by the auctioneer"},
    }
    for phase, told in texts.items():
        start_ms = now_ms + 600_000 if phase == "scheduled" else now_ms - 1000
        (lot,) = await house.put_up(1, start_ms=start_ms, **by_hand)
        if phase != "scheduled":
            await house.is_open(lot)
        if phase == "closed":
            await house.log.close_lot(house.shard(lot), lot)
        room = f"/lots/{lot}"
        async with house.browser() as client:
            for _ in range(200):
                state = (await client.get(f"/api{room}")).json()["state"]
                if state["phase"] == phase:
                    break
                await asyncio.sleep(0.02)
            assert state["end_ms"] is None
            await asyncio.sleep(1.1)  # the newest session is known a second later
            for path, text in (("/", told["/"]), (room, told["room"])):
                page = await client.get(f"{path}?lang=en")
                assert page.status_code == 200
                assert text in page.text
            assert "when the auctioneer closes" in page.text
            assert (await client.get(f"{room}/record")).status_code == 200
        for login, path in (("auctioneer", "/desk"), ("officer", "/agency")):
            async with house.signed_in(login) as client:
                assert (await client.get(path)).status_code == 200


async def test_a_falling_price_falls_on_every_page_though_nothing_is_recorded(house: House) -> None:
    """Onlookers' pages are kept and given to many: they change with the price all the same."""
    start_ms = int(time.time() * 1000) + 1_500
    descent = Descent("LINEAR", 1_500, floor_minor=START - 40 * STEP, step_minor=STEP)
    (lot,) = await house.put_up(
        1, method="DESCENDING", end_ms=None, extension=None, descent=descent, start_ms=start_ms,
        terms=Terms(min_participants=1),
    )  # fmt: skip
    async with house.browser() as client:
        await asyncio.sleep(1.1)  # the newest session is known a second later
        for path in ("/", f"/lots/{lot}"):
            assert "First price" in (await client.get(f"{path}?lang=en")).text or path == "/"
        await house.is_open(lot)
        seq = (await client.get(f"/api/lots/{lot}")).json()["seq"]
        seen: set[int] = set()
        while len(seen) < 3:
            before = price_at(start_ms)
            pages = [(await client.get(f"{path}?lang=en")).text for path in ("/", f"/lots/{lot}")]
            shown = [page for page in pages if f"{before:,}" in page]
            if price_at(start_ms) == before:
                assert len(shown) == 2
                seen.add(before)
            await asyncio.sleep(0.2)
        assert (await client.get(f"/api/lots/{lot}")).json()["seq"] == seq
    for login, path in (("auctioneer", "/desk"), ("officer", "/agency")):
        async with house.signed_in(login) as client:
            assert "falls in" in (await client.get(f"{path}?lang=en")).text


def price_at(start_ms: int) -> int:
    return START - (int(time.time() * 1000) - start_ms) // 1_500 * STEP


async def test_the_whole_record_has_automatic_bids_turns_and_what_is_void(house: House) -> None:
    await house.account("binh", "bidder")
    (lot,) = await house.put_up(1, automatic_bids=True, extension=None, terms=Terms())
    for login in ("an", "binh"):
        await listing.admit(house.log, house.shard(lot), lot, house.people[login].id)
    await house.is_open(lot)
    path = f"/api/lots/{lot}/bids"
    async with house.signed_in("an") as first, house.signed_in("binh") as second:
        maximum = {"bid_id": new_id(), "amount_minor": START + 5 * STEP, "automatic": True}
        assert (await first.post(path, json=maximum)).json()["n"] is None
        bid = {"bid_id": new_id(), "amount_minor": START + STEP}
        assert (await second.post(path, json=bid)).json()["n"] == 2
    withdraw = Act("withdraw_bid", "BIDDER", house.people["binh"].id)
    await house.log.act(house.shard(lot), lot, withdraw)
    async with house.browser() as client:
        for _ in range(100):
            bids = (await client.get(path)).json()["bids"]
            if bids[1].get("void"):
                break
            await asyncio.sleep(0.02)
        assert [bid["n"] for bid in bids] == [3, 2, 1]
        assert [bid.get("automatic", False) for bid in bids] == [True, False, True]
        assert [bid.get("void", False) for bid in bids] == [False, True, False]
        page = (await client.get(f"/lots/{lot}/record?lang=en")).text
    assert page.count("automatic</span>") == 2
    assert "<s>4,250,000,000</s>" in page
    assert page.index("withdrew; the bids of") < page.index("4,300,000,000")


async def test_a_file_that_is_only_begun_is_on_no_public_page(house: House) -> None:
    lots = await house.put_up(2, terms=Terms())
    made = await listing.create_lots(house.engine, 1, [{"title": {}}], house.settings.shards)
    draft, shard = made[0]
    now_ms = int(time.time() * 1000)
    params = LotParams(
        "VND", 0, START, STEP, now_ms + 600_000, now_ms + 900_000, terms=Terms()
    )  # fmt: skip
    await house.log.draft_lot(shard, draft, params)
    async with house.browser() as client:
        api = f"/api/lots/{draft}"
        for path in (f"/lots/{draft}", f"/lots/{draft}/record", api, f"{api}/bids"):
            assert (await client.get(path)).status_code == 404, path
        assert (await client.get(f"/lots/{lots[0]}")).status_code == 200
    async with house.live() as live:
        await live.say(t="watch", lot=draft)
        assert (await live.hear("error"))["code"] == "UNKNOWN_LOT"
    async with house.signed_in("an") as client:
        bid = {"bid_id": new_id(), "amount_minor": START}
        refused = await client.post(f"{api}/bids", json=bid)
        assert (refused.status_code, refused.json()["code"]) == (404, "UNKNOWN_LOT")
        form = {"csrf": client.headers["X-CSRF-Token"], "amount": str(START), "bid_id": new_id()}
        assert (await client.post(f"/lots/{draft}/bids", data=form)).status_code == 404
