"""Bids that wait: one answer each, and "busy" only for what is certainly not in the log."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.bidding.pending import Pending, Waiting

from .harness import new_id

KEY = (101, new_id())
Heard = list[tuple[Any, str | None, bool]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def pending(heard: Heard) -> Pending:
    """One bid, sent at 10 s."""
    pending = Pending(5, 2)
    sink = lambda *answer: heard.append(answer)  # noqa: E731
    pending.add(KEY, Waiting(0, 8, 1_000, b"a bid", [sink], 10.0))
    return pending


def test_no_room_for_a_bid_sent_once_is_told(pending: Pending, heard: Heard) -> None:
    pending.busy(KEY)
    assert heard == [(None, "BUSY", False)]
    assert len(pending) == 0
    pending.busy(KEY)
    assert len(heard) == 1


def test_no_room_for_one_copy_says_nothing_of_another(pending: Pending, heard: Heard) -> None:
    """A bid sent again waits in the inbox's buffer twice; the second copy may find room."""
    assert [waiting.command for waiting in pending.overdue(12.5, 2.0)] == [b"a bid"]
    assert list(pending.overdue(13.0, 2.0)) == []
    pending.busy(KEY)
    assert heard == []
    entry = {"bidder": KEY[0], "bid_id": KEY[1], "lot": 8, "amount_minor": 1_000}
    pending.answer(entry, False)
    assert heard == [(entry, None, False)]
