"""The list of who takes part in a lot, sealed from insiders: two people open it together.

Each turns a key of his own, says why, and has just proved who he is; the second within half an hour
of the first. Then the list is open to those two for half an hour, and every reading leaves a trace
that each person on it can see. Before that there are counts only (Law 01/2016 Art. 9(2)d; whoever
knew the list could sell it, or scare bidders off). After the end the minutes name the winner, and
nobody else.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.admission import reading
from auction_engine.desk.house import people
from auction_engine.desk.house.people import HouseError
from auction_engine.identity import traces
from auction_engine.identity.vault import Vault
from auction_engine.post import outbox, values

WITHIN = timedelta(minutes=30)
_LOCK = 28_284_673
_HANDED_IN = ("SENT", "RETURNED", "ADMITTED", "REFUSED", "WITHDRAWN")


class Key(NamedTuple):
    """One key that was turned; `second`: the one that opened the list."""

    id: int
    account: int
    who: str
    reason: str
    at: datetime
    second: bool


class Standing(NamedTuple):
    """How the list stands for one account.

    `waiting`: a first key that a second one may still join. `open_until`: until when the list is
    open to this account.
    """

    waiting: Key | None
    open_until: datetime | None
    history: list[Key]


class Registrant(NamedTuple):
    """One line of the open list."""

    dossier: int
    account: int
    number: str
    state: str
    name: str
    id_number: str
    phone: str
    principal: str


class Counted(NamedTuple):
    """A lot of the house, and how many dossiers of each state it has."""

    lot: int
    title: dict[str, str]
    status: str
    counts: dict[str, int]


_KEYS = """
    SELECT k.id, k.account_id, a.name, k.reason, k.at, k.with_key IS NOT NULL
      FROM registrant_key k JOIN account a ON a.id = k.account_id
     WHERE k.lot_id = $1 ORDER BY k.id DESC LIMIT 100
"""
# A first key that is fresh and that no second one has joined.
_WAITING = """
    SELECT k.id, k.account_id, a.name, k.reason, k.at, false
      FROM registrant_key k JOIN account a ON a.id = k.account_id
     WHERE k.lot_id = $1 AND k.with_key IS NULL AND k.at > now() - $2::interval
       AND NOT EXISTS (SELECT 1 FROM registrant_key o WHERE o.with_key = k.id)
     ORDER BY k.id DESC LIMIT 1
"""
# The last second key of a pair the account turned one of.
_OPEN = """
    SELECT max(s.at) FROM registrant_key s JOIN registrant_key f ON f.id = s.with_key
     WHERE s.lot_id = $1 AND $2 IN (s.account_id, f.account_id) AND s.at > now() - $3::interval
"""


async def standing(connection: Any, lot: int, account: int) -> Standing:
    """How the lot's list stands for that account."""
    waiting = await connection.fetchrow(_WAITING, lot, WITHIN)
    history = [Key(*row) for row in await connection.fetch(_KEYS, lot)]
    until = await open_until(connection, lot, account)
    return Standing(None if waiting is None else Key(*waiting), until, history)


async def open_until(connection: Any, lot: int, account: int) -> datetime | None:
    """Until when the list is open to this account; None when it is sealed."""
    opened: datetime | None = await connection.fetchval(_OPEN, lot, account, WITHIN)
    return None if opened is None else opened + WITHIN


async def turn(connection: Any, body: int, lot: int, account: int, reason: str) -> bool:
    """Turn a key. Returns whether the list is open to the account now.

    Of two at once one is the first and the other the second; the own key turned again is the same.
    Raises HouseError REASON_NEEDED.
    """
    said = people.reason_of(reason)
    async with connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock($1::int, $2::int)", _LOCK, lot % 2**31
        )
        if await open_until(connection, lot, account) is not None:
            return True
        waiting = await connection.fetchrow(_WAITING, lot, WITHIN)
        if waiting is not None and waiting["account_id"] == account:
            return False
        first = None if waiting is None else waiting["id"]
        key = await connection.fetchval(
            "INSERT INTO registrant_key (lot_id, account_id, reason, with_key)"
            " VALUES ($1, $2, $3, $4) RETURNING id",
            lot, account, said, first,
        )  # fmt: skip
        await _tell_heads(connection, body, lot, key, opened=first is not None)
        return first is not None


async def _tell_heads(connection: Any, body: int, lot: int, key: int, opened: bool) -> None:
    kind = "house.list_opened" if opened else "house.list_key"
    for head in await people.heads(connection, body):
        await outbox.put(
            connection, to=head, kind=kind, key=f"house/key/{key}/{head}",
            values={"lot": lot, "link": values.link(f"/desk/lots/{lot}/registrants")},
        )  # fmt: skip


async def counts(connection: Any, lot: int) -> dict[str, int]:
    """How many dossiers of the lot there are in each state; drafts are nobody's business."""
    rows = await connection.fetch(
        "SELECT state, count(*) FROM dossier WHERE lot_id = $1 AND state <> 'DRAFT' GROUP BY state",
        lot,
    )
    known = {row["state"]: row["count"] for row in rows}
    return {state: known.get(state, 0) for state in _HANDED_IN}


async def of_house(connection: Any, body: int) -> list[Counted]:
    """The house's lots that anybody has handed in a dossier for, newest first."""
    rows = await connection.fetch(
        "SELECT l.id, l.content -> 'title' AS title, h.status,"
        " count(*) FILTER (WHERE d.state = 'SENT') AS sent,"
        " count(*) FILTER (WHERE d.state = 'RETURNED') AS returned,"
        " count(*) FILTER (WHERE d.state = 'ADMITTED') AS admitted,"
        " count(*) FILTER (WHERE d.state = 'REFUSED') AS refused,"
        " count(*) FILTER (WHERE d.state = 'WITHDRAWN') AS withdrawn"
        " FROM dossier d JOIN lot l ON l.id = d.lot_id JOIN lot_head h ON h.lot_id = l.id"
        " JOIN auction_session s ON s.id = l.session_id"
        " WHERE s.organisation_id = $1 AND d.state <> 'DRAFT'"
        " GROUP BY l.id, h.status ORDER BY l.id DESC LIMIT 200",
        body,
    )
    return [
        Counted(row["id"], orjson.loads(row["title"] or "{}"), row["status"],
                dict(zip(_HANDED_IN, row[3:], strict=True)))
        for row in rows
    ]  # fmt: skip


async def read(connection: Any, vault: Vault, lot: int, account: int) -> list[Registrant]:
    """The list, for one of the two it is open to; everybody on it can see who has read it.

    Raises HouseError SEALED, VaultError.
    """
    async with connection.transaction():
        if await open_until(connection, lot, account) is None:
            raise HouseError("SEALED", "The list is sealed; two people open it together.")
        found = []
        for number in await _dossiers(connection, lot):
            found.append(await _line(connection, vault, number, account, "two_keys"))
        return [one for one in found if one is not None]


async def _dossiers(connection: Any, lot: int) -> list[int]:
    rows = await connection.fetch(
        "SELECT id FROM dossier WHERE lot_id = $1 AND state <> 'DRAFT' ORDER BY number", lot
    )
    return [row["id"] for row in rows]


async def _line(
    connection: Any, vault: Vault, number: int, reader: int, why: str
) -> Registrant | None:
    dossier = await reading.by_id(connection, number)
    if dossier is None:
        return None
    await traces.reading(connection, reader, dossier.account, "registrants", why)
    person = reading.person_of(vault, dossier)
    principal = person.principal if person.for_another else ""
    return Registrant(dossier.id, dossier.account, dossier.number, dossier.state, person.name,
                      person.id_number, person.phone, principal)  # fmt: skip


async def winner(
    connection: Any, vault: Vault, lot: int, account: int, reader: int
) -> Registrant | None:
    """The winner of a lot that is over, for the minutes; the reading leaves a trace."""
    async with connection.transaction():
        number = await connection.fetchval(
            "SELECT id FROM dossier WHERE lot_id = $1 AND account_id = $2", lot, account
        )
        return None if number is None else await _line(
            connection, vault, number, reader, "minutes"
        )  # fmt: skip
