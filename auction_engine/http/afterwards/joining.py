"""Complaining together: the link others join by, what they then see, and leaving again.

Who has the link reads the grounds before joining, and that leaves a trace for the complainant.
"""

from typing import Any, NamedTuple

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.complaints import groups, reading
from auction_engine.desk.complaints.groups import Invitation
from auction_engine.desk.complaints.record import ComplaintError
from auction_engine.http.afterwards import complaining
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.identity import traces


class Joined(NamedTuple):
    """A complaint somebody joined, in a list."""

    member: int
    head: reading.Head


async def of_account(own: Own) -> list[Joined]:
    """What the person who asks has joined, the newest first."""
    found = []
    for member, complaint in await groups.of_account(own.connection, own.account):
        head = await reading.head(own.connection, complaint)
        if head is not None:
            found.append(Joined(member, head))
    return found


async def open_group(own: Own) -> Response:
    """POST /mine/complaints/{complaint}/group: others may join by a link."""
    whole = await complaining.mine(own)
    try:
        await groups.open_group(own.connection, own.web.vault, whole.head.id, own.account)
    except ComplaintError as refused:
        return await complaining.show(own, whole, complaining.in_words(own, refused), 409)
    return RedirectResponse(f"/mine/complaints/{whole.head.id}?done=group", 303)


async def invited(own: Own) -> Response:
    """GET /mine/complaints/join/{token}: what one would join."""
    return await _draw(own, await _invitation(own))


async def _invitation(own: Own) -> Invitation:
    """What the link in the address leads to. Raises Problem 404."""
    token = str(own.ask.request.path_params["token"])
    found = await groups.invitation(own.connection, token)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def _draw(
    own: Own, asked: Invitation, problem: str | None = None, status: int = 200
) -> Response:
    async with own.connection.transaction():
        whole = await reading.whole(own.connection, own.web.vault, asked.complaint)
        assert whole is not None
        await traces.reading(
            own.connection, own.account, whole.head.filed_by, "complaint", "joining"
        )
    titles = await own.titles({asked.lot})
    return own.page(
        "join.html",
        status,
        asked=asked,
        one=whole,
        title=titles[asked.lot],
        least=groups.LEAST,
        token=own.ask.request.path_params["token"],
        problem=problem,
    )


async def join(own: Own) -> Response:
    """POST /mine/complaints/join/{token}."""
    asked = await _invitation(own)
    token = str(own.ask.request.path_params["token"])
    speaks = own.ask.body.get("representative") == "yes"
    try:
        member = await groups.join(own.connection, token, own.account, speaks)
    except ComplaintError as refused:
        return await _draw(own, asked, complaining.in_words(own, refused), 409)
    return RedirectResponse(f"/mine/joined/{member}?done=joined", 303)


async def own_place(own: Own, member: int) -> dict[str, Any]:
    """One's own membership and the complaint it is of. Raises Problem 404."""
    row = await own.connection.fetchrow(
        "SELECT m.id, m.complaint_id, m.account_id, m.representative, x.at IS NOT NULL AS gone"
        " FROM complaint_member m LEFT JOIN complaint_leaving x ON x.member_id = m.id"
        " WHERE m.id = $1",
        member,
    )
    if row is None or row["account_id"] != own.account:
        raise Problem(404, "NOT_FOUND")
    return dict(row)


async def one(own: Own) -> Response:
    """GET /mine/joined/{joined}: how it stands with a complaint one has joined."""
    row = await own_place(own, own.number("joined"))
    return await _show(own, row)


async def _show(
    own: Own, row: dict[str, Any], problem: str | None = None, status: int = 200
) -> Response:
    whole = await reading.whole(own.connection, own.web.vault, row["complaint_id"])
    assert whole is not None
    titles = await own.titles({whole.head.lot})
    return own.page(
        "joined.html",
        status,
        one=whole,
        head=whole.head,
        title=titles[whole.head.lot],
        group=await groups.of(own.connection, whole.head.id),
        least=groups.LEAST,
        member=own.number("joined"),
        speaks=row["representative"],
        gone=row["gone"],
        may_leave=not row["gone"] and whole.head.filed_by != own.account,
        problem=problem,
    )


async def leave(own: Own) -> Response:
    """POST /mine/joined/{joined}/leave."""
    row = await own_place(own, own.number("joined"))
    try:
        await groups.leave(own.connection, own.number("joined"), own.account)
    except ComplaintError as refused:
        return await _show(own, row, complaining.in_words(own, refused), 409)
    return RedirectResponse(f"/mine/joined/{own.number('joined')}?done=left", 303)
