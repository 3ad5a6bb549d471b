"""Routes of the public's pages: lists, feeds, calendars, notices, results, kept searches."""

from typing import Any

from auction_engine.http import models, models_catalogue
from auction_engine.http.catalogue import (
    calendars,
    feeds,
    lists,
    notice,
    places,
    saved,
    sessions,
    sitemap,
    watch,
)
from auction_engine.http.guard import Doc, Spec
from auction_engine.identity.access import Act

_SEE = Act.SEE_AUCTION
_KNOWN = (None, "What the ETag stands for has not changed.")
_FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "q": ({"type": "string", "maxLength": 200}, "Words, with or without diacritics; "
          '"in quotes" one after the other, `or` between two, a minus before one to leave out.'),
    "when": ({"type": "string", "enum": ["open", "ended", "all"]}, "Usually `open`."),
    "kind": ({"type": "array", "items": {"type": "string"}}, "Kinds of property."),
    "province": ({"type": "array", "items": {"type": "string"}}, "Codes; `none`: elsewhere."),
    "state": ({"type": "array", "items": {"type": "string"}}, "States."),
    "method": ({"type": "array", "items": {"type": "string"}}, "Methods."),
    "min": ({"type": "string"}, "Least price, in đồng."),
    "max": ({"type": "string"}, "Highest price, in đồng."),
    "from": ({"type": "string", "format": "date"}, "First day of opening, in Vietnam."),
    "to": ({"type": "string", "format": "date"}, "Last day of opening."),
    "session": ({"type": "integer", "minimum": 1}, "Lots of one session."),
    "sort": ({"type": "string", "enum": ["best", "soon", "new", "cheap", "dear"]}, "The order."),
    "after": ({"type": "string"}, "Where the page begins: `after` of the page before."),
}  # fmt: skip

PAGES = [
    Spec("GET", "/lots", _SEE, lists.catalogue, "page"),
    Spec("GET", "/results", _SEE, lists.results, "page"),
    Spec("GET", "/places", _SEE, places.places, "page"),
    Spec("GET", "/lots/{lot:int}/notice", _SEE, notice.notice, "page"),
    Spec("GET", "/sessions/{session:int}", _SEE, sessions.session, "page"),
    Spec("GET", "/lots.json", _SEE, lists.old_json, "plain"),
    Spec("GET", "/lots.rss", _SEE, feeds.rss, "plain"),
    Spec("GET", "/lots.atom", _SEE, feeds.atom, "plain"),
    Spec("GET", "/lots.feed.json", _SEE, feeds.json_feed, "plain"),
    Spec("GET", "/lots/{lot:int}/calendar.ics", _SEE, calendars.of_lot, "plain"),
    Spec("GET", "/sessions/{session:int}/calendar.ics", _SEE, calendars.of_session, "plain"),
    Spec("GET", "/sitemap.xml", Act.SEE_FILES, sitemap.index, "plain"),
    Spec("GET", "/sitemap-{piece:int}.xml", Act.SEE_FILES, sitemap.piece, "plain"),
    Spec("GET", "/account/searches", Act.KEEP_SEARCHES, saved.show, "page"),
    Spec("POST", "/account/searches", Act.KEEP_SEARCHES, saved.keep, "page", rated=True),
    Spec(
        "POST",
        "/account/searches/{search:int}/remove",
        Act.KEEP_SEARCHES,
        saved.remove,
        "page",
        rated=True,
    ),
    Spec("GET", "/searches/end/{token}", Act.END_LETTERS, saved.ask_end, "page"),
    Spec("POST", "/searches/end/{token}", Act.END_LETTERS, saved.end, "page"),
]

API = [
    Spec(
        "GET",
        "/api/catalogue",
        _SEE,
        lists.api,
        "plain",
        doc=Doc(
            "Published lots that are sought, a page at a time, with counts of every filter.",
            {
                200: (models_catalogue.Catalogue, "A page of lots."),
                304: _KNOWN,
                503: (models.Problem, "UNAVAILABLE."),
            },
            query=_FILTERS,
        ),
    ),
    Spec(
        "GET",
        "/lots/{lot:int}/watch.json",
        _SEE,
        watch.watch,
        "plain",
        doc=Doc(
            "The lot for onlookers: may be kept for a second, by anybody; has an ETag.",
            {
                200: (models_catalogue.Watched, "The lot as it stands."),
                304: _KNOWN,
                404: (models.Problem, "UNKNOWN_LOT."),
                503: (models.Problem, "UNAVAILABLE."),
            },
        ),
    ),
]
