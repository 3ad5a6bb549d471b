"""A lot's course to watch again is the journal's public part, and nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from auction_engine.ledger.journal import entry_body
from auction_engine.live.lotview import LotView
from auction_engine.live.playing import Course
from auction_engine.rules.commands import Admit, Bid, Command, ListLot, Tick
from auction_engine.rules.events import BidAccepted, BidAutomatic, Event, LotExtended, Turn
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import Terms
from tests.rules.lives import LIVES
from tests.rules.lots import A, B, Play

OPENS = 1_780_000_000_000
PRIVATE = {"bid.refused", "maximum.set", "bid.sealed", "bidder.entered", "bidder.admitted"}
# Numbers that stand out, so that none of them can hide in an amount or a time.
FAR = 7_310_549


def entries(events: list[tuple[Event, int]]) -> list[dict[str, Any]]:
    return [
        orjson.loads(entry_body(1, seq, f"{at_ms}-0", 1, event))
        for seq, (event, at_ms) in enumerate(events, 1)
    ]


def played(journal: list[dict[str, Any]]) -> Course:
    course = Course(1)
    for entry in journal:
        course.take(entry)
    return course


@pytest.mark.parametrize("name", LIVES)
def test_every_step_is_an_entry_and_every_public_entry_a_step(name: str) -> None:
    events = LIVES[name]().events
    journal = entries([(event, OPENS + 1_000 * n) for n, event in enumerate(events)])
    course, view = played(journal), LotView(1, 0)
    steps = {step["seq"]: step for step in course.steps if "seq" in step}
    for event, entry in zip(events, journal, strict=True):
        turns = list(view.turns)
        view.take(entry)
        state, step = view.state, steps.get(entry["seq"])
        assert state is not None
        if isinstance(event, BidAccepted | BidAutomatic):
            assert step is not None
            assert step["amount_minor"] == event.amount_minor
            assert (step["n"], step["at_ms"]) == (event.n, entry["at_ms"])
            assert step["code"] == state.admitted[event.bidder].code
        elif isinstance(event, Turn):
            told = None if list(view.turns) == turns else view.turns[-1]
            assert (None if step is None else step["turn"]) == told
        elif isinstance(event, LotExtended):
            assert step is not None
            assert step["end_ms"] == event.end_ms
        elif event.kind in PRIVATE:
            assert step is None, event.kind
        if step is not None:
            assert step["price_minor"] == state.price_minor
            assert step["leader"] == state.leader_code
            assert (step["phase"], step["status"]) == (state.phase, state.status)


def test_no_account_and_nothing_refused_is_told() -> None:
    play = Play(())
    for bidder, code in ((FAR, "B-001"), (FAR + 1, "B-002")):
        play.do(Admit(bidder, code), OPENS - 9)
    journal: list[tuple[Event, int]] = [(event, OPENS - 9) for event in play.events]

    def do(command: Command, at_ms: int) -> None:
        journal.extend((event, at_ms) for event in play.do(command, at_ms))

    start = play.now.params.start_ms
    do(Tick(), start)
    first = play.now.params.starting_price_minor
    do(Bid(FAR, "00000000-0000-4000-8000-000000000001", first), start + 1_000)
    do(Bid(FAR + 1, "00000000-0000-4000-8000-000000000002", first), start + 2_000)  # refused
    course = played(entries(journal))
    told = orjson.dumps(course.steps).decode()
    assert str(FAR)[:6] not in told
    assert [step["kind"] for step in course.steps] == ["opened", "bid"]


def falling() -> LotParams:
    return LotParams(
        currency="VND", minor_digits=0, starting_price_minor=1_000, increment_minor=100,
        start_ms=OPENS, end_ms=None, method="DESCENDING",
        descent=Descent("LINEAR", 10_000, floor_minor=500, step_minor=100),
        terms=Terms(min_participants=1, single_bidder="ALWAYS", deposit_minor=100),
    )  # fmt: skip


class Fall:
    """A lot whose price falls by 100 every ten seconds, with one bidder."""

    def __init__(self) -> None:
        self.state: LotState | None = None
        self.journal: list[tuple[Event, int]] = []
        self.do(ListLot(falling()), OPENS - 60_000)
        self.do(Admit(A, "B-001"), OPENS - 50_000)
        self.do(Admit(B, "B-002"), OPENS - 50_000)
        self.do(Tick(), OPENS)

    def do(self, command: Command, at_ms: int) -> None:
        for event in decide(self.state, command, at_ms):
            self.state = apply(self.state, event)
            self.journal.append((event, at_ms))


def test_a_falling_price_falls_in_the_course_as_it_fell_in_the_room() -> None:
    lot = Fall()
    lot.do(Bid(A, "00000000-0000-4000-8000-000000000001", 800, step=2), OPENS + 25_000)
    course = played(entries(lot.journal))
    falls = [(s["at_ms"] - OPENS, s["asked_minor"]) for s in course.steps if s["kind"] == "fall"]
    assert falls == [(10_000, 900), (20_000, 800)]
    kinds = [step["kind"] for step in course.steps]
    assert kinds[:4] == ["opened", "fall", "fall", "bid"]
    assert course.until(OPENS + 500_000) == course.steps  # an accepted price falls no more


def test_up_to_now_the_falls_that_no_entry_has_followed_are_told_too() -> None:
    course = played(entries(Fall().journal))
    asked = [step.get("asked_minor") for step in course.until(OPENS + 31_000)]
    assert asked == [1_000, 900, 800, 700]
    assert [step["kind"] for step in course.steps] == ["opened"]  # nothing was kept of them


def test_a_bid_taken_back_is_told_with_its_code() -> None:
    name = next(
        name for name in LIVES if any(e.kind == "bid.withdrawn" for e in LIVES[name]().events)
    )
    events = LIVES[name]().events
    course = played(entries([(event, OPENS + n) for n, event in enumerate(events)]))
    struck = [code for step in course.steps for code in step.get("void", ())]
    state = course.view.state
    assert state is not None
    assert sorted(struck) == sorted(state.admitted[b].code for b in state.life.out)
    assert struck
