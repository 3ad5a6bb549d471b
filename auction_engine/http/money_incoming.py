"""What has come in: a bank's file is taken, and every line can be found again."""

import asyncio
from typing import Any

from starlette.responses import Response

from auction_engine.bank.sniffing import MAX_BYTES
from auction_engine.desk.money import importing, reading
from auction_engine.desk.money.importing import Imported
from auction_engine.desk.reading import Lots
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import PAGE, REFUSALS, Desk, said
from auction_engine.http.money_pages import facts
from auction_engine.http.money_suspense import ACTS
from auction_engine.http.presenting import AmountError, parse_amount
from auction_engine.http.problems import Problem
from auction_engine.ledger import store

_EXPORTED = 20_000
_TIMEOUT_S = 160.0


async def incoming(desk: Desk) -> Response:
    """GET …/money/incoming: the bank's lines, searched and paged, and the form to bring a file."""
    return await _page(desk)


async def _page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    wanted = desk.query("format", 4)
    most = _EXPORTED if wanted else PAGE + 1
    found = await reading.lines(
        desk.connection,
        desk.book.id,
        search=desk.query("q"),
        amount_minor=amount_of(desk, desk.query("q")),
        states=states_of(desk),
        file=desk.query_number("file"),
        before=desk.query_number("before"),
        limit=most,
    )
    if wanted:
        return exports.answer(wanted, [_table(desk, found)], desk.book, desk.ask.lang)
    number = desk.query_number("file")
    shown = found[:PAGE]
    return desk.page(
        "incoming.html",
        "incoming",
        status,
        problem=problem,
        found=shown,
        older=shown[-1]["id"] if len(found) > PAGE else None,
        result=None
        if number is None
        else await reading.file(desk.connection, desk.book.id, number),
        files=await reading.files(desk.connection, desk.book.id),
        states=reading.LINE_STATES,
        most_mb=MAX_BYTES // 1_000_000,
    )


def states_of(desk: Desk) -> tuple[str, ...]:
    """The one state of lines that was asked for, if any."""
    state = desk.query("state", 20)
    return (state,) if state in reading.LINE_STATES else ()


def amount_of(desk: Desk, text: str) -> int | None:
    """What was searched for, where it reads as an amount."""
    try:
        return parse_amount(text, desk.book.minor_digits)
    except AmountError:
        return None


async def upload(desk: Desk) -> Response:
    """POST …/money/incoming: take a statement; a file that is not whole changes nothing."""
    data, filename = desk.ask.body["file"], desk.ask.body["filename"]
    try:
        done = await taken(desk, data, filename or "statement")
    except REFUSALS as error:
        return await _page(desk, said(desk, error), 422)
    again = "again" if done.repeat else "imported"
    return desk.away("/incoming", again, file=done.file)


async def taken(desk: Desk, data: bytes, filename: str) -> Imported:
    """What came of a bank's file. Raises BankFileError, MoneyError."""
    # In a thread: reading fifty thousand lines must not hold up anybody's bid.
    return await asyncio.to_thread(lambda: asyncio.run(_import(desk, data, filename)))


async def _import(desk: Desk, data: bytes, filename: str) -> Imported:
    connection = await store.connect(
        desk.web.settings.database_url or "", timeout_s=_TIMEOUT_S, application="auction-import"
    )
    try:
        return await importing.import_file(
            connection, Lots(), desk.book.id, filename, data, desk.account
        )
    finally:
        connection.terminate()


async def line(desk: Desk) -> Response:
    """GET …/money/incoming/{line}: one line as the bank told it, and what became of it."""
    found = await reading.line(desk.connection, desk.book.id, desk.number("line"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return desk.page(
        "line.html",
        "incoming",
        line=found,
        acts=await reading.acts(
            desk.connection,
            desk.book.id,
            ACTS,
            {"line": found["id"]},
        ),
    )


def _table(desk: Desk, found: list[Any]) -> Table:
    t = desk.words.t
    columns = (
        Column(t("money.col.line"), "number"),
        Column(t("money.col.booked_on"), "day"),
        Column(t("money.col.amount"), "money"),
        Column(t("money.col.name"), "text", 30),
        Column(t("money.col.account"), "text", 22),
        Column(t("money.col.bank"), "text", 14),
        Column(t("money.col.text"), "text", 50),
        Column(t("money.col.bank_ref"), "text", 20),
        Column(t("money.col.state"), "text", 20),
        Column(t("money.col.reason"), "text", 40),
        Column(t("money.col.reference"), "text", 16),
        Column(t("money.col.file"), "text", 30),
    )
    rows = [
        (
            row["id"],
            row["booked_on"],
            row["amount_minor"],
            row["name"],
            row["account"],
            row["bank"],
            row["text"],
            row["bank_ref"],
            t(f"money.line.{row['state']}"),
            t(f"money.reason.{row['reason']}") if row["state"] in _OPEN else None,
            ", ".join(row["refs"] or ()),
            row["filename"],
        )
        for row in found
    ]
    about = desk.query("q")
    more = ((t("money.search"), about),) if about else ()
    return Table("incoming", t("money.incoming.title"), columns, rows, facts(desk, *more))


_OPEN = ("SUSPENSE", "UNEXPLAINED")
