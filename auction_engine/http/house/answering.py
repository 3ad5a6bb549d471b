"""The organisation's questions: a queue, and one to answer or to decline."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.house import questions
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.house.questions import Question
from auction_engine.http.afterwards.own import Own
from auction_engine.http.house import parts
from auction_engine.http.presenting import LANGUAGES
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_STATES = ("OPEN", "ANSWERED", "DECLINED")


async def queue(own: Own) -> Response:
    """GET /desk/questions: what is to be answered, oldest first."""
    shown = _shown(own)
    found = await questions.queue(own.connection, own.web.vault, own.body, shown)
    return parts.page(own, "queue.html", found=found, shown=shown, states=_STATES)


def _shown(own: Own) -> str:
    asked = own.ask.request.query_params.get("show", "OPEN")
    return asked if asked in _STATES else "OPEN"


async def one(own: Own) -> Response:
    """GET /desk/questions/{question}."""
    return await _one(own)


async def _found(own: Own) -> Question:
    found = await questions.one(own.connection, own.web.vault, own.number("question"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def _one(own: Own, problem: str | None = None, status: int = 200) -> Response:
    found = await _found(own)
    return parts.page(
        own, "answer.html", status, back=f"/desk/questions/{found.id}", one=found,
        most=questions.MOST, languages=LANGUAGES, problem=problem,
    )  # fmt: skip


def _version(own: Own) -> int:
    text = str(own.ask.body.get("version", ""))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Problem(400, "BAD_MESSAGE", "`version` is that of the question that was seen.")
    return int(text)


async def answer(own: Own) -> Response:
    """POST /desk/questions/{question}: answer, put right, or decline."""
    number = own.number("question")
    try:
        if own.ask.body.get("do") == "decline":
            done = "declined"
            await questions.decline(
                own.connection, number, own.account, _version(own),
                own.field("reason", questions.MOST_REASON),
            )  # fmt: skip
        else:
            done = "answered"
            asked = {lang: own.field(f"question.{lang}", questions.MOST) for lang in LANGUAGES}
            told = {lang: own.field(f"answer.{lang}", questions.MOST) for lang in LANGUAGES}
            await questions.answer(own.connection, number, own.account, _version(own), asked, told)
    except HouseError as refused:
        return await _one(own, parts.sentence(own, refused), parts.status_of(refused))
    return RedirectResponse(f"/desk/questions?done={done}", 303)


# --- for programs ---------------------------------------------------------------------------


def _told(one: Question) -> dict[str, Any]:
    return {
        "id": one.id,
        "lot": one.lot,
        "lang": one.lang,
        "asked": one.asked,
        "state": one.state,
        "question": one.question,
        "answer": one.answer,
        "reason": one.reason,
        "version": one.version,
        "at_ms": int(one.at.timestamp() * 1000),
    }


async def api_questions(own: Own) -> Response:
    """GET /api/desk/questions."""
    found = await questions.queue(own.connection, own.web.vault, own.body, _shown(own))
    return json_answer({"questions": [_told(one) for one in found]})


async def api_answer_question(own: Own) -> Response:
    """POST /api/desk/questions/{question}: `do` is answer or decline."""
    number, body = own.number("question"), own.ask.body
    try:
        if body["do"] == "answer":
            asked, told = _texts(body.get("question")), _texts(body.get("answer"))
            await questions.answer(own.connection, number, own.account, _version(own), asked, told)
        elif body["do"] == "decline":
            reason = str(body.get("reason") or "")
            await questions.decline(own.connection, number, own.account, _version(own), reason)
        else:
            raise Problem(400, "BAD_MESSAGE", "`do` is answer or decline.")
    except HouseError as refused:
        raise Problem(parts.status_of(refused), refused.code, refused.sentence) from None
    return json_answer(_told(await _found(own)))


def _texts(given: Any) -> dict[str, str]:
    """Texts by language. Raises Problem 400."""
    known = isinstance(given, dict) and given.keys() <= set(LANGUAGES)
    if not known or not all(isinstance(text, str) for text in given.values()):
        raise Problem(400, "BAD_MESSAGE", 'Texts are {"vi": …, "en": …}.')
    return dict(given)
