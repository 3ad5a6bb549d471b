"""Every figure: how it is computed, in what it is counted, who may see it, which article asks.

Its name and its definition are texts of the pages in both languages (`statistics.figure.KEY`,
`statistics.define.KEY`).
"""

from typing import Literal, NamedTuple

# `spread`: least, lower quartile, median, upper quartile, greatest of a quotient; `times` the same
# of durations in milliseconds. `share` is between 0 and 1.
Unit = Literal["count", "money", "share", "spread", "times"]
# For whose reports these figures are: forms 004 and 005.N/BCB-TP.
REPORTS = "Decree 152/2026/ND-CP Art. 113"


class Figure(NamedTuple):
    """`value` is an aggregate over `sources.SOURCES[source]`; :today is the day of the question."""

    key: str
    unit: Unit
    source: str
    value: str
    basis: str = ""
    public: bool = False


class Breakdown(NamedTuple):
    """How many (and how much) of each code. Words for codes are texts `TEXTS.CODE`."""

    key: str
    source: str
    code: str
    number: str
    texts: str
    money: str = ""
    where: str = "true"
    public: bool = False


_SPREAD = "ARRAY[0, 0.25, 0.5, 0.75, 1]::float8[]"


_SOLD = "f.outcome = 'SOLD'"


def _sum(value: str, where: str = "true") -> str:
    return f"coalesce(sum({value}) FILTER (WHERE {where}), 0)::bigint"


def _spread(value: str) -> str:
    return f"percentile_cont({_SPREAD}) WITHIN GROUP (ORDER BY {value})"


def _ended(outcome: str) -> str:
    return f"count(*) FILTER (WHERE f.outcome = '{outcome}')"


# A refund that is due and was not on time: booked later, or not booked and the day is past.
_LATE = "b.booked_on > p.due_on"
_OVERDUE = "b.booked_on IS NULL AND p.due_on < :today"

FIGURES: tuple[Figure, ...] = (
    # What was offered and what became of it
    Figure("offered", "count", "listed", "count(*)", "Law 01/2016/QH14 Art. 35", True),
    Figure("offered_start", "money", "listed", _sum("f.start_minor"), public=True),
    Figure("sessions", "count", "ended", "count(DISTINCT f.session_id)", "", True),
    Figure("ended", "count", "ended", "count(*)", "Law 01/2016/QH14 Art. 44(1)", True),
    Figure("sold", "count", "ended", _ended("SOLD"), "Law 01/2016/QH14 Art. 46(3)", True),
    Figure("failed", "count", "ended", _ended("FAILED"), "Law 01/2016/QH14 Art. 52(1)", True),
    Figure("stopped", "count", "ended", _ended("STOPPED"), "Law 106/2025/QH15 Art. 84(2)", True),
    Figure("withdrawn", "count", "ended", _ended("WITHDRAWN"), public=True),
    Figure("success", "share", "ended", "count(*) FILTER (WHERE f.outcome = 'SOLD')::float8"
           " / nullif(count(*) FILTER (WHERE f.outcome IN ('SOLD', 'FAILED')), 0)", "", True),
    # Prices
    Figure("start", "money", "ended", _sum("f.start_minor", _SOLD), public=True),
    Figure("final", "money", "ended", _sum("f.final_minor"), public=True),
    Figure("over_start", "spread", "ended",
           _spread("f.final_minor::float8 / f.start_minor"), public=True),
    # Competition
    Figure("registered", "count", "ended", _sum("f.registered"), "Law 01/2016/QH14 Art. 38", True),
    Figure("turned_away", "count", "ended", _sum("f.turned_away"), "Law 01/2016/QH14 Art. 38(4)"),
    Figure("admitted", "count", "ended", _sum("f.admitted"), public=True),
    Figure("present", "count", "ended", _sum("f.present"), "Decree 62/2017/ND-CP Art. 10(3)", True),
    Figure("bids", "count", "ended", _sum("f.bids"), public=True),
    Figure("automatic", "count", "ended", _sum("f.automatic"), public=True),
    Figure("sealed", "count", "ended", _sum("f.sealed"), public=True),
    Figure("refused", "count", "ended", _sum("f.refused")),
    Figure("extensions", "count", "ended", _sum("f.extensions"), public=True),
    # After the award
    Figure("paid", "count", "paid", "count(*)", "Decree 152/2026/ND-CP Art. 65(1)", True),
    Figure("to_pay", "times", "paid", _spread("f.paid_ms - f.awarded_ms"),
           "Decree 152/2026/ND-CP Art. 65(1)", True),
    Figure("delivered", "count", "delivered", "count(*)", "Decree 152/2026/ND-CP Art. 67(1)", True),
    Figure("to_deliver", "times", "delivered", _spread("f.delivered_ms - f.awarded_ms"), "", True),
    Figure("paid_to_deliver", "times", "delivered", _spread("f.delivered_ms - f.paid_ms"),
           "Decree 152/2026/ND-CP Art. 67(1)", True),
    Figure("defaulted", "count", "defaulted", "count(*)", "Decree 152/2026/ND-CP Art. 65(1)", True),
    Figure("rescinded", "count", "rescinded", "count(*)",
           "Decree 152/2026/ND-CP Arts. 65(1), 67(4)", True),
    Figure("annulled", "count", "annulled", "count(*)", "Law 01/2016/QH14 Arts. 72-73", True),
    # After a failure
    Figure("cut", "count", "cut", "count(*)", "Law 106/2025/QH15 Art. 83(3)", True),
    Figure("cut_by", "spread", "cut", _spread("f.next_start_minor::float8 / f.start_minor"),
           "Law 106/2025/QH15 Art. 83(3)"),
    Figure("offered_in_kind", "count", "offered", "count(*)", "Law 106/2025/QH15 Art. 83(3)"),
    Figure("taken", "count", "taken", "count(*)", "Decree 152/2026/ND-CP Arts. 65(6), 66", True),
    Figure("top_up", "money", "taken", _sum("f.top_up_minor"), "Decree 152/2026/ND-CP Art. 66"),
    Figure("returned", "count", "returned", "count(*)", "Law 106/2025/QH15 Art. 83(3)"),
    # Money
    Figure("deposits", "count", "deposits", "count(*)", "Law 01/2016/QH14 Art. 39(1)"),
    Figure("deposits_minor", "money", "deposits", _sum("r.amount_minor"),
           "Law 01/2016/QH14 Art. 39(1)"),
    Figure("guarantees", "count", "guarantees", "count(*)", "Law 01/2016/QH14 Art. 39(1)"),
    Figure("refunds_paid", "count", "refunds_paid", "count(*)", "Law 01/2016/QH14 Art. 39(4)"),
    Figure("refunds_minor", "money", "refunds_paid", _sum("p.amount_minor"),
           "Law 01/2016/QH14 Art. 39(4)"),
    Figure("refunds_due", "count", "refunds_due", "count(*)", "Law 01/2016/QH14 Art. 39(4)", True),
    Figure("refunds_on_time", "count", "refunds_due",
           "count(*) FILTER (WHERE b.booked_on <= p.due_on)", "Law 01/2016/QH14 Art. 39(4)", True),
    Figure("refunds_late", "count", "refunds_due", f"count(*) FILTER (WHERE {_LATE})", "", True),
    Figure("refunds_overdue", "count", "refunds_due", f"count(*) FILTER (WHERE {_OVERDUE})", "",
           True),
    Figure("refunds_share", "share", "refunds_due",
           "count(*) FILTER (WHERE b.booked_on <= p.due_on)::float8"
           f" / nullif(count(*) FILTER (WHERE b.booked_on IS NOT NULL OR ({_OVERDUE})), 0)",
           "Law 01/2016/QH14 Art. 39(4)", True),
    Figure("forfeits", "count", "forfeits", "count(*)", "Law 01/2016/QH14 Art. 39(6)"),
    Figure("forfeits_minor", "money", "forfeits", _sum("x.amount_minor"),
           "Law 01/2016/QH14 Art. 39(8); Decree 152/2026/ND-CP Art. 65(4)-(5)"),
    Figure("distributions", "count", "distributed", "count(DISTINCT t.id)",
           "Law 106/2025/QH15 Art. 54"),
    Figure("distributed", "money", "distributed", _sum("-q.amount_minor"),
           "Law 106/2025/QH15 Art. 54"),
    # Complaints
    Figure("complaints", "count", "complaints", "count(*)"),
    Figure("upheld", "count", "decisions", "count(*) FILTER (WHERE d.kind = 'DECIDED_UPHELD')"),
    Figure("denied", "count", "decisions", "count(*) FILTER (WHERE d.kind = 'DECIDED_DENIED')"),
)  # fmt: skip
BY_KEY = {figure.key: figure for figure in FIGURES}
# In what order pages show them, under which heading.
SECTIONS: dict[str, tuple[str, ...]] = {
    "offer": ("offered", "offered_start", "sessions", "ended", "sold", "failed", "stopped",
              "withdrawn", "success"),
    "prices": ("start", "final", "over_start"),
    "bidding": ("registered", "turned_away", "admitted", "present", "bids", "automatic", "sealed",
                "refused", "extensions"),
    "after": ("paid", "to_pay", "delivered", "to_deliver", "paid_to_deliver", "defaulted",
              "rescinded", "annulled"),
    "failure": ("cut", "cut_by", "offered_in_kind", "taken", "top_up", "returned"),
    "money": ("deposits", "deposits_minor", "guarantees", "refunds_paid", "refunds_minor",
              "refunds_due", "refunds_on_time", "refunds_late", "refunds_overdue", "refunds_share",
              "forfeits", "forfeits_minor", "distributions", "distributed"),
    "complaints": ("complaints", "upheld", "denied"),
}  # fmt: skip

BREAKDOWNS: tuple[Breakdown, ...] = (
    Breakdown("failures", "ended", "f.code", "count(*)", "statistics.failure",
              where="f.outcome = 'FAILED'", public=True),
    Breakdown("stops", "ended", "f.code", "count(*)", "statistics.stop",
              where="f.outcome = 'STOPPED'", public=True),
    Breakdown("refusals", "refusals", "r.key", "sum(r.value::int)::bigint", "live.refused"),
    Breakdown("lost", "forfeits", "x.ground", "count(*)", "statistics.ground",
              "sum(x.amount_minor)::bigint"),
    Breakdown("shares", "distributed", "a.code", "count(*)", "statistics.share",
              "sum(-q.amount_minor)::bigint"),
)  # fmt: skip
