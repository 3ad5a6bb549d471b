"""People act over HTTP: each as what he is, once, and nobody learns of others."""

from __future__ import annotations

import asyncio
import time
from typing import Any, get_args

import httpx
import pytest
from bidding.harness import journal
from house import START, STEP, House, new_id

from auction_engine.bidding import recorder
from auction_engine.bidding.client import LogClient
from auction_engine.desk import listing
from auction_engine.http import acting
from auction_engine.identity.access import BY_THE_BOOKS, LIFE_ROLES, Forbidden, LifeRole, acting_as
from auction_engine.identity.accounts import ROLES
from auction_engine.rules.lifecycle import BY_ACT, ROWS
from auction_engine.rules.params import LotParams
from auction_engine.rules.terms import Terms

LOGINS = {
    "bidder": "an", "organisation": "auctioneer", "officer": "officer", "procurator": "procurator",
}  # fmt: skip
# Written out a second time on purpose: a slip in the table must not also be the test's.
ACTS_AS = {
    "bidder": {"BIDDER"},
    "organisation": {"AUCTIONEER", "ORGANISATION", "RECORDER"},
    "officer": {"AGENCY"},
    "procurator": set[str](),
}
TERMS = Terms(deposit_minor=STEP, single_after_failures=0)


async def act(
    client: httpx.AsyncClient, lot: int, name: str, reason: str | None = None, **more: Any
) -> httpx.Response:
    """Ask for an act; `as_` is `as`, everything else goes into `data`."""
    body: dict[str, Any] = {"act": name}
    if reason is not None:
        body["reason"] = reason
    if "as_" in more:
        body["as"] = more.pop("as_")
    if more:
        body["data"] = more
    return await client.post(f"/api/lots/{lot}/acts", json=body)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", answer.json()["t"])


async def status(client: httpx.AsyncClient, lot: int) -> str:
    return str((await client.get(f"/api/lots/{lot}/acts")).json()["status"])


async def reaches(client: httpx.AsyncClient, lot: int, wanted: str) -> None:
    for _ in range(300):
        if await status(client, lot) == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"lot {lot} did not become {wanted}")


async def with_terms(house: House, seconds: float = 600, count: int = 1) -> list[int]:
    """New lots whose life goes on after the bidding, open for so long."""
    end_ms = int((time.time() + seconds) * 1000)
    lots = await house.put_up(count, terms=TERMS, extension=None, end_ms=end_ms)
    for person in house.people.values():
        if person.role == "bidder":
            for lot in lots:
                await listing.admit(house.log, house.shard(lot), lot, person.id)
    for lot in lots:
        await house.is_open(lot)
    return lots


async def bid(client: httpx.AsyncClient, lot: int, amount: int) -> None:
    body = {"bid_id": new_id(), "amount_minor": amount}
    answer = await client.post(f"/api/lots/{lot}/bids", json=body)
    assert answer.json()["t"] == "recorded", answer.text


# --- who may act as what --------------------------------------------------------------------


def test_the_table_of_who_acts_as_what() -> None:
    assert {role: set(as_) for role, as_ in LIFE_ROLES.items()} == ACTS_AS
    assert set(LIFE_ROLES) == set(ROLES)
    for name, row in BY_ACT.items():
        for role in ROLES:
            # Nobody says by hand that money is there.
            roles = () if name in BY_THE_BOOKS else row.roles
            possible = [as_ for as_ in roles if as_ in ACTS_AS[role]]
            if possible:
                assert acting_as(role, name, row.roles, None) == possible[0]
            else:
                with pytest.raises(Forbidden):
                    acting_as(role, name, row.roles, None)
            for wanted in (*get_args(LifeRole), "x"):
                if wanted in possible:
                    assert acting_as(role, name, row.roles, wanted) == wanted
                else:
                    with pytest.raises(Forbidden):
                        acting_as(role, name, row.roles, wanted)


@pytest.mark.parametrize("role", ROLES)
async def test_every_act_for(house: House, role: str) -> None:
    """Whoever may not act so is refused with 403 whatever the lot; others get the rules' word."""
    (lot,) = await with_terms(house)
    async with house.signed_in(LOGINS[role]) as client:
        for name, row in BY_ACT.items():
            await asyncio.sleep(0.06)  # an account has so many messages a second
            answer = await act(client, lot, name)
            if name not in BY_THE_BOOKS and set(row.roles) & ACTS_AS[role]:
                assert answer.status_code in (200, 400, 409), (name, answer.text)
            else:
                assert told(answer) == (403, "FORBIDDEN"), name
            wrong = "AGENCY" if role != "officer" else "AUCTIONEER"
            await asyncio.sleep(0.06)
            answer = await act(client, lot, name, as_=wrong)
            assert told(answer) == (403, "FORBIDDEN"), name


async def test_the_default_role_and_a_chosen_one_are_recorded(house: House) -> None:
    first, second = await with_terms(house, count=2)
    async with house.signed_in("auctioneer") as client:
        for lot, as_ in ((first, None), (second, "ORGANISATION")):
            more = {} if as_ is None else {"as_": as_}
            answer = await act(client, lot, "report_incident", "smoke", what="power cut", **more)
            assert told(answer) == (200, "done")
            entry = (await journal(house.settings.database_url or "", lot))[-1]
            assert entry["kind"] == "incident.reported"
            assert entry["seq"] == answer.json()["seq"]
            data = entry["data"]
            assert data["by"] == house.people["auctioneer"].id
            assert data["role"] == (as_ or "AUCTIONEER")
            assert (data["reason"], data["what"]) == ("smoke", "power cut")


# --- what is asked --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "BAD_MESSAGE"),
        ({"act": 5}, "BAD_MESSAGE"),
        ({"act": None}, "BAD_MESSAGE"),
        ({"act": "pause", "as": 5}, "BAD_MESSAGE"),
        ({"act": "pause", "reason": ["x"]}, "BAD_MESSAGE"),
        ({"act": "pause", "data": "x"}, "BAD_MESSAGE"),
        ({"act": "pause", "data": []}, "BAD_MESSAGE"),
        ({"act": "pause", "actor": 1}, "BAD_MESSAGE"),
        ([], "BAD_MESSAGE"),
        ("pause", "BAD_MESSAGE"),
        ({"act": "dance"}, "UNKNOWN_ACT"),
        ({"act": ""}, "UNKNOWN_ACT"),
        ({"act": "pause"}, "BAD_FIELDS"),
        ({"act": "pause", "data": {"ground": 5}}, "BAD_FIELDS"),
        ({"act": "pause", "data": {"ground": "AUCTIONEER", "more": 1}}, "BAD_FIELDS"),
        ({"act": "pause", "data": {"ground": {"deep": [1]}}}, "BAD_FIELDS"),
        ({"act": "pause", "data": {"ground": "AUCTIONEER"}, "reason": "x" * 3000}, "BAD_FIELDS"),
        ({"act": "pause", "data": {"ground": "AUCTIONEER"}, "reason": "\u0000"}, "BAD_FIELDS"),
        ({"act": "disqualify", "data": {"bidder": "B-XXX", "ground": "x"}}, "UNKNOWN_BIDDER"),
        ({"act": "appoint", "data": {"auctioneer": 2**70}}, "BAD_FIELDS"),
    ],
)
async def test_what_is_not_understood_is_not_recorded(house: House, body: Any, code: str) -> None:
    lot = house.lots[0]
    before = await journal(house.settings.database_url or "", lot)
    async with house.signed_in("auctioneer") as client:
        answer = await client.post(f"/api/lots/{lot}/acts", json=body)
        assert told(answer) == (400, code)
    assert await journal(house.settings.database_url or "", lot) == before


async def test_bodies_are_bounded_and_of_one_type(house: House) -> None:
    path = f"/api/lots/{house.lots[0]}/acts"
    async with house.signed_in("auctioneer") as client:
        assert (await client.post(path, content=b"act=pause")).status_code == 415
        json = {"Content-Type": "application/json"}
        for content, expected in ((b"{", 400), (b'{"act":"' + b"x" * 20_000 + b'"}', 413)):
            answer = await client.post(path, content=content, headers=json)
            assert answer.status_code == expected
        for lot in (0, 4711, 2**70):
            answer = await act(client, lot, "pause", ground="AUCTIONEER")
            assert told(answer) == (404, "UNKNOWN_LOT")
            assert (await client.get(f"/api/lots/{lot}/acts")).status_code == 404


async def test_acts_need_the_csrf_token_and_a_signed_in_account(house: House) -> None:
    lot = house.lots[0]
    body = {"act": "pause", "data": {"ground": "AUCTIONEER"}}
    async with house.signed_in("auctioneer") as client, house.browser() as nobody:
        session = (await client.get("/api/lots")).json()["session"]["id"]
        for path, wanted in (
            (f"/api/lots/{lot}/acts", body), (f"/api/sessions/{session}/acts", {"act": "pause"}),
        ):  # fmt: skip
            for token in ("", "x"):
                answer = await client.post(path, json=wanted, headers={"X-CSRF-Token": token})
                assert told(answer) == (403, "BAD_CSRF")
            answer = await client.post(path, json=wanted, headers={"Origin": "https://evil.test"})
            assert told(answer) == (403, "WRONG_ORIGIN")
            assert told(await nobody.post(path, json=wanted)) == (401, "SIGN_IN_NEEDED")
        assert (await nobody.get(f"/api/lots/{lot}/acts")).status_code == 401
        assert await status(client, lot) == "RUNNING"


async def test_an_account_acts_only_so_often(house: House) -> None:
    lot = house.lots[0]
    async with house.signed_in("an") as client:
        answers = await asyncio.gather(*(act(client, lot, "refuse_win") for _ in range(60)))
        assert 429 in {answer.status_code for answer in answers}


# --- a lot's life ---------------------------------------------------------------------------


async def test_from_the_bidding_to_the_payment(house: House) -> None:
    """Each by his own account: bids, announcement, minutes, payment, delivery."""
    await house.account("binh", "bidder")
    (lot,) = await with_terms(house, 2.5)
    async with (
        house.signed_in("an") as an,
        house.signed_in("binh") as binh,
        house.signed_in("auctioneer") as auctioneer,
        house.signed_in("officer") as officer,
    ):
        await bid(an, lot, START)
        await bid(binh, lot, START + STEP)
        await reaches(auctioneer, lot, "LEADER_DETERMINED")
        for step, (client, name, more) in enumerate(
            (
                (auctioneer, "announce", {}),
                (auctioneer, "sign_minutes", {"as": "AUCTIONEER"}),
                (auctioneer, "sign_minutes", {"as": "RECORDER", "as_": "RECORDER"}),
                (binh, "sign_minutes", {"as": "WINNER"}),
                (officer, "record_payment", {"amount_minor": START, "reference": "T1"}),
                (officer, "deliver", {}),
            )
        ):
            answer = await act(client, lot, name, **more)
            assert told(answer) == (200, "done"), (step, answer.text)
        assert await status(officer, lot) == "DELIVERED"
        # The loser is not the winner, whatever he asks for.
        assert told(await act(an, lot, "refuse_win")) == (409, "WRONG_STATUS")


async def test_a_bidder_acts_for_himself(house: House) -> None:
    binh = await house.account("binh", "bidder")
    (lot,) = await with_terms(house)
    async with house.signed_in("an") as an, house.signed_in("binh") as other:
        assert told(await act(an, lot, "withdraw_bid")) == (409, "NO_BID")
        await bid(an, lot, START)
        await bid(other, lot, START + STEP)
        answer = await act(an, lot, "withdraw_bid", bidder=binh.id)
        assert told(answer) == (400, "BAD_FIELDS")
        answer = await act(an, lot, "withdraw_bid")
        assert told(answer) == (200, "done")
        entry = (await journal(house.settings.database_url or "", lot))[-1]
        assert entry["data"]["by"] == house.people["an"].id
        assert entry["data"]["role"] == "BIDDER"
        state = (await other.get(f"/api/lots/{lot}")).json()
        assert state["you"]["leading"] is True


async def test_a_desk_names_a_bidder_by_his_code(house: House) -> None:
    (lot,) = await with_terms(house)
    async with house.signed_in("an") as an, house.signed_in("auctioneer") as client:
        code = (await an.get(f"/api/lots/{lot}")).json()["you"]["code"]
        answer = await act(client, lot, "disqualify", "shouts", bidder=code, ground="DISORDER")
        assert told(answer) == (200, "done")
        entry = (await journal(house.settings.database_url or "", lot))[-1]
        assert entry["data"]["bidder"] == house.people["an"].id


async def test_a_file_not_published_yet_is_no_bidder_s_business(house: House) -> None:
    lots = await house.put_up(1)
    now_ms = int(time.time() * 1000)
    session = await listing.create_session(
        house.engine, {"vi": "x", "en": "x"}, house.organisation, house.agency
    )
    ((lot, shard),) = await listing.create_lots(house.engine, session, [{}], 1)
    params = LotParams("VND", 0, START, STEP, now_ms + 3_600_000, now_ms + 7_200_000)
    await house.log.draft_lot(shard, lot, params)
    async with house.signed_in("an") as an, house.signed_in("officer") as officer:
        for answer in (await act(an, lot, "register"), await an.get(f"/api/lots/{lot}/acts")):
            assert told(answer) == (404, "UNKNOWN_LOT")
        assert (await an.get(f"/api/lots/{lots[0]}/acts")).status_code == 200
        names = [one["act"] for one in (await officer.get(f"/api/lots/{lot}/acts")).json()["acts"]]
        assert {"contract", "withdraw_lot"} <= set(names)
        assert told(await act(officer, lot, "contract")) == (200, "done")
        assert await status(officer, lot) == "CONTRACTED"


async def test_a_bidder_is_told_of_nobody_else(house: House) -> None:
    binh = await house.account("binh", "bidder")
    (lot,) = await with_terms(house)
    async with house.signed_in("an") as an, house.signed_in("binh") as other:
        await bid(other, lot, START)
        for answer in (
            await an.get(f"/api/lots/{lot}/acts"),
            await act(an, lot, "withdraw_bid"),
            await act(an, lot, "refuse_win"),
            await act(an, lot, "claim_force_majeure", "ill"),
        ):
            assert str(binh.id) not in str(answer.json().get("data", ""))
            assert "binh" not in answer.text.lower()
        mine = {one["act"] for one in (await an.get(f"/api/lots/{lot}/acts")).json()["acts"]}
        his = {one["act"] for one in (await other.get(f"/api/lots/{lot}/acts")).json()["acts"]}
        assert his - mine == {"withdraw_bid"}


# --- once -----------------------------------------------------------------------------------


async def test_sent_twice_at_once_it_is_one_event(house: House) -> None:
    (lot,) = await with_terms(house)
    for name, more in (
        ("pause", {"ground": "AUCTIONEER"}),
        ("hold", {"ground": "COMPLAINT"}),  # the status stays: the rules would take it twice
        ("appoint", {"auctioneer": house.people["auctioneer"].id}),
    ):
        async with house.signed_in("auctioneer") as one, house.signed_in("auctioneer") as two:
            answers = await asyncio.gather(
                *(act(client, lot, name, "r", **more) for client in (one, two) for _ in range(3))
            )
        assert {answer.status_code for answer in answers} == {200}
        assert sorted(answer.json()["repeat"] for answer in answers) == [False] + [True] * 5
        assert len({answer.json()["seq"] for answer in answers}) == 1
        entries = await journal(house.settings.database_url or "", lot)
        assert [e["kind"] for e in entries].count(BY_ACT[name].event) == 1


async def test_two_who_want_the_same_are_told_apart(house: House) -> None:
    (lot,) = await with_terms(house)
    await house.account("second", "organisation")
    async with house.signed_in("auctioneer") as one, house.signed_in("second") as two:
        answers = await asyncio.gather(
            *(act(client, lot, "pause", ground="AUCTIONEER") for client in (one, two))
        )
        assert sorted(told(answer) for answer in answers) == [(200, "done"), (409, "WRONG_STATUS")]


async def test_a_recorder_that_is_away_is_not_taken_for_a_refusal(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 says that the outcome is not known; the very same sent again counts once."""
    (lot,) = await with_terms(house)
    assert house.recorder is not None
    house.recorder.cancel()
    await asyncio.gather(house.recorder, return_exceptions=True)

    async def unheard(self: LogClient, shard: int) -> float:
        return 0.0

    monkeypatch.setattr(LogClient, "probe", unheard)  # the act itself gets into the inbox
    async with house.signed_in("auctioneer") as client:
        answer = await asyncio.wait_for(act(client, lot, "hold", "r", ground="COMPLAINT"), 20)
        assert answer.status_code == 503
        assert answer.json()["code"] in ("UNAVAILABLE", "UNANSWERED")
        assert answer.headers["retry-after"]
        monkeypatch.undo()
        again = asyncio.create_task(recorder.own_shard(house.settings, 0))
        try:
            for _ in range(20):
                answer = await act(client, lot, "hold", "r", ground="COMPLAINT")
                if answer.status_code == 200:
                    break
                await asyncio.sleep(0.5)
            assert answer.json()["repeat"] is True
        finally:
            again.cancel()
            await asyncio.gather(again, return_exceptions=True)
    entries = await journal(house.settings.database_url or "", lot)
    assert [e["kind"] for e in entries].count("hold.placed") == 1


# --- the table ------------------------------------------------------------------------------


async def test_the_table_of_acts_is_that_of_the_rules(house: House) -> None:
    async with house.browser() as client:
        table = (await client.get("/api/acts")).json()["acts"]
    rows = {row["act"]: row for row in table}
    assert list(rows) == [row.act for row in ROWS if row.act is not None]
    for name, row in rows.items():
        assert row["roles"] == list(BY_ACT[name].roles)
        assert row["sources"] == list(BY_ACT[name].sources)
        assert [need["name"] for need in row["needs"]] == list(BY_ACT[name].guards)
    (ground,) = rows["stop"]["fields"]
    assert ground["needed"] is True
    assert "ENOUGH_PROCEEDS" in ground["choices"]


async def test_what_is_offered_follows_the_lot(house: House) -> None:
    (lot,) = await with_terms(house)

    async def offered(client: httpx.AsyncClient) -> set[tuple[str, str]]:
        answer = (await client.get(f"/api/lots/{lot}/acts")).json()
        return {(one["act"], one["as"]) for one in answer["acts"]}

    async with house.signed_in("auctioneer") as house_, house.signed_in("officer") as officer:
        assert ("pause", "AUCTIONEER") in await offered(house_)
        assert ("pause", "AGENCY") in await offered(officer)
        assert ("resume", "AUCTIONEER") not in await offered(house_)
        assert told(await act(house_, lot, "pause", ground="AUCTIONEER")) == (200, "done")
        await reaches(house_, lot, "PAUSED")
        assert ("resume", "AUCTIONEER") in await offered(house_)
        assert ("pause", "AUCTIONEER") not in await offered(house_)
        assert not {as_ for _, as_ in await offered(officer)} - {"AGENCY"}


# --- whole sessions -------------------------------------------------------------------------


async def ask(client: httpx.AsyncClient, session: int, name: str, **more: Any) -> httpx.Response:
    return await client.post(f"/api/sessions/{session}/acts", json={"act": name, **more})


async def test_a_session_is_paused_resumed_and_handed_over(house: House) -> None:
    first, second = await with_terms(house, count=2)
    other = await house.account("second", "organisation")
    async with house.signed_in("auctioneer") as client:
        session = (await client.get("/api/lots")).json()["session"]["id"]
        for name, more, expected in (
            ("pause", {"reason": "smoke"}, "PAUSED"),
            ("resume", {}, "RUNNING"),
            ("hand_over", {"data": {"auctioneer": other.id}}, "RUNNING"),
        ):
            for outcome in ("done", "already"):
                answer = await ask(client, session, name, **more)
                assert answer.status_code == 200
                blank = {"code": None, "text": None}
                assert answer.json() == {
                    "t": "done", "session": session,
                    "lots": [{"lot": lot, "outcome": outcome, **blank} for lot in (first, second)],
                }  # fmt: skip
            for lot in (first, second):
                await reaches(client, lot, expected)
        answer = await ask(client, session, "pause")
        assert {lot["code"] for lot in answer.json()["lots"]} == {"NOT_THE_AUCTIONEER"}
    async with house.signed_in("second") as client:
        answer = await ask(client, session, "pause")
        assert {lot["outcome"] for lot in answer.json()["lots"]} == {"done"}


async def test_what_a_session_does_not_know(house: House) -> None:
    async with house.signed_in("auctioneer") as client:
        session = (await client.get("/api/lots")).json()["session"]["id"]
        bidder = house.people["an"].id
        for where, name, data, expected in (
            (session, "dance", None, (400, "UNKNOWN_ACT")),
            (session, "pause", {"x": 1}, (400, "BAD_FIELDS")),
            (session, "hand_over", None, (400, "BAD_FIELDS")),
            (session, "hand_over", {"auctioneer": "x"}, (400, "BAD_FIELDS")),
            (session, "hand_over", {"auctioneer": bidder}, (400, "BAD_FIELDS")),
            (4711, "pause", None, (404, "UNKNOWN_SESSION")),
            (2**70, "pause", None, (404, "UNKNOWN_SESSION")),
        ):
            more = {} if data is None else {"data": data}
            assert told(await ask(client, where, name, **more)) == expected, (name, data)
        answer = await client.post(
            f"/api/sessions/{session}/acts", json={"act": "pause", "as": "AGENCY"}
        )
        assert told(answer) == (400, "BAD_MESSAGE")
    for login in ("an", "officer"):
        async with house.signed_in(login) as client:
            assert told(await ask(client, session, "pause")) == (403, "FORBIDDEN")


async def test_pressed_by_three_a_session_pauses_once(house: House) -> None:
    (lot,) = await with_terms(house)
    async with house.signed_in("auctioneer") as client:
        session = (await client.get("/api/lots")).json()["session"]["id"]
        answers = await asyncio.gather(*(ask(client, session, "pause") for _ in range(3)))
        outcomes = sorted(answer.json()["lots"][0]["outcome"] for answer in answers)
        assert outcomes == ["already", "already", "done"]
    entries = await journal(house.settings.database_url or "", lot)
    assert [e["kind"] for e in entries].count("lot.paused") == 1


def test_one_desk_for_each_program() -> None:
    class Stub:
        settings = type("S", (), {"database_url": None})()
        gateway = type("G", (), {"log": None})()

    one, two = Stub(), Stub()
    assert acting.acting_of(one) is acting.acting_of(one)  # type: ignore[arg-type]
    assert acting.acting_of(one) is not acting.acting_of(two)  # type: ignore[arg-type]
