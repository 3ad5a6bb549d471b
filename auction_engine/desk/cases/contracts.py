"""The service contract: offered by the agency, taken on or declined by the organisation.

Both sides act on the contract's row, so an offer that is taken back and taken on at the same moment
ends as one of the two. A contract is signed only while the valuation holds and nobody's request for
another is open (Law 106/2025 Arts. 82, 83(2)).
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import asyncpg

from auction_engine.desk.cases import letters, progress, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import Fault, refused

_MOST_ASSETS = 200
_BASIS_POINTS = 10_000


class Contract(NamedTuple):
    """An offer, or the contract it became. `assets` are numbers and titles."""

    id: int
    number: str
    agency_id: int
    organisation_id: int
    agency: dict[str, str]
    organisation: dict[str, str]
    state: str
    terms: dict[str, Any]
    signed_on: date | None
    offered_at: datetime
    taken_at: datetime | None
    reason: str | None
    assets: tuple[tuple[int, dict[str, str], str], ...]


def read_terms(reader: Reader) -> dict[str, Any]:
    """The fee: base_minor, over_start_bp (of what the price exceeds the start by), cap_minor.

    `stop_clause` must be true: what lets the officer pause or stop stands in the contract (Law
    106/2025 Art. 84(3)).
    """
    bp = reader.amount("over_start_bp", needed=False, least=0)
    if bp is not None and bp > _BASIS_POINTS:
        reader.fault("over_start_bp", "AMOUNT_OUT_OF_RANGE", "Give at most 10000 (100 %).")
    if reader.raw("stop_clause") is not True:
        reader.fault(
            "stop_clause", "CLAUSE_NEEDED", "The contract must let the officer pause and stop."
        )
    return {
        "base_minor": reader.amount("base_minor", least=0),
        "over_start_bp": bp or 0,
        "cap_minor": reader.amount("cap_minor", needed=False),
        "currency": reader.currency(),
        "note": reader.paragraph("note", needed=False),
        "stop_clause": True,
    }


async def offer(
    connection: Any,
    agency: int,
    account: int,
    organisation: int,
    assets: Sequence[int],
    data: Any,
) -> int:
    """Offer assets that are ready to an organisation; returns the contract's number.

    `data`: number and the terms. The very same offer again gets the first one's number. Raises
    CaseError.
    """
    reader = Reader(data)
    number, terms = reader.line("number", most=80), read_terms(reader)
    wanted = sorted(set(assets))
    if not 0 < len(wanted) <= _MOST_ASSETS:
        reader.fault("assets", "NO_ASSETS", f"Choose 1 to {_MOST_ASSETS} assets.")
    reader.done()
    if (known := await _same(connection, agency, organisation, number, wanted)) is not None:
        return known
    kind = await connection.fetchval("SELECT kind FROM body WHERE id = $1", organisation)
    if kind != "ORGANISATION":
        raise refused("UNKNOWN_ORGANISATION", "Choose an organisation.", "organisation_id")
    held = [await record.locked(connection, one, ("READY",)) for one in wanted]
    if any(one.agency_id != agency for one in held):
        raise refused("UNKNOWN_ASSET", "The agency has no such asset.", "assets")
    await _still_ready(connection, wanted)
    made = await _insert(connection, agency, organisation, account, number, terms)
    for one in held:
        await record.changed(
            connection, one, state="OFFERED", organisation_id=organisation, contract_id=made
        )
        body = {"contract": made, "organisation": organisation}
        await record.noted(connection, one.id, account, "offered", body)
    await letters.tell(connection, made, "offered")
    return made


async def _still_ready(connection: Any, assets: Sequence[int]) -> None:
    today = record.today(datetime.now(UTC))
    faults = [
        Fault(f"assets.{one}", f"LACKS_{step.key.upper()}", f"Asset {one} lacks: {step.key}.")
        for one in assets
        for step in await progress.of_asset(connection, one, today)
        if not step.done
    ]
    if faults:
        raise record.CaseError(faults)


async def _insert(
    connection: Any, agency: int, organisation: int, account: int, number: str, terms: Any
) -> int:
    try:
        async with connection.transaction():
            return int(
                await connection.fetchval(
                    "INSERT INTO service_contract (number, agency_id, organisation_id, terms,"
                    " offered_by) VALUES ($1, $2, $3, $4::jsonb, $5) RETURNING id",
                    number, agency, organisation, record.dumped(terms), account,
                )
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise refused(
            "NUMBER_TAKEN", "The agency has a contract of this number already.", "number"
        ) from None


async def _same(
    connection: Any, agency: int, organisation: int, number: str, assets: Sequence[int]
) -> int | None:
    """The contract of this number, if it is this very offer."""
    found = await connection.fetchval(
        "SELECT c.id FROM service_contract c WHERE c.agency_id = $1 AND c.organisation_id = $2"
        " AND c.number = $3 AND c.state IN ('OFFERED', 'TAKEN') AND $4::bigint[] ="
        " ARRAY(SELECT a.id FROM asset a WHERE a.contract_id = c.id ORDER BY a.id)",
        agency,
        organisation,
        number,
        list(assets),
    )
    return None if found is None else int(found)


async def _held(connection: Any, contract: int, side: str, body: int) -> Any:
    """The contract's row, held, if it is that `side`'s. Raises CaseError."""
    row = await connection.fetchrow(
        "SELECT * FROM service_contract WHERE id = $1 FOR NO KEY UPDATE", contract
    )
    if row is None or row[side] != body:
        raise refused("UNKNOWN_CONTRACT", "There is no such contract.")
    return row


async def _assets(connection: Any, contract: int) -> list[record.Asset]:
    ids = await connection.fetch(
        "SELECT id FROM asset WHERE contract_id = $1 ORDER BY id", contract
    )
    return [await record.locked(connection, row["id"]) for row in ids]


async def take(connection: Any, contract: int, organisation: int, account: int) -> None:
    """The organisation takes the offer on: the contract is signed today. Twice is once.

    Raises CaseError VALUATION_EXPIRED, REVALUATION_PENDING, MOVED_ON.
    """
    row = await _held(connection, contract, "organisation_id", organisation)
    if row["state"] == "TAKEN":
        return
    if row["state"] != "OFFERED":
        raise refused("MOVED_ON", f"The offer is {row['state']}.")
    today = record.today(datetime.now(UTC))
    held = await _assets(connection, contract)
    for one in held:
        await _may_be_signed(connection, one.id, today)
    await connection.execute(
        "UPDATE service_contract SET state = 'TAKEN', signed_on = $2, taken_by = $3,"
        " taken_at = now() WHERE id = $1",
        contract,
        today,
        account,
    )
    for one in held:
        await record.changed(connection, one, state="TAKEN")
        body = {"contract": contract, "signed_on": today.isoformat()}
        await record.noted(connection, one.id, account, "taken", body)
    await letters.tell(connection, contract, "taken")


async def _may_be_signed(connection: Any, asset: int, today: date) -> None:
    row = await connection.fetchrow(
        "SELECT expires_on FROM asset_valuation WHERE asset_id = $1 ORDER BY id DESC LIMIT 1", asset
    )
    if row is not None and row["expires_on"] is not None and row["expires_on"] < today:
        raise refused("VALUATION_EXPIRED", f"The valuation of asset {asset} has expired.")
    if await connection.fetchval(
        "SELECT 1 FROM asset_revaluation WHERE asset_id = $1 AND state = 'PENDING'", asset
    ):
        raise refused("REVALUATION_PENDING", f"A party asked to value asset {asset} again.")


async def decline(
    connection: Any, contract: int, organisation: int, account: int, reason: str
) -> None:
    """The organisation does not take the offer on; its assets are ready again. Twice is once."""
    row = await _held(connection, contract, "organisation_id", organisation)
    await _undo(connection, row, account, "DECLINED", reason)


async def withdraw(connection: Any, contract: int, agency: int, account: int, reason: str) -> None:
    """The agency takes the offer back, before it is taken on. Twice is once."""
    row = await _held(connection, contract, "agency_id", agency)
    await _undo(connection, row, account, "WITHDRAWN", reason)


async def _undo(connection: Any, row: Any, account: int, state: str, reason: str) -> None:
    if row["state"] == state:
        return
    if row["state"] != "OFFERED":
        raise refused("MOVED_ON", f"The offer is {row['state']}.")
    if not reason.strip():
        raise refused("REASON_NEEDED", "Give the reason.", "reason")
    held = await _assets(connection, row["id"])
    await connection.execute(
        "UPDATE service_contract SET state = $2, reason = $3 WHERE id = $1",
        row["id"],
        state,
        reason[: record.PARAGRAPH],
    )
    for one in held:
        await _freed(connection, one)
        body = {"contract": row["id"]}
        await record.noted(connection, one.id, account, state.lower(), body, reason)
    await letters.tell(connection, row["id"], "declined" if state == "DECLINED" else "withdrawn")


async def _freed(connection: Any, one: record.Asset) -> None:
    await record.changed(
        connection, one, state="READY", organisation_id=None, contract_id=None, session_id=None,
        lot_id=None,
    )  # fmt: skip


async def leave(connection: Any, asset: int, account: int, reason: str) -> None:
    """Take an asset out of its contract, before it is in a session or after an auction of it.

    It is ready for another organisation then. Raises CaseError.
    """
    if not reason.strip():
        raise refused("REASON_NEEDED", "Give the reason.", "reason")
    found = await record.locked(connection, asset, ("TAKEN", "FAILED", "WITHDRAWN"))
    contract = found.contract_id
    await _freed(connection, found)
    await record.noted(connection, asset, account, "left", {"contract": contract}, reason)
    await connection.execute(
        "UPDATE service_contract c SET state = 'ENDED' WHERE c.id = $1 AND c.state = 'TAKEN'"
        " AND NOT EXISTS (SELECT FROM asset a WHERE a.contract_id = c.id)",
        contract,
    )


async def of_body(connection: Any, side: str, body: int) -> list[Contract]:
    """The contracts of an agency (`side` "agency_id") or organisation, the newest first."""
    assert side in ("agency_id", "organisation_id")
    return await _read(connection, f"c.{side} = $1", body)


async def one(connection: Any, contract: int) -> Contract | None:
    """One contract."""
    found = await _read(connection, "c.id = $1", contract)
    return found[0] if found else None


async def _read(connection: Any, where: str, value: int) -> list[Contract]:
    rows = await connection.fetch(
        "SELECT c.*, g.name AS agency, o.name AS organisation,"  # noqa: S608
        " coalesce((SELECT jsonb_agg(jsonb_build_array(a.id, a.content -> 'title', a.state)"
        " ORDER BY a.id) FROM asset a WHERE a.contract_id = c.id), '[]') AS assets"
        " FROM service_contract c JOIN body g ON g.id = c.agency_id"
        f" JOIN body o ON o.id = c.organisation_id WHERE {where} ORDER BY c.id DESC",
        value,
    )
    return [
        Contract(
            row["id"], row["number"], row["agency_id"], row["organisation_id"],
            record.loaded(row["agency"]), record.loaded(row["organisation"]), row["state"],
            record.loaded(row["terms"]), row["signed_on"], row["offered_at"], row["taken_at"],
            row["reason"], tuple(tuple(one) for one in record.loaded(row["assets"])),
        )
        for row in rows
    ]  # fmt: skip
