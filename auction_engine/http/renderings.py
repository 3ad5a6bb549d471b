"""Pages for those who are not signed in, rendered once and given to many.

A page takes milliseconds of the loop that carries the bids. Onlookers all get the same one but
for the secret of their forms, so a rush of them costs one rendering a second and lot.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from auction_engine.http import packing

# Pages show the hour they were drawn at; older than this would be seen.
_FRESH_S = 1.0
# A hundred kilobytes each, with every bid of a long lot.
_KEPT = 200


class _Rendering(NamedTuple):
    stamp: Hashable
    until_s: float
    parts: list[bytes]  # between them stands the csrf token
    packed: list[bytes]  # the same for browsers that take gzip; empty until one asks


class Renderings:
    """The last rendering of each page. One per process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Rendering] = OrderedDict()
        # Drawn where the token belongs. Random, so that no text of a lot can contain it.
        self.token = secrets.token_urlsafe(32)

    def get(
        self,
        page: Hashable,
        stamp: Hashable,
        csrf: str,
        draw: Callable[[], str],
        gzip: bool = False,
    ) -> bytes:
        """The page with `csrf` in it; drawn anew by `draw` when `stamp` has changed or time passed.

        `draw` must use `token` as its csrf token and depend on nothing but `page` and `stamp`.
        """
        now_s = time.monotonic()
        kept = self._kept.get(page)
        if kept is None or kept.stamp != stamp or now_s >= kept.until_s:
            parts = draw().encode().split(self.token.encode())
            kept = self._kept[page] = _Rendering(stamp, now_s + _FRESH_S, parts, [])
            self._kept.move_to_end(page)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        secret = csrf.encode()
        if not gzip:
            return secret.join(kept.parts)
        if not kept.packed:
            kept.packed.extend(map(packing.deflated, kept.parts))
        return packing.join(kept.parts, kept.packed, [secret] * (len(kept.parts) - 1))
