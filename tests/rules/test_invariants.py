"""Each invariant bites: for each, a step that breaks it alone, and the sentence it raises."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules.events import (
    BidAccepted,
    BidderAdmitted,
    BidRefused,
    Event,
    LotClosed,
    LotExtended,
    LotListed,
    LotOpened,
)
from auction_engine.rules.invariants import InvariantBroken, check_step
from auction_engine.rules.lot import Bidder, Life, LotState, Standing
from auction_engine.rules.machine import apply
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import Extension

from .lots import END, EXTENSION, MILLION, MINUTE, START, A, B, params

ID = "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b"
NOW = START + MINUTE
LATE = END - 1
OPEN = LotState(
    params(extension=EXTENSION),
    "RUNNING",
    END,
    {A: Bidder("B-001", False), B: Bidder("B-002", False)},
    1_000 * MILLION,
    A,
    1,
    book=Standing(A, 1_000 * MILLION, 1, None),
)
EMPTY = OPEN._replace(price_minor=None, leader=None, accepted=0, book=None)
SCHEDULED = EMPTY._replace(status="PUBLISHED")
CLOSED = OPEN._replace(status="BIDDING_CLOSED")
# B has just bid late; the extension is what may follow.
BID_LATE = OPEN._replace(price_minor=1_050 * MILLION, leader=B, accepted=2)
MOVED = LATE + EXTENSION.by_ms


def bid(amount: int = 1_050 * MILLION, bidder: int = B, n: int = 2) -> BidAccepted:
    return BidAccepted(bidder, ID, amount, n)


def refusal(amount: int = 1_049 * MILLION, bidder: int = B) -> BidRefused:
    return BidRefused(bidder, ID, amount, "BELOW_MIN_INCREMENT", 1_050 * MILLION)


SOUND: list[tuple[LotState | None, Event, int]] = [
    (None, LotListed(params()), START),
    (SCHEDULED, BidderAdmitted(7, "B-007", False), NOW),
    (SCHEDULED, LotOpened(), START),
    (EMPTY, bid(1_000 * MILLION, A, 1), START),
    (OPEN, bid(), NOW),
    (OPEN, bid(MAX_AMOUNT_MINOR), LATE),
    (OPEN, refusal(), NOW),
    (OPEN, refusal(2_000 * MILLION, A), NOW),
    (CLOSED, refusal(2_000 * MILLION), END),
    (BID_LATE, LotExtended(MOVED, 2, 1), LATE),
    (OPEN, LotClosed(A, 1_000 * MILLION, 1), END),
    (EMPTY, LotClosed(None, None, 0), END),
]


@pytest.mark.parametrize(("before", "event", "at_ms"), SOUND)
def test_sound_steps_pass(before: LotState | None, event: Event, at_ms: int) -> None:
    check_step(before, event, apply(before, event), at_ms)


BROKEN: list[tuple[LotState, Event, int, str]] = [
    (SCHEDULED, bid(1_000 * MILLION, A, 1), NOW, "while the lot was not open"),
    (CLOSED, bid(), NOW, "while the lot was not open"),
    (OPEN, bid(), START - 1, "before the start"),
    (OPEN, bid(), END, "after the end"),
    (OPEN, bid(bidder=9), NOW, "from a bidder not admitted"),
    (OPEN, bid(bidder=A), NOW, "from the leader against himself"),
    (OPEN, bid(1_050 * MILLION - 1), NOW, "below the minimum"),
    (EMPTY, bid(1_000 * MILLION - 1, A, 1), NOW, "below the minimum"),
    (OPEN, bid(MAX_AMOUNT_MINOR + 1), NOW, "above the largest amount"),
    (OPEN, bid(n=3), NOW, "not numbered without a gap"),
    (OPEN, bid(n=1), NOW, "not numbered without a gap"),
    (OPEN, refusal(1_050 * MILLION), NOW, "a valid bid was refused"),
    (EMPTY, refusal(1_000 * MILLION), START, "a valid bid was refused"),
    (OPEN, refusal(MAX_AMOUNT_MINOR), LATE, "a valid bid was refused"),
    (BID_LATE._replace(status="BIDDING_CLOSED"), LotExtended(MOVED, 2, 1), LATE, "was not open"),
    (BID_LATE._replace(params=params()), LotExtended(MOVED, 2, 1), LATE, "know no extension"),
    (BID_LATE._replace(end_ms=None), LotExtended(MOVED, 2, 1), LATE, "know no extension"),
    (BID_LATE, LotExtended(MOVED, 1, 1), LATE, "without an accepted bid"),
    (EMPTY, LotExtended(MOVED, 0, 1), LATE, "without an accepted bid"),
    (BID_LATE._replace(extended_by=2, extensions=1), LotExtended(MOVED, 2, 2), LATE, "twice"),
    (
        BID_LATE,
        LotExtended(END - MINUTE - 1 + EXTENSION.by_ms, 2, 1),
        END - MINUTE - 1,
        "the bid was not late",
    ),
    (BID_LATE, LotExtended(MOVED + 1, 2, 1), LATE, "by another time"),
    (
        BID_LATE._replace(end_ms=MOVED),
        LotExtended(LATE + MINUTE + EXTENSION.by_ms, 2, 2),
        LATE + MINUTE,
        "without a gap",
    ),
    (BID_LATE._replace(extensions=2), LotExtended(MOVED, 2, 3), LATE, "more often"),
    (CLOSED, BidderAdmitted(7, "B-007", False), NOW, "to a closed lot"),
    (OPEN, BidderAdmitted(A, "B-007", False), NOW, "admitted twice"),
    (OPEN, BidderAdmitted(7, "B-001", False), NOW, "two bidders have one code"),
    (SCHEDULED, LotOpened(), START - 1, "before its start"),
    (OPEN, LotOpened(), NOW, "out of turn"),
    (CLOSED, LotOpened(), NOW, "out of turn"),
    (SCHEDULED, LotClosed(None, None, 0), END, "not open was closed"),
    (CLOSED, LotClosed(A, 1_000 * MILLION, 1), END, "not open was closed"),
    (OPEN, LotClosed(A, 1_000 * MILLION, 1), END - 1, "before the end in force"),
    (OPEN, LotClosed(B, 1_000 * MILLION, 1), END, "not the highest recorded bid"),
    (OPEN, LotClosed(A, 1_001 * MILLION, 1), END, "not the highest recorded bid"),
    (OPEN, LotClosed(A, 1_000 * MILLION, 2), END, "not the highest recorded bid"),
    (OPEN, LotClosed(None, None, 0), END, "not the highest recorded bid"),
]


@pytest.mark.parametrize(("before", "event", "at_ms", "sentence"), BROKEN)
def test_broken_steps_are_caught(before: LotState, event: Event, at_ms: int, sentence: str) -> None:
    with pytest.raises(InvariantBroken, match=sentence):
        check_step(before, event, apply(before, event), at_ms)


def test_an_end_cannot_move_backwards() -> None:
    short = Extension(trigger_ms=MINUTE, by_ms=MINUTE, max_count=2)
    before = BID_LATE._replace(params=params(extension=short))
    moved = LotExtended(END, 2, 1)
    with pytest.raises(InvariantBroken, match="moved backwards"):
        check_step(before, moved, apply(before, moved), END - MINUTE)


def test_a_history_begins_with_the_listing_and_has_only_one() -> None:
    with pytest.raises(InvariantBroken, match="before the lot was listed"):
        check_step(None, LotOpened(), OPEN, NOW)
    with pytest.raises(InvariantBroken, match="already has a history"):
        check_step(None, LotListed(OPEN.params), OPEN, NOW)
    with pytest.raises(InvariantBroken, match="listed twice"):
        check_step(OPEN, LotListed(OPEN.params), OPEN, NOW)


FIELDS: dict[str, Any] = {
    "params": params(increment_minor=1),
    "status": "STOPPED",
    "end_ms": END + 7,
    "admitted": {},
    "price_minor": 7,
    "leader": 7,
    "accepted": 7,
    "refused": 7,
    "extensions": 7,
    "extended_by": 7,
    "book": Standing(7, 7, 7, None),
    "life": Life(out={7: "WITHDREW"}),
}


@pytest.mark.parametrize("field", LotState._fields)
@pytest.mark.parametrize(
    ("before", "event", "at_ms"), [step for step in SOUND if step[0] is not None]
)
def test_a_state_after_with_any_wrong_field_is_caught(
    before: LotState, event: Event, at_ms: int, field: str
) -> None:
    after = apply(before, event)
    wrong = after._replace(**{field: FIELDS[field]})
    if wrong == after:
        wrong = after._replace(**{field: "DRAFT"})
    with pytest.raises(InvariantBroken):
        check_step(before, event, wrong, at_ms)
