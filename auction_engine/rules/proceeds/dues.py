"""Everything that is due for a lot's money and property: by when, who must do it, how urgent.

The days are those of `rules.deadlines`; here it is decided which of them still want something
done. Pure: the caller says what is known and what time it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, NamedTuple

from auction_engine.rules import calendar as days
from auction_engine.rules.commands import Role
from auction_engine.rules.deadlines import Deadline, Facts, by_key, deadlines
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.pack_base import Span, Text
from auction_engine.rules.proceeds.due_words import State, What, sentence

InKindStep = Literal["TELL", "DEBTOR", "CREDITOR"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a lot. `course` holds its days; what is `open` is not done yet.

    `refunds_open`: deposits to be returned and not booked by the bank; `dossier_fees_open`:
    dossier fees of a session that was not held; `absences_open`: absent bidders who may still
    claim force majeure or whose claim is not decided; `payouts_open`: payments from the proceeds.
    `many_creditors`: the longer time for paying out was decided; `obstacle`: a decision, complaint
    or event is in the way of paying out, or was until `obstacle_ended`.
    `payment_extended`: parties and buyer agreed in writing. `in_kind`: the step a creditor's
    request waits for. `on_hold`: a suit or a protest keeps the sale's time limits still; what is
    owed to bidders stays due.
    """

    lot: int
    course: Facts
    refunds_open: int = 0
    dossier_fees_open: int = 0
    absences_open: int = 0
    payment_open: bool = False
    payment_extended: bool = False
    fee_open: bool = False
    parked: bool = False
    title_open: bool = False
    payouts_open: int = 0
    many_creditors: bool = False
    obstacle: bool = False
    obstacle_ended: date | None = None
    failure_told: bool = False
    cut_decided: bool = False
    in_kind: InKindStep | None = None
    on_hold: bool = False


class Due(NamedTuple):
    """One thing to be done, once for each lot and auction of it.

    `day` is its last local day, `due_ms` the last UTC millisecond in time; it is shown as SOON
    from `warn_from`. From `escalate_on`, undone, it is `escalate_to`'s to know of. `text` says
    what, `rule` is the article, `verified` whether it was read.
    """

    key: str
    lot: int
    what: What
    number: int
    day: date
    due_ms: int
    rule: str
    verified: bool
    text: Text
    actor: Role
    warn_from: date
    state: State
    escalate_to: Role
    escalate_on: date

    def escalated(self, today: date) -> bool:
        """Whether the other role is to be told: overdue for long enough."""
        return self.state == "OVERDUE" and today >= self.escalate_on


class _Row(NamedTuple):
    """`deadline` is a key of `rules.deadlines`; `open` how many still want it done, 0 for none.

    `warn` is in working days before the day.
    """

    what: What
    deadline: str
    open: Callable[[Known], int]
    actor: Role
    escalate_to: Role
    warn: int
    holds: bool = True


def _sold(known: Known) -> bool:
    return known.course.paid is not None and known.course.delivered is None


def _failed(known: Known) -> bool:
    return known.course.failed is not None


def _in_the_way(known: Known) -> bool:
    return known.obstacle and known.obstacle_ended is None


_ROWS: tuple[_Row, ...] = (
    _Row("REFUND", "refund", lambda k: k.refunds_open, "ORGANISATION", "AGENCY", 1, False),
    _Row("DOSSIER_FEE", "dossier_fee_refund", lambda k: k.dossier_fees_open,
         "ORGANISATION", "AGENCY", 1, False),
    _Row("ABSENCE", "force_majeure_claim", lambda k: k.absences_open,
         "BIDDER", "ORGANISATION", 1, False),
    _Row("PAYMENT", "payment", lambda k: k.payment_open and not k.payment_extended,
         "BIDDER", "AGENCY", 5),
    _Row("PAYMENT_EXTENDED", "payment_extended", lambda k: k.payment_open and k.payment_extended,
         "BIDDER", "AGENCY", 5),
    _Row("AUCTION_FEE", "auction_fee", lambda k: k.fee_open, "AGENCY", "ORGANISATION", 5, False),
    _Row("PARKING", "parking", lambda k: _sold(k) and not k.parked, "AGENCY", "PROCURATOR", 2),
    _Row("DELIVERY", "delivery", _sold, "AGENCY", "PROCURATOR", 10),
    _Row("TITLE_PAPERS", "title_papers", lambda k: k.title_open, "AGENCY", "PROCURATOR", 3),
    _Row("PAYOUT", "payout", lambda k: 0 if _in_the_way(k) else k.payouts_open,
         "AGENCY", "PROCURATOR", 3),
    _Row("FAILURE_NOTICE", "failure_notice", lambda k: _failed(k) and not k.failure_told,
         "AGENCY", "PROCURATOR", 1),
    _Row("CUT_AGREED", "cut_agreed", lambda k: _failed(k) and not k.cut_decided and not k.in_kind,
         "AGENCY", "PROCURATOR", 3),
    _Row("CUT_DECIDED", "cut_decided", lambda k: _failed(k) and not k.cut_decided and not k.in_kind,
         "AGENCY", "PROCURATOR", 2),
    _Row("IN_KIND_TELL", "in_kind_debtor_told", lambda k: k.in_kind == "TELL",
         "AGENCY", "PROCURATOR", 1),
    _Row("IN_KIND_DEBTOR", "in_kind_debtor_pays", lambda k: k.in_kind == "DEBTOR",
         "AGENCY", "PROCURATOR", 2),
    _Row("IN_KIND_CREDITOR", "in_kind_creditor_pays", lambda k: k.in_kind == "CREDITOR",
         "AGENCY", "PROCURATOR", 2),
)  # fmt: skip


def dues(pack: Pack, known: Known, now_ms: int) -> tuple[Due, ...]:
    """What is due for the lot at `now_ms`, the most urgent first.

    A day is counted only from days that have come; nothing is assumed. Raises
    calendar.CalendarError when a day lies outside the pack's calendar.
    """
    wanted = [(row, int(row.open(known))) for row in _ROWS]
    wanted = [(row, n) for row, n in wanted if n and not (known.on_hold and row.holds)]
    if not wanted:
        return ()
    found = by_key(deadlines(pack, known.course))
    if "payout" in found:
        found["payout"] = _payout(pack, known, found["payout"])
    made = [
        _due(pack, known, row, number, found[row.deadline], now_ms)
        for row, number in wanted
        if row.deadline in found and not found[row.deadline].assumed
    ]
    return tuple(sorted(made, key=lambda due: (due.due_ms, due.key)))


def _payout(pack: Pack, known: Known, usual: Deadline) -> Deadline:
    """The day of paying out, later where Decree 152/2026 Art. 30(3)-(4) makes it so."""
    rule = pack.payout
    if rule is None or usual.assumed:
        return usual
    later: list[tuple[date, Span, str]] = []
    if known.many_creditors and rule.many_creditors is not None:
        later.append((usual.day, rule.many_creditors, "payout.many_creditors"))
    if known.obstacle_ended is not None and rule.after_obstacle is not None:
        later.append((known.obstacle_ended, rule.after_obstacle, "payout.after_obstacle"))
    calendar = days.load(pack.calendar)
    moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY"
    for since, span, path in later:
        day = days.after(calendar, since, span, to_working_day=moves)
        if day > usual.day:
            usual = replace(
                usual,
                day=day,
                due_ms=days.end_of_day_ms(day, pack.timezone),
                path=path,
                rule=reference(pack, path),
                verified=not is_unverified(pack, path),
            )
    return usual


def _due(pack: Pack, known: Known, row: _Row, number: int, one: Deadline, now_ms: int) -> Due:
    calendar = days.load(pack.calendar)
    warn_from = days.minus_working_days(calendar, one.day, row.warn)
    return Due(
        key=f"lot:{known.lot}/{known.course.round}/{row.what}",
        lot=known.lot,
        what=row.what,
        number=number,
        day=one.day,
        due_ms=one.due_ms,
        rule=one.rule,
        verified=one.verified,
        text=sentence(row.what, number),
        actor=row.actor,
        warn_from=warn_from,
        state=_state(one, warn_from, days.local_day(now_ms, pack.timezone), now_ms),
        escalate_to=row.escalate_to,
        escalate_on=days.add_working_days(calendar, one.day, 1),
    )


def _state(one: Deadline, warn_from: date, today: date, now_ms: int) -> State:
    if now_ms > one.due_ms:
        return "OVERDUE"
    if today == one.day:
        return "TODAY"
    return "SOON" if today >= warn_from else "COMING"
