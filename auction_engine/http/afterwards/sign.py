"""Signing the minutes: the document is shown whole, the own code is typed again, and who signs has
just proved who that is (`Spec.fresh`). What is signed is kept byte for byte."""

from typing import Any, cast

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.afterwards import signing
from auction_engine.desk.afterwards.signing import Minutes
from auction_engine.http import acting
from auction_engine.http.afterwards.own import Own, OwnHandler
from auction_engine.http.afterwards.own import own as own_request
from auction_engine.http.desk_json import PRIVATE, Refusal, body_of, telling
from auction_engine.http.guard import Handler
from auction_engine.http.models_afterwards import NewSignature
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
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
    return own.page(
        "sign.html",
        status,
        lot=lot,
        minutes=minutes,
        told=minutes.told,
        signed=await _signed(own, minutes),
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
    code = own.field("code", 20).upper()
    try:
        await _sign(own, view, minutes, own.field("sha256", 64), code)
    except Refusal as refused:
        said = own.words.t(f"after.sign.{refused.code.lower()}", code=minutes.told["winner"])
        return await _draw(own, lot, view, minutes, said, refused.status)
    return RedirectResponse(f"/mine/lots/{lot['id']}?done=signed", 303)


async def _sign(own: Own, view: LotView, minutes: Minutes, sha256: str, code: str) -> None:
    """Raises Refusal NOT_OPEN, CHANGED, WRONG_CODE, REFUSED."""
    if not _is_open(own, view):
        raise Refusal(409, "NOT_OPEN", "These minutes are signed, or their time is over.")
    if sha256 != minutes.sha256:
        raise Refusal(409, "CHANGED", "The document is another one by now; read it again.")
    if code != minutes.told["winner"]:
        raise Refusal(422, "WRONG_CODE", "Type your own code of this lot.")
    await signing.sign(own.connection, own.account, minutes, _METHOD)
    act = Act("sign_minutes", "BIDDER", own.account, None, {"as": "WINNER"})
    try:
        await acting.told(own.web, acting.acting_of(own.web).do(view.shard, view.lot, act))
    except Problem as problem:
        if problem.status != 409:
            raise
        raise Refusal(409, "REFUSED", "The lot has moved on; your signature is kept.") from None


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


# --- for programs ---------------------------------------------------------------------------


async def own_minutes(own: Own) -> Response:
    """GET /api/mine/lots/{lot}/sign: the document, and whether it waits for a signature."""
    _, view, minutes = await _minutes(own)
    return await _told(own, view, minutes, _is_open(own, view))


async def sign_own_minutes(own: Own) -> Response:
    """POST /api/mine/lots/{lot}/sign: the same signature again is the first."""
    said = body_of(own.ask, NewSignature)
    _, view, minutes = await _minutes(own)
    if not (await _signed(own, minutes) and not _is_open(own, view)):
        await _sign(own, view, minutes, said.sha256, said.code.upper())
    return await _told(own, view, minutes, False)


async def _signed(own: Own, minutes: Minutes) -> signing.Signed | None:
    found = await signing.signed_by(own.connection, own.account)
    return next((one for one in found if (one.lot, one.seq) == (minutes.lot, minutes.seq)), None)


async def _told(own: Own, view: LotView, minutes: Minutes, waits: bool) -> Response:
    state, signed = view.state, await _signed(own, minutes)
    assert state is not None
    told = {
        "lot": minutes.lot,
        "seq": minutes.seq,
        "sha256": minutes.sha256,
        "document": minutes.told,
        "open": waits,
        "due_ms": state.life.due_ms if state.status == "ANNOUNCED" else None,
        "signature": None if signed is None else signed.id,
        "signed_at": None if signed is None else own.words.iso(signed.at),
    }
    return json_answer(told, headers=PRIVATE)


def told(handler: OwnHandler, name: str | None = None) -> Handler:
    """`handler` as one of the route table, with its refusals as JSON."""
    return own_request(cast(OwnHandler, telling(handler, name)))
