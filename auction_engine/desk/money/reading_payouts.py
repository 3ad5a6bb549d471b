"""What the pages show of money that is to leave: payouts, batches, what is due and when."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple, get_args

from auction_engine.desk.money.payouts import State

_PAYOUTS = """
    SELECT p.id, p.key, p.kind, p.lot_id, p.payee, p.code, p.account_key, p.amount_minor, p.name,
           p.account, p.bank, p.text, p.due_on, p.state, p.attempt, p.batch_id, p.reason,
           p.created_at, b.message_id, b.requested_on, b.prepared_at, b.released_at,
           (p.name IS NOT NULL AND p.account IS NOT NULL AND p.bank IS NOT NULL) AS complete
      FROM payout p LEFT JOIN payout_batch b ON b.id = p.batch_id
     WHERE p.book_id = $1
"""
_BATCHES = """
    SELECT b.id, b.message_id, b.prepared_by, b.prepared_at, b.requested_on, b.released_by,
           b.released_at, b.cancelled_at, one.name AS preparer, other.name AS releaser,
           count(p.id) AS n, coalesce(sum(p.amount_minor), 0)::bigint AS amount_minor,
           count(p.id) FILTER (WHERE p.state = 'BOOKED') AS booked,
           count(p.id) FILTER (WHERE p.state = 'FAILED') AS failed
      FROM payout_batch b
      JOIN account one ON one.id = b.prepared_by
      LEFT JOIN account other ON other.id = b.released_by
      LEFT JOIN payout p ON p.batch_id = b.id
     WHERE b.book_id = $1
"""
_BY = " GROUP BY b.id, one.name, other.name"


class Standing(NamedTuple):
    """How many payouts of a state there are, how much, and how many are due or overdue."""

    state: str
    n: int
    amount_minor: int
    overdue: int
    today: int


async def standing(connection: Any, book: int, today: date) -> dict[str, Standing | None]:
    """The payouts of a book by state, None for those there are none of."""
    rows = await connection.fetch(
        "SELECT state, count(*), sum(amount_minor)::bigint, count(*) FILTER (WHERE due_on < $2),"
        " count(*) FILTER (WHERE due_on = $2) FROM payout WHERE book_id = $1 GROUP BY state",
        book,
        today,
    )
    found = {row[0]: Standing(*row) for row in rows}
    return {state: found.get(state) for state in get_args(State)}


async def payouts(
    connection: Any,
    book: int,
    states: Sequence[str],
    *,
    before: int | None = None,
    limit: int = 200,
    newest: bool = False,
) -> list[Any]:
    """Payouts of these states: by due day, or the newest first and before payout `before`."""
    order = "p.id DESC" if newest else "p.due_on NULLS LAST, p.id"
    return list(
        await connection.fetch(
            f"{_PAYOUTS} AND p.state = ANY($2::text[]) AND p.id < $3 ORDER BY {order} LIMIT $4",
            book,
            list(states),
            2**62 if before is None else before,
            limit,
        )
    )


async def payout(connection: Any, book: int, number: int) -> Any:
    """One payout, or None."""
    return await connection.fetchrow(f"{_PAYOUTS} AND p.id = $2", book, number)


async def of_lot(connection: Any, book: int, lot: int) -> list[Any]:
    """The payouts of a lot, in order."""
    return list(
        await connection.fetch(f"{_PAYOUTS} AND p.lot_id = $2 ORDER BY p.id LIMIT 5000", book, lot)
    )


async def of_batch(connection: Any, book: int, batch: int) -> list[Any]:
    """The payouts of a batch, in order."""
    return list(
        await connection.fetch(f"{_PAYOUTS} AND p.batch_id = $2 ORDER BY p.id", book, batch)
    )


async def batches(connection: Any, book: int, *, open_only: bool, limit: int = 20) -> list[Any]:
    """Batches, newest first; `open_only`: those that wait to be released."""
    only = " AND b.released_at IS NULL AND b.cancelled_at IS NULL" if open_only else ""
    return list(
        await connection.fetch(f"{_BATCHES}{only}{_BY} ORDER BY b.id DESC LIMIT $2", book, limit)
    )


async def batch(connection: Any, book: int, number: int) -> Any:
    """One batch, or None."""
    return await connection.fetchrow(f"{_BATCHES} AND b.id = $2{_BY}", book, number)


async def order_file(connection: Any, book: int, number: int) -> Any:
    """The name and bytes of a released batch's file; None if there is none."""
    return await connection.fetchrow(
        "SELECT message_id, body FROM payout_batch WHERE book_id = $1 AND id = $2"
        " AND body IS NOT NULL",
        book,
        number,
    )


async def batch_of(
    connection: Any, book: int, numbers: Sequence[int], account: int, pay_on: date
) -> int | None:
    """The batch that holds exactly these payouts and that this person prepared for that day."""
    found = await connection.fetchval(
        "SELECT b.id FROM payout_batch b JOIN payout p ON p.batch_id = b.id WHERE b.book_id = $1"
        " AND b.prepared_by = $3 AND b.requested_on = $4 AND b.cancelled_at IS NULL GROUP BY b.id"
        " HAVING array_agg(p.id ORDER BY p.id) = $2::bigint[] ORDER BY b.id DESC LIMIT 1",
        book,
        sorted(set(numbers)),
        account,
        pay_on,
    )
    return None if found is None else int(found)


async def expected_by(connection: Any, book: int) -> list[Any]:
    """Requests with a last day that are not paid in full, by day."""
    return list(
        await connection.fetch(
            "SELECT * FROM (SELECT r.id, r.purpose, r.lot_id, r.payer, r.reference, r.amount_minor,"
            " r.due_on, a.name, (SELECT coalesce(sum(amount_minor), 0)::bigint FROM allocation"
            " WHERE request_id = r.id) AS paid_minor"
            " FROM payment_request r"
            " LEFT JOIN account a ON a.id = r.payer AND r.purpose <> 'TOP_UP'"
            " LEFT JOIN guarantee g ON g.request_id = r.id"
            " WHERE r.book_id = $1 AND r.due_on IS NOT NULL AND r.purpose <> 'DEPOSIT'"
            " AND g.request_id IS NULL) AS row"
            " WHERE paid_minor < amount_minor ORDER BY due_on, id LIMIT 500",
            book,
        )
    )


async def lots(connection: Any, book: int) -> list[Any]:
    """Lots whose money this book keeps, newest first, with what is expected for them.

    Of an agency also those it offers to creditors: nothing may have been paid for them yet.
    """
    return list(
        await connection.fetch(
            "SELECT l.id, h.status, max(c.n) AS requests, max(c.asked)::bigint AS asked_minor"
            " FROM lot l JOIN lot_head h ON h.lot_id = l.id JOIN (SELECT lot_id, count(*) AS n,"
            " sum(amount_minor) AS asked FROM payment_request WHERE book_id = $1 GROUP BY lot_id"
            " UNION ALL SELECT lot_id, 0, 0 FROM payout WHERE book_id = $1 AND lot_id IS NOT NULL"
            " GROUP BY lot_id UNION ALL SELECT l.id, 0, 0 FROM lot_head h"
            " JOIN lot l ON l.id = h.lot_id JOIN auction_session s ON s.id = l.session_id"
            " JOIN book b ON b.id = $1 AND b.kind = 'AGENCY'"
            " AND b.body_id = coalesce(l.agency_id, s.agency_id) WHERE h.status = 'IN_KIND_OFFER'"
            ") c ON c.lot_id = l.id GROUP BY l.id, h.status ORDER BY l.id DESC"
            " LIMIT 500",
            book,
        )
    )
