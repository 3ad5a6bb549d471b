"""Whoever reads another's personal data leaves a trace, in the transaction that reads it.

Reading one's own leaves none. The person concerned sees the traces on the account's page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_people import ReadingTrace

_SQL = """
    INSERT INTO reading_trace (reader_id, subject_id, what, why) VALUES ($1, $2, $3, $4)
"""
# Readings by warrant, when the lot is over and the warrant has run out or was ended.
_BY_WARRANT = text("""
    SELECT r.at, a.role, r.lot_id FROM warrant_reading r JOIN warrant w ON w.id = r.warrant_id
      JOIN account a ON a.id = r.reader_id JOIN lot_head h ON h.lot_id = r.lot_id
     WHERE r.subject_id = :subject AND h.phase = 'closed'
       AND h.status NOT IN ('BIDDING_CLOSED', 'AWAIT_OWNER_CONSENT', 'LEADER_DETERMINED', 'PAUSED')
       AND (w.valid_until < (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            OR EXISTS (SELECT FROM warrant_end e WHERE e.warrant_id = w.id))
     ORDER BY r.id DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Trace:
    """One reading. `reader` is the reader's role, None for the program by itself."""

    at: datetime
    reader: str | None
    what: str
    why: str


async def reading(connection: Any, reader: int | None, subject: int, what: str, why: str) -> None:
    """Record that `reader` (None: the program) reads of `subject`'s data `what`, and why.

    `connection` is SQLAlchemy's or asyncpg's, in the transaction that reads. `what` and `why` are
    short fixed words ("dossier", "admission"), never the data itself.
    """
    if reader == subject:
        return
    if isinstance(connection, AsyncConnection):
        row = {"reader_id": reader, "subject_id": subject, "what": what, "why": why}
        await connection.execute(insert(ReadingTrace).values(row))
    else:
        await connection.execute(_SQL, reader, subject, what, why)


async def of_subject(connection: AsyncConnection, subject: int, most: int = 100) -> list[Trace]:
    """Who has read `subject`'s data, newest first."""
    rows = await connection.execute(
        select(ReadingTrace.at, Account.role, ReadingTrace.what, ReadingTrace.why)
        .outerjoin(Account, Account.id == ReadingTrace.reader_id)
        .where(ReadingTrace.subject_id == subject)
        .order_by(ReadingTrace.id.desc())
        .limit(most)
    )
    found = [Trace(*row) for row in rows]
    found += [Trace(at, role, "identity", "warrant") for at, role, _ in await by_warrant(
        connection, subject, most
    )]  # fmt: skip
    return sorted(found, key=lambda one: one.at, reverse=True)[:most]


async def by_warrant(
    connection: AsyncConnection, subject: int, most: int = 10_000
) -> list[tuple[datetime, str, int]]:
    """When `subject`'s identity was shown by warrant, to which role, in which lot, newest first.

    Only what `subject` may know by now.
    """
    rows = await connection.execute(_BY_WARRANT, {"subject": subject, "most": most})
    return [(row[0], row[1], row[2]) for row in rows]
