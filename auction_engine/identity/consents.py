"""To which version of which document people have agreed."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.ledger.schema_people import Consent

# The version of the terms and of the notice about personal data that pages show (people.terms.*).
VERSION = "2026-11"
DOCUMENTS = ("terms", "privacy")


async def agree(connection: AsyncConnection, account: int) -> None:
    """Record that `account` agreed to the documents as they are now."""
    rows = [
        {"account_id": account, "document": document, "version": VERSION} for document in DOCUMENTS
    ]
    await connection.execute(insert(Consent), rows)


async def of(connection: AsyncConnection, account: int) -> list[tuple[str, str, datetime]]:
    """To which versions of which documents somebody agreed, and when."""
    rows = await connection.execute(
        select(Consent.document, Consent.version, Consent.at)
        .where(Consent.account_id == account)
        .order_by(Consent.at, Consent.document)
    )
    return [(row.document, row.version, row.at) for row in rows]
