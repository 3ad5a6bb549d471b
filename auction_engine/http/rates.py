"""How often one account may act over HTTP, and one address fetch pages."""

import time
from collections import OrderedDict
from collections.abc import Hashable

_KEPT = 20_000


class Rates:
    """Token buckets by `who`, in this process. The oldest are forgotten: they are full again."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allow(self, who: Hashable) -> bool:
        """Take one of the tokens; False when there is none."""
        now_s = time.monotonic()
        tokens, at_s = self._buckets.pop(who, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - at_s) * self._per_s)
        allowed = tokens >= 1
        self._buckets[who] = (tokens - 1 if allowed else tokens, now_s)
        if len(self._buckets) > _KEPT:
            self._buckets.popitem(last=False)
        return allowed
