"""A person's own deposits and what came back, from the books: state, days, the bank's reference."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from auction_engine.desk.money import reading_lot
from auction_engine.desk.money.reading_lot import Deposit

_REFUND = """
    SELECT p.id, p.amount_minor, p.state, p.due_on, p.account, b.booked_on, l.bank_ref, l.booked_on
           AS line_on
      FROM payout p
      LEFT JOIN LATERAL (
           SELECT b.booked_on, b.cause_kind, b.cause_id FROM transfer o
             JOIN transfer b ON b.resolves = o.id AND b.kind = 'payout.booked'
            WHERE o.cause_kind = 'PAYOUT' AND o.cause_id = p.id ORDER BY b.id DESC LIMIT 1
           ) b ON true
      LEFT JOIN bank_line l ON b.cause_kind = 'LINE' AND l.id = b.cause_id
     WHERE p.id = ANY($1::bigint[])
"""
_OUTSTANDING = """
    SELECT r.lot_id, r.reference, r.amount_minor, r.due_on, b.name, b.account, b.bic, b.bin,
           (SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM allocation a
             WHERE a.request_id = r.id) AS paid_minor
      FROM payment_request r LEFT JOIN bank_account b ON b.book_id = r.book_id
     WHERE r.purpose = 'PRICE' AND r.payer = $1
"""


class Refund(NamedTuple):
    """Money on its way back: how much, in which state, by when, and what the bank said of it."""

    payout: int
    amount_minor: int
    state: str
    due_on: date | None
    to_account: str | None
    booked_on: date | None
    bank_ref: str | None


class OwnDeposit(NamedTuple):
    """A deposit asked for, where it is, and its refund where there is one."""

    lot: int
    deposit: Deposit
    refund: Refund | None


class Price(NamedTuple):
    """The price still to be paid by a winner, and how."""

    lot: int
    reference: str
    amount_minor: int
    paid_minor: int
    due_on: date | None
    pay_to: tuple[str, str, str] | None  # name, account, bank


async def of_account(connection: Any, account: int) -> dict[int, OwnDeposit]:
    """The deposits asked of a person, by lot."""
    requests = await connection.fetch(
        "SELECT DISTINCT book_id, lot_id FROM payment_request"
        " WHERE payer = $1 AND purpose = 'DEPOSIT'",
        account,
    )
    found: dict[int, Deposit] = {}
    for row in requests:
        (deposit,) = await reading_lot.deposits(
            connection, row["book_id"], row["lot_id"], reading_lot.FOR_EVER, account
        )
        found[row["lot_id"]] = deposit
    refunds = await _refunds(connection, [one.payout for one in found.values() if one.payout])
    return {
        lot: OwnDeposit(lot, one, None if one.payout is None else refunds.get(one.payout))
        for lot, one in found.items()
    }


async def _refunds(connection: Any, payouts: Sequence[int]) -> dict[int, Refund]:
    rows = await connection.fetch(_REFUND, list(payouts)) if payouts else []
    return {
        row["id"]: Refund(
            row["id"],
            row["amount_minor"],
            row["state"],
            row["due_on"],
            _hidden(row["account"]),
            row["line_on"] or row["booked_on"],
            row["bank_ref"],
        )
        for row in rows
    }


def _hidden(account: str | None) -> str | None:
    """An account's last four digits: enough to know one's own by."""
    return None if account is None else f"…{account[-4:]}"


async def prices(connection: Any, account: int) -> dict[int, Price]:
    """The prices asked of a person who has won, by lot."""
    rows = await connection.fetch(_OUTSTANDING, account)
    return {
        row["lot_id"]: Price(
            row["lot_id"],
            row["reference"],
            row["amount_minor"],
            row["paid_minor"],
            row["due_on"],
            None
            if row["account"] is None
            else (row["name"], row["account"], row["bic"] or row["bin"] or ""),
        )
        for row in rows
    }
