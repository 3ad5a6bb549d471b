"""Signing the minutes: the document is shown whole, the own code is typed again, and who signs has
just proved who that is (`Spec.fresh`). What is signed is kept byte for byte."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.afterwards import signing
from auction_engine.desk.afterwards.signing import Minutes
from auction_engine.http import acting
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.live.views import LotView
from auction_engine.rules.commands import Act

_METHOD: signing.Method = "RETYPED_AND_PROOF"


async def form(own: Own) -> Response:
    """GET /mine/lots/{lot}/sign: the document, and the form that signs it."""
    lot, view, minutes = await _minutes(own)
    return await _draw(own, lot, view, minutes)


async def _minutes(own: Own) -> tuple[dict[str, Any], LotView, Minutes]:
    """The document that is this person's to sign. Raises Problem 404."""
    number = own.number("lot")
    found = await own.lot(number)
    minutes = await signing.minutes_of(own.connection, number, own.account)
    if found is None or minutes is None:
        raise Problem(404, "NOT_FOUND", "There is nothing of yours to sign here.")
    return *found, minutes


async def _draw(
    own: Own,
    lot: dict[str, Any],
    view: LotView,
    minutes: Minutes,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    state = view.state
    assert state is not None
    signed = await signing.signed_by(own.connection, own.account)
    done = [one for one in signed if (one.lot, one.seq) == (minutes.lot, minutes.seq)]
    return own.page(
        "sign.html",
        status,
        lot=lot,
        minutes=minutes,
        told=minutes.told,
        signed=done[0] if done else None,
        open=_is_open(own, view),
        due_ms=state.life.due_ms if state.status == "ANNOUNCED" else None,
        problem=problem,
    )


def _is_open(own: Own, view: LotView) -> bool:
    state = view.state
    assert state is not None
    waits = state.status == "ANNOUNCED" and state.life.winner == own.account
    return waits and "WINNER" not in state.life.signed


async def submit(own: Own) -> Response:
    """POST /mine/lots/{lot}/sign: on record first, then the journal is told."""
    lot, view, minutes = await _minutes(own)
    text = own.words.t
    if not _is_open(own, view):
        return await _draw(own, lot, view, minutes, text("after.sign.not_open"), 409)
    if own.field("sha256", 64) != minutes.sha256:
        return await _draw(own, lot, view, minutes, text("after.sign.changed"), 409)
    if own.field("code", 20).upper() != minutes.told["winner"]:
        wrong = text("after.sign.wrong_code", code=minutes.told["winner"])
        return await _draw(own, lot, view, minutes, wrong, 422)
    await signing.sign(own.connection, own.account, minutes, _METHOD)
    act = Act("sign_minutes", "BIDDER", own.account, None, {"as": "WINNER"})
    try:
        await acting._told(own.web, acting._of(own.web).do(view.shard, view.lot, act))
    except Problem as problem:
        if problem.status != 409:
            raise
        return await _draw(own, lot, view, minutes, text("after.sign.refused"), 409)
    return RedirectResponse(f"/mine/lots/{lot['id']}?done=signed", 303)


async def document(own: Own) -> Response:
    """GET /mine/signatures/{signature}: the very bytes that were signed."""
    number = own.number("signature")
    found = await signing.document_of(own.connection, own.account, number)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return Response(
        found,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="minutes-{number}.json"',
            "Cache-Control": "private, no-store",
        },
    )
