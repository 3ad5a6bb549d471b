"""An agency's cases and assets as a file that can be imported: names opened, so for the agency."""

from datetime import date
from typing import Any

from auction_engine.desk.cases import parties, record
from auction_engine.desk.cases.record import Sealer

MOST = 20_000
_CASES = """
    SELECT id, number, title, judgment, decision, opened_on FROM enforcement_case
     WHERE agency_id = $1 ORDER BY id LIMIT $2
"""
# Who has left is a party no more; who has a right in one asset alone is entered there.
_PARTIES = """
    SELECT p.* FROM case_party p JOIN enforcement_case c ON c.id = p.case_id
     WHERE c.agency_id = $1 AND p.left_at IS NULL AND p.asset_id IS NULL ORDER BY p.id
"""
_ASSETS = """
    SELECT a.case_id, a.reference, a.kind, a.movable, a.content,
           (SELECT d.body FROM asset_disclosure d WHERE d.asset_id = a.id
             ORDER BY d.n DESC LIMIT 1) AS disclosure,
           v.amount_minor, v.currency, v.valued_on, v.expires_on, v.basis, v.document, v.valuer
      FROM asset a
      LEFT JOIN LATERAL (SELECT * FROM asset_valuation w WHERE w.asset_id = a.id
                          ORDER BY w.id DESC LIMIT 1) v ON true
     WHERE a.agency_id = $1 ORDER BY a.case_id, a.id LIMIT $2
"""
_WORTH = ("amount_minor", "currency", "valued_on", "expires_on", "basis", "document", "valuer")
_CONTENT = ("title", "place", "province", "summary", "facts", "quantity", "image", "currency")


async def cases(connection: Any, vault: Sealer, agency: int) -> list[dict[str, Any]]:
    """The agency's cases with their `parties` and `assets`, as `casefile` writes them."""
    found: dict[int, dict[str, Any]] = {}
    whose: dict[int, list[dict[str, Any]]] = {}
    for row in await connection.fetch(_PARTIES, agency):
        whose.setdefault(row["case_id"], []).append(_party(parties._party(vault, row)))
    for row in await connection.fetch(_CASES, agency, MOST):
        found[row["id"]] = {
            "number": row["number"],
            "title": record.loaded(row["title"]),
            "judgment": record.loaded(row["judgment"]),
            "decision": record.loaded(row["decision"]),
            "opened_on": row["opened_on"].isoformat(),
            "parties": whose.get(row["id"], []),
            "assets": [],
        }
    for row in await connection.fetch(_ASSETS, agency, MOST):
        if row["case_id"] in found:
            found[row["case_id"]]["assets"].append(_asset(row))
    return list(found.values())


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
