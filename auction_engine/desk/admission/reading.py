"""Dossiers as they are kept, and the words of what was done with them."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.admission.states import Kind, Recorded, State
from auction_engine.identity.vault import Vault

_COLUMNS = (
    "d.id, d.lot_id AS lot, d.account_id AS account, d.number, d.state, d.recorded, d.version,"
    " d.declared, d.for_another, d.person, d.marks, d.sent_ms, d.entry_seq, d.entry_ms, d.ground,"
    " d.reason, d.decided_by, d.created_at"
)
_PAGE = 100


class Person(NamedTuple):
    """Who takes part, and for whom. Identity numbers are kept as they are compared."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    for_another: bool = False
    principal: str = ""
    principal_id: str = ""
    relation: str = ""

    @property
    def numbers(self) -> list[str]:
        """The identity numbers in it; nobody with one of them is in the same lot twice."""
        told = [self.id_number, self.principal_id if self.for_another else ""]
        return sorted({number for number in told if number})


class Dossier(NamedTuple):
    """One row. `declared` is decoded; `person` is sealed (`person_of`)."""

    id: int
    lot: int
    account: int
    number: str
    state: State
    recorded: Recorded | None
    version: int
    declared: dict[str, dict[str, Any]]
    for_another: bool
    person: bytes | None
    marks: tuple[bytes, ...]
    sent_ms: int | None
    entry_seq: int | None
    entry_ms: int | None
    ground: str | None
    reason: str | None
    decided_by: int | None
    created_at: datetime


class Document(NamedTuple):
    """A file of a dossier without its contents; `name` is sealed."""

    id: int
    kind: str
    media_type: str
    size: int
    sha256: bytes
    name: bytes
    added_at: datetime


class Done(NamedTuple):
    """One act with a dossier; `who` is empty for the program."""

    at: datetime
    who: str
    kind: Kind
    state: State
    ground: str | None
    reason: str | None
    body: dict[str, Any]


class Queued(NamedTuple):
    """A dossier in the organisation's queue: a number and a code, no name."""

    dossier: Dossier
    title: dict[str, str]
    status: str
    papers: int
    currency: str


def person_context(dossier: int) -> str:
    """The vault's context of who a dossier is of."""
    return f"dossier/{dossier}/person"


def document_context(dossier: int) -> str:
    """The vault's context of a dossier's files and their names."""
    return f"dossier/{dossier}/document"


def dossier_of(row: Any) -> Dossier:
    """A row of `dossier` with the columns in their order."""
    values = dict(row)
    values["declared"] = orjson.loads(values["declared"])
    values["marks"] = tuple(values["marks"])
    return Dossier(**{name: values[name] for name in Dossier._fields})


async def own(connection: Any, lot: int, account: int) -> Dossier | None:
    """A bidder's dossier for a lot."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM dossier d WHERE d.lot_id = $1 AND d.account_id = $2",  # noqa: S608
        lot,
        account,
    )
    return None if row is None else dossier_of(row)


async def by_id(connection: Any, dossier: int) -> Dossier | None:
    """A dossier by its number in the table."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM dossier d WHERE d.id = $1",  # noqa: S608
        dossier,
    )
    return None if row is None else dossier_of(row)


def person_of(vault: Vault, dossier: Dossier | None) -> Person:
    """Who a dossier is of; nobody yet where nothing was filled in. Raises VaultError."""
    if dossier is None or dossier.person is None:
        return Person()
    return Person(**orjson.loads(vault.open(dossier.person, person_context(dossier.id))))


async def documents(connection: Any, dossier: int) -> list[Document]:
    """The files that are there, oldest first."""
    rows = await connection.fetch(
        "SELECT id, kind, media_type, size, sha256, name, added_at FROM dossier_document"
        " WHERE dossier_id = $1 AND removed_at IS NULL ORDER BY id",
        dossier,
    )
    return [Document(*row) for row in rows]


async def document(connection: Any, dossier: int, number: int) -> tuple[Document, bytes] | None:
    """A file and its sealed contents."""
    row = await connection.fetchrow(
        "SELECT id, kind, media_type, size, sha256, name, added_at, sealed FROM dossier_document"
        " WHERE dossier_id = $1 AND id = $2 AND removed_at IS NULL",
        dossier,
        number,
    )
    return None if row is None else (Document(*row[:-1]), row["sealed"])


def name_of(vault: Vault, dossier: int, paper: Document) -> str:
    """The name a file was sent under. Raises VaultError."""
    return vault.open(paper.name, document_context(dossier)).decode()


async def note(
    connection: Any,
    dossier: int,
    account: int | None,
    kind: Kind,
    state: State,
    body: dict[str, Any],
    ground: str | None = None,
    reason: str | None = None,
) -> None:
    """Record an act. In the caller's transaction."""
    await connection.execute(
        "INSERT INTO dossier_act (dossier_id, account_id, kind, state, ground, reason, body)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        dossier, account, kind, state, ground, reason, orjson.dumps(body).decode(),
    )  # fmt: skip


async def acts(connection: Any, dossier: int) -> list[Done]:
    """What was done with a dossier, in order."""
    rows = await connection.fetch(
        "SELECT a.at, coalesce(p.name, '') AS who, a.kind, a.state, a.ground, a.reason, a.body"
        " FROM dossier_act a LEFT JOIN account p ON p.id = a.account_id"
        " WHERE a.dossier_id = $1 ORDER BY a.id",
        dossier,
    )
    return [
        Done(
            row["at"], row["who"], row["kind"], row["state"], row["ground"], row["reason"],
            orjson.loads(row["body"]),
        )
        for row in rows
    ]  # fmt: skip


async def queue(
    connection: Any, body: int | None, states: list[str], page: int = 0, lot: int | None = None
) -> list[Queued]:
    """Dossiers of the lots of organisation `body`, first those handed in first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS}, l.content -> 'title' AS title, h.status,"  # noqa: S608
        " coalesce(l.content ->> 'currency', 'VND') AS currency,"
        " (SELECT count(*) FROM dossier_document x WHERE x.dossier_id = d.id"
        "   AND x.removed_at IS NULL) AS papers"
        " FROM dossier d JOIN lot l ON l.id = d.lot_id JOIN lot_head h ON h.lot_id = d.lot_id"
        " JOIN auction_session s ON s.id = l.session_id"
        " WHERE d.state = ANY($1::text[]) AND s.organisation_id = $2"
        " AND ($5::bigint IS NULL OR d.lot_id = $5)"
        " ORDER BY d.sent_ms NULLS LAST, d.id LIMIT $3 OFFSET $4",
        states, body, _PAGE, page * _PAGE, lot,
    )  # fmt: skip
    return [
        Queued(dossier_of(row), orjson.loads(row["title"] or "{}"), row["status"], row["papers"],
               row["currency"])
        for row in rows
    ]  # fmt: skip


async def body_of(connection: Any, dossier: int) -> int | None:
    """The organisation whose lot a dossier is for."""
    found = await connection.fetchval(
        "SELECT s.organisation_id FROM dossier d JOIN lot l ON l.id = d.lot_id"
        " JOIN auction_session s ON s.id = l.session_id WHERE d.id = $1",
        dossier,
    )
    return None if found is None else int(found)
