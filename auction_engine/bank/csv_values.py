"""Numbers and days as they stand in a CSV: how the whole file writes them, then each of them.

Nothing is decided by one cell: the marks and the order of day and month hold for the file, and a
file that does not prove them, or contradicts itself, is refused.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from auction_engine.bank import values
from auction_engine.bank.csv_profile import DateOrder
from auction_engine.bank.errors import shown, wrong

# What stands in a cell, and its place; empty cells are not asked about.
Cell = tuple[str, str]


class Manner(NamedTuple):
    """How a file writes amounts and days, and the account's currency with its decimals."""

    mark: str
    order: DateOrder
    currency: str
    digits: int


_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f")
_SIGNED = re.compile(r"([+-]?)([0-9][0-9.,']*)([+-]?)", re.ASCII).fullmatch
_BRACKETS = re.compile(r"\(([0-9][0-9.,']*)\)", re.ASCII).fullmatch
_SYMBOLS = {"VND": ("VNĐ", "₫", "đ", "Đ", "d"), "EUR": ("€",), "USD": ("$",)}
_DAY = re.compile(
    r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})(?:[ T,]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
    r"(?:\.[0-9]+)?(?: ?[APap][Mm])?)?",
    re.ASCII,
).fullmatch
_MONTHS = 12


def decimal_mark(cells: Iterable[Cell], digits: int, currency: str) -> str:
    """The mark before the decimals, "." or ",", proved by all amounts of the file.

    One mark with three digits after it groups thousands, if the currency has fewer decimals.
    Raises BankFileError: NUMBERS_MIXED, NUMBERS_AMBIGUOUS (a currency of three decimals).
    """
    proof: dict[str, str] = {}
    doubtful = ""
    for text, place in cells:
        mark = _mark_of(_bare(text, currency).strip("+-()"), digits)
        if mark == "?":
            doubtful = doubtful or place
        elif mark:
            proof.setdefault(mark, place)
    if len(proof) > 1:
        first, second = proof.items()
        raise wrong(
            "NUMBERS_MIXED",
            second[1],
            f"the decimals are after {second[0]!r} here, but after {first[0]!r} at {first[1]}; "
            f"fetch the file again, or name the decimal mark in the profile.",
        )
    if doubtful and not proof:
        raise wrong(
            "NUMBERS_AMBIGUOUS",
            doubtful,
            "this may be thousands or decimals; name the decimal mark in the profile.",
        )
    return next(iter(proof), ".")


def _mark_of(number: str, digits: int) -> str:
    """The decimal mark that `number` proves, "" if none, "?" if it may be either."""
    marks = [sign for sign in number if sign in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    other = "." if last == "," else ","
    if other in marks:
        return last
    if len(marks) > 1:
        return other
    if len(number.rpartition(last)[2]) != 3:
        return last
    return "?" if digits >= 3 else other


def amount(cell: Cell, manner: Manner, *, negative: bool) -> int:
    """The cell in minor units.

    Minus signs may stand before or behind, or brackets around. Raises as `values.minor`, and
    OTHER_CURRENCY where another currency's name stands in the cell.
    """
    text, place = cell
    currency, digits = manner.currency, manner.digits
    bare = _bare(text, currency)
    sign = "-" if bare.startswith("-") or bare.endswith("-") else ""
    number = bare.strip("+-")
    if inside := _BRACKETS(bare):
        sign, number = "-", inside[1]
    elif _SIGNED(bare) is None or len(bare) - len(number) > 1:
        raise _not_a_number(text, place, currency)
    whole, _, decimals = number.partition(manner.mark)
    groups = re.split(r"[.,']", whole)
    if len(groups) > 1 and not (
        1 <= len(groups[0]) <= 3
        and all(len(group) == 3 for group in groups[1:])
        and len(set(re.findall(r"[.,']", whole))) == 1
    ):
        raise _not_a_number(text, place, currency)
    if not (decimals.isdigit() or not decimals):
        raise _not_a_number(text, place, currency)
    return values.minor(f"{sign}{''.join(groups)}.{decimals}", digits, place, negative=negative)


def _bare(text: str, currency: str) -> str:
    """The number without spaces and without the name of its own currency."""
    bare = text.translate(_SPACES).replace("\u2212", "-")
    for name in (currency, *_SYMBOLS.get(currency, ())):
        if len(bare) > len(name):
            bare = bare.removesuffix(name).removeprefix(name)
    return bare


def _not_a_number(text: str, place: str, currency: str) -> Exception:
    if any(name in text for name in ("EUR", "USD", "VND", "€", "$", "₫")):
        return wrong(
            "OTHER_CURRENCY",
            place,
            f"the amount {shown(text)} is not in {currency}, the currency of this account; choose "
            f"the file of the right account.",
        )
    return wrong(
        "AMOUNT_NOT_A_NUMBER",
        place,
        f"{shown(text)} is not an amount such as 1.500.000 or 1,500,000.00; correct the cell's "
        f"format, or name the decimal mark in the profile.",
    )


def date_order(cells: Iterable[Cell], vietnamese: bool) -> DateOrder:
    """The order of day, month and year in all dates of the file.

    Years first are ISO. Otherwise a number above 12 proves which is the day; without such a
    number only Vietnamese column names do (Vietnam writes the day first). Raises BankFileError:
    DATES_MIXED, DATES_AMBIGUOUS. Cells that are no dates are passed over; `day` refuses them.
    """
    proof: dict[DateOrder, str] = {}
    doubtful = ""
    for text, place in cells:
        found = _DAY(text.strip())
        if found is None:
            continue
        if len(found[1]) == 4:
            proof.setdefault("YMD", place)
        elif int(found[1]) > _MONTHS:
            proof.setdefault("DMY", place)
        elif int(found[3]) > _MONTHS:
            proof.setdefault("MDY", place)
        elif found[1] != found[3]:
            doubtful = doubtful or place
    if len(proof) > 1:
        first, second = list(proof.items())[:2]
        raise wrong(
            "DATES_MIXED",
            second[1],
            f"the date is {second[0]} here, but {first[0]} at {first[1]} (day, month, year); fetch "
            f"the file again.",
        )
    if not proof and doubtful and not vietnamese:
        raise wrong(
            "DATES_AMBIGUOUS",
            doubtful,
            "which number is the day and which the month cannot be known; name the order of dates "
            "in the profile.",
        )
    return next(iter(proof), "DMY")


def day(cell: Cell, order: DateOrder) -> date:
    """The cell's day; a time after it is passed over. Raises BankFileError: BAD_DATE."""
    text, place = cell
    found = _DAY(text.strip())
    if found is None:
        raise values.bad_date(text, place)
    first, second, third = found[1], found[3], found[4]
    year, month, of_month = {
        "YMD": (first, second, third),
        "DMY": (third, second, first),
        "MDY": (third, first, second),
    }[order]
    if len(year) != 4 or len(month) > 2 or len(of_month) > 2:
        raise values.bad_date(text, place)
    return values.day(int(year), int(month), int(of_month), text, place)
