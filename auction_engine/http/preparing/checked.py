"""The check of a draft: what blocks it, a dry run, and each lot as bidders will see it."""

import asyncio
from typing import Any

from starlette.responses import Response

from auction_engine.desk.preparing import building, publishing, running
from auction_engine.desk.preparing.building import Built, Whole
from auction_engine.desk.preparing.drafts import Draft
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.desk.preparing.publishing import GoingUp
from auction_engine.desk.preparing.running import COUNTS, MOST_LOTS, Course
from auction_engine.http.preparing import pages, pictures
from auction_engine.http.preparing.parts import BASE, Bench, bench, ledger
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity import bodies
from auction_engine.rules import descending
from auction_engine.rules.increments import step_minor
from auction_engine.rules.session_plan import Session, SessionError

# A publication that takes longer is worth telling the operator.
_LATE_S = 60


async def check(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/drafts/{draft}/check."""
    return await drawn(web, ask, await bench(web, ask))


async def drawn(
    web: Web, ask: Ask, found: Bench, problem: PreparingError | None = None
) -> Response:
    """The page of the check, where submitting, approving and publishing are asked for too."""
    runs = {} if found.draft.session else await runs_of(found.whole)
    lots = await going_up(web, found.draft) if found.draft.state == "PUBLISHING" else []
    return web.page(
        ask, "preparing/check.html", 200 if problem is None else 409,
        path=f"{BASE}/{found.draft.id}/check", step="check", problem=problem,
        done=ask.request.query_params.get("done"), lots=(), built=found.whole.lots,
        runs=[(n, run, pictures.course(run, ask.lang)) for n, run in runs.items()],
        most_lots=MOST_LOTS, going_up=lots, late_s=_LATE_S,
        **await pages.frame(web, ask, found),
    )  # fmt: skip


async def going_up(web: Web, draft: Draft) -> list[GoingUp]:
    """The lots of a session that is published or on its way, in their order."""
    if draft.session is None:
        return []
    return await ledger(web, lambda connection: publishing.going_up(connection, draft.id))


async def runs_of(whole: Whole) -> dict[int, list[Course]]:
    """A dry run for each number of bidders; none while a lot is not whole. Long ones are cut."""
    lots = whole.lots[:MOST_LOTS]
    params = {n: lot.params for n, lot in enumerate(lots, 1) if lot.params is not None}
    if whole.session is None or not params or len(params) < len(lots):
        return {}
    try:
        session = Session.from_json(
            whole.session.to_json() | {"places": whole.session.to_json()["places"][:MOST_LOTS]}
        )
    except SessionError:
        return {}

    def run() -> dict[int, list[Course]]:
        return {n: running.dry_run(session, params, n) for n in COUNTS}

    # Thousands of decisions: beside the bids, not before them.
    return await asyncio.to_thread(run)


async def preview(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/drafts/{draft}/preview/{position}: the lot's page, not yet published."""
    found = await bench(web, ask)
    lot = _named(found, ask.request.path_params["position"])
    assert lot.asset is not None
    content = building.content_of(lot) | {"id": 0, "photo_base": f"{BASE}/{found.draft.id}/photos"}
    content |= await _houses(web, found, lot)
    params = lot.params
    if params is None:
        raise Problem(404, "NOT_FOUND", "The lot is not whole yet.")
    rules: dict[str, Any] = {
        "falls": params.method == "DESCENDING",
        "rises": params.method == "ASCENDING",
        "deposits": "OUTSIDE",
        "increment_rule": params.increment_rule,
        "increment_table": [list(row) for row in params.increment_table],
        "step_minor": step_minor(params, params.starting_price_minor),
    }
    if params.descent is not None:
        prices = descending.ladder(params)
        rules |= {
            "interval_ms": params.descent.interval_ms,
            "floor_minor": prices[-1],
            "steps": len(prices),
        }
    return web.page(
        ask, "preparing/preview.html",
        path=f"{BASE}/{found.draft.id}/preview/{ask.request.path_params['position']}",
        lot=content, rules=rules, params=params, preview=True, step="check",
        place=ask.request.path_params["position"], built=found.whole.lots,
        done=None, problem=None, **await pages.frame(web, ask, found),
    )  # fmt: skip


def _named(found: Bench, position: int) -> Built:
    if not 0 < position <= len(found.whole.lots):
        raise Problem(404, "NOT_FOUND")
    lot = found.whole.lots[position - 1]
    if lot.asset is None or lot.params is None:
        raise Problem(404, "NOT_FOUND", "The lot is not whole yet.")
    shown = ("title", "place", "summary", "image", "facts", "disclosure")
    if any(name not in lot.asset.content for name in shown):
        raise Problem(404, "NOT_FOUND", "The asset is not described yet.")
    return lot


async def _houses(web: Web, found: Bench, lot: Built) -> dict[str, dict[str, str]]:
    """Who sells and for whom, as the page will name them."""
    assert lot.asset is not None

    async def work() -> dict[str, dict[str, str]]:
        async with web.engine.connect() as connection:
            agency = await bodies.find(connection, lot.asset.agency_id)  # type: ignore[union-attr]
            house = await bodies.find(connection, found.draft.body)
        assert agency is not None
        assert house is not None
        return {"agency": agency.name, "organisation": house.name}

    return await web.storage.ledger(work())
