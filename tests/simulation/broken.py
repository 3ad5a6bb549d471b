"""Builds broken on purpose: what the simulator must find. None of this is in the product."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import asyncpg

from auction_engine.bidding import deciding as deciding_module
from auction_engine.bidding.deciding import Deciding, Entry, Outcome
from auction_engine.bidding.recorder import Recorder
from auction_engine.ledger.errors import OwnershipLost
from auction_engine.simulation.ledger import LedgerServer
from auction_engine.simulation.world import Build


class AnswersBeforeTheCommit(Recorder):
    """Announces at once and writes a moment later: quick, and right while nothing fails."""

    _LATE_S = 0.02
    _writing: asyncio.Task[Any] | None = None

    async def _decide_and_commit(
        self, deciding: Deciding, after: str, consumed: str, entries: list[Entry]
    ) -> Outcome:
        before = self._writing
        if deciding.missing(entries) or deciding.unsure(entries):
            if before is not None:
                await asyncio.wait([before])
            return await super()._decide_and_commit(deciding, after, consumed, entries)
        outcome = deciding.decide(consumed, entries, set())
        self._writing = asyncio.create_task(self._write(before, deciding, after, outcome))
        return outcome

    async def _write(
        self, before: asyncio.Task[Any] | None, deciding: Deciding, after: str, outcome: Outcome
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        await asyncio.sleep(self._LATE_S)
        connection = await self._store.connect("")
        await self._store.commit_batch(
            connection,
            self._shard,
            deciding.epoch,
            after,
            outcome.consumed,
            outcome.records,
            outcome.heads(self._shard),
        )


class AnswersJustBeforeTheCommit(AnswersBeforeTheCommit):
    """The same, but the commit nearly always comes before anybody hears the answer."""

    _LATE_S = 0.0


class NoEpochCheck(LedgerServer):
    """Who lost the shard goes on writing, wherever the ledger then is."""

    def may_follow(self, shard: int, epoch: int, after: str) -> bool:
        return shard in self.shards

    def is_there(self, shard: int, epoch: int, consumed: str) -> bool:
        return self.consumed(shard) == consumed

    def renew(self, shard: int, epoch: int, lease_s: float) -> None:
        row = self.shards.get(shard)
        if row is not None and row.epoch == epoch:
            super().renew(shard, epoch, lease_s)

    def commit(self, shard: int, *batch: Any) -> None:
        try:
            super().commit(shard, *batch)
        except asyncpg.UniqueViolationError:
            raise OwnershipLost("somebody else writes; read the ledger and go on") from None


class _Arrival(Deciding):
    def decide(self, consumed: str, entries: list[Entry], recorded: Any) -> Outcome:
        now_ms = self.__dict__["now_ms"]
        with mock.patch.object(deciding_module, "log_ms", return_value=now_ms()):
            return super().decide(consumed, entries, recorded)


class ClosesByArrival(Recorder):
    """A bid is late when the recorder sees it late, whatever its place in the log."""

    async def _decide_and_commit(
        self, deciding: Deciding, after: str, consumed: str, entries: list[Entry]
    ) -> Outcome:
        deciding.__class__ = _Arrival
        deciding.__dict__["now_ms"] = lambda: int(self._clock.wall_s() * 1000)
        return await super()._decide_and_commit(deciding, after, consumed, entries)


class RecordsTheTimeOfArrival(Recorder):
    """The same, and the journal says so: nothing in it contradicts itself."""

    async def _decide_and_commit(
        self, deciding: Deciding, after: str, consumed: str, entries: list[Entry]
    ) -> Outcome:
        now_ms = int(self._clock.wall_s() * 1000)
        stamped = [(f"{now_ms}-{n}", raw) for n, (_, raw) in enumerate(entries)]
        return await super()._decide_and_commit(deciding, after, consumed, stamped)


class GuessesTheOutcome(LedgerServer):
    """A commit whose answer was lost will have been made."""

    def may_follow(self, shard: int, epoch: int, after: str) -> bool:
        return super().is_there(shard, epoch, after)

    def is_there(self, shard: int, epoch: int, consumed: str) -> bool:
        return True


BROKEN = {
    "answers before the commit": Build(recorder=AnswersBeforeTheCommit),
    "answers just before the commit": Build(recorder=AnswersJustBeforeTheCommit),
    "no epoch check": Build(ledger=NoEpochCheck),
    "closes by arrival": Build(recorder=ClosesByArrival),
    "records the time of arrival": Build(recorder=RecordsTheTimeOfArrival),
    "guesses the outcome of a commit": Build(ledger=GuessesTheOutcome),
}
