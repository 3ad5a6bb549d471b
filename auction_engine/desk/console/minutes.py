"""The minutes of a lot: drawn up once, signed by auctioneer and recorder, with all that hangs on
them. The document is kept byte for byte; its SHA-256 is what is signed.

The winner signs the document of his own sale (`desk.afterwards.signing`), which these minutes name.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import orjson

from auction_engine.desk.console import minutes_text
from auction_engine.errors import AuctionError
from auction_engine.ledger.journal import canonical

SignsAs = Literal["AUCTIONEER", "RECORDER"]


class MinutesError(AuctionError):
    """Minutes that cannot be drawn up or signed. `code` names the sentence to show."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Signature(NamedTuple):
    """A signature under the minutes. `id` is 0 for the winner's, whose name is a code."""

    signs_as: str
    name: str
    at: datetime
    account: int | None


class Minutes(NamedTuple):
    """Minutes as drawn up; `id` None of a draft that nobody has drawn up yet."""

    id: int | None
    lot: int
    seq: int
    told: dict[str, Any]
    body: bytes
    drawn_by: str | None
    at: datetime | None

    @property
    def sha256(self) -> str:
        return sha256(self.body).hexdigest()


class Record(NamedTuple):
    """A factual record: a representative did not sign (form TP-ĐGTS-18). Entry `seq`."""

    seq: int
    at_ms: int
    who: str
    by: str
    reason: str | None
    seal: str


async def find(connection: Any, lot: int) -> Minutes | None:
    """The minutes of how the lot's auction last ended: drawn up, or as they would be; None while it
    goes on."""
    end = await minutes_text.end_of(connection, lot)
    if end is None:
        return None
    row = await connection.fetchrow(
        "SELECT m.id, m.body, m.at, a.name FROM minutes m JOIN account a ON a.id = m.drawn_by"
        " WHERE m.lot_id = $1 AND m.seq = $2",
        lot,
        end.seq,
    )
    if row is None:
        told = await minutes_text.told(connection, lot, end)
        return Minutes(None, lot, end.seq, told, canonical(told), None, None)
    body = bytes(row["body"])
    return Minutes(row["id"], lot, end.seq, orjson.loads(body), body, row["name"], row["at"])


async def draw_up(connection: Any, lot: int, account: int) -> Minutes:
    """Draw the minutes up; who comes second gets those of the first. Raises MinutesError."""
    found = await find(connection, lot)
    if found is None:
        raise MinutesError("NOT_ENDED", "The auction of this lot has not ended yet.")
    if found.id is None:
        await connection.execute(
            "INSERT INTO minutes (lot_id, seq, drawn_by, sha256, body)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            lot,
            found.seq,
            account,
            bytes.fromhex(found.sha256),
            found.body,
        )
        found = await find(connection, lot)
        assert found is not None
    return found


async def sign(
    connection: Any, minutes: Minutes, account: int, signs_as: SignsAs, document: str
) -> None:
    """Put a signature under the minutes; the same signature again is the first.

    `document` is the SHA-256 of what was read. Raises MinutesError.
    """
    if minutes.id is None:
        raise MinutesError("NOT_DRAWN", "Draw the minutes up first.")
    if document != minutes.sha256:
        raise MinutesError("CHANGED", "These are not the minutes that were read; read them again.")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(5319, $1)", minutes.id % 2**31)
        known = {one.signs_as: one.account for one in await _of_house(connection, minutes.id)}
        if known.get(signs_as) == account:
            return
        if signs_as in known:
            raise MinutesError("SIGNED", "Somebody else has signed as this already.")
        if account in known.values():
            raise MinutesError("TWO_PEOPLE", "Auctioneer and recorder are two people.")
        await connection.execute(
            "INSERT INTO minutes_signature (minutes_id, account_id, signs_as) VALUES ($1, $2, $3)",
            minutes.id,
            account,
            signs_as,
        )


async def _of_house(connection: Any, minutes: int) -> list[Signature]:
    rows = await connection.fetch(
        "SELECT s.signs_as, a.name, s.at, s.account_id FROM minutes_signature s"
        " JOIN account a ON a.id = s.account_id WHERE s.minutes_id = $1 ORDER BY s.id",
        minutes,
    )
    return [Signature(*row) for row in rows]


async def signatures(connection: Any, minutes: Minutes) -> list[Signature]:
    """Who has signed: the house's two, then the winner under the document of the own sale."""
    found = [] if minutes.id is None else await _of_house(connection, minutes.id)
    document = minutes.told["result"].get("winner_document")
    if document is not None:
        row = await connection.fetchrow(
            "SELECT at FROM signature WHERE lot_id = $1 AND seq = $2 AND sha256 = $3",
            minutes.lot,
            minutes.seq,
            bytes.fromhex(document),
        )
        if row is not None:
            code = minutes.told["result"]["winner"]
            found.append(Signature("WINNER", code, row["at"], None))
    return found


async def records(connection: Any, lot: int, seq: int) -> list[Record]:
    """The factual records that belong to the minutes of entry `seq`."""
    rows = await connection.fetch(
        "SELECT seq, body, hash FROM journal WHERE lot_id = $1 AND seq > $2"
        " AND kind = 'representative.refused' ORDER BY seq",
        lot,
        seq,
    )
    made = []
    for row in rows:
        entry = orjson.loads(row["body"])
        data = entry["data"]
        name = await connection.fetchval("SELECT name FROM account WHERE id = $1", data["by"])
        seal = bytes(row["hash"]).hex()
        why = data.get("reason")
        made.append(Record(row["seq"], entry["at_ms"], data["who"], name or "–", why, seal))
    return made
