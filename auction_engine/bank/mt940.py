"""SWIFT MT940 statements, as banks really write them, with the line of whatever is wrong.

Our own reader, because `mt-940` 5.1.1 reads `1.500,25` as 1 and 31 February as the 28th, takes
lines it does not know for text, makes one statement of two accounts, and names no line in errors.
"""

from auction_engine.bank import mt940_details
from auction_engine.bank.decoding import decode
from auction_engine.bank.errors import wrong
from auction_engine.bank.mt940_fields import Balance, Field, balance, fields, movement
from auction_engine.bank.statement import (
    BankLine,
    BankStatement,
    check,
    reference,
    tidy,
    too_many,
)

# What may follow what. `86S` is the field 86 of the whole statement, after its closing balance.
_AFTER = {
    "": "20",
    "20": "20 21 25 13",
    "21": "25",
    "13": "25 28 60",
    "25": "28 13 21",
    "28": "60 13",
    "60": "61 62",
    "61": "61 86 62",
    "86": "61 62 86",
    "62": "64 65 86 20",
    "64": "64 65 86 20",
    "65": "64 65 86 20",
    "86S": "64 65 86 20",
}
_ENDS = frozenset({"62", "64", "65", "86S"})


def read(data: bytes, *, currency: str, minor_digits: int) -> list[BankStatement]:
    """The statements in `data`; `minor_digits` are the currency's decimals.

    The pages of a statement (60M, 62M) are statements of their own and must join. Raises
    BankFileError: MT940_STRAY, MT940_FIELD, MT940_ORDER, MT940_CUT, BALANCE_MISMATCH,
    BALANCE_GAP, OTHER_CURRENCY, TOO_MANY_LINES, and for encoding, amounts and days.
    """
    # Some banks leave the frame of the telex line around a message.
    data = data.translate(None, b"\x01\x03\x1a")
    reader = _Reader(currency, minor_digits)
    for field in fields(decode(data)):
        reader.take(field)
    return reader.end()


class _Reader:
    """Takes one field after the other; a statement is done when its closing balance comes."""

    def __init__(self, currency: str, digits: int) -> None:
        self._currency = currency
        self._digits = digits
        self._done: list[BankStatement] = []
        self._last = ""
        self._last_place = ""
        self._begin()

    def _begin(self) -> None:
        self._account = ""
        self._number: str | None = None
        self._opening: Balance | None = None
        self._lines: list[BankLine] = []
        self._pending: BankLine | None = None
        self._details: list[str] = []
        self._left_out = 0

    def take(self, field: Field) -> None:
        """Raises BankFileError."""
        tag = field.tag[:2]
        if tag not in _AFTER[self._last].split():
            raise wrong(
                "MT940_ORDER",
                field.place,
                f"field {field.tag} comes after {self._last or 'nothing'}; a part of the file is "
                f"missing: fetch it from the bank again.",
            )
        self._flush(tag)
        self._last = "86S" if tag == "86" and self._last in _ENDS else tag
        self._last_place = field.place
        if tag == "20":
            self._begin()
        elif tag == "25":
            self._account = _filled(field)
        elif tag == "28":
            self._number = tidy(field.text) or None
        elif tag == "60":
            self._open(field)
        elif tag == "61":
            self._move(field)
        elif tag == "86" and self._pending is not None:
            self._details += field.lines
        elif tag == "62":
            self._close(field)

    def end(self) -> list[BankStatement]:
        """All statements. Raises BankFileError: MT940_CUT."""
        if self._last not in _ENDS:
            raise wrong(
                "MT940_CUT",
                self._last_place or "line 1",
                "the file ends without a closing balance (:62F:); it is cut off: fetch it from the "
                "bank again.",
            )
        return self._done

    def _flush(self, tag: str) -> None:
        """The last movement is complete when anything but its field 86 comes."""
        if self._pending is None or tag == "86":
            return
        line, details = self._pending, mt940_details.read(self._details)
        self._lines.append(
            line._replace(
                n=len(self._lines) + 1,
                text=details.text or line.text,
                name=details.name,
                account=details.account,
                bank=details.bank,
                end_to_end=details.end_to_end or line.end_to_end,
                returned=details.returned or line.returned,
            )
        )
        too_many(len(self._lines), line.place)
        self._pending, self._details = None, []

    def _open(self, field: Field) -> None:
        self._opening = balance(field, self._currency, self._digits)
        before = self._done[-1] if self._done else None
        if (
            field.tag == "60M"
            and before is not None
            and before.account == self._account
            and before.closing_minor != self._opening.minor
        ):
            raise wrong(
                "BALANCE_GAP",
                field.place,
                f"this page begins with {self._opening.minor}, the one before ended with "
                f"{before.closing_minor} (minor units); a page is missing: fetch the file again.",
            )

    def _move(self, field: Field) -> None:
        found = movement(field, self._digits)
        if not found.booked or not found.minor:
            self._left_out += 1
            return
        self._pending = BankLine(
            n=0,
            place=field.place,
            booked_on=found.booked_on,
            value_on=found.value_on,
            amount_minor=found.minor,
            currency=self._currency,
            bank_ref=reference(found.bank_ref),
            end_to_end=reference(found.customer_ref),
            text=found.supplement,
            name=None,
            account=None,
            bank=None,
            returned=found.returned,
        )

    def _close(self, field: Field) -> None:
        closing, opening = balance(field, self._currency, self._digits), self._opening
        statement = BankStatement(
            format="mt940",
            number=self._number,
            account=self._account,
            currency=self._currency,
            from_on=opening.on if opening else None,
            to_on=closing.on,
            opening_minor=opening.minor if opening else None,
            closing_minor=closing.minor,
            lines=tuple(self._lines),
            left_out=self._left_out,
        )
        self._done.append(check(statement, field.place))


def _filled(field: Field) -> str:
    text = tidy(field.text)
    if not text:
        raise wrong(
            "MT940_FIELD",
            field.place,
            f"field {field.tag} is empty; ask the bank for the file again.",
        )
    return text
