"""A lot to play with: commands in, events out, every step checked."""

from __future__ import annotations

from typing import Any

from auction_engine.rules.commands import Admit, Bid, Command, ListLot
from auction_engine.rules.events import BidAccepted, BidRefused, Event
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.params import Extension, LotParams

START = 1_780_000_000_000
MINUTE = 60_000
END = START + 20 * MINUTE
MILLION = 1_000_000
A, B, C, STRANGER = 1, 2, 3, 99

EXTENSION = Extension(trigger_ms=MINUTE, by_ms=2 * MINUTE, max_count=2)


def params(**changes: Any) -> LotParams:
    """The vectors' lot: 1,000 m to begin with, steps of 50 m, twenty minutes."""
    values: dict[str, Any] = {
        "currency": "VND",
        "minor_digits": 0,
        "starting_price_minor": 1_000 * MILLION,
        "increment_minor": 50 * MILLION,
        "start_ms": START,
        "end_ms": END,
    }
    return LotParams(**(values | changes))


class Play:
    """One lot with A, B and C admitted; `state` is where it stands, `events` its history."""

    def __init__(self, admitted: tuple[int, ...] = (A, B, C), **changes: Any) -> None:
        self.state: LotState | None = None
        self.events: list[Event] = []
        self._bids = 0
        self.do(ListLot(params(**changes)), START - 60 * MINUTE)
        for bidder in admitted:
            self.do(Admit(bidder, f"B-{bidder:03d}"), START - 30 * MINUTE)

    @property
    def now(self) -> LotState:
        assert self.state is not None
        return self.state

    def do(self, command: Command, at_ms: int) -> list[Event]:
        """Decide and apply; the invariants hold at every step or this raises."""
        events = decide(self.state, command, at_ms)
        for event in events:
            after = apply(self.state, event)
            check_step(self.state, event, after, at_ms)
            self.state = after
        self.events.extend(events)
        return events

    def bid(self, bidder: int, amount_minor: int, at_ms: int = START + MINUTE) -> list[Event]:
        self._bids += 1
        bid_id = f"00000000-0000-4000-8000-{self._bids:012d}"
        return self.do(Bid(bidder, bid_id, amount_minor), at_ms)

    def accepted(self, bidder: int, amount_minor: int, at_ms: int = START + MINUTE) -> BidAccepted:
        """Bid, and be accepted."""
        return self._one(BidAccepted, self.bid(bidder, amount_minor, at_ms))

    def refused(self, bidder: int, amount_minor: int, at_ms: int = START + MINUTE) -> BidRefused:
        """Bid, and be refused; nothing but the count of refusals may have changed."""
        return self._one(BidRefused, self.bid(bidder, amount_minor, at_ms))

    @staticmethod
    def _one(kind: type[Any], events: list[Event]) -> Any:
        outcomes = [e for e in events if isinstance(e, (BidAccepted, BidRefused))]
        assert len(outcomes) == 1
        assert isinstance(outcomes[0], kind), outcomes[0]
        return outcomes[0]
