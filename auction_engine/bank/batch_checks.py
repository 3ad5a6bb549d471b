"""What a batch must be before anything of it is written: each payment, and all of them together."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from auction_engine.bank.accounts import AccountError, account_kind, bank_kind
from auction_engine.bank.batch import (
    MAX_FAULTS,
    MAX_ID,
    MAX_NAME,
    MAX_TEXT,
    Batch,
    BatchError,
    Fault,
    Payment,
)
from auction_engine.bank.latin import LatinError, latin
from auction_engine.rules.money import MAX_AMOUNT_MINOR, AmountError, check_amount_minor

# The ids come back in answers and statements through systems that know only these characters.
_ID = re.compile(r"[0-9A-Za-z?:().,'+-]+(?:/[0-9A-Za-z?:().,'+-]+)*", re.ASCII).fullmatch
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII).fullmatch


class _Wrong(Exception):
    """What a check found, before it is known where."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def checked(batch: Batch, to_latin: bool) -> Batch:
    """`batch` as it is written, words composed or in SWIFT's letters. Raises BatchError."""
    faults: list[Fault] = []
    head = _checked_head(batch, to_latin, faults)
    payments = tuple(
        _checked_payment(payment, index, to_latin, faults)
        for index, payment in enumerate(batch.payments)
    )
    faults.extend(_across(batch.payments))
    if faults:
        faults.sort(key=lambda fault: -1 if fault.payment is None else fault.payment)
        raise BatchError(tuple(faults[:MAX_FAULTS]), len(faults) > MAX_FAULTS)
    return head._replace(payments=payments)


def _checked_head(batch: Batch, to_latin: bool, faults: list[Fault]) -> Batch:
    good: dict[str, Any] = {}
    for field in ("message_id", "debtor_name", "debtor_account", "debtor_bank"):
        try:
            good[field] = _FIELDS[field](getattr(batch, field), to_latin)
        except _Wrong as wrong:
            faults.append(Fault(wrong.code, None, "", field, wrong.text))
    faults.extend(Fault(code, None, "", field, text) for code, field, text in _head(batch))
    return batch._replace(**good)


def _checked_payment(payment: Payment, index: int, to_latin: bool, faults: list[Fault]) -> Payment:
    good: dict[str, Any] = {}
    for field in ("end_to_end", "name", "account", "bank", "text"):
        try:
            good[field] = _FIELDS[field](getattr(payment, field), to_latin)
        except _Wrong as wrong:
            faults.append(Fault(wrong.code, index, payment.end_to_end, field, wrong.text))
    try:
        check_amount_minor(payment.amount_minor)
    except AmountError:
        text = (
            f"the amount {payment.amount_minor!r} is not a whole number of minor units from 1 to"
            " 2^53 - 1; correct it, or leave the payment out"
        )
        faults.append(Fault("BAD_AMOUNT", index, payment.end_to_end, "amount_minor", text))
    return payment._replace(**good)


def _head(batch: Batch) -> Iterator[tuple[str, str, str]]:
    if not batch.payments:
        yield "NO_PAYMENTS", "payments", "there are no payments in it; there is nothing to send"
    if not _CURRENCY(batch.currency):
        yield (
            "BAD_CURRENCY", "currency",
            f"{batch.currency[:10]!r} is not a currency's three capital letters; correct it",
        )  # fmt: skip
    if type(batch.minor_digits) is not int or not 0 <= batch.minor_digits <= 4:
        yield "BAD_CURRENCY", "minor_digits", "a currency has 0 to 4 decimals; correct the number"
    if batch.created_at.utcoffset() != timedelta(0):
        yield "BAD_TIME", "created_at", "the moment it was made must be in UTC; convert it"
    if isinstance(batch.requested_on, datetime):
        yield "BAD_DATE", "requested_on", "the day of payment is a day without a time; correct it"
    # West of Greenwich the day may still be yesterday's.
    elif batch.requested_on < batch.created_at.date() - timedelta(days=1):
        yield (
            "BAD_DATE", "requested_on",
            f"the day of payment {batch.requested_on} is past; choose another day",
        )  # fmt: skip
    if batch.charges not in ("DEBT", "SHAR", "SLEV", "CRED"):
        yield "BAD_CHARGES", "charges", "who pays the fees is DEBT, SHAR, SLEV or CRED; choose one"


def _across(payments: tuple[Payment, ...]) -> Iterator[Fault]:
    """What is wrong only between payments."""
    seen: set[str] = set()
    for index, payment in enumerate(payments):
        if payment.end_to_end in seen:
            text = "an earlier payment has the same end-to-end id; give each its own"
            yield Fault("DUPLICATE_ID", index, payment.end_to_end, "end_to_end", text)
        seen.add(payment.end_to_end)
    amounts = (payment.amount_minor for payment in payments)
    if sum(amount for amount in amounts if type(amount) is int) > MAX_AMOUNT_MINOR:
        text = "the payments add up to 2^53 minor units or more; make several batches"
        yield Fault("SUM_TOO_LARGE", None, "", "payments", text)


def _id(text: str, to_latin: bool) -> str:
    if not text:
        raise _Wrong("EMPTY", "the id is empty; give one")
    if len(text) > MAX_ID:
        raise _Wrong(
            "TOO_LONG", f"the id has {len(text)} characters, at most {MAX_ID} fit; shorten it"
        )
    if not _ID(text):
        raise _Wrong(
            "BAD_ID",
            "an id has only letters, digits, ? : ( ) . , ' + - and single inner /; change it",
        )
    return text


def _words(text: str, to_latin: bool, what: str, most: int) -> str:
    """`text` as it is written. The limit is that of what is written, not of what was given."""
    text = unicodedata.normalize("NFC", text)
    for character in text:
        # Letters, marks, numbers, punctuation, symbols and the plain space; nothing invisible,
        # which would let two names look alike, and no line ends.
        if unicodedata.category(character)[0] not in "LMNPS" and character != " ":
            raise _Wrong(
                "BAD_CHARACTER",
                f"the {what} has the character U+{ord(character):04X}, which cannot be sent; enter"
                " it again without that character",
            )
    if to_latin:
        try:
            text = latin(text)
        except LatinError as error:
            raise _Wrong(
                "NOT_LATIN",
                f"the {what} has {error.character!r}, for which this bank's character set has"
                " nothing; enter it in Latin letters, as the bank writes it",
            ) from None
    if not text.strip():
        raise _Wrong("EMPTY", f"the {what} is empty; enter it")
    if text != text.strip():
        raise _Wrong("BAD_CHARACTER", f"the {what} begins or ends with a space; remove it")
    if len(text) > most:
        raise _Wrong(
            "TOO_LONG",
            f"the {what} has {len(text)} characters, at most {most} fit; shorten it",
        )
    return text


def _account(text: str, to_latin: bool) -> str:
    try:
        account_kind(text)
    except AccountError as error:
        raise _Wrong("BAD_ACCOUNT", str(error)) from None
    return text


def _bank(text: str, to_latin: bool) -> str:
    try:
        bank_kind(text)
    except AccountError as error:
        raise _Wrong("BAD_BANK", str(error)) from None
    return text


def _name(text: str, to_latin: bool) -> str:
    return _words(text, to_latin, "name", MAX_NAME)


def _text(text: str, to_latin: bool) -> str:
    return _words(text, to_latin, "text", MAX_TEXT)


_FIELDS: dict[str, Callable[[str, bool], str]] = {
    "message_id": _id,
    "debtor_name": _name,
    "debtor_account": _account,
    "debtor_bank": _bank,
    "end_to_end": _id,
    "name": _name,
    "account": _account,
    "bank": _bank,
    "text": _text,
}
