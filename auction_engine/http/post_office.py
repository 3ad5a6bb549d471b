"""What a gateway minds of people's letters and data beside its pages."""

import socket

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.http.lettering import Lettering, public_base
from auction_engine.http.presenting import presenter
from auction_engine.identity import keycheck
from auction_engine.identity.housekeeping import Housekeeper
from auction_engine.identity.vault import Vault
from auction_engine.ledger import store
from auction_engine.post.sender import Sender
from auction_engine.settings import Settings

_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = structlog.get_logger(__name__)


def make_post(
    settings: Settings, sock: socket.socket, engine: AsyncEngine
) -> tuple[Sender, Housekeeper]:
    """The sender of letters and the housekeeper of personal data. Raises KeysError."""
    if settings.port == 0:
        settings = settings.model_copy(update={"port": sock.getsockname()[1]})
    pen = Lettering(presenter(), public_base(settings))
    return Sender(settings, Vault.of(settings), pen), Housekeeper(engine)


async def check_keys(settings: Settings) -> None:
    """Raises KeysError where the file of keys is not this ledger's. A ledger away is asked later,
    by `auction-engine doctor`."""
    vault = Vault.of(settings)
    try:
        connection = await store.connect(settings.database_url or "", application="auction-keys")
    except _AWAY as error:
        _log.warning("keys_not_compared", error=type(error).__name__)
        return
    try:
        await keycheck.check(connection, vault)
    finally:
        connection.terminate()
