from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.ledger.journal import (
    GENESIS,
    Position,
    canonical,
    chain,
    entry_body,
    event_of,
    head_record,
    log_ms,
    log_order,
    record,
)
from auction_engine.ledger.store import HEAD_COLUMNS, JOURNAL_COLUMNS
from auction_engine.rules.events import (
    BidAccepted,
    BidderAdmitted,
    BidRefused,
    Event,
    LotClosed,
    LotExtended,
    LotListed,
    LotOpened,
)
from auction_engine.rules.machine import apply

from .factories import params

BID_ID = "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b"
EVENTS: list[Event] = [
    LotListed(params()),
    BidderAdmitted(7, "B-007", True),
    LotOpened(),
    BidAccepted(7, BID_ID, 2**53 - 1, 1),
    BidRefused(7, BID_ID, 1, "CLOSED", None),
    LotExtended(5, 1, 1),
    LotClosed(None, None, 0),
]


def test_the_bytes_and_hash_of_an_entry_are_fixed_for_ever() -> None:
    body = entry_body(3, 2, "1780000000000-4", 5, BidAccepted(7, BID_ID, 1_000, 1))
    assert body == (
        b'{"amount_minor":1000,"at_ms":1780000000000,"bid_id":"7d0c1f4e-6d0f-4a53-9f0c-'
        b'0e5b2a1d3c4b","bidder":7,"epoch":5,"kind":"bid.accepted","log":"1780000000000-4",'
        b'"lot":3,"n":1,"seq":2}'
    )
    assert chain(GENESIS, body) == sha256(b"\0" * 32 + body).digest()
    assert chain(chain(GENESIS, body), body) == sha256(chain(GENESIS, body) + body).digest()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_entry_gives_its_event_back(event: Event) -> None:
    entry = json.loads(entry_body(1, 2, "3-4", 5, event))
    assert event_of(entry) == event
    assert (entry["lot"], entry["seq"], entry["log"]) == (1, 2, "3-4")
    assert (entry["at_ms"], entry["epoch"], entry["kind"]) == (3, 5, event.kind)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_row_repeats_what_postgresql_indexes(event: Event) -> None:
    body = entry_body(1, 2, "3-4", 5, event)
    row = dict(zip(JOURNAL_COLUMNS, record(1, 2, event, body, GENESIS), strict=True))
    entry = json.loads(body)
    assert (row["bidder"], row["bid_id"]) == (entry.get("bidder"), entry.get("bid_id"))
    assert (row["lot_id"], row["seq"], row["kind"]) == (1, 2, event.kind)
    assert (row["body"], row["hash"]) == (body, GENESIS)


def test_a_head_is_the_state_after_its_entry() -> None:
    state = apply(None, LotListed(params()))
    row = dict(zip(HEAD_COLUMNS, head_record(4, 2, Position(1, GENESIS), state), strict=True))
    assert row == {
        "lot_id": 4,
        "shard": 2,
        "seq": 1,
        "hash": GENESIS,
        "phase": "scheduled",
        "status": "PUBLISHED",
        "due_ms": state.params.start_ms,
        "end_ms": state.end_ms,
        "price_minor": None,
        "leader": None,
        "accepted": 0,
        "refused": 0,
        "extensions": 0,
    }


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.dictionaries(st.text("abcxyz_", min_size=1), inner, max_size=4),
)


@given(st.dictionaries(st.text("abcxyz_", min_size=1), values, max_size=6))
def test_canonical_bytes_are_those_of_rfc_8785(body: dict[str, object]) -> None:
    # For ASCII keys and whole numbers Python's own encoder, so set, follows the RFC too.
    expected = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(body) == expected.encode()
    assert canonical(json.loads(canonical(body))) == canonical(body)


@given(st.integers(0, 2**50), st.integers(0, 10**6), st.integers(0, 2**50), st.integers(0, 10**6))
def test_log_ids_order_by_number_not_by_text(ms: int, n: int, other_ms: int, other_n: int) -> None:
    first, second = f"{ms}-{n}", f"{other_ms}-{other_n}"
    assert (log_order(first) < log_order(second)) == ((ms, n) < (other_ms, other_n))
    assert log_ms(first) == ms
