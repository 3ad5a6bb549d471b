"""Thousands of viewers in one process: they count frames and bytes and look at nothing else.

Frame number k of every viewer is the same message, because all have joined before counting
begins; so the time the last of them got it is one number per k. Only the first viewer keeps its
frames, to tell afterwards which journal entries each of them carried.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson

from loadtests import procs
from loadtests.worker import Orders, obey
from loadtests.wsclient import Socket, connect, text_frame

_CONNECTING_AT_ONCE = 100
_READY_S = 120.0


class Count:
    """What all viewers of this process have seen since counting began."""

    def __init__(self) -> None:
        self.on = False
        self.frames = 0
        self.bytes = 0
        self.last_s: list[float] = []
        self.seen: list[int] = []
        self.kept: list[bytes] = []

    def take(self, viewer: Viewer, size: int) -> None:
        number = viewer.frames
        viewer.frames = number + 1
        self.frames += 1
        self.bytes += size
        if number == len(self.last_s):
            self.last_s.append(0.0)
            self.seen.append(0)
        self.last_s[number] = time.time()
        self.seen[number] += 1


class Viewer(Socket):
    """One page that watches."""

    def __init__(self, spec: dict[str, Any], count: Count, keeps: bool) -> None:
        super().__init__(spec["path"], spec["subprotocol"])
        self.frames = 0
        self.ready = asyncio.get_running_loop().create_future()
        self._greetings = spec["greetings"]
        self._count = count
        self._keeps = keeps
        if not self._greetings:
            self.ready.set_result(None)

    def text(self, data: bytes, start: int, end: int) -> None:
        if self._count.on:
            if self._keeps:
                self._count.kept.append(bytes(data[start:end]))
            self._count.take(self, end - start)
        elif self._greetings:
            self._greetings -= 1
            if not self._greetings:
                self.ready.set_result(None)


class Viewers:
    """All viewers of this process, by orders from `Worker`."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._count = Count()
        self._viewers: list[Viewer] = []
        self._free = asyncio.Semaphore(_CONNECTING_AT_ONCE)

    async def obey(self, order: str) -> dict[str, Any]:
        if order == "connect":
            await self._connect()
        elif order == "count":
            self._count.on = True
        elif order == "report":
            return self._report()
        return {}

    async def _connect(self) -> None:
        spec = self._spec
        async with asyncio.timeout(_READY_S):
            self._viewers = list(
                await asyncio.gather(*(self._one(number) for number in range(spec["sockets"])))
            )

    async def _one(self, number: int) -> Viewer:
        spec = self._spec
        viewer = Viewer(spec, self._count, keeps=number == 0)
        async with self._free:
            await connect(viewer, spec["port"], spec["first"] + number)
            for message in spec["say"]:
                viewer.transport.write(text_frame(message.encode()))
            await viewer.ready
        return viewer

    def _report(self) -> dict[str, Any]:
        count = self._count
        return {
            "frames": count.frames,
            "bytes": count.bytes,
            "last_s": count.last_s,
            "seen": count.seen,
            "kept": [payload.decode() for payload in count.kept],
            "lost": sum(viewer.lost for viewer in self._viewers),
        }


def merge(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The reports of several such processes as one."""
    most = max(len(report["last_s"]) for report in reports)
    pad = [0] * most
    last = [(report["last_s"] + pad)[:most] for report in reports]
    seen = [(report["seen"] + pad)[:most] for report in reports]
    return {
        "frames": sum(report["frames"] for report in reports),
        "bytes": sum(report["bytes"] for report in reports),
        "last_s": [max(times) for times in zip(*last, strict=True)],
        "seen": [sum(counts) for counts in zip(*seen, strict=True)],
        "kept": [orjson.loads(text) for text in reports[0]["kept"] if text.startswith("{")],
        "lost": sum(report["lost"] for report in reports),
    }


def _make(spec: dict[str, Any]) -> Orders:
    procs.raise_file_limit()
    return Viewers(spec).obey


if __name__ == "__main__":
    obey(_make)
