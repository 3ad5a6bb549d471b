"""A shard with virtual time: the product's decisions over a log, a ledger and crashes in memory.

One step at a time, chosen by chance: a client sends (again), the recorder reads, commits or
publishes, something crashes, the log loses its data. No sockets, no tasks, no clock.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import orjson

from auction_engine.bidding import wire
from auction_engine.bidding.deciding import Deciding, Outcome
from auction_engine.ledger.journal import GENESIS, Position, chain, event_of, log_order
from auction_engine.rules.ascending import apply
from auction_engine.rules.lot import LotState
from auction_engine.rules.params import Extension, LotParams

BEGIN_MS = 1_800_000_000_000
LOTS = (1, 2, 3)
BIDDERS = (11, 12, 13)


class Ledger:
    """What is on disk: rows, the consumed id and the epoch; commits are whole or not at all."""

    def __init__(self) -> None:
        self.rows: dict[int, list[tuple[bytes, bytes]]] = {}
        self.keys: dict[tuple[int, str], dict[str, Any]] = {}
        self.consumed = "0-0"
        self.epoch = 0

    def taken(self, outcome: Outcome) -> bool:
        """Whether the index of bid ids refuses the batch."""
        return any((row[3], row[4]) in self.keys for row in outcome.records if row[4] is not None)

    def commit(self, epoch: int, outcome: Outcome) -> bool:
        if epoch != self.epoch:
            return False
        assert log_order(outcome.consumed) > log_order(self.consumed)
        for lot, seq, _, bidder, bid_id, body, digest in outcome.records:
            rows = self.rows.setdefault(lot, [])
            assert seq == len(rows) + 1, "a row was doubled or left out"
            if bid_id is not None:
                key = (bidder, bid_id)
                assert key not in self.keys, "a bid id has two rows"
                self.keys[key] = orjson.loads(body)  # type: ignore[index]
            rows.append((body, digest))
        self.consumed = outcome.consumed
        return True

    def recover(self) -> Deciding:
        """What a new owner builds from the rows alone."""
        self.epoch += 1
        deciding = Deciding(0, self.epoch)
        for lot, rows in self.rows.items():
            state: LotState | None = None
            keys, digest = [], GENESIS
            for body, stored in rows:
                entry, digest = orjson.loads(body), chain(digest, body)
                assert digest == stored
                state = apply(state, event_of(entry))
                if "bid_id" in entry:
                    keys.append((entry["bidder"], entry["bid_id"]))
            deciding.load(lot, state, Position(len(rows), digest), keys)
        return deciding


@dataclass
class Owner:
    """A recorder: what it has read, decided, committed; lost as a whole in a crash."""

    deciding: Deciding
    after: str
    backlog: list[tuple[str, bytes]] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)  # of what is decided
    decided: Outcome | None = None
    committed: Outcome | None = None


class World:
    """Clients, log, owners (the present one and perhaps a paused one) and ledger."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now_ms = BEGIN_MS
        self.last_id = (0, 0)
        self.inbox: list[tuple[str, bytes]] = []
        self.ledger = Ledger()
        self.owner = Owner(self.ledger.recover(), "0-0")
        self.paused: Owner | None = None
        self.sent: dict[tuple[int, str], dict[str, Any]] = {}
        self.answers: dict[tuple[int, str], list[bytes]] = {}
        self.reused = 0
        self.ticks: set[int] = set()
        self.counts = {"crash": 0, "lost": 0, "fenced": 0, "repeat": 0, "doubt": 0, "taken": 0}
        for lot in LOTS:
            self._append(wire.encode_list(lot, self._params(), f"list {lot}"))
            for bidder in BIDDERS:
                self._append(wire.encode_admit(lot, bidder, f"B-{bidder}", False, "admit"))

    def _params(self) -> LotParams:
        extension = Extension(2_000, 3_000, 2) if self.chance.random() < 0.5 else None
        start = BEGIN_MS + self.chance.randrange(0, 3_000)
        return LotParams(
            "VND", 0, 1_000, 10, start, start + self.chance.randrange(2_000, 30_000), extension
        )

    def step(self) -> None:
        self.now_ms += self.chance.choice((0, 0, 1, 5, 40, 200))
        actions = (
            (self.send, 30),
            (self.send_again, 8),
            (self.misuse, 1),
            (self.tick, 6),
            (self.read, 20),
            (self.decide, 22),
            (self.commit, 22),
            (self.publish, 22),
            (self.crash, 2),
            (self.lose_log, 1),
            (self.pause, 1),
            (self.go_on, 2),
        )
        self.chance.choices([a for a, _ in actions], [w for _, w in actions])[0]()

    # --- clients and clock ---------------------------------------------------------------

    def _append(self, command: bytes) -> None:
        self.last_id = max((self.now_ms, 0), (self.last_id[0], self.last_id[1] + 1))
        self.inbox.append((f"{self.last_id[0]}-{self.last_id[1]}", command))

    def send(self) -> None:
        lot, bidder = self.chance.choice(LOTS), self.chance.choice((*BIDDERS, 99))
        bid_id = (
            f"{self.chance.getrandbits(32):08x}-0000-4000-8000-{self.chance.getrandbits(48):012x}"
        )
        rows = self.ledger.rows.get(lot, [])
        price = 990
        for body, _ in reversed(rows[-10:]):
            price = orjson.loads(body).get("amount_minor", price)
            if price != 990:
                break
        amount = max(1, price + self.chance.randrange(-5, 40))
        self.sent[bidder, bid_id] = {"lot": lot, "amount": amount}
        self._append(wire.encode_bid(lot, bidder, bid_id, amount))

    def send_again(self) -> None:
        if self.sent:
            (bidder, bid_id), bid = self.chance.choice(list(self.sent.items()))
            self._append(wire.encode_bid(bid["lot"], bidder, bid_id, bid["amount"]))

    def misuse(self) -> None:
        """The same id with another body, only ever after the first was recorded."""
        if self.ledger.keys:
            bidder, bid_id = self.chance.choice(list(self.ledger.keys))
            bid = self.sent[bidder, bid_id]
            self._append(
                wire.encode_bid(self.chance.choice(LOTS), bidder, bid_id, bid["amount"] + 1)
            )
            self.reused += 1

    def tick(self) -> None:
        self._append(wire.encode_tick(self.chance.choice(LOTS)))

    # --- the recorder, in the steps between which it can die --------------------------------

    def read(self) -> None:
        owner = self.owner
        fresh = [e for e in self.inbox if log_order(e[0]) > log_order(owner.after)]
        fresh = fresh[: self.chance.randrange(1, 12)]
        if fresh:
            owner.backlog += fresh
            owner.after = fresh[-1][0]

    def decide(self) -> None:
        owner = self.owner
        if owner.decided or owner.committed or not owner.backlog:
            return
        count = self.chance.randrange(1, len(owner.backlog) + 1)
        raw, owner.backlog = owner.backlog[:count], owner.backlog[count:]
        entries = wire.decode_entries(raw)
        for lot in owner.deciding.missing(entries):
            owner.deciding.load(lot, None, Position(0, GENESIS), [])
        recorded = {key for key in owner.deciding.unsure(entries) if key in self.ledger.keys}
        owner.entries = entries
        owner.decided = owner.deciding.decide(raw[-1][0], entries, recorded)
        if self.chance.random() < 0.1:  # the commit fails for certain: decide again, the same
            again = owner.deciding.decide(raw[-1][0], entries, recorded)
            assert again.records == owner.decided.records

    def commit(self) -> None:
        owner = self.owner
        if owner.decided is None:
            return
        if self.ledger.taken(owner.decided):  # an id of a lot closed meanwhile: decide again
            self.counts["taken"] += 1
            bids = {(raw["by"], raw["id"]) for _, raw in owner.entries if raw["k"] == "bid"}
            owner.decided = owner.deciding.decide(
                owner.decided.consumed, owner.entries, bids & self.ledger.keys.keys()
            )
        done = self.ledger.commit(owner.deciding.epoch, owner.decided)
        if not done:
            self.counts["fenced"] += 1
            self._take_over()
            return
        if self.chance.random() < 0.1:  # the answer to COMMIT is lost: read back, never guess
            self.counts["doubt"] += 1
            assert self.ledger.consumed == owner.decided.consumed
        owner.deciding.adopt(owner.decided)
        owner.committed, owner.decided = owner.decided, None

    def publish(self) -> None:
        owner = self.owner
        if owner.committed is None:
            return
        for body in owner.committed.bodies:
            entry = orjson.loads(body)
            if "bid_id" in entry:
                self.answers.setdefault((entry["bidder"], entry["bid_id"]), []).append(body)
        for raw in owner.committed.repeats:
            self.counts["repeat"] += 1
            first = self.ledger.keys[raw["by"], raw["id"]]
            if (first["lot"], first["amount_minor"]) == (raw["lot"], raw["amount"]):
                self.answers.setdefault((raw["by"], raw["id"]), []).append(
                    orjson.dumps(first, option=orjson.OPT_SORT_KEYS)
                )
        place = log_order(owner.committed.consumed)
        self.inbox = [e for e in self.inbox if log_order(e[0]) > place]
        owner.committed = None

    # --- faults ----------------------------------------------------------------------------

    def _take_over(self) -> None:
        self.owner = Owner(self.ledger.recover(), self.ledger.consumed)

    def crash(self) -> None:
        self.counts["crash"] += 1
        self._take_over()

    def lose_log(self) -> None:
        """The data is gone; the stream's last id is raised to what was consumed."""
        self.counts["lost"] += 1
        self.inbox = []
        self.last_id = max(log_order(self.ledger.consumed), log_order(self.owner.after))

    def pause(self) -> None:
        if self.paused is None:
            self.paused = self.owner
            self._take_over()

    def go_on(self) -> None:
        """The paused owner wakes and finishes what it was about to write, and say."""
        if self.paused is not None:
            now, self.owner, self.paused = self.owner, self.paused, None
            for work in (self.publish, self.decide):
                work()
            late = self.owner
            if late.decided is not None:
                assert not self.ledger.commit(late.deciding.epoch, late.decided)
                self.counts["fenced"] += 1
            self.owner = now

    def settle(self) -> None:
        """No more faults; every client sends until it is answered, every lot reaches its end."""
        for _ in range(4):
            self.now_ms += 20_000
            for (bidder, bid_id), bid in self.sent.items():
                if (bidder, bid_id) not in self.answers:
                    self._append(wire.encode_bid(bid["lot"], bidder, bid_id, bid["amount"]))
            for lot in LOTS:
                if lot not in self.ledger.rows:  # its listing was lost with the log
                    self._append(
                        wire.encode_list(
                            lot, LotParams("VND", 0, 1_000, 10, BEGIN_MS, self.now_ms + 1), "x"
                        )
                    )
                self._append(wire.encode_tick(lot))
            while self.inbox or self.owner.backlog or self.owner.decided or self.owner.committed:
                for work in (self.publish, self.commit, self.decide, self.read):
                    work()
