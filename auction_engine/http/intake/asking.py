"""What is asked of a register in an address: filters and a page, understood or refused."""

from collections.abc import Mapping
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from auction_engine.desk.intake.reading import Filters
from auction_engine.desk.intake.record import KINDS, STATES
from auction_engine.http.problems import Problem

_MOST_NUMBER = 2**53
_MOST_PAGE = 100_000
T = TypeVar("T", bound=str)
NAMES = ("state", "kind", "sender", "from", "to", "q")


def filters_of(given: Mapping[str, str]) -> Filters:
    """The filters in an address. Raises Problem 400."""
    text = "".join(letter for letter in given.get("q", "")[:100] if letter.isprintable())
    return Filters(
        _one_of(given, "state", STATES),
        _one_of(given, "kind", KINDS),
        _number(given, "sender", _MOST_NUMBER),
        _day(given, "from"),
        _day(given, "to"),
        text,
    )


def page_of(given: Mapping[str, str]) -> int:
    """Which page, from 1. Raises Problem 400."""
    return _number(given, "page", _MOST_PAGE) or 1


def query_of(given: Mapping[str, str], **more: str) -> str:
    """The same question again, with something changed."""
    asked = {name: given[name] for name in NAMES if given.get(name)} | more
    return "?" + urlencode(asked) if asked else ""


def _one_of(given: Mapping[str, str], name: str, known: tuple[T, ...]) -> T | None:
    text = given.get(name, "")
    if not text:
        return None
    for one in known:
        if one == text:
            return one
    raise Problem(400, "BAD_MESSAGE", f"`{name}` must be one of {', '.join(known)}.")


def _number(given: Mapping[str, str], name: str, most: int) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= most):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` must be a number.")
    return int(text)


def _day(given: Mapping[str, str], name: str) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not date(1990, 1, 1) <= day <= date(2200, 1, 1):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` must be a day such as 2026-09-15.")
    return day
