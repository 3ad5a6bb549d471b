"""Who follows which lot, and joining its changes into at most 20 frames a second."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import orjson

from auction_engine import metrics
from auction_engine.live.messages import frame, frame_of
from auction_engine.live.views import LotView

# Frames written in one turn of the loop: about a millisecond, so that a bidder's own answer
# waits no longer than that behind a fan-out.
_AT_ONCE = 128
_BIDS_IN_UPDATE = 20


Write = Callable[[bytes], None]


class Member(Protocol):
    """A connection that can take frames now.

    One that falls behind or goes away leaves its rooms at once, so that nothing but `write` is
    touched for each member of a fan-out: looking at ten thousand connections costs more memory
    traffic than writing to them.
    """

    bidder: int | None
    write: Write


class Room:
    """The members of one lot, all at the same position whenever no update is under way."""

    def __init__(self, view: LotView, interval_s: float, announced: bytes | None = None) -> None:
        self.view = view
        self._interval_s = interval_s
        self._loop = asyncio.get_running_loop()
        self._bidders: dict[Member, Write] = {}
        self._onlookers: dict[Member, Write] = {}
        self._left = False  # whether somebody left since the present fan-out began
        self._joining: dict[Member, tuple[int, int] | None] = {}
        self._seq = view.seq
        self._epoch = view.epoch
        self._next_s = 0.0
        self._planned: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._shared: tuple[int, int, bytes] | None = None
        # What was announced here, as one frame: who comes in gets it after the snapshot.
        self.announced: bytes | None = announced
        self._telling: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._bidders) + len(self._onlookers) + len(self._joining)

    @property
    def bidders(self) -> set[int]:
        """The different bidders who are here."""
        members = (*self._bidders, *self._joining)
        return {member.bidder for member in members if member.bidder is not None}

    def join(self, member: Member, position: tuple[int, int] | None) -> None:
        """Bring `member` up to date and keep it so. `position` is its (epoch, seq), if any."""
        self._bidders.pop(member, None)
        self._onlookers.pop(member, None)
        self._joining[member] = position
        if self._planned is None and self._sending is None:
            self._admit_joining()

    def leave(self, member: Member) -> None:
        """Send `member` nothing more, not even what is being sent just now."""
        self._bidders.pop(member, None)
        self._onlookers.pop(member, None)
        self._joining.pop(member, None)
        self._left = True

    def changed(self) -> None:
        """The view has moved: plan a frame, at once or when the interval is over."""
        if self._planned is None and self._sending is None:
            delay_s = self._next_s - self._loop.time()
            self._planned = self._loop.call_later(max(0.0, delay_s), self._flush)

    def close(self) -> None:
        """Forget what is planned."""
        if self._planned is not None:
            self._planned.cancel()
        if self._sending is not None:
            self._sending.cancel()
        for task in self._telling:
            task.cancel()

    def _flush(self) -> None:
        self._planned = None
        self._sending = self._loop.create_task(self._send(), name="fan-out")

    async def _send(self) -> None:
        """Write one update to every member, bidders first, in slices."""
        started_s = self._loop.time()
        try:
            await self._bring_to(self.view.epoch, self.view.seq)
        finally:
            # Never more than half of the time goes into fan-out, however many are watching.
            ended_s = self._loop.time()
            self._next_s = max(started_s + self._interval_s, ended_s + (ended_s - started_s))
            self._sending = None
        if self._seq == self.view.seq and self._epoch == self.view.epoch:
            self._admit_joining()
        else:
            self.changed()

    async def _bring_to(self, epoch: int, seq: int) -> None:
        if epoch != self._epoch:
            # Another owner: positions of the old epoch say nothing, everyone gets a snapshot.
            self._joining.update(dict.fromkeys((*self._bidders, *self._onlookers)))
            self._bidders.clear()
            self._onlookers.clear()
        elif seq != self._seq and (self._bidders or self._onlookers):
            self._set_apart(self.view.own_since(self._seq))
            await self._write(frame(self.view.update(self._seq, _BIDS_IN_UPDATE)))
        self._epoch, self._seq = epoch, seq

    def _set_apart(self, bidders: set[int]) -> None:
        """Those of whom something has changed that only they are told get a snapshot instead."""
        if not bidders:
            return
        for member in [m for m in self._bidders if m.bidder in bidders]:
            del self._bidders[member]
            self._joining[member] = None

    async def _write(self, data: bytes) -> None:
        sent = 0
        self._left = False
        for members in (self._bidders, self._onlookers):
            everyone = list(members.items())
            for start in range(0, len(everyone), _AT_ONCE):
                if start:
                    await asyncio.sleep(0)
                some = everyone[start : start + _AT_ONCE]
                if self._left:
                    some = [item for item in some if item[0] in members]
                for _, write in some:
                    write(data)
                sent += len(some)
        metrics.UPDATES.inc(sent)
        metrics.UPDATE_BYTES.inc(sent * len(data))

    def _admit_joining(self) -> None:
        """Give those who wait their snapshot; the room is at the view's position now."""
        joining, self._joining = self._joining, {}
        for member, position in joining.items():
            # First a member, then written to: the write may be what makes it fall behind.
            members = self._onlookers if member.bidder is None else self._bidders
            members[member] = member.write
            member.write(self._welcome(member.bidder, position))
            if self.announced is not None and member in members:
                member.write(self.announced)

    def tell(self, data: bytes) -> None:
        """Write an announcement to every member, and to who comes later."""
        self.announced = data
        task = self._loop.create_task(self._tell(data), name="announce")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, data: bytes) -> None:
        for members in (self._bidders, self._onlookers):
            everyone = list(members.items())
            for start in range(0, len(everyone), _AT_ONCE):
                if start:
                    await asyncio.sleep(0)
                for member, write in everyone[start : start + _AT_ONCE]:
                    if member in members:
                        write(data)

    def _welcome(self, bidder: int | None, position: tuple[int, int] | None) -> bytes:
        view = self.view
        if (
            position is not None
            and position[0] == view.epoch
            and position[1] <= view.seq
            and view.covers(position[1])
            and (bidder is None or view.own_changed.get(bidder, 0) <= position[1])
        ):
            return frame(view.update(position[1], most=len(view.recent)))
        if bidder is not None:
            return frame(view.snapshot(bidder))
        # Onlookers all get the same bytes: a storm of reconnects costs one snapshot.
        if self._shared is None or self._shared[:2] != (view.epoch, view.seq):
            self._shared = (view.epoch, view.seq, frame_of(orjson.dumps(view.snapshot(None))))
        return self._shared[2]


class Rooms:
    """One room for each lot that somebody follows."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._rooms: dict[int, Room] = {}
        self.on_count: Callable[[int], None] = lambda change: None
        # What was announced for a lot, as one frame; None for nothing.
        self.announced: Callable[[int], bytes | None] = lambda lot: None

    def join(self, view: LotView, member: Member, position: tuple[int, int] | None) -> None:
        """Let `member` follow the lot of `view`."""
        room = self._rooms.get(view.lot)
        if room is None:
            known = self.announced(view.lot)
            room = self._rooms[view.lot] = Room(view, self._interval_s, known)
        room.join(member, position)

    def leave(self, lot: int, member: Member) -> None:
        """Let `member` follow the lot no more."""
        room = self._rooms.get(lot)
        if room is not None:
            room.leave(member)
            if not len(room):
                room.close()
                del self._rooms[lot]

    def close(self) -> None:
        """Send no more."""
        for room in self._rooms.values():
            room.close()

    def changed(self, view: LotView) -> None:
        """A view has moved."""
        room = self._rooms.get(view.lot)
        if room is not None:
            room.changed()

    def tell(self, lot: int, data: bytes) -> None:
        """Write an announcement to everybody who follows the lot."""
        room = self._rooms.get(lot)
        if room is not None:
            room.tell(data)

    def followed(self) -> list[int]:
        """The lots that somebody follows over this process."""
        return list(self._rooms)

    def bidders(self, lot: int) -> set[int]:
        """The different bidders who follow the lot over this process."""
        room = self._rooms.get(lot)
        return set() if room is None else room.bidders

    def viewers(self, lot: int) -> int:
        """How many connections of this process follow the lot."""
        room = self._rooms.get(lot)
        return 0 if room is None else len(room)
