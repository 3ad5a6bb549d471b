"""Notices: what is published of a lot, every version of it kept, and what changed between two.

A version holds the lot's description and the terms its auction rules fix (Law 01/2016 Arts. 34,
57): the first is kept as soon as the lot is public, another whenever somebody publishes a changed
description, or the journal changes the terms. Of a change of starting price, quantity, quality,
time, place, form or method whoever has registered may withdraw (Art. 39(3), Law 37/2024
Art. 1(24)): such changes are marked on the version that brought them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from auction_engine.errors import AuctionError
from auction_engine.rules.lot import LotState

# Of the terms that are published; which change of them is material, and as what.
_TERMS = {
    "starting_price_minor": "START_PRICE",
    "increment_minor": None,
    "start_ms": "TIME",
    "end_ms": "TIME",
    "method": "METHOD",
    "currency": "START_PRICE",
    "deposit_minor": None,
    "registration_open_ms": None,
    "registration_close_ms": "TIME",
    "minor_digits": None,
}
# The same of the description. Quality is whatever is told of the property's condition.
_CONTENT = {
    "title": "QUALITY",
    "summary": "QUALITY",
    "facts": "QUALITY",
    "disclosure": "QUALITY",
    "quantity": "QUANTITY",
    "place": "PLACE",
    "form": "FORM",
    "viewing": "PLACE",
}
_OF_LIFE = ("deposit_minor", "registration_open_ms", "registration_close_ms")


class NoticeError(AuctionError):
    """The description cannot be published."""


@dataclass(frozen=True, slots=True)
class Version:
    """A published version. `account` None: the program. `material`: what changed, as codes."""

    n: int
    at: datetime
    account: int | None
    hash: bytes
    content: dict[str, Any]
    terms: dict[str, Any]
    material: tuple[str, ...]


def terms_of(state: LotState) -> dict[str, Any]:
    """The published terms of a lot."""
    params = state.params
    found = {name: getattr(params, name) for name in _TERMS if name not in _OF_LIFE}
    for name in _OF_LIFE:
        found[name] = None if params.terms is None else getattr(params.terms, name)
    return found


def _digest(body: dict[str, Any]) -> bytes:
    return sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


def material(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    """The codes of what changed materially between two bodies ({"content", "terms"})."""
    found = [
        code
        for part, codes in (("terms", _TERMS), ("content", _CONTENT))
        for name, code in codes.items()
        if code is not None and before[part].get(name) != after[part].get(name)
    ]
    return tuple(dict.fromkeys(found))


def code_of(name: str) -> str | None:
    """As what a change of this term or part of the description counts, if it is material."""
    return _TERMS.get(name) or _CONTENT.get(name)


async def keep_first(connection: Any, lots: Sequence[tuple[int, str, LotState]]) -> None:
    """Keep the first version of these lots (number, description as JSON, state), where none is.

    In the caller's transaction.
    """
    if not lots:
        return
    bodies = [
        {"content": orjson.loads(content), "terms": terms_of(state)} for _, content, state in lots
    ]
    await connection.execute(
        "INSERT INTO notice_version (lot_id, n, hash, body, material)"
        " SELECT lot, 1, hash, body, '{}' FROM unnest($1::bigint[], $2::bytea[], $3::jsonb[])"
        " AS v(lot, hash, body) ON CONFLICT DO NOTHING",
        [lot for lot, _, _ in lots],
        [_digest(body) for body in bodies],
        [orjson.dumps(body).decode() for body in bodies],
    )


async def keep(connection: Any, lot: int, state: LotState) -> int:
    """Keep a version if the lot has none yet or its terms have changed; returns the newest number.

    In the caller's transaction.
    """
    newest = await _newest(connection, lot)
    terms = terms_of(state)
    if newest is not None and newest["body"]["terms"] == terms:
        return int(newest["n"])
    # One at a time: the row of the lot is what everybody who publishes waits for.
    content = await _locked(connection, lot)
    newest = await _newest(connection, lot)
    if newest is not None:
        content = newest["body"]["content"]
    return await _add(connection, lot, newest, {"content": content, "terms": terms}, None)


async def publish(connection: Any, lot: int, content: dict[str, Any], by: int) -> Version:
    """Publish a changed description of a lot that is public; the same again is the same version.

    In the caller's transaction, over asyncpg. Raises NoticeError. Whoever publishes a material
    change also records it in the lot's journal (act `change`), which opens the right to withdraw.
    """
    title = content.get("title")
    if not isinstance(title, dict) or not all(title.get(lang) for lang in ("vi", "en")):
        raise NoticeError("A notice needs a title in both languages.")
    await _locked(connection, lot)
    newest = await _newest(connection, lot)
    if newest is None:
        raise NoticeError("The lot has not been published yet.")
    body = {"content": content, "terms": newest["body"]["terms"]}
    if newest["body"]["content"] != content:
        await connection.execute(
            "UPDATE lot SET content = $2::jsonb WHERE id = $1", lot, orjson.dumps(content).decode()
        )
        await _add(connection, lot, newest, body, by)
        # Its words are made anew within a second, by whoever indexes (`indexing`).
        await connection.execute("UPDATE lot_search SET notice = 0 WHERE lot_id = $1", lot)
    return (await versions(connection, lot))[0]


async def _locked(connection: Any, lot: int) -> dict[str, Any]:
    found = await connection.fetchval(
        "SELECT content FROM lot WHERE id = $1 FOR NO KEY UPDATE", lot
    )
    if found is None:
        raise NoticeError(f"There is no lot {lot}.")
    content: dict[str, Any] = orjson.loads(found)
    return content


async def _newest(connection: Any, lot: int) -> dict[str, Any] | None:
    row = await connection.fetchrow(
        "SELECT n, body FROM notice_version WHERE lot_id = $1 ORDER BY n DESC LIMIT 1", lot
    )
    return None if row is None else {"n": row["n"], "body": orjson.loads(row["body"])}


async def _add(
    connection: Any, lot: int, newest: dict[str, Any] | None, body: dict[str, Any], by: int | None
) -> int:
    if newest is not None and newest["body"] == body:
        return int(newest["n"])
    n = 1 if newest is None else newest["n"] + 1
    changed = () if newest is None else material(newest["body"], body)
    await connection.execute(
        "INSERT INTO notice_version (lot_id, n, account_id, hash, body, material)"
        " VALUES ($1, $2, $3, $4, $5::jsonb, $6)",
        lot, n, by, _digest(body), orjson.dumps(body).decode(), list(changed),
    )  # fmt: skip
    return int(n)


async def versions(connection: Any, lot: int) -> list[Version]:
    """Every version of the lot's notice, the newest first."""
    rows = await connection.fetch(
        "SELECT * FROM notice_version WHERE lot_id = $1 ORDER BY n DESC", lot
    )
    found = []
    for row in rows:
        body = orjson.loads(row["body"])
        found.append(
            Version(
                row["n"], row["at"], row["account_id"], row["hash"], body["content"],
                body["terms"], tuple(row["material"]),
            )
        )  # fmt: skip
    return found
