"""Every date of a session being prepared, from the pack's own rules: kept it may be published,
broken by one day it may not. Over Tet and over days that were swapped for others, too."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from taken import BILLION, described

from auction_engine.desk.preparing import building, checking, dating, running
from auction_engine.desk.preparing.choices import Choices, Dates, LotChoice, Notice, Rules, Texts
from auction_engine.desk.preparing.running import dry_run
from auction_engine.rules import calendar as days
from auction_engine.rules import packs
from auction_engine.rules.pack import Pack

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asset:
    """What `desk.cases.assets.Taken` is of an asset."""

    id: int = 1
    case_id: int = 1
    agency_id: int = 2
    movable: bool = True
    content: dict[str, Any] = field(default_factory=described)
    valuation_minor: int | None = BILLION
    valuation_expires_on: date | None = date(2030, 1, 1)
    priority_pending: bool = False
    revaluation_pending: bool = False
    service_contract_on: date | None = None
    failures: int = 0
    cuts: int = 0
    previous_start_minor: int | None = None


# Packs a session of enforced property is made by, the day it is opened on, and what is near it.
OPENINGS = {
    "plain": date(2026, 10, 19),
    "after Tet": date(2027, 2, 15),
    "a long way after Tet": date(2027, 3, 8),
    "after a new holiday": date(2026, 12, 2),
    "after a swapped day": date(2026, 9, 7),
    "on a day worked instead": None,
}
PACKS = ("vn-enforcement-2026-07", "vn-voluntary")


def _worked(pack: Pack) -> date:
    """A weekend day that is worked instead of another."""
    return max(days.load(pack.calendar).worked)


def prepared(
    name: str, opening: date, movable: bool, **rules: Any
) -> tuple[Pack, Choices, dict[int, Asset]]:
    """A session with every date filled in by the pack for that opening, and nothing against it."""
    pack = packs.load(name)
    asset = Asset(movable=movable, service_contract_on=opening - 25 * DAY)
    chosen = building.proposed(pack, asset)
    texts = Texts(title_vi="Phiên", title_en="Session", pause_stop_clause=True)
    choices = Choices(lots=(chosen,), rules=Rules(**rules), texts=texts)
    choices = change(choices, opening=datetime.combine(opening, time(9)))
    choices = dating.filled(pack, choices, {1: asset}, opening - 60 * DAY)
    notices = tuple(one.model_copy(update={"proof": "clip"}) for one in choices.dates.notices)
    return pack, change(choices, notices=notices, posting_proof="photograph"), {1: asset}


def change(choices: Choices, **dates: Any) -> Choices:
    return choices.model_copy(update={"dates": choices.dates.model_copy(update=dates)})


def codes(pack: Pack, choices: Choices, assets: dict[int, Asset]) -> list[str]:
    """What stands against it, whatever the time."""
    return [one.code for one in checking.findings(pack, choices, assets, 0)[1]]


def deadlines(pack: Pack, choices: Choices, assets: dict[int, Asset]) -> dict[str, date]:
    return {
        one.deadline.key: one.deadline.day for one in dating.explained(pack, choices, assets) or ()
    }


@dataclass(frozen=True)
class Session:
    """A session that may be published."""

    pack: Pack
    choices: Choices
    assets: dict[int, Asset]

    @property
    def dates(self) -> Dates:
        return self.choices.dates

    @property
    def opening(self) -> date:
        assert self.dates.opening is not None
        return self.dates.opening.date()

    @property
    def due(self) -> dict[str, date]:
        return deadlines(self.pack, self.choices, self.assets)

    def found(self, **dates: Any) -> list[str]:
        """What stands against it with these dates instead."""
        return codes(self.pack, change(self.choices, **dates), self.assets)


CASES = [
    pytest.param((name, when, movable), id=f"{name} {when} {'movable' if movable else 'land'}")
    for name in PACKS
    for when in OPENINGS
    for movable in (True, False)
]


def _opening(name: str, when: str) -> date:
    pack = packs.load(name)
    return OPENINGS[when] or _worked(pack)


@pytest.fixture(params=CASES)
def session(request: pytest.FixtureRequest) -> Session:
    name, when, movable = request.param
    return Session(*prepared(name, _opening(name, when), movable))


def test_the_dates_the_pack_gives_may_be_published(session: Session) -> None:
    assert session.found() == []


class TestOneDayOver:
    """The last day of every rule may be published, the day after it may not."""

    def test_the_posting(self, session: Session) -> None:
        last = session.due["posting"]
        assert session.found(posting_on=last) == []
        assert "POSTING_LATE" in session.found(posting_on=last + DAY)

    def test_the_last_notice(self, session: Session) -> None:
        first, second = session.dates.notices
        last = session.due["last_notice"]
        assert session.found(notices=(first, on(second, last))) == []
        assert session.found(notices=(first, on(second, last + DAY))) == ["NOTICE_LATE"]

    def test_the_gap_between_the_notices(self, session: Session) -> None:
        first, second = session.dates.notices
        second, last = on(second, session.due["last_notice"]), session.due["first_notice"]
        assert session.found(notices=(on(first, last), second)) == []
        # The gap is counted in working days: days off after the last day change nothing.
        close = days.next_working_day(days.load(session.pack.calendar), last + DAY)
        assert session.found(notices=(on(first, close), second)) == ["NOTICES_CLOSE"]

    @pytest.mark.parametrize(
        ("key", "name"),
        [("registration_closes", "registration_close"), ("deposits_close", "deposit_close")],
    )
    def test_dossiers_and_deposits(self, session: Session, key: str, name: str) -> None:
        closing = getattr(session.dates, name)
        assert closing.date() == session.due[key]
        minute = timedelta(minutes=1)
        assert session.found(**{name: closing}) == []
        assert session.found(**{name: closing + minute}) == ["CLOSES_LATE"]
        assert session.found(**{name: closing + DAY}) == ["CLOSES_LATE"]
        assert session.found(**{name: closing - DAY}) == ["CLOSES_EARLY"]

    def test_dossiers_are_taken_from_the_posting(self, session: Session) -> None:
        opens = session.dates.registration_open
        assert opens is not None
        assert session.found(registration_open=opens + DAY) == ["REGISTRATION_OPENS_LATE"]

    def test_the_days_of_viewing(self, session: Session) -> None:
        viewing = session.dates.viewing_on
        assert session.found(viewing_on=viewing[1:]) == ["VIEWING"]
        apart = (viewing[0], viewing[-1] + DAY)
        if len(viewing) == 2 and apart[-1] < session.opening:
            assert session.found(viewing_on=apart) == ["VIEWING"]

    def test_the_time_from_the_contract_to_the_opening(self, session: Session) -> None:
        if session.pack.schedule is None:
            assert "auction_within" not in session.due
            return
        seen = set()
        for before in range(25, 60):
            signed = session.opening - before * DAY
            older = {1: replace(session.assets[1], service_contract_on=signed)}
            within = deadlines(session.pack, session.choices, older)["auction_within"]
            late = "OPENING_TOO_LATE" in codes(session.pack, session.choices, older)
            assert late == (session.opening > within)
            seen.add(late)
        assert seen == {True, False}


def on(notice: Notice, day: date) -> Notice:
    return notice.model_copy(update={"on": day})


def test_why_a_day_is_what_it_is_names_the_days_off_around_tet() -> None:
    pack, choices, assets = prepared("vn-enforcement-2026-07", date(2027, 2, 15), True)
    found = {one.deadline.key: one for one in dating.explained(pack, choices, assets) or ()}
    posting = found["posting"]
    assert posting.deadline.rule == "Law 01/2016/QH14 Art. 35(1)"
    calendar = days.load(pack.calendar)
    tet = [day for day in posting.off if day in calendar.days_off]
    assert len(tet) >= 5
    assert all(day < date(2027, 2, 15) for day in posting.off)
    assert posting.why.en.startswith("Counted back from 15/02/2027 to ")
    assert "Days off do not count: " in posting.why.en
    assert "Không tính các ngày nghỉ: " in posting.why.vi
    # Seven working days lie from the posting to the day before the opening, and no fewer.
    between = days.working_days_between(calendar, posting.deadline.day, date(2027, 2, 15))
    assert between == 6


def test_movables_and_immovables_in_one_session_keep_the_stricter_date() -> None:
    pack, choices, _ = prepared("vn-enforcement-2026-07", date(2026, 10, 19), True)
    car, house = (
        Asset(service_contract_on=date(2026, 9, 22)),
        Asset(id=2, movable=False, service_contract_on=date(2026, 9, 22)),
    )
    both = choices.model_copy(update={"lots": (*choices.lots, building.proposed(pack, house))})
    due = deadlines(pack, both, {1: car, 2: house})
    assert due["posting"] == date(2026, 10, 4)  # fifteen days, not seven working days
    filled = dating.filled(pack, both, {1: car, 2: house}, date(2026, 9, 1))
    proved = change(
        filled,
        posting_proof="photograph",
        notices=tuple(one.model_copy(update={"proof": "c"}) for one in filled.dates.notices),
    )
    assert codes(pack, proved, {1: car, 2: house}) == []
    late = change(proved, posting_on=date(2026, 10, 5))
    (found,) = checking.findings(pack, late, {1: car, 2: house}, 0)[1]
    assert (found.code, found.lots, found.step) == ("POSTING_LATE", (2,), "dates")


class TestOwnFindings:
    def test_each_is_found_in_its_step_and_told_in_both_languages(self) -> None:
        pack, choices, assets = prepared("vn-enforcement-2026-07", date(2026, 10, 19), True)
        opening_ms = building.moment_ms(pack, choices.dates.opening)
        assert opening_ms is not None

        def found(changed: Choices, known: dict[int, Asset], now_ms: int = 0) -> dict[str, str]:
            told = checking.findings(pack, changed, known, now_ms)[1]
            assert all(one.vi and one.en and one.do_vi and one.do_en for one in told)
            return {one.code: one.step for one in told}

        assert found(choices, assets, opening_ms - 1) == {}
        assert found(choices, assets, opening_ms) == {"IN_THE_PAST": "dates"}
        assert found(choices.model_copy(update={"lots": ()}), assets) == {"NO_ASSETS": "assets"}
        assert found(choices.model_copy(update={"texts": Texts(title_vi="x")}), assets) == {
            "NO_TITLE": "texts", "PAUSE_STOP_CLAUSE": "texts",
        }  # fmt: skip
        assert found(choices, {}) == {"ASSET_GONE": "assets"}
        bare = {1: replace(assets[1], content={"title": described()["title"]})}
        assert found(choices, bare)["NOT_DESCRIBED"] == "assets"
        other = replace(assets[1], id=2, agency_id=9)
        two = choices.model_copy(update={"lots": (*choices.lots, LotChoice(
            asset=2, starting_price_minor=BILLION, increment_minor=1, deposit_minor=BILLION // 5
        ))})  # fmt: skip
        assert found(two, {1: assets[1], 2: other}) == {"SEVERAL_AGENCIES": "assets"}
        staggered = choices.model_copy(update={"rules": Rules(order="STAGGERED")})
        assert found(staggered, assets) == {"NO_ORDER": "rules"}


class TestDryRun:
    def run(self, bidders: int, **rules: Any) -> list[running.Course]:
        pack, choices, assets = prepared(
            "vn-enforcement-2026-07", date(2026, 10, 19), True, **rules
        )
        known = {n: replace(assets[1], id=n) for n in (1, 2, 3)}
        lots = tuple(building.proposed(pack, one) for one in known.values())
        whole, findings = checking.findings(
            pack, choices.model_copy(update={"lots": lots}), known, 0
        )
        assert findings == ()
        assert whole.session is not None
        params = {n: one.params for n, one in enumerate(whole.lots, 1) if one.params is not None}
        return dry_run(whole.session, params, bidders)

    def test_without_bidders_nothing_opens_and_one_is_too_few(self) -> None:
        for bidders, code in ((0, "NO_REGISTRANT"), (1, "TOO_FEW_PARTICIPANTS")):
            courses = self.run(bidders)
            assert [(one.outcome, one.code, one.opened_ms) for one in courses] == [
                ("FAILED", code, None)
            ] * 3

    def test_two_bidders_end_on_time_and_late_ones_extend_as_often_as_it_goes(self) -> None:
        late = {"extension": "LAST_MINUTES", "extension_trigger_s": 60, "extension_by_s": 60,
                "extension_max_count": 5}  # fmt: skip
        for one in self.run(2, **late):
            start, end, latest = one.planned
            assert (one.opened_ms, one.ended_ms, one.extensions) == (start, end, 0)
            assert latest == (end or 0) + 5 * 60_000
            assert one.outcome == "ANNOUNCED"
        for one in self.run(8, **late):
            assert one.extensions == 5
            assert one.planned[1] < one.ended_ms <= one.planned[2]  # type: ignore[operator]

    @pytest.mark.parametrize("order", ["SEQUENTIAL", "ORDER_BY_VALUE"])
    def test_lots_in_turn_never_overlap_whatever_is_extended(self, order: str) -> None:
        late = {"extension": "LAST_MINUTES", "extension_trigger_s": 60, "extension_by_s": 60,
                "extension_max_count": 5}  # fmt: skip
        courses = self.run(8, order=order, gap_min=5, **late)
        for before, after in pairwise(courses):
            assert before.ended_ms is not None
            assert after.opened_ms is not None
            assert before.ended_ms + 5 * 60_000 <= after.opened_ms
            assert after.opened_ms == after.planned[0]

    def test_staggered_lots_open_so_far_apart(self) -> None:
        courses = self.run(2, order="STAGGERED", stagger_min=10)
        opened = [one.opened_ms or 0 for one in courses]
        assert [b - a for a, b in pairwise(opened)] == [600_000, 600_000]
