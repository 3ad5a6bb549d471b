"""Deadlines from the opening day, checked by hand on the calendar of 2024 to 2026."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from auction_engine.rules import calendar as days
from auction_engine.rules import packs
from auction_engine.rules.deadline_rules import RULES
from auction_engine.rules.deadlines import Deadline, Facts, by_key, deadlines, lines
from auction_engine.rules.pack import Pack

from .drafts import HANOI, NEW

OLD = packs.load("vn-enforcement-2017")
MONDAY = date(2026, 10, 19)
MOVABLE = Facts(opening=MONDAY, kind="movable")
LAND = Facts(opening=MONDAY, kind="immovable")


def found(pack: Pack, facts: Facts, **changes: Any) -> dict[str, Deadline]:
    return by_key(deadlines(pack, replace(facts, **changes)))


def day_of(pack: Pack, facts: Facts, key: str, **changes: Any) -> date:
    return found(pack, facts, **changes)[key].day


# Pack, facts, deadline, day.
TABLE: list[tuple[Pack, Facts, str, date]] = [
    (NEW, MOVABLE, "posting", date(2026, 10, 8)),
    (NEW, MOVABLE, "last_notice", date(2026, 10, 8)),
    (NEW, MOVABLE, "first_notice", date(2026, 10, 6)),
    (NEW, MOVABLE, "registration_closes", date(2026, 10, 14)),
    (NEW, MOVABLE, "deposits_close", date(2026, 10, 14)),
    (NEW, MOVABLE, "viewing_begins", date(2026, 10, 17)),
    (NEW, MOVABLE, "redemption", date(2026, 10, 16)),
    (NEW, MOVABLE, "minutes", date(2026, 10, 20)),
    (NEW, MOVABLE, "result_registered", date(2026, 10, 20)),
    (NEW, MOVABLE, "result_handed_over", date(2026, 10, 22)),
    (NEW, MOVABLE, "refund", date(2026, 10, 22)),
    (NEW, MOVABLE, "dossier_fee_refund", date(2026, 10, 21)),
    (NEW, MOVABLE, "force_majeure_claim", date(2026, 10, 22)),
    (NEW, MOVABLE, "papers_back", date(2026, 10, 22)),
    (NEW, MOVABLE, "payment", date(2026, 11, 18)),
    (NEW, MOVABLE, "payment_extended", date(2026, 12, 18)),
    (NEW, MOVABLE, "auction_fee", date(2026, 11, 16)),
    (NEW, MOVABLE, "parking", date(2026, 11, 30)),  # 28/11 is a Saturday
    (NEW, MOVABLE, "delivery", date(2027, 1, 18)),  # 17/01 is a Sunday
    (NEW, MOVABLE, "title_papers", date(2027, 1, 28)),
    (NEW, MOVABLE, "payout", date(2027, 1, 28)),
    (NEW, MOVABLE, "failure_notice", date(2026, 10, 21)),
    (NEW, MOVABLE, "cut_decided", date(2026, 10, 26)),
    (NEW, MOVABLE, "in_kind_debtor_told", date(2026, 10, 26)),
    (NEW, MOVABLE, "in_kind_debtor_pays", date(2026, 11, 2)),
    (NEW, MOVABLE, "in_kind_creditor_pays", date(2026, 11, 9)),
    (NEW, MOVABLE, "archive", date(2031, 10, 19)),
    (NEW, LAND, "posting", date(2026, 10, 4)),
    (NEW, LAND, "last_notice", date(2026, 10, 4)),
    # The last notice may fall on a Sunday: two working days after Wednesday have run by then,
    # two after Thursday only on the Monday.
    (NEW, LAND, "first_notice", date(2026, 9, 30)),
    (NEW, LAND, "registration_closes", date(2026, 10, 14)),
    # The same with Tết between: 16 to 20 February 2026 are days off.
    (NEW, replace(MOVABLE, opening=date(2026, 2, 25)), "posting", date(2026, 2, 9)),
    (NEW, replace(MOVABLE, opening=date(2026, 2, 25)), "registration_closes", date(2026, 2, 13)),
    (NEW, replace(MOVABLE, opening=date(2026, 2, 25)), "refund", date(2026, 3, 2)),
    # The law until 2024.
    (OLD, replace(MOVABLE, opening=date(2024, 11, 25)), "registration_closes", date(2024, 11, 22)),
    (OLD, replace(MOVABLE, opening=date(2024, 11, 28)), "registration_closes", date(2024, 11, 26)),
    (OLD, replace(MOVABLE, opening=date(2024, 11, 28)), "deposits_open", date(2024, 11, 25)),
    (OLD, replace(MOVABLE, opening=date(2024, 11, 28)), "deposits_close", date(2024, 11, 27)),
    (OLD, replace(MOVABLE, opening=date(2024, 11, 28)), "failure_notice", date(2024, 12, 5)),
    (OLD, replace(MOVABLE, opening=date(2024, 11, 28)), "cut_agreed", date(2024, 12, 16)),
]


@pytest.mark.parametrize(("pack", "facts", "key", "day"), TABLE)
def test_from_the_opening_day(pack: Pack, facts: Facts, key: str, day: date) -> None:
    assert day_of(pack, facts, key) == day


@pytest.mark.parametrize(
    ("opening", "closes"),
    [(date(2025, 11, 29), date(2025, 11, 26)), (date(2025, 4, 19), date(2025, 4, 16))],
)
def test_the_notices_of_2025_close_as_they_did(opening: date, closes: date) -> None:
    pack = packs.load("vn-enforcement-2025")
    deadline = found(pack, MOVABLE, opening=opening)["registration_closes"]
    assert deadline.day == closes
    assert deadline.due_ms == days.at_time_ms(closes, "17:00", HANOI)


class TestShortProcedure:
    def test_it_has_its_own_periods(self) -> None:
        assert day_of(NEW, MOVABLE, "posting", short=True) == date(2026, 10, 14)
        assert day_of(NEW, LAND, "posting", short=True) == date(2026, 10, 12)
        assert day_of(NEW, MOVABLE, "registration_closes", short=True) == date(2026, 10, 16)
        shown = found(NEW, MOVABLE, short=True)
        assert shown["posting"].path == "short_procedure.posting.movable"
        assert shown["registration_closes"].path == "short_procedure.close_before"
        assert not {"first_notice", "last_notice"} & set(shown)

    def test_a_pack_without_it_keeps_the_full_one(self) -> None:
        cn = packs.load("cn-courts")
        assert deadlines(cn, replace(LAND, short=True)) == deadlines(cn, LAND)


class TestBases:
    def test_days_that_have_not_come_are_assumed_and_marked(self) -> None:
        shown = found(NEW, MOVABLE)
        assert shown["delivery"].assumed
        assert not shown["posting"].assumed
        known = found(NEW, MOVABLE, ended=MONDAY, paid=date(2026, 10, 26))
        assert known["delivery"].day == date(2026, 12, 25)
        assert not known["delivery"].assumed
        assert not known["payment"].assumed
        assert known["payout"].assumed
        assert known["payout"].day == date(2027, 1, 4)

    def test_what_has_no_first_day_is_left_out(self) -> None:
        assert not {"service_contract", "auction_within", "priority_first"} & set(
            found(NEW, MOVABLE)
        )

    def test_the_chain_before_the_auction(self) -> None:
        shown = found(
            NEW, LAND, notified_value=date(2026, 8, 3), priority_notified=date(2026, 8, 3)
        )
        assert shown["revaluation_request"].day == date(2026, 8, 10)
        assert shown["service_contract"].day == date(2026, 8, 17)
        assert shown["service_contract_fallback"].day == date(2026, 8, 22)  # a Saturday worked
        assert shown["auction_within"].day == date(2026, 10, 1)
        assert shown["auction_within"].assumed
        assert shown["priority_first"].day == date(2026, 8, 18)
        assert shown["priority_pay"].day == date(2026, 8, 24)

    def test_a_movable_is_quicker(self) -> None:
        changes = {"contract": date(2026, 8, 17), "priority_notified": date(2026, 8, 3)}
        shown = found(NEW, MOVABLE, **changes)
        assert shown["auction_within"].day == date(2026, 9, 16)
        assert shown["priority_first"].day == date(2026, 8, 10)

    def test_later_auctions_have_the_later_right_only(self) -> None:
        later = found(NEW, MOVABLE, round=2, priority_notified=date(2026, 9, 1))
        assert later["priority_later"].day == date(2026, 10, 14)
        assert "priority_first" not in later
        assert "priority_later" not in found(NEW, MOVABLE)


class TestDeadline:
    def test_it_carries_its_rule_its_unit_and_a_sentence(self) -> None:
        posting = found(NEW, MOVABLE)["posting"]
        assert (posting.n, posting.unit, posting.way) == (7, "working_days", "BEFORE")
        assert posting.rule == "Law 01/2016/QH14 Art. 35(1)"
        assert posting.text.en == (
            "The auction is posted at the latest 7 working days before the opening day."
        )
        assert "7 ngày làm việc" in posting.text.vi
        assert not posting.verified
        assert found(NEW, MOVABLE)["payment"].verified

    def test_it_is_due_at_the_end_of_its_day(self) -> None:
        payment = found(NEW, MOVABLE)["payment"]
        assert payment.due_ms == days.at_time_ms(date(2026, 11, 19), "00:00", HANOI) - 1

    def test_they_come_in_order(self) -> None:
        shown = [deadline.due_ms for deadline in deadlines(NEW, LAND)]
        assert shown == sorted(shown)

    def test_none_is_given_twice(self) -> None:
        for pack in packs.every():
            opening = date(2026, 10, 19) if pack.family != "vn-enforcement" else MONDAY
            shown = deadlines(pack, replace(LAND, opening=opening))
            assert len(by_key(shown)) == len(shown), pack.id

    def test_they_can_be_read(self) -> None:
        shown = lines(NEW, deadlines(NEW, MOVABLE), "vi")
        assert "08/10/2026 23:59  Niêm yết" in "\n".join(shown)
        assert any("giả định" in line for line in shown)
        english = lines(NEW, deadlines(NEW, MOVABLE), "en")
        assert any(line.endswith("(Law 01/2016/QH14 Art. 35(1), unverified)") for line in english)

    def test_outside_the_calendar_there_is_no_answer(self) -> None:
        with pytest.raises(days.CalendarError):
            deadlines(OLD, replace(MOVABLE, opening=date(2023, 12, 4)))


def test_every_rule_leads_into_a_pack() -> None:
    """A row whose path no pack knows would be silently without effect."""
    shown = set()
    for pack in packs.every():
        for short in (False, True):
            for number in (1, 2):
                facts = replace(
                    LAND,
                    short=short,
                    round=number,
                    notified_value=date(2026, 8, 3),
                    priority_notified=date(2026, 8, 3),
                )
                shown |= {deadline.path for deadline in deadlines(pack, facts)}
    assert {rule.path.format(kind="immovable") for rule in RULES} <= shown


def test_every_sentence_names_the_span() -> None:
    for rule in RULES:
        for text in (rule.vi, rule.en):
            assert [name for _, name, _, _ in string.Formatter().parse(text) if name] == ["span"]
