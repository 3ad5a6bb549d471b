"""What the pages of a person's own affairs share: a connection of their own, words, lots in memory.

Everything runs over connections of its own, a few at a time, so that who looks back never takes one
from who is bidding.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response

from auction_engine.http.guard import Handler
from auction_engine.http.lettering import public_base
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.web import Ask, Web
from auction_engine.ledger import store
from auction_engine.live.views import LotView

_AT_ONCE = 4
_PAGE_S = 10.0
_MOST_NUMBER = 2**53
_NOT_PUBLIC = ("DRAFT", "CONTRACTED")


class _Parts:
    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_AT_ONCE)
        self.storage = Storage(_PAGE_S, waiting_max=64)


_parts: WeakKeyDictionary[Web, _Parts] = WeakKeyDictionary()


@dataclass(slots=True)
class Own:
    """One request of a signed-in person, and the connection it reads over."""

    web: Web
    ask: Ask
    connection: Any
    words: Words

    @property
    def account(self) -> int:
        assert self.ask.viewer is not None
        return self.ask.viewer.account

    @property
    def body(self) -> int:
        """The organisation or agency of the viewer; 0 is nobody's."""
        assert self.ask.viewer is not None
        return self.ask.viewer.body or 0

    def number(self, name: str) -> int:
        """A number of the address. Raises Problem 404."""
        found = self.ask.request.path_params[name]
        if not 0 < found < _MOST_NUMBER:
            raise Problem(404, "NOT_FOUND")
        return int(found)

    def query_number(self, name: str) -> int | None:
        """A number that was asked for behind the `?`; None for anything else."""
        text = self.ask.request.query_params.get(name, "")[:16]
        found = int(text) if text.isascii() and text.isdecimal() else 0
        return found if 0 < found < _MOST_NUMBER else None

    def field(self, name: str, most: int) -> str:
        """A field of the form: its lines kept, what cannot be printed left out."""
        text = str(self.ask.body.get(name, "")).replace("\r\n", "\n")
        kept = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
        return kept.strip()[: most + 1]

    def link(self, path: str) -> str:
        """A page of ours with this installation's address, to be passed on."""
        return public_base(self.web.settings) + path

    async def lot(self, number: int) -> tuple[dict[str, Any], LotView] | None:
        """A lot and its live view, if it is public."""
        found = await self.web.view(number)
        if found is None or found[1].state is None or found[1].state.status in _NOT_PUBLIC:
            return None
        return found

    async def titles(self, lots: set[int]) -> dict[int, dict[str, str]]:
        """The titles of lots, for links; a number where there is none."""
        found = {lot: await self.web.catalogue.lot(lot) for lot in lots}
        return {
            lot: (content or {}).get("title", {"vi": f"{lot}", "en": f"{lot}"})
            for lot, content in found.items()
        }

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page of the person's own, with the words it needs."""
        done = self.ask.request.query_params.get("done", "")[:30]
        known = self.words.has(f"after.done.{done}")
        return self.web.page(
            self.ask,
            f"afterwards/{template}",
            status,
            headers={"Cache-Control": "private, no-store"},
            **{"say": self.words, "done": done if known else "", "problem": None, **context},
        )


OwnHandler = Callable[[Own], Awaitable[Response]]


def own(handler: OwnHandler) -> Handler:
    """`handler` as one of the route table, with a connection."""

    async def answer(web: Web, ask: Ask) -> Response:
        parts = _parts.setdefault(web, _Parts())
        return await parts.storage.ledger(_answer(web, ask, parts, handler))

    answer.__name__ = handler.__name__
    answer.__doc__ = handler.__doc__
    return answer


async def _answer(web: Web, ask: Ask, parts: _Parts, handler: OwnHandler) -> Response:
    words = Words(web.presenter, ask.lang, "/mine")
    async with parts.free:
        connection = await store.connect(
            web.settings.database_url or "", timeout_s=_PAGE_S, application="auction-own"
        )
        try:
            return await handler(Own(web, ask, connection, words))
        finally:
            connection.terminate()
