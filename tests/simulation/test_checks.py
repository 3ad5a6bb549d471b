"""Histories made wrong on purpose: each check finds what it is for."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from auction_engine.ledger.journal import canonical
from auction_engine.simulation import checks
from auction_engine.simulation.course import Course
from auction_engine.simulation.faults import FAULTS
from auction_engine.simulation.loop import VirtualLoop
from auction_engine.simulation.plan import make_plan
from auction_engine.simulation.sale import RESULT, WINDOW, faults_of
from auction_engine.simulation.world import Build, World

SEED, LOTS = 7, 8


@pytest.fixture(scope="module")
def finished() -> Callable[[], World]:
    """Makes the same finished world again and again; nothing of it is wrong yet."""

    def make() -> World:
        chance = random.Random(SEED)
        plan = replace(make_plan(SEED, LOTS, tuple(FAULTS), chance), faults=0)
        loop = VirtualLoop()
        world = World(loop, plan, chance, Build())
        loop.run_until_complete(Course(world).run())
        for place in world.places:
            place.kill()
        loop.call_later(5, loop.stop)
        loop.run_forever()
        loop.close()
        return world

    return make


def bid_rows(world: World, kind: str) -> list[tuple[Any, ...]]:
    return [
        row for rows in world.ledger.journal.values() for row in rows.values() if row[2] == kind
    ]


def rewrite(world: World, row: tuple[Any, ...], **changes: Any) -> None:
    entry = orjson.loads(row[5]) | changes
    world.ledger.journal[row[0]][row[1]] = (*row[:5], canonical(entry), row[6])


def forget_a_row(world: World) -> None:
    row = bid_rows(world, "bid.accepted")[-1]
    del world.ledger.journal[row[0]][row[1]]


def change_an_amount(world: World) -> None:
    row = bid_rows(world, "bid.accepted")[3]
    rewrite(world, row, amount_minor=orjson.loads(row[5])["amount_minor"] + 1)


def change_a_time(world: World) -> None:
    row = bid_rows(world, "bid.refused")[3]
    rewrite(world, row, log="1800000000000-9")


def say_another_answer(world: World) -> None:
    sent = next(s for s in world.history.bids if s.answers and s.answers[0].entry is not None)
    answer = sent.answers[0]
    assert answer.entry is not None
    sent.deliveries += 1
    sent.answers.append(replace(answer, entry=answer.entry | {"n": 999}))


def say_that_nothing_is_recorded(world: World) -> None:
    sent = next(s for s in world.history.bids if s.answers and s.answers[0].entry is not None)
    sent.answers = [replace(sent.answers[0], entry=None, code="BUSY")]
    sent.deliveries = 1


def answer_twice(world: World) -> None:
    sent = next(s for s in world.history.bids if len(s.answers) == 1 == s.deliveries)
    sent.answers *= 2


def forget_who_sent_it(world: World) -> None:
    row = bid_rows(world, "bid.accepted")[2]
    world.history.bids = [s for s in world.history.bids if s.key != (row[3], row[4])]


def confirm_what_never_was(world: World) -> None:
    order = world.history.orders[0]
    world.history.orders.append(replace(order, kind="bidder.admitted", bidder=4711))


def hear_it_before_it_was_sent(world: World) -> None:
    for sent in world.history.bids:
        sent.first_s = 100.0
        for answer in sent.answers:
            answer.at_s = 50.0


def commit_out_of_turn(world: World) -> None:
    world.ledger.commits.reverse()


def commit_ahead_of_the_clock(world: World) -> None:
    commit = world.ledger.commits[5]
    world.ledger.commits[5] = replace(commit, server_ms=commit.server_ms - 60_000)


def tell_another_story(world: World) -> None:
    key = next(iter(world.history.told))
    world.history.told[key] = b"{}"


def move_the_head(world: World) -> None:
    next(iter(world.ledger.heads.values()))["price_minor"] = 5


HARM: dict[Callable[[World], None], str] = {
    forget_a_row: checks.REPLAY,
    change_an_amount: checks.CHAIN,
    change_a_time: checks.LOG_TIME,
    say_another_answer: checks.ACKNOWLEDGED,
    say_that_nothing_is_recorded: checks.SENT,
    answer_twice: checks.SENT,
    forget_who_sent_it: checks.SENT,
    confirm_what_never_was: checks.ACKNOWLEDGED,
    hear_it_before_it_was_sent: checks.REAL_TIME,
    commit_out_of_turn: checks.SEQUENCE,
    commit_ahead_of_the_clock: checks.CLOCK,
    tell_another_story: checks.REPLAY,
    move_the_head: checks.REPLAY,
}


@pytest.mark.parametrize("harm", HARM, ids=lambda harm: harm.__name__)
def test_a_harm_is_found(finished: Callable[[], World], harm: Callable[[World], None]) -> None:
    world = finished()
    harm(world)
    checks.check(world)
    assert HARM[harm] in {violation.invariant for violation in world.broken}


def test_without_harm_nothing_is_found(finished: Callable[[], World]) -> None:
    world = finished()
    checks.check(world)
    assert world.broken == []


def test_a_result_that_is_not_the_highest_bid_and_a_bid_after_the_close(
    finished: Callable[[], World],
) -> None:
    """5 and 6 are read from the entries alone: they do not need the program's rules."""
    entries = next(
        found
        for found in map(entries_of, finished().ledger.journal.values())
        if sum(e["kind"] == "bid.accepted" for e in found) > 2
    )
    assert list(faults_of(entries)) == []
    best = [e for e in entries if e["kind"] == "bid.accepted"][-1]
    late = [*entries, best | {"amount_minor": 10**12}]
    forgotten = [e for e in entries if e is not best]
    early = [e | {"at_ms": 5} if e["kind"] == "lot.closed" else e for e in entries]
    assert [name for name, _ in faults_of(late)] == [WINDOW]
    assert RESULT in [name for name, _ in faults_of(forgotten)]
    assert [name for name, _ in faults_of(early)] == [WINDOW]


def entries_of(rows: dict[int, tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [orjson.loads(row[5]) for _, row in sorted(rows.items())]
