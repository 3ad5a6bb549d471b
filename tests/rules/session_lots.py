"""A session in virtual time: its lots under the real rules, a conductor, and people."""

from __future__ import annotations

from typing import Any

from auction_engine.rules.commands import Act, Admit, Bid, Command, Enter, ListLot, Tick
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.params import LotParams
from auction_engine.rules.session import LotNow, next_acts, place_in, stage
from auction_engine.rules.session_plan import Case, Place, Session
from auction_engine.rules.session_windows import in_window, plan
from auction_engine.rules.terms import Terms

from .lots import MILLION, MINUTE, A, B

# A full minute: what is rescheduled opens at one.
START = 1_780_000_020_000
CHIEF = 77
TERMS = Terms(deposit_minor=50 * MILLION, offer_ms=5 * MINUTE, single_after_failures=0)
HOUR = 60 * MINUTE


def lot_params(**changes: Any) -> LotParams:
    """Ten minutes of bidding, the result announced by the auctioneer."""
    values: dict[str, Any] = {
        "currency": "VND",
        "minor_digits": 0,
        "starting_price_minor": 100 * MILLION,
        "increment_minor": 10 * MILLION,
        "start_ms": START,
        "end_ms": START + 10 * MINUTE,
        "terms": TERMS,
    }
    return LotParams(**(values | changes))


def session(order: str, *places: Any, **changes: Any) -> Session:
    """Places are lot numbers or (lot, value in millions, case)."""
    made = tuple(
        Place(place) if isinstance(place, int) else Place(place[0], place[1] * MILLION, place[2])
        for place in places
    )
    return Session(order, made, **changes)  # type: ignore[arg-type]


def case(name: str, claim: int, costs: int = 0) -> Case:
    return Case(name, claim * MILLION, costs * MILLION)


class Hall:
    """The lots of one session, listed as planned, with bidders A and B in all of them."""

    def __init__(self, planned: Session, **each: Any) -> None:
        self.session = planned
        self.now_ms = START - HOUR
        self.lots: dict[int, LotState] = {}
        self.since: dict[int, int] = {}
        self.log: list[tuple[int, str]] = []  # (lot, stage entered)
        self._bids = 0
        values = {place.lot: each.get(f"lot{place.lot}", {}) for place in planned.places}
        params = {lot: lot_params(**value) for lot, value in values.items()}
        self.windows = plan(planned, START, params)
        for window in self.windows:
            self.do(window.lot, ListLot(in_window(params[window.lot], window)))
            terms = params[window.lot].terms
            if terms is not None and terms.registration_open_ms is not None:
                continue
            for bidder, code in ((A, "B-001"), (B, "B-002")):
                self.do(window.lot, Admit(bidder, code))
                self.do(window.lot, Enter(bidder))

    def do(self, lot: int, command: Command, at_ms: int | None = None) -> None:
        at_ms = self.now_ms if at_ms is None else at_ms
        for event in decide(self.lots.get(lot), command, at_ms):
            before = self.lots.get(lot)
            self.lots[lot] = apply(before, event)
            if before is None or place_in(before) != place_in(self.lots[lot]):
                self.since[lot] = at_ms
                self.log.append((lot, stage(self.lots[lot])))

    def act(self, lot: int, name: str, role: str = "AUCTIONEER", **data: Any) -> None:
        self.do(lot, Act(name, role, CHIEF, "because", data))  # type: ignore[arg-type]

    @property
    def view(self) -> dict[int, LotNow]:
        return {lot: LotNow(state, self.since[lot]) for lot, state in self.lots.items()}

    def due(self, paused: bool = False) -> list[tuple[int, Act]]:
        return next_acts(self.session, self.view, self.now_ms, CHIEF, paused)

    def conduct(self) -> list[tuple[int, Act]]:
        """One pass of the conductor; a second one has nothing to do."""
        acts = self.due()
        assert self.due() == acts
        for lot, act in acts:
            self.do(lot, act)
        assert self.due() == []
        return acts

    def until(self, at_ms: int, step_ms: int = MINUTE, conducted: bool = True) -> None:
        """Let time pass, the clock ticking and the conductor looking every `step_ms`."""
        while self.now_ms < at_ms:
            if conducted:
                self.conduct()
            self.now_ms = min(at_ms, self.now_ms + step_ms)
            for lot in self.lots:
                while (due_ms := next_due_ms(self.lots[lot])) is not None and due_ms <= self.now_ms:
                    self.do(lot, Tick(), due_ms)
        if conducted:
            self.conduct()

    def bid(self, lot: int, amount: int, bidder: int = A) -> None:
        self._bids += 1
        bid_id = f"00000000-0000-4000-8000-{self._bids:012d}"
        self.do(lot, Bid(bidder, bid_id, amount * MILLION))

    def sell(self, lot: int, amount: int) -> None:
        """The lot is bid on by both, ends by its clock, and its winner is announced."""
        assert self.status(lot) == "RUNNING"
        self.bid(lot, amount - 10, B)
        self.bid(lot, amount)
        end_ms = self.lots[lot].end_ms
        assert end_ms is not None
        self.until(end_ms)
        self.act(lot, "announce")

    def status(self, lot: int) -> str:
        return self.lots[lot].status

    def statuses(self) -> list[str]:
        return [self.lots[place.lot].status for place in self.session.places]

    @property
    def open_lots(self) -> list[int]:
        """Lots that take bids, or will when their pause ends."""
        return [
            lot
            for lot, state in self.lots.items()
            if state.status == "RUNNING"
            or (state.status == "PAUSED" and state.life.resume == "RUNNING")
        ]
