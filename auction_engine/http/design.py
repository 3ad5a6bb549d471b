"""The page of components: each part of the pages in each of its states, light beside dark.

It is drawn with the very styles, marks and texts of the pages, so it cannot say anything else than
they do.
"""

from typing import Any

from starlette.responses import Response

from auction_engine.http.guard import Spec
from auction_engine.http.web import Ask, Web
from auction_engine.identity.access import Act

# Everything the banner of the room can say (`web/ts/standing.ts`, `presenting_life.py`).
STANDINGS = (
    "leading", "leading_automatic", "won", "winner", "first", "accepted", "offered", "boxed",
    "bought", "outbid", "late", "late_tie", "out", "no_bid", "ready", "not_boxed", "offline",
    "stopped", "signed_out", "signed_anew", "not_admitted", "awaiting_admission", "no_deposit",
    "not_in_round", "scheduled", "scheduled_fall", "watching", "watching_fall", "closed",
    "closed_empty", "closed_fall", "lost", "over",
)  # fmt: skip
# The parts, in the order of the page; texts `design.<name>` and `design.<name>.use`.
PARTS = (
    "colours", "type", "buttons", "fields", "notices", "tags", "phases", "price", "standing",
    "course", "bid", "answers", "accept", "record", "card", "table", "ask", "signals", "empty",
)  # fmt: skip
COLOURS = (
    "paper", "sheet", "ink", "soft", "hair", "rule", "field", "seal", "seal-wash", "on-seal",
    "jade", "jade-wash", "amber", "amber-wash", "blue", "focus", "margin",
)  # fmt: skip
_LOT = {"currency": "VND", "minor_digits": 0}


async def page(web: Web, ask: Ask) -> Response:
    """GET /design; `?contrast=more` shows it in high contrast."""
    more = ask.request.query_params.get("contrast") == "more"

    def context() -> dict[str, Any]:
        return {
            "parts_shown": PARTS,
            "standings": STANDINGS,
            "colour_names": COLOURS,
            "sample": _LOT,
            "more": more,
            "out_of_sight": web.presenter.text(ask.lang, "live.out.WITHDREW"),
        }

    if ask.viewer is not None:
        return web.page(ask, "design/design.html", **context())
    path = "/design?contrast=more" if more else "/design"
    return web.onlookers_page(ask, "design/design.html", more, path, context)


PAGES = [Spec("GET", "/design", Act.SEE_AUCTION, page, "page")]
