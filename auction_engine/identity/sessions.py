"""Signed-in browsers. The cookie holds a random token; only its SHA-256 is kept."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import cast

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity.accounts import Role
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, WebSession

LIFETIME = timedelta(hours=12)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account a browser is signed in to, and the secret its forms must carry."""

    account: int
    name: str
    role: Role
    csrf: str


def digest(token: str) -> bytes:
    """What stands for a session wherever its token must not be."""
    return sha256(token.encode()).digest()


async def create(engine: AsyncEngine, account: int) -> tuple[str, str]:
    """Sign a browser in. Returns (token for its cookie, csrf token).

    What has expired of this account goes at the same time, so that the table stays small.
    """
    token, csrf = secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES)
    async with transaction(engine) as connection:
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
            )
        )
    return token, csrf


async def find(engine: AsyncEngine, token: str) -> Viewer | None:
    """Who is signed in with this token; None when nobody is, or not any more.

    The session's end is judged by PostgreSQL's clock.
    """
    # token_urlsafe gives 43 characters; anything else needs no look at the table.
    if len(token) != 43 or not token.isascii():
        return None
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(Account.id, Account.name, Account.role, WebSession.csrf)
            .join(WebSession, WebSession.account_id == Account.id)
            .where(WebSession.token_hash == digest(token), WebSession.expires_at > func.now())
        )
        row = rows.one_or_none()
    return None if row is None else Viewer(row[0], row[1], cast(Role, row[2]), row[3])


async def remove(engine: AsyncEngine, token: str) -> None:
    """Sign a browser out; an unknown token is nothing."""
    async with transaction(engine) as connection:
        await connection.execute(delete(WebSession).where(WebSession.token_hash == digest(token)))
