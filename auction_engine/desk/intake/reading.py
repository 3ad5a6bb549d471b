"""The register as its pages show it: lines, one with everything, what belongs together."""

import base64
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import orjson

from auction_engine.desk.intake import documents, opening, record, trust
from auction_engine.desk.intake.deciding import same_judgment
from auction_engine.desk.intake.documents import Document, Judgment
from auction_engine.desk.intake.record import IntakeError, Kind, Sealer, State
from auction_engine.identity import jose

PAGE = 50
# The whole register of a year of a large agency.
MOST = 100_000
_MOST_TOGETHER = 50


class Filters(NamedTuple):
    """What is asked of a register. `first` and `last` are local days of receipt."""

    state: State | None = None
    kind: Kind | None = None
    sender: int | None = None
    first: date | None = None
    last: date | None = None
    text: str = ""


class Line(NamedTuple):
    """A line of the register. `parties` are names, opened for those who may read them."""

    id: int
    number: str
    kind: Kind
    sender: str
    issuer: str
    document_number: str
    issued_on: date
    received_at: datetime
    answer_by: date | None
    state: State
    decided_at: datetime | None
    ground: str | None
    case_id: int | None
    case_number: str | None
    parties: tuple[str, ...]


_LINES = """
    SELECT i.id, i.year, i.n, i.kind, s.name AS sender, i.issuer, i.number, i.issued_on,
           i.received_at, i.answer_by, coalesce(d.kind, 'RECEIVED') AS state, d.at AS decided_at,
           d.ground, d.case_id, c.number AS case_number, i.sealed
      FROM intake_item i JOIN intake_sender s ON s.id = i.sender_id
      LEFT JOIN intake_decision d ON d.item_id = i.id
      LEFT JOIN enforcement_case c ON c.id = d.case_id
"""
_COUNT = """
    SELECT count(*) FROM intake_item i LEFT JOIN intake_decision d ON d.item_id = i.id
"""
_WANTED = """
     WHERE i.agency_id = $1
       AND ($2::text IS NULL OR coalesce(d.kind, 'RECEIVED') = $2)
       AND ($3::text IS NULL OR i.kind = $3)
       AND ($4::bigint IS NULL OR i.sender_id = $4)
       AND ($5::timestamptz IS NULL OR i.received_at >= $5)
       AND ($6::timestamptz IS NULL OR i.received_at < $6)
       AND ($7::text = '' OR position($7 IN i.same) > 0 OR position($7 IN i.about) > 0)
"""


def _wanted(agency: int, filters: Filters) -> list[Any]:
    def begins(day: date | None) -> datetime | None:
        return None if day is None else datetime(*day.timetuple()[:3], tzinfo=record.ZONE)

    after = None if filters.last is None else date.fromordinal(filters.last.toordinal() + 1)
    return [
        agency, filters.state, filters.kind, filters.sender, begins(filters.first), begins(after),
        record.one_spelling(filters.text),
    ]  # fmt: skip


def _parties(document: Document) -> tuple[str, ...]:
    named = (
        document.parties
        if isinstance(document, Judgment)
        else (document.requester, *document.debtors)
    )
    return tuple(one.name for one in named)


def _line(vault: Sealer, row: Any) -> Line:
    kept = vault.open(bytes(row["sealed"]), record.context_of_item(row["id"]))
    return Line(
        row["id"], record.order_number(row["year"], row["n"]), row["kind"], row["sender"],
        row["issuer"], row["number"], row["issued_on"], row["received_at"], row["answer_by"],
        row["state"], row["decided_at"], row["ground"], row["case_id"], row["case_number"],
        _parties(documents.kept(row["kind"], kept)),
    )  # fmt: skip


async def count(connection: Any, agency: int, filters: Filters) -> int:
    """How many lines there are."""
    query = _COUNT + _WANTED
    return int(await connection.fetchval(query, *_wanted(agency, filters)))


async def lines(
    connection: Any, vault: Sealer, agency: int, filters: Filters, skip: int = 0, most: int = PAGE
) -> list[Line]:
    """Lines of the register, the newest first."""
    query = _LINES + _WANTED + " ORDER BY i.received_at DESC, i.id DESC OFFSET $8 LIMIT $9"
    rows = await connection.fetch(query, *_wanted(agency, filters), skip, most)
    return [_line(vault, row) for row in rows]


async def waiting(connection: Any, agency: int) -> dict[str, int]:
    """How many lines wait for an answer, and how many of them for too long by `today`."""
    row = await connection.fetchrow(
        "SELECT count(*) AS open, count(*) FILTER (WHERE i.answer_by <"
        " (now() AT TIME ZONE $2)::date) AS late FROM intake_item i"
        " LEFT JOIN intake_decision d ON d.item_id = i.id"
        " WHERE i.agency_id = $1 AND d.item_id IS NULL",
        agency,
        record.ZONE.key,
    )
    return {"open": row["open"], "late": row["late"]}


class Paper(NamedTuple):
    """A file that came with it, without its bytes."""

    n: int
    name: str
    media_type: str
    sha256: str


class Together(NamedTuple):
    """Another line about the same judgment. `alike`: it says nearly the same."""

    line: Line
    alike: bool


class Case(NamedTuple):
    """An open case of the same judgment."""

    id: int
    number: str
    title: dict[str, str]


class Whole(NamedTuple):
    """A line with everything. `signature`: what a look at it finds now."""

    line: Line
    document: Document
    papers: list[Paper]
    reason: str
    decided_by: str | None
    receipt: str
    sha256: str
    jti: str
    kid: str
    signature: Literal["GOOD", "BAD"]
    retired_at: datetime | None
    together: list[Together]
    cases: list[Case]


async def whole(connection: Any, vault: Sealer, agency: int, item: int) -> Whole | None:
    """One line with everything; None if there is none of this agency's."""
    row = await connection.fetchrow(_LINES + " WHERE i.agency_id = $1 AND i.id = $2", agency, item)
    if row is None:
        return None
    more = await connection.fetchrow(
        "SELECT i.receipt, i.sha256, i.jti, i.about, e.sealed AS envelope, k.kid, d.reason,"
        " a.name AS decided_by FROM intake_item i JOIN intake_envelope e ON e.item_id = i.id"
        " JOIN intake_key k ON k.id = i.key_id LEFT JOIN intake_decision d ON d.item_id = i.id"
        " LEFT JOIN account a ON a.id = d.account_id WHERE i.id = $1",
        item,
    )
    kept = vault.open(bytes(row["sealed"]), record.context_of_item(item))
    document = documents.kept(row["kind"], kept)
    trusted = await trust.find(connection, more["kid"])
    assert trusted is not None
    token = vault.open(bytes(more["envelope"]), record.context_of_envelope(item))
    reason = more["reason"]
    return Whole(
        _line(vault, row),
        document,
        [
            Paper(n, one["name"], one["media_type"], one["sha256"])
            for n, one in enumerate(documents.papers_kept(kept), 1)
        ],
        "" if reason is None
        else vault.open(bytes(reason), record.context_of_reason(item)).decode(),
        more["decided_by"],
        more["receipt"],
        bytes(more["sha256"]).hex(),
        more["jti"],
        more["kid"],
        _look(token, trusted),
        trusted.retired_at,
        await _together(connection, vault, agency, item, more["about"], document),
        await _cases(connection, agency, document),
    )  # fmt: skip


def _look(token: bytes, trusted: trust.Trusted) -> Literal["GOOD", "BAD"]:
    try:
        jose.verified(token, trusted.key)
    except jose.JwsError:
        return "BAD"
    return "GOOD"


async def _together(
    connection: Any, vault: Sealer, agency: int, item: int, about: str, document: Document
) -> list[Together]:
    """Other lines about the same judgment, those of the same requester marked."""
    rows = await connection.fetch(
        _LINES + " WHERE i.agency_id = $1 AND i.about = $2 AND i.id <> $3 ORDER BY i.id LIMIT $4",
        agency, about, item, _MOST_TOGETHER,
    )  # fmt: skip
    found = []
    for row in rows:
        kept = vault.open(bytes(row["sealed"]), record.context_of_item(row["id"]))
        other = documents.kept(row["kind"], kept)
        found.append(Together(_line(vault, row), _alike(document, other)))
    return found


def _alike(one: Document, other: Document) -> bool:
    """Whether two documents about one judgment are perhaps the same, sent twice."""
    if isinstance(one, Judgment) or isinstance(other, Judgment):
        return isinstance(one, Judgment) and isinstance(other, Judgment)
    return one.requester.identity == other.requester.identity


async def _cases(connection: Any, agency: int, document: Document) -> list[Case]:
    cited = opening.judgment_of(document)
    rows = await connection.fetch(
        "SELECT id, number, title, judgment FROM enforcement_case"
        " WHERE agency_id = $1 AND state = 'OPEN' AND judgment->>'number' = $2"
        " ORDER BY id LIMIT $3",
        agency, cited["number"], _MOST_TOGETHER,
    )  # fmt: skip
    return [
        Case(row["id"], row["number"], orjson.loads(row["title"]))
        for row in rows
        if same_judgment(orjson.loads(row["judgment"]), cited)
    ]


async def paper(
    connection: Any, vault: Sealer, agency: int, item: int, n: int
) -> tuple[str, str, bytes]:
    """The name, type and bytes of a file as they came. Raises IntakeError."""
    row = await connection.fetchrow(
        "SELECT i.kind, e.sealed FROM intake_item i JOIN intake_envelope e ON e.item_id = i.id"
        " WHERE i.id = $1 AND i.agency_id = $2",
        item,
        agency,
    )
    if row is not None:
        token = vault.open(bytes(row["sealed"]), record.context_of_envelope(item))
        said = orjson.loads(_payload(token))[row["kind"].lower()]
        for at, one in enumerate(said.get("papers", ()), 1):
            if at == n:
                return one["name"], one["media_type"], base64.b64decode(one["data"])
    raise IntakeError("UNKNOWN", "There is no such file.")


def _payload(token: bytes) -> bytes:
    body = token.split(b".")[1]
    return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))


def every(found: list[Line]) -> Iterator[Line]:
    """Lines for a file, the oldest first: the order of the register."""
    return reversed(found)
