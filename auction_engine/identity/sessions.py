"""Signed-in browsers. The cookie holds a random token; only its SHA-256 is kept."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple, cast

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity import duties
from auction_engine.identity.accounts import Role
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, WebSession

LIFETIME = timedelta(hours=12)
# How long a proof of who one is counts as fresh for acts that matter.
FRESH = timedelta(minutes=10)
_SEEN_EVERY = timedelta(minutes=1)
_TOKEN_BYTES = 32
# A sign-in lost in a crash is made again in a moment; the bids' commits must not queue behind the
# disk for it.
_SOON = text("SET LOCAL synchronous_commit TO off")


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account a browser is signed in to, and the secret its forms must carry.

    `body` is the organisation or agency the account belongs to, None for all but their staff.
    `duties` are staff's in it (`duties.OF_ROLE`).
    `session` is the session's digest, `how` the way it was opened, `fresh` whether its owner has
    proved who they are within `FRESH`.
    """

    account: int
    name: str
    role: Role
    csrf: str
    body: int | None = None
    session: bytes = b""
    how: str = "password"
    fresh: bool = False
    duties: frozenset[str] = frozenset()


class Opened(NamedTuple):
    """How and from where a session was opened (`WebSession.how`; browser, system: `devices`)."""

    how: str = "password"
    browser: str = ""
    system: str = ""
    place: str = ""


def digest(token: str) -> bytes:
    """What stands for a session wherever its token must not be."""
    return sha256(token.encode()).digest()


async def create(
    engine: AsyncEngine, account: int, opened: Opened | None = None
) -> tuple[str, str]:
    """`create_in` in a transaction of its own."""
    async with transaction(engine) as connection:
        return await create_in(connection, account, opened)


async def create_in(
    connection: AsyncConnection, account: int, opened: Opened | None = None
) -> tuple[str, str]:
    """Sign a browser in. Returns (token for its cookie, csrf token).

    What has expired of this account goes at the same time, so that the table stays small.
    """
    token, csrf = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    await connection.execute(_SOON)
    await connection.execute(
        delete(WebSession).where(
            WebSession.account_id == account, WebSession.expires_at <= func.now()
        )
    )
    await connection.execute(
        insert(WebSession).values(
            token_hash=digest(token),
            account_id=account,
            csrf=csrf,
            expires_at=func.now() + LIFETIME,
            **(opened or Opened())._asdict(),
        )
    )
    return token, csrf


async def find(
    engine: AsyncEngine, token: str, barred: frozenset[str] = frozenset()
) -> Viewer | None:
    """Who is signed in with this token; None when nobody is, or not any more.

    Nobody is in an account that is closed, nor in one whose login is among `barred`.

    The session's end is judged by PostgreSQL's clock. That it was seen is written at most once a
    minute.
    """
    # token_urlsafe gives 43 characters; anything else needs no look at the table.
    if len(token) != 43 or not token.isascii():
        return None
    kept = digest(token)
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(
                Account.id,
                Account.name,
                Account.role,
                WebSession.csrf,
                Account.body_id,
                WebSession.token_hash,
                WebSession.how,
                WebSession.proved_at > func.now() - FRESH,
                duties.OF_ACCOUNT,
                Account.login,
                WebSession.last_seen < func.now() - _SEEN_EVERY,
            )
            .join(WebSession, WebSession.account_id == Account.id)
            .where(
                WebSession.token_hash == kept,
                WebSession.expires_at > func.now(),
                Account.state == "ACTIVE",
            )
        )
        row = rows.one_or_none()
    if row is None or row[-2] in barred:
        return None
    if row[-1]:
        await _seen(engine, kept)
    csrf, body, session, how, fresh = row[3:-3]
    role, held = cast(Role, row[2]), frozenset(row[-3])
    return Viewer(row[0], row[1], role, csrf, body, session, how, fresh, held)


async def _seen(engine: AsyncEngine, session: bytes) -> None:
    async with transaction(engine) as connection:
        await connection.execute(
            update(WebSession)
            # Asked again: of many requests at once one writes.
            .where(
                WebSession.token_hash == session, WebSession.last_seen < func.now() - _SEEN_EVERY
            )
            .values(last_seen=func.now())
        )


async def prove(engine: AsyncEngine, session: bytes) -> None:
    """The owner of `session` (its digest) has just proved again who they are."""
    async with transaction(engine) as connection:
        await connection.execute(
            update(WebSession).where(WebSession.token_hash == session).values(proved_at=func.now())
        )


async def remove_all(
    engine: AsyncEngine, account: int, keep: bytes | None = None, only: bytes | None = None
) -> list[bytes]:
    """End the sessions of `account`: all but `keep`, or `only` that one.

    Returns the digests of those that have ended: the caller must tell the gateways
    (`tickets.revoke`), for what they opened lives on until then.
    """
    which = [WebSession.account_id == account]
    if keep is not None:
        which.append(WebSession.token_hash != keep)
    if only is not None:
        which.append(WebSession.token_hash == only)
    async with transaction(engine) as connection:
        rows = await connection.execute(
            delete(WebSession).where(*which).returning(WebSession.token_hash)
        )
        return [row[0] for row in rows]


async def remove(engine: AsyncEngine, token: str) -> None:
    """Sign a browser out; an unknown token is nothing."""
    async with transaction(engine) as connection:
        await connection.execute(delete(WebSession).where(WebSession.token_hash == digest(token)))
