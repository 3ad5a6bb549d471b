"""What the pages of cases share: a connection with a transaction, words, refusals by their fields.

Everything runs over connections of its own, a few at a time, so that who works at a desk never
takes one from who is bidding. A handler runs in one transaction: what is refused leaves nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response

from auction_engine.desk.admission.checking import Checker
from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import CaseError, Fault
from auction_engine.http.cases.naming import name_of
from auction_engine.http.guard import Handler
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.ledger import store
from auction_engine.live.messages import error
from auction_engine.rules.pack_words import citation

_AT_ONCE = 4
_PAGE_S = 10.0
_MOST_NUMBER = 2**53
_GONE = frozenset(
    "MOVED_ON STOP_FIRST TOO_LATE TOO_EARLY VALUATION_EXPIRED REVALUATION_PENDING CASE_CLOSED"
    " NUMBER_TAKEN REFERENCE_TAKEN CHANGED TAKE_OUT_FIRST OPEN_ASSET OPEN_SALE OPEN_COMPLAINT"
    " OPEN_FINDING OPEN_PAYOUT".split()
)


class _Parts:
    def __init__(self) -> None:
        self.free = asyncio.Semaphore(_AT_ONCE)
        self.storage = Storage(_PAGE_S, waiting_max=64)
        self.checker = Checker()


_parts: WeakKeyDictionary[Web, _Parts] = WeakKeyDictionary()


def checker_of(web: Web) -> Checker:
    """What looks at uploaded files; one per process."""
    return _parts.setdefault(web, _Parts()).checker


@dataclass(slots=True)
class Desk:
    """One request of somebody at a desk, and the connection it works over."""

    web: Web
    ask: Ask
    connection: Any
    words: Words
    faults: dict[str, Fault] = field(default_factory=dict)

    @property
    def account(self) -> int:
        assert self.ask.viewer is not None
        return self.ask.viewer.account

    @property
    def body(self) -> int:
        """The organisation or agency of the viewer; 0 is nobody's."""
        assert self.ask.viewer is not None
        return self.ask.viewer.body or 0

    @property
    def today(self) -> date:
        return record.today(datetime.now(UTC))

    def number(self, name: str) -> int:
        """A number of the address. Raises Problem 404."""
        found = self.ask.request.path_params[name]
        if not 0 < found < _MOST_NUMBER:
            raise Problem(404, "NOT_FOUND")
        return int(found)

    def typed(self, name: str) -> str:
        """A field of the form as it was typed; "" where there is none."""
        return str(self.ask.body.get(name, "")).strip()

    def typed_number(self, name: str) -> int:
        """A number that the form carries; 0 for anything else."""
        text = self.typed(name)[:16]
        found = int(text) if text.isascii() and text.isdecimal() else 0
        return found if found < _MOST_NUMBER else 0

    def said(self, fault: Fault) -> str:
        """A fault in the reader's language."""
        key = f"cases.fault.{fault.code}"
        return self.words.t(key) if self.words.has(key) else fault.cure

    def page(self, template: str, refused: CaseError | None = None, **context: Any) -> Response:
        """A page of the desk; with `refused` what is wrong stands above and beside its fields."""
        faults: Sequence[Fault] = () if refused is None else refused.faults
        self.faults = {one.path: one for one in reversed(faults)}
        done = self.ask.request.query_params.get("done", "")[:30]
        status = 200 if refused is None else status_of(refused)
        form = self.typed("do") or template
        return self.web.page(
            self.ask,
            f"cases/{template}",
            status,
            headers={"Cache-Control": "private, no-store"},
            say=self.words,
            done=done if self.words.has(f"cases.done.{done}") else "",
            faults=faults,
            fault_at=self.faults,
            fault_text=self.said,
            fault_name=lambda fault: name_of(self.words, form, fault.path),
            cite=lambda article: getattr(citation(article), self.ask.lang),
            today=self.today,
            **context,
        )

    def sure(self, what: str, back: str, **values: Any) -> Response | None:
        """The page that asks once before what cannot be undone; None where that was answered.

        It carries on what the form said. `cases.sure.WHAT.*` are its texts.
        """
        if self.typed("sure") == "yes":
            return None
        kept = {name: value for name, value in self.ask.body.items()
                if name not in ("csrf", "sure") and isinstance(value, str)}  # fmt: skip
        return self.page("sure.html", what=what, back=back, kept=kept, values=values)


def status_of(refused: CaseError) -> int:
    """404 for what is not there, 409 for what has moved on, 422 for what was filled in wrongly."""
    if refused.code.startswith("UNKNOWN_") and not refused.path:
        return 404
    return 409 if refused.code in _GONE else 422


def problem(refused: CaseError) -> Response:
    """A refusal for programs: the first fault as `code`, all of them in `faults`."""
    told = error(refused.code, str(refused))
    told["faults"] = [
        {"path": one.path, "code": one.code, "cure": one.cure} for one in refused.faults
    ]
    return json_answer(told, status_of(refused))


DeskHandler = Callable[[Desk], Awaitable[Response]]


class _Undone(Exception):
    """Ends a transaction whose answer is a refusal drawn as a page."""

    def __init__(self, response: Response) -> None:
        self.response = response


def desk(handler: DeskHandler) -> Handler:
    """`handler` as one of the route table, in a transaction of its own."""

    async def answer(web: Web, ask: Ask) -> Response:
        parts = _parts.setdefault(web, _Parts())
        return await parts.storage.ledger(_answer(web, ask, parts, handler))

    answer.__name__ = handler.__name__
    answer.__doc__ = handler.__doc__
    return answer


async def _answer(web: Web, ask: Ask, parts: _Parts, handler: DeskHandler) -> Response:
    words = Words(web.presenter, ask.lang, "/agency")
    async with parts.free:
        connection = await store.connect(
            web.settings.database_url or "", timeout_s=_PAGE_S, application="auction-cases"
        )
        try:
            async with connection.transaction():
                response = await handler(Desk(web, ask, connection, words))
                if response.status_code >= 400:
                    raise _Undone(response)
                return response
        except _Undone as undone:
            return undone.response
        except CaseError as refused:
            if ask.kind == "api":
                return problem(refused)
            if status_of(refused) == 404:
                raise Problem(404, "NOT_FOUND") from None
            raise
        finally:
            connection.terminate()


async def acted(desk: Desk, act: Awaitable[Any]) -> tuple[Any, CaseError | None]:
    """What an act gives, or its refusal; nothing of a refused act stays."""
    try:
        async with desk.connection.transaction():
            return await act, None
    except CaseError as refused:
        if status_of(refused) == 404:
            raise
        return None, refused
