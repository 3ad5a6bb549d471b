"""Searches one keeps over HTTP, results with prices of similar property, and sessions."""

from __future__ import annotations

import re
from typing import Any

from bidding.harness import query
from house import CSRF, START, House
from test_catalogue import described, titled

from auction_engine.desk import exclusive
from auction_engine.desk.search import saved


async def own_csrf(client: Any) -> str:
    (token, *_) = CSRF.findall((await client.get("/account/searches")).text)
    return str(token)


async def test_a_search_is_kept_shown_and_removed_by_its_owner(house: House) -> None:
    await described(house, titled("Xe tải", "Lorry", kind="truck"))
    await house.account("binh", "bidder")
    async with house.browser() as client:
        assert (await client.get("/account/searches")).status_code == 401
        assert "/login?next=" in (await client.get("/lots?kind=truck")).text
    async with house.signed_in("an") as client, house.signed_in("binh") as other:
        page = (await client.get("/lots?q=xe&kind=truck&lang=en")).text
        (kept,) = re.findall(r'name="query" value="([^"]*)"', page)
        form = {"csrf": await own_csrf(client), "query": kept.replace("&amp;", "&")}
        assert (await client.post("/account/searches", data=form)).status_code == 303
        assert (
            await client.post("/account/searches", data={**form, "csrf": "x"})
        ).status_code == 403
        own = (await client.get("/account/searches?done=kept")).text
        assert "“xe”" in own
        assert "Lorries" in own
        (row,) = await query(house.settings.database_url or "", "SELECT * FROM saved_search")
        assert row["query"] == "q=xe&kind=truck"
        removing = f"/account/searches/{row['id']}/remove"
        theirs = {"csrf": await own_csrf(other)}
        assert (await other.post(removing, data=theirs)).status_code in (403, 404)
        for junk in ("q=%00", "x" * 5_000, "a=b&&&=", "kind=nonsense"):
            answer = await client.post("/account/searches", data={**form, "query": junk})
            assert answer.status_code == 303
        assert (await client.post(removing, data=form)).status_code == 303
        left = await query(house.settings.database_url or "", "SELECT query FROM saved_search")
        assert "q=xe&kind=truck" not in {row["query"] for row in left}


async def test_the_link_in_a_letter_asks_before_it_ends_them(house: House) -> None:
    url = house.settings.database_url or ""
    token = "T" * 43
    async with exclusive.connected(url) as connection:
        await saved.keep(connection, house.people["an"].id, "kind=car", "vi")
        await connection.execute(
            "INSERT INTO search_letter (token_hash, search_id) SELECT $1, id FROM saved_search",
            saved.digest(token),
        )
    path = f"/searches/end/{token}"
    async with house.browser() as client:
        for _ in range(2):  # looking ends nothing
            page = await client.get(f"{path}?lang=en")
            assert "Stop letters about this search?" in page.text
            assert "Cars" in page.text
        (csrf,) = CSRF.findall(page.text)
        done = await client.post(path, data={"csrf": csrf})
        assert "No more letters" in done.text
        again = await client.post(path, data={"csrf": csrf})
        assert "has been used" in again.text
        assert "has been used" in (await client.get("/searches/end/nonsense")).text
    (row,) = await query(url, "SELECT ended_at FROM saved_search")
    assert row["ended_at"] is not None


async def test_results_tell_prices_of_similar_property(house: House) -> None:
    url = house.settings.database_url or ""
    lots = await described(
        house,
        *(titled(f"Xe {n}", f"Car {n}", kind="car", province="46") for n in range(6)),
        titled("Xe ế", "Unsold car", kind="car", province="46"),
    )
    # What these lots came to is written by hand: a sale takes minutes.
    for n, lot in enumerate(lots[:5], 1):
        await query(
            url,
            "UPDATE lot_search SET state = 'sold', status = 'CLOSED', bids = 3, price_minor = $2,"
            " ended_ms = (extract(epoch FROM now()) * 1000)::bigint, place = 9007199254740000,"
            " seq = 1000 WHERE lot_id = $1",
            lot, START * n,
        )  # fmt: skip
    await query(
        url, "UPDATE lot_search SET state = 'failed', status = 'FAILED', failure = 'NO_BID',"
        " ended_ms = 1, place = 9007199254740991, seq = 1000 WHERE lot_id = $1", lots[6],
    )  # fmt: skip
    await query(url, "UPDATE search_mark SET version = version + 1")
    async with house.browser() as client:
        page = (await client.get("/results?kind=car&province=46&lang=en")).text
        assert "Prices reached for similar property" in page
        assert "× 5.00" in page
        assert "nobody bid or accepted a price" in page
        assert f"/lots/{lots[0]}/replay" in page
        assert page.count("<tr>") == 7  # six lots and the heading
        notice = (await client.get(f"/lots/{lots[5]}/notice?lang=en")).text
        (label,) = re.findall(r'role="img" aria-label="([^"]+)"', notice)
        assert f"half below VND\N{NO-BREAK SPACE}{START * 3:,}" in label
        assert "Prices reached" not in (await client.get("/results?kind=car")).text
