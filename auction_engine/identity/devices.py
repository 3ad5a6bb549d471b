"""Which browsers an account is signed in with, and which it has been seen with before."""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Boolean, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from ua_parser import parse_os, parse_user_agent

from auction_engine.ledger.schema import WebSession
from auction_engine.ledger.schema_signin import KnownDevice

# What a header may cost: the expressions that read it are tried one after another.
_AGENT_MAX = 300
_NAME_MAX = 40
_KNOWN_MAX = 30


class Browser(NamedTuple):
    """A browser and its system by name, such as ("Chrome", "Android"); "" for what is unknown."""

    name: str
    system: str


@lru_cache(maxsize=512)
def browser_of(agent: str) -> Browser:
    """What a User-Agent header says of itself: enough to know one's own devices by."""
    short = agent[:_AGENT_MAX]
    program, system = parse_user_agent(short), parse_os(short)
    name = "" if program is None else program.family
    name = name.removeprefix("Mobile ").removesuffix(" Mobile")
    return Browser(name[:_NAME_MAX], "" if system is None else system.family[:_NAME_MAX])


class Signed(NamedTuple):
    """A signed-in browser. `session` is the digest of its token."""

    session: bytes
    how: str
    browser: str
    system: str
    place: str
    created_at: datetime
    last_seen: datetime


async def signed_in(engine: AsyncEngine, account: int) -> list[Signed]:
    """The browsers `account` is signed in with, last seen first."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(
                WebSession.token_hash, WebSession.how, WebSession.browser, WebSession.system,
                WebSession.place, WebSession.created_at, WebSession.last_seen,
            )
            .where(WebSession.account_id == account, WebSession.expires_at > func.now())
            .order_by(WebSession.last_seen.desc(), WebSession.token_hash)
        )  # fmt: skip
        return [Signed(*row) for row in rows]


def mark(cookie: str) -> bytes:
    """What is kept of a device's cookie."""
    return sha256(f"device:{cookie}".encode()).digest()


async def seen(connection: AsyncConnection, account: int, device: bytes) -> bool:
    """`account` has signed in with `device`. Returns whether that is news to its owner.

    The very first device of an account is not.
    """
    rows = await connection.execute(
        insert(KnownDevice)
        .values(account_id=account, device_hash=device)
        .on_conflict_do_update(
            index_elements=["account_id", "device_hash"], set_={"last_seen": func.now()}
        )
        .returning(literal_column("xmax = 0", Boolean))
    )
    if not rows.scalar_one():
        return False
    before = await connection.scalars(
        select(KnownDevice.device_hash)
        .where(KnownDevice.account_id == account, KnownDevice.device_hash != device)
        .order_by(KnownDevice.last_seen.desc())
    )
    known = list(before)
    if len(known) >= _KNOWN_MAX:
        await connection.execute(
            delete(KnownDevice).where(
                KnownDevice.account_id == account,
                KnownDevice.device_hash.in_(known[_KNOWN_MAX - 1 :]),
            )
        )
    return bool(known)
