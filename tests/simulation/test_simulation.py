"""Hundreds of seeded histories of one shard, crashes included; every invariant after each."""

from __future__ import annotations

import os
import random
from collections import Counter

import orjson
import pytest

from auction_engine.ledger.journal import log_order
from auction_engine.rules.ascending import apply, decide
from auction_engine.rules.commands import Bid, Tick
from auction_engine.rules.events import from_body
from auction_engine.rules.invariants import check_step

from .model import World

SEEDS = 300
STEPS = 400
BATCHES = 10


def run(seed: int) -> World:
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.settle()
    return world


def verify(world: World) -> None:
    for lot, rows in world.ledger.rows.items():
        _replay(lot, [orjson.loads(body) for body, _ in rows])
    for key, answers in world.answers.items():
        assert len(set(answers)) == 1, f"{key} was told two things"
        assert orjson.loads(answers[0]) == world.ledger.keys[key]
    for key, bid in world.sent.items():
        assert key in world.answers, f"{key} was never answered"
        row = world.ledger.keys[key]
        assert (row["lot"], row["amount_minor"]) == (bid["lot"], bid["amount"])
    assert set(world.ledger.keys) == set(world.sent)


def _replay(lot: int, entries: list[dict]) -> None:  # type: ignore[type-arg]
    """Each entry follows from the rules; ids and epochs rise; one result at the end."""
    state = None
    for before, entry in zip([None, *entries], entries, strict=False):
        if before is not None:
            assert log_order(before["log"]) <= log_order(entry["log"])
            assert before["epoch"] <= entry["epoch"]
        event = from_body(entry["kind"], entry)
        after = apply(state, event)
        check_step(state, event, after, entry["at_ms"])
        if entry["kind"].startswith("bid."):
            bid = Bid(entry["bidder"], entry["bid_id"], entry["amount_minor"])
            assert event in decide(state, bid, entry["at_ms"])
        state = after
    assert state is not None
    assert state.phase == "closed"
    assert decide(state, Tick(), entries[-1]["at_ms"] + 10**9) == []
    assert [e["kind"] for e in entries].count("lot.closed") == 1


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nothing_is_lost_doubled_or_out_of_order(batch: int) -> None:
    chosen = os.environ.get("AUCTION_TEST_SIMULATION_SEED")
    per = SEEDS // BATCHES
    seeds = [int(chosen)] if chosen else range(batch * per, (batch + 1) * per)
    total: Counter[str] = Counter()
    for seed in seeds:
        try:
            world = run(seed)
            verify(world)
        except BaseException:
            print(f"AUCTION_TEST_SIMULATION_SEED={seed}")
            raise
        total.update(world.counts)
        total["bids"] += len(world.sent)
    print(dict(total))
    assert chosen or all(total[what] > 0 for what in ("crash", "lost", "fenced", "repeat", "doubt"))


def test_a_seed_gives_the_same_history_again() -> None:
    seed = random.randrange(2**32)
    one, other = run(seed), run(seed)
    assert one.ledger.rows == other.ledger.rows


def test_the_checks_bite() -> None:
    """Histories made wrong on purpose do not pass."""
    for harm in (_forget_a_row, _double_answer, _lose_answer):
        world = run(5)
        harm(world)
        with pytest.raises((AssertionError, KeyError)):
            verify(world)


def _forget_a_row(world: World) -> None:
    key = next(k for k, row in world.ledger.keys.items() if row["kind"] == "bid.accepted")
    row = world.ledger.keys.pop(key)
    del world.ledger.rows[row["lot"]][row["seq"] - 1]


def _double_answer(world: World) -> None:
    _, answers = next(iter(world.answers.items()))
    answers.append(answers[0].replace(b'"epoch":', b'"epoch":9'))


def _lose_answer(world: World) -> None:
    del world.answers[next(iter(world.answers))]
