"""Who has lost a lead by a batch of entries: looked at before it is taken and after."""

from collections.abc import Iterable
from typing import Any

from auction_engine.live.lotview import LotView
from auction_engine.live.views import Views

_ACCEPTED = frozenset({"bid.accepted", "bid.automatic"})


def leaders(views: Views, entries: Iterable[dict[str, Any]]) -> dict[int, int]:
    """For each lot that `entries` bring a bid for, who led before it; only where prices rise."""
    led: dict[int, int] = {}
    for entry in entries:
        if entry["kind"] not in _ACCEPTED or entry["lot"] in led:
            continue
        view = views.get(entry["lot"])
        state = None if view is None else view.state
        if state is not None and state.leader is not None and state.method == "ASCENDING":
            led[entry["lot"]] = state.leader
    return led


def overtaken(view: LotView | None, bidder: int) -> bool:
    """Whether `bidder`, who led before, does so no more, and still may bid."""
    state = None if view is None else view.state
    return (
        state is not None
        and state.leader != bidder
        and state.phase == "open"
        and bidder not in state.life.out
    )
