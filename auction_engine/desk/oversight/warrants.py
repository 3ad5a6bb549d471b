"""Warrants, and what is read by them: who is behind the codes of the lots they name.

Read only by whoever recorded the warrant, on its days, for its lots. Each reading is recorded in
the transaction that reads. The house is told nothing; the person concerned sees it when the lot is
over and the warrant has run out (`identity.traces`).
"""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from auction_engine.desk.oversight import record
from auction_engine.desk.oversight.record import OversightError, Sealer
from auction_engine.identity.personal import Personal

MOST_LOTS, MOST_DAYS = 50, 92
_WARRANTS = """
    SELECT w.id, w.account_id, w.number, w.authority, w.issued_on, w.valid_from, w.valid_until,
           w.at, e.at AS ended_at,
           (SELECT array_agg(l.lot_id ORDER BY l.lot_id) FROM warrant_lot l
             WHERE l.warrant_id = w.id) AS lots,
           (SELECT count(*) FROM warrant_reading r WHERE r.warrant_id = w.id) AS readings
      FROM warrant w LEFT JOIN warrant_end e ON e.warrant_id = w.id
"""
# Whom a lot's journal has admitted, with the code each goes by.
_BEHIND = """
    SELECT (convert_from(j.body, 'UTF8')::jsonb ->> 'code') AS code, j.bidder, a.name, a.login,
           p.data
      FROM journal j JOIN account a ON a.id = j.bidder
      LEFT JOIN person p ON p.account_id = j.bidder
     WHERE j.lot_id = $1 AND j.kind = 'bidder.admitted' ORDER BY 1, j.seq
"""


class Given(NamedTuple):
    """A warrant as its form sends it. `key` is the form's own, new for each warrant."""

    key: UUID
    number: str
    authority: str
    issued_on: date
    valid_from: date
    valid_until: date
    reason: str
    lots: tuple[int, ...]


class Warrant(NamedTuple):
    """A warrant on record. Its days count from the first moment to the last, local time."""

    id: int
    account: int
    number: str
    authority: str
    issued_on: date
    valid_from: date
    valid_until: date
    at: datetime
    ended_at: datetime | None
    lots: tuple[int, ...]
    readings: int

    def state(self, on: date) -> str:
        """ENDED, COMING, VALID or EXPIRED."""
        if self.ended_at is not None:
            return "ENDED"
        if on < self.valid_from:
            return "COMING"
        return "VALID" if on <= self.valid_until else "EXPIRED"


class Identity(NamedTuple):
    """Who goes by a code: the name and number of identity given at registration."""

    code: str
    account: int
    name: str
    identity: str | None


class Reading(NamedTuple):
    """That an identity was shown: when, of which lot, of which code."""

    at: datetime
    lot: int
    code: str


def check(given: Given, today: date) -> None:
    """Return if such a warrant can be recorded. Raises OversightError."""
    if not given.number.strip() or not given.authority.strip():
        raise OversightError("NO_WARRANT", "Give the number of the decision and who made it.")
    if not given.reason.strip():
        raise OversightError("NO_REASON", "Write down the reason; it goes into the record.")
    lengths = (
        (given.number, record.MOST_NUMBER),
        (given.authority, record.MOST_AUTHORITY),
        (given.reason, record.MOST_REASON),
    )
    if any(len(text) > most for text, most in lengths):
        raise OversightError("TOO_LONG", "Shorten the text.")
    if not given.issued_on <= given.valid_from <= given.valid_until or given.issued_on > today:
        raise OversightError("BAD_DAYS", "It is issued first, then valid from a day to a day.")
    if given.valid_until < today:
        raise OversightError("BAD_DAYS", "Its last day has passed.")
    if given.valid_until - given.valid_from > timedelta(days=MOST_DAYS):
        raise OversightError("TOO_LONG_VALID", f"A warrant is valid for {MOST_DAYS} days at most.")
    if not 0 < len(given.lots) <= MOST_LOTS:
        raise OversightError("BAD_LOTS", f"Name one lot at least and {MOST_LOTS} at most.")


async def write(connection: Any, vault: Sealer, account: int, given: Given, today: date) -> int:
    """Put the warrant on record; the same form sent twice is one. Raises OversightError."""
    check(given, today)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(5401, $1)", account % 2**31)
        known = await connection.fetchval(
            "SELECT id FROM warrant WHERE account_id = $1 AND key = $2", account, given.key
        )
        if known is not None:
            return int(known)
        await check_lots(connection, given.lots)
        made = int(await connection.fetchval("SELECT nextval('warrant_id_seq')"))
        await connection.execute(
            "INSERT INTO warrant (id, key, account_id, number, authority, issued_on, valid_from,"
            " valid_until, sealed) OVERRIDING SYSTEM VALUE"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            made, given.key, account, given.number.strip(), given.authority.strip(),
            given.issued_on, given.valid_from, given.valid_until,
            vault.seal(given.reason.strip().encode(), f"warrant:{made}"),
        )  # fmt: skip
        await connection.executemany(
            "INSERT INTO warrant_lot (warrant_id, lot_id) VALUES ($1, $2)",
            [(made, lot) for lot in sorted(set(given.lots))],
        )
        return made


async def check_lots(connection: Any, lots: tuple[int, ...]) -> None:
    """Return if all these are lots. Raises OversightError BAD_LOTS."""
    known = await connection.fetch("SELECT id FROM lot WHERE id = ANY($1::bigint[])", list(lots))
    if missing := set(lots) - {row["id"] for row in known}:
        raise OversightError("BAD_LOTS", f"There is no lot {min(missing)}.")


async def of_account(connection: Any, account: int) -> list[Warrant]:
    """What somebody has recorded, the newest first."""
    rows = await connection.fetch(
        f"{_WARRANTS} WHERE w.account_id = $1 ORDER BY w.id DESC LIMIT 500", account
    )
    return [_warrant(row) for row in rows]


async def one(connection: Any, warrant: int, account: int) -> Warrant | None:
    """A warrant of this account; None if there is none."""
    row = await connection.fetchrow(
        f"{_WARRANTS} WHERE w.id = $1 AND w.account_id = $2", warrant, account
    )
    return None if row is None else _warrant(row)


def _warrant(row: Any) -> Warrant:
    found = dict(row)
    found["account"] = found.pop("account_id")
    return Warrant(**{**found, "lots": tuple(row["lots"] or ())})


async def reason_of(connection: Any, vault: Sealer, warrant: int) -> str:
    """Why it was issued. Who may read it was asked before."""
    sealed = await connection.fetchval("SELECT sealed FROM warrant WHERE id = $1", warrant)
    return vault.open(bytes(sealed), f"warrant:{warrant}").decode()


async def end(connection: Any, vault: Sealer, warrant: int, account: int, reason: str) -> None:
    """End it before its day; twice is once. Raises OversightError UNKNOWN, NO_REASON, TOO_LONG."""
    if not reason.strip():
        raise OversightError("NO_REASON", "Write down the reason; it goes into the record.")
    if len(reason) > record.MOST_REASON:
        raise OversightError("TOO_LONG", "Shorten the text.")
    async with connection.transaction():
        if await one(connection, warrant, account) is None:
            raise OversightError("UNKNOWN", "There is no such warrant.")
        await connection.execute(
            "INSERT INTO warrant_end (warrant_id, account_id, sealed) VALUES ($1, $2, $3)"
            " ON CONFLICT DO NOTHING",
            warrant,
            account,
            vault.seal(reason.strip().encode(), f"warrant.end:{warrant}"),
        )


async def identities(
    connection: Any, vault: Sealer, warrant: int, account: int, lot: int
) -> list[Identity]:
    """Who is behind the codes of a lot, each reading recorded.

    Raises OversightError: UNKNOWN (no such warrant of this account), NOT_VALID, OTHER_LOT.
    """
    async with connection.transaction():
        # By the ledger's clock, in the transaction that reads.
        day = await connection.fetchval("SELECT (now() AT TIME ZONE $1)::date", record.ZONE.key)
        found = await one(connection, warrant, account)
        if found is None:
            raise OversightError("UNKNOWN", "There is no such warrant.")
        if found.state(day) != "VALID":
            raise OversightError("NOT_VALID", "The warrant is not valid today.")
        if lot not in found.lots:
            raise OversightError("OTHER_LOT", "The warrant does not name this lot.")
        rows = await connection.fetch(_BEHIND, lot)
        people = [_identity(vault, row) for row in rows]
        await connection.executemany(
            "INSERT INTO warrant_reading (warrant_id, lot_id, subject_id, reader_id)"
            " VALUES ($1, $2, $3, $4)",
            [(warrant, lot, one_.account, account) for one_ in people],
        )
        return people


def _identity(vault: Sealer, row: Any) -> Identity:
    if row["data"] is None:
        return Identity(row["code"], row["bidder"], row["name"], None)
    sealed = vault.open(bytes(row["data"]), f"person.data:{row['bidder']}")
    person = Personal.from_json(orjson.loads(sealed))
    return Identity(row["code"], row["bidder"], person.name, person.identity)


async def readings(connection: Any, warrant: int) -> list[Reading]:
    """What was read by a warrant, the newest first."""
    rows = await connection.fetch(
        "SELECT r.at, r.lot_id, convert_from(j.body, 'UTF8')::jsonb ->> 'code' AS code"
        " FROM warrant_reading r LEFT JOIN LATERAL (SELECT body FROM journal j"
        " WHERE j.lot_id = r.lot_id AND j.bidder = r.subject_id AND j.kind = 'bidder.admitted'"
        " ORDER BY seq LIMIT 1) j ON true"
        " WHERE r.warrant_id = $1 ORDER BY r.id DESC LIMIT 500",
        warrant,
    )
    return [Reading(row["at"], row["lot_id"], row["code"] or "–") for row in rows]
