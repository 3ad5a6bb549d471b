"""The console over HTTP: a session at a glance, what is asked once, announcements, hand-over,
closing by hand, minutes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import json
import os
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import contract
import httpx
import pytest
import pytest_asyncio
from bidding.harness import journal
from house import START, STEP, House, new_id, running_house

from auction_engine.bidding.connections import make_redis
from auction_engine.desk import listing
from auction_engine.http.presenting import presenter
from auction_engine.live.presence import Presence
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

TERMS = Terms(deposit_minor=STEP, single_after_failures=0)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"console_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("console"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=0) as house:
        house.hooks.append(contract.check)
        await house.account("an", "bidder")
        await house.account("binh", "bidder")
        await house.account("auctioneer", "organisation")
        await house.account("colleague", "organisation")
        await house.account("officer", "officer")
        yield house
    servers.drop_database(database)


async def session_of(house: House, count: int = 1, seconds: float = 600, **changes: Any) -> int:
    """A new session of open lots with both bidders in; `house.lots` are its lots."""
    end_ms = int((time.time() + seconds) * 1000)
    values = {"terms": TERMS, "extension": None, "end_ms": end_ms} | changes
    for lot in await house.put_up(count, **values):
        for login in ("an", "binh"):
            await listing.admit(house.log, house.shard(lot), lot, house.people[login].id)
        await house.is_open(lot)
    rows = await fetch(house, "SELECT session_id FROM lot WHERE id = $1", house.lots[0])
    return int(rows[0][0])


async def fetch(house: House, sql: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data={"csrf": client.headers["X-CSRF-Token"], **fields})


async def bid(client: httpx.AsyncClient, lot: int, amount: int) -> httpx.Response:
    body = {"bid_id": new_id(), "amount_minor": amount}
    return await client.post(f"/api/lots/{lot}/bids", json=body)


async def reaches(client: httpx.AsyncClient, lot: int, wanted: str) -> None:
    for _ in range(300):
        if (await client.get(f"/api/lots/{lot}/acts")).json()["status"] == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"lot {lot} did not become {wanted}")


async def entries(house: House, session: int, kind: str) -> list[Any]:
    sql = "SELECT account_id, reason, body FROM session_entry WHERE session_id = $1 AND kind = $2"
    return await fetch(house, sql + " ORDER BY n", session, kind)


# --- at a glance ------------------------------------------------------------------------------


async def test_the_session_at_a_glance(room: House) -> None:
    session = await session_of(room, 2)
    first, second = room.lots
    async with (
        room.signed_in("auctioneer") as client,
        room.signed_in("an") as an,
        room.live(await _ticket(room, "an")) as live,
    ):
        await live.say(t="watch", lot=first)
        await live.hear("snapshot")
        assert (await bid(an, first, START)).json()["t"] == "recorded"
        assert (await bid(an, first, START + 1)).json()["reason"] == "ALREADY_LEADING"
        told = (await client.get(f"/api/sessions/{session}/console")).json()
        assert [one["lot"] for one in told["lots"]] == [first, second]
        lot = told["lots"][0]
        assert lot["present"]["here"] == lot["present"]["watching"] == 1
        assert lot["present"]["admitted"] == 2
        assert lot["refusals"] == {"ALREADY_LEADING": 1}
        assert lot["state"]["price_minor"] == START
        assert "pause" in lot["acts"]
        assert told["next_end_ms"] == lot["state"]["end_ms"]
        page = await client.get(f"/desk/sessions/{session}/console")
        assert page.status_code == 200
        # Codes and counts, and nobody's name.
        assert lot["state"]["leader"] in page.text
        assert ">An<" not in page.text
        refused = presenter().text("vi", "live.refused.ALREADY_LEADING")
        assert refused in html.unescape(page.text)
        assert (await an.get(f"/desk/sessions/{session}/console")).status_code == 403


class Elsewhere:
    """Who follows a lot over another gateway: a bidder on two devices, and an onlooker."""

    def __init__(self, lot: int, bidder: int) -> None:
        self.lot, self.bidder = lot, bidder

    def followed(self) -> list[int]:
        return [self.lot]

    def bidders(self, lot: int) -> set[int]:
        return {self.bidder} if lot == self.lot else set()

    def viewers(self, lot: int) -> int:
        return 3 if lot == self.lot else 0


async def test_who_follows_over_another_gateway_counts_too(room: House) -> None:
    session = await session_of(room)
    (lot,) = room.lots
    redis = make_redis(room.settings.redis_url or "")
    async with (
        contextlib.aclosing(redis),
        room.signed_in("auctioneer") as client,
        room.live(await _ticket(room, "an")) as live,
    ):
        await live.say(t="watch", lot=lot)
        await live.hear("snapshot")
        path, wanted = f"/api/sessions/{session}/console", []
        for login in ("binh", "an"):
            crowd = Elsewhere(lot, room.people[login].id)
            other = Presence(redis, crowd, lambda: int(time.time() * 1000))
            await other.beat()
            present = (await client.get(path)).json()["lots"][0]["present"]
            wanted.append((present["here"], present["watching"]))
            crowd.lot = 0
            await other.beat()
        # Of the own gateway one bidder on one device; who is here and there is one person.
        assert wanted == [(2, 4), (1, 4)]


async def _ticket(house: House, login: str) -> str:
    async with house.signed_in(login) as client:
        return str((await client.post("/api/live-tickets")).json()["ticket"])


async def test_the_keys_can_be_switched_off(room: House) -> None:
    session = await session_of(room)
    path = f"/desk/sessions/{session}/console"
    async with room.signed_in("auctioneer") as client:
        assert 'data-key="p"' in (await client.get(path)).text
        done = await send(client, "/desk/console/keys", keys="off", back=path)
        assert (done.status_code, done.headers["location"]) == (303, path)
        assert 'data-key="p"' not in (await client.get(path)).text
        await send(client, "/desk/console/keys", keys="on", back="//evil.test")
        assert 'data-key="p"' in (await client.get(path)).text


# --- the whole session ------------------------------------------------------------------------


async def test_the_whole_session_stands_still_and_goes_on(room: House) -> None:
    session = await session_of(room, 2)
    base = f"/desk/sessions/{session}"
    async with room.signed_in("auctioneer") as client:
        asked = await send(client, f"{base}/acts", do="pause")
        assert asked.status_code == 200
        for lang in ("vi", "en"):
            said = presenter().text(lang, "console.follows.pause")
            assert said in html.unescape(asked.text)
        assert not await entries(room, session, "pause")
        done = await send(client, f"{base}/acts", do="pause", confirmed="1", reason="smoke")
        assert done.headers["location"] == f"{base}/console?did=pause"
        for lot in room.lots:
            await reaches(client, lot, "PAUSED")
        (noted,) = await entries(room, session, "pause")
        assert noted["account_id"] == room.people["auctioneer"].id
        assert noted["reason"] == "smoke"
        await send(client, f"{base}/acts", do="resume", confirmed="1")
        for lot in room.lots:
            await reaches(client, lot, "RUNNING")
        assert (await send(client, f"{base}/acts", do="dance")).status_code == 400


async def test_a_lot_closed_by_hand_is_closed_once_by_its_auctioneer(room: House) -> None:
    session = await session_of(room, 2, end_ms=None, closed_by="AUCTIONEER")
    lot, by_api = room.lots
    base = f"/desk/sessions/{session}"
    fields = {"do": "close", "lot": str(lot), "confirmed": "1", "reason": "nobody bids on"}
    async with room.signed_in("auctioneer") as client, room.signed_in("an") as an:
        assert (await bid(an, lot, START)).json()["t"] == "recorded"
        assert (await send(client, f"{base}/acts", do="close", lot=str(lot))).status_code == 200
        answers = await asyncio.gather(*(send(client, f"{base}/acts", **fields) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {303}
        (noted,) = await entries(room, session, "close")
        assert noted["reason"] == "nobody bids on"
        kinds = [e["kind"] for e in await journal(room.settings.database_url or "", lot)]
        assert kinds.count("lot.closed") == 1
        other = await session_of(room)
        late = await send(client, f"/desk/sessions/{other}/acts", **fields)
        assert late.status_code == 404
        for outcome in ("done", "already"):
            api = f"/api/sessions/{session}/lots/{by_api}/close"
            closed = await client.post(api, json={"reason": "nobody bids on"})
            assert closed.json()["lots"] == [
                {"lot": by_api, "outcome": outcome, "code": None, "text": None}
            ]
        assert len(await entries(room, session, "close")) == 2
        assert (await client.post(api, json={"reason": 7})).status_code == 400
        elsewhere = f"/api/sessions/{other}/lots/{lot}/close"
        assert (await client.post(elsewhere, json={})).status_code == 404
        fields["lot"] = str(room.lots[0])
        # A clock closes this one.
        refused = await send(client, f"/desk/sessions/{other}/acts", **fields)
        assert refused.status_code == 409
        clock = await client.post(f"/api/sessions/{other}/lots/{room.lots[0]}/close", json={})
        assert clock.json()["code"] == "NOT_YOURS_TO_CLOSE"
        assert not await entries(room, other, "close")


async def test_a_session_is_handed_over_when_the_colleague_takes_it(room: House) -> None:
    session = await session_of(room)
    (lot,) = room.lots
    base = f"/desk/sessions/{session}"
    to = str(room.people["colleague"].id)
    async with room.signed_in("auctioneer") as client, room.signed_in("colleague") as other:
        offered = await send(client, f"{base}/acts", do="offer", auctioneer=to, confirmed="1")
        assert offered.headers["location"].endswith("did=offer")
        again = await send(client, f"{base}/acts", do="offer", auctioneer=to, confirmed="1")
        assert again.status_code == 303
        assert len(await entries(room, session, "hand_over_offered")) == 1
        # Nothing has changed yet, and only the colleague can take it.
        assert not await entries(room, session, "hand_over")
        assert (await send(client, f"{base}/acts", do="take", confirmed="1")).status_code == 409
        assert 'value="take"' in (await other.get(f"{base}/console")).text
        taken = await asyncio.gather(
            *(send(other, f"{base}/acts", do="take", confirmed="1") for _ in range(2))
        )
        assert {answer.status_code for answer in taken} == {303}
        assert len(await entries(room, session, "hand_over")) == 1
        told = (await client.get(f"/api/sessions/{session}/console")).json()
        assert told["lots"][0]["auctioneer"] == "Colleague"
        assert "pause" not in told["lots"][0]["acts"]
        body = {"csrf": client.headers["X-CSRF-Token"], "act": "pause", "confirmed": "1"}
        late = await client.post(f"/lots/{lot}/acts", data={**body, "f_ground": "AUCTIONEER"})
        assert late.status_code == 409
        # One who is of another house is no colleague; nor is oneself.
        for wrong in (room.people["officer"].id, room.people["auctioneer"].id):
            answer = await send(
                client, f"{base}/acts", do="offer", auctioneer=str(wrong), confirmed="1"
            )
            assert answer.status_code in (400, 409), answer.status_code


async def test_a_session_is_handed_over_by_the_api(room: House) -> None:
    session = await session_of(room)
    path, to = f"/api/sessions/{session}", room.people["colleague"].id

    def act(name: str, **data: Any) -> dict[str, Any]:
        return {"act": name, "reason": "Ca chiều", "data": data}

    async with room.signed_in("auctioneer") as client, room.signed_in("colleague") as other:
        wrong = await other.post(f"{path}/acts", json=act("take_hand_over"))
        assert (wrong.status_code, wrong.json()["code"]) == (409, "NO_OFFER")
        for code, status, data in (
            ("BAD_FIELDS", 400, {}), ("BAD_FIELDS", 400, {"auctioneer": "x"}),
            ("NO_COLLEAGUE", 409, {"auctioneer": room.people["officer"].id}),
        ):  # fmt: skip
            wrong = await client.post(f"{path}/acts", json=act("offer_hand_over", **data))
            assert (wrong.status_code, wrong.json()["code"]) == (status, code)
        for name, who in (("decline_hand_over", other), ("take_hand_over", other)):
            offer = act("offer_hand_over", auctioneer=to)
            twice = await asyncio.gather(
                *(client.post(f"{path}/acts", json=offer) for _ in range(2))
            )
            assert [answer.json()["lots"] for answer in twice] == [[], []]
            told = (await other.get(f"{path}/console")).json()["offer"]
            assert (told["by"], told["to"]) == (room.people["auctioneer"].id, to)
            assert (told["by_name"], told["reason"]) == ("Auctioneer", "Ca chiều")
            done = await who.post(f"{path}/acts", json=act(name))
            assert done.status_code == 200, done.text
            assert (await client.get(f"{path}/console")).json()["offer"] is None
        assert done.json()["lots"][0]["outcome"] == "done"
        again = await other.post(f"{path}/acts", json=act("take_hand_over"))
        assert again.json()["lots"][0]["outcome"] == "already"
        told = (await client.get(f"{path}/console")).json()
        assert told["lots"][0]["auctioneer"] == "Colleague"
    assert len(await entries(room, session, "hand_over_offered")) == 2
    assert len(await entries(room, session, "hand_over")) == 1


async def test_an_offer_is_declined_or_taken_back(room: House) -> None:
    session = await session_of(room)
    base = f"/desk/sessions/{session}"
    to = str(room.people["colleague"].id)
    async with room.signed_in("auctioneer") as client, room.signed_in("colleague") as other:
        for who in (other, client):
            await send(client, f"{base}/acts", do="offer", auctioneer=to, confirmed="1")
            done = await send(who, f"{base}/acts", do="decline", confirmed="1")
            assert done.status_code == 303
            late = await send(other, f"{base}/acts", do="take", confirmed="1")
            assert late.status_code == 409
    assert len(await entries(room, session, "hand_over_declined")) == 2


# --- announcements ----------------------------------------------------------------------------


async def test_an_announcement_reaches_the_room_and_stays_on_record(room: House) -> None:
    session = await session_of(room, 2)
    first, second = room.lots
    base = f"/desk/sessions/{session}"
    text = {"text_vi": "Nghỉ <b>năm</b> phút.", "text_en": "Five minutes' break."}
    fields = {"key": str(uuid.uuid4()), **text, f"lot_{first}": "1"}
    async with (
        room.signed_in("auctioneer") as client,
        room.live() as live,
        room.live() as elsewhere,
    ):
        await live.say(t="watch", lot=first)
        await live.hear("snapshot")
        await elsewhere.say(t="watch", lot=second)
        await elsewhere.hear("snapshot")
        shown = await send(client, f"{base}/announcements", **fields)
        assert "Nghỉ &lt;b&gt;năm&lt;/b&gt; phút." in shown.text
        assert not await entries(room, session, "announce")
        for _ in range(2):
            done = await send(client, f"{base}/announcements", confirmed="1", **fields)
            assert done.headers["location"] == f"{base}/console?did=announced"
        (noted,) = await entries(room, session, "announce")
        assert noted["account_id"] == room.people["auctioneer"].id
        assert json.loads(noted["body"])["lots"] == [first]
        heard = await live.hear("announcements")
        assert heard["lot"] == first
        assert heard["said"][0]["text"] == {"vi": text["text_vi"], "en": text["text_en"]}
        # Who comes later gets it too; who looks at another lot does not.
        async with room.live() as late:
            await late.say(t="watch", lot=first)
            assert (await late.hear("announcements"))["said"] == heard["said"]
        await elsewhere.say(t="time", at=1)
        await elsewhere.hear("time")
        assert "announcements" not in {message["t"] for message in elsewhere.heard}
    async with room.browser() as nobody:
        page = await nobody.get(f"/lots/{first}")
        assert "Nghỉ &lt;b&gt;năm&lt;/b&gt; phút." in page.text
        assert "Nghỉ" not in (await nobody.get(f"/lots/{second}")).text
        record = (await nobody.get(f"/lots/{first}/record")).text
        assert "Five minutes&#39; break." in record
        told = (await nobody.get(f"/api/lots/{first}/announcements")).json()
        assert [one["text"]["vi"] for one in told["said"]] == [text["text_vi"]]


async def test_what_is_no_announcement_is_not_made(room: House) -> None:
    session = await session_of(room)
    (lot,) = room.lots
    path = f"/desk/sessions/{session}/announcements"
    key = str(uuid.uuid4())
    async with room.signed_in("auctioneer") as client, room.signed_in("an") as an:
        for fields in (
            {"key": key}, {"key": key, "text_vi": " \n "}, {"key": key, "text_en": "x" * 601},
            {"key": "7", "text_vi": "x"}, {"key": key, "text_vi": "x", "lot_4711": "1"},
        ):  # fmt: skip
            assert (await send(client, path, confirmed="1", **fields)).status_code == 422, fields
        api = f"/api/sessions/{session}/announcements"
        for body in ({"key": key, "text": {"fr": "x"}}, {"key": key, "text": "x"},
                     {"key": key, "text": {"vi": "x"}, "lots": ["x"]}):  # fmt: skip
            assert (await client.post(api, json=body)).status_code == 400
        assert (await an.post(api, json={"key": key, "text": {"vi": "x"}})).status_code == 403
        done = await client.post(api, json={"key": key, "text": {"en": "Only English."}})
        assert done.status_code == 200
        again = await client.post(api, json={"key": key, "text": {"en": "Only English."}})
        assert again.json() == done.json()
    assert len(await entries(room, session, "announce")) == 1
    with pytest.raises(asyncpg.PostgresError):
        await fetch(room, "DELETE FROM session_entry WHERE session_id = $1", session)
    async with room.browser() as nobody:
        # In the one language it was made in, marked as such.
        for _ in range(100):
            page = await nobody.get(f"/lots/{lot}")
            if "Only English." in page.text:
                break
            await asyncio.sleep(0.02)
        assert '<span lang="en">Only English.</span>' in page.text


# --- minutes ----------------------------------------------------------------------------------


async def announced(house: House) -> int:
    """A lot whose winner, Binh, has been announced."""
    await session_of(house, seconds=2.5)
    (lot,) = house.lots
    path = f"/desk/lots/{lot}/minutes"
    async with (
        house.signed_in("auctioneer") as client,
        house.signed_in("an") as an,
        house.signed_in("binh") as binh,
    ):
        await bid(an, lot, START)
        await bid(binh, lot, START + STEP)
        assert (await client.get(f"/api/lots/{lot}/minutes")).status_code == 404
        assert (await send(client, path)).status_code == 409
        await reaches(client, lot, "LEADER_DETERMINED")
        done = await client.post(f"/api/lots/{lot}/acts", json={"act": "announce"})
        assert done.status_code == 200
    return lot


async def test_minutes_are_drawn_up_once_from_the_journal(room: House) -> None:
    lot = await announced(room)
    path = f"/desk/lots/{lot}/minutes"
    async with room.signed_in("auctioneer") as client, room.signed_in("colleague") as other:
        draft = (await client.get(f"/api/lots/{lot}/minutes")).json()
        assert draft["drawn"] is False
        early = await send(
            client, f"{path}/sign", **{"as": "AUCTIONEER", "sha256": draft["sha256"]}
        )
        assert early.status_code == 409
        drawn = await asyncio.gather(send(client, path), send(other, path))
        assert {answer.status_code for answer in drawn} == {303}
        told = (await client.get(f"/api/lots/{lot}/minutes")).json()
        assert told["drawn"] is True
        body = (await client.get(f"{path}/file")).content
        assert hashlib.sha256(body).hexdigest() == told["sha256"]
        document = told["document"]
        assert document["result"]["price_minor"] == START + STEP
        assert document["counts"]["accepted"] == 2
        assert [one["bids"] for one in document["annexes"]["participants"]] == [1, 1]
        entry = (await journal(room.settings.database_url or "", lot))[told["seq"] - 1]
        assert entry["kind"] == "winner.announced"
        # No bidder's name is in what is kept; the winner's stands on the page beside the code.
        assert b"Binh" not in body
        page = (await client.get(path)).text
        assert "Binh" in page
        assert told["sha256"] in page
    assert len(await fetch(room, "SELECT 1 FROM minutes WHERE lot_id = $1", lot)) == 1
    with pytest.raises(asyncpg.PostgresError):
        await fetch(room, "UPDATE minutes SET body = 'x'")


async def test_two_of_the_house_sign_and_then_the_winner(room: House) -> None:
    lot = await announced(room)
    path = f"/desk/lots/{lot}/minutes"
    async with (
        room.signed_in("auctioneer") as client,
        room.signed_in("colleague") as other,
        room.signed_in("binh") as binh,
    ):
        told = (await client.post(f"/api/lots/{lot}/minutes")).json()
        sign = {"sha256": told["sha256"]}
        wrong = await send(client, f"{path}/sign", **{"as": "AUCTIONEER", "sha256": "0" * 64})
        assert wrong.status_code == 409
        for _ in range(2):
            done = await send(client, f"{path}/sign", **{"as": "AUCTIONEER", **sign})
            assert done.status_code == 303
        # Two signatures are two people's.
        both = await send(client, f"{path}/sign", **{"as": "RECORDER", **sign})
        assert both.status_code == 409
        api = f"/api/lots/{lot}/minutes/signatures"
        signed = await other.post(api, json={"as": "RECORDER", **sign})
        assert signed.status_code == 200
        assert [one["as"] for one in signed.json()["signatures"]] == ["AUCTIONEER", "RECORDER"]
        form = (await binh.get(f"/mine/lots/{lot}/sign")).text
        found = re.search(r'name="sha256" value="(\w+)"', form)
        assert found is not None
        assert found[1] == told["document"]["result"]["winner_document"]
        code = told["document"]["result"]["winner"]
        await send(binh, f"/mine/lots/{lot}/sign", sha256=found[1], code=code)
        await reaches(client, lot, "AWAIT_PAYMENT")
        last = (await client.get(f"/api/lots/{lot}/minutes")).json()
        assert [one["as"] for one in last["signatures"]] == ["AUCTIONEER", "RECORDER", "WINNER"]
        assert last["sha256"] == told["sha256"]


async def test_a_failed_auction_has_minutes_too(room: House) -> None:
    await session_of(room, seconds=1.5)
    (lot,) = room.lots
    async with room.signed_in("auctioneer") as client:
        await reaches(client, lot, "FAILED")
        told = (await client.post(f"/api/lots/{lot}/minutes")).json()
        assert told["document"]["result"] == {"kind": "FAILED", "code": "NO_BID"}
        page = await client.get(f"/desk/lots/{lot}/minutes")
        assert presenter().text("vi", "rules.failure.NO_BID") in html.unescape(page.text)
