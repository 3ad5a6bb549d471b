"""The model of a rule pack: what it refuses, how it says so, its canonical form and hash."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auction_engine.rules import packs, strict_yaml
from auction_engine.rules.pack import (
    Pack,
    canonical_json,
    from_data,
    has_source,
    is_unverified,
    pack_hash,
    parse,
    reference,
    value_at,
)
from auction_engine.rules.pack_base import Part
from auction_engine.rules.pack_errors import PackError

NAME = "vn-enforcement-2026-07.yaml"
TEXT = packs.text_of("vn-enforcement-2026-07")


def data() -> dict[str, Any]:
    loaded: dict[str, Any] = strict_yaml.load(TEXT)
    return loaded


def changed(path: str, value: Any) -> dict[str, Any]:
    """The pack's data with one value replaced or added."""
    whole = data()
    at: Any = whole
    *parents, last = path.split(".")
    for step in parents:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[last] = value
    return whole


def lines_of(whole: object) -> list[str]:
    with pytest.raises(PackError) as caught:
        from_data(whole, NAME)
    assert str(caught.value) == "\n".join(caught.value.lines())
    return caught.value.lines()


class TestErrors:
    @pytest.mark.parametrize(
        ("path", "value", "line"),
        [
            ("deposit.max_bp", 400, "deposit.max_bp: must be at least min_bp"),
            ("deposit.max_bp", 10_001, "deposit.max_bp: must be at most 10000"),
            ("deposit.min_bp", -1, "deposit.min_bp: must be at least 0"),
            ("deposit.min_bp", 5.0, "deposit.min_bp: must be a whole number"),
            ("deposit.min_bp", "500", "deposit.min_bp: must be a whole number"),
            ("deposit.min_bp", True, "deposit.min_bp: must be a whole number"),
            ("deposit.guarantee", 1, "deposit.guarantee: must be true or false"),
            ("deposit.percent", 5, "deposit.percent: is not a parameter of a rule pack"),
            ("window.min.movable", "15m", "window.min.movable: must be an ISO 8601 duration such"),
            ("window.min.movable", "PT0M", "window.min.movable: must be longer than nothing"),
            ("posting.movable", {"weeks": 1}, "posting.movable.weeks: is not a parameter"),
            ("posting.movable", {}, "posting.movable: must give exactly one of working_days"),
            ("posting.movable", {"days": 1, "years": 1}, "posting.movable: must give exactly one"),
            ("posting.movable", 7, "posting.movable: must be a group of parameters"),
            ("timezone", "Asia/Hanoi", "timezone: Asia/Hanoi is not a time zone"),
            ("timezone", "../etc", "timezone: ../etc is not a time zone"),
            ("calendar", "vn@1", "calendar: vn@1 is not a calendar; there are vn-public"),
            ("currency.code", "dong", "currency.code: must have the form"),
            ("in_force.since", "July", "in_force.since: must be a date such as 2026-07-01"),
            ("in_force.until", "2020-01-01", "in_force.until: must not be before since"),
            ("minutes.signatories", ["OWNER"], "minutes.signatories: the winner signs"),
            ("increment.default", "TABLE", "increment.default: must be one of the allowed rules"),
            ("increment.allowed", [], "increment.allowed: must not be empty"),
            ("tie.sealed", ["DRAW_LOTS"] * 2, "tie.sealed: must be one of: RE_BID_TIED, then DRAW"),
            ("tie.draw_within", None, "tie.draw_within: goes with DRAW_LOTS, and only with it"),
            ("reserve.allowed", ["NONE", "NONE"], "reserve.allowed: names something twice"),
            ("extension.by", None, "extension.by: is needed by every mode but NONE"),
            ("payment.extended_to", {"days": 20}, "payment.extended_to: must be longer than due"),
            ("payment.extended_to", {"months": 2}, "payment.extended_to: must be in the unit of"),
            ("runner_up.policy", "NONE", "runner_up.depth: must be 0 with the policy NONE"),
            ("notice.gap", None, "notice.gap: goes with more than one notice"),
            ("registration.closes_at", None, "registration.closes_at: goes with until: BEFORE"),
            ("fees.enforcement.tiers.1.over_minor", 0, "fees.enforcement.tiers.1.over_minor: must"),
            ("descending", {"shapes": []}, "descending.shapes: must not be empty"),
            ("title", {"vi": "a"}, "title.en: is missing"),
            ("methods", {}, "methods: must not be empty"),
            ("methods.LOOT", ["ASCENDING"], "methods.LOOT: must be one of ENFORCEMENT"),
        ],
    )
    def test_a_fault_names_its_path(self, path: str, value: Any, line: str) -> None:
        found = lines_of(changed(path, value))
        assert any(one.startswith(f"{NAME}: {line}") for one in found), found

    def test_every_fault_is_told_at_once(self) -> None:
        whole = changed("deposit.max_bp", 400)
        whole["viewing"]["min_days"] = 0
        whole["colour"] = "red"
        del whole["refund"]["losers"]
        whole["sources"]["deposits.min_bp"] = "Law"
        whole["unverified"].append({"path": "nothing.here", "note": {"vi": "a", "en": "b"}})
        paths = {line.split(": ")[1] for line in lines_of(whole)}
        assert paths == {
            "deposit.max_bp",
            "viewing.min_days",
            "colour",
            "refund.losers",
            "sources.deposits.min_bp",
            f"unverified.{len(whole['unverified']) - 1}.path",
        }

    def test_a_missing_section_is_named(self) -> None:
        whole = data()
        del whole["forfeit"]
        assert f"{NAME}: forfeit: is missing" in lines_of(whole)

    @pytest.mark.parametrize("whole", [None, [], "text", 3])
    def test_something_else_than_a_pack(self, whole: object) -> None:
        assert lines_of(whole) == [f"{NAME}: must be a group of parameters"]

    def test_a_key_given_twice_names_the_line(self) -> None:
        text = TEXT.replace("  min_bp: 500\n", "  min_bp: 500\n  min_bp: 100\n", 1)
        line = text.split("\n").index("  min_bp: 100") + 1
        with pytest.raises(PackError) as caught:
            parse(text, NAME)
        assert caught.value.lines() == [
            f"{NAME}: line {line}: `min_bp` is given twice, first in line {line - 1}"
        ]

    def test_broken_yaml_names_the_line(self) -> None:
        assert packs.check("id: [1\n", "mine.yaml")[0].startswith("mine.yaml: line 2: ")

    def test_a_good_pack_has_no_faults(self) -> None:
        assert packs.check(TEXT, NAME) == []


ROW = {"step_minor": 5}
FALL = {"default": "LINEAR", "interval": "PT1M"}
BOTH = {"movable": "PT10M", "immovable": "PT10M"}


class TestSectionsAgree:
    """Values that are fine by themselves and not beside each other."""

    @pytest.mark.parametrize(
        ("name", "path", "value", "line"),
        [
            ("vn-voluntary", "increment.table", [ROW, ROW], "increment.table.0.below_minor: must"),
            (
                "vn-voluntary",
                "increment.table",
                [{"below_minor": 9, **ROW}, {"below_minor": 9, **ROW}, ROW],
                "increment.table.1.below_minor: must be above the row before",
            ),
            (
                "vn-voluntary",
                "increment.table",
                [{"below_minor": 9, **ROW}],
                "increment.table.0.below_minor: the last row has no limit",
            ),
            (NAME, "increment.table", [ROW], "increment.table: goes with the rule TABLE"),
            (NAME, "extension.trigger", None, "extension.trigger: is needed by LAST_MINUTES"),
            (NAME, "automatic_bids", {"allowed": False, "default": True}, "automatic_bids.default"),
            (NAME, "reserve.allowed", ["SECRET"], "reserve.reveal_within: goes with SECRET"),
            ("vn-voluntary", "reserve.allowed", ["NONE"], "reserve.reveal_within: goes with SECR"),
            (NAME, "window.max", BOTH, "window.max.movable: must be at least min.movable"),
            (NAME, "single_bidder.consent_within", None, "single_bidder.consent_within: goes with"),
            ("vn-plates", "ban.max_months", 11, "ban.max_months: must be at least min_months"),
            (NAME, "re_auction.in_kind_price", None, "re_auction.in_kind_price: goes with in_kind"),
            (NAME, "priority_purchase.mode", "MATCH_HIGHEST", "priority_purchase.first: has no"),
            (NAME, "start_price.of_basis_bp", None, "start_price.of_basis_bp: goes with the basis"),
            (NAME, "start_price.fixed_minor", {"CAR": 5}, "start_price.fixed_minor: goes with the"),
            (
                "vn-voluntary",
                "descending",
                {"shapes": ["LINEAR"], "floor": "BY_STEPS", **FALL},
                "descending.floor: BY_STEPS needs step_bp and max_steps",
            ),
            (
                "vn-voluntary",
                "descending.default",
                "CURVE",
                "descending.default: must be one of LINEAR",
            ),
            ("vn-voluntary", "descending", None, "descending: goes with the method DESCENDING"),
            ("vn-voluntary", "sealed", None, "sealed: goes with the method SEALED"),
            (
                NAME,
                "descending",
                {"shapes": ["LINEAR"], "floor": "REQUIRED", **FALL},
                "descending: goes with the method DESCENDING, and only with it",
            ),
            (
                "prozorro-hybrid",
                "phases.1.duration",
                None,
                "phases.1.duration: is given for every phase but a descending one",
            ),
            ("prozorro-hybrid", "phases.0.duration", "PT1H", "phases.0.duration: is given for"),
            (NAME, "payment.extension_needs", None, "payment.extension_needs: goes with extended"),
            (NAME, "deposit.window.opens_before", {"days": 3}, "deposit.window.opens_before: goes"),
            (NAME, "fees.auction.max_minor", 5, "fees.auction.max_minor: must be at least min"),
        ],
    )
    def test_what_does_not_go_together(self, name: str, path: str, value: Any, line: str) -> None:
        file = name.removesuffix(".yaml")
        whole = strict_yaml.load(packs.text_of(file))
        at: Any = whole
        *parents, last = path.split(".")
        for step in parents:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = value
        with pytest.raises(PackError) as caught:
            from_data(whole, NAME)
        assert any(one.startswith(f"{NAME}: {line}") for one in caught.value.lines()), str(
            caught.value
        )


class TestForfeitGrounds:
    def test_a_pack_may_not_add_a_ground(self) -> None:
        grounds = ["ABSENT", "LATE_LOGIN"]
        found = lines_of(changed("forfeit.grounds", grounds))
        assert found[0] == (
            f"{NAME}: forfeit.grounds.1: LATE_LOGIN is not a ground of forfeiture. The law's list"
            " is closed, nobody may add to it (Law 01/2016 Art. 39(6)-(7)): ABSENT, DISQUALIFIED,"
            " REFUSED_MINUTES, WITHDREW, REFUSED_WIN"
        )

    def test_a_pack_may_leave_one_out(self) -> None:
        whole = changed("forfeit.grounds", ["ABSENT"])
        whole["forfeit"]["beneficiaries"] = {"ABSENT": "OWNER", "PAYMENT_DEFAULT": "OWNER"}
        assert from_data(whole, NAME).forfeit.grounds == ("ABSENT",)

    def test_each_ground_and_default_has_a_beneficiary(self) -> None:
        whole = data()
        del whole["forfeit"]["beneficiaries"]["PAYMENT_DEFAULT"]
        del whole["forfeit"]["beneficiaries"]["WITHDREW"]
        whole["forfeit"]["beneficiaries"]["LATE"] = "OWNER"
        paths = [line.split(": ")[1] for line in lines_of(whole)]
        assert paths == [
            f"forfeit.beneficiaries.{name}" for name in ("PAYMENT_DEFAULT", "WITHDREW", "LATE")
        ]


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("deposit.min_bp", 500),
            ("fees.enforcement.tiers.4.rate_bp", 1),
            ("forfeit.beneficiaries.PAYMENT_DEFAULT", "ENFORCEMENT_AGENCY"),
            ("parking.after.days", 10),
            ("ban", None),
        ],
    )
    def test_a_value_by_its_path(self, path: str, value: object) -> None:
        assert value_at(packs.load("vn-enforcement-2026-07"), path) == value

    @pytest.mark.parametrize(
        "path", ["deposits", "deposit.min", "fees.enforcement.tiers.9", "id.x", "tie.sealed.-1", ""]
    )
    def test_a_path_to_nowhere(self, path: str) -> None:
        with pytest.raises(KeyError):
            value_at(packs.load("vn-enforcement-2026-07"), path)

    def test_the_nearest_source_is_the_reference(self) -> None:
        pack = packs.load("vn-enforcement-2026-07")
        assert reference(pack, "deposit.window.close_before") == "Law 01/2016/QH14 Art. 39(2)"
        assert reference(pack, "deposit.min_bp") == "Law 01/2016/QH14 Art. 39(1)"
        assert reference(pack, "calendar") == pack.legal_basis[0].ref
        assert not has_source(pack, "calendar")

    def test_a_mark_holds_for_what_is_below_it(self) -> None:
        pack = packs.load("vn-enforcement-2026-07")
        assert is_unverified(pack, "posting.movable")
        assert is_unverified(pack, "deposit.cash_below_minor")
        assert not is_unverified(pack, "deposit.min_bp")
        assert not is_unverified(pack, "deposit")


class TestCanonicalForm:
    def test_it_gives_the_same_pack_again(self) -> None:
        for pack in packs.every():
            assert from_data(json.loads(canonical_json(pack)), pack.id) == pack

    def test_comments_and_order_do_not_change_the_hash(self) -> None:
        pack = packs.load("vn-enforcement-2026-07")
        turned = dict(reversed(data().items()))
        assert pack_hash(from_data(turned, NAME)) == pack_hash(pack)
        assert pack_hash(parse(f"# a remark\n{TEXT}\n", NAME)) == pack_hash(pack)

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("deposit.max_bp", 1_999),
            ("window.min.movable", "PT16M"),
            ("extension.max_count", 3),
            ("title.en", "Another"),
            ("in_force.until", "2030-01-01"),
        ],
    )
    def test_any_other_change_does(self, path: str, value: Any) -> None:
        other = from_data(changed(path, value), NAME)
        assert pack_hash(other) != pack_hash(packs.load("vn-enforcement-2026-07"))

    def test_equal_durations_are_one(self) -> None:
        one = from_data(changed("single_bidder.consent_within", "PT72H"), NAME)
        assert pack_hash(one) == pack_hash(packs.load("vn-enforcement-2026-07"))

    def test_the_hash_is_sha256_in_lower_case_hexadecimal(self) -> None:
        text = pack_hash(packs.load("cn-courts"))
        assert len(text) == 64
        assert set(text) <= set("0123456789abcdef")

    def test_a_pack_cannot_be_changed(self) -> None:
        pack = packs.load("vn-enforcement-2026-07")
        with pytest.raises(ValueError, match="frozen"):
            pack.min_participants = 1  # type: ignore[misc]


def test_nothing_in_the_model_has_a_default_but_absence() -> None:
    """An optional parameter added later must not change what, or as what, an older pack hashes."""
    models = Part.__subclasses__()
    assert Pack in models
    for model in models:
        for name, field in model.model_fields.items():
            assert field.is_required() or field.default is None, f"{model.__name__}.{name}"
