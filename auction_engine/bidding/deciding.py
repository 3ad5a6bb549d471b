"""The rules over a batch of commands, in memory: no I/O, nothing kept until `adopt`.

`Deciding` holds the live lots of one shard. `decide` works on a batch and returns an Outcome;
when that is on disk the caller must `adopt` it, otherwise simply drop it: states are values.
"""

from dataclasses import dataclass, field
from typing import Any

from auction_engine.bidding.ports import Booked
from auction_engine.bidding.wire import OFFERS, rules_command
from auction_engine.ledger.journal import (
    GENESIS,
    JournalRecord,
    Position,
    chain,
    entry_body,
    head_record,
    log_ms,
    record,
)
from auction_engine.rules.commands import Command, CommandRefused, DraftLot, ListLot
from auction_engine.rules.events import BidAccepted, BidAutomatic, Event, Turn
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.params import ParamsError

Entry = tuple[str, dict[str, Any]]  # log id, decoded command
BidKey = tuple[int, str]  # bidder, bid id


@dataclass(slots=True)
class Line:
    """One lot in memory. `keys` are its recorded bid keys, None once only the ledger has them."""

    state: LotState | None
    at: Position
    keys: list[BidKey] | None = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """What a batch comes to. `repeats` are bids whose key is recorded already.

    `accepted` are bids to be added to order books; the books of the lots `rebooked` are written
    anew, because bids in them became void.
    """

    consumed: str
    lines: dict[int, Line] = field(default_factory=dict)
    records: list[JournalRecord] = field(default_factory=list)
    accepted: dict[int, list[Booked]] = field(default_factory=dict)
    rebooked: set[int] = field(default_factory=set)
    new_keys: dict[int, list[BidKey]] = field(default_factory=dict)
    fresh: set[BidKey] = field(default_factory=set)
    repeats: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    ticked: set[int] = field(default_factory=set)

    @property
    def bodies(self) -> list[bytes]:
        return [row[5] for row in self.records]

    def heads(self, shard: int) -> list[tuple[Any, ...]]:
        """Rows of `lot_head` for every lot that moved."""
        return [
            head_record(lot, shard, line.at, line.state)
            for lot, line in self.lines.items()
            if line.state is not None
        ]


class Deciding:
    """The live lots of one shard and what the rules make of commands to them."""

    def __init__(self, shard: int, epoch: int) -> None:
        self.shard = shard
        self.epoch = epoch
        self.lines: dict[int, Line] = {}
        self.known: set[BidKey] = set()  # the keys of every live lot together

    def load(self, lot: int, state: LotState | None, at: Position, keys: list[BidKey]) -> None:
        """Take up a lot read from the ledger."""
        if state is not None and state.phase == "closed":
            self.lines[lot] = Line(state, at, None)
        else:
            self.lines[lot] = Line(state, at, keys)
            self.known.update(keys)

    def missing(self, entries: list[Entry]) -> set[int]:
        """Lots the batch speaks of that are not in memory: to be loaded before `decide`."""
        return {
            raw["lot"] for _, raw in entries if raw["k"] != "probe" and raw["lot"] not in self.lines
        }

    def unsure(self, entries: list[Entry]) -> list[BidKey]:
        """Keys of bids to lots whose recorded keys only the ledger knows."""
        lines = self.lines
        return [
            (raw["by"], raw["id"])
            for _, raw in entries
            if raw["k"] in OFFERS and raw["lot"] in lines and lines[raw["lot"]].keys is None
        ]

    def decide(self, consumed: str, entries: list[Entry], recorded: set[BidKey]) -> Outcome:
        """What the rules make of `entries`, in order; `consumed` is the batch's last log id.

        `recorded` are keys known to be in the ledger beyond those in memory. Raises
        InvariantBroken if the rules contradict themselves: nothing may be recorded then.
        """
        outcome = Outcome(consumed)
        for log, raw in entries:
            if raw["k"] in OFFERS:
                self._bid(outcome, log, raw, recorded)
            else:
                self._staff(outcome, log, raw)
        return outcome

    def adopt(self, outcome: Outcome) -> None:
        """Make the outcome the present, after it was committed."""
        for lot, moved in outcome.lines.items():
            line = self.lines.setdefault(lot, moved)
            line.state, line.at = moved.state, moved.at
            if line.keys is not None:
                fresh = outcome.new_keys.get(lot, ())
                line.keys.extend(fresh)
                self.known.update(fresh)
                if moved.state is not None and moved.state.phase == "closed":
                    self.known.difference_update(line.keys)
                    line.keys = None

    def due(self, lots: Any) -> dict[int, int | None]:
        """When something next happens by itself to each of `lots` (UTC ms), None for never."""
        found = {}
        for lot in lots:
            line = self.lines.get(lot)
            state = None if line is None else line.state
            found[lot] = None if state is None else next_due_ms(state)
        return found

    def _bid(self, outcome: Outcome, log: str, raw: dict[str, Any], recorded: Any) -> None:
        lot = raw["lot"]
        line = outcome.lines.get(lot) or self.lines.get(lot)
        if line is None or line.state is None:
            outcome.answers.append(
                {
                    "bidder": raw["by"],
                    "bid_id": raw["id"],
                    "error": "UNKNOWN_LOT",
                    "lot": lot,
                    "amount_minor": raw.get("amount"),
                }
            )
            return
        key = (raw["by"], raw["id"])
        if key in self.known or key in outcome.fresh or key in recorded:
            outcome.repeats.append(raw)
            return
        outcome.fresh.add(key)
        outcome.new_keys.setdefault(lot, []).append(key)
        self._record(outcome, lot, line, log, decide(line.state, rules_command(raw), log_ms(log)))

    def _staff(self, outcome: Outcome, log: str, raw: dict[str, Any]) -> None:
        req, lot = raw.get("req"), raw["lot"]
        reply: dict[str, Any] = {"req": req, "ok": True}
        if raw["k"] == "tick":
            outcome.ticked.add(lot)
        if raw["k"] != "probe":
            line = outcome.lines.get(lot) or self.lines.get(lot) or Line(None, Position(0, GENESIS))
            try:
                events = decide(line.state, _checked(raw), log_ms(log))
                self._record(outcome, lot, line, log, events)
            except CommandRefused as refused:
                reply = {"req": req, "ok": False, "code": refused.code, "text": str(refused)}
            except (KeyError, TypeError, ParamsError) as error:
                reply = {"req": req, "ok": False, "code": "BAD_COMMAND", "text": str(error)}
        if req is not None:
            outcome.answers.append(reply)

    def _record(
        self, outcome: Outcome, lot: int, line: Line, log: str, events: list[Event]
    ) -> None:
        if not events:
            return
        state, seq, digest, at_ms = line.state, line.at.seq, line.at.hash, log_ms(log)
        for event in events:
            after = apply(state, event)
            check_step(state, event, after, at_ms)
            if type(event) is Turn and state is not None and after.book is not state.book:
                outcome.accepted.pop(lot, None)
                outcome.rebooked.add(lot)
            seq += 1
            body = entry_body(lot, seq, log, self.epoch, event)
            digest = chain(digest, body)
            outcome.records.append(record(lot, seq, event, body, digest))
            state = after
            if type(event) is BidAccepted or type(event) is BidAutomatic:
                outcome.accepted.setdefault(lot, []).append(event)
            elif event.kind == "bid.refused":
                reason = event.reason  # type: ignore[union-attr]
                outcome.refused[reason] = outcome.refused.get(reason, 0) + 1
        outcome.lines[lot] = Line(state, Position(seq, digest), line.keys)


def _checked(raw: dict[str, Any]) -> Command:
    """The command, unless its parameters were frozen for another lot. Raises CommandRefused."""
    command = rules_command(raw)
    if isinstance(command, ListLot | DraftLot) and command.params.lot not in (None, raw["lot"]):
        raise CommandRefused(
            "ANOTHER_LOT", f"These parameters were frozen for lot {command.params.lot}."
        )
    return command
