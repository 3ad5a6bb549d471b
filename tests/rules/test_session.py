"""Sessions of many lots (Law 106/2025 Art. 83(6), Decree 62/2015 Art. 27(3))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.grounds import POSTPONEMENTS
from auction_engine.rules.parts import Descent, Extension, Phase, Reserve
from auction_engine.rules.session import (
    SESSION_PAUSED,
    TURN,
    hand_over_acts,
    next_acts,
    pause_acts,
    proceeds_minor,
    resume_acts,
)
from auction_engine.rules.session_plan import Case, Place, Session, SessionError, ranked
from auction_engine.rules.session_windows import in_window, latest_end_ms, plan

from .lots import MILLION, MINUTE
from .session_lots import CHIEF, HOUR, START, TERMS, Hall, case, lot_params, session

GAP = 5 * MINUTE


# --- plans ----------------------------------------------------------------------------------


def starts(planned: Session, **each: Any) -> list[tuple[int, int]]:
    """(lot, minutes after the first opening) in the order of turns."""
    params = {place.lot: lot_params(**each.get(f"lot{place.lot}", {})) for place in planned.places}
    return [(w.lot, (w.start_ms - START) // MINUTE) for w in plan(planned, START, params)]


EXTENDED = {"extension": Extension(MINUTE, 2 * MINUTE, 3)}


@pytest.mark.parametrize(
    ("planned", "each", "expected"),
    [
        (session("PARALLEL", 1, 2, 3), {}, [(1, 0), (2, 0), (3, 0)]),
        (session("STAGGERED", 1, 2, 3, stagger_ms=4 * MINUTE), {}, [(1, 0), (2, 4), (3, 8)]),
        (session("SEQUENTIAL", 1, 2, 3), {}, [(1, 0), (2, 15), (3, 30)]),
        (session("SEQUENTIAL", 1, 2, 3, gap_ms=0), {}, [(1, 0), (2, 10), (3, 20)]),
        # Room for three extensions of two minutes.
        (session("SEQUENTIAL", 1, 2, 3), {"lot1": EXTENDED}, [(1, 0), (2, 21), (3, 36)]),
        (
            Session("SEQUENTIAL", (Place(1, slot_ms=HOUR), Place(2)), gap_ms=0),
            {"lot1": {"closed_by": "AUCTIONEER", "end_ms": None}},
            [(1, 0), (2, 60)],
        ),
        # The most valuable first; of equals the one announced first.
        (
            session("ORDER_BY_VALUE", (1, 300, None), (2, 1500, None), (3, 300, None), gap_ms=0),
            {},
            [(2, 0), (1, 10), (3, 20)],
        ),
    ],
)
def test_a_plan_places_every_lot(planned: Session, each: Any, expected: Any) -> None:
    assert starts(planned, **each) == expected


def test_windows_keep_their_length_and_name_their_latest_end() -> None:
    planned = session("STAGGERED", 1, 2, stagger_ms=MINUTE)
    params = {1: lot_params(), 2: lot_params(**EXTENDED)}
    second = plan(planned, START + HOUR, params)[1]
    assert second.end_ms == second.start_ms + 10 * MINUTE
    assert second.latest_ms == second.start_ms + 16 * MINUTE
    placed = in_window(params[2], second)
    assert (placed.start_ms, placed.end_ms) == (second.start_ms, second.end_ms)
    assert placed.extension == params[2].extension


DESCENT = Descent("LINEAR", MINUTE, floor_minor=60 * MILLION, step_minor=10 * MILLION)


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({}, 10),
        (EXTENDED, 16),
        ({"extension": Extension(MINUTE, MINUTE, None, cap_ms=30 * MINUTE)}, 40),
        ({"extension": Extension(MINUTE, MINUTE, 5, cap_ms=30 * MINUTE)}, 15),
        ({"extension": Extension(MINUTE, 3 * MINUTE, 4, mode="ROUNDS")}, 22),
        ({"extension": Extension(MINUTE, MINUTE, 1_000_000)}, None),
        ({"method": "DESCENDING", "descent": DESCENT, "end_ms": None}, 5),
        ({"phases": (Phase("ASCENDING", 7 * MINUTE),)}, 17),
        ({"reserve": Reserve(commitment="0" * 64, reveal_ms=3 * MINUTE)}, 13),
        ({"closed_by": "AUCTIONEER", "end_ms": None}, None),
    ],
)
def test_how_long_a_lot_can_last(changes: dict[str, Any], minutes: int | None) -> None:
    latest = latest_end_ms(lot_params(**changes))
    assert (None if latest is None else (latest - START) / MINUTE) == minutes


NO_END = {"closed_by": "AUCTIONEER", "end_ms": None}


@pytest.mark.parametrize(
    ("make", "lot", "said"),
    [
        (lambda: session("SIDEWAYS", 1), None, "order must be"),
        (lambda: session("PARALLEL"), None, "no lot"),
        (lambda: session("PARALLEL", 1, 2, 1), 1, "twice"),
        (lambda: session("PARALLEL", 0), None, "number of its lot"),
        (lambda: session("STAGGERED", 1), None, "stagger_ms"),
        (lambda: session("PARALLEL", 1, stagger_ms=5), None, "stagger_ms"),
        (lambda: session("SEQUENTIAL", 1, gap_ms=-1), None, "gap_ms"),
        (lambda: session("SEQUENTIAL", 1, notice_ms=0), None, "notice_ms"),
        (lambda: session("ORDER_BY_VALUE", (1, 5, None), 2), 2, "needs its value"),
        (lambda: session("ORDER_BY_VALUE", (1, 5, "X")), 1, "no case X"),
        (lambda: session("SEQUENTIAL", (1, 5, "X"), cases=(case("X", 1),)), None, "83(6)"),
        (lambda: session("ORDER_BY_VALUE", (1, 5, None), cases=(case("X", 1),)), None, "no lot"),
        (
            lambda: session("ORDER_BY_VALUE", (1, 5, "X"), cases=(case("X", 1), case("X", 2))),
            None,
            "twice",
        ),
        (lambda: Place(7, value_minor=0), 7, "value_minor"),
        (lambda: Place(7, case=""), 7, "name"),
        (lambda: Case("X", 0), None, "claim_minor"),
        (lambda: starts(session("SEQUENTIAL", 1, 2), lot2=NO_END), 2, "nothing bounds its end"),
        (
            lambda: starts(Session("SEQUENTIAL", (Place(1), Place(2, slot_ms=MINUTE)))),
            2,
            "shorter than its window",
        ),
        (
            lambda: starts(
                session("ORDER_BY_VALUE", (1, 5, "X"), cases=(case("X", 1),)), lot1={"terms": None}
            ),
            1,
            "no terms",
        ),
        (
            lambda: starts(
                session("ORDER_BY_VALUE", (1, 5, "X"), (2, 4, "X"), cases=(case("X", 1),)),
                lot2={"currency": "EUR"},
            ),
            2,
            "another currency",
        ),
        (lambda: plan(session("PARALLEL", 1, 2), START, {1: lot_params()}), 2, "not known"),
        (lambda: plan(session("PARALLEL", 1), -1, {1: lot_params()}), None, "start_ms"),
        (
            lambda: plan(session("PARALLEL", 1), 253_402_300_799_000, {1: lot_params()}),
            1,
            "end_ms",
        ),
    ],
)
def test_what_cannot_be_planned_is_named(make: Any, lot: int | None, said: str) -> None:
    with pytest.raises(SessionError, match=said.replace("(", r"\(").replace(")", r"\)")) as caught:
        make()
    assert caught.value.lot == lot
    if lot is not None:
        assert str(caught.value).startswith(f"lot {lot}: ")


def test_registration_must_be_over_at_the_opening() -> None:
    terms = {"registration_open_ms": START - HOUR, "registration_close_ms": START + MINUTE}
    late = {"terms": replace(TERMS, **terms)}
    assert starts(session("SEQUENTIAL", 1, 2), lot2=late) == [(1, 0), (2, 15)]
    with pytest.raises(SessionError, match="lot 1: its registration closes after its opening"):
        starts(session("SEQUENTIAL", 1, 2), lot1=late)


def test_a_session_survives_its_json() -> None:
    planned = session("ORDER_BY_VALUE", (1, 5, "X"), (2, 7, None), cases=(case("X", 3, 1),))
    assert Session.from_json(planned.to_json()) == planned
    for wrong in (
        [],
        {"order": "PARALLEL"},
        {"order": "PARALLEL", "places": 5},
        {"order": "PARALLEL", "places": [5]},
        {"order": "PARALLEL", "places": [{"lot": "1"}]},
        {"order": "PARALLEL", "places": [{"lot": True}]},
        {"order": ["PARALLEL"], "places": [{"lot": 1}]},
        {"order": "PARALLEL", "places": [{"lot": 1}], "more": 1},
        {"order": "PARALLEL", "places": [{"lot": 1}], "gap_ms": None},
        {"order": "PARALLEL", "places": [{"lot": 1}], "cases": [{"name": "X"}]},
    ):
        with pytest.raises(SessionError):
            Session.from_json(wrong)


# --- whose turn it is -----------------------------------------------------------------------


def test_in_the_ordinary_course_nothing_is_moved() -> None:
    """Late bids, extensions to the last, an announcement within the gap: published times stand."""
    hall = Hall(session("SEQUENTIAL", 1, 2, gap_ms=GAP), lot1=EXTENDED)
    hall.until(START)
    for number in range(4):
        end_ms = hall.lots[1].end_ms or 0
        hall.until(end_ms - MINUTE // 2)
        hall.bid(1, 200 + 20 * number)
        hall.bid(1, 210 + 20 * number, 2)
    hall.until(hall.lots[1].end_ms or 0)
    assert hall.lots[1].extensions == 3
    hall.act(1, "announce")
    hall.until(hall.windows[1].start_ms)
    assert hall.statuses() == ["ANNOUNCED", "RUNNING"]
    assert [kind for _, kind in hall.log if kind == "POSTPONED"] == []


def test_a_lot_whose_turn_has_not_come_is_postponed_before_its_opening() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3))
    hall.until(START + MINUTE)
    hall.act(1, "pause", ground="AUCTIONEER")
    second = hall.windows[1].start_ms
    hall.until(second - 2 * MINUTE)
    assert hall.statuses() == ["PAUSED", "PUBLISHED", "PUBLISHED"]
    hall.until(second - MINUTE)
    assert hall.statuses() == ["PAUSED", "POSTPONED", "PUBLISHED"]
    assert hall.lots[2].life.ground == TURN
    hall.until(hall.windows[2].start_ms + MINUTE)
    assert hall.statuses() == ["PAUSED", "POSTPONED", "POSTPONED"]
    hall.act(1, "resume")
    assert hall.conduct() == []
    hall.until(hall.lots[1].end_ms or 0)
    hall.conduct()
    assert hall.status(1) == "FAILED"  # nobody bid
    assert hall.statuses()[1:] == ["PUBLISHED", "POSTPONED"]
    opens_ms = hall.lots[2].params.start_ms
    assert opens_ms == hall.now_ms + 5 * MINUTE
    assert hall.lots[2].end_ms == opens_ms + 10 * MINUTE
    hall.until(opens_ms)
    assert hall.statuses()[1:] == ["RUNNING", "POSTPONED"]
    hall.sell(2, 200)
    hall.until(hall.now_ms + HOUR)
    assert hall.statuses()[2] == "FAILED"


def test_no_lot_opens_before_the_winner_of_the_one_before_is_announced() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2))
    hall.until(START)
    hall.bid(1, 200)
    hall.bid(1, 210, 2)
    hall.until(hall.windows[1].start_ms + MINUTE)
    assert hall.statuses() == ["LEADER_DETERMINED", "POSTPONED"]
    hall.act(1, "announce")
    hall.until(hall.now_ms + 6 * MINUTE)
    assert hall.statuses() == ["ANNOUNCED", "RUNNING"]


def test_a_rescheduled_lot_never_opens_before_its_published_time() -> None:
    """A conductor that looks far ahead postpones early; the time published stands all the same."""
    planned = session("SEQUENTIAL", 1, 2, lead_ms=12 * MINUTE, notice_ms=MINUTE)
    hall = Hall(planned)
    hall.until(START + 5 * MINUTE)
    assert hall.status(2) == "POSTPONED"
    hall.act(1, "stop", "AGENCY", ground="REDEEMED")
    hall.conduct()
    assert hall.status(2) == "PUBLISHED"
    assert hall.lots[2].params.start_ms == hall.windows[1].start_ms


def test_a_lot_put_off_by_people_lets_the_others_go_on() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3))
    hall.act(1, "postpone", ground="TECHNICAL_FAULT")
    hall.until(hall.windows[1].start_ms)
    assert hall.statuses() == ["POSTPONED", "RUNNING", "PUBLISHED"]
    day = START + 24 * HOUR
    hall.act(1, "reschedule", "ORGANISATION", start_ms=day, end_ms=day + 10 * MINUTE)
    hall.until(hall.windows[2].start_ms)
    assert hall.statuses() == ["PUBLISHED", "FAILED", "RUNNING"]
    hall.until(day)
    assert hall.statuses() == ["RUNNING", "FAILED", "FAILED"]


def test_a_short_lot_goes_before_one_put_off_and_a_long_one_waits() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3), lot3={"end_ms": START + 2 * HOUR})
    hall.act(1, "postpone", ground="TECHNICAL_FAULT")
    later = hall.windows[2].start_ms + HOUR
    hall.act(1, "reschedule", "ORGANISATION", start_ms=later, end_ms=later + 10 * MINUTE)
    hall.until(hall.windows[2].start_ms)
    # The second had its time before the first; the third would not be over by then.
    assert hall.statuses() == ["PUBLISHED", "FAILED", "POSTPONED"]
    hall.until(later + 10 * MINUTE)
    assert hall.status(1) == "FAILED"
    hall.until(later + 16 * MINUTE)
    assert hall.status(3) == "RUNNING"


def test_the_others_orders_leave_the_clock_alone() -> None:
    for order, more in (("PARALLEL", {}), ("STAGGERED", {"stagger_ms": MINUTE})):
        hall = Hall(session(order, 1, 2, 3, **more))
        hall.until(START + 5 * MINUTE)
        assert hall.statuses() == ["RUNNING"] * 3


def test_a_conductor_who_was_away_leaves_what_has_begun_alone() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3))
    hall.until(START + MINUTE)
    hall.act(1, "pause", ground="AUCTIONEER")
    hall.until(hall.windows[1].start_ms + MINUTE, conducted=False)
    assert hall.statuses() == ["PAUSED", "RUNNING", "PUBLISHED"]
    assert hall.conduct() == []
    hall.until(hall.windows[2].start_ms)
    assert hall.statuses() == ["PAUSED", "FAILED", "POSTPONED"]


def test_a_held_lot_waits_and_does_not_hold_up_the_others() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3))
    hall.until(START + MINUTE)
    hall.act(1, "pause", ground="AUCTIONEER")
    hall.until(hall.windows[2].start_ms)
    assert hall.statuses() == ["PAUSED", "POSTPONED", "POSTPONED"]
    hall.act(2, "hold", "AGENCY", ground="COMPLAINT")
    hall.act(1, "resume")
    hall.until((hall.lots[1].end_ms or 0) + 5 * MINUTE)
    assert hall.statuses() == ["FAILED", "POSTPONED", "RUNNING"]


# --- the most valuable first ----------------------------------------------------------------


def v19(costs: int = 50, claim: int = 1700) -> Hall:
    cases = (case("X", claim, costs),)
    return Hall(
        session("ORDER_BY_VALUE", (3, 300, "X"), (1, 1500, "X"), (2, 800, "X"), cases=cases)
    )


def test_v19_the_most_valuable_first_and_no_more_than_needed() -> None:
    """V19: 1,700 m needed, lots of 1,500, 800 and 300: the third is never sold."""
    hall = v19()
    assert [place.lot for place in ranked(hall.session)] == [1, 2, 3]
    hall.until(START)
    assert (hall.status(1), hall.status(2), hall.status(3)) == ("RUNNING", "PUBLISHED", "PUBLISHED")
    hall.sell(1, 1500)
    assert hall.conduct() == []  # 1,500 < 1,700 + 50
    hall.until(hall.lots[2].params.start_ms)
    hall.sell(2, 800)
    ((lot, act),) = hall.conduct()
    assert (lot, act.name, act.data) == (3, "stop", {"ground": "ENOUGH_PROCEEDS"})
    assert act.reason == "Law 106/2025 Art. 84(2)đ; Decree 62/2015 Art. 27(3)"
    assert hall.status(3) == "STOPPED"


@pytest.mark.parametrize(
    ("price", "stopped"), [(1740, False), (1749, False), (1750, True), (1760, True)]
)
def test_the_stop_comes_exactly_when_claim_and_costs_are_covered(price: int, stopped: bool) -> None:
    hall = v19()
    hall.until(START)
    hall.sell(1, price)
    acts = hall.conduct()
    assert [lot for lot, _ in acts] == ([2, 3] if stopped else [])
    assert proceeds_minor(hall.session, hall.view, hall.session.cases[0]) == price * MILLION


def test_what_is_not_announced_does_not_count() -> None:
    hall = v19()
    hall.until(START)
    hall.bid(1, 1900, 2)
    hall.bid(1, 2000)
    hall.until(hall.lots[1].end_ms or 0)
    assert hall.status(1) == "LEADER_DETERMINED"
    assert hall.conduct() == []
    hall.act(1, "announce")
    assert len(hall.due()) == 2


def test_a_refused_win_is_waited_for_before_the_case_goes_on() -> None:
    hall = v19()
    hall.until(START)
    hall.bid(1, 1690, 2)
    hall.bid(1, 1700)
    hall.until(hall.lots[1].end_ms or 0)
    hall.act(1, "announce")
    hall.do(1, Act("refuse_win", "BIDDER", 1))
    assert hall.status(1) == "RUNNER_UP_OFFERED"
    hall.until(hall.windows[1].start_ms - MINUTE)
    assert hall.status(2) == "POSTPONED"  # what the offer brings is not known
    hall.until(hall.now_ms + HOUR)
    assert (hall.status(1), hall.status(2), hall.status(3)) == ("FAILED",) * 3


def test_the_runner_up_s_price_counts_once_he_accepts() -> None:
    hall = v19()
    hall.until(START)
    hall.bid(1, 1790, 2)
    hall.bid(1, 1800)
    hall.until(hall.lots[1].end_ms or 0)
    hall.act(1, "announce")
    assert len(hall.due()) == 2
    hall.do(1, Act("refuse_win", "BIDDER", 1))
    assert hall.due() == []
    hall.do(1, Act("accept_offer", "BIDDER", 2))
    assert [act.name for _, act in hall.due()] == ["stop", "stop"]
    assert proceeds_minor(hall.session, hall.view, hall.session.cases[0]) == 1790 * MILLION


def test_cases_in_one_session_are_counted_apart() -> None:
    cases = (case("X", 500), case("Y", 500))
    hall = Hall(
        session(
            "ORDER_BY_VALUE", (1, 900, "X"), (2, 800, "Y"), (3, 700, "X"), (4, 600, None),
            cases=cases,
        )
    )  # fmt: skip
    hall.until(START)
    hall.sell(1, 900)
    assert [lot for lot, _ in hall.conduct()] == [3]
    hall.until(hall.windows[1].start_ms)
    hall.sell(2, 400)
    hall.until(hall.windows[3].start_ms)
    assert [hall.status(lot) for lot in (2, 3, 4)] == ["ANNOUNCED", "STOPPED", "RUNNING"]


def test_within_a_case_nothing_goes_before_the_more_valuable() -> None:
    cases = (case("X", 5000),)
    hall = Hall(
        session("ORDER_BY_VALUE", (1, 900, "X"), (2, 800, None), (3, 700, "X"), cases=cases)
    )
    hall.act(1, "postpone", ground="TECHNICAL_FAULT")
    hall.until(hall.windows[2].start_ms + HOUR)
    assert hall.statuses() == ["POSTPONED", "FAILED", "POSTPONED"]
    again = hall.now_ms + HOUR
    hall.act(1, "reschedule", "ORGANISATION", start_ms=again, end_ms=again + 10 * MINUTE)
    hall.until(again + 9 * MINUTE)
    assert hall.statuses() == ["RUNNING", "FAILED", "POSTPONED"]
    hall.until(again + HOUR)
    assert hall.statuses() == ["FAILED", "FAILED", "FAILED"]


# --- the whole session ----------------------------------------------------------------------


def give(hall: Hall, acts: list[tuple[int, Act]]) -> None:
    for lot, act in acts:
        hall.do(lot, act)


def test_a_session_pauses_and_goes_on_with_its_spacing() -> None:
    hall = Hall(session("STAGGERED", 1, 2, 3, 4, stagger_ms=4 * MINUTE))
    hall.act(4, "postpone", ground="TECHNICAL_FAULT")
    hall.until(START + 5 * MINUTE)
    acts = pause_acts(hall.session, hall.view, CHIEF, "noise")
    assert [(lot, act.name, act.reason) for lot, act in acts] == [
        (1, "pause", "noise"), (2, "pause", "noise"), (3, "postpone", "noise"),
    ]  # fmt: skip
    give(hall, acts)
    assert pause_acts(hall.session, hall.view, CHIEF) == []
    assert hall.statuses() == ["PAUSED", "PAUSED", "POSTPONED", "POSTPONED"]
    hall.until(START + 20 * MINUTE)
    acts = resume_acts(hall.session, hall.view, frozenset({1, 2}), hall.now_ms, CHIEF)
    assert [(lot, act.name) for lot, act in acts] == [
        (1, "resume"), (2, "resume"), (3, "reschedule"),
    ]  # fmt: skip
    give(hall, acts)
    assert resume_acts(hall.session, hall.view, frozenset({1, 2}), hall.now_ms, CHIEF) == []
    assert hall.lots[1].end_ms == START + 25 * MINUTE
    # Fifteen minutes were lost; but people are told five minutes before at least.
    assert hall.lots[3].params.start_ms == max(START + 23 * MINUTE, hall.now_ms + 5 * MINUTE)
    assert hall.lots[4].life.ground == "TECHNICAL_FAULT"


def test_what_stood_still_for_its_own_reasons_stays_so() -> None:
    hall = Hall(session("PARALLEL", 1, 2, 3))
    hall.until(START + MINUTE)
    hall.act(1, "pause", ground="AUCTIONEER")
    paused = frozenset({2, 3})
    give(hall, pause_acts(hall.session, hall.view, CHIEF))
    hall.act(3, "report_incident", what="flood")
    acts = resume_acts(hall.session, hall.view, paused, hall.now_ms, CHIEF)
    assert [lot for lot, _ in acts] == [2]


def test_a_lot_waiting_for_its_turn_waits_for_it_again_after_a_pause() -> None:
    hall = Hall(session("SEQUENTIAL", 1, 2, 3))
    hall.until(START + MINUTE)
    hall.act(1, "pause", ground="AUCTIONEER")
    hall.until(hall.windows[1].start_ms + MINUTE)
    give(hall, pause_acts(hall.session, hall.view, CHIEF))
    assert {hall.lots[lot].life.ground for lot in (2, 3)} == {SESSION_PAUSED}
    hall.until(hall.now_ms + HOUR)
    assert hall.due(paused=True) == []
    give(hall, resume_acts(hall.session, hall.view, frozenset(), hall.now_ms, CHIEF))
    assert hall.lots[2].life.ground == TURN
    assert hall.lots[3].params.start_ms == hall.windows[2].start_ms + HOUR
    hall.act(1, "resume")
    hall.until(hall.now_ms + 2 * HOUR)
    assert hall.statuses() == ["FAILED"] * 3


def test_a_crash_half_way_leaves_the_rest_to_the_next_call() -> None:
    for done in range(4):
        hall = Hall(session("STAGGERED", 1, 2, 3, stagger_ms=4 * MINUTE))
        hall.until(START + 5 * MINUTE)
        give(hall, pause_acts(hall.session, hall.view, CHIEF)[:done])
        give(hall, pause_acts(hall.session, hall.view, CHIEF))
        assert hall.statuses() == ["PAUSED", "PAUSED", "POSTPONED"]
        hall.now_ms += 10 * MINUTE
        both = frozenset({1, 2})
        give(hall, resume_acts(hall.session, hall.view, both, hall.now_ms, CHIEF)[:done])
        give(hall, resume_acts(hall.session, hall.view, both, hall.now_ms, CHIEF))
        assert hall.statuses() == ["RUNNING", "RUNNING", "PUBLISHED"]
        assert hall.lots[3].params.start_ms == START + 20 * MINUTE


def test_a_hand_over_reaches_every_lot_that_is_not_over() -> None:
    hall = Hall(session("STAGGERED", 1, 2, 3, stagger_ms=30 * MINUTE))
    hall.until(START + 35 * MINUTE)
    assert hall.statuses() == ["FAILED", "RUNNING", "PUBLISHED"]
    acts = hand_over_acts(hall.session, hall.view, 88, CHIEF, "evening")
    assert [(lot, act.name, act.data) for lot, act in acts] == [
        (2, "appoint", {"auctioneer": 88}), (3, "appoint", {"auctioneer": 88}),
    ]  # fmt: skip
    give(hall, acts[:1])
    assert [lot for lot, _ in hand_over_acts(hall.session, hall.view, 88, CHIEF)] == [3]
    give(hall, hand_over_acts(hall.session, hall.view, 88, CHIEF))
    assert [hall.lots[lot].life.auctioneer for lot in (1, 2, 3)] == [None, 88, 88]
    assert hand_over_acts(hall.session, hall.view, 88, CHIEF) == []


def test_the_session_s_grounds_are_among_those_of_a_postponement() -> None:
    assert {TURN, SESSION_PAUSED} <= set(POSTPONEMENTS)


def test_lots_not_listed_yet_are_left_alone() -> None:
    planned = session("SEQUENTIAL", 1, 2)
    assert next_acts(planned, {}, START, CHIEF) == []
    assert pause_acts(planned, {}, CHIEF) == []
    assert resume_acts(planned, {}, frozenset({1}), START, CHIEF) == []


# --- whatever happens -----------------------------------------------------------------------


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    order = draw(st.sampled_from(["SEQUENTIAL", "ORDER_BY_VALUE"]))
    count = draw(st.integers(2, 5))
    names = ["X", "Y", None] if order == "ORDER_BY_VALUE" else [None]
    places = tuple(
        Place(lot, draw(st.integers(1, 9)) * 100 * MILLION, draw(st.sampled_from(names)))
        for lot in range(1, count + 1)
    )
    used = sorted({place.case for place in places if place.case is not None})
    cases = tuple(
        case(name, draw(st.integers(1, 12)) * 100, draw(st.integers(0, 50))) for name in used
    )
    return Session(
        order,  # type: ignore[arg-type]
        places,
        cases,
        gap_ms=draw(st.sampled_from([0, MINUTE, GAP])),
        lead_ms=draw(st.sampled_from([MINUTE, 3 * MINUTE])),
        notice_ms=draw(st.sampled_from([1, 2 * MINUTE, GAP])),
        round_ms=draw(st.sampled_from([1, MINUTE])),
    )


def people(hall: Hall, draw: Any) -> None:
    """Somebody does something; what the rules refuse did not happen."""
    lot = draw(st.sampled_from(sorted(hall.lots)))
    what = draw(st.sampled_from(_DEEDS))
    try:
        what(hall, lot, draw)
    except CommandRefused:
        pass


def _bids(hall: Hall, lot: int, draw: Any) -> None:
    if hall.status(lot) == "RUNNING":
        price = (hall.lots[lot].price_minor or 90 * MILLION) // MILLION
        amount = price + draw(st.sampled_from([10, 100, 500]))
        hall.bid(lot, amount, 2 if hall.lots[lot].leader == 1 else 1)


def _put_off(hall: Hall, lot: int, draw: Any) -> None:
    """Postponed by the desk and given another time, with a longer warning than `lead_ms`."""
    if hall.status(lot) != "POSTPONED":
        hall.act(lot, "postpone", "ORGANISATION", ground="TECHNICAL_FAULT")
    elif hall.lots[lot].life.ground not in (TURN, SESSION_PAUSED):
        start_ms = hall.now_ms + draw(st.integers(10, 200)) * MINUTE
        end_ms = start_ms + 10 * MINUTE
        hall.act(lot, "reschedule", "ORGANISATION", start_ms=start_ms, end_ms=end_ms)


def _hold(hall: Hall, lot: int, draw: Any) -> None:
    held = hall.lots[lot].life.holds
    hall.act(lot, "release" if held else "hold", "AGENCY", ground="COMPLAINT")


_DEEDS = (
    _bids,
    _bids,
    _bids,
    _put_off,
    _hold,
    lambda hall, lot, draw: hall.act(lot, "announce"),
    lambda hall, lot, draw: hall.act(lot, "announce"),
    lambda hall, lot, draw: hall.act(lot, "pause", ground="AUCTIONEER"),
    lambda hall, lot, draw: hall.act(lot, "resume"),
    lambda hall, lot, draw: hall.act(lot, "resume"),
    lambda hall, lot, draw: hall.do(lot, Act("refuse_win", "BIDDER", 1)),
    lambda hall, lot, draw: hall.do(lot, Act("accept_offer", "BIDDER", 2)),
    lambda hall, lot, draw: hall.act(lot, "stop", "AGENCY", ground="REDEEMED"),
)


def covered(hall: Hall) -> Iterator[tuple[Case, bool]]:
    for each in hall.session.cases:
        total = proceeds_minor(hall.session, hall.view, each)
        yield each, total >= each.claim_minor + each.costs_minor


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(sessions(), st.data())
def test_one_lot_at_a_time_in_order_and_no_more_than_needed(planned: Session, data: Any) -> None:
    hall = Hall(planned)
    published = {lot: state.params.start_ms for lot, state in hall.lots.items()}
    hall.until(START - MINUTE)
    ever: set[str] = set()
    for _ in range(data.draw(st.integers(5, 60))):
        people(hall, data.draw)
        for lot, act in hall.conduct():
            if act.name == "reschedule":
                start_ms = act.data["start_ms"]
                assert start_ms >= max(published[lot], hall.now_ms + planned.notice_ms)
                published[lot] = start_ms
        ever |= {each.name for each, enough in covered(hall) if enough}
        _check_stops(hall, ever)
        opened = len(hall.log)
        hall.until(hall.now_ms + data.draw(st.integers(1, 15)) * MINUTE)
        for lot, kind in hall.log[opened:]:
            if kind == "BEGUN":
                _check_order(hall, lot)
        assert len(hall.open_lots) <= 1, hall.statuses()


def _check_stops(hall: Hall, ever: set[str]) -> None:
    for place in hall.session.places:
        state = hall.lots[place.lot]
        if state.life.ground == "ENOUGH_PROCEEDS":
            assert place.case in ever
    for each, enough in covered(hall):
        if enough:
            for place in hall.session.places:
                if place.case == each.name:
                    assert hall.status(place.lot) not in ("PUBLISHED", "POSTPONED", "RUNNING")


def _check_order(hall: Hall, lot: int) -> None:
    """Within a case the more valuable lots were over when this one opened."""
    order = ranked(hall.session)
    own = next(place for place in order if place.lot == lot)
    if own.case is None or hall.session.order != "ORDER_BY_VALUE":
        return
    for place in order[: order.index(own)]:
        if place.case == own.case:
            undecided = ("PUBLISHED", "POSTPONED", "RUNNER_UP_OFFERED", "LEADER_DETERMINED")
            assert hall.status(place.lot) not in undecided, hall.statuses()
