"""Following a lot's life: what it is now is what its asset is, and what its failure leaves.

Any number of gateways may look at once: an asset is followed under its row's lock, to the entry of
the journal that was read, and never back.
"""

from typing import Any

import asyncpg
import orjson

from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Asset
from auction_engine.desk.looking import look_on
from auction_engine.errors import AuctionError

_LOOK_S = 2.0
_AT_ONCE = 200
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
# Once the sale stands until somebody undoes it; what is not named is on its way there.
_STATE = {
    "FAILED": "FAILED",
    "RESCINDED": "FAILED",
    "RESCINDED_BY_BUYER": "FAILED",
    "ANNULLED": "FAILED",
    "IN_KIND_OFFER": "FAILED",
    "PRICE_CUT": "TAKEN",
    "WITHDRAWN": "WITHDRAWN",
    "STOPPED": "WITHDRAWN",
    "TAKEN_BY_CREDITOR": "IN_KIND",
    "RETURNED_BLOCKED": "RETURNED",
    "ANNOUNCED": "SOLD",
    "RUNNER_UP_OFFERED": "LISTED",
    "AWAIT_PAYMENT": "SOLD",
    "PAYMENT_DEFAULT": "SOLD",
    "PAID": "SOLD",
    "DELIVERED": "SOLD",
    "TITLE_FILED": "SOLD",
    "PROCEEDS_DISTRIBUTED": "SOLD",
    "CLOSED": "SOLD",
}
_BEHIND = """
    SELECT a.id FROM asset a JOIN lot_head h ON h.lot_id = a.lot_id
     WHERE h.seq > a.followed_seq ORDER BY a.id LIMIT $1
"""


class AssetFollower:
    """Looks for assets whose lot has moved, for as long as it runs."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._url = database_url
        self._look_s = look_s

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        await look_on(self._url, follow, self._look_s, _PASSING, "assets")


async def follow(connection: Any) -> int:
    """Bring every asset to where its lot is; returns how many lots had moved."""
    behind = [row["id"] for row in await connection.fetch(_BEHIND, _AT_ONCE)]
    for asset in behind:
        async with connection.transaction():
            await _one(connection, asset)
    return len(behind)


def state_of(status: str) -> str:
    """The state of an asset whose lot has this status."""
    return _STATE.get(status, "LISTED")


async def _one(connection: Any, asset: int) -> None:
    found = await record.locked(connection, asset)
    head = await connection.fetchrow(
        "SELECT seq, status FROM lot_head WHERE lot_id = $1", found.lot_id
    )
    if head is None or head["seq"] <= found.followed_seq:
        return
    news: dict[str, Any] = {"followed_seq": head["seq"], "state": state_of(head["status"])}
    body = {"lot": found.lot_id, "seq": head["seq"], "status": head["status"]}
    failed = await _failed(connection, found, head["seq"])
    if failed:
        news["failures"] = found.failures + 1
        news["previous_start_minor"] = await _start(connection, found.lot_id)
        await record.noted(connection, asset, None, "failed", body)
    if head["status"] == "PRICE_CUT":
        news |= await _after_cut(connection, found, news)
        body["starting_price_minor"] = news["content"]["starting_price_minor"]
    if news["state"] == found.state and not failed:
        # Bids and the like: nothing of the asset's, so its version stays.
        await connection.execute(
            "UPDATE asset SET followed_seq = $2 WHERE id = $1", asset, head["seq"]
        )
        return
    await record.changed(connection, found, **news)
    if news["state"] != found.state:
        await record.noted(connection, asset, None, f"became_{news['state'].lower()}", body)


async def _failed(connection: Any, found: Asset, seq: int) -> bool:
    """Whether the auction has failed since the asset was last followed."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM journal WHERE lot_id = $1 AND kind = 'lot.failed'"
            " AND seq > $2 AND seq <= $3)",
            found.lot_id,
            found.followed_seq,
            seq,
        )
    )


async def _start(connection: Any, lot: int | None) -> int | None:
    """The starting price of a lot, from the last of its entries that fixes the rules."""
    body = await connection.fetchval(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind IN ('lot.listed', 'lot.drafted')"
        " ORDER BY seq DESC LIMIT 1",
        lot,
    )
    if body is None:
        return None
    start: int | None = orjson.loads(body)["params"]["starting_price_minor"]
    return start


async def _after_cut(connection: Any, found: Asset, news: dict[str, Any]) -> dict[str, Any]:
    """The asset may be put up again, at the cut price, by the organisation that has it."""
    body = await connection.fetchval(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'price.cut'"
        " ORDER BY seq DESC LIMIT 1",
        found.lot_id,
    )
    start = orjson.loads(body)["data"]["starting_price_minor"]
    before = news.get("previous_start_minor", found.previous_start_minor)
    return {
        "cuts": found.cuts + 1,
        "previous_start_minor": before or await _start(connection, found.lot_id),
        "content": {**found.content, "starting_price_minor": start},
        "session_id": None,
        "lot_id": None,
        "followed_seq": 0,
    }
