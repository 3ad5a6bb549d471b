"""/oversight/warrants: recorded in two steps, and who is behind a lot's codes while they are valid.

Only the procurator who recorded a warrant sees it (`http.places`), with a fresh proof of who asks.
"""

import uuid
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.oversight import record, warrants
from auction_engine.desk.oversight.record import OversightError
from auction_engine.desk.oversight.warrants import Given, Warrant
from auction_engine.http.oversight.seat import Seat
from auction_engine.http.problems import Problem

_FIELDS = {
    "key": 36, "number": record.MOST_NUMBER, "authority": record.MOST_AUTHORITY, "issued_on": 10,
    "valid_from": 10, "valid_until": 10, "reason": record.MOST_REASON, "lots": 600,
}  # fmt: skip


async def queue(seat: Seat) -> Response:
    """GET /oversight/warrants: one's own."""
    found = await warrants.of_account(seat.connection, seat.account)
    return seat.page("warrants.html", warrants=found, today=record.today())


async def form(seat: Seat) -> Response:
    """GET /oversight/warrants/new?lot=…: the first step."""
    typed = {"key": str(uuid.uuid4()), "lots": seat.query_number("lot") or ""}
    return _draw(seat, typed)


def _draw(
    seat: Seat, typed: dict[str, Any], problem: str | None = None, status: int = 200
) -> Response:
    return seat.page(
        "warrant_new.html",
        status,
        typed={"number": "", "authority": "", "reason": "", **typed},
        today=record.today(),
        most_days=warrants.MOST_DAYS,
        problem=problem,
    )


async def submit(seat: Seat) -> Response:
    """POST /oversight/warrants: first what will follow, then on record, or back to correct it."""
    typed = {name: seat.field(name, most) for name, most in _FIELDS.items()}
    if seat.field("sure", 3) == "no":
        return _draw(seat, typed)
    try:
        given = _given(seat, typed)
        warrants.check(given, record.today())
        await warrants.check_lots(seat.connection, given.lots)
        if seat.field("sure", 3) != "yes":
            titles = await seat.titles(set(given.lots))
            return seat.page("warrant_sure.html", given=given, typed=typed, titles=titles)
        made = await warrants.write(
            seat.connection, seat.web.vault, seat.account, given, record.today()
        )
    except OversightError as refused:
        return _draw(seat, typed, seat.said(refused), 422)
    return RedirectResponse(f"/oversight/warrants/{made}?done=warrant", 303)


def _given(seat: Seat, typed: dict[str, str]) -> Given:
    """The warrant as it was typed. Raises OversightError, Problem 400."""
    numbers = typed["lots"].replace(",", " ").replace(";", " ").split()
    if not all(one.isascii() and one.isdecimal() and 0 < len(one) <= 15 for one in numbers):
        raise OversightError("BAD_LOTS", "Give the numbers of lots, with spaces between them.")
    return Given(
        seat.key(), typed["number"], typed["authority"], seat.day("issued_on"),
        seat.day("valid_from"), seat.day("valid_until"), typed["reason"],
        tuple(sorted({int(one) for one in numbers})),
    )  # fmt: skip


async def own_warrant(seat: Seat) -> Warrant:
    """The warrant in the address, one's own. Raises Problem 404."""
    found = await warrants.one(seat.connection, seat.number("warrant"), seat.account)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def one(seat: Seat) -> Response:
    """GET /oversight/warrants/{warrant}: what it says, its lots, what was read by it."""
    return await _show(seat, await own_warrant(seat))


async def _show(
    seat: Seat, found: Warrant, problem: str | None = None, status: int = 200
) -> Response:
    return seat.page(
        "warrant.html",
        status,
        one=found,
        state=found.state(record.today()),
        reason=await warrants.reason_of(seat.connection, seat.web.vault, found.id),
        readings=await warrants.readings(seat.connection, found.id),
        titles=await seat.titles(set(found.lots)),
        problem=problem,
    )


async def end(seat: Seat) -> Response:
    """POST /oversight/warrants/{warrant}/end: before its last day, with a reason."""
    found = await own_warrant(seat)
    try:
        await warrants.end(
            seat.connection, seat.web.vault, found.id, seat.account,
            seat.field("reason", record.MOST_REASON),
        )  # fmt: skip
    except OversightError as refused:
        return await _show(seat, found, seat.said(refused), 422)
    return RedirectResponse(f"/oversight/warrants/{found.id}?done=ended", 303)


async def identities(seat: Seat) -> Response:
    """GET /oversight/warrants/{warrant}/lots/{lot}: who is behind the codes. Leaves a record."""
    found, number = await own_warrant(seat), seat.number("lot")
    try:
        people = await warrants.identities(
            seat.connection, seat.web.vault, found.id, seat.account, number
        )
    except OversightError as refused:
        if refused.code == "OTHER_LOT":
            raise Problem(404, "UNKNOWN_LOT") from None
        return await _show(seat, found, seat.said(refused), 409)
    titles = await seat.titles({number})
    return seat.page("identities.html", one=found, lot=number, title=titles[number], people=people)
