"""What is asked of the books: entries made of legs that sum to zero.

A debit is positive, a credit negative, always whole minor units. An entry names the one fact that
caused it, so that nothing moves without a reason, and a key by which a repeat is known.
"""

from typing import Literal, NamedTuple

from auction_engine.rules.money import MAX_AMOUNT_MINOR

CauseKind = Literal["JOURNAL", "LINE", "ACT", "PAYOUT"]


class EntryError(ValueError):
    """An entry no book can take. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Name(NamedTuple):
    """An account within a book: a code of `chart.CHART` and what it is kept for.

    `key` is empty, or names the lot, the bidder or the person, e.g. `lot:12/bidder:7`.
    """

    code: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.code}[{self.key}]" if self.key else self.code


class Leg(NamedTuple):
    """`amount_minor` is debited if positive, credited if negative; never 0."""

    account: Name
    amount_minor: int


class Cause(NamedTuple):
    """The fact behind an entry.

    JOURNAL: entry `n` of lot `id`. LINE: bank statement line `id`. ACT: a person's act `id` on the
    money (`money_act`). PAYOUT: payout `id`, its attempt `n`.
    """

    kind: CauseKind
    id: int
    n: int = 0

    def __str__(self) -> str:
        return f"{self.kind.lower()}:{self.id}" + (f"#{self.n}" if self.n else "")


class Entry(NamedTuple):
    """One transfer, as it is asked for.

    `key` is unique in the whole ledger: the same key with the same content is the same transfer,
    with another content an error. `pending`: what it credits to its liability account is held
    until exactly one later entry `resolves` it (names its key) and takes all of it away.
    `reverses` names the key of a transfer this one undoes: the same legs, turned round; a transfer
    is undone once.
    """

    book: int
    kind: str
    key: str
    cause: Cause
    legs: tuple[Leg, ...]
    pending: bool = False
    resolves: str | None = None
    reverses: str | None = None
    note: str | None = None


def debit(code: str, amount_minor: int, key: str = "") -> Leg:
    """A debit of a positive amount."""
    return Leg(Name(code, key), amount_minor)


def credit(code: str, amount_minor: int, key: str = "") -> Leg:
    """A credit of a positive amount."""
    return Leg(Name(code, key), -amount_minor)


def check(entry: Entry) -> Entry:
    """`entry` if any book could take it.

    Raises EntryError: NO_LEGS, BAD_LEG, ACCOUNT_TWICE, UNBALANCED.
    """
    if len(entry.legs) < 2:
        raise EntryError("NO_LEGS", f"{entry.key}: an entry has at least two legs.")
    for leg in entry.legs:
        if type(leg.amount_minor) is not int or not 0 < abs(leg.amount_minor) <= MAX_AMOUNT_MINOR:
            raise EntryError("BAD_LEG", f"{entry.key}: {leg.amount_minor!r} on {leg.account}.")
    if len({leg.account for leg in entry.legs}) != len(entry.legs):
        raise EntryError("ACCOUNT_TWICE", f"{entry.key}: an account appears in two legs.")
    off = sum(leg.amount_minor for leg in entry.legs)
    if off:
        raise EntryError("UNBALANCED", f"{entry.key}: debits and credits differ by {off}.")
    return entry


def reversal(entry: Entry, key: str, cause: Cause, note: str | None = None) -> Entry:
    """The entry that undoes `entry`: the same legs, turned round."""
    legs = tuple(Leg(leg.account, -leg.amount_minor) for leg in entry.legs)
    return Entry(entry.book, entry.kind, key, cause, legs, reverses=entry.key, note=note)
