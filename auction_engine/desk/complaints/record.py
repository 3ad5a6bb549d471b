"""What all parts of the complaints share: refusals, numbers, what is sealed in which context."""

import re
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import orjson

from auction_engine.errors import AuctionError

About = Literal["LOT", "BID", "ACT"]
# Entries of a journal that nobody knows of but their bidder.
OWN = ("bid.refused", "bid.sealed", "maximum.set", "deposit.held", "deposit.released")
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# Of the complainant's grounds and remedy, and of a body's reason or published summary, in letters.
MOST_GROUNDS, MOST_REMEDY, MOST_REASON, MOST_PUBLISHED = 6_000, 2_000, 6_000, 2_000
MOST_ARTICLES, MOST_AUTHORITY = 300, 200
_NUMBER = re.compile(r"KN-\d{4}-\d{6,}")


class ComplaintError(AuctionError):
    """A complaint cannot be filed or acted on so. `code` is stable; nothing was recorded."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Sealer(Protocol):
    """What seals personal data (`identity.vault.Vault`)."""

    def seal(self, data: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...


class Document(Protocol):
    """A file that was checked before: its name, type, and its bytes when they are needed."""

    @property
    def filename(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    def read(self) -> bytes: ...


class Bytes(NamedTuple):
    """A document in memory."""

    filename: str
    media_type: str
    body: bytes

    def read(self) -> bytes:
        return self.body


def number(complaint: int, at: datetime) -> str:
    """The number on the receipt: KN (khiếu nại), the year of filing, a running number."""
    return f"KN-{at.astimezone(ZONE).year}-{complaint:06d}"


def is_number(text: str) -> bool:
    """Whether `text` is a complaint's number and nothing else."""
    return _NUMBER.fullmatch(text) is not None


def context_of_complaint(complaint: int) -> str:
    """What grounds and remedy are sealed for."""
    return f"complaint:{complaint}"


def context_of_act(complaint: int, n: int) -> str:
    """What the reason of an act is sealed for."""
    return f"complaint.act:{complaint}/{n}"


def context_of_document(complaint: int, n: int) -> str:
    """What a document is sealed for."""
    return f"complaint.document:{complaint}/{n}"


def context_of_name(complaint: int, n: int) -> str:
    """What a document's name is sealed for."""
    return f"complaint.name:{complaint}/{n}"


def seal_json(vault: Sealer, value: dict[str, Any], context: str) -> bytes:
    """A JSON object, sealed."""
    return vault.seal(orjson.dumps(value), context)


def open_json(vault: Sealer, sealed: bytes, context: str) -> dict[str, Any]:
    """What `seal_json` sealed. Raises VaultError."""
    found: dict[str, Any] = orjson.loads(vault.open(bytes(sealed), context))
    return found
