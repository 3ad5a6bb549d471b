"""Bank statements as CSV. All rows can be read, or none is taken and every bad one is listed."""

from auction_engine.bank import csv_preamble, csv_values
from auction_engine.bank.csv_profile import CsvProfile, Role, is_vietnamese, plain
from auction_engine.bank.csv_sums import in_order, summary
from auction_engine.bank.csv_table import Row, Table, table
from auction_engine.bank.csv_values import Manner
from auction_engine.bank.decoding import decode
from auction_engine.bank.errors import BankFileError, Problem, shown, wrong
from auction_engine.bank.statement import (
    BankLine,
    BankStatement,
    check,
    check_currency,
    reference,
    same_account,
    tidy,
    too_many,
)

# As many as a person reads before asking the bank for another file.
MAX_PROBLEMS = 50
_CREDIT = frozenset(("c", "cr", "crdt", "credit", "co", "ghi co"))
_DEBIT = frozenset(("d", "dr", "dbit", "debit", "no", "ghi no"))
_AMOUNTS: tuple[Role, ...] = ("amount", "credit", "debit", "balance")
_DAYS: tuple[Role, ...] = ("booked_on", "value_on")


def read(
    data: bytes,
    *,
    currency: str,
    minor_digits: int,
    account: str | None = None,
    profile: CsvProfile | None = None,
) -> list[BankStatement]:
    """The one statement in `data`; `account` is the one it is taken to be of.

    Lines are given oldest first. A column of balances must run on from row to row. Raises
    BankFileError with all `problems` of rows, or one of: encodings (`decoding`), CSV_HEADER,
    CSV_BROKEN, PROFILE, NUMBERS_MIXED, NUMBERS_AMBIGUOUS, DATES_MIXED, DATES_AMBIGUOUS,
    BALANCE_MISMATCH, TOTAL_MISMATCH, OTHER_ACCOUNT, TOO_MANY_LINES.
    """
    profile = profile or CsvProfile()
    found = table(decode(data, profile.encoding), profile)
    named = csv_preamble.check(found, currency, account)
    sums = [row for row in found.rows if summary(found, row)]
    rows = [row for row in found.rows if not summary(found, row) and not _is_remark(found, row)]
    too_many(len(rows), "")
    manner = _manner(found, rows, profile, currency, minor_digits)
    of_account = _account(found, rows, account or named)
    lines, balances, left_out = _lines(found, rows, manner)
    ordered, opening, closing = in_order(lines, balances, found, sums, manner)
    statement = BankStatement(
        format="csv",
        number=None,
        account=of_account,
        currency=currency,
        from_on=None,
        to_on=None,
        opening_minor=opening,
        closing_minor=closing,
        lines=tuple(line._replace(n=n) for n, line in enumerate(ordered, 1)),
        left_out=left_out,
    )
    return [check(statement, "")]


def _manner(
    found: Table, rows: list[Row], profile: CsvProfile, currency: str, digits: int
) -> Manner:
    mark, order = profile.decimal_mark, profile.date_order
    if mark not in (None, ".", ",") or order not in (None, "DMY", "MDY", "YMD"):
        raise wrong(
            "PROFILE",
            "",
            "decimal_mark of the profile is '.' or ',', date_order DMY, MDY or YMD; correct it.",
        )
    if mark is None:
        mark = csv_values.decimal_mark(_cells(found, rows, _AMOUNTS), digits, currency)
    if order is None:
        vietnamese = is_vietnamese(found.names)
        order = csv_values.date_order(_cells(found, rows, _DAYS), vietnamese)
    return Manner(mark, order, currency, digits)


def _cells(found: Table, rows: list[Row], roles: tuple[Role, ...]) -> list[csv_values.Cell]:
    return [
        (text, found.place(row, role))
        for row in rows
        for role in roles
        if (text := found.cell(row, role))
    ]


def _is_remark(found: Table, row: Row) -> bool:
    """A single cell of words, as banks put under the table; no movement has only that."""
    filled = [cell for cell in row.cells if cell]
    return len(filled) == 1 and any(sign.isalpha() for sign in filled[0])


def _lines(
    found: Table, rows: list[Row], manner: Manner
) -> tuple[list[BankLine], list[int | None], int]:
    lines: list[BankLine] = []
    balances: list[int | None] = []
    problems: list[Problem] = []
    left_out = 0
    for row in rows:
        try:
            line, balance = _line(found, row, manner)
        except BankFileError as error:
            problems += error.problems
            if len(problems) > MAX_PROBLEMS:
                raise BankFileError(*problems[:MAX_PROBLEMS], more=True) from None
            continue
        if line.amount_minor:
            lines.append(line)
            balances.append(balance)
        else:
            left_out += 1
    if problems:
        raise BankFileError(*problems)
    return lines, balances, left_out


def _line(found: Table, row: Row, manner: Manner) -> tuple[BankLine, int | None]:
    """A row's movement and the balance after it. Raises BankFileError."""
    width = len(found.names) or max(found.columns.values()) + 1
    if len(row.cells) < width or (found.names and any(row.cells[width:])):
        raise wrong(
            "ROW_CELLS",
            f"row {row.n}",
            f"there are {len(row.cells)} cells instead of {width}; the row is cut off, or a "
            f"delimiter in a text is not quoted: fetch the file again.",
        )
    booked = (found.cell(row, "booked_on"), found.place(row, "booked_on"))
    value = found.cell(row, "value_on")
    if currency := found.cell(row, "currency"):
        check_currency(currency.upper(), manner.currency, found.place(row, "currency"))
    balance = found.cell(row, "balance")
    line = BankLine(
        n=0,
        place=f"row {row.n}",
        booked_on=csv_values.day(booked, manner.order),
        value_on=csv_values.day((value, found.place(row, "value_on")), manner.order)
        if value
        else None,
        amount_minor=_amount(found, row, manner),
        currency=manner.currency,
        bank_ref=reference(found.cell(row, "bank_ref")),
        end_to_end=reference(found.cell(row, "end_to_end")),
        text=tidy(found.cell(row, "text")),
        name=tidy(found.cell(row, "name")) or None,
        account=tidy(found.cell(row, "account")) or None,
        bank=tidy(found.cell(row, "bank")) or None,
        returned=None,
    )
    return line, _minor(found, row, "balance", manner, negative=True) if balance else None


def _amount(found: Table, row: Row, manner: Manner) -> int:
    """What the row moves: signed, or credited, or debited, or with a mark of its own."""
    if "amount" not in found.columns:
        credit, debit = (
            _minor(found, row, role, manner) if found.cell(row, role) else None
            for role in ("credit", "debit")
        )
        if credit is None and debit is None:
            raise wrong(
                "AMOUNT_MISSING",
                found.place(row, "credit"),
                "neither a credit nor a debit is there; complete the row.",
            )
        if credit and debit:
            raise wrong(
                "AMOUNT_TWICE",
                found.place(row, "credit"),
                "there is a credit and a debit in one row; fetch the file again.",
            )
        return (credit or 0) - (debit or 0)
    if "mark" not in found.columns:
        return _minor(found, row, "amount", manner, negative=True)
    given = found.cell(row, "mark")
    mark = given if given in ("+", "-") else plain(given)
    if mark not in _CREDIT | _DEBIT | {"+", "-"}:
        raise wrong(
            "ENTRY_MARK",
            found.place(row, "mark"),
            f"{shown(given)} is neither credit (C, Có) nor debit (D, Nợ); correct the cell.",
        )
    amount = _minor(found, row, "amount", manner)
    return amount if mark in _CREDIT or mark == "+" else -amount


def _minor(found: Table, row: Row, role: Role, manner: Manner, *, negative: bool = False) -> int:
    cell = (found.cell(row, role), found.place(row, role))
    return csv_values.amount(cell, manner, negative=negative)


def _account(found: Table, rows: list[Row], expected: str | None) -> str:
    """Whose statement it is; a column that names accounts must name this one in every row."""
    known = expected
    for row in rows:
        given = tidy(found.cell(row, "own_account"))
        if given and known is None:
            known = given
        elif given and known is not None and not same_account(given, known):
            raise wrong(
                "OTHER_ACCOUNT",
                found.place(row, "own_account"),
                f"the account is {shown(given)}, not {shown(known)}; choose the file of the right "
                f"account, or, if this is the other party's, name the columns in the profile.",
            )
    return known or ""
