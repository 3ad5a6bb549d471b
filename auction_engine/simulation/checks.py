"""What must hold after a run, from what people were told and what the ledger and the log hold.

The invariants are numbered as in docs/decisions/0008-simulator.md. `check` adds what does not hold
to `world.broken`.
"""

from collections import Counter
from itertools import pairwise
from typing import Any

import orjson

from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import log_order
from auction_engine.ledger.verify import compare_head
from auction_engine.ledger.verify_lot import LotCheck
from auction_engine.ledger.verify_report import Problem
from auction_engine.simulation.history import Entry, Sent
from auction_engine.simulation.sale import faults_of
from auction_engine.simulation.world import World

ACKNOWLEDGED = "1 acknowledged bids are in the ledger as acknowledged"
SENT = "2 every recorded bid was sent; one row for each bid id; one answer"
SEQUENCE = "3 sequences have no gap, epochs only rise, commits are in order"
REAL_TIME = "4 an answer received before another bid was sent says so by its number"
REPLAY = "7 the journal replays, byte for byte; books and broadcasts are those of the journal"
CHAIN = "10 chains are intact"
CLOCK = "a clock in doubt pauses: nothing is recorded far ahead of the ledger's clock"
LOG_TIME = "6 the time of a bid is its place in the log"

Journal = dict[int, list[Entry]]


def check(world: World) -> None:
    """Check everything once, after the course has ended."""
    ledger = world.ledger
    journal = {
        lot: [orjson.loads(row[5]) for _, row in sorted(rows.items())]
        for lot, rows in sorted(ledger.journal.items())
    }
    _replays(world)
    _commits(world, journal)
    bids = {(e["bidder"], e["bid_id"]): e for es in journal.values() for e in es if "bid_id" in e}
    _acknowledged(world, bids)
    _sent(world, journal, bids)
    _orders(world, journal)
    _acts(world, journal)
    _real_time(world, bids)
    for lot, entries in journal.items():
        for invariant, text in faults_of(entries):
            world.violate(invariant, f"lot {lot}: {text}")
        _log_time(world, lot, entries)
    _told(world)


def _replays(world: World) -> None:
    """3, 7, 10: chain, numbers, rules and heads of every lot, by the code of `verify`."""
    for lot, rows in sorted(world.ledger.journal.items()):
        try:
            one = LotCheck(lot)
            for seq, (_, _, kind, bidder, bid_id, body, digest) in sorted(rows.items()):
                one.row(seq, kind, bidder, bid_id, body, digest)
            one.finish()
            head = world.ledger.heads.get(lot)
            if head is None:
                raise Problem(lot, None, "the lot has no head")
            compare_head(one, {**head, "listed_shard": None})
        except (Problem, LedgerError) as problem:
            text = problem.sentence
            chain = "the hash" in text
            world.violate(CHAIN if chain else REPLAY, text)


def _commits(world: World, journal: Journal) -> None:
    """3: each commit goes on where the one before it ended, under the same or a later epoch."""
    last: dict[int, tuple[int, tuple[int, int]]] = {}
    tolerance_ms = world.plan.limits.clock_tolerance_ms
    for commit in world.ledger.commits:
        place = commit.epoch, log_order(commit.consumed)
        known = last.get(commit.shard, (0, (0, 0)))
        if place[0] < known[0] or place[1] <= known[1]:
            world.violate(SEQUENCE, f"shard {commit.shard}: {place} was committed after {known}")
        last[commit.shard] = place
        ahead_ms = place[1][0] - commit.server_ms
        if ahead_ms > tolerance_ms:
            world.violate(CLOCK, f"{commit.consumed} was recorded {ahead_ms} ms ahead")
    for lot, entries in journal.items():
        for one, other in pairwise(entries):
            if one["epoch"] > other["epoch"] or log_order(one["log"]) > log_order(other["log"]):
                world.violate(SEQUENCE, f"lot {lot}: entry {other['seq']} goes back")


def _acknowledged(world: World, bids: dict[Any, Entry]) -> None:
    """1 and 2: an answer is the row in the ledger; "nothing recorded" is true."""
    for sent in world.history.bids:
        row = bids.get(sent.key)
        for answer in sent.answers:
            if answer.entry is not None and answer.entry != row:
                world.violate(ACKNOWLEDGED, f"answered {answer.entry}, recorded {row}")
        if len(sent.answers) > sent.deliveries:
            world.violate(
                SENT, f"{sent.deliveries} deliveries, {len(sent.answers)} answers: {sent}"
            )
        if sent.told_nothing_is_recorded and row is not None and sent.is_in(row):
            world.violate(SENT, f"told {sent.answers[-1].code}, and yet recorded: {row}")


def _sent(world: World, journal: Journal, bids: dict[Any, Entry]) -> None:
    """2: no row without a bid that somebody sent, and one row for each bid id."""
    rows = sum("bid_id" in e for entries in journal.values() for e in entries)
    if rows != len(bids):
        world.violate(SENT, f"{rows - len(bids)} rows repeat a bid id")
    known: dict[tuple[int, str], list[Sent]] = {}
    for sent in world.history.bids:
        known.setdefault(sent.key, []).append(sent)
    for key, row in bids.items():
        if not any(sent.is_in(row) for sent in known.get(key, ())):
            world.violate(SENT, f"recorded but never sent: {row}")


def _orders(world: World, journal: Journal) -> None:
    """1: what staff was told is done left its entry."""
    for order in world.history.orders:
        if not any(
            e["kind"] == order.kind and (order.bidder is None or _of(e) == order.bidder)
            for e in journal.get(order.lot, ())
        ):
            world.violate(ACKNOWLEDGED, f"confirmed but not in the ledger: {order}")


def _of(entry: Entry) -> object:
    """Whose entry it is: of a turn, whom it names."""
    return entry.get("bidder", entry.get("data", {}).get("bidder"))


def _acts(world: World, journal: Journal) -> None:
    """2: an act is done once if it was confirmed, not at all if refused, at most once in doubt."""
    marks = Counter(
        (lot, e["kind"], e["data"].get("reason"))
        for lot, entries in journal.items()
        for e in entries
        if "data" in e
    )
    for act in world.history.acts:
        times = marks[act.lot, act.name, act.mark]
        if times > 1 or (act.confirmed is not None and times != act.confirmed):
            world.violate(SENT, f"recorded {times} times: {act}")


def _real_time(world: World, bids: dict[Any, Entry]) -> None:
    """4: acknowledged before another was sent means recorded before it."""
    moments: list[tuple[float, int, int, int, int]] = []  # when, 0 heard / 1 sent, lot, seq, at_ms
    for sent in world.history.bids:
        row = bids.get(sent.key)
        if row is not None and sent.is_in(row):
            moments.append((sent.first_s, 1, sent.lot, row["seq"], row["at_ms"]))
            heard = [answer.at_s for answer in sent.answers if answer.entry is not None]
            if heard:
                moments.append((heard[0], 0, sent.lot, row["seq"], row["at_ms"]))
    newest: dict[int, tuple[int, int]] = {}
    for at_s, is_sent, lot, seq, at_ms in sorted(moments):
        known = newest.get(lot, (0, 0))
        if is_sent and (seq <= known[0] or at_ms < known[1]):
            world.violate(
                REAL_TIME, f"lot {lot}: entry {seq}, sent at {at_s:.4f}, after {known} was heard"
            )
        elif not is_sent:
            newest[lot] = max(known, (seq, at_ms))


def _log_time(world: World, lot: int, entries: list[Entry]) -> None:
    """6: the log did order this very bid under the id it is recorded with."""
    for e in entries:
        if "bid_id" not in e:
            continue
        ordered = world.log.ordered.get(e["log"], ())
        commands = [orjson.loads(value) for value in ordered]
        if not any(c.get("id") == e["bid_id"] and c.get("by") == e["bidder"] for c in commands):
            world.violate(LOG_TIME, f"lot {lot}: the log has no such bid at {e['log']}: {e}")


def _told(world: World) -> None:
    """7 and 11: what gateways were told are the journal's very bytes."""
    for (lot, seq), said in world.history.told.items():
        row = world.ledger.journal.get(lot, {}).get(seq)
        if row is None or row[5] != said:
            world.violate(REPLAY, f"lot {lot}: entry {seq} was told as {said.decode()}")
            return
