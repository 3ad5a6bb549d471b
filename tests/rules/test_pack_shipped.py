"""The packs that are shipped: which law says what, from when to when."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack, has_source, is_unverified, value_at
from auction_engine.rules.pack_base import Span, duration_iso
from auction_engine.rules.pack_errors import PackError
from auction_engine.rules.pack_page import rows

OLD, MIDDLE, NEW = "vn-enforcement-2017", "vn-enforcement-2025", "vn-enforcement-2026-07"
DAY = timedelta(days=1)


def plain(pack: Pack, path: str) -> Any:
    """A value as it stands in the file, spans as `7 wd` or `15 d`."""
    value = value_at(pack, path)
    if isinstance(value, Span):
        unit = {"working_days": "wd", "days": "d", "months": "m", "years": "y"}[value.unit]
        return f"{value.n} {unit}"
    if isinstance(value, timedelta):
        return duration_iso(value)
    return value


# Parameter, until 2024, until 30/06/2026, since 01/07/2026; one column per Vietnamese regime.
REGIMES: list[tuple[str, Any, Any, Any]] = [
    ("methods.ENFORCEMENT", ("ASCENDING",), ("ASCENDING",), ("ASCENDING",)),
    ("start_price.public", True, True, True),
    ("window.min.movable", "PT15M", "PT15M", "PT15M"),
    ("extension.default", "NONE", "NONE", "NONE"),
    ("posting.movable", "7 wd", "7 wd", "7 wd"),
    ("posting.immovable", "15 d", "15 d", "15 d"),
    ("notice.count", 2, 2, 2),
    ("notice.gap", "2 wd", "2 wd", "2 wd"),
    ("notice.last_before.movable", "7 wd", "7 wd", "7 wd"),
    ("notice.last_before.immovable", "15 d", "15 d", "15 d"),
    ("notice.movable_from_minor", 50_000_000, 50_000_000, 50_000_000),
    ("notice.each_on", ("MASS_MEDIA",), ("NATIONAL_PORTAL",), ("NATIONAL_PORTAL",)),
    ("viewing.min_days", 2, 2, 2),
    ("registration.close_before", "2 d", "2 wd", "2 wd"),
    ("registration.counting", "DAY_MINUS_N", "FULL_DAYS_BETWEEN", "FULL_DAYS_BETWEEN"),
    ("deposit.min_bp", 500, 500, 500),
    ("deposit.max_bp", 2_000, 2_000, 2_000),
    ("deposit.cash_below_minor", 5_000_000, 5_000_000, 5_000_000),
    ("deposit.window.opens", "BEFORE_OPENING", "POSTING", "POSTING"),
    ("deposit.interest", "TO_BIDDER", "TO_BIDDER", "TO_BIDDER"),
    ("refund.losers", "3 wd", "3 wd", "3 wd"),
    ("refund.dossier_fee", None, "2 wd", "2 wd"),
    ("eligibility.not_beside", (), ("SPOUSE", "FULL_SIBLING"), ("SPOUSE", "FULL_SIBLING")),
    ("min_participants", 2, 2, 2),
    ("single_bidder.policy", "CONSENT", "CONSENT", "CONSENT"),
    ("single_bidder.after_failures", 1, 1, 1),
    ("runner_up.policy", "DEPOSIT_COVERS", "DEPOSIT_COVERS", "DEPOSIT_COVERS"),
    ("runner_up.depth", 1, 1, 1),
    ("result.registered", "1 wd", "1 wd", "1 wd"),
    ("result.hand_over", "3 wd", "3 wd", "3 wd"),
    ("forfeit.beneficiaries.ABSENT", *["STATE_BUDGET_AFTER_COSTS"] * 3),
    (
        "forfeit.beneficiaries.PAYMENT_DEFAULT",
        "STATE_BUDGET_AFTER_COSTS",
        "STATE_BUDGET_AFTER_COSTS",
        "ENFORCEMENT_AGENCY",
    ),
    ("payment.due", "30 d", "30 d", "30 d"),
    ("payment.extended_to", None, None, "60 d"),
    ("payment.extension_needs", None, None, "PARTIES_AND_WINNER"),
    ("parking.after", "10 d", "10 d", "10 d"),
    ("delivery.due", "60 d", "60 d", "60 d"),
    ("delivery.title_papers", "5 wd", "5 wd", "10 d"),
    ("payout.due", "10 d", "10 d", "10 d"),
    ("payout.means", "CASH_OR_TRANSFER", "CASH_OR_TRANSFER", "TRANSFER"),
    ("payout.many_creditors", None, None, "45 d"),
    ("payout.after_obstacle", None, None, "10 d"),
    ("re_auction.max_cut_bp", 1_000, 1_000, 1_000),
    ("re_auction.base", "PREVIOUS_START", "PREVIOUS_START", "PREVIOUS_START"),
    ("re_auction.decided_by", "PARTIES_THEN_OFFICER", "PARTIES_THEN_OFFICER", "OFFICER"),
    ("re_auction.notify", "5 wd", "5 wd", "2 wd"),
    ("re_auction.agree", "10 d", "10 d", None),
    ("re_auction.decide", None, None, "5 wd"),
    ("re_auction.in_kind_after_cuts", 2, 2, 2),
    ("re_auction.in_kind_price", "LAST_REDUCED", "LAST_REDUCED", "LAST_REDUCED"),
    ("re_auction.in_kind_debtor_pays", "30 d", "30 d", "5 wd"),
    ("re_auction.floor", "COERCION_COSTS", "COERCION_COSTS", "ENFORCEMENT_COSTS"),
    ("schedule.service_contract", "10 d", "10 d", "5 wd"),
    ("schedule.fallback", None, None, "5 wd"),
    ("schedule.auction_within.movable", "30 d", "30 d", "30 d"),
    ("schedule.auction_within.immovable", "45 d", "45 d", "45 d"),
    ("valuation.must_cover_contract", False, False, True),
    ("priority_purchase.first.movable", "1 m", "1 m", "5 wd"),
    ("priority_purchase.first.immovable", "3 m", "3 m", "15 d"),
    ("priority_purchase.later_until", None, None, "3 wd"),
    ("redemption.until", "1 wd", "1 wd", "1 wd"),
    ("pause_stop.pause", (), (), ("POSTPONED", "COMPLAINT_AUTHORITY", "PROSECUTION")),
    ("pause_stop.clause_required", False, False, True),
    (
        "payment_order.ranks",
        ("LABOUR_MAINTENANCE_INJURY", "COURT_FEE", "OTHER"),
        ("LABOUR_MAINTENANCE_INJURY", "COURT_FEE", "OTHER"),
        ("LABOUR_MAINTENANCE_INJURY", "COURT_FEE", "FINES_STATE", "INSURANCE", "OTHER"),
    ),
    (
        "payment_order.off_top",
        ("ENFORCEMENT_COSTS", "RENT_1Y"),
        ("ENFORCEMENT_COSTS", "RENT_1Y"),
        ("ENFORCEMENT_COSTS", "RENT_1Y", "TRANSFER_TAXES_FEES"),
    ),
    ("payment_order.late_interest", *["AFTER_PRINCIPAL"] * 3),
    ("payment_order.bad_debt", None, None, "RENT_THEN_CREDIT_INSTITUTIONS_LAW"),
    ("payment_order.bankruptcy", *["TRUSTEE"] * 3),
    ("re_auction.in_kind_free_at_costs", None, None, True),
    (
        "minutes.signatories",
        ("AUCTIONEER", "RECORDER", "OWNER", "WINNER"),
        ("AUCTIONEER", "RECORDER", "WINNER"),
        ("AUCTIONEER", "RECORDER", "WINNER"),
    ),
    ("short_procedure.start_total_below_minor", 50_000_000, 50_000_000, 50_000_000),
    ("short_procedure.failures_at_least", 2, 2, 2),
    ("short_procedure.posting.movable", "3 wd", "3 wd", "3 wd"),
    ("short_procedure.posting.immovable", "5 wd", "5 wd", "5 wd"),
    ("short_procedure.close_before", "1 d", "1 d", "1 d"),
    ("fees.auction.max_minor", 300_000_000, 400_000_000, 400_000_000),
    ("retention", "5 y", "5 y", "5 y"),
]


@pytest.mark.parametrize(("path", "old", "middle", "new"), REGIMES, ids=[r[0] for r in REGIMES])
def test_the_three_regimes_of_vietnamese_enforcement(
    path: str, old: Any, middle: Any, new: Any
) -> None:
    found = tuple(plain(packs.load(name), path) for name in (OLD, MIDDLE, NEW))
    assert found == (old, middle, new)


def test_what_a_material_change_is_grew_in_2025() -> None:
    old, new = (set(packs.load(name).refund_right_on_change) for name in (OLD, NEW))
    assert old == {"START_PRICE", "QUANTITY", "QUALITY"}
    assert new - old == {"TIME", "PLACE", "FORM", "METHOD"}


# Pack, parameter, value.
ELSEWHERE: list[tuple[str, str, Any]] = [
    ("vn-voluntary", "methods.VOLUNTARY", ("ASCENDING", "DESCENDING", "SEALED")),
    ("vn-voluntary", "reserve.allowed", ("NONE", "PUBLIC", "SECRET")),
    ("vn-voluntary", "short_procedure.owner_may_choose", True),
    ("vn-voluntary", "forfeit.beneficiaries.ABSENT", "OWNER"),
    ("vn-plates", "start_price.fixed_minor.CAR", 40_000_000),
    ("vn-plates", "increment.fixed_minor.CAR", 5_000_000),
    ("vn-plates", "deposit.min_bp", 10_000),
    ("vn-plates", "window.max.movable", "PT25M"),
    ("vn-plates", "extension.default", "ROUNDS"),
    ("vn-plates", "extension.by", "PT30S"),
    ("vn-plates", "extension.max_count", 10),
    ("vn-plates", "single_bidder.policy", "ALWAYS"),
    ("vn-plates", "ban.min_months", 12),
    ("lt-bailiffs", "start_price.of_basis_bp", (8_000, 6_000)),
    ("lt-bailiffs", "deposit.min_bp", 1_000),
    ("lt-bailiffs", "window.min.movable", "P20D"),
    ("lt-bailiffs", "window.min.immovable", "P30D"),
    ("lt-bailiffs", "window.movable_as_immovable_from_minor", 3_000_000),
    ("lt-bailiffs", "extension.default", "UNTIL_SILENCE"),
    ("lt-bailiffs", "automatic_bids.allowed", True),
    ("cn-courts", "start_price.of_basis_bp", (7_000,)),
    ("cn-courts", "deposit.min_bp", 500),
    ("cn-courts", "deposit.max_bp", 2_000),
    ("cn-courts", "window.min.movable", "P1D"),
    ("cn-courts", "extension.by", "PT5M"),
    ("cn-courts", "re_auction.max_cut_bp", 2_000),
    ("cn-courts", "priority_purchase.mode", "MATCH_HIGHEST"),
    ("es-boe", "deposit.basis", "VALUATION"),
    ("es-boe", "deposit.min_bp", 2_000),
    ("es-boe", "extension.default", "AFTER_LAST_BID"),
    ("es-boe", "extension.cap", "P1D"),
    ("es-boe", "runner_up.policy", "NEXT_BID"),
    ("es-boe", "payment.due", "20 d"),
    ("prozorro-hybrid", "descending.step_bp", 100),
    ("prozorro-hybrid", "descending.max_steps", 99),
    ("prozorro-hybrid", "phases.1.kind", "SEALED"),
    ("prozorro-hybrid", "phases.1.admission", "ALL_BUT_LEADER"),
    ("prozorro-hybrid", "phases.1.duration", "PT10M"),
    ("prozorro-hybrid", "phases.2.kind", "BEST_BID"),
    ("prozorro-hybrid", "phases.2.admission", "LEADER"),
    ("prozorro-hybrid", "phases.2.duration", "PT5M"),
]


@pytest.mark.parametrize(("name", "path", "value"), ELSEWHERE)
def test_the_other_packs(name: str, path: str, value: Any) -> None:
    assert plain(packs.load(name), path) == value


def test_the_hybrid_falls_for_405_minutes() -> None:
    descending = packs.load("prozorro-hybrid").descending
    assert descending is not None
    assert descending.max_steps is not None
    assert (descending.max_steps + 1) * descending.interval == timedelta(minutes=405)


@pytest.mark.parametrize("pack", packs.every(), ids=packs.ids())
def test_every_value_names_its_source_or_says_that_it_is_unverified(pack: Pack) -> None:
    frame = {"id", "family", "country", "title", "in_force", "legal_basis", "currency"}
    frame |= {"timezone", "calendar", "form", "sources", "unverified"}
    for name in type(pack).model_fields:
        if name in frame or getattr(pack, name) is None:
            continue
        for path, _, _ in rows(name, pack):
            assert has_source(pack, path) or is_unverified(pack, path), path


@pytest.mark.parametrize("pack", packs.every(), ids=packs.ids())
def test_vietnamese_texts_are_vietnamese(pack: Pack) -> None:
    texts = [pack.title, *(b.text for b in pack.legal_basis), *(u.note for u in pack.unverified)]
    marks = set("ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ")
    for text in texts:
        assert marks & set(text.vi.lower()), text.vi
        assert not marks - set("éíóúáàèùâêôơ") & set(text.en.lower()), text.en


class TestSelect:
    @pytest.mark.parametrize(
        ("on", "expected"),
        [
            (date(2017, 7, 1), OLD),
            (date(2024, 12, 31), OLD),
            (date(2025, 1, 1), MIDDLE),
            (date(2026, 6, 30), MIDDLE),
            (date(2026, 7, 1), NEW),
            (date(2040, 1, 1), NEW),
        ],
    )
    def test_by_the_day_of_the_step(self, on: date, expected: str) -> None:
        assert packs.select("vn-enforcement", on).id == expected
        assert packs.select("VN", on, "ENFORCEMENT").id == expected

    def test_one_lot_over_the_change_of_law(self) -> None:
        posted = packs.select("vn-enforcement", date(2026, 6, 20))
        sold = packs.select("vn-enforcement", date(2026, 7, 10))
        assert (posted.id, sold.id) == (MIDDLE, NEW)
        assert posted.payment.extended_to is None
        assert sold.payment.extended_to is not None

    def test_a_country_with_one_family(self) -> None:
        assert packs.select("LT", date(2026, 1, 1)).id == "lt-bailiffs"

    @pytest.mark.parametrize(
        ("name", "on", "category", "match"),
        [
            ("VN", date(2026, 7, 1), None, "several rule packs .*vn-plates"),
            ("vn-enforcement", date(2017, 6, 30), None, "no rule pack is in force"),
            ("vn-plates", date(2028, 1, 1), None, "no rule pack is in force"),
            ("VN", date(2026, 7, 1), "INSOLVENCY", "no rule pack is in force"),
            ("XX", date(2026, 7, 1), None, "no rule packs for XX; there are CN"),
        ],
    )
    def test_no_answer_says_why(
        self, name: str, on: date, category: str | None, match: str
    ) -> None:
        with pytest.raises(packs.NoPackError, match=match):
            packs.select(name, on, category)

    def test_an_unknown_pack_is_refused(self) -> None:
        with pytest.raises(packs.NoPackError, match="there are cn-courts"):
            packs.load("../pack")

    def test_a_pack_is_named_as_its_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = packs.text_of("es-boe")
        monkeypatch.setattr(packs, "text_of", lambda pack_id: text)
        with pytest.raises(PackError, match="id: must be the name of the file"):
            packs.load.__wrapped__("cn-courts")

    def test_families_have_neither_gaps_nor_overlaps(self) -> None:
        for family in {pack.family for pack in packs.every()}:
            found = [pack.in_force for pack in packs.every() if pack.family == family]
            for one, other in pairwise(sorted(found, key=lambda period: period.since)):
                assert one.until is not None
                assert one.until + DAY == other.since

    def test_asked_for_packs_are_shipped(self) -> None:
        assert set(packs.ids()) == {
            OLD,
            MIDDLE,
            NEW,
            "vn-voluntary",
            "vn-plates",
            "lt-bailiffs",
            "cn-courts",
            "es-boe",
            "prozorro-hybrid",
        }
