"""The life of a lot as a table: from which status which act leads where, and who may do it.

`docs/lifecycle.md` is generated from these rows. What an act needs beyond its row are its guards,
functions of the same name in `guards`; what it comes to is in `acts_bidding` and `acts_award`, or
nothing but the row.
"""

from typing import NamedTuple

from auction_engine.rules.commands import Role
from auction_engine.rules.lot import BEFORE_OPENING, Status

_PUBLIC: tuple[Status, ...] = (
    "PUBLISHED",
    "REGISTRATION_OPEN",
    "REGISTRATION_CLOSED",
    "READY",
    "POSTPONED",
)
_SHUT: tuple[Status, ...] = ("BIDDING_CLOSED",)
_OVER: tuple[Status, ...] = ("BIDDING_CLOSED", "AWAIT_OWNER_CONSENT", "LEADER_DETERMINED")
_BIDDING: tuple[Status, ...] = ("RUNNING", "PAUSED", *_OVER)
# Law 106/2025 Art. 84(3): pause and stop only before the auctioneer announces the winner.
_UNTIL_ANNOUNCED: tuple[Status, ...] = (*_PUBLIC, *_BIDDING)
_AWARDED: tuple[Status, ...] = (
    "ANNOUNCED",
    "RUNNER_UP_OFFERED",
    "AWAIT_PAYMENT",
    "PAYMENT_DEFAULT",
    "PAID",
    "DELIVERED",
    "TITLE_FILED",
    "PROCEEDS_DISTRIBUTED",
    "CLOSED",
)
_FAILED: tuple[Status, ...] = ("FAILED",)
# Art. 39(6)a is decided after the end of the auction (Art. 44(1)), whatever then happens.
_ENDED: tuple[Status, ...] = (
    *_AWARDED,
    "FAILED",
    "RESCINDED",
    "RESCINDED_BY_BUYER",
    "PRICE_CUT",
    "IN_KIND_OFFER",
    "TAKEN_BY_CREDITOR",
    "RETURNED_BLOCKED",
)
_HELD: tuple[Status, ...] = (
    *_UNTIL_ANNOUNCED,
    *_AWARDED,
    "FAILED",
    "STOPPED",
    "RESCINDED",
    "IN_KIND_OFFER",
)
# A deposit that is missing can be made good until the bidding ends; money can turn out not to be
# there until all of it is paid, or while a stopped lot may still be held again.
_DEPOSITS: tuple[Status, ...] = (*_PUBLIC, "RUNNING", "PAUSED")
_UNTIL_PAID: tuple[Status, ...] = (
    *_UNTIL_ANNOUNCED,
    "ANNOUNCED",
    "RUNNER_UP_OFFERED",
    "AWAIT_PAYMENT",
    "STOPPED",
)
_DESK: tuple[Role, ...] = ("ORGANISATION", "AUCTIONEER")
_OWNER: tuple[Role, ...] = ("AGENCY",)
_CLOCK: tuple[Role, ...] = ("CLOCK",)
# The status stays what it is.
SAME: tuple[Status, ...] = ()


class Row(NamedTuple):
    """One turn in the life of a lot.

    `act` is the command's name, None for what the rules do by themselves; `event` the kind of
    the journal's entry; empty `targets` leave the status as it is. `fields` are the act's own
    data; one with `?` may be missing.
    """

    act: str | None
    event: str
    sources: tuple[Status, ...]
    targets: tuple[Status, ...]
    roles: tuple[Role, ...]
    fields: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    basis: str = ""


ROWS: tuple[Row, ...] = (
    # Before the opening
    Row("contract", "lot.contracted", ("DRAFT",), ("CONTRACTED",), ("AGENCY", "ORGANISATION"),
        basis="Law 01/2016 Art. 33"),
    Row("withdraw_lot", "lot.withdrawn",
        ("DRAFT", "CONTRACTED", "PUBLISHED", "REGISTRATION_OPEN"), ("WITHDRAWN",),
        ("AGENCY", "ORGANISATION"), guards=("no_dossier",), basis="Law 01/2016 Art. 33"),
    Row("change", "lot.changed", _PUBLIC, SAME, ("ORGANISATION",), ("what",), ("change_known",),
        basis="Law 01/2016 Art. 39(3); Law 37/2024 Art. 1(24)"),
    Row(None, "registration.opened", ("PUBLISHED",), ("REGISTRATION_OPEN",), _CLOCK,
        basis="Law 01/2016 Art. 38(2)"),
    Row(None, "registration.closed", ("REGISTRATION_OPEN",), ("REGISTRATION_CLOSED",), _CLOCK,
        basis="Law 01/2016 Art. 38(2)"),
    Row("register", "bidder.registered", ("REGISTRATION_OPEN",), SAME, ("BIDDER",),
        guards=("not_registered",), basis="Law 01/2016 Art. 38"),
    Row("refuse_registration", "registration.refused",
        ("REGISTRATION_OPEN", "REGISTRATION_CLOSED", "READY"), SAME, ("ORGANISATION",),
        ("bidder",), ("registered", "not_admitted", "reason_given"),
        basis="Law 01/2016 Art. 38(4)"),
    Row("withdraw_registration", "registration.withdrawn",
        _PUBLIC, SAME, ("BIDDER",), guards=("has_place", "not_out", "open_or_changed"),
        basis="Law 01/2016 Art. 39(3); Law 37/2024 Art. 1(24)"),
    Row("hold_deposit", "deposit.held", _DEPOSITS, SAME, ("ORGANISATION", "CLOCK"),
        ("bidder", "amount_minor", "means", "transfer"),
        ("deposits_recorded", "not_out", "may_deposit", "no_deposit", "means_allowed",
         "deposit_enough", "transfer_named", "transfer_new"),
        basis="Law 01/2016 Art. 39(1)-(2)"),
    Row("release_deposit", "deposit.released", _UNTIL_PAID, SAME, ("ORGANISATION", "CLOCK"),
        ("bidder", "ground"),
        ("deposits_recorded", "deposit_held", "release_ground", "release_fits",
         "deposit_not_lost", "reason_given"),
        basis="Law 01/2016 Art. 39(1), (3)-(4)"),
    Row("make_ready", "lot.ready", ("REGISTRATION_CLOSED",), ("READY",), ("ORGANISATION",),
        guards=("dossiers_decided",), basis="Law 01/2016 Art. 38"),
    Row("postpone", "lot.postponed", (*_PUBLIC,), ("POSTPONED",), (*_DESK, "AGENCY"), ("ground",),
        ("postponement_ground",), "Decree 62/2017 Art. 16a(4); Law 106/2025 Art. 84(1)"),
    Row("reschedule", "lot.rescheduled", ("POSTPONED", "STOPPED"), ("PUBLISHED",),
        ("ORGANISATION",), ("start_ms", "end_ms?"), ("not_begun", "no_hold"),
        basis="Decree 152/2026 Art. 65(9)"),
    Row("appoint", "auctioneer.appointed", (*BEFORE_OPENING, *_BIDDING, "ANNOUNCED"), SAME, _DESK,
        ("auctioneer",), basis="Decree 62/2017 Art. 10"),
    # The bidding
    Row("pause", "lot.paused", ("RUNNING", *_OVER), ("PAUSED",), ("AUCTIONEER", "AGENCY"),
        ("ground",), ("pause_ground",), basis="Law 106/2025 Art. 84(1), (3)"),
    Row("report_incident", "incident.reported", ("RUNNING", "PAUSED", *_OVER), ("PAUSED",),
        ("AUCTIONEER", "ORGANISATION", "CLOCK"), ("what",),
        basis="Decree 62/2017 Art. 16a(4)"),
    Row("resume", "lot.resumed", ("PAUSED",), ("RUNNING", *_OVER),
        ("AUCTIONEER", "AGENCY"), guards=("no_incident", "yours_to_resume", "no_hold"),
        basis="Decree 152/2026 Art. 65(9)"),
    Row("decide_incident", "incident.decided", ("PAUSED",),
        ("RUNNING", *_OVER, "PAUSED", "STOPPED"), _OWNER, ("choice",),
        ("incident", "choice_allowed", "no_hold_to_go_on"), "Decree 62/2017 Art. 16a(4)"),
    Row("stop", "lot.stopped", _UNTIL_ANNOUNCED, ("STOPPED",), ("AGENCY", "ORGANISATION"),
        ("ground",), ("stop_ground", "reason_given"),
        basis="Law 106/2025 Art. 84(2), (3); Decree 152/2026 Art. 65(7)-(8)"),
    Row(None, "round.called", ("RUNNING",), SAME, _CLOCK, ("n",), basis="Law 01/2016 Art. 34"),
    Row(None, "round.opened", ("RUNNING",), SAME, _CLOCK, ("round", "end_ms", "bidders"),
        basis="Law 01/2016 Art. 34"),
    Row(None, "phase.opened", ("RUNNING", "BIDDING_CLOSED"), ("RUNNING",), _CLOCK,
        ("stage", "end_ms"), basis="Law 01/2016 Art. 34"),
    Row(None, "acceptance.awaited", ("RUNNING",), SAME, _CLOCK, ("end_ms",),
        basis="Law 01/2016 Art. 41(3)c"),
    Row("withdraw_bid", "bid.withdrawn", _BIDDING, SAME, ("BIDDER",),
        guards=("withdrawal_allowed", "has_bid"),
        basis="Law 01/2016 Arts. 39(6)d, 50"),
    Row("disqualify", "bidder.disqualified", (*_PUBLIC, *_BIDDING), SAME, _DESK,
        ("bidder", "ground"), ("admitted", "not_out", "disqualification_ground", "reason_given"),
        basis="Law 01/2016 Arts. 9(5), 39(6)b"),
    Row(None, "descent.resumed", (*_OVER, "RUNNING", "PAUSED", "ANNOUNCED"), ("RUNNING", "PAUSED"),
        _CLOCK, ("step", "from_ms", "end_ms"), basis="Law 01/2016 Arts. 50(3), 51(2)"),
    # The result
    Row(None, "absence.noted", ("BIDDING_CLOSED",), SAME, _CLOCK, ("bidders", "claims_until_ms"),
        basis="Law 01/2016 Art. 39(6)a; Decree 62/2017 Arts. 10(3), 13(5)d"),
    Row(None, "reserve.awaited", ("BIDDING_CLOSED",), SAME, _CLOCK, ("due_ms",),
        basis="Law 01/2016 Art. 52(1)c"),
    Row("reveal_reserve", "reserve.revealed", ("BIDDING_CLOSED",), SAME, _OWNER,
        ("reserve_minor", "salt"), ("reserve_matches",), "Law 01/2016 Art. 52(1)c"),
    Row(None, "reserve.lapsed", ("BIDDING_CLOSED",), SAME, _CLOCK,
        basis="Law 01/2016 Art. 52(1)c"),
    Row(None, "keys.awaited", _SHUT, SAME, _CLOCK, ("round", "due_ms"),
        basis="Law 01/2016 Art. 43"),
    Row("note_key", "key.received", _SHUT, SAME, _DESK, ("public_key",),
        ("keys_awaited", "key_of_round", "key_new"), "Law 01/2016 Art. 43"),
    Row("open_boxes", "boxes.opened", _SHUT, SAME, _DESK, ("keys",), ("keys_awaited", "keys_fit"),
        basis="Law 01/2016 Art. 43"),
    Row(None, "round.failed", _SHUT, ("STOPPED",), _CLOCK, ("ground", "missing"),
        basis="Decree 62/2017 Art. 16a(4)"),
    Row(None, "box.read", _SHUT, SAME, _CLOCK,
        ("bidder", "bid_id", "amount_minor?", "fault?", "n?"), basis="Law 01/2016 Art. 43"),
    Row(None, "rebid.opened", _OVER, ("RUNNING",), _CLOCK, ("round", "bidders", "end_ms"),
        basis="Law 01/2016 Arts. 42(2)d, 43(4)"),
    Row(None, "draw.awaited", _OVER, _SHUT, _CLOCK, ("round", "bidders", "due_ms"),
        basis="Law 01/2016 Arts. 41(3)c, 42(2)d, 43(4)"),
    Row("add_entropy", "entropy.added", ("RUNNING", "BIDDING_CLOSED"), SAME, ("BIDDER",),
        ("entropy",), ("admitted_self", "draw_possible", "entropy_fits", "entropy_once"),
        "Law 01/2016 Art. 43(4)"),
    Row("commit_seed", "seed.committed", _SHUT, SAME, ("BIDDER",), ("commitment",),
        ("draw_awaited", "is_entrant", "before_seeds", "commitment_fits", "commitment_new"),
        "Law 01/2016 Art. 43(4)"),
    Row("reveal_seed", "seed.revealed", _SHUT, SAME,
        ("AUCTIONEER", "ORGANISATION", "AGENCY", "PROCURATOR", "BIDDER"), ("holder", "seed"),
        ("draw_awaited", "seeds_due", "seed_new", "seed_fits"), "Law 01/2016 Art. 43(4)"),
    Row(None, "draw.overdue", _SHUT, SAME, _CLOCK, ("holders",), basis="Law 01/2016 Art. 43(4)"),
    Row(None, "lots.drawn", _SHUT, SAME, _CLOCK, ("bidder", "order", "left_out"),
        basis="Law 01/2016 Arts. 41(3)c, 42(2)d, 43(4)"),
    Row(None, "consent.awaited", _OVER, ("AWAIT_OWNER_CONSENT",), _CLOCK,
        ("bidder", "price_minor", "due_ms"), basis="Law 01/2016 Art. 49"),
    Row("consent", "consent.given", ("AWAIT_OWNER_CONSENT",), ("LEADER_DETERMINED",), _OWNER,
        guards=("no_hold",), basis="Law 01/2016 Art. 49"),
    Row("refuse_consent", "consent.refused", ("AWAIT_OWNER_CONSENT",), SAME, _OWNER,
        basis="Law 01/2016 Art. 49"),
    Row(None, "leader.determined", _OVER, ("LEADER_DETERMINED",), _CLOCK,
        ("bidder", "price_minor"), basis="Decree 62/2017 Art. 10(4)"),
    Row("announce", "winner.announced", ("LEADER_DETERMINED",), ("ANNOUNCED",),
        ("AUCTIONEER", "CLOCK"), ("bidder?", "price_minor?", "due_ms?"), ("no_hold",),
        basis="Law 01/2016 Arts. 44(1), 46(3)"),
    Row(None, "lot.failed",
        (*_PUBLIC, *_BIDDING, "ANNOUNCED", "RUNNER_UP_OFFERED", "RUNNING"), ("FAILED",), _CLOCK,
        ("code",), basis="Law 01/2016 Art. 52(1)"),
    Row("claim_force_majeure", "absence.claimed", (*_OVER, *_ENDED), SAME, ("BIDDER",),
        guards=("absent", "undecided", "claim_in_time", "reason_given"),
        basis="Law 01/2016 Art. 39(6)a"),
    Row("decide_absence", "absence.decided", _ENDED, SAME, ("ORGANISATION", "AGENCY"),
        ("bidder", "excused"), ("bidder_absent", "undecided", "claim_heard"),
        basis="Law 01/2016 Art. 39(6)a; Decree 62/2017 Art. 10(3)"),
    # After the announcement
    Row("sign_minutes", "minutes.signed", ("ANNOUNCED",), ("ANNOUNCED", "AWAIT_PAYMENT"),
        ("AUCTIONEER", "RECORDER", "BIDDER", "AGENCY"), ("as",),
        ("signatory", "signature_open"), basis="Law 01/2016 Art. 44(2); Decree 62/2017 Art. 12"),
    Row("note_refused_signature", "representative.refused", ("ANNOUNCED",),
        ("ANNOUNCED", "AWAIT_PAYMENT"), _DESK, ("who",),
        ("not_the_winner", "representative", "signature_open"),
        basis="Circular 19/2024, form TP-ĐGTS-18"),
    Row("refuse_minutes", "minutes.refused", ("ANNOUNCED",), SAME, ("BIDDER", "CLOCK"),
        guards=("is_winner", "winner_unsigned"), basis="Law 01/2016 Arts. 39(6)c, 44(3)"),
    Row(None, "minutes.late", ("ANNOUNCED",), SAME, _CLOCK, ("due_ms", "late_ms"),
        basis="Decree 62/2017 Art. 12"),
    Row("refuse_win", "win.refused", ("ANNOUNCED",), SAME, ("BIDDER",),
        guards=("is_winner", "winner_unsigned"), basis="Law 01/2016 Arts. 39(6)đ, 51"),
    Row(None, "runner_up.offered", ("ANNOUNCED",), ("RUNNER_UP_OFFERED",), _CLOCK,
        ("bidder", "price_minor", "due_ms"), basis="Law 01/2016 Art. 51(1)"),
    Row("accept_offer", "offer.accepted", ("RUNNER_UP_OFFERED",), ("ANNOUNCED",), ("BIDDER",),
        guards=("is_offered", "no_hold"), basis="Law 01/2016 Art. 51(1)"),
    Row("decline_offer", "offer.declined", ("RUNNER_UP_OFFERED",), SAME, ("BIDDER", "CLOCK"),
        guards=("is_offered",), basis="Law 01/2016 Art. 51(1)"),
    Row("record_payment", "payment.recorded", ("AWAIT_PAYMENT",), ("AWAIT_PAYMENT", "PAID"),
        ("AGENCY", "ORGANISATION"), ("amount_minor", "reference"), ("amount_due",),
        basis="Decree 152/2026 Art. 65(1)"),
    Row(None, "payment.covered", ("AWAIT_PAYMENT",), ("PAID",), _CLOCK, ("due_ms",),
        basis="Law 01/2016 Art. 39(5)"),
    Row("extend_payment", "payment.extended", ("AWAIT_PAYMENT",), SAME, _OWNER,
        ("due_ms", "agreement"), ("within_extension",), basis="Decree 152/2026 Art. 65(1)"),
    Row(None, "payment.defaulted", ("AWAIT_PAYMENT",), ("PAYMENT_DEFAULT",), _CLOCK,
        basis="Decree 152/2026 Art. 65(1), (5)"),
    Row("rescind", "sale.rescinded", ("PAYMENT_DEFAULT",), ("RESCINDED",), _OWNER,
        guards=("reason_given", "no_hold"), basis="Decree 152/2026 Art. 65(1)"),
    Row("deliver", "lot.delivered", ("PAID",), ("DELIVERED",), _OWNER, guards=("no_hold",),
        basis="Decree 152/2026 Art. 67"),
    Row("buyer_rescinds", "buyer.rescinded", ("PAID",), ("RESCINDED_BY_BUYER",), ("BIDDER",),
        guards=("is_winner", "delivery_overdue"), basis="Decree 152/2026 Art. 67(4)"),
    Row("file_title", "title.filed", ("DELIVERED",), ("TITLE_FILED",), _OWNER,
        guards=("no_hold",), basis="Decree 152/2026 Art. 69"),
    Row("distribute", "proceeds.distributed", ("TITLE_FILED", "DELIVERED"),
        ("PROCEEDS_DISTRIBUTED",), _OWNER, guards=("no_hold",), basis="Law 106/2025 Art. 54"),
    Row("close_file", "file.closed", ("PROCEEDS_DISTRIBUTED",), ("CLOSED",), _OWNER,
        basis="Law 01/2016 Art. 54"),
    Row("annul", "result.annulled", _AWARDED, ("ANNULLED",), ("COURT", "ORGANISATION", "AGENCY"),
        ("ground",), ("annulment_ground", "reason_given"), basis="Law 01/2016 Arts. 72-73"),
    # Complaints and suits
    Row("hold", "hold.placed", _HELD, SAME, ("AGENCY", "PROCURATOR", "COURT", "ORGANISATION"),
        ("ground",), ("hold_ground", "yours_to_hold", "with_terms"),
        basis="Law 106/2025 Arts. 46(1)đ, 84(1)"),
    Row("release", "hold.released", _HELD, SAME,
        ("AGENCY", "PROCURATOR", "COURT", "ORGANISATION"), ("ground",),
        ("hold_ground", "yours_to_hold", "held"), basis="Decree 152/2026 Art. 65(9)"),
    # After a failure
    Row("cut_price", "price.cut", ("FAILED", "RESCINDED", "IN_KIND_OFFER"), ("PRICE_CUT",),
        _OWNER, ("starting_price_minor",), ("within_cut", "no_hold"),
        basis="Law 106/2025 Art. 83(3); Decree 152/2026 Art. 65(6)"),
    Row("offer_in_kind", "in_kind.offered", _FAILED, ("IN_KIND_OFFER",), _OWNER,
        guards=("cuts_enough", "no_hold"), basis="Law 106/2025 Art. 83(3)"),
    Row("take_in_kind", "in_kind.taken", ("IN_KIND_OFFER",), ("TAKEN_BY_CREDITOR",), _OWNER,
        ("creditor", "top_up_minor"), ("no_hold",), basis="Decree 152/2026 Arts. 65(6), 66"),
    Row("return_to_debtor", "lot.returned", ("FAILED", "IN_KIND_OFFER"), ("RETURNED_BLOCKED",),
        _OWNER, guards=("reason_given", "no_hold"), basis="Law 106/2025 Art. 83(3)"),
)  # fmt: skip

BY_ACT: dict[str, Row] = {row.act: row for row in ROWS if row.act is not None}
TURNS: dict[str, Row] = {row.event: row for row in ROWS}
