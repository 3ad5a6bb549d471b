"""Whether the file of keys is the one this ledger's personal data was sealed with.

The ledger keeps a fingerprint of the marking key. A second machine that was given no copy of the
file would otherwise make keys of its own, and two accounts for one person.
"""

from typing import Any

from auction_engine.identity.keyfile import KeysError
from auction_engine.identity.vault import Vault


async def check(connection: Any, vault: Vault) -> None:
    """Compare the fingerprint, or leave it where there is none yet. Raises KeysError.

    `connection` is asyncpg's.
    """
    await connection.execute(
        "INSERT INTO vault_check (id, fingerprint) VALUES (1, $1) ON CONFLICT DO NOTHING",
        vault.fingerprint,
    )
    kept = await connection.fetchval("SELECT fingerprint FROM vault_check WHERE id = 1")
    if bytes(kept) != vault.fingerprint:
        raise KeysError(
            "The file of keys is not the one this ledger's personal data was sealed with; copy "
            "keys.json from the machine that was first (setting AUCTION_KEYS_FILE)."
        )
