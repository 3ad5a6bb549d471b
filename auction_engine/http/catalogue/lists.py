"""Lists of lots: /lots, /results and the API."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.complaints.reading import Outcome, outcomes_for
from auction_engine.desk.search import codes, similar
from auction_engine.desk.search.filters import CURRENCY, FACETS, SORTS, WHENS, Filters, read
from auction_engine.desk.search.finding import Counts, Cursor, Page
from auction_engine.http.catalogue import linked, plot
from auction_engine.http.catalogue.parts import (
    base_of,
    kept,
    minute,
    page,
    parts_of,
    picture_of,
    unchanged,
    validators,
)
from auction_engine.http.web import Ask, Web, json_answer

_VIEWS = ("grid", "list")
_NAMES = ("id", "title", "place", "kind", "province", "state", "status", "method", "failure",
          "currency", "minor_digits", "starting_price_minor", "price_minor", "deposit_minor",
          "bids", "registration_close_ms", "start_ms", "end_ms", "ended_ms", "session",
          "organisation", "agency", "demo")  # fmt: skip


def filters_of(params: QueryParams, when: str | None = None) -> Filters:
    """The filters of an address; `when` where the page itself says it."""
    found = read(params, params.getlist)
    return found if when is None else replace(found, when=when, state=())  # type: ignore[arg-type]


def lot_of(web: Web, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the index as pages and programs are shown it."""
    card = row["card"]
    return {
        "id": row["lot_id"],
        "session": row["session_id"],
        "title": card["title"],
        "place": card["place"],
        "image": picture_of(web, card["image"]),
        "photos": card.get("photos", []),
        "organisation": card["organisation"],
        "agency": card["agency"],
        "demo": card["demo"],
        "kind": row["kind"],
        "province": row["province"] or None,
        "state": row["state"],
        "status": row["status"],
        "method": row["method"],
        "failure": row["failure"],
        "currency": row["currency"],
        "minor_digits": card["minor_digits"],
        "starting_price_minor": row["starting_minor"],
        "price_minor": row["price_minor"],
        "deposit_minor": row["deposit_minor"],
        "bids": row["bids"],
        "registration_close_ms": row["registration_ms"],
        "start_ms": row["opens_ms"],
        "end_ms": row["closes_ms"],
        "ended_ms": row["ended_ms"],
        "updated_at": row["updated_at"],
    }


async def _found(web: Web, filters: Filters, after: Cursor | None) -> tuple[Page, Counts]:
    search = parts_of(web).search
    found = await web.storage.ledger(search.page(filters, after))
    return found, await web.storage.ledger(search.counts(filters))


async def catalogue(web: Web, ask: Ask) -> Response:
    """GET /lots: the lots that are sought."""
    return await _list(web, ask, "/lots", "catalogue/list.html", None)


async def results(web: Web, ask: Ask) -> Response:
    """GET /results: the lots that have ended, and for how much."""
    return await _list(web, ask, "/results", "catalogue/results.html", "ended")


async def _list(web: Web, ask: Ask, path: str, template: str, when: str | None) -> Response:
    params = ask.request.query_params
    filters = filters_of(params, when)
    view = "list" if params.get("view") == "list" else "grid"
    after = Cursor.read(params.get("after"))
    more = {"view": view} if view == "list" else {}
    here = _address(path, filters, when, after=str(after) if after else None, **more)
    search = parts_of(web).search
    mark = await web.storage.ledger(search.mark())
    if ask.viewer is None:
        # Asked before anything is looked up: who has the page gets no other.
        known = page_known(web, ask, template, here, mark)
        if known is not None:
            return known
    found, counts = await _found(web, filters, after)
    loosen = [] if found.lots or after else await _loosened(web, filters)
    prices = await _prices(web, filters) if when is not None else None
    decided = await _decided(web, found) if when is not None else {}

    def context() -> dict[str, Any]:
        return {
            "found": [lot_of(web, row) for row in found.lots],
            "filters": filters,
            "counts": counts,
            "facets": facets(filters, counts),
            "chips": chips(filters, path, when),
            "loosen": loosen,
            "prices": prices,
            "decided": decided,
            "plot": None if prices is None else plot.drawn(prices, prices.quarters[1]),
            "reason": lambda code: _reason(web, ask.lang, code),
            "view": view,
            "views": _VIEWS,
            "sorts": [sort for sort in SORTS if sort != "best" or filters.text],
            "whens": WHENS,
            "base_path": path,
            "first": after is None,
            "next": found.after and _address(path, filters, when, after=str(found.after), **more),
            "address": lambda f, **m: _address(path, f, when, **{**more, **m}),
            "address_when": lambda one: _address(
                path, replace(filters, when=one, state=()), when, **more
            ),
            "address_sort": lambda one: _address(path, replace(filters, sort=one), when, **more),
            "origin": base_of(web),
            "codes": codes,
            "linked": linked.listed(base_of(web), ask.lang, found.lots),
        }

    return page(web, ask, template, here, mark.changed_at, (mark.version,), context)


async def _decided(web: Web, found: Page) -> dict[int, list[Outcome]]:
    """What was decided on complaints about the lots shown, as everybody may know it."""
    lots = [row["lot_id"] for row in found.lots]
    return await web.storage.ledger(outcomes_for(web.engine, lots)) if lots else {}


async def _prices(web: Web, filters: Filters) -> similar.Prices | None:
    """Prices reached for one kind in one province, where just these are asked for."""
    if len(filters.kind) != 1 or len(filters.province) != 1:
        return None
    return await web.storage.ledger(
        similar.prices(web.engine, filters.kind[0], filters.province[0], CURRENCY, web.now_ms())
    )


def _reason(web: Web, lang: str, code: str) -> str:
    """Why a lot was not sold, in the rules' own words."""
    key = f"rules.failure.{code}"
    return web.presenter.text(lang, key) if web.presenter.has_text(lang, key) else ""


def page_known(web: Web, ask: Ask, template: str, here: str, mark: Any) -> Response | None:
    """304 for an onlooker who has this very page."""
    if "if-none-match" not in ask.request.headers:
        return None
    stamp = (mark.version, web.presenter.asset("app.css"), minute(web))
    told = validators(ask, mark.changed_at, template, here, stamp)
    ask.csrf = ""
    return unchanged(ask, told)


def _address(path: str, filters: Filters, when: str | None, **more: str | None) -> str:
    """The address of a list; what the page itself says is not said again."""
    if when is not None:
        filters = replace(filters, when="open", state=())
    given = {name: value for name, value in more.items() if value is not None}
    return filters.address(path, **given)


def facets(filters: Filters, counts: Counts) -> dict[str, list[dict[str, Any]]]:
    """The values of each facet that lead somewhere or are chosen, with how many lots they have."""
    known: dict[str, Iterable[str]] = {
        "kind": codes.kinds(),
        "province": [*codes.provinces(), codes.ELSEWHERE],
        "state": filters.scope,
        "method": codes.METHODS,
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for facet in FACETS:
        chosen = filters.chosen(facet)
        values: list[dict[str, Any]] = [
            {"value": value, "n": counts.of[facet].get(value, 0), "chosen": value in chosen}
            for value in known[facet]
            if counts.of[facet].get(value) or value in chosen
        ]
        if facet == "province":
            values.sort(key=lambda one: (not one["chosen"], -one["n"]))
        found[facet] = values
    return found


def chips(filters: Filters, path: str, when: str | None) -> list[dict[str, Any]]:
    """Everything the list is narrowed to, each with the address of the list without it."""
    found: list[dict[str, Any]] = []

    def add(name: str, value: Any, dropped: Filters) -> None:
        address = _address(path, dropped, when)
        found.append({"name": name, "value": value, "address": address})

    if filters.text:
        add("q", filters.text, filters.dropping("q"))
    for facet in FACETS:
        for value in filters.chosen(facet):
            add(facet, value, filters.dropping(facet, value))
    if filters.least is not None or filters.most is not None:
        add("price", (filters.least, filters.most), filters.dropping("price"))
    if filters.first is not None or filters.last is not None:
        add("date", (filters.first, filters.last), filters.dropping("date"))
    if filters.session is not None:
        add("session", filters.session, filters.dropping("session"))
    return found


async def _loosened(web: Web, filters: Filters) -> list[dict[str, Any]]:
    """What to leave out of a search that finds nothing, and how many lots it finds then."""
    search = parts_of(web).search
    tried = [("q", filters.dropping("q"))] if filters.text else []
    tried += [(facet, filters.dropping(facet)) for facet in FACETS if filters.chosen(facet)]
    if filters.least is not None or filters.most is not None:
        tried.append(("price", filters.dropping("price")))
    if filters.first is not None or filters.last is not None:
        tried.append(("date", filters.dropping("date")))
    if filters.session is not None:
        tried.append(("session", filters.dropping("session")))
    if filters.when == "open":
        tried.append(("when", filters.dropping("when")))
    found = []
    for name, looser in tried:
        counts = await web.storage.ledger(search.counts(looser))
        if counts.total:
            found.append({"name": name, "n": counts.total, "filters": looser})
    return sorted(found, key=lambda one: -one["n"])


async def api(web: Web, ask: Ask) -> Response:
    """GET /api/catalogue: a page of lots and the counts of every filter."""
    params = ask.request.query_params
    filters, after = filters_of(params), Cursor.read(params.get("after"))
    search = parts_of(web).search
    mark = await web.storage.ledger(search.mark())
    told = validators(ask, mark.changed_at, "api", filters, after, mark.version)
    if "if-none-match" in ask.request.headers and (known := unchanged(ask, told)) is not None:
        return known
    found, counts = await _found(web, filters, after)
    lots = [lot_of(web, row) for row in found.lots]
    answer = {
        "filters": dict(_grouped(filters)),
        "total": counts.total,
        "counts": {**counts.of, "when": counts.when},
        "lots": [{name: lot[name] for name in _NAMES} for lot in lots],
        "after": None if found.after is None else str(found.after),
    }
    return kept(json_answer(answer), told)


def _grouped(filters: Filters) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in filters.pairs():
        grouped.setdefault(name, []).append(value)
    return grouped


async def old_json(web: Web, ask: Ask) -> Response:
    """GET /lots.json: the API's answer under the list's own address."""
    query = ask.request.url.query
    return RedirectResponse("/api/catalogue" + (f"?{query}" if query else ""), 307)
