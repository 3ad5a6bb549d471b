"""People and their accounts: asked for, confirmed by a letter, found again.

An account is made only when the address is confirmed, so nobody can block another's number or
address by asking. Whether somebody has an account already is told to nobody but its holder, by
letter: asking again does and answers the same for known and unknown.
"""

import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity import consents, traces
from auction_engine.identity.personal import Personal, email_mark, identity_mark, initials
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account
from auction_engine.ledger.schema_people import Person, Registration
from auction_engine.post import outbox, values

CONFIRM_WITHIN = timedelta(hours=48)
_TOKEN_BYTES = 32
_TOKEN_CHARS = 43


@dataclass(frozen=True, slots=True)
class Known:
    """An account's person as far as its row tells without opening anything."""

    account: int
    kind: str
    lang: str
    confirmed_at: datetime | None
    proved_at: datetime | None


def new_token() -> str:
    """What a link carries; only its hash is kept (`token_hash`)."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """By what a token is known. Anything that is no token has a hash that nothing has."""
    return sha256(token.encode()).digest()


def is_token(token: str) -> bool:
    """Whether it could be one: anything else needs no look at the table."""
    return len(token) == _TOKEN_CHARS and token.isascii()


# --- asking for an account ------------------------------------------------------------------


async def register(
    engine: AsyncEngine, vault: Vault, personal: Personal, password_hash: str, lang: str
) -> None:
    """Ask for an account; `personal` is `checked`, with identity and e-mail.

    The letter with the link goes to the address. If the address or the number has an account
    already, its holder gets a letter instead, at most one a day, and nobody else hears of it.
    """
    assert personal.email is not None and personal.identity is not None  # noqa: PT018
    token, registration = new_token(), uuid.uuid4()
    body = {"person": personal.to_json(), "password_hash": password_hash, "lang": lang}
    sealed = vault.seal(orjson.dumps(body), f"registration.data:{registration}")
    async with transaction(engine) as connection:
        await connection.execute(delete(Registration).where(Registration.expires_at <= func.now()))
        holder = await _holder(connection, vault, personal)
        await connection.execute(
            insert(Registration).values(
                id=registration,
                token_hash=token_hash(token),
                data=sealed,
                expires_at=func.now() + CONFIRM_WITHIN,
            )
        )
        if holder is None:
            await _confirmation(connection, vault, personal, token, lang)
        else:
            await tried(connection, holder)


async def _holder(connection: AsyncConnection, vault: Vault, personal: Personal) -> int | None:
    """Whose the number or the address is already; of two the one with the number."""
    marks = []
    if personal.email is not None:
        marks.append(Person.email_mark == email_mark(vault, personal.email))
    if personal.identity is not None:
        marks.append(Person.identity_mark == identity_mark(vault, personal.identity))
    rows = await connection.execute(
        select(Person.account_id).where(or_(*marks)).order_by(marks[-1].desc().nulls_last())
    )
    return rows.scalars().first()


async def _confirmation(
    connection: AsyncConnection, vault: Vault, personal: Personal, token: str, lang: str
) -> None:
    letter = outbox.new_id()
    # Without the name: whoever asks could write to strangers what he likes in its place.
    secret = {"name": "", "link": values.link(f"/confirm/{token}")}
    assert personal.email is not None
    await outbox.put(
        connection,
        to=None,
        kind="people.confirm",
        values={"hours": int(CONFIRM_WITHIN.total_seconds() // 3600)},
        lang=lang,
        address=vault.seal(personal.email.encode(), f"letter.address:{letter}"),
        secrets=vault.seal(orjson.dumps(secret), f"letter.secrets:{letter}"),
        letter=letter,
    )


async def tried(connection: AsyncConnection, holder: int) -> None:
    """Tell a holder, at most once a day, that somebody gave what is theirs."""
    today = datetime.now(UTC).date()
    await outbox.put(
        connection,
        to=holder,
        kind="people.tried",
        values={"link": values.link("/recover")},
        key=f"people.tried:{holder}:{today}",
    )


# --- confirming it --------------------------------------------------------------------------


async def chosen_password(engine: AsyncEngine, vault: Vault, token: str) -> str | None:
    """The hash of the password that was chosen when the link's account was asked for.

    Whoever confirms must know it: somebody else may have asked in the name of the mailbox, and
    would know the password of the account that its owner confirms. None for a link that is no good.
    """
    if not is_token(token):
        return None
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(Registration.id, Registration.data).where(
                Registration.token_hash == token_hash(token), Registration.expires_at > func.now()
            )
        )
        row = rows.one_or_none()
    if row is None:
        return None
    body = orjson.loads(vault.open(row.data, f"registration.data:{row.id}"))
    return str(body["password_hash"])


async def confirm(engine: AsyncEngine, vault: Vault, token: str) -> int | None:
    """Make the account a link stands for. None for a link that is unknown, used or expired, and
    where the number or the address has got an account since: its holder hears of it."""
    if not is_token(token):
        return None
    try:
        async with transaction(engine) as connection:
            return await _confirm(connection, vault, token)
    except IntegrityError:
        # Two links for one number or address, opened at the same moment: the other was first.
        return None


async def _confirm(connection: AsyncConnection, vault: Vault, token: str) -> int | None:
    rows = await connection.execute(
        delete(Registration)
        .where(Registration.token_hash == token_hash(token), Registration.expires_at > func.now())
        .returning(Registration.id, Registration.data)
    )
    row = rows.one_or_none()
    if row is None:
        return None
    body = orjson.loads(vault.open(row.data, f"registration.data:{row.id}"))
    personal = Personal.from_json(body["person"])
    holder = await _holder(connection, vault, personal)
    if holder is not None:
        await tried(connection, holder)
        return None
    account = await make_account(connection, personal, body["password_hash"])
    await make_person(connection, vault, account, personal, body["lang"], confirmed=True)
    await consents.agree(connection, account)
    await outbox.put(
        connection, to=account, kind="people.welcome", values={"link": values.link("/")}
    )
    return account


async def make_account(
    connection: AsyncConnection, personal: Personal, password_hash: str | None
) -> int:
    """A bidder's account. Its login says nothing of who it is: people sign in by their address."""
    made = await connection.execute(
        insert(Account)
        .values(
            login=f"p-{secrets.token_hex(8)}",
            name=initials(personal.name),
            role="bidder",
            password_hash=password_hash,
        )
        .returning(Account.id)
    )
    return int(made.scalar_one())


async def make_person(
    connection: AsyncConnection,
    vault: Vault,
    account: int,
    personal: Personal,
    lang: str,
    *,
    confirmed: bool,
    proved: bool = False,
) -> None:
    email, identity = personal.email, personal.identity
    await connection.execute(
        insert(Person).values(
            account_id=account,
            kind=personal.kind,
            identity_mark=None if identity is None else identity_mark(vault, identity),
            email_mark=None if email is None else email_mark(vault, email),
            email=None if email is None else seal_email(vault, account, email),
            data=seal_data(vault, account, personal),
            lang=lang,
            email_confirmed_at=func.now() if confirmed else None,
            identity_proved_at=func.now() if proved else None,
        )
    )


async def give(
    engine: AsyncEngine, vault: Vault, account: int, personal: Personal, lang: str = "vi"
) -> None:
    """Give an account that has none its person: staff, the demonstration's people, tests.

    The address counts as confirmed. Raises IntegrityError if the number or the address is taken.
    """
    async with transaction(engine) as connection:
        confirmed = personal.email is not None
        await make_person(connection, vault, account, personal, lang, confirmed=confirmed)


# --- reading --------------------------------------------------------------------------------


def seal_email(vault: Vault, account: int, email: str) -> bytes:
    """An address as `person.email` keeps it."""
    return vault.seal(email.encode(), f"person.email:{account}")


def seal_data(vault: Vault, account: int, personal: Personal) -> bytes:
    """All but the address as `person.data` keeps it."""
    value = replace(personal, email=None).to_json()
    return vault.seal(orjson.dumps(value), f"person.data:{account}")


async def known(connection: AsyncConnection, account: int) -> Known | None:
    """What an account's row tells, None for accounts without a person (robots)."""
    rows = await connection.execute(
        select(
            Person.account_id,
            Person.kind,
            Person.lang,
            Person.email_confirmed_at,
            Person.identity_proved_at,
        ).where(Person.account_id == account)
    )
    row = rows.one_or_none()
    return None if row is None else Known(*row)


async def own(connection: AsyncConnection, vault: Vault, account: int) -> Personal | None:
    """The account's own data, for its owner; None if there is none (any more). Raises VaultError.

    Whoever reads another's uses `of_another`.
    """
    rows = await connection.execute(
        select(Person.email, Person.data).where(Person.account_id == account)
    )
    row = rows.one_or_none()
    if row is None or row.data is None:
        return None
    personal = Personal.from_json(orjson.loads(vault.open(row.data, f"person.data:{account}")))
    if row.email is None:
        return personal
    return replace(personal, email=vault.open(row.email, f"person.email:{account}").decode())


async def of_another(
    connection: AsyncConnection, vault: Vault, reader: int | None, subject: int, what: str, why: str
) -> Personal | None:
    """`subject`'s data for `reader` (None: the program), who leaves a trace (`traces.reading`)."""
    found = await own(connection, vault, subject)
    if found is not None:
        await traces.reading(connection, reader, subject, what, why)
    return found


async def change(
    engine: AsyncEngine, vault: Vault, account: int, lang: str | None = None, **new: str | None
) -> None:
    """Replace fields of an account's own data (phone, address, bank…); `new` is checked already."""
    async with transaction(engine) as connection:
        await connection.execute(
            select(Person.account_id).where(Person.account_id == account).with_for_update()
        )
        found = await own(connection, vault, account)
        if found is None:
            return
        changed = replace(found, **new)  # type: ignore[arg-type]
        columns = {"data": seal_data(vault, account, changed), "changed_at": func.now()}
        await connection.execute(
            update(Person)
            .where(Person.account_id == account)
            .values(columns | ({"lang": lang} if lang else {}))
        )
