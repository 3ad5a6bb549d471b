"""Where figures come from: rows of facts and of the books, each with the day it is counted on.

Each source is the text of a FROM clause in which `f` is the lot's row of `lot_facts`.
"""

from typing import NamedTuple


class Source(NamedTuple):
    """`day`: the local day a row is counted on, a date expression. `where`: which rows count."""

    rows: str
    day: str
    where: str = "true"


def _of_facts(day: str) -> Source:
    return Source("lot_facts f", f"f.{day}_on")


# A payment of ours that the bank has booked: the order of the last attempt, resolved by a line.
_BOOKED = """
      LEFT JOIN transfer o ON p.state = 'BOOKED' AND o.key = 'order:' || p.id || '-' || p.attempt
      LEFT JOIN transfer b ON coalesce(b.resolves, b.reverses) = o.id AND b.kind = 'payout.booked'
"""
# Deposits that go back to bidders are in the books of organisations.
_REFUNDS = f"""
    payout p JOIN book k ON k.id = p.book_id AND k.kind = 'ORGANISATION'
      JOIN lot_facts f ON f.lot_id = p.lot_id
      {_BOOKED}
"""
_REFUND = "p.kind = 'REFUND' AND p.state <> 'CANCELLED'"
_LOCAL = "({0}.at AT TIME ZONE f.zone)::date"

SOURCES: dict[str, Source] = {
    "listed": _of_facts("listed"),
    "ended": _of_facts("ended"),
    "paid": _of_facts("paid"),
    "delivered": _of_facts("delivered"),
    "defaulted": _of_facts("defaulted"),
    "rescinded": _of_facts("rescinded"),
    "annulled": _of_facts("annulled"),
    "cut": _of_facts("cut"),
    "offered": _of_facts("offered"),
    "taken": _of_facts("taken"),
    "returned": _of_facts("returned"),
    "refusals": Source(
        "lot_facts f CROSS JOIN LATERAL jsonb_each_text(f.refusals) r", "f.ended_on"
    ),
    "forfeits": Source(
        "lot_facts f CROSS JOIN LATERAL"
        ' jsonb_to_recordset(f.forfeits) x("on" date, ground text, amount_minor bigint)',
        'x."on"',
    ),
    "deposits": Source(
        "payment_request r JOIN transfer t ON t.key = 'hold:' || r.id"
        " JOIN lot_facts f ON f.lot_id = r.lot_id",
        "t.booked_on",
        "r.purpose = 'DEPOSIT'",
    ),
    "guarantees": Source(
        "guarantee g JOIN payment_request r ON r.id = g.request_id"
        " JOIN money_act t ON t.id = g.act_id JOIN lot_facts f ON f.lot_id = r.lot_id",
        _LOCAL.format("t"),
    ),
    "refunds_due": Source(_REFUNDS, "p.due_on", _REFUND),
    "refunds_paid": Source(_REFUNDS, "b.booked_on", f"{_REFUND} AND p.state = 'BOOKED'"),
    "distributed": Source(
        "distribution d JOIN money_act m ON m.book_id = d.book_id"
        " AND m.kind IN ('distribution.approved', 'in_kind.approved')"
        " AND (m.body ->> 'distribution')::bigint = d.id"
        " JOIN transfer t ON t.cause_kind = 'ACT' AND t.cause_id = m.id"
        " JOIN posting q ON q.transfer_id = t.id AND q.amount_minor < 0"
        " JOIN money_account a ON a.id = q.account_id"
        " JOIN lot_facts f ON f.lot_id = d.lot_id",
        "t.booked_on",
        "d.approved_at IS NOT NULL AND t.kind = 'estate.distributed'",
    ),
    "complaints": Source("complaint c JOIN lot_facts f ON f.lot_id = c.lot_id", _LOCAL.format("c")),
    "decisions": Source(
        "complaint_act d JOIN complaint c ON c.id = d.complaint_id"
        " JOIN lot_facts f ON f.lot_id = c.lot_id",
        _LOCAL.format("d"),
    ),
}
