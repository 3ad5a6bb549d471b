"""The course of a lot with terms: acts of people, steps checked, decided twice and replayed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    CloseLot,
    Command,
    CommandRefused,
    DraftLot,
    Enter,
    ListLot,
    Role,
    Tick,
)
from auction_engine.rules.events import (
    BidAccepted,
    BidRefused,
    BidSealed,
    Event,
    MaximumSet,
    Turn,
    from_body,
)
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.lot import LotState, Status
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import DAY_MS, DEPOSIT_MEANS, Terms

from .lots import END, MILLION, MINUTE, START, A, B, C, params

STAFF: dict[Role, int] = {
    "AGENCY": 9_001,
    "ORGANISATION": 9_002,
    "AUCTIONEER": 9_003,
    "RECORDER": 9_004,
    "PROCURATOR": 9_005,
    "COURT": 9_006,
    "CLOCK": 0,
}
LISTED = START - 30 * DAY_MS
OPENS, CLOSES = START - 20 * DAY_MS, START - 3 * DAY_MS
# 1,000 m to begin with, falling by 50 m a minute to 800 m.
DESCENT = Descent("LINEAR", MINUTE, floor_minor=800 * MILLION, step_minor=50 * MILLION)
OUTCOMES = (BidAccepted, BidRefused, BidSealed, MaximumSet)


def terms(**changes: Any) -> Terms:
    """The vectors' terms: a deposit of 200 m, everything else as the law has it."""
    return replace(Terms(deposit_minor=200 * MILLION), **changes)


def window(**changes: Any) -> Terms:
    """The same with dossiers handed in from twenty to three days before the opening."""
    return terms(registration_open_ms=OPENS, registration_close_ms=CLOSES, **changes)


def recorded(**changes: Any) -> Terms:
    """The same with a window and with each deposit on record."""
    return window(**{"deposits": "RECORDED", "deposit_means": DEPOSIT_MEANS} | changes)


def conducted(**changes: Any) -> LotParams:
    """The vectors' lot with terms; `falling=True` for the descending one."""
    values: dict[str, Any] = {"terms": terms()}
    if changes.pop("falling", False):
        values |= {"method": "DESCENDING", "descent": DESCENT, "end_ms": None}
    return params(**(values | changes))


class Course:
    """One lot; `now` is its state, `events` its history, `at_ms` the log time reached."""

    def __init__(self, listed: LotParams | None, at_ms: int = LISTED) -> None:
        self.state: LotState | None = None
        self.events: list[Event] = []
        self.steps: list[tuple[Status | None, Event]] = []
        self.refusals: set[str] = set()
        self.at_ms = at_ms
        self._replayed: LotState | None = None
        self._bids = 0
        if listed is not None:
            self.do(ListLot(listed))

    @property
    def now(self) -> LotState:
        assert self.state is not None
        return self.state

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def do(self, command: Command, at_ms: int | None = None) -> list[Event]:
        """Decide, check and apply at `at_ms`, or at the time reached."""
        self.at_ms = max(self.at_ms, at_ms if at_ms is not None else self.at_ms)
        events = decide(self.state, command, self.at_ms)
        assert events == decide(self.state, command, self.at_ms), "decided otherwise again"
        for event in events:
            after = apply(self.state, event)
            check_step(self.state, event, after, self.at_ms)
            self.steps.append((None if self.state is None else self.state.status, event))
            self.state = after
            written = json.dumps(event.body(), sort_keys=True)
            self._replayed = apply(self._replayed, from_body(event.kind, json.loads(written)))
            assert self._replayed == self.state, "the journal gives another state"
        self.events.extend(events)
        return events

    def tick(self, at_ms: int | None = None) -> list[Event]:
        return self.do(Tick(), at_ms)

    def after(self, ms: int) -> list[Event]:
        """Let so much time pass."""
        return self.tick(self.at_ms + ms)

    def due(self) -> list[Event]:
        """Let time pass until something is due."""
        at_ms = next_due_ms(self.now)
        assert at_ms is not None
        assert self.tick(at_ms - 1) == []
        return self.tick(at_ms)

    def admit(self, *bidders: int) -> Course:
        for bidder in bidders:
            self.do(Admit(bidder, f"B-{bidder:03d}"))
        return self

    def deposit(self, *bidders: int, means: str = "TRANSFER", **data: Any) -> Course:
        """Their deposits are on record: 200 m each, by a transfer of a number of its own."""
        for bidder in bidders:
            amount = 0 if means == "EXEMPT" else 200 * MILLION
            number = 1_000 + bidder if means in ("TRANSFER", "CASH") else 0
            values = {"bidder": bidder, "means": means, "amount_minor": amount, "transfer": number}
            self.act("hold_deposit", **{"role": None, **values, **data})
        return self

    def enter(self, *bidders: int) -> Course:
        for bidder in bidders:
            self.do(Enter(bidder))
        return self

    def act(
        self,
        name: str,
        actor: int | None = None,
        role: Role | None = None,
        reason: str | None = None,
        **data: Any,
    ) -> list[Event]:
        """An act; by staff unless `actor` is a bidder, in the first role the row names."""
        return self.do(self.command(name, actor, role, reason, **data))

    @staticmethod
    def command(
        name: str,
        actor: int | None = None,
        role: Role | None = None,
        reason: str | None = None,
        **data: Any,
    ) -> Act:
        if role is None:
            row = BY_ACT[name]
            role = "BIDDER" if actor is not None and actor < 9_000 else row.roles[0]
        return Act(name, role, STAFF[role] if actor is None else actor, reason, data)

    def refused(self, code: str, command: Command | str, *args: Any, **data: Any) -> None:
        """The command, or the act of this name, is refused with `code` and changes nothing."""
        if isinstance(command, str):
            command = self.command(command, *args, **data)
        with pytest.raises(CommandRefused) as caught:
            decide(self.state, command, self.at_ms)
        assert caught.value.code == code, str(caught.value)
        assert str(caught.value).endswith(".")
        self.refusals.add(code)

    def bid(self, bidder: int, millions: int, at_ms: int | None = None, **how: Any) -> str:
        """Bid so many millions; ACCEPTED, the reason of the refusal, or MAXIMUM."""
        self._bids += 1
        bid_id = f"00000000-0000-4000-8000-{self._bids:012d}"
        events = self.do(Bid(bidder, bid_id, millions * MILLION, **how), at_ms)
        own = [e for e in events if isinstance(e, OUTCOMES) and e.bid_id == bid_id]
        assert len(own) == 1, "a bid has one answer"
        if isinstance(own[0], BidRefused):
            self.refusals.add(own[0].reason)
            return own[0].reason
        return "MAXIMUM" if isinstance(own[0], MaximumSet) else "ACCEPTED"

    def bids(self, *offers: tuple[int, int]) -> Course:
        """Bids in millions, each accepted."""
        for bidder, millions in offers:
            assert self.bid(bidder, millions, START + MINUTE) == "ACCEPTED", (bidder, millions)
        return self

    def closed(self) -> Course:
        """The clock ends the bidding."""
        assert self.now.end_ms is not None
        self.tick(self.now.end_ms)
        return self

    def announced(self) -> Course:
        self.act("announce")
        return self

    def house_signs(self) -> Course:
        self.act("sign_minutes", role="AUCTIONEER", **{"as": "AUCTIONEER"})
        self.act("sign_minutes", role="RECORDER", **{"as": "RECORDER"})
        return self

    def signed(self) -> Course:
        """The minutes are complete."""
        winner = self.now.life.winner
        self.house_signs().act("sign_minutes", winner, **{"as": "WINNER"})
        return self

    def paid(self) -> Course:
        left = (self.now.life.award_minor or 0) - 200 * MILLION - self.now.life.paid_minor
        self.act("record_payment", amount_minor=left, reference="transfer 1")
        return self

    def ended(self) -> tuple[Status, str | None]:
        """The status and, of a failed lot, the code."""
        return self.now.status, self.now.life.failure

    def last(self, kind: str) -> Turn:
        return next(e for e in reversed(self.events) if isinstance(e, Turn) and e.kind == kind)


def deposited(*bidders: int, **changes: Any) -> Course:
    """A lot that records deposits: dossiers in, deposits held, all admitted and in the room."""
    everybody = bidders or (A, B, C)
    course = Course(conducted(**({"terms": recorded()} | changes)))
    course.tick(OPENS)
    for bidder in everybody:
        course.act("register", bidder)
    course.deposit(*everybody).admit(*everybody).enter(*everybody).tick(CLOSES)
    course.tick(START + MINUTE if course.now.method == "ASCENDING" else START)
    return course


def open_lot(*bidders: int, **changes: Any) -> Course:
    """A lot with these bidders in the room (A, B and C unless said), open for a minute."""
    course = Course(conducted(**changes)).admit(*(bidders or (A, B, C)))
    course.enter(*(bidders or (A, B, C)))
    course.tick(START + MINUTE if course.now.method == "ASCENDING" else START)
    return course


__all__ = [
    "CLOSES",
    "DAY_MS",
    "DESCENT",
    "END",
    "LISTED",
    "MILLION",
    "MINUTE",
    "OPENS",
    "STAFF",
    "START",
    "A",
    "B",
    "C",
    "CloseLot",
    "Course",
    "DraftLot",
    "conducted",
    "deposited",
    "open_lot",
    "recorded",
    "terms",
    "window",
]
