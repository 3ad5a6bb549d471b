"""What is due when, checked by hand on the calendar of 2026 and 2027."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from auction_engine.rules import calendar as days
from auction_engine.rules import packs
from auction_engine.rules.deadline_rules import RULES
from auction_engine.rules.deadlines import Facts
from auction_engine.rules.pack import Pack
from auction_engine.rules.proceeds.due_words import STATES, WHAT, State, What, sentence
from auction_engine.rules.proceeds.dues import _ROWS, Due, Known, dues

from .drafts import at
from .estates import MIDDLE, NEW, OLD

MONDAY = date(2026, 10, 19)
COURSE = Facts(opening=MONDAY, kind="movable", ended=MONDAY)
KNOWN = Known(lot=12, course=COURSE)
NOON = at(2026, 10, 20, "12:00")


def course(**changes: Any) -> Facts:
    return replace(COURSE, **changes)


def one(pack: Pack, known: Known, now_ms: int = NOON) -> Due:
    (found,) = dues(pack, known, now_ms)
    return found


def known(**changes: Any) -> Known:
    return replace(KNOWN, **changes)


PAID = course(paid=date(2026, 11, 16))
DELIVERED = course(paid=date(2026, 11, 16), delivered=date(2026, 12, 14))
FAILED = course(failed=MONDAY)
ASKED = course(failed=MONDAY, in_kind_requested=date(2026, 10, 21))

# Pack, what is known, what is due, its last day, warned of from, told to the other role from.
TABLE: list[tuple[Pack, Known, What, date, date, date]] = [
    (NEW, known(refunds_open=3), "REFUND",
     date(2026, 10, 22), date(2026, 10, 21), date(2026, 10, 23)),
    (NEW, known(dossier_fees_open=3), "DOSSIER_FEE",
     date(2026, 10, 21), date(2026, 10, 20), date(2026, 10, 22)),
    (NEW, known(absences_open=1), "ABSENCE",
     date(2026, 10, 22), date(2026, 10, 21), date(2026, 10, 23)),
    (NEW, known(payment_open=True), "PAYMENT",
     date(2026, 11, 18), date(2026, 11, 11), date(2026, 11, 19)),
    (NEW, known(payment_open=True, payment_extended=True), "PAYMENT_EXTENDED",
     date(2026, 12, 18), date(2026, 12, 11), date(2026, 12, 21)),
    (NEW, known(fee_open=True), "AUCTION_FEE",
     date(2026, 11, 16), date(2026, 11, 9), date(2026, 11, 17)),
    (NEW, known(course=PAID, parked=True), "DELIVERY",
     date(2027, 1, 15), date(2026, 12, 31), date(2027, 1, 18)),
    (NEW, known(course=DELIVERED, title_open=True), "TITLE_PAPERS",
     date(2026, 12, 24), date(2026, 12, 21), date(2026, 12, 25)),
    (OLD, known(course=DELIVERED, title_open=True), "TITLE_PAPERS",
     date(2026, 12, 21), date(2026, 12, 16), date(2026, 12, 22)),
    (NEW, known(course=DELIVERED, payouts_open=4), "PAYOUT",
     date(2026, 12, 24), date(2026, 12, 21), date(2026, 12, 25)),
    (NEW, known(course=FAILED, cut_decided=True), "FAILURE_NOTICE",
     date(2026, 10, 21), date(2026, 10, 20), date(2026, 10, 22)),
    (MIDDLE, known(course=FAILED, cut_decided=True), "FAILURE_NOTICE",
     date(2026, 10, 26), date(2026, 10, 23), date(2026, 10, 27)),
    (NEW, known(course=FAILED, failure_told=True), "CUT_DECIDED",
     date(2026, 10, 26), date(2026, 10, 22), date(2026, 10, 27)),
    (MIDDLE, known(course=FAILED, failure_told=True), "CUT_AGREED",
     date(2026, 11, 5), date(2026, 11, 2), date(2026, 11, 6)),
    (NEW, known(course=ASKED, failure_told=True, in_kind="TELL"), "IN_KIND_TELL",
     date(2026, 10, 26), date(2026, 10, 23), date(2026, 10, 27)),
    (NEW, known(course=ASKED, failure_told=True, in_kind="DEBTOR"), "IN_KIND_DEBTOR",
     date(2026, 11, 2), date(2026, 10, 29), date(2026, 11, 3)),
    (NEW, known(course=ASKED, failure_told=True, in_kind="CREDITOR"), "IN_KIND_CREDITOR",
     date(2026, 11, 9), date(2026, 11, 5), date(2026, 11, 10)),
]  # fmt: skip


@pytest.mark.parametrize(("pack", "facts", "what", "day", "warn", "tell"), TABLE)
def test_the_day_the_warning_and_the_other_role(
    pack: Pack, facts: Known, what: What, day: date, warn: date, tell: date
) -> None:
    found = one(pack, facts)
    assert (found.what, found.day, found.warn_from, found.escalate_on) == (what, day, warn, tell)
    assert found.due_ms == days.end_of_day_ms(day, pack.timezone)


def test_every_kind_of_due_is_in_the_table() -> None:
    assert {row[2] for row in TABLE} | {"PARKING"} == set(get_args(What))


class TestState:
    FACTS = known(refunds_open=2)  # until Thursday the 22nd

    @pytest.mark.parametrize(
        ("moment", "state", "told"),
        [
            (at(2026, 10, 20, "23:59"), "COMING", False),
            (at(2026, 10, 21, "00:00"), "SOON", False),
            (at(2026, 10, 21, "23:59"), "SOON", False),
            (at(2026, 10, 22, "00:00"), "TODAY", False),
            (at(2026, 10, 23, "00:00") - 1, "TODAY", False),
            (at(2026, 10, 23, "00:00"), "OVERDUE", True),
        ],
    )
    def test_to_the_millisecond(self, moment: int, state: State, told: bool) -> None:
        found = one(NEW, self.FACTS, moment)
        assert found.state == state
        assert found.escalated(days.local_day(moment, NEW.timezone)) == told

    def test_over_a_weekend_the_other_role_hears_of_it_on_the_next_working_day(self) -> None:
        facts = known(payment_open=True, payment_extended=True)  # until Friday, 18 December
        saturday = one(NEW, facts, at(2026, 12, 19, "10:00"))
        assert saturday.state == "OVERDUE"
        assert not saturday.escalated(date(2026, 12, 19))
        assert saturday.escalated(date(2026, 12, 21))


class TestWhatIsDue:
    def test_nothing_is_due_where_nothing_is_open(self) -> None:
        assert dues(NEW, KNOWN, NOON) == ()

    def test_nothing_is_counted_from_a_day_that_has_not_come(self) -> None:
        before = known(course=replace(COURSE, ended=None), refunds_open=2, payment_open=True)
        assert dues(NEW, before, NOON) == ()

    def test_paid_and_not_delivered_the_money_is_parked_and_the_property_delivered(self) -> None:
        found = dues(NEW, known(course=PAID), at(2026, 11, 24, "08:00"))
        assert [(due.what, due.day, due.state) for due in found] == [
            ("PARKING", date(2026, 11, 26), "SOON"),
            ("DELIVERY", date(2027, 1, 15), "COMING"),
        ]

    def test_delivered_neither(self) -> None:
        assert dues(NEW, known(course=DELIVERED), NOON) == ()

    def test_the_most_urgent_first(self) -> None:
        found = dues(NEW, known(refunds_open=1, fee_open=True, payment_open=True), NOON)
        assert [due.what for due in found] == ["REFUND", "AUCTION_FEE", "PAYMENT"]

    def test_an_agreed_extension_takes_the_place_of_the_first_day(self) -> None:
        facts = known(payment_open=True, payment_extended=True)
        assert one(NEW, facts).what == "PAYMENT_EXTENDED"
        assert dues(OLD, facts, NOON) == ()  # until 2026 nobody could agree on one

    def test_a_request_for_the_property_stops_the_next_cut(self) -> None:
        facts = known(course=ASKED, failure_told=True, in_kind="TELL")
        assert [due.what for due in dues(NEW, facts, NOON)] == ["IN_KIND_TELL"]

    def test_a_hold_stills_the_sale_but_not_what_is_owed_to_bidders(self) -> None:
        facts = known(refunds_open=1, payment_open=True, fee_open=True, on_hold=True)
        assert [due.what for due in dues(NEW, facts, NOON)] == ["REFUND", "AUCTION_FEE"]

    def test_each_auction_of_the_lot_has_its_own(self) -> None:
        first = one(NEW, known(refunds_open=1))
        second = one(NEW, known(refunds_open=1, course=course(round=2)))
        assert (first.key, second.key) == ("lot:12/1/REFUND", "lot:12/2/REFUND")

    def test_tet_is_not_counted(self) -> None:
        facts = known(course=course(opening=date(2026, 2, 12), ended=date(2026, 2, 12)))
        found = one(NEW, replace(facts, refunds_open=1))
        # Friday the 13th, then Tết; the 23rd and 24th
        assert found.day == date(2026, 2, 24)

    def test_each_names_its_article_and_whether_it_was_read(self) -> None:
        assert one(NEW, known(refunds_open=1)).rule == "Law 01/2016/QH14 Art. 39(4)"
        assert one(NEW, known(payment_open=True)).rule == "Decree 152/2026/ND-CP Art. 65(1)"
        assert one(NEW, known(payment_open=True)).verified
        assert not one(NEW, known(absences_open=1)).verified

    def test_who_must_act_and_who_is_told(self) -> None:
        found = one(NEW, known(refunds_open=1))
        assert (found.actor, found.escalate_to) == ("ORGANISATION", "AGENCY")
        found = one(NEW, known(course=DELIVERED, payouts_open=1))
        assert (found.actor, found.escalate_to) == ("AGENCY", "PROCURATOR")

    @pytest.mark.parametrize("name", packs.ids())
    def test_every_pack_has_days_for_refund_and_payment(self, name: str) -> None:
        found = dues(packs.load(name), known(refunds_open=1, payment_open=True), NOON)
        assert {due.what for due in found} == {"REFUND", "PAYMENT"}


class TestPayout:
    """Decree 152/2026 Art. 30(3)-(4): when paying out may take longer."""

    OPEN = known(course=DELIVERED, payouts_open=4)  # until 24 December 2026

    def test_many_creditors_and_little_money(self) -> None:
        found = one(NEW, replace(self.OPEN, many_creditors=True))
        assert found.day == date(2027, 2, 11)  # 7 February is a Sunday, then Tết until the 10th
        assert found.rule == "Decree 152/2026/ND-CP Art. 30(3)"

    def test_while_something_is_in_the_way_nothing_is_due(self) -> None:
        assert dues(NEW, replace(self.OPEN, obstacle=True), NOON) == ()

    def test_afterwards_ten_days(self) -> None:
        gone = replace(self.OPEN, obstacle=True, obstacle_ended=date(2027, 1, 4))
        assert one(NEW, gone).day == date(2027, 1, 14)
        assert one(NEW, gone).rule == "Decree 152/2026/ND-CP Art. 30(4)"

    def test_an_obstacle_that_went_early_shortens_nothing(self) -> None:
        gone = replace(self.OPEN, obstacle=True, obstacle_ended=date(2026, 12, 1))
        assert one(NEW, gone).day == date(2026, 12, 24)

    def test_until_2026_there_is_no_longer_time(self) -> None:
        longer = replace(self.OPEN, many_creditors=True, obstacle_ended=date(2027, 1, 4))
        assert one(OLD, longer).day == date(2026, 12, 24)


class TestWords:
    def test_every_kind_and_state_has_words(self) -> None:
        assert set(WHAT) == set(get_args(What)) == {row.what for row in _ROWS}
        assert set(STATES) == set(get_args(State))
        assert {row.deadline for row in _ROWS} <= {rule.key for rule in RULES}

    @pytest.mark.parametrize("what", get_args(What))
    def test_they_are_sentences_in_both_languages(self, what: What) -> None:
        for number in (1, 5):
            text = sentence(what, number)
            for words in (text.vi, text.en):
                assert words.endswith(".")
                assert words[0].isupper() or words[0].isdigit()
                assert not re.search(r"[{}]", words)

    def test_the_number_is_told(self) -> None:
        assert one(NEW, known(refunds_open=3)).text.en == (
            "3 deposits are to be returned to bidders who did not win."
        )
        assert one(NEW, known(refunds_open=1)).text.en.startswith("One deposit is")
        assert "3 người" in one(NEW, known(refunds_open=3)).text.vi


def test_a_day_outside_the_calendar_is_refused() -> None:
    late = date(2030, 1, 7)
    with pytest.raises(days.CalendarError):
        dues(NEW, known(refunds_open=1, course=course(opening=late, ended=late)), NOON)
