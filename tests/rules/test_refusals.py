"""Every way to be refused, by guard: what is asked of which lot, and the code that comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from auction_engine.rules import guards
from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    CloseLot,
    Command,
    DraftLot,
    ListLot,
    Tick,
)
from auction_engine.rules.events import Reason
from auction_engine.rules.parts import Confirm, Phase
from auction_engine.rules.terms import FORFEIT_GROUNDS

from .courses import (
    CLOSES,
    DAY_MS,
    DESCENT,
    END,
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
from .lives import SALT, SECRET, SIGNED_TOO, failed, sold
from .test_lifecycle import codes_in_source

ask = Course.command


def nothing() -> Course:
    return Course(None)


def draft() -> Course:
    lot = Course(None)
    lot.do(DraftLot(conducted()))
    return lot


def published() -> Course:
    return Course(conducted())


def registering(*bidders: int) -> Course:
    lot = Course(conducted(terms=window()))
    lot.tick(OPENS)
    for bidder in bidders:
        lot.act("register", bidder)
    return lot


def registered() -> Course:
    lot = registering(A, B)
    lot.tick(CLOSES)
    return lot


def running() -> Course:
    return open_lot().bids((A, 1_000), (B, 1_050))


def with_auctioneer() -> Course:
    lot = running()
    lot.act("appoint", auctioneer=9_003)
    return lot


def paused(role: str = "AUCTIONEER", ground: str = "AUCTIONEER") -> Course:
    lot = running()
    lot.act("pause", role=role, ground=ground)  # type: ignore[arg-type]
    return lot


def incident() -> Course:
    lot = running()
    lot.act("report_incident", what="The display failed.")
    return lot


def held(lot: Course, ground: str = "COMPLAINT") -> Course:
    lot.act("hold", role="AGENCY", ground=ground)
    return lot


def paused_and_held() -> Course:
    return held(paused())


def incident_and_held() -> Course:
    return held(incident())


def disqualified() -> Course:
    lot = running()
    lot.act("disqualify", bidder=B, ground="DISORDER", reason="Shouting.")
    return lot


def simple() -> Course:
    """A lot without terms, closed."""
    return open_lot(terms=None).bids((A, 1_000), (B, 1_050)).closed()


def simple_open() -> Course:
    return open_lot(terms=None)


def absent() -> Course:
    """C never came; A and B bid, B is announced."""
    lot = Course(conducted()).admit(A, B, C).enter(A, B)
    lot.tick(START + MINUTE)
    return lot.bids((A, 1_000), (B, 1_050)).closed().announced()


def absent_decided() -> Course:
    lot = absent()
    lot.act("decide_absence", bidder=C, excused=True)
    return lot


def absent_too_late() -> Course:
    lot = absent()
    lot.after(3 * DAY_MS)
    return lot


def offered() -> Course:
    lot = sold()
    lot.act("refuse_win", B)
    return lot


def paying() -> Course:
    return sold().signed()


def defaulted() -> Course:
    lot = paying()
    lot.due()
    return lot


def in_kind() -> Course:
    lot = failed(cuts=2)
    lot.act("offer_in_kind")
    return lot


def alone() -> Course:
    return open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()


def recording(*bidders: int, **changes: object) -> Course:
    """A lot that records deposits, with these dossiers in and no deposit yet."""
    lot = Course(conducted(terms=recorded(**changes)))
    lot.tick(OPENS)
    for bidder in bidders:
        lot.act("register", bidder)
    return lot


def released(lot: Course, *bidders: int) -> Course:
    for bidder in bidders:
        lot.act("release_deposit", bidder=bidder, ground="BANK_REVERSAL", reason="reversed")
    return lot


def hold(bidder: int, means: str = "TRANSFER", amount: int = 200 * MILLION, no: int = 7) -> Command:
    values = {"bidder": bidder, "means": means, "amount_minor": amount, "transfer": no}
    return ask("hold_deposit", **values)  # type: ignore[arg-type]


def release(bidder: int, ground: str, reason: str | None = "so it is") -> Command:
    return ask("release_deposit", reason=reason, bidder=bidder, ground=ground)


def sign(actor: int | None, role: str, name: str) -> Command:
    return ask("sign_minutes", actor, role, **{"as": name})  # type: ignore[arg-type]


ABSURD = "BAD_WEATHER"
# (guard or place, the lot, what is asked, the code)
ROWS: list[tuple[str, Callable[[], Course], Command, str]] = [
    ("unlisted", nothing, Tick(), "UNKNOWN_LOT"),
    ("unlisted", nothing, ask("contract"), "UNKNOWN_LOT"),
    ("listed twice", published, ListLot(conducted()), "ALREADY_LISTED"),
    ("drafted twice", published, DraftLot(conducted()), "ALREADY_DRAFTED"),
    ("window over", nothing, ListLot(conducted(start_ms=1, end_ms=2)), "WINDOW_PAST"),
    (
        "price falling",
        nothing,
        ListLot(conducted(falling=True, start_ms=START - 31 * DAY_MS)),
        "WINDOW_PAST",
    ),
    (
        "registration after the opening",
        draft,
        ListLot(
            conducted(terms=terms(registration_open_ms=OPENS, registration_close_ms=START + 1))
        ),
        "BAD_DATES",
    ),
    ("admit, closed", simple, Admit(C + 1, "B-9"), "CLOSED"),
    ("admit, twice", running, Admit(A, "B-9"), "ALREADY_ADMITTED"),
    ("admit, code", running, Admit(C + 1, "B-001"), "CODE_TAKEN"),
    ("admit, no dossier", registering, Admit(A, "B-1"), "NOT_REGISTERED"),
    ("admit, deposit", lambda: recording(A), Admit(A, "B-1"), "DEPOSIT_MISSING"),
    ("deposits_recorded", published, hold(A), "DEPOSITS_OUTSIDE"),
    ("deposits_recorded", simple_open, hold(A), "DEPOSITS_OUTSIDE"),
    ("deposits_recorded", published, release(A, "RETURNED"), "DEPOSITS_OUTSIDE"),
    ("may_deposit", recording, hold(A), "NOT_REGISTERED"),
    ("may_deposit", lambda: withdrawn_dossier(), hold(A), "NOT_REGISTERED"),
    ("no_deposit", lambda: recording(A).deposit(A), hold(A), "DEPOSIT_HELD"),
    ("means_allowed", lambda: recording(A), hold(A, "GOLD"), "MEANS_NOT_ALLOWED"),
    (
        "means_allowed",
        lambda: recording(A, deposit_means=("TRANSFER",)),
        hold(A, "GUARANTEE"),
        "MEANS_NOT_ALLOWED",
    ),
    (
        "deposit_enough",
        lambda: recording(A),
        hold(A, amount=200 * MILLION - 1),
        "DEPOSIT_TOO_SMALL",
    ),
    ("deposit_enough", lambda: recording(A), hold(A, "EXEMPT", 1, 0), "DEPOSIT_TOO_SMALL"),
    ("transfer_named", lambda: recording(A), hold(A, no=0), "TRANSFER_UNKNOWN"),
    ("transfer_named", lambda: recording(A), hold(A, "EXEMPT", 0), "TRANSFER_UNKNOWN"),
    (
        "transfer_new",
        lambda: recording(A, B).deposit(B, transfer=7),
        hold(A),
        "TRANSFER_USED",
    ),
    ("deposit_held", lambda: recording(A), release(A, "BANK_REVERSAL"), "DEPOSIT_MISSING"),
    ("release_ground", deposited, release(A, ABSURD), "UNKNOWN_GROUND"),
    ("release_fits", deposited, release(A, "GUARANTEE_LAPSED"), "GROUND_DOES_NOT_FIT"),
    ("release_fits", deposited, release(A, "WITHDRAWN"), "GROUND_DOES_NOT_FIT"),
    ("deposit_not_lost", lambda: lost(), release(A, "BANK_REVERSAL"), "DEPOSIT_LOST"),
    ("reason_given", deposited, release(A, "RETURNED", None), "REASON_NEEDED"),
    ("not_out", lambda: out_without_deposit(), hold(A), "ALREADY_OUT"),
    ("close, clock", running, CloseLot(), "NOT_YOURS_TO_CLOSE"),
    ("unknown act", running, Act("sell", "AGENCY", 1), "UNKNOWN_ACT"),
    ("role", running, ask("announce", role="AGENCY"), "NOT_YOURS"),
    ("clock", sold, Act("refuse_minutes", "CLOCK", 0), "NOT_YOURS"),
    ("status", running, ask("announce"), "WRONG_STATUS"),
    (
        "another auctioneer",
        with_auctioneer,
        ask("pause", 9_900, "AUCTIONEER", ground="AUCTIONEER"),
        "NOT_THE_AUCTIONEER",
    ),
    (
        "another auctioneer takes over",
        with_auctioneer,
        ask("appoint", 9_900, "AUCTIONEER", auctioneer=9_900),
        "NOT_THE_AUCTIONEER",
    ),
    ("fields", running, ask("pause"), "BAD_FIELDS"),
    ("no_dossier", lambda: registering(A), ask("withdraw_lot"), "DOSSIERS_RECEIVED"),
    ("no_dossier", lambda: published().admit(A), ask("withdraw_lot"), "DOSSIERS_RECEIVED"),
    ("change_known", published, ask("change", what="COLOUR"), "UNKNOWN_CHANGE"),
    ("not_registered", lambda: registering(A), ask("register", A), "ALREADY_REGISTERED"),
    (
        "registered",
        registering,
        ask("refuse_registration", bidder=C, reason="no"),
        "NOT_REGISTERED",
    ),
    (
        "not_admitted",
        lambda: registering(A).admit(A),
        ask("refuse_registration", bidder=A, reason="no"),
        "ALREADY_ADMITTED",
    ),
    (
        "reason_given",
        lambda: registering(A),
        ask("refuse_registration", bidder=A, reason=" "),
        "REASON_NEEDED",
    ),
    ("has_place", registering, ask("withdraw_registration", A), "NOT_REGISTERED"),
    ("open_or_changed", registered, ask("withdraw_registration", A), "REGISTRATION_OVER"),
    ("dossiers_decided", registered, ask("make_ready"), "DOSSIERS_UNDECIDED"),
    ("postponement_ground", published, ask("postpone", ground=ABSURD), "UNKNOWN_GROUND"),
    (
        "postponement_ground",
        published,
        ask("postpone", role="AGENCY", ground="TECHNICAL_FAULT"),
        "UNKNOWN_GROUND",
    ),
    (
        "pause_ground",
        running,
        ask("pause", role="AGENCY", ground="AUCTIONEER"),
        "UNKNOWN_GROUND",
    ),
    ("pause_ground", running, ask("pause", ground=ABSURD), "UNKNOWN_GROUND"),
    ("no_incident", incident, ask("resume"), "INCIDENT_OPEN"),
    ("yours_to_resume", lambda: paused("AGENCY", "POSTPONED"), ask("resume"), "NOT_YOURS"),
    ("no_hold", paused_and_held, ask("resume"), "HELD"),
    ("incident", paused, ask("decide_incident", choice="ANNUL"), "NO_INCIDENT"),
    ("choice_allowed", incident, ask("decide_incident", choice="SELL"), "UNKNOWN_CHOICE"),
    (
        "choice_allowed",
        lambda: _incident_under(terms(incident_choices=("ANNUL",))),
        ask("decide_incident", choice="CONTINUE"),
        "UNKNOWN_CHOICE",
    ),
    ("no_hold_to_go_on", incident_and_held, ask("decide_incident", choice="CONTINUE"), "HELD"),
    ("stop_ground", running, ask("stop", ground=ABSURD, reason="x"), "UNKNOWN_GROUND"),
    (
        "stop_ground",
        running,
        ask("stop", ground="TECHNICAL_FAULT", reason="the owner decides that"),
        "UNKNOWN_GROUND",
    ),
    ("reason_given", running, ask("stop", ground="REDEEMED"), "REASON_NEEDED"),
    (
        "withdrawal_allowed",
        lambda: open_lot(terms=terms(withdrawal=False)).bids((A, 1_000)),
        ask("withdraw_bid", A),
        "NO_WITHDRAWAL",
    ),
    ("withdrawal_allowed", simple, ask("withdraw_bid", A), "NO_TERMS"),
    ("has_bid", running, ask("withdraw_bid", C), "NO_BID"),
    ("has_bid", disqualified, ask("withdraw_bid", B), "NO_BID"),
    (
        "admitted",
        running,
        ask("disqualify", bidder=77, ground="THREATS", reason="x"),
        "NOT_ADMITTED",
    ),
    (
        "not_out",
        disqualified,
        ask("disqualify", bidder=B, ground="THREATS", reason="x"),
        "ALREADY_OUT",
    ),
    (
        "disqualification_ground",
        running,
        ask("disqualify", bidder=B, ground=ABSURD, reason="x"),
        "UNKNOWN_GROUND",
    ),
    (
        "reserve_matches",
        lambda: open_lot(reserve=SECRET).bids((A, 1_000)).closed(),
        ask("reveal_reserve", reserve_minor=1_200 * MILLION, salt="other"),
        "NOT_THE_RESERVE",
    ),
    ("no_hold", lambda: held(running().closed()), ask("announce"), "HELD"),
    ("no_hold", lambda: held(alone()), ask("consent"), "HELD"),
    ("absent", absent, ask("claim_force_majeure", A, reason="x"), "NOT_ABSENT"),
    ("bidder_absent", absent, ask("decide_absence", bidder=A, excused=False), "NOT_ABSENT"),
    ("undecided", absent_decided, ask("claim_force_majeure", C, reason="x"), "ALREADY_DECIDED"),
    (
        "undecided",
        absent_decided,
        ask("decide_absence", bidder=C, excused=False),
        "ALREADY_DECIDED",
    ),
    ("claim_in_time", absent_too_late, ask("claim_force_majeure", C, reason="x"), "CLAIM_TOO_LATE"),
    ("claim_heard", absent, ask("decide_absence", bidder=C, excused=False), "CLAIM_TIME_RUNS"),
    ("signatory", sold, sign(None, "AGENCY", "OWNER"), "NOT_A_SIGNATORY"),
    ("signatory", sold, sign(None, "RECORDER", "AUCTIONEER"), "NOT_A_SIGNATORY"),
    ("signatory", sold, sign(A, "BIDDER", "WINNER"), "NOT_A_SIGNATORY"),
    (
        "signatory",
        lambda: sold(signatories=SIGNED_TOO),
        sign(B, "BIDDER", "REPRESENTATIVE"),
        "NOT_A_SIGNATORY",
    ),
    (
        "signature_open",
        lambda: sold().house_signs(),
        sign(None, "RECORDER", "RECORDER"),
        "ALREADY_SIGNED",
    ),
    ("not_the_winner", sold, ask("note_refused_signature", who="WINNER"), "WINNER_REFUSES"),
    ("representative", sold, ask("note_refused_signature", who="RECORDER"), "NOT_A_SIGNATORY"),
    ("is_winner", sold, ask("refuse_win", A), "NOT_THE_WINNER"),
    ("is_winner", sold, ask("refuse_minutes", A), "NOT_THE_WINNER"),
    ("winner_unsigned", lambda: _signed_by_the_winner(), ask("refuse_win", B), "ALREADY_SIGNED"),
    (
        "winner_unsigned",
        lambda: _signed_by_the_winner(),
        ask("refuse_minutes", B),
        "ALREADY_SIGNED",
    ),
    ("is_offered", offered, ask("accept_offer", C), "NOT_OFFERED"),
    ("is_offered", offered, ask("decline_offer", B), "NOT_OFFERED"),
    ("no_hold", lambda: held(offered(), "LITIGATION"), ask("accept_offer", A), "HELD"),
    (
        "amount_due",
        paying,
        ask("record_payment", amount_minor=1_300 * MILLION + 1, reference="1"),
        "AMOUNT_NOT_DUE",
    ),
    ("amount_due", paying, ask("record_payment", amount_minor=0, reference="1"), "AMOUNT_NOT_DUE"),
    (
        "within_extension",
        paying,
        ask("extend_payment", due_ms=END + 60 * DAY_MS + 1, agreement="x"),
        "EXTENSION_TOO_LONG",
    ),
    (
        "within_extension",
        paying,
        ask("extend_payment", due_ms=END + 30 * DAY_MS, agreement="not longer"),
        "EXTENSION_TOO_LONG",
    ),
    (
        "within_extension",
        lambda: sold(payment_extended_ms=None).signed(),
        ask("extend_payment", due_ms=END + 31 * DAY_MS, agreement="x"),
        "EXTENSION_TOO_LONG",
    ),
    ("no_hold", lambda: held(defaulted(), "LITIGATION"), ask("rescind", reason="x"), "HELD"),
    (
        "delivery_overdue",
        lambda: paying().paid(),
        ask("buyer_rescinds", B),
        "DELIVERY_NOT_OVERDUE",
    ),
    ("annulment_ground", sold, ask("annul", ground=ABSURD, reason="x"), "UNKNOWN_GROUND"),
    ("hold_ground", sold, ask("hold", ground=ABSURD), "UNKNOWN_GROUND"),
    ("yours_to_hold", sold, ask("hold", role="ORGANISATION", ground="LITIGATION"), "NOT_YOURS"),
    (
        "yours_to_hold",
        lambda: held(sold(), "PROSECUTION"),
        ask("release", role="COURT", ground="PROSECUTION"),
        "NOT_YOURS",
    ),
    ("with_terms", lambda: open_lot(terms=None), ask("hold", ground="COMPLAINT"), "NO_TERMS"),
    ("held", sold, ask("release", ground="COMPLAINT"), "NOT_HELD"),
    (
        "within_cut",
        failed,
        ask("cut_price", starting_price_minor=900 * MILLION - 1),
        "CUT_TOO_DEEP",
    ),
    ("within_cut", failed, ask("cut_price", starting_price_minor=1_000 * MILLION), "CUT_TOO_DEEP"),
    ("cuts_enough", lambda: failed(cuts=1), ask("offer_in_kind"), "TOO_FEW_CUTS"),
    (
        "cuts_enough",
        lambda: failed(cuts=9, in_kind_after_cuts=None),
        ask("offer_in_kind"),
        "TOO_FEW_CUTS",
    ),
    (
        "no_hold",
        lambda: held(in_kind()),
        ask("take_in_kind", creditor="Bank X", top_up_minor=0),
        "HELD",
    ),
    (
        "not_begun",
        lambda: _stopped(running()),
        ask("reschedule", start_ms=END + DAY_MS, end_ms=END + 2 * DAY_MS),
        "BIDDING_BEGAN",
    ),
    (
        "new date, past",
        lambda: _postponed(published()),
        ask("reschedule", start_ms=START - 31 * DAY_MS, end_ms=END),
        "BAD_DATES",
    ),
    (
        "new date, upside down",
        lambda: _postponed(published()),
        ask("reschedule", start_ms=END, end_ms=START),
        "BAD_DATES",
    ),
    (
        "new date, no end",
        lambda: _postponed(published()),
        ask("reschedule", start_ms=END, end_ms=None),
        "BAD_DATES",
    ),
    (
        "new date, before registration ends",
        lambda: _postponed(registering()),
        ask("reschedule", start_ms=CLOSES - 1, end_ms=END),
        "BAD_DATES",
    ),
]


def withdrawn_dossier() -> Course:
    lot = recording(A).deposit(A)
    lot.act("withdraw_registration", A)
    lot.act("release_deposit", bidder=A, ground="WITHDRAWN", reason="Given back.")
    return lot


def lost() -> Course:
    lot = deposited().bids((A, 1_000))
    lot.act("withdraw_bid", A)
    return lot


def out_without_deposit() -> Course:
    lot = released(deposited().bids((A, 1_000)), A)
    lot.act("withdraw_bid", A)
    return lot


def _incident_under(own: object) -> Course:
    lot = open_lot(terms=own).bids((A, 1_000))
    lot.act("report_incident", what="x")
    return lot


def _signed_by_the_winner() -> Course:
    lot = sold()
    lot.do(sign(B, "BIDDER", "WINNER"))
    return lot


def _stopped(lot: Course) -> Course:
    lot.act("stop", ground="REDEEMED", reason="paid")
    return lot


def _postponed(lot: Course) -> Course:
    lot.act("postpone", ground="TECHNICAL_FAULT")
    return lot


@pytest.mark.parametrize(
    ("lot", "command", "code"),
    [row[1:] for row in ROWS],
    ids=[f"{row[0]}: {row[3]}" for row in ROWS],
)
def test_refused(lot: Callable[[], Course], command: Command, code: str) -> None:
    course = lot()
    before = course.now if course.state is not None else None
    course.refused(code, command)
    assert course.state == before


def test_every_code_is_reached() -> None:
    assert codes_in_source() == {row[3] for row in ROWS}


def test_every_guard_refuses_somewhere() -> None:
    refusing = {row[0] for row in ROWS}
    known = set(guards.GUARDS) - {"admitted_self"}  # of a draw, tested there
    assert known <= refusing


# --- bids -----------------------------------------------------------------------------------------

TWO_PHASES = (Phase("ASCENDING", 5 * MINUTE, "LEADER"),)


def bidding(*offers: tuple[int, int], **changes: object) -> Course:
    return open_lot(**changes).bids(*offers)


def second_phase() -> Course:
    lot = bidding((A, 1_000), (B, 1_050), phases=TWO_PHASES)
    lot.tick(END)
    return lot


def accepted() -> Course:
    lot = open_lot(falling=True)
    lot.bid(A, 1_000, step=0)
    return lot


def waiting() -> Course:
    """Equal acceptances wait; without terms no draw of ours follows."""
    from dataclasses import replace

    same = replace(DESCENT, draw_same_step=True)
    lot = open_lot(falling=True, descent=same, terms=None)
    lot.bid(A, 1_000, step=0)
    return lot


def floor_reached() -> Course:
    lot = open_lot(falling=True)
    lot.closed()
    return lot


def with_maximum() -> Course:
    lot = bidding(automatic_bids=True)
    lot.bid(A, 1_500, automatic=True)
    return lot


BIDS: list[tuple[Reason, Callable[[], Course], Bid]] = [
    ("NOT_OPEN_YET", lambda: published().admit(A), Bid(A, "x", 1_000)),
    ("NOT_OPEN_YET", lambda: Course(conducted(falling=True)).admit(A), Bid(A, "x", 1_000, step=0)),
    ("PAUSED", paused, Bid(C, "x", 1_100)),
    ("PAUSED", lambda: _paused_fall(), Bid(A, "x", 1_000, step=0)),
    ("CLOSED", lambda: running().closed(), Bid(C, "x", 1_100)),
    ("CLOSED", floor_reached, Bid(A, "x", 800, step=4)),
    ("TOO_LATE", accepted, Bid(B, "x", 1_000, step=0)),
    ("NOT_ADMITTED", running, Bid(77, "x", 1_100)),
    ("NOT_ADMITTED", lambda: open_lot(falling=True), Bid(77, "x", 1_000, step=0)),
    ("OUT", disqualified, Bid(B, "x", 1_100)),
    ("DEPOSIT_MISSING", lambda: released(deposited(), A), Bid(A, "x", 1_000)),
    ("DEPOSIT_MISSING", lambda: released(deposited().bids((A, 1_000)), A), Bid(A, "x", 1_100)),
    (
        "DEPOSIT_MISSING",
        lambda: released(deposited(automatic_bids=True), A),
        Bid(A, "x", 1_000, automatic=True),
    ),
    (
        "DEPOSIT_MISSING",
        lambda: released(deposited(falling=True), A),
        Bid(A, "x", 1_000, step=0),
    ),
    ("NOT_IN_ROUND", second_phase, Bid(A, "x", 1_100)),
    ("ALREADY_LEADING", running, Bid(B, "x", 1_100)),
    ("ALREADY_ACCEPTED", waiting, Bid(A, "x", 1_000, step=0)),
    ("BELOW_START", bidding, Bid(A, "x", 999)),
    ("BELOW_MIN_INCREMENT", running, Bid(C, "x", 1_099)),
    ("BELOW_OWN_MAXIMUM", with_maximum, Bid(A, "x", 1_500, automatic=True)),
    ("NOT_ON_STEP", lambda: bidding(increment_rule="FROM_START_MULTIPLE"), Bid(A, "x", 1_010)),
    (
        "NOT_ON_STEP",
        lambda: bidding((B, 1_000), increment_rule="FROM_CURRENT_MULTIPLE"),
        Bid(A, "x", 1_110),
    ),
    ("CONFIRMATION_NEEDED", lambda: bidding(confirm=Confirm()), Bid(A, "x", 1_501)),
    ("CONFIRMATION_NEEDED", lambda: bidding(confirm=Confirm(30_000, None)), Bid(A, "x", 3_001)),
    ("NO_AUTOMATIC_BIDS", running, Bid(C, "x", 1_100, automatic=True)),
    (
        "NO_AUTOMATIC_BIDS",
        lambda: open_lot(falling=True),
        Bid(A, "x", 1_000, step=0, automatic=True),
    ),
    ("STALE_PRICE", lambda: open_lot(falling=True), Bid(A, "x", 1_000)),
    ("STALE_PRICE", lambda: open_lot(falling=True), Bid(A, "x", 950, step=1)),
    ("STALE_PRICE", lambda: open_lot(falling=True), Bid(A, "x", 950, step=0)),
    ("WRONG_METHOD", running, Bid(C, "x", 1_100, step=0)),
]


def _paused_fall() -> Course:
    lot = open_lot(falling=True)
    lot.act("pause", ground="AUCTIONEER")
    return lot


@pytest.mark.parametrize(("reason", "lot", "offer"), BIDS, ids=[row[0] for row in BIDS])
def test_a_bid_is_refused(reason: Reason, lot: Callable[[], Course], offer: Bid) -> None:
    course = lot()
    how = {"step": offer.step, "automatic": offer.automatic, "confirmed": offer.confirmed}
    before = course.now
    assert course.bid(offer.bidder, offer.amount_minor, **how) == reason
    assert course.now == before._replace(refused=before.refused + 1)


def test_every_reason_is_reached() -> None:
    sealed = {"UNREADABLE"}
    assert {row[0] for row in BIDS} == set(get_args(Reason)) - sealed


def test_a_confirmed_amount_counts_however_high() -> None:
    lot = bidding(confirm=Confirm())
    assert lot.bid(A, 9_000_000, confirmed=True) == "ACCEPTED"


def test_the_list_of_grounds_to_lose_a_deposit_is_closed() -> None:
    assert FORFEIT_GROUNDS == (
        "ABSENT",
        "DISQUALIFIED",
        "REFUSED_MINUTES",
        "WITHDREW",
        "REFUSED_WIN",
    )


def test_a_wrong_salt_gives_another_commitment() -> None:
    assert guards.reserve_digest(1, SALT) != guards.reserve_digest(11, SALT[1:])
