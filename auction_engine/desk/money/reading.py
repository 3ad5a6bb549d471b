"""What the pages of the money show: books, bank lines and what lies in suspense, in plain SQL.

Nothing is changed here. Amounts are minor units, days are the bank's, moments aware datetimes.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson

from auction_engine.rules.postings.chart import CHART, BookKind

_ROWS = "SELECT * FROM ({}) AS row WHERE "
_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class Book(NamedTuple):
    """A book and the bank account people pay to; `account` is None until it is entered."""

    id: int
    name: dict[str, str]
    currency: str
    minor_digits: int
    holder: str | None
    account: str | None
    bin: str | None
    bic: str | None


class Part(NamedTuple):
    """What an account code comes to in a book, on its natural side."""

    code: str
    amount_minor: int
    accounts: int


class Statement(NamedTuple):
    """The newest closing balance a bank told of, and what the books say for that day."""

    file: int
    filename: str
    on: date
    bank_minor: int
    books_minor: int


class Counted(NamedTuple):
    """How many and how much, for one reason or state."""

    what: str
    n: int
    amount_minor: int


async def books_of_body(connection: Any, kind: BookKind, body: int | None) -> list[Book]:
    """The books of this kind that one body keeps, in the order in which they were opened.

    Nobody keeps a book for no body: without one there are none.
    """
    rows = await connection.fetch(
        "SELECT b.id, b.name, b.currency, b.minor_digits, a.name AS holder, a.account, a.bin, a.bic"
        " FROM book b LEFT JOIN bank_account a ON a.book_id = b.id"
        " WHERE b.kind = $1 AND b.body_id = $2 ORDER BY b.id",
        kind,
        body,
    )
    return [Book(row[0], orjson.loads(row[1]), *row[2:]) for row in rows]


async def parts(connection: Any, book: int) -> list[Part]:
    """The escrow of a book by account code, those at nothing left out, in the chart's order."""
    rows = await connection.fetch(
        "SELECT a.code, sum(s.amount_minor * CASE WHEN a.debit_side THEN 1 ELSE -1 END)::bigint,"
        " count(DISTINCT a.id) FILTER (WHERE s.amount_minor <> 0)"
        " FROM money_account a JOIN balance s ON s.account_id = a.id"
        " WHERE a.book_id = $1 AND a.escrow GROUP BY a.code",
        book,
    )
    order = list(CHART)
    made = [Part(*row) for row in rows if row[1]]
    return sorted(made, key=lambda part: order.index(part.code))


async def newest_statement(connection: Any, book: int, bank: str) -> Statement | None:
    """The newest statement with a closing balance; None while there is none."""
    row = await connection.fetchrow(
        "SELECT id, filename, closing_on, closing_minor FROM bank_file WHERE book_id = $1"
        " AND closing_on IS NOT NULL AND closing_minor IS NOT NULL"
        " ORDER BY closing_on DESC, id DESC LIMIT 1",
        book,
    )
    if row is None:
        return None
    said = await connection.fetchval(
        "SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM money_account a"
        " JOIN posting p ON p.account_id = a.id JOIN transfer t ON t.id = p.transfer_id"
        " WHERE a.book_id = $1 AND a.code = $2 AND t.booked_on <= $3",
        book,
        bank,
        row["closing_on"],
    )
    return Statement(row["id"], row["filename"], row["closing_on"], row["closing_minor"], int(said))


async def came_in(connection: Any, book: int, day: date) -> list[Counted]:
    """What the bank booked as received on a day, by where it is now."""
    rows = await connection.fetch(
        f"SELECT state, count(*), sum(amount_minor)::bigint FROM ({_LINES}) AS row"  # noqa: S608
        " WHERE amount_minor > 0 AND booked_on = $2 GROUP BY state ORDER BY 3 DESC",
        book,
        day,
    )
    return [Counted(*row) for row in rows]


async def in_suspense(connection: Any, book: int) -> list[Counted]:
    """What lies in suspense, by reason; UNEXPLAINED debits count below zero."""
    rows = await connection.fetch(
        f"SELECT reason, count(*), sum(left_minor)::bigint FROM ({_LINES}) AS row"  # noqa: S608
        " WHERE state IN ('SUSPENSE', 'UNEXPLAINED') GROUP BY reason ORDER BY 2 DESC, 1",
        book,
    )
    return [Counted(*row) for row in rows]


# One row for each line, with where it is now. `left_minor` is what nobody has placed yet.
_LINES = """
    SELECT l.id, l.file_id, l.n, l.place, l.booked_on, l.value_on, l.amount_minor, l.bank_ref,
           l.end_to_end, l.text, l.name, l.account, l.bank, l.returned, f.filename,
           s.reason, s.opened_at, s.closed_at, s.outcome, s.request_id, s.act_id,
           g.refs, g.lots, g.purposes, coalesce(g.given_minor, 0)::bigint AS given_minor,
           CASE WHEN s.line_id IS NOT NULL AND s.closed_at IS NULL THEN coalesce((
                SELECT -sum(b.amount_minor) FROM money_account a JOIN balance b
                    ON b.account_id = a.id
                 WHERE a.book_id = l.book_id AND a.key = 'line:' || l.id AND a.code = CASE
                       WHEN l.amount_minor > 0 THEN 'LIAB.SUSPENSE'
                       ELSE 'RECEIVABLE.UNEXPLAINED' END), 0)::bigint
                ELSE 0::bigint END AS left_minor,
           CASE WHEN s.line_id IS NOT NULL AND s.closed_at IS NULL AND s.reason = 'UNEXPLAINED'
                     THEN 'UNEXPLAINED'
                WHEN s.line_id IS NOT NULL AND s.closed_at IS NULL THEN 'SUSPENSE'
                WHEN s.outcome IN ('SENT_BACK', 'MADE_GOOD', 'CAME_BACK', 'INTEREST', 'PARKED',
                     'MATURED') THEN s.outcome
                WHEN t.kind = 'payout.booked' THEN 'PAID_OUT'
                WHEN t.kind = 'payout.came_back' THEN 'CAME_BACK'
                WHEN g.given_minor IS NOT NULL THEN 'ALLOCATED'
                ELSE 'BOOKED' END AS state
      FROM bank_line l
      JOIN bank_file f ON f.id = l.file_id
      LEFT JOIN suspense s ON s.line_id = l.id
      LEFT JOIN LATERAL (
           SELECT array_agg(r.reference ORDER BY r.id) AS refs, array_agg(r.lot_id ORDER BY r.id)
                  AS lots, array_agg(r.purpose ORDER BY r.id) AS purposes,
                  sum(a.amount_minor) AS given_minor
             FROM allocation a JOIN payment_request r ON r.id = a.request_id
            WHERE a.line_id = l.id HAVING count(*) > 0) g ON true
      LEFT JOIN LATERAL (
           SELECT t.kind FROM transfer t WHERE t.cause_kind = 'LINE' AND t.cause_id = l.id
              AND t.kind IN ('payout.booked', 'payout.came_back') LIMIT 1) t ON true
     WHERE l.book_id = $1
"""
LINE_STATES = (
    "SUSPENSE", "ALLOCATED", "SENT_BACK", "MADE_GOOD", "PAID_OUT", "CAME_BACK", "UNEXPLAINED",
    "INTEREST", "PARKED", "MATURED",
)  # fmt: skip


async def lines(
    connection: Any,
    book: int,
    *,
    search: str = "",
    amount_minor: int | None = None,
    states: Sequence[str] = (),
    reason: str | None = None,
    file: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Any]:
    """Lines, newest first, before line `before`.

    `search` is looked for in names, references and texts; `amount_minor`, if the search reads as
    an amount, is another way to be found.
    """
    arguments: list[Any] = [book]

    def put(value: Any) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["true"]
    if before is not None:
        where.append(f"id < {put(before)}")
    if states:
        where.append(f"state = ANY({put(list(states))}::text[])")
    if reason is not None:
        where.append(f"reason = {put(reason)}")
    if file is not None:
        where.append(f"file_id = {put(file)}")
    if search:
        like = put(f"%{search.translate(_ESCAPED)}%")
        found = [f"{name} ILIKE {like}" for name in ("name", "text", "bank_ref", "account")]
        found.append(f"{put(''.join(search.split()).upper())} = ANY(refs)")
        if amount_minor is not None:
            found.append(f"abs(amount_minor) = {put(amount_minor)}")
        where.append(f"({' OR '.join(found)})")
    query = f"{_ROWS.format(_LINES)}{' AND '.join(where)} ORDER BY id DESC LIMIT {put(limit)}"
    return list(await connection.fetch(query, *arguments))


async def line(connection: Any, book: int, number: int) -> Any:
    """One line, or None."""
    return await connection.fetchrow(f"{_ROWS.format(_LINES)} id = $2", book, number)


class FileResult(NamedTuple):
    """A file and where its new lines are now: `states` and suspense `reasons`."""

    file: Any
    states: list[Counted]
    reasons: list[Counted]


async def files(connection: Any, book: int, limit: int = 10) -> list[Any]:
    """The files imported last, with who imported them."""
    return list(await connection.fetch(f"{_FILES} ORDER BY f.id DESC LIMIT $2", book, limit))


_FILES = (
    "SELECT f.id, f.filename, f.format, f.lines, f.known, f.left_out, f.closing_minor,"
    " f.closing_on, m.at, a.name AS by FROM bank_file f JOIN money_act m ON m.id = f.act_id"
    " LEFT JOIN account a ON a.id = m.account_id WHERE f.book_id = $1"
)


async def file(connection: Any, book: int, number: int) -> FileResult | None:
    """What came of one file; None if it is not of this book."""
    found = await connection.fetchrow(f"{_FILES} AND f.id = $2", book, number)
    if found is None:
        return None
    rows = await connection.fetch(
        f"SELECT state, reason, count(*), sum(amount_minor)::bigint FROM ({_LINES}) AS row"  # noqa: S608
        " WHERE file_id = $2 GROUP BY state, reason ORDER BY 3 DESC",
        book,
        number,
    )
    states: dict[str, Counted] = {}
    for state, _, n, amount in rows:
        had = states.get(state, Counted(state, 0, 0))
        states[state] = Counted(state, had.n + n, had.amount_minor + amount)
    open_now = ("SUSPENSE", "UNEXPLAINED")
    reasons = [Counted(row[1], row[2], row[3]) for row in rows if row[0] in open_now]
    return FileResult(found, list(states.values()), reasons)


async def act(connection: Any, book: int, number: int) -> Any:
    """What somebody did, or None."""
    return await connection.fetchrow(
        "SELECT m.id, m.at, m.kind, m.reason, m.body, a.name AS by FROM money_act m"
        " LEFT JOIN account a ON a.id = m.account_id WHERE m.book_id = $1 AND m.id = $2",
        book,
        number,
    )


async def acts(connection: Any, book: int, kinds: Sequence[str], of: dict[str, Any]) -> list[Any]:
    """Who did these things to something (`of` is part of the act's body), in order."""
    return list(
        await connection.fetch(
            "SELECT m.id, m.at, m.kind, m.reason, m.body, a.name AS by, m.account_id"
            " FROM money_act m LEFT JOIN account a ON a.id = m.account_id"
            " WHERE m.book_id = $1 AND m.kind = ANY($2::text[]) AND m.body @> $3::jsonb"
            " ORDER BY m.id",
            book,
            list(kinds),
            orjson.dumps(of).decode(),
        )
    )
