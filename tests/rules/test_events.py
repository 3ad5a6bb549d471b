from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_args

import pytest

from auction_engine.rules.events import (
    BY_KIND,
    TURNS,
    BidAccepted,
    BidAutomatic,
    BidderAdmitted,
    BidderEntered,
    BidRefused,
    BidSealed,
    Event,
    LotClosed,
    LotDrafted,
    LotExtended,
    LotListed,
    LotOpened,
    MaximumSet,
    Reason,
    Turn,
    from_body,
)
from auction_engine.rules.params import ParamsError

from .lots import END, EXTENSION, params

BID_ID = "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b"
EXAMPLES: list[Event] = [
    LotListed(params()),
    LotListed(params(extension=EXTENSION)),
    LotListed(params(closed_by="AUCTIONEER", end_ms=None)),
    BidderAdmitted(7, "B-007", False),
    BidderAdmitted(8, "Rô-bốt 8", True),
    LotOpened(),
    BidAccepted(7, BID_ID, 1_000_000_000, 1),
    *[BidRefused(8, BID_ID, 999, reason, 1_000_000_000) for reason in get_args(Reason)],
    BidRefused(8, BID_ID, 2**53 - 1, "CLOSED", None),
    LotExtended(END + 1, 3, 1),
    LotClosed(7, 1_000_000_000, 1),
    LotClosed(None, None, 0),
    LotDrafted(params()),
    BidderEntered(7),
    BidAutomatic(7, 1_000_000_000, 1),
    MaximumSet(7, BID_ID, 2_000_000_000),
    BidSealed(7, BID_ID, "v1.box"),
    *[Turn(kind, "RUNNING", {"by": 1, "role": "AGENCY"}) for kind in TURNS],
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_events_survive_json(event: Event) -> None:
    assert from_body(event.kind, json.loads(json.dumps(event.body()))) == event


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_the_body_has_every_field_and_nothing_a_number_could_lose(event: Event) -> None:
    body = event.body()
    assert set(body) == {field.name for field in fields(event)} - {"kind", "how"}
    assert not any(isinstance(value, float) for value in body.values())


def test_every_event_has_a_kind_and_an_example() -> None:
    assert set(BY_KIND.values()) | {Turn} == set(get_args(Event))
    assert {event.kind for event in EXAMPLES} == set(BY_KIND) | set(TURNS)
    assert not set(BY_KIND) & set(TURNS)
    assert all(kind == cls.kind for kind, cls in BY_KIND.items())


def test_the_journal_s_own_fields_are_ignored() -> None:
    body = {**EXAMPLES[3].body(), "lot": 1, "seq": 2, "log": "3-0", "kind": "bidder.admitted"}
    assert from_body("bidder.admitted", body) == EXAMPLES[3]


@pytest.mark.parametrize("reserved", ["lot", "seq", "log", "at_ms", "epoch", "kind"])
def test_no_event_has_a_field_the_journal_writes(reserved: str) -> None:
    assert all(reserved not in event.body() for event in EXAMPLES)


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("lot.sold", {}, KeyError),
        ("bid.accepted", {"bidder": 1}, KeyError),
        ("lot.listed", {}, KeyError),
        ("lot.listed", {"params": {}}, ParamsError),
    ],
)
def test_what_is_not_an_event_is_refused(
    kind: str, body: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        from_body(kind, body)
