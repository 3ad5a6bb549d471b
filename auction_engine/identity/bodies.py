"""Auction organisations and enforcement agencies: whose staff sees and moves what.

A house is known by its kind and its Vietnamese name; its row is what accounts, sessions, lots and
books belong to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.identity import duties as house_duties
from auction_engine.identity.accounts import Role
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, Body

Kind = Literal["ORGANISATION", "AGENCY"]
# For which kind of house each role of staff works; the other roles work for none.
KIND_OF: dict[Role, Kind] = {"organisation": "ORGANISATION", "officer": "AGENCY"}
Named = dict[str, str]


class BodyError(AuctionError):
    """There is no such organisation or agency, or it is of the wrong kind."""


@dataclass(frozen=True, slots=True)
class House:
    """An organisation or an agency. `name`: {"vi", "en"}."""

    id: int
    kind: Kind
    name: Named


async def find_or_make(connection: AsyncConnection, kind: Kind, name: Named) -> int:
    """The house of this kind with this Vietnamese name; made if there is none."""
    made = select(func.body_of(kind, type_coerce(name, JSONB)))
    return int((await connection.execute(made)).scalar_one())


async def add(engine: AsyncEngine, kind: Kind, name: Named) -> int:
    """`find_or_make` in a transaction of its own."""
    async with transaction(engine) as connection:
        return await find_or_make(connection, kind, name)


async def find(connection: AsyncConnection, body: int) -> House | None:
    """The house with this id, None if there is none."""
    rows = await connection.execute(select(Body.id, Body.kind, Body.name).where(Body.id == body))
    row = rows.one_or_none()
    return None if row is None else House(row[0], cast(Kind, row[1]), row[2])


async def every(engine: AsyncEngine) -> list[House]:
    """All houses: organisations, then agencies, each by age."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(Body.id, Body.kind, Body.name).order_by(Body.kind.desc(), Body.id)
        )
        return [House(row[0], cast(Kind, row[1]), row[2]) for row in rows]


@dataclass(frozen=True, slots=True)
class Member:
    """An account that is no bidder's. `body` is None for a procurator, or where none is known."""

    login: str
    name: str
    role: Role
    body: int | None


async def staff(engine: AsyncEngine) -> list[Member]:
    """All accounts but bidders', by role and age."""
    query = select(Account.login, Account.name, Account.role, Account.body_id)
    async with engine.connect() as connection:
        rows = await connection.execute(
            query.where(Account.role != "bidder").order_by(Account.role, Account.id)
        )
        return [Member(row[0], row[1], cast(Role, row[2]), row[3]) for row in rows]


async def check_kind(engine: AsyncEngine, role: Role, body: int | None) -> None:
    """Return if an account with this role may belong to `body` (None: to no house).

    Raises BodyError.
    """
    wanted = KIND_OF.get(role)
    if body is None:
        return
    if wanted is None:
        raise BodyError(f"The role {role} belongs to no organisation or agency.")
    async with engine.connect() as connection:
        found = await find(connection, body)
    if found is None:
        raise BodyError(f"There is no organisation or agency {body}.")
    if found.kind != wanted:
        raise BodyError(f"The role {role} is not for {found.name['vi']}: it is {_A[found.kind]}.")


_A = {"ORGANISATION": "an auction organisation", "AGENCY": "an agency"}


async def join(
    engine: AsyncEngine,
    account: int,
    role: Role,
    body: int,
    duties: Iterable[str] | None = None,
) -> None:
    """From now on the account works for `body`, with these duties alone; None: with all.

    Raises BodyError as `check_kind`, DutyError.
    """
    await check_kind(engine, role, body)
    given = house_duties.checked(role, duties)
    async with transaction(engine) as connection:
        await house_duties.replace(connection, account, given)
        await connection.execute(update(Account).where(Account.id == account).values(body_id=body))
