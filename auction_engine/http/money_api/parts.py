"""What the money's JSON handlers share: what was sent, how a refusal is told, rows as objects."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from auction_engine.bank.batch import BatchError
from auction_engine.bank.errors import BankFileError
from auction_engine.bank.sniffing import MAX_BYTES
from auction_engine.desk.money import reading
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import bodies
from auction_engine.http.guard import Handler
from auction_engine.http.money import REFUSALS, Desk, Side, on_desk
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.live.messages import error

MEDIA = ("application/xml", "text/xml", "text/plain", "text/csv", "application/octet-stream")
_UPLOAD_S = 120
_HERE = ("UNKNOWN_LINE", "UNKNOWN_PAYOUT", "UNKNOWN_DISTRIBUTION")
# What has moved on, or is not there yet: the same may be right later, or is done already.
_MOVED = frozenset(
    "SETTLED PAID_ALREADY NOT_EXPECTED LATE CANCELLED RELEASED BUSY NOT_DUE NOT_FAILED CHARGED"
    " NOT_OVER DISTRIBUTED CHANGED INCOMPLETE NOT_DELIVERED NO_PROCEEDS NOT_OFFERED COMPLAINT_OPEN"
    " GUARANTEED AMOUNT_CHANGED NO_BANK_ACCOUNT NOTHING_WAITS NOTHING_OWED NO_BOOK".split()
)
_FIELDS = {
    "NO_REASON": "reason", "UNKNOWN_REQUEST": "request", "NO_PAYEE": "name", "BAD_BIN": "bin",
    "BAD_DAY": "requested_on", "BAD_DAYS": "until", "NOTHING_HELD": "since", "UNKNOWN_LOT": "lot",
    "NOTHING_WAITS": "lot", "TOO_MUCH": "lot", "UNKNOWN_TERM": "term", "TOO_LITTLE": "term",
    "EXPIRED": "valid_until", "NO_GUARANTOR": "guarantor", "BAD_AMOUNT": "amount_minor",
    "NO_PAYOUTS": "payouts", "TOO_MANY": "payouts", "NOT_DUE": "payouts", "NOTHING_OWED": "key",
    "ABOVE_MOST": "agreed_minor", "BELOW_LEAST": "agreed_minor", "NOT_AGREED": "agreed_minor",
    "NO_TAKER": "taker", "NO_CLAIM": "taker", "NEEDS_CONSENT": "others_agree",
    "PAID_ALREADY": "request", "NOT_EXPECTED": "request", "LATE": "request",
}  # fmt: skip
_M = TypeVar("_M", bound=BaseModel)
DeskHandler = Callable[[Desk], Awaitable[Response]]


def _no_book(web: Web, ask: Ask, side: Side, words: Words) -> Response:
    said = "There are no books yet: they are opened with the first payment that is asked for."
    return refusal(409, "NO_BOOK", said, [])


def no_books(web: Web, ask: Ask, side: Side, words: Words) -> Response:
    """The list of the books of a house that has none."""
    return json_answer({"books": []})


def api(
    name: str, handler: DeskHandler, *, file: bool = False, bookless: Any = _no_book
) -> Handler:
    """`handler` as one of the route table, called `name` there. `file`: it takes a bank's file."""

    async def answer(desk: Desk) -> Response:
        try:
            return await handler(desk)
        except REFUSALS as refused:
            return problem(refused)

    made = on_desk(answer, slow=file, bookless=bookless)

    async def with_file(web: Web, ask: Ask) -> Response:
        # Before a connection is taken: whoever sends slowly holds up nobody.
        ask.body = await _file_of(ask.request)
        return await made(web, ask)

    found = with_file if file else made
    found.__name__, found.__doc__ = name, handler.__doc__
    return found


# --- refusals -----------------------------------------------------------------------------------


def refusal(status: int, code: str, text: str, faults: list[dict[str, str]]) -> Response:
    """A refusal with each single fault."""
    return json_answer({**error(code, text), "faults": faults}, status)


def _fault(path: str, code: str, cure: str) -> dict[str, str]:
    return {"path": path, "code": code, "cure": cure}


def problem(refused: Exception) -> Response:
    """How the money desk refuses: 404 not there, 409 moved on, 403 the same person, else 422."""
    if isinstance(refused, BankFileError):
        faults = [_fault(one.place or "file", one.code, one.text) for one in refused.problems]
        return refusal(422, refused.code, str(refused), faults)
    if isinstance(refused, BatchError):
        faults = [_fault(one.end_to_end or one.field, one.code, one.text) for one in refused.faults]
        return refusal(422, refused.code, str(refused), faults)
    assert isinstance(refused, MoneyError)
    if isinstance(refused, WrongFields):
        return refusal(422, refused.code, str(refused), refused.faults)
    code, text = refused.code, str(refused)
    path = refused.field or _FIELDS.get(code, "")
    if code == "BAD_SHEET":
        path = text.partition(":")[0]
    return refusal(status_of(code), code, text, [_fault(path, code, text)])


def status_of(code: str) -> int:
    """The status for a refusal of the money desk."""
    if code == "SAME_PERSON":
        return 403
    if code in _HERE:
        return 404
    return 409 if code in _MOVED else 422


class WrongFields(MoneyError):
    """What was sent is not what the description asks for."""

    def __init__(self, wrong: ValidationError) -> None:
        self.faults = [
            _fault(".".join(str(step) for step in one["loc"]) or "body", "WRONG_FIELD", one["msg"])
            for one in wrong.errors(include_url=False, include_context=False, include_input=False)
        ]
        first = self.faults[0]
        super().__init__("WRONG_FIELD", f"{first['path']}: {first['cure']}.", first["path"])


def read(desk: Desk, model: type[_M]) -> _M:
    """What was sent, as `model` says. Raises WrongFields."""
    try:
        return model.model_validate(desk.ask.body, strict=True)
    except ValidationError as wrong:
        raise WrongFields(wrong) from None


async def _file_of(request: Request) -> dict[str, Any]:
    """The file that is the request's body, and what `?filename=` calls it.

    Raises Problem 400, 408, 413, 415.
    """
    if bodies.media_type(request) not in MEDIA:
        raise Problem(415, "UNSUPPORTED_TYPE", f"Send the file as one of {', '.join(MEDIA)}.")
    chunks, size = [], 0
    try:
        async with asyncio.timeout(_UPLOAD_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise bodies.too_large()
                chunks.append(chunk)
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "BAD_MESSAGE") from None
    named = "".join(x for x in request.query_params.get("filename", "")[:200] if x.isprintable())
    return {"file": b"".join(chunks), "filename": named.strip() or "statement"}


# --- rows as objects ----------------------------------------------------------------------------


def told(row: Any, *names: str) -> dict[str, Any]:
    """These columns of a row."""
    return {name: row[name] for name in names}


def act_told(row: Any) -> dict[str, Any]:
    """What somebody did."""
    return {**told(row, "id", "at", "kind", "by", "reason"), "data": orjson.loads(row["body"])}


async def acts_of(desk: Desk, kinds: tuple[str, ...], of: dict[str, Any]) -> list[dict[str, Any]]:
    """Who did these things to something, in order."""
    found = await reading.acts(desk.connection, desk.book.id, kinds, of)
    return [act_told(row) for row in found]


def book_told(book: reading.Book) -> dict[str, Any]:
    """A book and its account."""
    return {
        "id": book.id,
        "name": book.name,
        "currency": book.currency,
        "minor_digits": book.minor_digits,
        "account": account_told(book.holder, book.account, book.bic, book.bin),
    }


def account_told(
    name: str | None, account: str | None, bic: str | None, number: str | None
) -> dict[str, Any] | None:
    """An account at a bank; None where there is none yet."""
    if account is None:
        return None
    return {"name": name or "", "account": account, "bic": bic, "bin": number}


def counted(found: list[reading.Counted]) -> list[dict[str, Any]]:
    """How many of what."""
    return [one._asdict() for one in found]
