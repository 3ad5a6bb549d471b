"""A small drawing of prices reached: the quartiles as a box, each sale as a tick."""

from typing import NamedTuple

from auction_engine.desk.search.similar import Prices

WIDTH, HEIGHT = 640, 88
_MARGIN = 12


class Plot(NamedTuple):
    """Places in a drawing of WIDTH times HEIGHT; `own` is where this lot stands."""

    low: float
    lower: float
    middle: float
    upper: float
    high: float
    own: float
    ticks: tuple[float, ...]


def drawn(prices: Prices, own_minor: int) -> Plot:
    """Where everything stands, from the lowest price to the highest."""
    low = min(prices.low, own_minor)
    span = max(prices.high, own_minor) - low or 1

    def at(minor: int) -> float:
        return round(_MARGIN + (WIDTH - 2 * _MARGIN) * (minor - low) / span, 1)

    lower, middle, upper = map(at, prices.quarters)
    ticks = tuple(sorted({at(point) for point in prices.points}))
    return Plot(at(prices.low), lower, middle, upper, at(prices.high), at(own_minor), ticks)
