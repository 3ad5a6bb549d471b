"""Accounts: people and robots, each with one role."""

import unicodedata
from dataclasses import dataclass
from typing import Literal, cast, get_args

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account as AccountRow

Role = Literal["bidder", "organisation", "officer"]
ROLES: tuple[Role, ...] = get_args(Role)
_LOGIN_MAX = 100


class AccountError(AuctionError):
    """An account cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is. `robot` marks the bidders of demonstrations and benchmarks."""

    id: int
    login: str
    name: str
    role: Role
    robot: bool


_COLUMNS = (
    AccountRow.id,
    AccountRow.login,
    AccountRow.name,
    AccountRow.role,
    AccountRow.robot,
    AccountRow.password_hash,
)


def plain_login(login: str) -> str:
    """The one spelling of a login: what a person types may differ in case, spaces and accents."""
    return unicodedata.normalize("NFKC", login).strip().casefold()


async def create(
    engine: AsyncEngine,
    login: str,
    name: str,
    role: Role,
    password_hash: str | None = None,
    robot: bool = False,
) -> Account:
    """A new account; without `password_hash` (see `Passwords.hash`) nobody can sign in to it.

    Raises AccountError if the login is taken or unusable, or the role unknown.
    """
    login = plain_login(login)
    if not 1 <= len(login) <= _LOGIN_MAX or not login.isprintable():
        raise AccountError(f"A login has 1 to {_LOGIN_MAX} printable characters.")
    if role not in ROLES:
        raise AccountError(f"There is no role {role!r}.")
    try:
        async with transaction(engine) as connection:
            found = await connection.execute(
                insert(AccountRow)
                .values(login=login, name=name, role=role, password_hash=password_hash, robot=robot)
                .returning(AccountRow.id)
            )
            return Account(int(found.scalar_one()), login, name, role, robot)
    except IntegrityError:
        raise AccountError(f"The login {login!r} is taken.") from None


async def find_by_login(engine: AsyncEngine, login: str) -> tuple[Account, str | None] | None:
    """The account with this login and its password hash, None if there is none."""
    return await _find(engine, AccountRow.login == plain_login(login))


async def find(engine: AsyncEngine, account: int) -> Account | None:
    """The account with this id, None if there is none."""
    found = await _find(engine, AccountRow.id == account)
    return None if found is None else found[0]


async def _find(engine: AsyncEngine, condition: object) -> tuple[Account, str | None] | None:
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(*_COLUMNS).where(condition)  # type: ignore[arg-type]
        )
        row = rows.one_or_none()
    if row is None:
        return None
    return Account(row[0], row[1], row[2], cast(Role, row[3]), row[4]), row[5]


async def set_password_hash(engine: AsyncEngine, account: int, password_hash: str) -> None:
    """Replace the password hash of an account."""
    async with transaction(engine) as connection:
        await connection.execute(
            update(AccountRow).where(AccountRow.id == account).values(password_hash=password_hash)
        )
