"""A lot's whole record: every entry, refusals too; to read by codes, and to take away and check.

Nobody's name is in it. What an automatic bid may go up to is nobody's business, whoever asks
(`WITHHELD`): its entry is there with its seal and without its contents.
"""

from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from auction_engine.ledger.journal import GENESIS
from auction_engine.rules.lot import LotState

WITHHELD = frozenset({"maximum.set"})
ON_A_PAGE = 100
_PAGE = """
    SELECT seq, kind, bidder, body, hash FROM journal WHERE lot_id = $1 AND seq < $2
     ORDER BY seq DESC LIMIT $3
"""
FORMAT = "auction-engine/lot-record/1"
HOW = {
    "vi": (
        "hash của mỗi dòng là SHA-256(hash dòng trước || nội dung dòng); trước dòng đầu là 32 byte"
        " không. body là đúng các byte của nội dung, UTF-8. Dòng có withheld chỉ có hash: lấy hash"
        " ấy làm hash trước cho dòng sau. head là hash của dòng cuối, so với dấu đã công bố."
    ),
    "en": (
        "The hash of an entry is SHA-256(hash of the entry before || body); before the first stand"
        " 32 zero bytes. body is the very bytes of the entry, UTF-8. An entry with withheld has"
        " its hash only: take it as the hash before the next one. head is the hash of the last"
        " entry, to be compared with the checkpoints."
    ),
}


class Line(NamedTuple):
    """An entry as it is read: `code` of the bidder it is about, never who that is."""

    seq: int
    at_ms: int
    kind: str
    code: str | None
    amount_minor: int | None
    reason: str | None
    role: str | None
    hash: str


class Page(NamedTuple):
    """A page of the record, the newest first; `older` is where the next begins."""

    lines: list[Line]
    older: int | None


async def page(connection: Any, lot: int, state: LotState, before: int) -> Page:
    """The entries before number `before`."""
    rows = await connection.fetch(_PAGE, lot, before, ON_A_PAGE + 1)
    lines = [_line(row, state) for row in rows[:ON_A_PAGE]]
    return Page(lines, lines[-1].seq if len(rows) > ON_A_PAGE else None)


async def entry(connection: Any, lot: int, seq: int, state: LotState) -> Line | None:
    """One entry of a lot's record."""
    rows = await connection.fetch(_PAGE, lot, seq + 1, 1)
    return _line(rows[0], state) if rows and rows[0]["seq"] == seq else None


def _line(row: Any, state: LotState) -> Line:
    body = orjson.loads(row["body"])
    data = body.get("data", {})
    about = row["bidder"] or data.get("bidder")
    about = data.get("by") if about is None and data.get("role") == "BIDDER" else about
    known = state.admitted.get(about) if type(about) is int else None
    amount = body.get("amount_minor", data.get("amount_minor", data.get("price_minor")))
    return Line(
        row["seq"],
        body["at_ms"],
        row["kind"],
        None if known is None else known.code,
        None if row["kind"] in WITHHELD else amount,
        data.get("reason") or body.get("reason") or data.get("ground"),
        data.get("role"),
        bytes(row["hash"]).hex(),
    )


async def export(connection: Any, lot: int) -> dict[str, Any] | None:
    """The whole record with its seals and how to verify them; None if the lot has none."""
    rows = await connection.fetch(
        "SELECT seq, kind, body, hash FROM journal WHERE lot_id = $1 ORDER BY seq", lot
    )
    if not rows:
        return None
    return {
        "format": FORMAT,
        "lot": lot,
        "genesis": GENESIS.hex(),
        "head": {"seq": rows[-1]["seq"], "hash": bytes(rows[-1]["hash"]).hex()},
        "how_to_verify": HOW,
        "entries": [_entry(row) for row in rows],
    }


def _entry(row: Any) -> dict[str, Any]:
    told = {"seq": row["seq"], "kind": row["kind"], "hash": bytes(row["hash"]).hex()}
    if row["kind"] in WITHHELD:
        return told | {"withheld": "MAXIMUM"}
    return told | {"body": bytes(row["body"]).decode()}


def broken(record: dict[str, Any]) -> int | None:
    """The first entry of an export whose seal does not hold; None if all do. Needs no server."""
    before = bytes.fromhex(record["genesis"])
    for number, one in enumerate(record["entries"], 1):
        digest = bytes.fromhex(one["hash"])
        if one["seq"] != number:
            return number
        if "body" in one and sha256(before + one["body"].encode()).digest() != digest:
            return number
        before = digest
    last = record["entries"][-1] if record["entries"] else {"seq": 0, "hash": record["genesis"]}
    ends = record["head"] == {"seq": last["seq"], "hash": last["hash"]}
    return None if ends else int(record["head"]["seq"])
