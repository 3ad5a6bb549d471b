"""The practice room's door, and the opening as a calendar entry."""

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.admission import practice
from auction_engine.desk.admission.entries import calendar_entry
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.http.lettering import public_base
from auction_engine.http.problems import Problem
from auction_engine.http.way.pages import common
from auction_engine.http.way.parts import own_way, parts_of, problem_of, public_lot, told
from auction_engine.http.web import Ask, Web, json_answer


async def page(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/practice: what the practice room is, and the way in."""
    own = await own_way(web, ask)
    return await _drawn(web, ask, own, None)


async def _drawn(web: Web, ask: Ask, own: object, problem: AdmissionError | None) -> Response:
    there = None
    if ask.bidder is not None:
        there = await web.storage.ledger(practice.current(web.engine, ask.bidder))
    return web.page(
        ask,
        "way/practice.html",
        200 if problem is None else 409,
        here="practice",
        **common(web, ask, own),  # type: ignore[arg-type]
        there=there,
        problem=problem,
        most=practice.A_DAY,
        lasts_ms=practice.LASTS_MS,
    )


async def enter(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/practice: a new practice lot, and into it."""
    try:
        lot = await _begin(web, ask)
    except AdmissionError as refused:
        return await _drawn(web, ask, await own_way(web, ask), refused)
    return RedirectResponse(f"/lots/{lot}", 303)


async def api_practice(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/practice."""
    try:
        return json_answer({"lot": await _begin(web, ask)})
    except AdmissionError as refused:
        raise problem_of(refused) from None


async def _begin(web: Web, ask: Ask) -> int:
    assert ask.viewer is not None
    content, view = await public_lot(web, ask)
    assert view.state is not None
    parts = parts_of(web)
    return await told(
        parts.storage.ledger(
            practice.begin(
                web.engine, web.gateway.log, ask.viewer.account, content, view.state.params,
                web.now_ms(),
            )
        )
    )  # fmt: skip


async def opening(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/opening.ics: the opening as an entry for a calendar."""
    lot, view = await public_lot(web, ask)
    state = view.state
    assert state is not None
    if state.phase == "closed":
        raise Problem(404, "NOT_FOUND")
    title = lot["title"][ask.lang]
    say = web.presenter.text
    body = calendar_entry(
        view.lot,
        say(ask.lang, "way.entry.title", title=title),
        say(ask.lang, "way.entry.text"),
        f"{public_base(web.settings)}/lots/{view.lot}",
        state.params.start_ms,
        state.end_ms or state.params.end_ms,
        view.seq,
    )
    headers = {"Content-Disposition": f"attachment; filename=lot-{view.lot}.ics"}
    return Response(body, headers=headers, media_type="text/calendar")
