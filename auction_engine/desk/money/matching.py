"""Whose is this money? Pure: a statement line and what is expected, and one verdict.

Nothing is guessed. A line is allocated only by a reference with good check digits and the right
amount; everything else waits in suspense with its reason, and a person decides.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

Purpose = Literal["DEPOSIT", "EARNEST", "PRICE", "TOP_UP"]
Reason = Literal[
    "UNKNOWN",  # no reference, and nothing like it is expected
    "LIKELY",  # no reference, but amount and name fit one expected payment: a person confirms
    "SEVERAL",  # more than one reference in the text
    "SHORT",  # too little so far; waits for the rest
    "OVERPAID",  # what is above the expected amount
    "DUPLICATE",  # paid already
    "LATE",  # after the last day
    "NOT_EXPECTED",  # the sale is over, or the bidder was refused or has withdrawn
]
_WORDS = re.compile(r"[^A-Z0-9]+")


class Expected(NamedTuple):
    """A payment that is expected, as it stands before the line.

    `short_minor` is what has come for it already: a deposit's parts lie in suspense until it is
    whole, a price is taken in parts. `paid`: it is there in full. `open`: the sale still wants it.
    `due_on` is the last local day, None without one; `name` is the payer's.
    """

    request: int
    purpose: Purpose
    amount_minor: int
    due_on: date | None
    name: str
    short_minor: int = 0
    paid: bool = False
    open: bool = True


class Verdict(NamedTuple):
    """What becomes of a line.

    `take_minor` of it goes to `request`, together with what lay short for it; what is left waits
    in suspense for `reason`. `likely` are requests a person should look at first.
    """

    request: int | None = None
    take_minor: int = 0
    reason: Reason | None = None
    likely: tuple[int, ...] = ()


def judge(
    amount_minor: int,
    on: date,
    named: Sequence[Expected],
    similar: Sequence[Expected] = (),
    sender: str | None = None,
) -> Verdict:
    """The verdict on a credit of `amount_minor` > 0, received on the bank's day `on`.

    `named` are the expected payments whose reference is in its text; `similar` others of the same
    amount. A bank's statement knows days, not hours: what arrives on the last day is in time.
    """
    if not named:
        wanted = (one for one in similar if one.open and not one.paid)
        likely = tuple(one.request for one in wanted if same_name(one.name, sender))
        return Verdict(reason="LIKELY" if len(likely) == 1 else "UNKNOWN", likely=likely)
    if len(named) > 1:
        return Verdict(reason="SEVERAL", likely=tuple(one.request for one in named))
    one = named[0]
    if one.paid:
        return Verdict(one.request, 0, "DUPLICATE")
    if not one.open:
        return Verdict(one.request, 0, "NOT_EXPECTED")
    if one.purpose == "DEPOSIT" and one.due_on is not None and on > one.due_on:
        return Verdict(one.request, 0, "LATE")
    missing = one.amount_minor - one.short_minor
    if amount_minor < missing:
        if one.purpose == "PRICE":
            return Verdict(one.request, amount_minor)
        return Verdict(one.request, 0, "SHORT")
    return Verdict(one.request, missing, "OVERPAID" if amount_minor > missing else None)


def plain(name: str | None) -> str:
    """A name as banks may write it: capitals without diacritics or signs, single spaces."""
    text = unicodedata.normalize("NFD", (name or "").replace("Đ", "D").replace("đ", "d"))
    bare = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(_WORDS.sub(" ", bare.upper()).split())


def same_name(expected: str, seen: str | None) -> bool:
    """Whether both are the same words, in whatever order: banks turn names round."""
    words = plain(expected).split()
    return bool(words) and sorted(words) == sorted(plain(seen).split())
