"""The outbox: a letter is a row of the same transaction as what it tells of.

So a letter is sent if, and only if, what it says has happened. `values` are what its texts
(`letter.KIND.subject`, `letter.KIND.text`) name, made by `post.values`; they are stored as they
are, so nothing personal or secret belongs among them: that goes into `secrets`, sealed.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

NAMES = ("id", "account", "address", "kind", "key", "lang", "values", "secrets")
_TO_ACCOUNT = """
    INSERT INTO letter (id, account_id, address, kind, key, lang, "values", secrets)
    SELECT {id}, p.account_id, {address}, {kind}, {key}, {lang}, {values}, {secrets}
      FROM person p WHERE p.account_id = {account}
       AND ({address} IS NOT NULL OR p.email IS NOT NULL)
    ON CONFLICT (key) DO NOTHING RETURNING 1
"""
_TO_ADDRESS = """
    INSERT INTO letter (id, account_id, address, kind, key, lang, "values", secrets)
    VALUES ({id}, {account}, {address}, {kind}, {key}, {lang}, {values}, {secrets})
    ON CONFLICT (key) DO NOTHING RETURNING 1
"""
_TYPES = {
    "id": "uuid",
    "account": "bigint",
    "address": "bytea",
    "values": "jsonb",
    "secrets": "bytea",
}


async def put(
    connection: Any,
    *,
    to: int | None,
    kind: str,
    values: Mapping[str, Any],
    lang: str | None = None,
    key: str | None = None,
    address: bytes | None = None,
    secrets: bytes | None = None,
    letter: uuid.UUID | None = None,
) -> bool:
    """Put a letter into the outbox, in the transaction of `connection` (SQLAlchemy's or asyncpg's).

    `to` is an account; one that has no e-mail address (a robot, a colleague at the desk) gets none.
    `address` instead is an address sealed as "letter.address:ID" and `secrets` a JSON object sealed
    as "letter.secrets:ID", where ID is `letter` (made by `new_id`). `lang` None: the language the
    account chose. A second letter with the same `key` is not put. Returns whether it was put.
    """
    assert to is not None or address is not None, "a letter goes to somebody"
    given = {
        "id": letter or new_id(),
        "account": to,
        "address": address,
        "kind": kind,
        "key": key,
        "lang": lang,
        "values": orjson.dumps(values).decode(),
        "secrets": secrets,
    }
    template = _TO_ADDRESS if to is None else _TO_ACCOUNT
    if isinstance(connection, AsyncConnection):
        names = {name: f"CAST(:{name} AS {_TYPES.get(name, 'text')})" for name in NAMES}
        done = await connection.execute(text(template.format(**names)), given)
        return done.scalar_one_or_none() is not None
    places = {name: f"${n}::{_TYPES.get(name, 'text')}" for n, name in enumerate(NAMES, 1)}
    return (
        await connection.fetchval(template.format(**places), *(given[name] for name in NAMES))
    ) is not None


def new_id() -> uuid.UUID:
    """The id of a letter yet to be put."""
    return uuid.uuid4()
