"""Lots drawn among equals: who may add what when, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.rules.commands import CommandRefused, Enter
from auction_engine.rules.draw import commitment
from auction_engine.rules.draw_record import check_draw
from auction_engine.rules.lifecycle import ROWS, TURNS
from auction_engine.rules.machine import next_due_ms
from auction_engine.rules.opening import GUARDS
from auction_engine.rules.parts import Descent, Draws, ParamsError, Phase, Reserve
from auction_engine.rules.published import records
from auction_engine.rules.sealing_round import check_round
from tests.rules.lots import END, MILLION, MINUTE, START, A, B, C, params
from tests.rules.rounds import (
    DRAW_FROM,
    DRAW_MS,
    DRAW_UNTIL,
    FALLING_DRAWN,
    HOLDERS,
    LOT,
    OFFICER,
    OPEN_MS,
    REBID_MS,
    SEEDS_FROM,
    D,
    SealedPlay,
    closed_with,
    code,
    commitments,
    draws,
    sealing,
    seed,
    tied,
    turn,
)

BIDDERS = (A, B, C, D)


def drawn(play: SealedPlay) -> dict[str, Any]:
    """What the draw says; it must have taken place once."""
    (data,) = [entry["data"] for entry in play.entries if entry["kind"] == "lots.drawn"]
    return data  # type: ignore[no-any-return]


def commit(play: SealedPlay, bidder: int, at_ms: int, value: str | None = None) -> None:
    own = commitment(seed(code(bidder)), LOT, 1, code(bidder))
    play.act("commit_seed", at_ms, "BIDDER", bidder, commitment=value or own)


# --- the course of a draw ---------------------------------------------------------------------


def test_the_last_seed_draws_and_the_first_in_the_order_leads() -> None:
    play = tied(A, B, C)
    assert play.entries[-1]["data"] == {"round": 1, "bidders": [A, B, C], "due_ms": DRAW_UNTIL}
    (first,) = play.reveal("ORGANISATION", SEEDS_FROM)
    assert first.kind == "seed.revealed"
    events = play.reveal("PROCURATOR", SEEDS_FROM + 1)
    assert [e.kind for e in events] == ["seed.revealed", "lots.drawn", "leader.determined"]
    data = drawn(play)
    assert sorted(data["order"]) == [A, B, C]
    assert (data["left_out"], data["bidder"]) == ([], data["order"][0])
    assert (play.now.leader, play.now.price_minor) == (data["bidder"], 1_200 * MILLION)
    assert [bidder for bidder, _ in play.standing] == data["order"]
    assert play.now.life.lots is not None
    assert (play.now.life.lots.done, data["due_ms"]) == (True, None)
    play.verified()


def test_seeds_contributions_and_entrants_all_count() -> None:
    def order(*, texts: tuple[str, ...] = (), bidders: tuple[int, ...] = (A, B, C, D)) -> Any:
        play = tied(*bidders)
        for bidder, text in zip((A, B), texts, strict=False):
            play.act("add_entropy", DRAW_FROM, "BIDDER", bidder, entropy=text)
        for holder in HOLDERS:
            play.reveal(holder, SEEDS_FROM)
        return tuple(drawn(play)["order"])

    orders = {order(), *(order(texts=(f"{n}",)) for n in range(12)), order(texts=("1", "2"))}
    assert len(orders) > 5
    assert order(texts=("x",)) == order(texts=("x",))


def test_a_bidder_may_contribute_from_the_opening_on() -> None:
    play = SealedPlay()
    play.tick(START)
    play.act("add_entropy", START + 1, "BIDDER", D, entropy="tung đồng xu")
    for bidder in (A, B):
        play.seal(bidder, 1_200 * MILLION)
    play.tick(END)
    play.act("add_entropy", END + 1, "BIDDER", A, entropy="ngửa")
    play.open(END + MINUTE)
    play.act("add_entropy", END + MINUTE + 1, "BIDDER", B, entropy="sấp")
    play.tick(DRAW_FROM)
    play.act("add_entropy", DRAW_FROM + 1, "BIDDER", C, entropy="x" * 256)
    for holder in HOLDERS:
        play.reveal(holder, SEEDS_FROM)
    (_, record) = records(play.entries)
    assert check_draw(record) is None
    assert [added["bidder"] for added in record["contributions"]] == [code(x) for x in (D, A, B, C)]
    play.verified()


def test_a_tied_bidder_who_trusts_nobody_commits_a_seed() -> None:
    play = tied(A, B)
    commit(play, B, DRAW_FROM)
    for holder in HOLDERS:
        assert [e.kind for e in play.reveal(holder, SEEDS_FROM)] == ["seed.revealed"]
    play.act("reveal_seed", SEEDS_FROM + 1, "BIDDER", B, holder=code(B), seed=seed(code(B)))
    (record,) = [r for r in records(play.entries) if "order" in r]
    assert check_draw(record) is None
    assert [c["holder"] for c in record["commitments"]] == [*HOLDERS, code(B)]
    play.verified()


def test_who_does_not_reveal_is_left_out_and_named() -> None:
    play = tied(A, B, C)
    play.reveal("PROCURATOR", SEEDS_FROM)
    assert play.tick(DRAW_UNTIL) == ["lots.drawn", "leader.determined"]
    assert drawn(play)["left_out"] == ["ORGANISATION"]
    (_, record) = records(play.entries)
    assert (check_draw(record), record["left_out"]) == (None, ["ORGANISATION"])
    play.verified()


def test_without_any_seed_the_draw_waits_for_one() -> None:
    play = tied(A, B)
    assert play.tick(DRAW_UNTIL) == ["draw.overdue"]
    assert play.entries[-1]["data"] == {"due_ms": None, "holders": list(HOLDERS)}
    assert next_due_ms(play.now) is None
    assert play.tick(DRAW_UNTIL + 10 * DRAW_MS) == []
    late = DRAW_UNTIL + 10 * DRAW_MS
    said = {"role": "BIDDER", "actor": A}
    assert play.refused("add_entropy", late, **said, entropy="late") == "NO_DRAW_NOW"
    play.reveal("ORGANISATION", late)
    # The first to come gives the other as much time as he would have had.
    assert next_due_ms(play.now) == late + DRAW_MS // 2
    assert play.tick(late + DRAW_MS // 2) == ["lots.drawn", "leader.determined"]
    play.verified()


def test_a_draw_that_nobody_reveals_can_be_annulled_by_the_owner() -> None:
    play = tied(A, B)
    play.tick(DRAW_UNTIL)
    play.act("report_incident", DRAW_UNTIL + 1, what="both seeds are lost")
    play.act("decide_incident", DRAW_UNTIL + 2, "AGENCY", OFFICER, choice="ANNUL")
    assert (play.now.status, play.now.life.forfeits) == ("STOPPED", {})
    play.verified()


def test_a_pause_does_not_begin_a_draw_anew_that_waits_for_a_seed() -> None:
    play = tied(A, B)
    commit(play, A, DRAW_FROM)
    play.tick(DRAW_UNTIL)
    play.act("pause", DRAW_UNTIL + 1, "AUCTIONEER", ground="AUCTIONEER")
    assert [e.kind for e in play.act("resume", DRAW_UNTIL + 2, "AUCTIONEER")] == ["lot.resumed"]
    for holder in (*HOLDERS, code(A)):
        play.reveal(holder, DRAW_UNTIL + 3)
    assert drawn(play)["left_out"] == []
    play.verified()


@pytest.mark.parametrize("at_ms", [DRAW_FROM + 1, SEEDS_FROM - 1])
def test_a_pause_gives_the_draw_its_time_back(at_ms: int) -> None:
    play = tied(A, B)
    play.act("pause", at_ms, "AUCTIONEER", ground="AUCTIONEER")
    play.act("resume", at_ms + DRAW_MS, "AUCTIONEER")
    said = {"holder": "ORGANISATION", "seed": seed("ORGANISATION")}
    assert play.refused("reveal_seed", SEEDS_FROM + DRAW_MS - 1, **said) == "SEEDS_NOT_DUE"
    play.reveal("ORGANISATION", SEEDS_FROM + DRAW_MS)
    assert play.tick(DRAW_UNTIL + DRAW_MS) == ["lots.drawn", "leader.determined"]
    play.verified()


def test_while_a_complaint_is_pending_no_time_of_the_draw_runs() -> None:
    play = tied(A, B)
    play.act("hold", DRAW_FROM + 1, ground="COMPLAINT")
    said = {"holder": "ORGANISATION", "seed": seed("ORGANISATION")}
    assert play.refused("reveal_seed", DRAW_UNTIL, **said) == "SEEDS_NOT_DUE"
    assert play.tick(DRAW_UNTIL + 1) == []
    play.act("add_entropy", DRAW_UNTIL + 2, "BIDDER", A, entropy="still in time")
    play.act("release", DRAW_UNTIL + 3, ground="COMPLAINT")
    for holder in HOLDERS:
        play.reveal(holder, DRAW_UNTIL + DRAW_MS // 2 + 2)
    assert drawn(play)
    play.verified()


# --- entrants who leave -----------------------------------------------------------------------


def test_who_left_after_the_entrants_were_fixed_changes_nothing_for_the_others() -> None:
    def order(leaving: int | None) -> tuple[list[int], int]:
        play = tied(A, B, C, D)
        if leaving is not None:
            assert [e.kind for e in play.withdraw(leaving, DRAW_FROM + 1)] == ["bid.withdrawn"]
        for holder in HOLDERS:
            play.reveal(holder, SEEDS_FROM)
        play.verified()
        return drawn(play)["order"], drawn(play)["bidder"]

    full, winner = order(None)
    assert order(winner) == (full, full[1])
    assert order(full[-1]) == (full, winner)


def test_one_entrant_left_needs_no_draw() -> None:
    play = tied(A, B)
    events = play.withdraw(B, DRAW_FROM + 1)
    assert [e.kind for e in events] == ["bid.withdrawn", "leader.determined"]
    assert play.now.leader == A
    said = {"holder": "ORGANISATION", "seed": seed("ORGANISATION")}
    assert play.refused("reveal_seed", SEEDS_FROM, **said) == "WRONG_STATUS"
    play.verified()


@pytest.mark.parametrize("until", [SEEDS_FROM, DRAW_UNTIL + 1])
def test_one_entrant_left_during_a_pause_needs_none_either(until: int) -> None:
    play = tied(A, B)
    play.act("pause", DRAW_FROM + 1, "AUCTIONEER", ground="AUCTIONEER")
    play.withdraw(A, DRAW_FROM + 2)
    events = play.act("resume", until, "AUCTIONEER")
    assert [e.kind for e in events] == ["lot.resumed", "leader.determined"]
    assert play.now.leader == B
    play.verified()


def _two_ties(**changes: Any) -> SealedPlay:
    """A and B share the highest amount, C and D the next; lots are to be drawn at once."""
    own = sealing(tie=("DRAW_LOTS",))
    play = closed_with({A: 1_200, B: 1_200, C: 1_100, D: 1_100}, sealed=own, **changes)
    play.open(END)
    return play


def test_if_all_entrants_leave_lots_are_drawn_among_the_next() -> None:
    play = _two_ties()
    commit(play, A, END + 1)
    play.withdraw(A, END + 2)
    # One of the first tie left: he leads. When he goes too, the next are equal.
    events = play.withdraw(B, END + 3)
    assert turn(events, "draw.awaited").data["bidders"] == [C, D]
    assert play.now.status == "BIDDING_CLOSED"
    said = {"holder": code(A), "seed": seed(code(A))}
    assert play.refused("reveal_seed", END + 3 + DRAW_MS // 2, **said) == "WRONG_SEED"
    for holder in HOLDERS:
        play.reveal(holder, END + 3 + DRAW_MS // 2)
    assert sorted(drawn(play)["order"]) == [C, D]
    (_, record) = records(play.entries)
    assert check_draw(record) is None
    play.verified()


def test_once_a_seed_is_known_a_later_tie_goes_by_the_order_of_recording() -> None:
    play = _two_ties()
    for holder in HOLDERS:
        play.reveal(holder, END + DRAW_MS // 2)
    first, second = drawn(play)["order"]
    events = play.withdraw(first, END + DRAW_MS)
    assert turn(events, "leader.determined").data["bidder"] == second
    events = play.withdraw(second, END + DRAW_MS)
    assert turn(events, "leader.determined").data["bidder"] == C
    assert play.kinds.count("lots.drawn") == 1
    play.verified()


def test_one_seed_is_enough_to_settle_a_later_tie_by_the_order_of_recording() -> None:
    play = _two_ties()
    at_ms = END + DRAW_MS // 2
    play.reveal("ORGANISATION", at_ms)
    play.withdraw(A, at_ms)
    events = play.withdraw(B, at_ms)
    assert [e.kind for e in events] == ["bid.withdrawn", "leader.determined"]
    assert play.now.leader == C
    play.verified()


def test_the_next_in_the_order_follows_a_winner_who_refuses() -> None:
    play = tied(A, B, C)
    for holder in HOLDERS:
        play.reveal(holder, SEEDS_FROM)
    first, second, _ = drawn(play)["order"]
    play.act("announce", SEEDS_FROM + 1, "AUCTIONEER")
    events = play.act("refuse_win", SEEDS_FROM + 2, "BIDDER", first)
    assert turn(events, "runner_up.offered").data["bidder"] == second
    play.verified()


# --- acceptances of one step ------------------------------------------------------------------

STEP_END = START + 3 * MINUTE


def accepted(*bidders: int, **changes: Any) -> SealedPlay:
    """A falling price whose third one all these accept, and the step is over."""
    values: dict[str, Any] = {
        "method": "DESCENDING",
        "sealed": None,
        "end_ms": None,
        "descent": FALLING_DRAWN,
        "draws": draws(),
    }
    play = SealedPlay(**(values | changes))
    for bidder in BIDDERS:
        play.do(Enter(bidder), START)
    for moment, bidder in enumerate(bidders):
        play.bid(bidder, 800 * MILLION, STEP_END - MINUTE + moment, step=2)
    play.tick(STEP_END)
    return play


def test_acceptances_of_one_step_are_equal_and_drawn() -> None:
    play = accepted(B, A, C)
    assert play.entries[-1]["kind"] == "draw.awaited"
    assert play.entries[-1]["data"]["bidders"] == [B, A, C]
    for holder in HOLDERS:
        play.reveal(holder, STEP_END + DRAW_MS // 2)
    data = drawn(play)
    assert (play.now.status, play.now.leader) == ("LEADER_DETERMINED", data["order"][0])
    assert play.now.price_minor == 800 * MILLION
    (record,) = records(play.entries)
    assert check_draw(record) is None
    play.verified()


def test_one_acceptance_needs_no_draw() -> None:
    play = accepted(B)
    assert (play.now.status, play.now.leader) == ("LEADER_DETERMINED", B)
    assert play.refused("add_entropy", STEP_END, role="BIDDER", actor=A, entropy="x") == (
        "WRONG_STATUS"
    )


def test_acceptances_that_leave_make_the_price_fall_on_without_a_second_draw() -> None:
    play = accepted(B, A, C)
    for holder in HOLDERS:
        play.reveal(holder, STEP_END + DRAW_MS // 2)
    first, second, third = drawn(play)["order"]
    at_ms = STEP_END + DRAW_MS
    events = play.withdraw(first, at_ms)
    assert turn(events, "descent.resumed").status == "RUNNING"
    play.tick(at_ms + MINUTE)
    assert play.now.leader == second
    assert play.kinds.count("lots.drawn") == 1
    assert [bidder for bidder, _ in play.standing] == [second, third]
    play.verified()


def test_the_first_phase_of_a_hybrid_is_drawn_before_the_next_begins() -> None:
    phases = (Phase("ASCENDING", 5 * MINUTE, "LEADER"),)
    play = accepted(B, A, phases=phases)
    for holder in HOLDERS:
        play.reveal(holder, STEP_END + DRAW_MS // 2)
    assert play.kinds[-2:] == ["lots.drawn", "phase.opened"]
    assert play.now.life.front == play.now.leader == drawn(play)["order"][0]
    play.verified()


def test_others_draw_later_where_a_hybrid_is_only_bid_for_here() -> None:
    play = accepted(B, A, terms=None, phases=(Phase("ASCENDING", MINUTE, "LEADER"),))
    assert play.kinds[-1] == "phase.opened"


def test_each_phase_has_a_draw_of_its_own() -> None:
    phases = (Phase("SEALED", 10 * MINUTE, "ALL_BUT_LEADER", sealing(1, tie=("DRAW_LOTS",))),)
    play = accepted(B, A, phases=phases)
    for holder in HOLDERS:
        play.reveal(holder, STEP_END + DRAW_MS // 2)
    begun = STEP_END + DRAW_MS // 2
    for bidder in (C, D):
        play.seal(bidder, 900 * MILLION, begun + 1)
    play.tick(begun + 10 * MINUTE)
    play.open(begun + 10 * MINUTE, ("1a", "1b"))
    assert play.entries[-1]["data"]["round"] == 2
    seeds_from = begun + 10 * MINUTE + DRAW_MS // 2
    said = {"holder": "ORGANISATION", "seed": seed("ORGANISATION", 1)}
    assert play.refused("reveal_seed", seeds_from, **said) == "WRONG_SEED"
    for holder in HOLDERS:
        play.reveal(holder, seeds_from, 2)
    assert [record["round"] for record in records(play.entries)] == [1, 3, 2]
    assert all((check_draw if "order" in r else check_round)(r) is None
               for r in records(play.entries))  # fmt: skip
    play.verified()


def test_where_only_the_bidding_is_conducted_here_others_draw() -> None:
    play = accepted(B, A, terms=None, draws=None)
    assert play.kinds[-1] == "lot.closed"
    assert (play.now.status, play.now.leader) == ("BIDDING_CLOSED", B)
    assert play.refused("add_entropy", STEP_END, role="BIDDER", actor=A, entropy="x") == (
        "NO_DRAW_NOW"
    )


@pytest.mark.parametrize("changes", [{"descent": None, "method": "ASCENDING", "end_ms": END},
    {"descent": Descent("LINEAR", MINUTE, floor_minor=1, step_minor=100 * MILLION)}])  # fmt: skip
def test_commitments_are_for_lots_that_may_be_drawn(changes: dict[str, Any]) -> None:
    values = {"method": "DESCENDING", "end_ms": None, "descent": FALLING_DRAWN, "draws": draws()}
    assert params(**values).draws == draws()
    with pytest.raises(ParamsError) as caught:
        params(**(values | changes))
    assert caught.value.path == "draws"


def test_a_draw_needs_time_and_two_committers() -> None:
    for bad in ((0, commitments()), (MINUTE, commitments()[:1])):
        with pytest.raises(ParamsError):
            Draws(*bad)


# --- every refusal ----------------------------------------------------------------------------

OTHER = commitment("0" * 64, LOT, 1, code(A))


def _awaited() -> SealedPlay:
    return tied(A, B)


def _contributed() -> SealedPlay:
    play = tied(A, B)
    play.act("add_entropy", DRAW_FROM, "BIDDER", A, entropy="first")
    return play


def _committed() -> SealedPlay:
    play = tied(A, B)
    commit(play, A, DRAW_FROM)
    return play


def _seeded() -> SealedPlay:
    play = tied(A, B)
    play.reveal("ORGANISATION", SEEDS_FROM)
    return play


def _opened_with_reserve() -> SealedPlay:
    reserve = Reserve(commitment="0" * 64, reveal_ms=2 * DRAW_MS)
    play = closed_with({A: 1_100, B: 1_300}, reserve=reserve)
    play.open(END)
    return play


def _first_recorded() -> SealedPlay:
    play = SealedPlay(sealed=sealing(tie=("FIRST_RECORDED",)))
    play.tick(START)
    return play


BIDDER_A = {"role": "BIDDER", "actor": A}
HOLDS = {"holder": "ORGANISATION", "seed": seed("ORGANISATION")}
TOO_LATE = {"commitment": "0" * 64}
REFUSALS: list[tuple[str, str, Any, int, dict[str, Any]]] = [
    ("add_entropy", "NOT_ADMITTED", _awaited, DRAW_FROM,
        {"role": "BIDDER", "actor": 99, "entropy": "x"}),
    ("add_entropy", "NO_DRAW_NOW", _awaited, SEEDS_FROM, {**BIDDER_A, "entropy": "x"}),
    ("add_entropy", "NO_DRAW_NOW", _seeded, SEEDS_FROM, {**BIDDER_A, "entropy": "x"}),
    ("add_entropy", "NO_DRAW_NOW", _opened_with_reserve, END, {**BIDDER_A, "entropy": "x"}),
    ("add_entropy", "NO_DRAW_NOW", _first_recorded, START, {**BIDDER_A, "entropy": "x"}),
    ("add_entropy", "BAD_ENTROPY", _awaited, DRAW_FROM, {**BIDDER_A, "entropy": "ă" * 129}),
    ("add_entropy", "ALREADY_CONTRIBUTED", _contributed, DRAW_FROM, {**BIDDER_A, "entropy": "2"}),
    ("commit_seed", "DRAW_NOT_AWAITED", _opened_with_reserve, END, {**BIDDER_A, **TOO_LATE}),
    ("commit_seed", "NOT_AN_ENTRANT", _awaited, DRAW_FROM,
        {"role": "BIDDER", "actor": C, **TOO_LATE}),
    ("commit_seed", "SEEDS_ARE_DUE", _awaited, SEEDS_FROM, {**BIDDER_A, **TOO_LATE}),
    ("commit_seed", "BAD_COMMITMENT", _awaited, DRAW_FROM, {**BIDDER_A, "commitment": "0" * 63}),
    ("commit_seed", "ALREADY_COMMITTED", _committed, DRAW_FROM, {**BIDDER_A, "commitment": OTHER}),
    ("commit_seed", "ALREADY_COMMITTED", _awaited, DRAW_FROM,
        {**BIDDER_A, "commitment": commitments()[0][1]}),
    ("reveal_seed", "DRAW_NOT_AWAITED", _opened_with_reserve, END, HOLDS),
    ("reveal_seed", "SEEDS_NOT_DUE", _awaited, SEEDS_FROM - 1, HOLDS),
    ("reveal_seed", "ALREADY_REVEALED", _seeded, SEEDS_FROM, HOLDS),
    ("reveal_seed", "WRONG_SEED", _awaited, SEEDS_FROM, {**HOLDS, "seed": "0" * 64}),
    ("reveal_seed", "WRONG_SEED", _awaited, SEEDS_FROM, {**HOLDS, "seed": "heads"}),
    ("reveal_seed", "WRONG_SEED", _awaited, SEEDS_FROM, {**HOLDS, "holder": "PROCURATOR"}),
    ("reveal_seed", "WRONG_SEED", _awaited, SEEDS_FROM, {**HOLDS, "holder": "NOBODY"}),
    ("reveal_seed", "NOT_YOURS", _awaited, SEEDS_FROM, {"role": "COURT", **HOLDS}),
    ("reveal_seed", "BAD_FIELDS", _awaited, SEEDS_FROM, {"holder": "ORGANISATION"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "refusal", "make", "at_ms", "said"), REFUSALS)
def test_an_act_out_of_turn_is_refused(
    name: str, refusal: str, make: Any, at_ms: int, said: dict[str, Any]
) -> None:
    assert make().refused(name, at_ms, **said) == refusal


def test_every_refusal_of_the_guards_is_in_a_table_here() -> None:
    """Those about keys are in `test_sealed`."""
    reached = {refusal for _, refusal, *_ in REFUSALS}
    keys = {"KEYS_NOT_AWAITED", "KEYS_DO_NOT_FIT", "KEY_UNKNOWN", "KEY_NOTED"}
    assert {refusal for _, refusal, _ in GUARDS.values()} <= reached | keys
    used = {name for row in ROWS for name in row.guards}
    assert set(GUARDS) <= used


def _whole_course() -> SealedPlay:
    """A hybrid in which everything about boxes and draws happens but a failure."""
    second = Phase("SEALED", 10 * MINUTE, "ALL", sealing(1))
    play = SealedPlay(phases=(second,))
    for bidder in (A, B):
        play.seal(bidder, 1_200 * MILLION)
    play.tick(END)
    play.act("note_key", END + 1, public_key=play.round_keys()[0])
    play.open(END + 2)
    play.act("add_entropy", END + 3, "BIDDER", A, entropy="x")
    play.tick(END + 2 + REBID_MS)
    at_ms = END + 2 + REBID_MS
    commit(play, A, at_ms)
    play.tick(at_ms + DRAW_MS)
    for holder in (*HOLDERS, code(A)):
        play.reveal(holder, at_ms + DRAW_MS)
    play.tick(at_ms + DRAW_MS + 10 * MINUTE)
    return play


def test_every_row_about_boxes_and_draws_is_reached() -> None:
    failed = closed_with({A: 1_100})
    failed.tick(END + OPEN_MS)
    reached = set(_whole_course().kinds) | set(failed.kinds)
    words = ("keys.", "key.", "boxes.", "box.", "rebid.", "draw.", "entropy.", "seed.", "lots.")
    assert {kind for kind in TURNS if kind.startswith(words)} | {"round.failed"} <= reached


@given(st.sampled_from([(A, B), (A, B, C), (A, B, C, D)]), st.text(min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_any_contribution_is_drawn_with_and_published(entrants: tuple[int, ...], text: str) -> None:
    play = tied(*entrants)
    said: dict[str, Any] = {"role": "BIDDER", "actor": A, "entropy": text}
    if not text.isprintable():
        try:
            play.act("add_entropy", DRAW_FROM, **said)
        except CommandRefused:
            return
    else:
        play.act("add_entropy", DRAW_FROM, **said)
    for holder in HOLDERS:
        play.reveal(holder, SEEDS_FROM)
    (_, record) = records(play.entries)
    assert check_draw(record) is None
    play.verified()
