"""Money nobody has placed yet: the line and what it may be for, side by side."""

from datetime import timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from auction_engine.desk.money import reading, reading_suspense, requests, suspense
from auction_engine.desk.money.matching import Expected, plain
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.money.requests import Request
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import PAGE, Desk, said
from auction_engine.http.money_pages import facts
from auction_engine.http.problems import Problem
from auction_engine.rules.postings.entry import Name

REASONS = (
    "UNKNOWN", "LIKELY", "SEVERAL", "SHORT", "OVERPAID", "DUPLICATE", "LATE", "NOT_EXPECTED",
    "UNEXPLAINED",
)  # fmt: skip
_OPEN = ("SUSPENSE", "UNEXPLAINED")
ACTS = ("allocate", "send_back", "make_good", "share_interest", "park", "mature")
OWED = ("RECEIVABLE.UNEXPLAINED", "RECEIVABLE.ANNULLED")
_EXPORTED = 20_000
# No law names a day for money that was sent by mistake; three working days are the refunds'.
RETURN = timedelta(days=3)


class Choice(NamedTuple):
    """A request beside the line, and where they differ. `outcome` is what giving it would do.

    `outcome`: WHOLE, OVERPAID (`rest_minor` stays), SHORT or PART (`rest_minor` is missing), or
    why it cannot be: PAID_ALREADY, NOT_EXPECTED, LATE.
    """

    request: Request
    expected: Expected
    outcome: str
    take_minor: int
    rest_minor: int
    same_amount: bool
    same_name: bool
    title: dict[str, str] | None

    @property
    def possible(self) -> bool:
        return self.outcome in ("WHOLE", "OVERPAID", "SHORT", "PART")


async def listing(desk: Desk) -> Response:
    """GET …/money/suspense: what nobody has placed, the oldest first by reason."""
    reason = desk.query("reason", 20)
    wanted = desk.query("format", 4)
    found = await reading.lines(
        desk.connection,
        desk.book.id,
        states=_OPEN,
        reason=reason if reason in REASONS else None,
        search=desk.query("q"),
        before=desk.query_number("before"),
        limit=_EXPORTED if wanted else PAGE + 1,
    )
    if wanted:
        return exports.answer(wanted, [_table(desk, found)], desk.book, desk.ask.lang)
    shown = found[:PAGE]
    return desk.page(
        "suspense.html",
        "suspense",
        found=shown,
        older=shown[-1]["id"] if len(found) > PAGE else None,
        counts=await reading.in_suspense(desk.connection, desk.book.id),
        chosen=reason if reason in REASONS else "",
    )


async def line(desk: Desk) -> Response:
    """GET …/money/suspense/{line}: whose is it? `?request=` shows what giving it would do."""
    return await _line_page(desk)


async def _line_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    row = await reading.line(desk.connection, desk.book.id, desk.number("line"))
    if row is None:
        raise Problem(404, "NOT_FOUND")
    choices = []
    if row["state"] == "SUSPENSE":
        picked = desk.query_number("request")
        numbers = await reading_suspense.likely(desk.connection, desk.book.id, row, desk.query("q"))
        if picked is not None and picked not in numbers:
            numbers.insert(0, picked)
        choices = await choices_of(desk, row, numbers)
    acts = await reading.acts(desk.connection, desk.book.id, ACTS, {"line": row["id"]})
    number = desk.query_number("request")
    owed = []
    if row["state"] == "SUSPENSE":
        owed = await reading_suspense.owed_to_us(desk.connection, desk.book.id, OWED)
    terms, waiting = [], []
    if desk.side.kind == "AGENCY":
        if row["state"] == "SUSPENSE":
            terms = await reading_suspense.terms(desk.connection, desk.book.id)
        elif row["state"] == "UNEXPLAINED":
            waiting = await reading_suspense.waiting(desk.connection, desk.book.id)
    named = desk.query("owed", 80)
    return desk.page(
        "suspense_line.html",
        "suspense",
        status,
        problem=problem,
        line=row,
        choices=choices,
        chosen=next((one for one in choices if one.request.id == number), None),
        owed=owed,
        repaid=next((one for one in owed if f"{one.code} {one.key}" == named), None),
        sending=desk.query("send", 1) == "1",
        return_on=desk.today + RETURN,
        acts=acts,
        terms=terms,
        waiting=waiting,
        titles=await desk.titles({one.lot for one in (*terms, *waiting)}),
    )


async def choices_of(desk: Desk, row: Any, numbers: list[int]) -> list[Choice]:
    """What the line could be for, of these requests; the possible ones first."""
    found = await requests.expected(desk.connection, desk.lots, desk.book.id, numbers)
    titles = await desk.titles({request.lot for request, _ in found.values()})
    made = [
        _choice(row, *found[number], titles.get(found[number][0].lot))
        for number in numbers
        if number in found
    ]
    return sorted(made, key=lambda one: not one.possible)


def _choice(row: Any, request: Request, expected: Expected, title: dict[str, str] | None) -> Choice:
    """What `suspense.allocate` would do with the line."""
    left = row["left_minor"]
    own = left if row["reason"] == "SHORT" and row["request_id"] == request.id else 0
    missing = expected.amount_minor - (expected.short_minor - own)
    take, rest = min(left, missing), abs(left - missing)
    outcome = "WHOLE" if left == missing else "OVERPAID"
    if left < missing:
        outcome = "PART" if request.purpose == "PRICE" else "SHORT"
    late = expected.due_on is not None and row["booked_on"] > expected.due_on
    if late and request.purpose == "DEPOSIT":
        outcome = "LATE"
    if not expected.open:
        outcome = "NOT_EXPECTED"
    if expected.paid:
        outcome = "PAID_ALREADY"
    return Choice(
        request,
        expected,
        outcome,
        take,
        rest,
        left == missing,
        bool(plain(expected.name))
        and sorted(plain(expected.name).split()) == sorted(plain(row["name"]).split()),
        title,
    )


async def allocate(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/allocate."""
    line, request = desk.number("line"), desk.field("request", 16)
    try:
        if not (request.isascii() and request.isdecimal()):
            raise MoneyError("UNKNOWN_REQUEST", "Choose what it was paid for.")
        await suspense.allocate(
            desk.connection,
            desk.lots,
            desk.book.id,
            line,
            int(request),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "allocated")


async def send_back(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/send-back."""
    line = desk.number("line")
    try:
        await suspense.send_back(
            desk.connection,
            desk.book.id,
            line,
            desk.account,
            desk.field("reason"),
            desk.today + RETURN,
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "sent_back")


async def make_good(desk: Desk) -> Response:
    """POST …/money/suspense/{line}/make-good: it pays what somebody owes this book."""
    line = desk.number("line")
    code, _, key = desk.field("owed", 80).partition(" ")
    try:
        await suspense.make_good(
            desk.connection,
            desk.book.id,
            line,
            Name(code, key),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await refused(desk, error)
    return desk.away(f"/suspense/{line}", "allocated")


async def refused(desk: Desk, error: MoneyError) -> Response:
    """The line's page with what went wrong. Raises Problem 404."""
    if error.code == "UNKNOWN_LINE":
        raise Problem(404, "NOT_FOUND")
    # Pressed twice, or somebody was quicker: the page says what has become of it.
    status = 409 if error.code in ("SETTLED", "PAID_ALREADY", "NOT_EXPECTED", "LATE") else 422
    return await _line_page(desk, said(desk, error), status)


def _table(desk: Desk, found: list[Any]) -> Table:
    t = desk.words.t
    columns = (
        Column(t("money.col.line"), "number"),
        Column(t("money.col.booked_on"), "day"),
        Column(t("money.col.amount"), "money"),
        Column(t("money.col.left"), "money"),
        Column(t("money.col.reason"), "text", 50),
        Column(t("money.col.since"), "moment"),
        Column(t("money.col.name"), "text", 30),
        Column(t("money.col.account"), "text", 22),
        Column(t("money.col.text"), "text", 50),
    )
    rows = [
        (
            row["id"],
            row["booked_on"],
            row["amount_minor"],
            row["left_minor"],
            t(f"money.reason.{row['reason']}"),
            row["opened_at"],
            row["name"],
            row["account"],
            row["text"],
        )
        for row in found
    ]
    return Table("suspense", t("money.suspense.title"), columns, rows, facts(desk))
