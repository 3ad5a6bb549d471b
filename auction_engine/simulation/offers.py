"""What a bidder of each style offers for a lot as it stands."""

import random
from typing import Any

from auction_engine.rules.descending import price_at, step_at
from auction_engine.rules.lot import LotState, minimum_minor
from auction_engine.rules.money import MAX_AMOUNT_MINOR

Offer = tuple[int, dict[str, Any] | None]  # amount, what the bid says beside it


def may_bid(state: LotState, account: int) -> bool:
    """Whether a bid of this account could be accepted now."""
    in_round = state.life.in_round
    if account not in state.admitted or account == state.leader or account in state.life.out:
        return False
    return in_round is None or account in in_round


def offer_for(state: LotState, style: str, now_ms: int, chance: random.Random) -> Offer | None:
    """The offer, None for none at this moment. A "prober" offers what must be accepted."""
    if state.method == "DESCENDING":
        return _acceptance(state, style, now_ms, chance)
    least = minimum_minor(state)
    if least is None:
        return None
    if state.params.automatic_bids and style != "prober" and chance.random() < 0.4:
        return least * chance.randint(1, 5), {"automatic": True}
    return _amount(least, style, chance), None


def _amount(least: int, style: str, chance: random.Random) -> int:
    if style == "overbidder":
        # Much more than is needed, sometimes all there is.
        if chance.random() < 0.01:
            return MAX_AMOUNT_MINOR
        return least + chance.randint(0, 2 * least)
    if style in ("ladder", "sniper", "prober"):
        return least
    # About the least, from a page that may be behind.
    return max(1, least + chance.choice((-10, -1, 0, 0, 1, 25)))


def _acceptance(state: LotState, style: str, now_ms: int, chance: random.Random) -> Offer | None:
    """Accept the price that stands, as the page sees it; most wait for a lower one."""
    if style != "prober" and chance.random() < 0.9:
        return None
    step, price = step_at(state, now_ms), price_at(state, now_ms)
    if style in ("misuser", "two tabs") and chance.random() < 0.3:
        step += chance.choice((-1, 1))  # a page that is behind, or cheats
    return price, {"step": max(0, step)}
