"""Any session's page; the newest one is the first page of all."""

from typing import Any

from starlette.responses import Response

from auction_engine.http import pages
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web


async def session(web: Web, ask: Ask) -> Response:
    """GET /sessions/{session}: its lots as cards."""
    number = ask.request.path_params["session"]
    found = await web.storage.ledger(web.catalogue.session(number))
    rows = [] if found is None else [await web.view(lot) for lot in found.lots]
    shown = [row for row in rows if row is not None and pages.is_public(row[1])]
    if found is None or not shown:
        raise Problem(404, "UNKNOWN_SESSION", "There is no such session.")
    path = f"/sessions/{number}"

    def context() -> dict[str, Any]:
        return {
            "session": found.texts(),
            "lots": [pages.row_of(web, lot, view) for lot, view in shown],
            "demo_logins": None,
        }

    if ask.viewer is not None:
        return web.page(ask, "session.html", path=path, **context())
    stamp = tuple((view.lot, view.epoch, view.seq, pages.step_of(web, view)) for _, view in shown)
    return web.onlookers_page(ask, "session.html", stamp, path, context)
