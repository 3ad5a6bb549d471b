"""What the log's parts need from outside: a log, a ledger, a clock.

`valkey.ValkeyLog` and the module `ledger.store` are what the program runs on. The simulator
brings its own, in memory; `tests/bidding/test_log_contract.py` and `test_ledger_contract.py` hold
both to the same promises.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from auction_engine.ledger.journal import JournalRecord
from auction_engine.rules.events import BidAccepted, BidAutomatic
from auction_engine.rules.lot import Standing

# Best bids kept in a lot's order book: more than any standing or runner-up needs.
BOOK_KEPT = 200
# What an order book is made of: each has `bidder`, `amount_minor` and `n`.
Booked = BidAccepted | BidAutomatic | Standing
Mark = tuple[int, int]  # epoch, batch number
Entries = list[tuple[str, bytes]]  # log id, value


@dataclass(frozen=True, slots=True)
class Clock:
    """This machine's clocks: `wall_s` tells UTC and may jump, `steady_s` only goes forward."""

    wall_s: Callable[[], float] = time.time
    steady_s: Callable[[], float] = time.monotonic


CLOCK = Clock()


class ShardLog(Protocol):
    """One shard's inbox, events and hot view.

    Each method may raise RedisError or OSError; whether it was carried out is unknown then, and it
    may be repeated. Ids of one stream only rise, and a new id's milliseconds are the log's clock's
    unless that would make it fall.
    """

    @property
    def shard(self) -> int: ...

    def append(self, commands: Sequence[bytes], limit: int) -> Awaitable[int]:
        """Append as many commands as fit under `limit` entries, in order; return their number."""

    def commands(self, after: str, count: int) -> Awaitable[Entries]:
        """Up to `count` inbox entries after id `after`; waits a while for the first."""

    def batches(self, after: str, count: int) -> Awaitable[Entries]:
        """Up to `count` recorded batches after id `after`; waits a while for the first."""

    def newest_batch(self) -> Awaitable[tuple[str, bytes] | None]:
        """The last recorded batch, None if there is none."""

    def tick(self, limit: int) -> Awaitable[int]:
        """Append ticks for the deadlines that have come, while under `limit` entries.

        Returns the milliseconds until the next deadline, -1 if there is none.
        """

    async def publish(
        self,
        batch: bytes,
        consumed: str,
        accepted: Mapping[int, list[Booked]],
        due: Mapping[int, int | None],
        mark: Mark,
    ) -> tuple[int, Mark]:
        """Announce a recorded batch, renew the hot view and drop the consumed commands.

        Not one step: a part of it may be lost. Returns the inbox's length and the mark that was
        found, (0, 0) for none.
        """

    async def raise_inbox(self, place: str) -> bool:
        """Make sure that no new command can get an id up to `place`; whether one could have."""

    async def mark(self, mark: Mark) -> None:
        """Set the mark alone."""

    async def found_mark(self) -> Mark:
        """The mark of the newest batch that the log has; (0, 0) for none."""

    async def missing_books(self, lots: list[int]) -> list[int]:
        """Lots of these whose order book is not there."""

    async def restore(
        self, due: Mapping[int, int | None], books: Mapping[int, list[Booked]]
    ) -> None:
        """Write deadlines and order books again, in place of what is there."""


# Makes a shard's log from the server that keeps it: ValkeyLog from a Redis client.
LogOf = Callable[[Any, int], ShardLog]


class Ledger(Protocol):
    """What recorder and gateways ask of the ledger: the functions of `ledger.store`.

    Each takes a connection that `connect` gave; a connection has `is_closed` and `terminate`. Any
    of them may raise what asyncpg raises, or OSError, when the ledger is away.
    """

    async def connect(
        self,
        database_url: str,
        *,
        timeout_s: float = ...,
        application: str = ...,
        idle_in_transaction_s: float | None = ...,
    ) -> Any: ...

    async def acquire_shard(
        self, connection: Any, shard: int, owner: str, lease_s: float
    ) -> int | None: ...

    async def renew_lease(
        self, connection: Any, shard: int, epoch: int, lease_s: float
    ) -> None: ...

    async def release_shard(self, connection: Any, shard: int, epoch: int) -> None: ...

    async def commit_batch(
        self,
        connection: Any,
        shard: int,
        epoch: int,
        after: str,
        consumed: str,
        records: Sequence[JournalRecord],
        heads: Sequence[tuple[Any, ...]],
        ahead_max_ms: int | None = ...,
    ) -> None: ...

    async def is_on_disk(self, connection: Any, shard: int, epoch: int, consumed: str) -> bool: ...

    async def consumed_id(self, connection: Any, shard: int) -> str: ...

    async def live_lots(self, connection: Any, shard: int) -> list[int]: ...

    def journal_of(
        self, connection: Any, lots: Iterable[int], after_seq: int = ...
    ) -> AsyncGenerator[tuple[int, int, bytes, bytes], None]: ...

    async def archived(
        self, connection: Any, lot: int
    ) -> tuple[Mapping[str, Any], list[bytes]] | None: ...

    async def first_answers(
        self, connection: Any, keys: Sequence[tuple[int, str]]
    ) -> dict[tuple[int, str], dict[str, Any]]: ...

    async def server_ms(self, connection: Any) -> int: ...
