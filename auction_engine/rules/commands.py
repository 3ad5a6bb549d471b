"""What can be asked of a lot. A command says who wants what; when, is the log's to say."""

from dataclasses import dataclass

from auction_engine.rules.params import LotParams


@dataclass(frozen=True, slots=True)
class ListLot:
    """Put the lot up under these parameters. The first command of every lot."""

    params: LotParams


@dataclass(frozen=True, slots=True)
class Admit:
    """Let a bidder in under a public code that hides who it is (Decree 62/2017 Art. 13(5))."""

    bidder: int
    code: str
    robot: bool = False


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer of `amount_minor`, already checked by `money.check_amount_minor`."""

    bidder: int
    bid_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: do what is due."""


@dataclass(frozen=True, slots=True)
class CloseLot:
    """The auctioneer ends the bidding (only where the parameters say the auctioneer closes)."""


Command = ListLot | Admit | Bid | Tick | CloseLot


class CommandRefused(Exception):
    """A command by staff or system that the lot's state does not allow; nothing is recorded.

    Bids never raise this: a refused bid is an event with its reason.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
