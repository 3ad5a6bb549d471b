"""What the door for senders and the agency's register share: connections, limits, refusals."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from starlette.responses import Response

from auction_engine.desk.cases.record import CaseError
from auction_engine.desk.intake import receiptkey, record
from auction_engine.desk.intake.receiptkey import Signer
from auction_engine.desk.intake.record import IntakeError
from auction_engine.http.guard import Handler
from auction_engine.http.lettering import public_base
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem, Storage
from auction_engine.http.rates import Rates
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity.jose import JwsError
from auction_engine.ledger import store
from auction_engine.live.messages import error

T = TypeVar("T")
# Nobody who sends or reads takes a connection from those who bid.
_AT_ONCE = 4
_CALL_S = 20.0
# Messages under way, of some megabytes each at most.
_BODIES = 32
_MOST_NUMBER = 2**53
BASE = "/agency/intake"
# What a refusal is over HTTP; every other is a message that says something wrong.
_STATUS = {
    "NOT_SIGNED": 400, "BAD_HEADER": 400, "NOT_JSON": 400, "BAD_CLAIMS": 400, "BAD_JTI": 400,
    "BAD_IAT": 400, "UNKNOWN_KEY": 403, "RETIRED_KEY": 403, "WRONG_ALGORITHM": 403,
    "BAD_SIGNATURE": 403, "WRONG_ISSUER": 403, "WRONG_AUDIENCE": 403, "NOT_ALLOWED": 403,
    "UNKNOWN": 404, "DUPLICATE": 409, "JTI_REUSED": 409, "DECIDED": 409, "OTHER_CASE": 409,
}  # fmt: skip


class Parts:
    """What one process has for the intake."""

    def __init__(self, web: Web) -> None:
        self._url = web.settings.database_url or ""
        self._web = web
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._storage = Storage(_CALL_S, waiting_max=200)
        self._signer: Signer | None = None
        self.bodies = asyncio.Semaphore(_BODIES)
        limits = web.settings.limits
        self.rates = Rates(limits.messages_per_s, limits.messages_burst)

    async def run(self, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives with a connection of its own. Raises Unavailable."""

        async def call() -> T:
            async with self._free:
                connection = await store.connect(
                    self._url, timeout_s=_CALL_S, application="auction-intake"
                )
                try:
                    return await work(connection)
                finally:
                    connection.terminate()

        return await self._storage.ledger(call())

    async def signer(self, connection: Any) -> Signer:
        """The installation's own signer."""
        if self._signer is None:
            base = public_base(self._web.settings)
            self._signer = await receiptkey.obtain(connection, self._web.vault, base)
        return self._signer


_parts: WeakKeyDictionary[Web, Parts] = WeakKeyDictionary()


def parts_of(web: Web) -> Parts:
    """The process's parts for the intake."""
    found = _parts.get(web)
    if found is None:
        found = _parts[web] = Parts(web)
    return found


def refusal(refused: IntakeError | JwsError | CaseError) -> Response:
    """A refusal as the API gives it, with every fault and its place."""
    status = _STATUS.get(refused.code, 422)
    answer = error(refused.code, refused.sentence)
    if isinstance(refused, JwsError):
        return json_answer(answer | {"faults": []}, status)
    faults = [
        {"path": one.path[:200], "code": one.code, "text": one[2]} for one in refused.faults[:100]
    ]
    if isinstance(refused, CaseError):
        answer = error("INVALID" if refused.path else refused.code, refused.sentence)
        status = 422 if refused.path else 409
    return json_answer(answer | {"faults": faults}, status)


@dataclass(slots=True)
class Desk:
    """One request of an officer, and the connection it works over."""

    web: Web
    ask: Ask
    connection: Any
    words: Words

    @property
    def account(self) -> int:
        assert self.ask.viewer is not None
        return self.ask.viewer.account

    @property
    def agency(self) -> int:
        """The viewer's agency; 0 is nobody's."""
        assert self.ask.viewer is not None
        return self.ask.viewer.body or 0

    @property
    def item(self) -> int:
        """The line of the register in the address. Raises Problem 404."""
        found = self.ask.request.path_params["intake"]
        if not 0 < found < _MOST_NUMBER:
            raise Problem(404, "NOT_FOUND")
        return int(found)

    def field(self, name: str, most: int = 300) -> str:
        """A field of the form: its lines kept, what cannot be printed left out."""
        text = str(self.ask.body.get(name, "")).replace("\r\n", "\n")
        kept = "".join(letter for letter in text if letter.isprintable() or letter == "\n")
        return kept.strip()[: most + 1]

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page of the register."""
        done = self.ask.request.query_params.get("done", "")[:30]
        known = self.words.has(f"intake.done.{done}")
        return self.web.page(
            self.ask,
            f"intake/{template}",
            status,
            headers={"Cache-Control": "private, no-store"},
            **{
                "say": self.words,
                "base": BASE,
                "done": done if known else "",
                "faults": [],
                "today": record.today(),
                **context,
            },
        )


def desk(handler: Callable[[Desk], Awaitable[Response]]) -> Handler:
    """`handler` as one of the route table, with a connection."""

    async def answer(web: Web, ask: Ask) -> Response:
        words = Words(web.presenter, ask.lang, BASE)

        async def work(connection: Any) -> Response:
            return await handler(Desk(web, ask, connection, words))

        return await parts_of(web).run(work)

    answer.__name__ = handler.__name__
    answer.__doc__ = handler.__doc__
    return answer
