"""The descending method (phương thức đặt giá xuống): the price as a function of the log's time."""

from functools import lru_cache

from auction_engine.rules.admission import barred
from auction_engine.rules.commands import Bid
from auction_engine.rules.events import BidAccepted, BidRefused, Event, Reason, Turn
from auction_engine.rules.lot import Falling, LotState
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import BASIS_POINTS, Descent, ParamsError

# Pages get the whole way down with every update; the longest of the packs has a hundred steps.
MOST_STEPS = 1_000


@lru_cache(maxsize=1024)
def prices_minor(start_minor: int, descent: Descent) -> tuple[int, ...]:
    """The price of every step, from the starting price to the floor (minor units).

    Law 01/2016 Art. 5(4), (9). The last step may be smaller, so that the floor itself is offered.
    Raises ParamsError for more than `MOST_STEPS`.
    """
    if descent.shape == "TABLE":
        return (start_minor, *descent.prices)
    floor = descent.floor_minor
    assert floor is not None
    prices = [start_minor]
    while prices[-1] > floor:
        if len(prices) > MOST_STEPS:
            raise ParamsError("descent", f"the price would fall in more than {MOST_STEPS} steps")
        prices.append(max(floor, _next_minor(start_minor, descent, prices)))
    return tuple(prices)


def _next_minor(start: int, descent: Descent, prices: list[int]) -> int:
    if descent.shape == "LINEAR":
        assert descent.step_minor is not None
        return prices[-1] - descent.step_minor
    assert descent.step_bp is not None
    if descent.shape == "PERCENT_OF_START":
        lower = start - start * descent.step_bp * len(prices) // BASIS_POINTS
    else:
        lower = prices[-1] * (BASIS_POINTS - descent.step_bp) // BASIS_POINTS
    return min(lower, prices[-1] - 1)  # rounding never makes a step of nothing


def ladder(params: LotParams) -> tuple[int, ...]:
    """The lot's prices, step by step."""
    assert params.descent is not None
    return prices_minor(params.starting_price_minor, params.descent)


def step_at(state: LotState, at_ms: int) -> int:
    """The step whose price stands at log time `at_ms`; a pause holds it."""
    falling, descent = state.life.falling, state.params.descent
    assert descent is not None
    if falling is None:
        return 0
    if state.phase == "paused" and state.life.since_ms is not None:
        at_ms = min(at_ms, state.life.since_ms)
    passed = max(0, at_ms - falling.from_ms) // descent.interval_ms
    return int(min(falling.step + passed, len(ladder(state.params)) - 1))


def price_at(state: LotState, at_ms: int) -> int:
    """The price that stands at log time `at_ms` (minor units)."""
    return ladder(state.params)[step_at(state, at_ms)]


def end_of(params: LotParams, falling: Falling) -> int:
    """When the last price has stood for its time (UTC ms)."""
    assert params.descent is not None
    left = len(ladder(params)) - falling.step
    return falling.from_ms + left * params.descent.interval_ms


def bid(state: LotState, offer: Bid, at_ms: int, events: list[Event]) -> bool:
    """Append what an acceptance comes to; whether the lot's bidding is over with it."""
    reason, price = _reason_against(state, offer, at_ms)
    if reason is not None:
        events.append(
            BidRefused(offer.bidder, offer.bid_id, offer.amount_minor, reason, price, offer.how)
        )
        return False
    assert state.params.descent is not None
    number = state.accepted + 1
    events.append(BidAccepted(offer.bidder, offer.bid_id, offer.amount_minor, number, offer.how))
    if not state.params.descent.draw_same_step:
        return True
    if state.leader is None:
        # Everybody who accepts within this step is equal: they wait for its end together.
        falling, interval_ms = state.life.falling, state.params.descent.interval_ms
        assert falling is not None
        passed = step_at(state, at_ms) - falling.step + 1
        data = {"end_ms": falling.from_ms + passed * interval_ms}
        events.append(Turn("acceptance.awaited", state.status, data))
    return False


def _reason_against(state: LotState, offer: Bid, at_ms: int) -> tuple[Reason | None, int | None]:
    if state.phase == "scheduled":
        return "NOT_OPEN_YET", state.params.starting_price_minor
    if state.phase == "closed":
        return ("CLOSED" if state.leader is None else "TOO_LATE"), None
    if offer.bidder not in state.admitted:
        return "NOT_ADMITTED", None
    if (reason := barred(state, offer.bidder)) is not None:
        return reason, None
    price = price_at(state, at_ms)
    if state.phase == "paused":
        return "PAUSED", price
    if offer.automatic:
        return "NO_AUTOMATIC_BIDS", price
    if _has_accepted(state, offer.bidder):
        return "ALREADY_ACCEPTED", None
    if offer.step != step_at(state, at_ms) or offer.amount_minor != price:
        return "STALE_PRICE", price
    return None, None


def _has_accepted(state: LotState, bidder: int) -> bool:
    node = state.book
    while node is not None:
        if node.bidder == bidder:
            return True
        node = node.below
    return False
