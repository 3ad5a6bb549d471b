"""A shard's lots from the ledger alone."""

from collections.abc import Iterable
from contextlib import aclosing

import asyncpg
import orjson

from auction_engine.bidding.deciding import BidKey, Deciding
from auction_engine.ledger import store
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import GENESIS, Position, chain, event_of
from auction_engine.rules.ascending import apply
from auction_engine.rules.events import BidAccepted, BidRefused
from auction_engine.rules.lot import LotState


class _Replay:
    """One lot on its way from the journal into memory."""

    def __init__(self, lot: int) -> None:
        self.lot = lot
        self.state: LotState | None = None
        self.at = Position(0, GENESIS)
        self.keys: list[BidKey] = []

    def take(self, seq: int, body: bytes, digest: bytes) -> None:
        if seq != self.at.seq + 1 or chain(self.at.hash, body) != digest:
            raise LedgerError(
                f"The journal of lot {self.lot} does not hold at entry {seq}; "
                "run `auction-engine verify` before anything is recorded."
            )
        event = event_of(orjson.loads(body))
        self.state, self.at = apply(self.state, event), Position(seq, digest)
        if isinstance(event, BidAccepted | BidRefused):
            self.keys.append((event.bidder, event.bid_id))


async def load_lots(
    connection: asyncpg.Connection, deciding: Deciding, lots: Iterable[int]
) -> None:
    """Replay the journals of `lots` into `deciding`; a lot without journal is loaded empty.

    The chain is checked on the way. Raises LedgerError naming the row if it does not hold: a
    recorder must not build on a journal that somebody changed.
    """
    replays = {lot: _Replay(lot) for lot in lots}
    for lot in list(replays):
        if await _load_archived(connection, deciding, lot):
            del replays[lot]
    async with aclosing(store.journal_of(connection, replays)) as journal:
        async for lot, seq, body, digest in journal:
            replays[lot].take(seq, body, digest)
    for lot, replay in replays.items():
        deciding.load(lot, replay.state, replay.at, replay.keys)


async def _load_archived(connection: asyncpg.Connection, deciding: Deciding, lot: int) -> bool:
    """Take up a closed lot by its head: a late bid to it must not make the others wait.

    Its chain is not checked here; nothing but refusals can follow, and `verify` reads it whole.
    """
    found = await store.archived(connection, lot)
    if found is None:
        return False
    head, bodies = found
    state: LotState | None = None
    for body in bodies:
        state = apply(state, event_of(orjson.loads(body)))
    if state is None:
        return False
    state = state._replace(
        price_minor=head["price_minor"],
        leader=head["leader"],
        accepted=head["accepted"],
        refused=head["refused"],
    )
    deciding.load(lot, state, Position(head["seq"], head["hash"]), [])
    return True


async def best_bids(
    connection: asyncpg.Connection, lots: Iterable[int], most: int = 200
) -> dict[int, list[BidAccepted]]:
    """The last accepted bids of each lot, oldest first: what its order book must hold."""
    books: dict[int, list[BidAccepted]] = {}
    for lot in lots:
        rows = await connection.fetch(
            "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'bid.accepted'"
            " ORDER BY seq DESC LIMIT $2",
            lot,
            most,
        )
        events = [event_of(orjson.loads(row[0])) for row in reversed(rows)]
        books[lot] = [event for event in events if isinstance(event, BidAccepted)]
    return books
