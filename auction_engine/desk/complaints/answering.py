"""What becomes of a complaint: taken up or refused for its form, decided, or withdrawn.

Each is a new act; nothing is changed. A body answers its own complaints only, and nobody answers
his own. What is published of a decision is written for the public and must not name anybody.
"""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple, get_args

import asyncpg

from auction_engine.desk.complaints import record
from auction_engine.desk.complaints.filing import pack_of
from auction_engine.desk.complaints.record import ComplaintError, Sealer
from auction_engine.post import outbox, values
from auction_engine.rules import complaints
from auction_engine.rules.calendar import CalendarError

Answer = Literal["ACCEPTED", "REJECTED_FORMALLY", "DECIDED_UPHELD", "DECIDED_DENIED", "WITHDRAWN"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)


class Acted(NamedTuple):
    """Where the act is recorded."""

    complaint: int
    n: int
    at: datetime


_ROW = (
    "SELECT c.addressee, c.filed_by, c.at AS filed_at, p.name AS filer,"
    " (SELECT max(n) FROM complaint_act a WHERE a.complaint_id = c.id) AS n,"
    " (SELECT kind FROM complaint_act a"
    " WHERE a.complaint_id = c.id ORDER BY n DESC LIMIT 1) AS state"
    " FROM complaint c JOIN account p ON p.id = c.filed_by WHERE c.id = $1"
)


async def answer(
    connection: Any,
    vault: Sealer,
    complaint: int,
    account: int,
    kind: Answer,
    reason: str,
    published: str,
    pack_id: str | None,
    now: datetime,
) -> Acted:
    """Record what `account` does with the complaint. Whether it is of his body was asked before.

    `reason` is for the complainant, `published` for everybody, with a decision only. Raises
    ComplaintError.
    """
    async with connection.transaction():
        row = await connection.fetchrow(_ROW, complaint)
        if row is None:
            raise ComplaintError("UNKNOWN", "There is no such complaint.")
        if kind not in complaints.NEXT[row["state"]]:
            raise ComplaintError("WRONG_STATE", "The complaint has moved on; look at it again.")
        if (kind == "WITHDRAWN") != (account == row["filed_by"]):
            raise ComplaintError("NOT_YOURS", "Nobody answers a complaint of his own.")
        decided = kind.startswith("DECIDED")
        _check(kind, reason, published, row["filer"])
        done = await _write(
            connection, vault, (complaint, row["n"] + 1), account, kind, reason,
            published.strip() if decided else None,
            _decide_by(pack_id, row["addressee"], now) if kind == "ACCEPTED" else None,
        )  # fmt: skip
        if kind != "WITHDRAWN":
            await _tell(connection, row, done, kind)
        return done


async def _tell(connection: Any, row: Any, done: Acted, kind: Answer) -> None:
    """The complainant hears of every step of the other side."""
    await outbox.put(
        connection,
        to=row["filed_by"],
        kind="complaint.answered",
        values={
            "number": record.number(done.complaint, row["filed_at"]),
            "state": values.key(f"after.complaint.state.{kind}"),
            "link": values.link(f"/mine/complaints/{done.complaint}"),
        },
        key=f"complaint.answered/{done.complaint}/{done.n}",
    )


async def _write(
    connection: Any,
    vault: Sealer,
    place: tuple[int, int],
    account: int,
    kind: Answer,
    reason: str,
    published: str | None,
    decide_by: date | None,
) -> Acted:
    sealed = vault.seal(reason.encode(), record.context_of_act(*place)) if reason.strip() else None
    try:
        at = await connection.fetchval(
            "INSERT INTO complaint_act (complaint_id, n, account_id, kind, reason, published,"
            " decide_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING at",
            *place,
            account,
            kind,
            sealed,
            published,
            decide_by,
        )
    except asyncpg.UniqueViolationError:
        raise ComplaintError("WRONG_STATE", "The complaint has moved on; look again.") from None
    return Acted(*place, at)


def _check(kind: Answer, reason: str, published: str, filer: str) -> None:
    if kind not in ("ACCEPTED", "WITHDRAWN") and not reason.strip():
        raise ComplaintError("NO_REASON", "Give the reason; the complainant is told of it.")
    if len(reason) > record.MOST_REASON or len(published) > record.MOST_PUBLISHED:
        raise ComplaintError("TOO_LONG", "Shorten the text.")
    if not kind.startswith("DECIDED"):
        return
    if not published.strip():
        raise ComplaintError("NOTHING_PUBLISHED", "Write the summary that is published.")
    if filer.casefold().strip() and filer.casefold().strip() in published.casefold():
        raise ComplaintError("NAMES", "What is published must not name the complainant.")


def _decide_by(pack_id: str | None, addressee: Any, now: datetime) -> date | None:
    since = now.astimezone(record.ZONE).date()
    try:
        found = complaints.limit(pack_of(pack_id), addressee, "DECIDE", since)
    except CalendarError:
        return None
    return None if found is None else found.day
