"""A lot's course to watch again: what everybody could see, step by step, from the journal alone.

The same view that the live room is drawn from (`LotView`) goes through the journal once more; what
it tells the public after each entry is a step. Between entries of a falling price stand the falls,
which nobody records: they follow from the rules.
"""

from collections.abc import Iterator
from typing import Any

from auction_engine.live import course
from auction_engine.live.lotview import LotView

# What has no line in the public record but moves price, end or phase.
_MOVES = {"lot.opened": "opened", "lot.extended": "extended", "lot.closed": "closed"}
_BIDS = ("bid.accepted", "bid.automatic")
# What is put into the journal before anything is to be seen.
_MOST_FALLS = 1_000

Step = dict[str, Any]


class Course:
    """One lot's course, taken entry by entry. `steps` are what the public saw, in order."""

    def __init__(self, lot: int, shard: int = 0) -> None:
        self.view = LotView(lot, shard)
        self.steps: list[Step] = []
        self._fallen_ms = 0  # up to when the falls are told
        self._out: frozenset[str] = frozenset()

    @property
    def seq(self) -> int:
        """The last entry taken."""
        return self.view.seq

    def take(self, entry: dict[str, Any]) -> None:
        """Take the next entry of the journal."""
        view = self.view
        self._fall(entry["at_ms"])
        seen = view.turns[-1] if view.turns else None
        view.take(entry)
        step = self._step(entry, seen)
        if step is not None:
            self.steps.append(step)

    def until(self, now_ms: int) -> list[Step]:
        """The steps up to now, with the falls that no entry has followed yet."""
        return [*self.steps, *self._falls(now_ms)]

    def _step(self, entry: dict[str, Any], seen: dict[str, Any] | None) -> Step | None:
        view, kind = self.view, entry["kind"]
        if kind in _BIDS:
            told: Step = {"kind": "bid", **view.recent[-1]}
        elif kind in _MOVES:
            told = {"kind": _MOVES[kind], "seq": entry["seq"], "at_ms": entry["at_ms"]}
            told |= {name: entry[name] for name in ("n", "end_ms", "count") if name in entry}
        elif view.turns and view.turns[-1] is not seen:
            turn = view.turns[-1]
            told = {"kind": "turn", "seq": turn["seq"], "at_ms": turn["at_ms"], "turn": turn}
        else:
            return None
        return told | self._standing(entry["at_ms"])

    def _asked(self, at_ms: int) -> int:
        """The price that a first bid would have to reach."""
        state = self.view.state
        assert state is not None
        if state.method == "DESCENDING":
            return int(course.falling_at(state, at_ms)["price_minor"])
        return state.params.starting_price_minor

    def _standing(self, at_ms: int) -> Step:
        """Where the lot stands after a step; `void` are the codes whose bids no longer count."""
        state = self.view.state
        assert state is not None
        now: Step = {
            "phase": state.phase,
            "status": state.status,
            "price_minor": state.price_minor,
            "leader": state.leader_code,
            "end": state.end_ms,
        }
        if state.price_minor is None:
            now["asked_minor"] = self._asked(at_ms)
        out = frozenset(state.admitted[b].code for b in state.life.out if b in state.admitted)
        if out != self._out:
            now["void"], self._out = sorted(out - self._out), out
        return now

    def _fall(self, at_ms: int) -> None:
        """Tell the falls before an entry of this moment."""
        self.steps += self._falls(at_ms)
        self._fallen_ms = max(self._fallen_ms, at_ms)

    def _falls(self, until_ms: int) -> Iterator[Step]:
        state = self.view.state
        if state is None or state.method != "DESCENDING" or state.phase != "open":
            return
        at_ms = max(self._fallen_ms, state.params.start_ms)
        for _ in range(_MOST_FALLS):
            now = course.falling_at(state, at_ms)
            if now["until_ms"] is None or now["until_ms"] > until_ms or not now["coming"]:
                return
            at_ms = now["until_ms"]
            price = now["coming"][0]["price_minor"]
            yield {"kind": "fall", "at_ms": at_ms, "step": now["step"] + 1, "asked_minor": price}
