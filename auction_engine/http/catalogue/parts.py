"""What the public's pages have at hand: this process's search, and answers that may be kept."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response

from auction_engine.desk.search.finding import Search
from auction_engine.http.lettering import public_base
from auction_engine.http.presenting import AssetsMissing
from auction_engine.http.web import Ask, Web

# A list may be this old; the price in a room never is.
_FRESH_S = 5
# Remaining times are drawn to the minute.
_MINUTE_MS = 60_000
_TAG = re.compile(r'(?:W/)?"[^"]*"|\*')


@dataclass(slots=True)
class Parts:
    """One process's parts for the public's pages."""

    search: Search
    watched: dict[int, tuple[tuple[int, int], bytes]] = field(default_factory=dict)


_parts: WeakKeyDictionary[Web, Parts] = WeakKeyDictionary()


def parts_of(web: Web) -> Parts:
    """The process's parts for the public's pages."""
    found = _parts.get(web)
    if found is None:
        found = _parts[web] = Parts(Search(web.engine))
    return found


def base_of(web: Web) -> str:
    """The public address that links to be carried away begin with; never what a request says."""
    return public_base(web.settings)


def picture_of(web: Web, image: str) -> str:
    """The illustration of that name, the seal where there is none."""
    try:
        web.presenter.asset(f"illustrations/{image}.svg")
    except AssetsMissing:
        return "seal"
    return image


@dataclass(frozen=True, slots=True)
class Validators:
    """By what an answer is known: two with the same tag say the same."""

    tag: str
    changed_at: datetime
    public: bool = True
    fresh_s: int = _FRESH_S

    def headers(self) -> dict[str, str]:
        """The headers of an answer that may be kept."""
        whole = self.changed_at.astimezone(UTC).replace(microsecond=0)
        kept = f"public, max-age={self.fresh_s}" if self.public else "private, no-cache"
        return {
            "ETag": self.tag,
            "Last-Modified": format_datetime(whole, usegmt=True),
            "Cache-Control": kept,
        }


def validators(
    ask: Ask, changed_at: datetime, *stamp: Hashable, fresh_s: int = _FRESH_S
) -> Validators:
    """Those of an answer that depends on `stamp`, on the language and on this version's assets."""
    digest = sha256(repr((ask.lang, ask.theme, stamp)).encode()).hexdigest()[:24]
    return Validators(f'W/"{digest}"', changed_at, ask.viewer is None, fresh_s)


def unchanged(ask: Ask, told: Validators) -> Response | None:
    """304 for whoever has this answer already (RFC 9110 §13.1), else None."""
    headers = ask.request.headers
    tags = headers.get("if-none-match")
    if tags is not None:
        known = {tag.removeprefix("W/") for tag in _TAG.findall(tags[:2_000])}
        same = "*" in known or told.tag.removeprefix("W/") in known
    else:
        same = _not_since(headers.get("if-modified-since"), told.changed_at)
    return kept(Response(status_code=304), told) if same else None


def _not_since(text: str | None, changed_at: datetime) -> bool:
    try:
        since = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= since


def kept(response: Response, told: Validators) -> Response:
    """`response` with its validators. It differs by language, which a cookie may ask for."""
    response.headers.update(told.headers())
    response.headers["Vary"] = "Accept-Encoding, Accept-Language, Cookie"
    return response


def minute(web: Web) -> int:
    """The minute in which remaining times are drawn."""
    return web.now_ms() // _MINUTE_MS


def page(
    web: Web,
    ask: Ask,
    template: str,
    path: str,
    changed_at: datetime,
    stamp: tuple[Hashable, ...],
    context: Callable[[], dict[str, Any]],
) -> Response:
    """A page for everybody: kept by browsers, drawn once for all onlookers, 304 where it is known.

    `path` is its address with everything that is asked for, `stamp` what `context` depends on.
    """
    stamp = (*stamp, web.presenter.asset("app.css"), minute(web), ask.theme)
    told = validators(ask, changed_at, template, path, stamp)
    if ask.viewer is not None:
        return kept(web.page(ask, template, path=path, **context()), told)
    # Nothing on it is sent back, so it needs no secret and no cookie for one.
    ask.csrf = ""
    if "if-none-match" in ask.request.headers and (known := unchanged(ask, told)) is not None:
        return known
    return kept(web.onlookers_page(ask, template, stamp, path, context), told)
