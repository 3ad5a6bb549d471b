"""What every format of a bank's statement becomes, and by what a movement is known again."""

import hashlib
from collections import Counter
from datetime import date
from typing import NamedTuple

from auction_engine.bank.errors import shown, wrong
from auction_engine.bank.values import composed

# The refunds and deposits of a large day are some ten thousand; a file beyond this is not a day's.
MAX_LINES = 50_000
# What banks write where there is no reference.
_NO_REFERENCE = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED", "NOT PROVIDED", "NONE", "-"})
# A payment taken back without a reason code.
REVERSED = "RVSL"


class BankLine(NamedTuple):
    """One booked movement on the account.

    `n` counts from 1 in the statement; `place` says where it stands in the file. `booked_on` is
    the bank's day, `value_on` the day from which interest counts. `amount_minor`: paid in positive,
    paid out negative, never 0. `bank_ref` is the bank's own reference, `end_to_end` the payer's.
    `text` is the remittance information; `name`, `account` and `bank` (BIC or bank code) are the
    other party's. `returned` is the reason code of a payment sent back or undone (`RVSL` without
    one). A part of a collective entry has the entry's reference in `entry_ref` and its whole amount
    in `entry_minor`: another file may give that entry in one line.
    """

    n: int
    place: str
    booked_on: date
    value_on: date | None
    amount_minor: int
    currency: str
    bank_ref: str | None
    end_to_end: str | None
    text: str
    name: str | None
    account: str | None
    bank: str | None
    returned: str | None
    entry_ref: str | None = None
    entry_minor: int | None = None


class BankStatement(NamedTuple):
    """One account's movements in a file, in the order in which the bank booked them.

    `format` is `camt.053`, `camt.054`, `mt940` or `csv`; `number` is what the bank calls the
    statement. `account` is empty if the file does not say whose it is. `from_on` and `to_on` are
    the days it covers, as far as it says so. `opening_minor` and `closing_minor` are signed.
    `left_out` counts what moves no money yet: pending, expected or informative lines, and zeros.
    """

    format: str
    number: str | None
    account: str
    currency: str
    from_on: date | None
    to_on: date | None
    opening_minor: int | None
    closing_minor: int | None
    lines: tuple[BankLine, ...]
    left_out: int


def check(statement: BankStatement, place: object) -> BankStatement:
    """`statement`, if it adds up. `place` is where its closing balance stands.

    Raises BankFileError: BALANCE_MISMATCH, TOO_MANY_LINES.
    """
    too_many(len(statement.lines), place)
    opening, closing = statement.opening_minor, statement.closing_minor
    if opening is not None and closing is not None:
        moved = sum(line.amount_minor for line in statement.lines)
        if opening + moved != closing:
            raise wrong(
                "BALANCE_MISMATCH",
                place,
                f"the opening balance {opening} and the {len(statement.lines)} lines of together "
                f"{moved} give {opening + moved}, but the closing balance is {closing} (all in "
                f"minor units of {statement.currency}); lines are missing or changed: fetch the "
                f"file from the bank again.",
            )
    return statement


def too_many(lines: int, place: object) -> None:
    """Raises BankFileError TOO_MANY_LINES beyond `MAX_LINES`."""
    if lines > MAX_LINES:
        raise wrong(
            "TOO_MANY_LINES",
            place,
            f"there are more than {MAX_LINES:,} lines; ask the bank for shorter periods.",
        )


def fingerprint(statement: BankStatement, line: BankLine, ordinal: int) -> str:
    """By what a movement is known when it comes again, in another file or format.

    With a reference of the bank: account, currency, day, amount and that reference. Without:
    the other party and the text instead. The day is always in it: a reference that a bank uses
    again on another day must not hide a second payment. `ordinal` counts from 1 among the lines
    of one file that have all of this in common (`fingerprints` does that): two equal payments of
    one day are two.
    """
    parts = (*identity(statement, line), str(ordinal))
    # Each part with its length: no two different lists give the same bytes.
    message = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(message.encode()).hexdigest()


def fingerprints(statements: list[BankStatement]) -> list[list[str]]:
    """The fingerprint of each line of each statement of one file."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for statement in statements:
        of_lines = []
        for line in statement.lines:
            known_by = identity(statement, line)
            seen[known_by] += 1
            of_lines.append(fingerprint(statement, line, seen[known_by]))
        found.append(of_lines)
    return found


def identity(statement: BankStatement, line: BankLine) -> tuple[str, ...]:
    """What two lines have in common that may be the same movement."""
    always = (
        plain_account(statement.account),
        line.currency,
        line.booked_on.isoformat(),
        str(line.amount_minor),
    )
    if line.bank_ref is not None:
        return (*always, "ref", line.bank_ref)
    party = (plain_account(line.account or ""), (line.name or "").casefold())
    return (*always, "text", *party, "".join(line.text.split()).casefold())


def tidy(text: str | None) -> str:
    """Composed letters (NFC) and single spaces: the same words are the same text."""
    return composed(" ".join((text or "").split()))


def reference(text: str | None) -> str | None:
    """A reference, or None where banks write that there is none."""
    found = tidy(text)
    return None if found.upper() in _NO_REFERENCE else found


def plain_account(text: str) -> str:
    """An account's number without what only makes it readable."""
    return "".join(sign for sign in text.upper() if sign.isalnum() or sign == "/")


def same_account(given: str, expected: str) -> bool:
    """Whether a statement's account is the one expected.

    A statement may put the bank's code before the number, or the currency behind it, with a slash.
    """
    one, other = plain_account(given), plain_account(expected)
    return bool(one) and (one == other or other in one.split("/"))


def check_currency(found: str, expected: str, place: object) -> None:
    """Raises BankFileError OTHER_CURRENCY if `found` is not the account's currency."""
    if found != expected:
        raise wrong(
            "OTHER_CURRENCY",
            place,
            f"the currency is {shown(found)}, but this account is kept in {expected}; choose the "
            f"file of the right account.",
        )
