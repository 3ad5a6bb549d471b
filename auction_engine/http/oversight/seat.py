"""What the pages of oversight share: a connection of their own, days and numbers from forms."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from auction_engine.desk.oversight import findings, warrants
from auction_engine.desk.oversight.record import OversightError
from auction_engine.http.afterwards.own import Own
from auction_engine.http.afterwards.own import own as own_request
from auction_engine.http.guard import Handler
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem
from auction_engine.live.views import LotView

_MOST_NUMBER = 2**53
# What a refusal names as the most there may be.
_LIMITS = {
    "days": warrants.MOST_DAYS,
    "lots": warrants.MOST_LOTS,
    "working_days": findings.MOST_WORKING_DAYS,
}


@dataclass(slots=True)
class Seat(Own):
    """One request of somebody who oversees or is overseen."""

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page of these."""
        done = self.ask.request.query_params.get("done", "")[:30]
        known = self.words.has(f"oversight.done.{done}")
        return self.web.page(
            self.ask,
            f"oversight/{template}",
            status,
            headers={"Cache-Control": "private, no-store"},
            **{"say": self.words, "done": done if known else "", "problem": None, **context},
        )

    async def any_lot(self) -> tuple[dict[str, Any], LotView]:
        """The lot in the address, published or not. Raises Problem 404."""
        found = await self.web.view(self.number("lot"))
        if found is None or found[1].state is None:
            raise Problem(404, "UNKNOWN_LOT")
        return found

    def said(self, refused: OversightError) -> str:
        """A refusal in the reader's language."""
        key = f"oversight.error.{refused.code}"
        return self.words.t(key, **_LIMITS) if self.words.has(key) else str(refused)

    def day(self, name: str) -> date:
        """A day of the form. Raises OversightError BAD_DAYS."""
        try:
            return date.fromisoformat(self.field(name, 10))
        except ValueError:
            raise OversightError("BAD_DAYS", "Give each day as it is asked for.") from None

    def whole(self, name: str) -> int | None:
        """A whole number of the form; None where nothing was typed.

        Raises OversightError BAD_NUMBER.
        """
        typed = self.field(name, 16)
        if not typed:
            return None
        if not (typed.isascii() and typed.isdecimal()) or not 0 < int(typed) < _MOST_NUMBER:
            raise OversightError("BAD_NUMBER", "Numbers are whole and above nothing.")
        return int(typed)

    def key(self) -> uuid.UUID:
        """The form's own key. Raises Problem 400."""
        try:
            return uuid.UUID(self.field("key", 36))
        except ValueError:
            raise Problem(400, "BAD_MESSAGE") from None


SeatHandler = Callable[[Seat], Awaitable[Response]]


def seat(handler: SeatHandler) -> Handler:
    """`handler` as one of the route table, with a connection."""

    async def answer(own: Own) -> Response:
        words = Words(own.web.presenter, own.ask.lang, "/oversight")
        return await handler(Seat(own.web, own.ask, own.connection, words))

    answer.__name__ = handler.__name__
    answer.__doc__ = handler.__doc__
    return own_request(answer)
