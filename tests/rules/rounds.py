"""Sealed rounds and draws to play with: real keys, boxes and seeds, every step checked.

Secrets are made from names, so that a failing example is the same again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
import pytest

from auction_engine.ledger.journal import GENESIS, chain, entry_body
from auction_engine.ledger.verify_lot import LotCheck
from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    Command,
    CommandRefused,
    ListLot,
    Seal,
    Tick,
)
from auction_engine.rules.draw import commitment
from auction_engine.rules.events import BidRefused, BidSealed, Event, Turn
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lot import LotState, standings
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.parts import Descent, Draws, Phase, Sealing
from auction_engine.rules.sealing import Context, seal_box
from auction_engine.rules.sealing_keys import public_key_of, write_private_key
from auction_engine.rules.terms import Terms
from tests.rules.lots import END, MILLION, MINUTE, START, A, B, C, params

LOT = 7
D, E = 4, 5
HOUSE, OFFICER, PROCURATOR = 900, 901, 902
OPEN_MS, REBID_MS, DRAW_MS = 30 * MINUTE, 10 * MINUTE, 20 * MINUTE
HOLDERS = ("ORGANISATION", "PROCURATOR")
TERMS = Terms(deposit_minor=200 * MILLION, announcement="AUCTIONEER")


def secret(name: str, size: int = 32) -> bytes:
    return sha256(name.encode()).digest()[:size]


@lru_cache
def private_keys(*names: str) -> tuple[str, ...]:
    return tuple(write_private_key(secret(f"key {name}")) for name in names)


@lru_cache
def public_keys(*names: str) -> tuple[str, ...]:
    return tuple(public_key_of(key) for key in private_keys(*names))


def seed(holder: str, number: int = 1) -> str:
    return secret(f"seed {holder} {number}").hex()


def commitments(number: int = 1, lot: int = LOT) -> tuple[tuple[str, str], ...]:
    return tuple(
        (holder, commitment(seed(holder, number), lot, number, holder)) for holder in HOLDERS
    )


def sealing(stage: int = 0, **changes: Any) -> Sealing:
    values: dict[str, Any] = {
        "public_keys": public_keys(f"{stage}a", f"{stage}b"),
        "open_ms": OPEN_MS,
        "rebid_ms": REBID_MS,
        "draw_ms": DRAW_MS,
        "commitments": commitments(stage + 1),
        "rebid_public_keys": public_keys(f"{stage}c", f"{stage}d"),
    }
    if "DRAW_LOTS" not in changes.get("tie", ("DRAW_LOTS",)):
        values["commitments"] = ()
    if "RE_BID_TIED" not in changes.get("tie", ("RE_BID_TIED",)):
        values["rebid_public_keys"] = ()
    return Sealing(**(values | changes))


def draws() -> Draws:
    return Draws(DRAW_MS, commitments())


@lru_cache(maxsize=4096)
def box_of(amount: int, round: int, bidder: int, bid_id: str, keys: tuple[str, ...]) -> str:
    context = Context(LOT, round, code(bidder), bid_id)
    key, padding = secret(f"one-time {amount} {bid_id}"), secret(f"padding {bid_id}", 24)
    return seal_box(amount, keys, context, one_time_key=key, padding=padding)


def code(bidder: int) -> str:
    return f"B-{bidder:03d}"


class SealedPlay:
    """One lot with its bidders admitted; by default sealed bids for twenty minutes from START.

    Every event is checked and becomes a journal entry; `verified` decides the whole journal again.
    """

    def __init__(self, admitted: tuple[int, ...] = (A, B, C, D), **changes: Any) -> None:
        values: dict[str, Any] = {"method": "SEALED", "lot": LOT, "terms": TERMS}
        if changes.get("method", "SEALED") == "SEALED" and "sealed" not in changes:
            values["sealed"] = sealing()
        self.state: LotState | None = None
        self.entries: list[dict[str, Any]] = []
        self._bodies: list[bytes] = []
        self._log = (0, 0)
        self._bids = 0
        self.do(ListLot(params(**(values | changes))), START - 60 * MINUTE)
        for bidder in admitted:
            self.do(Admit(bidder, code(bidder)), START - 30 * MINUTE)

    @property
    def now(self) -> LotState:
        assert self.state is not None
        return self.state

    @property
    def standing(self) -> list[tuple[int, int]]:
        return [(s.bidder, s.amount_minor) for s in standings(self.now)]

    @property
    def kinds(self) -> list[str]:
        return [entry["kind"] for entry in self.entries]

    def do(self, command: Command, at_ms: int) -> list[Event]:
        """Decide and apply at a time not before the last; the invariants hold at every step."""
        assert at_ms >= self._log[0]
        events = decide(self.state, command, at_ms)
        if events:
            self._log = (at_ms, self._log[1] + 1 if at_ms == self._log[0] else 0)
        for event in events:
            after = apply(self.state, event)
            check_step(self.state, event, after, at_ms)
            self.state = after
            log = f"{self._log[0]}-{self._log[1]}"
            body = entry_body(LOT, len(self._bodies) + 1, log, 1, event)
            self._bodies.append(body)
            self.entries.append(orjson.loads(body))
        return events

    def kinds_of(self, command: Command, at_ms: int) -> list[str]:
        return [event.kind for event in self.do(command, at_ms)]

    def verified(self) -> LotState:
        """The journal decided again, byte for byte, from its entries alone."""
        check, digest = LotCheck(LOT), GENESIS
        for seq, body in enumerate(self._bodies, 1):
            digest = chain(digest, body)
            entry = orjson.loads(body)
            check.row(seq, entry["kind"], entry.get("bidder"), entry.get("bid_id"), body, digest)
        check.finish()
        assert check.state == self.state
        return self.now

    # --- what people do ---------------------------------------------------------------------

    def act(
        self,
        name: str,
        at_ms: int,
        role: str = "ORGANISATION",
        actor: int = HOUSE,
        reason: str | None = None,
        **data: Any,
    ) -> list[Event]:
        return self.do(Act(name, role, actor, reason, data), at_ms)  # type: ignore[arg-type]

    def refused(self, name: str, at_ms: int, **said: Any) -> str:
        """The code with which an act is refused; nothing may be recorded."""
        before = len(self.entries)
        with pytest.raises(CommandRefused) as caught:
            self.act(name, at_ms, **said)
        assert len(self.entries) == before
        return caught.value.code

    def next_id(self) -> str:
        self._bids += 1
        return f"00000000-0000-4000-8000-{self._bids:012d}"

    def box(self, bidder: int, amount: int, bid_id: str) -> str:
        """The box that the bidder's own page makes for the present round."""
        round = self.now.life.sealed.round if self.now.life.sealed else 1
        return box_of(amount, round, bidder, bid_id, self.round_keys())

    def round_keys(self) -> tuple[str, ...]:
        stage, box = self.now.life.stage, self.now.life.sealed
        own = self.now.params.phases[stage - 1].sealed if stage else self.now.params.sealed
        if own is None:
            return public_keys("0a", "0b")
        return own.public_keys if box is None or box.tied is None else own.rebid_public_keys

    def seal(
        self, bidder: int, amount: int, at_ms: int = START + MINUTE, box: str | None = None
    ) -> BidSealed | BidRefused:
        """Hand in a box; the one answer that must come."""
        bid_id = self.next_id()
        if box is None:
            box = self.box(bidder, amount, bid_id)
        events = self.do(Seal(bidder, bid_id, box), at_ms)
        answers = [e for e in events if isinstance(e, BidSealed | BidRefused)]
        assert len(answers) == 1
        assert answers[0].bid_id == bid_id
        return answers[0]

    def bid(self, bidder: int, amount: int, at_ms: int, step: int | None = None) -> list[Event]:
        return self.do(Bid(bidder, self.next_id(), amount, step), at_ms)

    def tick(self, at_ms: int) -> list[str]:
        return self.kinds_of(Tick(), at_ms)

    def open(self, at_ms: int, names: tuple[str, ...] = ("0a", "0b")) -> list[str]:
        """All holders' keys are handed over and the boxes opened."""
        return [e.kind for e in self.act("open_boxes", at_ms, keys=list(private_keys(*names)))]

    def reveal(self, holder: str, at_ms: int, number: int = 1) -> list[Event]:
        return self.act(
            "reveal_seed", at_ms, "PROCURATOR", PROCURATOR,
            holder=holder, seed=seed(holder, number),
        )  # fmt: skip

    def withdraw(self, bidder: int, at_ms: int) -> list[Event]:
        return self.act("withdraw_bid", at_ms, "BIDDER", bidder)


def turn(events: list[Event], kind: str) -> Turn:
    """The one turn of this kind."""
    found = [event for event in events if isinstance(event, Turn) and event.kind == kind]
    assert len(found) == 1, [event.kind for event in events]
    return found[0]


def closed_with(amounts: dict[int, int], **changes: Any) -> SealedPlay:
    """A lot whose round is over, with these amounts (in millions) in the boxes."""
    play = SealedPlay(**changes)
    for bidder, amount in amounts.items():
        play.seal(bidder, amount * MILLION)
    play.tick(END)
    return play


def tied(*bidders: int, **changes: Any) -> SealedPlay:
    """A lot in whose re-bid nobody bid higher, so that lots are to be drawn; opened at END + 1."""
    play = closed_with(dict.fromkeys(bidders, 1_200), **changes)
    play.open(END + MINUTE)
    play.tick(END + MINUTE + REBID_MS)
    assert play.now.life.awaits == "DRAW"
    return play


# When the boxes of a lot are opened in most tests, and when the re-bid then ends.
OPENED = END + MINUTE
REBID_END = OPENED + REBID_MS
# When the draw of `tied` is awaited, when its seeds are due, and when its time is over.
DRAW_FROM = END + MINUTE + REBID_MS
SEEDS_FROM = DRAW_FROM + DRAW_MS // 2
DRAW_UNTIL = DRAW_FROM + DRAW_MS


# --- hybrid lots ------------------------------------------------------------------------------

FALLING = Descent("LINEAR", MINUTE, floor_minor=500 * MILLION, step_minor=100 * MILLION)
FALLING_DRAWN = replace(FALLING, draw_same_step=True)
TAKEN = START + 3 * MINUTE
SEALED_END = TAKEN + 10 * MINUTE
HYBRID_TERMS = Terms(
    min_participants=1, single_bidder="ALWAYS", single_after_failures=0, announcement="IMMEDIATE"
)


def hybrid(best: str = "ASCENDING", **changes: Any) -> SealedPlay:
    """Prozorro's: A has accepted 700 m in the falling phase, the others may seal bids."""
    last = Phase("ASCENDING", 5 * MINUTE, "LEADER")
    if best == "SEALED":
        last = Phase("SEALED", 5 * MINUTE, "LEADER", sealing(2, tie=("FIRST_RECORDED",)))
    sealed_phase = Phase("SEALED", 10 * MINUTE, "ALL_BUT_LEADER", sealing(1))
    values: dict[str, Any] = {
        "method": "DESCENDING",
        "end_ms": None,
        "descent": FALLING,
        "phases": (sealed_phase, last),
        "terms": HYBRID_TERMS,
    }
    play = SealedPlay(**(values | changes))
    events = play.bid(A, 700 * MILLION, TAKEN, step=3)
    assert [e.kind for e in events][-2:] == ["bid.accepted", "phase.opened"]
    return play
