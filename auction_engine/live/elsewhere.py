"""What became of a bid is told to every device its bidder looks at the lot with.

The answer proper goes to whoever sent the bid. The same frame goes to the bidder's other
connections, on whichever gateway, so that two tabs never disagree about what was refused.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from auction_engine.live.messages import frame, outcome

Entry = dict[str, Any]


class Device(Protocol):
    """A connection that speaks for a bidder."""

    bidder: int | None
    lots: set[int]

    def sent(self, bid_id: str) -> bool:
        """Whether the bid came over this connection, and is answered there."""

    def tell(self, data: bytes) -> None:
        """Write a frame."""


class Elsewhere:
    """The connections of each bidder. One per gateway."""

    def __init__(self) -> None:
        self._devices: dict[int, set[Device]] = {}

    def entered(self, device: Device) -> None:
        """A connection has been greeted."""
        if device.bidder is not None:
            self._devices.setdefault(device.bidder, set()).add(device)

    def left(self, device: Device) -> None:
        """A connection is gone."""
        if device.bidder is None or device.bidder not in self._devices:
            return
        devices = self._devices[device.bidder]
        devices.discard(device)
        if not devices:
            del self._devices[device.bidder]

    def tell(self, entries: Iterable[Entry]) -> None:
        """Tell of recorded and refused bids those who did not send them from here."""
        for entry in entries:
            if "bid_id" not in entry:
                continue
            devices = self._devices.get(entry["bidder"])
            if devices is not None:
                self._tell(devices, entry)

    @staticmethod
    def _tell(devices: set[Device], entry: Entry) -> None:
        data: bytes | None = None
        for device in list(devices):
            if entry["lot"] not in device.lots or device.sent(entry["bid_id"]):
                continue
            data = data or frame(outcome(entry, False))
            device.tell(data)
