"""What an account signs in with besides its password."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity import passkeys, recovery_codes
from auction_engine.identity.passkeys import Key
from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_signin import OidcIdentity, Passkey, Totp


@dataclass(frozen=True, slots=True)
class Factors:
    """`codes_left` are unused recovery codes, `linked` the providers that know the account."""

    password: bool
    totp: bool
    keys: list[Key] = field(default_factory=list)
    codes_left: int = 0
    linked: frozenset[str] = frozenset()

    @property
    def second(self) -> bool:
        """Whether a password alone is not enough."""
        return self.totp or bool(self.keys)

    @property
    def ways(self) -> int:
        """How many ways lead in without any other: the last one cannot be taken away."""
        return self.password + bool(self.keys) + len(self.linked)


async def of_account(engine: AsyncEngine, account: int) -> Factors:
    """All of them."""
    async with engine.connect() as connection:
        return await of(connection, account)


async def of(connection: AsyncConnection, account: int) -> Factors:
    """`of_account` within the caller's transaction."""
    password = await connection.scalar(select(Account.password_hash).where(Account.id == account))
    totp = await connection.scalar(
        select(Totp.account_id).where(Totp.account_id == account, Totp.confirmed_at.is_not(None))
    )
    linked = await connection.scalars(
        select(OidcIdentity.issuer).where(OidcIdentity.account_id == account)
    )
    return Factors(
        password is not None,
        totp is not None,
        await passkeys.of_account(connection, account),
        await recovery_codes.left(connection, account),
        frozenset(linked),
    )


async def needs_second(engine: AsyncEngine, account: int) -> bool:
    """Whether `account` has a second factor, at the cost of one question."""
    async with engine.connect() as connection:
        found = await connection.execute(
            select(Totp.account_id)
            .where(Totp.account_id == account, Totp.confirmed_at.is_not(None))
            .union_all(select(Passkey.account_id).where(Passkey.account_id == account))
            .limit(1)
        )
        return found.first() is not None


async def settle(connection: AsyncConnection, account: int) -> None:
    """After a factor was taken away: codes that recover nothing go as well."""
    if not (await of(connection, account)).second:
        await recovery_codes.remove(connection, account)


async def codes_if_first(connection: AsyncConnection, account: int) -> list[str] | None:
    """After a factor was added: recovery codes, unless there are some."""
    if await recovery_codes.left(connection, account):
        return None
    return await recovery_codes.renew(connection, account)
