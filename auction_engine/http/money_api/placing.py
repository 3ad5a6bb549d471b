"""Money nobody has placed, for other systems: what a line may be, and saying what it is.

A line that is settled already is a refusal, unless this very act by this very account settled it:
then the answer is what that came to.
"""

from collections.abc import Awaitable
from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import parking, reading_suspense, suspense
from auction_engine.desk.money.interest import share_interest
from auction_engine.desk.money.record import MoneyError, done_before
from auction_engine.http import models_money_api as sent
from auction_engine.http.money import Desk
from auction_engine.http.money_api.lines import line_of, line_told
from auction_engine.http.money_api.parts import acts_of, read
from auction_engine.http.money_suspense import ACTS, OWED, RETURN, Choice, choices_of
from auction_engine.http.web import json_answer
from auction_engine.rules.postings.entry import Name

# What an act that has been done says when it is tried again.
_AFTER = ("SETTLED", "PAID_ALREADY", "NOTHING_OWED", "UNKNOWN_TERM", "NOTHING_WAITS")


async def line(desk: Desk) -> Response:
    """GET …/money/suspense/{line}: everything the line may be."""
    row = await line_of(desk, desk.number("line"))
    connection, book = desk.connection, desk.book.id
    choices: list[Choice] = []
    owed: list[Any] = []
    terms: list[Any] = []
    waiting: list[Any] = []
    agency = desk.side.kind == "AGENCY"
    if row["state"] == "SUSPENSE":
        numbers = await reading_suspense.likely(connection, book, row, desk.query("q"))
        choices = await choices_of(desk, row, numbers)
        owed = await reading_suspense.owed_to_us(connection, book, OWED)
        terms = await reading_suspense.terms(connection, book) if agency else []
    elif row["state"] == "UNEXPLAINED" and agency:
        waiting = await reading_suspense.waiting(connection, book)
    return json_answer(
        {
            "line": line_told(row),
            "acts": await acts_of(desk, ACTS, {"line": row["id"]}),
            "requests": [_choice(one) for one in choices],
            "owed": [one._asdict() for one in owed],
            "terms": [one._asdict() for one in terms],
            "waiting": [one._asdict() for one in waiting],
        }
    )


def _choice(one: Choice) -> dict[str, Any]:
    return {
        "request": one.request.id,
        "purpose": one.request.purpose,
        "lot": one.request.lot,
        "reference": one.request.reference,
        "name": one.expected.name,
        "due_on": one.expected.due_on,
        "outcome": one.outcome,
        "take_minor": one.take_minor,
        "rest_minor": one.rest_minor,
        "same_amount": one.same_amount,
        "same_name": one.same_name,
    }


async def _placed(
    desk: Desk, act: Awaitable[Any], kind: str, about: dict[str, Any], reason: str
) -> Response:
    """The line after an act on it, or after the same act done before."""
    number, repeat = desk.number("line"), False
    try:
        repeat = await act is False
    except MoneyError as error:
        same = (kind, {"line": number, **about}, reason)
        if error.code not in _AFTER or not await done_before(
            desk.connection, desk.book.id, desk.account, *same
        ):
            raise
        repeat = True
    return json_answer({"line": line_told(await line_of(desk, number)), "repeat": repeat})


async def allocate(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/allocate: it was paid for that."""
    said, line = read(desk, sent.Allocation), desk.number("line")
    done = suspense.allocate(
        desk.connection, desk.lots, desk.book.id, line, said.request, desk.account, said.reason
    )
    return await _placed(desk, done, "allocate", {"request": said.request}, said.reason)


async def send_back(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/send-back: what is left of it goes back to who sent it."""
    said, line = read(desk, sent.WhyMoney), desk.number("line")
    done = suspense.send_back(
        desk.connection, desk.book.id, line, desk.account, said.reason, desk.today + RETURN
    )
    return await _placed(desk, done, "send_back", {}, said.reason)


async def make_good(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/make-good: it pays what somebody owes the book."""
    said, line = read(desk, sent.MadeGood), desk.number("line")
    owed = Name(said.code, said.key)
    done = suspense.make_good(desk.connection, desk.book.id, line, owed, desk.account, said.reason)
    return await _placed(desk, done, "make_good", owed._asdict(), said.reason)


async def interest(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/interest: shared among those whose deposits lay there."""
    said, line = read(desk, sent.InterestShared), desk.number("line")
    done = share_interest(
        desk.connection, desk.book.id, line, said.since, said.until, desk.account, said.reason
    )
    about = {"since": said.since.isoformat(), "until": said.until.isoformat()}
    return await _placed(desk, done, "share_interest", about, said.reason)


async def park(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/park: the bank put a lot's money into a term deposit."""
    said, line = read(desk, sent.TermParked), desk.number("line")
    done = parking.park(
        desk.connection, desk.lots, desk.book.id, line, said.lot, desk.account, said.reason
    )
    return await _placed(desk, done, "park", {"lot": said.lot}, said.reason)


async def mature(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/mature: a term deposit came back."""
    said, line = read(desk, sent.TermMatured), desk.number("line")
    done = parking.mature(
        desk.connection, desk.lots, desk.book.id, line, said.lot, said.term, desk.account,
        said.reason,
    )  # fmt: skip
    about = {"lot": said.lot, "term": said.term}
    return await _placed(desk, done, "mature", about, said.reason)
