"""The pages people see."""

import uuid
from typing import Any

from starlette.responses import Response

from auction_engine.desk import ours
from auction_engine.desk.catalogue import SessionInfo
from auction_engine.desk.complaints.reading import outcomes_of
from auction_engine.desk.console import announcing
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity import access
from auction_engine.identity.access import Act
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.live.views import LotView
from auction_engine.rules import descending
from auction_engine.rules.increments import step_minor
from auction_engine.rules.params import LotParams

BIDS_ON_A_PAGE = 200
_DRAFTS = ("DRAFT", "CONTRACTED")
_MOST_SEQ = 2**31
_Rows = list[tuple[dict[str, Any], LotView]]


def demo_logins(web: Web) -> list[dict[str, str]] | None:
    """The demonstration's logins, or None where there is none."""
    return [login._asdict() for login in DEMO_LOGINS] if web.settings.demo else None


async def session_rows(web: Web) -> tuple[SessionInfo | None, _Rows]:
    """The current session and its lots that are put up, in order."""
    session = await web.storage.ledger(web.catalogue.newest_session())
    if session is None:
        return None, []
    found = [await web.view(lot) for lot in session.lots]
    return session, [row for row in found if row is not None and is_public(row[1])]


async def _own_rows(web: Web, ask: Ask, act: Act) -> tuple[SessionInfo | None, _Rows]:
    """The newest session within the viewer's scope and its lots there, drafts too, in order."""
    session = await web.storage.ledger(
        ours.newest_session(web.engine, access.reach(act, ask.viewer))
    )
    if session is None:
        return None, []
    found = [await web.view(lot) for lot in session.lots]
    return session, [row for row in found if row is not None]


def is_public(view: LotView) -> bool:
    """Whether the lot has been published: a file that is only begun is nobody's business."""
    return view.state is not None and view.state.status not in _DRAFTS


async def public_lot(web: Web, ask: Ask) -> tuple[dict[str, Any], LotView]:
    """The published lot named in the address. Raises Problem 404."""
    lot, view = await web.lot_or_404(ask)
    if not is_public(view):
        raise Problem(404, "UNKNOWN_LOT")
    return lot, view


def row_of(web: Web, lot: dict[str, Any], view: LotView) -> dict[str, Any]:
    """A lot in a list. `fall` is its falling price, None where none falls."""
    return {"lot": lot, "state": view.public_state(), "fall": view.falling_at(web.now_ms())}


def step_of(web: Web, view: LotView) -> int | None:
    """The step of a falling price: with it a page changes though nothing is recorded."""
    fall = view.falling_at(web.now_ms())
    return None if fall is None else int(fall["step"])


def with_rules(lot: dict[str, Any], view: LotView) -> dict[str, Any]:
    """The lot with what its room must know of its rules."""
    assert view.state is not None
    params = view.state.params
    methods = {params.method, *(phase.method for phase in params.phases)}
    price = view.state.price_minor or params.starting_price_minor
    rules: dict[str, Any] = {
        "falls": "DESCENDING" in methods,
        "rises": "ASCENDING" in methods,
        "automatic": params.automatic_bids,
        "withdrawal": _withdrawal(params),
        "deposits": "OUTSIDE" if params.terms is None else params.terms.deposits,
        "increment_rule": params.increment_rule,
        "increment_table": [list(row) for row in params.increment_table],
        "step_minor": step_minor(params, price),
    }
    if params.descent is not None:
        prices = descending.ladder(params)
        rules |= {
            "interval_ms": params.descent.interval_ms,
            "floor_minor": prices[-1],
            "steps": len(prices),
        }
    return {**lot, "rules": rules}


def _withdrawal(params: LotParams) -> str | None:
    """What withdrawing a bid costs: FORFEIT the deposit, or FREE; None where it is not possible."""
    terms = params.terms
    if terms is None or not terms.withdrawal:
        return None
    return "FORFEIT" if "WITHDREW" in terms.forfeit_grounds else "FREE"


async def session(web: Web, ask: Ask) -> Response:
    """GET /: the current session, lots as cards."""
    current, rows = await session_rows(web)

    def context() -> dict[str, Any]:
        return {
            "session": None if current is None else current.texts(),
            "lots": [row_of(web, lot, view) for lot, view in rows],
            "demo_logins": demo_logins(web),
        }

    if ask.viewer is not None:
        return web.page(ask, "session.html", **context())
    stamp = (
        None if current is None else current.id,
        tuple((view.lot, view.epoch, view.seq, step_of(web, view)) for _, view in rows),
    )
    return web.onlookers_page(ask, "session.html", stamp, "/", context)


async def room(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}: the live room."""
    lot, view = await public_lot(web, ask)
    if ask.viewer is not None:
        return draw_room(web, ask, lot, view)
    return web.onlookers_page(
        ask,
        "room.html",
        (view.epoch, view.seq, step_of(web, view), newest_notice(web, view.lot)),
        f"/lots/{lot['id']}",
        lambda: {
            "lot": with_rules(lot, view),
            "snapshot": view.snapshot(None),
            "fall": view.falling_at(web.now_ms()),
            "bid_id": "",
            "demo": lot["session"]["demo"],
            "notices": web.gateway.announced.of(view.lot),
        },
    )


def newest_notice(web: Web, lot: int) -> int:
    """The number of the newest announcement to the lot's room, 0 for none."""
    return max((notice["n"] for notice in web.gateway.announced.of(lot)), default=0)


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
    how: dict[str, Any] | None = None,
) -> Response:
    """The room of `lot`; `bid_id` only when the same bid is to be sent again.

    `typed` and `how` are what was typed and chosen, to be found in the form again.
    """
    snapshot = view.snapshot(ask.bidder)
    chosen = how or {}
    return web.page(
        ask,
        "room.html",
        status,
        path=f"/lots/{lot['id']}",
        headers=headers,
        lot=with_rules(lot, view),
        snapshot=snapshot,
        fall=view.falling_at(web.now_ms()),
        outcome=outcome,
        typed=typed,
        typed_step=chosen.get("step"),
        typed_automatic="automatic" in chosen,
        bid_id=bid_id or str(uuid.uuid4()),
        demo=lot["session"]["demo"],
        notices=web.gateway.announced.of(view.lot),
    )


async def record(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/record: the accepted bids, a page at a time."""
    lot, view = await public_lot(web, ask)
    bids, older = await accepted_bids(web, ask, view)
    newest = "before" not in ask.request.query_params
    first = bids[-1]["seq"] if older is not None else 0
    last = bids[0]["seq"] if bids and not newest else view.seq
    turns = [turn for turn in reversed(view.turns) if first < turn["seq"] <= last]
    outcomes = await web.storage.ledger(outcomes_of(web.engine, view.lot))
    notices = await web.storage.ledger(_announced(web, view.lot)) if newest else []
    return web.page(
        ask,
        "record.html",
        lot=lot,
        bids=bids,
        older=older,
        turns=turns,
        outcomes=outcomes,
        notices=notices,
    )


async def _announced(web: Web, lot: int) -> list[announcing.Said]:
    async with web.apart() as connection:
        return await announcing.of_lot(connection, lot)


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
    bids = [_told(view, entry) for entry in entries[:BIDS_ON_A_PAGE]]
    return bids, bids[-1]["seq"] if len(entries) > BIDS_ON_A_PAGE else None


def _told(view: LotView, entry: dict[str, Any]) -> dict[str, Any]:
    """An accepted bid as everybody may see it."""
    assert view.state is not None
    bidder = entry["bidder"]
    bid = {
        "n": entry["n"],
        "seq": entry["seq"],
        "at_ms": entry["at_ms"],
        "code": view.state.admitted[bidder].code,
        "amount_minor": entry["amount_minor"],
    }
    if entry["kind"] == "bid.automatic":
        bid["automatic"] = True
    if bidder in view.state.life.out:
        bid["void"] = True
    return bid


async def desk(web: Web, ask: Ask) -> Response:
    """GET /desk: the session as its organiser sees it."""
    current, rows = await _own_rows(web, ask, Act.SEE_DESK)
    here = await web.here([view.lot for _, view in rows])
    table = []
    for lot, view in rows:
        assert view.state is not None
        table.append(
            {
                **row_of(web, lot, view),
                "refused": view.state.refused,
                "viewers": here[view.lot].connections,
            }
        )
    return web.page(
        ask, "desk.html", session=None if current is None else current.texts(), rows=table
    )


_NO_AGENCY = {"vi": "–", "en": "–"}


async def agency(web: Web, ask: Ask) -> Response:
    """GET /agency: the agency's seized assets and where each stands."""
    assert ask.viewer is not None
    current, rows = await _own_rows(web, ask, Act.SEE_AGENCY)
    own = await web.storage.ledger(ours.name_of(web.engine, ask.viewer.body))
    return web.page(
        ask,
        "agency.html",
        agency=own or (_NO_AGENCY if current is None else current.agency),
        rows=[row_of(web, lot, view) for lot, view in rows],
    )


async def static(web: Web, ask: Ask) -> Response:
    """GET /static/...: the built assets."""
    return web.assets.answer(ask.request, ask.request.path_params["name"])


async def icon(web: Web, ask: Ask) -> Response:
    """GET /favicon.ico."""
    return web.assets.icon(ask.request)


async def nothing(web: Web, ask: Ask) -> Response:
    """Every other address."""
    raise Problem(404, "NOT_FOUND")
