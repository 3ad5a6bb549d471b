"""What becomes of what was received: a case, or a refusal with its reason. Once, and for good."""

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.desk.cases import assets, parties
from auction_engine.desk.intake import documents, opening, record
from auction_engine.desk.intake.documents import Document, Request
from auction_engine.desk.intake.record import Ground, IntakeError, Kind, Sealer, State
from auction_engine.identity import personal
from auction_engine.identity.vault import Vault
from auction_engine.post import outbox, values


class Opened(NamedTuple):
    """What the officer says of the case that is made."""

    number: str
    title: dict[str, str]
    decision_number: str
    decision_on: str
    opened_on: str


class Decided(NamedTuple):
    """What was done, and since when. `repeat`: the very same had been done before."""

    state: State
    at: datetime
    case: int | None
    repeat: bool


class _Line(NamedTuple):
    kind: Kind
    number: str
    document: Document


async def _held(connection: Any, vault: Sealer, agency: int, item: int) -> _Line:
    """The line of the register, for one who decides on it at a time. Raises IntakeError."""
    await connection.execute("SELECT pg_advisory_xact_lock(28284664, $1)", item % 2**31)
    row = await connection.fetchrow(
        "SELECT kind, year, n, sealed FROM intake_item WHERE id = $1 AND agency_id = $2",
        item,
        agency,
    )
    if row is None:
        raise IntakeError("UNKNOWN", "There is nothing of this number in the register.")
    kept = vault.open(bytes(row["sealed"]), record.context_of_item(item))
    number = record.order_number(row["year"], row["n"])
    return _Line(row["kind"], number, documents.kept(row["kind"], kept))


async def _before(connection: Any, item: int) -> Any:
    return await connection.fetchrow(
        "SELECT kind, at, case_id, ground, reason, account_id FROM intake_decision"
        " WHERE item_id = $1",
        item,
    )


async def accept(
    connection: Any, vault: Vault, agency: int, account: int, item: int, opened: Opened
) -> Decided:
    """Make a case of it. Accepted again is the case that was made. Raises IntakeError, CaseError.

    The case, its parties and the decision are there together or not at all.
    """
    async with connection.transaction():
        line = await _held(connection, vault, agency, item)
        if (done := await _again(connection, item, "ACCEPTED")) is not None:
            return done
        data = {
            "number": opened.number,
            "title": opened.title,
            "judgment": opening.judgment_of(line.document),
            "decision": {"number": opened.decision_number, "on": opened.decision_on},
            "opened_on": opened.opened_on,
            "parties": opening.parties_of(line.document),
        }
        case = await assets.create_case(connection, agency, account, data, vault=vault)
        return await _accepted(connection, vault, account, item, line, case)


async def join(
    connection: Any, vault: Vault, agency: int, account: int, item: int, case: int, add: bool
) -> Decided:
    """Put it to a case of the same judgment that is open; with `add` its parties become the case's.

    Raises IntakeError, CaseError.
    """
    async with connection.transaction():
        line = await _held(connection, vault, agency, item)
        if (done := await _again(connection, item, "ACCEPTED")) is not None:
            return done
        row = await connection.fetchrow(
            "SELECT judgment FROM enforcement_case WHERE id = $1 AND agency_id = $2"
            " AND state = 'OPEN' FOR NO KEY UPDATE",
            case,
            agency,
        )
        cited = opening.judgment_of(line.document)
        if row is None or not same_judgment(orjson.loads(row["judgment"]), cited):
            raise IntakeError("OTHER_CASE", "No open case of this number is of the same judgment.")
        if add:
            for party in opening.parties_of(line.document):
                await parties.add(connection, vault, case, account, party)
        return await _accepted(connection, vault, account, item, line, case)


def same_judgment(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two citations are of one judgment."""
    left, right = (
        record.one_spelling(str(cited.get("court", "")), str(cited.get("number", "")))
        for cited in (one, other)
    )
    return left == right


async def _again(connection: Any, item: int, wanted: State) -> Decided | None:
    """What was decided before, if it is what is wanted now. Raises IntakeError where it is not."""
    row = await _before(connection, item)
    if row is None:
        return None
    if row["kind"] != wanted:
        raise IntakeError("DECIDED", "Somebody has decided on it meanwhile; look at it again.")
    return Decided(row["kind"], row["at"], row["case_id"], True)


async def _accepted(
    connection: Any, vault: Vault, account: int, item: int, line: _Line, case: int
) -> Decided:
    at = await _write(connection, item, account, "ACCEPTED", None, None, case)
    number = await connection.fetchval("SELECT number FROM enforcement_case WHERE id = $1", case)
    await _tell(connection, vault, item, line, "intake.accepted", {"case": number})
    return Decided("ACCEPTED", at, case, False)


async def refuse(
    connection: Any,
    vault: Vault,
    agency: int,
    account: int,
    item: int,
    ground: Ground,
    reason: str,
) -> Decided:
    """Refuse it with its ground and reason, which its sender is told. Raises IntakeError."""
    told = reason.strip()
    if ground not in record.GROUNDS:
        raise IntakeError("NO_GROUND", "Say on which ground it is refused.")
    if not told:
        raise IntakeError("NO_REASON", "Give the reason; the sender is told of it.")
    if len(told) > record.MOST_REASON:
        raise IntakeError("TOO_LONG", f"A reason has at most {record.MOST_REASON} letters.")
    async with connection.transaction():
        line = await _held(connection, vault, agency, item)
        if (done := await _again(connection, item, "REFUSED")) is not None:
            row = await _before(connection, item)
            was = vault.open(bytes(row["reason"]), record.context_of_reason(item)).decode()
            if (row["ground"], was) != (ground, told):
                raise IntakeError("DECIDED", "Somebody has refused it meanwhile; look again.")
            return done
        sealed = vault.seal(told.encode(), record.context_of_reason(item))
        at = await _write(connection, item, account, "REFUSED", ground, sealed, None)
        await _tell(
            connection, vault, item, line, "intake.refused",
            {"ground": values.key(f"intake.ground.{ground}")}, {"reason": told},
        )  # fmt: skip
        return Decided("REFUSED", at, None, False)


async def _write(
    connection: Any,
    item: int,
    account: int,
    kind: State,
    ground: str | None,
    reason: bytes | None,
    case: int | None,
) -> datetime:
    try:
        at = await connection.fetchval(
            "INSERT INTO intake_decision (item_id, account_id, kind, ground, reason, case_id)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING at",
            item, account, kind, ground, reason, case,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise IntakeError("DECIDED", "Somebody has decided on it meanwhile; look again.") from None
    assert isinstance(at, datetime)
    return at


async def _tell(
    connection: Any,
    vault: Vault,
    item: int,
    line: _Line,
    kind: str,
    more: dict[str, Any],
    secrets: dict[str, str] | None = None,
) -> None:
    """A letter to whoever requests, if that person has an account here. It names no names."""
    if not isinstance(line.document, Request):
        return
    requester = line.document.requester
    assert requester.identity is not None
    holder = await connection.fetchval(
        "SELECT account_id FROM person WHERE identity_mark = $1",
        personal.identity_mark(vault, requester.identity),
    )
    if holder is None:
        return
    cited = line.document.judgment
    told = {
        "number": line.number,
        "judgment": cited.number,
        **more,
    }
    letter = outbox.new_id()
    hidden = secrets and vault.seal(orjson.dumps(secrets), f"letter.secrets:{letter}")
    await outbox.put(
        connection, to=holder, kind=kind, values=told, key=f"{kind}/{item}",
        secrets=hidden or None, letter=letter,
    )  # fmt: skip
