"""Recovery codes: ten, shown once, each good once in the place of a lost second factor.

Eighty random bits each: their SHA-256 cannot be turned back, and needs no slower hash.
"""

import secrets
from hashlib import sha256

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.ledger.schema_signin import RecoveryCode

COUNT = 10
_CHARACTERS, _GROUP = 16, 4
# Crockford's: no I, L, O or U, so that what is written by hand is read back rightly.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011", " -\t")


def plain_code(typed: str) -> str | None:
    """The one spelling of a typed code, None for what cannot be one."""
    code = typed.strip().upper().translate(_READ_AS)
    return code if len(code) == _CHARACTERS and set(code) <= set(_ALPHABET) else None


def _hash(account: int, code: str) -> bytes:
    return sha256(f"recovery:{account}:{code}".encode()).digest()


def _new_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))


async def renew(connection: AsyncConnection, account: int) -> list[str]:
    """Ten new codes, grouped for reading; the old ones are worth nothing any more."""
    codes = [_new_code() for _ in range(COUNT)]
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account))
    await connection.execute(
        insert(RecoveryCode),
        [{"account_id": account, "code_hash": _hash(account, code)} for code in codes],
    )
    return [
        "-".join(code[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)) for code in codes
    ]


async def accept(connection: AsyncConnection, account: int, typed: str) -> bool:
    """Whether `typed` is an unused code of `account`; then it is used now."""
    code = plain_code(typed)
    if code is None:
        return False
    done = await connection.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account,
            RecoveryCode.code_hash == _hash(account, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=func.now())
    )
    return bool(done.rowcount)


async def left(connection: AsyncConnection, account: int) -> int:
    """How many codes of `account` are unused."""
    found = await connection.scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.account_id == account, RecoveryCode.used_at.is_(None))
    )
    return int(found or 0)


async def remove(connection: AsyncConnection, account: int) -> None:
    """Take all codes away: without a second factor there is nothing to recover."""
    await connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account))
