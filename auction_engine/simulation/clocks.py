"""Clocks that can be set, run too fast or too slowly."""

import asyncio

from auction_engine.bidding.ports import Clock

# When every simulation begins, UTC seconds: 2027-01-15 08:00:00.
BEGIN_S = 1_800_000_000.0
BEGIN_MS = int(BEGIN_S * 1000)


class MachineClock:
    """The wall clock of one machine. Right until `step` or `drift` make it wrong."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wall_s = BEGIN_S
        self._since_s = 0.0
        self._rate = 1.0

    def wall_s(self) -> float:
        """UTC seconds, as this machine believes."""
        return self._wall_s + (self._loop.time() - self._since_s) * self._rate

    def wall_ms(self) -> int:
        """The same in whole milliseconds."""
        return int(self.wall_s() * 1000)

    @property
    def ahead_s(self) -> float:
        """How far it is ahead of the truth."""
        return self.wall_s() - BEGIN_S - self._loop.time()

    def step(self, seconds: float) -> None:
        """Jump forward, or back."""
        self._wall_s, self._since_s = self.wall_s() + seconds, self._loop.time()

    def drift(self, rate: float) -> None:
        """Run `rate` times as fast as time from now on."""
        self.step(0.0)
        self._rate = rate

    def correct(self) -> None:
        """Be right again, and run as fast as time."""
        self._wall_s, self._since_s, self._rate = BEGIN_S, 0.0, 1.0

    def as_port(self) -> Clock:
        """What a process on this machine is given. Its steady clock is never wrong."""
        return Clock(self.wall_s, self._loop.time)
