"""Recorded bids as secret maxima: the table of steps, the closed formula, and why a lot differs.

The recorded auctions took every bid as a maximum and showed only what the second highest made
necessary. The formula min(second maximum + step, highest maximum) needs no order of bids; the
engine gets there bid by bid.
"""

from typing import Literal

from auction_engine.replay.reader import RecordedLot

# Price in cents below which the step holds; the last without limit.
INCREMENTS: tuple[tuple[int | None, int], ...] = (
    (100, 5),
    (500, 25),
    (2_500, 50),
    (10_000, 100),
    (25_000, 250),
    (50_000, 500),
    (100_000, 1_000),
    (250_000, 2_500),
    (500_000, 5_000),
    (None, 10_000),
)
Difference = Literal["RESERVE", "ONE_BIDDER", "ORDER", "UNEXPLAINED"]
SENTENCES: dict[Difference, str] = {
    "RESERVE": "the published price is above what the second maximum and one step explain: "
    "a reserve, or a bid the recording does not have",
    "ONE_BIDDER": "only one bidder is recorded, and he paid more than the opening bid: a reserve",
    "ORDER": "a recorded maximum came below the minimum in the order of the file: bids of the same "
    "second are recorded in another order than they were made",
    "UNEXPLAINED": "the recording does not explain the published price",
}


def formula_minor(lot: RecordedLot) -> int:
    """The price that the maxima alone explain, in cents."""
    maxima: dict[str, int] = {}
    for bid in lot.bids:
        maxima[bid.bidder] = max(maxima.get(bid.bidder, 0), bid.amount_minor)
    highest = sorted(maxima.values(), reverse=True)
    if len(highest) < 2:
        return lot.opening_minor
    return min(highest[1] + step_minor(highest[1]), highest[0])


def step_minor(price_minor: int) -> int:
    """The step over a price, in cents."""
    return next(step for below, step in INCREMENTS if below is None or price_minor < below)


def why(lot: RecordedLot, final_minor: int | None) -> Difference | None:
    """Why the price differs from the published one; None if it does not."""
    if final_minor == lot.published_minor:
        return None
    if formula_minor(lot) == lot.published_minor:
        return "ORDER"
    if len({bid.bidder for bid in lot.bids}) < 2:
        return "ONE_BIDDER"
    return "RESERVE" if lot.published_minor > formula_minor(lot) else "UNEXPLAINED"
