"""The fields of MT940: cutting a file into them; balances (60, 62) and movements (61)."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from auction_engine.bank import values
from auction_engine.bank.errors import shown, wrong
from auction_engine.bank.statement import REVERSED, check_currency, tidy

_TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.ASCII | re.DOTALL).fullmatch
_KNOWN = frozenset("20 21 25 25P 28 28C 13 13D 60F 60M 61 62F 62M 64 65 86".split())
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15}(?:,[0-9]*)?)", re.ASCII).fullmatch
_MOVEMENT = re.compile(
    r"([0-9]{6})([0-9]{4})?(R[CD]|E[CD]|[CD])([A-Z])?([0-9]{1,15}(?:,[0-9]*)?)"
    r"([NSF][A-Z0-9]{3})(.*)",
    re.ASCII,
).fullmatch
# Two-digit years: no account's statements are older than this century's last turn.
_CENTURY_TURN = 80
_HALF_A_YEAR = 183


class Field(NamedTuple):
    """One field: its tag (`60F`), the line of its tag, and its lines without the tag."""

    tag: str
    line: int
    lines: list[str]

    @property
    def place(self) -> str:
        """For errors."""
        return f"line {self.line}"

    @property
    def text(self) -> str:
        """All its lines in one."""
        return "\n".join(self.lines).strip()


class Balance(NamedTuple):
    """A balance: its day and its amount, negative if the account is overdrawn."""

    on: date
    minor: int


class Movement(NamedTuple):
    """Field 61. `minor` is signed; `booked` is false for what the bank only expects."""

    booked_on: date
    value_on: date
    minor: int
    booked: bool
    returned: str | None
    customer_ref: str
    bank_ref: str
    supplement: str


def fields(text: str) -> Iterator[Field]:
    """The fields of all messages, in order. Raises BankFileError: MT940_STRAY, MT940_FIELD."""
    field: Field | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = _unframed(raw.rstrip("\r"))
        if line is None:
            if field is not None:
                yield field
            field = None
        elif found := _TAG(line):
            if field is not None:
                yield field
            field = Field(_known(found[1], number), number, [found[2]])
        elif field is not None and not line.startswith(":"):
            field.lines.append(line)
        elif line.strip():
            raise wrong(
                "MT940_STRAY",
                f"line {number}",
                f"{shown(line)} does not belong to any field; the file is damaged: fetch it from "
                f"the bank again.",
            )
    if field is not None:
        yield field


def _unframed(line: str) -> str | None:
    """A line without the blocks around a message; None where a message ends or begins."""
    if line.startswith("{"):
        inside = line.partition("{4:")[2]
        return inside or None
    return None if line.rstrip() == "-" or line.startswith("-}") else line


def _known(tag: str, line: int) -> str:
    if tag not in _KNOWN:
        raise wrong(
            "MT940_FIELD",
            f"line {line}",
            f"field :{tag}: is not one of a statement (MT940); ask the bank for MT940.",
        )
    return tag


def balance(field: Field, currency: str, digits: int) -> Balance:
    """Fields 60 and 62. Raises BankFileError: MT940_FIELD, OTHER_CURRENCY, and for the values."""
    found = _BALANCE(field.text)
    if found is None:
        raise _not_like(field, "C261122VND1500000,")
    check_currency(found[3], currency, field.place)
    minor = _minor(found[4], digits, field)
    return Balance(_day(found[2], field), minor if found[1] == "C" else -minor)


def movement(field: Field, digits: int) -> Movement:
    """Field 61. Raises BankFileError: MT940_FIELD, and for amounts and days.

    `C` and `RD` (a debit undone) pay in, `D` and `RC` (a credit undone) pay out; `EC` and `ED` are
    expected.
    """
    found = _MOVEMENT(field.lines[0])
    if found is None:
        raise _not_like(field, "2611221122C1500000,NTRFREF//BANKREF")
    value_on = _day(found[1], field)
    mark = found[3]
    minor = _minor(found[5], digits, field)
    customer_ref, _, bank_ref = found[7].partition("//")
    return Movement(
        booked_on=_entry_day(found[2], value_on, field) if found[2] else value_on,
        value_on=value_on,
        minor=minor if mark in ("C", "RD", "EC") else -minor,
        booked=not mark.startswith("E"),
        returned=REVERSED if mark.startswith("R") else None,
        customer_ref=customer_ref,
        bank_ref=bank_ref,
        supplement=tidy(" ".join(field.lines[1:])),
    )


def _minor(text: str, digits: int, field: Field) -> int:
    return values.minor(text.replace(",", "."), digits, field.place)


def _day(text: str, field: Field) -> date:
    year = int(text[:2])
    year += 2000 if year < _CENTURY_TURN else 1900
    return values.day(year, int(text[2:4]), int(text[4:]), text, field.place)


def _entry_day(text: str, value_on: date, field: Field) -> date:
    """The day of month and day `text` that is nearest to the value day: it may be a year apart."""
    month, of_month = int(text[:2]), int(text[2:])
    near = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            near.append(date(year, month, of_month))
        except ValueError:
            continue
    day = min(near, key=lambda one: abs(one - value_on), default=None)
    if day is None or abs(day - value_on).days > _HALF_A_YEAR:
        raise values.bad_date(text, field.place)
    return day


def _not_like(field: Field, example: str) -> Exception:
    return wrong(
        "MT940_FIELD",
        field.place,
        f"field {field.tag} is {shown(field.text)}, not like {example}; ask the bank for the file "
        f"again.",
    )
