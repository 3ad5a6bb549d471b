"""Automatic bids: a secret maximum that is bid only as far as the others make it necessary.

The earlier of two equal maxima leads. Raising one's own maximum never raises the price against
oneself: only a lead that the old maximum kept below the full step over the next bidder is brought
up to that step, which is what the auction rules ask of every bid.
"""

from auction_engine.rules.admission import barred
from auction_engine.rules.commands import Bid
from auction_engine.rules.events import BidAccepted, BidAutomatic, Event, MaximumSet
from auction_engine.rules.increments import step_minor
from auction_engine.rules.lot import LotState, standings
from auction_engine.rules.money import MAX_AMOUNT_MINOR


def own_maximum(state: LotState, bidder: int) -> int:
    """What the bidder's offers go up to: the maximum set, or the price if that is higher."""
    maximum = state.life.maxima.get(bidder, (0, 0))[0]
    price = state.price_minor or 0
    return max(maximum, price) if state.leader == bidder else maximum


def least_raise(state: LotState, bidder: int) -> int | None:
    """The lowest maximum that would be more than the bidder's own, or None where none is."""
    multiples = state.params.increment_rule in ("FROM_START_MULTIPLE", "FROM_CURRENT_MULTIPLE")
    more = own_maximum(state, bidder) + (state.params.increment_minor if multiples else 1)
    return more if more <= MAX_AMOUNT_MINOR else None


def bid(state: LotState, offer: Bid, events: list[Event]) -> int:
    """Append what a valid offer comes to on a lot with maxima; the last accepted bid's number."""
    contest = _Contest(state, events)
    rival = state.leader if state.leader != offer.bidder else None
    limit = 0 if rival is None else _limit(state, rival)
    if offer.automatic:
        events.append(MaximumSet(offer.bidder, offer.bid_id, offer.amount_minor, offer.how))
        _maximum(state, offer, contest, rival, limit)
        return contest.number
    if rival is not None and contest.price < limit <= offer.amount_minor:
        # The rival's last offer, so that it is known who is next; only where both still fit, or
        # where they are equal and the earlier leads.
        fits = limit + step_minor(state.params, limit) <= offer.amount_minor
        if fits or limit == offer.amount_minor:
            contest.raise_to(rival, limit)
    contest.number += 1
    contest.price = offer.amount_minor
    events.append(
        BidAccepted(offer.bidder, offer.bid_id, offer.amount_minor, contest.number, offer.how)
    )
    if rival is not None and limit > offer.amount_minor:
        contest.answer(rival, limit)
    return contest.number


def _maximum(
    state: LotState, offer: Bid, contest: "_Contest", rival: int | None, limit: int
) -> None:
    """What a new maximum bids at once, against a rival whose offers go up to `limit`."""
    bidder, maximum = offer.bidder, offer.amount_minor
    if state.leader == bidder:
        full = _full_step(state, bidder)
        if full is not None:
            contest.raise_to(bidder, min(maximum, full))
    elif rival is None:
        contest.raise_to(bidder, state.params.starting_price_minor)
    elif maximum > limit:
        contest.raise_to(rival, limit)
        contest.raise_to(bidder, min(maximum, limit + step_minor(state.params, limit)))
    else:
        if maximum == limit:
            contest.raise_to(rival, limit)  # the earlier of equals is first on record too
        contest.bid(bidder, maximum)
        if maximum < limit:
            contest.answer(rival, limit)


def _limit(state: LotState, rival: int) -> int:
    """How far the leader's maximum goes; nowhere in a round or phase that is not his."""
    if barred(state, rival) is not None:
        return state.price_minor or 0
    return own_maximum(state, rival)


def _full_step(state: LotState, leader: int) -> int | None:
    """The next bidder's best plus the step: more is never needed of the leader."""
    for standing in standings(state):
        if standing.bidder != leader:
            return standing.amount_minor + step_minor(state.params, standing.amount_minor)
    return None


class _Contest:
    """The price as it goes up between two offers."""

    def __init__(self, state: LotState, events: list[Event]) -> None:
        self._params = state.params
        self._events = events
        self.price = state.price_minor or 0
        self.number = state.accepted

    def raise_to(self, bidder: int, amount_minor: int) -> None:
        """Bid for `bidder`, unless the price is there already."""
        if amount_minor > self.price:
            self.bid(bidder, amount_minor)

    def answer(self, rival: int, limit: int) -> None:
        """The leader before goes above the price again, by a step if his limit leaves one."""
        self.bid(rival, min(limit, self.price + step_minor(self._params, self.price)))

    def bid(self, bidder: int, amount_minor: int) -> None:
        """Bid for `bidder` at or above the price."""
        self.number += 1
        self.price = amount_minor
        self._events.append(BidAutomatic(bidder, amount_minor, self.number))
