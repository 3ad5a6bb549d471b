"""The list of who takes part in a lot: counts, two keys, and for half an hour the list."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.house import registrants
from auction_engine.desk.house.people import HouseError
from auction_engine.http.afterwards.own import Own
from auction_engine.http.house import parts
from auction_engine.http.problems import Problem

_TEXT = 500


async def lots(own: Own) -> Response:
    """GET /desk/registrants: the house's lots, how many take part in each."""
    found = await registrants.of_house(own.connection, own.body)
    return parts.page(own, "lots.html", lots=found)


async def one(own: Own) -> Response:
    """GET /desk/lots/{lot}/registrants."""
    return await _one(own)


async def _one(own: Own, problem: str | None = None, status: int = 200) -> Response:
    lot = own.number("lot")
    found = await own.web.view(lot)
    if found is None or found[1].state is None:
        raise Problem(404, "UNKNOWN_LOT")
    content, state = found[0], found[1].state
    standing = await registrants.standing(own.connection, lot, own.account)
    listed: list[registrants.Registrant] = []
    if standing.open_until is not None:
        listed = await registrants.read(own.connection, own.web.vault, lot, own.account)
    codes = {account: bidder.code for account, bidder in state.admitted.items()}
    return parts.page(
        own,
        "registrants.html",
        status,
        back=f"/desk/lots/{lot}/registrants",
        lot=content,
        number=lot,
        counts=await registrants.counts(own.connection, lot),
        standing=standing,
        listed=listed,
        codes=codes,
        winner=await _winner(own, lot, state),
        may_open=parts.has_duty(own, "HEAD", "RECORDER", "REGISTRAR"),
        me=own.account,
        minutes=int(registrants.WITHIN.total_seconds() // 60),
        problem=problem,
    )


async def _winner(own: Own, lot: int, state: Any) -> registrants.Registrant | None:
    """Whom the minutes name, for who draws them up: of a lot that is over, nobody else."""
    account = state.life.winner or state.leader
    if state.phase != "closed" or account is None:
        return None
    if not parts.has_duty(own, "AUCTIONEER", "RECORDER"):
        return None
    return await registrants.winner(own.connection, own.web.vault, lot, account, own.account)


async def turn(own: Own) -> Response:
    """POST /desk/lots/{lot}/registrants: one of the two keys."""
    lot = own.number("lot")
    try:
        opened = await registrants.turn(
            own.connection, own.body, lot, own.account, own.field("reason", _TEXT)
        )
    except HouseError as refused:
        return await _one(own, parts.sentence(own, refused), parts.status_of(refused))
    done = "list_opened" if opened else "key_turned"
    return RedirectResponse(f"/desk/lots/{lot}/registrants?done={done}", 303)
