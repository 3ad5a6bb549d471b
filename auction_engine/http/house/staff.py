"""The house: who does what, invitations, duties, auctioneers' cards, who leaves."""

import uuid
from collections.abc import Awaitable
from datetime import date
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.house import cards, fitness, inviting, people, relations
from auction_engine.desk.house.people import HouseError
from auction_engine.http.afterwards.own import Own
from auction_engine.http.house import parts
from auction_engine.http.problems import Problem
from auction_engine.identity.duties import DutyError
from auction_engine.identity.personal import Wrong

_TEXT = 300


async def house(own: Own) -> Response:
    """GET …/house: everybody and his duties; for heads what can be changed."""
    return await _house(own)


async def _house(own: Own, problem: str | None = None, status: int = 200) -> Response:
    side, head = parts.side(own), parts.has_duty(own, "HEAD")
    connection = own.connection
    return parts.page(
        own,
        "house.html",
        status,
        back=side.base,
        side=side,
        head=head,
        me=own.account,
        staff=await people.staff(connection, own.body),
        invited=await inviting.opened(connection, own.web.vault, own.body) if head else [],
        acts=await people.acts(connection, own.body) if head else [],
        relations=await relations.own(connection, own.web.vault, own.account),
        kinds=relations.KINDS,
        key=uuid.uuid4(),
        today=fitness.today(),
        problem=problem,
    )


async def _done(own: Own, act: Awaitable[Any], what: str) -> Response:
    """Back to the house once it is done, or the house with what hindered it."""
    try:
        await act
    except (HouseError, Wrong) as refused:
        return await _house(own, parts.sentence(own, refused), parts.status_of(refused))
    except DutyError:
        raise Problem(400, "BAD_MESSAGE") from None
    return RedirectResponse(f"{parts.side(own).base}?done={what}", 303)


async def invite(own: Own) -> Response:
    """POST …/house/invitations: a letter to a colleague to be."""
    side = parts.side(own)
    lang = own.field("lang", 2)
    act = inviting.invite(
        own.connection, own.web.vault, own.body, own.account, side.role, own.field("name", _TEXT),
        own.field("email", _TEXT), parts.listed(own, "duty", side.duties),
        lang if lang in ("vi", "en") else own.ask.lang,
    )  # fmt: skip
    return await _done(own, act, "invited")


async def call_off(own: Own) -> Response:
    """POST …/house/invitations/off: the letter's link is good for nothing any more."""
    key = parts.key_of(own, "invitation")
    act = inviting.call_off(own.connection, own.body, own.account, key)
    return await _done(own, act, "called_off")


async def declare(own: Own) -> Response:
    """POST …/house/relations: whom one is related to."""
    lot = own.field("lot", 16)
    number = int(lot) if lot.isascii() and lot.isdecimal() and len(lot) < 16 else None
    act = relations.declare(
        own.connection, own.web.vault, parts.key_of(own), own.account, own.field("kind", 20),
        own.field("name", _TEXT), own.field("number", 40), own.field("note", _TEXT), number,
    )  # fmt: skip
    return await _done(own, act, "declared")


async def relation_over(own: Own) -> Response:
    """POST …/house/relations/end: a relation declared before is over."""
    act = relations.end(own.connection, own.account, parts.key_of(own, "relation"))
    return await _done(own, act, "relation_over")


# --- one colleague --------------------------------------------------------------------------


async def member(own: Own) -> Response:
    """GET …/house/{member}: duties and card of a colleague, and letting him go."""
    return await _member(own)


async def _member(own: Own, problem: str | None = None, status: int = 200) -> Response:
    side, number = parts.side(own), own.number("member")
    try:
        found = await people.one(own.connection, own.body, number)
    except HouseError:
        raise Problem(404, "NOT_FOUND") from None
    return parts.page(
        own, "member.html", status, back=f"{side.base}/{number}", side=side, one=found,
        me=own.account, today=fitness.today(), problem=problem,
    )  # fmt: skip


async def _changed(own: Own, act: Awaitable[Any], what: str) -> Response:
    try:
        await act
    except HouseError as refused:
        return await _member(own, parts.sentence(own, refused), parts.status_of(refused))
    except DutyError:
        raise Problem(400, "BAD_MESSAGE") from None
    return RedirectResponse(f"{parts.side(own).base}?done={what}", 303)


async def duties(own: Own) -> Response:
    """POST …/house/{member}/duties."""
    known = parts.side(own).duties
    act = people.change_duties(
        own.connection, own.body, own.account, own.number("member"),
        parts.listed(own, "duty", known), parts.listed(own, "seen", known),
        own.field("reason", _TEXT),
    )  # fmt: skip
    return await _changed(own, act, "duties")


async def card(own: Own) -> Response:
    """POST …/house/{member}/card: an auctioneer's card, its number and last day."""
    try:
        until = date.fromisoformat(own.field("until", 10))
    except ValueError:
        said = own.words.t("house.error.CARD_DAY")
        return await _member(own, said, 422)
    act = cards.record(
        own.connection, own.body, own.account, own.number("member"),
        own.field("number", 60), until, fitness.today(),
    )  # fmt: skip
    return await _changed(own, act, "card")


async def leave(own: Own) -> Response:
    """POST …/house/{member}/leave: the colleague works here no more."""
    if own.ask.body.get("sure") != "yes":
        return await _member(own, own.words.t("house.error.SURE"), 422)
    act = people.let_go(
        own.connection, own.body, own.account, own.number("member"), own.field("reason", _TEXT)
    )
    return await _changed(own, act, "left")
