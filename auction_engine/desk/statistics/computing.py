"""Figures for a period and a group: everything is computed by PostgreSQL, in one snapshot."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, get_args

from auction_engine.desk.statistics import periods
from auction_engine.desk.statistics.figures import BREAKDOWNS, FIGURES, Breakdown, Figure
from auction_engine.desk.statistics.periods import Period
from auction_engine.desk.statistics.sources import SOURCES, Source

By = Literal["day", "month", "quarter", "year", "organisation", "agency", "kind", "province"]
BYS: tuple[By, ...] = get_args(By)
# The key of a group: its column as text, by which it is found again in the address.
_GROUPS = {
    "organisation": "f.organisation_id::text",
    "agency": "f.agency_id::text",
    "kind": "f.kind",
    "province": "f.province",
}
# Sessions in which somebody may be bidding now are nobody's business but their house's.
_RUNNING = """
    f.session_id NOT IN (SELECT l.session_id FROM lot_head h JOIN lot l ON l.id = h.lot_id
                          WHERE h.phase IN ('open', 'paused'))
"""
Values = dict[str, Any]


class Question(NamedTuple):
    """What is asked. `today` decides what is overdue. None is: whichever.

    `public`: only figures that everybody may see, and nothing of sessions that are running.
    """

    period: Period
    by: By
    today: date
    currency: str = "VND"
    organisation: int | None = None
    agency: int | None = None
    kind: str | None = None
    province: str | None = None
    public: bool = False


class Group(NamedTuple):
    """One step of the period, or one agency, organisation, kind or province.

    `name`: {"vi", "en"} of a body; of others None.
    """

    key: str
    name: dict[str, str] | None
    values: Values


class Broken(NamedTuple):
    """So many, and in money if it is about money, of one code."""

    code: str
    number: int
    minor: int | None


class Answer(NamedTuple):
    """`total` of the period; `groups` in order; `parts`: each breakdown of the period, greatest
    first; `parts_of`: the same of each group. Amounts in `currency`'s minor units."""

    question: Question
    minor_digits: int
    total: Values
    groups: list[Group]
    parts: dict[str, list[Broken]]
    parts_of: dict[str, dict[str, list[Broken]]]


async def compute(connection: Any, question: Question) -> Answer:
    """The answer, from the facts and the books as they are at this moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        asked = [one for one in FIGURES if one.public or not question.public]
        total, found = await _figures(connection, question, asked)
        parts, parts_of = await _breakdowns(connection, question)
        names = await _names(connection, question, found)
        digits = await connection.fetchval(
            "SELECT minor_digits FROM lot_facts WHERE currency = $1 LIMIT 1", question.currency
        )
    blank = blank_values(asked)
    groups = [
        Group(key, names.get(key), {**blank, **found.get(key, {})})
        for key in _order(question, found)
    ]
    whole = {**blank, **total}
    return Answer(question, digits or 0, whole, groups, parts, parts_of)


def blank_values(figures: Iterable[Figure]) -> Values:
    """What each figure is of nothing at all."""
    return {one.key: 0 if one.unit in ("count", "money") else None for one in figures}


async def currencies(connection: Any, question: Question) -> list[str]:
    """The currencies lots are sold in here, the commonest first."""
    asking = _Asking(question._replace(currency=""))
    rows = await connection.fetch(
        f"SELECT f.currency FROM lot_facts f WHERE {asking.which}"  # noqa: S608 (constants)
        " GROUP BY f.currency ORDER BY count(*) DESC, f.currency",
        *asking.values,
    )
    return [row[0] for row in rows]


async def choices(
    connection: Any, question: Question, houses: Iterable[str] = ()
) -> dict[str, list[tuple[str, Any]]]:
    """What lots here can be told apart by: (key, name) of each agency, organisation, kind, ...

    Those of all lots that the asker may see, whatever was chosen before; `houses` (agency,
    organisation) are what the asker may choose.
    """
    question = question._replace(kind=None, province=None)
    if "agency" in houses:
        question = question._replace(agency=None)
    if "organisation" in houses:
        question = question._replace(organisation=None)
    asking = _Asking(question)
    found: dict[str, list[tuple[str, Any]]] = {}
    for by, column in _GROUPS.items():
        rows = await connection.fetch(
            f"SELECT DISTINCT {column} FROM lot_facts f WHERE {asking.which}"  # noqa: S608
            " ORDER BY 1 LIMIT 500",
            *asking.values,
        )
        keys = [row[0] for row in rows]
        names = await _names(connection, question._replace(by=by), keys)  # type: ignore[arg-type]
        found[by] = [(key, names.get(key)) for key in keys]
    return found


async def name_of(connection: Any, body: int | None) -> dict[str, str] | None:
    """The name of an organisation or agency, {"vi", "en"}."""
    if body is None:
        return None
    found = await _bodies(connection, [str(body)])
    return found.get(str(body))


async def any_demo(connection: Any, question: Question) -> bool:
    """Whether there are lots of the demonstration among these, invented as they are."""
    asking = _Asking(question)
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM lot_facts f JOIN auction_session s"  # noqa: S608
            f" ON s.id = f.session_id WHERE s.demo AND {asking.which})",
            *asking.values,
        )
    )


class _Asking:
    """The conditions of a question, and the values they are about."""

    def __init__(self, question: Question) -> None:
        self.values: list[Any] = []
        terms = []
        for name in ("currency", "kind", "province"):
            value = getattr(question, name)
            if value is not None and (value or name != "currency"):
                terms.append(f"f.{name} = {self.given(value)}")
        for name in ("organisation", "agency"):
            if (body := getattr(question, name)) is not None:
                terms.append(f"f.{name}_id = {self.given(body)}")
        if question.public:
            terms.append(_RUNNING)
        self.which = " AND ".join(terms) or "true"

    def given(self, value: Any) -> str:
        """The placeholder of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def select(self, question: Question, source: Source, columns: Sequence[str]) -> str:
        """A query for `columns` of the rows counted in the period, from `source`."""
        first, last = self.given(question.period.first), self.given(question.period.last)
        text = (
            f"SELECT {', '.join(columns)} FROM {source.rows}"  # noqa: S608 (constants)
            f" WHERE {source.where} AND {source.day} BETWEEN {first}::date AND {last}::date"
            f" AND {self.which}"
        )
        if ":today" in text:
            text = text.replace(":today", f"{self.given(question.today)}::date")
        return text


def _group(question: Question, source: Source) -> str:
    if question.by in _GROUPS:
        return _GROUPS[question.by]
    return f"date_trunc('{question.by}', {source.day}::timestamp)::date::text"


async def _figures(
    connection: Any, question: Question, asked: Sequence[Figure]
) -> tuple[Values, dict[str, Values]]:
    total: Values = {}
    groups: dict[str, Values] = {}
    for name in dict.fromkeys(one.source for one in asked):
        source, ours = SOURCES[name], [one for one in asked if one.source == name]
        group, asking = _group(question, source), _Asking(question)
        columns = [f"GROUPING({group}) AS whole", f"{group} AS key"]
        columns += [f"{one.value} AS {one.key}" for one in ours]
        query = asking.select(question, source, columns)
        rows = await connection.fetch(
            f"{query} GROUP BY GROUPING SETS (({group}), ())", *asking.values
        )
        for row in rows:
            values = {one.key: _plain(row[one.key]) for one in ours}
            if row["whole"]:
                total |= values
            else:
                groups.setdefault(_key(question, row["key"]), {}).update(values)
    return total, groups


def _plain(value: Any) -> Any:
    """A spread of nothing is nothing."""
    if isinstance(value, list):
        return None if None in value else [float(one) for one in value]
    return value


def _key(question: Question, key: str) -> str:
    if question.by in _GROUPS:
        return key
    return periods.key(date.fromisoformat(key), question.by)  # type: ignore[arg-type]


async def _breakdowns(
    connection: Any, question: Question
) -> tuple[dict[str, list[Broken]], dict[str, dict[str, list[Broken]]]]:
    parts: dict[str, list[Broken]] = {}
    parts_of: dict[str, dict[str, list[Broken]]] = {}
    for one in BREAKDOWNS:
        if question.public and not one.public:
            continue
        parts[one.key] = []
        parts_of[one.key] = {}
        for row in await _broken(connection, question, one):
            part = Broken(row["code"] or "", row["n"], row["minor"])
            if row["whole"]:
                parts[one.key].append(part)
            else:
                parts_of[one.key].setdefault(_key(question, row["key"]), []).append(part)
    return parts, parts_of


async def _broken(connection: Any, question: Question, one: Breakdown) -> list[Any]:
    source = SOURCES[one.source]
    source = source._replace(where=f"{source.where} AND {one.where}")
    group, asking = _group(question, source), _Asking(question)
    columns = [
        f"GROUPING({group}) AS whole", f"{group} AS key", f"{one.code} AS code",
        f"{one.number} AS n", f"{one.money or 'NULL::bigint'} AS minor",
    ]  # fmt: skip
    query = asking.select(question, source, columns)
    return list(
        await connection.fetch(
            f"{query} GROUP BY GROUPING SETS (({group}, {one.code}), ({one.code}))"
            " ORDER BY n DESC, code",
            *asking.values,
        )
    )


async def _names(
    connection: Any, question: Question, keys: Iterable[str]
) -> dict[str, dict[str, str]]:
    return await _bodies(connection, keys) if question.by in ("organisation", "agency") else {}


async def _bodies(connection: Any, keys: Iterable[str]) -> dict[str, dict[str, str]]:
    rows = await connection.fetch(
        "SELECT id, name ->> 'vi' AS vi, coalesce(name ->> 'en', name ->> 'vi') AS en FROM body"
        " WHERE id = ANY($1::bigint[])",
        [int(key) for key in keys],
    )
    return {str(row["id"]): {"vi": row["vi"], "en": row["en"]} for row in rows}


def _order(question: Question, found: dict[str, Values]) -> list[str]:
    """Steps in time, with those in which nothing happened; others by how many lots ended."""
    if question.by in _GROUPS:
        return sorted(found, key=lambda key: (-found[key].get("ended", 0), key))
    step: Any = question.by
    return [periods.key(first, step) for first in periods.steps(question.period, step)]
