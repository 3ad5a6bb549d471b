"""Whoever reads another's personal data leaves a trace, in the transaction that reads it.

Reading one's own leaves none. The person concerned sees the traces on the account's page.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_people import ReadingTrace

_SQL = """
    INSERT INTO reading_trace (reader_id, subject_id, what, why) VALUES ($1, $2, $3, $4)
"""


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
    return [Trace(*row) for row in rows]
