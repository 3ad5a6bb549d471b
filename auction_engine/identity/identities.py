"""Which account is whom at an OpenID provider."""

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema_signin import OidcIdentity


class IdentityTaken(AuctionError):
    """This identity belongs to another account, or the account to another identity."""


async def account_of(engine: AsyncEngine, issuer: str, subject: str) -> int | None:
    """The account this identity signs in to; that it did is kept."""
    async with transaction(engine) as connection:
        rows = await connection.execute(
            update(OidcIdentity)
            .where(OidcIdentity.issuer == issuer, OidcIdentity.subject == subject)
            .values(used_at=func.now())
            .returning(OidcIdentity.account_id)
        )
        found: int | None = rows.scalar_one_or_none()
        return found


async def subject_of(engine: AsyncEngine, issuer: str, account: int) -> str | None:
    """Whom the provider knows `account` as."""
    async with engine.connect() as connection:
        found: str | None = await connection.scalar(
            select(OidcIdentity.subject).where(
                OidcIdentity.account_id == account, OidcIdentity.issuer == issuer
            )
        )
        return found


async def link(connection: AsyncConnection, account: int, issuer: str, subject: str) -> bool:
    """Let this identity sign in to `account`. False if it does already. Raises IdentityTaken."""
    try:
        async with connection.begin_nested():
            await connection.execute(
                insert(OidcIdentity).values(issuer=issuer, subject=subject, account_id=account)
            )
            return True
    except IntegrityError:
        owner = await connection.scalar(
            select(OidcIdentity.account_id).where(
                OidcIdentity.issuer == issuer, OidcIdentity.subject == subject
            )
        )
        if owner == account:
            return False
        raise IdentityTaken("This identity belongs to another account.") from None


async def unlink(connection: AsyncConnection, account: int, issuer: str) -> bool:
    """The provider signs in to `account` no more; False if it did not."""
    done = await connection.execute(
        delete(OidcIdentity).where(
            OidcIdentity.account_id == account, OidcIdentity.issuer == issuer
        )
    )
    return bool(done.rowcount)
