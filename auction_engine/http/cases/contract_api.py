"""What both sides of a service contract read by API before they act on it."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.cases import contracts, reading, record
from auction_engine.desk.cases.contracts import Contract
from auction_engine.http.cases.api import plain
from auction_engine.http.cases.parts import Desk
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer


async def agency_organisations(desk: Desk) -> Response:
    """GET /api/agency/organisations: to whom assets can be offered."""
    found = await reading.organisations(desk.connection)
    return json_answer({"organisations": [{"id": one, "name": name} for one, name in found]})


async def _found(desk: Desk) -> Contract:
    """The contract of the address; whose it is was asked before. Raises Problem 404."""
    found = await contracts.one(desk.connection, desk.number("contract"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def agency_contract(desk: Desk) -> Response:
    """GET /api/agency/contracts/{contract}: an offer or contract."""
    return json_answer(plain(await _found(desk)))


async def desk_offer(desk: Desk) -> Response:
    """GET /api/desk/offers/{contract}: an offer with its assets as they would be sold."""
    found = await _found(desk)
    held = await record.assets_where(desk.connection, "contract_id = $1", found.id)
    return json_answer({**plain(found), "offered": [_offered(one) for one in held]})


def _offered(one: record.Asset) -> dict[str, Any]:
    return {"id": one.id, "kind": one.kind, "movable": one.movable, "state": one.state,
            "content": plain(one.content)}  # fmt: skip
