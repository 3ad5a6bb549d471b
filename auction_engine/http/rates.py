"""How often one account may act over HTTP: the same bucket a live connection has."""

import time
from collections import OrderedDict

from auction_engine.settings import Limits

_ACCOUNTS_KEPT = 20_000


class Rates:
    """Token buckets by account, in this process. The oldest are forgotten: they are full again."""

    def __init__(self, limits: Limits) -> None:
        self._per_s = limits.messages_per_s
        self._burst = float(limits.messages_burst)
        self._buckets: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def allow(self, account: int) -> bool:
        """Take a token of the account's; False when there is none."""
        now_s = time.monotonic()
        tokens, at_s = self._buckets.pop(account, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - at_s) * self._per_s)
        allowed = tokens >= 1
        self._buckets[account] = (tokens - 1 if allowed else tokens, now_s)
        if len(self._buckets) > _ACCOUNTS_KEPT:
            self._buckets.popitem(last=False)
        return allowed
