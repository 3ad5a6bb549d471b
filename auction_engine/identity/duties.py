"""Duties within a house: what each of its staff is there for.

A role says in which house somebody works (`accounts.Role`), a duty what he does there; one person
may have several. Which act needs which duty stands beside who may do it (`access.DUTIES`). New
staff has every duty of its role unless told otherwise: a house of one person works at once.
"""

from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.errors import AuctionError
from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_house import BodyDuty

Duty = Literal["HEAD", "AUCTIONEER", "RECORDER", "REGISTRAR", "ACCOUNTANT", "OFFICER"]
OF_ROLE: dict[str, tuple[Duty, ...]] = {
    "organisation": ("HEAD", "AUCTIONEER", "RECORDER", "REGISTRAR", "ACCOUNTANT"),
    "officer": ("HEAD", "OFFICER", "ACCOUNTANT"),
}
# The duties of `Account`, as a column of a query of it.
OF_ACCOUNT = func.array(
    select(BodyDuty.duty).where(BodyDuty.account_id == Account.id).scalar_subquery()
)


class DutyError(AuctionError):
    """There is no such duty in a house of this kind."""


def checked(role: str, wanted: Iterable[str] | None) -> tuple[Duty, ...]:
    """The duties in their order; None means all of the role. Raises DutyError."""
    known = OF_ROLE.get(role, ())
    if wanted is None:
        return known
    asked = set(wanted)
    if strange := asked - set(known):
        raise DutyError(f"The role {role} has no duty {min(strange)}.")
    return tuple(duty for duty in known if duty in asked)


async def give(connection: AsyncConnection, account: int, wanted: Iterable[Duty]) -> None:
    """From now on the account has these duties too. In the caller's transaction."""
    rows = [{"account_id": account, "duty": duty} for duty in wanted]
    if rows:
        await connection.execute(insert(BodyDuty).values(rows).on_conflict_do_nothing())


async def replace(connection: AsyncConnection, account: int, wanted: Iterable[Duty]) -> None:
    """From now on the account has these duties alone. In the caller's transaction."""
    await connection.execute(delete(BodyDuty).where(BodyDuty.account_id == account))
    await give(connection, account, wanted)


async def of(connection: Any, account: int) -> frozenset[str]:
    """The duties of an account; `connection` is SQLAlchemy's or asyncpg's."""
    if isinstance(connection, AsyncConnection):
        rows = await connection.execute(select(BodyDuty.duty).where(BodyDuty.account_id == account))
        return frozenset(rows.scalars())
    found = await connection.fetch("SELECT duty FROM body_duty WHERE account_id = $1", account)
    return frozenset(row["duty"] for row in found)
