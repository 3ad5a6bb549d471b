"""Which entry of a lot's journal gave a deposit its present fate: what the books cite."""

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any, NamedTuple

import orjson

from auction_engine.ledger import store
from auction_engine.ledger.journal import event_of
from auction_engine.rules.events import Turn
from auction_engine.rules.fates import Fate, deposit_fates
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply


class Since(NamedTuple):
    """The entry and its log time (UTC ms) from which something is as it is."""

    seq: int
    at_ms: int


async def of_fates(connection: Any, lot: int, bidders: Iterable[int]) -> dict[int, Since]:
    """For each bidder the journal entry since which his deposit has the fate it has now."""
    wanted = set(bidders)
    fates: dict[int, Fate] = {}
    since: dict[int, Since] = {}
    state: LotState | None = None
    async with aclosing(store.journal_of(connection, [lot])) as journal:
        async for _, seq, body, _ in journal:
            entry = orjson.loads(body)
            event = event_of(entry)
            state = apply(state, event)
            if not isinstance(event, Turn) and entry["kind"] != "bidder.admitted":
                continue
            now = deposit_fates(state)
            for bidder in wanted:
                fate = now.get(bidder)
                if fate is not None and fate != fates.get(bidder):
                    fates[bidder] = fate
                    since[bidder] = Since(seq, entry["at_ms"])
    return since


async def latest(connection: Any, lot: int) -> Since:
    """The lot's last entry."""
    row = await connection.fetchrow(
        "SELECT seq, body FROM journal WHERE lot_id = $1 ORDER BY seq DESC LIMIT 1", lot
    )
    return Since(row["seq"], orjson.loads(row["body"])["at_ms"])


async def of_kind(connection: Any, lot: int, *kinds: str) -> dict[str, Since]:
    """The last entry of each of `kinds` that the lot has."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (kind) kind, seq, body FROM journal"
        " WHERE lot_id = $1 AND kind = ANY($2::text[]) ORDER BY kind, seq DESC",
        lot,
        list(kinds),
    )
    return {row["kind"]: Since(row["seq"], orjson.loads(row["body"])["at_ms"]) for row in rows}


async def reversed_by_bank(connection: Any, lot: int, bidder: int) -> bool:
    """Whether the lot's last word on this bidder's deposit is that the bank took it back."""
    rows = await connection.fetch(
        "SELECT kind, body FROM journal WHERE lot_id = $1"
        " AND kind IN ('deposit.held', 'deposit.released') ORDER BY seq DESC",
        lot,
    )
    for kind, body in rows:
        data = orjson.loads(body)["data"]
        if data["bidder"] == bidder:
            return bool(kind == "deposit.released" and data["ground"] == "BANK_REVERSAL")
    return False
