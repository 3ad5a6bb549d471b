"""Lots as the ledger has them: replayed by the rules, and read on instead of anew."""

from collections.abc import Iterable
from contextlib import aclosing
from typing import Any

import orjson

from auction_engine.ledger import store
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import GENESIS, chain, event_of
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply
from auction_engine.rules.session import LotNow, place_in


class _Reading:
    """One lot on its way through its journal."""

    __slots__ = ("hash", "seq", "since_ms", "state")

    def __init__(self) -> None:
        self.seq = 0
        self.hash = GENESIS
        self.state: LotState | None = None
        self.since_ms = 0

    def take(self, seq: int, body: bytes, digest: bytes) -> bool:
        """Take the next entry; False if it does not follow the last one taken."""
        if seq != self.seq + 1 or chain(self.hash, body) != digest:
            return False
        entry = orjson.loads(body)
        before = self.state
        self.state = apply(before, event_of(entry))
        if before is None or place_in(before) != place_in(self.state):
            self.since_ms = entry["at_ms"]
        self.seq, self.hash = seq, digest
        return True


class Lots:
    """Lots read before, so that a later reading takes only what is new."""

    def __init__(self) -> None:
        self._known: dict[int, _Reading] = {}

    async def read(self, connection: Any, lots: Iterable[int]) -> dict[int, LotNow]:
        """Those of `lots` that have a journal, as they stand now.

        Raises LedgerError if a journal does not hold: nothing must be decided on it.
        """
        wanted = list(lots)
        rows = await connection.fetch(
            "SELECT lot_id, seq, hash FROM lot_head WHERE lot_id = ANY($1::bigint[])", wanted
        )
        for row in rows:
            lot, seq, digest = row
            known = self._known.get(lot)
            if known is None or known.seq > seq or (known.seq == seq and known.hash != digest):
                # Never read, or the ledger was set back.
                known = self._known[lot] = _Reading()
            if known.seq < seq and not await _read_on(connection, lot, known):
                anew = self._known[lot] = _Reading()
                if not await _read_on(connection, lot, anew):
                    del self._known[lot]
                    raise LedgerError(
                        f"The journal of lot {lot} does not hold; run `auction-engine verify`."
                    )
        now = {}
        for row in rows:
            reading = self._known[row[0]]
            if reading.state is not None:
                now[row[0]] = LotNow(reading.state, reading.since_ms)
        return now


async def _read_on(connection: Any, lot: int, reading: _Reading) -> bool:
    async with aclosing(store.journal_of(connection, [lot], reading.seq)) as journal:
        async for _, seq, body, digest in journal:
            if not reading.take(seq, body, digest):
                return False
    return True
