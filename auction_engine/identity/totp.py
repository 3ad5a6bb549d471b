"""One-time codes of an authenticator app (TOTP, RFC 6238): six digits, new every thirty seconds.

The secret is sealed; a code counts once, and one step early or late because phones' clocks drift.
"""

from datetime import timedelta

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema_signin import Totp

STEP_MS = 30_000
_DRIFT_STEPS = 1
_DIGITS = 6
_GROUP = 4
# 160 bits, as RFC 4226 §4 recommends.
_SECRET_CHARACTERS = 32
# An enrolment left half-way is begun anew with another secret.
_ENROLMENT = timedelta(minutes=15)


def plain_code(typed: str) -> str:
    """A code as it is, however it was grouped in typing."""
    return "".join(typed.split())


def is_code(typed: str) -> bool:
    """Whether this has the form of a one-time code."""
    code = plain_code(typed)
    return len(code) == _DIGITS and code.isascii() and code.isdecimal()


def step_of(secret: str, typed: str, now_ms: int) -> int | None:
    """The time step whose code `typed` is, None if it is none of those around `now_ms`."""
    if not is_code(typed):
        return None
    totp, now = pyotp.TOTP(secret), now_ms // STEP_MS
    # All are compared, so that time does not tell which one it was.
    same = [
        step
        for step in range(now - _DRIFT_STEPS, now + _DRIFT_STEPS + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(step), plain_code(typed))
    ]
    return max(same, default=None)


def grouped(secret: str) -> str:
    """The secret in groups of four, to be typed by hand."""
    return " ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP))


def address(secret: str, login: str, issuer: str) -> str:
    """The otpauth:// address an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def _context(account: int) -> str:
    return f"totp.secret:{account}"


async def begin(engine: AsyncEngine, vault: Vault, account: int) -> None:
    """Give `account` a new secret that is of no effect yet.

    One that is in use stays: whoever wants another takes the old one away first.
    """
    secret = vault.seal(pyotp.random_base32(_SECRET_CHARACTERS).encode(), _context(account))
    values = {"secret": secret, "last_step": 0, "begun_at": func.now()}
    async with transaction(engine) as connection:
        await connection.execute(
            insert(Totp)
            .values(account_id=account, **values)
            .on_conflict_do_update(
                index_elements=["account_id"], set_=values, where=Totp.confirmed_at.is_(None)
            )
        )


async def begun(engine: AsyncEngine, vault: Vault, account: int) -> str | None:
    """The secret of an enrolment under way, None if there is none."""
    async with engine.connect() as connection:
        sealed = await connection.scalar(
            select(Totp.secret).where(
                Totp.account_id == account,
                Totp.confirmed_at.is_(None),
                Totp.begun_at > func.now() - _ENROLMENT,
            )
        )
    return None if sealed is None else vault.open(sealed, _context(account)).decode()


async def confirm(connection: AsyncConnection, account: int, step: int) -> bool:
    """The first code was right: codes are asked for from now on. False if none was begun."""
    done = await connection.execute(
        update(Totp)
        .where(Totp.account_id == account, Totp.confirmed_at.is_(None))
        .values(confirmed_at=func.now(), last_step=step)
    )
    return bool(done.rowcount)


async def accept(engine: AsyncEngine, vault: Vault, account: int, typed: str, now_ms: int) -> bool:
    """Whether `typed` is a code of `account` that has not counted yet; then it counts now."""
    async with engine.connect() as connection:
        sealed = await connection.scalar(
            select(Totp.secret).where(Totp.account_id == account, Totp.confirmed_at.is_not(None))
        )
    if sealed is None:
        return False
    step = step_of(vault.open(sealed, _context(account)).decode(), typed, now_ms)
    if step is None:
        return False
    async with transaction(engine) as connection:
        done = await connection.execute(
            update(Totp)
            .where(Totp.account_id == account, Totp.secret == sealed, Totp.last_step < step)
            .values(last_step=step)
        )
        return bool(done.rowcount)


async def remove(connection: AsyncConnection, account: int) -> bool:
    """Take the codes away; returns whether they were in use."""
    rows = await connection.execute(
        delete(Totp).where(Totp.account_id == account).returning(Totp.confirmed_at)
    )
    return rows.scalar_one_or_none() is not None
