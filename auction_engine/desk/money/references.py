"""Payment references: short enough to type, checked, and found again whatever a bank makes of them.

`DG` and eight characters: six for the number of the payment request, two check digits. Letters that
look like digits (I, L, O, U) are not used; a bank that adds spaces, dots or hyphens, or changes to
lower case, does no harm.
"""

import re

from auction_engine.errors import AuctionError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS = 6
_MOST = len(_ALPHABET) ** _LETTERS
# Neighbouring numbers look different, so that a slip of the finger does not name a neighbour.
_SPREAD, _OFFSET = 387_420_489, 123_456_789
_UNSPREAD = pow(_SPREAD, -1, _MOST)
_PREFIX = "DG"
_SEEN = re.compile(rf"{_PREFIX}[{_ALPHABET}]{{{_LETTERS}}}[0-9]{{2}}")
_ANYWHERE = re.compile(rf"(?=({_SEEN.pattern}))")
_BETWEEN = re.compile(r"[\s.\-_/,:;]+")


def of(number: int) -> str:
    """The reference of payment request `number`. Raises AuctionError above 2^30."""
    if not 0 < number < _MOST:
        raise AuctionError("There are no payment references left; the format must grow.")
    rest, letters = (number * _SPREAD + _OFFSET) % _MOST, ""
    for _ in range(_LETTERS):
        rest, digit = divmod(rest, len(_ALPHABET))
        letters = _ALPHABET[digit] + letters
    return f"{_PREFIX}{letters}{_check(letters)}"


def number_of(reference: str) -> int | None:
    """The payment request a reference names; None if it is none, or its check digits are wrong."""
    if _SEEN.fullmatch(reference) is None:
        return None
    letters = reference[len(_PREFIX) : -2]
    if _check(letters) != reference[-2:]:
        return None
    value = 0
    for letter in letters:
        value = value * len(_ALPHABET) + _ALPHABET.index(letter)
    return (value - _OFFSET) * _UNSPREAD % _MOST or None


def find(*texts: str | None) -> list[str]:
    """References in what a bank wrote, in order, each once; only those whose check digits fit."""
    found: list[str] = []
    for text in texts:
        for match in _ANYWHERE.finditer(_BETWEEN.sub("", text or "").upper()):
            if match[1] not in found and number_of(match[1]) is not None:
                found.append(match[1])
    return found


def _check(letters: str) -> str:
    """Two digits by ISO 7064 MOD 97-10 over the letters as numbers 0 to 31."""
    value = 0
    for letter in letters:
        value = (value * 100 + _ALPHABET.index(letter)) % 97
    return f"{98 - value * 100 % 97:02d}"
