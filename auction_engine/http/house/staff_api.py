"""The house for programs, where it changes: relations, invitations, cards, who leaves, two keys."""

from typing import Any, cast

from starlette.responses import Response

from auction_engine.desk.house import cards, fitness, inviting, people, registrants, relations
from auction_engine.http import models_house as shape
from auction_engine.http.afterwards.own import Own, OwnHandler
from auction_engine.http.desk_json import PRIVATE, Refusal, body_of, telling
from auction_engine.http.house import api, parts
from auction_engine.http.web import json_answer


def told(handler: OwnHandler, name: str | None = None) -> OwnHandler:
    """`handler` with its refusals as JSON."""
    return cast(OwnHandler, telling(handler, name))


def _listed(name: str, found: list[dict[str, Any]], status: int = 200) -> Response:
    return json_answer({name: found}, status, PRIVATE)


# --- relations ------------------------------------------------------------------------------


async def own_relations(own: Own) -> Response:
    """GET …/house/relations: what one has declared oneself."""
    return await _relations(own)


async def _relations(own: Own, status: int = 200) -> Response:
    found = await relations.own(own.connection, own.web.vault, own.account)
    return _listed(
        "relations",
        [one._asdict() | {"id": str(one.id), "at": own.words.iso(one.at)} for one in found],
        status,
    )


async def declare_relation(own: Own) -> Response:
    """POST …/house/relations: whom one is related to."""
    said = body_of(own.ask, shape.NewRelation)
    await relations.declare(
        own.connection, own.web.vault, said.key, own.account, said.kind, said.name, said.number,
        said.note, said.lot,
    )  # fmt: skip
    return await _relations(own, 201)


async def end_relation(own: Own) -> Response:
    """POST …/house/relations/end: a relation of one's own is over; twice is once."""
    await relations.end(own.connection, own.account, body_of(own.ask, shape.RelationEnd).relation)
    return await _relations(own)


# --- invitations and the record -------------------------------------------------------------


async def house_invitations(own: Own) -> Response:
    """GET …/house/invitations: those nobody has taken yet."""
    return await _invitations(own)


async def _invitations(own: Own, status: int = 200) -> Response:
    found = await inviting.opened(own.connection, own.web.vault, own.body)
    lines = [
        {
            "id": str(one.id), "name": one.name, "email": one.address,
            "duties": list(one.duties), "until": own.words.iso(one.expires_at),
        }
        for one in found
    ]  # fmt: skip
    return _listed("invitations", lines, status)


async def invite_colleague(own: Own) -> Response:
    """POST …/house/invitations: a letter to a colleague to be."""
    said = body_of(own.ask, shape.NewInvitation)
    await inviting.invite(
        own.connection, own.web.vault, own.body, own.account, parts.side(own).role, said.name,
        said.email, said.duties, said.lang,
    )  # fmt: skip
    return await _invitations(own, 201)


async def take_back_invitation(own: Own) -> Response:
    """POST …/house/invitations/off: its link is good for nothing any more; twice is once."""
    number = body_of(own.ask, shape.InvitationOff).invitation
    await inviting.call_off(own.connection, own.body, own.account, number)
    return await _invitations(own)


async def house_acts(own: Own) -> Response:
    """GET …/house/acts: what was done in the house, newest first."""
    found = await people.acts(own.connection, own.body)
    return _listed("acts", [one._asdict() | {"at": own.words.iso(one.at)} for one in found])


# --- one colleague --------------------------------------------------------------------------


async def let_colleague_go(own: Own) -> Response:
    """POST …/house/{member}/leave: the colleague works here no more."""
    number, said = own.number("member"), body_of(own.ask, shape.Leaving)
    await people.let_go(own.connection, own.body, own.account, number, said.reason)
    return await api.api_house(own)


async def record_card(own: Own) -> Response:
    """POST /api/desk/house/{member}/card: an auctioneer's card; the very same is once."""
    number, said = own.number("member"), body_of(own.ask, shape.NewCard)
    await cards.record(
        own.connection, own.body, own.account, number, said.number, said.until, fitness.today()
    )
    return json_answer(api.told(await people.one(own.connection, own.body, number)))


# --- who takes part -------------------------------------------------------------------------


async def counted_registrants(own: Own) -> Response:
    """GET /api/desk/registrants: the house's lots, how many take part in each."""
    found = await registrants.of_house(own.connection, own.body)
    return _listed("lots", [one._asdict() for one in found])


async def turn_key(own: Own) -> Response:
    """POST /api/desk/lots/{lot}/registrants/keys: one of the two; the own one again is the same."""
    lot, said = own.number("lot"), body_of(own.ask, shape.Key)
    await registrants.turn(own.connection, own.body, lot, own.account, said.reason)
    return await api.api_registrants(own)


async def opened_registrants(own: Own) -> Response:
    """GET /api/desk/lots/{lot}/registrants/list: for the two it is open to; leaves a trace."""
    lot = own.number("lot")
    if await registrants.open_until(own.connection, lot, own.account) is None:
        raise Refusal(409, "SEALED", "The list is sealed; two people open it together.", "")
    found = await registrants.read(own.connection, own.web.vault, lot, own.account)
    told = {"lot": lot, "registrants": [one._asdict() for one in found]}
    return json_answer(told, headers=PRIVATE)
