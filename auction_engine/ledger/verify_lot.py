"""One lot's journal, checked row by row: chain, columns, order, and the rules replayed.

Entries with one log id are the outcome of one command. The command is rebuilt from them, decided
again by the same rules, and must give the same bytes. Nothing here does I/O.
"""

from typing import Any

import orjson

from auction_engine.ledger.journal import GENESIS, chain, entry_body, log_order
from auction_engine.ledger.verify_command import told_by
from auction_engine.ledger.verify_report import Problem
from auction_engine.rules.commands import CloseLot, Command, CommandRefused, Tick
from auction_engine.rules.events import Event
from auction_engine.rules.invariants import InvariantBroken, check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide

# What decoding and rebuilding raise for a body no part of this program writes.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)

Entry = tuple[int, dict[str, Any], bytes]  # seq, decoded body, body


class LotCheck:
    """Feed every row of one lot in order to `row`, then call `finish`.

    Both raise Problem for the first row that does not hold. After `finish`, `seq`, `hash`,
    `state`, `log` and `epoch` are those of the last entry.
    """

    __slots__ = ("_group", "_log_text", "epoch", "hash", "log", "lot", "seq", "state")

    def __init__(self, lot: int) -> None:
        self.lot = lot
        self.seq = 0
        self.hash = GENESIS
        self.state: LotState | None = None
        self.log = (-1, -1)
        self.epoch = 0
        self._log_text = ""
        self._group: list[Entry] = []

    def row(
        self,
        seq: int,
        kind: str,
        bidder: int | None,
        bid_id: str | None,
        body: bytes,
        digest: bytes,
    ) -> None:
        """Check the next row; what it has to do with the rows before it included."""
        if seq != self.seq + 1:
            if seq <= self.seq:
                raise Problem(self.lot, seq, "the entry's number is taken or below 1")
            raise Problem(self.lot, self.seq + 1, "the entry is missing")
        try:
            computed = chain(self.hash, body)
            if computed != digest:
                raise Problem(
                    self.lot,
                    seq,
                    "the hash is not that of the entry before and the body",
                    computed,
                    digest,
                )
            entry = orjson.loads(body)
            self._columns(seq, kind, bidder, bid_id, entry)
            if entry["log"] != self._log_text:
                self._replay()
                self._next_command(seq, entry)
            elif entry["epoch"] != self.epoch:
                raise Problem(
                    self.lot,
                    seq,
                    "one command was recorded under two epochs",
                    self.epoch,
                    entry["epoch"],
                )
        except _MALFORMED as error:
            raise Problem(self.lot, seq, f"the body is not an entry: {_told(error)}") from None
        self.seq, self.hash = seq, digest
        self._group.append((seq, entry, body))

    def finish(self) -> None:
        """Replay what is left, after the lot's last row."""
        self._replay()

    def _columns(
        self, seq: int, kind: str, bidder: int | None, bid_id: str | None, entry: dict[str, Any]
    ) -> None:
        if (
            entry["seq"] != seq
            or entry["lot"] != self.lot
            or entry["kind"] != kind
            or entry.get("bidder") != bidder
            or entry.get("bid_id") != bid_id
        ):
            columns = {
                "lot": self.lot,
                "seq": seq,
                "kind": kind,
                "bidder": bidder,
                "bid_id": bid_id,
            }
            for name, column in columns.items():
                if entry.get(name) != column:
                    raise Problem(
                        self.lot,
                        seq,
                        f"column {name} is not what the body says",
                        entry.get(name, "nothing"),
                        "NULL" if column is None else column,
                    )

    def _next_command(self, seq: int, entry: dict[str, Any]) -> None:
        text, epoch = entry["log"], entry["epoch"]
        log = log_order(text)
        if text != f"{log[0]}-{log[1]}" or log < (0, 0):
            raise Problem(self.lot, seq, "the log id is not written as <ms>-<n>", found=text)
        if log < self.log:
            raise Problem(
                self.lot,
                seq,
                "the log id is before the entry above's",
                f"at least {self._log_text}",
                text,
            )
        if type(epoch) is not int or epoch < 1:
            raise Problem(self.lot, seq, "the epoch is not a number from 1", found=epoch)
        if epoch < self.epoch:
            raise Problem(self.lot, seq, "the epoch fell", f"at least {self.epoch}", epoch)
        self._log_text, self.log, self.epoch = text, log, epoch

    def _replay(self) -> None:
        """Decide the gathered command again: the same events, byte for byte, or a Problem."""
        group, self._group = self._group, []
        if not group:
            return
        at, text, epoch = self.log[0], self._log_text, self.epoch
        seq = group[0][0]
        try:
            seq, command = _rebuilt(group, self.state, at)
            decided = decide(self.state, command, at)
            for event, (seq, entry, body) in zip(decided, group, strict=False):
                expected = entry_body(self.lot, seq, text, epoch, event)
                if expected != body:
                    raise _differs(self.lot, seq, expected, entry)
                self._step(event, at)
        except CommandRefused as refused:
            raise Problem(self.lot, seq, f"the rules do not allow it: {refused}") from None
        except InvariantBroken as broken:
            raise Problem(self.lot, seq, f"{broken}") from None
        except _MALFORMED as error:
            raise Problem(self.lot, seq, f"the body is not an entry: {_told(error)}") from None
        if len(decided) != len(group):
            raise _another_number(self.lot, decided, group)

    def _step(self, event: Event, at_ms: int) -> None:
        after = apply(self.state, event)
        check_step(self.state, event, after, at_ms)
        self.state = after


def _rebuilt(group: list[Entry], state: LotState | None, at_ms: int) -> tuple[int, Command]:
    """The command these entries are the outcome of, and the entry that tells it."""
    for seq, entry, _ in group:
        if (command := told_by(entry)) is not None:
            return seq, command
    seq = group[-1][0]
    closed = any(entry["kind"] == "lot.closed" for _, entry, _ in group)
    if closed and state is not None and state.params.closed_by == "AUCTIONEER":
        by_itself = decide(state, Tick(), at_ms)
        if not any(event.kind == "lot.closed" for event in by_itself):
            return seq, CloseLot()  # which may have done first what was due, such as the opening
    return group[0][0], Tick()


def _differs(lot: int, seq: int, expected: bytes, entry: dict[str, Any]) -> Problem:
    """Name the first field in which the entry is not what the rules give."""
    wanted = orjson.loads(expected)
    if wanted["kind"] != entry["kind"]:
        return Problem(lot, seq, "the rules give another event here", wanted["kind"], entry["kind"])
    for name in sorted({*wanted, *entry}):
        if name not in wanted or name not in entry or wanted[name] != entry[name]:
            return Problem(
                lot,
                seq,
                f"{name} is not what the rules give",
                _value(wanted, name),
                _value(entry, name),
            )
    return Problem(lot, seq, "the body is not in canonical form", expected.decode())


def _another_number(lot: int, decided: list[Event], group: list[Entry]) -> Problem:
    if len(decided) > len(group):
        kind = decided[len(group)].kind
        return Problem(
            lot,
            group[-1][0],
            f"the rules give {kind} after this entry, the journal does not have it",
        )
    seq, entry, _ = group[len(decided)]
    return Problem(lot, seq, f"the rules do not give this {entry['kind']}")


def _value(body: dict[str, Any], name: str) -> str:
    return orjson.dumps(body[name]).decode() if name in body else "nothing"


def _told(error: BaseException) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
