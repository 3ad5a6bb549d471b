"""What a bank does of its own: interest on the escrow, term deposits put away and come back."""

from datetime import date

from starlette.responses import Response

from auction_engine.desk.money import parking
from auction_engine.desk.money.interest import share_interest
from auction_engine.desk.money.record import MoneyError
from auction_engine.http.money import Desk
from auction_engine.http.money_suspense import refused

_MOST_DIGITS = 15


def day_of(desk: Desk, name: str, code: str) -> date:
    """The day in a field of the form. Raises MoneyError `code`."""
    try:
        return date.fromisoformat(desk.field(name, 10))
    except ValueError:
        raise MoneyError(code, "Choose a day.") from None


def number_of(text: str, code: str) -> int:
    """A number chosen from a list. Raises MoneyError `code`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise MoneyError(code, "Choose one of the list.")
    return int(text)


async def interest(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/interest: it is shared among those whose deposits lay there."""
    line = desk.number("line")
    try:
        await share_interest(
            desk.connection,
            desk.book.id,
            line,
            day_of(desk, "since", "BAD_DAYS"),
            day_of(desk, "until", "BAD_DAYS"),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "allocated")


async def park(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/park: the bank put a lot's money into a term deposit."""
    line = desk.number("line")
    try:
        await parking.park(
            desk.connection,
            desk.lots,
            desk.book.id,
            line,
            number_of(desk.field("lot", 16), "UNKNOWN_LOT"),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "allocated")


async def mature(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/mature: a term deposit came back, `term` is `lot/number`."""
    line = desk.number("line")
    lot, _, term = desk.field("term", 40).partition("/")
    try:
        await parking.mature(
            desk.connection,
            desk.lots,
            desk.book.id,
            line,
            number_of(lot, "UNKNOWN_TERM"),
            number_of(term, "UNKNOWN_TERM"),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "allocated")
