"""Every date of a session being prepared, from the pack's own rules: kept it may be published,
broken by one day it may not. Over Tet and over days that were swapped for others, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from taken import BILLION, described

from auction_engine.desk.preparing import building, checking, dating, methods, running, sources
from auction_engine.desk.preparing.choices import Choices, Dates, LotChoice, Rules, Texts
from auction_engine.desk.preparing.dating import Explained
from auction_engine.desk.preparing.running import dry_run
from auction_engine.rules import calendar as days
from auction_engine.rules import descending, packs
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


# Days on which a session is opened, and what is near them.
OPENINGS = {
    "plain": date(2026, 10, 19),
    "after Tet": date(2027, 2, 15),
    "a long way after Tet": date(2027, 3, 8),
    "after a new holiday": date(2026, 12, 2),
    "after a swapped day": date(2026, 9, 7),
    "on a day worked instead": max(days.load("vn-public-holidays@2026.1").worked),
}
SWAPPED = OPENINGS["after a swapped day"]
ENFORCEMENT = "vn-enforcement-2026-07"


def prepared(
    name: str, opening: date, movable: bool, **rules: Any
) -> tuple[Pack, Choices, dict[int, Asset]]:
    """A session with every date filled in by the pack for that opening, and nothing against it."""
    pack = packs.load(name)
    asset = Asset(movable=movable, service_contract_on=opening - 25 * DAY)
    chosen = building.proposed(pack, asset)
    if chosen.increment_minor is None:
        chosen = chosen.model_copy(update={"increment_minor": BILLION // 20})
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
    """A session that may be published, and why each of its dates is what it is."""

    pack: Pack
    choices: Choices
    assets: dict[int, Asset]

    @property
    def dates(self) -> Dates:
        return self.choices.dates

    @property
    def why(self) -> dict[str, Explained]:
        rows = dating.explained(self.pack, self.choices, self.assets) or ()
        return {row.deadline.key: row for row in rows}

    def found(self) -> tuple[checking.Found, ...]:
        return checking.findings(self.pack, self.choices, self.assets, 0)[1]

    def with_dates(self, **dates: Any) -> Session:
        return replace(self, choices=change(self.choices, **dates))


def on_the_last_day(session: Session) -> Session:
    """Everything done on the very last day that the wizard tells."""
    due = {key: row.deadline.day for key, row in session.why.items()}
    dates: dict[str, Any] = {}
    if "posting" in due:
        dates["posting_on"] = due["posting"]
        dates["registration_open"] = datetime.combine(due["posting"], time(8))
        dates["deposit_open"] = datetime.combine(due["posting"], time(8))
    if "deposits_open" in due:
        dates["deposit_open"] = datetime.combine(due["deposits_open"], time(8))
    notices = list(session.dates.notices)
    for key, which in (("first_notice", 0), ("last_notice", -1)):
        if key in due:
            notices[which] = notices[which].model_copy(update={"on": due[key]})
    dates["notices"] = tuple(notices)
    if session.pack.viewing is not None:
        least = session.pack.viewing.min_days
        dates["viewing_on"] = tuple(due["viewing_begins"] + n * DAY for n in range(least))
    return _signed_as_early_as_can_be(session.with_dates(**dates))


def _signed_as_early_as_can_be(session: Session) -> Session:
    opening = session.dates.opening
    if session.pack.schedule is None or opening is None:
        return session
    while True:
        earlier = _signed(session, -1)
        if earlier.why["auction_within"].deadline.day < opening.date():
            return session
        session = earlier


def _signed(session: Session, by: int) -> Session:
    asset = session.assets[1]
    assert asset.service_contract_on is not None
    moved = replace(asset, service_contract_on=asset.service_contract_on + by * DAY)
    return replace(session, assets={1: moved})


def _posted_later(session: Session) -> Session:
    dates = session.dates
    moved = {"posting_on": dates.posting_on + DAY}  # type: ignore[operator]
    for name, intake in (("registration_open", session.pack.registration),
                         ("deposit_open", session.pack.deposit.window)):  # fmt: skip
        if intake.opens == "POSTING":
            moved[name] = getattr(dates, name) + DAY
    return session.with_dates(**moved)


def _noticed_later(which: int) -> Callable[[Session], Session]:
    def move(session: Session) -> Session:
        notices = list(session.dates.notices)
        day = notices[which].on
        assert day is not None
        notices[which] = notices[which].model_copy(update={"on": day + DAY})
        return session.with_dates(notices=tuple(notices))

    return move


def _moved(name: str, by: timedelta) -> Callable[[Session], Session]:
    return lambda session: session.with_dates(**{name: getattr(session.dates, name) + by})


# By the key of the date the wizard explains: the same date one day out of time.
BREAKS: dict[str, Callable[[Session], Session]] = {
    "posting": _posted_later,
    "first_notice": _noticed_later(0),
    "last_notice": _noticed_later(-1),
    "viewing_begins": lambda one: one.with_dates(
        viewing_on=tuple(day + DAY for day in one.dates.viewing_on)
    ),
    "registration_closes": _moved("registration_close", DAY),
    "deposits_close": _moved("deposit_close", DAY),
    "deposits_open": _moved("deposit_open", -DAY),
    "auction_within": lambda one: _signed(one, -1),
}
CASES = [
    pytest.param(ENFORCEMENT, when, movable, {}, id=f"{when} {'movable' if movable else 'land'}")
    for when in OPENINGS
    for movable in (True, False)
] + [
    pytest.param(pack.id, "after a swapped day", movable, rules, id=f"{pack.id} {movable} {rules}")
    for pack in sources.known_packs()
    if pack.id != ENFORCEMENT and (pack.in_force.until or SWAPPED) >= SWAPPED
    for movable in (True, False)
    for rules in ({}, {"short_procedure": True})
    if not rules or (pack.short_procedure and pack.short_procedure.owner_may_choose)
]


@pytest.mark.parametrize(("name", "when", "movable", "rules"), CASES)
def test_each_date_blocks_when_it_is_a_day_out_and_says_why_in_both_languages(
    name: str, when: str, movable: bool, rules: dict[str, Any]
) -> None:
    filled = Session(*prepared(name, OPENINGS[when], movable, **rules))
    assert filled.found() == ()  # as the wizard fills it in
    kept = on_the_last_day(filled)
    assert kept.found() == ()
    for key, row in kept.why.items():
        assert row.why.vi, key
        assert row.why.en, key
        assert row.why.vi != row.why.en
        assert row.deadline.rule
    for key in set(BREAKS) & set(kept.why):
        (found,) = BREAKS[key](kept).found()
        assert found.parameter == kept.why[key].deadline.path, key
        assert found.rule == kept.why[key].deadline.rule
        assert found.step == "dates"
        assert all((found.vi, found.en, found.do_vi, found.do_en))
        assert found.vi != found.en


def test_every_date_of_the_pack_is_among_them() -> None:
    """Nothing before an opening is left to chance: what is not broken above is others' to do."""
    kept = Session(*prepared(ENFORCEMENT, OPENINGS["plain"], True))
    rows = kept.why.values()
    before = {row.deadline.key for row in rows if row.deadline.way == "BEFORE"}
    assert before - set(BREAKS) == {"redemption"}  # the debtor's own


def test_a_first_notice_before_a_last_one_on_a_day_off_says_how_it_is_counted() -> None:
    kept = on_the_last_day(Session(*prepared(ENFORCEMENT, OPENINGS["plain"], False)))
    why = kept.why["first_notice"].why
    assert why.en.startswith(
        "Counted from the day after 30/09/2026, the time has run by 04/10/2026."
    )
    assert why.vi.startswith("Tính từ sau ngày 30/09/2026 thì đến ngày 04/10/2026 là đủ.")


def test_a_session_that_lasts_into_the_next_day_counts_from_its_own_opening() -> None:
    pack, choices, assets = prepared(
        ENFORCEMENT, OPENINGS["plain"], True, order="SEQUENTIAL", gap_min=60
    )
    known = {n: replace(assets[1], id=n) for n in range(1, 15)}
    lots = tuple(building.proposed(pack, one) for one in known.values())
    whole, found = checking.findings(pack, choices.model_copy(update={"lots": lots}), known, 0)
    assert found == ()
    starts = [lot.params.start_ms for lot in whole.lots if lot.params is not None]
    assert len({days.local_day(start, pack.timezone) for start in starts}) == 2


class TestFalling:
    """A session in which the price falls, prepared like any other."""

    RULES = {"method": "DESCENDING", "fall_every_s": 60}  # noqa: RUF012

    def session(self, floor: int | None, **rules: Any) -> Session:
        made = Session(*prepared("vn-voluntary", OPENINGS["plain"], True, **(self.RULES | rules)))
        (lot,) = made.choices.lots
        lots = (lot.model_copy(update={"floor_minor": floor, "increment_minor": BILLION // 20}),)
        return replace(made, choices=made.choices.model_copy(update={"lots": lots}))

    def test_it_may_be_published_and_falls_as_chosen(self) -> None:
        session = self.session(BILLION // 2)
        whole, found = checking.findings(session.pack, session.choices, session.assets, 0)
        assert found == ()
        (lot,) = whole.lots
        assert lot.params is not None
        assert (lot.params.method, lot.params.end_ms, lot.params.extension) == (
            "DESCENDING", None, None,
        )  # fmt: skip
        prices = descending.ladder(lot.params)
        assert (prices[0], prices[1], prices[-1]) == (BILLION, BILLION * 19 // 20, BILLION // 2)

    @pytest.mark.parametrize("shape", ["PERCENT_OF_START", "PERCENT_OF_PREVIOUS"])
    def test_it_may_fall_by_a_share(self, shape: str) -> None:
        session = self.session(BILLION // 2, fall_shape=shape, fall_step_bp=1_000)
        whole, found = checking.findings(session.pack, session.choices, session.assets, 0)
        assert found == ()
        assert whole.lots[0].params is not None
        assert descending.ladder(whole.lots[0].params)[1] == BILLION * 9 // 10

    def test_without_its_lowest_price_or_its_step_it_says_so(self) -> None:
        for session in (
            self.session(None),
            self.session(BILLION // 2, fall_shape="PERCENT_OF_START"),
        ):
            (found,) = session.found()
            assert (found.code, found.step) == ("DESCENT_MISSING", "assets")
        (found,) = self.session(BILLION).found()
        assert found.code == "NO_AUCTION"

    def test_enforced_property_is_never_sold_so(self) -> None:
        made = Session(*prepared(ENFORCEMENT, OPENINGS["plain"], True, method="DESCENDING"))
        assert "METHOD" in {one.code for one in made.found()}

    def test_the_dry_run_sells_it_half_way_down(self) -> None:
        session = self.session(BILLION // 2)
        whole, _ = checking.findings(session.pack, session.choices, session.assets, 0)
        assert whole.session is not None
        assert whole.lots[0].params is not None
        for bidders, outcome in ((0, "FAILED"), (1, "FAILED"), (2, "ANNOUNCED")):
            (course,) = dry_run(whole.session, {1: whole.lots[0].params}, bidders)
            assert course.outcome == outcome, bidders
        assert course.price_minor is not None
        assert BILLION // 2 < course.price_minor < BILLION


def test_what_cannot_be_prepared_here_is_known() -> None:
    offered = {pack.id: methods.methods_of(pack) for pack in packs.every()}
    assert offered["vn-voluntary"] == ("ASCENDING", "DESCENDING")
    assert methods.not_here(packs.load("vn-voluntary")) == ("SEALED",)
    assert {pack.id for pack in sources.other_packs()} == {"prozorro-hybrid", "vn-plates"}
    assert all(offered[pack.id] for pack in sources.known_packs())


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
    late = change(
        proved,
        posting_on=date(2026, 10, 5),
        deposit_open=datetime.combine(date(2026, 10, 5), time(8)),
    )
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
        (why,) = checking.findings(pack, two, {1: assets[1], 2: other}, 0)[1]
        assert why.rule == "Law 01/2016/QH14 Art. 45(2)"
        assert "handed to one agency" in why.en
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
