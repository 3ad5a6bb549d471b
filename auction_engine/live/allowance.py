"""How fast one client or account may go: a bucket of tokens refilled by time."""


class Allowance:
    """`burst` at once, then `per_s` each second. Times are monotonic seconds of the caller."""

    __slots__ = ("_burst", "_per_s", "_since_s", "_tokens")

    def __init__(self, per_s: float, burst: int, now_s: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = float(burst)
        self._since_s = now_s

    def take(self, now_s: float) -> bool:
        """Take a token; False if there was none (what is taken then is owed all the same)."""
        tokens = self._tokens + (now_s - self._since_s) * self._per_s
        self._since_s = now_s
        self._tokens = min(tokens, self._burst) - 1.0
        return self._tokens >= 0

    @property
    def flooding(self) -> bool:
        """Whether it goes on long after it was refused: another whole burst is owed."""
        return self._tokens < -self._burst

    def idle(self, now_s: float) -> bool:
        """Whether it is full again, and so need not be remembered."""
        return self._tokens + (now_s - self._since_s) * self._per_s >= self._burst
