"""The money desk's pages: what they have in common.

An organisation's accountants see its own books, an agency's officers the agency's; the pages are
the same. Everything runs over a connection of its own, a few at a time, so that
accountants never take one from the bidders' pages.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from starlette.responses import RedirectResponse, Response

from auction_engine.bank.batch import BatchError
from auction_engine.bank.errors import BankFileError
from auction_engine.desk.money import reading
from auction_engine.desk.money.reading import Book
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.reading import Lots
from auction_engine.http.guard import Handler
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import ZONE
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.web import Ask, Web
from auction_engine.ledger import store
from auction_engine.rules import calendar
from auction_engine.rules.postings.chart import BookKind

PAGE = 50
_AT_ONCE = 4
# What people wait for at most: a page, and a statement of fifty thousand lines.
_PAGE_S, _IMPORT_S = 10.0, 170.0
_MOST_NUMBER = 2**53


class Side(NamedTuple):
    """Whose money it is: the kind of book, where its pages are, its account at the bank."""

    kind: BookKind
    base: str
    bank: str


SIDES = {
    "organisation": Side("ORGANISATION", "/desk/money", "BANK.ESCROW"),
    "officer": Side("AGENCY", "/agency/money", "BANK.AGENCY"),
}


class Given(dict[str, Any]):
    """What was asked or typed; a field that was not is nothing."""

    def __missing__(self, name: str) -> None:
        return None


class Parts:
    """What one process has for the money pages: a place in line, and lots read before."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_AT_ONCE)
        self.for_bidders = asyncio.Semaphore(_AT_ONCE)
        self.storage = Storage(_PAGE_S, waiting_max=64)
        self.slow = Storage(_IMPORT_S, waiting_max=4)
        self._lots: list[Lots] = []

    def take(self) -> Lots:
        """Lots read by a request that has ended; never two requests with the same."""
        return self._lots.pop() if self._lots else Lots()

    def give_back(self, lots: Lots) -> None:
        self._lots.append(lots)


_parts: WeakKeyDictionary[Web, Parts] = WeakKeyDictionary()


def parts_of(web: Web) -> Parts:
    """The process's parts for the money pages."""
    return _parts.setdefault(web, Parts())


@dataclass(slots=True)
class Desk:
    """One request of an accountant: who asks, over which connection, in which book."""

    web: Web
    ask: Ask
    connection: Any
    lots: Lots
    side: Side
    books: list[Book]
    book: Book
    words: Words

    @property
    def account(self) -> int:
        assert self.ask.viewer is not None
        return self.ask.viewer.account

    @property
    def today(self) -> date:
        """The local day by the log's clock."""
        return calendar.local_day(self.web.now_ms(), ZONE.key)

    def number(self, name: str) -> int:
        """A number of the address. Raises Problem 404."""
        found = self.ask.request.path_params[name]
        if not 0 < found < _MOST_NUMBER:
            raise Problem(404, "NOT_FOUND")
        return int(found)

    def query(self, name: str, most: int = 100) -> str:
        """A parameter of the address, shortened; what no text may hold is left out."""
        text = self.ask.request.query_params.get(name, "")[:most]
        return "".join(letter for letter in text if letter.isprintable()).strip()

    def query_number(self, name: str) -> int | None:
        text = self.query(name, 16)
        found = int(text) if text.isascii() and text.isdecimal() else 0
        return found if 0 < found < _MOST_NUMBER else None

    def field(self, name: str, most: int = 500) -> str:
        """A field of the form, tidied."""
        text = " ".join(str(self.ask.body.get(name, "")).split())
        return "".join(letter for letter in text if letter.isprintable())[:most]

    def url(self, path: str = "", **query: Any) -> str:
        """An address of this desk, in the same book."""
        return address(self.side, self.books, self.book, path, query)

    def away(self, path: str, done: str, **query: Any) -> Response:
        """Redirect after something was done; the next page says so."""
        return RedirectResponse(self.url(path, done=done, **query), 303)

    async def titles(self, lots: set[int]) -> dict[int, dict[str, str]]:
        """The titles of lots, for links."""
        found = {lot: await self.web.catalogue.lot(lot) for lot in lots}
        return {
            lot: content["title"]
            for lot, content in found.items()
            if content and "title" in content
        }

    def page(self, template: str, here: str, status: int = 200, **context: Any) -> Response:
        """A page of the desk. `problem` in `context` is shown on top."""
        done = self.query("done", 30)
        return self.web.page(
            self.ask,
            f"money/{template}",
            status,
            **{
                "problem": None,
                "here": here,
                "side": self.side,
                "book": self.book,
                "books": self.books,
                "url": self.url,
                "say": self.words,
                "me": self.account,
                "today": self.today,
                "done": done if self.words.has(f"money.done.{done}") else "",
                "asked": Given(self.ask.request.query_params),
                "typed": Given(self.ask.body),
                **context,
            },
        )


def address(side: Side, books: list[Book], book: Book, path: str, query: dict[str, Any]) -> str:
    """An address of the desk; the book is named where there are several."""
    named = {name: value for name, value in query.items() if value not in (None, "")}
    if len(books) > 1:
        named["book"] = book.id
    return f"{side.base}{path}" + (f"?{urlencode(named)}" if named else "")


DeskHandler = Callable[[Desk], Awaitable[Response]]
Bookless = Callable[[Web, Ask, Side, Words], Response]


def _no_book(web: Web, ask: Ask, side: Side, words: Words) -> Response:
    return web.page(ask, "money/empty.html", here="", side=side, say=words)


def on_desk(handler: DeskHandler, *, slow: bool = False, bookless: Bookless = _no_book) -> Handler:
    """`handler` as one of the route table, given its desk; `slow` where a file is taken in.

    `bookless` answers while the house has no book.
    """

    async def answer(web: Web, ask: Ask) -> Response:
        parts = parts_of(web)
        storage = parts.slow if slow else parts.storage
        return await storage.ledger(_answer(web, ask, parts, handler, slow, bookless))

    answer.__name__ = handler.__name__
    answer.__doc__ = handler.__doc__
    return answer


async def _answer(
    web: Web, ask: Ask, parts: Parts, handler: DeskHandler, slow: bool, bookless: Bookless
) -> Response:
    assert ask.viewer is not None
    side = SIDES[ask.viewer.role]
    words = Words(web.presenter, ask.lang, side.base)
    async with parts.free:
        connection = await store.connect(
            web.settings.database_url or "",
            timeout_s=_IMPORT_S if slow else _PAGE_S,
            application="auction-money",
        )
        lots = parts.take()
        try:
            books = await reading.books_of_body(connection, side.kind, ask.viewer.body)
            if not books:
                return bookless(web, ask, side, words)
            book = _chosen(ask, books)
            desk = Desk(web, ask, connection, lots, side, books, book, words)
            return await handler(desk)
        finally:
            connection.terminate()
            parts.give_back(lots)


def _chosen(ask: Ask, books: list[Book]) -> Book:
    """The one of the own books named in the address or the form, else the first.

    Raises Problem 404: another's book is none.
    """
    text = str(ask.body.get("book") or ask.request.query_params.get("book", ""))
    if not text:
        return books[0]
    found = next((book for book in books if str(book.id) == text), None)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


class Said(NamedTuple):
    """What went wrong, for the page: the sentence, each single problem, and where it belongs."""

    code: str
    text: str
    list: tuple[tuple[str, str], ...] = ()
    more: bool = False


REFUSALS = (MoneyError, BankFileError, BatchError)


def said(desk: Desk, error: Exception) -> Said:
    """A refusal of the money desk in the reader's language."""
    words = desk.words
    if isinstance(error, BankFileError):
        rows = tuple((one.place, words.file_problem(one.code, one.text)) for one in error.problems)
        return Said(error.code, words.t("money.error.file", n=len(rows)), rows, error.more)
    if isinstance(error, BatchError):
        faults = tuple((one.end_to_end, one.text) for one in error.faults)
        return Said(error.code, words.t("money.error.batch"), faults, error.more)
    assert isinstance(error, MoneyError)
    return Said(error.code, words.error(error.code, str(error)))
