"""Whose signed messages are taken: senders and their keys, kept by whoever runs the installation.

The program that answers the network may only read them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.desk.intake.record import KINDS, IntakeError
from auction_engine.identity.jose import PublicKey

_CODE = re.compile("[a-z0-9][a-z0-9.-]{1,39}")
MOST_NAME = 200


class Sender(NamedTuple):
    """A court or a portal, and what it may send."""

    id: int
    code: str
    name: str
    may: tuple[str, ...]


class Trusted(NamedTuple):
    """A key, whose it is, and since when it is no longer taken (None: it is)."""

    id: int
    key: PublicKey
    sender: Sender
    added_at: datetime
    retired_at: datetime | None


_KEYS = (
    "SELECT k.id, k.kid, k.alg, k.jwk, k.added_at, k.retired_at, s.id AS sender, s.code, s.name,"
    " s.may FROM intake_key k JOIN intake_sender s ON s.id = k.sender_id"
)


def _trusted(row: Any) -> Trusted:
    return Trusted(
        row["id"],
        PublicKey(row["kid"], row["alg"], orjson.loads(row["jwk"])),
        Sender(row["sender"], row["code"], row["name"], tuple(row["may"])),
        row["added_at"],
        row["retired_at"],
    )


async def find(connection: Any, kid: str) -> Trusted | None:
    """The key of this name, retired or not; None if nobody's."""
    row = await connection.fetchrow(f"{_KEYS} WHERE k.kid = $1", kid)
    return None if row is None else _trusted(row)


async def every(connection: Any) -> list[Trusted]:
    """All keys, by sender and age."""
    return [_trusted(row) for row in await connection.fetch(f"{_KEYS} ORDER BY s.code, k.id")]


async def senders(connection: Any, agency: int) -> list[Sender]:
    """Those who have sent something to this agency, by name: no other's are its affair."""
    rows = await connection.fetch(
        "SELECT id, code, name, may FROM intake_sender s WHERE EXISTS (SELECT FROM intake_item i"
        " WHERE i.agency_id = $1 AND i.sender_id = s.id) ORDER BY name, id",
        agency,
    )
    return [Sender(row["id"], row["code"], row["name"], tuple(row["may"])) for row in rows]


async def add(
    connection: Any, code: str, name: str, may: Sequence[str], key: PublicKey
) -> tuple[int, bool]:
    """Trust a key of the sender `code`, made known with it. Raises IntakeError.

    Returns the sender's number and whether the key is new: the very same once more is one key.
    """
    told = " ".join(name.split())
    if not _CODE.fullmatch(code):
        raise IntakeError("BAD_CODE", "A sender's code is of small letters, digits, `.` and `-`.")
    if not told or len(told) > MOST_NAME or not told.isprintable():
        raise IntakeError("BAD_NAME", f"A sender has a name of at most {MOST_NAME} letters.")
    kinds: list[str] = [kind for kind in KINDS if kind in may]
    if not kinds or set(may) - set(KINDS):
        raise IntakeError("BAD_KINDS", "A sender sends judgments, requests, or both.")
    async with connection.transaction():
        sender = await _sender(connection, code, told, kinds)
        known = await find(connection, key.kid)
        if known is not None:
            if known.sender.id != sender or known.key != key or known.retired_at is not None:
                raise IntakeError(
                    "KEY_TAKEN", f"The name {key.kid} is or was another key's; choose another."
                )
            return sender, False
        await connection.execute(
            "INSERT INTO intake_key (sender_id, kid, alg, jwk) VALUES ($1, $2, $3, $4)",
            sender,
            key.kid,
            key.alg,
            orjson.dumps(key.jwk).decode(),
        )
        return sender, True


async def _sender(connection: Any, code: str, name: str, kinds: list[str]) -> int:
    row = await connection.fetchrow(
        "SELECT id, name, may FROM intake_sender WHERE code = $1 FOR UPDATE", code
    )
    if row is not None:
        if (row["name"], list(row["may"])) != (name, kinds):
            raise IntakeError(
                "SENDER_DIFFERS",
                f"{code} is {row['name']}, which may send {', '.join(row['may'])}: give the same.",
            )
        return int(row["id"])
    try:
        made = await connection.fetchval(
            "INSERT INTO intake_sender (code, name, may) VALUES ($1, $2, $3) RETURNING id",
            code,
            name,
            kinds,
        )
    except asyncpg.UniqueViolationError:
        raise IntakeError("TWICE", "Somebody adds this sender now; try again.") from None
    return int(made)


async def retire(connection: Any, kid: str) -> bool:
    """From now on nothing signed with this key is taken; what was received stays received.

    Returns whether it was taken until now. Raises IntakeError.
    """
    if await find(connection, kid) is None:
        raise IntakeError("UNKNOWN_KEY", f"There is no key {kid}; `intake list` shows them.")
    done = await connection.execute(
        "UPDATE intake_key SET retired_at = now() WHERE kid = $1 AND retired_at IS NULL", kid
    )
    return bool(done == "UPDATE 1")
