"""Accounts: people and robots, each with one role."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.errors import AuctionError
from auction_engine.identity import duties as house_duties
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account as AccountRow
from auction_engine.ledger.schema_people import Person

# An "organisation"'s and an "officer"'s account belongs to a house (`bodies`); nobody else's does.
Role = Literal["bidder", "organisation", "officer", "procurator"]
ROLES: tuple[Role, ...] = get_args(Role)
_LOGIN_MAX = 100


class AccountError(AuctionError):
    """An account cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is. `robot` marks the bidders of demonstrations and benchmarks.

    `body` is the organisation or agency somebody works for; staff of none sees nothing of any.
    """

    id: int
    login: str
    name: str
    role: Role
    robot: bool
    body: int | None = None
    state: str = "ACTIVE"


_COLUMNS = (
    AccountRow.id,
    AccountRow.login,
    AccountRow.name,
    AccountRow.role,
    AccountRow.robot,
    AccountRow.body_id,
    AccountRow.state,
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
    body: int | None = None,
    duties: Iterable[str] | None = None,
) -> Account:
    """A new account; without `password_hash` (see `Passwords.hash`) nobody can sign in to it.

    `body` is the house of staff, which must be of the role's kind (`bodies.check_kind`); `duties`
    are staff's there, None for all. Raises AccountError if the login is taken or unusable, or the
    role unknown; DutyError.
    """
    login = plain_login(login)
    if not 1 <= len(login) <= _LOGIN_MAX or not login.isprintable():
        raise AccountError(f"A login has 1 to {_LOGIN_MAX} printable characters.")
    if role not in ROLES:
        raise AccountError(f"There is no role {role!r}.")
    given = house_duties.checked(role, duties)
    try:
        async with transaction(engine) as connection:
            found = await connection.execute(
                insert(AccountRow)
                .values(
                    login=login,
                    name=name,
                    role=role,
                    password_hash=password_hash,
                    robot=robot,
                    body_id=body,
                )
                .returning(AccountRow.id)
            )
            made = int(found.scalar_one())
            await house_duties.give(connection, made, given)
            return Account(made, login, name, role, robot, body)
    except IntegrityError:
        raise AccountError(f"The login {login!r} is taken.") from None


async def find_by_login(engine: AsyncEngine, login: str) -> tuple[Account, str | None] | None:
    """The account with this login and its password hash, None if there is none."""
    return await _find(engine, AccountRow.login == plain_login(login))


async def find_by_email_mark(engine: AsyncEngine, mark: bytes) -> tuple[Account, str | None] | None:
    """The account with this e-mail address (`people.email_mark`) and its password hash."""
    own = select(Person.account_id).where(Person.email_mark == mark).scalar_subquery()
    return await _find(engine, AccountRow.id == own)


def may_sign_in(account: Account) -> bool:
    """Whether the account is one that people sign in to: confirmed, neither closed nor erased."""
    return account.state == "ACTIVE"


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
    return Account(row[0], row[1], row[2], cast(Role, row[3]), row[4], row[5], row[6]), row[7]


async def set_password_hash(engine: AsyncEngine, account: int, password_hash: str) -> None:
    """Replace the password hash of an account."""
    async with transaction(engine) as connection:
        await set_password_in(connection, account, password_hash)


async def set_password_in(connection: AsyncConnection, account: int, password_hash: str) -> None:
    """`set_password_hash` within the caller's transaction."""
    await connection.execute(
        update(AccountRow).where(AccountRow.id == account).values(password_hash=password_hash)
    )
