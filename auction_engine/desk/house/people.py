"""Who does what in a house: duties given and taken, colleagues who leave, and the record of it.

Changes in one house happen one at a time; one made meanwhile by somebody else is not overwritten.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.errors import AuctionError
from auction_engine.identity import duties
from auction_engine.post import outbox, values

_LOCK = 28_284_671
_MOST_REASON = 500
_MOST_ACTS = 100


class HouseError(AuctionError):
    """Something that cannot be done in a house. `code` is stable; `values` are for the text."""

    def __init__(self, code: str, text: str, **values: int | str) -> None:
        super().__init__(text)
        self.code = code
        self.values = values


class Colleague(NamedTuple):
    """One of the staff. `card`: number and last day of the auctioneer's card on record."""

    id: int
    name: str
    role: str
    duties: frozenset[str]
    card: str | None
    card_until: date | None


class Done(NamedTuple):
    """One act of the record; `subject` is the name of whom it is about."""

    at: datetime
    who: str
    subject: str | None
    kind: str
    reason: str | None
    body: dict[str, Any]


_STAFF = """
    SELECT a.id, a.name, a.role,
           array(SELECT d.duty FROM body_duty d WHERE d.account_id = a.id) AS duties,
           c.number, c.valid_until
      FROM account a
      LEFT JOIN auctioneer_card c ON c.account_id = a.id AND c.ended_at IS NULL
     WHERE a.body_id = $1 AND a.state = 'ACTIVE' AND NOT a.robot
"""


def _colleague(row: Any) -> Colleague:
    return Colleague(row[0], row[1], row[2], frozenset(row[3]), row[4], row[5])


async def staff(connection: Any, body: int) -> list[Colleague]:
    """Everybody who works for the house, by name."""
    rows = await connection.fetch(_STAFF + " ORDER BY a.name, a.id", body)
    return [_colleague(row) for row in rows]


async def one(connection: Any, body: int, account: int) -> Colleague:
    """One of the staff. Raises HouseError NO_COLLEAGUE."""
    row = await connection.fetchrow(_STAFF + " AND a.id = $2", body, account)
    if row is None:
        raise HouseError("NO_COLLEAGUE", "This account does not work for your house.")
    return _colleague(row)


async def alone(connection: Any, body: int) -> None:
    """Nobody else changes the house until the caller's transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1::int, $2::int)", _LOCK, body % 2**31)


def reason_of(typed: str) -> str:
    """A reason as it is kept. Raises HouseError REASON_NEEDED."""
    text = " ".join(typed.split())[:_MOST_REASON]
    if not text:
        raise HouseError("REASON_NEEDED", "Say why; it is kept with the act.")
    return text


async def note(
    connection: Any, body: int, by: int, kind: str, said: dict[str, Any],
    subject: int | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Record an act. In the caller's transaction."""
    await connection.execute(
        "INSERT INTO house_act (body_id, account_id, subject_id, kind, reason, body)"
        " VALUES ($1, $2, $3, $4, $5, $6::jsonb)",
        body, by, subject, kind, reason, orjson.dumps(said).decode(),
    )  # fmt: skip


async def acts(connection: Any, body: int, most: int = _MOST_ACTS) -> list[Done]:
    """What was done, newest first."""
    rows = await connection.fetch(
        "SELECT h.at, b.name AS who, s.name AS subject, h.kind, h.reason, h.body"
        " FROM house_act h JOIN account b ON b.id = h.account_id"
        " LEFT JOIN account s ON s.id = h.subject_id"
        " WHERE h.body_id = $1 ORDER BY h.id DESC LIMIT $2",
        body, most,
    )  # fmt: skip
    return [Done(row[0], row[1], row[2], row[3], row[4], orjson.loads(row["body"])) for row in rows]


async def heads(connection: Any, body: int) -> list[int]:
    """The accounts that are the house's heads."""
    rows = await connection.fetch(
        "SELECT a.id FROM account a JOIN body_duty d ON d.account_id = a.id AND d.duty = 'HEAD'"
        " WHERE a.body_id = $1 AND a.state = 'ACTIVE' AND NOT a.robot ORDER BY a.id",
        body,
    )
    return [row["id"] for row in rows]


async def change_duties(
    connection: Any, body: int, by: int, account: int,
    wanted: Iterable[str], seen: Iterable[str], reason: str,
) -> None:  # fmt: skip
    """From now on `account` has these duties alone; the very same twice is once.

    `seen` are the duties `by` has seen. Raises HouseError NO_COLLEAGUE, CHANGED (somebody was
    first), LAST_HEAD, REASON_NEEDED; DutyError.
    """
    async with connection.transaction():
        await alone(connection, body)
        found = await one(connection, body, account)
        given = frozenset(duties.checked(found.role, wanted))
        if given == found.duties:
            return
        said = reason_of(reason)
        if found.duties != frozenset(seen):
            raise HouseError("CHANGED", "Somebody has changed these duties since; look once more.")
        if "HEAD" not in given:
            await _not_last_head(connection, body, account)
        await connection.execute("DELETE FROM body_duty WHERE account_id = $1", account)
        await connection.executemany(
            "INSERT INTO body_duty (account_id, duty) VALUES ($1, $2)",
            [(account, duty) for duty in sorted(given)],
        )
        told = {"given": sorted(given - found.duties), "taken": sorted(found.duties - given)}
        await note(connection, body, by, "DUTIES", told, account, said)
        base = "/desk/house" if found.role == "organisation" else "/agency/house"
        await outbox.put(
            connection, to=account, kind="house.duties", values={"link": values.link(base)}
        )


async def _not_last_head(connection: Any, body: int, account: int) -> None:
    if await heads(connection, body) == [account]:
        raise HouseError("LAST_HEAD", "A house has at least one head; give the duty first.")


async def let_go(connection: Any, body: int, by: int, account: int, reason: str) -> None:
    """The account works for the house no more; what it did stays on record.

    Raises HouseError NO_COLLEAGUE, YOURSELF, LAST_HEAD, REASON_NEEDED.
    """
    async with connection.transaction():
        await alone(connection, body)
        await one(connection, body, account)
        said = reason_of(reason)
        if account == by:
            raise HouseError("YOURSELF", "Nobody lets himself go; ask another head.")
        await _not_last_head(connection, body, account)
        await connection.execute("DELETE FROM body_duty WHERE account_id = $1", account)
        await connection.execute("UPDATE account SET body_id = NULL WHERE id = $1", account)
        await note(connection, body, by, "LEFT", {}, account, said)
