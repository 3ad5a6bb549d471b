"""Whole lives of lots, from the draft to the end of each way through: what the table needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from auction_engine.rules.commands import Admit, CloseLot, DraftLot, ListLot
from auction_engine.rules.guards import reserve_digest
from auction_engine.rules.parts import Descent, Draws, Extension, Phase, Reserve

from .courses import (
    CLOSES,
    DAY_MS,
    DESCENT,
    END,
    LISTED,
    MILLION,
    MINUTE,
    OPENS,
    START,
    A,
    B,
    C,
    Course,
    conducted,
    deposited,
    open_lot,
    recorded,
    terms,
    window,
)

Life = Callable[[], Course]
LIVES: dict[str, Life] = {}
SALT = "3c1f"
SECRET = Reserve(commitment=reserve_digest(1_200 * MILLION, SALT), reveal_ms=DAY_MS)
ROUNDS = Extension(MINUTE, 5 * MINUTE, 2, mode="ROUNDS")
SIGNED_TOO = ("AUCTIONEER", "RECORDER", "WINNER", "OWNER", "REPRESENTATIVE")


def life(function: Life) -> Life:
    LIVES[function.__name__.replace("_", " ")] = cache(function)
    return function


def sold(**changes: object) -> Course:
    """B over A, announced."""
    lot = open_lot(terms=terms(**changes)).bids((A, 1_350), (B, 1_500)).closed()
    return lot.announced()


def failed(**changes: object) -> Course:
    """Nobody bid."""
    return open_lot(terms=terms(**changes)).closed()


# --- before the opening -----------------------------------------------------------------------


@life
def from_the_draft_to_the_sale() -> Course:
    lot = Course(None)
    lot.do(DraftLot(conducted()))
    lot.act("contract")
    lot.act("appoint", auctioneer=9_003)
    lot.do(ListLot(conducted(terms=window())))
    lot.tick(OPENS)
    for bidder in (A, B, C):
        lot.act("register", bidder)
    lot.admit(A, B)
    lot.act("refuse_registration", bidder=C, reason="The papers are not his.")
    lot.tick(CLOSES)
    lot.act("make_ready")
    lot.enter(A, B).tick(START + MINUTE)
    lot.bids((A, 1_000), (B, 1_050)).closed().announced().signed()
    lot.act("extend_payment", due_ms=lot.at_ms + 60 * DAY_MS, agreement="of 3 December")
    lot.act("record_payment", amount_minor=100 * MILLION, reference="1")
    lot.paid()
    for act in ("deliver", "file_title", "distribute", "close_file"):
        lot.act(act)
    assert lot.ended() == ("CLOSED", None)
    return lot


@life
def withdrawn_before_any_dossier() -> Course:
    lot = Course(conducted(terms=window()))
    lot.act("withdraw_lot")
    return lot


@life
def nobody_registers() -> Course:
    lot = Course(conducted(terms=window()))
    lot.tick(OPENS)
    lot.tick(CLOSES)
    assert lot.ended() == ("FAILED", "NO_REGISTRANT")
    return lot


@life
def a_change_lets_a_bidder_go() -> Course:
    lot = Course(conducted(terms=window()))
    lot.tick(OPENS)
    for bidder in (A, B, C):
        lot.act("register", bidder)
    lot.admit(A, B, C).tick(CLOSES)
    lot.refused("REGISTRATION_OVER", "withdraw_registration", A)
    lot.act("change", what="QUANTITY")
    lot.act("withdraw_registration", A)
    lot.refused("NOT_REGISTERED", Admit(A, "B-001"))
    lot.tick(START)
    assert lot.now.status == "RUNNING"
    assert A not in lot.now.admitted
    return lot


@life
def postponed_for_a_fault_and_held_again() -> Course:
    lot = Course(conducted()).admit(A, B)
    lot.act("postpone", ground="TECHNICAL_FAULT")
    lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
    lot.act("withdraw_registration", A)
    lot.act("hold", role="AGENCY", ground="COMPLAINT")
    lot.tick(START + DAY_MS)
    assert lot.ended() == ("POSTPONED", None)
    assert lot.now.life.ground == "HELD"
    lot.act("release", role="AGENCY", ground="COMPLAINT")
    lot.act("reschedule", start_ms=START + 2 * DAY_MS, end_ms=END + 2 * DAY_MS)
    lot.tick(START + 2 * DAY_MS)
    assert lot.now.status == "RUNNING"
    return lot


@life
def too_few_dossiers_for_an_auction() -> Course:
    lot = Course(conducted(terms=window()))
    lot.tick(OPENS)
    lot.act("register", A)
    lot.admit(A).tick(START)
    assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")
    return lot


@life
def a_sole_registrant_where_one_may_not_buy() -> Course:
    lot = Course(conducted(terms=window(single_bidder="NEVER")))
    lot.tick(OPENS)
    lot.act("register", A)
    lot.admit(A).tick(START)
    assert lot.ended() == ("FAILED", "SOLE_REGISTRANT")
    return lot


@life
def each_deposit_is_recorded_before_its_bidder_is_let_in() -> Course:
    lot = Course(conducted(terms=recorded()))
    lot.tick(OPENS)
    for bidder in (A, B, C):
        lot.act("register", bidder)
    lot.refused("DEPOSIT_MISSING", Admit(A, "B-001"))
    lot.deposit(A).deposit(B, means="GUARANTEE").deposit(C, means="EXEMPT").admit(A, B, C)
    lot.tick(CLOSES)
    lot.act("make_ready")
    lot.enter(A, B, C).tick(START + MINUTE)
    lot.bids((A, 1_000), (B, 1_050), (C, 1_100)).closed().announced().signed()
    # Who is exempt has paid nothing yet: the whole price is due.
    lot.refused("AMOUNT_NOT_DUE", "record_payment", amount_minor=1_101 * MILLION, reference="1")
    lot.act("record_payment", amount_minor=1_100 * MILLION, reference="1")
    assert lot.ended() == ("PAID", None)
    return lot


@life
def a_deposit_the_bank_takes_back_and_that_is_made_good() -> Course:
    lot = deposited().bids((A, 1_000), (B, 1_050))
    why = "The bank has reversed the transfer."
    lot.act("release_deposit", role="CLOCK", bidder=A, ground="BANK_REVERSAL", reason=why)
    assert lot.bid(A, 1_100) == "DEPOSIT_MISSING"
    lot.deposit(A, role="CLOCK", transfer=2_001)
    lot.bids((A, 1_100))
    return lot


# --- the bidding ------------------------------------------------------------------------------


@life
def paused_and_resumed() -> Course:
    lot = open_lot().bids((A, 1_000))
    lot.act("pause", ground="AUCTIONEER")
    lot.after(3 * MINUTE)
    lot.act("resume")
    assert lot.now.end_ms == END + 3 * MINUTE
    return lot


@life
def stopped_while_it_runs() -> Course:
    lot = open_lot().bids((A, 1_000))
    lot.act("stop", ground="REDEEMED", reason="The debtor has paid.")
    return lot


@life
def stopped_with_nothing_bid_and_held_again() -> Course:
    lot = open_lot()
    lot.act("stop", ground="NOT_FIT_FOR_AUCTION", reason="An entry in the register.")
    lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
    assert lot.now.status == "PUBLISHED"
    return lot


@life
def an_incident_in_the_window_goes_on() -> Course:
    lot = open_lot().bids((A, 1_000))
    lot.act("report_incident", role="CLOCK", what="The ledger did not answer.")
    lot.act("decide_incident", choice="CONTINUE")
    assert lot.now.status == "RUNNING"
    return lot


@life
def an_incident_in_the_window_annuls() -> Course:
    lot = open_lot().bids((A, 1_000))
    lot.act("report_incident", what="No bid could be recorded.")
    lot.act("decide_incident", choice="ANNUL")
    assert lot.ended() == ("STOPPED", None)
    return lot


@life
def an_incident_on_top_of_a_pause() -> Course:
    lot = open_lot().bids((A, 1_000), (B, 1_050))
    lot.act("pause", role="AGENCY", ground="POSTPONED")
    lot.act("report_incident", what="The server restarted.")
    lot.act("decide_incident", choice="CONTINUE")
    assert lot.now.status == "PAUSED"
    lot.act("resume", role="AGENCY")
    assert lot.now.status == "RUNNING"
    return lot


def _stood_still(lot: Course, decided: bool) -> Course:
    status = lot.now.status
    if decided:
        lot.act("report_incident", what="The display failed.")
        lot.after(MINUTE)
        lot.act("decide_incident", choice="CONTINUE")
    else:
        lot.act("pause", ground="AUCTIONEER")
        lot.after(MINUTE)
        lot.act("resume")
    assert lot.now.status == status
    return lot


def _unrevealed() -> Course:
    return open_lot(reserve=SECRET).bids((A, 1_000), (B, 1_250)).closed()


def _alone() -> Course:
    return open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()


def _determined() -> Course:
    return open_lot().bids((A, 1_000), (B, 1_050)).closed()


for _name, _lot in {"reserve": _unrevealed, "consent": _alone, "leader": _determined}.items():
    LIVES[f"a pause before the {_name} is known"] = cache(
        lambda lot=_lot: _stood_still(lot(), decided=False)
    )
    LIVES[f"an incident before the {_name} is known"] = cache(
        lambda lot=_lot: _stood_still(lot(), decided=True)
    )


@life
def further_rounds_for_late_bids() -> Course:
    lot = open_lot(extension=ROUNDS)
    lot.bid(A, 1_000, START + MINUTE)
    lot.bid(B, 1_050, END - 1)
    lot.tick(END)
    assert lot.now.life.round == 1
    lot.bid(C, 1_100, END + MINUTE)
    lot.bid(A, 1_100, END + MINUTE)
    lot.closed()
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def a_second_phase_after_the_first() -> Course:
    lot = open_lot(phases=(Phase("ASCENDING", 5 * MINUTE, "LEADER"),))
    lot.bids((A, 1_000), (B, 1_050)).tick(END)
    assert lot.now.life.stage == 1
    assert lot.bid(A, 1_200, END + MINUTE) == "NOT_IN_ROUND"
    assert lot.bid(B, 1_200, END + MINUTE) == "ACCEPTED"
    lot.closed()
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def closed_by_the_auctioneer() -> Course:
    lot = open_lot(closed_by="AUCTIONEER", end_ms=None).bids((A, 1_000), (B, 1_050))
    lot.do(CloseLot())
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def a_withdrawn_bid_and_a_disqualified_bidder() -> Course:
    lot = open_lot().bids((A, 1_000), (B, 1_050), (C, 1_100))
    lot.act("withdraw_bid", C)
    lot.act("disqualify", bidder=B, ground="COLLUSION", reason="Messages were found.")
    assert lot.now.leader == A
    return lot


@life
def everybody_withdrew() -> Course:
    lot = open_lot().bids((A, 1_000)).closed()
    assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")
    lot = open_lot().bids((A, 1_000))
    lot.act("withdraw_bid", A)
    lot.closed()
    assert lot.ended() == ("FAILED", "WITHDRAWN")
    return lot


# --- a falling price --------------------------------------------------------------------------


@life
def a_falling_price_accepted() -> Course:
    lot = open_lot(falling=True)
    lot.after(MINUTE)
    assert lot.bid(A, 950, step=1) == "ACCEPTED"
    assert lot.bid(B, 950, step=1) == "TOO_LATE"
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def a_falling_price_goes_on_after_a_withdrawal_in_a_pause() -> Course:
    lot = open_lot(falling=True)
    lot.bid(A, 1_000, step=0)
    lot.act("pause", ground="AUCTIONEER")
    lot.after(MINUTE)
    lot.act("withdraw_bid", A)
    assert lot.now.status == "PAUSED"
    lot.act("resume")
    assert lot.now.status == "RUNNING"
    return lot


@life
def a_falling_price_goes_on_after_a_refused_win() -> Course:
    lot = open_lot(falling=True)
    lot.bid(A, 1_000, step=0)
    lot.announced().act("refuse_win", A)
    assert lot.now.status == "RUNNING"
    lot.closed()
    assert lot.ended() == ("FAILED", "WIN_REFUSED")
    return lot


@life
def equal_acceptances_wait_for_the_end_of_the_step() -> Course:
    draws = Draws(MINUTE, (("HOUSE", "0" * 64), ("PROCURATOR", "1" * 64)))
    descent = replace(DESCENT, draw_same_step=True)
    lot = open_lot(falling=True, descent=descent, draws=draws, lot=7)
    lot.bid(A, 1_000, step=0)
    assert lot.now.status == "RUNNING"
    lot.closed()
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


# --- the result -------------------------------------------------------------------------------


@life
def a_secret_reserve_revealed() -> Course:
    lot = _unrevealed()
    lot.refused("NOT_THE_RESERVE", "reveal_reserve", reserve_minor=1, salt=SALT)
    lot.act("reveal_reserve", reserve_minor=1_200 * MILLION, salt=SALT)
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def a_secret_reserve_not_reached() -> Course:
    lot = open_lot(reserve=SECRET).bids((A, 1_000), (B, 1_050)).closed()
    lot.act("reveal_reserve", reserve_minor=1_200 * MILLION, salt=SALT)
    assert lot.ended() == ("FAILED", "BELOW_RESERVE")
    return lot


@life
def a_secret_reserve_never_revealed() -> Course:
    lot = _unrevealed()
    lot.due()
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def a_public_reserve_not_reached() -> Course:
    lot = open_lot(reserve=Reserve(minor=2_000 * MILLION)).bids((A, 1_000), (B, 1_050)).closed()
    assert lot.ended() == ("FAILED", "BELOW_RESERVE")
    return lot


@life
def one_bidder_with_the_owners_consent() -> Course:
    lot = _alone()
    lot.act("consent")
    assert lot.ended() == ("LEADER_DETERMINED", None)
    return lot


@life
def one_bidder_whom_the_owner_refuses() -> Course:
    lot = _alone()
    lot.act("refuse_consent", reason="A better price is expected.")
    assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")
    return lot


@life
def one_bidder_and_no_word_from_the_owner() -> Course:
    lot = _alone()
    lot.due()
    assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")
    return lot


@life
def announced_at_once_where_no_auctioneer_is() -> Course:
    lot = open_lot(terms=terms(announcement="IMMEDIATE")).bids((A, 1_000), (B, 1_050)).closed()
    assert lot.ended() == ("ANNOUNCED", None)
    return lot


@life
def an_absence_excused_and_one_not() -> Course:
    lot = Course(conducted()).admit(1, 2, 3, 4)
    lot.enter(A, B).tick(START + MINUTE)
    lot.bids((A, 1_000), (B, 1_050)).closed()
    lot.act("claim_force_majeure", C, reason="In hospital.")
    lot.announced()
    lot.act("decide_absence", bidder=C, excused=True)
    lot.after(3 * DAY_MS)
    lot.act("decide_absence", bidder=4, excused=False)
    assert lot.now.life.forfeits[4] == "ABSENT"
    return lot


# --- the minutes and the win ------------------------------------------------------------------


@life
def minutes_refused() -> Course:
    lot = sold().house_signs()
    lot.act("refuse_minutes", B)
    assert lot.ended() == ("FAILED", "MINUTES_REFUSED")
    return lot


@life
def minutes_not_signed_in_time() -> Course:
    lot = sold().house_signs()
    lot.due()
    assert lot.ended() == ("FAILED", "MINUTES_REFUSED")
    return lot


@life
def minutes_late_because_of_the_house() -> Course:
    lot = sold()
    lot.due()
    assert lot.ended() == ("ANNOUNCED", None)
    lot.after(DAY_MS)
    lot.signed()
    assert lot.ended() == ("AWAIT_PAYMENT", None)
    return lot


@life
def a_representative_who_does_not_sign() -> Course:
    lot = sold(signatories=SIGNED_TOO).signed()
    lot.act("sign_minutes", role="AGENCY", **{"as": "OWNER"})
    lot.act("note_refused_signature", who="REPRESENTATIVE")
    assert lot.ended() == ("AWAIT_PAYMENT", None)
    return lot


@life
def all_five_sign() -> Course:
    lot = sold(signatories=SIGNED_TOO)
    lot.act("note_refused_signature", who="OWNER")
    lot.act("sign_minutes", A, **{"as": "REPRESENTATIVE"})
    lot.signed()
    assert lot.ended() == ("AWAIT_PAYMENT", None)
    return lot


@life
def the_runner_up_accepts() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    lot.act("accept_offer", A)
    assert lot.ended() == ("ANNOUNCED", None)
    assert (lot.now.life.winner, lot.now.life.award_minor) == (A, 1_350 * MILLION)
    lot.signed()
    return lot


@life
def the_runner_up_accepts_and_refuses() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    lot.act("accept_offer", A)
    lot.act("refuse_win", A)
    assert lot.ended() == ("FAILED", "WIN_REFUSED")
    return lot


@life
def the_runner_up_declines() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    lot.act("decline_offer", A)
    assert lot.ended() == ("FAILED", "WIN_REFUSED")
    return lot


@life
def the_runner_up_does_not_answer() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    lot.due()
    assert lot.ended() == ("FAILED", "WIN_REFUSED")
    return lot


# --- payment and delivery ---------------------------------------------------------------------


@life
def the_deposit_is_the_whole_price() -> Course:
    lot = sold(deposit_minor=1_500 * MILLION).signed()
    assert lot.ended() == ("PAID", None)
    return lot


@life
def nothing_paid_and_the_sale_rescinded() -> Course:
    lot = sold().signed()
    lot.due()
    lot.act("rescind", reason="Nothing was paid.")
    lot.act("cut_price", starting_price_minor=900 * MILLION)
    return lot


@life
def the_buyer_rescinds() -> Course:
    lot = sold().signed().paid()
    lot.refused("DELIVERY_NOT_OVERDUE", "buyer_rescinds", B)
    lot.after(61 * DAY_MS)
    lot.act("buyer_rescinds", B)
    assert lot.now.status == "RESCINDED_BY_BUYER"
    return lot


@life
def a_suit_after_the_award_and_an_annulment() -> Course:
    lot = sold().signed().paid()
    lot.act("hold", role="COURT", ground="LITIGATION")
    lot.refused("HELD", "deliver")
    lot.act("annul", ground="COURT", reason="Judgment 12/2026.")
    assert lot.now.status == "ANNULLED"
    return lot


# --- after a failure --------------------------------------------------------------------------


@life
def a_lower_price_after_a_failure() -> Course:
    lot = failed()
    lot.refused("TOO_FEW_CUTS", "offer_in_kind")
    lot.act("cut_price", starting_price_minor=900 * MILLION)
    return lot


@life
def the_creditor_takes_it() -> Course:
    lot = failed(cuts=2, failures=2)
    lot.act("offer_in_kind")
    lot.act("take_in_kind", creditor="Bank X", top_up_minor=0)
    return lot


@life
def the_creditor_declines_and_the_price_is_cut_again() -> Course:
    lot = failed(cuts=2, failures=2)
    lot.act("offer_in_kind")
    lot.act("cut_price", starting_price_minor=950 * MILLION)
    return lot


@life
def returned_to_the_debtor() -> Course:
    lot = failed(cuts=3)
    lot.act("return_to_debtor", reason="Worth no more than the costs.")
    return lot


__all__ = ["LISTED", "LIVES", "Descent", "failed", "life", "sold"]
