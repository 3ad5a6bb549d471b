"""Findings: sent by a procurator from /oversight/findings, answered at each desk."""

import uuid
from typing import Any, NamedTuple, cast

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.oversight import findings, findings_reading, record
from auction_engine.desk.oversight.findings import Given
from auction_engine.desk.oversight.findings_reading import NEXT, OF_THE_PROCURATOR, State, Whole
from auction_engine.desk.oversight.record import OversightError
from auction_engine.http.oversight.seat import Seat
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.identity.accounts import Role

_FIELDS = {
    "key": 36, "kind": 20, "side": 20, "session": 16, "lot": 16, "seq": 10,
    "articles": record.MOST_ARTICLES, "text": record.MOST_TEXT, "working_days": 3,
}  # fmt: skip
_USUAL_DAYS = 15


class Side(NamedTuple):
    """Whose findings a desk shows: where its pages are."""

    base: str
    desk: bool


_SIDES: dict[Role, Side] = {
    "procurator": Side("/oversight/findings", False),
    "organisation": Side("/desk/findings", True),
    "officer": Side("/agency/findings", True),
}


def _side(seat: Seat) -> Side:
    assert seat.ask.viewer is not None
    return _SIDES[seat.ask.viewer.role]


async def _heads(seat: Seat) -> list[findings_reading.Head]:
    if _side(seat).desk:
        return await findings_reading.of_body(seat.connection, seat.body)
    return await findings_reading.of_all(seat.connection)


async def queue(seat: Seat) -> Response:
    """GET …/findings: what is to be answered, the most urgent first; then what was."""
    heads = await _heads(seat)
    return seat.page(
        "findings.html",
        side=_side(seat),
        open=[one for one in heads if NEXT[one.state]],
        over=[one for one in heads if not NEXT[one.state]],
        titles=await seat.titles({one.lot for one in heads if one.lot is not None}),
        today=record.today(),
    )


async def oversight_findings(seat: Seat) -> Response:
    """GET /api/oversight/findings."""
    return await _list(seat)


async def desk_findings(seat: Seat) -> Response:
    """GET /api/desk/findings."""
    return await _list(seat)


async def agency_findings(seat: Seat) -> Response:
    """GET /api/agency/findings."""
    return await _list(seat)


async def _list(seat: Seat) -> Response:
    """The same as data, without the sealed texts."""
    return json_answer(
        {"findings": [told(seat, one) for one in await _heads(seat)]},
        headers={"Cache-Control": "private, no-store"},
    )


def told(seat: Seat, one: findings_reading.Head) -> dict[str, Any]:
    """A finding as in a list, without its sealed text."""
    return {
        "id": one.id, "number": one.number, "at": seat.words.iso(one.at), "kind": one.kind,
        "articles": one.articles, "body": one.body_name, "session": one.session, "lot": one.lot,
        "seq": one.seq, "state": one.state, "answer_by": one.answer_by.isoformat(),
        "late": one.late(record.today()),
    }  # fmt: skip


async def form(seat: Seat) -> Response:
    """GET /oversight/findings/new?lot=…&seq=… or ?session=…."""
    asked = {name: seat.query_number(name) or "" for name in ("lot", "seq", "session")}
    return _draw(seat, {"key": str(uuid.uuid4()), **asked})


def _draw(
    seat: Seat, typed: dict[str, Any], problem: str | None = None, status: int = 200
) -> Response:
    usual = {"kind": "PETITION", "side": "ORGANISATION", "articles": "", "text": "",
             "working_days": _USUAL_DAYS}  # fmt: skip
    return seat.page(
        "finding_new.html",
        status,
        typed=usual | typed,
        kinds=findings_reading.KINDS,
        most_days=findings.MOST_WORKING_DAYS,
        problem=problem,
    )


async def submit(seat: Seat) -> Response:
    """POST /oversight/findings: first what will follow, then sent, or back to correct it."""
    typed = {name: seat.field(name, most) for name, most in _FIELDS.items()}
    if seat.field("sure", 3) == "no":
        return _draw(seat, typed)
    try:
        given = _given(seat, typed)
        findings.check(given)
        body = await findings.addressee(seat.connection, given)
        pack, today = await pack_of(seat, given), record.today()
        until = findings.answer_by(today, given.working_days, pack)
        if seat.field("sure", 3) != "yes":
            name = await seat.connection.fetchval(
                "SELECT name ->> $2 FROM body WHERE id = $1", body, seat.ask.lang
            )
            titles = await seat.titles({given.lot} if given.lot else set())
            return seat.page(
                "finding_sure.html", given=given, typed=typed, to=name, until=until, titles=titles
            )
        made = await findings.send(
            seat.connection, seat.web.vault, seat.account, given, pack, today
        )
    except OversightError as refused:
        return _draw(seat, typed, seat.said(refused), 422)
    return RedirectResponse(f"/oversight/findings/{made}?done=finding", 303)


def _given(seat: Seat, typed: dict[str, str]) -> Given:
    """The finding as it was typed. Raises OversightError, Problem 400."""
    if typed["kind"] not in findings_reading.KINDS:
        raise Problem(400, "BAD_MESSAGE")
    if typed["side"] not in ("ORGANISATION", "AGENCY"):
        raise Problem(400, "BAD_MESSAGE")
    return Given(
        seat.key(), typed["kind"], cast(Any, typed["side"]), seat.whole("session"),
        seat.whole("lot"), seat.whole("seq"), typed["articles"], typed["text"],
        seat.whole("working_days") or 0,
    )  # fmt: skip


async def pack_of(seat: Seat, given: Given) -> str | None:
    """The rule pack whose calendar counts; None for the usual one."""
    found = None if given.lot is None else await seat.web.view(given.lot)
    return None if found is None or found[1].state is None else found[1].state.params.pack


async def one(seat: Seat) -> Response:
    """GET …/findings/{finding}: what was found and answered, and what can be done."""
    return await _show(seat, await named(seat))


async def named(seat: Seat) -> Whole:
    """The finding in the address. Whose it is was asked before. Raises Problem 404."""
    found = await findings_reading.whole(seat.connection, seat.web.vault, seat.number("finding"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def _show(
    seat: Seat, found: Whole, problem: str | None = None, status: int = 200
) -> Response:
    side, head = _side(seat), found.head
    own = not side.desk and head.account == seat.account
    titles = await seat.titles({head.lot} if head.lot else set())
    return seat.page(
        "finding.html",
        status,
        side=side,
        one=found,
        head=head,
        titles=titles,
        may_answer=side.desk and "ANSWERED" in NEXT[head.state],
        acts=[kind for kind in NEXT[head.state] if own and kind in OF_THE_PROCURATOR],
        usual_days=_USUAL_DAYS,
        most_days=findings.MOST_WORKING_DAYS,
        today=record.today(),
        typed={"text": "", "kind": ""} | seat.ask.body,
        problem=problem,
    )


async def answer(seat: Seat) -> Response:
    """POST /desk/findings/{finding}/answer, /agency/findings/{finding}/answer."""
    return await _act(seat, "ANSWERED", None, "answered")


async def act(seat: Seat) -> Response:
    """POST /oversight/findings/{finding}/act: the answer is enough or not, or it is withdrawn."""
    kind = seat.field("kind", 20)
    if kind not in OF_THE_PROCURATOR:
        raise Problem(400, "BAD_MESSAGE")
    return await _act(seat, kind, "working_days", kind.lower())


async def _act(seat: Seat, kind: State, days: str | None, done: str) -> Response:
    found = await named(seat)
    try:
        await findings.act(
            seat.connection, seat.web.vault, found.head.id, seat.account, kind,
            seat.field("text", record.MOST_TEXT), None if days is None else seat.whole(days),
            record.today(),
        )  # fmt: skip
    except OversightError as refused:
        status = 409 if refused.code == "WRONG_STATE" else 422
        return await _show(seat, found, seat.said(refused), status)
    return RedirectResponse(f"{_side(seat).base}/{found.head.id}?done={done}", 303)
