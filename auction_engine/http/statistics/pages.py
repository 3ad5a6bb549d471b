"""The pages: for everybody, for an organisation, for an agency; and the report to be printed."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from auction_engine.desk.statistics.figures import REPORTS
from auction_engine.desk.statistics.periods import NAMED, STEPS
from auction_engine.http import exports
from auction_engine.http.guard import Handler
from auction_engine.http.presenting import when
from auction_engine.http.problems import Problem
from auction_engine.http.statistics import asking, pictures, tables
from auction_engine.http.statistics.asking import DIMENSIONS, SIDES, Asked, Found, Side
from auction_engine.http.statistics.words import Words
from auction_engine.http.web import Ask, Web
from auction_engine.rules.pack_words import citation

_KEPT = ("period", "from", "to", "step", "by", "agency", "organisation", "kind", "province",
         "currency")  # fmt: skip
_TILES = ("sold", "success", "over_start", "to_deliver", "refunds_share")


def page_of(name: str, report: bool = False) -> Handler:
    """The handler of a side's page, or of its report."""
    side = SIDES[name]

    async def answer(web: Web, ask: Ask) -> Response:
        asked = asking.understand(web, ask, side)
        found = await asking.find(web, asked)
        words = _words(web, ask, found)
        if report:
            return _report(web, ask, found, words)
        if wanted := ask.request.query_params.get("format", ""):
            return _file(web, ask, found, words, wanted)
        return _page(web, ask, found, words)

    answer.__name__ = f"{name}_{'report' if report else 'page'}"
    answer.__doc__ = f"GET {side.base}{'/report' if report else ''}."
    return answer


def _words(web: Web, ask: Ask, found: Found) -> Words:
    answer = found.by_time
    return Words(web.presenter, ask.lang, answer.question.currency, answer.minor_digits)


class Address:
    """Addresses of the page with something changed and everything else as it was asked."""

    def __init__(self, ask: Ask, side: Side) -> None:
        given = ask.request.query_params
        self._asked = {name: given[name] for name in _KEPT if given.get(name)}
        self._base = side.base

    def __call__(self, path: str = "", **changes: Any) -> str:
        asked = {**self._asked, **changes}
        if "period" in changes:
            asked["from"] = asked["to"] = asked["step"] = None
        said = {name: value for name, value in asked.items() if value}
        return f"{self._base}{path}" + (f"?{urlencode(said)}" if said else "")


def _common(web: Web, ask: Ask, found: Found, words: Words) -> dict[str, Any]:
    answer = found.by_time
    return {
        "side": found.asked.side,
        "house": None if found.house is None else found.house[ask.lang],
        "nobody": found.asked.nobody,
        "asked": found.asked,
        "question": answer.question,
        "say": words,
        "url": Address(ask, found.asked.side),
        "empty": not (answer.total["ended"] or answer.total["offered"]),
        "waits": 0 if answer.total["ended"] else answer.total["offered"],
        "demo": found.demo,
        "sections": tables.sections(answer, words),
        "parts": tables.parts(answer, words),
        "columns": tables.shown(answer),
    }


def _page(web: Web, ask: Ask, found: Found, words: Words) -> Response:
    answer = found.by_time
    tiles = [
        {"key": key, "value": words.value(key, answer.total[key]),
         "around": words.around(key, answer.total[key])}
        for key in _TILES
    ]  # fmt: skip
    return web.page(
        ask,
        "statistics/page.html",
        tiles=tiles,
        charts=pictures.all_of(answer, words),
        by_time=tables.lines(answer, words),
        by_dimension=tables.lines(found.by_dimension, words),
        choices=_choices(found, words),
        narrowed=any(ask.request.query_params.get(name) for name in (*DIMENSIONS, "currency")),
        named=NAMED,
        steps=STEPS,
        **_common(web, ask, found, words),
    )


def _choices(found: Found, words: Words) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, by dimension; nothing where there is but one and it is not chosen."""
    made: dict[str, list[tuple[str, str]]] = {}
    for by in found.asked.side.dimensions:
        known = [(key, words.group(by, key, name)) for key, name in found.choices[by] if key]
        chosen = getattr(found.by_time.question, by)
        if chosen is not None or len(known) > 1:
            made[by] = sorted(known, key=lambda one: one[1])
    if len(found.currencies) > 1:
        made["currency"] = [(one, one) for one in found.currencies]
    return made


def _report(web: Web, ask: Ask, found: Found, words: Words) -> Response:
    return web.page(
        ask,
        "statistics/report.html",
        reports=str(getattr(citation(REPORTS), ask.lang)),
        by_time=tables.lines(found.by_time, words),
        by_dimension=tables.lines(found.by_dimension, words),
        **_common(web, ask, found, words),
    )


def _file(web: Web, ask: Ask, found: Found, words: Words, wanted: str) -> Response:
    table = ask.request.query_params.get("table", "") or "figures"
    if table not in tables.NAMES:
        raise Problem(400, "BAD_MESSAGE", f"`table` must be one of {', '.join(tables.NAMES)}.")
    return exports.answer(
        wanted, tables.files(found, words, _facts(web, ask, found, words), table), words, ask.lang
    )


def _facts(web: Web, ask: Ask, found: Found, words: Words) -> list[tuple[str, str]]:
    """What stands on the title sheet: whose, of when, drawn when."""
    question = found.by_time.question
    nobodys = "public.over" if found.asked.side.name == "public" else "every_house"
    house = words.t(nobodys) if found.house is None else found.house[ask.lang]
    said = [(words.t("fact.house"), house), (words.t("fact.period"), words.period(question.period))]
    chosen = {**found.choices, "currency": [(one, None) for one in found.currencies]}
    for name, label in _chosen(found.asked, chosen, words):
        said.append((words.t(f"by.{name}"), label))
    drawn = when(web.now_ms(), ask.lang)
    return [*said, (words.t("fact.made"), drawn)]


def _chosen(
    asked: Asked, known: dict[str, list[tuple[str, Any]]], words: Words
) -> list[tuple[str, str]]:
    found = []
    for name in (*asked.side.dimensions, "currency"):
        value = getattr(asked.question, name)
        if value is not None:
            names = dict(known[name])
            found.append((name, words.group(name, str(value), names.get(str(value)))))
    return found
