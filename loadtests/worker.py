"""A process beside us that takes orders line by line on standard input and answers in JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import orjson
import uvloop

_STOP_S = 10.0
_LARGEST_ANSWER = 1 << 26


class Worker:
    """Our end: `python -m loadtests.<name>` with a JSON description; use it as a block."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        self._module = f"loadtests.{name}"
        self._spec = orjson.dumps(spec).decode()

    async def __aenter__(self) -> Worker:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, self._spec,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=_LARGEST_ANSWER, start_new_session=True,
        )  # fmt: skip
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, order: str, timeout_s: float = 120) -> dict[str, Any]:
        """Give an order and return its answer. Raises RuntimeError if the process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(order.encode() + b"\n")
        async with asyncio.timeout(timeout_s):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._module} ended before it answered.")
        answer: dict[str, Any] = orjson.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self._module}: {answer['error']}")
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._process
        assert process.stdin is not None
        process.stdin.close()  # the end of its input is its order to end, also if we are killed
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


Orders = Callable[[str], Awaitable[dict[str, Any]]]


async def _obey(make: Callable[[dict[str, Any]], Orders]) -> None:
    orders = make(orjson.loads(sys.argv[1]))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        try:
            answer = await orders(line.decode().strip())
        except (OSError, TimeoutError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


def obey(make: Callable[[dict[str, Any]], Orders]) -> None:
    """The other end: carry out orders until the input ends. `make` takes the description."""
    uvloop.run(_obey(make))
