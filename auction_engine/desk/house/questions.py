"""Questions about a lot: asked by a bidder, answered by the organisation for everybody.

Who asked is told to nobody, nor is what was asked before the organisation has put it into words
without names. An answer may be put right later; what was published stands in the question's acts.
"""

import uuid
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.house.people import HouseError
from auction_engine.identity.vault import Vault
from auction_engine.post import outbox, values

MOST, MOST_REASON = 1_000, 500
_MOST_OPEN = 5
Said = dict[str, str]


class Published(NamedTuple):
    """What everybody may read. `changed`: the answer was put right since."""

    id: int
    question: Said
    answer: Said
    at: datetime
    changed: bool


class Question(NamedTuple):
    """A question as the organisation sees it, without who asked."""

    id: int
    lot: int
    title: Said
    lang: str
    asked: str
    state: str
    question: Said
    answer: Said
    reason: str | None
    version: int
    at: datetime
    decided_at: datetime | None


class Own(NamedTuple):
    """One's own question."""

    id: int
    asked: str
    state: str
    reason: str | None
    at: datetime


_COLUMNS = (
    "q.id, q.lot_id, l.content -> 'title' AS title, q.lang, q.sealed, q.key, q.state, q.question,"
    " q.answer, q.reason, q.version, q.at, q.decided_at, q.asked_by"
)


def _context(key: uuid.UUID) -> str:
    return f"lot_question:{key}"


def _text(typed: str, most: int = MOST) -> str:
    lines = [" ".join(line.split()) for line in typed.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip()[:most]


def _said(kept: str | None) -> Said:
    return {} if kept is None else dict(orjson.loads(kept))


async def ask(
    connection: Any, vault: Vault, key: uuid.UUID, lot: int, account: int, typed: str, lang: str
) -> int:
    """Ask about a lot; the same form sent twice is one question. Returns its number.

    Raises HouseError QUESTION_NEEDED, TOO_MANY.
    """
    asked = _text(typed)
    if len(asked) < 10:
        raise HouseError("QUESTION_NEEDED", "Write what you want to know in a whole sentence.")
    async with connection.transaction():
        # Two windows of the same person count each other's questions.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", -account)
        known = await connection.fetchval(
            "SELECT id FROM lot_question WHERE asked_by = $1 AND key = $2", account, key
        )
        if known is not None:
            return int(known)
        many = await connection.fetchval(
            "SELECT count(*) FROM lot_question WHERE asked_by = $1 AND lot_id = $2"
            " AND state = 'OPEN'",
            account, lot,
        )  # fmt: skip
        if many >= _MOST_OPEN:
            raise HouseError("TOO_MANY", "Wait for the answers to the questions you have asked.")
        made = await connection.fetchval(
            "INSERT INTO lot_question (key, lot_id, asked_by, lang, sealed, state, version)"
            " VALUES ($1, $2, $3, $4, $5, 'OPEN', 0) RETURNING id",
            key, lot, account, lang, vault.seal(asked.encode(), _context(key)),
        )  # fmt: skip
        await _note(connection, made, account, "ASKED", {})
        await _tell_house(connection, made, lot)
        return int(made)


async def _tell_house(connection: Any, question: int, lot: int) -> None:
    rows = await connection.fetch(
        "SELECT DISTINCT a.id FROM account a JOIN body_duty d ON d.account_id = a.id"
        " JOIN lot l ON l.id = $1 JOIN auction_session s ON s.id = l.session_id"
        " WHERE a.body_id = s.organisation_id AND d.duty = 'REGISTRAR' AND a.state = 'ACTIVE'",
        lot,
    )
    for row in rows:
        await outbox.put(
            connection, to=row["id"], kind="house.question_asked",
            values={"lot": lot, "link": values.link(f"/desk/questions/{question}")},
            key=f"house/question/{question}/{row['id']}",
        )  # fmt: skip


async def _note(
    connection: Any, question: int, account: int, kind: str, body: dict[str, Any]
) -> None:
    await connection.execute(
        "INSERT INTO lot_question_act (question_id, n, account_id, kind, body)"
        " SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4::jsonb FROM lot_question_act"
        " WHERE question_id = $1",
        question, account, kind, orjson.dumps(body).decode(),
    )  # fmt: skip


async def published(connection: Any, lot: int) -> list[Published]:
    """The answered questions about a lot, newest first."""
    rows = await connection.fetch(
        "SELECT id, question, answer, decided_at, version > 1 FROM lot_question"
        " WHERE lot_id = $1 AND state = 'ANSWERED' ORDER BY decided_at DESC, id DESC LIMIT 500",
        lot,
    )
    return [Published(row[0], _said(row[1]), _said(row[2]), row[3], row[4]) for row in rows]


async def own(connection: Any, vault: Vault, lot: int, account: int) -> list[Own]:
    """What one has asked about a lot oneself, and what became of it. Raises VaultError."""
    rows = await connection.fetch(
        "SELECT id, key, sealed, state, reason, at FROM lot_question"
        " WHERE lot_id = $1 AND asked_by = $2 ORDER BY id DESC LIMIT 100",
        lot, account,
    )  # fmt: skip
    return [
        Own(row["id"], vault.open(row["sealed"], _context(row["key"])).decode(), row["state"],
            row["reason"], row["at"])
        for row in rows
    ]  # fmt: skip


async def queue(connection: Any, vault: Vault, body: int, state: str) -> list[Question]:
    """The house's questions in that state: open ones oldest first, others newest first."""
    turn = "ASC" if state == "OPEN" else "DESC"
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM lot_question q JOIN lot l ON l.id = q.lot_id"  # noqa: S608
        " JOIN auction_session s ON s.id = l.session_id"
        f" WHERE s.organisation_id = $1 AND q.state = $2 ORDER BY q.id {turn} LIMIT 200",
        body, state,
    )  # fmt: skip
    return [_question(vault, row) for row in rows]


async def one(connection: Any, vault: Vault, question: int) -> Question | None:
    """A question. Its scope was checked."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM lot_question q JOIN lot l ON l.id = q.lot_id"  # noqa: S608
        " WHERE q.id = $1",
        question,
    )
    return None if row is None else _question(vault, row)


def _question(vault: Vault, row: Any) -> Question:
    asked = vault.open(row["sealed"], _context(row["key"])).decode()
    return Question(
        row["id"], row["lot_id"], _said(row["title"]), row["lang"], asked, row["state"],
        _said(row["question"]), _said(row["answer"]), row["reason"], row["version"], row["at"],
        row["decided_at"],
    )  # fmt: skip


async def answer(
    connection: Any, question: int, account: int, version: int, asked: Said, told: Said
) -> None:
    """Publish question and answer in words without names, or put a published answer right.

    Texts by language; what is missing in one is shown in the other. The very same twice is once.
    Raises HouseError ANSWER_NEEDED, CHANGED (somebody was first), NO_QUESTION.
    """
    asked = {lang: text for lang, typed in asked.items() if (text := _text(typed))}
    told = {lang: text for lang, typed in told.items() if (text := _text(typed))}
    if not told or asked.keys() != told.keys():
        raise HouseError("ANSWER_NEEDED", "Write question and answer in the same languages.")
    async with connection.transaction():
        row = await _locked(connection, question)
        if row["state"] == "ANSWERED" and (_said(row["question"]), _said(row["answer"])) == (
            asked, told,
        ):  # fmt: skip
            return
        _seen(row, version, ("OPEN", "ANSWERED"))
        await connection.execute(
            "UPDATE lot_question SET state = 'ANSWERED', question = $2::jsonb, answer = $3::jsonb,"
            " version = version + 1, decided_by = $4, decided_at = now() WHERE id = $1",
            question, orjson.dumps(asked).decode(), orjson.dumps(told).decode(), account,
        )  # fmt: skip
        kind = "ANSWERED" if row["state"] == "OPEN" else "CORRECTED"
        await _note(connection, question, account, kind, {"question": asked, "answer": told})
        await _tell(connection, row, "house.question_answered")


async def decline(connection: Any, question: int, account: int, version: int, reason: str) -> None:
    """Do not publish a question; who asked reads why. The very same twice is once.

    Raises HouseError REASON_NEEDED, CHANGED, NO_QUESTION.
    """
    said = _text(reason, MOST_REASON)
    if not said:
        raise HouseError("REASON_NEEDED", "Say why; whoever asked reads it.")
    async with connection.transaction():
        row = await _locked(connection, question)
        if (row["state"], row["reason"]) == ("DECLINED", said):
            return
        _seen(row, version, ("OPEN",))
        await connection.execute(
            "UPDATE lot_question SET state = 'DECLINED', reason = $2, version = version + 1,"
            " decided_by = $3, decided_at = now() WHERE id = $1",
            question, said, account,
        )  # fmt: skip
        await _note(connection, question, account, "DECLINED", {"reason": said})
        await _tell(connection, row, "house.question_declined")


async def _locked(connection: Any, question: int) -> Any:
    row = await connection.fetchrow(
        "SELECT q.id, q.lot_id, q.asked_by, q.state, q.question, q.answer, q.reason, q.version,"
        " l.content -> 'title' AS title FROM lot_question q JOIN lot l ON l.id = q.lot_id"
        " WHERE q.id = $1 FOR UPDATE OF q",
        question,
    )
    if row is None:
        raise HouseError("NO_QUESTION", "There is no such question.")
    return row


def _seen(row: Any, version: int, states: tuple[str, ...]) -> None:
    if row["version"] != version or row["state"] not in states:
        raise HouseError("CHANGED", "Somebody has dealt with this question; look once more.")


async def _tell(connection: Any, row: Any, kind: str) -> None:
    title = {"vi": "", "en": ""} | _said(row["title"])
    await outbox.put(
        connection, to=row["asked_by"], kind=kind,
        values={
            "title": values.either(title),
            "link": values.link(f"/lots/{row['lot_id']}/questions"),
        },
        key=f"house/question/{row['id']}/told/{row['version']}",
    )  # fmt: skip
