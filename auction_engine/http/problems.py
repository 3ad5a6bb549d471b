"""Everything a request can be refused for, and how storage failures become such refusals."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import asyncpg
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from auction_engine.errors import AuctionError
from auction_engine.identity.passwords import PasswordsBusy

_log = structlog.get_logger(__name__)
T = TypeVar("T")

TEXTS = {
    "BAD_MESSAGE": "The request was not understood.",
    "BAD_CSRF": "The request did not come from a page of this visit; reload the page.",
    "WRONG_ORIGIN": "This origin may not send requests here.",
    "SIGN_IN_NEEDED": "Sign in first.",
    "WRONG_PASSWORD": "Login and password do not match.",
    "SECOND_STEP_NEEDED": "The password is right; this account also asks for a code.",
    "WRONG_CODE": "This code is wrong, has been used, or is too old.",
    "WRONG_PASSKEY": "This passkey could not be checked.",
    "NO_PASSKEYS_HERE": "Passkeys need a domain of their own and https; this address has none.",
    "TOO_MANY_PASSKEYS": "An account has at most ten passkeys; remove one first.",
    "PROVE_FIRST": "Prove who you are again first: the last proof is older than ten minutes.",
    "FORBIDDEN": "Your role does not allow this.",
    "NOT_A_BIDDER": "Only bidders may do this.",
    "NOT_FOUND": "There is nothing at this address.",
    "UNKNOWN_LOT": "There is no such lot.",
    "UNKNOWN_SERVICE": "This push service is not on the list of services.",
    "UNKNOWN_SESSION": "There is no such session.",
    "METHOD_NOT_ALLOWED": "This address does not take this method.",
    "TIMED_OUT": "The request did not arrive in time.",
    "TOO_LARGE": "The request is too large.",
    "UNSUPPORTED_TYPE": "The body is not of a type this address takes.",
    "RATE_LIMITED": "Too many requests; wait a moment.",
    "INTERNAL": "The server failed; bids reported as recorded are safe.",
    "STALE_LINK": "This link is unknown, used or too old; ask for a new one.",
    "NOT_YET": "This cannot be erased yet: an auction is under way, or money is on its way.",
    "UNAVAILABLE": "A part of the server does not answer; try again in a moment.",
    "NOT_READY": "The program is not ready.",
}


class Problem(Exception):
    """A request that is not served. `code` is stable; `retry_s` becomes Retry-After."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str | None = None,
        retry_s: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(text or TEXTS[code])
        self.status = status
        self.code = code
        self.text = text or TEXTS[code]
        self.retry_s = retry_s
        self.headers = headers or {}
        if retry_s is not None:
            self.headers["Retry-After"] = str(retry_s)


class Unavailable(AuctionError):
    """The ledger or the log did not answer in time, or said it cannot."""


_WRONG_STATEMENTS = (ProgrammingError, IntegrityError, DataError)
_AWAY = (
    RedisError,
    OSError,
    TimeoutError,
    PoolTimeout,
    DBAPIError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


class Storage:
    """Runs every call to the ledger and the log in a task that no request can cancel.

    A cancelled call could leave its reply on a pooled connection for somebody else to read. The
    request only waits, with a deadline; the call ends by the clients' own timeouts. At most
    `waiting_max` calls are under way, so a storm is refused instead of piling up.
    """

    def __init__(self, deadline_s: float = 6.0, waiting_max: int = 2_000) -> None:
        self._deadline_s = deadline_s
        self._waiting_max = waiting_max
        self._tasks: set[asyncio.Task[Any]] = set()
        # Below the client's connections (http/serve.py): beyond them it fails instead of waiting.
        self._log_calls = asyncio.Semaphore(32)

    async def ledger(self, call: Coroutine[Any, Any, T]) -> T:
        """The result of a call to PostgreSQL. Raises Unavailable."""
        return await self._run(call, "ledger")

    async def log(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of a call to Valkey. Raises Unavailable."""

        async def in_turn() -> T:
            async with self._log_calls:
                return await call()

        return await self._run(in_turn(), "log")

    async def _run(self, call: Coroutine[Any, Any, T], part: str) -> T:
        if len(self._tasks) >= self._waiting_max:
            call.close()
            raise Unavailable(f"Too many calls wait for the {part}.")
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=self._deadline_s)
        if not done:
            raise Unavailable(f"The {part} did not answer within {self._deadline_s:g} s.")
        try:
            return task.result()
        except _WRONG_STATEMENTS:
            raise
        except _AWAY as error:
            _log.warning("storage_away", part=part, error=type(error).__name__)
            raise Unavailable(f"The {part} does not answer.") from None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may have stopped waiting; nothing is left unread


def problem_of(error: AuctionError) -> Problem:
    """The refusal for an expected failure of the parts below."""
    from auction_engine.identity.access import Elsewhere, Forbidden, SignInNeeded

    if isinstance(error, SignInNeeded):
        return Problem(401, "SIGN_IN_NEEDED")
    if isinstance(error, Forbidden):
        return Problem(403, "FORBIDDEN", error.sentence)
    if isinstance(error, Elsewhere):
        return Problem(404, "NOT_FOUND")
    if isinstance(error, PasswordsBusy):
        return Problem(503, "UNAVAILABLE", error.sentence, retry_s=3)
    return Problem(503, "UNAVAILABLE", retry_s=2)
