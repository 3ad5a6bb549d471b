"""People whose identity another authority has proved: sign-in in the manner of VNeID."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.identity import consents, inventory, people, recovery
from auction_engine.identity.personal import (
    Kind,
    Personal,
    email_mark,
    identity_mark,
    initials,
    number,
)
from auction_engine.identity.vault import Vault
from auction_engine.ledger.schema import Account, Base, WebSession
from auction_engine.ledger.schema_people import Person
from auction_engine.post import outbox, values


@dataclass(frozen=True, slots=True)
class Claims:
    """What the authority says of somebody. Nothing of it is in the repr."""

    name: str = field(repr=False)
    identity: str = field(repr=False)
    kind: Kind = "PERSON"
    email: str | None = field(default=None, repr=False)
    email_verified: bool = False
    born_on: date | None = field(default=None, repr=False)
    lang: str = "vi"


@dataclass(frozen=True, slots=True)
class Found:
    """The account of an identity. `ended` are the digests of the sessions that a take-over ended:
    the caller tells the gateways (`tickets.revoke`)."""

    account: int
    made: bool = False
    ended: tuple[bytes, ...] = ()


async def register_from_identity(
    connection: AsyncConnection, vault: Vault, claims: Claims
) -> Found:
    """The account with the identity that an authority vouches for, made if there is none.

    An account that somebody opened under this number without proof, and under another address, is
    taken over: whatever opened it until now (password, sessions, devices, keys) opens it no more,
    or whoever was first could wait in it for the one it belongs to. Runs in the transaction of
    `connection`. Raises Wrong for a number or an address that cannot be right.
    """
    identity = number(claims.kind, claims.identity)
    rows = await connection.execute(
        select(Person.account_id, Person.email_mark, Person.identity_proved_at)
        .where(Person.identity_mark == identity_mark(vault, identity))
        .with_for_update()
    )
    row = rows.one_or_none()
    if row is None:
        return Found(await _make(connection, vault, claims, identity), made=True)
    ended: tuple[bytes, ...] = ()
    if row.identity_proved_at is None:
        sure = claims.email is not None and claims.email_verified
        if not sure or row.email_mark != email_mark(vault, claims.email or ""):
            ended = await _take_over(connection, vault, claims, identity, row.account_id)
        await connection.execute(
            update(Person)
            .where(Person.account_id == row.account_id)
            .values(identity_proved_at=func.now(), changed_at=func.now())
        )
    return Found(row.account_id, ended=ended)


async def _make(connection: AsyncConnection, vault: Vault, claims: Claims, identity: str) -> int:
    email = await _free(connection, vault, claims)
    personal = Personal(claims.kind, claims.name, identity, email, born_on=claims.born_on)
    account = await people.make_account(connection, personal, None)
    confirmed = email is not None and claims.email_verified
    await people.make_person(
        connection, vault, account, personal, claims.lang, confirmed=confirmed, proved=True
    )
    await consents.agree(connection, account)
    await outbox.put(
        connection, to=account, kind="people.welcome", values={"link": values.link("/")}
    )
    return account


async def _free(connection: AsyncConnection, vault: Vault, claims: Claims) -> str | None:
    """The claimed address, unless it is unsure or somebody else's account has it."""
    if claims.email is None or not claims.email_verified:
        return None
    mark = email_mark(vault, claims.email)
    taken = await connection.scalar(select(Person.account_id).where(Person.email_mark == mark))
    return None if taken is not None else claims.email


async def _take_over(
    connection: AsyncConnection, vault: Vault, claims: Claims, identity: str, account: int
) -> tuple[bytes, ...]:
    letter = outbox.new_id()
    old = await recovery.old_address(connection, vault, account, letter)
    if old is not None:
        # Without a name: the account has its owner's from now on, and that is not the reader's.
        nameless = vault.seal(b'{"name":""}', f"letter.secrets:{letter}")
        await outbox.put(
            connection, to=account, kind="people.taken_over", values={}, address=old,
            secrets=nameless, letter=letter,
        )  # fmt: skip
    rows = await connection.execute(
        delete(WebSession).where(WebSession.account_id == account).returning(WebSession.token_hash)
    )
    ended = tuple(rows.scalars())
    for name in inventory.CREDENTIALS:
        table = Base.metadata.tables[name]
        await connection.execute(delete(table).where(table.c.account_id == account))
    await connection.execute(
        update(Account)
        .where(Account.id == account)
        .values(password_hash=None, name=initials(claims.name))
    )
    # What somebody else typed into it, a bank account above all, is not its owner's.
    own = Personal(claims.kind, claims.name, identity, born_on=claims.born_on)
    email = await _free(connection, vault, claims)
    await connection.execute(
        update(Person)
        .where(Person.account_id == account)
        .values(
            kind=claims.kind,
            data=people.seal_data(vault, account, own),
            email=None if email is None else people.seal_email(vault, account, email),
            email_mark=None if email is None else email_mark(vault, email),
            email_confirmed_at=None if email is None else func.now(),
        )
    )
    return ended
