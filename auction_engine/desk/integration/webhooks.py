"""A body's webhooks: made, changed, tried, replayed. All over asyncpg's connection."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import orjson

from auction_engine.desk.integration import events, signing
from auction_engine.desk.integration.targets import Targets
from auction_engine.errors import AuctionError

NAME_MAX = 60
MOST = 10
# How long the secret before the last is signed with beside the new one.
OVERLAP = timedelta(hours=24)
_SHOWN = 100
# "hooks" in a telephone's letters, beside the body's number.
_LOCK = 46_657
_LIST = """
    SELECT w.id, w.name, w.url, w.types, w.state, w.created_at, w.failures, w.failing_since,
           (SELECT count(*) FROM webhook_delivery d
             WHERE d.webhook_id = w.id AND d.state = 'QUEUED') AS waiting,
           (SELECT count(*) FROM webhook_secret k WHERE k.webhook_id = w.id
               AND (k.expires_at IS NULL OR k.expires_at > now())) AS secrets
      FROM webhook w WHERE w.body_id = $1 AND w.state <> 'REMOVED' ORDER BY w.id DESC
"""
_DELIVERIES = """
    SELECT d.id, e.stream, e.seq, e.type, d.state, d.attempts, d.status, d.error, d.took_ms,
           d.created_at, d.next_at, d.done_at
      FROM webhook_delivery d JOIN webhook_event e ON e.id = d.event_id
     WHERE d.webhook_id = $1 ORDER BY d.id DESC LIMIT $2
"""
# From now on, not from the beginning: what lies before was not asked for. Lots that another webhook
# follows stand where that has them.
_FROM_HERE = """
    INSERT INTO webhook_mark (stream, seq)
    SELECT 'lot:' || h.lot_id, h.seq FROM lot_head h JOIN lot l ON l.id = h.lot_id
      JOIN auction_session s ON s.id = l.session_id
     WHERE $1 IN (s.organisation_id, coalesce(l.agency_id, s.agency_id))
       AND NOT EXISTS (SELECT FROM webhook w WHERE w.state <> 'REMOVED'
             AND w.body_id IN (s.organisation_id, coalesce(l.agency_id, s.agency_id)))
    UNION ALL
    SELECT 'complaint:' || c.id, (SELECT max(n) FROM complaint_act a WHERE a.complaint_id = c.id)
      FROM complaint c JOIN lot l ON l.id = c.lot_id JOIN auction_session s ON s.id = l.session_id
     WHERE $1 IN (s.organisation_id, coalesce(l.agency_id, s.agency_id))
       AND NOT EXISTS (SELECT FROM webhook w WHERE w.state <> 'REMOVED'
             AND w.body_id IN (s.organisation_id, coalesce(l.agency_id, s.agency_id)))
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq
"""
_REPLACE = """
    UPDATE webhook_delivery d SET state = 'REPLACED', done_at = now()
      FROM webhook_event e WHERE e.id = d.event_id AND d.webhook_id = $1 AND d.state = 'QUEUED'
       AND (d.leased_until IS NULL OR d.leased_until <= now()) AND e.at_ms >= $2 AND e.type <> $3
"""
_REPLAY = """
    INSERT INTO webhook_delivery (webhook_id, event_id, stream)
    SELECT w.id, e.id, e.stream FROM webhook w JOIN webhook_event e
        ON w.body_id IN (e.organisation_id, e.agency_id) AND e.type = ANY(w.types)
     WHERE w.id = $1 AND e.at_ms >= $2
       AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = w.id
             AND d.event_id = e.id AND d.state = 'QUEUED')
     ORDER BY e.at_ms, e.stream, e.seq
"""


class WebhookError(AuctionError):
    """Nothing was changed. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Sealer(Protocol):
    """What seals secrets (`identity.vault.Vault`)."""

    def seal(self, data: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...


class Delivery(NamedTuple):
    """One event on its way, as its owner sees it."""

    id: int
    event: str
    type: str
    state: str
    attempts: int
    status: int | None
    error: str | None
    took_ms: int | None
    created_at: datetime
    next_at: datetime
    done_at: datetime | None


def context(secret: int) -> str:
    """What a webhook's secret is sealed for."""
    return f"webhook_secret.secret:{secret}"


def read(targets: Targets, name: object, url: object, types: object) -> tuple[str, str, list[str]]:
    """What was asked for, checked. Raises WebhookError, BadTarget."""
    named = " ".join(name.split()) if isinstance(name, str) else ""
    if not 1 <= len(named) <= NAME_MAX or not named.isprintable():
        raise WebhookError("BAD_NAME", f"A name has 1 to {NAME_MAX} characters.")
    if not isinstance(types, list | tuple) or not types:
        raise WebhookError("NO_TYPES", "Choose at least one type of event.")
    strange = [one for one in types if one not in events.TYPES]
    if strange:
        raise WebhookError("UNKNOWN_TYPE", f"There is no event {str(strange[0])[:40]}.")
    return named, targets.read(url).url, sorted(set(types))


async def make(
    connection: Any, vault: Sealer, body: int, account: int, wish: tuple[str, str, Iterable[str]]
) -> tuple[int, str]:
    """A new webhook of what `read` gave. Returns its number and its secret, which is told once.

    Raises WebhookError when the body has too many.
    """
    name, url, types = wish
    async with connection.transaction():
        # Two at once are counted one after the other.
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, body)
        there = await connection.fetchval(
            "SELECT count(*) FROM webhook WHERE body_id = $1 AND state <> 'REMOVED'", body
        )
        if there >= MOST:
            raise WebhookError("TOO_MANY", f"There are {MOST} webhooks; remove one first.")
        await connection.execute(_FROM_HERE, body)
        webhook = await connection.fetchval(
            "INSERT INTO webhook (body_id, made_by, name, url, types) VALUES ($1, $2, $3, $4, $5)"
            " RETURNING id",
            body, account, name, url, list(types),
        )  # fmt: skip
        return webhook, await _new_secret(connection, vault, webhook)


async def _new_secret(connection: Any, vault: Sealer, webhook: int) -> str:
    secret = signing.new_secret()
    number = await connection.fetchval("SELECT nextval('webhook_secret_id_seq')")
    await connection.execute(
        "INSERT INTO webhook_secret (id, webhook_id, secret) OVERRIDING SYSTEM VALUE"
        " VALUES ($1, $2, $3)",
        number, webhook, vault.seal(secret, context(number)),
    )  # fmt: skip
    return signing.shown(secret)


async def rotate(connection: Any, vault: Sealer, webhook: int) -> str:
    """A new secret, told once; the ones before are signed with for `OVERLAP` more."""
    async with connection.transaction():
        await connection.execute("SELECT FROM webhook WHERE id = $1 FOR UPDATE", webhook)
        await connection.execute(
            "UPDATE webhook_secret SET expires_at = now() + $2"
            " WHERE webhook_id = $1 AND expires_at IS NULL",
            webhook, OVERLAP,
        )  # fmt: skip
        await connection.execute(
            "DELETE FROM webhook_secret WHERE webhook_id = $1 AND expires_at <= now()", webhook
        )
        return await _new_secret(connection, vault, webhook)


async def of_body(connection: Any, body: int) -> list[dict[str, Any]]:
    """A body's webhooks, newest first."""
    return [dict(row) for row in await connection.fetch(_LIST, body)]


async def set_state(connection: Any, webhook: int, state: str) -> bool:
    """ACTIVE again (the pauses begin anew), PAUSED, or REMOVED for good; False if it is gone."""
    async with connection.transaction():
        done = await connection.fetchval(
            "UPDATE webhook SET state = $2, failures = 0, failing_since = NULL, next_at = now()"
            " WHERE id = $1 AND state <> 'REMOVED' RETURNING id",
            webhook, state,
        )  # fmt: skip
        if done is None:
            return False
        if state == "ACTIVE":
            await connection.execute(
                "UPDATE webhook_delivery SET next_at = now(), first_at = NULL"
                " WHERE webhook_id = $1 AND state = 'QUEUED'", webhook,
            )  # fmt: skip
        if state == "REMOVED":
            await connection.execute(
                "UPDATE webhook_delivery SET state = 'REPLACED', done_at = now()"
                " WHERE webhook_id = $1 AND state = 'QUEUED'", webhook,
            )  # fmt: skip
            await connection.execute("DELETE FROM webhook_secret WHERE webhook_id = $1", webhook)
        return True


async def replay(connection: Any, webhook: int, from_ms: int) -> int:
    """Send everything from that moment (UTC milliseconds) on again, in its order. How many.

    What still waits is put behind it anew, so that the order of a lot holds. Consumers know what
    they had by its id.
    """
    async with connection.transaction():
        await connection.execute("SELECT FROM webhook WHERE id = $1 FOR UPDATE", webhook)
        await connection.execute(_REPLACE, webhook, from_ms, events.TEST)
        done = await connection.execute(_REPLAY, webhook, from_ms)
        return int(done.rpartition(" ")[2])


async def trial(connection: Any, webhook: int, now_ms: int) -> int:
    """One message that says nothing, to see that it arrives. Returns the delivery's number."""
    stream = f"test:{uuid.uuid4()}"
    async with connection.transaction():
        event = await connection.fetchval(
            "INSERT INTO webhook_event (stream, seq, type, at_ms, data)"
            " VALUES ($1, 1, $2, $3, $4::jsonb) RETURNING id",
            stream, events.TEST, now_ms, orjson.dumps({"webhook": webhook}).decode(),
        )  # fmt: skip
        return int(
            await connection.fetchval(
                "INSERT INTO webhook_delivery (webhook_id, event_id, stream) VALUES ($1, $2, $3)"
                " RETURNING id",
                webhook, event, stream,
            )
        )  # fmt: skip


async def deliveries(connection: Any, webhook: int) -> list[Delivery]:
    """The last deliveries of a webhook, newest first."""
    rows = await connection.fetch(_DELIVERIES, webhook, _SHOWN)
    found = []
    for row in rows:
        event = signing.Happened(row["stream"], row["seq"], row["type"], 0, {}).id
        rest = {name: row[name] for name in Delivery._fields if name != "event"}
        found.append(Delivery(event=event, **rest))
    return found
