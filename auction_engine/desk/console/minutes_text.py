"""What the minutes of a lot tell (form TP-ĐGTS-18 of Circular 19/2024), made from its journal.

Up to the entry that ended the auction: its announcement, the runner-up's acceptance, its failure or
its stop. Bidders stand there by their codes; whose they are is in the register. The document names
the seal of that entry, so that it stands for the whole record before it, which is annexed as the
log of the online session.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from auction_engine.desk.afterwards import signing
from auction_engine.rules.lifecycle import TURNS

FORM = "TP-ĐGTS-18"
ENDS = ("winner.announced", "offer.accepted", "lot.failed", "lot.stopped")
# Turns that belong to the course of the auction; the rest came before it or is told elsewhere.
_COURSE = frozenset(TURNS) & frozenset(
    "lot.postponed lot.rescheduled lot.paused incident.reported lot.resumed incident.decided"
    " lot.stopped round.called round.opened phase.opened bid.withdrawn bidder.disqualified"
    " descent.resumed absence.noted reserve.awaited reserve.revealed reserve.lapsed boxes.opened"
    " round.failed rebid.opened draw.awaited lots.drawn consent.awaited consent.given"
    " consent.refused leader.determined winner.announced lot.failed win.refused"
    " runner_up.offered offer.accepted offer.declined auctioneer.appointed".split()
)
_SAID = ("ground", "what", "choice", "reason", "price_minor", "code", "due_ms", "by_ms", "round")
_END = (
    "SELECT seq, kind, body, hash FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])"
    " ORDER BY seq DESC LIMIT 1"
)
_COUNTS = "SELECT kind, count(*) AS n FROM journal WHERE lot_id = $1 AND seq <= $2 GROUP BY kind"
_PEOPLE = (
    "SELECT kind, bidder, body FROM journal WHERE lot_id = $1 AND seq <= $2"
    " AND kind IN ('bidder.admitted', 'bidder.entered')"
)
_BEST = (
    "SELECT bidder, count(*) AS bids,"
    " max((convert_from(body, 'UTF8')::jsonb->>'amount_minor')::bigint) AS best FROM journal"
    " WHERE lot_id = $1 AND seq <= $2 AND kind IN ('bid.accepted', 'bid.automatic')"
    " GROUP BY bidder"
)
_TURNS = (
    "SELECT seq, kind, body FROM journal WHERE lot_id = $1 AND seq <= $2"
    " AND kind = ANY($3::text[]) ORDER BY seq"
)
_SOLD = (
    "SELECT l.content, l.session_id, s.title, s.organisation, s.agency FROM lot l"
    " JOIN auction_session s ON s.id = l.session_id WHERE l.id = $1"
)
_BESIDE = (
    "SELECT l.id, l.content->'title' AS title, h.status, h.phase FROM lot l"
    " LEFT JOIN lot_head h ON h.lot_id = l.id WHERE l.session_id = $1 ORDER BY l.position, l.id"
)


class End(NamedTuple):
    """The entry that the minutes tell of."""

    seq: int
    kind: str
    body: dict[str, Any]
    seal: str


async def end_of(connection: Any, lot: int) -> End | None:
    """The last entry that ended the auction of the lot; None while it has not ended."""
    row = await connection.fetchrow(_END, lot, list(ENDS))
    if row is None:
        return None
    return End(row["seq"], row["kind"], orjson.loads(row["body"]), bytes(row["hash"]).hex())


async def told(connection: Any, lot: int, end: End) -> dict[str, Any]:
    """The document's contents: facts, course, people by code, and the annexes."""
    first = await _first(connection, lot)
    sold = await connection.fetchrow(_SOLD, lot)
    counts = {row["kind"]: row["n"] for row in await connection.fetch(_COUNTS, lot, end.seq)}
    people = await _people(connection, lot, end.seq)
    turns = await _course(connection, lot, end.seq, people)
    content = orjson.loads(sold["content"])
    return {
        "document": "MINUTES",
        "form": FORM,
        "online": True,
        "lot": lot,
        "title": content.get("title"),
        "place": content.get("place"),
        "session": orjson.loads(sold["title"]),
        "organisation": orjson.loads(sold["organisation"]),
        "agency": orjson.loads(sold["agency"]),
        "rules": {name: first.get(name) for name in ("pack", "pack_hash")},
        **{name: first[name] for name in _TERMS},
        **await _when(connection, lot, end),
        "auctioneer": await _auctioneer(connection, turns),
        "counts": {
            "registered": counts.get("bidder.registered", 0),
            "admitted": counts.get("bidder.admitted", 0),
            "present": counts.get("bidder.entered", 0),
            "accepted": counts.get("bid.accepted", 0) + counts.get("bid.automatic", 0),
            "refused": counts.get("bid.refused", 0),
            "sealed": counts.get("bid.sealed", 0),
            "extended": counts.get("lot.extended", 0),
        },
        "course": turns,
        "result": await _result(connection, lot, end, people),
        "annexes": {
            "participants": await _participants(connection, lot, end.seq, people),
            "session_lots": await _beside(connection, sold["session_id"]),
            "log": {"first": 1, "last": end.seq, "entries": end.seq, "seal": end.seal},
        },
    }


_TERMS = ("method", "currency", "minor_digits", "starting_price_minor", "increment_minor")


async def _first(connection: Any, lot: int) -> dict[str, Any]:
    """The parameters the lot was put up with."""
    rows = await connection.fetch(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind IN ('lot.listed', 'lot.drafted')"
        " ORDER BY seq DESC LIMIT 1",
        lot,
    )
    return dict(orjson.loads(rows[0]["body"])["params"])


async def _when(connection: Any, lot: int, end: End) -> dict[str, Any]:
    """When the bidding opened and closed, and when it all ended (UTC ms)."""
    rows = await connection.fetch(
        "SELECT kind, body FROM journal WHERE lot_id = $1 AND seq <= $2"
        " AND kind IN ('lot.opened', 'lot.closed') ORDER BY seq",
        lot,
        end.seq,
    )
    at = {row["kind"]: orjson.loads(row["body"])["at_ms"] for row in rows}
    return {
        "opened_ms": at.get("lot.opened"),
        "closed_ms": at.get("lot.closed"),
        "ended_ms": end.body["at_ms"],
    }


async def _people(connection: Any, lot: int, seq: int) -> dict[int, dict[str, Any]]:
    """By account: the code, and whether the person came into the room."""
    found: dict[int, dict[str, Any]] = {}
    for row in await connection.fetch(_PEOPLE, lot, seq):
        if row["kind"] == "bidder.admitted":
            found[row["bidder"]] = {"code": orjson.loads(row["body"])["code"], "present": False}
    for row in await connection.fetch(_PEOPLE, lot, seq):
        if row["kind"] == "bidder.entered" and row["bidder"] in found:
            found[row["bidder"]]["present"] = True
    return found


async def _participants(
    connection: Any, lot: int, seq: int, people: Mapping[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    best = {row["bidder"]: row for row in await connection.fetch(_BEST, lot, seq)}
    made = []
    for account, person in people.items():
        row = best.get(account)
        bids = {"bids": row["bids"] if row else 0, "best_minor": row["best"] if row else None}
        # Whoever bid was there, whatever the page of his browser said.
        made.append({**person, **bids, "present": person["present"] or row is not None})
    return sorted(made, key=lambda one: (-(one["best_minor"] or 0), one["code"]))


async def _course(
    connection: Any, lot: int, seq: int, people: Mapping[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """What happened beside the bids: incidents, pauses, withdrawals, each as recorded."""
    made = []
    for row in await connection.fetch(_TURNS, lot, seq, list(_COURSE)):
        entry = orjson.loads(row["body"])
        data = entry["data"]
        line = {"seq": row["seq"], "at_ms": entry["at_ms"], "kind": row["kind"]}
        by_bidder = data.get("by") if data.get("role") == "BIDDER" else None
        named = data.get("bidder", by_bidder)
        if named in people:
            line["bidder"] = people[named]["code"]
        if "bidders" in data:
            line["bidders"] = [people[b]["code"] for b in data["bidders"] if b in people]
        if data.get("role") not in (None, "CLOCK", "BIDDER"):
            line |= {"by": data["by"], "role": data["role"]}
        if row["kind"] == "auctioneer.appointed":
            line["auctioneer"] = data["auctioneer"]
        made.append(line | {name: data[name] for name in _SAID if data.get(name) is not None})
    return made


async def _auctioneer(connection: Any, turns: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Who conducted at the end: account, name and card; None where nobody did."""
    named = [t["auctioneer"] for t in turns if "auctioneer" in t]
    acted = [t["by"] for t in turns if t.get("role") == "AUCTIONEER"]
    account = next(iter([*reversed(named), *reversed(acted)]), None)
    if account is None:
        return None
    name = await connection.fetchval("SELECT name FROM account WHERE id = $1", account)
    card = await connection.fetchval(
        "SELECT number FROM auctioneer_card WHERE account_id = $1 AND ended_at IS NULL", account
    )
    return {"account": account, "name": name, "card": card}


async def _result(
    connection: Any, lot: int, end: End, people: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    """SOLD with code and price, FAILED with its ground in law, or STOPPED with its ground."""
    data = end.body["data"]
    if end.kind == "lot.failed":
        return {"kind": "FAILED", "code": data.get("code")}
    if end.kind == "lot.stopped":
        return {"kind": "STOPPED", "ground": data.get("ground"), "reason": data.get("reason")}
    winner = data.get("bidder") if end.kind == "winner.announced" else data.get("by")
    minutes = await signing.minutes_of(connection, lot, winner)
    assert minutes is not None
    return {
        "kind": "SOLD",
        "winner": people[winner]["code"],
        "price_minor": minutes.told["price_minor"],
        # What the winner signs is a document of its own, about the same sale.
        "winner_document": minutes.sha256,
    }


async def _beside(connection: Any, session: int) -> list[dict[str, Any]]:
    """The lots of the session, and what had become of each."""
    return [
        {
            "lot": row["id"],
            "title": orjson.loads(row["title"]) if row["title"] else None,
            "status": row["status"],
        }
        for row in await connection.fetch(_BESIDE, session)
    ]
