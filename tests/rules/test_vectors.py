"""The 24 test vectors of the domain rules (S = 1,000 m, step 50 m, deposit 200 m unless said).

Each row is one vector under the rule pack it belongs to: what is done, in order, and what must
come of it. Amounts are millions of đồng.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from auction_engine.rules import fees, packs
from auction_engine.rules.fates import Fate, deposit_fates
from auction_engine.rules.freeze import params_of
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.publication import check
from auction_engine.rules.session import LotNow, next_acts
from auction_engine.rules.session_plan import Case, Place, Session, ranked

from . import drafts
from .courses import DAY_MS, MILLION, MINUTE, A, B, C, Course

ENFORCEMENT = "vn-enforcement-2026-07"
VOLUNTARY = "vn-voluntary"
WITHIN_MS = 5 * MINUTE
NAMES = {A: "A", B: "B", C: "C"}
NUMBERS = {name: number for number, name in NAMES.items()}

Step = Callable[[Course], Any]


def listed(pack_id: str, **changes: Any) -> LotParams:
    """The vectors' lot under a pack; bidders are admitted without a window for dossiers."""
    open_ms = changes.pop("open_ms", None)
    values: dict[str, Any] = {"registration_open_ms": open_ms, "registration_close_ms": None}
    if pack_id == VOLUNTARY:
        values |= {"category": "VOLUNTARY", "end_ms": None, "method": "DESCENDING"}
        values["descent"] = Descent(
            "LINEAR", MINUTE, floor_minor=800 * MILLION, step_minor=50 * MILLION
        )
    return params_of(packs.load(pack_id), drafts.draft(**(values | changes)))


# --- what can be done -------------------------------------------------------------------------


def bid(who: str, millions: int) -> Step:
    return lambda lot: lot.bid(NUMBERS[who], millions)


def accept(who: str, millions: int, step: int) -> Step:
    return lambda lot: lot.bid(NUMBERS[who], millions, step=step)


def act(name: str, who: str | None = None, **data: Any) -> Step:
    def step(lot: Course) -> None:
        lot.act(name, None if who is None else NUMBERS[who], **data)

    return step


def minutes_pass(count: int) -> Step:
    def step(lot: Course) -> None:
        lot.after(count * MINUTE)

    return step


def close(lot: Course) -> None:
    lot.closed()


def sell(lot: Course) -> None:
    lot.closed().announced().signed()


def time_runs_out(lot: Course) -> None:
    lot.due()


def a_complaint_stands(lot: Course) -> None:
    lot.act("hold", role="AGENCY", ground="COMPLAINT")


def house_signs(lot: Course) -> None:
    lot.house_signs()


def findings(**changes: Any) -> Step:
    """What the check before publication says about this change, by field."""
    pack = packs.load(ENFORCEMENT)
    return lambda _: [found.path for found in check(pack, drafts.draft(**changes))]


def cut(previous: int, new: int) -> Step:
    """The check before publication of a re-auction at a lower starting price."""
    return findings(
        failures=1,
        cuts=1,
        previous_start_minor=previous * MILLION,
        starting_price_minor=new * MILLION,
        deposit_minor=new * MILLION // 5,
    )


def fee_on(millions: int) -> Step:
    rule = packs.load(ENFORCEMENT).fees
    assert rule is not None
    assert rule.enforcement is not None
    enforcement = rule.enforcement
    return lambda _: fees.enforcement_fee(enforcement, millions * MILLION)


def case_of_several_lots(_: Course) -> list[str]:
    """Lots of 300, 1,500 and 800 m for a claim of 1,700 m with costs of 50 m."""
    prices = {1: 300, 2: 1_500, 3: 800}
    places = tuple(Place(lot, price * MILLION, "case 7") for lot, price in prices.items())
    case = Case("case 7", claim_minor=1_700 * MILLION, costs_minor=50 * MILLION)
    session = Session("ORDER_BY_VALUE", places, (case,))
    lots = {lot: start(listed(ENFORCEMENT, **priced(price))) for lot, price in prices.items()}
    order = [place.lot for place in ranked(session)]
    for lot in order:
        course = lots[lot]
        if course.now.status == "RUNNING":
            course.bid(A, prices[lot])
            course.bid(B, prices[lot] + 1)
            sell(course)
        standing = {number: LotNow(each.now, each.at_ms) for number, each in lots.items()}
        for number, command in next_acts(session, standing, course.at_ms, 9_002):
            if command.name == "stop":
                lots[number].do(command)
    return [f"{prices[lot]} {lots[lot].now.status}" for lot in order]


def priced(millions: int) -> dict[str, int]:
    values = dict.fromkeys(("starting_price_minor", "valuation_minor"), millions * MILLION)
    return values | {"deposit_minor": millions * MILLION // 10, "increment_minor": MILLION}


# --- the table --------------------------------------------------------------------------------


@dataclass
class Vector:
    """`expected` names only what the vector speaks of; see `seen`."""

    id: str
    sentence: str
    steps: tuple[Step, ...]
    expected: dict[str, Any]
    pack: str = ENFORCEMENT
    absent: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


STATE = "STATE_BUDGET_AFTER_COSTS"
A_AND_B = (bid("B", 1_350), bid("A", 1_500))
REFUSED = (*A_AND_B, close, act("announce"), act("refuse_win", "A"))
AGAIN = {"failures": 1}

VECTORS = [
    Vector(
        "V1",
        "A first bid equal to the starting price is valid.",
        (bid("A", 1_000),),
        {"answers": ["ACCEPTED"], "leader": "A", "price": 1_000},
    ),
    Vector(
        "V2",
        "A first bid below the starting price is refused.",
        (bid("A", 999),),
        {"answers": ["BELOW_START"], "leader": None, "minimum": 1_000},
    ),
    Vector(
        "V3",
        "A bid must be higher than the one before by the increment at least.",
        (bid("A", 1_000), bid("B", 1_040)),
        {"answers": ["ACCEPTED", "BELOW_MIN_INCREMENT"], "leader": "A", "minimum": 1_050},
    ),
    Vector(
        "V4",
        "An equal bid is refused, so no tie can arise.",
        (bid("A", 1_000), bid("B", 1_050), bid("C", 1_050)),
        {
            "answers": ["ACCEPTED", "ACCEPTED", "BELOW_MIN_INCREMENT"],
            "leader": "B",
            "minimum": 1_100,
        },
    ),
    Vector(
        "V5",
        "A refuses the win at 1,500; B's 1,350 and the deposit reach it, so B is offered it.",
        REFUSED,
        {
            "status": "RUNNER_UP_OFFERED",
            "offered": ("B", 1_350),
            "fates": {"A": ("FORFEITED", "REFUSED_WIN", STATE), "B": "HELD", "C": "REFUND_DUE"},
        },
    ),
    Vector(
        "V6",
        "B's 1,300 and the deposit are exactly 1,500: equality passes.",
        (bid("B", 1_300), *REFUSED[1:]),
        {"status": "RUNNER_UP_OFFERED", "offered": ("B", 1_300)},
    ),
    Vector(
        "V7",
        "B's 1,250 and the deposit stay below 1,500: the auction failed, only A loses.",
        (bid("B", 1_250), *REFUSED[1:]),
        {
            "status": "FAILED",
            "failure": "WIN_REFUSED",
            "fates": {"A": ("FORFEITED", "REFUSED_WIN", STATE), "B": "REFUND_DUE"},
        },
    ),
    Vector(
        "V8",
        "B declines the offer: the auction failed, and declining costs B nothing.",
        (*REFUSED, act("decline_offer", "B")),
        {
            "status": "FAILED",
            "failure": "WIN_REFUSED",
            "fates": {"A": ("FORFEITED", "REFUSED_WIN", STATE), "B": "REFUND_DUE"},
        },
    ),
    Vector(
        "V9",
        "A's 1,500 is withdrawn while the window is open: B leads with 1,350, bidding goes on.",
        (*A_AND_B, act("withdraw_bid", "A"), bid("A", 1_600), bid("C", 1_400)),
        {
            "answers": ["ACCEPTED", "ACCEPTED", "OUT", "ACCEPTED"],
            "status": "RUNNING",
            "leader": "C",
            "price": 1_400,
            "fates": {"A": ("FORFEITED", "WITHDREW", STATE), "B": "HELD"},
        },
    ),
    Vector(
        "V9, after the close",
        "A withdraws after the close and before the announcement: B is the leader determined.",
        (*A_AND_B, close, act("withdraw_bid", "A")),
        {"status": "LEADER_DETERMINED", "leader": "B", "price": 1_350},
    ),
    Vector(
        "V10",
        "A also bid 1,200 before B's 1,350: all of A's bids are void, next in line is C's best.",
        (
            bid("C", 1_100),
            bid("A", 1_200),
            *A_AND_B,
            act("withdraw_bid", "A"),
            act("withdraw_bid", "B"),
        ),
        {"leader": "C", "price": 1_100},
    ),
    Vector(
        "V11",
        "Only A bids in a first auction: too few took part.",
        (bid("A", 1_000), close),
        {"status": "FAILED", "failure": "TOO_FEW_PARTICIPANTS", "fates": {"A": "REFUND_DUE"}},
    ),
    Vector(
        "V12",
        "Only A bids in the second auction and the owner consents: sold to A.",
        (bid("A", 1_050), close, act("consent"), act("announce")),
        {"status": "ANNOUNCED", "winner": ("A", 1_050), "fates": {"A": "EARNEST"}},
        changes=AGAIN,
    ),
    Vector(
        "V13",
        "As V12, but a complaint on procedure is pending: not allowed.",
        (bid("A", 1_050), a_complaint_stands, close),
        {"status": "FAILED", "failure": "TOO_FEW_PARTICIPANTS"},
        changes=AGAIN,
    ),
    Vector(
        "V14",
        "B paid a deposit and never came: it is lost once the time to claim force majeure is over.",
        (
            bid("A", 1_000),
            bid("C", 1_050),
            close,
            act("announce"),
            minutes_pass(14 * 24 * 60),
            act("decide_absence", bidder=B, excused=False),
        ),
        {"fates": {"B": ("FORFEITED", "ABSENT", STATE)}},
        absent="B",
    ),
    Vector(
        "V14, force majeure",
        "B never came, claims force majeure and is believed: the deposit goes back.",
        (
            bid("A", 1_000),
            bid("C", 1_050),
            close,
            act("claim_force_majeure", "B", reason="A flood cut the line."),
            act("announce"),
            act("decide_absence", bidder=B, excused=True),
        ),
        {"fates": {"B": "REFUND_DUE"}},
        absent="B",
    ),
    Vector(
        "V15",
        "The server fails for three minutes; the owner annuls: nobody forfeits.",
        (
            *A_AND_B,
            act("report_incident", what="No bid could be recorded."),
            minutes_pass(3),
            bid("C", 1_550),
            act("decide_incident", choice="ANNUL"),
        ),
        {
            "answers": ["ACCEPTED", "ACCEPTED", "PAUSED"],
            "status": "STOPPED",
            "fates": {"A": "REFUND_DUE", "B": "REFUND_DUE", "C": "REFUND_DUE"},
        },
    ),
    Vector(
        "V15, going on",
        "The owner lets it go on instead: the three minutes are given back.",
        (
            *A_AND_B,
            act("report_incident", what="No bid could be recorded."),
            minutes_pass(3),
            act("decide_incident", choice="CONTINUE"),
        ),
        {"status": "RUNNING", "minutes given back": 3},
    ),
    Vector(
        "V16",
        "The winner has not signed the minutes when the time is over: failed, the deposit is lost.",
        (*A_AND_B, close, act("announce"), house_signs, time_runs_out),
        {
            "status": "FAILED",
            "failure": "MINUTES_REFUSED",
            "fates": {"A": ("FORFEITED", "REFUSED_MINUTES", STATE), "B": "REFUND_DUE"},
        },
    ),
    Vector(
        "V17",
        "The winner signed and paid nothing in time: the deposit is the enforcement agency's.",
        (*A_AND_B, sell, time_runs_out),
        {
            "status": "PAYMENT_DEFAULT",
            "fates": {"A": ("FORFEITED", "PAYMENT_DEFAULT", "ENFORCEMENT_AGENCY")},
        },
    ),
    Vector(
        "V18",
        "After a start of 1,000 the next is 900 at least, the one after that 810.",
        (cut(1_000, 899), cut(1_000, 900), cut(900, 809), cut(900, 810)),
        {"answers": [["starting_price_minor"], [], ["starting_price_minor"], []]},
    ),
    Vector(
        "V18, the officer's act",
        "The officer's cut of the failed auction's start is held to the same limit.",
        (
            close,
            lambda lot: lot.refused(
                "CUT_TOO_DEEP", "cut_price", starting_price_minor=900 * MILLION - 1
            ),
            act("cut_price", starting_price_minor=900 * MILLION),
        ),
        {"status": "PRICE_CUT"},
    ),
    Vector(
        "V19",
        "The most valuable lot first; the rest is stopped once proceeds cover claim and costs.",
        (case_of_several_lots,),
        {"answers": [["1500 AWAIT_PAYMENT", "800 AWAIT_PAYMENT", "300 STOPPED"]]},
    ),
    Vector(
        "V20",
        "A and B accept 950 together: the first recorded wins, the other was too late.",
        (minutes_pass(1), accept("A", 950, 1), accept("B", 950, 1)),
        {"answers": ["ACCEPTED", "TOO_LATE"], "leader": "A", "price": 950},
        pack=VOLUNTARY,
    ),
    Vector(
        "V21",
        "A accepted 950 and withdraws: the clock goes on from 950, without A.",
        (
            minutes_pass(1),
            accept("A", 950, 1),
            act("withdraw_bid", "A"),
            accept("A", 950, 1),
            accept("B", 950, 1),
        ),
        {"answers": ["ACCEPTED", "OUT", "ACCEPTED"], "leader": "B", "price": 950},
        pack=VOLUNTARY,
    ),
    Vector(
        "V22",
        "A deposit of 4.99 % or 20.01 % of the starting price is no configuration.",
        tuple(
            findings(deposit_minor=1_000 * MILLION * share // 10_000)
            for share in (499, 500, 2_000, 2_001)
        ),
        {"answers": [["deposit_minor"], [], [], ["deposit_minor"]]},
    ),
    Vector(
        "V23",
        "A movable posted six working days before its Monday cannot be published.",
        (findings(posting_on=date(2026, 10, 9)), findings(posting_on=date(2026, 10, 8))),
        {"posted too late": [True, False]},
    ),
    Vector(
        "V24",
        "The enforcement fee on 6 bn received is 150 m and 2 % of 1 bn.",
        (fee_on(6_000),),
        {"answers": [170 * MILLION]},
    ),
]


# --- the test ---------------------------------------------------------------------------------


def start(params: LotParams, absent: str = "") -> Course:
    """A, B and C are admitted, come (but for who is absent), and the lot opens."""
    lot = Course(params, params.start_ms - DAY_MS).admit(A, B, C)
    lot.enter(*(number for number in NAMES if NAMES[number] not in absent))
    lot.tick(params.start_ms if params.method == "DESCENDING" else params.start_ms + WITHIN_MS)
    return lot


def plain(fate: Fate) -> Any:
    return tuple(fate) if fate.kind == "FORFEITED" else fate.kind


def seen(lot: Course, answers: list[Any]) -> dict[str, Any]:
    """Everything a row may expect something of."""
    state = lot.now
    who = {number: NAMES.get(number) for number in (*NAMES, None)}
    least = [e.minimum_minor for e in lot.events if e.kind == "bid.refused"]  # type: ignore[union-attr]
    price = (state.price_minor or 0) // MILLION
    given_back = (state.end_ms or 0) - (state.params.end_ms or 0)
    return {
        "answers": answers,
        "status": state.status,
        "failure": state.life.failure,
        "leader": who[state.leader],
        "price": price,
        "offered": (who[state.leader], price),
        "winner": (who[state.life.winner], (state.life.award_minor or 0) // MILLION),
        "minimum": least[-1] // MILLION if least and least[-1] else None,
        "minutes given back": given_back / MINUTE,
        "posted too late": ["posting_on" in paths for paths in answers if isinstance(paths, list)],
        "fates": {who[number]: plain(fate) for number, fate in deposit_fates(state).items()},
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector(vector: Vector) -> None:
    lot = start(listed(vector.pack, **vector.changes), vector.absent)
    answers = [answer for step in vector.steps if (answer := step(lot)) is not None]
    found = seen(lot, answers)
    for name, value in vector.expected.items():
        if name == "fates":
            value = found[name] | value
        assert found[name] == value, vector.sentence


def test_every_vector_has_its_row() -> None:
    assert {vector.id.split(",")[0] for vector in VECTORS} == {f"V{n}" for n in range(1, 25)}
    assert len({vector.id for vector in VECTORS}) == len(VECTORS)
    assert all(vector.sentence.endswith(".") for vector in VECTORS)
