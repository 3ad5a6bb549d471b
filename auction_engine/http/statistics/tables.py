"""The tables of a page, as rows to draw and as files to take away."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from auction_engine.desk.statistics.computing import Answer
from auction_engine.desk.statistics.figures import BREAKDOWNS, BY_KEY, SECTIONS, Figure
from auction_engine.http.exports import Column, Kind, Table
from auction_engine.http.statistics.asking import Found
from auction_engine.http.statistics.words import Words

# What a group's row shows; the files have every figure.
SHOWN = (
    "offered", "ended", "sold", "failed", "success", "final", "over_start", "registered", "bids",
    "to_deliver", "refunds_share",
)  # fmt: skip
NAMES = ("figures", "time", "groups", "parts")
_DAY_MS = 86_400_000
_KINDS: dict[str, Kind] = {
    "count": "number", "money": "money", "share": "share", "spread": "share", "times": "decimal",
}  # fmt: skip
_QUARTILES = (("low", 0), ("q1", 1), ("median", 2), ("q3", 3), ("high", 4))


class Line(NamedTuple):
    """A row of a page's table of groups: its name and its cells (figure, text, quartiles)."""

    key: str
    name: str
    cells: list[tuple[str, str, str]]


def shown(answer: Answer) -> list[str]:
    """The figures of a row that the asker may see."""
    return [key for key in SHOWN if key in answer.total]


def lines(answer: Answer, words: Words) -> list[Line]:
    """A row for each group, and the total last."""
    keys = shown(answer)
    made = [
        Line(one.key, words.group(answer.question.by, one.key, one.name), _cells(one.values, keys,
             words))
        for one in answer.groups
    ]  # fmt: skip
    return [*made, Line("", words.t("total"), _cells(answer.total, keys, words))]


def _cells(values: dict[str, Any], keys: list[str], words: Words) -> list[tuple[str, str, str]]:
    return [(key, words.value(key, values[key]), words.around(key, values[key])) for key in keys]


def sections(answer: Answer, words: Words) -> list[dict[str, Any]]:
    """All figures of the period under their headings, with definitions and articles."""
    made = []
    for name, keys in SECTIONS.items():
        rows = [
            {
                "key": key,
                "name": words.name(key),
                "value": words.value(key, answer.total[key]),
                "around": words.around(key, answer.total[key]),
                "define": words.define(key),
                "basis": words.basis(key),
            }
            for key in keys
            if key in answer.total
        ]
        if rows:
            made.append({"key": name, "title": words.t(f"section.{name}"), "rows": rows})
    return made


def parts(answer: Answer, words: Words) -> list[dict[str, Any]]:
    """Each breakdown that has something: the codes in words, how many, how much."""
    made = []
    for one in BREAKDOWNS:
        found = answer.parts.get(one.key, [])
        if found:
            most = max(part.number for part in found)
            rows = [
                {
                    "name": words.code(one.texts, part.code),
                    "number": words.whole(part.number),
                    "share": part.number * 1000 // most,
                    "money": None if part.minor is None else words.money(part.minor),
                }
                for part in found
            ]
            made.append({"key": one.key, "title": words.t(f"parts.{one.key}"), "rows": rows})
    return made


# --- files --------------------------------------------------------------------------------------


def files(found: Found, words: Words, facts: list[tuple[str, str]], first: str) -> list[Table]:
    """All tables; the one asked for first, as CSV has only one."""
    by_time, by_dimension = found.by_time, found.by_dimension
    made = {
        "figures": _figures(by_time, words, facts),
        "time": _groups("time", by_time, words, facts),
        "groups": _groups("groups", by_dimension, words, facts),
        "parts": _parts(by_time, words, facts),
    }
    return [made[first], *(table for name, table in made.items() if name != first)]


def _figures(answer: Answer, words: Words, facts: list[tuple[str, str]]) -> Table:
    t = words.t
    columns = (
        Column(t("col.figure"), "text", 46), Column(t("col.number"), "number", 12),
        Column(t("col.amount"), "money"), Column(t("col.share"), "share"),
        Column(t("col.days"), "decimal"), Column(t("col.define"), "text", 80),
        Column(t("col.basis"), "text", 40),
    )  # fmt: skip
    places = {"number": 0, "money": 1, "share": 2, "decimal": 3}
    rows = []
    for figure, name, value in _plain(answer, words):
        cells: list[Any] = [None] * 4
        cells[places[_KINDS[figure.unit]]] = value
        rows.append((name, *cells, words.define(figure.key), words.basis(figure.key)))
    return Table("figures", t("table.figures"), columns, rows, facts)


def _plain(answer: Answer, words: Words) -> Iterator[tuple[Figure, str, Any]]:
    for keys in SECTIONS.values():
        for key in keys:
            if key in answer.total:
                figure, value = BY_KEY[key], answer.total[key]
                for name, one in _spread(figure, value, words):
                    yield figure, name, one


def _spread(figure: Figure, value: Any, words: Words) -> list[tuple[str, Any]]:
    """A figure's name and value; of a spread each of its five, durations in days."""
    name = words.name(figure.key)
    if figure.unit not in ("spread", "times"):
        return [(name, value)]
    size = _DAY_MS if figure.unit == "times" else 1
    return [
        (f"{name} ({words.t(f'quartile.{quartile}')})", None if value is None else value[n] / size)
        for quartile, n in _QUARTILES
    ]


def _groups(name: str, answer: Answer, words: Words, facts: list[tuple[str, str]]) -> Table:
    """Every figure of every group; the total in the last row."""
    keys = [key for section in SECTIONS.values() for key in section if key in answer.total]
    columns = [Column(words.t(f"by.{answer.question.by}"), "text", 34)]
    for key in keys:
        figure = BY_KEY[key]
        columns += [Column(title, _KINDS[figure.unit]) for title, _ in _spread(figure, None, words)]
    rows = []
    for one in answer.groups:
        title = words.group(answer.question.by, one.key, one.name)
        rows.append((title, *_row(one.values, keys, words)))
    rows.append((words.t("total"), *_row(answer.total, keys, words)))
    return Table(name, words.t(f"table.{name}"), columns, rows, facts)


def _row(values: dict[str, Any], keys: list[str], words: Words) -> list[Any]:
    return [one for key in keys for _, one in _spread(BY_KEY[key], values[key], words)]


def _parts(answer: Answer, words: Words, facts: list[tuple[str, str]]) -> Table:
    t = words.t
    columns = (
        Column(t("col.what"), "text", 34), Column(t("col.code"), "text", 24),
        Column(t("col.reason"), "text", 60), Column(t("col.number"), "number", 12),
        Column(t("col.amount"), "money"),
    )  # fmt: skip
    rows = [
        (t(f"parts.{one.key}"), part.code, words.code(one.texts, part.code), part.number,
         part.minor)
        for one in BREAKDOWNS
        for part in answer.parts.get(one.key, [])
    ]  # fmt: skip
    return Table("parts", t("table.parts"), columns, rows, facts)
