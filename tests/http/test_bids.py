"""Bids over HTTP: one path with the live connection, one answer for one bid_id."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import httpx
import pytest
from house import CSRF, START, STEP, House, new_id

from auction_engine.desk import listing
from auction_engine.rules.parts import Confirm, Descent
from auction_engine.rules.terms import Terms

BIG = 2**53


async def post(client: httpx.AsyncClient, lot: int, amount: Any, bid_id: Any = None) -> Any:
    body = {"bid_id": bid_id or new_id(), "amount_minor": amount}
    return await client.post(f"/api/lots/{lot}/bids", json=body)


async def test_a_bid_is_recorded_or_refused_with_its_reason(house: House) -> None:
    lot, bid_id = house.lots[0], new_id()
    async with house.signed_in("an") as client:
        answer = await post(client, lot, START, bid_id)
        assert answer.status_code == 200
        told = answer.json()
        assert (told["t"], told["n"], told["amount_minor"]) == ("recorded", 1, START)
        assert (told["lot"], told["bid_id"], told["repeat"]) == (lot, bid_id, False)
        refused = (await post(client, lot, START + STEP)).json()
        assert (refused["t"], refused["reason"]) == ("refused", "ALREADY_LEADING")
        state = (await client.get(f"/api/lots/{lot}")).json()
        assert state["state"]["price_minor"] == START
        assert state["you"]["leading"] is True
        assert [bid["reason"] for bid in state["you"]["refused"]] == ["ALREADY_LEADING"]
        assert [bid["amount_minor"] for bid in state["bids"]] == [START]
    async with house.browser() as client:
        assert (await client.get(f"/api/lots/{lot}")).json()["you"] is None


async def test_the_same_bid_over_both_transports_is_one_bid(house: House) -> None:
    lot, bid_id = house.lots[0], new_id()
    async with house.signed_in("an") as client:
        first = (await post(client, lot, START, bid_id)).json()
        again = (await post(client, lot, START, bid_id)).json()
        assert again == first | {"repeat": True}
        ticket = (await client.post("/api/live-tickets")).json()["ticket"]
        async with house.live(ticket) as live:
            await live.hear("welcome")
            await live.say(t="watch", lot=lot)
            await live.hear("snapshot")
            await live.say(t="bid", lot=lot, bid_id=bid_id, amount_minor=START)
            assert await live.hear("recorded") == first | {"repeat": True}
            other = new_id()
            await live.say(t="bid", lot=lot, bid_id=other, amount_minor=START)
            over_live = await live.hear("refused")
        over_http = (await post(client, lot, START, other)).json()
        assert over_http == over_live | {"repeat": True}
        assert (await client.get(f"/api/lots/{lot}")).json()["state"]["n"] == 1


async def test_many_copies_at_once_are_one_bid(house: House) -> None:
    lot, bid_id = house.lots[0], new_id()
    async with house.signed_in("an") as client:
        answers = await asyncio.gather(*(post(client, lot, START, bid_id) for _ in range(10)))
        entries = {(a.json()["n"], a.json()["seq"], a.json()["at_ms"]) for a in answers}
        assert len(entries) == 1
        assert (await client.get(f"/api/lots/{lot}")).json()["state"]["n"] == 1


async def test_a_bid_id_belongs_to_one_bid(house: House) -> None:
    bid_id = new_id()
    async with house.signed_in("an") as client:
        await post(client, house.lots[0], START, bid_id)
        for lot, amount in ((house.lots[0], START + STEP), (house.lots[1], START)):
            answer = await post(client, lot, amount, bid_id)
            assert answer.status_code == 409
            assert answer.json()["code"] == "BID_ID_REUSED"
            assert answer.json()["bid_id"] == bid_id
        assert (await client.get(f"/api/lots/{house.lots[1]}")).json()["state"]["n"] == 0


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("4200000000.0", "BAD_AMOUNT_NOT_INTEGER"),
        ("4.2e9", "BAD_AMOUNT_NOT_INTEGER"),
        ("1e3", "BAD_AMOUNT_NOT_INTEGER"),
        ("true", "BAD_AMOUNT_NOT_INTEGER"),
        ("null", "BAD_AMOUNT_NOT_INTEGER"),
        ('"4200000000"', "BAD_AMOUNT_NOT_INTEGER"),
        ("[4200000000]", "BAD_AMOUNT_NOT_INTEGER"),
        ("1" + "0" * 400, "BAD_MESSAGE"),
        ("NaN", "BAD_MESSAGE"),
        ("Infinity", "BAD_MESSAGE"),
        ("0x10", "BAD_MESSAGE"),
        ("0", "BAD_AMOUNT_NOT_POSITIVE"),
        ("-1", "BAD_AMOUNT_NOT_POSITIVE"),
        ("-0", "BAD_AMOUNT_NOT_POSITIVE"),
        (str(BIG), "BAD_AMOUNT_TOO_LARGE"),
        (str(2**63), "BAD_AMOUNT_TOO_LARGE"),
        (str(2**64), "BAD_AMOUNT_NOT_INTEGER"),
    ],
)
async def test_what_is_not_money_is_said_to_be(house: House, amount: str, code: str) -> None:
    lot, bid_id = house.lots[0], new_id()
    body = f'{{"bid_id": "{bid_id}", "amount_minor": {amount}}}'
    async with house.signed_in("an") as client:
        answer = await client.post(
            f"/api/lots/{lot}/bids", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert (await client.get(f"/api/lots/{lot}")).json()["you"]["refused"] == []


async def test_malformed_bids_are_not_guessed_at(house: House) -> None:
    path = f"/api/lots/{house.lots[0]}/bids"
    good = {"bid_id": new_id(), "amount_minor": START}
    deep = b"[" * 10_000
    async with house.signed_in("an") as client:
        for body, code in (
            ([], "BAD_MESSAGE"),
            ({}, "BAD_MESSAGE"),
            (good | {"lot": 1}, "BAD_MESSAGE"),
            ({"bid_id": good["bid_id"]}, "BAD_MESSAGE"),
            (good | {"bid_id": 5}, "BAD_BID_ID"),
            (good | {"bid_id": "x"}, "BAD_BID_ID"),
            (good | {"bid_id": new_id().upper()}, "BAD_BID_ID"),
            (good | {"bid_id": new_id() + "\n"}, "BAD_BID_ID"),
        ):
            answer = await client.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (400, code), body
        for raw in (b"", b"{", deep, b'{"bid_id": "\xff"}', b"\x00"):
            answer = await client.post(
                path, content=raw, headers={"Content-Type": "application/json"}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "BAD_MESSAGE")
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = await client.post(path, content=b"{}", headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_TYPE")
        large = b'{"bid_id": "' + b"x" * 17_000
        as_json = {"Content-Type": "application/json"}
        answer = await client.post(path, content=large, headers=as_json)
        assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")

        async def in_pieces():  # type: ignore[no-untyped-def]
            for _ in range(20):
                yield b"x" * 1000

        answer = await client.post(path, content=in_pieces(), headers=as_json)
        assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


async def test_unknown_lots_and_strangers(house: House) -> None:
    await house.account("stranger", "bidder", admitted=False)
    async with house.signed_in("an") as client:
        for lot in (999_999, 2**62, 10**30):
            answer = await post(client, lot, START)
            assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_LOT")
    async with house.signed_in("stranger") as client:
        answer = await post(client, house.lots[0], START)
        assert answer.status_code == 200
        assert (answer.json()["t"], answer.json()["reason"]) == ("refused", "NOT_ADMITTED")
        you = (await client.get(f"/api/lots/{house.lots[0]}")).json()["you"]
        assert (you["admitted"], you["code"]) == (False, None)
        assert len(you["refused"]) == 1


async def test_one_account_cannot_flood(house: House) -> None:
    await house.account("binh", "bidder")
    burst = house.settings.limits.messages_burst
    async with house.signed_in("an") as client, house.signed_in("binh") as other:
        answers = await asyncio.gather(*(post(client, house.lots[0], 1) for _ in range(burst * 2)))
        limited = [a for a in answers if a.status_code == 429]
        assert limited
        assert limited[0].json()["code"] == "RATE_LIMITED"
        assert limited[0].headers["retry-after"] == "1"
        assert (await post(other, house.lots[0], START)).json()["t"] == "recorded"
        refused = (await client.get(f"/api/lots/{house.lots[0]}")).json()["you"]["refused"]
        assert 0 < len(refused) <= burst * 2 - len(limited)


async def test_a_recorder_that_is_away_is_not_taken_for_a_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says that the outcome is not known; the same bid_id later gets the answer."""
    from auction_engine.bidding import recorder
    from auction_engine.http import bidding

    monkeypatch.setattr(bidding, "_ANSWER_S", 0.5)
    assert house.recorder is not None
    house.recorder.cancel()
    await asyncio.gather(house.recorder, return_exceptions=True)
    lot, bid_id = house.lots[0], new_id()
    async with house.signed_in("an") as client:
        answer = await post(client, lot, START, bid_id)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNANSWERED")
        assert answer.headers["retry-after"]
        page = await form(client, lot, "4.200.000.000", bid_id)
        assert page.status_code == 503
        assert f'name="bid_id" value="{bid_id}"' in page.text
        assert 'value="4.200.000.000"' in page.text
        assert "counts once" in page.text
        assert "outcome--busy" not in page.text  # that would say: nothing was recorded
        assert '<p class="outcome__title">Not known yet</p>' in page.text
        monkeypatch.undo()
        again = asyncio.create_task(recorder.own_shard(house.settings, 0))
        try:
            answer = await post(client, lot, START, bid_id)
            assert answer.json()["t"] == "recorded"
            # The answer may come from the ledger; the lot's view is read from there just after.
            count = 0
            async with asyncio.timeout(10):
                while count == 0:
                    await asyncio.sleep(0.02)
                    count = (await client.get(f"/api/lots/{lot}")).json()["state"]["n"]
            assert count == 1
        finally:
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)


# --- the form of a browser without JavaScript ------------------------------------------------


async def form(
    client: httpx.AsyncClient, lot: int, amount: str, bid_id: str | None = None, **more: str
) -> httpx.Response:
    drawn = (await client.get(f"/lots/{lot}?lang=en")).text
    csrf, own = CSRF.search(drawn), re.search(r'name="bid_id" value="([^"]+)"', drawn)
    assert csrf is not None
    assert own is not None
    fields = {"csrf": csrf[1], "bid_id": bid_id or own[1], "amount": amount, **more}
    return await client.post(f"/lots/{lot}/bids", data=fields)


async def test_a_bid_by_form_is_answered_with_the_room(house: House) -> None:
    lot = house.lots[0]
    async with house.signed_in("an") as client:
        answer = await form(client, lot, "4.200.000.000")
        assert answer.status_code == 200
        assert "Recorded as no. 1" in answer.text
        assert "You lead" in answer.text
        assert 'class="outcome outcome--recorded"' in answer.text
        answer = await form(client, lot, "4,250,000,000 đ")
        assert "The highest bid is already yours" in answer.text
        state = (await client.get(f"/api/lots/{lot}")).json()
        assert state["state"]["n"] == 1
        assert [bid["amount_minor"] for bid in state["you"]["refused"]] == [START + STEP]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "4,2 tỷ",
        "1e9",
        "-5",
        "NaN",
        "4.2",
        "0",
        "9" * 40,
        "٤٢٠٠",
        "<script>alert(1)</script>",
    ],
)
async def test_a_typed_amount_that_is_not_one_is_given_back(house: House, typed: str) -> None:
    lot = house.lots[0]
    async with house.signed_in("an") as client:
        answer = await form(client, lot, typed)
        assert answer.status_code == 400
        assert "outcome--error" in answer.text
        assert "<script>alert" not in answer.text
        state = (await client.get(f"/api/lots/{lot}")).json()
        assert state["state"]["n"] == 0
        assert state["you"]["refused"] == []


async def test_the_form_sent_twice_is_one_bid(house: House) -> None:
    lot, bid_id = house.lots[0], new_id()
    async with house.signed_in("an") as client:
        for _ in range(2):
            answer = await form(client, lot, str(START), bid_id)
            assert "Recorded as no. 1" in answer.text
        answer = await form(client, lot, str(START + STEP), bid_id)
        assert answer.status_code == 409
        assert "already sent another bid" in answer.text


async def test_forms_are_read_to_the_letter(house: House) -> None:
    path = f"/lots/{house.lots[0]}/bids"
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    async with house.signed_in("an") as client:
        csrf = client.headers["X-CSRF-Token"]
        for body, status in (
            (f"csrf={csrf}&amount=1&amount=2&bid_id={new_id()}", 400),
            (f"csrf={csrf}&amount=%ff&bid_id={new_id()}", 400),
            ("&".join(f"a{n}=1" for n in range(50)), 400),
            ("a=" + "x" * 20_000, 413),
            (f"csrf={csrf}&amount=1&bid_id=x", 400),
            (f"csrf={csrf}", 400),
        ):
            answer = await client.post(path, content=body, headers=urlencoded)
            assert answer.status_code == status, body[:80]
            assert "<html" in answer.text
        answer = await client.post(path, json={"csrf": csrf})
        assert answer.status_code == 415


# --- falling prices, maxima and confirmations, in words and without JavaScript ----------------


async def put_up(house: House, **params: Any) -> int:
    """A lot with a life, open, with everybody admitted."""
    terms = Terms(min_participants=1, single_bidder="ALWAYS")
    (lot,) = await house.put_up(1, **({"extension": None, "terms": terms} | params))
    for person in house.people.values():
        if person.role == "bidder":
            await listing.admit(house.log, house.shard(lot), lot, person.id)
    await house.is_open(lot)
    return lot


async def falling(house: House, interval_ms: int = 600_000) -> int:
    """From START by STEP to the floor, one price in ten minutes."""
    return await put_up(
        house, method="DESCENDING", end_ms=None, start_ms=int(time.time() * 1000) + 500,
        descent=Descent("LINEAR", interval_ms, floor_minor=START - 4 * STEP, step_minor=STEP),
    )  # fmt: skip


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


async def test_the_form_accepts_the_price_and_step_it_was_drawn_with(house: House) -> None:
    await house.account("binh", "bidder")
    lot = await falling(house)
    async with house.signed_in("an") as first, house.signed_in("binh") as second:
        page = (await first.get(f"/lots/{lot}?lang=en")).text
        assert (hidden(page, "step"), hidden(page, "amount")) == ("0", str(START))
        assert "Accept VND\N{NO-BREAK SPACE}4,200,000,000" in page
        assert 'name="amount" inputmode' not in page
        await second.get(f"/lots/{lot}?lang=en")

        # A step that is not the present one is refused at whatever price, never re-priced.
        stale = await form(second, lot, str(START - STEP), step="1")
        assert "Refused: VND\N{NO-BREAK SPACE}4,150,000,000" in stale.text
        assert "the price was VND\N{NO-BREAK SPACE}4,200,000,000 already" in stale.text
        mixed = await form(second, lot, str(START - STEP), step="0")
        assert "your acceptance does not bind you" in mixed.text

        won = await form(first, lot, str(START), step="0")
        assert "Recorded as no. 1" in won.text
        assert "standing--first" in won.text
        assert "Provisional result" in won.text
        # No form is left, so the second acceptance comes from a page drawn before.
        csrf = second.headers["X-CSRF-Token"]
        fields = {"csrf": csrf, "bid_id": new_id(), "amount": str(START), "step": "0"}
        late = (await second.post(f"/lots/{lot}/bids", data=fields)).text
        assert "Somebody else&#39;s acceptance was recorded before yours." in late
        bids = (await second.get(f"/api/lots/{lot}")).json()
        own_ms, first_ms = bids["you"]["refused"][0]["at_ms"], bids["bids"][0]["at_ms"]
        for at_ms in (own_ms, first_ms):
            assert f".{at_ms % 1000:03d}</td>" in late
        assert (f"{own_ms - first_ms} ms later" in late) or own_ms == first_ms
        # And it stays with him, on every later page.
        later = (await second.get(f"/lots/{lot}?lang=en")).text
        assert "standing--late" in later
        again = (await first.get(f"/lots/{lot}?lang=en")).text
        assert re.search(r"the next came (at .* ms later|in the same millisecond)", again)


@pytest.mark.parametrize("step", ["", "-1", "1.5", "x", "٣", "9" * 12])
async def test_a_step_that_is_none_is_not_guessed_at(house: House, step: str) -> None:
    lot = await falling(house)
    async with house.signed_in("an") as client:
        answer = await form(client, lot, str(START), step=step)
        assert answer.status_code == 400
        assert (await client.get(f"/api/lots/{lot}")).json()["you"]["refused"] == []


async def test_the_form_offers_the_nearest_amounts_between_two_steps(house: House) -> None:
    lot = await put_up(house, increment_rule="FROM_START_MULTIPLE")
    async with house.signed_in("an") as client:
        answer = (await form(client, lot, str(START + STEP + 1))).text
        assert "The amount lies between two steps" in answer
        assert re.findall(r'name="choose" value="(\d+)"', answer) == [
            str(START + STEP), str(START + 2 * STEP)
        ]  # fmt: skip
        chosen = await form(client, lot, "", choose=str(START + 2 * STEP))
        assert "Recorded as no. 1" in chosen.text


async def test_an_unusual_amount_is_confirmed_in_the_form_and_then_taken(house: House) -> None:
    lot = await put_up(house, confirm=Confirm(30_000, None))
    amount = START * 3 + STEP
    async with house.signed_in("an") as client:
        asked = (await form(client, lot, str(amount))).text
        assert "it has not been recorded yet" in asked
        assert f'name="confirmed" value="{amount}"' in asked
        assert f'value="{amount}"' in asked
        assert "twelve billion six hundred and fifty million Vietnamese dong" in asked
        assert "3 times the current price" in asked
        # Confirmed is what was read, not what stands in the field by then.
        other = (await form(client, lot, str(amount + STEP), confirmed=str(amount))).text
        assert "it has not been recorded yet" in other
        taken = (await form(client, lot, str(amount), confirmed=str(amount))).text
        assert "Recorded as no. 1" in taken


async def test_a_secret_maximum_by_form(house: House) -> None:
    await house.account("binh", "bidder")
    lot = await put_up(house, automatic_bids=True)
    maximum = START + 9 * STEP
    async with house.signed_in("an") as first, house.signed_in("binh") as second:
        page = (await first.get(f"/lots/{lot}?lang=en")).text
        assert "nobody else sees it" in page
        told = (await form(first, lot, str(maximum), automatic="1")).text
        assert "Maximum recorded at" in told
        assert "up to VND\N{NO-BREAK SPACE}4,650,000,000. Only you see this." in told
        answer = await form(second, lot, str(START + STEP), automatic="0")
        assert "Recorded as no. 2" in answer.text
        assert "Outbid" in answer.text
        assert "automatic</span>" in answer.text
        for path in (f"/lots/{lot}?lang=en", f"/api/lots/{lot}", f"/lots/{lot}/record"):
            text = (await second.get(path)).text
            assert str(maximum) not in text
            assert "4,650,000,000" not in text
        lower = await form(first, lot, str(maximum), automatic="1")
        assert "not above the one you have set" in lower.text


async def test_the_api_takes_what_a_bid_says_beside_its_amount(house: House) -> None:
    lot = await falling(house)
    async with house.signed_in("an") as client:
        body = {"bid_id": new_id(), "amount_minor": START}
        told = (await client.post(f"/api/lots/{lot}/bids", json=body)).json()
        assert told["reason"] == "STALE_PRICE"
        for wrong in ({"step": "0"}, {"step": -1}, {"step": True}, {"more": 1}):
            answer = await client.post(
                f"/api/lots/{lot}/bids", json=body | {"bid_id": new_id()} | wrong
            )
            assert answer.status_code == 400, wrong
        body = {"bid_id": new_id(), "amount_minor": START, "step": 0}
        told = (await client.post(f"/api/lots/{lot}/bids", json=body)).json()
        assert (told["t"], told["n"]) == ("recorded", 1)
