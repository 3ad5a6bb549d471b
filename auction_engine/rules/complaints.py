"""When a complaint must be filed, taken up and decided, and what waits for it: by the rule pack."""

from datetime import date
from typing import Literal, NamedTuple

from auction_engine.rules import calendar as days
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.pack_base import Span
from auction_engine.rules.pack_complaints import Addressee, ComplaintRule

Step = Literal["FILE", "ACCEPT", "DECIDE", "APPEAL", "DECIDE_AGAIN"]
State = Literal[
    "FILED",
    "ACCEPTED",
    "REJECTED_FORMALLY",
    "DECIDED_UPHELD",
    "DECIDED_DENIED",
    "WITHDRAWN",
    "APPEALED",
    "SECOND_UPHELD",
    "SECOND_DENIED",
]
Waits = Literal["ANNOUNCEMENT", "PAYOUT", "DISTRIBUTION", "SINGLE_BIDDER"]
OPEN: tuple[State, ...] = ("FILED", "ACCEPTED", "APPEALED")
# What may follow what. The complainant alone withdraws and appeals; the body addressed does
# everything else, or records what the second instance has decided.
NEXT: dict[State, tuple[State, ...]] = {
    "FILED": ("ACCEPTED", "REJECTED_FORMALLY", "WITHDRAWN"),
    "ACCEPTED": ("DECIDED_UPHELD", "DECIDED_DENIED", "WITHDRAWN"),
    "REJECTED_FORMALLY": (),
    "DECIDED_UPHELD": ("APPEALED",),
    "DECIDED_DENIED": ("APPEALED",),
    "WITHDRAWN": (),
    "APPEALED": ("SECOND_UPHELD", "SECOND_DENIED", "WITHDRAWN"),
    "SECOND_UPHELD": (),
    "SECOND_DENIED": (),
}
OF_THE_COMPLAINANT: tuple[State, ...] = ("WITHDRAWN", "APPEALED")
_FIELDS = {
    "FILE": "file_within",
    "ACCEPT": "accept_within",
    "DECIDE": "decide_within",
    "APPEAL": "appeal.within",
    "DECIDE_AGAIN": "appeal.decide_within",
}


class Limit(NamedTuple):
    """The last local day of a step, its last UTC millisecond, its article, and if that was read."""

    day: date
    due_ms: int
    rule: str
    verified: bool


def limit(pack: Pack | None, addressee: Addressee, step: Step, since: date) -> Limit | None:
    """The limit of `step`, counted from `since`; None where the pack sets none.

    FILE counts from the day the complainant learned of what is complained about, ACCEPT from the
    filing, DECIDE from the taking up, APPEAL from the decision, DECIDE_AGAIN from the appeal.
    Raises calendar.CalendarError beyond the pack's calendar.
    """
    rule = _rule(pack, addressee)
    span = None if rule is None else _span(rule, step)
    if pack is None or span is None:
        return None
    moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY"
    day = days.after(days.load(pack.calendar), since, span, to_working_day=moves)
    path = f"complaints.{addressee.lower()}.{_FIELDS[step]}"
    return Limit(
        day,
        days.end_of_day_ms(day, pack.timezone),
        reference(pack, path),
        not is_unverified(pack, path),
    )


def holds(pack: Pack | None, addressee: Addressee) -> dict[Waits, State]:
    """What waits while such a complaint is open, and from which of its states on.

    A sole bidder may not buy while a complaint is pending (Law 01/2016 Art. 49): from its filing.
    """
    rule, found = _rule(pack, addressee), dict[Waits, State]()
    if rule is not None and rule.hold is not None:
        found.update(dict.fromkeys(rule.hold.what, rule.hold.since))
    if pack is not None and pack.single_bidder.no_pending_complaint:
        found["SINGLE_BIDDER"] = "FILED"
    return found


def _rule(pack: Pack | None, addressee: Addressee) -> ComplaintRule | None:
    return None if pack is None or pack.complaints is None else pack.complaints.of(addressee)


def _span(rule: ComplaintRule, step: Step) -> Span | None:
    if step in ("APPEAL", "DECIDE_AGAIN"):
        if rule.appeal is None:
            return None
        return rule.appeal.within if step == "APPEAL" else rule.appeal.decide_within
    span: Span = getattr(rule, _FIELDS[step])
    return span
