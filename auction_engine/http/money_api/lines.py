"""A bank's lines for other systems: files brought and heard, and where each line's money is."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import payouts, reading
from auction_engine.desk.money.record import MoneyError
from auction_engine.http.money import PAGE, Desk
from auction_engine.http.money_api.parts import acts_of, counted, told
from auction_engine.http.money_incoming import amount_of, states_of, taken
from auction_engine.http.money_suspense import ACTS, REASONS
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_OPEN = ("SUSPENSE", "UNEXPLAINED")
_FILES = 50
_LINE = (
    "id", "filename", "place", "booked_on", "value_on", "amount_minor", "left_minor",
    "given_minor", "bank_ref", "end_to_end", "text", "name", "account", "bank", "returned",
    "state", "reason", "opened_at", "closed_at", "outcome", "request_id",
)  # fmt: skip
_FILE = (
    "id", "filename", "format", "lines", "known", "left_out", "closing_minor", "closing_on", "at",
    "by",
)  # fmt: skip


def line_told(row: Any) -> dict[str, Any]:
    """A bank's line and where its money is now."""
    return {
        **told(row, *_LINE),
        "file": row["file_id"],
        "references": row["refs"] or [],
        "lots": row["lots"] or [],
        "purposes": row["purposes"] or [],
    }


async def line_of(desk: Desk, number: int) -> Any:
    """The line. Raises Problem 404."""
    found = await reading.line(desk.connection, desk.book.id, number)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def take_file(desk: Desk) -> Response:
    """POST …/money/incoming: take a statement; a file that is not whole changes nothing."""
    done = await taken(desk, desk.ask.body["file"], desk.ask.body["filename"])
    return json_answer(done._asdict())


async def hear(desk: Desk) -> Response:
    """POST …/money/answers: the bank's answer (pain.002) to a batch."""
    try:
        counts = await payouts.hear(
            desk.connection, desk.book.id, desk.ask.body["file"], desk.account
        )
    except MoneyError as error:
        raise MoneyError(error.code, str(error), "file") from None
    return json_answer(counts)


async def incoming(desk: Desk) -> Response:
    """GET …/money/incoming: the bank's lines, searched and paged, newest first."""
    number = desk.query_number("file")
    found = await reading.lines(
        desk.connection,
        desk.book.id,
        search=desk.query("q"),
        amount_minor=amount_of(desk, desk.query("q")),
        states=states_of(desk),
        file=number,
        before=desk.query_number("before"),
        limit=PAGE + 1,
    )
    result = None
    if number is not None:
        result = await reading.file(desk.connection, desk.book.id, number)
    return json_answer({**_paged(found), "file": None if result is None else _outcome(result)})


def _paged(found: list[Any]) -> dict[str, Any]:
    shown = found[:PAGE]
    return {
        "lines": [line_told(row) for row in shown],
        "older": shown[-1]["id"] if len(found) > PAGE else None,
    }


def _outcome(result: reading.FileResult) -> dict[str, Any]:
    return {
        "file": told(result.file, *_FILE),
        "states": counted(result.states),
        "reasons": counted(result.reasons),
    }


async def line(desk: Desk) -> Response:
    """GET …/money/incoming/{line}: one line as the bank told it, and what became of it."""
    row = await line_of(desk, desk.number("line"))
    acts = await acts_of(desk, ACTS, {"line": row["id"]})
    return json_answer({"line": line_told(row), "acts": acts})


async def files(desk: Desk) -> Response:
    """GET …/money/files: the files taken last."""
    found = await reading.files(desk.connection, desk.book.id, _FILES)
    return json_answer({"files": [told(row, *_FILE) for row in found]})


async def waiting(desk: Desk) -> Response:
    """GET …/money/suspense: what nobody has placed yet."""
    reason = desk.query("reason", 20)
    found = await reading.lines(
        desk.connection,
        desk.book.id,
        states=_OPEN,
        reason=reason if reason in REASONS else None,
        search=desk.query("q"),
        before=desk.query_number("before"),
        limit=PAGE + 1,
    )
    counts = await reading.in_suspense(desk.connection, desk.book.id)
    return json_answer({**_paged(found), "counts": counted(counts)})
