"""What becomes of a complaint: taken up or refused for its form, decided, or withdrawn.

Each is a new act; nothing is changed. A body answers its own complaints only, and nobody answers
his own. Whoever is not content with a decision may ask for a second instance while the pack's time
runs; what that has decided is recorded by somebody else than who decided first. What is published
of a decision is written for the public and must not name anybody.
"""

from datetime import date, datetime
from typing import Any, Literal, NamedTuple, get_args

import asyncpg

from auction_engine.desk.complaints import groups, record
from auction_engine.desk.complaints.filing import day_of, pack_of
from auction_engine.desk.complaints.record import ComplaintError, Sealer
from auction_engine.post import outbox, values
from auction_engine.rules import complaints

Answer = Literal[
    "ACCEPTED",
    "REJECTED_FORMALLY",
    "DECIDED_UPHELD",
    "DECIDED_DENIED",
    "WITHDRAWN",
    "APPEALED",
    "SECOND_UPHELD",
    "SECOND_DENIED",
]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
_STEPS: dict[str, complaints.Step] = {"ACCEPTED": "DECIDE", "APPEALED": "DECIDE_AGAIN"}


class Acted(NamedTuple):
    """Where the act is recorded."""

    complaint: int
    n: int
    at: datetime


class Said(NamedTuple):
    """What an act says. `reason` is for the complainant; `published` and `articles` of a decision
    are for everybody; `authority` is who decided the second time, and under which number."""

    reason: str = ""
    published: str = ""
    articles: str = ""
    authority: str = ""


_ROW = (
    "SELECT c.addressee, c.filed_by, c.at AS filed_at, a.n, a.kind AS state, a.at AS since,"
    " (SELECT account_id FROM complaint_act d WHERE d.complaint_id = c.id"
    " AND d.kind LIKE 'DECIDED%') AS decider"
    " FROM complaint c JOIN LATERAL (SELECT n, kind, at FROM complaint_act a"
    " WHERE a.complaint_id = c.id ORDER BY n DESC LIMIT 1) a ON true WHERE c.id = $1"
)


async def answer(
    connection: Any,
    vault: Sealer,
    complaint: int,
    account: int,
    kind: Answer,
    said: Said,
    pack_id: str | None,
    now: datetime,
) -> Acted:
    """Record what `account` does with the complaint. Whether it is of his body was asked before.

    Raises ComplaintError.
    """
    async with connection.transaction():
        row = await connection.fetchrow(_ROW, complaint)
        if row is None:
            raise ComplaintError("UNKNOWN", "There is no such complaint.")
        if kind not in complaints.NEXT[row["state"]]:
            raise ComplaintError("WRONG_STATE", "The complaint has moved on; look at it again.")
        if (kind in complaints.OF_THE_COMPLAINANT) != (account == row["filed_by"]):
            raise ComplaintError("NOT_YOURS", "Nobody answers a complaint of his own.")
        _check(kind, said, await groups.names(connection, complaint))
        _check_instance(kind, row, account, pack_id, now)
        step = _STEPS.get(kind)
        today = now.astimezone(record.ZONE).date()
        until = None if step is None else day_of(pack_of(pack_id), row["addressee"], step, today)
        place = (complaint, row["n"] + 1)
        done = await _write(connection, vault, place, account, kind, said, until)
        await _tell(connection, row, done, kind)
        return done


def may_appeal_until(pack_id: str | None, addressee: Any, decided: datetime) -> date | None:
    """The last day to ask for a second instance; None where the pack knows of none."""
    since = decided.astimezone(record.ZONE).date()
    return day_of(pack_of(pack_id), addressee, "APPEAL", since)


def _check_instance(
    kind: Answer, row: Any, account: int, pack_id: str | None, now: datetime
) -> None:
    if kind == "APPEALED":
        until = may_appeal_until(pack_id, row["addressee"], row["since"])
        if until is None:
            raise ComplaintError("NO_APPEAL", "The rules of this lot know no second instance.")
        if now.astimezone(record.ZONE).date() > until:
            raise ComplaintError("TOO_LATE", "The time for a second complaint is over.")
    if kind.startswith("SECOND") and account == row["decider"]:
        raise ComplaintError("SAME_PERSON", "Whoever decided first does not record the second.")


async def _tell(connection: Any, row: Any, done: Acted, kind: Answer) -> None:
    """The complainant hears of every step of the other side, those who joined of every step."""
    told: list[tuple[int, int | None]] = []
    if kind not in complaints.OF_THE_COMPLAINANT:
        told.append((row["filed_by"], None))
    told += [(one.account, one.member) for one in await groups.joined(connection, done.complaint)]
    for account, member in told:
        own = f"/mine/complaints/{done.complaint}" if member is None else f"/mine/joined/{member}"
        await outbox.put(
            connection,
            to=account,
            kind="complaint.answered",
            values={
                "number": record.number(done.complaint, row["filed_at"]),
                "state": values.key(f"after.complaint.state.{kind}"),
                "link": values.link(own),
            },
            key=f"complaint.answered/{done.complaint}/{done.n}"
            + ("" if member is None else f"/{member}"),
        )


async def _write(
    connection: Any,
    vault: Sealer,
    place: tuple[int, int],
    account: int,
    kind: Answer,
    said: Said,
    until: date | None,
) -> Acted:
    reason, decided = said.reason.strip(), _decides(kind)
    sealed = vault.seal(reason.encode(), record.context_of_act(*place)) if reason else None
    try:
        at = await connection.fetchval(
            "INSERT INTO complaint_act (complaint_id, n, account_id, kind, reason, published,"
            " decide_by, articles, authority) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " RETURNING at",
            *place,
            account,
            kind,
            sealed,
            said.published.strip() if decided else None,
            until,
            said.articles.strip() if decided else None,
            said.authority.strip() if kind.startswith("SECOND") else None,
        )
    except asyncpg.UniqueViolationError:
        raise ComplaintError("WRONG_STATE", "The complaint has moved on; look again.") from None
    return Acted(*place, at)


def _decides(kind: Answer) -> bool:
    return kind.startswith(("DECIDED", "SECOND"))


def _check(kind: Answer, said: Said, names: list[str]) -> None:
    if kind not in ("ACCEPTED", "WITHDRAWN") and not said.reason.strip():
        raise ComplaintError("NO_REASON", "Give the reason; the complainant is told of it.")
    lengths = (
        (said.reason, record.MOST_REASON),
        (said.published, record.MOST_PUBLISHED),
        (said.articles, record.MOST_ARTICLES),
        (said.authority, record.MOST_AUTHORITY),
    )
    if any(len(text) > most for text, most in lengths):
        raise ComplaintError("TOO_LONG", "Shorten the text.")
    if not _decides(kind):
        return
    if not said.published.strip():
        raise ComplaintError("NOTHING_PUBLISHED", "Write the summary that is published.")
    if not said.articles.strip():
        raise ComplaintError("NO_ARTICLES", "Name the articles the decision rests on.")
    if kind.startswith("SECOND") and not said.authority.strip():
        raise ComplaintError("NO_AUTHORITY", "Say who decided, and under which number.")
    shown = " ".join((said.published, said.articles, said.authority)).casefold()
    if any(name.casefold().strip() in shown for name in names if name.strip()):
        raise ComplaintError("NAMES", "What is published must not name the complainant.")
