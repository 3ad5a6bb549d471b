"""Signing the minutes: the document's very bytes, their SHA-256, who, how and when.

The document tells what the journal says of the sale up to the entry that announced it, and names
that entry's seal, so that it stands for the whole record before it. It is made of the journal
alone: made again, it is the same bytes. A signature here is a statement of the signed-in person,
repeated by hand; a detached signature file of one's own (PAdES, CAdES) is not taken yet.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import orjson

from auction_engine.ledger.journal import canonical

Method = Literal["RETYPED", "RETYPED_AND_PROOF"]
_ANNOUNCED = ("winner.announced", "offer.accepted")


class Minutes(NamedTuple):
    """The document to sign. `seq` is the entry of the journal it tells of."""

    lot: int
    seq: int
    told: dict[str, Any]

    @property
    def body(self) -> bytes:
        """Its bytes, in the journal's one canonical form."""
        return canonical(self.told)

    @property
    def sha256(self) -> str:
        """What is signed, in hexadecimal digits."""
        return sha256(self.body).hexdigest()


class Signed(NamedTuple):
    """A signature on record."""

    id: int
    lot: int
    document: str
    seq: int
    sha256: str
    method: Method
    at: datetime


async def minutes_of(connection: Any, lot: int, bidder: int) -> Minutes | None:
    """The minutes of the sale that this bidder was announced as the winner of; None without one."""
    rows = await connection.fetch(
        "SELECT seq, kind, body, hash FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])"
        " ORDER BY seq DESC",
        lot,
        list(_ANNOUNCED),
    )
    for row in rows:
        data = orjson.loads(row["body"])
        turn = data["data"]
        if bidder in (turn.get("bidder"), turn.get("by") if turn.get("role") == "BIDDER" else None):
            return await _told(connection, lot, bidder, row, data)
    return None


async def _told(connection: Any, lot: int, bidder: int, row: Any, body: dict[str, Any]) -> Minutes:
    first = orjson.loads(
        await connection.fetchval("SELECT body FROM journal WHERE lot_id = $1 AND seq = 1", lot)
    )
    code = await connection.fetchval(
        "SELECT body FROM journal WHERE lot_id = $1 AND bidder = $2 AND kind = 'bidder.admitted'",
        lot,
        bidder,
    )
    counted = await connection.fetch(
        "SELECT kind, count(*) AS n FROM journal WHERE lot_id = $1 AND seq <= $2"
        " AND kind LIKE 'bid%' GROUP BY kind",
        lot,
        row["seq"],
    )
    sold = await connection.fetchrow(
        "SELECT l.content, s.title, s.organisation, s.agency FROM lot l"
        " JOIN auction_session s ON s.id = l.session_id WHERE l.id = $1",
        lot,
    )
    n = {one["kind"]: one["n"] for one in counted}
    params = first["params"]
    told = {
        "document": "MINUTES",
        "lot": lot,
        "title": orjson.loads(sold["content"]).get("title"),
        "session": orjson.loads(sold["title"]),
        "organisation": orjson.loads(sold["organisation"]),
        "agency": orjson.loads(sold["agency"]),
        "method": params["method"],
        "currency": params["currency"],
        "minor_digits": params["minor_digits"],
        "starting_price_minor": params["starting_price_minor"],
        "winner": orjson.loads(code)["code"],
        "price_minor": await _price(connection, lot, row["seq"], body),
        "admitted": n.get("bidder.admitted", 0),
        "accepted": n.get("bid.accepted", 0) + n.get("bid.automatic", 0),
        "refused": n.get("bid.refused", 0),
        "announced_ms": body["at_ms"],
        "entry": row["seq"],
        "seal": bytes(row["hash"]).hex(),
    }
    return Minutes(lot, row["seq"], told)


async def _price(connection: Any, lot: int, seq: int, body: dict[str, Any]) -> int:
    """The price announced; that of the offer where a runner-up accepted it."""
    if (price := body["data"].get("price_minor")) is not None:
        return int(price)
    offer = await connection.fetchval(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'runner_up.offered' AND seq < $2"
        " ORDER BY seq DESC LIMIT 1",
        lot,
        seq,
    )
    return int(orjson.loads(offer)["data"]["price_minor"])


async def sign(connection: Any, account: int, minutes: Minutes, method: Method) -> Signed:
    """Put the signature on record; the same document signed again is the first signature."""
    await connection.execute(
        "INSERT INTO signature (lot_id, account_id, document, seq, sha256, body, method)"
        " VALUES ($1, $2, 'MINUTES', $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        minutes.lot,
        account,
        minutes.seq,
        bytes.fromhex(minutes.sha256),
        minutes.body,
        method,
    )
    found = [
        one
        for one in await signed_by(connection, account)
        if (one.lot, one.seq) == (minutes.lot, minutes.seq)
    ]
    return found[0]


async def signed_by(connection: Any, account: int) -> list[Signed]:
    """What a person has signed, the newest first."""
    rows = await connection.fetch(
        "SELECT id, lot_id, document, seq, encode(sha256, 'hex') AS hash, method, at"
        " FROM signature WHERE account_id = $1 ORDER BY id DESC",
        account,
    )
    return [Signed(*row) for row in rows]


async def document_of(connection: Any, account: int, signature: int) -> bytes | None:
    """The very bytes somebody signed; None if it is not that person's signature."""
    found = await connection.fetchval(
        "SELECT body FROM signature WHERE id = $1 AND account_id = $2", signature, account
    )
    return None if found is None else bytes(found)
