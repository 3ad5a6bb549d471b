"""How keys and boxes are written as text, and how fields are joined before they are hashed."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import NamedTuple

# JavaScript holds whole numbers exactly up to here.
MAX_WHOLE = 2**53 - 1
# Names that are hashed or sorted are ASCII, so that every language sorts and encodes them alike.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}").fullmatch
HEX_256 = re.compile(r"[0-9a-f]{64}").fullmatch


class SealError(ValueError):
    """A key or box that cannot be used. `code` is stable and part of the protocol."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Fault(NamedTuple):
    """The first thing wrong in a published record: a stable code, where, and a sentence."""

    code: str
    where: str
    text: str


def framed(*fields: bytes | str | int) -> bytes:
    """The fields one after another, each behind its length as 4 bytes, big-endian.

    Text is UTF-8, a number is its decimal digits. No two different lists of fields of one kind
    give the same bytes. Raises UnicodeEncodeError for half a surrogate pair.
    """
    parts = []
    for field in fields:
        data = field if isinstance(field, bytes) else str(field).encode()
        parts += [len(data).to_bytes(4, "big"), data]
    return b"".join(parts)


def is_whole(value: object, least: int = 0) -> bool:
    """Whether `value` is an int (not a bool) from `least` to 2^53 - 1."""
    return type(value) is int and least <= value <= MAX_WHOLE


def write_token(prefix: str, data: bytes) -> str:
    """`data` as base64url without padding (RFC 4648 section 5) behind `prefix`."""
    return prefix + urlsafe_b64encode(data).rstrip(b"=").decode()


def read_token(text: object, prefix: str, size: int) -> bytes | None:
    """The `size` bytes behind `prefix`, None unless `text` is the one way to write them."""
    if type(text) is not str or len(text) != len(prefix) + (size * 8 + 5) // 6:
        return None
    try:
        data = urlsafe_b64decode(text[len(prefix) :] + "=" * (-size % 3))
    except (NotBase64, ValueError):
        return None
    # Decoding passes over foreign characters and unused bits; writing again shows them.
    return data if write_token(prefix, data) == text else None
