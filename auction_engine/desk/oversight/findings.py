"""Findings: what a procurator holds against an organisation or agency, and what it answers.

A finding's state is its last act. The day to answer by is counted in working days; when it passes
the program says so itself (`reminding`), and the answer may still come.
"""

from datetime import date
from typing import Any, Literal, NamedTuple
from uuid import UUID

from auction_engine.desk.oversight import record
from auction_engine.desk.oversight.findings_reading import NEXT, Head, Kind, State, head_of
from auction_engine.desk.oversight.record import OversightError, Sealer
from auction_engine.post import outbox, values
from auction_engine.rules import calendar, packs
from auction_engine.rules.pack_base import Span

MOST_WORKING_DAYS = 60
_USUAL_PACK = "vn-enforcement-2026-07"


class Given(NamedTuple):
    """A finding as its form sends it; about a lot, an entry of its journal, or a session."""

    key: UUID
    kind: Kind
    side: Literal["ORGANISATION", "AGENCY"]
    session: int | None
    lot: int | None
    seq: int | None
    articles: str
    text: str
    working_days: int


def answer_by(since: date, working_days: int, pack_id: str | None = None) -> date:
    """The last day for an answer, by the calendar of the lot's rule pack.

    Raises OversightError NO_CALENDAR.
    """
    try:
        pack = packs.load(pack_id or _USUAL_PACK)
    except KeyError:
        pack = packs.load(_USUAL_PACK)
    try:
        return calendar.after(calendar.load(pack.calendar), since, Span(working_days=working_days))
    except calendar.CalendarError:
        raise OversightError("NO_CALENDAR", "The calendar ends before that day.") from None


def check(given: Given) -> None:
    """Return if such a finding can be recorded. Raises OversightError."""
    if not given.text.strip():
        raise OversightError("NO_TEXT", "Write what you find.")
    if not given.articles.strip():
        raise OversightError("NO_ARTICLES", "Name the articles it rests on.")
    if len(given.text) > record.MOST_TEXT or len(given.articles) > record.MOST_ARTICLES:
        raise OversightError("TOO_LONG", "Shorten the text.")
    if not 0 < given.working_days <= MOST_WORKING_DAYS:
        raise OversightError(
            "BAD_DEADLINE", f"Give 1 to {MOST_WORKING_DAYS} working days for the answer."
        )
    if (given.lot is None) == (given.session is None):
        raise OversightError("NO_SUBJECT", "Name the lot or the session it is about.")
    if given.seq is not None and given.lot is None:
        raise OversightError("BAD_ENTRY", "An entry is an entry of a lot's record.")


async def addressee(connection: Any, given: Given) -> int:
    """The body it goes to. Raises OversightError NO_SUBJECT, BAD_ENTRY, NO_BODY."""
    if given.lot is not None:
        row = await connection.fetchrow(
            "SELECT s.organisation_id, coalesce(l.agency_id, s.agency_id) AS agency_id FROM lot l"
            " JOIN auction_session s ON s.id = l.session_id WHERE l.id = $1",
            given.lot,
        )
    else:
        row = await connection.fetchrow(
            "SELECT organisation_id, agency_id FROM auction_session WHERE id = $1", given.session
        )
    if row is None:
        raise OversightError("NO_SUBJECT", "There is no such lot or session.")
    if given.seq is not None and not await connection.fetchval(
        "SELECT EXISTS (SELECT FROM journal WHERE lot_id = $1 AND seq = $2)", given.lot, given.seq
    ):
        raise OversightError("BAD_ENTRY", "There is no such entry in this lot's record.")
    body = row["organisation_id" if given.side == "ORGANISATION" else "agency_id"]
    if body is None:
        raise OversightError("NO_BODY", "Nobody of that kind answers for it.")
    return int(body)


async def send(
    connection: Any, vault: Sealer, account: int, given: Given, pack_id: str | None, today: date
) -> int:
    """Record the finding and send it; the same form twice is one. Raises OversightError."""
    check(given)
    until = answer_by(today, given.working_days, pack_id)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(5402, $1)", account % 2**31)
        known = await connection.fetchval(
            "SELECT id FROM finding WHERE account_id = $1 AND key = $2", account, given.key
        )
        if known is not None:
            return int(known)
        body = await addressee(connection, given)
        made = int(await connection.fetchval("SELECT nextval('finding_id_seq')"))
        await connection.execute(
            "INSERT INTO finding (id, key, account_id, body_id, session_id, lot_id, seq, kind,"
            " articles, sealed) OVERRIDING SYSTEM VALUE"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            made, given.key, account, body, given.session, given.lot, given.seq, given.kind,
            given.articles.strip(), vault.seal(given.text.strip().encode(), f"finding:{made}"),
        )  # fmt: skip
        await _act(connection, vault, made, 1, account, "SENT", "", until)
        head = await head_of(connection, made)
        assert head is not None
        await tell_body(connection, head, "sent")
        return made


async def act(
    connection: Any,
    vault: Sealer,
    finding: int,
    account: int,
    kind: State,
    text: str,
    working_days: int | None,
    today: date,
) -> None:
    """What the procurator, or the body by ANSWERED, does with it. Whose it is was asked before.

    Raises OversightError: UNKNOWN, WRONG_STATE, NO_TEXT, TOO_LONG, BAD_DEADLINE, NO_CALENDAR.
    """
    if kind in ("ANSWERED", "RETURNED", "WITHDRAWN") and not text.strip():
        raise OversightError("NO_TEXT", "Write it down; the other side reads it.")
    if len(text) > record.MOST_TEXT:
        raise OversightError("TOO_LONG", "Shorten the text.")
    until = None
    if kind == "RETURNED":
        if working_days is None or not 0 < working_days <= MOST_WORKING_DAYS:
            raise OversightError("BAD_DEADLINE", "Give the working days for the new answer.")
        until = answer_by(today, working_days)
    async with connection.transaction():
        await lock(connection, finding)
        head = await head_of(connection, finding)
        if head is None:
            raise OversightError("UNKNOWN", "There is no such finding.")
        if kind not in NEXT[head.state]:
            raise OversightError("WRONG_STATE", "It has moved on; look at it again.")
        await _act(connection, vault, finding, head.n + 1, account, kind, text, until)
        if kind == "ANSWERED":
            await _tell(
                connection, head, head.account, f"/oversight/findings/{finding}", "answered"
            )
        else:
            await tell_body(connection, head._replace(n=head.n + 1), kind.lower())


async def lock(connection: Any, finding: int) -> None:
    """One at a time with a finding, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock(5403, $1)", finding % 2**31)


async def _act(
    connection: Any, vault: Sealer, finding: int, n: int, account: int, kind: State, text: str,
    until: date | None,
) -> None:  # fmt: skip
    sealed = vault.seal(text.strip().encode(), f"finding.act:{finding}/{n}") if text else None
    await connection.execute(
        "INSERT INTO finding_act (finding_id, n, account_id, kind, sealed, answer_by)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        finding, n, account, kind, sealed, until,
    )  # fmt: skip


async def tell_body(connection: Any, head: Head, what: str) -> None:
    """A letter to everybody of the body it is addressed to."""
    base = "/desk/findings" if head.body_kind == "ORGANISATION" else "/agency/findings"
    rows = await connection.fetch(
        "SELECT id FROM account WHERE body_id = $1 AND state = 'ACTIVE' ORDER BY id", head.body
    )
    for row in rows:
        await _tell(connection, head, row["id"], f"{base}/{head.id}", what)


async def tell_procurator(connection: Any, head: Head, what: str) -> None:
    """A letter to whoever found it."""
    await _tell(connection, head, head.account, f"/oversight/findings/{head.id}", what)


async def _tell(connection: Any, head: Head, account: int, page: str, what: str) -> None:
    await outbox.put(
        connection,
        to=account,
        kind="finding",
        values={
            "number": head.number,
            "state": values.key(f"oversight.told.{what}"),
            "day": values.day(head.answer_by),
            "link": values.link(page),
        },
        key=f"finding.{what}/{head.id}/{head.n}/{account}",
    )
