"""How long recorder and gateway take to start beside lots with a long history."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from auction_engine.bidding.client import LogClient
from auction_engine.live.views import Views
from loadtests import procs
from loadtests.instance import Instance
from loadtests.wsclient import Socket, connect, message

_RECOVERY_S = 900.0


async def start_recorder(instance: Instance, log: LogClient) -> dict[str, Any]:
    """Start it; what it took until it answered its first command."""
    started = time.perf_counter()
    instance.start_recorder()
    assert instance.recorder is not None
    await log.probe(0, _RECOVERY_S)
    pid = instance.recorder.pid
    return {
        "recorder_start_s": round(time.perf_counter() - started, 3),
        "recorder_start_cpu_s": procs.cpu_s(pid),
        "recorder_rss_bytes": procs.rss_bytes(pid),
    }


class _Page(Socket):
    """Waits for a frame of a kind, by its first letters."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: dict[bytes, asyncio.Future[None]] = {}

    def expect(self, kind: bytes) -> asyncio.Future[None]:
        found = self._waiting[kind] = asyncio.get_running_loop().create_future()
        return found

    def text(self, data: bytes, start: int, end: int) -> None:
        waiting = self._waiting.pop(data[start + 6 : start + 8], None)
        if waiting is not None:
            waiting.set_result(None)


async def start_gateway(instance: Instance, lots: dict[int, int]) -> dict[str, Any]:
    """Start it beside these lots (size: lot); until its first welcome, and each first snapshot."""
    started = time.perf_counter()
    instance.start_gateway()
    assert instance.gateway is not None
    try:
        page = _Page()
        await connect(page, instance.gateway_port, timeout_s=_RECOVERY_S)
        welcomed = page.expect(b"we")
        page.transport.write(message(t="hello"))
        await welcomed
        found: dict[str, Any] = {
            "gateway_start_s": round(time.perf_counter() - started, 3),
            "gateway_start_cpu_s": procs.cpu_s(instance.gateway.pid),
            "gateway_rss_bytes": procs.rss_bytes(instance.gateway.pid),
        }
        snapshots = {}
        for size, lot in lots.items():
            asked, shown = time.perf_counter(), page.expect(b"sn")
            page.transport.write(message(t="watch", lot=lot))
            async with asyncio.timeout(60):
                await shown
            snapshots[str(size)] = round(1000 * (time.perf_counter() - asked), 3)
        page.transport.abort()
        return found | {"snapshot_ms": snapshots}
    finally:
        instance.stop_gateway()


async def read_views(instance: Instance, lots: dict[int, int]) -> dict[str, float]:
    """Seconds it takes to build the view of one lot from the ledger, by size."""
    found = {}
    for size, lot in lots.items():
        started = time.perf_counter()
        view = await Views(instance.settings.database_url or "").find(lot)
        found[str(size)] = round(time.perf_counter() - started, 4)
        if view is None:
            raise RuntimeError(f"Lot {lot} is not in the ledger.")
    return found
