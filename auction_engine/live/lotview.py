"""One lot as it may be seen: by the public, and by a bidder who looks at his own."""

from collections import deque
from typing import Any

from auction_engine.ledger.journal import event_of
from auction_engine.live import course
from auction_engine.rules import deposits
from auction_engine.rules.events import Turn
from auction_engine.rules.lot import LotState, minimum_minor
from auction_engine.rules.machine import apply

_RECENT = 200
_TURNS = 50
_REFUSED_KEPT = 20
# Turns nobody is told of but the bidder whose they are (Law 01/2016 Art. 9(2)d).
_OWN = frozenset({"deposit.held", "deposit.released"})
_OWN_REFUSED = ("seq", "at_ms", "amount_minor", "reason", "minimum_minor")


def _deposit(state: LotState, bidder: int) -> dict[str, Any]:
    """Whether the bidder's deposit is on record, how much it is, and how much it must be."""
    assert state.params.terms is not None
    held = state.life.deposits.get(bidder)
    exempt = held is not None and held.means == "EXEMPT"
    return {
        "state": "MISSING" if held is None else "HELD",
        "amount_minor": 0 if held is None else held.amount_minor,
        "needed_minor": 0 if exempt else state.params.terms.deposit_minor,
    }


class LotView:
    """The rules' state, the last accepted bids and turns, and each bidder's own refused bids."""

    __slots__ = (
        "best",
        "boxes",
        "epoch",
        "late_ms",
        "lot",
        "own_changed",
        "own_seq",
        "recent",
        "refusals",
        "refused",
        "robots_seq",
        "seq",
        "shard",
        "state",
        "turns",
    )

    def __init__(self, lot: int, shard: int) -> None:
        self.lot = lot
        self.shard = shard
        self.epoch = 0
        self.forget()

    def forget(self) -> None:
        """Be as before the first entry."""
        self.seq = 0
        self.state: LotState | None = None
        self.recent: deque[dict[str, Any]] = deque(maxlen=_RECENT)
        self.turns: deque[dict[str, Any]] = deque(maxlen=_TURNS)
        self.best: dict[int, int] = {}
        self.boxes: dict[int, dict[str, Any]] = {}
        self.late_ms: int | None = None
        self.refused: dict[int, deque[dict[str, Any]]] = {}
        self.refusals: dict[str, int] = {}  # reason: how many bids were refused for it
        self.robots_seq = 0
        self.own_changed: dict[int, int] = {}  # bidder: entry that only he is told of
        self.own_seq = 0  # the last of them

    def take(self, entry: dict[str, Any]) -> None:
        """Take the journal entry after `seq`. The caller must have checked that it is the next."""
        self.seq = entry["seq"]
        event = event_of(entry)
        state = self.state = apply(self.state, event)
        kind = entry["kind"]
        if kind == "bid.accepted" or kind == "bid.automatic":
            bidder = entry["bidder"]
            self.best[bidder] = entry["amount_minor"]
            bid = {
                "n": entry["n"],
                "seq": entry["seq"],
                "at_ms": entry["at_ms"],
                "code": state.admitted[bidder].code,
                "amount_minor": entry["amount_minor"],
            }
            if kind == "bid.automatic":
                bid["automatic"] = True
            self.recent.append(bid)
        elif kind == "bid.refused":
            self.refusals[entry["reason"]] = self.refusals.get(entry["reason"], 0) + 1
            own = self.refused.get(entry["bidder"])
            if own is None:
                own = self.refused[entry["bidder"]] = deque(maxlen=_REFUSED_KEPT)
            own.append({name: entry[name] for name in _OWN_REFUSED})
            if entry["reason"] == "TOO_LATE" and entry["amount_minor"] == state.price_minor:
                self.late_ms = self.late_ms or entry["at_ms"]
        elif isinstance(event, Turn):
            self._turn(event, entry)
        elif kind == "bidder.admitted":
            if entry["robot"]:
                self.robots_seq = entry["seq"]
        elif kind == "bid.sealed":
            self.boxes[entry["bidder"]] = {name: entry[name] for name in ("seq", "at_ms", "bid_id")}

    def _turn(self, turn: Turn, entry: dict[str, Any]) -> None:
        assert self.state is not None
        if turn.kind in _OWN:
            self.own_changed[turn.data["bidder"]] = self.own_seq = entry["seq"]
        told = course.told(self.state, turn, entry)
        if told is not None:
            self.turns.append(told)
        if turn.kind == "descent.resumed":
            self.late_ms = None
        out = self.state.life.out
        if any(bidder in self.best for bidder in out):
            codes = {self.state.admitted[bidder].code for bidder in out}
            for bidder in out:
                self.best.pop(bidder, None)
            for bid in self.recent:
                if bid["code"] in codes:
                    bid["void"] = True

    def public_state(self, robots: bool = True) -> dict[str, Any]:
        """`state` of the live protocol."""
        state = self.state
        assert state is not None
        told: dict[str, Any] = {
            "phase": state.phase,
            "price_minor": state.price_minor,
            "leader": state.leader_code,
            "n": state.accepted,
            "minimum_minor": minimum_minor(state),
            "start_ms": state.params.start_ms,
            "end_ms": state.end_ms,
            "extensions": state.extensions,
            "extended_by": state.extended_by,
        }
        if robots:
            told["robots"] = [b.code for b in state.admitted.values() if b.robot]
        if state.params.terms is not None or state.params.method != "ASCENDING":
            told["life"] = course.life(state, self.late_ms)
        return told

    def you(self, bidder: int | None) -> dict[str, Any] | None:
        """`you` of the live protocol; None for onlookers."""
        state = self.state
        if bidder is None or state is None:
            return None
        known = state.admitted.get(bidder)
        told: dict[str, Any] = {
            "code": known.code if known else None,
            "admitted": known is not None,
            "leading": state.leader == bidder,
            "best_minor": self.best.get(bidder),
            "refused": list(reversed(self.refused.get(bidder, ()))),
        }
        if bidder in state.life.maxima:
            told["maximum_minor"] = state.life.maxima[bidder][0]
        if bidder in self.boxes:
            told["sealed"] = self.boxes[bidder]
        for name, ground in (("out", state.life.out), ("forfeit", state.life.forfeits)):
            if bidder in ground:
                told[name] = ground[bidder]
        if deposits.recorded(state):
            told["deposit"] = _deposit(state, bidder)
        return told

    def own_since(self, after: int) -> set[int]:
        """The bidders who have something of their own to be told of that came after `after`."""
        if self.own_seq <= after:
            return set()
        return {bidder for bidder, seq in self.own_changed.items() if seq > after}

    def snapshot(self, bidder: int | None) -> dict[str, Any]:
        """`snapshot` of the live protocol."""
        return {
            "t": "snapshot",
            "lot": self.lot,
            "epoch": self.epoch,
            "seq": self.seq,
            "state": self.public_state(),
            "bids": list(reversed(self.recent)),
            "turns": list(reversed(self.turns)),
            "you": self.you(bidder),
        }

    def update(self, after: int, most: int) -> dict[str, Any]:
        """`update` of the live protocol: what came after entry `after`, at most `most` bids."""
        bids: list[dict[str, Any]] = []
        first = 0
        for bid in reversed(self.recent):
            if bid["seq"] <= after:
                break
            first = bid["n"]
            if len(bids) < most:
                bids.append(bid)
        total = self.recent[-1]["n"] - first + 1 if first else 0
        told = {
            "t": "update",
            "lot": self.lot,
            "epoch": self.epoch,
            "from": after,
            "seq": self.seq,
            "state": self.public_state(robots=self.robots_seq > after),
            "bids": bids,
            "omitted": total - len(bids),
        }
        if self.turns and self.turns[-1]["seq"] > after:
            told["turns"] = [turn for turn in reversed(self.turns) if turn["seq"] > after]
        return told

    def covers(self, after: int) -> bool:
        """Whether `update(after, ...)` would leave nothing out for want of memory."""
        return (len(self.recent) < _RECENT or self.recent[0]["seq"] <= after) and (
            len(self.turns) < _TURNS or self.turns[0]["seq"] <= after
        )

    def falling_at(self, at_ms: int) -> dict[str, Any] | None:
        """The price that stands at the log's time, for pages drawn once; None if none falls."""
        state = self.state
        if state is None or state.method != "DESCENDING":
            return None
        return course.falling_at(state, at_ms)
