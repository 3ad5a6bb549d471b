"""Each promise about boxes and draws notices the step that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auction_engine.rules.commands import Act, Seal, Tick
from auction_engine.rules.draw import commitment
from auction_engine.rules.events import BidSealed, Event, LotClosed, Turn
from auction_engine.rules.invariants import InvariantBroken, check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from tests.rules.lots import END, MILLION, START, A, B, C
from tests.rules.rounds import (
    DRAW_FROM,
    DRAW_MS,
    DRAW_UNTIL,
    HOLDERS,
    HOUSE,
    LOT,
    OPEN_MS,
    REBID_MS,
    SEEDS_FROM,
    D,
    SealedPlay,
    closed_with,
    code,
    private_keys,
    seed,
    tied,
)

KEYS = list(private_keys("0a", "0b"))
Step = tuple[LotState, Event, int]


def at(play: SealedPlay, command: Any, at_ms: int, kind: str) -> Step:
    """The lot just before the first event of this kind that the command leads to."""
    state = play.now
    for event in decide(state, command, at_ms):
        if event.kind == kind:
            return state, event, at_ms
        state = apply(state, event)
    raise AssertionError(f"there is no {kind}")


def opened(kind: str = "box.read", **amounts: int) -> Step:
    own = {{"a": A, "b": B, "c": C}[name]: amount for name, amount in amounts.items()}
    play = closed_with(own or {A: 1_100, B: 1_200})
    return at(play, Act("open_boxes", "ORGANISATION", HOUSE, None, {"keys": KEYS}), END, kind)


def rebid() -> Step:
    return opened("rebid.opened", a=1_200, b=1_200, c=1_100)


def draw_awaited() -> Step:
    play = closed_with({A: 1_200, B: 1_200, C: 1_100})
    play.open(END)
    return at(play, Tick(), END + REBID_MS, "draw.awaited")


def added(name: str, kind: str, at_ms: int, role: str = "BIDDER", **data: Any) -> Step:
    play = tied(A, B, C)
    return at(play, Act(name, role, A, None, data), at_ms, kind)  # type: ignore[arg-type]


def drawn() -> Step:
    play = tied(A, B, C)
    play.reveal(HOLDERS[0], SEEDS_FROM)
    last = {"holder": HOLDERS[1], "seed": seed(HOLDERS[1])}
    return at(play, Act("reveal_seed", "PROCURATOR", 1, None, last), SEEDS_FROM, "lots.drawn")


def sealed() -> Step:
    play = SealedPlay()
    play.seal(B, 1_100 * MILLION)
    own = play.next_id()
    return at(play, Seal(A, own, play.box(A, 1_200 * MILLION, own)), START + 60_001, "bid.sealed")


def own_commitment() -> Step:
    said = commitment(seed(code(A)), LOT, 1, code(A))
    return added("commit_seed", "seed.committed", DRAW_FROM, commitment=said)


# --- how a step can be wrong ------------------------------------------------------------------


def data(**changes: Any) -> Callable[[Step], Step]:
    """The event says something else; None takes a field away."""

    def change(step: Step) -> Step:
        before, event, at_ms = step
        assert isinstance(event, Turn)
        said = {**event.data, **changes}
        kept = {name: value for name, value in said.items() if value != "gone"}
        return before, Turn(event.kind, event.status, kept), at_ms

    return change


def life(**changes: Any) -> Callable[[Step], Step]:
    def change(step: Step) -> Step:
        before, event, at_ms = step
        return before._replace(life=before.life._replace(**changes)), event, at_ms

    return change


def box(**changes: Any) -> Callable[[Step], Step]:
    def change(step: Step) -> Step:
        own = step[0].life.sealed
        assert own is not None
        return life(sealed=own._replace(**changes))(step)

    return change


def lots(**changes: Any) -> Callable[[Step], Step]:
    def change(step: Step) -> Step:
        own = step[0].life.lots
        assert own is not None
        return life(lots=own._replace(**changes))(step)

    return change


def sooner(by_ms: int) -> Callable[[Step], Step]:
    return lambda step: (step[0], step[1], step[2] - by_ms)


def failed() -> Step:
    return at(closed_with({A: 1_100}), Tick(), END + OPEN_MS, "round.failed")


def overdue() -> Step:
    return at(tied(A, B), Tick(), DRAW_UNTIL, "draw.overdue")


def entropy() -> Step:
    return added("add_entropy", "entropy.added", DRAW_FROM, entropy="x")


def revealed() -> Step:
    said = {"holder": HOLDERS[0], "seed": seed(HOLDERS[0])}
    return added("reveal_seed", "seed.revealed", SEEDS_FROM, "ORGANISATION", **said)


A_SEED = ((HOLDERS[0], seed(HOLDERS[0])),)

BROKEN: list[tuple[str, Callable[[], Step], Callable[[Step], Step]]] = [
    ("a box came after the opening", sealed, box(keys=tuple(KEYS))),
    ("a box came from one not tied", sealed, box(tied=(B, C))),
    ("keys are awaited though no box is closed", lambda: at(
        _running(), Tick(), END, "keys.awaited"), box(boxes={})),
    ("boxes were opened out of turn", lambda: opened("boxes.opened"), life(awaits=None)),
    ("a key holder's key is missing", lambda: opened("boxes.opened"), data(keys=KEYS[:1])),
    ("a key of nobody was used", lambda: opened("boxes.opened"),
        data(keys=[*KEYS, *private_keys("x")])),
    ("a box was read that was not handed in", opened, data(bidder=D)),
    ("a box was read that was not handed in", opened, data(bid_id="another")),
    ("a box was misread", opened, data(amount_minor=1_101 * MILLION)),
    ("a bid was judged wrongly", opened, data(n="gone", fault="BELOW_START")),
    ("a bid was judged wrongly", lambda: opened(a=999), data(n=1, fault="gone")),
    ("a bid was judged wrongly", opened, box(base_minor=1_051 * MILLION)),
    ("valid bids are not numbered", opened, data(n=2)),
    ("others than the tied bid again", rebid, data(bidders=[A, C])),
    ("others than the tied bid again", rebid, data(bidders=[A, B, C])),
    ("others than the tied bid again", rebid, data(bidders=[A])),
    ("the tied bid again a second time", rebid, box(tied=(A, B))),
    ("before the boxes were open", rebid, box(keys=())),
    ("a re-bid without time", rebid, data(end_ms=END)),
    ("it failed too early", failed, sooner(1)),
    ("a round failed whose boxes are open", failed, box(keys=tuple(KEYS))),
    ("there is no sealed round", failed, life(sealed=None)),
    ("lots are to be drawn among others", draw_awaited, data(bidders=[B, C])),
    ("draw.awaited came when a seed was known", draw_awaited, life(lots=None)),
    ("entropy.added came when a seed was known", entropy, lots(seeds=A_SEED)),
    ("one contributed twice", entropy, lots(entropy=((A, "y"),))),
    ("seed.committed came when a seed was known", own_commitment, lots(done=True)),
    ("one committed who is not drawn", own_commitment, data(by=D)),
    ("a seed nobody committed to", revealed, data(seed="0" * 64)),
    ("a seed nobody committed to", revealed, data(holder="NOBODY")),
    ("a seed was revealed twice", revealed, lots(seeds=A_SEED)),
    ("a draw was put off though there is a seed", overdue, lots(seeds=A_SEED)),
    ("it was put off too early", overdue, sooner(1)),
    ("who withheld a seed is not named", drawn, data(left_out=[HOLDERS[0]])),
    ("lots were drawn too early", drawn, lots(seeds=A_SEED)),
    ("the draw gives another order", drawn, data(order=[C, B, A])),
    ("another was drawn", drawn, data(bidder="another")),
    ("leader.determined came while boxes were closed", lambda: opened("leader.determined"),
        box(keys=())),
    ("one of several equal bids leads without a draw", lambda: _equal(), life(lots=None)),
]  # fmt: skip


def _running() -> SealedPlay:
    play = SealedPlay()
    play.seal(A, 1_100 * MILLION)
    return play


def _equal() -> Step:
    play = tied(A, B)
    play.reveal(HOLDERS[0], SEEDS_FROM)
    return at(play, Tick(), DRAW_FROM + DRAW_MS, "leader.determined")


@pytest.mark.parametrize(("sentence", "make", "change"), BROKEN)
def test_a_step_that_breaks_a_promise_is_noticed(
    sentence: str, make: Callable[[], Step], change: Callable[[Step], Step]
) -> None:
    before, event, at_ms = make()
    check_step(before, event, apply(before, event), at_ms)
    before, event, at_ms = change((before, event, at_ms))
    if sentence.startswith("draw.awaited"):
        before = before._replace(life=before.life._replace(lots=_seeded().life.lots))
    if sentence == "another was drawn":
        assert isinstance(event, Turn)
        event.data["bidder"] = event.data["order"][1]
    if sentence == "lots were drawn too early":
        assert isinstance(event, Turn)
        event.data["left_out"] = [HOLDERS[1]]
    with pytest.raises(InvariantBroken, match=sentence):
        check_step(before, event, apply(before, event), at_ms)


def _seeded() -> LotState:
    play = tied(A, B)
    play.reveal(HOLDERS[0], SEEDS_FROM)
    return play.now


def test_what_an_event_makes_of_the_lot_is_checked_too() -> None:
    before, event, at_ms = sealed()
    after = apply(before, event)
    assert isinstance(event, BidSealed)
    assert after.life.sealed is not None
    front = {A: (event.bid_id, event.box), **before.life.sealed.boxes}  # type: ignore[union-attr]
    forged = after._replace(
        life=after.life._replace(sealed=after.life.sealed._replace(boxes=front))
    )
    with pytest.raises(InvariantBroken, match="not in the order recorded"):
        check_step(before, event, forged, at_ms)


def test_an_unreadable_box_changes_nothing() -> None:
    play = SealedPlay()
    play.seal(A, 0, box=play.box(B, 1_100 * MILLION, "stolen"))
    play.tick(END)
    command = Act("open_boxes", "ORGANISATION", HOUSE, None, {"keys": KEYS})
    before, event, at_ms = at(play, command, END, "box.read")
    after = apply(before, event)
    check_step(before, event, after, at_ms)
    assert isinstance(event, Turn)
    assert event.data["fault"] == "BOX_FOREIGN"
    changed = after._replace(life=after.life._replace(due_ms=None, failure="x"))
    with pytest.raises(InvariantBroken, match="an unreadable box changed something"):
        check_step(before, event, changed, at_ms)
    wrong = Turn(event.kind, event.status, event.data | {"fault": "BOX_ALTERED"})
    with pytest.raises(InvariantBroken, match="misread"):
        check_step(before, wrong, after, at_ms)


def test_an_invalid_bid_changes_nothing_and_a_valid_one_the_best() -> None:
    before, event, at_ms = opened(a=999)
    after = apply(before, event)
    forged = after._replace(life=after.life._replace(failure="x"))
    with pytest.raises(InvariantBroken, match="an invalid bid changed something"):
        check_step(before, event, forged, at_ms)
    before, event, at_ms = opened()
    after = apply(before, event)
    with pytest.raises(InvariantBroken, match="the highest bid does not lead"):
        check_step(before, event, after._replace(leader=B), at_ms)


def test_a_round_is_not_closed_before_its_end() -> None:
    play = _running()
    event = LotClosed(None, None, 0)
    with pytest.raises(InvariantBroken, match="before"):
        check_step(play.now, event, apply(play.now, event), END - 1)


def test_a_failed_round_costs_nobody() -> None:
    before, event, at_ms = failed()
    after = apply(before, event)
    forged = after._replace(life=after.life._replace(forfeits={A: "WITHDREW"}))
    with pytest.raises(InvariantBroken, match="forfeited for a lost key"):
        check_step(before, event, forged, at_ms)
