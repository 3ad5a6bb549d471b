"""The state of one lot, as far as the rules need it."""

from typing import Literal, NamedTuple

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import LotParams

Phase = Literal["scheduled", "open", "closed"]


class Bidder(NamedTuple):
    code: str
    robot: bool


class LotState(NamedTuple):
    """A value: every event gives a new one, so a batch that fails is simply forgotten.

    `accepted` counts accepted bids (the last one's number), `refused` the refused ones.
    `end_ms` is the end in force, None when the auctioneer closes.
    """

    params: LotParams
    phase: Phase
    end_ms: int | None
    admitted: dict[int, Bidder]  # never changed in place
    price_minor: int | None = None
    leader: int | None = None
    accepted: int = 0
    refused: int = 0
    extensions: int = 0
    extended_by: int | None = None

    @property
    def leader_code(self) -> str | None:
        return None if self.leader is None else self.admitted[self.leader].code


def minimum_minor(state: LotState) -> int | None:
    """The lowest amount a new bidder could validly bid, or None when nothing would do.

    Law 01/2016 Arts. 5(1), 41(2)b: the first bid may equal the starting price, each later one
    must exceed the last by at least the increment.
    """
    if state.phase == "closed":
        return None
    if state.price_minor is None:
        return state.params.starting_price_minor
    minimum = state.price_minor + state.params.increment_minor
    return minimum if minimum <= MAX_AMOUNT_MINOR else None
