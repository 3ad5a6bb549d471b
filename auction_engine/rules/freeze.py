"""Freezing a lot: from the rule pack and the organisation's choices to the parameters it runs by.

What is frozen is written into the lot's journal with the pack's id and hash, so that a later change
of the pack, of the calendar or of the organisation's mind cannot touch a lot that was published.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from auction_engine.rules import calendar as days
from auction_engine.rules.draft import Draft
from auction_engine.rules.pack import Pack, pack_hash
from auction_engine.rules.pack_base import Span, duration_ms
from auction_engine.rules.pack_bidding import PhaseRule
from auction_engine.rules.params import LotParams, ParamsError
from auction_engine.rules.parts import (
    BASIS_POINTS,
    MAX_EXTENSIONS,
    Confirm,
    Descent,
    Draws,
    Extension,
    IncrementRule,
    Phase,
    Reserve,
    Sealing,
)
from auction_engine.rules.publication import Blocked, check
from auction_engine.rules.publication_values import follows_valuation
from auction_engine.rules.terms import DAY_MS, Terms

# Only where the pack draws no lots, so that the time has no meaning.
HOUR_MS = 3_600_000


def freeze(pack: Pack, draft: Draft) -> LotParams:
    """The parameters of a lot that may be published.

    Raises publication.Blocked with every finding while something is missing or breaks the pack,
    ParamsError for choices that make no auction, calendar.CalendarError outside the calendar.
    """
    findings = check(pack, draft)
    if findings:
        raise Blocked(findings)
    return params_of(pack, draft)


def params_of(pack: Pack, draft: Draft) -> LotParams:
    """The same without the check: for practice sessions and tests, not for a real sale.

    Raises ParamsError for what is missing or makes no auction, calendar.CalendarError.
    """
    start, increment, opening_ms = (
        _given(draft, name) for name in ("starting_price_minor", "increment_minor", "opening_ms")
    )
    rule: IncrementRule = draft.increment_rule or pack.increment.default
    automatic = draft.automatic_bids
    if automatic is None:
        automatic = pack.automatic_bids.default
    return LotParams(
        currency=pack.currency.code,
        minor_digits=pack.currency.minor_digits,
        starting_price_minor=start,
        increment_minor=increment,
        start_ms=opening_ms,
        end_ms=None if draft.method == "DESCENDING" else _given(draft, "end_ms"),
        extension=_extension(pack, draft),
        allow_self_raise=pack.self_raise,
        method=draft.method,
        increment_rule=rule,
        increment_table=_table(pack, draft) if rule == "TABLE" else (),
        automatic_bids=automatic and draft.method == "ASCENDING",
        descent=_descent(pack, draft, start) if draft.method == "DESCENDING" else None,
        sealed=_sealing(pack, draft) if draft.method == "SEALED" else None,
        phases=tuple(_phase(pack, draft, phase) for phase in (pack.phases or ())[1:]),
        reserve=_reserve(pack, draft),
        confirm=_confirm(pack),
        terms=_terms(pack, draft),
        pack=pack.id,
        pack_hash=pack_hash(pack),
        lot=draft.lot,
        draws=_draws(pack, draft),
    )


def _given(draft: Draft, name: str) -> int:
    value: int | None = getattr(draft, name)
    if value is None:
        raise ParamsError(name, "is missing")
    return value


def _ms(duration: timedelta | None, otherwise: int) -> int:
    return otherwise if duration is None else duration_ms(duration)


def _extension(pack: Pack, draft: Draft) -> Extension | None:
    rule = pack.extension
    mode = draft.extension or rule.default
    if mode == "NONE" or draft.method != "ASCENDING":
        return None
    by_ms = draft.extension_by_ms or _ms(rule.by, DAY_MS)
    trigger_ms = by_ms
    if mode in ("LAST_MINUTES", "ROUNDS"):
        trigger_ms = draft.extension_trigger_ms or _ms(rule.trigger, by_ms)
    cap_ms = None if rule.cap is None else duration_ms(rule.cap)
    count = draft.extension_max_count or rule.max_count or MAX_EXTENSIONS
    return Extension(trigger_ms, by_ms, count, cap_ms, "ROUNDS" if mode == "ROUNDS" else "LATE_BID")


def _table(pack: Pack, draft: Draft) -> tuple[tuple[int | None, int], ...]:
    own = tuple((row.below_minor, row.step_minor) for row in pack.increment.table or ())
    return draft.increment_table or own


def _descent(pack: Pack, draft: Draft, start: int) -> Descent:
    rule = pack.descending
    if rule is None:
        raise ParamsError("method", f"{pack.id} has no descending auctions")
    by_lot = pack.tie.descending == "DRAW_LOTS"
    if rule.floor == "REQUIRED" or rule.step_bp is None or rule.max_steps is None:
        if draft.descent is None:
            raise ParamsError("descent", "is missing")
        return replace(draft.descent, draw_same_step=by_lot)
    floor = start
    for step in range(1, rule.max_steps + 1):
        if rule.default == "PERCENT_OF_START":
            floor = start - start * rule.step_bp * step // BASIS_POINTS
        else:
            floor = floor * (BASIS_POINTS - rule.step_bp) // BASIS_POINTS
    return Descent(
        rule.default,
        duration_ms(rule.interval),
        floor_minor=floor,
        step_bp=rule.step_bp,
        draw_same_step=by_lot,
    )


def _sealing(pack: Pack, draft: Draft) -> Sealing:
    if draft.keys is None or pack.sealed is None:
        raise ParamsError("keys.public_keys", "is missing")
    tie = pack.tie.sealed
    return Sealing(
        public_keys=draft.keys.public_keys,
        open_ms=duration_ms(pack.sealed.open_within),
        rebid_ms=duration_ms(pack.sealed.re_bid),
        draw_ms=_ms(pack.tie.draw_within, HOUR_MS),
        commitments=draft.keys.commitments if "DRAW_LOTS" in tie else (),
        rebid_public_keys=draft.keys.rebid_public_keys if "RE_BID_TIED" in tie else (),
        tie=tie,
    )


def _draws(pack: Pack, draft: Draft) -> Draws | None:
    if draft.method != "DESCENDING" or pack.tie.descending != "DRAW_LOTS":
        return None
    if draft.keys is None:
        raise ParamsError("keys.commitments", "is missing")
    return Draws(_ms(pack.tie.draw_within, HOUR_MS), draft.keys.commitments)


def _phase(pack: Pack, draft: Draft, rule: PhaseRule) -> Phase:
    duration = _ms(rule.duration, DAY_MS)
    if rule.kind == "SEALED":
        return Phase("SEALED", duration, rule.admission, _sealing(pack, draft))
    return Phase("ASCENDING", duration, rule.admission)


def _reserve(pack: Pack, draft: Draft) -> Reserve | None:
    if draft.reserve is None or draft.reserve.commitment is None:
        return draft.reserve
    return replace(draft.reserve, reveal_ms=_ms(pack.reserve.reveal_within, DAY_MS))


def _confirm(pack: Pack) -> Confirm | None:
    rule = pack.confirm
    if rule.ratio_bp is None and rule.steps is None:
        return None
    return Confirm(rule.ratio_bp, rule.steps)


def _terms(pack: Pack, draft: Draft) -> Terms:
    after = pack.re_auction
    cut = draft.cuts > 0 and not follows_valuation(pack, draft)
    return Terms(
        deposit_minor=_given(draft, "deposit_minor"),
        min_participants=pack.min_participants,
        single_bidder=_single_bidder(pack, draft),
        single_after_failures=pack.single_bidder.after_failures,
        failures=draft.failures,
        cuts=draft.cuts,
        previous_start_minor=draft.previous_start_minor if cut else None,
        max_cut_bp=BASIS_POINTS if after is None else after.max_cut_bp,
        in_kind_after_cuts=None if after is None else after.in_kind_after_cuts,
        registration_open_ms=draft.registration_open_ms,
        registration_close_ms=draft.registration_close_ms,
        withdrawal=pack.withdrawal.allowed,
        announcement=pack.result.announced_by,
        runner_up=pack.runner_up.policy,
        runner_up_depth=pack.runner_up.depth,
        offer_ms=_ms(pack.runner_up.answer_within, DAY_MS),
        consent_ms=_ms(pack.single_bidder.consent_within, DAY_MS),
        signatories=pack.minutes.signatories,
        minutes_ms=_span_ms(pack, draft, pack.minutes.sign_within),
        payment_ms=_span_ms(pack, draft, pack.payment.due),
        payment_extended_ms=_optional_ms(pack, draft, pack.payment.extended_to),
        delivery_ms=_span_ms(pack, draft, pack.delivery.due),
        claim_ms=_span_ms(pack, draft, pack.forfeit.claim_within),
        forfeit_grounds=(
            pack.forfeit.grounds if draft.forfeit_grounds is None else draft.forfeit_grounds
        ),
        forfeit_beneficiaries=tuple(sorted(pack.forfeit.beneficiaries.items())),
        incident_choices=pack.technical_fault.in_session,
        **_deposits(pack, draft),
    )


def _deposits(pack: Pack, draft: Draft) -> dict[str, Any]:
    """Whether the journal records them, and how they may be made: by money, and as the pack has it.

    Law 01/2016 Art. 39(1): a small one in cash, a bank's guarantee by agreement.
    """
    rule, amount = pack.deposit, _given(draft, "deposit_minor")
    if draft.deposits != "RECORDED" or not amount:
        return {}
    ways = {
        "TRANSFER": True,
        "CASH": rule.cash_below_minor is not None and amount < rule.cash_below_minor,
        "GUARANTEE": rule.guarantee,
        "CARD_HOLD": rule.card_hold,
        "EXEMPT": rule.creditor_exempt,
    }
    means = tuple(name for name, allowed in ways.items() if allowed)
    return {"deposits": "RECORDED", "deposit_means": means}


def _single_bidder(pack: Pack, draft: Draft) -> Literal["NEVER", "CONSENT", "ALWAYS"]:
    never = draft.category in pack.single_bidder.not_for
    return "NEVER" if never else pack.single_bidder.policy


def _span_ms(pack: Pack, draft: Draft, span: Span) -> int:
    """How long a span is for this lot: from the end announced to the last moment of its last day.

    Never shorter than the law's period counted from that end; who counts from another day asks
    `deadlines` with that day.
    """
    from_ms = draft.end_ms or _given(draft, "opening_ms")
    day = days.local_day(from_ms, pack.timezone)
    moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY"
    last = days.after(days.load(pack.calendar), day, span, to_working_day=moves)
    return days.end_of_day_ms(last, pack.timezone) - from_ms


def _optional_ms(pack: Pack, draft: Draft, span: Span | None) -> int | None:
    return None if span is None else _span_ms(pack, draft, span)
