"""Feeds of new lots for every search: RSS 2.0, Atom and JSON Feed 1.1."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
from feedgen.feed import FeedGenerator
from starlette.responses import Response

from auction_engine.desk.search.filters import Filters
from auction_engine.http.catalogue.lists import filters_of, lot_of
from auction_engine.http.catalogue.parts import base_of, kept, parts_of, unchanged, validators
from auction_engine.http.web import Ask, Web

MOST = 50
# A reader that asks every few minutes is answered from its own copy.
_FRESH_S = 60


async def rss(web: Web, ask: Ask) -> Response:
    """GET /lots.rss."""
    return await _feed(web, ask, "rss", "application/rss+xml; charset=utf-8")


async def atom(web: Web, ask: Ask) -> Response:
    """GET /lots.atom."""
    return await _feed(web, ask, "atom", "application/atom+xml; charset=utf-8")


async def json_feed(web: Web, ask: Ask) -> Response:
    """GET /lots.feed.json."""
    return await _feed(web, ask, "feed.json", "application/feed+json; charset=utf-8")


async def _feed(web: Web, ask: Ask, kind: str, media_type: str) -> Response:
    filters = replace(filters_of(ask.request.query_params), sort="new")
    search = parts_of(web).search
    mark = await web.storage.ledger(search.mark())
    told = validators(ask, mark.changed_at, kind, filters, mark.version, fresh_s=_FRESH_S)
    if (known := unchanged(ask, told)) is not None:
        return known
    found = await web.storage.ledger(search.page(filters, most=MOST))
    entries = [_entry(web, ask.lang, lot_of(web, row), row) for row in found.lots]
    make = _json if kind == "feed.json" else _xml
    body = make(web, ask.lang, filters, entries, kind, mark.changed_at)
    return kept(Response(body, media_type=media_type), told)


def _entry(web: Web, lang: str, lot: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    say = web.presenter.text
    shown = web.presenter.shown(lang)
    return {
        "url": f"{base_of(web)}/lots/{lot['id']}",
        "title": lot["title"][lang],
        "text": say(
            lang,
            "catalogue.feed.entry",
            place=(lot["place"] or {}).get(lang, "–"),
            start=shown["money"](lot["starting_price_minor"], lot),
            deposit=shown["money"](lot["deposit_minor"], lot),
            opens=shown["when"](lot["start_ms"]),
        ),
        "listed": datetime.fromtimestamp(row["listed_ms"] / 1000, UTC),
        "updated": row["updated_at"],
        "by": (lot["organisation"] or {}).get(lang, ""),
    }


def _titles(web: Web, lang: str, filters: Filters) -> tuple[str, str]:
    say = web.presenter.text
    if filters.text:
        title = say(lang, "catalogue.feed.title_of", q=filters.text, brand=say(lang, "brand"))
    else:
        title = say(lang, "catalogue.feed.title", brand=say(lang, "brand"))
    return title, say(lang, "catalogue.feed.text")


def _xml(
    web: Web, lang: str, filters: Filters, entries: list[dict[str, Any]], kind: str, at: datetime
) -> bytes:
    title, text = _titles(web, lang, filters)
    feed = FeedGenerator()
    page = base_of(web) + filters.address()
    feed.id(page)
    feed.title(title)
    feed.subtitle(text)
    feed.description(text)
    feed.language(lang)
    feed.updated(at)
    feed.generator("auction-engine", uri=base_of(web))
    feed.link(href=page, rel="alternate")
    feed.link(href=base_of(web) + filters.address(f"/lots.{kind}", lang=lang), rel="self")
    for one in entries:
        entry = feed.add_entry(order="append")
        entry.id(one["url"])
        entry.guid(one["url"], permalink=True)
        entry.title(_clean(one["title"]))
        entry.link(href=one["url"])
        entry.summary(_clean(one["text"]))
        entry.published(one["listed"])
        entry.updated(one["updated"])
        if one["by"]:
            entry.author({"name": _clean(one["by"])})
    body: bytes = feed.rss_str() if kind == "rss" else feed.atom_str()
    return body


def _clean(text: str) -> str:
    """Text without what XML cannot hold."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def _json(
    web: Web, lang: str, filters: Filters, entries: list[dict[str, Any]], kind: str, at: datetime
) -> bytes:
    title, text = _titles(web, lang, filters)
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": title,
            "description": text,
            "language": lang,
            "home_page_url": base_of(web) + filters.address(),
            "feed_url": base_of(web) + filters.address(f"/lots.{kind}", lang=lang),
            "items": [
                {
                    "id": one["url"],
                    "url": one["url"],
                    "title": one["title"],
                    "content_text": one["text"],
                    "date_published": one["listed"].isoformat(timespec="seconds"),
                    "date_modified": one["updated"].isoformat(timespec="seconds"),
                    **({"authors": [{"name": one["by"]}]} if one["by"] else {}),
                }
                for one in entries
            ],
        }
    )
