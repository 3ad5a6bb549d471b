"""Batches of commands in memory: what is decided, what is repeated, what leaves no trace."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from auction_engine.bidding import wire
from auction_engine.bidding.deciding import Deciding, Outcome
from auction_engine.ledger.journal import GENESIS, Position, chain

from .harness import LOT, new_id, params

NOW = 1_800_000_000_000
OTHER = 9


class Batches:
    """A shard in memory, fed with batches the way the recorder does it."""

    def __init__(self) -> None:
        self.deciding = Deciding(0, 1)
        self.number = 0
        self.bodies: list[dict[str, Any]] = []

    def entries(self, *commands: bytes) -> list[tuple[str, bytes]]:
        numbers = range(self.number, self.number + len(commands))
        self.number += len(commands)
        return [(f"{NOW + n}-0", command) for n, command in zip(numbers, commands, strict=True)]

    def decide(self, *commands: bytes, recorded: Any = ()) -> Outcome:
        raw = self.entries(*commands)
        entries = wire.decode_entries(raw)
        for lot in self.deciding.missing(entries):
            self.deciding.load(lot, None, Position(0, GENESIS), [])
        return self.deciding.decide(raw[-1][0], entries, set(recorded))

    def run(self, *commands: bytes, recorded: Any = ()) -> Outcome:
        outcome = self.decide(*commands, recorded=recorded)
        self.deciding.adopt(outcome)
        self.bodies += map(orjson.loads, outcome.bodies)
        return outcome


def listed(lot: int = LOT, **changes: Any) -> bytes:
    window = {"start_ms": NOW - 1000, "end_ms": NOW + 3_600_000}
    return wire.encode_list(lot, params(**(window | changes)), f"list {lot}")


def admit(bidder: int, lot: int = LOT) -> bytes:
    return wire.encode_admit(lot, bidder, f"B-{bidder}", False, f"admit {bidder} {lot}")


def bid(bidder: int, amount: int, bid_id: str | None = None, lot: int = LOT) -> bytes:
    return wire.encode_bid(lot, bidder, bid_id or new_id(), amount)


@pytest.fixture
def batches() -> Batches:
    result = Batches()
    result.run(*(c for lot in (LOT, OTHER) for c in (listed(lot), admit(1, lot), admit(2, lot))))
    return result


def kinds(outcome: Outcome) -> list[str]:
    return [row[2] for row in outcome.records]


def test_a_batch_is_decided_in_its_order(batches: Batches) -> None:
    outcome = batches.run(bid(1, 1000), bid(2, 1010), bid(1, 1015), bid(1, 1020))
    assert kinds(outcome) == ["bid.accepted", "bid.accepted", "bid.refused", "bid.accepted"]
    accepted = [e for e in batches.bodies if e["kind"] == "bid.accepted"]
    assert [(e["n"], e["bidder"], e["amount_minor"]) for e in accepted] == [
        (1, 1, 1000),
        (2, 2, 1010),
        (3, 1, 1020),
    ]
    assert [e["at_ms"] for e in accepted] == sorted({e["at_ms"] for e in accepted})
    assert outcome.refused == {"BELOW_MIN_INCREMENT": 1}


def test_one_big_batch_and_many_small_ones_come_to_the_same(batches: Batches) -> None:
    commands = [bid(1 + n % 2, 1000 + 7 * n) for n in range(60)]
    one, many = Batches(), Batches()
    setting_up = [listed(), admit(1), admit(2)]
    one.run(*setting_up, *commands)
    for command in [*setting_up, *commands]:
        many.run(command)
    assert one.bodies == many.bodies
    assert one.deciding.lines[LOT].at == many.deciding.lines[LOT].at


def test_rows_are_chained_and_numbered_without_a_gap(batches: Batches) -> None:
    outcome = batches.run(*(bid(1 + n % 2, 1000 + 10 * n) for n in range(10)))
    again = batches.run(bid(1, 2000))
    digest, seq = None, None
    for row in [*outcome.records, *again.records]:
        if digest is not None:
            assert row[6] == chain(digest, row[5])
            assert row[1] == seq + 1
        digest, seq = row[6], row[1]


def test_a_repeat_inside_a_batch_is_decided_once(batches: Batches) -> None:
    same = new_id()
    outcome = batches.run(bid(1, 1000, same), bid(2, 1010), bid(1, 1000, same))
    assert kinds(outcome) == ["bid.accepted", "bid.accepted"]
    assert [raw["id"] for raw in outcome.repeats] == [same]


def test_a_repeat_in_a_later_batch_is_decided_once(batches: Batches) -> None:
    same = new_id()
    batches.run(bid(1, 1000, same))
    outcome = batches.run(bid(1, 1000, same))
    assert kinds(outcome) == []
    assert len(outcome.repeats) == 1


def test_a_refused_bid_is_repeated_too(batches: Batches) -> None:
    same = new_id()
    assert kinds(batches.run(bid(1, 5, same))) == ["bid.refused"]
    outcome = batches.run(bid(1, 5, same))
    assert kinds(outcome) == []
    assert len(outcome.repeats) == 1


def test_an_id_used_on_another_lot_is_no_new_bid(batches: Batches) -> None:
    same = new_id()
    outcome = batches.run(bid(1, 1000, same), bid(1, 1000, same, OTHER))
    assert [(row[0], row[2]) for row in outcome.records] == [(LOT, "bid.accepted")]
    assert [raw["lot"] for raw in outcome.repeats] == [OTHER]
    assert kinds(batches.run(bid(1, 1000, same, OTHER))) == []


def test_the_same_id_of_two_bidders_is_two_bids(batches: Batches) -> None:
    same = new_id()
    assert kinds(batches.run(bid(1, 1000, same), bid(2, 1010, same))) == ["bid.accepted"] * 2


def test_an_outcome_that_was_dropped_leaves_no_trace(batches: Batches) -> None:
    before = batches.deciding.lines[LOT].state, batches.deciding.lines[LOT].at
    commands = [bid(1, 1000), bid(2, 1010)]
    dropped = batches.decide(*commands)
    assert kinds(dropped) == ["bid.accepted"] * 2
    assert (batches.deciding.lines[LOT].state, batches.deciding.lines[LOT].at) == before
    batches.number -= 2
    again = batches.run(*commands)
    assert again.records == dropped.records
    assert again.repeats == []


def test_keys_known_only_to_the_ledger_are_repeats(batches: Batches) -> None:
    same = new_id()
    outcome = batches.run(bid(1, 1000, same), recorded={(1, same)})
    assert kinds(outcome) == []
    assert len(outcome.repeats) == 1


def test_a_closed_lot_keeps_no_keys_and_is_unsure_about_them(batches: Batches) -> None:
    same = new_id()
    batches.run(bid(1, 1000, same))
    batches.number = 3_600_000
    assert kinds(batches.run(wire.encode_tick(LOT))) == ["lot.closed"]
    assert batches.deciding.known == set()
    entries = wire.decode_entries(batches.entries(bid(1, 1000, same)))
    assert batches.deciding.unsure(entries) == [(1, same)]


def test_a_bid_to_a_lot_that_was_never_listed(batches: Batches) -> None:
    outcome = batches.run(bid(1, 1000, lot=77))
    assert outcome.records == []
    (answer,) = outcome.answers
    assert answer["error"] == "UNKNOWN_LOT"
    # So that it is not taken for the answer to the same id on a lot that exists.
    assert (answer["lot"], answer["amount_minor"]) == (77, 1000)


def test_staff_commands_are_answered_once_each(batches: Batches) -> None:
    outcome = batches.run(admit(3), admit(3), listed(), wire.encode_probe("probe"))
    assert [(a["req"], a["ok"], a.get("code")) for a in outcome.answers] == [
        ("admit 3 8", True, None),
        ("admit 3 8", False, "ALREADY_ADMITTED"),
        ("list 8", False, "ALREADY_LISTED"),
        ("probe", True, None),
    ]
    assert kinds(outcome) == ["bidder.admitted"]


@pytest.mark.parametrize("ticks", [1, 2])
def test_ticks_close_once_however_many_come(batches: Batches, ticks: int) -> None:
    batches.number = 3_600_000
    outcome = batches.run(*[wire.encode_tick(LOT)] * ticks)
    assert kinds(outcome) == ["lot.closed"]
    assert kinds(batches.run(wire.encode_tick(LOT))) == []


def test_an_early_tick_does_nothing_but_asks_for_the_true_deadline(batches: Batches) -> None:
    outcome = batches.run(wire.encode_tick(LOT))
    assert outcome.records == []
    assert batches.deciding.due(outcome.ticked) == {LOT: NOW + 3_600_000}


def test_a_bid_after_the_end_closes_first_and_is_refused(batches: Batches) -> None:
    batches.number = 3_600_000
    assert kinds(batches.run(bid(1, 1000))) == ["lot.closed", "bid.refused"]


def test_bad_parameters_are_answered_and_not_recorded(batches: Batches) -> None:
    bad = {"k": "list", "lot": 50, "params": {"currency": "VND"}, "req": "r"}
    outcome = batches.run(orjson.dumps(bad))
    assert outcome.records == []
    assert [(a["ok"], a["code"]) for a in outcome.answers] == [(False, "BAD_COMMAND")]


GOOD = {"k": "bid", "lot": LOT, "by": 1, "id": "4175c0b7-bd62-494e-a6ab-c0c3cc8bd6d5", "amount": 5}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"bid"',
        b"{}",
        b'{"k":"bid"}',
        b'{"k":"tick"}',
        *(
            orjson.dumps(GOOD | change)
            for change in (
                {"lot": "8"},
                {"lot": True},
                {"lot": -1},
                {"lot": 2**63},
                {"lot": None},
                {"k": 1},
                {"k": "unheard of"},
                {"by": None},
                {"by": "1"},
                {"by": 2**63},
                {"by": 1.0},
                {"id": None},
                {"id": 5},
                {"id": "not a uuid"},
                {"id": GOOD["id"].upper()},
                {"amount": 0},
                {"amount": -5},
                {"amount": 1.5},
                {"amount": "5"},
                {"amount": 2**53},
                {"amount": True},
                {"k": "admit"},
                {"k": "admit", "code": 5, "robot": False},
            )
        ),
        *(orjson.dumps({k: v for k, v in GOOD.items() if k != gone}) for gone in GOOD),
    ],
)
def test_what_is_no_command_is_left_out(batches: Batches, value: bytes) -> None:
    good = bid(1, 1000)
    entries = wire.decode_entries(batches.entries(value, good))
    assert [raw["k"] for _, raw in entries] == ["bid"]
    assert entries[0][1]["amount"] == 1000
    assert kinds(batches.run(value, good)) == ["bid.accepted"]
