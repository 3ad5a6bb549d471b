"""Erasing a person: what the law orders to keep stays, sealed and dated; the rest goes now.

How long an auction's file is kept is the rule pack's (`retention`; Vietnam: five years from the
end, Art. 54 of Law 01/2016/QH14). When that day has passed `Housekeeper` erases the rest.
"""

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auction_engine.identity import people, recovery
from auction_engine.identity.inventory import PLACES
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema import Account, Base, WebSession
from auction_engine.ledger.schema_people import Letter, Person
from auction_engine.post import outbox, values
from auction_engine.rules import calendar, packs

ERASED_NAME = "—"
_COUNTRY_DEFAULT = "vn-enforcement-2026-07"
# The lots somebody took part in, by journal, money and dossier, and how each stands.
_LOTS = text("""
    WITH mine AS (
        SELECT lot_id FROM journal WHERE bidder = :account AND bid_id IS NOT NULL
         UNION SELECT lot_id FROM journal WHERE bidder = :account AND kind = 'bidder.admitted'
         UNION SELECT lot_id FROM payment_request WHERE payer = :account
         UNION SELECT lot_id FROM dossier WHERE account_id = :account AND state <> 'DRAFT'
    )
    SELECT m.lot_id, l.content->'title' AS title, h.phase, h.status, h.leader, h.end_ms,
           (SELECT body FROM journal j WHERE j.lot_id = m.lot_id AND j.seq = 1) AS first,
           (SELECT body FROM journal j WHERE j.lot_id = m.lot_id AND j.seq = h.seq) AS last
      FROM mine m JOIN lot l ON l.id = m.lot_id JOIN lot_head h ON h.lot_id = m.lot_id
     WHERE NOT EXISTS (SELECT FROM practice p WHERE p.lot_id = m.lot_id)
     ORDER BY m.lot_id
""")
_OWED = text("""
    SELECT count(*) FROM payout WHERE payee = :account
       AND state IN ('DUE', 'PREPARED', 'ORDERED', 'FAILED')
""")
_DRAFTS = (
    "UPDATE dossier_document SET sealed = NULL, name = NULL, removed_at = now()"
    " WHERE sealed IS NOT NULL AND dossier_id IN (SELECT id FROM dossier"
    " WHERE account_id = :account AND (:all OR state = 'DRAFT'))",
    "UPDATE dossier SET person = NULL, marks = '{}'"
    " WHERE account_id = :account AND (:all OR state = 'DRAFT')",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A lot somebody took part in: whether it still hinders, and until when its file is kept."""

    lot: int
    title: dict[str, str]
    hinders: bool
    keep_until: date
    pack: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What erasure would do now. `owed`: payouts to the person that are not through."""

    lots: tuple[Bound, ...]
    owed: int

    @property
    def possible(self) -> bool:
        return self.owed == 0 and not any(lot.hinders for lot in self.lots)

    @property
    def keep_until(self) -> date | None:
        """The last day that something must be kept, None where nothing must."""
        return max((lot.keep_until for lot in self.lots), default=None)


async def outlook(connection: AsyncConnection, account: int, now_ms: int) -> Outlook:
    """What erasing `account` at `now_ms` would mean."""
    rows = await connection.execute(_LOTS, {"account": account})
    lots = tuple(_bound(row, account, now_ms) for row in rows)
    owed = int((await connection.execute(_OWED, {"account": account})).scalar_one())
    return Outlook(lots, owed)


def _bound(row: Any, account: int, now_ms: int) -> Bound:
    first, last = orjson.loads(row.first), orjson.loads(row.last)
    pack = packs.load(first["params"].get("pack") or _COUNTRY_DEFAULT)
    over = row.phase == "closed"
    ended_ms = max(row.end_ms or 0, last["at_ms"]) if over else now_ms
    end = calendar.local_day(ended_ms, pack.timezone)
    days_off = calendar.load(pack.calendar)
    until = calendar.after(days_off, end, pack.retention, to_working_day=False)
    # A winner has a contract to fulfil until the lot is closed for good.
    hinders = not over or (row.leader == account and row.status != "CLOSED")
    return Bound(row.lot_id, row.title, hinders, until, pack.id)


async def erase(
    engine: AsyncEngine, vault: Vault, account: int, now_ms: int
) -> tuple[bytes, ...] | None:
    """Erase `account`. Returns the digests of its sessions, which the caller tells the gateways;
    None where something hinders (`outlook`), and then nothing has changed."""
    async with transaction(engine) as connection:
        await connection.execute(select(Account.id).where(Account.id == account).with_for_update())
        found = await outlook(connection, account, now_ms)
        if not found.possible:
            return None
        await _good_bye(connection, vault, account, found.keep_until)
        rows = await connection.execute(
            select(WebSession.token_hash).where(WebSession.account_id == account)
        )
        ended = tuple(rows.scalars())
        for place in PLACES:
            if place.fate == "ERASE":
                table = Base.metadata.tables[place.table]
                await connection.execute(delete(table).where(table.c[place.column] == account))
        await _letters(connection, account)
        for statement in _DRAFTS:
            await connection.execute(text(statement), {"account": account, "all": False})
        await _person(connection, vault, account, found.keep_until)
        await connection.execute(
            update(Account)
            .where(Account.id == account)
            .values(
                login=f"erased-{secrets.token_hex(8)}",
                name=ERASED_NAME,
                password_hash=None,
                state="ERASED",
                state_at=func.now(),
            )
        )
        return ended


async def _good_bye(
    connection: AsyncConnection, vault: Vault, account: int, keep_until: date | None
) -> None:
    """The last letter, to an address that the next statement forgets."""
    letter = outbox.new_id()
    address = await recovery.old_address(connection, vault, account, letter)
    if address is None:
        return
    lang = await connection.scalar(select(Person.lang).where(Person.account_id == account))
    row = {
        "id": letter,
        "address": address,
        "kind": "people.erased" if keep_until is None else "people.erased_but",
        "lang": lang,
        "values": {} if keep_until is None else {"until": values.day(keep_until)},
    }
    await connection.execute(insert(Letter).values(row))


async def _letters(connection: AsyncConnection, account: int) -> None:
    """What waits is not sent any more; that letters were sent stays (proof of notices)."""
    await connection.execute(
        delete(Letter).where(Letter.account_id == account, Letter.state.in_(("QUEUED", "KEPT")))
    )
    await connection.execute(
        update(Letter).where(Letter.account_id == account).values(address=None, secrets=None)
    )


async def _person(
    connection: AsyncConnection, vault: Vault, account: int, keep_until: date | None
) -> None:
    """Keep who took part, where that must be kept; how to reach them and where to pay goes."""
    kept: bytes | None = None
    if keep_until is not None:
        found = await people.own(connection, vault, account)
        if found is not None:
            rest = Personal(
                found.kind, found.name, found.identity, born_on=found.born_on, address=found.address
            )
            kept = people.seal_data(vault, account, rest)
    await connection.execute(
        update(Person)
        .where(Person.account_id == account)
        .values(
            email=None,
            email_mark=None,
            identity_mark=None,
            data=kept,
            keep_until=keep_until if kept is not None else None,
            email_confirmed_at=None,
            changed_at=func.now(),
        )
    )


async def end_of_keeping(engine: AsyncEngine, today: date) -> int:
    """Erase what had to be kept until before `today`. Returns how many people that were."""
    async with transaction(engine) as connection:
        rows = await connection.execute(
            update(Person)
            .where(Person.keep_until < today, Person.data.is_not(None))
            .values(data=None, changed_at=func.now())
            .returning(Person.account_id)
        )
        accounts = list(rows.scalars())
        for account in accounts:
            for statement in _DRAFTS:
                await connection.execute(text(statement), {"account": account, "all": True})
        return len(accounts)
