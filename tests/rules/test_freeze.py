"""Freezing a lot: what the pack decides, what the organisation does, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from auction_engine.rules import calendar as days
from auction_engine.rules import packs, strict_yaml
from auction_engine.rules.descending import ladder
from auction_engine.rules.draft import Draft, Keys
from auction_engine.rules.freeze import freeze, params_of
from auction_engine.rules.pack import Pack, from_data, pack_hash
from auction_engine.rules.params import LotParams, ParamsError
from auction_engine.rules.parts import Confirm, Descent, Draws, Extension, Phase, Reserve
from auction_engine.rules.publication import Blocked
from auction_engine.rules.sealing_keys import public_key_of, write_private_key
from auction_engine.rules.terms import DAY_MS, Terms

from .drafts import DRAFT, HANOI, MILLION, MINUTE_MS, NEW, OPENING, draft

END = OPENING + 30 * MINUTE_MS
VOLUNTARY = packs.load("vn-voluntary")
PUBLIC = tuple(public_key_of(write_private_key(bytes([n]) * 32)) for n in range(1, 5))
COMMITMENTS = (("house", "0" * 64), ("procurator", "1" * 64))
KEYS = Keys(PUBLIC[:2], PUBLIC[2:], COMMITMENTS)


def pack_with(name: str, path: str, value: Any) -> Pack:
    whole = strict_yaml.load(packs.text_of(name))
    at: Any = whole
    *parents, last = path.split(".")
    for step in parents:
        at = at[step]
    at[last] = value
    return from_data(whole, name)


def terms_of(params: LotParams) -> Terms:
    assert params.terms is not None
    return params.terms


def own(**changes: Any) -> Draft:
    """The draft as voluntary property."""
    return draft(category="VOLUNTARY", **changes)


class TestEnforcement:
    PARAMS = freeze(NEW, DRAFT)

    def test_the_choices_are_in_it(self) -> None:
        params = self.PARAMS
        assert (params.currency, params.minor_digits) == ("VND", 0)
        assert (params.starting_price_minor, params.increment_minor) == (
            1_000 * MILLION,
            50 * MILLION,
        )
        assert (params.start_ms, params.end_ms) == (OPENING, END)

    def test_the_pack_decides_the_rest(self) -> None:
        params = self.PARAMS
        assert params.method == "ASCENDING"
        assert params.increment_rule == "MIN_DELTA"
        assert params.extension is None
        assert params.confirm == Confirm(30_000, 10)
        assert params.phases == ()
        assert not params.allow_self_raise
        assert not params.automatic_bids

    def test_it_names_pack_and_hash_and_survives_the_journal(self) -> None:
        assert (self.PARAMS.pack, self.PARAMS.pack_hash) == (NEW.id, pack_hash(NEW))
        assert LotParams.from_json(self.PARAMS.to_json()) == self.PARAMS

    def test_the_terms_are_the_laws(self) -> None:
        terms = terms_of(self.PARAMS)
        assert terms.deposit_minor == 200 * MILLION
        assert (terms.min_participants, terms.single_bidder) == (2, "CONSENT")
        assert (terms.single_after_failures, terms.runner_up) == (1, "DEPOSIT_COVERS")
        assert (terms.runner_up_depth, terms.max_cut_bp, terms.in_kind_after_cuts) == (1, 1_000, 2)
        assert terms.registration_close_ms == DRAFT.registration_close_ms
        assert terms.signatories == ("AUCTIONEER", "RECORDER", "WINNER")
        assert terms.announcement == "AUCTIONEER"
        assert len(terms.forfeit_grounds) == 5
        assert (terms.offer_ms, terms.consent_ms) == (DAY_MS, 3 * DAY_MS)

    @pytest.mark.parametrize(
        ("name", "last"),
        [
            ("minutes_ms", date(2026, 10, 20)),
            ("claim_ms", date(2026, 10, 22)),
            ("payment_ms", date(2026, 11, 18)),
            ("payment_extended_ms", date(2026, 12, 18)),
        ],
    )
    def test_times_reach_to_the_last_moment_of_the_laws_last_day(
        self, name: str, last: date
    ) -> None:
        assert END + getattr(terms_of(self.PARAMS), name) == days.end_of_day_ms(last, HANOI)

    def test_a_payment_due_on_a_sunday_is_due_on_monday(self) -> None:
        friday = days.at_time_ms(date(2026, 10, 16), "09:00", HANOI)
        params = params_of(NEW, draft(opening_ms=friday, end_ms=friday + 30 * MINUTE_MS))
        due = friday + 30 * MINUTE_MS + terms_of(params).payment_ms
        assert days.local_day(due, HANOI) == date(2026, 11, 16)

    def test_before_july_2026_there_was_no_longer_time_to_pay(self) -> None:
        old = packs.load("vn-enforcement-2025")
        assert terms_of(params_of(old, DRAFT)).payment_extended_ms is None

    def test_a_lot_cut_twice_carries_its_history(self) -> None:
        params = freeze(
            NEW,
            draft(
                starting_price_minor=810 * MILLION,
                previous_start_minor=900 * MILLION,
                deposit_minor=81 * MILLION,
                failures=2,
                cuts=2,
            ),
        )
        terms = terms_of(params)
        assert (terms.failures, terms.cuts, terms.previous_start_minor) == (2, 2, 900 * MILLION)

    def test_state_property_never_goes_to_a_single_bidder(self) -> None:
        assert terms_of(params_of(NEW, draft(category="STATE"))).single_bidder == "NEVER"

    def test_another_pack_is_another_hash(self) -> None:
        other = pack_with(NEW.id, "payment.due", {"days": 20})
        assert freeze(other, DRAFT).pack_hash != self.PARAMS.pack_hash
        assert freeze(other, DRAFT).rules_hash != self.PARAMS.rules_hash


class TestRefused:
    def test_what_may_not_be_published_is_not_frozen(self) -> None:
        with pytest.raises(Blocked) as caught:
            freeze(NEW, draft(posting_proof=None, deposit_minor=1))
        assert [finding.code for finding in caught.value.findings] == [
            "DEPOSIT_LOW",
            "POSTING_PROOF",
        ]

    @pytest.mark.parametrize(
        "name", ["starting_price_minor", "increment_minor", "opening_ms", "end_ms", "deposit_minor"]
    )
    def test_without_the_check_what_is_missing_still_is(self, name: str) -> None:
        with pytest.raises(ParamsError) as caught:
            params_of(NEW, draft(**{name: None}))
        assert caught.value.path == name

    def test_a_method_the_pack_does_not_have(self) -> None:
        with pytest.raises(ParamsError, match="has no descending auctions"):
            params_of(NEW, draft(method="DESCENDING", end_ms=None))

    @pytest.mark.parametrize("method", ["DESCENDING", "SEALED"])
    def test_its_parts_must_be_there(self, method: Any) -> None:
        with pytest.raises(ParamsError, match="is missing"):
            params_of(VOLUNTARY, own(method=method))


class TestExtension:
    MOST = 1_000_000

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("vn-plates", Extension(25 * MINUTE_MS, 30_000, 10, None, "ROUNDS")),
            ("lt-bailiffs", Extension(5 * MINUTE_MS, 5 * MINUTE_MS, MOST)),
            ("cn-courts", Extension(5 * MINUTE_MS, 5 * MINUTE_MS, MOST)),
            ("es-boe", Extension(60 * MINUTE_MS, 60 * MINUTE_MS, MOST, DAY_MS)),
        ],
    )
    def test_as_the_pack_has_it(self, name: str, expected: Extension) -> None:
        assert params_of(packs.load(name), DRAFT).extension == expected

    def test_as_the_auction_rules_choose_it(self) -> None:
        late = params_of(NEW, draft(extension="LAST_MINUTES"))
        assert late.extension == Extension(5 * MINUTE_MS, 5 * MINUTE_MS, self.MOST)
        chosen = draft(
            extension="LAST_MINUTES",
            extension_trigger_ms=MINUTE_MS,
            extension_by_ms=2 * MINUTE_MS,
            extension_max_count=3,
        )
        assert params_of(NEW, chosen).extension == Extension(MINUTE_MS, 2 * MINUTE_MS, 3)

    def test_until_silence_listens_as_long_as_it_extends(self) -> None:
        chosen = own(extension="UNTIL_SILENCE", extension_by_ms=3 * MINUTE_MS)
        extension = params_of(VOLUNTARY, chosen).extension
        assert extension is not None
        assert extension.trigger_ms == extension.by_ms == 3 * MINUTE_MS


class TestOtherMethods:
    FALL = Descent("LINEAR", MINUTE_MS, floor_minor=500 * MILLION, step_minor=50 * MILLION)

    def test_a_descending_lot_of_an_owner(self) -> None:
        params = freeze(VOLUNTARY, own(method="DESCENDING", end_ms=None, descent=self.FALL))
        assert (params.method, params.end_ms, params.descent) == ("DESCENDING", None, self.FALL)
        assert params.extension is None
        assert params.draws is None

    def test_automatic_bids_and_extensions_are_for_ascending_lots(self) -> None:
        chosen = own(method="SEALED", keys=KEYS, automatic_bids=True, extension="LAST_MINUTES")
        params = params_of(VOLUNTARY, chosen)
        assert not params.automatic_bids
        assert params.extension is None

    def test_where_acceptances_of_one_step_are_drawn_by_lot(self) -> None:
        pack = pack_with("vn-voluntary", "tie.descending", "DRAW_LOTS")
        params = freeze(pack, own(method="DESCENDING", end_ms=None, descent=self.FALL, keys=KEYS))
        assert params.descent == replace(self.FALL, draw_same_step=True)
        assert params.draws == Draws(60 * MINUTE_MS, COMMITMENTS)

    def test_a_sealed_lot(self) -> None:
        params = freeze(VOLUNTARY, own(method="SEALED", keys=KEYS, lot=7))
        sealed = params.sealed
        assert sealed is not None
        assert (sealed.public_keys, sealed.rebid_public_keys) == (PUBLIC[:2], PUBLIC[2:])
        assert (sealed.open_ms, sealed.rebid_ms) == (DAY_MS, 15 * MINUTE_MS)
        assert sealed.tie == ("RE_BID_TIED", "DRAW_LOTS")
        assert params.lot == 7

    def test_the_hybrid_is_three_phases(self) -> None:
        hybrid = packs.load("prozorro-hybrid")
        params = params_of(hybrid, draft(method="DESCENDING", end_ms=None, keys=KEYS))
        prices = ladder(params)
        assert len(prices) == 100
        assert prices[1] == 990 * MILLION
        assert prices[-1] == 10 * MILLION
        assert params.descent is not None
        assert len(prices) * params.descent.interval_ms == 405 * MINUTE_MS
        sealed, best = params.phases
        assert (sealed.method, sealed.duration_ms) == ("SEALED", 10 * MINUTE_MS)
        assert sealed.admission == "ALL_BUT_LEADER"
        assert sealed.sealed is not None
        assert sealed.sealed.tie == ("FIRST_RECORDED",)
        assert sealed.sealed.rebid_public_keys == ()
        assert best == Phase("ASCENDING", 5 * MINUTE_MS, "LEADER")

    def test_steps_of_the_price_before(self) -> None:
        whole = strict_yaml.load(packs.text_of("prozorro-hybrid"))
        whole["descending"] |= {
            "shapes": ["PERCENT_OF_PREVIOUS"],
            "default": "PERCENT_OF_PREVIOUS",
            "step_bp": 1_000,
            "max_steps": 3,
        }
        pack = from_data(whole, "steps.yaml")
        params = params_of(
            pack, draft(method="DESCENDING", end_ms=None, keys=KEYS, starting_price_minor=1_000)
        )
        assert ladder(params) == (1_000, 900, 810, 729)


class TestPrices:
    def test_a_table_of_increments(self) -> None:
        table = ((100, 5), (None, 10))
        params = params_of(VOLUNTARY, own(increment_rule="TABLE", increment_table=table))
        assert (params.increment_rule, params.increment_table) == ("TABLE", table)

    def test_a_table_of_the_pack(self) -> None:
        rows = [{"below_minor": 100, "step_minor": 5}, {"step_minor": 10}]
        pack = pack_with("vn-voluntary", "increment.table", rows)
        params = params_of(pack, own(increment_rule="TABLE"))
        assert params.increment_table == ((100, 5), (None, 10))

    def test_a_table_that_is_not_used_is_left_out(self) -> None:
        assert params_of(VOLUNTARY, own(increment_table=((None, 10),))).increment_table == ()

    def test_plates_rise_by_multiples_from_the_start(self) -> None:
        assert params_of(packs.load("vn-plates"), DRAFT).increment_rule == "FROM_START_MULTIPLE"

    def test_a_reserve_is_the_owners(self) -> None:
        public = Reserve(minor=5)
        assert params_of(VOLUNTARY, own(reserve=public)).reserve == public
        secret = Reserve(commitment="a" * 64, reveal_ms=1)
        expected = Reserve(commitment="a" * 64, reveal_ms=60 * MINUTE_MS)
        assert params_of(VOLUNTARY, own(reserve=secret)).reserve == expected

    def test_automatic_bids_are_the_packs_default_or_the_choice(self) -> None:
        lt = packs.load("lt-bailiffs")
        assert params_of(lt, DRAFT).automatic_bids
        assert not params_of(lt, draft(automatic_bids=False)).automatic_bids
        assert params_of(NEW, draft(automatic_bids=True)).automatic_bids

    def test_where_nothing_is_unusual_nothing_is_confirmed(self) -> None:
        pack = pack_with("vn-voluntary", "confirm", {})
        assert params_of(pack, own()).confirm is None

    def test_packs_without_price_cuts_set_no_limit(self) -> None:
        terms = terms_of(params_of(VOLUNTARY, own()))
        assert (terms.max_cut_bp, terms.in_kind_after_cuts) == (10_000, None)

    def test_a_start_by_share_of_the_value_is_no_cut(self) -> None:
        lt = packs.load("lt-bailiffs")
        second = draft(failures=1, cuts=1, previous_start_minor=80_001, starting_price_minor=60_000)
        assert terms_of(params_of(lt, second)).previous_start_minor is None


@pytest.mark.parametrize("name", [name for name in packs.ids() if name != "prozorro-hybrid"])
def test_every_pack_makes_a_lot(name: str) -> None:
    pack = packs.load(name)
    opening = days.at_time_ms(date(2026, 3, 2), "09:00", pack.timezone)
    params = params_of(pack, draft(opening_ms=opening, end_ms=opening + DAY_MS, keys=KEYS))
    assert LotParams.from_json(params.to_json()) == params
    assert params.pack == name
