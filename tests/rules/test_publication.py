"""The check before publication. V18, V22 and V23 are the vectors of the domain rules, by number."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from auction_engine.rules import packs, strict_yaml
from auction_engine.rules.draft import Keys, Notice
from auction_engine.rules.pack import from_data
from auction_engine.rules.parts import Descent, Reserve
from auction_engine.rules.publication import Blocked, check
from auction_engine.rules.publication_texts import WORDS
from auction_engine.rules.publication_values import deposit_band, least_start

from .drafts import DRAFT, MILLION, MINUTE_MS, NEW, OPENING, at, codes, draft

VOLUNTARY = packs.load("vn-voluntary")
PLATES = packs.load("vn-plates")
OLD = packs.load("vn-enforcement-2017")
SECRET = Reserve(commitment="0" * 64, reveal_ms=1)
FALL = Descent("LINEAR", 60_000, floor_minor=1, step_minor=1)
FIRST, SECOND = DRAFT.notices


def test_a_lot_with_everything_in_order_may_be_published() -> None:
    assert check(NEW, DRAFT) == ()


class TestVectors:
    @pytest.mark.parametrize(
        ("deposit", "found"),
        [
            (49_900_000, [("deposit_minor", "DEPOSIT_LOW")]),  # 4.99 %
            (49_999_999, [("deposit_minor", "DEPOSIT_LOW")]),
            (50_000_000, []),  # 5 %
            (200_000_000, []),  # 20 %
            (200_000_001, [("deposit_minor", "DEPOSIT_HIGH")]),
            (200_100_000, [("deposit_minor", "DEPOSIT_HIGH")]),  # 20.01 %
        ],
    )
    def test_v22_the_deposit_is_5_to_20_percent(
        self, deposit: int, found: list[tuple[str, str]]
    ) -> None:
        assert codes(deposit_minor=deposit) == found

    @pytest.mark.parametrize(
        ("posted", "found"),
        [
            (date(2026, 10, 9), [("posting_on", "POSTING_LATE")]),  # 6 working days before Monday
            (date(2026, 10, 8), []),  # 7
        ],
    )
    def test_v23_a_movable_is_posted_seven_working_days_before(
        self, posted: date, found: list[tuple[str, str]]
    ) -> None:
        opens = at(posted.year, posted.month, posted.day, "08:00")
        changes = {"registration_open_ms": opens, "deposit_open_ms": opens}
        assert codes(posting_on=posted, **changes) == found

    @pytest.mark.parametrize(
        ("previous", "start", "found"),
        [
            (1_000, 900, []),
            (1_000, 899, [("starting_price_minor", "CUT_TOO_DEEP")]),
            (900, 810, []),
            (900, 809, [("starting_price_minor", "CUT_TOO_DEEP")]),
        ],
    )
    def test_v18_each_cut_is_at_most_a_tenth_of_the_start_before(
        self, previous: int, start: int, found: list[tuple[str, str]]
    ) -> None:
        changes = {
            "previous_start_minor": previous * MILLION,
            "starting_price_minor": start * MILLION,
            "deposit_minor": 100 * MILLION,
            "failures": 1,
            "cuts": 1,
        }
        assert codes(**changes) == found

    def test_v18_the_least_start_is_rounded_up(self) -> None:
        assert least_start(NEW, 1_000) == 900
        assert least_start(NEW, 900) == 810
        assert least_start(NEW, 1_001) == 901  # 900.9
        assert least_start(VOLUNTARY, 1_000) is None


# What is changed, and what the check then says.
FAULTS: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"category": "VOLUNTARY"}, [("category", "CATEGORY")]),
    ({"method": "SEALED"}, [("method", "METHOD"), ("keys.public_keys", "KEYS_MISSING")]),
    ({"starting_price_public": False}, [("starting_price_public", "START_NOT_PUBLIC")]),
    (
        {"starting_price_minor": 999 * MILLION, "deposit_minor": 60 * MILLION},
        [("starting_price_minor", "START_OFF_VALUE")],
    ),
    ({"starting_price_minor": 1_001 * MILLION}, [("starting_price_minor", "START_OFF_VALUE")]),
    ({"starting_price_minor": None}, [("starting_price_minor", "START_MISSING")]),
    ({"valuation_minor": None}, [("valuation_minor", "VALUATION_MISSING")]),
    ({"cuts": 1, "failures": 1}, [("previous_start_minor", "PREVIOUS_START_MISSING")]),
    ({"increment_minor": None}, [("increment_minor", "INCREMENT_MISSING")]),
    ({"increment_minor": 0}, [("increment_minor", "INCREMENT_SMALL")]),
    (
        {"increment_rule": "TABLE"},
        [("increment_rule", "INCREMENT_RULE"), ("increment_table", "INCREMENT_TABLE")],
    ),
    ({"deposit_minor": None}, [("deposit_minor", "DEPOSIT_MISSING")]),
    ({"reserve": Reserve(minor=5)}, [("reserve", "RESERVE")]),
    ({"reserve": SECRET}, [("reserve", "RESERVE")]),
    ({"end_ms": OPENING + 15 * MINUTE_MS - 1}, [("end_ms", "WINDOW_SHORT")]),
    ({"end_ms": OPENING}, [("end_ms", "WINDOW_SHORT")]),
    ({"end_ms": None}, [("end_ms", "END_MISSING")]),
    ({"extension": "ROUNDS"}, [("extension", "EXTENSION")]),
    ({"revaluation_pending": True}, [("revaluation_pending", "REVALUATION_PENDING")]),
    ({"priority_pending": True}, [("priority_pending", "PRIORITY_PENDING")]),
    (
        {"valuation_expires_on": date(2026, 9, 21)},
        [("valuation_expires_on", "VALUATION_EXPIRED")],
    ),
    ({"valuation_expires_on": DRAFT.service_contract_on}, []),
    ({"service_contract_on": date(2026, 9, 21)}, []),  # 30 days end on Wednesday
    ({"service_contract_on": date(2026, 9, 19)}, []),  # 30 days end on Monday itself
    ({"service_contract_on": None}, [("service_contract_on", "CONTRACT_MISSING")]),
    ({"service_contract_on": date(2026, 9, 16)}, [("opening_ms", "OPENING_TOO_LATE")]),
    (
        {"short_procedure": True},
        [
            ("short_procedure", "SHORT_NOT_ALLOWED"),
            ("registration_close_ms", "CLOSES_EARLY"),
            ("deposit_close_ms", "CLOSES_EARLY"),
        ],
    ),
    ({"posting_on": None}, [("posting_on", "POSTING_MISSING")]),
    ({"posting_proof": None}, [("posting_proof", "POSTING_PROOF")]),
    ({"notices": ()}, [("notices", "NOTICES_FEW")]),
    ({"notices": (FIRST,)}, [("notices", "NOTICES_FEW")]),
    (
        {"notices": (replace(FIRST, on=date(2026, 10, 7)), SECOND)},
        [("notices", "NOTICES_CLOSE")],
    ),
    ({"notices": (replace(FIRST, on=date(2026, 10, 6)), SECOND)}, []),
    ({"notices": (FIRST, replace(SECOND, on=date(2026, 10, 9)))}, [("notices", "NOTICE_LATE")]),
    (
        {"notices": (FIRST, replace(SECOND, channels=("PRINTED_PAPER",)))},
        [("notices.1.channels", "NOTICE_CHANNEL")],
    ),
    (
        {"notices": (replace(FIRST, channels=("NATIONAL_PORTAL",)), SECOND)},
        [("notices", "NOTICE_ONCE_ON")],
    ),
    ({"notices": (FIRST, replace(SECOND, proof=None))}, [("notices.1.proof", "NOTICE_PROOF")]),
    ({"viewing_on": ()}, [("viewing_on", "VIEWING")]),
    ({"viewing_on": (date(2026, 10, 12), date(2026, 10, 14))}, [("viewing_on", "VIEWING")]),
    ({"viewing_on": (date(2026, 10, 18), date(2026, 10, 19))}, [("viewing_on", "VIEWING")]),
    ({"viewing_on": (date(2026, 10, 4), date(2026, 10, 5))}, [("viewing_on", "VIEWING")]),
    ({"registration_open_ms": None}, [("registration_close_ms", "REGISTRATION_MISSING")]),
    (
        {"registration_open_ms": at(2026, 10, 6, "08:00")},
        [("registration_open_ms", "REGISTRATION_OPENS_LATE")],
    ),
    (
        {"registration_close_ms": at(2026, 10, 14, "17:01")},
        [("registration_close_ms", "CLOSES_LATE")],
    ),
    (
        {"registration_close_ms": at(2026, 10, 13, "17:00")},
        [("registration_close_ms", "CLOSES_EARLY")],
    ),
    (
        {"registration_close_ms": at(2026, 10, 5, "07:00")},
        [
            ("registration_close_ms", "CLOSES_AFTER_OPENING"),
            ("registration_close_ms", "CLOSES_EARLY"),
        ],
    ),
    (
        {"deposit_open_ms": at(2026, 10, 4, "08:00")},
        [("deposit_open_ms", "DEPOSIT_OPENS_EARLY")],
    ),
    ({"deposit_open_ms": at(2026, 10, 6, "08:00")}, [("deposit_open_ms", "DEPOSIT_OPENS_LATE")]),
    ({"deposit_open_ms": at(2026, 10, 6, "08:00"), "deposit_window_agreed": True}, []),
    ({"deposit_close_ms": None}, [("deposit_close_ms", "DEPOSIT_WINDOW_MISSING")]),
    ({"deposit_close_ms": at(2026, 10, 15, "17:00")}, [("deposit_close_ms", "CLOSES_LATE")]),
    ({"pause_stop_clause": False}, [("pause_stop_clause", "PAUSE_STOP_CLAUSE")]),
    ({"vat_excluded": True}, [("vat_note", "VAT_NOTE")]),
    ({"vat_excluded": True, "vat_note": True}, []),
    ({"forfeit_grounds": ("ABSENT", "LATE_LOGIN")}, [("forfeit_grounds", "FORFEIT_GROUND")]),
    ({"forfeit_grounds": ("ABSENT",)}, []),
    ({"opening_ms": None}, [("opening_ms", "OPENING_MISSING")]),
]


@pytest.mark.parametrize(("changes", "found"), FAULTS, ids=[str(list(f[0])) for f in FAULTS])
def test_each_fault_is_found_and_nothing_else(
    changes: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert codes(**changes) == found


def test_everything_is_found_at_once() -> None:
    found = codes(deposit_minor=1, posting_proof=None, viewing_on=(), pause_stop_clause=False)
    assert [code for _, code in found] == [
        "DEPOSIT_LOW",
        "PAUSE_STOP_CLAUSE",
        "POSTING_PROOF",
        "VIEWING",
    ]


def test_a_day_without_calendar_blocks_and_says_so() -> None:
    opening = at(2029, 3, 5, "09:00")
    found = check(NEW, draft(opening_ms=opening, end_ms=opening + 30 * MINUTE_MS))
    assert [finding.code for finding in found] == ["OPENING_TOO_LATE", "NO_CALENDAR"]
    assert found[-1].rule == "Civil Code 2015 Arts. 147-148"
    assert found[-1].en == (
        "Working days cannot be counted: calendar vn-public-holidays@2026.1 only has data for"
        " 2024-01-01 – 2028-12-31."
    )


class TestWords:
    def test_a_finding_says_what_is_wrong_what_to_do_and_by_which_rule(self) -> None:
        (finding,) = check(NEW, draft(deposit_minor=49_900_000))
        assert finding.en == "The deposit 49 900 000 VND is below 5 % (50 000 000 VND)."
        assert finding.vi == "Tiền đặt trước 49 900 000 VND thấp hơn 5 % (50 000 000 VND)."
        assert finding.do_en == "Raise the deposit to at least 50 000 000 VND."
        assert finding.do_vi == "Nâng tiền đặt trước lên ít nhất 50 000 000 VND."
        assert (finding.parameter, finding.rule) == (
            "deposit.min_bp",
            "Law 01/2016/QH14 Art. 39(1)",
        )
        assert finding.verified

    def test_spans_are_in_the_language_of_the_sentence(self) -> None:
        posted = draft(posting_on=date(2026, 10, 9), deposit_open_ms=at(2026, 10, 9, "08:00"))
        (finding,) = check(NEW, posted)
        assert "7 working days" in finding.en
        assert "7 ngày làm việc" in finding.vi
        assert "08/10/2026" in finding.en
        assert not finding.verified  # Art. 35 as amended was not read

    def test_values_are_in_the_language_of_the_sentence(self) -> None:
        (finding,) = check(NEW, draft(extension="ROUNDS"))
        assert finding.en == (
            "The extension (further rounds) is not allowed; allowed: none, last minutes."
        )
        assert finding.vi.startswith("Cách gia hạn (thêm vòng) không được dùng")
        (unknown,) = check(NEW, draft(forfeit_grounds=("LATE_LOGIN",)))
        assert unknown.en == "LATE_LOGIN is not a ground for losing the deposit."

    def test_every_text_is_complete_and_every_one_is_used(self) -> None:
        names = string.Formatter()
        for code, words in WORDS.items():
            fields = [{name for _, name, _, _ in names.parse(text) if name} for text in words]
            assert fields[0] == fields[1], code
            assert fields[2] == fields[3], code
            assert all(words), code

    def test_every_code_is_reached_by_a_test(self) -> None:
        reached = {code for changes, _ in FAULTS for _, code in codes(**changes)}
        elsewhere = {
            "NO_CALENDAR",
            "NOT_IN_FORCE",
            "DEPOSIT_LOW",
            "DEPOSIT_HIGH",
            "POSTING_LATE",
            "CUT_TOO_DEEP",
            "TOO_MANY_AUCTIONS",
            "START_FIXED",
            "INCREMENT_FIXED",
            "WINDOW_LONG",
            "AUTOMATIC",
            "EXTENSION_FIXED",
            "DESCENT_MISSING",
            "DESCENT_SHAPE",
            "COMMITMENTS_MISSING",
        }
        assert reached | elsewhere == set(WORDS)
        assert not reached & elsewhere

    def test_blocked_tells_every_finding(self) -> None:
        found = check(NEW, draft(deposit_minor=None, end_ms=None))
        text = str(Blocked(found))
        assert text.count("\n") == 1
        assert "deposit_minor: The deposit is not set. Enter the deposit." in text


class TestShortProcedure:
    SHORT: dict[str, Any] = {  # noqa: RUF012
        "short_procedure": True,
        "starting_price_minor": 40 * MILLION,
        "valuation_minor": 40 * MILLION,
        "session_start_total_minor": 49_999_999,
        "deposit_minor": 8 * MILLION,
        "posting_on": date(2026, 10, 14),
        "notices": (),
        "viewing_on": (date(2026, 10, 15), date(2026, 10, 16)),
        "registration_open_ms": at(2026, 10, 14, "08:00"),
        "registration_close_ms": at(2026, 10, 16, "17:00"),
        "deposit_open_ms": at(2026, 10, 14, "08:00"),
        "deposit_close_ms": at(2026, 10, 16, "17:00"),
    }

    def test_small_property_is_posted_three_working_days_before(self) -> None:
        assert codes(**self.SHORT) == []
        late = {
            **self.SHORT,
            "posting_on": date(2026, 10, 15),
            "registration_open_ms": at(2026, 10, 15, "08:00"),
            "deposit_open_ms": at(2026, 10, 15, "08:00"),
        }
        assert codes(**late) == [("posting_on", "POSTING_LATE")]

    def test_not_from_the_limit_on(self) -> None:
        limit = {**self.SHORT, "session_start_total_minor": 50_000_000}
        assert ("short_procedure", "SHORT_NOT_ALLOWED") in codes(**limit)

    def test_after_two_failures_whatever_the_price(self) -> None:
        often = {**self.SHORT, "session_start_total_minor": None, "failures": 2}
        assert codes(**often) == []
        once = {**often, "failures": 1}
        assert ("short_procedure", "SHORT_NOT_ALLOWED") in codes(**once)

    def test_an_owner_of_his_own_property_may_choose_it(self) -> None:
        found = codes(
            VOLUNTARY, category="VOLUNTARY", **{**self.SHORT, "session_start_total_minor": None}
        )
        assert "SHORT_NOT_ALLOWED" not in [code for _, code in found]

    def test_an_immovable_is_posted_five_working_days_before_and_noticed_once(self) -> None:
        notice = Notice(date(2026, 10, 12), ("NATIONAL_PORTAL", "PRINTED_PAPER"), "clip")
        changes = {**self.SHORT, "movable": False, "posting_on": date(2026, 10, 12)}
        changes["registration_open_ms"] = at(2026, 10, 12, "08:00")
        changes["deposit_open_ms"] = at(2026, 10, 12, "08:00")
        assert codes(**changes) == [("notices", "NOTICES_FEW")]
        changes["notices"] = (notice,)
        assert codes(**changes) == []
        changes["posting_on"] = date(2026, 10, 13)
        assert ("posting_on", "POSTING_LATE") in codes(**changes)


class TestNotices:
    def test_a_small_movable_needs_none(self) -> None:
        small = {"starting_price_minor": 49 * MILLION, "valuation_minor": 49 * MILLION}
        assert codes(**small, deposit_minor=5 * MILLION, notices=()) == []

    def test_from_fifty_million_on_it_does(self) -> None:
        small = {"starting_price_minor": 50 * MILLION, "valuation_minor": 50 * MILLION}
        assert codes(**small, deposit_minor=5 * MILLION, notices=()) == [("notices", "NOTICES_FEW")]

    def test_an_immovable_always_does_fifteen_days_before(self) -> None:
        changes: dict[str, Any] = {"movable": False, "posting_on": date(2026, 10, 2)}
        changes["registration_open_ms"] = at(2026, 10, 2, "08:00")
        changes["deposit_open_ms"] = at(2026, 10, 2, "08:00")
        assert codes(**changes) == [("notices", "NOTICE_LATE")]
        changes["notices"] = (
            replace(FIRST, on=date(2026, 9, 30)),
            replace(SECOND, on=date(2026, 10, 4)),
        )
        assert codes(**changes) == []
        changes["posting_on"] = date(2026, 10, 5)
        assert ("posting_on", "POSTING_LATE") in codes(**changes)


class TestOtherLaws:
    def test_before_july_2026_another_pack_is_in_force(self) -> None:
        found = codes(packs.load("vn-enforcement-2025"))
        assert ("opening_ms", "NOT_IN_FORCE") in found

    def test_deposits_of_the_old_law_open_three_working_days_before(self) -> None:
        found = codes(
            OLD, opening_ms=at(2024, 11, 25, "09:00"), deposit_open_ms=at(2024, 11, 19, "08:00")
        )
        assert ("deposit_open_ms", "DEPOSIT_OPENS_EARLY") in found
        found = codes(
            OLD, opening_ms=at(2024, 11, 25, "09:00"), deposit_open_ms=at(2024, 11, 20, "08:00")
        )
        assert ("deposit_open_ms", "DEPOSIT_OPENS_EARLY") not in found
        found = codes(
            OLD,
            opening_ms=at(2024, 11, 25, "09:00"),
            deposit_open_ms=at(2024, 11, 19, "08:00"),
            deposit_window_agreed=True,
        )
        assert ("deposit_open_ms", "DEPOSIT_OPENS_EARLY") not in found

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({}, None),
            ({"starting_price_minor": 45 * MILLION}, "START_FIXED"),
            ({"item_class": None}, "START_FIXED"),
            ({"increment_minor": 1 * MILLION}, "INCREMENT_FIXED"),
            ({"deposit_minor": 20 * MILLION}, "DEPOSIT_LOW"),
            ({"end_ms": OPENING + 26 * MINUTE_MS}, "WINDOW_LONG"),
            ({"extension_by_ms": 60_000}, "EXTENSION_FIXED"),
            ({"automatic_bids": True}, "AUTOMATIC"),
        ],
    )
    def test_number_plates_are_fixed(self, changes: dict[str, Any], code: str | None) -> None:
        plate: dict[str, Any] = {
            "category": "PLATE",
            "item_class": "CAR",
            "starting_price_minor": 40 * MILLION,
            "increment_minor": 5 * MILLION,
            "deposit_minor": 40 * MILLION,
            "end_ms": OPENING + 25 * MINUTE_MS,
            "registration_close_ms": at(2026, 10, 16, "17:00"),
            "deposit_close_ms": at(2026, 10, 16, "17:00"),
        }
        found = [name for _, name in codes(PLATES, **{**plate, **changes})]
        assert (code is None and found == []) or code in found

    @pytest.mark.parametrize(
        ("failures", "start", "code"),
        [
            (0, 80_000, None),
            (0, 79_999, "START_OFF_VALUE"),
            (1, 60_000, None),
            (1, 80_000, "START_OFF_VALUE"),
            (2, 60_000, "TOO_MANY_AUCTIONS"),
        ],
    )
    def test_lithuania_starts_at_80_then_60_percent(
        self, failures: int, start: int, code: str | None
    ) -> None:
        found = codes(
            packs.load("lt-bailiffs"),
            starting_price_minor=start,
            valuation_minor=100_000,
            deposit_minor=-(-start // 10),
            increment_minor=start // 200 + 1,
            failures=failures,
            cuts=failures,
            end_ms=OPENING + 20 * 86_400_000,
        )
        assert [name for _, name in found] == ([] if code is None else [code])

    def test_a_dear_movable_is_sold_as_long_as_an_immovable_there(self) -> None:
        lt = packs.load("lt-bailiffs")
        dear: dict[str, Any] = {
            "valuation_minor": 3_000_000,
            "starting_price_minor": 2_400_000,
            "deposit_minor": 240_000,
            "increment_minor": 12_000,
        }
        assert codes(lt, **dear, end_ms=OPENING + 30 * 86_400_000) == []
        assert codes(lt, **dear, end_ms=OPENING + 29 * 86_400_000) == [("end_ms", "WINDOW_SHORT")]
        dear["increment_minor"] = 11_999
        found = codes(lt, **dear, end_ms=OPENING + 30 * 86_400_000)
        assert found == [("increment_minor", "INCREMENT_SMALL")]

    def test_china_starts_at_70_percent_or_more(self) -> None:
        cn = packs.load("cn-courts")
        day = {
            "end_ms": OPENING + 86_400_000,
            "notices": (Notice(date(2026, 10, 4), ("COURT_PLATFORM",)),),
        }
        for start, code in ((700, None), (701, None), (699, "START_OFF_VALUE")):
            found = codes(
                cn, **day, starting_price_minor=start, valuation_minor=1_000, deposit_minor=70
            )
            assert [name for _, name in found] == ([] if code is None else [code])

    def test_descending_is_for_voluntary_property(self) -> None:
        changes: dict[str, Any] = {"method": "DESCENDING", "end_ms": None}
        assert ("method", "METHOD") in codes(**changes)
        changes["category"] = "VOLUNTARY"
        assert codes(VOLUNTARY, **changes) == [("descent", "DESCENT_MISSING")]
        assert codes(VOLUNTARY, **changes, descent=FALL) == []

    def test_lots_are_drawn_by_commitments_given_before(self) -> None:
        whole = strict_yaml.load(packs.text_of("vn-voluntary"))
        whole["tie"]["descending"] = "DRAW_LOTS"
        drawing = from_data(whole, "drawing.yaml")
        changes: dict[str, Any] = {"category": "VOLUNTARY", "method": "DESCENDING", "end_ms": None}
        found = codes(drawing, **changes, descent=FALL)
        assert found == [("keys.commitments", "COMMITMENTS_MISSING")]
        keys = Keys(commitments=(("a", "0" * 64), ("b", "1" * 64)))
        assert codes(drawing, **changes, descent=FALL, keys=keys) == []

    def test_the_hybrid_falls_by_its_own_steps(self) -> None:
        hybrid = packs.load("prozorro-hybrid")
        changes: dict[str, Any] = {
            "category": "INSOLVENCY",
            "method": "DESCENDING",
            "end_ms": None,
            "deposit_minor": 100 * MILLION,
            "registration_close_ms": at(2026, 10, 16, "20:00", hybrid.timezone),
            "deposit_close_ms": at(2026, 10, 16, "20:00", hybrid.timezone),
        }
        assert codes(hybrid, **changes) == [("keys.public_keys", "KEYS_MISSING")]
        changes["keys"] = Keys(("one", "two"))
        assert codes(hybrid, **changes) == []
        assert codes(hybrid, **changes, descent=FALL) == [("descent", "DESCENT_SHAPE")]


class TestDepositBand:
    def test_a_share_that_is_no_whole_unit_may_be_rounded(self) -> None:
        lt = packs.load("lt-bailiffs")
        assert deposit_band(lt, draft(starting_price_minor=33_333)) == (3_334, 3_334)

    def test_the_band_never_widens(self) -> None:
        assert deposit_band(NEW, draft(starting_price_minor=1_001)) == (51, 200)

    def test_the_valuation_may_be_the_basis(self) -> None:
        spain = packs.load("es-boe")
        assert deposit_band(spain, draft(valuation_minor=500_000)) == (100_000, 100_000)
        assert deposit_band(spain, draft(valuation_minor=None)) is None
