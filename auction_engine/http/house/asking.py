"""Questions about a lot: what everybody reads, and what a bidder asks."""

import uuid
from typing import Any

from feedgen.feed import FeedGenerator
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.house import questions
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.house.questions import Published, Said
from auction_engine.http.afterwards.own import Own
from auction_engine.http.catalogue.parts import base_of
from auction_engine.http.house import parts
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_ATOM = "application/atom+xml; charset=utf-8"


def in_language(said: Said, lang: str) -> tuple[str, str]:
    """A text and the language it is in: the reader's, or the one there is."""
    if lang in said:
        return said[lang], lang
    return next(((text, known) for known, text in said.items()), ("", lang))


async def _lot(own: Own) -> dict[str, Any]:
    """The published lot in the address. Raises Problem 404."""
    found = await own.lot(own.number("lot"))
    if found is None or found[0].get("practice"):
        raise Problem(404, "UNKNOWN_LOT")
    return found[0]


async def show(own: Own) -> Response:
    """GET /lots/{lot}/questions: answered questions; for a bidder the own ones and a form."""
    return await _show(own)


async def _show(own: Own, problem: str | None = None, status: int = 200) -> Response:
    lot, number, bidder = await _lot(own), own.number("lot"), own.ask.bidder
    mine = []
    if bidder is not None:
        mine = await questions.own(own.connection, own.web.vault, number, bidder)
    found = await questions.published(own.connection, number)
    return parts.page(
        own,
        "questions.html",
        status,
        back=f"/lots/{number}/questions",
        lot=lot,
        base=f"/lots/{number}",
        published=[
            (one, in_language(one.question, own.ask.lang), in_language(one.answer, own.ask.lang))
            for one in found
        ],
        mine=mine,
        bidder=bidder,
        key=own.ask.body.get("key") or uuid.uuid4(),
        most=questions.MOST,
        problem=problem,
    )


async def ask(own: Own) -> Response:
    """POST /lots/{lot}/questions."""
    try:
        await _ask(own, parts.key_of(own), own.field("question", questions.MOST))
    except HouseError as refused:
        return await _show(own, parts.sentence(own, refused), parts.status_of(refused))
    return RedirectResponse(f"/lots/{own.number('lot')}/questions?done=asked", 303)


async def _ask(own: Own, key: uuid.UUID, typed: str) -> int:
    await _lot(own)
    return await questions.ask(
        own.connection, own.web.vault, key, own.number("lot"), own.account, typed, own.ask.lang
    )


async def feed(own: Own) -> Response:
    """GET /lots/{lot}/questions.atom: the answers as a feed."""
    lot, lang = await _lot(own), own.ask.lang
    found = await questions.published(own.connection, own.number("lot"))
    page = f"{base_of(own.web)}/lots/{own.number('lot')}/questions"
    made = FeedGenerator()
    made.id(page)
    made.link(href=page, rel="alternate")
    made.link(href=f"{page}.atom", rel="self")
    made.title(own.words.t("house.questions_of", title=lot["title"][lang]))
    made.language(lang)
    if found:
        made.updated(found[0].at)
    for one in reversed(found):
        entry = made.add_entry()
        entry.id(f"{page}#q{one.id}")
        entry.title(in_language(one.question, lang)[0])
        entry.content(in_language(one.answer, lang)[0])
        entry.link(href=f"{page}#q{one.id}")
        entry.updated(one.at)
    return Response(made.atom_str(pretty=True), media_type=_ATOM)


# --- for programs ---------------------------------------------------------------------------


def _told(one: Published) -> dict[str, Any]:
    return {
        "id": one.id,
        "question": one.question,
        "answer": one.answer,
        "at_ms": int(one.at.timestamp() * 1000),
        "corrected": one.changed,
    }


async def api_lot_questions(own: Own) -> Response:
    """GET /api/lots/{lot}/questions."""
    await _lot(own)
    found = await questions.published(own.connection, own.number("lot"))
    return json_answer({"lot": own.number("lot"), "questions": [_told(one) for one in found]})


async def api_ask_question(own: Own) -> Response:
    """POST /api/lots/{lot}/questions."""
    if not isinstance(own.ask.body["question"], str):
        raise Problem(400, "BAD_MESSAGE", "`question` is a text.")
    try:
        made = await _ask(own, parts.key_of(own), own.ask.body["question"])
    except HouseError as refused:
        raise Problem(parts.status_of(refused), refused.code, refused.sentence) from None
    return json_answer({"t": "asked", "question": made})
