"""Complaining together, for programs: what one would join, joining, leaving."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.complaints import groups, reading
from auction_engine.desk.complaints.groups import Group
from auction_engine.http import models_complaints as shape
from auction_engine.http.afterwards import complaint_told, joining
from auction_engine.http.afterwards.own import Own
from auction_engine.http.desk_json import PRIVATE, body_of
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.identity import traces


def _group(group: Group) -> dict[str, Any]:
    return {**group._asdict(), "is_one": group.is_one}


async def invited_to_complaint(own: Own) -> Response:
    """GET /api/mine/joined/invitation: the grounds before joining; leaves a trace."""
    token = own.ask.request.query_params.get("token", "")
    asked = await groups.invitation(own.connection, token)
    if asked is None:
        raise Problem(404, "NOT_FOUND")
    async with own.connection.transaction():
        whole = await reading.whole(own.connection, own.web.vault, asked.complaint)
        assert whole is not None
        await traces.reading(
            own.connection, own.account, whole.head.filed_by, "complaint", "joining"
        )
    told = {
        "number": asked.number, "lot": asked.lot, "addressee": asked.addressee,
        "open": asked.open, "group": _group(asked.group), "grounds": whole.grounds,
        "remedy": whole.remedy, "may_represent": asked.group.may_represent,
    }  # fmt: skip
    return json_answer(told, headers=PRIVATE)


async def join_complaint(own: Own) -> Response:
    """POST /api/mine/joined: by the token of the group; who is in it already stays what he is."""
    said = body_of(own.ask, shape.Joining)
    member = await groups.join(own.connection, said.token, own.account, said.representative)
    return await _told(own, await joining.own_place(own, member), 201)


async def joined_complaints(own: Own) -> Response:
    """GET /api/mine/joined: what one has joined, the newest first."""
    found = await joining.of_account(own)
    told = [{"member": one.member, **complaint_told.head(own, one.head)} for one in found]
    return json_answer({"joined": told}, headers=PRIVATE)


async def joined_complaint(own: Own) -> Response:
    """GET /api/mine/joined/{joined}: how it stands."""
    return await _told(own, await joining.own_place(own, own.number("joined")))


async def leave_complaint(own: Own) -> Response:
    """POST /api/mine/joined/{joined}/leave: twice is once."""
    member = own.number("joined")
    await joining.own_place(own, member)
    await groups.leave(own.connection, member, own.account)
    return await _told(own, await joining.own_place(own, member))


async def _told(own: Own, row: dict[str, Any], status: int = 200) -> Response:
    whole = await reading.whole(own.connection, own.web.vault, row["complaint_id"])
    assert whole is not None
    if row["gone"]:
        whole = whole._replace(grounds="", remedy="", turns=[])
    told = await complaint_told.whole(own, whole, papers=False) | {
        "member": row["id"],
        "representative": row["representative"],
        "left": row["gone"],
        "may_leave": not row["gone"] and whole.head.filed_by != own.account,
    }
    return json_answer(told, status, PRIVATE)
