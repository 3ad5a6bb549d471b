"""How many connections to PostgreSQL an installation may open at worst.

Each gateway: the pool of its pages, those of pages that read for long or wait for a lock (each part
has so many turns), those of readers of journals, and one for each task beside.
"""

from typing import Literal

from auction_engine.serving.probe import Database
from auction_engine.settings import Settings

_POOL, _PAGES, _READERS, _TASKS = 5, 36, 8, 18
GATEWAY = _POOL + _PAGES + _READERS + _TASKS
# To write, to keep the lease, and one that takes the place of one that has been given up.
RECORDER = 3
# Whoever migrates, verifies, asks the doctor, makes a copy.
SPARE = 8


def at_worst(settings: Settings) -> int:
    """Connections of all gateways and recorders, and a few for commands beside."""
    return settings.gateways * GATEWAY + settings.shards * RECORDER + SPARE


def said(found: Database, settings: Settings) -> tuple[Literal["ok", "warn"], str, str, str]:
    """Whether all may be connected at once, for the doctor: level, what, what was found, cure."""
    reserved = int(found.settings["superuser_reserved_connections"])
    takes = int(found.settings["max_connections"]) - reserved
    needed = at_worst(settings)
    text = (
        f"gateways {settings.gateways}, recorders {settings.shards} may open {needed} at worst; "
        f"the server takes {takes}"
    )
    if takes >= needed:
        return "ok", "connections", text, ""
    if settings.database_url is None:
        cure = "Run fewer gateways (AUCTION_GATEWAYS), or a PostgreSQL of your own."
    else:
        cure = (
            f"Set max_connections = {needed + reserved} or more in PostgreSQL and restart it, or "
            "run fewer gateways (AUCTION_GATEWAYS): else pages answer 503 when all are busy."
        )
    return "warn", "connections", text, cure
