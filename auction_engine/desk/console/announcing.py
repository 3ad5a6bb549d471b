"""Announcements to the room: what the house says to everybody who follows a lot.

Each is an entry in the record of its session, append-only, with who said it and when; the gateways
read it from there. Said once however often its form is sent (its key).
"""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.errors import AuctionError

LANGUAGES = ("vi", "en")
MOST = 600
# What a room keeps in sight; the record of the lot has them all.
SHOWN = 10
# The gateways look back this far: who comes back later reads the record.
BACK_DAYS = 7
CHANNEL = "announced"
_TRIES = 5

_NEW = """
    INSERT INTO session_entry (session_id, n, account_id, kind, reason, body)
    SELECT $1, coalesce(max(n), 0) + 1, $2, 'announce', NULL, $3::jsonb
      FROM session_entry WHERE session_id = $1
    RETURNING n
"""
_KNOWN = (
    "SELECT n FROM session_entry WHERE session_id = $1 AND kind = 'announce' AND body->>'key' = $2"
)
_OF_LOT = """
    SELECT e.session_id, e.n, e.at, e.body, a.name FROM session_entry e
      JOIN account a ON a.id = e.account_id
     WHERE e.kind = 'announce' AND e.session_id = (SELECT session_id FROM lot WHERE id = $1)
       AND e.body->'lots' @> to_jsonb($1::bigint) ORDER BY e.n DESC
"""
_RECENT = f"""
    SELECT session_id, n, at, body FROM session_entry
     WHERE kind = 'announce' AND at > now() - interval '{BACK_DAYS} days' ORDER BY at DESC, n DESC
"""  # noqa: S608


class AnnouncementError(AuctionError):
    """An announcement that cannot be made. `code` names the sentence to show."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Said(NamedTuple):
    """One announcement: entry `n` of the session's record, in one language or both."""

    session: int
    n: int
    at: datetime
    lots: tuple[int, ...]
    text: dict[str, str]
    by: str | None = None

    @property
    def at_ms(self) -> int:
        return int(self.at.timestamp() * 1000)


def checked(text: dict[str, str]) -> dict[str, str]:
    """The announcement in the languages it has, without what no page can show.

    Raises AnnouncementError.
    """
    found = {}
    for lang in LANGUAGES:
        lines = text.get(lang, "").replace("\r\n", "\n").strip()
        kept = "".join(letter for letter in lines if letter.isprintable() or letter == "\n")
        if len(kept) > MOST:
            raise AnnouncementError("TOO_LONG", f"An announcement has at most {MOST} characters.")
        if kept:
            found[lang] = kept
    if not found:
        raise AnnouncementError("EMPTY", "Write the announcement in one language at least.")
    return found


async def announce(
    connection: Any, session: int, account: int, text: dict[str, str], lots: list[int], key: str
) -> int:
    """Put the announcement on record; returns its number in the session's record.

    `lots` are those it is for, all of the session where empty. Raises AnnouncementError.
    """
    said = checked(text)
    try:
        uuid.UUID(key)
    except ValueError:
        raise AnnouncementError("BAD_KEY", "`key` is a UUID.") from None
    rows = await connection.fetch("SELECT id FROM lot WHERE session_id = $1", session)
    own = {row["id"] for row in rows}
    if not own or not set(lots) <= own:
        raise AnnouncementError("UNKNOWN_LOT", "A lot named is not in this session.")
    body = orjson.dumps({"key": key, "lots": sorted(lots or own), "text": said}).decode()
    for left in reversed(range(_TRIES)):
        known = await connection.fetchval(_KNOWN, session, key)
        if known is not None:
            return int(known)
        try:
            return int(await connection.fetchval(_NEW, session, account, body))
        except asyncpg.UniqueViolationError:
            # Another took the number, or this very announcement came in twice at once.
            if not left:
                raise
    raise AssertionError("unreachable")


def _said(row: Any, by: str | None = None) -> Said:
    body = orjson.loads(row["body"])
    return Said(row["session_id"], row["n"], row["at"], tuple(body["lots"]), body["text"], by)


async def of_lot(connection: Any, lot: int) -> list[Said]:
    """All that was announced for a lot, newest first, with who said it."""
    return [_said(row, row["name"]) for row in await connection.fetch(_OF_LOT, lot)]


async def recent(connection: Any) -> list[Said]:
    """What was announced in the last days, newest first."""
    return [_said(row) for row in await connection.fetch(_RECENT)]
