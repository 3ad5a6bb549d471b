"""Every date rule of every shipped pack: kept on its last day it lets a lot be published, broken
by one day it does not. Over Tet, over public holidays and over days swapped for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

import pytest
from pydantic import BaseModel

from auction_engine.rules import calendar as days
from auction_engine.rules import pack_before, packs
from auction_engine.rules.deadline_rules import RULES
from auction_engine.rules.pack import Pack, value_at
from auction_engine.rules.pack_base import Kind, Span
from auction_engine.rules.publication import check

from .timely import DAY, DAY_MS, MOVES, Timely, openings, parameters, timely

KINDS: tuple[Kind, ...] = ("movable", "immovable")
PACKS = packs.every()
# Dates before the opening by which others act, not who publishes: while they run a lot waits
# (REVALUATION_PENDING, PRIORITY_PENDING), or the act itself is refused after them (desk/cases).
OF_OTHERS = {
    "schedule.service_contract": "the agency; failing that, the public centre takes it on",
    "schedule.fallback": "the public centre",
    "valuation.result_notice": "the agency",
    "valuation.revaluation_request": "a party",
    "priority_purchase.first.movable": "who has a prior right",
    "priority_purchase.first.immovable": "who has a prior right",
    "priority_purchase.pay": "who has a prior right",
    "priority_purchase.later_until": "who has a prior right",
    "redemption.until": "the debtor",
}


def _ways(pack: Pack) -> list[tuple[bool, int]]:
    """The procedures of a pack: (shortened, failed auctions before)."""
    ways = [(False, 0)]
    most = pack.re_auction.max_auctions if pack.re_auction else None
    if most is None or most > 1:
        ways.append((False, 1))
    short = pack.short_procedure
    if short is not None:
        ways.append((True, short.failures_at_least or 0))
    return ways


CASES = [
    pytest.param(pack, kind, short, failures, id=f"{pack.id} {kind} {'short' * short}{failures}")
    for pack in PACKS
    for kind in KINDS
    for short, failures in _ways(pack)
]


@pytest.mark.parametrize(("pack", "kind", "short", "failures"), CASES)
def test_each_rule_is_kept_on_its_last_day_and_broken_by_the_next(
    pack: Pack, kind: Kind, short: bool, failures: int
) -> None:
    tried = 0
    # A failed auction before changes who acts before an opening, and no date of who publishes.
    every = 7 if failures and not short else 1
    for opening in islice(openings(pack), 0, None, every):
        kept = timely(pack, opening, kind, short=short, failures=failures)
        assert check(pack, kept.draft) == (), opening
        for deadline, draft in kept.broken():
            assert parameters(pack, draft) == {deadline.path}, (opening, deadline.key)
            tried += 1
    assert tried or not set(MOVES) & set(_some(pack, kind, short).due)


def _some(pack: Pack, kind: Kind, short: bool = False) -> Timely:
    return timely(pack, next(iter(openings(pack))), kind, short=short)


@pytest.mark.parametrize("pack", PACKS, ids=[pack.id for pack in PACKS])
class TestRulesWithoutADeadline:
    """Dates of a pack that are no row in the table of deadlines."""

    def test_a_pack_is_in_force_from_its_first_to_its_last_day(self, pack: Pack) -> None:
        since, until = pack.in_force.since, pack.in_force.until
        assert "in_force" not in _offends_on(pack, since)
        assert "in_force" in _offends_on(pack, since - DAY)
        if until is not None:
            assert "in_force" not in _offends_on(pack, until)
            assert "in_force" in _offends_on(pack, until + DAY)

    def test_the_valuation_covers_the_contract(self, pack: Pack) -> None:
        kept = _some(pack, "movable").draft
        signed = kept.service_contract_on
        assert signed is not None
        assert kept.valuation_expires_on == signed
        over = parameters(pack, replace(kept, valuation_expires_on=signed - DAY))
        asked = pack.valuation is not None and pack.valuation.must_cover_contract
        assert over == ({"valuation.must_cover_contract"} if asked else set())

    def test_dossiers_are_taken_from_the_posting(self, pack: Pack) -> None:
        kept = _some(pack, "movable").draft
        assert kept.registration_open_ms is not None
        late = replace(kept, registration_open_ms=kept.registration_open_ms + DAY_MS)
        assert parameters(pack, late) == {"registration.opens"}

    def test_deposits_are_taken_from_the_posting_or_from_their_own_day(self, pack: Pack) -> None:
        kept = _some(pack, "movable").draft
        assert kept.deposit_open_ms is not None
        early = replace(kept, deposit_open_ms=kept.deposit_open_ms - DAY_MS)
        late = replace(kept, deposit_open_ms=kept.deposit_open_ms + DAY_MS)
        if pack.deposit.window.opens == "POSTING":
            assert parameters(pack, early) == {"deposit.window.opens"}
            assert parameters(pack, late) == {"deposit.window.opens"}
        else:
            assert parameters(pack, early) == {"deposit.window.opens_before"}
        assert parameters(pack, replace(early, deposit_window_agreed=True)) == set()

    def test_dossiers_and_deposits_close_on_the_minute_and_not_a_day_before(
        self, pack: Pack
    ) -> None:
        kept = _some(pack, "immovable")
        for key, name, path in (
            ("registration_closes", "registration_close_ms", "registration.close_before"),
            ("deposits_close", "deposit_close_ms", "deposit.window.close_before"),
        ):
            if key not in kept.due:
                continue
            closes = getattr(kept.draft, name)
            for moved in (closes + 1, closes - DAY_MS):
                assert parameters(pack, replace(kept.draft, **{name: moved})) == {path}


def _offends_on(pack: Pack, opening: date) -> set[str]:
    """Against what a lot offends that is moved to another opening day as it is."""
    kept = _some(pack, "movable").draft
    opening_ms = days.at_time_ms(opening, "09:00", pack.timezone)
    return parameters(pack, replace(kept, opening_ms=opening_ms))


class TestNothingIsLeftOut:
    def test_every_date_before_an_opening_is_tried_or_somebody_elses(self) -> None:
        for pack in PACKS:
            tried = {
                deadline.path
                for kind in KINDS
                for short, _ in _ways(pack)
                for key, deadline in _some(pack, kind, short).due.items()
                if key in MOVES
            }
            asked = {path for path in _spans(pack) if path not in OF_OTHERS}
            assert asked <= tried, pack.id

    def test_every_row_of_the_table_before_an_opening_is_tried_or_somebody_elses(self) -> None:
        after = {"ended"}
        for rule in RULES:
            if rule.base in after | {"paid", "delivered", "failed", "in_kind_requested"}:
                after.add(rule.key)
        paths = {
            rule.path.format(kind=kind)
            for rule in RULES
            if rule.key not in after | set(MOVES)
            for kind in KINDS
        }
        assert paths == set(OF_OTHERS) - {"valuation.result_notice"}

    def test_tet_and_swapped_days_are_among_the_openings(self) -> None:
        pack = packs.load("vn-voluntary")
        found, calendar = set(openings(pack)), days.load(pack.calendar)
        tet = [day for day, name in calendar.days_off.items() if name == "Lunar New Year"]
        for year in (2025, 2026, 2027, 2028):
            near = [day + 5 * DAY for day in tet if day.year == year]
            assert near
            assert found.issuperset(near)
        for day in calendar.worked:
            if day >= pack.in_force.since:
                assert {day, day + 3 * DAY} <= found

    def test_a_first_notice_before_a_last_one_on_a_day_off(self) -> None:
        """Two working days are counted on from the first notice, not back from the last."""
        pack = packs.load("vn-enforcement-2026-07")
        kept = timely(pack, date(2026, 10, 19), "immovable")
        first, last = (notice.on for notice in kept.draft.notices)
        assert (first, last) == (date(2026, 9, 30), date(2026, 10, 4))
        assert last.weekday() == 6


def _spans(pack: Pack) -> Iterator[str]:
    """The paths of all spans in the sections about what comes before the session."""
    for name in type(pack).model_fields:
        section = getattr(pack, name)
        if type(section).__module__ == pack_before.__name__:
            yield from (path for path, _ in _walk(name, section))


def _walk(path: str, value: Any) -> Iterator[tuple[str, Span]]:
    if isinstance(value, Span):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk(f"{path}.{name}", getattr(value, name))


def test_the_walk_finds_what_the_pack_has() -> None:
    pack = packs.load("vn-enforcement-2026-07")
    found = dict.fromkeys(_spans(pack))
    assert {"posting.movable", "notice.gap", "short_procedure.close_before"} <= set(found)
    assert all(value_at(pack, path) is not None for path in found)
