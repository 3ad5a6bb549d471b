"""When a complaint must be filed, taken up and decided: from the rule pack, day by day."""

from datetime import date
from typing import Literal, NamedTuple

from auction_engine.rules import calendar as days
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.pack_base import Span
from auction_engine.rules.pack_complaints import Addressee

Step = Literal["FILE", "ACCEPT", "DECIDE"]
State = Literal[
    "FILED", "ACCEPTED", "REJECTED_FORMALLY", "DECIDED_UPHELD", "DECIDED_DENIED", "WITHDRAWN"
]
# What may follow what. The complainant alone withdraws; the body addressed does everything else.
NEXT: dict[State, tuple[State, ...]] = {
    "FILED": ("ACCEPTED", "REJECTED_FORMALLY", "WITHDRAWN"),
    "ACCEPTED": ("DECIDED_UPHELD", "DECIDED_DENIED", "WITHDRAWN"),
    "REJECTED_FORMALLY": (),
    "DECIDED_UPHELD": (),
    "DECIDED_DENIED": (),
    "WITHDRAWN": (),
}
_FIELDS = {"FILE": "file_within", "ACCEPT": "accept_within", "DECIDE": "decide_within"}


class Limit(NamedTuple):
    """The last local day of a step, its last UTC millisecond, its article, and if that was read."""

    day: date
    due_ms: int
    rule: str
    verified: bool


def limit(pack: Pack | None, addressee: Addressee, step: Step, since: date) -> Limit | None:
    """The limit of `step`, counted from `since`; None where the pack sets none.

    FILE counts from the day the complainant learned of what is complained about, ACCEPT from the
    filing, DECIDE from the taking up. Raises calendar.CalendarError beyond the pack's calendar.
    """
    rule = None if pack is None or pack.complaints is None else pack.complaints.of(addressee)
    if pack is None or rule is None:
        return None
    span: Span = getattr(rule, _FIELDS[step])
    moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY"
    day = days.after(days.load(pack.calendar), since, span, to_working_day=moves)
    path = f"complaints.{addressee.lower()}.{_FIELDS[step]}"
    return Limit(
        day,
        days.end_of_day_ms(day, pack.timezone),
        reference(pack, path),
        not is_unverified(pack, path),
    )
