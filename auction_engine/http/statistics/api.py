"""Figures for programs: numbers, not texts."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.statistics.computing import BYS, Answer, Broken
from auction_engine.desk.statistics.figures import FIGURES
from auction_engine.http.guard import Handler
from auction_engine.http.problems import Problem
from auction_engine.http.statistics import asking
from auction_engine.http.statistics.asking import SIDES
from auction_engine.http.statistics.words import Words
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.pack_words import citation


def answer_of(name: str) -> Handler:
    """The handler of a side's figures."""
    side = SIDES[name]

    async def answer(web: Web, ask: Ask) -> Response:
        by = ask.request.query_params.get("by", "")
        if by and by not in BYS:
            raise Problem(400, "BAD_MESSAGE", f"`by` must be one of {', '.join(BYS)}.")
        asked = asking.understand(web, ask, side)
        known: Any = by
        if by in ("day", "month", "quarter"):
            # Too many steps would be cut short without a word; the page chooses longer ones.
            if asking.too_many(asked, known):
                raise Problem(400, "BAD_MESSAGE", "Ask for a shorter period, or longer steps.")
        found = await asking.answer(web, asked, known or None)
        return json_answer(told(found))

    answer.__name__ = f"{name}_statistics"
    answer.__doc__ = "GET /api…/statistics."
    return answer


async def definitions(web: Web, ask: Ask) -> Response:
    """GET /api/statistics/figures: what each figure is."""
    words = {lang: Words(web.presenter, lang, "VND", 0) for lang in ("vi", "en")}
    return json_answer(
        {
            "figures": [
                {
                    "key": one.key,
                    "unit": one.unit,
                    "public": one.public,
                    "name": {lang: say.name(one.key) for lang, say in words.items()},
                    "definition": {lang: say.define(one.key) for lang, say in words.items()},
                    "basis": _basis(one.basis),
                }
                for one in FIGURES
            ]
        }
    )


def _basis(basis: str) -> dict[str, str] | None:
    if not basis:
        return None
    said = citation(basis)
    return {"vi": said.vi, "en": said.en}


def told(answer: Answer) -> dict[str, Any]:
    """An answer as JSON."""
    question = answer.question
    return {
        "from": question.period.first.isoformat(),
        "to": question.period.last.isoformat(),
        "by": question.by,
        "currency": question.currency,
        "minor_digits": answer.minor_digits,
        "total": answer.total,
        "parts": {key: [_part(one) for one in found] for key, found in answer.parts.items()},
        "groups": [
            {
                "key": one.key,
                "name": one.name,
                "figures": one.values,
                "parts": {
                    key: [_part(part) for part in of.get(one.key, [])]
                    for key, of in answer.parts_of.items()
                },
            }
            for one in answer.groups
        ],
    }


def _part(part: Broken) -> dict[str, Any]:
    return {"code": part.code, "number": part.number, "minor": part.minor}
