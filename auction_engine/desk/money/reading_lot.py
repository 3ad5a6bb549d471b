"""What the pages show of one lot's money: deposits and where each is, transfers, distributions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.ledger import books
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Cause, Leg, Name

_MOST = 5_000
FOR_EVER = datetime(9000, 1, 1, tzinfo=UTC)


class Deposit(NamedTuple):
    """One bidder's deposit, at a moment. `where` says where it is; `since` when it came there.

    WAITING, SHORT (`short_minor` has come), GUARANTEE, HELD, EARNEST, REMITTED, REFUND (owed;
    `payout_state` and `due_on` of the payout), REFUNDED, FORFEITED.
    """

    request: int
    bidder: int
    name: str
    reference: str
    amount_minor: int
    where: str
    since: datetime | None
    short_minor: int
    due_on: Any
    payout: int | None
    payout_state: str | None


class Row(NamedTuple):
    """A transfer as it is told. Legs as in the books: debits positive."""

    id: int
    at: datetime
    kind: str
    key: str
    cause: Cause
    legs: tuple[Leg, ...]
    note: str | None


_DEPOSITS = """
    SELECT r.id, r.payer, coalesce(a.name, '') AS name, r.reference, r.amount_minor, r.due_on,
           h.at AS held_at, e.kind AS first_kind, e.at AS first_at, x.kind AS second_kind,
           x.at AS second_at, gm.at AS guaranteed_at, p.id AS payout, p.state, p.due_on AS pay_on,
           b.at AS booked_at,
           (SELECT coalesce(sum(l.amount_minor), 0)::bigint FROM suspense s
              JOIN bank_line l ON l.id = s.line_id WHERE s.request_id = r.id
               AND s.reason = 'SHORT' AND s.closed_at IS NULL) AS short_minor
      FROM payment_request r
      LEFT JOIN account a ON a.id = r.payer
      LEFT JOIN guarantee g ON g.request_id = r.id
      LEFT JOIN money_act gm ON gm.id = g.act_id AND gm.at <= $3
      LEFT JOIN transfer h ON h.key = 'hold:' || r.id AND h.at <= $3
      LEFT JOIN transfer e ON e.resolves = h.id AND e.at <= $3
      LEFT JOIN transfer x ON x.resolves = e.id AND x.at <= $3
      LEFT JOIN payout p ON p.key = 'refund:' || r.id
      LEFT JOIN LATERAL (
           SELECT b.at FROM transfer o JOIN transfer b ON b.resolves = o.id
            WHERE o.cause_kind = 'PAYOUT' AND o.cause_id = p.id AND o.kind = 'payout.ordered'
              AND b.kind = 'payout.booked' AND b.at <= $3 ORDER BY b.at DESC LIMIT 1) b ON true
     WHERE r.book_id = $1 AND r.lot_id = $2 AND r.purpose = 'DEPOSIT' AND r.created_at <= $3
"""


async def deposits(
    connection: Any, book: int, lot: int, until: datetime, payer: int | None = None
) -> list[Deposit]:
    """The deposits asked for a lot and where each was at `until`; `payer`: of this bidder alone."""
    only = "" if payer is None else " AND r.payer = $4"
    rows = await connection.fetch(
        f"{_DEPOSITS}{only} ORDER BY r.id LIMIT {_MOST}",
        *([book, lot, until] if payer is None else [book, lot, until, payer]),
    )
    return [_deposit(row) for row in rows]


def _deposit(row: Any) -> Deposit:
    where, since = "WAITING", None
    if row["guaranteed_at"] is not None:
        where, since = "GUARANTEE", row["guaranteed_at"]
    if row["held_at"] is not None:
        where, since = "HELD", row["held_at"]
    for kind, at in (
        (row["first_kind"], row["first_at"]),
        (row["second_kind"], row["second_at"]),
    ):
        if kind is not None:
            where, since = _WHERE.get(kind, "HELD"), at
    if where == "REFUND" and row["state"] == "BOOKED" and row["booked_at"] is not None:
        where, since = "REFUNDED", row["booked_at"]
    if where == "WAITING" and row["short_minor"]:
        where = "SHORT"
    return Deposit(
        row["id"],
        row["payer"],
        row["name"],
        row["reference"],
        row["amount_minor"],
        where,
        since,
        row["short_minor"],
        row["pay_on"] if where.startswith("REFUND") else row["due_on"],
        row["payout"] if where.startswith("REFUND") else None,
        row["state"] if where.startswith("REFUND") else None,
    )


_WHERE = {
    "deposit.earnest": "EARNEST",
    "earnest.due": "REMITTED",
    "deposit.refund_due": "REFUND",
    "deposit.forfeited": "FORFEITED",
}
# What touches the lot's accounts, and what became of the payments that left them.
_JOURNAL = """
    WITH own AS (
        SELECT a.id FROM money_account a WHERE a.book_id = $1
           AND (a.key = $2 OR (a.key ~>=~ ($2 || '/') AND a.key ~<~ ($2 || '0')))
        UNION
        SELECT a.id FROM payout p JOIN money_account a ON a.book_id = $1
           AND a.code = 'LIAB.TRANSIT' AND a.key = 'payout:' || p.id
         WHERE p.book_id = $1 AND p.lot_id = $3
    )
    SELECT t.id, t.at, t.kind, t.key, t.cause_kind, t.cause_id, t.cause_n, t.note, legs.codes,
           legs.account_keys, legs.amounts
      FROM transfer t CROSS JOIN LATERAL (
           SELECT array_agg(a.code ORDER BY p.n) AS codes,
                  array_agg(a.key ORDER BY p.n) AS account_keys,
                  array_agg(p.amount_minor ORDER BY p.n) AS amounts
             FROM posting p JOIN money_account a ON a.id = p.account_id
            WHERE p.transfer_id = t.id) AS legs
     WHERE t.id IN (SELECT p.transfer_id FROM own JOIN posting p ON p.account_id = own.id)
       AND t.at <= $4 AND t.id > $5 ORDER BY t.id LIMIT $6
"""


async def journal(
    connection: Any, book: int, lot: int, until: datetime, after: int = 0, limit: int = 500
) -> list[Row]:
    """All transfers of a lot up to `until`, in order, those after transfer `after`."""
    rows = await connection.fetch(_JOURNAL, book, chart.of_lot(lot), lot, until, after, limit)
    return [
        Row(
            row["id"],
            row["at"],
            row["kind"],
            row["key"],
            Cause(row["cause_kind"], row["cause_id"], row["cause_n"]),
            tuple(
                Leg(Name(code, key), amount)
                for code, key, amount in zip(
                    row["codes"], row["account_keys"], row["amounts"], strict=True
                )
            ),
            row["note"],
        )
        for row in rows
    ]


async def balances(connection: Any, book: int, lot: int, until: datetime) -> list[books.Balance]:
    """The lot's accounts at `until`, those at nothing left out."""
    found = await books.balances(connection, book, key_prefix=chart.of_lot(lot), until=until)
    return [one for one in found if one.amount_minor]


async def names(connection: Any, accounts: Sequence[int]) -> dict[int, str]:
    """The names of these accounts."""
    rows = await connection.fetch(
        "SELECT id, name FROM account WHERE id = ANY($1::bigint[])", list(accounts)
    )
    return {row["id"]: row["name"] for row in rows}


class Shares(NamedTuple):
    """A distribution as it is kept: the sheet it was computed from and what it came to."""

    id: int
    lot: int
    sheet: dict[str, Any]
    result: dict[str, Any]
    prepared_by: int
    preparer: str
    prepared_at: datetime
    approver: str | None
    approved_at: datetime | None


_SHARES = (
    "SELECT d.id, d.lot_id, d.sheet, d.result, d.prepared_by, p.name AS preparer, d.prepared_at,"
    " a.name AS approver, d.approved_at FROM distribution d JOIN account p ON p.id = d.prepared_by"
    " LEFT JOIN account a ON a.id = d.approved_by WHERE d.book_id = $1"
)


async def newest_shares(connection: Any, book: int, lot: int) -> Shares | None:
    """The approved distribution of a lot, else the one prepared last; None before the first."""
    row = await connection.fetchrow(
        f"{_SHARES} AND d.lot_id = $2 ORDER BY d.approved_at NULLS LAST, d.id DESC LIMIT 1",
        book,
        lot,
    )
    return None if row is None else _shares(row)


async def shares(connection: Any, book: int, number: int) -> Shares | None:
    """The distribution with this number."""
    row = await connection.fetchrow(f"{_SHARES} AND d.id = $2", book, number)
    return None if row is None else _shares(row)


def _shares(row: Any) -> Shares:
    return Shares(
        row["id"], row["lot_id"], orjson.loads(row["sheet"]), orjson.loads(row["result"]), *row[4:]
    )


async def is_agencys(connection: Any, book: int, lot: int) -> bool:
    """Whether this is the book of the agency that has the lot sold."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM book b, lot l JOIN auction_session s ON s.id = l.session_id"
            " WHERE b.id = $1 AND b.kind = 'AGENCY' AND l.id = $2"
            " AND b.body_id = coalesce(l.agency_id, s.agency_id))",
            book,
            lot,
        )
    )
