"""What all parts of the intake share: refusals, numbers, days, what is sealed in which context."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from auction_engine.errors import AuctionError
from auction_engine.rules import calendar, packs
from auction_engine.rules.pack_base import Span

Kind = Literal["JUDGMENT", "REQUEST"]
KINDS: tuple[Kind, ...] = ("JUDGMENT", "REQUEST")
State = Literal["RECEIVED", "ACCEPTED", "REFUSED"]
STATES: tuple[State, ...] = ("RECEIVED", "ACCEPTED", "REFUSED")
Ground = Literal[
    "NO_RIGHT", "NOT_IN_JUDGMENT", "WRONG_AGENCY", "TIME_LIMIT", "NOT_IN_FORCE", "INCOMPLETE",
    "OTHER",
]  # fmt: skip
GROUNDS: tuple[Ground, ...] = (
    "NO_RIGHT", "NOT_IN_JUDGMENT", "WRONG_AGENCY", "TIME_LIMIT", "NOT_IN_FORCE", "INCOMPLETE",
    "OTHER",
)  # fmt: skip
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# A refusal says so, with its reason, within these days; counted from the day of receipt.
ANSWER_WITHIN = Span(working_days=5)
ARTICLE = "Decree 152/2026/ND-CP Arts. 7, 9"
MOST_REASON = 4_000


class Fault(NamedTuple):
    """What is wrong at one place of a message: `judgment.parties.0.name`."""

    path: str
    code: str
    text: str


class IntakeError(AuctionError):
    """A message is not received, or an act not done. `code` is stable; nothing was recorded."""

    def __init__(self, code: str, text: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(text)
        self.code = code
        self.faults = tuple(faults)


class Sealer(Protocol):
    """What seals personal data (`identity.vault.Vault`)."""

    def seal(self, data: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...
    def mark(self, value: str, what: str) -> bytes: ...


def context_of_item(item: int) -> str:
    """What the document of a line of the register is sealed for."""
    return f"intake:{item}"


def context_of_envelope(item: int) -> str:
    """What the signed message is sealed for."""
    return f"intake.envelope:{item}"


def context_of_reason(item: int) -> str:
    """What the reason of a refusal is sealed for."""
    return f"intake.reason:{item}"


def order_number(year: int, n: int) -> str:
    """The order number in the register of one agency: the year, and a number running in it."""
    return f"{year}-{n:06d}"


def one_spelling(*parts: str) -> str:
    """Texts as they are compared: without case, spaces, and marks between letters and figures."""
    folded = (unicodedata.normalize("NFKC", part).casefold() for part in parts)
    return "|".join("".join(one for one in part if one.isalnum()) for part in folded)


def today() -> date:
    """The day it is at the agencies."""
    return datetime.now(UTC).astimezone(ZONE).date()


def _calendar(day: date) -> calendar.Calendar:
    """The days off that count for a step on `day`. Raises CalendarError, NoPackError."""
    return calendar.load(packs.select("vn-enforcement", day).calendar)


def answer_by(received: datetime) -> date | None:
    """The last day for a refusal; None where no calendar knows the days."""
    day = received.astimezone(ZONE).date()
    try:
        return calendar.after(_calendar(day), day, ANSWER_WITHIN)
    except (calendar.CalendarError, packs.NoPackError):
        return None


def days_left(today: date, last: date) -> int | None:
    """Working days after `today` up to `last`: 0 on that day; those since it, negative, when over.

    None where no calendar knows them.
    """
    try:
        known = _calendar(min(today, last))
        between = calendar.working_days_between(known, min(today, last), max(today, last))
        if today > last:
            return -between - known.is_working(today)
        return between + (today < last and known.is_working(last))
    except (calendar.CalendarError, packs.NoPackError):
        return None
