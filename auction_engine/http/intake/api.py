"""The register for programs of the agency: lines, one with everything, and the answer to it."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from auction_engine.desk.cases.record import CaseError
from auction_engine.desk.intake import deciding, reading
from auction_engine.desk.intake.deciding import Decided, Opened
from auction_engine.desk.intake.documents import without_papers
from auction_engine.desk.intake.reading import Line
from auction_engine.desk.intake.record import IntakeError
from auction_engine.http.intake import asking
from auction_engine.http.intake.parts import Desk, refusal
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_MOST_NUMBER = 2**53


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "order_number": line.number,
        "kind": line.kind,
        "sender": line.sender,
        "issuer": line.issuer,
        "number": line.document_number,
        "issued_on": line.issued_on.isoformat(),
        "received_ms": _ms(line.received_at),
        "answer_by": None if line.answer_by is None else line.answer_by.isoformat(),
        "state": line.state,
        "decided_ms": _ms(line.decided_at),
        "ground": line.ground,
        "case": line.case_id,
        "case_number": line.case_number,
        "parties": list(line.parties),
    }


async def agency_intake(desk: Desk) -> Response:
    """GET /api/agency/intake: lines of the register."""
    given = desk.ask.request.query_params
    filters, page = asking.filters_of(given), asking.page_of(given)
    skip = (page - 1) * reading.PAGE
    lines = await reading.lines(desk.connection, desk.web.vault, desk.agency, filters, skip)
    return json_answer(
        {
            "lines": [_line(line) for line in lines],
            "count": await reading.count(desk.connection, desk.agency, filters),
            "page": page,
        }
    )


async def agency_intake_line(desk: Desk) -> Response:
    """GET /api/agency/intake/{intake}: one line with everything."""
    whole = await reading.whole(desk.connection, desk.web.vault, desk.agency, desk.item)
    if whole is None:
        raise Problem(404, "NOT_FOUND")
    document = without_papers(whole.document)
    document.pop("papers", None)
    return json_answer(
        {
            "line": _line(whole.line),
            "document": document,
            "papers": [paper._asdict() for paper in whole.papers],
            "reason": whole.reason,
            "receipt": whole.receipt,
            "sha256": whole.sha256,
            "jti": whole.jti,
            "kid": whole.kid,
            "signature": whole.signature,
            "together": [_line(one.line) for one in whole.together],
            "cases": [{"id": one.id, "number": one.number} for one in whole.cases],
        }
    )


async def agency_intake_decision(desk: Desk) -> Response:
    """POST /api/agency/intake/{intake}/decision: accept, join to a case, or refuse."""
    try:
        done = await _decide(desk)
    except (IntakeError, CaseError) as refused:
        return refusal(refused)
    return json_answer(
        {"state": done.state, "at_ms": _ms(done.at), "case": done.case, "repeat": done.repeat}
    )


async def _decide(desk: Desk) -> Decided:
    connection, vault, given = desk.connection, desk.web.vault, desk.ask.body
    who = (desk.agency, desk.account, desk.item)
    match given["decision"]:
        case "ACCEPT":
            title = given.get("title")
            opened = Opened(
                _text(given, "number"),
                title if isinstance(title, dict) else {},
                _text(given, "decision_number"),
                _text(given, "decision_on"),
                _text(given, "opened_on"),
            )
            return await deciding.accept(connection, vault, *who, opened)
        case "JOIN":
            number, add = given.get("case"), given.get("add_parties")
            if type(number) is not int or not 0 < number < _MOST_NUMBER:
                raise Problem(400, "BAD_MESSAGE", "`case` is the number of a case.")
            if add not in (None, True, False):
                raise Problem(400, "BAD_MESSAGE", "`add_parties` is true or false.")
            return await deciding.join(connection, vault, *who, number, bool(add))
        case "REFUSE":
            ground: Any = _text(given, "ground")
            return await deciding.refuse(connection, vault, *who, ground, _text(given, "reason"))
    raise Problem(400, "BAD_MESSAGE", "`decision` is ACCEPT, JOIN or REFUSE.")


def _text(given: dict[str, Any], name: str) -> str:
    """A text of the body, "" where none was given. Raises Problem 400."""
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` is a text.")
    return "".join(letter for letter in value if letter.isprintable() or letter == "\n")
