"""Money that arrived and is nobody's yet: a person says whose it is, or it goes back."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from auction_engine.desk.money import requests
from auction_engine.desk.money.allocating import Given
from auction_engine.desk.money.payouts import Payee, Payout, plan
from auction_engine.desk.money.record import MoneyError, act, done_before, lock_requests
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules.postings import chart, deposits
from auction_engine.rules.postings.entry import Cause, Name

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TRIES = 3


def patient(act: Callable[_P, Awaitable[_T]]) -> Callable[_P, Awaitable[_T]]:
    """`act` on a line, tried again when somebody else was at the line in the same moment."""

    @wraps(act)
    async def tried(*given: _P.args, **named: _P.kwargs) -> _T:
        for _ in range(_TRIES - 1):
            try:
                return await act(*given, **named)
            except MoneyError as error:
                if error.code != "BUSY":
                    raise
        return await act(*given, **named)

    return tried


@patient
async def allocate(
    connection: Any, lots: Lots, book: int, line: int, request: int, account: int, reason: str
) -> bool:
    """A person says what a line was paid for; a short one may lie with others for the rest.

    Returns False where that very person has said so before and nothing is to do. Raises
    MoneyError: UNKNOWN_LINE, SETTLED, UNKNOWN_REQUEST, PAID_ALREADY, NOT_EXPECTED, LATE,
    NO_REASON, NOT_OURS.
    """
    _reason(reason)
    async with connection.transaction():
        row = await opened(connection, book, line, request)
        _received(row)
        found = await requests.expected(connection, lots, book, [request])
        if request not in found:
            raise MoneyError("UNKNOWN_REQUEST", "No such payment is expected in this book.")
        asked, expected = found[request]
        if expected.paid:
            raise MoneyError("PAID_ALREADY", f"{asked.reference} has been paid in full.")
        if not expected.open:
            raise MoneyError("NOT_EXPECTED", "The sale does not want this payment any more.")
        late = expected.due_on is not None and row["booked_on"] > expected.due_on
        if late and asked.purpose == "DEPOSIT":
            raise MoneyError("LATE", "It arrived after the last day; it has to go back.")
        body = {"line": line, "request": request}
        if row["reason"] == "SHORT" and row["request_id"] == request:
            if await done_before(connection, book, account, "allocate", body, reason):
                return False
        number = await act(connection, book, account, "allocate", body, reason)
        left = await books.balance(connection, book, Name("LIAB.SUSPENSE", chart.of_line(line)))
        # What lies there as SHORT for this request already is not counted twice.
        own = left if row["reason"] == "SHORT" and row["request_id"] == request else 0
        missing = expected.amount_minor - (expected.short_minor - own)
        if left < missing and asked.purpose != "PRICE":
            await connection.execute(
                "UPDATE suspense SET reason = 'SHORT', request_id = $2, act_id = $3"
                " WHERE line_id = $1",
                line,
                request,
                number,
            )
            return True
        take = min(left, missing)
        short = await requests.short_parts(connection, [request])
        lay = [] if asked.purpose == "PRICE" else short.get(request, [])
        given = Given()
        given.add(asked, lay, line, take, Cause("ACT", number))
        await given.write(connection)
        if take < left:
            await connection.execute(
                "UPDATE suspense SET reason = 'OVERPAID', request_id = $2, act_id = $3"
                " WHERE line_id = $1",
                line,
                request,
                number,
            )
        else:
            await close(connection, line, "ALLOCATED", number)
    return True


@patient
async def send_back(
    connection: Any, book: int, line: int, account: int | None, reason: str, due_on: date | None
) -> None:
    """What is left of a line goes back to who sent it. Raises MoneyError UNKNOWN_LINE, SETTLED."""
    _reason(reason)
    async with connection.transaction():
        row = await opened(connection, book, line)
        _received(row)
        number = await act(connection, book, account, "send_back", {"line": line}, reason)
        left = await books.balance(connection, book, Name("LIAB.SUSPENSE", chart.of_line(line)))
        await books.post(connection, [deposits.to_return(book, line, left, Cause("ACT", number))])
        await plan(
            connection,
            book,
            [
                Payout(
                    f"return:{line}",
                    "RETURN",
                    None,
                    0,
                    Name("LIAB.RETURN", chart.of_line(line)),
                    left,
                    Payee(row["name"], row["account"], row["bank"]),
                    f"Hoan tra {row['bank_ref'] or row['place']}",
                    due_on,
                )
            ],
        )
        await close(connection, line, "SENT_BACK", number)


@patient
async def make_good(
    connection: Any, book: int, line: int, owed: Name, account: int, reason: str
) -> int:
    """A line pays what somebody owes us: a debit nobody ordered, or a share of an annulled sale.

    `owed` is the RECEIVABLE account. Returns what was taken (minor units); the rest stays in
    suspense. Raises MoneyError: UNKNOWN_LINE, SETTLED, NOT_OURS, NOTHING_OWED, NO_REASON.
    """
    _reason(reason)
    if owed.code not in _MADE_GOOD:
        raise MoneyError("NOTHING_OWED", f"{owed.code} is not owed to this book by payment.")
    async with connection.transaction():
        row = await opened(connection, book, line)
        _received(row)
        left = await books.balance(connection, book, Name("LIAB.SUSPENSE", chart.of_line(line)))
        take = min(left, await books.balance(connection, book, owed))
        if take <= 0:
            raise MoneyError("NOTHING_OWED", f"Nothing is owed on {owed}.")
        body = {"line": line, "code": owed.code, "key": owed.key}
        number = await act(connection, book, account, "make_good", body, reason)
        key, cause = f"made-good:{line}/act:{number}", Cause("ACT", number)
        entry = deposits.allocated(book, _MADE_GOOD[owed.code], key, [(line, take)], owed, cause)
        await books.post(connection, [entry])
        debit = owed.key.removeprefix("line:")
        if owed.code == "RECEIVABLE.UNEXPLAINED" and not await books.balance(
            connection, book, owed
        ):
            await close(connection, int(debit), "MADE_GOOD", number)
        if take == left:
            await close(connection, line, "MADE_GOOD", number)
    return take


_MADE_GOOD = {
    "RECEIVABLE.UNEXPLAINED": "unexplained.made_good",
    "RECEIVABLE.ANNULLED": "annulled.recovered",
}


def _received(row: Any) -> None:
    if row["amount_minor"] < 0:
        raise MoneyError("NOT_OURS", "The bank took this money; nothing of it is left to give.")


async def opened(connection: Any, book: int, line: int, request: int | None = None) -> Any:
    """The line in suspense, with the requests that it lies short for, or goes to, locked."""
    before = await connection.fetchval("SELECT request_id FROM suspense WHERE line_id = $1", line)
    await lock_requests(connection, {one for one in (before, request) if one is not None})
    row = await connection.fetchrow(
        "SELECT s.reason, s.request_id, s.closed_at, l.amount_minor, l.booked_on, l.name,"
        " l.account, l.bank, l.bank_ref, l.place"
        " FROM suspense s JOIN bank_line l ON l.id = s.line_id"
        " WHERE s.line_id = $1 AND s.book_id = $2 FOR UPDATE OF s",
        line,
        book,
    )
    if row is None:
        raise MoneyError("UNKNOWN_LINE", "No such line lies in suspense in this book.")
    if row["request_id"] != before:
        raise MoneyError("BUSY", "Somebody else is at this line; try again.")
    if row["closed_at"] is not None:
        raise MoneyError("SETTLED", "This line has been settled already; look at the list again.")
    return row


async def close(connection: Any, line: int, outcome: str, number: int) -> None:
    """Nothing of the line lies in suspense any more."""
    await connection.execute(
        "UPDATE suspense SET closed_at = now(), outcome = $2, act_id = $3 WHERE line_id = $1",
        line,
        outcome,
        number,
    )


def _reason(reason: str) -> None:
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down why; it goes into the record.")
