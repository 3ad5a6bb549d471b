"""Each deposit is exactly one of held, applied, due back, forfeited, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auction_engine.rules.deposits import recorded
from auction_engine.rules.fates import EARNEST, HELD, REFUND_DUE, Fate, deposit_fates
from auction_engine.rules.terms import FORFEIT_GROUNDS

from .courses import CLOSES, DAY_MS, OPENS, A, B, C, Course, conducted, open_lot, terms, window
from .lives import LIVES, failed, sold

STATE = "STATE_BUDGET_AFTER_COSTS"


def lost(ground: str, to: str = STATE) -> Fate:
    return Fate("FORFEITED", ground, to)


def registering() -> Course:
    lot = Course(conducted(terms=window()))
    lot.tick(OPENS)
    for bidder in (A, B, C):
        lot.act("register", bidder)
    lot.admit(A)
    lot.act("refuse_registration", bidder=B, reason="A relative of the valuer.")
    lot.act("withdraw_registration", C)
    lot.tick(CLOSES)
    return lot


def running() -> Course:
    lot = open_lot().bids((C, 1_000), (A, 1_350), (B, 1_500))
    lot.act("withdraw_bid", C)
    return lot


def stopped() -> Course:
    lot = running()
    lot.act("stop", ground="REDEEMED", reason="paid")
    return lot


def annulled_by_a_fault() -> Course:
    lot = running()
    lot.act("report_incident", what="x")
    lot.act("decide_incident", choice="ANNUL")
    return lot


def signed() -> Course:
    return sold().signed()


def house_signed_and_the_winner() -> Course:
    lot = sold()
    lot.act("sign_minutes", B, **{"as": "WINNER"})
    return lot


def far_behind() -> Course:
    return open_lot().bids((A, 1_000), (B, 9_000)).closed().announced()


def offered() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    return lot


def accepted() -> Course:
    lot = offered()
    lot.act("accept_offer", A)
    return lot


def minutes_refused() -> Course:
    lot = sold()
    lot.act("refuse_minutes", B)
    return lot


def defaulted() -> Course:
    lot = signed()
    lot.due()
    return lot


def rescinded() -> Course:
    lot = defaulted()
    lot.act("rescind", reason="x")
    return lot


def buyer_gone() -> Course:
    lot = signed().paid()
    lot.after(61 * DAY_MS)
    lot.act("buyer_rescinds", B)
    return lot


def annulled(ground: str) -> Callable[[], Course]:
    def make() -> Course:
        lot = defaulted()
        lot.act("annul", ground=ground, reason="x")
        return lot

    return make


def absent(decision: bool | None) -> Callable[[], Course]:
    def make() -> Course:
        lot = Course(conducted()).admit(A, B, C).enter(A, B)
        lot.tick(lot.now.params.start_ms)
        lot.bids((A, 1_350), (B, 1_500)).closed().announced()
        if decision is not None:
            lot.act("claim_force_majeure", C, reason="x")
            lot.act("decide_absence", bidder=C, excused=decision)
        return lot

    return make


def to_the_owner() -> Course:
    lot = open_lot(terms=terms(forfeit_beneficiaries=(("WITHDREW", "OWNER"),)))
    lot.bids((A, 1_000)).act("withdraw_bid", A)
    return lot


ROWS: list[tuple[Callable[[], Course], dict[int, Fate]]] = [
    (registering, {A: HELD, B: REFUND_DUE, C: REFUND_DUE}),
    (running, {A: HELD, B: HELD, C: lost("WITHDREW")}),
    (stopped, {A: REFUND_DUE, B: REFUND_DUE, C: lost("WITHDREW")}),
    (annulled_by_a_fault, {A: REFUND_DUE, B: REFUND_DUE, C: REFUND_DUE}),
    (failed, {A: REFUND_DUE, B: REFUND_DUE, C: REFUND_DUE}),
    (sold, {A: HELD, B: EARNEST, C: REFUND_DUE}),
    (far_behind, {A: REFUND_DUE, B: EARNEST, C: REFUND_DUE}),
    (house_signed_and_the_winner, {A: REFUND_DUE, B: EARNEST, C: REFUND_DUE}),
    (signed, {A: REFUND_DUE, B: EARNEST, C: REFUND_DUE}),
    (offered, {A: HELD, B: lost("REFUSED_WIN"), C: REFUND_DUE}),
    (accepted, {A: EARNEST, B: lost("REFUSED_WIN"), C: REFUND_DUE}),
    (minutes_refused, {A: REFUND_DUE, B: lost("REFUSED_MINUTES"), C: REFUND_DUE}),
    (defaulted, {A: REFUND_DUE, B: lost("PAYMENT_DEFAULT", "ENFORCEMENT_AGENCY")}),
    (rescinded, {A: REFUND_DUE, B: lost("PAYMENT_DEFAULT", "ENFORCEMENT_AGENCY")}),
    (buyer_gone, {A: REFUND_DUE, B: REFUND_DUE}),
    (annulled("COURT"), {A: REFUND_DUE, B: lost("PAYMENT_DEFAULT", "ENFORCEMENT_AGENCY")}),
    (annulled("TECHNICAL_FAULT"), {A: REFUND_DUE, B: REFUND_DUE}),
    (absent(None), {A: HELD, B: EARNEST, C: HELD}),
    (absent(True), {A: HELD, B: EARNEST, C: REFUND_DUE}),
    (absent(False), {A: HELD, B: EARNEST, C: lost("ABSENT")}),
    (to_the_owner, {A: lost("WITHDREW", "OWNER"), B: HELD, C: HELD}),
]


@pytest.mark.parametrize(("lot", "fates"), ROWS, ids=[row[0].__name__ for row in ROWS])
def test_what_becomes_of_the_deposits(lot: Callable[[], Course], fates: dict[int, Fate]) -> None:
    found = deposit_fates(lot().now)
    assert {bidder: found[bidder] for bidder in fates} == fates


@pytest.mark.parametrize("name", LIVES)
def test_every_deposit_of_every_life_has_one_fate(name: str) -> None:
    state = LIVES[name]().now
    fates = deposit_fates(state)
    if recorded(state):
        exempt = {b for b, held in state.life.deposits.items() if held.means == "EXEMPT"}
        assert set(fates) == set(state.life.deposits) - exempt
    else:
        assert set(fates) == {*state.admitted, *state.life.registered}
    grounds = {fate.ground for fate in fates.values()} - {None}
    assert grounds <= {*FORFEIT_GROUNDS, "PAYMENT_DEFAULT"}


def test_the_fates_are_in_the_order_of_the_accounts() -> None:
    state = running().now
    turned = state._replace(admitted=dict(reversed(list(state.admitted.items()))))
    assert list(deposit_fates(turned).items()) == list(deposit_fates(state).items())


def test_a_lot_without_bidders_has_no_deposits() -> None:
    assert deposit_fates(Course(conducted()).now) == {}
