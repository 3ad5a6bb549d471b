"""Files of cases as they are written: piece by piece, in the forms that `casefile` reads.

A piece is a case with some of its assets, or more assets of the case before. JSON has one line for
each case and each asset. CSV has all columns there are, so that what comes later fits; what does
not fit ends the file with an error, for a file that lacks something must not look whole.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import orjson

from auction_engine.desk.cases import disclosing
from auction_engine.desk.integration.casefile import CASE, VERSION, flat, guarded
from auction_engine.errors import AuctionError

_OWN = (
    "number", "title.vi", "title.en", "opened_on", "judgment.number", "judgment.court",
    "judgment.on", "judgment.note", "decision.number", "decision.on", "decision.note",
)  # fmt: skip
_PARTY = (
    "kind", "name", "contact.address", "contact.phone", "contact.email", "rank", "claim_minor",
    "currency", "requested_on",
)  # fmt: skip
_ASSET = (
    "reference", "kind", "movable", "title.vi", "title.en", "place.vi", "place.en", "province",
    "summary.vi", "summary.en", "quantity", "image", "currency",
)  # fmt: skip
_FACT = ("label.vi", "label.en", "value.vi", "value.en")
_ANSWER = ("answer", "details.vi", "details.en")
_WORTH = ("amount_minor", "currency", "valued_on", "expires_on", "basis", "document", "valuer")


class Part(NamedTuple):
    """A case (without its assets) and some of them; None: more assets of the case before."""

    case: dict[str, Any] | None
    assets: list[dict[str, Any]]


class Unfit(AuctionError):
    """Something has no column; it came in while the file was being written."""


class Writer(Protocol):
    """Writes a file: its beginning, its parts, its end."""

    def begin(self) -> bytes: ...
    def part(self, part: Part) -> bytes: ...
    def end(self) -> bytes: ...


class JsonFile:
    """One object: `version`, and `cases` with their `assets`."""

    def __init__(self) -> None:
        self._cases = self._assets = 0

    def begin(self) -> bytes:
        """What stands before the first case."""
        return b'{"version":%d,"cases":[' % VERSION

    def part(self, part: Part) -> bytes:
        """A part, with the commas that belong before it."""
        out = bytearray()
        if part.case is not None:
            out += b"]}," if self._cases else b""
            head = orjson.dumps({**part.case, "assets": []})
            out += b"\n" + head[: -len(b"]}")]
            self._cases, self._assets = self._cases + 1, 0
        for asset in part.assets:
            out += b",\n" if self._assets else b"\n"
            out += orjson.dumps(asset)
            self._assets += 1
        return bytes(out)

    def end(self) -> bytes:
        """What closes the last case and the file."""
        return b"]}\n]}\n" if self._cases else b"]}\n"


class CsvFile:
    """One row for each asset: UTF-8 with a byte order mark, so that spreadsheets read its letters.

    `parties` and `facts`: how many a case and an asset have at most.
    """

    def __init__(self, parties: int, facts: int) -> None:
        self._columns = list(columns(parties, facts))
        self._known = frozenset(self._columns)
        self._own: dict[str, Any] = {}

    def begin(self) -> bytes:
        """The head of the table."""
        return b"\xef\xbb\xbf" + self._lines([self._columns])

    def part(self, part: Part) -> bytes:
        """The rows of a part. Raises Unfit."""
        rows = [dict(flat(asset)) for asset in part.assets]
        if part.case is not None:
            self._own = {f"{CASE}{name}": value for name, value in flat(part.case)}
            rows = rows or [{}]
        cells = []
        for row in rows:
            row |= self._own
            if strange := row.keys() - self._known:
                raise Unfit(f"There is no column for {min(strange)}.")
            cells.append([_shown(row.get(name)) for name in self._columns])
        return self._lines(cells)

    def end(self) -> bytes:
        """Nothing: a table just ends."""
        return b""

    @staticmethod
    def _lines(rows: list[list[str]]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out).writerows(rows)
        return out.getvalue().encode()


def columns(parties: int, facts: int) -> Iterator[str]:
    """Every column: the case's own, its parties, the asset's own, facts, answers, valuation."""
    yield from (f"{CASE}{name}" for name in _OWN)
    for n in range(parties):
        yield from (f"{CASE}parties.{n}.{name}" for name in _PARTY)
    yield from _ASSET
    for n in range(facts):
        yield from (f"facts.{n}.{name}" for name in _FACT)
    for question in disclosing.QUESTIONS:
        yield from (f"disclosure.{question.code}.{name}" for name in _ANSWER)
    yield from (f"valuation.{name}" for name in _WORTH)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else guarded(str(value))
