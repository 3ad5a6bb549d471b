"""What search engines ask for: robots.txt and the map of all lots, in pieces they can take."""

from datetime import UTC
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import text
from starlette.responses import PlainTextResponse, Response

from auction_engine.http.catalogue.parts import base_of, kept, parts_of, unchanged, validators
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web

# At most 50,000 addresses are allowed in a piece, with the other language's each counts once.
PIECE = 20_000
_FRESH_S = 3_600
_XML = "application/xml; charset=utf-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_LINKS = 'xmlns:xhtml="http://www.w3.org/1999/xhtml"'
_PAGES = ("/", "/lots", "/places", "/results")
_CLOSED = ("/api/", "/login", "/desk", "/agency", "/account", "/register", "/recover", "/searches")


async def robots(web: Web, ask: Ask) -> Response:
    """GET /robots.txt."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED)]
    lines.append(f"Sitemap: {base_of(web)}/sitemap.xml")
    return PlainTextResponse(
        "\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=86400"}
    )


async def index(web: Web, ask: Ask) -> Response:
    """GET /sitemap.xml: the pieces, each with the lots of a range of numbers."""
    mark = await web.storage.ledger(parts_of(web).search.mark())
    told = validators(ask, mark.changed_at, "sitemap", mark.version, fresh_s=_FRESH_S)
    if (known := unchanged(ask, told)) is not None:
        return known
    rows = await web.storage.ledger(
        _rows(web, f"SELECT lot_id / {PIECE} AS n, max(updated_at) AS at FROM lot_search"  # noqa: S608
                   " GROUP BY 1 ORDER BY 1", {})
    )  # fmt: skip
    pieces = {row["n"]: row["at"] for row in rows} or {0: mark.changed_at}
    inside = "".join(
        f"<sitemap><loc>{escape(base_of(web))}/sitemap-{n}.xml</loc>"
        f"<lastmod>{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</lastmod></sitemap>"
        for n, at in pieces.items()
    )
    body = f"{_HEAD}<sitemapindex {_NAMESPACE}>{inside}</sitemapindex>"
    return kept(Response(body, media_type=_XML), told)


async def piece(web: Web, ask: Ask) -> Response:
    """GET /sitemap-{piece}.xml: the lots of one range; the first also has the lists."""
    number = ask.request.path_params["piece"]
    if number > 10**9:
        raise Problem(404, "NOT_FOUND")
    mark = await web.storage.ledger(parts_of(web).search.mark())
    told = validators(ask, mark.changed_at, "sitemap", number, mark.version, fresh_s=_FRESH_S)
    if (known := unchanged(ask, told)) is not None:
        return known
    rows = await web.storage.ledger(
        _rows(
            web,
            "SELECT lot_id, updated_at FROM lot_search WHERE lot_id >= :first AND lot_id < :next"
            " ORDER BY lot_id",
            {"first": number * PIECE, "next": (number + 1) * PIECE},
        )
    )
    base = escape(base_of(web))
    found = [_url(base, path, None) for path in _PAGES] if number == 0 else []
    for row in rows:
        at = f"{row['updated_at'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        found.append(_url(base, f"/lots/{row['lot_id']}", at))
        found.append(_url(base, f"/lots/{row['lot_id']}/notice", at))
    body = f"{_HEAD}<urlset {_NAMESPACE} {_LINKS}>{''.join(found)}</urlset>"
    return kept(Response(body, media_type=_XML), told)


def _url(base: str, path: str, at: str | None) -> str:
    other = "".join(
        f'<xhtml:link rel="alternate" hreflang="{lang}" href="{base}{path}?lang={lang}"/>'
        for lang in ("vi", "en")
    )
    changed = "" if at is None else f"<lastmod>{at}</lastmod>"
    return f"<url><loc>{base}{path}</loc>{changed}{other}</url>"


async def _rows(web: Web, sql: str, values: dict[str, Any]) -> list[Any]:
    async with web.engine.connect() as connection:
        return [row._mapping for row in await connection.execute(text(sql), values)]
