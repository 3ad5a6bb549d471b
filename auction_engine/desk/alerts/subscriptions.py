"""The browsers that are to be told, each as long as it is signed in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auction_engine.desk.alerts.keys import Target
from auction_engine.identity.vault import Vault

# Browsers of one account; the oldest gives way. More than anybody has.
_MOST = 10
# Refusals in a row after which a browser is taken for lost.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Subscription:
    """One browser of an account."""

    mark: bytes
    account: int
    target: Target
    lang: str


def mark_of(vault: Vault, endpoint: str) -> bytes:
    """By what an address is found again, without being told."""
    return vault.mark(endpoint, "push.endpoint")


def _context(mark: bytes) -> str:
    return f"push.target:{mark.hex()}"


async def keep(
    connection: Any, vault: Vault, account: int, session: bytes, target: Target, lang: str
) -> None:
    """Tell this browser from now on; an address known before is this account's now."""
    mark = mark_of(vault, target.endpoint)
    await connection.execute(
        "INSERT INTO push_subscription (mark, account_id, session, target, lang)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (mark) DO UPDATE SET account_id = $2,"
        " session = $3, target = $4, lang = $5, failures = 0, since = now()",
        mark,
        account,
        session,
        vault.seal(target.to_bytes(), _context(mark)),
        lang,
    )
    await connection.execute(
        "DELETE FROM push_subscription WHERE account_id = $1 AND mark NOT IN"
        " (SELECT mark FROM push_subscription WHERE account_id = $1 ORDER BY since DESC LIMIT $2)",
        account,
        _MOST,
    )


async def forget(connection: Any, vault: Vault, account: int, endpoint: str) -> None:
    """Tell this browser no more; one that is another's, or unknown, is left alone."""
    await connection.execute(
        "DELETE FROM push_subscription WHERE mark = $1 AND account_id = $2",
        mark_of(vault, endpoint),
        account,
    )


async def forget_all(connection: Any, account: int) -> None:
    """Tell no browser of this account any more."""
    await connection.execute("DELETE FROM push_subscription WHERE account_id = $1", account)


async def count(connection: Any, account: int) -> int:
    """How many browsers of this account are told."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM push_subscription s JOIN web_session w"
            " ON w.token_hash = s.session AND w.expires_at > now() WHERE s.account_id = $1",
            account,
        )
    )


async def of_accounts(
    connection: Any, vault: Vault, accounts: Iterable[int]
) -> dict[int, list[Subscription]]:
    """The browsers of each account that are still signed in. Raises VaultError."""
    rows = await connection.fetch(
        "SELECT s.mark, s.account_id, s.target, s.lang FROM push_subscription s JOIN web_session w"
        " ON w.token_hash = s.session AND w.expires_at > now()"
        " WHERE s.account_id = ANY($1::bigint[])",
        list(accounts),
    )
    found: dict[int, list[Subscription]] = {}
    for mark, account, target, lang in rows:
        opened = Target.from_bytes(vault.open(bytes(target), _context(bytes(mark))))
        found.setdefault(account, []).append(Subscription(bytes(mark), account, opened, lang))
    return found


async def told(connection: Any, mark: bytes) -> None:
    """A message was taken."""
    await connection.execute(
        "UPDATE push_subscription SET told_at = now(), failures = 0 WHERE mark = $1", mark
    )


async def refused(connection: Any, mark: bytes) -> None:
    """A message was refused; after many in a row the browser is forgotten."""
    await connection.execute(
        "UPDATE push_subscription SET failures = failures + 1 WHERE mark = $1", mark
    )
    await connection.execute(
        "DELETE FROM push_subscription WHERE mark = $1 AND failures >= $2", mark, _PATIENCE
    )


async def gone(connection: Any, mark: bytes) -> None:
    """The push service says that the browser has taken its subscription back."""
    await connection.execute("DELETE FROM push_subscription WHERE mark = $1", mark)
