"""/oversight: what is going on in all houses, live; a session's record; all complaints."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.complaints import reading as complaints
from auction_engine.desk.oversight import findings_reading, record, watching
from auction_engine.desk.oversight.watching import Session
from auction_engine.http import pages
from auction_engine.http.oversight.seat import Seat
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.identity import traces

# The lots drawn live on one page; more are behind their sessions' links.
_MOST_LOTS = 60


async def page(seat: Seat) -> Response:
    """GET /oversight: sessions that are not over with their lots, live."""
    told = await watching.sessions(seat.connection)
    running = [one for one in told if not one.over]
    heads = await complaints.of_all(seat.connection)
    found = await findings_reading.of_all(seat.connection)
    return seat.page(
        "now.html",
        running=running,
        over=[one for one in told if one.over][:30],
        rows=await rows_of(seat, running, _MOST_LOTS),
        standstills=(await watching.standstills(seat.connection))[:20],
        open_complaints=sum(one.state in complaints.OPEN for one in heads),
        waiting=sum(one.state in findings_reading.WAITING for one in found),
        late=sum(one.late(record.today()) for one in found),
    )


async def rows_of(seat: Seat, sessions: list[Session], most: int) -> list[dict[str, Any]]:
    """Lots as a table follows them live, drafts too."""
    found: list[dict[str, Any]] = []
    here = await seat.web.here([number for one in sessions for number in one.lots])
    for one in sessions:
        for number in one.lots:
            if len(found) == most:
                return found
            view = await seat.web.view(number)
            if view is not None and view[1].state is not None:
                row = pages.row_of(seat.web, *view)
                viewers = here[number].connections
                found.append(
                    {**row, "refused": view[1].state.refused, "viewers": viewers, "session": one}
                )
    return found


async def session(seat: Seat) -> Response:
    """GET /oversight/sessions/{session}: its lots live, what was asked of it, its standstills."""
    number = seat.number("session")
    one = await watching.session(seat.connection, number)
    if one is None:
        raise Problem(404, "UNKNOWN_SESSION")
    return seat.page(
        "session.html",
        one=one,
        rows=await rows_of(seat, [one], 500),
        asked=await watching.asked_of(seat.connection, number),
        standstills=await watching.standstills(seat.connection, number),
    )


async def oversight_now(seat: Seat) -> Response:
    """GET /api/oversight: the same as numbers."""
    told = await watching.sessions(seat.connection)
    found = await findings_reading.of_all(seat.connection)
    heads = await complaints.of_all(seat.connection)
    return json_answer(
        {
            "sessions": [
                {
                    "session": one.id, "title": one.title, "organisation": one.organisation,
                    "agency": one.agency, "lots": list(one.lots), "open": one.open,
                    "paused": one.paused, "closed": one.closed,
                }
                for one in told
            ],
            "standstills": [
                one._asdict() for one in await watching.standstills(seat.connection)
            ],
            "complaints_open": sum(one.state in complaints.OPEN for one in heads),
            "findings_waiting": sum(one.state in findings_reading.WAITING for one in found),
        }
    )  # fmt: skip


async def complaint_list(seat: Seat) -> Response:
    """GET /oversight/complaints: every complaint, the most urgent on top."""
    heads = await complaints.of_all(seat.connection)
    return seat.page(
        "complaints.html",
        open=[one for one in heads if one.state in complaints.OPEN],
        over=[one for one in heads if one.state not in complaints.OPEN],
        titles=await seat.titles({one.lot for one in heads}),
        today=record.today(),
    )


async def complaint(seat: Seat) -> Response:
    """GET /oversight/complaints/{complaint}: its course and its grounds, not who filed it."""
    whole = await read_complaint(seat)
    titles = await seat.titles({whole.head.lot})
    return seat.page("complaint.html", one=whole, head=whole.head, title=titles[whole.head.lot])


async def read_complaint(seat: Seat) -> complaints.Whole:
    """The complaint in the address; the reading leaves a trace. Raises Problem 404."""
    async with seat.connection.transaction():
        whole = await complaints.whole(seat.connection, seat.web.vault, seat.number("complaint"))
        if whole is None:
            raise Problem(404, "NOT_FOUND")
        await traces.reading(
            seat.connection, seat.account, whole.head.filed_by, "complaint", "oversight"
        )
    return whole
