"""A gateway's view of the lots: kept up by the log's events, read from the ledger after a gap."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import orjson

from auction_engine.bidding.ports import Ledger
from auction_engine.ledger.journal import canonical, event_of
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply
from auction_engine.simulation.history import Entry, History


class Seen:
    """One lot up to entry `seq`."""

    __slots__ = ("lot", "seq", "shard", "state")

    def __init__(self, lot: int, shard: int) -> None:
        self.lot = lot
        self.shard = shard
        self.seq = 0
        self.state: LotState | None = None


class Board:
    """The lots that a gateway knows. `open` are those that take bids."""

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], ledger: Ledger, history: History
    ) -> None:
        self.lots: dict[int, Seen] = {}
        self.open: dict[int, Seen] = {}
        self.behind: set[int] = set()  # lots of which entries were missed
        self._connect = connect
        self._ledger = ledger
        self._history = history

    def take(self, shard: int, epoch: int, entries: list[Entry]) -> None:
        """Take a batch; what is known is skipped, a hole is filled by `read`."""
        for entry in entries:
            key = entry["lot"], entry["seq"]
            said = canonical(entry)
            if self._history.told.setdefault(key, said) != said:
                raise AssertionError(f"entry {key[1]} of lot {key[0]} was told in two ways")
            seen = self.lots.get(key[0])
            if seen is None:
                if key[1] != 1:
                    continue  # closed long ago; nobody looks at it here
                seen = self.lots[key[0]] = Seen(key[0], shard)
            if entry["seq"] == seen.seq + 1:
                self._apply(seen, entry)
            elif entry["seq"] > seen.seq:
                self.behind.add(seen.lot)

    def _apply(self, seen: Seen, entry: Entry) -> None:
        seen.seq = entry["seq"]
        seen.state = apply(seen.state, event_of(entry))
        if seen.state.phase == "open":
            self.open[seen.lot] = seen
        else:
            self.open.pop(seen.lot, None)

    async def read(self, shard: int) -> None:
        """Bring every lot of the shard up to the ledger."""
        connection = await self._connect()
        try:
            known = {lot for lot, seen in self.lots.items() if seen.shard == shard}
            for lot in sorted(known.union(await self._ledger.live_lots(connection, shard))):
                seen = self.lots.setdefault(lot, Seen(lot, shard))
                journal = self._ledger.journal_of(connection, [lot], seen.seq)
                async with aclosing(journal) as rows:
                    async for _, seq, body, _ in rows:
                        if seq == seen.seq + 1:
                            self._apply(seen, orjson.loads(body))
                self.behind.discard(lot)
        finally:
            connection.terminate()
