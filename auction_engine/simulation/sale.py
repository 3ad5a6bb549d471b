"""One lot's sale, read from its journal's entries alone: a slip in the rules cannot hide itself."""

from collections.abc import Iterator
from typing import Any

from auction_engine.simulation.history import Entry

RESULT = "5 one result for each lot: the highest valid bid, the earliest of equals"
WINDOW = "6 nothing is accepted after the close, nothing closes before its end"

_BIDS = ("bid.accepted", "bid.automatic")
# Turns after which window and best bid are others than the bids alone would tell: what follows is
# left to the replay through the rules.
_HARMLESS = ("lot.contracted", "auctioneer.appointed", "hold.placed", "hold.released")


def faults_of(entries: list[Entry]) -> Iterator[tuple[str, str]]:
    """(invariant, what is wrong) for each entry that must not be there."""
    sale = _Sale(entries[0].get("params", {}))
    for entry in entries:
        kind = entry["kind"]
        if kind in _BIDS:
            yield from sale.bid(entry)
        elif kind == "lot.closed":
            yield from sale.close(entry)
        elif kind == "lot.listed":
            sale.end_ms = entry["params"]["end_ms"]
        elif kind == "lot.extended":
            sale.end_ms = entry["end_ms"]
        elif kind == "round.opened":
            sale.end_ms = entry["data"]["end_ms"]
        elif "data" in entry and kind not in _HARMLESS:
            if not sale.closed or entry["status"] == "RUNNING":
                return


class _Sale:
    def __init__(self, params: dict[str, Any]) -> None:
        self.end_ms: int | None = None
        self.closed = False
        self._price: int | None = None
        self._leaders: list[int | None] = [None]  # of equal bids any may be the earliest
        self._falling = params.get("method") == "DESCENDING"
        self._equals = params.get("automatic_bids", False)

    def bid(self, entry: Entry) -> Iterator[tuple[str, str]]:
        amount, before = entry["amount_minor"], self._price
        if self.closed or (self.end_ms is not None and entry["at_ms"] >= self.end_ms):
            yield WINDOW, f"accepted too late: {entry}"
        if before is not None and (self._falling or amount < before):
            yield RESULT, f"accepted over {before}: {entry}"
        if amount == before:
            if not self._equals:
                yield RESULT, f"accepted over an equal bid: {entry}"
            self._leaders.append(entry["bidder"])
        else:
            self._leaders = [entry["bidder"]]
        self._price = amount

    def close(self, entry: Entry) -> Iterator[tuple[str, str]]:
        if self.closed or entry["price_minor"] != self._price:
            yield RESULT, f"{entry}, the best bid being {self._price}"
        if entry["leader"] not in self._leaders:
            yield RESULT, f"{entry}, the best bid being that of {self._leaders}"
        if self.end_ms is not None and entry["at_ms"] < self.end_ms:
            yield WINDOW, f"closed before its end {self.end_ms}: {entry}"
        self.closed = True
