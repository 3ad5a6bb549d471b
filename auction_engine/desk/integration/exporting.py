"""An agency's cases and assets as a file that can be imported: names opened, so for the agency.

However many there are, they are read a page at a time, each over a connection of its own: whoever
takes the file slowly holds nothing of the ledger's, and nobody's memory fills.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from itertools import groupby
from typing import Any

from auction_engine.desk.cases import parties, record
from auction_engine.desk.cases.record import Sealer
from auction_engine.desk.integration.casewriting import CsvFile, JsonFile, Part, Writer

Connect = Callable[[], AbstractAsyncContextManager[Any]]
_CASES_AT_ONCE, _ASSETS_AT_ONCE = 50, 200
_CASES = """
    SELECT id, number, title, judgment, decision, opened_on FROM enforcement_case
     WHERE agency_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""
# Who has left is a party no more; who has a right in one asset alone is entered there.
_STANDING = "p.left_at IS NULL AND p.asset_id IS NULL"
_PARTIES = f"SELECT p.* FROM case_party p WHERE p.case_id = ANY($1) AND {_STANDING} ORDER BY p.id"  # noqa: S608
_ASSETS = """
    SELECT a.id, a.case_id, a.reference, a.kind, a.movable, a.content,
           (SELECT d.body FROM asset_disclosure d WHERE d.asset_id = a.id
             ORDER BY d.n DESC LIMIT 1) AS disclosure,
           v.amount_minor, v.currency, v.valued_on, v.expires_on, v.basis, v.document, v.valuer
      FROM asset a
      LEFT JOIN LATERAL (SELECT * FROM asset_valuation w WHERE w.asset_id = a.id
                          ORDER BY w.id DESC LIMIT 1) v ON true
     WHERE a.case_id = ANY($1) AND (a.case_id, a.id) > ($2, $3)
     ORDER BY a.case_id, a.id LIMIT $4
"""
_MOST_PARTIES = f"""
    SELECT max(n) FROM (SELECT count(*) AS n FROM case_party p
                          JOIN enforcement_case c ON c.id = p.case_id
                         WHERE c.agency_id = $1 AND {_STANDING} GROUP BY c.id) AS each
"""  # noqa: S608
_MOST_FACTS = """
    SELECT max(jsonb_array_length(content -> 'facts')) FROM asset
     WHERE agency_id = $1 AND jsonb_typeof(content -> 'facts') = 'array'
"""
_WORTH = ("amount_minor", "currency", "valued_on", "expires_on", "basis", "document", "valuer")
_CONTENT = ("title", "place", "province", "summary", "facts", "quantity", "image", "currency")


async def pieces(connect: Connect, vault: Sealer, agency: int, form: str) -> AsyncIterator[bytes]:
    """The file in `form` ("csv" or "json"), piece by piece. `connect` gives a connection."""
    writer = await _writer(connect, agency, form)
    yield writer.begin()
    async for part in parts(connect, vault, agency):
        yield await asyncio.to_thread(writer.part, part)
    yield writer.end()


async def _writer(connect: Connect, agency: int, form: str) -> Writer:
    if form != "csv":
        return JsonFile()
    async with connect() as connection:
        people = await connection.fetchval(_MOST_PARTIES, agency)
        facts = await connection.fetchval(_MOST_FACTS, agency)
    return CsvFile(people or 0, facts or 0)


async def parts(connect: Connect, vault: Sealer, agency: int) -> AsyncIterator[Part]:
    """All cases of the agency, the oldest first, with their assets."""
    last = 0
    while True:
        async with connect() as connection:
            cases = await _cases(connection, vault, agency, last)
        if not cases:
            return
        last, waiting = max(cases), dict(cases)
        async for case, found in _assets(connect, list(cases)):
            # Cases without assets come in their turn.
            for empty in [number for number in waiting if number < case]:
                yield Part(waiting.pop(empty), [])
            yield Part(waiting.pop(case, None), found)
        for rest in waiting.values():
            yield Part(rest, [])


async def _cases(
    connection: Any, vault: Sealer, agency: int, after: int
) -> dict[int, dict[str, Any]]:
    found = {
        row["id"]: {
            "number": row["number"],
            "title": record.loaded(row["title"]),
            "judgment": record.loaded(row["judgment"]),
            "decision": record.loaded(row["decision"]),
            "opened_on": row["opened_on"].isoformat(),
            "parties": [],
        }
        for row in await connection.fetch(_CASES, agency, after, _CASES_AT_ONCE)
    }
    for row in await connection.fetch(_PARTIES, list(found)):
        found[row["case_id"]]["parties"].append(_party(parties.opened(vault, row)))
    return found


async def _assets(
    connect: Connect, cases: list[int]
) -> AsyncIterator[tuple[int, list[dict[str, Any]]]]:
    """The assets of these cases in order, some at a time: the case, and some of its assets."""
    at = (0, 0)
    while True:
        async with connect() as connection:
            rows = await connection.fetch(_ASSETS, cases, *at, _ASSETS_AT_ONCE)
        for case, own in groupby(rows, key=lambda row: row["case_id"]):
            yield case, [_asset(row) for row in own]
        if len(rows) < _ASSETS_AT_ONCE:
            return
        at = (rows[-1]["case_id"], rows[-1]["id"])


def _party(one: parties.Party) -> dict[str, Any]:
    return _said(
        {
            "kind": one.kind, "name": one.name, "contact": one.contact, "rank": one.rank,
            "claim_minor": one.claim_minor, "currency": one.currency,
            "requested_on": one.requested_on,
        }
    )  # fmt: skip


def _asset(row: Any) -> dict[str, Any]:
    content = record.loaded(row["content"])
    told = {"reference": row["reference"], "kind": row["kind"], "movable": row["movable"]}
    told |= {name: content.get(name) for name in _CONTENT}
    if row["disclosure"] is not None:
        told["disclosure"] = record.loaded(row["disclosure"])
    if row["amount_minor"] is not None:
        told["valuation"] = _said({name: row[name] for name in _WORTH})
    return _said(told)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing; days as ISO."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None and value != {} and value != []
    }
