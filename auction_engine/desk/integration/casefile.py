"""Files of cases and their assets: JSON as the API has it, CSV with one row for each asset.

A column is the path of a field (`case.title.vi`, `valuation.amount_minor`, `facts.0.label.vi`), so
both forms say the same. What cannot be read is a fault with its row and column; what stood there
is never repeated, for it may be somebody's name.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.cases import disclosing

VERSION = 1
MOST_BYTES = 24 * 1024 * 1024
MOST_ASSETS, _MOST_CASES, _MOST_LIST = 20_000, 20_000, 200
_MOST_CELL = 40_000
_DEEPEST = 8
CASE = "case."
# Spreadsheets would run what begins so; an apostrophe in front stops them.
_RUNS = ("=", "+", "-", "@", "'")
_N, _WORDS = r"(?:0|[1-9]\d{0,2})", r"\.(?:vi|en)"
_PARTY = r"kind|name|contact\.(?:address|phone|email)|rank|claim_minor|currency|requested_on"
_WORTH = "amount_minor|currency|valued_on|expires_on|basis|document|valuer"
_QUESTIONS = "|".join(one.code for one in disclosing.QUESTIONS)
_CASE_FIELD = re.compile(
    rf"number|opened_on|title{_WORDS}|judgment\.(?:number|court|on|note)"
    rf"|decision\.(?:number|on|note)|parties\.{_N}\.(?:{_PARTY})"
)
_ASSET_FIELD = re.compile(
    rf"reference|kind|movable|province|quantity|image|currency|(?:title|place|summary){_WORDS}"
    rf"|facts\.{_N}\.(?:label|value){_WORDS}"
    rf"|disclosure\.(?:{_QUESTIONS})\.(?:answer|details{_WORDS})|valuation\.(?:{_WORTH})"
)


class Wrong(NamedTuple):
    """One fault: its row (of the CSV file; in JSON the case's place), its column, what to do."""

    row: int
    column: str
    code: str
    cure: str


class Item(NamedTuple):
    """A case or an asset as it stands in the file: where, and below which column."""

    row: int
    prefix: str
    data: dict[str, Any]


class Read(NamedTuple):
    """A whole file: cases with their assets, and what is wrong with its form."""

    cases: list[tuple[Item, list[Item]]]
    wrong: list[Wrong]

    @property
    def assets(self) -> int:
        """How many assets there are."""
        return sum(len(assets) for _, assets in self.cases)


def read(form: str, body: bytes) -> Read:
    """The file `body` in `form` ("csv" or "json")."""
    found = _read_csv(body) if form == "csv" else _read_json(body)
    if not found.cases and not found.wrong:
        found.wrong.append(Wrong(1, "", "EMPTY_FILE", "There is no case in this file."))
    if found.assets > MOST_ASSETS or len(found.cases) > _MOST_CASES:
        return _too_many()
    return found


def _too_many() -> Read:
    cure = f"Split the file: one has at most {MOST_ASSETS} assets."
    return Read([], [Wrong(1, "", "TOO_MANY", cure)])


# --- JSON ---------------------------------------------------------------------------------------


def _read_json(body: bytes) -> Read:
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Read([], [Wrong(1, "", "BAD_FILE", "This is no JSON in UTF-8.")])
    if not isinstance(whole, dict) or whole.get("version") != VERSION:
        return Read([], [Wrong(1, "version", "BAD_VERSION", 'Begin with {"version": 1, ...}.')])
    given = whole.get("cases")
    if not isinstance(given, list) or whole.keys() - {"version", "cases"}:
        return Read([], [Wrong(1, "cases", "NOT_A_LIST", "Put all cases into the list `cases`.")])
    owns = (one.get("assets") for one in given[:_MOST_CASES] if isinstance(one, dict))
    count = sum(len(own) for own in owns if isinstance(own, list))
    if len(given) > _MOST_CASES or count > MOST_ASSETS:
        return _too_many()
    found = Read([], [])
    for row, one in enumerate(given, 1):
        prefix = f"cases.{row - 1}."
        if not isinstance(one, dict):
            found.wrong.append(Wrong(row, prefix[:-1], "NOT_AN_OBJECT", "A case is an object."))
            continue
        assets = one.pop("assets", [])
        _unknown(found.wrong, row, prefix, one, _CASE_FIELD)
        items = []
        for n, asset in enumerate(assets if isinstance(assets, list) else [None]):
            below = f"{prefix}assets.{n}."
            if isinstance(asset, dict):
                _unknown(found.wrong, row, below, asset, _ASSET_FIELD)
                items.append(Item(row, below, asset))
            else:
                cure = "An asset is an object, in the list `assets`."
                found.wrong.append(Wrong(row, below[:-1], "NOT_AN_OBJECT", cure))
        found.cases.append((Item(row, prefix, one), items))
    return found


def _unknown(
    wrong: list[Wrong], row: int, prefix: str, data: dict[str, Any], known: re.Pattern[str]
) -> None:
    for path, _ in flat(data):
        if not _is_known(known, path):
            cure = "There is no such field; leave it out."
            wrong.append(Wrong(row, f"{prefix}{path}", "UNKNOWN_COLUMN", cure))


@lru_cache(4_096)
def _is_known(known: re.Pattern[str], path: str) -> bool:
    # A plain text where words in two languages are meant is Vietnamese.
    return bool(known.fullmatch(path) or known.fullmatch(f"{path}.vi"))


# --- CSV ----------------------------------------------------------------------------------------


def _read_csv(body: bytes) -> Read:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Read([], [Wrong(1, "", "BAD_FILE", "Save the file as CSV in UTF-8.")])
    if "\0" in text:
        return Read([], [Wrong(1, "", "BAD_FILE", "Save the file as CSV in UTF-8.")])
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    csv.field_size_limit(_MOST_CELL)
    found, columns, rows = Read([], []), list[str](), list[tuple[int, list[str]]]()
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        columns = [name.strip() for name in next(lines, [])]
        if not _columns(found.wrong, columns):
            return found
        for one in _numbered(lines):
            rows.append(one)
            if len(rows) > MOST_ASSETS + _MOST_CASES:
                return _too_many()
    except csv.Error:
        cure = "A quotation mark is not closed, or a cell is too long."
        found.wrong.append(Wrong(rows[-1][0] + 1 if rows else 1, "", "BAD_FILE", cure))
    _rows(found, columns, rows)
    return found


def _numbered(lines: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows as spreadsheets number them: a cell of several lines is one row."""
    for row, cells in enumerate(lines, 2):
        if any(cell.strip() for cell in cells):
            yield row, cells


def _columns(wrong: list[Wrong], columns: list[str]) -> bool:
    for name, count in Counter(columns).items():
        if count > 1:
            wrong.append(Wrong(1, name, "COLUMN_TWICE", "Have each column once."))
        elif not (
            _CASE_FIELD.fullmatch(name.removeprefix(CASE))
            if name.startswith(CASE)
            else _ASSET_FIELD.fullmatch(name)
        ):
            cure = "There is no such column; the exported file has all there are."
            wrong.append(Wrong(1, name[:60], "UNKNOWN_COLUMN", cure))
    if f"{CASE}number" not in columns:
        cure = "Each row names its case in the column case.number."
        wrong.append(Wrong(1, f"{CASE}number", "COLUMN_MISSING", cure))
    return not wrong


def _rows(found: Read, columns: list[str], lines: Iterable[tuple[int, list[str]]]) -> None:
    """Put rows together into cases: those with the same number are one case."""
    seen: dict[str, tuple[dict[str, str], list[Item]]] = {}
    for row, cells in lines:
        if len(cells) > len(columns):
            cure = "This row has more cells than there are columns."
            found.wrong.append(Wrong(row, "", "TOO_MANY_CELLS", cure))
            continue
        values = {
            name: _unguarded(cell) for name, cell in zip(columns, cells, strict=False) if cell
        }
        whose = {k.removeprefix(CASE): v for k, v in values.items() if k.startswith(CASE)}
        own = {k: v for k, v in values.items() if not k.startswith(CASE)}
        number = whose.get("number", "").strip()
        if not number:
            cure = "Say to which case this row belongs."
            found.wrong.append(Wrong(row, f"{CASE}number", "NEEDED", cure))
            continue
        if number not in seen:
            seen[number] = (whose, [])
            found.cases.append((Item(row, CASE, nested(whose)), seen[number][1]))
        for name, said in whose.items():
            if seen[number][0].get(name, "") != said:
                cure = "This differs from the case's first row; say it there alone, or the same."
                found.wrong.append(Wrong(row, f"{CASE}{name}", "CASE_DIFFERS", cure))
        if own:
            seen[number][1].append(Item(row, "", nested(own)))


def _unguarded(cell: str) -> str:
    guarded = len(cell) > 1 and cell[0] == "'" and cell[1] in _RUNS
    return cell[1:] if guarded else cell


def guarded(cell: str) -> str:
    """A cell as no spreadsheet runs it."""
    return f"'{cell}" if cell.startswith(_RUNS) else cell


# --- paths --------------------------------------------------------------------------------------


def flat(data: Any, path: str = "", deep: int = 0) -> Iterator[tuple[str, Any]]:
    """Every leaf of `data` with its path; what is null or empty is not there.

    What lies deeper than any field of ours is one leaf.
    """
    below: Iterable[tuple[Any, Any]]
    if deep > _DEEPEST:
        yield path, data
        return
    if isinstance(data, dict):
        below = data.items()
    elif isinstance(data, list):
        below = enumerate(data[: _MOST_LIST + 1])
    else:
        if data is not None and data != "":
            yield path, data
        return
    for name, value in below:
        yield from flat(value, f"{path}.{name}" if path else str(name), deep + 1)


def nested(values: dict[str, str]) -> dict[str, Any]:
    """The object that `flat` would take apart into `values`, with amounts and truths as such."""
    whole: dict[str, Any] = {}
    for path, text in values.items():
        at, parts = whole, path.split(".")
        for part in parts[:-1]:
            at = at.setdefault(part, {})
        at[parts[-1]] = _typed(parts[-1], text.strip())
    return {name: _lists(value) for name, value in whole.items()}


def _typed(name: str, text: str) -> Any:
    if name.endswith("_minor") and text.isascii() and text.isdecimal() and len(text) < 20:
        return int(text)
    if name == "movable" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _lists(value: Any) -> Any:
    """Objects whose names are numbers are lists; what is left out in between is not there."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(one) for name, one in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
