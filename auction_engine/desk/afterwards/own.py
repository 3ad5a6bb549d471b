"""A person's own lots, and what each journal says of that person. Nobody else's entries appear."""

from typing import Any, NamedTuple

import orjson

from auction_engine.rules.lifecycle import TURNS

MOST_LOTS = 200
# Turns that tell of somebody without being about that person's own affairs.
_NOT_ONES_OWN = frozenset({"leader.determined", "consent.awaited"})

_LOTS = """
    SELECT DISTINCT lot_id FROM (
        SELECT lot_id FROM journal WHERE bidder = $1 AND kind = 'bidder.admitted'
        UNION ALL SELECT lot_id FROM payment_request WHERE payer = $1 AND purpose = 'DEPOSIT'
        UNION ALL SELECT lot_id FROM dossier WHERE account_id = $1
    ) AS own WHERE NOT EXISTS (SELECT FROM practice p WHERE p.lot_id = own.lot_id)
     ORDER BY lot_id DESC LIMIT $2
"""
_ENTRIES = """
    SELECT seq, body, hash FROM journal
     WHERE lot_id = $1 AND (bidder = $2 OR kind = ANY($3::text[])) ORDER BY seq
"""


class Entry(NamedTuple):
    """An entry of a journal about oneself. `hash` is its seal, in hexadecimal digits: SHA-256 of
    the seal before it and of its own bytes, as everybody can check in the lot's export."""

    seq: int
    at_ms: int
    kind: str
    amount_minor: int | None
    n: int | None
    reason: str | None
    minimum_minor: int | None
    bid_id: str | None
    hash: str


class Counts(NamedTuple):
    """How many own bids were recorded and refused, and the best of those recorded."""

    accepted: int
    refused: int
    best_minor: int | None


async def lots_of(connection: Any, account: int) -> list[int]:
    """The lots a person has handed in a dossier for, paid for or been admitted to, newest first."""
    rows = await connection.fetch(_LOTS, account, MOST_LOTS)
    return [row[0] for row in rows]


async def counts_of(connection: Any, account: int, lots: list[int]) -> dict[int, Counts]:
    """The own bids of each lot, counted in its journal."""
    rows = await connection.fetch(
        "SELECT lot_id, kind, body FROM journal WHERE lot_id = ANY($2::bigint[])"
        " AND bidder = $1 AND kind IN ('bid.accepted', 'bid.automatic', 'bid.refused')",
        account,
        lots,
    )
    found = dict.fromkeys(lots, Counts(0, 0, None))
    for row in rows:
        before, refused = found[row["lot_id"]], row["kind"] == "bid.refused"
        amount = None if refused else orjson.loads(row["body"])["amount_minor"]
        best = max((one for one in (before.best_minor, amount) if one is not None), default=None)
        found[row["lot_id"]] = Counts(
            before.accepted + (not refused), before.refused + refused, best
        )
    return found


async def entries_of(connection: Any, account: int, lot: int) -> list[Entry]:
    """Everything the lot's journal says of this person, in order."""
    rows = await connection.fetch(_ENTRIES, lot, account, sorted(set(TURNS) - _NOT_ONES_OWN))
    found = []
    for row in rows:
        body = orjson.loads(row["body"])
        if "data" in body and not _is_own(body["data"], account):
            continue
        found.append(_entry(row["seq"], body, bytes(row["hash"])))
    return found


def _is_own(data: dict[str, Any], account: int) -> bool:
    """Whether a turn is about this bidder, or this bidder's own act."""
    by = data.get("by") if data.get("role") == "BIDDER" else None
    return account in (data.get("bidder"), by)


def _entry(seq: int, body: dict[str, Any], digest: bytes) -> Entry:
    data = body.get("data", {})
    return Entry(
        seq,
        body["at_ms"],
        body["kind"],
        body.get("amount_minor", data.get("amount_minor", data.get("price_minor"))),
        body.get("n"),
        body.get("reason") or data.get("ground"),
        body.get("minimum_minor"),
        body.get("bid_id"),
        digest.hex(),
    )
