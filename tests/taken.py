"""Assets that an organisation has taken on, ready to be put into a session."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import orjson

BILLION = 1_000_000_000
_NUMBERS = count(1)


def _both(words: str) -> dict[str, str]:
    return {"vi": f"{words} (vi)", "en": f"{words} (en)"}


def described(title: str = "Truck") -> dict[str, Any]:
    """A description as a lot's page shows it."""
    return {
        "kind": "car",
        "title": _both(title),
        "place": _both("Ward 5"),
        "summary": _both("In running order"),
        "image": "seal",
        "facts": [{"label": _both("Year"), "value": _both("2019")}],
        "disclosure": [{"label": _both("Keys"), "value": _both("one")}],
        "documents": [],
        "currency": "VND",
        "minor_digits": 0,
        "increment_minor": 50_000_000,
    }


async def take(
    connection: Any,
    organisation: int,
    agency: int,
    account: int,
    *,
    movable: bool = True,
    value_minor: int = BILLION,
    signed: date,
    title: str = "Truck",
) -> int:
    """An asset whose contract both have signed; returns its number."""
    n = next(_NUMBERS)
    empty = "{}"
    case = await connection.fetchval(
        "INSERT INTO enforcement_case (agency_id, number, title, judgment, decision, opened_on,"
        " created_by) VALUES ($1, $2, $3::jsonb, $3::jsonb, $3::jsonb, $4, $5) RETURNING id",
        agency, f"{n}/QĐ", empty, signed, account,
    )  # fmt: skip
    contract = await connection.fetchval(
        "INSERT INTO service_contract (number, agency_id, organisation_id, state, terms, signed_on,"
        " offered_by) VALUES ($1, $2, $3, 'TAKEN', $4::jsonb, $5, $6) RETURNING id",
        f"{n}/HĐ", agency, organisation, empty, signed, account,
    )  # fmt: skip
    asset = await connection.fetchval(
        "INSERT INTO asset (case_id, agency_id, kind, movable, state, content, organisation_id,"
        " contract_id) VALUES ($1, $2, 'car', $3, 'TAKEN', $4::jsonb, $5, $6) RETURNING id",
        case, agency, movable, orjson.dumps(described(title)).decode(), organisation, contract,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO asset_valuation (asset_id, amount_minor, currency, valued_on, expires_on,"
        " basis, document) VALUES ($1, $2, 'VND', $3, $4, 'FIRM', 'certificate')",
        asset, value_minor, signed, signed.replace(year=signed.year + 1),
    )  # fmt: skip
    return int(asset)
