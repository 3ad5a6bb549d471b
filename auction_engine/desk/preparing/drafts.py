"""Drafts in the ledger: made, changed, taken back, handed on, approved. One act at a time.

Every act locks its draft's row, asks what state it is in, and adds an entry. Whoever changes a
draft says which version was seen; if somebody was faster, nothing is written over.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from auction_engine.desk.preparing import choices as shape
from auction_engine.desk.preparing.choices import Choices
from auction_engine.desk.preparing.errors import PreparingError

State = Literal["DRAFT", "SUBMITTED", "APPROVED", "PUBLISHING", "PUBLISHED", "DELETED"]
REASON_MOST = 1_000
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A session being prepared. `version` is the number of its newest entry."""

    id: int
    body: int
    pack: str
    choices: Choices
    state: State
    version: int
    made_by: int
    submitted_by: int | None
    approved_by: int | None
    session: int | None
    made_at: datetime
    changed_at: datetime

    @property
    def open(self) -> bool:
        """Whether its choices may change."""
        return self.state == "DRAFT"


@dataclass(frozen=True, slots=True)
class Entry:
    """An act on a draft, by whom and why."""

    n: int
    at: datetime
    name: str
    account: int
    kind: str
    reason: str | None


def from_row(row: Any) -> Draft:
    return Draft(
        row["id"], row["body_id"], row["pack"], shape.parse(orjson.loads(row["choices"])),
        row["state"], row["version"], row["made_by"], row["submitted_by"], row["approved_by"],
        row["session_id"], row["made_at"], row["changed_at"],
    )  # fmt: skip


def dumped(choices: Choices) -> str:
    return orjson.dumps(choices.to_json()).decode()


# --- reading --------------------------------------------------------------------------------


async def read(connection: Any, draft: int, body: int | None) -> Draft:
    """The draft of this body. Raises PreparingError UNKNOWN."""
    row = await connection.fetchrow(
        "SELECT * FROM session_draft WHERE id = $1 AND body_id = $2 AND state <> 'DELETED'",
        draft, body,
    )  # fmt: skip
    if row is None:
        raise PreparingError("UNKNOWN", "There is no such draft.")
    return from_row(row)


async def every(connection: Any, body: int | None) -> list[Draft]:
    """The body's drafts, those that are worked at first, then by age."""
    rows = await connection.fetch(
        "SELECT * FROM session_draft WHERE body_id = $1 AND state <> 'DELETED'"
        " ORDER BY state = 'PUBLISHED', id DESC LIMIT $2",
        body, _MOST_SHOWN,
    )  # fmt: skip
    return [from_row(row) for row in rows]


async def history(connection: Any, draft: int) -> list[Entry]:
    """Everything done to the draft, the newest first."""
    rows = await connection.fetch(
        "SELECT e.n, e.at, a.name, e.account_id, e.kind, e.reason FROM session_draft_entry e"
        " JOIN account a ON a.id = e.account_id WHERE e.draft_id = $1 ORDER BY e.n DESC LIMIT $2",
        draft, _MOST_SHOWN,
    )  # fmt: skip
    return [Entry(*row.values()) for row in rows]


async def can_undo(connection: Any, draft: Draft) -> bool:
    return draft.open and (await _newest(connection, draft.id))["before"] is not None


async def _newest(connection: Any, draft: int) -> Any:
    """The entry whose choices are the draft's."""
    return await connection.fetchrow(
        "SELECT n, before FROM session_draft_entry WHERE draft_id = $1 AND choices IS NOT NULL"
        " ORDER BY n DESC LIMIT 1",
        draft,
    )


# --- acts -----------------------------------------------------------------------------------


@asynccontextmanager
async def locked(
    connection: Any, draft: int, body: int | None, version: int | None = None
) -> AsyncIterator[Draft]:
    """The draft in a transaction in which nobody else changes it.

    Raises PreparingError UNKNOWN, or STALE if `version` (None: whatever it is) is not its own.
    """
    async with connection.transaction():
        await connection.execute("SELECT FROM session_draft WHERE id = $1 FOR UPDATE", draft)
        found = await read(connection, draft, body)
        if version is not None and version != found.version:
            raise PreparingError("STALE", "Somebody has changed the draft meanwhile; look again.")
        yield found


async def make(connection: Any, body: int, account: int, pack: str, choices: Choices) -> int:
    """A new draft; returns its number."""
    async with connection.transaction():
        made = int(
            await connection.fetchval(
                "INSERT INTO session_draft (body_id, pack, choices, state, version, made_by)"
                " VALUES ($1, $2, $3::jsonb, 'DRAFT', 1, $4) RETURNING id",
                body, pack, dumped(choices), account,
            )
        )  # fmt: skip
        await _note(connection, made, 1, account, "make", None, choices, None)
        await _assets(connection, made, choices)
    return made


async def edit(
    connection: Any, draft: int, body: int | None, account: int, version: int, choices: Choices
) -> Draft:
    """Change the choices. The same again is no change. Raises PreparingError."""
    async with locked(connection, draft, body) as found:
        # Sent twice, the second finds what the first has written.
        if found.open and found.choices == choices:
            return found
        if version != found.version:
            raise PreparingError("STALE", "Somebody has changed the draft meanwhile; look again.")
        _must(found, "DRAFT")
        before = (await _newest(connection, draft))["n"]
        await _changed(connection, found, account, "edit", choices, before)
    return await read(connection, draft, body)


async def undo(connection: Any, draft: int, body: int | None, account: int, version: int) -> Draft:
    """Take the last change back; what is before it comes with the next. Raises PreparingError."""
    async with locked(connection, draft, body, version) as found:
        _must(found, "DRAFT")
        newest = await _newest(connection, draft)
        if newest["before"] is None:
            raise PreparingError("NOTHING_TO_UNDO", "There is no change to take back.")
        row = await connection.fetchrow(
            "SELECT choices, before FROM session_draft_entry WHERE draft_id = $1 AND n = $2",
            draft, newest["before"],
        )  # fmt: skip
        choices = shape.parse(orjson.loads(row["choices"]))
        await _changed(connection, found, account, "undo", choices, row["before"])
    return await read(connection, draft, body)


async def _changed(
    connection: Any, found: Draft, account: int, kind: str, choices: Choices, before: int | None
) -> None:
    n = found.version + 1
    await _note(connection, found.id, n, account, kind, None, choices, before)
    await _assets(connection, found.id, choices)
    await connection.execute(
        "UPDATE session_draft SET choices = $2::jsonb, version = $3, changed_at = now()"
        " WHERE id = $1",
        found.id, dumped(choices), n,
    )  # fmt: skip


async def submit(connection: Any, found: Draft, account: int) -> None:
    """Hand the draft to a second person. In `locked`; the caller has checked it."""
    _must(found, "DRAFT")
    await move(connection, found, account, "submit", "SUBMITTED", submitted_by=account)


async def back(connection: Any, found: Draft, account: int, reason: str) -> None:
    """Give it back with a reason: nothing of it is approved any more. In `locked`."""
    _must(found, "SUBMITTED", "APPROVED")
    if not reason.strip():
        raise PreparingError("REASON_MISSING", "Say what is to be changed.", "reason")
    await move(
        connection, found, account, "back", "DRAFT", reason.strip()[:REASON_MOST],
        submitted_by=None, approved_by=None,
    )  # fmt: skip


async def approve(connection: Any, found: Draft, account: int) -> None:
    """Approve it: another person than who made or submitted it. In `locked`; it was checked."""
    if found.state == "APPROVED" and found.approved_by == account:
        return
    _must(found, "SUBMITTED")
    if account in (found.made_by, found.submitted_by):
        raise PreparingError(
            "SAME_PERSON", "Who made or submitted a draft does not approve it; ask a colleague."
        )
    await move(
        connection, found, account, "approve", "APPROVED",
        submitted_by=found.submitted_by, approved_by=account,
    )  # fmt: skip


async def delete(connection: Any, found: Draft, account: int) -> None:
    """Delete what was never published; its entries stay on record. In `locked`."""
    _must(found, "DRAFT", "SUBMITTED", "APPROVED")
    await move(connection, found, account, "delete", "DELETED")
    await connection.execute("DELETE FROM session_draft_asset WHERE draft_id = $1", found.id)


async def move(
    connection: Any,
    found: Draft,
    account: int,
    kind: str,
    state: State,
    reason: str | None = None,
    **people: int | None,
) -> None:
    """Note an act and the state it leads to. In `locked`."""
    n = found.version + 1
    await _note(connection, found.id, n, account, kind, reason, None, None)
    await connection.execute(
        "UPDATE session_draft SET state = $2, version = $3, submitted_by = $4, approved_by = $5,"
        " changed_at = now() WHERE id = $1",
        found.id, state, n, people.get("submitted_by", found.submitted_by),
        people.get("approved_by", found.approved_by),
    )  # fmt: skip


def _must(found: Draft, *states: State) -> None:
    if found.state not in states:
        raise PreparingError(
            "NOT_NOW", f"The draft is {found.state}; this needs {' or '.join(states)}."
        )


async def _note(
    connection: Any,
    draft: int,
    n: int,
    account: int,
    kind: str,
    reason: str | None,
    choices: Choices | None,
    before: int | None,
) -> None:
    await connection.execute(
        "INSERT INTO session_draft_entry (draft_id, n, account_id, kind, reason, choices, before)"
        " VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7)",
        draft, n, account, kind, reason, None if choices is None else dumped(choices), before,
    )  # fmt: skip


async def _assets(connection: Any, draft: int, choices: Choices) -> None:
    """Keep which assets the draft has, for whoever looks from the asset's side."""
    await connection.execute("DELETE FROM session_draft_asset WHERE draft_id = $1", draft)
    await connection.execute(
        "INSERT INTO session_draft_asset (draft_id, asset_id, position)"
        " SELECT $1, a.id, v.position FROM unnest($2::bigint[]) WITH ORDINALITY AS v(id, position)"
        " JOIN asset a ON a.id = v.id",
        draft, [lot.asset for lot in choices.lots],
    )  # fmt: skip
