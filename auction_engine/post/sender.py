"""The sender: takes letters from the outbox and hands them to the mail server.

It runs in every gateway. A letter is held by a row lock while it is handed over, so one process at
a time has it, and a process that dies gives it back. What is recorded after the server has answered
can be lost with the connection: then, and only then, a letter is handed over twice.
"""

import asyncio
import random
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson
import structlog

from auction_engine import metrics
from auction_engine.errors import AuctionError
from auction_engine.ledger import store
from auction_engine.post.message import Written, compose
from auction_engine.post.smtp import Answer, Conversation, Outcome, Server
from auction_engine.settings import Settings

_LOOK_S = 1.0
_FIRST_RETRY_S = 15.0
_LONGEST_RETRY_S = 4 * 3600.0
# So long servers are tried by custom (RFC 5321 §4.5.4.1: four to five days).
GIVE_UP = timedelta(days=5)
_COUNT_S = 15.0
_DUE = """
    SELECT l.id, l.account_id, l.address, l.kind, l.lang, l."values", l.secrets, l.attempts,
           now() - l.created_at AS age, p.email, p.data, p.lang AS person_lang
      FROM letter l LEFT JOIN person p ON p.account_id = l.account_id
     WHERE l.state = 'QUEUED' AND l.next_at <= now()
     ORDER BY l.next_at LIMIT 1 FOR UPDATE OF l SKIP LOCKED
"""
_STANDS = """
    UPDATE letter SET state = $2, error = $3, attempts = attempts + 1,
           sent_at = CASE WHEN $2 = 'SENT' THEN now() END,
           address = CASE WHEN $2 = 'KEPT' THEN address END,
           secrets = CASE WHEN $2 = 'KEPT' THEN secrets END
     WHERE id = $1
"""
_LATER = """
    UPDATE letter SET attempts = attempts + $4, error = $3, next_at = now() + $2 WHERE id = $1
"""
_COUNTS = "SELECT state, count(*) FROM letter WHERE state IN ('QUEUED', 'DEAD') GROUP BY state"
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_log = structlog.get_logger(__name__)


class Opener(Protocol):
    """What opens sealed values (`identity.vault.Vault`)."""

    def open(self, sealed: bytes, context: str) -> bytes: ...


class Pen(Protocol):
    """What puts a letter into words (`http.lettering.Lettering`)."""

    def write(self, kind: str, lang: str, name: str | None, values: dict[str, Any]) -> Written: ...


class Sender:
    """Sends what is in the outbox, for as long as it runs; any number may run at once."""

    def __init__(
        self,
        settings: Settings,
        opener: Opener,
        pen: Pen,
        look_s: float = _LOOK_S,
        first_retry_s: float = _FIRST_RETRY_S,
        patience_s: float = 60.0,
    ) -> None:
        self._url = settings.database_url or ""
        self._from = settings.mail_from
        self._opener, self._pen = opener, pen
        self._look_s, self._first_retry_s = look_s, first_retry_s
        self._server = None if settings.smtp_url is None else Server.of(settings.smtp_url)
        self._patience_s = patience_s
        self._keep = settings.demo and self._server is None
        self._away = 0

    async def run(self) -> None:
        """Send again and again, until cancelled. Servers away are waited for."""
        counted_s = float("-inf")
        while True:
            wait_s = self._look_s
            try:
                connection = await store.connect(self._url, application="auction-post")
                try:
                    if self._server is not None or self._keep:
                        wait_s = await self.look(connection)
                    now_s = asyncio.get_running_loop().time()
                    if now_s - counted_s >= _COUNT_S:
                        counted_s = now_s
                        await _count(connection)
                finally:
                    connection.terminate()
            except _PASSING as error:
                _log.warning("sender_waits", error=type(error).__name__)
            await asyncio.sleep(wait_s)

    async def look(self, connection: Any) -> float:
        """Send every letter that is due; returns the seconds to wait before the next look."""
        talk = None if self._server is None else Conversation(self._server, self._patience_s)
        try:
            while (answer := await self._next(connection, talk)) is not None:
                if answer.outcome is Outcome.AWAY:
                    self._away += 1
                    metrics.LETTERS.labels("away").inc()
                    _log.warning("mail_server_away", why=answer.why)
                    return float(min(60.0, self._look_s * 2 ** min(self._away, 10)))
                self._away = 0
            return self._look_s
        finally:
            if talk is not None:
                await talk.end()

    async def _next(self, connection: Any, talk: Conversation | None) -> Answer | None:
        """Take one letter and settle it; None when none is due."""
        async with connection.transaction():
            row = await connection.fetchrow(_DUE)
            if row is None:
                return None
            letter: UUID = row["id"]
            if talk is None:
                await connection.execute(_STANDS, letter, "KEPT", None)
                metrics.LETTERS.labels("kept").inc()
                return Answer(Outcome.TAKEN)
            try:
                address, message = self._message(row)
            except AuctionError as error:
                # The keys are away: everything may be right again tomorrow.
                answer = Answer(Outcome.LATER, type(error).__name__)
            except Exception as error:
                # Whatever it is, it is this letter's: the others must not wait behind it.
                _log.exception("letter_unwritable", kind=row["kind"])
                answer = Answer(Outcome.NEVER, f"text {type(error).__name__}")
            else:
                if address is None:
                    await connection.execute(_STANDS, letter, "NO_ADDRESS", None)
                    return Answer(Outcome.TAKEN)
                answer = await talk.hand(self._from, address, message)
            await self._settle(connection, row, answer)
            return answer

    async def _settle(self, connection: Any, row: Any, answer: Answer) -> None:
        letter, kind = row["id"], row["kind"]
        if answer.outcome is Outcome.TAKEN:
            await connection.execute(_STANDS, letter, "SENT", None)
            metrics.LETTERS.labels("sent").inc()
            return
        if answer.outcome is Outcome.NEVER or row["age"] > GIVE_UP:
            await connection.execute(_STANDS, letter, "DEAD", answer.why)
            metrics.LETTERS.labels("dead").inc()
            _log.error("letter_dead", kind=kind, why=answer.why, letter=str(letter))
            return
        counts = int(answer.outcome is Outcome.LATER)  # a server away is no fault of the letter
        wait_s = min(_LONGEST_RETRY_S, self._first_retry_s * 2 ** min(row["attempts"], 20))
        wait_s = wait_s * random.uniform(0.8, 1.2) if counts else 0  # noqa: S311 - not all at once
        wait = timedelta(seconds=wait_s)
        await connection.execute(_LATER, letter, wait, answer.why, counts)
        metrics.LETTERS.labels("later").inc()
        _log.info("letter_later", kind=kind, why=answer.why, letter=str(letter))

    def _message(self, row: Any) -> tuple[str | None, bytes]:
        """The address and the letter as it goes over the wire. Raises AuctionError, KeyError."""
        opened = read(self._opener, self._pen, row)
        if opened is None:
            return None, b""
        address, written = opened
        return address, compose(written, self._from, address, row["id"])


def read(opener: Opener, pen: Pen, row: Any) -> tuple[str, Written] | None:
    """A letter's address and words, None if its account has no address any more.

    `row` is one of `_DUE`. Raises AuctionError when the keys are lost, KeyError for a text that
    does not exist.
    """
    letter, account = row["id"], row["account_id"]
    if row["address"] is not None:
        address = opener.open(row["address"], f"letter.address:{letter}").decode()
    elif row["email"] is not None:
        address = opener.open(row["email"], f"person.email:{account}").decode()
    else:
        return None
    values, name = orjson.loads(row["values"]), None
    if row["secrets"] is not None:
        secrets = orjson.loads(opener.open(row["secrets"], f"letter.secrets:{letter}"))
        name = secrets.pop("name", None)
        values |= secrets
    if name is None and row["data"] is not None:
        name = orjson.loads(opener.open(row["data"], f"person.data:{account}")).get("name")
    lang = row["lang"] or row["person_lang"] or "vi"
    return address, pen.write(row["kind"], lang, name, values)


async def _count(connection: Any) -> None:
    """What operators must see: letters that wait, letters nobody will get."""
    counts = dict(await connection.fetch(_COUNTS))
    metrics.LETTERS_WAITING.set(counts.get("QUEUED", 0))
    metrics.LETTERS_DEAD.set(counts.get("DEAD", 0))
