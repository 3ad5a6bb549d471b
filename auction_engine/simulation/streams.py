"""What Valkey keeps for a shard, in memory: two streams, order books, deadlines, a mark."""

from bisect import bisect_right
from collections.abc import Mapping

from auction_engine.bidding.ports import BOOK_KEPT, Booked, Entries, Mark
from auction_engine.rules.lot import LotState

Place = tuple[int, int]


class Stream:
    """Entries in the order of their ids, which only rise."""

    def __init__(self) -> None:
        self.last: Place = (0, 0)
        self._places: list[Place] = []
        self._entries: Entries = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, now_ms: int, value: bytes) -> str:
        """Append under the next id, as `XADD *`; return the id."""
        ms, n = self.last
        return self._put((now_ms, 0) if now_ms > ms else (ms, n + 1), value)

    def add_at(self, place: Place, value: bytes) -> None:
        """Append under this id, which the caller knows to be above the last."""
        self._put(place, value)

    def _put(self, place: Place, value: bytes) -> str:
        self.last = place
        name = f"{place[0]}-{place[1]}"
        self._places.append(place)
        self._entries.append((name, value))
        return name

    def after(self, place: Place, count: int) -> Entries:
        """Up to `count` entries with higher ids."""
        if self.last <= place:
            return []
        first = bisect_right(self._places, place)
        return self._entries[first : first + count]

    def newest(self) -> tuple[str, bytes] | None:
        return self._entries[-1] if self._entries else None

    def trim(self, consumed: Place) -> None:
        """Drop entries up to `consumed`."""
        count = bisect_right(self._places, consumed)
        del self._places[:count], self._entries[:count]

    def keep(self, most: int) -> None:
        """Drop the oldest beyond `most`."""
        count = len(self._entries) - most
        if count > 0:
            del self._places[:count], self._entries[:count]

    def copy(self) -> "Stream":
        other = Stream()
        other.last = self.last
        other._places, other._entries = self._places.copy(), self._entries.copy()
        return other


class ShardData:
    """One shard's keys."""

    def __init__(self) -> None:
        self.inbox = Stream()
        self.events = Stream()
        self.deadlines: dict[int, int] = {}
        self.books: dict[int, dict[str, int]] = {}
        self.mark: Mark = (0, 0)

    def copy(self) -> "ShardData":
        """As a replica has it, or a snapshot on disk."""
        other = ShardData()
        other.inbox, other.events = self.inbox.copy(), self.events.copy()
        other.deadlines = self.deadlines.copy()
        other.books = {lot: book.copy() for lot, book in self.books.items()}
        other.mark = self.mark
        return other

    def add_to_book(self, lot: int, bids: list[Booked]) -> None:
        """Keep the best bids, lowest first, equal ones in the order of their numbers."""
        book = self.books.setdefault(lot, {})
        for bid in bids:
            book[f"{bid.n:010d}:{bid.bidder}"] = bid.amount_minor
        if len(book) > BOOK_KEPT:
            best = sorted(book.items(), key=lambda item: (item[1], item[0]))[-BOOK_KEPT:]
            self.books[lot] = dict(best)

    def set_deadlines(self, due: Mapping[int, int | None]) -> None:
        for lot, at_ms in due.items():
            if at_ms is None:
                self.deadlines.pop(lot, None)
            else:
                self.deadlines[lot] = at_ms


def book_of(state: LotState) -> dict[str, int]:
    """The order book that a lot's state asks for."""
    book: dict[str, int] = {}
    node = state.book
    while node is not None and len(book) < BOOK_KEPT:
        book[f"{node.n:010d}:{node.bidder}"] = node.amount_minor
        node = node.below
    return book
