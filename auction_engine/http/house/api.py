"""The house for programs: who does what, duties, and the keys to a lot's list."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.house import people, registrants
from auction_engine.desk.house.people import Colleague, HouseError
from auction_engine.http.afterwards.own import Own
from auction_engine.http.house import parts
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.identity.duties import DutyError

_TEXT = 300


def told(one: Colleague) -> dict[str, Any]:
    """A colleague as programs are told of him."""
    return {
        "id": one.id,
        "name": one.name,
        "duties": sorted(one.duties),
        "card": one.card,
        "card_until": None if one.card_until is None else one.card_until.isoformat(),
    }


async def api_house(own: Own) -> Response:
    """GET /api/desk/house."""
    found = await people.staff(own.connection, own.body)
    return json_answer({"staff": [told(one) for one in found]})


async def api_duties(own: Own) -> Response:
    """POST /api/desk/house/{member}/duties."""
    number, body = own.number("member"), own.ask.body
    wanted, seen, reason = body["duties"], body["seen"], body["reason"]
    lists = isinstance(wanted, list) and isinstance(seen, list)
    if not lists or not all(isinstance(one, str) for one in [*wanted, *seen, reason]):
        raise Problem(400, "BAD_MESSAGE", "`duties` and `seen` are lists, `reason` is a text.")
    try:
        await people.change_duties(
            own.connection, own.body, own.account, number, wanted, seen, reason[:_TEXT]
        )
        found = await people.one(own.connection, own.body, number)
    except HouseError as refused:
        raise Problem(parts.status_of(refused), refused.code, refused.sentence) from None
    except DutyError as refused:
        raise Problem(400, "BAD_MESSAGE", refused.sentence) from None
    return json_answer(told(found))


async def api_agency_house(own: Own) -> Response:
    """GET /api/agency/house."""
    return await api_house(own)


async def api_agency_duties(own: Own) -> Response:
    """POST /api/agency/house/{member}/duties."""
    return await api_duties(own)


async def api_registrants(own: Own) -> Response:
    """GET /api/desk/lots/{lot}/registrants: counts alone; the list itself is a page."""
    lot = own.number("lot")
    standing = await registrants.standing(own.connection, lot, own.account)
    until = standing.open_until
    return json_answer(
        {
            "lot": lot,
            "counts": await registrants.counts(own.connection, lot),
            "waiting": standing.waiting is not None,
            "open_until_ms": None if until is None else int(until.timestamp() * 1000),
        }
    )
