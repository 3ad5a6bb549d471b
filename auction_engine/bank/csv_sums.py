"""What a CSV says of its own sums: rows of balances and totals, and a column of balances."""

from typing import Literal

from auction_engine.bank import csv_values
from auction_engine.bank.csv_profile import Role, plain
from auction_engine.bank.csv_table import Row, Table
from auction_engine.bank.csv_values import Manner
from auction_engine.bank.errors import wrong
from auction_engine.bank.statement import BankLine

Summary = Literal["OPENING", "CLOSING", "TOTAL"]
_SUMMARIES: tuple[tuple[Summary, tuple[str, ...]], ...] = (
    ("OPENING", ("so du dau", "du dau", "opening balance", "balance brought forward")),
    ("CLOSING", ("so du cuoi", "du cuoi", "closing balance", "balance carried forward")),
    ("TOTAL", ("tong", "cong", "total")),
)


def summary(table: Table, row: Row) -> Summary | None:
    """Which sum `row` gives; None for a movement. A movement has a date."""
    if any(sign.isdigit() for sign in table.cell(row, "booked_on")):
        return None
    label = plain(next((cell for cell in row.cells if cell), ""))
    for kind, names in _SUMMARIES:
        if any(label == name or label.startswith(f"{name} ") for name in names):
            return kind
    return None


def in_order(
    lines: list[BankLine],
    balances: list[int | None],
    table: Table,
    sums: list[Row],
    manner: Manner,
) -> tuple[list[BankLine], int | None, int | None]:
    """The lines oldest first, the opening and the closing balance.

    `balances` are those after each line, where the file gives them. Raises BankFileError:
    BALANCE_MISMATCH, TOTAL_MISMATCH.
    """
    days = [line.booked_on for line in lines]
    falling = days == sorted(days, reverse=True) and (
        days != sorted(days) or _breaks(lines, balances) is not None
    )
    if falling and (days != sorted(days) or _breaks(lines[::-1], balances[::-1]) is None):
        lines, balances = lines[::-1], balances[::-1]
    at = _breaks(lines, balances)
    if at is not None:
        raise wrong(
            "BALANCE_MISMATCH",
            lines[at].place,
            "the balance in this row does not follow from the row before and the amount; rows are "
            "missing or changed: fetch the file again.",
        )
    opening, closing = _ends(lines, balances)
    for row in sums:
        kind = summary(table, row)
        if kind == "TOTAL":
            _check_total(table, row, lines, manner)
        elif kind == "OPENING":
            opening = _agreed(opening, _balance(table, row, manner), row)
        elif kind == "CLOSING":
            closing = _agreed(closing, _balance(table, row, manner), row)
    return lines, opening, closing


def _breaks(lines: list[BankLine], balances: list[int | None]) -> int | None:
    """The index of the first line whose balance does not follow."""
    running: int | None = None
    for index, (line, balance) in enumerate(zip(lines, balances, strict=True)):
        if running is not None:
            running += line.amount_minor
            if balance is not None and balance != running:
                return index
        else:
            running = balance
    return None


def _ends(lines: list[BankLine], balances: list[int | None]) -> tuple[int | None, int | None]:
    """The balances before the first and after the last line, as a column of balances has them."""
    moved = 0
    for line, balance in zip(lines, balances, strict=True):
        moved += line.amount_minor
        if balance is not None:
            opening = balance - moved
            return opening, opening + sum(each.amount_minor for each in lines)
    return None, None


def _agreed(known: int | None, given: int | None, row: Row) -> int | None:
    if known is not None and given is not None and known != given:
        raise wrong(
            "BALANCE_MISMATCH",
            f"row {row.n}",
            f"the balance is {given} here, but {known} by the other rows (minor units); rows are "
            f"missing or changed: fetch the file again.",
        )
    return given if known is None else known


def _balance(table: Table, row: Row, manner: Manner) -> int | None:
    """The balance in a row of sums: in its own column, or the last cell of the row."""
    text = table.cell(row, "balance") or [cell for cell in row.cells if cell][-1]
    if not any(sign.isdigit() for sign in text):
        return None
    cell = (text, f"row {row.n}")
    return csv_values.amount(cell, manner, negative=True)


def _check_total(table: Table, row: Row, lines: list[BankLine], manner: Manner) -> None:
    amounts = [line.amount_minor for line in lines]
    paid_in = sum(amount for amount in amounts if amount > 0)
    paid_out = -sum(amount for amount in amounts if amount < 0)
    counts: tuple[tuple[Role, int], ...] = (("credit", paid_in), ("debit", paid_out))
    for role, counted in counts:
        text = table.cell(row, role)
        if role not in table.columns or not any(sign.isdigit() for sign in text):
            continue
        cell = (text, table.place(row, role))
        total = csv_values.amount(cell, manner, negative=False)
        if total != counted:
            raise wrong(
                "TOTAL_MISMATCH",
                cell[1],
                f"the total is {total}, but the rows come to {counted} (minor units); rows are "
                f"missing or changed: fetch the file again.",
            )
