"""The way back into an account, and another address for it.

Asking answers the same for known and unknown addresses, with the same statements; only the letter's
reader learns more.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import orjson
from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity import people
from auction_engine.identity.personal import email_mark
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, WebSession
from auction_engine.ledger.schema_people import OneUseToken, Person
from auction_engine.post import outbox, values

RECOVER_WITHIN = timedelta(hours=1)
EMAIL_WITHIN = timedelta(hours=48)
_NOBODY = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """Whose password or address is another now. `ended`: the digests of sessions that ended with
    it, which the caller tells the gateways (`tickets.revoke`)."""

    account: int
    ended: tuple[bytes, ...] = ()


async def ask(engine: AsyncEngine, vault: Vault, address: str) -> None:
    """Send the account with this address a link that sets a new password. Raises Wrong."""
    mark = email_mark(vault, address)
    token, letter = people.new_token(), outbox.new_id()
    link = orjson.dumps({"link": values.link(f"/recover/{token}")})
    async with transaction(engine) as connection:
        found = await connection.scalar(
            select(Person.account_id)
            .join(Account, Account.id == Person.account_id)
            .where(Person.email_mark == mark, Account.state == "ACTIVE")
        )
        account = _NOBODY if found is None else int(found)
        await _drop(connection, account, "RECOVER")
        await _keep(connection, account, "RECOVER", token, RECOVER_WITHIN)
        await outbox.put(
            connection,
            to=account,
            kind="people.recover",
            values={"minutes": int(RECOVER_WITHIN.total_seconds() // 60)},
            secrets=vault.seal(link, f"letter.secrets:{letter}"),
            letter=letter,
        )


async def _drop(connection: AsyncConnection, account: int, purpose: str) -> None:
    """Only the newest link is good."""
    await connection.execute(
        delete(OneUseToken).where(OneUseToken.account_id == account, OneUseToken.purpose == purpose)
    )


async def end_links(connection: AsyncConnection, account: int) -> None:
    """Make every link of `account` worthless: whoever was in the account before its password or its
    address was changed may still have one, and could come back by it."""
    await connection.execute(delete(OneUseToken).where(OneUseToken.account_id == account))


async def _keep(
    connection: AsyncConnection,
    account: int,
    purpose: str,
    token: str,
    within: timedelta,
    data: bytes | None = None,
) -> None:
    columns = ("token_hash", "account_id", "purpose", "expires_at", "data")
    hashed = people.token_hash(token)
    await connection.execute(
        insert(OneUseToken).from_select(
            columns,
            select(
                literal(hashed), Person.account_id, literal(purpose), func.now() + within,
                literal(data, OneUseToken.data.type),
            ).where(Person.account_id == account),
        )
    )  # fmt: skip


async def holder(engine: AsyncEngine, token: str, purpose: str) -> int | None:
    """Whose link this is, None if it is unknown, used or expired. It stays good."""
    if not people.is_token(token):
        return None
    async with engine.connect() as connection:
        found: int | None = await connection.scalar(
            select(OneUseToken.account_id).where(
                OneUseToken.token_hash == people.token_hash(token),
                OneUseToken.purpose == purpose,
                OneUseToken.expires_at > func.now(),
            )
        )
        return found


async def _use(
    connection: AsyncConnection, token: str, purpose: str
) -> tuple[int, bytes | None] | None:
    rows = await connection.execute(
        delete(OneUseToken)
        .where(
            OneUseToken.token_hash == people.token_hash(token),
            OneUseToken.purpose == purpose,
            OneUseToken.expires_at > func.now(),
        )
        .returning(OneUseToken.account_id, OneUseToken.data)
    )
    row = rows.one_or_none()
    return None if row is None else (row.account_id, row.data)


async def recover(engine: AsyncEngine, token: str, password_hash: str) -> Changed | None:
    """Set a new password by a link; every session ends. None if the link is good no more.

    Whoever opens the link has the address, so it counts as confirmed.
    """
    if not people.is_token(token):
        return None
    async with transaction(engine) as connection:
        used = await _use(connection, token, "RECOVER")
        if used is None:
            return None
        account = used[0]
        await connection.execute(
            update(Person)
            .where(Person.account_id == account, Person.email_confirmed_at.is_(None))
            .values(email_confirmed_at=func.now())
        )
        return await _set_password(connection, account, password_hash)


async def _set_password(connection: AsyncConnection, account: int, password_hash: str) -> Changed:
    await connection.execute(
        update(Account).where(Account.id == account).values(password_hash=password_hash)
    )
    await end_links(connection, account)
    rows = await connection.execute(
        delete(WebSession).where(WebSession.account_id == account).returning(WebSession.token_hash)
    )
    ended = tuple(rows.scalars())
    await outbox.put(
        connection,
        to=account,
        kind="people.password",
        values={"link": values.link("/recover")},
    )
    return Changed(account, ended)


# --- another address ------------------------------------------------------------------------


async def ask_email(engine: AsyncEngine, vault: Vault, account: int, address: str) -> None:
    """Send a link to the new address (in its one spelling), and word of it to the old.

    If the new one has an account already, its holder is told instead; whoever asked is not.
    """
    token, letter = people.new_token(), outbox.new_id()
    hashed = people.token_hash(token)
    data = vault.seal(address.encode(), f"one_use_token.data:{hashed.hex()}")
    secret = vault.seal(
        # Without the name, as long as nobody knows whose address it is.
        orjson.dumps({"name": "", "link": values.link(f"/confirm/email/{token}")}),
        f"letter.secrets:{letter}",
    )
    mark = email_mark(vault, address)
    async with transaction(engine) as connection:
        taken = await connection.scalar(select(Person.account_id).where(Person.email_mark == mark))
        await _drop(connection, account, "EMAIL")
        await _keep(connection, account, "EMAIL", token, EMAIL_WITHIN, data)
        if taken is None:
            sealed = vault.seal(address.encode(), f"letter.address:{letter}")
            hours = int(EMAIL_WITHIN.total_seconds() // 3600)
            await outbox.put(
                connection, to=account, kind="people.email_new", values={"hours": hours},
                address=sealed, secrets=secret, letter=letter,
            )  # fmt: skip
        else:
            await people.tried(connection, int(taken))
        await outbox.put(connection, to=account, kind="people.email_asked", values={})


async def confirm_email(engine: AsyncEngine, vault: Vault, token: str) -> int | None:
    """Make the address a link stands for the account's. None if the link is good no more, or the
    address has got another account since; the old address is told of the change."""
    if not people.is_token(token):
        return None
    try:
        async with transaction(engine) as connection:
            used = await _use(connection, token, "EMAIL")
            if used is None or used[1] is None:
                return None
            account, sealed = used[0], used[1]
            hashed = people.token_hash(token)
            address = vault.open(sealed, f"one_use_token.data:{hashed.hex()}").decode()
            await _tell_old(connection, vault, account)
            # A link to a new password may lie in the mailbox that is left.
            await end_links(connection, account)
            await connection.execute(
                update(Person)
                .where(Person.account_id == account)
                .values(
                    email=people.seal_email(vault, account, address),
                    email_mark=email_mark(vault, address),
                    email_confirmed_at=func.now(),
                    changed_at=func.now(),
                )
            )
            return account
    except IntegrityError:
        return None


async def _tell_old(connection: AsyncConnection, vault: Vault, account: int) -> None:
    letter = outbox.new_id()
    old = await old_address(connection, vault, account, letter)
    if old is not None:
        await outbox.put(
            connection, to=account, kind="people.email_changed", values={}, address=old,
            letter=letter,
        )  # fmt: skip


async def old_address(
    connection: AsyncConnection, vault: Vault, account: int, letter: uuid.UUID
) -> bytes | None:
    """The account's address as it is now, sealed for `letter`: it will be another when it goes."""
    found = await connection.execute(select(Person.email).where(Person.account_id == account))
    sealed = found.scalar_one_or_none()
    if sealed is None:
        return None
    return vault.seal(vault.open(sealed, f"person.email:{account}"), f"letter.address:{letter}")
