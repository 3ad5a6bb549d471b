"""What the public is told of a lot's life: its turns, and where it stands.

Never accounts, only bidder codes; never how many registered or are present before the end.
"""

from typing import Any

from auction_engine.rules import descending
from auction_engine.rules.events import Turn
from auction_engine.rules.lot import LotState

# The turns everybody may see, and what of each beside its kind and status.
_PUBLIC: dict[str, tuple[str, ...]] = {
    "lot.changed": ("what",),
    "lot.postponed": ("ground",),
    "lot.rescheduled": ("start_ms", "end_ms"),
    "lot.withdrawn": (),
    "lot.paused": ("ground",),
    "incident.reported": ("what",),
    "lot.resumed": ("by_ms",),
    "incident.decided": ("choice", "by_ms"),
    "lot.stopped": ("ground",),
    "round.called": (),
    "round.opened": ("round", "end_ms"),
    "phase.opened": ("stage", "end_ms"),
    "acceptance.awaited": ("end_ms",),
    "bid.withdrawn": (),
    "bidder.disqualified": ("ground",),
    "descent.resumed": ("step", "from_ms", "end_ms"),
    # O14: the system shows who was entitled and did not take part, by code.
    "absence.noted": ("claims_until_ms",),
    "reserve.awaited": ("due_ms",),
    "reserve.revealed": (),
    "reserve.lapsed": (),
    "keys.awaited": ("due_ms",),
    "boxes.opened": ("keys",),
    "box.read": ("amount_minor", "fault", "n"),
    "rebid.opened": ("round", "end_ms"),
    "draw.awaited": ("due_ms",),
    "entropy.added": ("entropy",),
    "key.received": ("public_key",),
    "round.failed": ("missing",),
    "seed.committed": ("commitment",),
    "draw.overdue": ("holders",),
    # The seeds themselves are shown when lots are drawn: who still has his own must not know them.
    "seed.revealed": ("holder",),
    "lots.drawn": ("left_out",),
    "consent.awaited": ("price_minor", "due_ms"),
    "consent.given": (),
    "consent.refused": (),
    "leader.determined": ("price_minor",),
    "winner.announced": ("price_minor", "due_ms"),
    "lot.failed": ("code",),
    "minutes.refused": (),
    "win.refused": (),
    "runner_up.offered": ("price_minor", "due_ms"),
    "offer.accepted": (),
    "offer.declined": (),
    "payment.defaulted": (),
    "result.annulled": ("ground",),
}


def told(state: LotState, turn: Turn, entry: dict[str, Any]) -> dict[str, Any] | None:
    """A turn as everybody sees it, `state` being the lot after it; None for what is not public."""
    names = _PUBLIC.get(turn.kind)
    if names is None:
        return None
    data = turn.data
    public: dict[str, Any] = {
        "seq": entry["seq"],
        "at_ms": entry["at_ms"],
        "kind": turn.kind,
        "status": turn.status,
    }
    bidder = data.get("bidder", data.get("by") if data.get("role") == "BIDDER" else None)
    if bidder in state.admitted:
        public["bidder"] = state.admitted[bidder].code
    for name in ("bidders", "order"):
        if name in data:
            public[name] = [state.admitted[b].code for b in data[name]]
    if turn.kind == "lots.drawn" and state.life.lots is not None:
        public["seeds"] = [list(pair) for pair in state.life.lots.seeds]
    if data.get("role") not in (None, "CLOCK", "BIDDER") and data.get("reason"):
        public["reason"] = data["reason"]
    return public | {name: data[name] for name in names if name in data}


def life(state: LotState, late_ms: int | None = None) -> dict[str, Any]:
    """`state.life` of the live protocol: where the lot stands beside its price.

    `late_ms`: when the first acceptance came that was too late for the price accepted.
    """
    own, params = state.life, state.params
    said: dict[str, Any] = {
        "status": state.status,
        "method": state.method,
        "automatic": params.automatic_bids,
        "ground": own.ground,
        "since_ms": own.since_ms,
        "due_ms": own.due_ms,
        "round": own.round,
        "stage": own.stage,
        "stages": len(params.phases) + 1,
        "winner": None if own.winner is None else state.admitted[own.winner].code,
        "award_minor": own.award_minor,
        "failure": own.failure,
    }
    if params.confirm is not None:
        said["confirm"] = {"ratio_bp": params.confirm.ratio_bp, "steps": params.confirm.steps}
    if params.reserve is not None:
        said["reserve_minor"] = params.reserve.minor if params.reserve.minor is not None else 0
    if own.in_round is not None:
        said["in_round"] = sorted(state.admitted[b].code for b in own.in_round)
    if state.method == "DESCENDING":
        said["falling"] = _falling(state, late_ms)
    return said


def _falling(state: LotState, late_ms: int | None) -> dict[str, Any]:
    """Enough for a page to show the price and the next step by the server's clock."""
    descent, falling = state.params.descent, state.life.falling
    assert descent is not None
    return {
        "step": 0 if falling is None else falling.step,
        "from_ms": state.params.start_ms if falling is None else falling.from_ms,
        "interval_ms": descent.interval_ms,
        "prices_minor": list(descending.ladder(state.params)),
        "draw": descent.draw_same_step,
        "late_ms": late_ms,
    }


def falling_at(state: LotState, at_ms: int) -> dict[str, Any]:
    """The step that stands at `at_ms`, its price, until when it stands, and what comes after.

    `until_ms` is None while nothing falls; `coming` are up to four later prices with their moment.
    """
    descent, falling = state.params.descent, state.life.falling
    assert descent is not None
    prices = descending.ladder(state.params)
    if state.price_minor is None:
        step = descending.step_at(state, at_ms)
    else:
        step = prices.index(state.price_minor)
    first, begun_ms = (0, state.params.start_ms) if falling is None else falling[:2]
    runs = state.leader is None and state.phase in ("scheduled", "open")
    begins = [begun_ms + (n - first) * descent.interval_ms for n in range(step, step + 6)]
    return {
        "step": step,
        "price_minor": prices[step],
        "until_ms": begins[1] if runs else None,
        "coming": [
            {"price_minor": prices[n], "at_ms": begins[n - step]}
            for n in range(step + 1, min(step + 5, len(prices)))
            if runs
        ],
    }
