"""Colleagues are invited by letter: whoever opens it chooses a password and works for the house.

The account is made with the very step that takes the invitation, so an invitation is taken once;
its address counts as confirmed. Name and address are sealed, and gone when it is over.
"""

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.desk.house import people
from auction_engine.desk.house.people import HouseError
from auction_engine.identity import duties
from auction_engine.identity.people import is_token, make_person, new_token, token_hash
from auction_engine.identity.personal import Personal, email
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, Body
from auction_engine.ledger.schema_house import HouseAct, HouseInvitation
from auction_engine.post import outbox, values

OPEN_FOR = timedelta(days=7)
_ROLE_OF = {"ORGANISATION": "organisation", "AGENCY": "officer"}
_NAME = 120
_MOST_OPEN = 100


class Invited(NamedTuple):
    """An invitation that is open, for the house."""

    id: uuid.UUID
    name: str
    address: str
    duties: tuple[str, ...]
    expires_at: datetime


class Invitation(NamedTuple):
    """An invitation as whoever has the letter sees it."""

    id: uuid.UUID
    body: int
    house: dict[str, str]
    kind: str
    role: str
    name: str
    address: str
    duties: tuple[str, ...]


def _context(number: uuid.UUID) -> str:
    return f"house_invitation.data:{number}"


async def invite(
    connection: Any, vault: Vault, body: int, by: int, role: str,
    name: str, address: str, wanted: Iterable[str], lang: str,
) -> None:  # fmt: skip
    """Write to a colleague to be; a second letter to the same address replaces the first.

    Raises HouseError NO_HOUSE, NAME_NEEDED, NO_DUTIES, TOO_MANY; Wrong for the address.
    """
    plain, to = " ".join(name.split())[:_NAME], email(address)
    given = duties.checked(role, wanted)
    if not body:
        raise HouseError("NO_HOUSE", "You work for no house yourself.")
    if not plain:
        raise HouseError("NAME_NEEDED", "Say the colleague's name.")
    if not given:
        raise HouseError("NO_DUTIES", "Give the colleague at least one duty.")
    number, letter, token = uuid.uuid4(), outbox.new_id(), new_token()
    async with connection.transaction():
        await people.alone(connection, body)
        # The same colleague by the same address: the newest letter counts.
        before = await opened(connection, vault, body)
        for one in before:
            if one.address.casefold() == to.casefold():
                await _over(connection, one.id, "CALLED_OFF")
        if len(before) >= _MOST_OPEN:
            raise HouseError("TOO_MANY", "Call off invitations that nobody takes first.")
        await connection.execute(
            "INSERT INTO house_invitation (id, body_id, token_hash, data, duties, invited_by,"
            " expires_at, state) VALUES ($1, $2, $3, $4, $5, $6, now() + $7, 'OPEN')",
            number, body, token_hash(token),
            vault.seal(orjson.dumps({"name": plain, "address": to}), _context(number)),
            list(given), by, OPEN_FOR,
        )  # fmt: skip
        await people.note(connection, body, by, "INVITED", {"duties": list(given)})
        house = await connection.fetchval("SELECT name FROM body WHERE id = $1", body)
        link = {"link": values.link(f"/join/{token}"), "name": plain}
        await outbox.put(
            connection, to=None, kind="house.invited", lang=lang, letter=letter,
            values={"house": values.either(orjson.loads(house)), "days": OPEN_FOR.days},
            address=vault.seal(to.encode(), f"letter.address:{letter}"),
            secrets=vault.seal(orjson.dumps(link), f"letter.secrets:{letter}"),
        )  # fmt: skip


async def opened(connection: Any, vault: Vault, body: int) -> list[Invited]:
    """The invitations nobody has taken yet, oldest first. Raises VaultError."""
    rows = await connection.fetch(
        "SELECT id, data, duties, expires_at FROM house_invitation"
        " WHERE body_id = $1 AND state = 'OPEN' AND expires_at > now() ORDER BY at, id",
        body,
    )
    found = []
    for row in rows:
        said = orjson.loads(vault.open(row["data"], _context(row["id"])))
        found.append(
            Invited(row["id"], said["name"], said["address"], tuple(row["duties"]),
                    row["expires_at"])
        )  # fmt: skip
    return found


async def call_off(connection: Any, body: int, by: int, number: uuid.UUID) -> None:
    """The letter's link is good for nothing any more. Twice is once.

    Raises HouseError TAKEN when somebody was first, NO_INVITATION.
    """
    async with connection.transaction():
        await people.alone(connection, body)
        state = await connection.fetchval(
            "SELECT state FROM house_invitation WHERE id = $1 AND body_id = $2 FOR UPDATE",
            number, body,
        )  # fmt: skip
        if state is None:
            raise HouseError("NO_INVITATION", "There is no such invitation of your house.")
        if state == "TAKEN":
            raise HouseError("TAKEN", "The invitation has been taken; let the colleague go.")
        if state == "OPEN":
            await _over(connection, number, "CALLED_OFF")
            await people.note(connection, body, by, "CALLED_OFF", {})


async def _over(connection: Any, number: uuid.UUID, state: str) -> None:
    await connection.execute(
        "UPDATE house_invitation SET state = $2, data = NULL WHERE id = $1", number, state
    )


# --- taking it ------------------------------------------------------------------------------


async def look(engine: AsyncEngine, vault: Vault, token: str) -> Invitation | None:
    """The invitation a link stands for; None for one that is unknown, over or too old."""
    if not is_token(token):
        return None
    async with engine.connect() as connection:
        return await _find(connection, vault, token)


async def _find(
    connection: AsyncConnection, vault: Vault, token: str, lock: bool = False
) -> Invitation | None:
    query = (
        select(
            HouseInvitation.id, HouseInvitation.body_id, Body.name, Body.kind,
            HouseInvitation.data, HouseInvitation.duties,
        )
        .join(Body, Body.id == HouseInvitation.body_id)
        .where(
            HouseInvitation.token_hash == token_hash(token),
            HouseInvitation.state == "OPEN",
            HouseInvitation.expires_at > func.now(),
        )
    )  # fmt: skip
    if lock:
        query = query.with_for_update(of=HouseInvitation)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    said = orjson.loads(vault.open(row.data, _context(row.id)))
    return Invitation(
        row.id, row.body_id, row.name, row.kind, _ROLE_OF[row.kind], said["name"],
        said["address"], tuple(row.duties),
    )  # fmt: skip


async def take(
    engine: AsyncEngine, vault: Vault, token: str, password_hash: str, lang: str
) -> int | None:
    """Make the account; None for a link that is unknown, over, too old, or taken meanwhile.

    Raises HouseError ADDRESS_TAKEN: whoever reads the letter has an account by that address.
    """
    if not is_token(token):
        return None
    try:
        async with transaction(engine) as connection:
            found = await _find(connection, vault, token, lock=True)
            return None if found is None else await _join(
                connection, vault, found, password_hash, lang
            )  # fmt: skip
    except IntegrityError as error:
        if "email" not in str(error.orig):
            raise
        raise HouseError(
            "ADDRESS_TAKEN", "This address has an account already; ask for one to another address."
        ) from None


async def _join(
    connection: AsyncConnection, vault: Vault, found: Invitation, password_hash: str, lang: str
) -> int:
    made = await connection.execute(
        insert(Account)
        .values(
            # People sign in by their address; the login says nothing of who it is.
            login=f"s-{secrets.token_hex(8)}", name=found.name, role=found.role,
            password_hash=password_hash, body_id=found.body,
        )
        .returning(Account.id)
    )  # fmt: skip
    account = int(made.scalar_one())
    personal = Personal("PERSON", found.name, email=found.address)
    await make_person(connection, vault, account, personal, lang, confirmed=True)
    await duties.give(connection, account, duties.checked(found.role, found.duties))
    await connection.execute(
        update(HouseInvitation)
        .where(HouseInvitation.id == found.id)
        .values(state="TAKEN", data=None, account_id=account)
    )
    await connection.execute(
        insert(HouseAct).values(
            body_id=found.body, account_id=account, subject_id=account, kind="JOINED",
            body={"duties": list(found.duties)},
        )
    )  # fmt: skip
    return account
