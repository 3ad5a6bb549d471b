"""Lines that have arrived are given to what they were paid for, or wait with a reason."""

from collections import Counter
from typing import Any, NamedTuple

from auction_engine.bank.statement import BankLine
from auction_engine.desk.money import record, references, requests
from auction_engine.desk.money.matching import Expected, Verdict, judge
from auction_engine.desk.money.requests import Request
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules.postings import chart, deposits
from auction_engine.rules.postings.deposits import Part
from auction_engine.rules.postings.entry import Cause, Entry, Name


class Incoming(NamedTuple):
    """A statement line as it is kept."""

    id: int
    line: BankLine


class Taking:
    """The lines of one file on their way to what they are for; counts what became of them.

    Everything is read before the first line and written after the last, in a few statements.
    """

    def __init__(self, connection: Any, lots: Lots, book: int, bank: str) -> None:
        self._connection = connection
        self._lots = lots
        self.book = book
        self.bank = bank  # the code of the account at the bank
        self.allocated = 0
        self.booked = 0
        self.suspense: Counter[str] = Counter()
        self._found: dict[int, tuple[Request, Expected]] = {}
        self._short: dict[int, list[Part]] = {}
        self._given = Given()
        self._waiting: list[tuple[int, str, int | None]] = []

    async def take(self, incoming: list[Incoming]) -> None:
        """Judge each line, in order, against what is expected when its turn comes."""
        named = {one.id: _numbers(one.line) for one in incoming}
        numbers = {number for of_line in named.values() for number in of_line}
        await record.lock_requests(self._connection, numbers)
        amounts = {one.line.amount_minor for one in incoming if not named[one.id]}
        self._found = await requests.expected(
            self._connection, self._lots, self.book, numbers, amounts
        )
        self._short = await requests.short_parts(self._connection, numbers)
        similar: dict[int, list[int]] = {}
        for number, (request, _) in self._found.items():
            similar.setdefault(request.amount_minor, []).append(number)
        for one in incoming:
            of_line = named[one.id]
            like = () if of_line else similar.get(one.line.amount_minor, ())
            verdict = judge(
                one.line.amount_minor,
                one.line.booked_on,
                [self._found[number][1] for number in of_line if number in self._found],
                [self._found[number][1] for number in like],
                one.line.name,
            )
            self._follow(one, verdict)
        await self._write()

    def _follow(self, one: Incoming, verdict: Verdict) -> None:
        number = verdict.request
        if verdict.take_minor and number is not None:
            request, expected = self._found[number]
            parts = [] if request.purpose == "PRICE" else self._short.pop(number, [])
            self._given.add(request, parts, one.id, verdict.take_minor, Cause("LINE", one.id))
            self.allocated += 1
            paid = expected.short_minor + verdict.take_minor
            expected = expected._replace(
                short_minor=paid if request.purpose == "PRICE" else 0,
                paid=paid >= expected.amount_minor,
            )
            self._found[number] = (request, expected)
        if verdict.reason is None:
            return
        if verdict.reason == "SHORT" and number is not None:
            request, expected = self._found[number]
            short = expected.short_minor + one.line.amount_minor
            self._found[number] = (request, expected._replace(short_minor=short))
            self._short.setdefault(number, []).append((one.id, one.line.amount_minor))
        guess = verdict.likely[0] if len(verdict.likely) == 1 else None
        self._waiting.append((one.id, verdict.reason, number if number is not None else guess))
        self.suspense[verdict.reason] += 1

    async def _write(self) -> None:
        if self._waiting:
            await self.wait(self._waiting)
        await self._given.write(self._connection)

    async def wait(self, lines: list[tuple[int, str, int | None]]) -> None:
        """Put lines into suspense: each with its reason, and the request it may be for."""
        await self._connection.execute(
            "INSERT INTO suspense (book_id, line_id, reason, request_id)"
            " SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[])",
            self.book,
            *map(list, zip(*lines, strict=True)),
        )


def _numbers(line: BankLine) -> list[int]:
    found = references.find(line.text, line.end_to_end)
    return [number for number in map(references.number_of, found) if number is not None]


class Given:
    """What is given to requests, written together."""

    def __init__(self) -> None:
        self._parts: list[tuple[int, int, int]] = []
        self._whole: list[int] = []
        self._entries: list[Entry] = []

    def add(
        self, request: Request, short: list[Part], line: int, take_minor: int, cause: Cause
    ) -> None:
        """Give `take_minor` of a line, and the lines that lay short for it, to the request."""
        parts = [*(part for part in short if part[0] != line), (line, take_minor)]
        self._parts += [(number, request.id, amount) for number, amount in parts]
        self._whole += [number for number, _ in parts[:-1]]
        self._entries.append(entry_for(request, parts, line, cause))

    async def write(self, connection: Any) -> None:
        """Close what lay short, note what was given for what, and post it."""
        if not self._entries:
            return
        await connection.execute(
            "UPDATE suspense SET closed_at = now(), outcome = 'ALLOCATED'"
            " WHERE line_id = ANY($1::bigint[])",
            self._whole,
        )
        await connection.execute(
            "INSERT INTO allocation (line_id, request_id, amount_minor)"
            " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])",
            *map(list, zip(*self._parts, strict=True)),
        )
        await books.post(connection, self._entries)


def entry_for(request: Request, parts: list[Part], line: int, cause: Cause) -> Entry:
    """The transfer that gives `parts` to what the request is for."""
    lot = request.lot
    if request.purpose == "DEPOSIT":
        return deposits.held(request.book, request.id, lot, request.payer, parts, cause)
    kinds = {"EARNEST": "earnest.received", "PRICE": "price.paid", "TOP_UP": "top_up.paid"}
    account = "LIAB.ESTATE" if request.purpose == "TOP_UP" else "LIAB.PURCHASE_PRICE"
    key = f"{request.purpose.lower()}:{request.id}/line:{line}"
    to = Name(account, chart.of_lot(lot))
    return deposits.allocated(request.book, kinds[request.purpose], key, parts, to, cause)
