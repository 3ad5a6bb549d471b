"""What a letter's text may name besides plain texts and numbers, as it is stored.

Formatted only when the letter is written, in its reader's language.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any


def moment(ms: int) -> dict[str, Any]:
    """A point in time, UTC milliseconds."""
    return {"t": "moment", "ms": ms}


def day(on: date) -> dict[str, Any]:
    """A calendar day."""
    return {"t": "day", "on": on.isoformat()}


def money(minor: int, currency: str, minor_digits: int) -> dict[str, Any]:
    """An amount in minor units."""
    return {"t": "money", "minor": minor, "currency": currency, "digits": minor_digits}


def either(text: Mapping[str, str]) -> dict[str, Any]:
    """A text that exists in each language."""
    return {"t": "either", "text": dict(text)}


def key(name: str) -> dict[str, Any]:
    """A text of the program's own, by its key."""
    return {"t": "key", "key": name}


def link(path: str) -> dict[str, Any]:
    """A page of ours, such as "/lots/7": written with this installation's public address.

    A paragraph that is nothing but a link becomes a button (`letter.KIND.button` is what it says).
    """
    assert path.startswith("/"), path
    return {"t": "link", "path": path}
