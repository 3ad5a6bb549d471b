"""Bring a database to the newest schema."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config(database_url: str) -> Config:
    config = Config()
    folder = os.environ.get("AUCTION_MIGRATIONS", str(_MIGRATIONS))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Run every migration that is missing. Safe to run twice and from two processes at once.

    Must not be called from a running event loop, nor from two threads at once: Alembic keeps its
    context in module globals.
    """
    command.upgrade(_config(database_url), "head")


def newest_revision() -> str | None:
    """The revision this program expects."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, or None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()
