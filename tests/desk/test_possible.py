"""What a desk offers is what the rules take: nothing possible is hidden, nothing else offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rules.lots import MILLION, MINUTE, A, B
from rules.session_lots import CHIEF, START, TERMS, Hall, session

from auction_engine.desk.possible import CHOICES, Field, fields_of, guard, possible, said_of
from auction_engine.rules import acts as rules
from auction_engine.rules.commands import Act, Admit, CommandRefused, Role
from auction_engine.rules.lifecycle import BY_ACT, ROWS, Row
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import decide

STRANGER, OTHER_CHIEF = 990, 991
ROLES: dict[int, tuple[Role, ...]] = {
    CHIEF: ("AUCTIONEER", "ORGANISATION", "RECORDER", "AGENCY"),
    OTHER_CHIEF: ("AUCTIONEER",),
    A: ("BIDDER",),
    B: ("BIDDER",),
    STRANGER: ("BIDDER",),
}
REGISTRATION = replace(
    TERMS, registration_open_ms=START - 50 * MINUTE, registration_close_ms=START - 5 * MINUTE
)


def to_the_end_of_bidding() -> Iterator[tuple[str, Hall]]:
    """One lot after the other, each at every turn of its life that it reaches."""
    hall = Hall(session("PARALLEL", 1))
    yield "published", hall
    hall.act(1, "postpone", ground="FORCE_MAJEURE")
    yield "postponed", hall
    hall = Hall(session("PARALLEL", 1))
    hall.until(START)
    yield "running", hall
    hall.act(1, "appoint", "ORGANISATION", auctioneer=CHIEF)
    hall.bid(1, 150, B)
    hall.bid(1, 200)
    yield "bid on", hall
    hall.act(1, "pause", ground="AUCTIONEER")
    yield "paused", hall
    hall.act(1, "report_incident", what="power")
    yield "incident", hall
    hall.act(1, "decide_incident", "AGENCY", choice="CONTINUE")
    if hall.status(1) == "PAUSED":
        hall.act(1, "resume")
    hall.act(1, "pause", "AGENCY", ground="PROSECUTION")
    yield "paused by the officer", hall


def from_the_result_on() -> Iterator[tuple[str, Hall]]:
    hall = Hall(session("PARALLEL", 1))
    hall.until(START)
    hall.bid(1, 150, B)
    hall.bid(1, 200)
    hall.until(START + 12 * MINUTE)
    yield "leader determined", hall
    hall.act(1, "hold", "AGENCY", ground="COMPLAINT")
    yield "held", hall
    hall.act(1, "release", "AGENCY", ground="COMPLAINT")
    hall.act(1, "announce")
    yield "announced", hall
    hall.do(1, Act("refuse_win", "BIDDER", A))
    yield "refused", hall
    if hall.status(1) == "RUNNER_UP_OFFERED":
        hall.do(1, Act("accept_offer", "BIDDER", B))
    yield "accepted", hall
    for name, role, actor in (
        ("AUCTIONEER", "AUCTIONEER", CHIEF), ("RECORDER", "RECORDER", CHIEF),
        ("WINNER", "BIDDER", B),
    ):  # fmt: skip
        try:
            hall.do(1, Act("sign_minutes", role, actor, None, {"as": name}))
        except CommandRefused:
            continue
        yield f"signed by {name}", hall


def registration() -> Iterator[tuple[str, Hall]]:
    hall = Hall(session("PARALLEL", 1), lot1={"terms": REGISTRATION})
    yield "before registration", hall
    hall.until(START - 40 * MINUTE)
    yield "registration", hall
    for bidder in (A, B):
        hall.do(1, Act("register", "BIDDER", bidder))
    hall.do(1, Admit(A, "B-001"))
    yield "one admitted", hall
    hall.until(START - 4 * MINUTE)
    yield "registration closed", hall
    hall.do(1, Admit(B, "B-002"))
    yield "all decided", hall
    hall.act(1, "change", "ORGANISATION", what="TIME")
    yield "changed", hall


def sole_bidder() -> Iterator[tuple[str, Hall]]:
    hall = Hall(session("PARALLEL", 1))
    hall.until(START)
    hall.bid(1, 150)
    hall.until(START + 11 * MINUTE)
    yield "alone", hall
    hall.act(1, "refuse_consent", "AGENCY")
    yield "failed", hall


STATES: list[tuple[str, LotState, int]] = []
for source in (to_the_end_of_bidding, from_the_result_on, registration, sole_bidder):
    for name, hall in source():
        STATES.append((name, hall.lots[1], hall.now_ms))


def said(row: Row, choice: dict[str, str]) -> dict[str, Any]:
    """Something plausible for every field of the act."""
    values: dict[str, Any] = {
        "bidder": B, "auctioneer": OTHER_CHIEF, "excused": True, "keys": ["x"],
        "start_ms": START + 900 * MINUTE, "end_ms": START + 910 * MINUTE, "amount_minor": 1,
        "due_ms": START + 90_000_000_000, "starting_price_minor": 99 * MILLION,
        "reserve_minor": 1, "top_up_minor": 1,
    }  # fmt: skip
    fields = [field.name for field in fields_of(row)]
    return {name: choice.get(name, values.get(name, "words")) for name in fields}


def taken(state: LotState, act: Act, at_ms: int) -> bool:
    try:
        decide(state, act, at_ms)
    except CommandRefused:
        return False
    return True


def choices_of(row: Row) -> list[dict[str, str]]:
    for field in fields_of(row):
        if field.choices is not None:
            return [{field.name: choice} for choice in field.choices]
    return [{}]


@pytest.mark.parametrize(("name", "state", "at_ms"), STATES, ids=[name for name, _, _ in STATES])
@pytest.mark.parametrize("account", ROLES)
def test_what_is_not_offered_is_refused(
    name: str, state: LotState, at_ms: int, account: int
) -> None:
    offered = {
        (one.act, one.role): one.fields for one in possible(state, account, ROLES[account], at_ms)
    }
    for act, row in BY_ACT.items():
        for role in ROLES[account]:
            fields = {field.name: field.choices for field in offered.get((act, role), ())}
            for choice in choices_of(row):
                allowed = (act, role) in offered and all(
                    value in (fields[field] or ()) for field, value in choice.items()
                )
                done = taken(state, Act(act, role, account, "because", said(row, choice)), at_ms)
                if done:
                    assert allowed, f"{act} {choice} as {role} is possible and not offered"
                elif allowed and len(row.fields) <= len(choice):
                    raise AssertionError(f"{act} {choice} as {role} is offered and refused")


def test_the_states_looked_at_are_many() -> None:
    assert len({state.status for _, state, _ in STATES}) >= 8
    offered = {
        one.act
        for _, state, at_ms in STATES
        for account, roles in ROLES.items()
        for one in possible(state, account, roles, at_ms)
    }
    assert len(offered) >= 20


def test_a_bidder_is_offered_only_what_is_his_own() -> None:
    by_name = {name: (state, at_ms) for name, state, at_ms in STATES}

    def acts(name: str, account: int) -> set[str]:
        state, at_ms = by_name[name]
        return {one.act for one in possible(state, account, ("BIDDER",), at_ms)}

    assert "withdraw_bid" in acts("bid on", A)
    assert "withdraw_bid" in acts("bid on", B)
    assert "withdraw_bid" not in acts("bid on", STRANGER)
    assert "refuse_win" in acts("announced", A)
    assert "refuse_win" not in acts("announced", B)
    assert {"accept_offer", "decline_offer"} <= acts("refused", B)
    assert not acts("refused", A) & {"accept_offer", "decline_offer"}
    assert not acts("refused", STRANGER) & {"accept_offer", "decline_offer", "refuse_win"}


def test_only_the_appointed_auctioneer_is_offered_the_auctioneer_s_acts() -> None:
    state, at_ms = next((s, t) for name, s, t in STATES if name == "bid on")
    assert [one.act for one in possible(state, OTHER_CHIEF, ("AUCTIONEER",), at_ms)] == []
    assert "pause" in {one.act for one in possible(state, CHIEF, ("AUCTIONEER",), at_ms)}


SAMPLES: dict[str, Any] = {
    "moment": START, "amount": 5, "account": 5, "bidder": 5, "number": 5, "yes_no": True,
    "texts": ["x"], "text": "x",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.event)
def test_the_table_tells_each_field_s_kind_and_each_guard(row: Row) -> None:
    if row.act is None:
        assert fields_of(row) == ()
        return
    for field in fields_of(row):
        assert rules._fits(field.name, SAMPLES[field.kind]), field
        for kind, sample in SAMPLES.items():
            if type(sample) is not type(SAMPLES[field.kind]):
                assert not rules._fits(field.name, sample), (field, kind)
    assert [need["name"] for need in said_of(row)] == list(row.guards)
    closed = {name for act, name in CHOICES if act == row.act}
    assert closed <= {field.name for field in fields_of(row)}
    # Whatever is called a ground, or what changed, comes from a closed list.
    assert closed >= {name for name in row.fields if name in ("ground", "choice")}


def test_choices_narrow_only_the_closed_list() -> None:
    row = BY_ACT["disqualify"]
    bidder, ground = fields_of(row, ["COLLUSION"])
    assert bidder == Field("bidder", "bidder", True, None)
    assert ground == Field("ground", "text", True, ("COLLUSION",))
    assert guard("nothing") is None
