"""Searches people keep, and the letters about new lots: one a day at most for each search.

The letter, the mark of what it told of and the link that ends the letters are one transaction, and
a search is taken by one process at a time: however many gateways look, nobody is told twice.
"""

import asyncio
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import orjson
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.search.filters import (
    Filters,
    conditions,
    facet_conditions,
    numbered,
    read,
)
from auction_engine.desk.setting_aside import SetAside
from auction_engine.errors import AuctionError
from auction_engine.post import outbox
from auction_engine.post.values import link

_LOOK_S = 60.0
_AT_ONCE = 50
# Of one account; who wants to hear of everything needs one.
MOST = 20
# Lots that a letter names; it says how many more there are.
NAMED = 10
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_DUE = """
    SELECT id, account_id, query, lang, seen_ms FROM saved_search
     WHERE ended_at IS NULL AND (told_at IS NULL OR told_at <= now() - interval '1 day')
       AND seen_ms < (SELECT coalesce(max(listed_ms), 0) FROM lot_search)
       AND id <> ALL($2::bigint[])
     ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_log = structlog.get_logger(__name__)


class TooMany(AuctionError):
    """The account keeps as many searches as it may."""


def digest(token: str) -> bytes:
    """What stands for a link wherever it must not be."""
    return sha256(token.encode()).digest()


def filters_of(query: str) -> Filters:
    """The filters a kept search stands for."""
    params = parse_qs(query)
    return read({name: values[0] for name, values in params.items()}, lambda n: params.get(n, []))


async def keep(connection: Any, account: int, query: str, lang: str) -> None:
    """Keep a search, over asyncpg; keeping it again wakes it. Raises TooMany.

    What is listed already is known: letters tell of what comes after.
    """
    async with connection.transaction():
        await connection.fetchval("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", account)
        count = await connection.fetchval(
            "SELECT count(*) FROM saved_search WHERE account_id = $1 AND query <> $2",
            account, query,
        )  # fmt: skip
        if count >= MOST:
            raise TooMany(f"At most {MOST} searches are kept.")
        await connection.execute(
            "INSERT INTO saved_search (account_id, query, lang, seen_ms)"
            " SELECT $1, $2, $3, coalesce(max(listed_ms), 0) FROM lot_search"
            " ON CONFLICT (account_id, query) DO UPDATE SET ended_at = NULL,"
            " lang = excluded.lang, seen_ms = excluded.seen_ms",
            account, query, lang,
        )  # fmt: skip


async def remove(connection: Any, account: int, search: int) -> None:
    """Forget a search of the account; another's is left alone."""
    await connection.execute(
        "DELETE FROM saved_search WHERE id = $1 AND account_id = $2", search, account
    )


async def of_account(connection: Any, account: int) -> list[Any]:
    """The searches an account keeps, the newest first."""
    found: list[Any] = await connection.fetch(
        "SELECT * FROM saved_search WHERE account_id = $1 ORDER BY id DESC", account
    )
    return found


async def of_link(connection: Any, token: str) -> Any | None:
    """The search that a letter's link would end; None where the link is none or has been used."""
    return await connection.fetchrow(
        "SELECT s.id, s.query, s.ended_at FROM search_letter l"
        " JOIN saved_search s ON s.id = l.search_id"
        " WHERE l.token_hash = $1 AND l.used_at IS NULL",
        digest(token),
    )


async def end(connection: Any, token: str) -> bool:
    """End the letters that the link is about, once; whether it did."""
    async with connection.transaction():
        search = await connection.fetchval(
            "UPDATE search_letter SET used_at = now() WHERE token_hash = $1 AND used_at IS NULL"
            " RETURNING search_id",
            digest(token),
        )
        if search is None:
            return False
        await connection.execute("UPDATE saved_search SET ended_at = now() WHERE id = $1", search)
        return True


# The values of a letter: from the lots (columns of `lot_search`), how many there are in all, the
# search's filters and the language.
Written = Callable[[list[Any], int, Filters, str], dict[str, Any]]
# Seals the values that only the letter may show (`identity.vault`), for a context.
Seal = Callable[[bytes, str], bytes]


class Alerts:
    """Writes letters about new lots, for as long as it runs; any number may run at once."""

    def __init__(
        self, database_url: str, seal: Seal, written: Written, look_s: float = _LOOK_S
    ) -> None:
        self._database_url = database_url
        self._seal = seal
        self._written = written
        self._look_s = look_s
        self._aside = SetAside("alerts")

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        while True:
            try:
                async with exclusive.connected(self._database_url) as connection:
                    while await self.look(connection):
                        pass
            except _PASSING as error:
                _log.warning("alerts_wait", error=type(error).__name__, text=str(error))
            await asyncio.sleep(self._look_s)

    async def look(self, connection: Any) -> int:
        """Take the searches that are due; returns how many there were."""
        async with connection.transaction():
            due = await connection.fetch(_DUE, _AT_ONCE, self._aside.waiting())
            for search in due:
                with self._aside.trying(search["id"]):
                    async with connection.transaction():
                        await self._tell(connection, search)
        return len(due)

    async def _tell(self, connection: Any, search: Any) -> None:
        filters = filters_of(search["query"])
        # Up to here the letter tells; what comes while it is written is for the next one.
        newest = await connection.fetchval("SELECT max(listed_ms) FROM lot_search")
        lots, count = await _new(connection, filters, search["seen_ms"], newest)
        told = None
        if lots:
            token, letter = secrets.token_urlsafe(32), outbox.new_id()
            ending = orjson.dumps({"end": link(f"/searches/end/{token}")})
            put = await outbox.put(
                connection, to=search["account_id"], kind="search", lang=search["lang"],
                values=self._written(lots, count, filters, search["lang"]),
                secrets=self._seal(ending, f"letter.secrets:{letter}"), letter=letter,
                key=f"search:{search['id']}:{newest}",
            )  # fmt: skip
            if put:
                await connection.execute(
                    "INSERT INTO search_letter (token_hash, search_id) VALUES ($1, $2)",
                    digest(token), search["id"],
                )  # fmt: skip
                told = True
        await connection.execute(
            "UPDATE saved_search SET seen_ms = $2,"
            " told_at = CASE WHEN $3 THEN now() ELSE told_at END WHERE id = $1",
            search["id"], newest, told is not None,
        )  # fmt: skip


async def _new(
    connection: Any, filters: Filters, after_ms: int, upto_ms: int
) -> tuple[list[Any], int]:
    """The first of the lots listed since, and how many there are."""
    question = filters.asked if filters.text else None
    where, values = conditions(filters, None if question is None else question.all)
    more, chosen = facet_conditions(filters)
    values |= chosen | {"after": after_ms, "upto": upto_ms, "named": NAMED}
    sql = " AND ".join([*where, *more, "listed_ms > :after", "listed_ms <= :upto"])
    rows = await connection.fetch(
        *_flat(
            f"SELECT *, count(*) OVER () AS count FROM lot_search WHERE {sql}"  # noqa: S608
            " ORDER BY listed_ms, lot_id LIMIT :named",
            values,
        )
    )
    return list(rows), int(rows[0]["count"]) if rows else 0


def _flat(sql: str, values: dict[str, Any]) -> list[Any]:
    numbered_sql, in_order = numbered(sql, values)
    return [numbered_sql, *in_order]
