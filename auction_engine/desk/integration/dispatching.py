"""The dispatcher: hands events to webhooks. It runs in every gateway.

What is under way is leased: a process that dies gives it back when its lease is over, so every
event is handed over at least once. Within a stream one goes after the other; what fails is tried
again after growing pauses, and a webhook that fails for days is switched off, with a letter.
"""

import asyncio
import random
import time
from datetime import timedelta
from typing import Any, NamedTuple

import asyncpg
import httpx
import orjson
import structlog

from auction_engine import metrics
from auction_engine.bidding.tasks import end
from auction_engine.desk import exclusive
from auction_engine.desk.integration import signing, webhooks
from auction_engine.desk.integration.signing import Happened
from auction_engine.desk.integration.targets import BadTarget, Targets
from auction_engine.errors import AuctionError
from auction_engine.identity.vault import Vault, VaultError
from auction_engine.post import outbox, values
from auction_engine.settings import Settings

GIVE_UP = timedelta(days=5)
_LOOK_S = 0.5
_ANSWER_S, _LEASE = 10.0, timedelta(seconds=45)
# Under way at once: in all, and to one webhook (one where it fails).
_MOST, _LANES = 128, 4
FIRST_PAUSE_S, _LONGEST_PAUSE_S, _GROWTH = 5.0, 4 * 3600.0, 3.0
_GONE = 410
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_CLAIM = """
    WITH heads AS (
        SELECT DISTINCT ON (d.webhook_id, d.stream) d.id, d.webhook_id, w.failures, d.next_at,
               coalesce(d.leased_until > now(), false) AS held
          FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
         WHERE d.state = 'QUEUED' AND w.state = 'ACTIVE' AND w.next_at <= now()
         ORDER BY d.webhook_id, d.stream, d.id
    ), due AS (
        SELECT id, webhook_id, held, failures,
               row_number() OVER (PARTITION BY webhook_id ORDER BY held DESC, id) AS n
          FROM heads WHERE held OR next_at <= now()
    ), chosen AS (
        SELECT id FROM due WHERE NOT held AND n <= CASE WHEN failures > 0 THEN 1 ELSE $1 END
         ORDER BY n, id LIMIT $2
    )
    UPDATE webhook_delivery d
       SET leased_until = now() + $3, first_at = coalesce(d.first_at, now()),
           attempts = d.attempts + 1
      FROM chosen, webhook w, webhook_event e
     WHERE d.id = chosen.id AND w.id = d.webhook_id AND e.id = d.event_id AND d.state = 'QUEUED'
       AND (d.leased_until IS NULL OR d.leased_until <= now())
 RETURNING d.id, d.attempts, w.id AS webhook, w.url, e.stream, e.seq, e.type, e.at_ms, e.data
"""
_SECRETS = """
    SELECT id, webhook_id, secret FROM webhook_secret
     WHERE webhook_id = ANY($1) AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC
"""
_SENT = """
    UPDATE webhook_delivery SET state = 'SENT', done_at = now(), leased_until = NULL, status = $2,
           took_ms = $3, error = NULL WHERE id = $1
"""
_WELL = """
    UPDATE webhook SET failures = 0, failing_since = NULL, next_at = now()
     WHERE id = $1 AND failures > 0
"""
_LATER = """
    UPDATE webhook_delivery SET leased_until = NULL, next_at = now() + $5, status = $2,
           took_ms = $3, error = $4,
           state = CASE WHEN first_at < now() - $6::interval THEN 'DEAD' ELSE state END,
           done_at = CASE WHEN first_at < now() - $6::interval THEN now() END
     WHERE id = $1 AND state = 'QUEUED'
"""
_ILL = """
    UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, now())
     WHERE id = $1 AND state = 'ACTIVE'
 RETURNING failures, failing_since < now() - $2::interval AS hopeless, name, made_by, body_id,
           (SELECT b.kind FROM body b WHERE b.id = body_id) AS kind
"""
_log = structlog.get_logger(__name__)


class Sending(NamedTuple):
    """One delivery that this process holds."""

    id: int
    attempts: int
    webhook: int
    url: str
    event: Happened
    secrets: tuple[bytes, ...]


class Outcome(NamedTuple):
    """What became of a try: the answer's status, or why there was none."""

    sending: Sending
    status: int | None
    error: str | None
    took_ms: int


def pause_s(failures: int, first_s: float = FIRST_PAUSE_S) -> float:
    """How long to wait after so many failures in a row, in seconds."""
    return float(min(_LONGEST_PAUSE_S, first_s * _GROWTH ** min(max(failures, 1) - 1, 20)))


class Dispatcher:
    """Sends what is queued, for as long as it runs; any number may run at once."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        targets: Targets | None = None,
        look_s: float = _LOOK_S,
        answer_s: float = _ANSWER_S,
        lease: timedelta = _LEASE,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        self._url = settings.database_url or ""
        self._base = settings.public_url or ""
        self._vault = vault
        self._targets = targets or Targets(settings.webhook_networks)
        self._look_s, self._answer_s, self._lease = look_s, answer_s, lease
        self._first_pause_s = first_pause_s
        self._running: set[asyncio.Task[Outcome]] = set()

    async def run(self) -> None:
        """Send again and again, until cancelled. Servers away are waited for."""
        # What is wrong with a certificate is the consumer's; what an answer says is not read.
        async with httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=self._answer_s,
            limits=httpx.Limits(max_connections=_MOST, max_keepalive_connections=_MOST // 4),
        ) as client:  # fmt: skip
            while True:
                try:
                    async with exclusive.connected(self._url) as connection:
                        await self._work(connection, client)
                except _PASSING as error:
                    _log.warning("webhooks_wait", error=type(error).__name__)
                finally:
                    # Whose outcome cannot be written down: sent again when their lease is over.
                    await end(self._running)  # type: ignore[arg-type]
                    self._running.clear()
                await asyncio.sleep(self._look_s)

    async def _work(self, connection: Any, client: httpx.AsyncClient) -> None:
        while True:
            for one in await self.claim(connection, _MOST - len(self._running)):
                self._running.add(asyncio.create_task(self._send(client, one)))
            if not self._running:
                await asyncio.sleep(self._look_s)
                continue
            done, self._running = await asyncio.wait(
                self._running, timeout=self._look_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                await self.settle(connection, task.result())

    async def claim(self, connection: Any, most: int) -> list[Sending]:
        """Take up to `most` deliveries that are due, each the first of its stream."""
        if most <= 0:
            return []
        rows = await connection.fetch(_CLAIM, _LANES, most, self._lease)
        if not rows:
            return []
        kept: dict[int, list[bytes]] = {}
        for row in await connection.fetch(_SECRETS, sorted({row["webhook"] for row in rows})):
            try:
                secret = self._vault.open(row["secret"], webhooks.context(row["id"]))
            except VaultError:
                _log.exception("webhook_secret_lost", webhook=row["webhook_id"])
                continue
            kept.setdefault(row["webhook_id"], []).append(secret)
        return [
            Sending(
                row["id"], row["attempts"], row["webhook"], row["url"],
                Happened(
                    row["stream"], row["seq"], row["type"], row["at_ms"], orjson.loads(row["data"])
                ),
                tuple(kept.get(row["webhook"], ())),
            )
            for row in sorted(rows, key=lambda one: one["id"])
        ]  # fmt: skip

    async def _send(self, client: httpx.AsyncClient, one: Sending) -> Outcome:
        """Try once; whatever happens comes out as an outcome."""
        begun_s = time.monotonic()
        status, error = None, None
        try:
            async with asyncio.timeout(self._answer_s):
                status = await self._post(client, one)
        except BadTarget as bad:
            error = bad.code
        except TimeoutError:
            error = "TIMED_OUT"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failed:
            # Not the error's text: it may contain the address.
            error = type(failed).__name__
        return Outcome(one, status, error, round((time.monotonic() - begun_s) * 1000))

    async def _post(self, client: httpx.AsyncClient, one: Sending) -> int:
        if not one.secrets:
            raise ValueError("unsigned")
        route = await self._targets.route(self._targets.read(one.url))
        body = signing.envelope(one.event, self._base)
        headers = signing.headers(one.event.id, int(time.time()), body, one.secrets)
        async with client.stream(
            "POST", route.url, content=body, headers={"Host": route.host, **headers},
            extensions={"sni_hostname": route.sni},
        ) as answer:  # fmt: skip
            return answer.status_code  # whatever it says beside this is not read

    async def settle(self, connection: Any, outcome: Outcome) -> None:
        """Write down what became of a try."""
        one, status = outcome.sending, outcome.status
        if status is not None and 200 <= status < 300:
            async with connection.transaction():
                await connection.execute(_SENT, one.id, status, outcome.took_ms)
                await connection.execute(_WELL, one.webhook)
            metrics.WEBHOOKS.labels("sent").inc()
            return
        wait_s = pause_s(one.attempts, self._first_pause_s)
        wait = timedelta(seconds=wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - not all at once
        async with connection.transaction():
            await connection.execute(
                _LATER, one.id, status, outcome.took_ms, outcome.error, wait, GIVE_UP
            )
            row = await connection.fetchrow(_ILL, one.webhook, GIVE_UP)
            if row is None:
                return
            if row["hopeless"] or status == _GONE:
                await self._switch_off(connection, one.webhook, row)
                return
            await connection.execute(
                "UPDATE webhook SET next_at = now() + $2 WHERE id = $1",
                one.webhook, timedelta(seconds=pause_s(row["failures"], self._first_pause_s)),
            )  # fmt: skip
        metrics.WEBHOOKS.labels("later").inc()

    async def _switch_off(self, connection: Any, webhook: int, row: Any) -> None:
        await connection.execute("UPDATE webhook SET state = 'DEAD' WHERE id = $1", webhook)
        await connection.execute(
            "UPDATE webhook_delivery SET state = 'DEAD', done_at = now(), leased_until = NULL"
            " WHERE webhook_id = $1 AND state = 'QUEUED'", webhook,
        )  # fmt: skip
        base = "/desk" if row["kind"] == "ORGANISATION" else "/agency"
        told = {"name": row["name"], "link": values.link(f"{base}/webhooks/{webhook}")}
        await outbox.put(connection, to=row["made_by"], kind="integration.dead", values=told)
        metrics.WEBHOOKS.labels("dead").inc()
        _log.error("webhook_switched_off", webhook=webhook)
