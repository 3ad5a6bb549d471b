"""What changed between two versions of a notice, word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

_WORD = re.compile(r"\s+|[^\s]+")
# Longer texts are compared whole: word by word would take too long for a page.
_MOST_WORDS = 3_000


class Piece(NamedTuple):
    """A stretch of text: in both versions, only in the newer or only in the older one."""

    mark: Literal["same", "added", "removed"]
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """`after` with what it took away from `before` still in its place."""
    if before == after:
        return [Piece("same", after)] if after else []
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        return [Piece("removed", before), Piece("added", after)]
    return list(_joined(old, new))


def _joined(old: list[str], new: list[str]) -> Iterator[Piece]:
    # Spaces are left out of the reckoning: they would join what has nothing in common.
    matcher = SequenceMatcher(lambda word: word.isspace(), old, new, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("removed", "".join(old[a:b]))
        if c < d:
            yield Piece("added", "".join(new[c:d]))


def texts_of(value: Any, lang: str) -> str:
    """A value of a description in one language, as text to compare."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value.get(lang, "")) if {"vi", "en"} & value.keys() else ""
    return str(value)
