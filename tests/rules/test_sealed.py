"""Sealed rounds of a lot: what becomes of a box from its arrival to the result."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules.commands import Seal
from auction_engine.rules.events import BidRefused, BidSealed
from auction_engine.rules.guards import reserve_digest
from auction_engine.rules.lot import minimum_minor
from auction_engine.rules.parts import Reserve
from auction_engine.rules.sealing import Context, seal_box
from auction_engine.rules.terms import Terms
from tests.rules.lots import END, MILLION, MINUTE, START, STRANGER, A, B, C
from tests.rules.rounds import (
    HOUSE,
    LOT,
    OFFICER,
    OPEN_MS,
    OPENED,
    REBID_END,
    REBID_MS,
    D,
    SealedPlay,
    box_of,
    closed_with,
    code,
    private_keys,
    public_keys,
    sealing,
    secret,
    turn,
)

# --- while the round runs ------------------------------------------------------------------------


def test_a_box_is_recorded_and_shows_nothing() -> None:
    play = SealedPlay()
    play.tick(START)
    before = play.now
    assert isinstance(play.seal(A, 1_234 * MILLION), BidSealed)
    after = play.now
    shown = ("status", "end_ms", "price_minor", "leader", "accepted", "book", "extensions")
    assert [getattr(after, name) for name in shown] == [getattr(before, name) for name in shown]
    assert minimum_minor(after) == minimum_minor(before) == 1_000 * MILLION
    assert set(play.entries[-1]) == {
        "at_ms", "bid_id", "bidder", "box", "epoch", "kind", "log", "lot", "seq",
    }  # fmt: skip
    assert A in after.life.present


def _before_start(play: SealedPlay) -> tuple[int, int]:
    return A, START - 1


def _paused(play: SealedPlay) -> tuple[int, int]:
    play.act("pause", START + 1, "AUCTIONEER", ground="AUCTIONEER")
    return A, START + 2


def _closed(play: SealedPlay) -> tuple[int, int]:
    return A, END


def _stranger(play: SealedPlay) -> tuple[int, int]:
    return STRANGER, START


def _out(play: SealedPlay) -> tuple[int, int]:
    play.act("disqualify", START, reason="seen", bidder=A, ground="COLLUSION")
    return A, START + 1


def _not_tied(play: SealedPlay) -> tuple[int, int]:
    for bidder in (A, B):
        play.seal(bidder, 1_200 * MILLION)
    play.seal(C, 1_100 * MILLION)
    play.tick(END)
    play.open(OPENED)
    return C, OPENED + 1


REFUSED = {
    "NOT_OPEN_YET": _before_start,
    "PAUSED": _paused,
    "CLOSED": _closed,
    "NOT_ADMITTED": _stranger,
    "OUT": _out,
    "NOT_IN_ROUND": _not_tied,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_box_that_cannot_count_is_refused_with_its_reason(reason: str) -> None:
    play = SealedPlay()
    bidder, at_ms = REFUSED[reason](play)
    answer = play.seal(bidder, 2_000 * MILLION, at_ms)
    assert answer == BidRefused(bidder, answer.bid_id, None, reason, None)  # type: ignore[arg-type]
    play.verified()


@pytest.mark.parametrize("box", ["", "v1.box.", "v1.box." + "A" * 150, "1000000000", "x" * 157])
def test_what_is_no_box_is_refused(box: str) -> None:
    play = SealedPlay()
    answer = play.seal(A, 1, box=box)
    assert isinstance(answer, BidRefused)
    assert (answer.reason, answer.amount_minor) == ("UNREADABLE", None)
    play.verified()


@pytest.mark.parametrize("at_ms", [START - 1, START + 1, END + 1])
def test_a_box_for_a_lot_without_sealed_bids_is_refused(at_ms: int) -> None:
    play = SealedPlay(method="ASCENDING")
    answer = play.seal(A, 2_000 * MILLION, at_ms)
    assert isinstance(answer, BidRefused)
    assert answer.reason == "WRONG_METHOD"


def test_an_open_bid_on_a_sealed_lot_is_refused() -> None:
    play = SealedPlay()
    (answer,) = [e for e in play.bid(A, 2_000 * MILLION, START + 1) if e.kind == "bid.refused"]
    assert isinstance(answer, BidRefused)
    assert answer.reason == "WRONG_METHOD"


def test_a_later_box_replaces_the_earlier_and_takes_its_own_place() -> None:
    play = SealedPlay()
    play.seal(A, 1_500 * MILLION)
    play.seal(B, 1_300 * MILLION)
    play.seal(A, 1_300 * MILLION)
    play.tick(END)
    play.open(OPENED)
    assert play.standing == [(B, 1_300 * MILLION), (A, 1_300 * MILLION)]
    assert play.kinds.count("box.read") == 2
    play.verified()


# --- the opening ---------------------------------------------------------------------------------


def test_the_highest_valid_amount_wins() -> None:
    play = closed_with({A: 1_100, B: 1_300, C: 1_200})
    assert play.kinds[-3:] == ["lot.closed", "absence.noted", "keys.awaited"]
    assert play.entries[-1]["data"] == {"round": 1, "due_ms": END + OPEN_MS}
    assert (play.now.price_minor, play.now.leader) == (None, None)
    events = play.act("open_boxes", OPENED, keys=list(private_keys("0b", "0a")))
    assert [e.kind for e in events] == ["boxes.opened", *["box.read"] * 3, "leader.determined"]
    assert turn(events, "boxes.opened").data == {
        "keys": list(private_keys("0b", "0a")),
        "due_ms": None,
        "by": HOUSE,
        "role": "ORGANISATION",
    }
    assert play.standing == [
        (B, 1_300 * MILLION),
        (C, 1_200 * MILLION),
        (A, 1_100 * MILLION),
    ]
    assert turn(events, "leader.determined").data == {"bidder": B, "price_minor": 1_300 * MILLION}
    play.act("announce", OPENED + 1, "AUCTIONEER")
    assert play.verified().life.winner == B


def _other(bidder: int = A, round: int = 1, lot: int = LOT, keys: Any = None) -> Any:
    def make(play: SealedPlay, bid_id: str) -> str:
        context = Context(lot, round, code(bidder), bid_id)
        own = keys or public_keys("0a", "0b")
        return seal_box(1_500 * MILLION, own, context, one_time_key=secret("x"), padding=bytes(24))

    return make


def _altered(play: SealedPlay, bid_id: str) -> str:
    box = box_of(1_500 * MILLION, 1, A, bid_id, public_keys("0a", "0b"))
    return box[:-5] + ("A" if box[-5] != "A" else "B") + box[-4:]


def _of(amount: int) -> Any:
    return lambda play, bid_id: box_of(amount, 1, A, bid_id, public_keys("0a", "0b"))


INVALID = {
    "another bidder's": (_other(bidder=B), "BOX_FOREIGN", None),
    "another round's": (_other(round=2), "BOX_FOREIGN", None),
    "another lot's": (_other(lot=8), "BOX_FOREIGN", None),
    "other keys": (_other(keys=public_keys("x", "y")), "BOX_FOREIGN", None),
    "the re-bid's keys": (_other(keys=public_keys("0c", "0d")), "BOX_FOREIGN", None),
    "tampered with": (_altered, "BOX_ALTERED", None),
    "below the start": (_of(999 * MILLION), "BELOW_START", 999 * MILLION),
    "between the steps": (_of(1_025 * MILLION), "NOT_ON_STEP", 1_025 * MILLION),
}


@pytest.mark.parametrize("case", INVALID)
def test_a_box_that_is_no_valid_bid_stops_nothing(case: str) -> None:
    make, fault, amount = INVALID[case]
    play = SealedPlay(increment_rule="FROM_START_MULTIPLE")
    bid_id = "00000000-0000-4000-8000-00000000000a"
    play.do(Seal(A, bid_id, make(play, bid_id)), START)
    play.seal(B, 1_100 * MILLION)
    play.seal(C, 1_000 * MILLION)
    play.tick(END)
    play.open(OPENED)
    read = next(e["data"] for e in play.entries if e["kind"] == "box.read")
    said = {"bidder": A, "bid_id": bid_id, "fault": fault}
    assert read == (said if amount is None else said | {"amount_minor": amount})
    assert play.now.leader == B
    play.verified()


def test_without_any_valid_amount_the_auction_fails() -> None:
    play = closed_with({A: 900, B: 999})
    assert play.open(OPENED)[-1] == "lot.failed"
    assert play.now.life.failure == "NO_BID"


def test_without_any_box_nobody_needs_keys() -> None:
    play = SealedPlay()
    assert "keys.awaited" not in play.tick(END)
    assert (play.now.status, play.now.life.failure) == ("FAILED", "NO_BID")


def test_one_sole_bidder_is_a_question_of_consent() -> None:
    terms = Terms(single_bidder="CONSENT", single_after_failures=0)
    play = closed_with({A: 1_100}, terms=terms)
    assert play.open(OPENED)[-1] == "consent.awaited"
    play.act("consent", OPENED + 1, "AGENCY", OFFICER)
    assert play.now.status == "LEADER_DETERMINED"


def test_a_secret_reserve_is_asked_for_only_after_the_opening() -> None:
    reserve = Reserve(commitment=reserve_digest(1_250 * MILLION, "salt"), reveal_ms=MINUTE)
    play = closed_with({A: 1_100, B: 1_300}, reserve=reserve)
    said = {"role": "AGENCY", "reserve_minor": 1_250 * MILLION, "salt": "salt"}
    assert play.refused("reveal_reserve", END + 1, **said) == "NOT_THE_RESERVE"
    assert play.open(OPENED)[-1] == "reserve.awaited"
    play.act("reveal_reserve", OPENED + 1, "AGENCY", OFFICER, reserve_minor=1_250 * MILLION,
             salt="salt")  # fmt: skip
    assert (play.now.status, play.now.leader) == ("LEADER_DETERMINED", B)
    play.verified()


KEYS = {
    "one missing": private_keys("0a"),
    "none": ("nothing",),
    "a foreign one": private_keys("0a", "x"),
    "one too many": private_keys("0a", "0b", "x"),
    "one twice": (*private_keys("0a", "0b"), *private_keys("0a")),
    "the public ones": public_keys("0a", "0b"),
    "the re-bid's": private_keys("0c", "0d"),
}


@pytest.mark.parametrize("case", KEYS)
def test_only_all_holders_keys_together_open_the_boxes(case: str) -> None:
    play = closed_with({A: 1_100, B: 1_200})
    assert play.refused("open_boxes", OPENED, keys=list(KEYS[case])) == "KEYS_DO_NOT_FIT"
    play.open(OPENED)
    assert play.now.leader == B


@pytest.mark.parametrize("name", ["open_boxes", "note_key"])
def test_keys_are_for_a_round_that_waits_for_them(name: str) -> None:
    play = SealedPlay()
    data: dict[str, Any] = {"keys": list(private_keys("0a", "0b"))}
    if name == "note_key":
        data = {"public_key": public_keys("0a")[0]}
    play.seal(A, 1_100 * MILLION)
    assert play.refused(name, END - 1, **data) == "WRONG_STATUS"
    play.seal(B, 1_200 * MILLION)
    play.tick(END)
    assert play.refused(name, END, role="BIDDER", actor=A, **data) == "NOT_YOURS"
    play.open(OPENED)
    assert play.refused(name, OPENED, **data) == "WRONG_STATUS"


def test_keys_are_not_awaited_while_a_reserve_is() -> None:
    reserve = Reserve(commitment="0" * 64, reveal_ms=MINUTE)
    play = closed_with({A: 1_100, B: 1_300}, reserve=reserve)
    play.open(OPENED)
    keys = list(private_keys("0a", "0b"))
    assert play.refused("open_boxes", OPENED, keys=keys) == "KEYS_NOT_AWAITED"
    public = public_keys("0a")[0]
    assert play.refused("note_key", OPENED, public_key=public) == "KEYS_NOT_AWAITED"
    assert play.tick(OPENED + MINUTE) == ["reserve.lapsed", "leader.determined"]


def test_keys_that_do_not_come_end_the_round_openly_and_cost_nobody() -> None:
    play = closed_with({A: 1_100, B: 1_300})
    here, lacking = public_keys("0a", "0b")
    play.act("note_key", END + 1, public_key=here)
    assert play.refused("note_key", END + 2, public_key=here) == "KEY_NOTED"
    foreign = public_keys("x")[0]
    assert play.refused("note_key", END + 2, public_key=foreign) == "KEY_UNKNOWN"
    assert play.tick(END + OPEN_MS) == ["round.failed"]
    assert play.entries[-1]["data"] == {"ground": "TECHNICAL_FAULT", "missing": [lacking]}
    life = play.now.life
    assert (play.now.status, life.ground, life.failure) == ("STOPPED", "TECHNICAL_FAULT", None)
    assert (play.now.price_minor, life.forfeits) == (None, {})
    keys = list(private_keys("0a", "0b"))
    assert play.refused("open_boxes", END + OPEN_MS, keys=keys) == "WRONG_STATUS"
    # Boxes exist under these keys: the property is listed again as a new lot with new ones.
    again = {"start_ms": END + 2 * OPEN_MS, "end_ms": END + 3 * OPEN_MS}
    assert play.refused("reschedule", END + OPEN_MS, **again) == "BIDDING_BEGAN"
    play.verified()


def test_keys_a_moment_before_the_time_is_over_are_in_time() -> None:
    play = closed_with({A: 1_100, B: 1_300})
    assert play.open(END + OPEN_MS - 1)[-1] == "leader.determined"


# --- pauses, withdrawals, disqualifications ------------------------------------------------------


def test_a_pause_in_the_window_gives_its_time_back() -> None:
    play = SealedPlay()
    play.seal(A, 1_100 * MILLION)
    play.act("pause", START + 2 * MINUTE, "AUCTIONEER", ground="AUCTIONEER")
    play.act("resume", START + 7 * MINUTE, "AUCTIONEER")
    assert isinstance(play.seal(B, 1_200 * MILLION, END + 5 * MINUTE - 1), BidSealed)
    assert play.tick(END + 5 * MINUTE)[0] == "lot.closed"
    play.verified()


def test_a_pause_while_keys_are_awaited_gives_its_time_back() -> None:
    play = closed_with({A: 1_100, B: 1_300})
    play.act("pause", END + 1, "AUCTIONEER", ground="AUCTIONEER")
    keys = list(private_keys("0a", "0b"))
    assert play.refused("open_boxes", END + 2, keys=keys) == "WRONG_STATUS"
    play.act("resume", END + OPEN_MS, "AUCTIONEER")
    assert play.open(END + OPEN_MS + 1)[-1] == "leader.determined"
    play.verified()


def test_a_box_withdrawn_before_the_opening_is_never_read() -> None:
    play = closed_with({A: 1_100, B: 1_300, C: 1_200})
    events = play.withdraw(B, END + 1)
    assert [e.kind for e in events] == ["bid.withdrawn"]
    assert play.now.life.forfeits == {B: "WITHDREW"}
    play.open(OPENED)
    assert play.standing == [(C, 1_200 * MILLION), (A, 1_100 * MILLION)]
    assert B not in [e["data"]["bidder"] for e in play.entries if e["kind"] == "box.read"]
    play.verified()


def test_when_the_last_closed_box_goes_nobody_waits_for_keys() -> None:
    play = closed_with({A: 1_100})
    events = play.act("disqualify", END + 1, reason="seen", bidder=A, ground="COLLUSION")
    assert [e.kind for e in events] == ["bidder.disqualified", "lot.failed"]
    play.verified()


@pytest.mark.parametrize("late", [False, True])
def test_when_it_goes_during_a_pause_the_lot_goes_on_after_it(late: bool) -> None:
    play = closed_with({A: 1_100})
    play.act("pause", END + 1, "AUCTIONEER", ground="AUCTIONEER")
    play.withdraw(A, END + 2)
    events = play.act("resume", END + (2 * OPEN_MS if late else 3), "AUCTIONEER")
    assert [e.kind for e in events] == ["lot.resumed", "lot.failed"]
    play.verified()


def test_after_the_opening_only_a_valid_bid_can_be_withdrawn() -> None:
    play = closed_with({A: 900, B: 1_300, C: 1_200})
    play.open(OPENED)
    assert play.refused("withdraw_bid", OPENED + 1, role="BIDDER", actor=A) == "NO_BID"
    assert play.refused("withdraw_bid", OPENED + 1, role="BIDDER", actor=D) == "NO_BID"
    events = play.withdraw(B, OPENED + 1)
    assert turn(events, "leader.determined").data["bidder"] == C
    play.verified()


def test_if_the_leader_withdraws_equals_behind_him_bid_again() -> None:
    play = closed_with({A: 1_100, B: 1_300, C: 1_100})
    play.open(OPENED)
    events = play.withdraw(B, OPENED + 1)
    again = turn(events, "rebid.opened")
    assert (again.data["bidders"], play.now.status) == ([A, C], "RUNNING")
    play.seal(C, 1_150 * MILLION, OPENED + 2)
    play.tick(OPENED + 1 + REBID_MS)
    play.open(OPENED + 2 + REBID_MS, ("0c", "0d"))
    assert (play.now.leader, play.now.price_minor) == (C, 1_150 * MILLION)
    play.verified()


@pytest.mark.parametrize("revealed", [True, False])
def test_a_tie_that_shows_while_the_reserve_is_awaited_is_settled_after_it(revealed: bool) -> None:
    amount, salt = 1_050 * MILLION, "salt"
    reserve = Reserve(commitment=reserve_digest(amount, salt), reveal_ms=MINUTE)
    play = closed_with({A: 1_300, B: 1_100, C: 1_100}, reserve=reserve)
    play.open(OPENED)
    assert [e.kind for e in play.withdraw(A, OPENED + 1)] == ["bid.withdrawn"]
    if revealed:
        said: dict[str, Any] = {"reserve_minor": amount, "salt": salt}
        events = play.act("reveal_reserve", OPENED + 2, "AGENCY", OFFICER, **said)
        kinds = [e.kind for e in events]
    else:
        kinds = play.tick(OPENED + MINUTE)
    assert kinds == ["reserve.revealed" if revealed else "reserve.lapsed", "rebid.opened"]
    play.verified()


# --- the re-bid ----------------------------------------------------------------------------------


def _rebid() -> SealedPlay:
    play = closed_with({A: 1_200, B: 1_200, C: 1_100})
    assert play.open(OPENED)[-1] == "rebid.opened"
    return play


def test_the_tied_bid_again_under_new_keys_and_the_higher_wins() -> None:
    play = _rebid()
    assert play.entries[-1]["data"] == {"round": 2, "bidders": [A, B], "end_ms": REBID_END}
    assert (play.now.status, play.now.price_minor) == ("RUNNING", 1_200 * MILLION)
    assert minimum_minor(play.now) == 1_200 * MILLION + 1
    assert play.round_keys() == public_keys("0c", "0d")
    play.seal(A, 1_200 * MILLION + 1, OPENED + 1)
    play.seal(B, 1_250 * MILLION, OPENED + 1)
    assert play.tick(REBID_END) == ["lot.closed", "keys.awaited"]
    assert play.refused("open_boxes", REBID_END, keys=list(private_keys("0a", "0b"))) == (
        "KEYS_DO_NOT_FIT"
    )
    play.open(REBID_END + 1, ("0c", "0d"))
    assert (play.now.leader, play.now.price_minor) == (B, 1_250 * MILLION)
    assert play.standing[1:] == [(A, 1_200 * MILLION + 1), (C, 1_100 * MILLION)]
    play.verified()


@pytest.mark.parametrize("amount", [1_200, 1_199, 1_000])
def test_a_re_bid_must_be_higher_than_the_tie(amount: int) -> None:
    play = _rebid()
    play.seal(A, amount * MILLION, OPENED + 1)
    play.tick(REBID_END)
    assert play.open(REBID_END + 1, ("0c", "0d"))[-1] == "draw.awaited"
    read = [e["data"] for e in play.entries if e["kind"] == "box.read"][-1]
    assert (read["fault"], "n" in read) == ("NOT_ABOVE_TIE", False)
    assert play.entries[-1]["data"]["bidders"] == [A, B]
    play.verified()


def test_nobody_bids_again_so_lots_are_drawn_without_keys() -> None:
    play = _rebid()
    assert play.tick(REBID_END) == ["lot.closed", "draw.awaited"]


def test_a_new_tie_in_the_re_bid_is_drawn() -> None:
    play = closed_with({A: 1_200, B: 1_200, C: 1_200})
    play.open(OPENED)
    for bidder in (C, A):
        play.seal(bidder, 1_300 * MILLION, OPENED + 1)
    play.tick(REBID_END)
    play.open(REBID_END + 1, ("0c", "0d"))
    assert play.entries[-1]["kind"] == "draw.awaited"
    assert play.entries[-1]["data"]["bidders"] == [C, A]
    play.verified()


def test_the_first_amount_of_one_who_stays_silent_stands() -> None:
    play = _rebid()
    play.withdraw(A, OPENED + 1)
    assert play.tick(REBID_END) == ["lot.closed", "leader.determined"]
    assert (play.now.leader, play.now.price_minor) == (B, 1_200 * MILLION)
    play.verified()


def test_keys_of_the_re_bid_that_do_not_come_end_it_like_those_of_the_first_round() -> None:
    play = _rebid()
    play.seal(A, 1_300 * MILLION, OPENED + 1)
    play.tick(REBID_END)
    assert play.tick(REBID_END + OPEN_MS) == ["round.failed"]
    assert play.now.life.forfeits == {}
    assert play.entries[-1]["data"]["missing"] == list(public_keys("0c", "0d"))


@pytest.mark.parametrize("tie", [("FIRST_RECORDED",), ("RE_BID_TIED", "FIRST_RECORDED")])
def test_where_the_rules_say_so_the_earlier_of_equals_wins(tie: Any) -> None:
    play = closed_with({B: 1_200, A: 1_200, C: 1_100}, sealed=sealing(tie=tie))
    play.open(OPENED)
    if len(tie) > 1:
        play.tick(REBID_END)
    assert (play.now.status, play.now.leader) == ("LEADER_DETERMINED", B)
    play.verified()


def test_without_a_re_bid_lots_are_drawn_at_once() -> None:
    play = closed_with({B: 1_200, A: 1_200}, sealed=sealing(tie=("DRAW_LOTS",)))
    assert play.open(OPENED)[-1] == "draw.awaited"
