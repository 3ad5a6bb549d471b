"""The minutes of a lot at the house's desk: read, drawn up, signed, printed."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.console import minutes as deed
from auction_engine.desk.console.minutes import Minutes, MinutesError, SignsAs
from auction_engine.http import acting, acting_panel
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.identity.access import life_roles
from auction_engine.live.views import LotView
from auction_engine.rules.commands import Act

_SIGN: tuple[SignsAs, ...] = ("AUCTIONEER", "RECORDER")


async def page(own: Own) -> Response:
    """GET /desk/lots/{lot}/minutes: as drawn up, or as they would be; printable."""
    return await _draw(own, signing=False)


async def form(own: Own) -> Response:
    """GET /desk/lots/{lot}/minutes/sign: the document, and the form that signs it."""
    return await _draw(own, signing=True)


async def _found(own: Own) -> tuple[dict[str, Any], LotView, Minutes | None]:
    """The lot of the address and its minutes. Raises Problem 404."""
    number = own.number("lot")
    found = await own.lot(number)
    if found is None:
        raise Problem(404, "UNKNOWN_LOT")
    return *found, await deed.find(own.connection, number)


def _open(own: Own, view: LotView, signed: list[deed.Signature]) -> list[SignsAs]:
    """As what the viewer can still sign: by the own duties, and once only."""
    viewer = own.ask.viewer
    assert viewer is not None
    assert view.state is not None
    roles = life_roles(viewer.role, viewer.duties)
    taken = {one.signs_as for one in signed}
    if own.account in {one.account for one in signed}:
        return []
    conducts = view.state.life.auctioneer in (None, own.account)
    return [
        role
        for role in _SIGN
        if role in roles and role not in taken and (role != "AUCTIONEER" or conducts)
    ]


async def _draw(own: Own, signing: bool, problem: str | None = None, status: int = 200) -> Response:
    lot, view, found = await _found(own)
    assert view.state is not None
    signed = [] if found is None else await deed.signatures(own.connection, found)
    return own.web.page(
        own.ask,
        "console/minutes.html",
        status,
        path=f"/desk/lots/{lot['id']}/minutes",
        headers={"Cache-Control": "private, no-store"},
        say=own.words,
        lot=lot,
        minutes=found,
        told=None if found is None else found.told,
        signed=signed,
        winner=await _winner(own, view, found),
        records=[] if found is None else await deed.records(own.connection, lot["id"], found.seq),
        may_sign=_open(own, view, signed),
        may_note="note_refused_signature"
        in {one.act for one in acting_panel.acts_of(own.web, own.ask, view)},
        signing=signing,
        problem=problem,
        did=own.ask.request.query_params.get("did", "")[:10],
        life=own.web.presenter.life_words(own.ask.lang, lot),
    )


async def _winner(own: Own, view: LotView, found: Minutes | None) -> str | None:
    """The winner's name: minutes name the winner, and nobody else. Kept out of the document."""
    if found is None or found.told["result"]["kind"] != "SOLD":
        return None
    code = found.told["result"]["winner"]
    assert view.state is not None
    for account, bidder in view.state.admitted.items():
        if bidder.code == code:
            name = await own.connection.fetchval("SELECT name FROM account WHERE id = $1", account)
            return None if name is None else str(name)
    return None


async def draw_up(own: Own) -> Response:
    """POST /desk/lots/{lot}/minutes: drawn up once; who comes second finds those of the first."""
    lot, _, _ = await _found(own)
    try:
        await deed.draw_up(own.connection, lot["id"], own.account)
    except MinutesError as wrong:
        return await _draw(own, False, own.words.t(f"console.error.{wrong.code}"), 409)
    return RedirectResponse(f"/desk/lots/{lot['id']}/minutes?did=drawn", 303)


async def sign(own: Own) -> Response:
    """POST /desk/lots/{lot}/minutes/sign: under the document first, then the journal is told."""
    signs_as = next((one for one in _SIGN if one == own.field("as", 20)), None)
    if signs_as is None:
        raise Problem(400, "BAD_MESSAGE")
    lot, view, found = await _found(own)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    try:
        await _sign(own, view, found, signs_as, own.field("sha256", 64))
    except MinutesError as wrong:
        return await _draw(own, True, own.words.t(f"console.error.{wrong.code}"), 409)
    return RedirectResponse(f"/desk/lots/{lot['id']}/minutes?did=signed", 303)


async def _sign(own: Own, view: LotView, found: Minutes, signs_as: SignsAs, sha256: str) -> None:
    """Raises MinutesError, Problem."""
    signed = await deed.signatures(own.connection, found)
    again = any((one.signs_as, one.account) == (signs_as, own.account) for one in signed)
    if not again and signs_as not in _open(own, view, signed):
        code = "SIGNED" if signs_as in {one.signs_as for one in signed} else "NOT_YOURS"
        raise MinutesError(code, "This signature is not yours to give.")
    await deed.sign(own.connection, found, own.account, signs_as, sha256)
    state = view.state
    assert state is not None
    signatories = () if state.params.terms is None else state.params.terms.signatories
    # A failed or stopped auction has minutes too; only the sale's wait for signatures.
    waits = state.status == "ANNOUNCED" and signs_as in signatories
    if waits and signs_as not in state.life.signed:
        act = Act("sign_minutes", signs_as, own.account, None, {"as": signs_as})
        try:
            await acting.told(own.web, acting.acting_of(own.web).do(view.shard, view.lot, act))
        except Problem as problem:
            if problem.code != "ALREADY_SIGNED":
                raise


async def document(own: Own) -> Response:
    """GET /desk/lots/{lot}/minutes/file: the very bytes that were signed."""
    lot, _, found = await _found(own)
    if found is None or found.id is None:
        raise Problem(404, "NOT_FOUND")
    return Response(
        found.body,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="minutes-{lot["id"]}-{found.seq}.json"',
            "Cache-Control": "private, no-store",
        },
    )


# --- for programs -----------------------------------------------------------------------------


async def api_minutes(own: Own) -> Response:
    """GET /api/lots/{lot}/minutes."""
    lot, _, found = await _found(own)
    if found is None:
        raise Problem(404, "NOT_ENDED", "The auction of this lot has not ended yet.")
    return await _told(own, lot["id"], found)


async def api_draw_up(own: Own) -> Response:
    """POST /api/lots/{lot}/minutes."""
    lot, _, _ = await _found(own)
    try:
        found = await deed.draw_up(own.connection, lot["id"], own.account)
    except MinutesError as wrong:
        raise Problem(409, wrong.code, wrong.sentence) from None
    return await _told(own, lot["id"], found)


async def api_sign(own: Own) -> Response:
    """POST /api/lots/{lot}/minutes/signatures."""
    lot, view, found = await _found(own)
    signs_as = next((one for one in _SIGN if one == own.ask.body["as"]), None)
    if found is None or signs_as is None or not isinstance(own.ask.body["sha256"], str):
        raise Problem(400, "BAD_FIELDS", "`as` is AUCTIONEER or RECORDER, `sha256` what is signed.")
    try:
        await _sign(own, view, found, signs_as, own.ask.body["sha256"])
    except MinutesError as wrong:
        raise Problem(409, wrong.code, wrong.sentence) from None
    return await _told(own, lot["id"], found)


async def _told(own: Own, lot: int, found: Minutes) -> Response:
    signed = await deed.signatures(own.connection, found)
    return json_answer(
        {
            "lot": lot,
            "seq": found.seq,
            "drawn": found.id is not None,
            "sha256": found.sha256,
            "document": found.told,
            "signatures": [
                {"as": one.signs_as, "name": one.name, "at": one.at.isoformat()} for one in signed
            ],
            "factual_records": [
                {"seq": one.seq, "at_ms": one.at_ms, "who": one.who, "reason": one.reason}
                for one in await deed.records(own.connection, lot, found.seq)
            ],
        }
    )
