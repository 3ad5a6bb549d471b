"""The complaints of an organisation and of an agency: a queue, and one complaint with its answer.

Whose a complaint is, is asked before any of this runs (`http.places`). Every reading of one leaves
a trace that its complainant can see.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.complaints import answering, groups, reading, record
from auction_engine.desk.complaints.answering import Said
from auction_engine.desk.complaints.record import ComplaintError
from auction_engine.http.afterwards import complaining
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.identity import traces
from auction_engine.identity.accounts import Role
from auction_engine.rules.complaints import NEXT, OF_THE_COMPLAINANT
from auction_engine.rules.pack_complaints import Addressee


class Side(NamedTuple):
    """Whose desk it is, and where its pages are."""

    addressee: Addressee
    base: str


SIDES: dict[Role, Side] = {
    "organisation": Side("ORGANISATION", "/desk/complaints"),
    "officer": Side("AGENCY", "/agency/complaints"),
}

_FIELDS = ("kind", "reason", "published", "articles", "authority")


def side(own: Own) -> Side:
    """The viewer's desk."""
    assert own.ask.viewer is not None
    return SIDES[own.ask.viewer.role]


async def queue(own: Own) -> Response:
    """GET …/complaints: what is to be answered, the most urgent first; then what was."""
    desk = side(own)
    heads = await reading.of_body(own.connection, own.body, desk.addressee)
    return own.page(
        "complaints.html",
        side=desk,
        open=[one for one in heads if one.state in reading.OPEN],
        over=[one for one in heads if one.state not in reading.OPEN],
        titles=await own.titles({one.lot for one in heads}),
        today=datetime.now(UTC).astimezone(record.ZONE).date(),
    )


async def one(own: Own) -> Response:
    """GET …/complaints/{complaint}: grounds, documents, what was done, and what can be done."""
    return await _draw(own, await named(own))


async def named(own: Own) -> reading.Whole:
    """The complaint in the address, addressed to this body. Raises Problem 404."""
    desk, number = side(own), own.number("complaint")
    if not await reading.may_answer(own.connection, number, own.body, desk.addressee):
        raise Problem(404, "NOT_FOUND")
    async with own.connection.transaction():
        whole = await reading.whole(own.connection, own.web.vault, number)
        assert whole is not None
        joined = await groups.joined(own.connection, number)
        for subject in (whole.head.filed_by, *(one.account for one in joined)):
            await traces.reading(own.connection, own.account, subject, "complaint", "complaint")
    return whole


async def _draw(
    own: Own, whole: reading.Whole, problem: str | None = None, status: int = 200
) -> Response:
    titles = await own.titles({whole.head.lot})
    filer = await own.connection.fetchval(
        "SELECT name FROM account WHERE id = $1", whole.head.filed_by
    )
    return own.page(
        "complaint.html",
        status,
        one=whole,
        head=whole.head,
        title=titles[whole.head.lot],
        base=side(own).base,
        answers=[kind for kind in NEXT[whole.head.state] if kind not in OF_THE_COMPLAINANT],
        may_withdraw=False,
        may_appeal_until=None,
        filer=filer,
        group=await groups.of(own.connection, whole.head.id),
        members=await groups.members(own.connection, whole.head.id),
        waits=await complaining.waits_of(own, whole),
        may_group=False,
        link=None,
        problem=problem,
        typed=dict.fromkeys(_FIELDS, "") | own.ask.body,
    )


async def answer(own: Own) -> Response:
    """POST …/complaints/{complaint}/answer: taken up, refused for its form, or decided."""
    whole = await named(own)
    kind = own.field("kind", 30)
    if kind not in answering.ANSWERS or kind in OF_THE_COMPLAINANT:
        raise Problem(400, "BAD_MESSAGE")
    found = await own.lot(whole.head.lot)
    pack = None if found is None or found[1].state is None else found[1].state.params.pack
    try:
        await answering.answer(
            own.connection, own.web.vault, whole.head.id, own.account, kind,
            Said(
                own.field("reason", record.MOST_REASON),
                own.field("published", record.MOST_PUBLISHED),
                own.field("articles", record.MOST_ARTICLES),
                own.field("authority", record.MOST_AUTHORITY),
            ),
            pack, datetime.now(UTC),
        )  # fmt: skip
    except ComplaintError as refused:
        status = 409 if refused.code == "WRONG_STATE" else 422
        return await _draw(own, whole, complaining.in_words(own, refused), status)
    return RedirectResponse(f"{side(own).base}/{whole.head.id}?done=answered", 303)


async def paper(own: Own) -> Response:
    """GET …/complaints/{complaint}/papers/{paper}: a document handed in with it."""
    await named(own)
    return await complaining.send_paper(own)
