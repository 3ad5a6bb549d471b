"""Drawing lots (bốc thăm, Law 01/2016 Arts. 42(2)d, 43(4)) so that anyone can recompute it.

    commitment = SHA-256(framed(tag, "commitment", lot, round, holder, seed))   before the entrants
    key        = HMAC-SHA-256(tag, framed("draw", lot, round,                     are known
                                          r, holder, seed, …   revealed, in order of commitment
                                          c, bidder, text, …   contributions, in journal order
                                          n, entrant, …))      sorted
    number i   = first 8 bytes, big-endian, of HMAC-SHA-256(key, i as 8 bytes), i = 0, 1, 2 …
    order      = the sorted entrants, shuffled (Fisher-Yates, from the last place to the second)

Seeds are 32 bytes, written as 64 hexadecimal digits; HMAC is RFC 2104, `framed` is in
`sealing_bytes`. Nobody can foresee or steer the order who does not know every revealed seed.
`round` is the number of the draw within the lot: another draw needs another number and new seeds.
`docs/protocol/draw.md` has the procedure, who may withhold what, and the collusions that remain.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import NamedTuple

from auction_engine.rules.sealing_bytes import HEX_256, NAME, framed, is_whole

FORMAT = "auction-engine/draw/v1"
MOST_ENTROPY_BYTES = 256
_TAG = FORMAT.encode()
_SPAN = 2**64


class DrawError(ValueError):
    """Something that is not part of a draw. `code` is stable, `where` names the value."""

    def __init__(self, code: str, where: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.where = where


class Reveal(NamedTuple):
    """The seed a holder committed to."""

    holder: str
    seed: str


class Contribution(NamedTuple):
    """What a bidder adds to the draw: any text up to 256 bytes of UTF-8."""

    bidder: str
    text: str


def commitment(seed: str, lot: int, round: int, holder: str) -> str:
    """What `holder` publishes before the entrants are known: SHA-256, 64 hexadecimal digits.

    Raises DrawError BAD_NUMBER, BAD_NAME, BAD_SEED.
    """
    check_place(lot, round)
    check_name(holder, "holder")
    fields = (_TAG, "commitment", lot, round, holder, read_seed(seed))
    return sha256(framed(*fields)).hexdigest()


def verify(published: str, seed: str, lot: int, round: int, holder: str) -> bool:
    """Whether `seed` is what `holder` committed to; False also for what is no seed at all."""
    try:
        return hmac.compare_digest(commitment(seed, lot, round, holder), published)
    except (DrawError, TypeError):  # TypeError: letters beyond ASCII in `published`
        return False


def draw(
    lot: int,
    round: int,
    reveals: Sequence[Reveal],
    contributions: Sequence[Contribution],
    entrants: Iterable[str],
) -> tuple[str, ...]:
    """All entrants in drawn order; the first has won.

    `reveals` in the order of their commitments (each checked by `verify`), `contributions` in the
    journal's order; the order in which `entrants` are given does not matter. Raises DrawError:
    NOTHING_REVEALED, BAD_ENTRANTS (fewer than two, or one twice), BAD_NUMBER, BAD_NAME, BAD_SEED,
    BAD_ENTROPY.
    """
    names = sort_entrants(entrants)
    numbers = _numbers(_key(lot, round, reveals, contributions, names))
    for last in range(len(names) - 1, 0, -1):
        chosen = below(last + 1, numbers)
        names[last], names[chosen] = names[chosen], names[last]
    return tuple(names)


def below(bound: int, numbers: Iterator[int]) -> int:
    """A number from 0 to `bound` - 1, each equally likely, from evenly spread numbers below 2^64.

    Takes the next number; one at or above the largest multiple of `bound` is passed over, as
    those would make the low results likelier.
    """
    limit = _SPAN - _SPAN % bound
    return next(number for number in numbers if number < limit) % bound


def check_place(lot: object, round: object) -> None:
    """Raise DrawError BAD_NUMBER unless both are whole numbers from 1 to 2^53 - 1."""
    for where, value in (("lot", lot), ("round", round)):
        if not is_whole(value, 1):
            raise DrawError("BAD_NUMBER", where, f"{where} must be a whole number from 1.")


def check_name(name: object, where: str = "name") -> str:
    """`name` if it can name a holder, bidder or entrant. Raises DrawError BAD_NAME.

    ASCII only, so that sorting by bytes is the same everywhere.
    """
    if type(name) is not str or not NAME(name):
        raise DrawError("BAD_NAME", where, "A name is 1 to 64 ASCII letters, digits or . _ : -")
    return name


def read_seed(seed: object, where: str = "seed") -> bytes:
    """The 32 bytes of a seed. Raises DrawError BAD_SEED."""
    if type(seed) is not str or not HEX_256(seed):
        raise DrawError("BAD_SEED", where, "A seed is 64 hexadecimal digits in lower case.")
    return bytes.fromhex(seed)


def check_entropy(text: object, where: str = "text") -> str:
    """`text` if a bidder may contribute it.

    Raises DrawError BAD_ENTROPY: empty, longer than 256 bytes of UTF-8, half a surrogate pair,
    not text.
    """
    try:
        if type(text) is str and 1 <= len(text.encode()) <= MOST_ENTROPY_BYTES:
            return text
    except UnicodeEncodeError:
        pass
    raise DrawError("BAD_ENTROPY", where, "A contribution is text of 1 to 256 bytes of UTF-8.")


def sort_entrants(entrants: Iterable[object]) -> list[str]:
    """The entrants in the order the shuffle starts from.

    Raises DrawError BAD_NAME, BAD_ENTRANTS (fewer than two, or one named twice).
    """
    names = sorted(check_name(name, "entrants") for name in entrants)
    if len(names) < 2 or len(set(names)) != len(names):
        raise DrawError("BAD_ENTRANTS", "entrants", "There must be two or more, each named once.")
    return names


def _key(
    lot: int,
    round: int,
    reveals: Sequence[Reveal],
    contributions: Sequence[Contribution],
    names: Sequence[str],
) -> bytes:
    check_place(lot, round)
    if not reveals:
        raise DrawError("NOTHING_REVEALED", "reveals", "No seed was revealed: commit anew, repeat.")
    fields: list[bytes | str | int] = ["draw", lot, round, len(reveals)]
    for holder, seed in reveals:
        fields += [check_name(holder, "reveals"), read_seed(seed, "reveals")]
    fields.append(len(contributions))
    for bidder, text in contributions:
        fields += [check_name(bidder, "contributions"), check_entropy(text, "contributions")]
    fields += [len(names), *names]
    return hmac.digest(_TAG, framed(*fields), "sha256")


def _numbers(key: bytes) -> Iterator[int]:
    for number in count():
        block = hmac.digest(key, number.to_bytes(8, "big"), "sha256")
        yield int.from_bytes(block[:8], "big")
