"""Random courses of sealed rounds and draws: whatever people do, the promises hold."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auction_engine.rules.commands import CommandRefused
from auction_engine.rules.descending import price_at, step_at
from auction_engine.rules.draw import commitment
from auction_engine.rules.draw_record import check_draw
from auction_engine.rules.events import BidSealed
from auction_engine.rules.guards import reserve_digest
from auction_engine.rules.machine import next_due_ms
from auction_engine.rules.parts import Phase, Reserve
from auction_engine.rules.published import records
from auction_engine.rules.sealing_round import check_round
from auction_engine.rules.terms import Terms
from tests.rules.lots import END, MILLION, MINUTE, START, A, B, C
from tests.rules.rounds import (
    FALLING_DRAWN,
    HOLDERS,
    HOUSE,
    LOT,
    D,
    SealedPlay,
    closed_with,
    code,
    draws,
    private_keys,
    sealing,
    seed,
)

BIDDERS = (A, B, C, D)
TIES = st.sampled_from([("RE_BID_TIED", "DRAW_LOTS"), ("DRAW_LOTS",), ("FIRST_RECORDED",),
                        ("RE_BID_TIED", "FIRST_RECORDED")])  # fmt: skip
ANYBODY = st.sampled_from(BIDDERS)
AMOUNTS = st.sampled_from([900, 1_000, 1_100, 1_100, 1_100, 1_150])
SELDOM = st.sampled_from([False] * 5 + [True])


class SealedRounds(RuleBasedStateMachine):
    """Whatever people do in whatever order: every step holds, and at the end the law's winner.

    The boxes' contents are kept beside the lot, so that the result is found a second time.
    """

    play: SealedPlay
    at_ms: int

    @initialize(
        tie=TIES,
        last=st.sampled_from(["none", "LEADER", "ALL"]),
        dutch=st.lists(ANYBODY, max_size=3),
        amounts=st.lists(st.tuples(ANYBODY, AMOUNTS), max_size=6),
        reserve=SELDOM,
    )
    def begin(
        self, tie: Any, last: Any, dutch: list[int], amounts: list[tuple[int, int]], reserve: bool
    ) -> None:
        """A round some bid in, or a hybrid whose falling price some accept."""
        self.at_ms = START
        phases: tuple[Phase, ...] = ()
        if dutch:
            phases = (Phase("SEALED", 10 * MINUTE, "ALL_BUT_LEADER", sealing(1, tie=tie)),)
        if last != "none":
            phases = (*phases, Phase("ASCENDING", 5 * MINUTE, last))
        terms = Terms(min_participants=1, single_bidder="ALWAYS", single_after_failures=0)
        values: dict[str, Any] = {"phases": phases, "terms": terms}
        if reserve:
            values["reserve"] = Reserve(commitment=reserve_digest(MILLION, "s"), reveal_ms=MINUTE)
        if dutch:
            values |= {
                "method": "DESCENDING",
                "end_ms": None,
                "descent": FALLING_DRAWN,
                "draws": draws(),
            }
        else:
            values |= {"sealed": sealing(tie=tie)}
        self.play = SealedPlay(BIDDERS, **values)
        self.inside: dict[int, int] = {}
        self.play.tick(START)
        if dutch:
            self.people_accept(dutch)
        else:
            self.people_seal(amounts)

    def _do(self, call: Any, *args: Any, **said: Any) -> bool:
        try:
            call(*args, **said)
        except CommandRefused:
            return False
        return True

    @rule(minutes=st.sampled_from([0, 0, 1, 3]))
    def time_passes(self, minutes: int) -> None:
        self.at_ms += minutes * MINUTE + 1
        self.play.tick(self.at_ms)

    @rule(seldom=SELDOM)
    def time_is_over(self, seldom: bool) -> None:
        due_ms = next_due_ms(self.play.now)
        if due_ms is not None and (seldom or self.play.now.life.awaits is None):
            self.at_ms = max(self.at_ms, due_ms)
            self.play.tick(self.at_ms)

    @rule(bidder=ANYBODY, amount=AMOUNTS)
    def somebody_seals(self, bidder: int, amount: int) -> None:
        before = self.play.now
        answer = self.play.seal(bidder, amount * MILLION, self.at_ms)
        after = self.play.now
        if isinstance(answer, BidSealed):
            assert (after.price_minor, after.leader, after.accepted, after.book) == (
                before.price_minor, before.leader, before.accepted, before.book,
            )  # fmt: skip
            self.inside[bidder] = amount * MILLION

    @precondition(lambda self: self._may("RUNNING", "SEALED"))
    @rule(amounts=st.lists(st.tuples(ANYBODY, AMOUNTS), min_size=2, max_size=5))
    def people_seal(self, amounts: list[tuple[int, int]]) -> None:
        for bidder, amount in amounts:
            self.somebody_seals(bidder, amount)

    @precondition(lambda self: self._may("RUNNING", "DESCENDING"))
    @rule(bidders=st.lists(ANYBODY, min_size=1, max_size=3))
    def people_accept(self, bidders: list[int]) -> None:
        for bidder in bidders:
            step = step_at(self.play.now, self.at_ms)
            self.play.bid(bidder, price_at(self.play.now, self.at_ms), self.at_ms, step=step)

    @precondition(lambda self: self._may("RUNNING", "ASCENDING"))
    @rule(bidder=ANYBODY, more=st.sampled_from([0, 49, 50, 100]))
    def somebody_bids(self, bidder: int, more: int) -> None:
        price = self.play.now.price_minor or 1_000 * MILLION
        self.play.bid(bidder, price + more * MILLION, self.at_ms)

    @rule(bidder=ANYBODY, seldom=SELDOM)
    def somebody_withdraws(self, bidder: int, seldom: bool) -> None:
        if seldom or self.play.now.life.awaits == "DRAW":
            self._do(self.play.withdraw, bidder, self.at_ms)

    @rule(bidder=ANYBODY, seldom=SELDOM)
    def somebody_is_disqualified(self, bidder: int, seldom: bool) -> None:
        said = {"bidder": bidder, "ground": "COLLUSION", "reason": "seen"}
        if seldom:
            self._do(self.play.act, "disqualify", self.at_ms, **said)

    @precondition(lambda self: self.play.now.life.awaits == "RESERVE")
    @rule()
    def the_owner_reveals(self) -> None:
        said = {"role": "AGENCY", "reserve_minor": MILLION, "salt": "s"}
        self._do(self.play.act, "reveal_reserve", self.at_ms, **said)

    @rule(bidder=ANYBODY)
    def somebody_contributes(self, bidder: int) -> None:
        said = {"role": "BIDDER", "actor": bidder, "entropy": f"{bidder}"}
        self._do(self.play.act, "add_entropy", self.at_ms, **said)

    @precondition(lambda self: self.play.now.life.awaits == "DRAW")
    @rule(bidder=ANYBODY)
    def somebody_commits(self, bidder: int) -> None:
        number = self.play.now.life.stage + 1
        own = commitment(seed(code(bidder), number), LOT, number, code(bidder))
        said = {"role": "BIDDER", "actor": bidder, "commitment": own}
        self._do(self.play.act, "commit_seed", self.at_ms, **said)

    @precondition(lambda self: self.play.now.status == "BIDDING_CLOSED")
    @precondition(lambda self: self.play.now.life.awaits == "KEYS")
    @rule(wrong=SELDOM)
    def the_house_opens(self, wrong: bool) -> None:
        stage, box = self.play.now.life.stage, self.play.now.life.sealed
        assert box is not None
        names = "ab" if box.tied is None else "cd"
        boxes = dict(box.boxes)
        keys = list(private_keys(*(f"{stage}{name}" for name in names)))
        opened = self._do(self.play.act, "open_boxes", self.at_ms, keys=keys[wrong:])
        assert opened != wrong
        if opened:
            self._check_reading(boxes)

    def _check_reading(self, boxes: dict[int, tuple[str, str]]) -> None:
        at = len(self.play.kinds) - 1 - self.play.kinds[::-1].index("boxes.opened")
        read = [e["data"] for e in self.play.entries[at:] if e["kind"] == "box.read"]
        assert [data["bidder"] for data in read] == list(boxes)
        assert all(data["amount_minor"] == self.inside[data["bidder"]] for data in read)

    @precondition(lambda self: self.play.now.life.awaits == "DRAW")
    @rule(holders=st.lists(st.sampled_from([*HOLDERS, *map(code, BIDDERS)]), max_size=4))
    def people_reveal(self, holders: list[str]) -> None:
        for holder in holders:
            self._do(self.play.reveal, holder, self.at_ms, self.play.now.life.stage + 1)

    @rule(seldom=SELDOM)
    def the_auctioneer_pauses_or_goes_on(self, seldom: bool) -> None:
        name = "resume" if self.play.now.status == "PAUSED" else "pause"
        said = {"ground": "AUCTIONEER"} if name == "pause" else {}
        if seldom or name == "resume":
            self._do(self.play.act, name, self.at_ms, "AUCTIONEER", HOUSE, **said)

    @rule(seldom=SELDOM)
    def somebody_complains_or_it_is_settled(self, seldom: bool) -> None:
        name = "release" if self.play.now.life.holds else "hold"
        if seldom or name == "release":
            self._do(self.play.act, name, self.at_ms, ground="COMPLAINT")

    def _may(self, status: str, method: str) -> bool:
        return (self.play.now.status, self.play.now.method) == (status, method)

    @invariant()
    def nobody_out_leads_and_the_book_says_who_does(self) -> None:
        if not hasattr(self, "play"):
            return
        state = self.play.now
        assert state.leader not in state.life.out
        top = self.play.standing[:1]
        assert (top[0] if top else (None, None)) == (state.leader, state.price_minor)
        amounts = [amount for _, amount in self.play.standing]
        assert amounts == sorted(amounts, reverse=True)

    @invariant()
    def a_lot_that_waits_has_a_way_on(self) -> None:
        if not hasattr(self, "play"):
            return
        state = self.play.now
        if state.status == "BIDDING_CLOSED":
            assert state.life.awaits is not None
            waits = next_due_ms(state) is not None or state.life.holds
            assert waits or "draw.overdue" in self.play.kinds

    def teardown(self) -> None:
        if not hasattr(self, "play"):
            return
        state = self.play.verified()
        for record in records(self.play.entries):
            check = check_draw if "order" in record else check_round
            assert check(record) is None
        assert set(state.life.forfeits.values()) <= {"WITHDREW", "DISQUALIFIED"}
        if state.status == "LEADER_DETERMINED":
            best = max(amount for _, amount in self.play.standing)
            assert state.price_minor == best


def test_whatever_people_do_the_promises_hold() -> None:
    run_state_machine_as_test(
        SealedRounds,
        settings=settings(
            max_examples=100, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@given(st.dictionaries(ANYBODY, st.integers(900, 1_200), min_size=1), st.permutations(BIDDERS))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_boxes_matters_only_among_equals(
    amounts: dict[int, int], order: list[int]
) -> None:
    own = sealing(tie=("FIRST_RECORDED",))
    terms = Terms(min_participants=1, single_bidder="ALWAYS", single_after_failures=0)
    play = closed_with({b: amounts[b] for b in order if b in amounts}, sealed=own, terms=terms)
    play.open(END + 1)
    valid = [(amounts[b], -n, b) for n, b in enumerate(order) if amounts.get(b, 0) >= 1_000]
    assert play.now.leader == (max(valid)[2] if valid else None)
    assert (play.now.status == "FAILED") == (not valid)
