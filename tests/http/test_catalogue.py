"""The public's pages over HTTP: lists, feeds, calendars, notices, answers that may be kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy
from house import START, House, content, new_id, text
from icalendar import Calendar
from lxml import etree

from auction_engine.desk import exclusive, listing
from auction_engine.desk.search import notices
from auction_engine.rules.params import LotParams
from auction_engine.rules.terms import Terms

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def described(house: House, *contents: dict[str, Any], **changes: Any) -> list[int]:
    """Lots of a new session that open in an hour, once they can be searched."""
    session = await listing.create_session(
        house.engine, text("Phiên"), text("Auctioneers"), text("Agency")
    )
    made = await listing.create_lots(
        house.engine, session, [content(1) | one for one in contents], house.settings.shards
    )
    now_ms = int(time.time() * 1000)
    values: dict[str, Any] = {
        "currency": "VND", "minor_digits": 0, "starting_price_minor": START,
        "increment_minor": 1_000, "start_ms": now_ms + 3_600_000, "end_ms": now_ms + 7_200_000,
    }  # fmt: skip
    for lot, shard in made:
        await listing.put_up(house.log, shard, lot, LotParams(**(values | changes)))
    await indexed(house, [lot for lot, _ in made])
    return [lot for lot, _ in made]


async def indexed(house: House, lots: list[int], **params: Any) -> None:
    """Wait until the program's own indexer has these lots, and they are counted: counts may be two
    seconds old."""
    async with house.browser() as client:
        for _ in range(200):
            found = (await client.get("/api/catalogue", params={"when": "all", **params})).json()
            shown = {lot["id"] for lot in found["lots"]}
            if set(lots) <= shown and found["total"] >= len(shown):
                return
            await asyncio.sleep(0.05)
    raise AssertionError(f"{lots} are not found")


async def ids(client: httpx.AsyncClient, query: str) -> list[int]:
    answer = await client.get(f"/api/catalogue?{query}")
    assert answer.status_code == 200
    return [lot["id"] for lot in answer.json()["lots"]]


async def newest_first(house: House) -> list[int]:
    """Two lots put up at once may be found one before the other, or both in the same look."""
    query = "SELECT lot_id FROM lot_search ORDER BY listed_ms DESC, lot_id DESC"
    async with house.engine.connect() as connection:
        return list((await connection.execute(sqlalchemy.text(query))).scalars())


def titled(vi: str, en: str, **more: Any) -> dict[str, Any]:
    return {"title": {"vi": vi, "en": en}, **more}


@pytest.fixture
async def lots(house: House) -> list[int]:
    return await described(
        house,
        titled("Căn hộ Sao Mai", "Flat", kind="apartment", place=text("Phường 1, Hà Nội")),
        titled("Xe tải <b>to</b>", "Lorry & more", kind="truck", place=text("Huế")),
    )


async def test_lots_are_found_filtered_and_counted(house: House, lots: list[int]) -> None:
    flat, lorry = lots
    async with house.browser() as client:
        assert await ids(client, "q=can+ho") == [flat]
        assert await ids(client, f"q={quote('căn hộ')}") == [flat]
        assert await ids(client, "kind=truck&kind=boat") == [lorry]
        assert await ids(client, "province=46") == [lorry]
        assert await ids(client, f"q=auctioneers&min={START + 1}") == []
        both = (await client.get("/api/catalogue?q=auctioneers&state=coming")).json()
        assert both["total"] == 2
        assert both["counts"]["kind"] == {"apartment": 1, "truck": 1}
        assert both["filters"] == {"q": ["auctioneers"], "state": ["coming"]}
        assert await ids(client, "sort=new") == await newest_first(house)
        page = (await client.get("/lots?kind=truck&lang=vi")).text
        assert "Xe tải &lt;b&gt;to&lt;/b&gt;" in page
        assert f'href="/lots/{flat}"' not in page
        assert 'value="truck" checked' in page
        for lang in ("vi", "en"):
            for path in ("/lots", "/lots?view=list", "/results", "/places", "/lots?q=zzz",
                         f"/lots/{flat}/notice", "/lots?q=zzz&kind=truck&min=1&from=2026-01-01",
                         "/lots?when=ended",
                         f"/sessions/{both['lots'][0]['session']}"):  # fmt: skip
                answer = await client.get(path, params=None if "?" in path else {"lang": lang})
                assert answer.status_code == 200, path
                assert " style=" not in answer.text
        nothing = await client.get("/lots?q=zzz&kind=truck&lang=en")
        assert nothing.status_code == 200
        assert "Without the words “zzz”" in nothing.text, nothing.text
        assert (await client.get("/sessions/999999")).status_code == 404
        assert (await client.get("/lots/999999/notice")).status_code == 404


HOSTILE = (
    "q=%00", "q=%27%22%5C&min=-1", "q=" + "a" * 10_000, "kind=%F0%9F%92%A5", "q=%F0%9F%92%A5",
    "after=0-99999999999999999-1", "after=x", "after=3-1-1&sort=cheap", "q=%FF%FE", "sort=best",
    "min=99999999999999999999", "from=0001-01-01&to=9999-12-31", "session=99999999999999999999",
    "q=a%26b%7Cc%21d%3A%2A&when=nonsense&state=sold", "province=none", "q=(%22a", "lang=xx",
    "&".join("kind=car" for _ in range(500)),
)  # fmt: skip


async def test_no_address_breaks_a_list(house: House) -> None:
    async with house.browser() as client:
        for query in HOSTILE:
            for path in ("/lots", "/api/catalogue", "/results", "/places", "/lots.rss"):
                answer = await client.get(f"{path}?{query}")
                assert answer.status_code == 200, (path, query, answer.text[:300])


async def test_a_price_reaches_the_list(house: House) -> None:
    lot = house.lots[0]
    await indexed(house, house.lots)
    async with house.signed_in("an") as bidder:
        bid = {"bid_id": new_id(), "amount_minor": START * 2}
        assert (await bidder.post(f"/api/lots/{lot}/bids", json=bid)).json()["t"] == "recorded"
    async with house.browser() as client:
        for _ in range(100):
            found = (await client.get("/api/catalogue?state=live")).json()["lots"]
            prices = {one["id"]: one["price_minor"] for one in found}
            if prices[lot] == START * 2:
                break
            await asyncio.sleep(0.05)
        assert prices == {lot: START * 2, house.lots[1]: START}


async def test_what_is_known_is_not_sent_again(house: House, lots: list[int]) -> None:
    async with house.browser() as client:
        for path in ("/lots?kind=truck", "/results", "/places", f"/lots/{lots[0]}/notice",
                     "/api/catalogue", "/lots.rss", "/lots.atom", "/lots.feed.json",
                     f"/lots/{lots[0]}/calendar.ics", "/sitemap.xml", "/sitemap-0.xml",
                     f"/lots/{lots[0]}/watch.json"):  # fmt: skip
            for _ in range(3):  # the minute may turn between two
                answer = await client.get(path)
                assert answer.status_code == 200, path
                assert answer.headers["cache-control"].startswith("public, max-age="), path
                assert "set-cookie" not in answer.headers, path
                tag = answer.headers["etag"]
                again = await client.get(path, headers={"If-None-Match": f'"x", {tag}'})
                if again.status_code == 304:
                    break
            assert again.status_code == 304, path
            assert again.content == b""
            assert again.headers["etag"] == tag
            other = await client.get(path, headers={"If-None-Match": '"x"'})
            assert other.status_code == 200
        vi = (await client.get("/lots", headers={"Accept-Language": "vi"})).headers
        en = (await client.get("/lots", headers={"Accept-Language": "en"})).headers
        assert vi["etag"] != en["etag"]
        assert "Accept-Language" in vi["vary"]
        feed = await client.get("/lots.rss")
        since = {"If-Modified-Since": feed.headers["last-modified"]}
        assert (await client.get("/lots.rss", headers=since)).status_code == 304
        since = {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
        assert (await client.get("/lots.rss", headers=since)).status_code == 200
        for junk in ("yesterday", "\xff", "Thu, 99 Jan 2026"):
            headers = {"If-Modified-Since": junk.encode("latin-1")}
            assert (await client.get("/lots.rss", headers=headers)).status_code == 200
    async with house.signed_in("an") as client:
        assert (await client.get("/lots")).headers["cache-control"] == "private, no-cache"


async def test_feeds_are_read_by_real_parsers(house: House, lots: list[int]) -> None:
    flat, lorry = lots
    async with house.browser() as client:
        rss = etree.fromstring((await client.get("/lots.rss?kind=truck&lang=en")).content)
        assert rss.tag == "rss"
        assert [one.findtext("title") for one in rss.iter("item")] == ["Lorry & more"]
        (link,) = [one.findtext("link") for one in rss.iter("item")]
        assert link is not None
        assert link.endswith(f"/lots/{lorry}")
        atom = etree.fromstring((await client.get("/lots.atom?q=can+ho&lang=vi")).content)
        assert atom.tag == f"{ATOM}feed"
        assert [one.findtext(f"{ATOM}title") for one in atom.iter(f"{ATOM}entry")] == [
            "Căn hộ Sao Mai"
        ]
        assert "can ho" in (atom.findtext(f"{ATOM}title") or "")
        told = (await client.get("/lots.feed.json?lang=en")).json()
        assert told["version"] == "https://jsonfeed.org/version/1.1"
        found = [one["url"].rpartition("/")[2] for one in told["items"]]
        assert found[:2] == [str(lorry), str(flat)]
        for one in told["items"]:
            assert datetime.fromisoformat(one["date_published"]).tzinfo is not None
        answer = await client.get("/lots.feed.json")
        assert answer.headers["content-type"].startswith("application/feed+json")


async def test_calendars_hold_what_one_must_not_miss(house: House) -> None:
    now_ms = int(time.time() * 1000) // 1000 * 1000
    viewing = {
        "from_ms": now_ms + 600_000, "to_ms": now_ms + 900_000, "place": text("Kho, số 2; cổng A"),
    }  # fmt: skip
    terms = Terms(registration_open_ms=now_ms - 60_000, registration_close_ms=now_ms + 1_800_000)
    (lot,) = await described(house, titled("Xe, ô tô", "Car", viewing=viewing), terms=terms)
    async with house.browser() as client:
        answer = await client.get(f"/lots/{lot}/calendar.ics?lang=vi")
        assert answer.headers["content-type"].startswith("text/calendar")
        events = {
            str(one["uid"]).split("-")[2].split("@")[0]: one
            for one in Calendar.from_ical(answer.content).walk("VEVENT")
        }
        assert events.keys() == {"opens", "registration", "viewing"}
        closes = events["registration"]["dtend"].dt
        assert int(closes.timestamp() * 1000) == now_ms + 1_800_000
        assert "Xe, ô tô" in str(events["opens"]["summary"])
        assert str(events["viewing"]["location"]) == "Kho, số 2; cổng A (vi)"
        assert events["opens"]["dtstart"].dt > datetime.now(UTC)
        row = (await client.get("/api/catalogue?q=xe")).json()["lots"][0]
        whole = await client.get(f"/sessions/{row['session']}/calendar.ics")
        assert len(Calendar.from_ical(whole.content).walk("VEVENT")) == 3
        assert row["state"] == "registration"
        for path in ("/lots/999999/calendar.ics", "/sessions/999999/calendar.ics"):
            assert (await client.get(path)).status_code == 404


async def test_search_engines_find_every_lot(house: House, lots: list[int]) -> None:
    async with house.browser() as client:
        robots = (await client.get("/robots.txt")).text
        (address,) = re.findall(r"^Sitemap: (.+)$", robots, re.M)
        index = etree.fromstring((await client.get("/" + address.split("/", 3)[3])).content)
        pieces = [one.text or "" for one in index.iter(f"{MAP}loc")]
        found = set()
        for piece in pieces:
            urls = etree.fromstring((await client.get("/" + piece.split("/", 3)[3])).content)
            found |= {(one.text or "").split("/", 3)[3] for one in urls.iter(f"{MAP}loc")}
        assert {f"lots/{lot}" for lot in (*lots, *house.lots)} <= found
        assert (await client.get("/sitemap-99.xml")).status_code == 200
        page = (await client.get(f"/lots/{lots[1]}/notice?lang=en")).text
        (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
        told = json.loads(block)
        assert told["@type"] == "SaleEvent"
        assert told["offers"]["price"] == str(START)
        assert told["name"] == "Lorry & more"
        assert f'rel="canonical" href="http://127.0.0.1:0/lots/{lots[1]}/notice"' in page
        assert 'hreflang="vi"' in page
        assert 'property="og:title"' in page
        listed = (await client.get("/lots?kind=truck")).text
        (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', listed, re.S)
        assert json.loads(block)["numberOfItems"] == 1


async def test_a_notice_keeps_its_versions_and_shows_what_changed(
    house: House, lots: list[int]
) -> None:
    lot = lots[0]
    changed = content(1) | titled(
        "Căn hộ Sao Mai", "Flat <script>", place=text("Phường 2, Hà Nội"), kind="apartment"
    )
    async with exclusive.connected(house.settings.database_url or "") as connection:
        async with connection.transaction():
            version = await notices.publish(connection, lot, changed, house.people["auctioneer"].id)
    assert (version.n, set(version.material)) == (2, {"PLACE", "QUALITY"})
    async with house.browser() as client:
        page = (await client.get(f"/lots/{lot}/notice?version=2&against=1&lang=en")).text
        assert re.search(r"<del>.*?1,.*?</del>", page, re.S)
        assert re.search(r"<ins>.*?2,.*?</ins>", page, re.S)
        assert "&lt;script&gt;" in page
        assert "Material change" in page
        assert version.hash.hex() in page
        turned = (await client.get(f"/lots/{lot}/notice?version=1&against=2&lang=en")).text
        assert re.search(r"<ins>.*?2,.*?</ins>", turned, re.S)
        old = (await client.get(f"/lots/{lot}/notice?version=1")).text
        assert "This is not the newest version" in old
        assert "Flat <script>" not in (await client.get(f"/lots/{lot}/notice")).text
        for junk in ("x", "0", "99", "-1", "1e9"):
            answer = await client.get(f"/lots/{lot}/notice?version={junk}&against={junk}")
            assert answer.status_code == 200
        # The room shows the new description too, a moment later.
        for _ in range(100):
            if "Flat &lt;script&gt;" in (await client.get(f"/lots/{lot}?lang=en")).text:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("the room keeps the old description")
        await indexed(house, [lot], q="phường 2", lang="vi")


async def test_onlookers_have_an_answer_of_their_own(house: House) -> None:
    lot = house.lots[0]
    async with house.browser() as client, house.signed_in("an") as bidder:
        first = await client.get(f"/lots/{lot}/watch.json")
        assert first.headers["cache-control"] == "public, max-age=1"
        assert first.json()["state"]["phase"] == "open"
        known = {"If-None-Match": first.headers["etag"]}
        assert (await client.get(f"/lots/{lot}/watch.json", headers=known)).status_code == 304
        bid = {"bid_id": new_id(), "amount_minor": START}
        await bidder.post(f"/api/lots/{lot}/bids", json=bid)
        after = await client.get(f"/lots/{lot}/watch.json", headers=known)
        assert after.status_code == 200
        assert after.json()["bids"][0]["amount_minor"] == START
        # The same bytes for a bidder: nothing in it is anybody's own.
        assert (await bidder.get(f"/lots/{lot}/watch.json")).content == after.content
        assert (await client.get("/lots/999999/watch.json")).status_code == 404


async def test_many_who_read_notices_take_few_connections(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What everybody may ask for must leave the ledger's connections to the bids."""
    [lot] = await described(house, {})
    connected, now, most = exclusive.connected, 0, 0

    @contextlib.asynccontextmanager
    async def counted(url: str) -> AsyncIterator[Any]:
        nonlocal now, most
        task = asyncio.current_task()
        counts = task is not None and task.get_name().startswith("Task-")  # the others have names
        now, most = now + counts, max(most, now + counts)
        try:
            async with connected(url) as connection:
                await asyncio.sleep(0.05)
                yield connection
        finally:
            now -= counts

    monkeypatch.setattr(exclusive, "connected", counted)
    async with house.browser() as client:
        answers = await asyncio.gather(*(client.get(f"/lots/{lot}/notice") for _ in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert 0 < most <= 4
