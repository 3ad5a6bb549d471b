"""Whom staff is related to, as it declares itself, and what follows for a dossier.

Barred from a lot are the organisation's staff, its auctioneer's close relatives, and those who
decide the sale with theirs (Law 01/2016 Art. 38(4)). People are found by the keyed hash of their
identity number, as dossiers have it: a namesake is nobody's relative. Who is related to whom in
any other way is shown to whoever decides, and decides nothing about him.
"""

import re
import unicodedata
import uuid
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.house.people import HouseError
from auction_engine.identity.vault import Vault

# Close relatives are spouse, parents, children and siblings; PARTY is one of a lot's parties.
RELATIVES = ("SPOUSE", "PARENT", "CHILD", "SIBLING")
KINDS = ("SELF", *RELATIVES, "OTHER", "PARTY")
_DECIDES = frozenset({"HEAD", "OFFICER"})
_NAME, _NOTE, _NUMBER = 120, 300, 20
_MOST = 60


class Relation(NamedTuple):
    """One declared relation, for who declared it."""

    id: uuid.UUID
    kind: str
    name: str
    number: str
    note: str
    lot: int | None
    at: datetime


class Conflict(NamedTuple):
    """Somebody named in a dossier is, or is related to, `colleague` of either house.

    `ground` is the group that the law bars, None where it bars nobody for that.
    """

    kind: str
    account: int
    colleague: str
    ground: str | None


def plain_number(typed: str) -> str:
    """An identity number in the spelling of dossiers."""
    text = unicodedata.normalize("NFKC", typed)
    return re.sub(r"[^0-9A-Z]", "", text.upper())[:_NUMBER]


def _line(typed: str, most: int) -> str:
    return " ".join(unicodedata.normalize("NFC", typed).split())[:most]


def _context(number: uuid.UUID) -> str:
    return f"staff_relation:{number}"


async def declare(
    connection: Any, vault: Vault, key: uuid.UUID, account: int, kind: str,
    name: str, number: str, note: str, lot: int | None,
) -> None:  # fmt: skip
    """Keep what somebody declares of himself; the same form sent twice is one.

    Raises HouseError UNKNOWN_KIND, NUMBER_NEEDED, NOTE_NEEDED, LOT_NEEDED, TOO_MANY.
    """
    number, name, note = plain_number(number), _line(name, _NAME), _line(note, _NOTE)
    if kind not in KINDS:
        raise HouseError("UNKNOWN_KIND", "Say how you are related.")
    if kind == "PARTY":
        number = name = ""
        if lot is None or await _no_lot(connection, account, lot):
            raise HouseError("LOT_NEEDED", "Say by its number which lot of your house it is.")
        if not note:
            raise HouseError("NOTE_NEEDED", "Say what your relation to the party is.")
    elif len(number) < 5:
        raise HouseError("NUMBER_NEEDED", "Without the identity number nobody is found.")
    said = orjson.dumps({"name": name, "number": number, "note": note})
    mark = None if kind == "PARTY" else vault.mark(number, "dossier")
    async with connection.transaction():
        many = await connection.fetchval(
            "SELECT count(*) FROM staff_relation WHERE account_id = $1 AND ended_at IS NULL",
            account,
        )
        if many >= _MOST:
            raise HouseError("TOO_MANY", "End relations that are over first.")
        await connection.execute(
            "INSERT INTO staff_relation (id, account_id, kind, sealed, mark, lot_id)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
            key, account, kind, vault.seal(said, _context(key)), mark,
            lot if kind == "PARTY" else None,
        )  # fmt: skip


async def _no_lot(connection: Any, account: int, lot: int) -> bool:
    """Whether the lot is none of the account's own house."""
    found = await connection.fetchval(
        "SELECT 1 FROM lot l JOIN auction_session s ON s.id = l.session_id"
        " JOIN account a ON a.id = $1"
        " WHERE l.id = $2 AND a.body_id IN (s.organisation_id, coalesce(l.agency_id, s.agency_id))",
        account, lot,
    )  # fmt: skip
    return found is None


async def end(connection: Any, account: int, key: uuid.UUID) -> None:
    """A relation of one's own is over; twice is once, another's is nothing."""
    await connection.execute(
        "UPDATE staff_relation SET ended_at = now()"
        " WHERE id = $1 AND account_id = $2 AND ended_at IS NULL",
        key, account,
    )  # fmt: skip


async def own(connection: Any, vault: Vault, account: int) -> list[Relation]:
    """What somebody has declared, oldest first. Raises VaultError."""
    rows = await connection.fetch(
        "SELECT id, kind, sealed, lot_id, at FROM staff_relation"
        " WHERE account_id = $1 AND ended_at IS NULL ORDER BY at, id",
        account,
    )
    found = []
    for row in rows:
        said = orjson.loads(vault.open(row["sealed"], _context(row["id"])))
        found.append(
            Relation(row["id"], row["kind"], said["name"], said["number"], said["note"],
                     row["lot_id"], row["at"])
        )  # fmt: skip
    return found


_FOUND = """
    SELECT r.kind, r.account_id, a.name, a.body_id = s.organisation_id AS ours,
           array(SELECT d.duty FROM body_duty d WHERE d.account_id = a.id) AS duties
      FROM staff_relation r JOIN account a ON a.id = r.account_id
      JOIN lot l ON l.id = $1 JOIN auction_session s ON s.id = l.session_id
     WHERE r.mark = ANY($2::bytea[]) AND r.ended_at IS NULL
       AND a.body_id IN (s.organisation_id, coalesce(l.agency_id, s.agency_id))
     ORDER BY r.account_id, r.kind
"""


async def conflicts(
    connection: Any, lot: int, marks: tuple[bytes, ...], auctioneer: int | None
) -> list[Conflict]:
    """Who of the two houses is, or is related to, somebody with these marks."""
    if not marks:
        return []
    rows = await connection.fetch(_FOUND, lot, list(marks))
    return [
        Conflict(row["kind"], row["account_id"], row["name"], _ground(row, auctioneer))
        for row in rows
    ]


def _ground(row: Any, auctioneer: int | None) -> str | None:
    """The barred group the law has for it."""
    close = row["kind"] in RELATIVES
    if row["ours"]:
        if row["kind"] == "SELF":
            return "ORGANISATION_STAFF"
        return "AUCTIONEER_AND_RELATIVES" if close and row["account_id"] == auctioneer else None
    decides = not _DECIDES.isdisjoint(row["duties"])
    return "DECISION_MAKERS_AND_RELATIVES" if decides and (close or row["kind"] == "SELF") else None
