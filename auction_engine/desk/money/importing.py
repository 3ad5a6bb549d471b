"""A bank's statement comes in: every line is booked once, and allocated or put into suspense.

One file is one transaction: it is in the books whole or not at all. The same file twice changes
nothing, and neither does a movement that another file has told of before (`fingerprint`).
"""

import hashlib
from datetime import date
from typing import Any, NamedTuple

from auction_engine.bank import statement as bank
from auction_engine.bank.sniffing import read
from auction_engine.desk.money import outgoing, record
from auction_engine.desk.money.allocating import Incoming, Taking
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules.postings import deposits
from auction_engine.rules.postings.entry import Entry

_LINE = (
    "n", "place", "booked_on", "value_on", "amount_minor", "bank_ref", "end_to_end", "text",
    "name", "account", "bank", "returned", "entry_ref", "entry_minor",
)  # fmt: skip
_TYPES = (
    "int[]", "text[]", "date[]", "date[]", "bigint[]", "text[]", "text[]", "text[]",
    "text[]", "text[]", "text[]", "text[]", "text[]", "bigint[]", "text[]",
)  # fmt: skip
BANK_OF = {"ORGANISATION": "BANK.ESCROW", "AGENCY": "BANK.AGENCY"}


class Imported(NamedTuple):
    """What came of a file. `known` lines were there before; `suspense` counts reasons.

    `repeat`: the very file had been imported before, nothing was done. `left_out` lines are not
    booked by the bank yet.
    """

    file: int
    lines: int
    known: int
    left_out: int
    allocated: int
    booked: int
    suspense: dict[str, int]
    repeat: bool


async def import_file(
    connection: Any,
    lots: Lots,
    book: int,
    filename: str,
    data: bytes,
    account: int | None,
    profile: Any = None,
) -> Imported:
    """Import a statement file into `book`. `account` is whoever does it, None the program.

    Raises bank errors (BankFileError) for a file that cannot be read whole, MoneyError
    UNKNOWN_BOOK; then nothing of it is in the books.
    """
    holder = await _holder(connection, book)
    statements = read(
        data,
        filename,
        currency=holder["currency"],
        minor_digits=holder["minor_digits"],
        account=holder["account"],
        profile=profile,
    )
    digest = hashlib.sha256(data).digest()
    async with connection.transaction():
        await record.lock_book(connection, book)
        before = await connection.fetchrow(
            "SELECT id, lines, known, left_out FROM bank_file WHERE book_id = $1 AND sha256 = $2",
            book,
            digest,
        )
        if before is not None:
            file, lines, known, left_out = before
            return Imported(file, lines, known, left_out, 0, 0, {}, repeat=True)
        act = await record.act(connection, book, account, "import", {"file": filename})
        file, new = await _keep(connection, book, filename, data, digest, act, statements)
        taking = Taking(connection, lots, book, BANK_OF[holder["kind"]])
        await _book(connection, taking, new)
    lines = sum(len(one.lines) for one in statements)
    return Imported(
        file,
        lines,
        lines - len(new),
        sum(one.left_out for one in statements),
        taking.allocated,
        taking.booked,
        dict(taking.suspense),
        repeat=False,
    )


async def _holder(connection: Any, book: int) -> Any:
    row = await connection.fetchrow(
        "SELECT b.kind, b.currency, b.minor_digits, a.account FROM book b"
        " LEFT JOIN bank_account a ON a.book_id = b.id WHERE b.id = $1",
        book,
    )
    if row is None:
        raise record.MoneyError("UNKNOWN_BOOK", "There is no such book.")
    return row


async def _keep(
    connection: Any,
    book: int,
    filename: str,
    data: bytes,
    digest: bytes,
    act: int,
    statements: list[bank.BankStatement],
) -> tuple[int, list[Incoming]]:
    """Keep the file and those of its lines that are new; returns these, in the file's order."""
    marks = [mark for of_lines in bank.fingerprints(statements) for mark in of_lines]
    lines = [line for one in statements for line in one.lines]
    numbered = list(zip(range(1, len(lines) + 1), lines, marks, strict=True))
    told = await _told_before(connection, book, lines, marks)
    last = statements[-1] if statements else None
    file = await connection.fetchval(
        "INSERT INTO bank_file (book_id, sha256, filename, format, body, act_id, lines, known,"
        " left_out, closing_minor, closing_on)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        book,
        digest,
        filename,
        last.format if last is not None else "",
        data,
        act,
        len(numbered),
        sum(_known(told, line, mark) for _, line, mark in numbered),
        sum(one.left_out for one in statements),
        last.closing_minor if last is not None else None,
        last.to_on if last is not None else None,
    )
    new = [entry for entry in numbered if not _known(told, entry[1], entry[2])]
    return file, await _insert(connection, book, file, new)


class _Told(NamedTuple):
    """What other files have told of: movements, collective entries in one line, and in parts."""

    marks: set[str]
    whole: set[tuple[str, int, date]]
    parts: set[tuple[str, int, date]]


async def _told_before(
    connection: Any, book: int, lines: list[bank.BankLine], marks: list[str]
) -> _Told:
    rows = await connection.fetch(
        "SELECT fingerprint FROM bank_line WHERE book_id = $1 AND fingerprint = ANY($2::text[])",
        book,
        marks,
    )
    whole = await connection.fetch(
        "SELECT bank_ref, amount_minor, booked_on FROM bank_line"
        " WHERE book_id = $1 AND entry_ref IS NULL AND bank_ref = ANY($2::text[])",
        book,
        [line.entry_ref for line in lines if line.entry_ref],
    )
    parts = await connection.fetch(
        "SELECT DISTINCT entry_ref, entry_minor, booked_on FROM bank_line WHERE book_id = $1"
        " AND entry_ref = ANY($2::text[])",
        book,
        [line.bank_ref for line in lines if line.bank_ref and not line.entry_ref],
    )
    return _Told(
        {row[0] for row in rows},
        {tuple(row) for row in whole},
        {tuple(row) for row in parts},
    )


def _known(told: _Told, line: bank.BankLine, mark: str) -> bool:
    if mark in told.marks:
        return True
    if line.entry_ref is not None:
        return (line.entry_ref, line.entry_minor, line.booked_on) in told.whole
    return (line.bank_ref, line.amount_minor, line.booked_on) in told.parts


async def _insert(
    connection: Any, book: int, file: int, new: list[tuple[int, bank.BankLine, str]]
) -> list[Incoming]:
    if not new:
        return []
    columns: list[list[Any]] = [
        [number if name == "n" else getattr(line, name) for number, line, _ in new]
        for name in _LINE
    ]
    columns.append([mark for _, _, mark in new])
    values = ", ".join(f"${n}::{kind}" for n, kind in enumerate(_TYPES, 3))
    rows = await connection.fetch(
        f"INSERT INTO bank_line (book_id, file_id, {', '.join(_LINE)}, fingerprint)"  # noqa: S608
        f" SELECT $1, $2, * FROM unnest({values}) RETURNING id, n",
        book,
        file,
        *columns,
    )
    numbers = {row["n"]: row["id"] for row in rows}
    return [Incoming(numbers[number], line) for number, line, _ in new]


async def _book(connection: Any, taking: Taking, new: list[Incoming]) -> None:
    """Book the lines, day by day, then say what each is for."""
    credits = [one for one in new if one.line.amount_minor > 0]
    debits = [one for one in new if one.line.amount_minor < 0]
    # A payment that came back the same day left first, in whatever order the file tells it.
    await outgoing.book_debits(connection, taking, debits)
    back = await outgoing.come_back(connection, taking, credits)
    fresh = [one for one in credits if one.id not in back]
    by_day: dict[date, list[Entry]] = {}
    for one in fresh:
        entry = deposits.received(taking.book, taking.bank, one.id, one.line.amount_minor)
        by_day.setdefault(one.line.booked_on, []).append(entry)
    for day, entries in by_day.items():
        await books.post(connection, entries, day)
    await taking.take(fresh)
