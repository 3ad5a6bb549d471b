"""What makes a sealed round possible: parameters, listing, codes."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules import sealed
from auction_engine.rules.commands import Admit, Bid, CommandRefused, ListLot
from auction_engine.rules.events import BidRefused
from auction_engine.rules.machine import decide
from auction_engine.rules.parts import Descent, ParamsError, Phase
from tests.rules.lots import END, MILLION, MINUTE, START, A, params
from tests.rules.rounds import (
    HOUSE,
    E,
    SealedPlay,
    closed_with,
    commitments,
    hybrid,
    private_keys,
    public_keys,
    sealing,
)

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one key holder": ({"public_keys": public_keys("0a")}, "public_keys"),
    "no list of keys": ({"public_keys": "v1.pub."}, "public_keys"),
    "a private key": ({"public_keys": private_keys("0a", "0b")}, "public_keys"),
    "a key twice": ({"public_keys": public_keys("0a", "0a")}, "public_keys"),
    "no key": ({"public_keys": ("a", "b")}, "public_keys"),
    "no keys for the re-bid": ({"rebid_public_keys": ()}, "rebid_public_keys"),
    "the same keys again": ({"rebid_public_keys": public_keys("0a", "0b")}, "rebid_public_keys"),
    "keys for no re-bid": (
        {"tie": ("DRAW_LOTS",), "rebid_public_keys": public_keys("0c", "0d")},
        "rebid_public_keys",
    ),
    "no way out of a tie": ({"tie": ("RE_BID_TIED",)}, "tie"),
    "no tie rule": ({"tie": ()}, "tie"),
    "no commitment": ({"commitments": ()}, "commitments"),
    "one commitment": ({"commitments": commitments()[:1]}, "commitments"),
    "a holder twice": ({"commitments": (commitments()[0], ("ORGANISATION", "0" * 64))},
        "commitments"),
    "a commitment twice": ({"commitments": (commitments()[0], ("X", commitments()[0][1]))},
        "commitments"),
    "no commitment at all": ({"commitments": (commitments()[0], ("X", "0" * 63))},
        "commitments[1]"),
    "no holder's name": ({"commitments": (("", "0" * 64), commitments()[1])}, "commitments[0]"),
    "no pair": ({"commitments": (("X",), commitments()[1])}, "commitments[0]"),
    "commitments for no draw": (
        {"tie": ("FIRST_RECORDED",), "commitments": commitments(), "rebid_public_keys": ()},
        "commitments",
    ),
    "no time to open": ({"open_ms": 0}, "open_ms"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_parameters_that_make_no_sealed_round_are_refused(case: str) -> None:
    changes, path = BAD[case]
    with pytest.raises(ParamsError) as caught:
        sealing(**changes)
    assert caught.value.path == path


def test_a_key_serves_one_round_of_a_lot_only() -> None:
    phase = Phase("SEALED", MINUTE, "ALL", sealing(1, rebid_public_keys=public_keys("0a", "x")))
    with pytest.raises(ParamsError) as caught:
        params(method="SEALED", sealed=sealing(), phases=(phase,))
    assert caught.value.path == "phases[0].sealed.public_keys"


def test_a_sealed_round_follows_the_clock() -> None:
    with pytest.raises(ParamsError) as caught:
        params(method="SEALED", sealed=sealing(), closed_by="AUCTIONEER", end_ms=None)
    assert caught.value.path == "closed_by"


def test_the_parameters_come_back_from_their_json() -> None:
    own = hybrid().now.params
    assert type(own).from_json(own.to_json()) == own
    plain = params()
    assert "lot" not in plain.to_json()
    assert "draws" not in plain.to_json()


LISTING = {
    "NO_LOT_NUMBER": {"lot": None},
    "NO_TERMS": {"terms": None},
    "NO_COMMITMENTS": {
        "method": "DESCENDING", "sealed": None, "end_ms": None,
        "descent": Descent("TABLE", MINUTE, prices=(900 * MILLION,), draw_same_step=True),
    },
}  # fmt: skip


@pytest.mark.parametrize("refusal", LISTING)
def test_what_is_missing_is_said_when_the_lot_is_listed(refusal: str) -> None:
    with pytest.raises(CommandRefused) as caught:
        SealedPlay(**LISTING[refusal])  # type: ignore[arg-type]
    assert caught.value.code == refusal


def test_bidders_of_a_sealed_lot_need_codes_that_can_be_bound() -> None:
    play = SealedPlay()
    with pytest.raises(CommandRefused) as caught:
        play.do(Admit(E, "số năm"), START)
    assert caught.value.code == "BAD_CODE"
    assert decide(None, ListLot(params()), START)
    sealed.check_code(params(), "số năm")


def test_bids_by_amount_are_never_taken_for_boxes() -> None:
    play = closed_with({A: 1_100})
    (event,) = play.do(Bid(A, play.next_id(), 2_000 * MILLION), END + 1)
    assert isinstance(event, BidRefused)
    assert event.reason == "WRONG_METHOD"
    assert play.refused("open_boxes", END + 2, role="AUCTIONEER", actor=HOUSE, keys=["x"]) == (
        "KEYS_DO_NOT_FIT"
    )
