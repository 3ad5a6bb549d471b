"""What people do in the life of a lot and with a whole session, over HTTP.

As what an account acts comes from one table (`identity.access.LIFE_ROLES`); whether the act is
possible is for the rules to say when it is its turn in the log. Every act is recorded with who did
it, as what, when and why.
"""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import orjson
from starlette.responses import Response

from auction_engine.bidding.client import LogUnanswered
from auction_engine.desk import conducting, exclusive
from auction_engine.desk.conducting import Desk, Result
from auction_engine.desk.console import handing
from auction_engine.desk.house import fitness
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.once import Acting
from auction_engine.desk.possible import Field, fields_of, possible, said_of
from auction_engine.desk.session_record import UnknownSession
from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.web import JSON, Ask, Web, json_answer
from auction_engine.identity import accounts
from auction_engine.identity.access import BY_THE_BOOKS, acting_as, life_roles
from auction_engine.live.views import LotView
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.session_plan import SessionError

T = TypeVar("T")
_RETRY_S = 1
_UNANSWERED = (
    "The record has not answered in time; the act may or may not be recorded. Send the very same "
    "again: it counts once and gets its one answer."
)
# What the rules refuse for what was sent, not for where the lot stands.
_NOT_UNDERSTOOD = ("BAD_FIELDS", "BAD_COMMAND", "UNKNOWN_ACT")
_NOT_PUBLIC = ("DRAFT", "CONTRACTED")
_acting: WeakKeyDictionary[Web, Acting] = WeakKeyDictionary()


@cache
def _table() -> bytes:
    rows = [
        {
            "act": name,
            "roles": row.roles,
            "sources": row.sources,
            "targets": row.targets,
            "fields": [_field(field) for field in fields_of(row)],
            "needs": said_of(row),
            "basis": row.basis,
        }
        for name, row in BY_ACT.items()
    ]
    return orjson.dumps({"acts": rows})


async def acts(web: Web, ask: Ask) -> Response:
    """GET /api/acts: the table of acts."""
    return Response(_table(), media_type=JSON)


async def lot_acts(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/acts: what the account that asks can do with the lot now."""
    assert ask.viewer is not None
    view = await view_of(web, ask)
    assert view.state is not None
    roles = life_roles(ask.viewer.role, ask.viewer.duties)
    found = possible(view.state, ask.viewer.account, roles, web.now_ms())
    return json_answer(
        {
            "lot": view.lot,
            "seq": view.seq,
            "status": view.state.status,
            "acts": [
                {"act": one.act, "as": one.role, "fields": [_field(f) for f in one.fields]}
                for one in found
                if one.act not in BY_THE_BOOKS
            ],
        }
    )


async def lot_act(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/acts."""
    assert ask.viewer is not None
    body = await _body(ask, {"act", "as", "reason", "data"})
    name, data = body["act"], body.get("data") or {}
    row = BY_ACT.get(name)
    if row is None:
        raise Problem(400, "UNKNOWN_ACT", "There is no such act; GET /api/acts lists them.")
    own = life_roles(ask.viewer.role, ask.viewer.duties)
    role = acting_as(ask.viewer.role, name, row.roles, body.get("as"), own)
    view = await view_of(web, ask)
    if type(data.get("bidder")) is str:
        data = {**data, "bidder": bidder_of(view, data["bidder"])}
    if name == "appoint":
        await check_colleague(web, ask.viewer.body, data.get("auctioneer"), view.lot)
    act = Act(name, role, ask.viewer.account, body.get("reason"), data)
    done = await told(web, acting_of(web).do(view.shard, view.lot, act))
    return json_answer({"t": "done", "lot": view.lot, **done._asdict()})


async def session_act(web: Web, ask: Ask) -> Response:
    """POST /api/sessions/{session}/acts."""
    assert ask.viewer is not None
    body = await _body(ask, {"act", "reason", "data"})
    name, data = body["act"], body.get("data") or {}
    give = _SESSION_ACTS.get(name)
    if give is None:
        raise Problem(400, "UNKNOWN_ACT", "A session knows " + ", ".join(_SESSION_ACTS) + ".")
    session = ask.request.path_params["session"]
    if not 0 < session < 2**53:
        raise Problem(404, "UNKNOWN_SESSION", "There is no such session.")
    desk = Desk(web.settings.database_url or "", web.engine, web.gateway.log)
    call = give(desk, session, ask.viewer.account, body.get("reason"), data)
    try:
        results = await told(web, call)
    except handing.HandOverError as refused:
        raise Problem(409, refused.code, refused.sentence) from None
    lots = [result._asdict() for result in results]
    return json_answer({"t": "done", "session": session, "lots": lots})


_Given = Coroutine[Any, Any, list[Result]]


def _pause(desk: Desk, session: int, account: int, reason: str | None, data: Any) -> _Given:
    _only(data, ())
    return conducting.pause(desk, session, account, reason)


def _resume(desk: Desk, session: int, account: int, reason: str | None, data: Any) -> _Given:
    _only(data, ())
    return conducting.resume(desk, session, account, reason)


def _hand_over(desk: Desk, session: int, account: int, reason: str | None, data: Any) -> _Given:
    return conducting.hand_over(desk, session, _colleague(data), account, reason)


async def _offer(
    desk: Desk, session: int, account: int, reason: str | None, data: Any
) -> list[Result]:
    await handing.offer(desk, session, _colleague(data), account, reason)
    return []


def _take(desk: Desk, session: int, account: int, reason: str | None, data: Any) -> _Given:
    _only(data, ())
    return handing.take(desk, session, account, reason)


async def _decline(
    desk: Desk, session: int, account: int, reason: str | None, data: Any
) -> list[Result]:
    _only(data, ())
    await handing.decline(desk, session, account, reason)
    return []


def _colleague(data: Any) -> int:
    _only(data, ("auctioneer",))
    auctioneer = data["auctioneer"]
    if type(auctioneer) is not int or not 0 < auctioneer < 2**53:
        raise Problem(400, "BAD_FIELDS", "`auctioneer` is the number of an account.")
    return auctioneer


_SESSION_ACTS: dict[str, Callable[[Desk, int, int, str | None, Any], _Given]] = {
    "pause": _pause,
    "resume": _resume,
    "hand_over": _hand_over,
    # The same when the colleague is asked first: until it is taken nothing changes.
    "offer_hand_over": _offer,
    "take_hand_over": _take,
    "decline_hand_over": _decline,
}


# --- what both need -------------------------------------------------------------------------


def acting_of(web: Web) -> Acting:
    """What tells the log of acts, one for each gateway."""
    found = _acting.get(web)
    if found is None:
        found = _acting[web] = Acting(web.settings.database_url or "", web.gateway.log)
    return found


def _field(field: Field) -> dict[str, Any]:
    return field._asdict()


async def view_of(web: Web, ask: Ask) -> LotView:
    """The lot's view. Raises Problem 404; a file not published yet is for house and owner only."""
    assert ask.viewer is not None
    _, view = await web.lot_or_404(ask)
    assert view.state is not None
    if ask.viewer.role == "bidder" and view.state.status in _NOT_PUBLIC:
        raise Problem(404, "UNKNOWN_LOT")
    return view


async def check_colleague(web: Web, body: int | None, account: object, lot: int) -> None:
    """Whoever conducts a lot works for its organisation, has a good card and no conflict.

    Raises Problem 400, 409.
    """
    found = None
    if type(account) is int and 0 < account < 2**53:
        found = await web.storage.ledger(accounts.find(web.engine, account))
    if found is None or found.role != "organisation" or found.body != body:
        raise Problem(400, "BAD_FIELDS", "`auctioneer` is no account of this organisation.")
    try:
        async with web.apart() as connection:
            await fitness.check(connection, found.body or 0, found.id, [lot], fitness.today())
    except HouseError as unfit:
        raise Problem(409, unfit.code, unfit.sentence) from None


def bidder_of(view: LotView, code: str) -> int:
    """The account behind a bidder code, so that a desk need not know who is who."""
    assert view.state is not None
    for account, bidder in view.state.admitted.items():
        if bidder.code == code:
            return account
    raise Problem(400, "UNKNOWN_BIDDER", "No bidder of this lot has that code.")


async def _body(ask: Ask, names: set[str]) -> dict[str, Any]:
    """A JSON object with `act` and perhaps others of `names`. Raises Problem 400, 408, 413, 415."""
    request = ask.request
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != (
        "application/json"
    ):
        raise Problem(415, "UNSUPPORTED_TYPE")
    try:
        body = orjson.loads(await bodies.read(request))
    except orjson.JSONDecodeError:
        raise Problem(400, "BAD_MESSAGE", "The body is not valid JSON.") from None
    if type(body) is not dict:
        raise Problem(400, "BAD_MESSAGE", "The body is not a JSON object.")
    if extra := body.keys() - names:
        raise Problem(400, "BAD_MESSAGE", f"The field `{min(extra)[:40]}` is not known.")
    texts = (body.get("as"), body.get("reason"))
    if type(body.get("act")) is not str or not all(isinstance(t, str | None) for t in texts):
        raise Problem(400, "BAD_MESSAGE", "`act`, `as` and `reason` are text.")
    if not isinstance(body.get("data"), dict | None):
        raise Problem(400, "BAD_MESSAGE", "`data` is a JSON object.")
    return body


def _only(data: dict[str, Any], names: tuple[str, ...]) -> None:
    if data.keys() != set(names):
        raise Problem(400, "BAD_FIELDS", "`data` has " + (", ".join(names) or "nothing here") + ".")


async def told(web: Web, call: Coroutine[Any, Any, T]) -> T:
    """What an act comes to. Raises Problem for what it was refused for, or Unavailable."""
    try:
        return await web.storage.ledger(call)
    except CommandRefused as refused:
        status = {"BUSY": 503, "UNKNOWN_LOT": 404}.get(refused.code, 409)
        if refused.code in _NOT_UNDERSTOOD:
            status = 400
        retry_s = _RETRY_S if status == 503 else None
        raise Problem(status, refused.code, str(refused), retry_s) from None
    except LogUnanswered:
        raise Problem(503, "UNANSWERED", _UNANSWERED, _RETRY_S) from None
    except exclusive.Busy as busy:
        raise Problem(503, "BUSY", busy.sentence, _RETRY_S) from None
    except UnknownSession as unknown:
        raise Problem(404, "UNKNOWN_SESSION", unknown.sentence) from None
    except SessionError as wrong:
        raise Problem(400, "BAD_FIELDS", wrong.text) from None
