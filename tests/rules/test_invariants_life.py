"""Each invariant of a lot's turns bites: a step that breaks it alone, and what it raises."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules.events import BidAccepted, BidAutomatic, Event, MaximumSet, Turn
from auction_engine.rules.invariants import InvariantBroken, check_step
from auction_engine.rules.lot import LotState, Standing
from auction_engine.rules.machine import apply
from auction_engine.rules.parts import Reserve

from .courses import END, MILLION, MINUTE, START, A, B, C, Course, open_lot
from .lives import ROUNDS, failed, sold

OFFICER = {"by": 9_001, "role": "AGENCY"}
CLOCK = {"by": None, "role": "CLOCK"}


def state(lot: Course) -> tuple[LotState, int]:
    return lot.now, lot.at_ms


def running(**changes: Any) -> Course:
    return open_lot(**changes).bids((A, 1_350), (B, 1_500))


def closed(**changes: Any) -> Course:
    return running(**changes).closed()


def held(lot: Course) -> Course:
    lot.act("hold", role="AGENCY", ground="LITIGATION")
    return lot


def paused() -> Course:
    lot = running()
    lot.act("pause", ground="AUCTIONEER")
    lot.after(MINUTE)
    return lot


def absent() -> Course:
    lot = open_lot(A, B).admit(C).bids((A, 1_350), (B, 1_500)).closed()
    return lot.announced()


def offered() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    return lot


def in_rounds() -> Course:
    lot = running(extension=ROUNDS)
    lot.bid(C, 1_550, END - 1)
    return lot


def announce(bidder: int, millions: int) -> Turn:
    data = {"bidder": bidder, "price_minor": millions * MILLION, "announced_ms": END, "due_ms": END}
    return Turn("winner.announced", "ANNOUNCED", data)


def leader(bidder: int, millions: int) -> Turn:
    data = {"bidder": bidder, "price_minor": millions * MILLION}
    return Turn("leader.determined", "LEADER_DETERMINED", data)


def fail(code: str) -> Turn:
    return Turn("lot.failed", "FAILED", {"code": code})


def resumed(status: str, by_ms: int) -> Turn:
    return Turn("lot.resumed", status, {"by_ms": by_ms, **OFFICER})  # type: ignore[arg-type]


def round_(bidders: list[int], end_ms: int = END + 5 * MINUTE) -> Turn:
    return Turn("round.opened", "RUNNING", {"round": 1, "end_ms": end_ms, "bidders": bidders})


ROWS: list[tuple[str, Course, Turn]] = [
    ("came while the lot was", running(), Turn("lot.delivered", "DELIVERED", OFFICER)),
    ("led nowhere known", running(), Turn("lot.stopped", "FAILED", {"ground": "x", **OFFICER})),
    (
        "was done by a BIDDER",
        running(),
        Turn("lot.stopped", "STOPPED", {"ground": "x", "by": A, "role": "BIDDER"}),
    ),
    ("in spite of a hold", held(closed()), announce(B, 1_500)),
    (
        "time ran out too early",
        sold().signed(),
        Turn("payment.defaulted", "PAYMENT_DEFAULT", CLOCK),
    ),
    ("nobody wins who", closed(), announce(A, 1_350)),
    ("result recorded is not", closed(), leader(A, 1_350)),
    ("for want of one", running(), fail("NO_BID")),
    ("for want of one", closed(), fail("WITHDRAWN")),
    ("for a reason no law knows", closed(), fail("TOO_CHEAP")),
    ("minutes were refused that were not due", closed(), fail("MINUTES_REFUSED")),
    ("a winner who had not refused", sold(), fail("WIN_REFUSED")),
    (
        "too deep",
        failed(),
        Turn("price.cut", "PRICE_CUT", {"starting_price_minor": 899 * MILLION, **OFFICER}),
    ),
    (
        "too deep",
        failed(),
        Turn("price.cut", "PRICE_CUT", {"starting_price_minor": 1_000 * MILLION, **OFFICER}),
    ),
    ("a pause was miscounted", paused(), resumed("RUNNING", MINUTE - 1)),
    ("elsewhere than back", paused(), resumed("BIDDING_CLOSED", MINUTE)),
    ("in spite of a hold", held(paused()), resumed("RUNNING", MINUTE)),
    (
        "went on without a ground",
        paused(),
        Turn("incident.decided", "PAUSED", {"choice": "CONTINUE", **OFFICER}),
    ),
    (
        "a payment of nothing",
        sold().signed(),
        Turn("payment.recorded", "AWAIT_PAYMENT", {"amount_minor": 0, **OFFICER}),
    ),
    (
        "paid in full and status disagree",
        sold().signed(),
        Turn("payment.recorded", "PAID", {"amount_minor": 1, "due_ms": 1, **OFFICER}),
    ),
    (
        "offered further down",
        sold(runner_up_depth=0),
        Turn("runner_up.offered", "RUNNER_UP_OFFERED", {"bidder": A, "due_ms": 1}),
    ),
    ("called for", running(extension=ROUNDS), round_([A, B])),
    ("rules do not know", running(), round_([A, B])),
    ("nobody to bid against", in_rounds(), round_([C])),
    ("the leader is out", in_rounds(), round_([A, B])),
    (
        "wrongly noted",
        open_lot(A, B),
        Turn("absence.noted", "BIDDING_CLOSED", {"bidders": [A], "claims_until_ms": 1}),
    ),
    (
        "of somebody who came",
        absent(),
        Turn("absence.decided", "ANNOUNCED", {"bidder": A, "excused": True, **OFFICER}),
    ),
    (
        "before force majeure could be claimed",
        absent(),
        Turn("absence.decided", "ANNOUNCED", {"bidder": C, "excused": False, **OFFICER}),
    ),
    ("the house had not signed", sold(), Turn("minutes.refused", "ANNOUNCED", CLOCK)),
    ("ran out too early", sold().house_signs(), Turn("minutes.refused", "ANNOUNCED", CLOCK)),
    ("ran out too early", offered(), Turn("offer.declined", "RUNNER_UP_OFFERED", CLOCK)),
    (
        "time was lost in a hold",
        held(sold().signed()),
        Turn("hold.released", "AWAIT_PAYMENT", {"ground": "LITIGATION", "by_ms": 7, **OFFICER}),
    ),
]


@pytest.mark.parametrize(("sentence", "lot", "turn"), ROWS, ids=[row[0] for row in ROWS])
def test_a_turn_that_must_never_be(sentence: str, lot: Course, turn: Turn) -> None:
    before, at_ms = state(lot)
    if turn.kind == "absence.noted":
        before = before._replace(status="BIDDING_CLOSED")
    if sentence == "nobody wins who":
        before = before._replace(leader=None, price_minor=None)
        sentence = "nobody was announced"
    after = apply(before, turn)
    with pytest.raises(InvariantBroken, match=sentence):
        check_step(before, turn, after, at_ms)


def changed(before: LotState, turn: Turn, **fields: Any) -> None:
    check_step(before, turn, apply(before, turn)._replace(**fields), END)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"refused": 9}, "count of refused bids"),
        ({"accepted": 9}, "count of bids"),
        ({"extensions": 9}, "counted as an extension"),
        ({"end_ms": END + 1}, "moved the end"),
        ({"leader": A}, "changed the price"),
        ({"price_minor": 1}, "changed the price"),
        ({"admitted": {}}, "changed who is admitted"),
        ({"status": "RUNNING"}, "led nowhere known"),
    ],
)
def test_a_turn_leaves_alone_what_is_not_its_own(fields: dict[str, Any], sentence: str) -> None:
    before = closed().now
    with pytest.raises(InvariantBroken, match=sentence):
        changed(before, announce(B, 1_500), **fields)


def test_the_frozen_parameters_stay_frozen() -> None:
    before = closed().now
    other = open_lot(increment_minor=1).now.params
    with pytest.raises(InvariantBroken, match="frozen parameters"):
        changed(before, announce(B, 1_500), params=other)


def test_a_forfeited_deposit_cannot_be_rewritten() -> None:
    lot = running()
    lot.act("withdraw_bid", B)
    before = lot.now
    turn = Turn("bidder.disqualified", "RUNNING", {"bidder": B, "ground": "THREATS", **CLOCK})
    with pytest.raises(InvariantBroken, match="forfeited twice"):
        check_step(before, turn, apply(before, turn), START)


def test_a_void_bid_may_not_stand_nor_lead() -> None:
    before = running().now
    turn = Turn("bid.withdrawn", "RUNNING", {"by": B, "role": "BIDDER"})
    after = apply(before, turn)
    with pytest.raises(InvariantBroken, match="a void bid still stands"):
        check_step(before, turn, after._replace(book=before.book), START)
    life = after.life._replace(out={})
    with pytest.raises(InvariantBroken, match="who is out may still bid"):
        check_step(before, turn, after._replace(life=life), START)
    with pytest.raises(InvariantBroken, match="a void bid still leads"):
        check_step(before, turn, after._replace(leader=B), START)


def test_nothing_is_sold_below_the_reserve_nor_to_who_is_out() -> None:
    before = closed().now
    poor = before._replace(params=open_lot(reserve=Reserve(minor=9_000 * MILLION)).now.params)
    with pytest.raises(InvariantBroken, match="below the reserve"):
        check_step(poor, announce(B, 1_500), apply(poor, announce(B, 1_500)), END)
    out = before._replace(life=before.life._replace(out={B: "WITHDREW"}))
    with pytest.raises(InvariantBroken, match="whose bids are void was announced"):
        check_step(out, announce(B, 1_500), apply(out, announce(B, 1_500)), END)


def test_the_leader_determined_is_the_best_bidder() -> None:
    before = closed().now
    book = Standing(A, 1_600 * MILLION, 9, before.book)
    wrong = before._replace(book=book)
    turn = leader(B, 1_500)
    with pytest.raises(InvariantBroken, match="not the best bidder"):
        check_step(wrong, turn, apply(wrong, turn), END)


# --- automatic bids -------------------------------------------------------------------------------

ID = "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b"


def maxima(**known: tuple[int, int]) -> LotState:
    """A leads at 1,350 m with these maxima (in millions), B stands behind at 1,300 m."""
    lot = open_lot(automatic_bids=True).bids((B, 1_300), (A, 1_350)).now
    who = {"a": A, "b": B, "c": C}
    given = {who[name]: (amount * MILLION, order) for name, (amount, order) in known.items()}
    return lot._replace(life=lot.life._replace(maxima=given))


def auto(bidder: int, millions: int, n: int = 3) -> BidAutomatic:
    return BidAutomatic(bidder, millions * MILLION, n)


AUTOMATIC: list[tuple[str, LotState, Event]] = [
    ("above its maximum", maxima(b=(1_400, 1)), auto(B, 1_450)),
    ("above its maximum", maxima(), auto(B, 1_400)),
    ("without a gap", maxima(b=(1_400, 1)), auto(B, 1_400, 4)),
    ("lowered the price", maxima(b=(1_400, 1)), auto(B, 1_340)),
    ("too small", maxima(b=(1_500, 1)), auto(B, 1_360)),
    ("equals no maximum", maxima(b=(1_350, 2)), auto(B, 1_350)),
    ("for no reason", maxima(a=(1_350, 1), b=(1_400, 2)), auto(B, 1_350)),
    ("the later maximum was first", maxima(a=(1_350, 2), b=(1_350, 1)), auto(B, 1_350)),
    ("below the minimum", maxima(), BidAccepted(C, ID, 1_350 * MILLION, 3)),
]


@pytest.mark.parametrize(("sentence", "before", "event"), AUTOMATIC)
def test_an_automatic_bid_that_must_never_be(sentence: str, before: LotState, event: Event) -> None:
    with pytest.raises(InvariantBroken, match=sentence):
        check_step(before, event, apply(before, event), START + MINUTE)


def test_equal_maxima_in_their_order_are_sound() -> None:
    before = maxima(a=(1_350, 1), b=(1_350, 2))
    check_step(before, auto(B, 1_350), apply(before, auto(B, 1_350)), START + MINUTE)
    wrong = apply(before, auto(B, 1_350))._replace(leader=B)
    with pytest.raises(InvariantBroken, match="later of two equal"):
        check_step(before, auto(B, 1_350), wrong, START + MINUTE)


def test_an_automatic_bid_begins_at_the_starting_price() -> None:
    before = open_lot(automatic_bids=True).now
    before = before._replace(life=before.life._replace(maxima={A: (9_000 * MILLION, 1)}))
    with pytest.raises(InvariantBroken, match="below the start"):
        check_step(before, auto(A, 999, 1), apply(before, auto(A, 999, 1)), START + MINUTE)


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ("without automatic bids", {"params": open_lot().now.params}),
        ("while the lot was not open", {"status": "PAUSED"}),
    ],
)
def test_a_maximum_that_must_never_be(sentence: str, change: dict[str, Any]) -> None:
    before = open_lot(automatic_bids=True).now._replace(**change)
    event = MaximumSet(A, ID, 2_000 * MILLION)
    with pytest.raises(InvariantBroken, match=sentence):
        check_step(before, event, apply(before, event), START + MINUTE)
