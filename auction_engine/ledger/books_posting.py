"""Posting: entries become transfers, once each, many in one round trip.

The accounts come first, then the transfers, then (by triggers) the balances, each in one fixed
order, so that concurrent calls wait for each other but never in a circle. An entry that ends one
of the same call goes with a later statement of the same transaction.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import asyncpg

from auction_engine.ledger.books_sql import ENTRY_COLUMNS, FOUND, LEG_COLUMNS, POST
from auction_engine.ledger.books_types import (
    AlreadyResolved,
    BooksError,
    Contended,
    KeyReused,
    NotPending,
    NotReversible,
    Overdrawn,
    Posted,
    Unbookable,
    UnknownAccount,
    UnknownBook,
)
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.postings.entry import Entry, check

_ATTEMPTS = 8
_REFUSALS: dict[str, type[BooksError]] = {
    "balance_overdrawn": Overdrawn,
    "transfer_resolves": NotPending,
    "transfer_reverses": NotReversible,
}


async def post(
    connection: asyncpg.Connection, entries: Sequence[Entry], booked_on: date | None = None
) -> list[Posted]:
    """Post all of `entries` or none; one answer each, in their order.

    Within the caller's transaction (READ COMMITTED) or, if there is none, in its own. An entry
    whose key is recorded with the same content is a repeat; its note and day stay the first's.
    `booked_on` is today in Vietnam if not said. Raises EntryError or a BooksError; a caller's
    transaction can then go on as if nothing had been asked.
    """
    asked: dict[str, Entry] = {}
    for entry in entries:
        check(entry)
        if _content(asked.setdefault(entry.key, entry)) != _content(entry):
            raise KeyReused(f"{entry.key} is asked for twice, with different content.")
        for leg in entry.legs:
            if leg.account.code not in CHART:
                raise UnknownAccount(f"{entry.key}: the chart has no account {leg.account.code}.")
    # A deadlock's victim may try again only if everything it did is here.
    attempts = 1 if connection.is_in_transaction() else _ATTEMPTS
    for attempt in range(1, attempts + 1):
        try:
            async with connection.transaction():
                done = await _post_all(connection, asked, booked_on)
            break
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            if attempt == attempts:
                raise Contended("Others post at the same time; nothing was posted.") from None
        except asyncpg.CheckViolationError as error:
            raise _REFUSALS.get(error.constraint_name or "", Unbookable)(
                f"{error.args[0]}."
            ) from None
    first: set[str] = set()
    answers = []
    for entry in entries:
        posted = done[entry.key]
        answers.append(posted._replace(repeat=True) if entry.key in first else posted)
        first.add(entry.key)
    return answers


async def _post_all(
    connection: asyncpg.Connection, asked: dict[str, Entry], booked_on: date | None
) -> dict[str, Posted]:
    done: dict[str, Posted] = {}
    for wave in _waves(asked.values()):
        left = wave
        for _ in range(_ATTEMPTS):
            rows = await connection.fetch(POST, booked_on, *_entries(left), *_legs(left))
            done |= {row["key"]: Posted(row["id"], row["key"], row["at"], False) for row in rows}
            left = [entry for entry in left if entry.key not in done]
            if not left:
                break
            done |= await _recorded(connection, left)
            left = [entry for entry in left if entry.key not in done]
            if not left:
                break
            # Whoever was in the way a moment ago has rolled back, or opened our account.
        else:
            raise Contended(f"{left[0].key} could not be posted; nothing was posted.")
    return done


def _waves(entries: Any) -> Iterator[list[Entry]]:
    """The entries in order, cut before each that ends one which is not posted yet."""
    wave: dict[str, Entry] = {}
    for entry in entries:
        if entry.resolves in wave or entry.reverses in wave:
            yield list(wave.values())
            wave = {}
        wave[entry.key] = entry
    if wave:
        yield list(wave.values())


def _entries(entries: Sequence[Entry]) -> list[list[Any]]:
    """The arrays of `ENTRY_COLUMNS`."""
    rows = [
        (
            entry.book,
            entry.kind,
            entry.key,
            entry.cause.kind,
            entry.cause.id,
            entry.cause.n,
            entry.pending,
            entry.resolves,
            entry.reverses,
            entry.note,
            len(entry.legs),
        )
        for entry in entries
    ]
    return _columns(rows, len(ENTRY_COLUMNS))


def _legs(entries: Sequence[Entry]) -> list[list[Any]]:
    """The arrays of `LEG_COLUMNS`. `books`: the only kind of book with this account, if so."""
    rows = []
    for number, entry in enumerate(entries, 1):
        for n, leg in enumerate(entry.legs, 1):
            code, key = leg.account
            of = CHART[code]
            only = of.books[0] if len(of.books) == 1 else None
            debit_side = of.nature in ("ASSET", "EXPENSE", "MEMO")
            flags = (debit_side, of.overdrawn, of.hot, of.escrow)
            rows.append((number, n, entry.book, only, code, key, leg.amount_minor, *flags))
    return _columns(rows, len(LEG_COLUMNS))


def _columns(rows: list[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


async def _recorded(connection: asyncpg.Connection, entries: Sequence[Entry]) -> dict[str, Posted]:
    """Those of `entries` that are recorded already. Raises why one of the others cannot be."""
    keys = [entry.key for entry in entries]
    ends = [entry.resolves or entry.reverses for entry in entries]
    rows = await connection.fetch(FOUND, keys, ends, [entry.book for entry in entries])
    done = {}
    for entry, row in zip(entries, rows, strict=True):
        if row["id"] is None:
            _refuse(entry, row)
            continue
        if _content(entry) != _as_recorded(row):
            raise KeyReused(f"{entry.key} is transfer {row['id']}, which has other content.")
        done[entry.key] = Posted(row["id"], entry.key, row["at"], True)
    return done


def _refuse(entry: Entry, row: asyncpg.Record) -> None:
    """Raise why `entry` cannot be posted, if a reason can be seen."""
    kind = row["book_kind"]
    if kind is None:
        raise UnknownBook(f"{entry.key}: there is no book {entry.book}.")
    for leg in entry.legs:
        if kind not in CHART[leg.account.code].books:
            raise UnknownAccount(f"{entry.key}: {leg.account.code} is not in books of an {kind}.")
    if row["ended_by"] is not None:
        raise AlreadyResolved(
            f"{entry.key}: {entry.resolves or entry.reverses} has ended by {row['ended_by']}."
        )
    if entry.resolves is not None and not row["target_pending"]:
        raise NotPending(f"{entry.key}: {entry.resolves} is no pending transfer.")
    if entry.reverses is not None and row["target_pending"] is None:
        raise NotReversible(f"{entry.key}: {entry.reverses} is no transfer.")


def _content(entry: Entry) -> tuple[Any, ...]:
    """What must be equal for a repeat."""
    legs = sorted((leg.account.code, leg.account.key, leg.amount_minor) for leg in entry.legs)
    return (
        entry.book,
        entry.kind,
        tuple(entry.cause),
        entry.pending,
        entry.resolves,
        entry.reverses,
        legs,
    )


def _as_recorded(row: asyncpg.Record) -> tuple[Any, ...]:
    return (
        row["book_id"],
        row["kind"],
        (row["cause_kind"], row["cause_id"], row["cause_n"]),
        row["pending"],
        row["resolves"],
        row["reverses"],
        sorted(zip(row["codes"], row["account_keys"], row["amounts"], strict=True)),
    )
