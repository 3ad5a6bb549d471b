"""Alembic's environment: one advisory lock, short lock waits, one transaction per run."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from auction_engine.ledger.schema import Base

# Any fixed number: it only has to be the same in every process that migrates.
_ADVISORY_LOCK = 7_206_412_026


def _run(connection: Connection) -> None:
    # Before the short lock timeout, which would also end the wait for another migration.
    connection.execute(text("SET statement_timeout = '10min'"))
    connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({_ADVISORY_LOCK})"))
        connection.commit()


async def _run_async() -> None:
    url = context.config.attributes["database_url"]
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_run_async())
