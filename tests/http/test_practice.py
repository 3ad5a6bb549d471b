"""Practice rooms: the real room over the real log, for one person, in no list, and bounded."""

from __future__ import annotations

import asyncio

import pytest
from house import House, new_id

from auction_engine.desk.admission import practice


async def begin(house: House, login: str) -> tuple[int, int]:
    async with house.signed_in(login) as client:
        answer = await client.post(f"/api/lots/{house.lots[0]}/practice")
        return answer.status_code, answer.json().get("lot", 0)


async def test_robots_bid_and_a_person_can_win(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(practice, "_PACE", 1.0)
    monkeypatch.setattr(practice, "_MOST_STEPS", (2, 2))
    async with house.signed_in("an") as client:
        made = await client.post(f"/api/lots/{house.lots[0]}/practice")
        assert made.status_code == 200
        lot = made.json()["lot"]
        page = await client.get(f"/lots/{lot}")
        assert page.status_code == 200
        assert "Tập trả giá" in page.text
        assert "tiền chơi" in page.text
        async with asyncio.timeout(20):
            while True:
                state = (await client.get(f"/api/lots/{lot}")).json()["state"]
                if state["n"] >= 2:
                    break
                await asyncio.sleep(0.1)
        assert set(state["robots"]) >= {state["leader"]}
        bid = {"bid_id": new_id(), "amount_minor": state["minimum_minor"] * 2}
        answer = (await client.post(f"/api/lots/{lot}/bids", json=bid)).json()
        assert answer["t"] == "recorded", answer
        later = (await client.get(f"/api/lots/{lot}")).json()
        assert later["you"]["leading"]


async def test_it_is_in_no_list(house: House) -> None:
    status, lot = await begin(house, "an")
    assert status == 200
    async with house.browser() as client:
        listed = (await client.get("/api/lots")).json()["lots"]
        assert lot not in {one["id"] for one in listed}
        assert f'/lots/{lot}"' not in (await client.get("/lots")).text
        assert f'/lots/{lot}"' not in (await client.get("/")).text
        for page in ("way", "cost", "practice"):
            assert (await client.get(f"/lots/{lot}/{page}")).status_code == 404


async def test_a_room_is_there_for_whoever_practises_in_it_alone(house: House) -> None:
    status, lot = await begin(house, "an")
    assert status == 200
    paths = [f"/lots/{lot}", f"/api/lots/{lot}"]
    async with house.signed_in("an") as client:
        assert {(await client.get(path)).status_code for path in paths} == {200}
        # Kept for a second by anybody: not even there.
        assert (await client.get(f"/lots/{lot}/watch.json")).status_code == 404
    await house.account("stranger", "bidder")
    for login in ("stranger", "auctioneer"):
        async with house.signed_in(login) as client:
            assert {(await client.get(path)).status_code for path in paths} == {404}
            if login == "stranger":
                bid = {"bid_id": new_id(), "amount_minor": 10_000}
                assert (await client.post(f"/api/lots/{lot}/bids", json=bid)).status_code == 404
    async with house.browser() as client:
        assert {(await client.get(path)).status_code for path in paths} == {404}


async def test_one_at_a_time_a_few_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "A_DAY", 2)
    (_, first), (_, second) = await begin(house, "an"), await begin(house, "an")
    assert first != second
    assert await practice.current(house.engine, house.people["an"].id) == second
    assert (await begin(house, "an"))[0] == 429
    monkeypatch.setattr(practice, "AT_ONCE", 0)
    await house.account("binh", "bidder")
    assert (await begin(house, "binh"))[0] == 503


async def test_pressed_twice_at_once_it_is_one_room_that_is_on(house: House) -> None:
    told = await asyncio.gather(*(begin(house, "an") for _ in range(3)))
    assert {status for status, _ in told} == {200}
    found = await practice.current(house.engine, house.people["an"].id)
    assert found in {lot for _, lot in told}


async def test_only_bidders_practise(house: House) -> None:
    assert (await begin(house, "auctioneer"))[0] == 403
    async with house.browser() as client:
        path = f"/lots/{house.lots[0]}/practice"
        assert (await client.get(path)).status_code == 200
        assert (await client.post(f"/api{path}")).status_code == 401
