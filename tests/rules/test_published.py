"""The records anybody can check, from a lot's journal."""

from __future__ import annotations

import pytest

from auction_engine.rules.published import records
from auction_engine.rules.sealing_round import check_round
from tests.rules.lots import END, MILLION, MINUTE, START, A, B, C
from tests.rules.rounds import (
    OPEN_MS,
    OPENED,
    REBID_END,
    D,
    SealedPlay,
    box_of,
    closed_with,
    code,
    public_keys,
)


def _rebid() -> SealedPlay:
    play = closed_with({A: 1_200, B: 1_200, C: 1_100})
    assert play.open(OPENED)[-1] == "rebid.opened"
    return play


def test_the_record_of_a_round_follows_from_the_journal_and_is_right() -> None:
    play = _rebid()
    play.seal(A, 1_250 * MILLION, OPENED + 1)
    play.seal(B, 1_100 * MILLION, OPENED + 2)
    play.tick(REBID_END)
    play.open(REBID_END + 1, ("0c", "0d"))
    first, second = records(play.entries)
    assert [first["round"], second["round"]] == [1, 2]
    assert check_round(first) is None
    assert check_round(second) is None
    assert [bid["amount_minor"] for bid in second["bids"]] == [1_250 * MILLION, 1_100 * MILLION]
    assert [bid.get("invalid") for bid in second["bids"]] == [None, "NOT_ABOVE_TIE"]
    assert all(play.entries[bid["seq"] - 1]["box"] == bid["box"] for bid in first["bids"])
    first["bids"][0]["amount_minor"] += 1
    fault = check_round(first)
    assert fault is not None
    assert fault.code == "WRONG_AMOUNT"


def test_the_record_leaves_out_replaced_and_withdrawn_boxes_and_shows_unreadable_ones() -> None:
    play = SealedPlay()
    for bidder, amount in ((A, 1_100), (B, 1_200), (C, 1_300), (A, 1_400)):
        play.seal(bidder, amount * MILLION)
    other = box_of(5_000 * MILLION, 1, A, "stolen", public_keys("0a", "0b"))
    play.seal(D, 0, START + MINUTE, box=other)
    play.tick(END)
    play.withdraw(C, END + 1)
    play.open(OPENED)
    (record,) = records(play.entries)
    assert check_round(record) is None
    assert [bid["bidder_code"] for bid in record["bids"]] == [code(B), code(A), code(D)]
    assert record["bids"][-1]["reason"] == "BOX_FOREIGN"


def test_a_round_never_opened_has_no_record() -> None:
    play = closed_with({A: 1_100})
    play.tick(END + OPEN_MS)
    assert records(play.entries) == []


@pytest.mark.parametrize("change", [{"seq": 3}, {"lot": 8}])
def test_entries_that_are_not_one_lots_journal_give_no_record(change: dict[str, int]) -> None:
    entries = closed_with({A: 1_100}).entries
    with pytest.raises(ValueError, match="does not come next"):
        records([entries[0], entries[1] | change])


def test_a_lot_bound_to_another_number_gives_no_record() -> None:
    entries = SealedPlay(lot=8).entries
    with pytest.raises(ValueError, match="another lot"):
        records(entries)
