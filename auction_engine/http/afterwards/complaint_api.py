"""Complaints for programs: filed, followed, taken back; answered at each desk.

The very same act sent again is answered with what it did the first time.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, cast

from starlette.responses import Response

from auction_engine.desk.complaints import answering, filing, groups, reading
from auction_engine.desk.complaints.answering import Said
from auction_engine.desk.complaints.record import ComplaintError
from auction_engine.http import bodies
from auction_engine.http import models_complaints as shape
from auction_engine.http.afterwards import complaining, complaint_desk, complaint_told, forms
from auction_engine.http.afterwards.own import Own, OwnHandler
from auction_engine.http.afterwards.own import own as own_request
from auction_engine.http.desk_json import (
    LONG_BYTES,
    PRIVATE,
    Refusal,
    body_of,
    names,
    read,
    telling,
)
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.complaints import NEXT


def told(handler: OwnHandler, name: str | None = None) -> OwnHandler:
    """`handler` with its refusals as JSON."""
    return cast(OwnHandler, telling(handler, name))


# --- the complainant's ----------------------------------------------------------------------


async def file_complaint(web: Web, ask: Ask) -> Response:
    """POST /api/mine/complaints: as JSON, or with documents as a form of several parts."""
    if bodies.media_type(ask.request) == "multipart/form-data":
        ask.body = await forms.complaint_form(ask.request)
        await forms.checked(web, ask)
    else:
        needed, free = names(shape.NewComplaint)
        ask.body = await bodies.json_object(ask.request, needed, free, LONG_BYTES)
    try:
        return await _filed(web, ask)
    finally:
        forms.forget(ask)


async def _file(own: Own) -> Response:
    documents = own.ask.body.get("documents", ())
    if code := own.ask.body.get("file_refused"):
        raise Refusal(422, code, "A document cannot be taken.", "files")
    said = _said(own.ask.body)
    found = await own.lot(said.lot)
    if found is None:
        raise Problem(404, "UNKNOWN_LOT")
    assert found[1].state is not None
    given = filing.Given(
        said.key, said.lot, own.account, said.addressee, said.about, said.seq, said.known_on,
        said.grounds, said.remedy, documents,
    )  # fmt: skip
    filed = await filing.file(
        own.connection, own.web.vault, given, found[1].state.params.pack, datetime.now(UTC)
    )
    return await _own_told(own, filed.id, 201)


def _said(body: dict[str, Any]) -> shape.NewComplaint:
    """What the body says; a form of several parts has texts alone. Raises Refusal."""
    said = {name: value for name, value in body.items() if name not in ("documents", "csrf")}
    if "documents" in body:
        for name in ("lot", "seq"):
            text = str(said.get(name, ""))
            if text.isascii() and text.isdecimal() and len(text) < 16:
                said[name] = int(text)
            elif not text:
                said.pop(name, None)
    needed, free = names(shape.NewComplaint)
    if strange := said.keys() - needed - free:
        raise Refusal(400, "BAD_MESSAGE", f"The field `{min(strange)[:40]}` is not known.")
    return read(shape.NewComplaint, said)


_filed: Callable[[Web, Ask], Awaitable[Response]] = own_request(told(_file))


async def _own_told(own: Own, number: int, status: int = 200) -> Response:
    """One's own complaint with what can be done with it. Raises Problem 404."""
    found = await reading.whole(own.connection, own.web.vault, number)
    if found is None or found.head.filed_by != own.account:
        raise Problem(404, "NOT_FOUND")
    whole = await complaint_told.whole(own, found)
    until = await complaining.appeal_until(own, found)
    token = None if whole["group"] is None else groups.token_of(own.web.vault, number)
    more = {
        "may_withdraw": "WITHDRAWN" in NEXT[found.head.state],
        "may_appeal_until": None if until is None else until.isoformat(),
        "token": token,
        "link": None if token is None else own.link(f"/mine/complaints/join/{token}"),
    }
    return json_answer(whole | more, status, PRIVATE)


async def own_complaint(own: Own) -> Response:
    """GET /api/mine/complaints/{complaint}."""
    return await _own_told(own, own.number("complaint"))


async def withdraw_complaint(own: Own) -> Response:
    """POST /api/mine/complaints/{complaint}/withdraw."""
    return await _own_act(own, "WITHDRAWN", body_of(own.ask, shape.Withdrawal).reason)


async def appeal_complaint(own: Own) -> Response:
    """POST /api/mine/complaints/{complaint}/appeal: a second instance is asked for."""
    return await _own_act(own, "APPEALED", body_of(own.ask, shape.Appeal).reason)


async def _own_act(own: Own, kind: answering.Answer, reason: str) -> Response:
    whole = await complaining.mine(own)
    await _answered(own, whole, kind, Said(reason))
    return await _own_told(own, whole.head.id)


async def _answered(own: Own, whole: reading.Whole, kind: answering.Answer, said: Said) -> None:
    """Raises ComplaintError."""
    number = whole.head.id
    pack = await complaining.pack_of(own, whole.head.lot)
    try:
        await answering.answer(
            own.connection, own.web.vault, number, own.account, kind, said, pack,
            datetime.now(UTC),
        )  # fmt: skip
    except ComplaintError as refused:
        again = await reading.whole(own.connection, own.web.vault, number)
        assert again is not None
        last = again.turns[-1]
        same = (last.kind, last.reason) == (kind, said.reason.strip())
        same = same and (last.published or "") == said.published.strip()
        if refused.code != "WRONG_STATE" or not same:
            raise


async def open_complaint_group(own: Own) -> Response:
    """POST /api/mine/complaints/{complaint}/group: others may join; twice is once."""
    whole = await complaining.mine(own)
    await groups.open_group(own.connection, own.web.vault, whole.head.id, own.account)
    return await _own_told(own, whole.head.id)


# --- the desks' -----------------------------------------------------------------------------


async def complaints_of_desk(own: Own) -> Response:
    """GET …/complaints: what is to be answered, the most urgent first; then what was."""
    addressee = complaint_desk.side(own).addressee
    heads = await reading.of_body(own.connection, own.body, addressee)
    return json_answer(
        {"complaints": [complaint_told.head(own, one) for one in heads]}, headers=PRIVATE
    )


async def complaint_at_desk(own: Own) -> Response:
    """GET …/complaints/{complaint}: everything; the reading leaves a trace."""
    return await _desk_told(own, await complaint_desk.named(own))


async def _desk_told(own: Own, found: reading.Whole) -> Response:
    filer = await own.connection.fetchval(
        "SELECT name FROM account WHERE id = $1", found.head.filed_by
    )
    members = await groups.members(own.connection, found.head.id)
    more = {
        "filer": filer,
        "members": [{"name": one.name, "representative": one.representative} for one in members],
    }
    return json_answer(await complaint_told.whole(own, found) | more, headers=PRIVATE)


async def answer_complaint(own: Own) -> Response:
    """POST …/complaints/{complaint}/answer: taken up, refused for its form, or decided."""
    said = body_of(own.ask, shape.ComplaintAnswer)
    found = await complaint_desk.named(own)
    await _answered(
        own, found, said.kind, Said(said.reason, said.published, said.articles, said.authority)
    )
    after = await reading.whole(own.connection, own.web.vault, found.head.id)
    assert after is not None
    return await _desk_told(own, after)
