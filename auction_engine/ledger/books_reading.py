"""Reading the books: balances now and at any past moment, movements, journals, what is held.

Amounts are on an account's natural side: what is owed, and what is had, are positive. A past moment
is read off the postings; it is final once whoever was posting then has committed or given up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from auction_engine.ledger.books_types import (
    Balance,
    Escrow,
    Held,
    Movement,
    Transfer,
    UnknownAccount,
)
from auction_engine.rules.postings.chart import CHART, of_lot
from auction_engine.rules.postings.entry import Cause, Leg, Name

_SIDE = "CASE WHEN a.debit_side THEN 1 ELSE -1 END"

_BALANCE = f"""
    SELECT coalesce(sum(b.amount_minor * {_SIDE}), 0)::bigint
      FROM money_account a JOIN balance b ON b.account_id = a.id
     WHERE a.book_id = $1 AND a.code = $2 AND a.key = $3
"""  # noqa: S608

_MOVEMENTS = f"""
    WITH one AS (
        SELECT a.id, {_SIDE} AS side FROM money_account a
         WHERE a.book_id = $1 AND a.code = $2 AND a.key = $3
    ), page AS (
        SELECT p.transfer_id, p.amount_minor FROM one JOIN posting p ON p.account_id = one.id
         WHERE p.transfer_id < coalesce($5, 9223372036854775807)
         ORDER BY p.transfer_id DESC LIMIT $4
    ), newest AS (
        SELECT (SELECT coalesce(sum(b.amount_minor), 0) FROM balance b WHERE b.account_id = one.id)
             - (SELECT coalesce(sum(p.amount_minor), 0) FROM posting p
                 WHERE p.account_id = one.id AND p.transfer_id >= $5) AS amount_minor
          FROM one
    )
    SELECT t.id, t.at, t.booked_on, t.kind, t.cause_kind, t.cause_id, t.cause_n, t.note,
           (one.side * page.amount_minor)::bigint AS amount_minor,
           (one.side * (newest.amount_minor - coalesce(sum(page.amount_minor) OVER (
               ORDER BY page.transfer_id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0)))::bigint AS balance_minor
      FROM page CROSS JOIN one CROSS JOIN newest JOIN transfer t ON t.id = page.transfer_id
     ORDER BY page.transfer_id DESC
"""  # noqa: S608

_HELD = """
    SELECT t.id, t.book_id, a.code, a.key, -p.amount_minor AS amount_minor, t.at,
           ended.key AS ended_by, ended.reverses IS NOT NULL AS reversed
      FROM transfer t
      JOIN posting p ON p.transfer_id = t.id AND p.amount_minor < 0
      JOIN money_account a ON a.id = p.account_id
      LEFT JOIN transfer ended ON coalesce(ended.resolves, ended.reverses) = t.id
     WHERE t.key = $1 AND t.pending
"""

_TRANSFERS = """
    SELECT t.id, t.at, t.booked_on, t.kind, t.key, t.cause_kind, t.cause_id, t.cause_n, t.pending,
           t.note, r.key AS resolves, v.key AS reverses, ended.key AS ended_by,
           legs.codes, legs.account_keys, legs.amounts
      FROM transfer t
      LEFT JOIN transfer r ON r.id = t.resolves
      LEFT JOIN transfer v ON v.id = t.reverses
      LEFT JOIN transfer ended ON coalesce(ended.resolves, ended.reverses) = t.id
      CROSS JOIN LATERAL (
           SELECT array_agg(a.code ORDER BY p.n) AS codes,
                  array_agg(a.key ORDER BY p.n) AS account_keys,
                  array_agg(p.amount_minor ORDER BY p.n) AS amounts
             FROM posting p CROSS JOIN LATERAL (
                  SELECT code, key FROM money_account WHERE id = p.account_id OFFSET 0) AS a
            WHERE p.transfer_id = t.id AND p.n > 0
           ) AS legs
     WHERE t.book_id = $1 AND t.id > $2
"""


class _Query:
    """A statement's arguments, numbered as they are added."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = list(arguments)

    def add(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def under(self, prefix: str) -> str:
        """The condition that an account's key is `prefix` or below it: `lot:1`, not `lot:12`."""
        start = prefix if prefix.endswith((":", "/")) else prefix + "/"
        end = start[:-1] + chr(ord(start[-1]) + 1)
        return (
            f"(a.key = {self.add(prefix)}"
            f" OR a.key ~>=~ {self.add(start)} AND a.key ~<~ {self.add(end)})"
        )


def _known(code: str) -> str:
    if code not in CHART:
        raise UnknownAccount(f"The chart has no account {code}.")
    return code


async def balance(connection: asyncpg.Connection, book: int, name: Name) -> int:
    """What the account holds, 0 if nothing was ever posted. Raises UnknownAccount."""
    return int(await connection.fetchval(_BALANCE, book, _known(name.code), name.key))


async def balances(
    connection: asyncpg.Connection,
    book: int,
    *,
    codes: Sequence[str] | None = None,
    key_prefix: str | None = None,
    until: datetime | None = None,
    transfers_until: int | None = None,
) -> list[Balance]:
    """The accounts of a book by code and key, those never posted to left out.

    `key_prefix` `lot:1` takes `lot:1` and all below it, not `lot:12`; `line:` all lines. `until`
    (a moment) and `transfers_until` (the id of the last that counts) read a past state. Raises
    UnknownAccount.
    """
    query = _Query(book)
    where = "a.book_id = $1"
    if codes is not None:
        where += f" AND a.code = ANY({query.add([_known(code) for code in codes])}::text[])"
    if key_prefix is not None:
        where += f" AND {query.under(key_prefix)}"
    if until is None and transfers_until is None:
        sums = "JOIN balance s ON s.account_id = a.id"
        held = "sum(s.held_minor)::bigint"
    else:
        sums, held = "JOIN posting s ON s.account_id = a.id", "NULL::bigint"
        sums += _past(query, until, transfers_until)
    rows = await connection.fetch(
        f"SELECT a.code, a.key, sum(s.amount_minor * {_SIDE})::bigint, {held}"  # noqa: S608
        f" FROM money_account a {sums} WHERE {where} GROUP BY a.id ORDER BY a.code, a.key",
        *query.arguments,
    )
    return [Balance(Name(row[0], row[1]), row[2], row[3]) for row in rows]


def _past(query: _Query, until: datetime | None, transfers_until: int | None) -> str:
    """The join that leaves out what came later."""
    join = " JOIN transfer t ON t.id = s.transfer_id"
    if until is not None:
        join += f" AND t.at <= {query.add(until)}"
    if transfers_until is not None:
        join += f" AND t.id <= {query.add(transfers_until)}"
    return join


async def movements(
    connection: asyncpg.Connection,
    book: int,
    name: Name,
    limit: int = 50,
    before: int | None = None,
) -> list[Movement]:
    """The account's last `limit` movements, newest first; before transfer `before` if given.

    Raises UnknownAccount.
    """
    rows = await connection.fetch(_MOVEMENTS, book, _known(name.code), name.key, limit, before)
    return [
        Movement(
            row["id"],
            row["at"],
            row["booked_on"],
            row["kind"],
            _cause(row),
            row["note"],
            row["amount_minor"],
            row["balance_minor"],
        )
        for row in rows
    ]


async def held(connection: asyncpg.Connection, key: str) -> Held | None:
    """What the pending transfer with this key holds or held; None if there is none."""
    row = await connection.fetchrow(_HELD, key)
    if row is None:
        return None
    return Held(
        row["id"],
        row["book_id"],
        Name(row["code"], row["key"]),
        row["amount_minor"],
        row["at"],
        row["ended_by"],
        row["reversed"],
    )


async def transfers_of(
    connection: asyncpg.Connection,
    book: int,
    *,
    key_prefix: str | None = None,
    cause: Cause | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[Transfer]:
    """Transfers in order, those after id `after`, at most `limit`.

    `key_prefix`: those that touch an account so keyed (see `balances`). `cause`: those of this
    cause; with its n 0, of any n.
    """
    query = _Query(book, after)
    where = ""
    if key_prefix is not None:
        where += (
            " AND t.id IN (SELECT p.transfer_id FROM money_account a"  # noqa: S608
            " JOIN posting p ON p.account_id = a.id"
            f" WHERE a.book_id = $1 AND {query.under(key_prefix)})"
        )
    if cause is not None:
        where += (
            f" AND t.cause_kind = {query.add(cause.kind)} AND t.cause_id = {query.add(cause.id)}"
        )
        if cause.n:
            where += f" AND t.cause_n = {query.add(cause.n)}"
    rows = await connection.fetch(
        f"{_TRANSFERS}{where} ORDER BY t.id LIMIT {query.add(limit)}", *query.arguments
    )
    return [_transfer(row) for row in rows]


async def escrow(
    connection: asyncpg.Connection,
    book: int,
    until: datetime | None = None,
    lots: Sequence[int] | None = None,
) -> Escrow:
    """Others' money at the bank and what is owed of it: equal, now and at any moment.

    With `lots`, what is owed is that of these lots alone; then it is only a part.
    """
    query = _Query(book)
    if until is None:
        sums = "JOIN balance s ON s.account_id = a.id"
    else:
        sums = "JOIN posting s ON s.account_id = a.id" + _past(query, until, None)
    owed = "NOT a.debit_side"
    if lots is not None:
        keys = query.add([of_lot(lot) for lot in lots])
        owed += f" AND split_part(a.key, '/', 1) = ANY({keys}::text[])"
    row = await connection.fetchrow(
        "SELECT coalesce(sum(s.amount_minor) FILTER (WHERE a.debit_side), 0)::bigint,"  # noqa: S608
        f" coalesce(-sum(s.amount_minor) FILTER (WHERE {owed}), 0)::bigint"
        f" FROM money_account a {sums} WHERE a.book_id = $1 AND a.escrow",
        *query.arguments,
    )
    return Escrow(row[0], row[1])


def _cause(row: asyncpg.Record) -> Cause:
    return Cause(row["cause_kind"], row["cause_id"], row["cause_n"])


def _transfer(row: asyncpg.Record) -> Transfer:
    legs = zip(row["codes"], row["account_keys"], row["amounts"], strict=True)
    return Transfer(
        row["id"],
        row["at"],
        row["booked_on"],
        row["kind"],
        row["key"],
        _cause(row),
        tuple(Leg(Name(code, key), amount) for code, key, amount in legs),
        row["pending"],
        row["resolves"],
        row["reverses"],
        row["ended_by"],
        row["note"],
    )
