"""The JSON API's reads."""

from typing import Any

from starlette.responses import Response

from auction_engine.http.pages import accepted_bids, public_lot, session_rows
from auction_engine.http.web import Ask, Web, json_answer

_TOLD = (
    "id",
    "title",
    "place",
    "currency",
    "minor_digits",
    "starting_price_minor",
    "increment_minor",
    "extension",
)


def _summary(lot: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    told = {name: lot.get(name) for name in _TOLD}
    return {**told, "session": lot["session"]["id"], "state": state}


async def lots(web: Web, ask: Ask) -> Response:
    """GET /api/lots: the current session's lots."""
    current, rows = await session_rows(web)
    session = None
    if current is not None:
        session = current.texts()
    return json_answer(
        {
            "session": session,
            "lots": [_summary(lot, view.public_state()) for lot, view in rows],
        }
    )


async def lot(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}: a lot and its snapshot as in the live protocol."""
    found, view = await public_lot(web, ask)
    snapshot = view.snapshot(ask.bidder)
    return json_answer(
        {
            **_summary(found, snapshot["state"]),
            **{name: snapshot[name] for name in ("epoch", "seq", "bids", "you")},
        }
    )


async def bids(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/bids: accepted bids from the ledger, newest first."""
    _, view = await public_lot(web, ask)
    found, older = await accepted_bids(web, ask, view)
    return json_answer({"bids": found, "older": older})


async def time(web: Web, ask: Ask) -> Response:
    """GET /api/time: the clock that orders bids."""
    return json_answer({"now_ms": web.now_ms()})
