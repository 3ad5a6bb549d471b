"""The recorder, broken on purpose: what the checks of this directory must catch.

python -m faults.broken answer-before-commit|no-epoch-check --shard 0
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg

from auction_engine import cli
from auction_engine.bidding import recorder
from auction_engine.ledger import store
from auction_engine.ledger.errors import OwnershipLost

_LATE_S = 0.4


def _forget_the_place() -> None:
    """Without the check that a batch follows the last one, which would catch most slips too."""
    store._CONSUME = store._CONSUME.replace("consumed = $4", "$4::text > ''")


def answer_before_commit() -> None:
    """Batches are announced at once and written a little later, wherever the ledger then is."""
    _forget_the_place()
    commit = recorder.Recorder._decide_and_commit
    queue: asyncio.Queue[Any] = asyncio.Queue()
    writers: list[asyncio.Task[None]] = []

    async def write() -> None:
        connection = None
        while True:
            args = await queue.get()
            await asyncio.sleep(_LATE_S / 10)
            connection = connection or await store.connect(args[0])
            await store.commit_batch(connection, *args[1:])

    async def decide(self: Any, deciding: Any, after: str, consumed: str, entries: Any) -> Any:
        if deciding.missing(entries) or deciding.unsure(entries):
            return await commit(self, deciding, after, consumed, entries)
        if not writers:
            writers.append(asyncio.create_task(write()))
        outcome = deciding.decide(consumed, entries, set())
        await queue.put(
            (
                self._line._database_url,
                self._shard,
                deciding.epoch,
                after,
                consumed,
                outcome.records,
                outcome.heads(self._shard),
            )
        )
        return outcome

    recorder.Recorder._decide_and_commit = decide  # type: ignore[method-assign]


def no_epoch_check() -> None:
    """A recorder that lost its shard goes on writing."""
    _forget_the_place()
    store._CONSUME = store._CONSUME.replace("epoch = $2", "$2::bigint > 0")

    async def keep(connection: Any, shard: int, epoch: int, lease_s: float) -> None:
        await connection.execute(
            "UPDATE shard SET lease_until = clock_timestamp() + $2 * interval '1 second'"
            " WHERE id = $1 AND epoch = $3",
            shard,
            float(lease_s),
            epoch,
        )

    acquire, commit, had = store.acquire_shard, store.commit_batch, dict[str, int]()

    async def take_again(connection: Any, shard: int, owner: str, lease_s: float) -> int | None:
        if owner not in had:
            epoch = await acquire(connection, shard, owner, lease_s)
            if epoch is None:
                return None
            had[owner] = epoch
        return had[owner]

    async def read_again(*args: Any) -> None:
        try:
            await commit(*args)
        except asyncpg.UniqueViolationError:
            raise OwnershipLost("somebody else writes; read the ledger and go on") from None

    store.renew_lease, store.acquire_shard, store.commit_batch = keep, take_again, read_again


if __name__ == "__main__":
    {"answer-before-commit": answer_before_commit, "no-epoch-check": no_epoch_check}[sys.argv[1]]()
    sys.argv[1] = "recorder"
    cli.main()
