"""Checks of what must have happened by when: valuation, contract, posting, notices, dossiers.

All of them raise calendar.CalendarError when a day lies outside the pack's calendar.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from auction_engine.rules import calendar as days
from auction_engine.rules.deadlines import intake_closes
from auction_engine.rules.draft import Draft
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import Span
from auction_engine.rules.pack_before import Intake
from auction_engine.rules.pack_words import day_text, named, span_text
from auction_engine.rules.publication_texts import Fault


def _opening(pack: Pack, draft: Draft) -> date | None:
    """Day D: the opening of the session (phiên đấu giá)."""
    opening_ms = draft.session_opening_ms or draft.opening_ms
    return None if opening_ms is None else days.local_day(opening_ms, pack.timezone)


def _span(span: Span) -> tuple[str, str]:
    words = span_text(span)
    return words.vi, words.en


def _is_short(pack: Pack, draft: Draft) -> bool:
    return draft.short_procedure and pack.short_procedure is not None


def valuation(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if draft.revaluation_pending:
        yield Fault("revaluation_pending", "REVALUATION_PENDING", "valuation", {})
    if draft.priority_pending:
        yield Fault("priority_pending", "PRIORITY_PENDING", "priority_purchase", {})
    expires, signed = draft.valuation_expires_on, draft.service_contract_on
    rule = pack.valuation
    if rule is not None and rule.must_cover_contract and expires and signed and expires < signed:
        values: dict[str, object] = {"expires": day_text(expires), "signed": day_text(signed)}
        path = "valuation.must_cover_contract"
        yield Fault("valuation_expires_on", "VALUATION_EXPIRED", path, values)


def contract(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if pack.schedule is None:
        return
    signed, opening = draft.service_contract_on, _opening(pack, draft)
    if signed is None:
        yield Fault("service_contract_on", "CONTRACT_MISSING", "schedule.service_contract", {})
        return
    span = pack.schedule.auction_within.of(draft.kind)
    latest = days.after(days.load(pack.calendar), signed, span)
    if opening is not None and opening > latest:
        values: dict[str, object] = {
            "day": day_text(opening),
            "span": _span(span),
            "latest": day_text(latest),
        }
        path = f"schedule.auction_within.{draft.kind}"
        yield Fault("opening_ms", "OPENING_TOO_LATE", path, values)


def short_procedure(pack: Pack, draft: Draft) -> Iterator[Fault]:
    if not draft.short_procedure:
        return
    rule = pack.short_procedure
    if rule is not None:
        total, below = draft.session_start_total_minor, rule.start_total_below_minor
        small = total is not None and below is not None and total < below
        least = rule.failures_at_least
        often = least is not None and draft.failures >= least
        if small or often or rule.owner_may_choose:
            return
    path = "short_procedure" if rule is not None else "posting"
    yield Fault("short_procedure", "SHORT_NOT_ALLOWED", path, {})


def posting(pack: Pack, draft: Draft) -> Iterator[Fault]:
    opening = _opening(pack, draft)
    if pack.posting is None or opening is None:
        return
    path, span = f"posting.{draft.kind}", getattr(pack.posting, draft.kind)
    if _is_short(pack, draft) and pack.short_procedure is not None:
        path = f"short_procedure.{path}"
        span = pack.short_procedure.posting.of(draft.kind)
    calendar = days.load(pack.calendar)
    latest = days.before(calendar, opening, span, pack.counting.before_opening)
    values: dict[str, object] = {"span": _span(span), "latest": day_text(latest)}
    if draft.posting_on is None:
        yield Fault("posting_on", "POSTING_MISSING", path, values)
    elif draft.posting_on > latest:
        values["given"] = day_text(draft.posting_on)
        yield Fault("posting_on", "POSTING_LATE", path, values)
    if pack.posting.proof and draft.posting_on is not None and not draft.posting_proof:
        yield Fault("posting_proof", "POSTING_PROOF", "posting.proof", {})


def notices(pack: Pack, draft: Draft) -> Iterator[Fault]:
    rule, opening = pack.notice, _opening(pack, draft)
    if rule is None or opening is None:
        return
    threshold = rule.movable_from_minor
    if draft.movable and threshold is not None:
        if (draft.starting_price_minor or threshold) < threshold:
            return
    short = pack.short_procedure if _is_short(pack, draft) else None
    needed = rule.count if short is None else short.notices
    if len(draft.notices) < needed:
        values: dict[str, object] = {"given": len(draft.notices), "needed": needed}
        path = "notice.count" if short is None else "short_procedure.notices"
        yield Fault("notices", "NOTICES_FEW", path, values)
    yield from _notice_days(pack, draft, opening, needed)
    yield from _notice_channels(pack, draft)


def _notice_days(pack: Pack, draft: Draft, opening: date, needed: int) -> Iterator[Fault]:
    rule, calendar = pack.notice, days.load(pack.calendar)
    if rule is None:
        return
    found = sorted(notice.on for notice in draft.notices)[:needed]
    if rule.gap is not None:
        for first, second in pairwise(found):
            earliest = days.after(calendar, first, rule.gap, to_working_day=False)
            if second < earliest:
                values: dict[str, object] = {
                    "first": day_text(first),
                    "second": day_text(second),
                    "span": _span(rule.gap),
                    "earliest": day_text(earliest),
                }
                yield Fault("notices", "NOTICES_CLOSE", "notice.gap", values)
    if len(found) == needed and not _is_short(pack, draft):
        span = rule.last_before.of(draft.kind)
        latest = days.before(calendar, opening, span, pack.counting.before_opening)
        if found[-1] > latest:
            values = {
                "given": day_text(found[-1]),
                "span": _span(span),
                "latest": day_text(latest),
            }
            yield Fault("notices", "NOTICE_LATE", f"notice.last_before.{draft.kind}", values)


def _notice_channels(pack: Pack, draft: Draft) -> Iterator[Fault]:
    rule = pack.notice
    if rule is None:
        return
    for number, notice in enumerate(draft.notices):
        on = day_text(notice.on)
        missing = [channel for channel in rule.each_on if channel not in notice.channels]
        if missing:
            values: dict[str, object] = {"on": on, "missing": named(*missing)}
            yield Fault(f"notices.{number}.channels", "NOTICE_CHANNEL", "notice.each_on", values)
        if rule.proof and not notice.proof:
            yield Fault(f"notices.{number}.proof", "NOTICE_PROOF", "notice.proof", {"on": on})
    used = {channel for notice in draft.notices for channel in notice.channels}
    if draft.notices and rule.once_on and not used & set(rule.once_on):
        values = {"channels": named(*rule.once_on)}
        yield Fault("notices", "NOTICE_ONCE_ON", "notice.once_on", values)


def viewing(pack: Pack, draft: Draft) -> Iterator[Fault]:
    opening = _opening(pack, draft)
    if pack.viewing is None or opening is None:
        return
    needed = pack.viewing.min_days
    shown = sorted(
        day
        for day in set(draft.viewing_on)
        if day < opening and (draft.posting_on is None or day >= draft.posting_on)
    )
    longest = run = min(1, len(shown))
    for one, other in pairwise(shown):
        run = run + 1 if other - one == timedelta(days=1) else 1
        longest = max(longest, run)
    if longest < needed:
        yield Fault("viewing_on", "VIEWING", "viewing.min_days", {"needed": needed})


def registration(pack: Pack, draft: Draft) -> Iterator[Fault]:
    opens, closes = draft.registration_open_ms, draft.registration_close_ms
    if opens is None or closes is None:
        yield Fault("registration_close_ms", "REGISTRATION_MISSING", "registration", {})
        return
    first = days.local_day(opens, pack.timezone)
    if draft.posting_on is not None and first > draft.posting_on:
        values: dict[str, object] = {
            "given": day_text(first),
            "posting": day_text(draft.posting_on),
        }
        path = "registration.opens"
        yield Fault("registration_open_ms", "REGISTRATION_OPENS_LATE", path, values)
    yield from _closing(pack, draft, "registration", opens, closes)


def deposits(pack: Pack, draft: Draft) -> Iterator[Fault]:
    opens, closes = draft.deposit_open_ms, draft.deposit_close_ms
    if opens is None or closes is None:
        yield Fault("deposit_close_ms", "DEPOSIT_WINDOW_MISSING", "deposit.window", {})
        return
    opening, window = _opening(pack, draft), pack.deposit.window
    if opening is not None and window.opens_before is not None and not draft.deposit_window_agreed:
        calendar = days.load(pack.calendar)
        earliest = days.before(calendar, opening, window.opens_before, "DAY_MINUS_N")
        first = days.local_day(opens, pack.timezone)
        if first < earliest:
            values: dict[str, object] = {"given": day_text(first), "earliest": day_text(earliest)}
            path = "deposit.window.opens_before"
            yield Fault("deposit_open_ms", "DEPOSIT_OPENS_EARLY", path, values)
    yield from _deposits_from_posting(pack, draft, opens)
    yield from _closing(pack, draft, "deposit.window", opens, closes)


def _deposits_from_posting(pack: Pack, draft: Draft, opens: int) -> Iterator[Fault]:
    """Where they are taken from the posting on: not before it, and not later either."""
    posting = draft.posting_on
    if pack.deposit.window.opens != "POSTING" or posting is None or draft.deposit_window_agreed:
        return
    first = days.local_day(opens, pack.timezone)
    values: dict[str, object] = {"given": day_text(first)}
    path = "deposit.window.opens"
    if first < posting:
        values["earliest"] = day_text(posting)
        yield Fault("deposit_open_ms", "DEPOSIT_OPENS_EARLY", path, values)
    elif first > posting:
        values["posting"] = day_text(posting)
        yield Fault("deposit_open_ms", "DEPOSIT_OPENS_LATE", path, values)


def _closing(pack: Pack, draft: Draft, path: str, opens: int, closes: int) -> Iterator[Fault]:
    field = "registration_close_ms" if path == "registration" else "deposit_close_ms"
    if closes <= opens:
        yield Fault(field, "CLOSES_AFTER_OPENING", path, {})
    opening = _opening(pack, draft)
    if opening is None:
        return
    last = intake_closes(pack, opening, path, short=_is_short(pack, draft))
    if last is None:
        return
    day, last_ms = last
    span = "short_procedure.close_before" if _is_short(pack, draft) else f"{path}.close_before"
    given = days.local_day(closes, pack.timezone)
    intake: Intake = pack.registration if path == "registration" else pack.deposit.window
    if closes > last_ms:
        clock = f"{days.clock(closes, pack.timezone)} {day_text(given)}"
        values: dict[str, object] = {
            "given": clock,
            "latest": f"{intake.closes_at} {day_text(day)}",
        }
        yield Fault(field, "CLOSES_LATE", span, values)
    elif given < day and not (path == "deposit.window" and draft.deposit_window_agreed):
        values = {"given": day_text(given), "day": day_text(day)}
        yield Fault(field, "CLOSES_EARLY", span, values)


CHECKS = (
    valuation,
    contract,
    short_procedure,
    posting,
    notices,
    viewing,
    registration,
    deposits,
)
