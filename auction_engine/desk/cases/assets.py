"""Cases and assets as others build on them: made here, taken into a session, followed in its life.

`taken` is what a session is prepared from, `listed` tells that a lot was made of an asset; what the
lot then becomes is followed by `following`.
"""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import asyncpg

from auction_engine.desk.cases import papers, parties, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import CaseError, Fault, Sealer, refused
from auction_engine.desk.search import codes
from auction_engine.rules import packs

__all__ = [
    "CaseError", "Fault", "NewAsset", "NewCase", "Taken", "create_asset", "create_case", "entered",
    "listed", "read_asset", "read_case", "taken",
]  # fmt: skip

_IMMOVABLE = frozenset({"apartment", "house", "land", "plant"})
_MOVABLE = frozenset({"car", "truck", "motorbike", "boat", "machinery", "jewellery", "goods"})


class Taken(NamedTuple):
    """An asset whose contract both have signed and that is in no session.

    `priority_pending`: somebody may still buy it first, or was not yet asked; `cuts`, `failures`
    and `previous_start_minor` are those of the auctions before.
    """

    id: int
    case_id: int
    agency_id: int
    kind: str
    movable: bool
    content: dict[str, Any]
    valuation_minor: int | None
    valuation_expires_on: date | None
    priority_pending: bool
    revaluation_pending: bool
    service_contract_on: date | None
    failures: int
    cuts: int
    previous_start_minor: int | None


class NewCase(NamedTuple):
    """A case as it was read from what came in."""

    number: str
    title: dict[str, str]
    judgment: dict[str, Any]
    decision: dict[str, Any]
    opened_on: date | None
    parties: list[parties.NewParty]


class NewAsset(NamedTuple):
    """An asset as it was read; `disclosure` and `valuation` where something is told of them."""

    reference: str | None
    kind: str
    movable: bool
    content: dict[str, Any]
    disclosure: dict[str, Any] | None
    valuation: dict[str, Any] | None


async def create_case(
    connection: Any, agency: int, account: int, data: Any, *, vault: Sealer | None = None
) -> int:
    """Open a case of `agency`; returns its number. `vault` seals the parties in `data`.

    `data`: number, title {vi, en}, judgment {number, court, on}, decision {number, on}, opened_on,
    parties [{kind, name, contact, rank, claim_minor, currency, requested_on}]. Raises CaseError.
    """
    reader = Reader(data)
    case = read_case(reader, record.today(datetime.now(UTC)))
    reader.done()
    # Asked for first, so that the parties after it are whole or not there at all.
    made = await connection.fetchval(
        "INSERT INTO enforcement_case (agency_id, number, title, judgment, decision, opened_on,"
        " created_by) VALUES ($1, $2, $3::jsonb, $4::jsonb, $5::jsonb, $6, $7)"
        " ON CONFLICT ON CONSTRAINT enforcement_case_number DO NOTHING RETURNING id",
        agency, case.number, record.dumped(case.title), record.dumped(case.judgment),
        record.dumped(case.decision), case.opened_on, account,
    )  # fmt: skip
    if made is None:
        raise refused("NUMBER_TAKEN", "The agency has a case of this number already.", "number")
    await record.noted_of_case(connection, made, account, "opened", {"number": case.number})
    for party in case.parties:
        assert vault is not None, "parties need a vault to be sealed"
        await parties.write(connection, vault, made, party)
    return int(made)


def read_case(reader: Reader, today: date) -> NewCase:
    """A case from its fields; what is wrong stays with the reader."""
    return NewCase(
        reader.line("number", most=80),
        reader.words("title"),
        _ruling(reader.part("judgment"), today, ("number", "court")),
        _ruling(reader.part("decision"), today, ("number",)),
        reader.past_day("opened_on", today),
        [parties.read(part) for part in reader.parts("parties")],
    )


def _ruling(reader: Reader, today: date, lines: tuple[str, ...]) -> dict[str, Any]:
    """A judgment or a decision: its number, who gave it, the day."""
    found: dict[str, Any] = {name: reader.line(name) for name in lines}
    on = reader.past_day("on", today)
    found["on"] = None if on is None else on.isoformat()
    note = reader.paragraph("note", needed=False)
    return {**found, "note": note} if note else found


async def create_asset(connection: Any, case: int, account: int, data: Any) -> int:
    """Enter an asset of an open case; returns its number.

    `data`: reference, kind, movable, title, place, province, summary, facts [{label, value}],
    quantity, image, currency; also `disclosure` and `valuation`, as `papers` takes them. Texts are
    {vi, en}. Raises CaseError.
    """
    reader = Reader(data)
    asset = read_asset(reader, record.today(datetime.now(UTC)))
    reader.done()
    agency = await parties.open_case(connection, case)
    try:
        async with connection.transaction():
            made = int(
                await connection.fetchval(
                    "INSERT INTO asset (case_id, agency_id, reference, kind, movable, content)"
                    " VALUES ($1, $2, $3, $4, $5, $6::jsonb) RETURNING id",
                    case, agency, asset.reference, asset.kind, asset.movable,
                    record.dumped(asset.content),
                )
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise refused(
            "REFERENCE_TAKEN", "The agency has an asset of this reference already.", "reference"
        ) from None
    await record.noted(connection, made, account, "entered", entered(asset))
    if asset.disclosure is not None:
        await papers.write_disclosure(connection, made, account, asset.disclosure)
    if asset.valuation is not None:
        await papers.write_valuation(connection, made, account, asset.valuation)
    return made


def read_asset(reader: Reader, today: date) -> NewAsset:
    """An asset from its fields; what is wrong stays with the reader."""
    kind, movable = _kind(reader)
    content = describe(reader, kind)
    reference = reader.line("reference", needed=False, most=80) or None
    told = papers.read_disclosure(reader, movable) if reader.has("disclosure") else None
    worth = None
    if reader.has("valuation"):
        worth = papers.read_valuation(reader.part("valuation"), today)
    return NewAsset(reference, kind, movable, content, told, worth)


def entered(asset: NewAsset) -> dict[str, Any]:
    """What the record of an asset says of its entry."""
    return {
        "kind": asset.kind, "movable": asset.movable, "title": asset.content["title"],
        "reference": asset.reference,
    }  # fmt: skip


def _kind(reader: Reader) -> tuple[str, bool]:
    """The kind, and whether it is movable; the law's answer is not asked for where there is one."""
    kind = reader.one_of("kind", tuple(codes.kinds()))
    given = reader.raw("movable")
    if given is None and kind in _IMMOVABLE | _MOVABLE:
        return kind, kind in _MOVABLE
    movable = reader.yes("movable")
    if movable is True and kind in _IMMOVABLE:
        reader.fault("movable", "KIND_IS_IMMOVABLE", "Property of this kind is immovable.")
    return kind, bool(movable)


def describe(reader: Reader, kind: str) -> dict[str, Any]:
    """The description of an asset in the shape of a lot's content."""
    content: dict[str, Any] = {
        "kind": kind,
        "title": reader.words("title", most=200),
        "place": reader.words("place"),
        "summary": reader.words("summary", most=2_000),
        "facts": [
            {"label": part.words("label", most=60), "value": part.words("value", most=1_000)}
            for part in reader.parts("facts")
        ],
        "disclosure": [],
        "documents": [],
        "image": reader.line("image", needed=False, most=40) or codes.picture({"kind": kind}),
        "currency": reader.currency(),
    }
    content["minor_digits"] = packs.load(record.PACK).currency.minor_digits
    if province := reader.one_of("province", tuple(codes.provinces()), needed=False):
        content["province"] = province
    if quantity := reader.line("quantity", needed=False, most=60):
        content["quantity"] = quantity
    return content


async def taken(connection: Any, organisation_id: int) -> list[Taken]:
    """The assets that the organisation may put into a session now, the oldest contract first."""
    rows = await connection.fetch(_TAKEN, organisation_id)
    return [
        Taken(**{**dict(row.items()), "content": record.loaded(row["content"])}) for row in rows
    ]


# A prior right holds the first auction up until it was asked for and has lapsed; a right that was
# claimed holds every one up. Later rounds: until some days before the opening (Art. 83(1)).
PRIORITY_PENDING = """
    (EXISTS (SELECT FROM asset_priority r WHERE r.asset_id = a.id AND (r.state = 'CLAIMED'
        OR (r.state = 'OPEN' AND r.round = 1
            AND r.until_on >= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)))
     OR (a.failures = 0 AND EXISTS (SELECT FROM case_party p WHERE p.case_id = a.case_id
        AND p.kind = 'CO_OWNER' AND p.left_at IS NULL AND coalesce(p.asset_id, a.id) = a.id
        AND NOT EXISTS (SELECT FROM asset_priority r
            WHERE r.asset_id = a.id AND r.party_id = p.id))))
"""
_TAKEN = f"""
    SELECT a.id, a.case_id, a.agency_id, a.kind, a.movable, a.content,
           v.amount_minor AS valuation_minor, v.expires_on AS valuation_expires_on,
           {PRIORITY_PENDING} AS priority_pending,
           EXISTS (SELECT FROM asset_revaluation q
                    WHERE q.asset_id = a.id AND q.state = 'PENDING') AS revaluation_pending,
           c.signed_on AS service_contract_on, a.failures, a.cuts, a.previous_start_minor
      FROM asset a JOIN service_contract c ON c.id = a.contract_id
      LEFT JOIN LATERAL (SELECT amount_minor, expires_on FROM asset_valuation v
                          WHERE v.asset_id = a.id ORDER BY v.id DESC LIMIT 1) v ON true
     WHERE a.organisation_id = $1 AND a.state = 'TAKEN' AND a.session_id IS NULL
     ORDER BY c.signed_on, a.id
"""  # noqa: S608


async def listed(connection: Any, asset: int, session: int, lot: int, account: int | None) -> None:
    """A lot of a session was made of the asset. The same again is nothing new.

    Raises CaseError MOVED_ON where it is in another lot, or not taken on by anybody.
    """
    found = await record.locked(connection, asset)
    if found.lot_id == lot and found.session_id == session:
        return
    if found.state != "TAKEN" or found.session_id is not None:
        raise refused("MOVED_ON", f"The asset is {found.state}; this needs TAKEN.")
    await record.changed(
        connection, found, state="LISTED", session_id=session, lot_id=lot, followed_seq=0
    )
    body = {"session": session, "lot": lot}
    await record.noted(connection, asset, account, "listed", body)
