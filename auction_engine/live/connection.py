"""One WebSocket: websockets' own connection, driven without a task per client.

websockets does the protocol (framing, limits, pings, close handshake); this class answers the
opening handshake and takes text frames where they arrive, so that an idle viewer costs one object
and a bid costs no task switch.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.frames import (  # type: ignore[attr-defined]  # apply_mask: C if built
    CloseCode,
    Frame,
    Opcode,
    apply_mask,
)
from websockets.http11 import Request
from websockets.protocol import Event, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from auction_engine.live.allowance import Allowance
from auction_engine.live.closing import SLOW, TOO_MANY_BAD, Bye
from auction_engine.live.messages import MessageError, bid_id_in, error, frame, parse
from auction_engine.settings import Limits

if TYPE_CHECKING:
    from auction_engine.live.gateway import Gateway
    from auction_engine.live.rooms import Write

SUBPROTOCOL = Subprotocol("auction.v1")
_MOST_BAD = 10
_SENT_KEPT = 64
_CLOSE_WAIT_S = 2.0
# A short masked frame (RFC 6455 §5.2): two bytes, four of mask, at most 125 of payload.
_FINAL_TEXT, _MASKED, _SHORT, _FRAME_HEAD = 0x81, 0x80, 125, 6


class LiveConnection(ServerConnection):
    """A client of the live protocol. All methods run in the loop's own turn, none waits."""

    def __init__(self, gateway: "Gateway", limits: Limits) -> None:
        super().__init__(
            ServerProtocol(subprotocols=[SUBPROTOCOL], max_size=limits.frame_max_bytes),
            gateway,  # type: ignore[arg-type]  # only `is_serving` is ever asked of it
            ping_interval=None,
            close_timeout=_CLOSE_WAIT_S,
            max_queue=None,
        )
        self.gateway = gateway
        self.limits = limits
        self.bidder: int | None = None
        self.write: Write
        self.greeted = False
        # Messages said while the ticket is looked at; None before hello and after the welcome.
        self.held: list[dict[str, Any]] | None = None
        self.lots: set[int] = set()
        self.sought: set[int] = set()  # asked for, being read from the ledger
        self.made_s = self.heard_s = self.loop.time()
        self.pinged_s: float | None = None
        self.paused_s = 0.0
        self.address = ""
        self._allowance = Allowance(limits.messages_per_s, limits.messages_burst, self.heard_s)
        self.session = b""
        self._bad = 0
        # The last bids that came over this connection, by their ids; bidders only.
        self._sent: deque[str] | None = None
        self._parts: list[bytes] = []
        self._ending = False

    # --- opening -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # ServerConnection would start a task for each client here; the handshake needs none.
        Connection.connection_made(self, transport)
        self.write = self.transport.write
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""

    def _open(self, request: Request) -> None:
        refusal = self.gateway.refuse(self, request)
        if refusal is None:
            response = self.protocol.accept(request)
        else:
            response = self.protocol.reject(*refusal)
        self.protocol.send_response(response)
        self.send_data()
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self.gateway.opened(self)
        # The headers are of no more use and would cost every idle viewer a kilobyte.
        self.request = Request(request.path, Headers())
        self.response = None

    def sends(self, bid_id: str) -> None:
        """A bid has come over this connection; its answer will go the same way."""
        if self._sent is None:
            self._sent = deque(maxlen=_SENT_KEPT)
        self._sent.append(bid_id)

    def sent(self, bid_id: str) -> bool:
        """Whether `sends` was told of the bid."""
        return self._sent is not None and bid_id in self._sent

    # --- reading -------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self.heard_s = self.loop.time()
        self.pinged_s = None
        if self._whole_text(data):
            return
        super().data_received(data)
        if self.request is None:
            # uvicorn hands over whole requests; this one websockets could not read.
            self.transport.abort()
        elif self.protocol.state is not State.OPEN:
            # Refused or closing, by us or by the client: nobody may stay half connected.
            self._abort_soon()
        elif self.paused:
            # Pongs are written without asking: a client that pings and does not read.
            self._cut_if_behind()

    def _whole_text(self, data: bytes) -> bool:
        """Take a read that is exactly one short text frame; False for everything else.

        Nearly every bid comes like this. websockets' parser, made for any split of any frames,
        takes as long for it as all the rest of a bid in this process; it keeps its state, because
        it is only passed by between two frames.
        """
        if (
            len(data) < _FRAME_HEAD
            or data[0] != _FINAL_TEXT
            or data[1] != _MASKED | (len(data) - _FRAME_HEAD)
            or len(data) - _FRAME_HEAD > _SHORT
            or self.protocol.state is not State.OPEN
            or self.protocol.reader.buffer
            or self._parts
        ):
            return False
        self._text(apply_mask(data[_FRAME_HEAD:], data[2:_FRAME_HEAD]))
        if self.paused:
            self._cut_if_behind()
        return True

    def process_event(self, event: Event) -> None:
        if self.request is None:
            assert isinstance(event, Request)
            self._open(event)
        elif isinstance(event, Frame):
            if event.opcode is Opcode.TEXT and event.fin:
                self._text(event.data)
            elif event.opcode in (Opcode.TEXT, Opcode.CONT, Opcode.BINARY):
                self._part(event)
            elif not self._allowance.take(self.heard_s):  # pings and pongs cost us too
                self.gateway.flooded(self)

    def _part(self, event: Frame) -> None:
        if event.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA, "text frames only")
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            whole, self._parts = b"".join(self._parts), []
            self._text(whole)
        elif not self._allowance.take(self.heard_s):
            # Parts count too: empty ones would never reach the limit of a message's size.
            self.gateway.flooded(self)

    def _text(self, data: Any) -> None:
        if self.protocol.state is not State.OPEN:
            return
        if not self._allowance.take(self.heard_s):
            self.gateway.flooded(self, bid_id_in(data))
            return
        try:
            message = parse(data)
        except MessageError as wrong:
            self._wrong(data, wrong)
            return
        self.gateway.said(self, message)

    @property
    def flooding(self) -> bool:
        """Whether it goes on sending long after it was told to slow down."""
        return self._allowance.flooding

    def _wrong(self, data: Any, wrong: MessageError) -> None:
        try:
            bytes(data).decode()
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "invalid UTF-8")
            return
        if wrong.code == "BAD_MESSAGE":  # a mistyped amount is no attack
            self._bad += 1
        self.say(error(wrong.code, str(wrong), wrong.bid_id))
        if self._bad >= _MOST_BAD:
            self.end(TOO_MANY_BAD)

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.protocol.fail(code, reason)
        self.send_data()
        self._abort_soon()

    # --- writing -------------------------------------------------------------------------

    def say(self, message: dict[str, Any]) -> None:
        """Write a message meant for this client alone, at once."""
        self.tell(frame(message))

    def tell(self, data: bytes) -> None:
        """Write a frame at once; cut the client when too much is waiting for it."""
        if self.protocol.state is not State.OPEN or self.transport.is_closing():
            return
        self.transport.write(data)
        if self.paused:
            self._cut_if_behind()

    def _cut_if_behind(self) -> None:
        if self.transport.get_write_buffer_size() > self.limits.outbox_max_bytes:
            self.cut(SLOW)

    @property
    def ready(self) -> bool:
        """Whether updates may be written to it: open and not behind with reading."""
        return not self.paused and self.protocol.state is State.OPEN

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.protocol.state is State.OPEN:
            self.gateway.caught_up(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.paused_s = self.loop.time()
        self.gateway.fell_behind(self)

    def stop_reading(self) -> None:
        """Take nothing more from the client, not even while it is being closed."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    # --- ending --------------------------------------------------------------------------

    def end(self, bye: Bye) -> None:
        """Say why and close; the client has two seconds to answer the close."""
        if self.protocol.state is State.OPEN:
            self.gateway.evicted(bye)
            self.say({"t": "bye", **{k: v for k, v in bye._asdict().items() if k != "label"}})
            self.protocol.send_close(bye.code, bye.text)
            self.send_data()
        self._abort_soon()

    def cut(self, bye: Bye) -> None:
        """Drop a client that does not read: a close frame would only wait behind the rest."""
        if not self.transport.is_closing():
            self.gateway.evicted(bye)
            self.gateway.fell_behind(self)
            self.transport.abort()

    def _abort_soon(self) -> None:
        if self._ending:
            return
        self._ending = True
        self.gateway.fell_behind(self)
        self.loop.call_later(_CLOSE_WAIT_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gateway.lost(self)
        super().connection_lost(exc)
