"""Is the program alive, does it work, and its metrics."""

import asyncio
import time
from typing import Any

from sqlalchemy import text
from starlette.responses import Response

from auction_engine import metrics
from auction_engine.addresses import listed
from auction_engine.bidding.client import LogUnanswered
from auction_engine.errors import AuctionError
from auction_engine.http.problems import TEXTS, Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.commands import CommandRefused

# Whoever asks (a balancer, the supervisor) waits two seconds or more.
_PROBE_S = 1.5
_GOOD_FOR_S = 1.0


class Readiness:
    """One look at all parts, shared by everybody who asks while it runs and a second after."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._look: asyncio.Task[dict[str, str]] | None = None
        self._ended_s = float("-inf")

    async def failures(self) -> dict[str, str]:
        """What does not work: part to reason; empty when all is well."""
        look = self._look
        fresh = time.monotonic() - self._ended_s < _GOOD_FOR_S
        if look is None or (look.done() and not fresh):
            look = self._look = asyncio.create_task(self._look_at_all(), name="readiness")
        return await asyncio.shield(look)

    async def _look_at_all(self) -> dict[str, str]:
        shards = range(self._web.settings.shards)
        found = await asyncio.gather(self._ledger(), *(self._shard(shard) for shard in shards))
        self._ended_s = time.monotonic()
        return {part: reason for failed in found for part, reason in failed.items()}

    async def _ledger(self) -> dict[str, str]:
        async def ask() -> None:
            async with self._web.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

        try:
            async with asyncio.timeout(_PROBE_S):
                await self._web.storage.ledger(ask())
        except TimeoutError:
            return {"ledger": f"no answer in {_PROBE_S:g} s"}
        except AuctionError as error:
            return {"ledger": error.sentence}
        return {}

    async def _shard(self, shard: int) -> dict[str, str]:
        log = self._web.gateway.log
        try:
            await log.probe(shard, _PROBE_S)
        except LogUnanswered as error:
            return {f"recorder-{shard}": error.sentence}
        except CommandRefused as refused:
            return {f"recorder-{shard}": str(refused)}
        if not log.followers[shard].in_step.is_set():
            return {f"events-{shard}": "this gateway is behind the recorder"}
        return {}


async def live(web: Web, ask: Ask) -> Response:
    """GET /health/live: the loop turns."""
    return json_answer({"live": True})


async def ready(web: Web, ask: Ask) -> Response:
    """GET /health/ready: a command went through the whole log of every shard and back."""
    failed = await web.readiness.failures()
    if not failed:
        return json_answer({"ready": True})
    told = "; ".join(f"{part}: {reason}" for part, reason in failed.items())
    body: dict[str, Any] = {
        "t": "error",
        "code": "NOT_READY",
        "text": f"{TEXTS['NOT_READY']} {told}",
        "failed": failed,
    }
    return json_answer(body, 503, {"Retry-After": "1"})


async def prometheus(web: Web, ask: Ask) -> Response:
    """GET /metrics, for listed addresses."""
    if not listed(ask.address, web.settings.metrics_allow):
        raise Problem(403, "FORBIDDEN", "This address may not read the metrics.")
    # Reads the files of all processes: not in the loop's turn.
    body, kind = await asyncio.to_thread(metrics.render)
    return Response(body, headers={"Content-Type": kind})
