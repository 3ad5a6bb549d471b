"""Random histories: whatever is asked, in whatever order of times, the promises hold."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.rules.commands import (
    Admit,
    Bid,
    CloseLot,
    Command,
    CommandRefused,
    ListLot,
    Tick,
)
from auction_engine.rules.events import (
    BidAccepted,
    BidRefused,
    Event,
    LotClosed,
    LotExtended,
    from_body,
)
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import Extension, LotParams

START, LENGTH = 1_000, 1_000
times = st.integers(0, START + 3 * LENGTH)
bidders = st.integers(1, 5)
amounts = st.one_of(st.integers(1, 400), st.integers(MAX_AMOUNT_MINOR - 100, MAX_AMOUNT_MINOR))
extensions = st.none() | st.builds(
    Extension,
    trigger_ms=st.integers(1, 600),
    by_ms=st.integers(1, 600),
    max_count=st.integers(1, 4),
)


@st.composite
def lot_params(draw: st.DrawFn) -> LotParams:
    by_hand = draw(st.booleans())
    return LotParams(
        currency="VND",
        minor_digits=0,
        starting_price_minor=draw(st.integers(1, 150)),
        increment_minor=draw(st.integers(1, 60)),
        start_ms=START,
        end_ms=None if by_hand else START + LENGTH,
        extension=None if by_hand else draw(extensions),
        allow_self_raise=draw(st.booleans()),
        closed_by="AUCTIONEER" if by_hand else "CLOCK",
    )


commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Admit, bidder=bidders, code=st.sampled_from(["B-1", "B-2", "B-3", "B-4"])),
    st.builds(Bid, bidder=bidders, bid_id=st.just(str(UUID(int=0))), amount_minor=amounts),
    st.builds(
        Bid,
        bidder=st.integers(1, 2),
        bid_id=st.just(str(UUID(int=1))),
        amount_minor=st.integers(100, 400),
    ),
    st.builds(Tick),
    st.builds(CloseLot),
)
asked = st.lists(st.tuples(times, commands), max_size=60).map(
    lambda pairs: sorted(pairs, key=lambda pair: pair[0])
)


@dataclass
class Step:
    before: LotState | None
    at_ms: int
    command: Command
    events: list[Event]
    after: LotState | None


def history(params: LotParams, todo: list[tuple[int, Command]]) -> list[Step]:
    """What becomes of a lot listed at time 0, two bidders admitted, and then asked `todo`."""
    steps: list[Step] = []
    state: LotState | None = None
    first: list[tuple[int, Command]] = [
        (0, ListLot(params)),
        (0, Admit(1, "B-1")),
        (0, Admit(2, "B-2")),
    ]
    for at_ms, command in first + todo:
        before = state
        try:
            events = decide(state, command, at_ms)
        except CommandRefused:
            assert not isinstance(command, Bid)
            events = []
        for event in events:
            after = apply(state, event)
            check_step(state, event, after, at_ms)
            state = after
        steps.append(Step(before, at_ms, command, events, state))
    return steps


@given(lot_params(), asked)
@settings(max_examples=300, deadline=None)
def test_every_bid_has_one_outcome_and_every_step_holds(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    for step in history(params, todo):
        outcomes = [e for e in step.events if isinstance(e, (BidAccepted, BidRefused))]
        assert len(outcomes) == isinstance(step.command, Bid)


@given(lot_params(), asked)
@settings(max_examples=150, deadline=None)
def test_the_same_commands_give_the_same_events(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    assert history(params, todo) == history(params, todo)


@given(lot_params(), asked)
@settings(max_examples=150, deadline=None)
def test_the_events_alone_give_the_state(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    steps = history(params, todo)
    state: LotState | None = None
    for event in (event for step in steps for event in step.events):
        state = apply(state, from_body(event.kind, event.body()))
    assert state == steps[-1].after


@given(lot_params(), asked)
@settings(max_examples=300, deadline=None)
def test_the_winner_is_the_highest_valid_bid_and_the_earliest_of_it(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    steps = history(params, todo)
    accepted = [e for step in steps for e in step.events if isinstance(e, BidAccepted)]
    closed = [e for step in steps for e in step.events if isinstance(e, LotClosed)]
    assert len(closed) <= 1
    last = steps[-1].after
    assert last is not None
    if not accepted:
        assert (last.leader, last.price_minor, last.accepted) == (None, None, 0)
        return
    best = max(accepted, key=lambda bid: (bid.amount_minor, -bid.n))
    assert (last.leader, last.price_minor, last.accepted) == (
        best.bidder,
        best.amount_minor,
        len(accepted),
    )
    if closed:
        assert (closed[0].leader, closed[0].price_minor) == (best.bidder, best.amount_minor)


@given(lot_params(), asked)
@settings(max_examples=150, deadline=None)
def test_a_refused_bid_changes_nothing_but_the_count(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    for step in history(params, todo):
        state = step.before
        for event in step.events:
            after = apply(state, event)
            if isinstance(event, BidRefused):
                assert state is not None
                assert after == state._replace(refused=state.refused + 1)
            state = after


@given(lot_params(), asked)
@settings(max_examples=150, deadline=None)
def test_the_end_only_moves_forward_and_not_more_often_than_allowed(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    steps = history(params, todo)
    ends = [e.end_ms for step in steps for e in step.events if isinstance(e, LotExtended)]
    assert ends == sorted(set(ends))
    assert all(params.end_ms is not None and end > params.end_ms for end in ends)
    assert len(ends) <= (params.extension.max_count if params.extension else 0)


@given(lot_params(), asked, times)
@settings(max_examples=150, deadline=None)
def test_an_early_late_or_extra_tick_never_changes_who_wins(
    params: LotParams, todo: list[tuple[int, Command]], tick_ms: int
) -> None:
    without = history(params, todo)[-1].after
    more = sorted([*todo, (tick_ms, Tick())], key=lambda pair: pair[0])
    with_tick = history(params, more)[-1].after
    assert without is not None
    assert with_tick is not None
    same = ("price_minor", "leader", "accepted", "refused", "end_ms", "extensions")
    assert [getattr(without, name) for name in same] == [getattr(with_tick, name) for name in same]


@given(lot_params(), asked)
@settings(max_examples=150, deadline=None)
def test_after_any_command_nothing_that_was_due_is_left(
    params: LotParams, todo: list[tuple[int, Command]]
) -> None:
    for step in history(params, todo):
        if step.after is not None and step.events:
            due_ms = next_due_ms(step.after)
            assert due_ms is None or due_ms > step.at_ms
