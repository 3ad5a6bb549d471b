"""Migrating before serving, with failures told in one sentence."""

from __future__ import annotations

from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from auction_engine.errors import ServerError
from auction_engine.ledger.migrate import upgrade
from auction_engine.logs import clean_text


def bring_up_to_date(database_url: str) -> None:
    """Run every migration that is missing.

    Raises ServerError when the database refuses (rights, locks) or belongs to a newer program.
    """
    try:
        upgrade(database_url)
    except DBAPIError as error:
        reason = clean_text(str(error.orig)).split("\n", 1)[0].rpartition(">: ")[2]
        raise ServerError(
            f"The ledger could not be brought to this version: {reason}; the role of "
            f"AUCTION_DATABASE_URL must own the database and may have to create roles (CREATEROLE)."
        ) from None
    except CommandError as error:
        raise ServerError(
            f"The ledger's tables are not of this program ({error}); use the release that made "
            f"them, or a newer one."
        ) from None
