"""Complaints as their pages show them: of a person, of a body, of a lot, and one by itself."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.desk.complaints import record
from auction_engine.desk.complaints.record import Sealer
from auction_engine.rules.complaints import OPEN, State
from auction_engine.rules.pack_complaints import Addressee

__all__ = ["OPEN"]
_MOST = 500
# Of a document's number, as its column holds it.
_MOST_N = 2**15


class Head(NamedTuple):
    """A complaint in a list. `due_on`: by when its body must take the next step, None if unset."""

    id: int
    number: str
    lot: int
    filed_by: int
    addressee: Addressee
    about: record.About
    about_seq: int | None
    known_on: date
    file_by: date | None
    late: bool
    at: datetime
    state: State
    since: datetime
    due_on: date | None


class Turn(NamedTuple):
    """An act in a complaint's life; `reason` is opened for those who may read it, else ""."""

    n: int
    at: datetime
    kind: State
    reason: str
    published: str | None
    decide_by: date | None
    articles: str | None
    authority: str | None


class Paper(NamedTuple):
    """A document handed in, without its bytes."""

    n: int
    filename: str
    media_type: str
    sha256: str
    size: int


class Whole(NamedTuple):
    """A complaint with everything, for its complainant and its body."""

    head: Head
    grounds: str
    remedy: str
    turns: list[Turn]
    papers: list[Paper]


class Outcome(NamedTuple):
    """What everybody may know of a decided complaint: no names, no grounds."""

    number: str
    addressee: Addressee
    about: record.About
    about_seq: int | None
    filed_at: datetime
    state: State
    decided_at: datetime
    published: str
    articles: str | None
    authority: str | None


_HEADS = """
    SELECT c.id, c.lot_id, c.filed_by, c.addressee, c.about, c.about_seq, c.known_on, c.file_by,
           c.late, c.accept_by, c.at, a.kind AS state, a.at AS since, a.decide_by
      FROM complaint c JOIN lot l ON l.id = c.lot_id JOIN auction_session s ON s.id = l.session_id
      JOIN LATERAL (SELECT kind, at, decide_by FROM complaint_act a WHERE a.complaint_id = c.id
                     ORDER BY n DESC LIMIT 1) a ON true
"""
# Whose the answer is: an organisation's own sessions, an agency's own lots.
_OF_BODY = """
    CASE c.addressee WHEN 'ORGANISATION' THEN s.organisation_id
                     ELSE coalesce(l.agency_id, s.agency_id) END
"""


def _head(row: Any) -> Head:
    due = row["accept_by"] if row["state"] == "FILED" else row["decide_by"]
    return Head(
        row["id"],
        record.number(row["id"], row["at"]),
        row["lot_id"],
        row["filed_by"],
        row["addressee"],
        row["about"],
        row["about_seq"],
        row["known_on"],
        row["file_by"],
        row["late"],
        row["at"],
        row["state"],
        row["since"],
        due,
    )


async def of_account(connection: Any, account: int) -> list[Head]:
    """What somebody has filed, the newest first."""
    rows = await connection.fetch(
        f"{_HEADS} WHERE c.filed_by = $1 ORDER BY c.id DESC LIMIT {_MOST}", account
    )
    return [_head(row) for row in rows]


async def of_body(connection: Any, body: int, addressee: Addressee) -> list[Head]:
    """What a body has to answer or has answered: the open ones first, the most urgent on top."""
    rows = await connection.fetch(
        f"{_HEADS} WHERE c.addressee = $2 AND {_OF_BODY} = $1 ORDER BY c.id DESC LIMIT {_MOST}",
        body,
        addressee,
    )
    heads = [_head(row) for row in rows]
    return sorted(heads, key=lambda one: (one.state not in OPEN, one.due_on or date.max))


async def head(connection: Any, complaint: int) -> Head | None:
    """A complaint as in a list. Who may know was asked before."""
    row = await connection.fetchrow(f"{_HEADS} WHERE c.id = $1", complaint)
    return None if row is None else _head(row)


async def of_all(connection: Any) -> list[Head]:
    """Every complaint, for who oversees: the open ones first, the most urgent on top."""
    rows = await connection.fetch(f"{_HEADS} ORDER BY c.id DESC LIMIT {_MOST}")
    heads = [_head(row) for row in rows]
    return sorted(heads, key=lambda one: (one.state not in OPEN, one.due_on or date.max))


async def of_lot(connection: Any, lot: int) -> list[Head]:
    """The complaints about a lot, the newest first, for who oversees."""
    rows = await connection.fetch(
        f"{_HEADS} WHERE c.lot_id = $1 ORDER BY c.id DESC LIMIT {_MOST}", lot
    )
    return [_head(row) for row in rows]


async def may_answer(connection: Any, complaint: int, body: int, addressee: Addressee) -> bool:
    """Whether the complaint is addressed to this body."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM complaint c JOIN lot l ON l.id = c.lot_id"  # noqa: S608
            " JOIN auction_session s ON s.id = l.session_id"
            f" WHERE c.id = $1 AND c.addressee = $3 AND {_OF_BODY} = $2)",
            complaint,
            body,
            addressee,
        )
    )


async def whole(connection: Any, vault: Sealer, complaint: int) -> Whole | None:
    """A complaint with everything. Who may read it was asked before. Raises VaultError."""
    row = await connection.fetchrow(f"{_HEADS} WHERE c.id = $1", complaint)
    if row is None:
        return None
    sealed = await connection.fetchval("SELECT sealed FROM complaint WHERE id = $1", complaint)
    told = record.open_json(vault, sealed, record.context_of_complaint(complaint))
    acts = await connection.fetch(
        "SELECT n, at, kind, reason, published, decide_by, articles, authority FROM complaint_act"
        " WHERE complaint_id = $1 ORDER BY n",
        complaint,
    )
    papers = await connection.fetch(
        "SELECT n, name, media_type, encode(sha256, 'hex') AS hash, size"
        " FROM complaint_document WHERE complaint_id = $1 ORDER BY n",
        complaint,
    )
    return Whole(
        _head(row),
        told["grounds"],
        told["remedy"],
        [_turn(vault, complaint, act) for act in acts],
        [_paper(vault, complaint, paper) for paper in papers],
    )


def _turn(vault: Sealer, complaint: int, row: Any) -> Turn:
    reason = ""
    if row["reason"] is not None:
        context = record.context_of_act(complaint, row["n"])
        reason = vault.open(bytes(row["reason"]), context).decode()
    more = (row["published"], row["decide_by"], row["articles"], row["authority"])
    return Turn(row["n"], row["at"], row["kind"], reason, *more)


def _paper(vault: Sealer, complaint: int, row: Any) -> Paper:
    name = f"document-{row['n']}"
    if row["name"] is not None:
        name = vault.open(bytes(row["name"]), record.context_of_name(complaint, row["n"])).decode()
    return Paper(row["n"], name, *row[2:5])


async def document(
    connection: Any, vault: Sealer, complaint: int, n: int
) -> tuple[Paper, bytes] | None:
    """A document and its bytes. Who may read it was asked before. Raises VaultError."""
    if not 0 < n < _MOST_N:
        return None
    row = await connection.fetchrow(
        "SELECT n, name, media_type, encode(sha256, 'hex') AS hash, size, sealed"
        " FROM complaint_document WHERE complaint_id = $1 AND n = $2",
        complaint,
        n,
    )
    if row is None:
        return None
    body = vault.open(bytes(row["sealed"]), record.context_of_document(complaint, n))
    return _paper(vault, complaint, row), body


_OUTCOMES = """
    SELECT c.lot_id, c.id, c.addressee, c.about, c.about_seq, c.at, a.kind, a.at AS decided,
           a.published, a.articles, a.authority, coalesce(j.kind = ANY(:own), false) AS hidden
      FROM complaint c JOIN complaint_act a ON a.complaint_id = c.id
      LEFT JOIN journal j ON j.lot_id = c.lot_id AND j.seq = c.about_seq
     WHERE c.lot_id = ANY(:lots) AND a.published IS NOT NULL ORDER BY a.at DESC LIMIT :most
"""


async def outcomes_of(engine: AsyncEngine, lot: int) -> list[Outcome]:
    """What was decided on complaints about a lot, as everybody may know it, the newest first."""
    return (await outcomes_for(engine, [lot])).get(lot, [])


async def outcomes_for(engine: AsyncEngine, lots: Sequence[int]) -> dict[int, list[Outcome]]:
    """The same for each of several lots that has any."""
    async with engine.connect() as connection:
        found = await connection.execute(
            text(_OUTCOMES), {"own": list(record.OWN), "lots": list(lots), "most": _MOST}
        )
        rows = found.mappings().all()
    outcomes: dict[int, list[Outcome]] = {}
    for row in rows:
        outcomes.setdefault(row["lot_id"], []).append(_outcome(row))
    return outcomes


def _outcome(row: Any) -> Outcome:
    return Outcome(
        record.number(row["id"], row["at"]),
        row["addressee"],
        row["about"],
        None if row["hidden"] else row["about_seq"],
        row["at"],
        row["kind"],
        row["decided"],
        row["published"],
        row["articles"],
        row["authority"],
    )
