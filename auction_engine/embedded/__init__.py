"""A private PostgreSQL and Valkey for one machine, from wheels.

    with EmbeddedServers(data_dir) as servers:
        servers.database_url, servers.redis_url

Modules: `directory` (ownership and version of the data directory), `keeper` (the small process
between us and each server), `kept` (our end of it), `postgres`, `valkey`, `servers` (both
together), `attach` (servers for a command that needs them).
"""

from auction_engine.embedded.attach import servers_for
from auction_engine.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedServers", "servers_for"]
