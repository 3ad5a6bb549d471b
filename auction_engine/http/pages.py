"""The pages people see."""

import uuid
from typing import Any

from starlette.responses import PlainTextResponse, Response

from auction_engine.desk.catalogue import SessionInfo
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.live.views import LotView

BIDS_ON_A_PAGE = 200
_MOST_SEQ = 2**31


def demo_logins(web: Web) -> list[dict[str, str]] | None:
    """The demonstration's logins, or None where there is none."""
    return [login._asdict() for login in DEMO_LOGINS] if web.settings.demo else None


async def session_rows(
    web: Web,
) -> tuple[SessionInfo | None, list[tuple[dict[str, Any], LotView]]]:
    """The current session and its lots that are put up, in order."""
    session = await web.storage.ledger(web.catalogue.newest_session())
    if session is None:
        return None, []
    found = [await web.view(lot) for lot in session.lots]
    return session, [row for row in found if row is not None]


async def session(web: Web, ask: Ask) -> Response:
    """GET /: the current session, lots as cards."""
    current, rows = await session_rows(web)

    def context() -> dict[str, Any]:
        return {
            "session": None if current is None else current.texts(),
            "lots": [{"lot": lot, "state": view.public_state()} for lot, view in rows],
            "demo_logins": demo_logins(web),
        }

    if ask.viewer is not None:
        return web.page(ask, "session.html", **context())
    stamp = (
        None if current is None else current.id,
        tuple((view.lot, view.epoch, view.seq) for _, view in rows),
    )
    return web.onlookers_page(ask, "session.html", stamp, "/", context)


async def room(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}: the live room."""
    lot, view = await web.lot_or_404(ask)
    if ask.viewer is not None:
        return draw_room(web, ask, lot, view)
    return web.onlookers_page(
        ask,
        "room.html",
        (view.epoch, view.seq),
        f"/lots/{lot['id']}",
        lambda: {
            "lot": lot,
            "snapshot": view.snapshot(None),
            "bid_id": "",
            "demo": lot["session"]["demo"],
        },
    )


def draw_room(
    web: Web,
    ask: Ask,
    lot: dict[str, Any],
    view: LotView,
    outcome: dict[str, Any] | None = None,
    status: int = 200,
    bid_id: str | None = None,
    typed: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """The room of `lot`; `bid_id` only when the same bid is to be sent again."""
    snapshot = view.snapshot(ask.bidder)
    return web.page(
        ask,
        "room.html",
        status,
        path=f"/lots/{lot['id']}",
        headers=headers,
        lot=lot,
        snapshot=snapshot,
        outcome=outcome,
        typed=typed,
        bid_id=bid_id or str(uuid.uuid4()),
        demo=lot["session"]["demo"],
    )


async def record(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/record: the accepted bids, a page at a time."""
    lot, view = await web.lot_or_404(ask)
    bids, older = await accepted_bids(web, ask, view)
    return web.page(ask, "record.html", lot=lot, bids=bids, older=older)


async def accepted_bids(
    web: Web, ask: Ask, view: LotView
) -> tuple[list[dict[str, Any]], int | None]:
    """A page of accepted bids before journal entry `?before=`, and where the next page begins.

    Raises Problem 400.
    """
    before = None
    if (text := ask.request.query_params.get("before")) is not None:
        if not (text.isascii() and text.isdecimal() and len(text) <= 10):
            raise Problem(400, "BAD_MESSAGE", "`before` must be the number of a journal entry.")
        before = min(int(text), _MOST_SEQ - 1)
    entries = await web.storage.ledger(
        web.catalogue.accepted_bids(view.lot, before, BIDS_ON_A_PAGE + 1)
    )
    assert view.state is not None
    admitted = view.state.admitted
    bids = [
        {
            "n": entry["n"],
            "seq": entry["seq"],
            "at_ms": entry["at_ms"],
            "code": admitted[entry["bidder"]].code,
            "amount_minor": entry["amount_minor"],
        }
        for entry in entries[:BIDS_ON_A_PAGE]
    ]
    return bids, bids[-1]["seq"] if len(entries) > BIDS_ON_A_PAGE else None


async def desk(web: Web, ask: Ask) -> Response:
    """GET /desk: the session as its organiser sees it."""
    current, rows = await session_rows(web)
    table = []
    for lot, view in rows:
        assert view.state is not None
        table.append(
            {
                "lot": lot,
                "state": view.public_state(),
                "refused": view.state.refused,
                "viewers": web.gateway.rooms.viewers(view.lot),
            }
        )
    return web.page(
        ask, "desk.html", session=None if current is None else current.texts(), rows=table
    )


_NO_AGENCY = {"vi": "–", "en": "–"}


async def agency(web: Web, ask: Ask) -> Response:
    """GET /agency: the agency's seized assets and where each stands."""
    current, rows = await session_rows(web)
    return web.page(
        ask,
        "agency.html",
        agency=_NO_AGENCY if current is None else current.agency,
        rows=[{"lot": lot, "state": view.public_state()} for lot, view in rows],
    )


async def static(web: Web, ask: Ask) -> Response:
    """GET /static/...: the built assets."""
    return web.assets.answer(ask.request, ask.request.path_params["name"])


async def icon(web: Web, ask: Ask) -> Response:
    """GET /favicon.ico."""
    return web.assets.icon(ask.request)


_ROBOTS = "User-agent: *\nDisallow: /api/\nDisallow: /login\nDisallow: /desk\nDisallow: /agency\n"


async def robots(web: Web, ask: Ask) -> Response:
    """GET /robots.txt."""
    return PlainTextResponse(_ROBOTS, headers={"Cache-Control": "public, max-age=86400"})


async def nothing(web: Web, ask: Ask) -> Response:
    """Every other address."""
    raise Problem(404, "NOT_FOUND")
