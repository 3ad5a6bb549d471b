"""Amounts and days as banks write them, to minor units and dates. Nothing is rounded or guessed.

A `place` is anything whose text says where the value stands; it is asked for only if it is wrong.
"""

import re
import unicodedata
from datetime import date

from auction_engine.bank.errors import shown, wrong
from auction_engine.rules.money import MAX_AMOUNT_MINOR

_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?", re.ASCII).fullmatch
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII).match
_AFTER_DAY = re.compile(
    r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII
).fullmatch
# A bank's amount has at most 18 digits; longer text is not looked at further.
_AMOUNT_CHARACTERS = 40
# The marks that one letter may have, generously; and the only places where more can be.
_MARKS = 30
_NOT_LATIN = re.compile(r"[\u0300-\U0010ffff]{31,}").finditer


def minor(text: str, digits: int, place: object, *, negative: bool = False) -> int:
    """The decimal number `text` in minor units of a currency with `digits` decimals.

    Decimals beyond `digits` must be zeros. `negative`: whether it may be below zero. Raises
    BankFileError: AMOUNT_NOT_A_NUMBER (also for exponents, NaN and infinity), AMOUNT_DECIMALS,
    AMOUNT_NEGATIVE, AMOUNT_TOO_LARGE (2^53 minor units or more).
    """
    found = _DECIMAL(text.strip()) if len(text) <= _AMOUNT_CHARACTERS else None
    if found is None:
        raise wrong(
            "AMOUNT_NOT_A_NUMBER",
            place,
            f"the amount {shown(text)} is not a decimal number such as 1500000 or 1500.25; ask "
            f"the bank for the file again.",
        )
    sign, whole, decimals = found[1], found[2], (found[3] or "").rstrip("0")
    if len(decimals) > digits:
        raise wrong(
            "AMOUNT_DECIMALS",
            place,
            f"the amount {shown(text)} has more decimals than the currency's {digits}; check that "
            f"the file belongs to this account.",
        )
    amount = int(whole + decimals.ljust(digits, "0"))
    if sign == "-" and amount and not negative:
        raise wrong(
            "AMOUNT_NEGATIVE",
            place,
            f"the amount {shown(text)} is below zero where only its mark may say so; ask the bank "
            f"for the file again.",
        )
    if amount > MAX_AMOUNT_MINOR:
        raise wrong(
            "AMOUNT_TOO_LARGE",
            place,
            f"the amount {shown(text)} is too large to be true; check the file and its currency.",
        )
    return -amount if sign == "-" else amount


def iso_day(text: str, place: object) -> date:
    """The day of an ISO date or date and time, as written, whatever its zone.

    A bank's day is the day its books have, so a time and an offset after it do not move it.
    Raises BankFileError: BAD_DATE.
    """
    text = text.strip()
    found = _DAY(text)
    if found is None or _AFTER_DAY(text[found.end() :]) is None:
        raise bad_date(text, place)
    return day(int(found[1]), int(found[2]), int(found[3]), text, place)


def composed(text: str) -> str:
    """`text` with composed letters (NFC), so that the same words are the same text.

    Text with dozens of marks on one letter is none of any language; it is left as it is, because
    putting them in order takes a time that grows with their square.
    """
    for run in _NOT_LATIN(text):
        marks = 0
        for sign in run[0]:
            marks = marks + 1 if unicodedata.combining(sign) else 0
            if marks > _MARKS:
                return text
    return unicodedata.normalize("NFC", text)


def day(year: int, month: int, of_month: int, text: str, place: object) -> date:
    """The day of these numbers, read from `text`. Raises BankFileError: BAD_DATE."""
    if not 1900 <= year <= 2999:
        raise bad_date(text, place)
    try:
        return date(year, month, of_month)
    except ValueError:
        raise bad_date(text, place) from None


def bad_date(text: str, place: object) -> Exception:
    """The error for what is not a day."""
    return wrong(
        "BAD_DATE",
        place,
        f"{shown(text)} is not a day of the calendar; ask the bank for the file again.",
    )
