"""A client of the live protocol that keeps its connection up and sees every bid to its answer.

It speaks exactly what `docs/protocol/live.md` says a page speaks, so robots and replayed bids
take the path of a person's bid.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from auction_engine.bidding.tasks import end
from auction_engine.errors import AuctionError

SUBPROTOCOL = Subprotocol("auction.v1")
# Longer than any honest answer takes; the same bid_id makes a second sending harmless.
_RESEND_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 8.0
_DO_NOT_COME_BACK = range(3500, 4000)
_BAD_TICKET = 3501
# A ticket may expire on its way to a busy server, but not time after time.
_MOST_BAD_TICKETS = 3
_log = structlog.get_logger(__name__)

Ticket = Callable[[], Awaitable[str]]
Answer = dict[str, Any]


class LiveRefused(AuctionError):
    """The server ended the connection and does not want it back."""


@dataclass(slots=True)
class Seen:
    """One lot as last told: `state` and `you` of the protocol."""

    lot: int
    epoch: int
    seq: int
    state: dict[str, Any]
    you: dict[str, Any] | None


OnChange = Callable[[Seen], None]


class LiveClient:
    """One connection at `url` (ws://host:port/live). Use as `async with`.

    `ticket` makes a fresh ticket for each attempt (an OSError of it counts as a failed attempt);
    without it the client only watches.
    `on_change` is called with a lot whenever the server tells something new of it; it must not
    wait.
    """

    def __init__(
        self, url: str, ticket: Ticket | None = None, on_change: OnChange | None = None
    ) -> None:
        self._url = url
        self._ticket = ticket
        self._on_change = on_change
        self._socket: ClientConnection | None = None
        self._watched: dict[int, Seen | None] = {}
        self._waiting: dict[str, tuple[str, asyncio.Future[Answer]]] = {}
        self._clock_ms = 0.0
        self._greeted = asyncio.Event()
        self._pause_s = _FIRST_PAUSE_S
        self._bad_tickets = 0
        self._ended: LiveRefused | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "LiveClient":
        self._task = asyncio.create_task(self._run(), name=f"live client {self._url}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            await end([self._task])

    async def greeted(self) -> None:
        """Wait until the server has welcomed this client once. Raises LiveRefused."""
        await self._greeted.wait()
        if self._ended is not None:
            raise self._ended

    def now_ms(self) -> int:
        """UTC milliseconds by the server's clock; this machine's before the first welcome."""
        if not self._clock_ms:
            return int(time.time() * 1000)
        return int(time.monotonic() * 1000 + self._clock_ms)

    def seen(self, lot: int) -> Seen | None:
        """The watched lot as last told, None before that."""
        return self._watched.get(lot)

    async def watch(self, lot: int) -> None:
        """Follow `lot` from now on, over reconnections too."""
        self._watched.setdefault(lot, None)
        await self._send(_text({"t": "watch", "lot": lot}))

    async def bid(
        self,
        lot: int,
        amount_minor: int,
        bid_id: str | None = None,
        automatic: bool = False,
        step: int | None = None,
    ) -> Answer:
        """Bid, and wait for the answer: a `recorded`, `refused` or `error` message.

        `automatic`: a secret maximum. `step`: accept the price of this step of a falling lot.

        Sends again with the same `bid_id` when the server is busy or the connection was lost, as
        long as it takes. Raises LiveRefused.
        """
        bid_id = bid_id or str(uuid.uuid4())
        message = {"t": "bid", "lot": lot, "bid_id": bid_id, "amount_minor": amount_minor}
        if automatic:
            message["automatic"] = True
        if step is not None:
            message["step"] = step
        text = _text(message)
        while True:
            if self._ended is not None:
                raise self._ended
            future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._waiting[bid_id] = (text, future)
            try:
                await self._send(text)
                async with asyncio.timeout(_RESEND_S):
                    answer = await future
            except TimeoutError:
                continue
            finally:
                self._waiting.pop(bid_id, None)
            if answer["t"] != "busy":
                return answer
            await asyncio.sleep(answer["retry_ms"] / 1000)

    # --- the connection -----------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._keep_up()
        finally:
            # However it came to an end, nobody may wait for an answer any more.
            self._ended = self._ended or LiveRefused("The live client has ended.")
            self._greeted.set()
            for _, future in self._waiting.values():
                if not future.done():
                    future.set_exception(self._ended)

    async def _keep_up(self) -> None:
        while self._ended is None:
            try:
                await self._converse()
            except (WebSocketException, OSError, TimeoutError) as error:
                self._lost(error)
            finally:
                self._socket = None
            # Spread out, so that a server coming back is not met by everybody at once.
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.5))  # noqa: S311
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    async def _converse(self) -> None:
        hello = {"t": "hello"}
        # No proxy whatever the environment says: the server is named by its own address.
        async with connect(
            self._url, subprotocols=[SUBPROTOCOL], compression=None, proxy=None,
            user_agent_header=None, close_timeout=1,
        ) as socket:  # fmt: skip
            if self._ticket is not None:
                hello["ticket"] = await self._ticket()
            await socket.send(_text(hello))
            async for frame in socket:
                await self._take(socket, orjson.loads(frame))

    def _lost(self, error: Exception) -> None:
        code = None
        if isinstance(error, ConnectionClosed) and error.rcvd is not None:
            code = error.rcvd.code
        self._bad_tickets = self._bad_tickets + 1 if code == _BAD_TICKET else 0
        if code == _BAD_TICKET and self._bad_tickets < _MOST_BAD_TICKETS:
            return
        if code in _DO_NOT_COME_BACK:
            self._ended = LiveRefused(f"The live room ended a connection for good: {error}.")
        _log.info("live_connection_lost", code=code, error=type(error).__name__)

    async def _send(self, text: str) -> None:
        """Send now if connected; what matters is sent again after the next welcome."""
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(text)

    # --- what the server says -----------------------------------------------------------------

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind in ("recorded", "refused", "busy", "error"):
            self._answer(message)
        elif kind in ("snapshot", "update"):
            await self._told(message)
        elif kind == "welcome":
            await self._welcome(socket, message)
        elif kind == "bye" and message["retry_ms"] is not None:
            self._pause_s = message["retry_ms"] / 1000

    def _answer(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.get(message.get("bid_id", ""))
        if waiting is None:
            if message["t"] == "error":
                _log.warning("live_error", code=message["code"], text=message["text"])
        elif not waiting[1].done():
            waiting[1].set_result(message)

    async def _welcome(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        self._clock_ms = message["now_ms"] - time.monotonic() * 1000
        self._pause_s = _FIRST_PAUSE_S
        self._socket = socket
        for lot, seen in self._watched.items():
            place = {} if seen is None else {"epoch": seen.epoch, "seq": seen.seq}
            await self._send(_text({"t": "watch", "lot": lot, **place}))
        for text, _ in list(self._waiting.values()):
            await self._send(text)
        self._greeted.set()

    async def _told(self, message: dict[str, Any]) -> None:
        lot = message["lot"]
        if lot not in self._watched:
            return
        seen = self._watched[lot]
        if message["t"] == "snapshot":
            seen = Seen(lot, message["epoch"], message["seq"], message["state"], message["you"])
            self._watched[lot] = seen
        elif seen is None or (seen.epoch, seen.seq) != (message["epoch"], message["from"]):
            await self._send(_text({"t": "watch", "lot": lot}))
            return
        else:
            seen.seq, seen.state = message["seq"], seen.state | message["state"]
        if self._on_change is not None:
            self._on_change(seen)


def _text(message: dict[str, Any]) -> str:
    return orjson.dumps(message).decode()
