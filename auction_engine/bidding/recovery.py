"""A shard's lots from the ledger alone."""

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

import orjson

from auction_engine.bidding.deciding import BidKey, Deciding
from auction_engine.bidding.ports import Ledger
from auction_engine.ledger import store
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import GENESIS, Position, chain, event_of
from auction_engine.rules.events import BidAccepted, BidRefused, BidSealed, MaximumSet
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply


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
        if isinstance(event, BidAccepted | BidRefused | MaximumSet | BidSealed):
            self.keys.append((event.bidder, event.bid_id))


async def load_lots(
    connection: Any, deciding: Deciding, lots: Iterable[int], ledger: Ledger = store
) -> None:
    """Replay the journals of `lots` into `deciding`; a lot without journal is loaded empty.

    The chain is checked on the way. Raises LedgerError naming the row if it does not hold: a
    recorder must not build on a journal that somebody changed.
    """
    replays = {lot: _Replay(lot) for lot in lots}
    for lot in list(replays):
        if await _load_archived(connection, deciding, lot, ledger):
            del replays[lot]
    async with aclosing(ledger.journal_of(connection, replays)) as journal:
        async for lot, seq, body, digest in journal:
            replays[lot].take(seq, body, digest)
    for lot, replay in replays.items():
        deciding.load(lot, replay.state, replay.at, replay.keys)


async def _load_archived(connection: Any, deciding: Deciding, lot: int, ledger: Ledger) -> bool:
    """Take up a closed lot by its head: a late bid to it must not make the others wait.

    Only a lot of which nothing but the bidding is conducted here: nothing but refusals can follow.
    Its chain is not checked here; `verify` reads it whole.
    """
    found = await ledger.archived(connection, lot)
    if found is None:
        return False
    head, bodies = found
    state: LotState | None = None
    for body in bodies:
        state = apply(state, event_of(orjson.loads(body)))
        if state.params.terms is not None:
            return False
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
