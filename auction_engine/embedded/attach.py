"""Servers for a command: one's own, those of a run in progress, or started for the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from auction_engine.embedded.directory import DataDirectory
from auction_engine.embedded.servers import EmbeddedServers
from auction_engine.errors import DataDirectoryError
from auction_engine.settings import Settings


@contextmanager
def servers_for(settings: Settings) -> Iterator[Settings]:
    """Yield `settings` with both addresses filled in.

    Addresses that are set stay. Missing ones come from the run that uses the data directory, or
    from embedded servers started here and stopped at the end of the block. Raises
    DataDirectoryError or ServerError.
    """
    if not settings.embedded:
        yield settings
        return
    running = _running(settings)
    if running is not None:
        yield running
        return
    with EmbeddedServers(
        settings.data_dir,
        use_postgres=settings.database_url is None,
        use_valkey=settings.redis_url is None,
    ) as servers:
        yield with_addresses(settings, servers)


def with_addresses(settings: Settings, servers: EmbeddedServers) -> Settings:
    """`settings` pointing at `servers` where they name none of their own."""
    return settings.model_copy(
        update={
            "database_url": settings.database_url or servers.database_url,
            "redis_url": settings.redis_url or servers.redis_url,
        }
    )


def _running(settings: Settings) -> Settings | None:
    directory = DataDirectory(settings.data_dir)
    holder = directory.holder()
    if holder is None:
        return None
    try:
        run = json.loads(directory.run_file.read_text("utf-8"))
        update = {
            "database_url": settings.database_url or run["database_url"],
            "redis_url": settings.redis_url or run["redis_url"],
        }
    except (OSError, ValueError, KeyError):
        update = {}
    if not all((update.get("database_url"), update.get("redis_url"))):
        raise DataDirectoryError(
            f"The data directory {directory.path} is in use by process {holder}, which is "
            f"starting or stopping; try again in a moment."
        )
    return settings.model_copy(update=update)
