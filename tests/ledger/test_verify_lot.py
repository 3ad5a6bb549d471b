"""One lot's journal, altered with its whole chain computed anew: only the rules can tell."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.ledger.journal import GENESIS, canonical, chain, entry_body
from auction_engine.ledger.verify_lot import LotCheck
from auction_engine.ledger.verify_report import Problem
from auction_engine.rules.commands import Act, Admit, Bid, CloseLot, Command, ListLot, Tick
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.terms import Terms

from .factories import MINUTE_MS, START_MS, params

LOT, M = 5, 1_000_000
END_MS = START_MS + 20 * MINUTE_MS
Entries = list[dict[str, Any]]


def bid(number: int, bidder: int, amount_m: int) -> Bid:
    return Bid(bidder, f"00000000-0000-4000-8000-{number:012d}", amount_m * M)


# In order; entry numbers as they come out:
COMMANDS: list[tuple[str, Command]] = [
    (f"{START_MS - 9}-0", ListLot(params())),  # 1
    (f"{START_MS - 8}-0", Admit(1, "B-001")),  # 2
    (f"{START_MS - 8}-1", Admit(2, "B-002", robot=True)),  # 3
    (f"{START_MS}-0", Tick()),  # 4 opened
    (f"{START_MS + 5}-0", bid(1, 1, 1_000)),  # 5
    (f"{START_MS + 5}-1", bid(2, 2, 1_040)),  # 6 refused
    (f"{START_MS + 6}-0", bid(3, 2, 1_100)),  # 7
    (f"{START_MS + 7}-0", bid(4, 1, 1_200)),  # 8
    (f"{END_MS - 5}-0", bid(5, 2, 1_300)),  # 9, and 10 extended
    (f"{END_MS + 2 * MINUTE_MS}-0", bid(6, 1, 1_400)),  # 11 closed, 12 refused
    (f"{END_MS + 2 * MINUTE_MS}-3", bid(7, 9, 1_400)),  # 13 refused
]


def entries_of(commands: list[tuple[str, Command]]) -> Entries:
    state: LotState | None = None
    bodies: list[bytes] = []
    for log, command in commands:
        for event in decide(state, command, int(log.split("-")[0])):
            state = apply(state, event)
            bodies.append(entry_body(LOT, len(bodies) + 1, log, 3, event))
    return [orjson.loads(body) for body in bodies]


ENTRIES = entries_of(COMMANDS)


def check(bodies: list[bytes]) -> LotCheck:
    """Feed rows with a sound chain and columns that repeat their bodies."""
    lot, digest = LotCheck(LOT), GENESIS
    for seq, body in enumerate(bodies, 1):
        digest = chain(digest, body)
        try:
            entry = orjson.loads(body)
            columns = (entry.get("kind"), entry.get("bidder"), entry.get("bid_id"))
        except (ValueError, AttributeError):
            columns = ("bid.accepted", None, None)
        lot.row(seq, *columns, body, digest)
    lot.finish()
    return lot


def problem(entries: Entries, *, renumber: bool = False) -> Problem:
    for seq, entry in enumerate(entries, 1):
        if renumber:
            entry["seq"] = seq
    with pytest.raises(Problem) as caught:
        check([canonical(entry) for entry in entries])
    return caught.value


def altered() -> Entries:
    return copy.deepcopy(ENTRIES)


def test_the_sound_journal_passes() -> None:
    assert [entry["kind"] for entry in ENTRIES] == [
        "lot.listed",
        "bidder.admitted",
        "bidder.admitted",
        "lot.opened",
        "bid.accepted",
        "bid.refused",
        "bid.accepted",
        "bid.accepted",
        "bid.accepted",
        "lot.extended",
        "lot.closed",
        "bid.refused",
        "bid.refused",
    ]
    lot = check([canonical(entry) for entry in ENTRIES])
    assert lot.state is not None
    assert (lot.seq, lot.state.phase, lot.state.leader) == (13, "closed", 2)
    assert (lot.log, lot.epoch) == ((END_MS + 2 * MINUTE_MS, 3), 3)


def test_a_lot_closed_by_its_auctioneer_passes() -> None:
    entries = entries_of(
        [
            (
                f"{START_MS - 9}-0",
                ListLot(params(closed_by="AUCTIONEER", end_ms=None, extension=None)),
            ),
            (f"{START_MS - 8}-0", Admit(1, "B-001")),
            (f"{START_MS + 1}-0", bid(1, 1, 1_000)),
            (f"{START_MS + 2}-0", CloseLot()),
        ]
    )
    assert [entry["kind"] for entry in entries][-1] == "lot.closed"
    check([canonical(entry) for entry in entries])


def deposit(name: str, bidder: int, **data: Any) -> Act:
    """What the books say, told by the program itself (account 0)."""
    return Act(name, "CLOCK", 0, "statement 7", {"bidder": bidder, **data})


def recorded() -> Entries:
    """A lot that records deposits: held, released, and made good while the bidding runs."""
    means = {"means": "TRANSFER", "amount_minor": 200 * M}
    own = Terms(deposit_minor=200 * M, deposits="RECORDED")
    at = f"{START_MS + 5}"
    return entries_of(
        [
            (f"{START_MS - 9}-0", ListLot(params(terms=own))),  # 1
            (f"{START_MS - 8}-0", deposit("hold_deposit", 1, transfer=11, **means)),  # 2
            (f"{START_MS - 7}-0", deposit("hold_deposit", 2, transfer=12, **means)),  # 3
            (f"{START_MS - 6}-0", Admit(1, "B-001")),  # 4
            (f"{START_MS - 6}-1", Admit(2, "B-002")),  # 5, and 6 opened
            (f"{at}-0", bid(1, 1, 1_000)),  # 7
            (f"{at}-1", deposit("release_deposit", 2, ground="BANK_REVERSAL")),  # 8
            (f"{at}-2", bid(2, 2, 1_050)),  # 9 refused
            (f"{at}-3", deposit("hold_deposit", 2, transfer=13, **means)),  # 10
            (f"{at}-4", bid(3, 2, 1_050)),  # 11
        ]
    )


def test_deposits_on_record_are_decided_again() -> None:
    entries = recorded()
    kinds = [entry["kind"] for entry in entries]
    assert kinds[6:] == [
        "bid.accepted",
        "deposit.released",
        "bid.refused",
        "deposit.held",
        "bid.accepted",
    ]
    assert entries[8]["reason"] == "DEPOSIT_MISSING"
    lot = check([canonical(entry) for entry in entries])
    assert lot.state is not None
    assert {b: held.transfer for b, held in lot.state.life.deposits.items()} == {1: 11, 2: 13}


@pytest.mark.parametrize(
    ("deleted", "seq"),
    [(2, 3), (3, 4), (8, 8), (10, 10)],
    ids=["held, before the admission", "held", "released, before a refusal", "made good"],
)
def test_a_deposit_left_out_of_the_record_is_found(deleted: int, seq: int) -> None:
    entries = recorded()
    del entries[deleted - 1]
    assert problem(entries, renumber=True).seq == seq


@pytest.mark.parametrize(
    ("seq", "found", "changes"),
    [
        (2, 2, {"amount_minor": 199 * M}),
        (2, 2, {"means": "GUARANTEE"}),
        (3, 3, {"transfer": 11}),
        (2, 4, {"bidder": 3}),
        (8, 8, {"ground": "GUARANTEE_LAPSED"}),
        (8, 9, {"bidder": 1}),
        (10, 10, {"by": None}),
    ],
)
def test_a_deposit_altered_on_the_record_is_found(
    seq: int, found: int, changes: dict[str, Any]
) -> None:
    entries = recorded()
    entries[seq - 1]["data"] |= changes
    assert problem(entries).seq == found


def change(seq: int, /, **values: Any) -> Callable[[Entries], None]:
    def work(entries: Entries) -> None:
        entries[seq - 1].update(values)

    return work


def whole(entries: Entries, seq: int, log: str) -> None:
    """Move an entry to another moment as its writer would have."""
    entries[seq - 1].update(log=log, at_ms=int(log.split("-")[0]))


CASES: list[tuple[str, Callable[[Entries], None], int, str]] = [
    ("a first bid below the start", change(5, amount_minor=999 * M), 5, "another event"),
    ("a bid below the increment", change(7, amount_minor=1_049 * M), 7, "another event"),
    (
        "a valid amount that makes a later bid invalid",
        change(5, amount_minor=1_060 * M),
        6,
        "minimum_minor",
    ),
    ("a refused bid that was valid", change(6, amount_minor=1_050 * M), 6, "another event"),
    ("another reason", change(6, reason="CLOSED"), 6, "reason"),
    ("another minimum", change(6, minimum_minor=1), 6, "minimum_minor"),
    ("no minimum", change(6, minimum_minor=None), 6, "minimum_minor"),
    ("a bid by a stranger", change(7, bidder=3), 7, "another event"),
    ("a bid by the leader", change(7, bidder=1), 7, "another event"),
    ("another number", change(7, n=3), 7, "n is not"),
    ("an extension by too much", change(10, end_ms=END_MS + 3 * MINUTE_MS), 10, "end_ms"),
    ("an extension counted wrongly", change(10, count=2), 10, "count"),
    ("another winner", change(11, leader=1), 11, "leader"),
    ("another final price", change(11, price_minor=1_301 * M), 11, "price_minor"),
    ("no winner", change(11, leader=None, price_minor=None, n=0), 11, "leader"),
    ("a smaller increment", lambda e: e[0]["params"].update(increment_minor=M), 6, "another event"),
    ("an earlier end", lambda e: e[0]["params"].update(end_ms=START_MS + 6), 5, "lot.extended"),
    ("an unknown parameter", lambda e: e[0]["params"].update(reserves=1), 1, "unexpected keyword"),
    ("a parameter left out", lambda e: e[0]["params"].pop("method"), 1, "params is not"),
    (
        "parameters that cannot be",
        lambda e: e[0]["params"].update(increment_minor=0),
        1,
        "increment_minor",
    ),
    ("a code given twice", change(3, code="B-001"), 3, "belongs to another bidder"),
    ("a bidder admitted twice", change(3, bidder=1), 3, "already admitted"),
    ("a robot that is 1", change(3, robot=1), 3, "true or false"),
    ("a code that is a number", change(3, code=2), 3, "not text"),
    ("a bidder that is a fraction", change(7, bidder=2.0), 7, "whole number"),
    ("a bidder that is true", change(5, bidder=True), 5, "whole number"),
    ("an amount that is a fraction", change(5, amount_minor=1e9), 5, "whole number"),
    ("an amount too large", change(5, amount_minor=MAX_AMOUNT_MINOR + 1), 5, "below 2^53"),
    (
        "a bid id spelt otherwise",
        change(5, bid_id="{00000000-0000-4000-8000-000000000001}"),
        5,
        "UUID",
    ),
    ("a bid id that is none", change(5, bid_id=7), 5, "UUID"),
    ("a field too many", change(5, note="x"), 5, "note is not"),
    ("a field too few", lambda e: e[4].pop("n"), 5, "n is not"),
    ("no amount", lambda e: e[4].pop("amount_minor"), 5, "amount_minor"),
    ("no log id", lambda e: e[4].pop("log"), 5, "log"),
    ("another moment than the log id's", change(5, at_ms=START_MS + 4), 5, "at_ms"),
    ("a log id before the one above", lambda e: whole(e, 7, f"{START_MS + 4}-9"), 7, "before"),
    ("a log id with a zero in front", change(5, log=f"0{START_MS + 5}-0"), 5, "<ms>-<n>"),
    ("a log id that is none", change(5, log="now"), 5, "not an entry"),
    ("a log id that is a number", change(5, log=START_MS), 5, "not an entry"),
    ("a bid moved behind the end", lambda e: whole(e, 9, f"{END_MS}-0"), 9, "another event"),
    (
        "a bid moved before the trigger",
        lambda e: whole(e, 9, f"{END_MS - MINUTE_MS - 1}-0"),
        10,
        "nothing|rules",
    ),
    ("a close before the end", lambda e: whole(e, 11, f"{END_MS + 9}-0"), 11, "do not give"),
    ("an opening before the start", lambda e: whole(e, 4, f"{START_MS - 1}-0"), 4, "do not give"),
    ("an epoch that falls", change(7, epoch=2), 7, "epoch fell"),
    ("an epoch that is zero", change(1, epoch=0), 1, "number from 1"),
    ("an epoch that is true", change(1, epoch=True), 1, "number from 1"),
    ("one command under two epochs", change(10, epoch=4), 10, "two epochs"),
    ("two bids under one log id", lambda e: whole(e, 8, f"{START_MS + 6}-0"), 8, "do not give"),
    ("another kind", change(6, kind="bid.accepted"), 6, "another event"),
    ("an unknown kind", change(4, kind="lot.sold"), 4, "another event"),
    ("another lot", change(4, lot=6), 4, "column lot"),
    ("another number in the body", change(4, seq=5), 4, "column seq"),
]


@pytest.mark.parametrize(("name", "alter", "seq", "sentence"), CASES, ids=[c[0] for c in CASES])
def test_an_altered_entry_is_named(
    name: str, alter: Callable[[Entries], None], seq: int, sentence: str
) -> None:
    entries = altered()
    alter(entries)
    found = problem(entries)
    assert found.seq == seq, found.sentence
    assert any(part in found.sentence for part in sentence.split("|")), found.sentence


DELETED = [
    (1, 1, "not listed"),
    (2, 4, "another event"),
    (4, 4, "another event"),
    (5, 5, "another event"),
    (6, None, ""),
    (7, 7, "another event"),
    (9, 9, "do not give"),
    (10, 9, "lot.extended after"),
    (11, 11, "another event"),
    (12, None, ""),
]


@pytest.mark.parametrize(("deleted", "seq", "sentence"), DELETED)
def test_a_deleted_entry_leaves_a_history_the_rules_do_not_give(
    deleted: int, seq: int | None, sentence: str
) -> None:
    entries = altered()
    del entries[deleted - 1]
    for place, entry in enumerate(entries, 1):
        entry["seq"] = place
    if seq is None:
        # A refused bid leaves no trace but the count in lot_head and the checkpoint.
        check([canonical(entry) for entry in entries])
        return
    found = problem(entries)
    assert found.seq == seq, found.sentence
    assert sentence in found.sentence, found.sentence


def test_an_accepted_bid_put_in_is_found() -> None:
    entries = altered()
    entries.insert(
        7,
        {
            **entries[6],
            "bidder": 1,
            "n": 3,
            "amount_minor": 1_150 * M,
            "bid_id": "00000000-0000-4000-8000-000000000099",
            "log": f"{START_MS + 6}-1",
        },
    )
    assert problem(entries, renumber=True).seq == 9


@pytest.mark.parametrize("seq", range(1, 13))
def test_two_entries_exchanged_are_found(seq: int) -> None:
    entries = altered()
    entries[seq - 1], entries[seq] = entries[seq], entries[seq - 1]
    assert problem(entries, renumber=True).seq in (seq - 1, seq, seq + 1)


@pytest.mark.parametrize("seq", range(1, 14))
@pytest.mark.parametrize("how", [b" %s", b"%s\n"])
def test_bytes_that_are_not_canonical_are_found(seq: int, how: bytes) -> None:
    bodies = [canonical(entry) for entry in ENTRIES]
    bodies[seq - 1] = how % bodies[seq - 1]
    with pytest.raises(Problem) as caught:
        check(bodies)
    assert (caught.value.seq, caught.value.what) == (seq, "the body is not in canonical form")


def test_a_gap_and_a_repeated_number_are_named() -> None:
    bodies = [canonical(entry) for entry in ENTRIES]
    first = chain(GENESIS, bodies[0])
    for seq, named in ((3, 2), (1, 1), (0, 0)):
        lot = LotCheck(LOT)
        lot.row(1, "lot.listed", None, None, bodies[0], first)
        with pytest.raises(Problem) as caught:
            lot.row(seq, "bidder.admitted", 1, None, bodies[1], chain(first, bodies[1]))
        assert caught.value.seq == named


@pytest.mark.parametrize("digest", [bytes(32), b"", chain(bytes(31) + b"\1", b"")])
def test_a_hash_that_is_not_the_chain_s_is_named_before_anything_else(digest: bytes) -> None:
    with pytest.raises(Problem) as caught:
        LotCheck(LOT).row(1, "lot.sold", 7, None, canonical(ENTRIES[0]), digest)
    assert caught.value.seq == 1
    assert "hash" in caught.value.what


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.integers(0, len(ENTRIES) - 1), st.data())
@settings(max_examples=400, deadline=None)
def test_whatever_stands_in_an_entry_is_a_problem_and_never_a_crash(
    place: int, data: st.DataObject
) -> None:
    entries: list[Any] = altered()
    name = data.draw(st.sampled_from([*sorted(entries[place]), "new"]))
    value = data.draw(json_values)
    if value == entries[place].get(name, ...) and type(value) is type(entries[place].get(name)):
        return
    entries[place][name] = value
    bodies = []
    for entry in entries:
        try:
            bodies.append(canonical(entry))
        except TypeError:  # a number or a text that JSON does not have
            bodies.append(b"{}")
    found = None
    try:
        check(bodies)
    except Problem as problem:
        found = problem
    if found is None:
        # Some values are simply another sound history, as when a refused bidder is another.
        assert name in {"amount_minor", "bidder", "bid_id", "code", "robot"}
    else:
        assert found.seq is not None
        assert found.seq >= place


@given(st.integers(0, len(ENTRIES) - 1), st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_stand_there_are_a_problem_and_never_a_crash(
    place: int, body: bytes
) -> None:
    bodies = [canonical(entry) for entry in ENTRIES]
    bodies[place] = body
    with pytest.raises(Problem):
        check(bodies)
