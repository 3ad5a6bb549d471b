"""What the statistics have to know of one lot, read from its journal entry by entry. Pure."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from auction_engine.rules import calendar, packs
from auction_engine.rules.deposits import recorded
from auction_engine.rules.events import (
    BidAccepted,
    BidAutomatic,
    BidderEntered,
    BidRefused,
    BidSealed,
    Event,
    LotClosed,
    LotDrafted,
    LotListed,
    MaximumSet,
    Turn,
)
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply

Outcome = Literal["SOLD", "FAILED", "STOPPED", "WITHDRAWN"]
# Raised when the same journal would give other facts: rows of an older reading are made anew.
VERSION = 1
# Days of lots without a rule pack.
ZONE = "Asia/Ho_Chi_Minh"
# What happened for the last time, and the day it is kept as.
_DAYS = {
    "lot.delivered": "delivered_on",
    "payment.defaulted": "defaulted_on",
    "sale.rescinded": "rescinded_on",
    "buyer.rescinded": "rescinded_on",
    "result.annulled": "annulled_on",
    "price.cut": "cut_on",
    "in_kind.offered": "offered_on",
    "in_kind.taken": "taken_on",
    "lot.returned": "returned_on",
    "proceeds.distributed": "distributed_on",
}
# Who bids is there, by whatever way he came (Law 01/2016 Art. 39(6)a).
_BEING_THERE = (BidderEntered, BidAccepted, MaximumSet, BidSealed)
DAYS = ("listed_on", "ended_on", "paid_on", *dict.fromkeys(_DAYS.values()))
_MOMENTS = {"lot.delivered": "delivered_ms"}


class Facts:
    """One lot on its way through its journal; `row` is what is known after the last entry.

    `ended_on` is the day of the outcome in force: an offer to the runner-up, a price that falls
    on or a new date undo the one before.
    """

    def __init__(self) -> None:
        self.state: LotState | None = None
        self.zone = ZONE
        self.outcome: Outcome | None = None
        self.code: str | None = None
        self.days: dict[str, date] = {}
        self.moments: dict[str, int] = {}
        self.final_minor: int | None = None
        self.top_up_minor: int | None = None
        self.came: set[int] = set()
        self.automatic = 0
        self.sealed = 0
        self.refusals: Counter[str] = Counter()
        self._lost: dict[int, tuple[date, str]] = {}

    def take(self, event: Event, at_ms: int) -> None:
        """Read the next entry, recorded at log time `at_ms` (UTC ms)."""
        state = self.state = apply(self.state, event)
        if isinstance(event, _BEING_THERE):
            self.came.add(event.bidder)
        if isinstance(event, BidRefused):
            self.refusals[event.reason] += 1
        elif isinstance(event, BidAutomatic):
            self.automatic += 1
        elif isinstance(event, BidSealed):
            self.sealed += 1
        elif isinstance(event, Turn):
            self._turn(event, state, at_ms)
        elif isinstance(event, LotClosed):
            if state.params.terms is None:
                self._closed(event, at_ms)
        elif isinstance(event, LotListed | LotDrafted):
            self.zone = zone_of(state.params.pack)
            if isinstance(event, LotListed):
                self.days["listed_on"] = self._day(at_ms)

    def _day(self, at_ms: int) -> date:
        return calendar.local_day(at_ms, self.zone)

    def _turn(self, turn: Turn, state: LotState, at_ms: int) -> None:
        if turn.kind in _DAYS:
            self.days[_DAYS[turn.kind]] = self._day(at_ms)
        if turn.kind in _MOMENTS:
            self.moments[_MOMENTS[turn.kind]] = at_ms
        if turn.kind in ("payment.recorded", "payment.covered") and turn.status == "PAID":
            self.days["paid_on"] = self._day(at_ms)
            self.moments["paid_ms"] = at_ms
        if turn.kind == "in_kind.taken":
            self.top_up_minor = turn.data["top_up_minor"]
        said = _OUTCOMES.get(turn.kind)
        if said is not None:
            self._ends(said(turn), state, at_ms)
        for bidder, ground in state.life.forfeits.items():
            if self._lost.get(bidder, (None, ""))[1] != ground:
                self._lost[bidder] = (self._day(at_ms), ground)

    def _ends(self, said: tuple[Outcome | None, str | None], state: LotState, at_ms: int) -> None:
        self.outcome, self.code = said
        if self.outcome is None:
            self.days.pop("ended_on", None)
        else:
            self.days["ended_on"] = self._day(at_ms)
        self.final_minor = None
        self.moments.pop("awarded_ms", None)
        if self.outcome == "SOLD":
            self.final_minor = state.life.award_minor
            self.moments["awarded_ms"] = at_ms

    def _closed(self, event: LotClosed, at_ms: int) -> None:
        """Of a lot without terms only the bidding is known: its end is the outcome."""
        self.days["ended_on"] = self._day(at_ms)
        if event.leader is None:
            self.outcome, self.code = "FAILED", "NO_BID"
        else:
            self.outcome, self.final_minor = "SOLD", event.price_minor
            self.moments["awarded_ms"] = at_ms

    def forfeits(self) -> list[dict[str, Any]]:
        """Each deposit that is lost: since which day, why, how much (minor units)."""
        state = self.state
        if state is None or not self._lost or state.params.terms is None:
            return []
        fates = deposit_fates(state)
        lost = []
        for bidder, (on, ground) in sorted(self._lost.items()):
            if bidder in fates and fates[bidder].kind == "FORFEITED":
                held = state.life.deposits.get(bidder)
                known = recorded(state) and held is not None
                amount = held.amount_minor if known and held else state.params.terms.deposit_minor
                lost.append({"on": on.isoformat(), "ground": ground, "amount_minor": amount})
        return lost

    def row(self) -> dict[str, Any]:
        """The columns of `lot_facts` that follow from the journal alone."""
        state = self.state
        assert state is not None
        life, params = state.life, state.params
        return {
            "method": params.method,
            "zone": self.zone,
            "currency": params.currency,
            "minor_digits": params.minor_digits,
            "status": state.status,
            "outcome": self.outcome,
            "code": self.code,
            **{name: self.days.get(name) for name in DAYS},
            "awarded_ms": self.moments.get("awarded_ms"),
            "paid_ms": self.moments.get("paid_ms"),
            "delivered_ms": self.moments.get("delivered_ms"),
            "start_minor": params.starting_price_minor,
            "final_minor": self.final_minor,
            "next_start_minor": life.next_start_minor,
            "top_up_minor": self.top_up_minor,
            "registered": len({*life.registered, *state.admitted}),
            "turned_away": sum(word == "REFUSED" for word in life.registered.values()),
            "admitted": len(state.admitted),
            "present": len(self.came & set(state.admitted)),
            "bids": state.accepted,
            "automatic": self.automatic,
            "sealed": self.sealed,
            "refused": state.refused,
            "extensions": state.extensions,
            "refusals": dict(sorted(self.refusals.items())),
            "forfeits": self.forfeits(),
        }


def zone_of(pack: str | None) -> str:
    """The time zone in which the days of a lot under this pack are counted."""
    if pack is None:
        return ZONE
    try:
        return packs.load(pack).timezone
    except (LookupError, ValueError):
        # A pack that this version does not ship any more; the journal stays as it is.
        return ZONE


_Said = Callable[[Turn], tuple[Outcome | None, str | None]]
# What each turn says of the outcome; one that says (None, None) undoes the outcome before.
_OUTCOMES: dict[str, _Said] = {
    "winner.announced": lambda turn: ("SOLD", None),
    "offer.accepted": lambda turn: ("SOLD", None),
    "lot.failed": lambda turn: ("FAILED", turn.data["code"]),
    "lot.stopped": lambda turn: ("STOPPED", turn.data["ground"]),
    "round.failed": lambda turn: ("STOPPED", turn.data["ground"]),
    "incident.decided": lambda turn: (
        ("STOPPED", "TECHNICAL_FAULT") if turn.status == "STOPPED" else (None, None)
    ),
    "lot.withdrawn": lambda turn: ("WITHDRAWN", None),
    "runner_up.offered": lambda turn: (None, None),
    "descent.resumed": lambda turn: (None, None),
    "lot.rescheduled": lambda turn: (None, None),
}
