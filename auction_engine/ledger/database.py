"""SQLAlchemy's engine for everything but the recorder's hot path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


def make_engine(database_url: str, pool_size: int = 5) -> AsyncEngine:
    """An engine whose connections act as the role `auction_app`.

    Statements end after 10 s: a page may fail, it may not hang.
    """
    url = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text ends in logs; what people typed does not
        connect_args={
            "server_settings": {
                "application_name": "auction-web",
                "statement_timeout": "10000",
                # A word is in two lots or in half of them: one plan for all is wrong for most.
                "plan_cache_mode": "force_custom_plan",
                # The other cores are for those who bid.
                "max_parallel_workers_per_gather": "0",
            }
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _act_as_app(connection, _record) -> None:  # type: ignore[no-untyped-def]
        cursor = connection.cursor()
        cursor.execute("SET ROLE auction_app")
        cursor.close()
        connection.commit()

    return engine


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction, committed at the end of the block: the only place that commits."""
    async with engine.begin() as connection:
        yield connection
