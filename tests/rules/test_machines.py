"""Lots driven at random: whatever people do, in whatever order, the promises hold.

`Course.do` checks every step against the invariants, decides it twice, and replays its journal.
Beside it the machines keep accounts of their own: who bid what, who leads, whose deposit is where.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    CloseLot,
    CommandRefused,
    Enter,
    ListLot,
    Tick,
)
from auction_engine.rules.deposits import recorded
from auction_engine.rules.descending import ladder, price_at, step_at
from auction_engine.rules.events import (
    BidAccepted,
    BidAutomatic,
    BidderAdmitted,
    BidRefused,
    LotClosed,
    LotExtended,
    MaximumSet,
    Turn,
)
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.guards import reserve_digest
from auction_engine.rules.increments import step_minor
from auction_engine.rules.lifecycle import BY_ACT, ROWS
from auction_engine.rules.lot import standings
from auction_engine.rules.machine import decide, next_due_ms
from auction_engine.rules.params import Extension, LotParams
from auction_engine.rules.parts import Confirm, Descent, Phase, Reserve
from auction_engine.rules.terms import Terms

from .courses import STAFF, Course

ROOT = str(Path(__file__).parents[2])
START, LENGTH = 10_000, 2_000
BIDDERS = (1, 2, 3, 4)
# How each of them makes a deposit where they are recorded; the last needs none.
MEANS = {1: "TRANSFER", 2: "TRANSFER", 3: "GUARANTEE", 4: "EXEMPT"}
AMOUNTS = {4: 0}
SALT = "s"
PROFILE = settings(
    max_examples=120,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
GROUNDS = ("AUCTIONEER", "POSTPONED", "REDEEMED", "COLLUSION", "COMPLAINT", "LITIGATION", "COURT")
# What each act may be given beside what the machine knows.
DATA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "pause": st.fixed_dictionaries({"ground": st.sampled_from(GROUNDS)}),
    "report_incident": st.just({"what": "x"}),
    "decide_incident": st.fixed_dictionaries({"choice": st.sampled_from(("CONTINUE", "ANNUL"))}),
    "stop": st.just({"ground": "REDEEMED"}),
    "disqualify": st.fixed_dictionaries(
        {"bidder": st.sampled_from(BIDDERS), "ground": st.just("COLLUSION")}
    ),
    "decide_absence": st.fixed_dictionaries(
        {"bidder": st.sampled_from(BIDDERS), "excused": st.booleans()}
    ),
    "hold": st.fixed_dictionaries({"ground": st.sampled_from(("COMPLAINT", "LITIGATION"))}),
    "release": st.fixed_dictionaries({"ground": st.sampled_from(("COMPLAINT", "LITIGATION"))}),
    "sign_minutes": st.fixed_dictionaries(
        {"as": st.sampled_from(("AUCTIONEER", "RECORDER", "WINNER", "OWNER"))}
    ),
    "note_refused_signature": st.just({"who": "OWNER"}),
    "record_payment": st.fixed_dictionaries(
        {"amount_minor": st.sampled_from((1, 100, 500)), "reference": st.just("r")}
    ),
    "reveal_reserve": st.just({"reserve_minor": 120, "salt": SALT}),
    "cut_price": st.just({"starting_price_minor": 95}),
    "take_in_kind": st.just({"creditor": "x", "top_up_minor": 0}),
    "annul": st.fixed_dictionaries({"ground": st.sampled_from(("COURT", "TECHNICAL_FAULT"))}),
    "change": st.just({"what": "QUANTITY"}),
    "postpone": st.just({"ground": "TECHNICAL_FAULT"}),
    "appoint": st.just({"auctioneer": STAFF["AUCTIONEER"]}),
    "hold_deposit": st.fixed_dictionaries(
        {
            "bidder": st.sampled_from(BIDDERS),
            "means": st.sampled_from(("TRANSFER", "TRANSFER", "GUARANTEE", "EXEMPT", "CASH")),
            "amount_minor": st.sampled_from((0, 20, 1_000, 1_000)),
            "transfer": st.sampled_from((0, 11, 12, 13, 14)),
        }
    ),
    "release_deposit": st.fixed_dictionaries(
        {
            "bidder": st.sampled_from(BIDDERS),
            "ground": st.sampled_from(("BANK_REVERSAL", "RETURNED", "EXEMPTION_ENDED")),
        }
    ),
}
# Of other parts of the rules, or without an effect on what is promised here.
LEFT_OUT = frozenset(
    "contract withdraw_lot register refuse_registration make_ready open_boxes note_key add_entropy"
    " commit_seed reveal_seed".split()
)
ACTS = [row for row in ROWS if row.act is not None and row.act not in LEFT_OUT]
# Rare, so that most lots live long.
FATAL = frozenset("stop annul return_to_debtor postpone cut_price withdraw_registration".split())


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    deposit = draw(st.sampled_from((0, 20, 50, 1_000)))
    kept = draw(st.sampled_from(("OUTSIDE", "RECORDED"))) if deposit else "OUTSIDE"
    return Terms(
        deposit_minor=deposit,
        deposits=kept,
        deposit_means=("TRANSFER", "GUARANTEE", "EXEMPT"),
        min_participants=draw(st.sampled_from((1, 2))),
        single_bidder=draw(st.sampled_from(("NEVER", "CONSENT", "ALWAYS"))),
        failures=draw(st.sampled_from((0, 1))),
        cuts=draw(st.sampled_from((0, 2))),
        announcement=draw(st.sampled_from(("AUCTIONEER", "AUCTIONEER", "IMMEDIATE"))),
        runner_up=draw(st.sampled_from(("NONE", "DEPOSIT_COVERS", "NEXT_BID"))),
        runner_up_depth=draw(st.sampled_from((0, 1, 2))),
        withdrawal=draw(st.sampled_from((True, True, False))),
        signatories=draw(
            st.sampled_from((("WINNER",), ("AUCTIONEER", "WINNER"), ("WINNER", "OWNER")))
        ),
        forfeit_grounds=draw(st.sampled_from((Terms().forfeit_grounds, ("REFUSED_WIN",)))),
        offer_ms=300,
        consent_ms=300,
        minutes_ms=300,
        payment_ms=400,
        payment_extended_ms=900,
        delivery_ms=300,
        claim_ms=200,
    )


class Lot(RuleBasedStateMachine):
    """What both methods have in common: people's acts, time, and the accounts."""

    course: Course

    def begin(self, params: LotParams, present: set[int]) -> None:
        self.course = Course(None, at_ms=START - 1_000)
        self.course.do(ListLot(params))
        for bidder in BIDDERS:
            if recorded(self.lot):
                self.course.deposit(
                    bidder, means=MEANS[bidder], amount_minor=AMOUNTS.get(bidder, 1_000)
                )
            self.course.do(Admit(bidder, f"B-{bidder}"))
        for bidder in sorted(present):
            self.course.do(Enter(bidder))
        self.lost: dict[int, Any] = {}
        self.held: set[int] = set()
        self.looked_at = 0
        self.course.do(Tick(), START)

    @property
    def lot(self) -> Any:
        return self.course.now

    def attempt(self, act: Act) -> None:
        """The act, or its refusal; the same with its fields in another order."""
        turned = Act(
            act.name, act.role, act.actor, act.reason, dict(reversed(list(act.data.items())))
        )
        expected, got = self.result(turned), self.result(act)
        assert got == expected
        if not isinstance(got, tuple):
            self.course.do(act)

    def result(self, act: Act) -> Any:
        """The events, or code and text of the refusal."""
        try:
            return decide(self.lot, act, self.course.at_ms)
        except CommandRefused as refused:
            return refused.code, str(refused)

    @rule(ms=st.sampled_from((1, 5, 20, 100, 400)))
    def time_passes(self, ms: int) -> None:
        self.course.after(ms)

    @rule(short=st.sampled_from((0, 1, 1, 10)))
    def time_is_nearly_up(self, short: int) -> None:
        due_ms = next_due_ms(self.lot)
        if due_ms is not None and (self.lot.accepted or short > 1):
            self.course.tick(due_ms - short)

    @rule(bidder=st.sampled_from(BIDDERS))
    def comes_in(self, bidder: int) -> None:
        self.course.do(Enter(bidder))

    @rule(data=st.data())
    def somebody_acts(self, data: st.DataObject) -> None:
        fatal = data.draw(st.integers(0, 19), label="fatal") == 7
        possible = [
            row for row in ACTS if self.lot.status in row.sources and (row.act in FATAL) == fatal
        ]
        if not possible:
            return
        row = data.draw(st.sampled_from(possible), label="act")
        self.act(row.act or "", data)

    def act(self, name: str, data: st.DataObject) -> None:
        role = data.draw(st.sampled_from(BY_ACT[name].roles), label="role")
        actor = STAFF.get(role) or data.draw(st.sampled_from(BIDDERS), label="by")
        fields = data.draw(DATA.get(name, st.just({})), label="fields")
        if name == "extend_payment":
            fields = {"due_ms": self.course.at_ms + 350, "agreement": "x"}
        elif name == "reschedule":
            fields = {"start_ms": self.course.at_ms + 10, "end_ms": self.course.at_ms + 500}
        self.attempt(Act(name, role, actor, "because", fields))

    @precondition(lambda self: self.lot.status in ("PAUSED", "LEADER_DETERMINED", "ANNOUNCED"))
    @rule(data=st.data())
    def it_goes_on(self, data: st.DataObject) -> None:
        """Lots do not linger where most acts are refused."""
        life = self.lot.life
        for ground in life.holds:
            self.attempt(Act("release", "AGENCY", STAFF["AGENCY"], None, {"ground": ground}))
        if self.lot.status == "PAUSED":
            name = "decide_incident" if life.ground == "INCIDENT" else "resume"
            fields = {"choice": "CONTINUE"} if life.ground == "INCIDENT" else {}
            self.attempt(Act(name, "AGENCY", STAFF["AGENCY"], None, fields))
        elif self.lot.status == "LEADER_DETERMINED":
            self.attempt(Act("announce", "AUCTIONEER", STAFF["AUCTIONEER"]))
        elif life.winner is not None:
            names = data.draw(st.sampled_from((("sign_minutes",), ("refuse_win",))))
            for name in names:
                fields = {"as": "WINNER"} if name == "sign_minutes" else {}
                self.attempt(Act(name, "BIDDER", life.winner, None, fields))

    # --- what must hold ---------------------------------------------------------------------

    def valid_bids(self) -> list[tuple[int, int, int]]:
        """(amount, -n, bidder) of every accepted bid that is not void, from the journal alone."""
        out = self.lot.life.out
        return [
            (event.amount_minor, -event.n, event.bidder)
            for event in self.course.events
            if isinstance(event, BidAccepted | BidAutomatic) and event.bidder not in out
        ]

    @invariant()
    def bids_are_numbered_without_a_gap(self) -> None:
        numbers = [e.n for e in self.course.events if isinstance(e, BidAccepted | BidAutomatic)]
        assert numbers == list(range(1, self.lot.accepted + 1))

    @invariant()
    def the_book_is_what_was_bid(self) -> None:
        best: dict[int, tuple[int, int]] = {}
        for amount, place, bidder in self.valid_bids():
            best[bidder] = max(best.get(bidder, (0, 0)), (amount, place))
        assert {s.bidder: (s.amount_minor, -s.n) for s in standings(self.lot)} == best

    @invariant()
    def there_is_one_result_and_nothing_counts_after_the_close(self) -> None:
        closed = False
        for event in self.course.events:
            if isinstance(event, LotClosed):
                assert not closed
                closed = True
            elif isinstance(event, Turn) and event.status == "RUNNING":
                closed = False  # a falling price goes on
            elif isinstance(event, BidAccepted | BidAutomatic | MaximumSet | LotExtended):
                assert not closed

    @invariant()
    def every_deposit_has_one_fate_and_a_lost_one_stays_lost(self) -> None:
        fates = deposit_fates(self.lot)
        everybody = set(self.lot.admitted) | set(self.lot.life.registered)
        if recorded(self.lot):
            known = self.lot.life.deposits.items()
            everybody = {bidder for bidder, held in known if held.means != "EXEMPT"}
        assert set(fates) == everybody
        undone = self.lot.life.ground == "TECHNICAL_FAULT" and self.lot.phase == "closed"
        if not undone:
            for bidder, fate in self.lost.items():
                assert fates[bidder] == fate, "a forfeited deposit came back"
        self.lost |= {b: fate for b, fate in fates.items() if fate.kind == "FORFEITED"}
        for bidder, fate in fates.items():
            assert (fate.kind == "FORFEITED") == (fate.ground is not None)
            if fate.kind == "EARNEST":
                assert bidder == self.lot.life.winner
            if fate.kind == "FORFEITED":
                assert bidder in self.lot.life.forfeits
        if self.lot.status in ("FAILED", "STOPPED", "ANNULLED", "RESCINDED"):
            open_ones = [b for b, fate in fates.items() if fate.kind in ("HELD", "EARNEST")]
            waiting = self.lot.life.absent - self.lot.life.excused - set(self.lot.life.out)
            assert set(open_ones) <= waiting

    @invariant()
    def nothing_counts_of_a_bidder_without_a_deposit(self) -> None:
        """From the journal alone: who has a deposit when something of his is taken."""
        events, self.looked_at = self.course.events[self.looked_at :], len(self.course.events)
        if not recorded(self.lot):
            assert self.lot.life.deposits == {}
            return
        for event in events:
            if isinstance(event, BidAccepted | BidAutomatic | MaximumSet | BidderAdmitted):
                assert event.bidder in self.held
            elif isinstance(event, Turn) and event.kind == "deposit.held":
                assert event.data["bidder"] not in self.held
                self.held.add(event.data["bidder"])
            elif isinstance(event, Turn) and event.kind == "deposit.released":
                self.held.remove(event.data["bidder"])
        assert set(self.lot.life.deposits) == self.held

    @invariant()
    def a_winner_is_somebody_whose_bid_stands(self) -> None:
        life = self.lot.life
        if life.winner is not None:
            assert life.winner not in life.out
            assert life.award_minor in {amount for amount, _, b in self.valid_bids()}


class Ascending(Lot):
    """Increments of all kinds, maxima, extensions of all modes, phases, reserves."""

    @initialize(data=st.data())
    def listing(self, data: st.DataObject) -> None:
        draw = data.draw
        rules = ("MIN_DELTA", "FROM_START_MULTIPLE", "FROM_CURRENT_MULTIPLE", "TABLE")
        increment = draw(st.sampled_from(rules))
        by_hand = draw(st.sampled_from((False, False, True)))
        phases: tuple[Phase, ...] = ()
        if not by_hand:
            phases = draw(
                st.sampled_from(
                    (
                        (),
                        (),
                        (
                            Phase("ASCENDING", 300, "ALL_BUT_LEADER"),
                            Phase("ASCENDING", 300, "LEADER"),
                        ),
                    )
                )
            )
        reserves = (None, None, Reserve(minor=120), Reserve(None, reserve_digest(120, SALT), 200))
        params = LotParams(
            currency="VND",
            minor_digits=0,
            starting_price_minor=100,
            increment_minor=draw(st.sampled_from((1, 7, 10))),
            start_ms=START,
            end_ms=None if by_hand else START + LENGTH,
            extension=None if by_hand else draw(extensions()),
            allow_self_raise=draw(st.booleans()),
            closed_by="AUCTIONEER" if by_hand else "CLOCK",
            increment_rule=increment,
            increment_table=((150, 5), (300, 20), (None, 50)) if increment == "TABLE" else (),
            automatic_bids=draw(st.booleans()),
            phases=phases,
            reserve=draw(st.sampled_from(reserves)),
            confirm=draw(st.sampled_from((None, Confirm(30_000, 10)))),
            terms=draw(terms()),
        )
        self.begin(params, draw(st.sets(st.sampled_from(BIDDERS))))

    @precondition(lambda self: self.lot.status in ("RUNNING", "PAUSED", "BIDDING_CLOSED"))
    @rule(
        bidder=st.sampled_from((*BIDDERS, *BIDDERS, 77)),
        next_to=st.sampled_from(BIDDERS),
        more=st.sampled_from((-1, 0, 0, 1, 3, 10, 25, 100)),
        automatic=st.booleans(),
        confirmed=st.booleans(),
        on_step=st.booleans(),
        late=st.sampled_from((None, None, 1, 30)),
    )
    def bids(
        self,
        bidder: int,
        next_to: int,
        more: int,
        automatic: bool,
        confirmed: bool,
        on_step: bool,
        late: int | None,
    ) -> None:
        if late is not None and self.lot.end_ms is not None and self.lot.accepted:
            self.course.tick(self.lot.end_ms - late)
        for other in dict.fromkeys((bidder, next_to, bidder)):
            self.one_bid(other, more, automatic, confirmed, on_step)

    def one_bid(
        self, bidder: int, more: int, automatic: bool, confirmed: bool, on_step: bool
    ) -> None:
        lot = self.lot
        price, increment = lot.price_minor, lot.params.increment_minor
        least = 100 if price is None else price + step_minor(lot.params, price)
        self.course._bids += 1
        amount = least + more * (increment if on_step else 1)
        # Now and then also where the auction rules know no automatic bids.
        automatic = automatic and (lot.params.automatic_bids or more == 3)
        offer = self._bid(bidder, amount, automatic, confirmed)
        outcomes = [e for e in self.course.do(offer) if getattr(e, "bid_id", None) == offer.bid_id]
        assert len(outcomes) == 1

    def _bid(self, bidder: int, amount: int, automatic: bool, confirmed: bool) -> Bid:
        bid_id = f"00000000-0000-4000-8000-{self.course._bids:012d}"
        return Bid(bidder, bid_id, amount, automatic=automatic, confirmed=confirmed)

    @precondition(lambda self: self.lot.params.closed_by == "AUCTIONEER")
    @rule()
    def the_hammer_falls(self) -> None:
        if self.lot.status == "RUNNING":
            self.course.do(CloseLot())

    @invariant()
    def the_leader_is_the_highest_valid_bid_and_the_earliest_of_it(self) -> None:
        valid = self.valid_bids()
        if not valid:
            assert (self.lot.leader, self.lot.price_minor) == (None, None)
        else:
            amount, _, bidder = max(valid)
            assert (self.lot.leader, self.lot.price_minor) == (bidder, amount)

    @invariant()
    def the_end_moves_only_by_its_rules(self) -> None:
        rule_, end_ms = self.lot.params.extension, self.lot.params.end_ms
        if rule_ is None or end_ms is None or self.lot.life.stage:
            return
        assert rule_.max_count is None or self.lot.extensions <= rule_.max_count
        if rule_.cap_ms is not None and self.lot.end_ms is not None:
            assert self.lot.end_ms <= end_ms + self.lot.life.paused_ms + rule_.cap_ms

    @invariant()
    def a_maximum_is_never_exceeded(self) -> None:
        maxima: dict[int, int] = {}
        for event in self.course.events:
            if isinstance(event, MaximumSet):
                maxima[event.bidder] = event.amount_minor
            elif isinstance(event, BidAutomatic):
                assert event.amount_minor <= maxima[event.bidder]


@st.composite
def extensions(draw: st.DrawFn) -> Extension | None:
    mode = draw(st.sampled_from(("NONE", "LAST_MINUTES", "UNTIL_SILENCE", "ROUNDS")))
    if mode == "NONE":
        return None
    trigger = LENGTH if mode == "UNTIL_SILENCE" else draw(st.sampled_from((50, 400)))
    by = draw(st.sampled_from((30, 300)))
    cap = draw(st.sampled_from((None, 200, 700)))
    count = draw(st.sampled_from((1, 3))) if cap is None else draw(st.sampled_from((None, 2)))
    return Extension(trigger, by, count, cap, "ROUNDS" if mode == "ROUNDS" else "LATE_BID")


class Descending(Lot):
    """Acceptances, stale ones too, withdrawn ones, refused wins, the floor."""

    @initialize(data=st.data())
    def listing(self, data: st.DataObject) -> None:
        draw = data.draw
        shapes = (
            Descent("LINEAR", 100, floor_minor=60, step_minor=9),
            Descent("PERCENT_OF_START", 100, floor_minor=50, step_bp=1_000),
            Descent("PERCENT_OF_PREVIOUS", 100, floor_minor=40, step_bp=2_500),
            Descent("TABLE", 100, prices=(90, 70, 30)),
        )
        params = LotParams(
            currency="VND",
            minor_digits=0,
            starting_price_minor=100,
            increment_minor=1,
            start_ms=START,
            end_ms=None,
            method="DESCENDING",
            descent=draw(st.sampled_from(shapes)),
            terms=draw(terms()),
        )
        self.begin(params, draw(st.sets(st.sampled_from(BIDDERS))))

    @precondition(lambda self: self.lot.status in ("RUNNING", "PAUSED", "BIDDING_CLOSED"))
    @rule(bidder=st.sampled_from((*BIDDERS, *BIDDERS, 77)), off=st.sampled_from((0, 0, 0, -1, 1)))
    def accepts(self, bidder: int, off: int) -> None:
        lot, at_ms = self.lot, self.course.at_ms
        prices, stood = ladder(lot.params), step_at(lot, at_ms)
        step = min(max(stood + off, 0), len(prices) - 1)
        told = self._accept(bidder, step)
        if told == "ACCEPTED":
            assert step == stood
            assert lot.status == "RUNNING"
            assert bidder not in lot.life.out
            assert prices[step] == price_at(lot, at_ms)
        elif step == stood and lot.status == "RUNNING" and bidder in lot.admitted:
            assert told in ("OUT", "DEPOSIT_MISSING")

    def _accept(self, bidder: int, step: int) -> str:
        self.course._bids += 1
        bid_id = f"00000000-0000-4000-8000-{self.course._bids:012d}"
        amount = ladder(self.lot.params)[step]
        events = self.course.do(Bid(bidder, bid_id, amount, step=step))
        own = next(e for e in events if getattr(e, "bid_id", None) == bid_id)
        return own.reason if isinstance(own, BidRefused) else "ACCEPTED"

    @invariant()
    def the_first_acceptance_that_stands_leads(self) -> None:
        valid = self.valid_bids()
        assert len(valid) <= 1, "a price was accepted twice"
        if valid:
            amount, _, bidder = valid[0]
            assert (self.lot.leader, self.lot.price_minor) == (bidder, amount)

    @invariant()
    def the_price_never_falls_below_the_floor_nor_while_nothing_runs(self) -> None:
        lot, at_ms = self.lot, self.course.at_ms
        prices = ladder(lot.params)
        assert prices[-1] <= price_at(lot, at_ms) <= prices[0]
        if lot.status == "PAUSED":
            assert price_at(lot, at_ms + 5_000) == price_at(lot, at_ms)


TestAscending = Ascending.TestCase
TestAscending.settings = PROFILE
TestDescending = Descending.TestCase
TestDescending.settings = PROFILE


def test_the_seed_of_hashes_changes_nothing() -> None:
    """Two processes whose dicts and sets are hashed otherwise write the same journals."""
    code = (
        "import hashlib, json\n"
        "from tests.rules.lives import LIVES\n"
        "text = json.dumps([[e.kind, e.body()] for f in LIVES.values() for e in f().events])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ROOT},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
