"""Searches one keeps: letters about new lots, and their end by the link in a letter."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import orjson
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.search import codes, saved
from auction_engine.desk.search.filters import Filters
from auction_engine.http.catalogue.lists import chips
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.post import values

T = TypeVar("T")
_PAGE = "/account/searches"
# Of letters that are never looked for; a link in a letter is of 43.
_TOKEN_LETTERS = 64


async def _over(web: Web, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` gives over a connection of its own."""

    async def run() -> T:
        async with web.apart() as connection:
            return await work(connection)

    return await web.storage.ledger(run())


def _account(ask: Ask) -> int:
    assert ask.viewer is not None
    return ask.viewer.account


async def show(web: Web, ask: Ask) -> Response:
    """GET /account/searches: the searches one keeps."""
    return await _page(web, ask)


async def _page(web: Web, ask: Ask, problem: str | None = None, status: int = 200) -> Response:
    rows = await _over(web, lambda connection: saved.of_account(connection, _account(ask)))
    kept = [
        {"id": row["id"], "filters": (found := saved.filters_of(row["query"])),
         "chips": chips(found, "/lots", None), "ended": row["ended_at"] is not None,
         "told_ms": row["told_at"] and int(row["told_at"].timestamp() * 1000)}
        for row in rows
    ]  # fmt: skip
    done = ask.request.query_params.get("done")
    return web.page(
        ask, "catalogue/saved.html", status, path=_PAGE, kept=kept, codes=codes, problem=problem,
        done=done if done in ("kept", "removed") else None, most=saved.MOST,
    )  # fmt: skip


async def keep(web: Web, ask: Ask) -> Response:
    """POST /account/searches: keep a search; `query` is its address's."""
    found = saved.filters_of(str(ask.body.get("query", ""))[:2_000])
    # What is new is open, and letters know no order.
    found = replace(found, when="open", state=())
    query = replace(found, sort=found.usual_sort).address("").removeprefix("?")
    try:
        await _over(web, lambda c: saved.keep(c, _account(ask), query, ask.lang))
    except saved.TooMany:
        return await _page(web, ask, "too_many", 409)
    return RedirectResponse(f"{_PAGE}?done=kept", 303)


async def remove(web: Web, ask: Ask) -> Response:
    """POST /account/searches/{search}/remove."""
    search = ask.request.path_params["search"]
    if search >= 2**63:
        raise Problem(404, "NOT_FOUND")
    await _over(web, lambda connection: saved.remove(connection, _account(ask), search))
    return RedirectResponse(f"{_PAGE}?done=removed", 303)


def _token(ask: Ask) -> str:
    token: str = ask.request.path_params["token"]
    return token[:_TOKEN_LETTERS] if token.isascii() else ""


async def ask_end(web: Web, ask: Ask) -> Response:
    """GET /searches/end/{token}: what the link of a letter would end. Looking ends nothing:
    mail programs look at links by themselves."""
    token = _token(ask)
    found = await _over(web, lambda connection: saved.of_link(connection, token))
    search = None if found is None else saved.filters_of(found["query"])
    return _ending(web, ask, token, search, False)


async def end(web: Web, ask: Ask) -> Response:
    """POST /searches/end/{token}: no more letters about this search."""
    token = _token(ask)
    done = await _over(web, lambda connection: saved.end(connection, token))
    return _ending(web, ask, token, None, done)


def _ending(web: Web, ask: Ask, token: str, search: Filters | None, done: bool) -> Response:
    # Nobody else's page is told where it was: the address is the key.
    return web.page(
        ask, "catalogue/end.html", path="/searches/end", token=token, codes=codes, done=done,
        search=None if search is None else chips(search, "/lots", None),
        headers={"Referrer-Policy": "no-referrer"},
    )  # fmt: skip


def letter(rows: list[Any], count: int, filters: Filters, lang: str) -> dict[str, Any]:
    """The values of a letter about new lots (`saved.Written`)."""
    lines = []
    for row in rows:
        card = orjson.loads(row["card"])
        lines.append(f"• {card['title'][lang]}")
    return {
        "n": count,
        "lots": "\n".join(lines),
        "page": values.link(filters.address("/lots", sort="new")),
    }
