"""What can be asked of a lot. A command says who wants what; when, is the log's to say."""

from dataclasses import dataclass, field
from typing import Any, Literal

from auction_engine.rules.params import LotParams

Role = Literal[
    "AGENCY",
    "ORGANISATION",
    "AUCTIONEER",
    "RECORDER",
    "BIDDER",
    "PROCURATOR",
    "COURT",
    "CLOCK",
]


@dataclass(frozen=True, slots=True)
class DraftLot:
    """Begin a lot's file with the parameters it is meant to have."""

    params: LotParams


@dataclass(frozen=True, slots=True)
class ListLot:
    """Put the lot up under these parameters: from now on they are frozen."""

    params: LotParams


@dataclass(frozen=True, slots=True)
class Admit:
    """Let a bidder in under a public code that hides who it is (Decree 62/2017 Art. 13(5))."""

    bidder: int
    code: str
    robot: bool = False


@dataclass(frozen=True, slots=True)
class Enter:
    """An admitted bidder is in the room (Decree 62/2017 Art. 10(3): who never is, was absent)."""

    bidder: int


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer of `amount_minor`, already checked by `money.check_amount_minor`.

    `step` is the price step that an acceptance saw (descending lots, and only they). `automatic`
    makes the amount a secret maximum, bid only as far as needed. `confirmed`: the bidder has
    confirmed an unusual amount in words.
    """

    bidder: int
    bid_id: str
    amount_minor: int
    step: int | None = None
    automatic: bool = False
    confirmed: bool = False

    @property
    def how(self) -> dict[str, Any] | None:
        """What goes into the journal beside the amount, None for a plain bid."""
        if self.step is None and not self.automatic and not self.confirmed:
            return None
        # Step 0 is the starting price, not the absence of a step.
        said: dict[str, Any] = {} if self.step is None else {"step": self.step}
        flags = {"automatic": self.automatic, "confirmed": self.confirmed}
        return said | {name: True for name, value in flags.items() if value}


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed bid; nobody here can read `box`, whose shape `sealing.check_box` has checked."""

    bidder: int
    bid_id: str
    box: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: do what is due."""


@dataclass(frozen=True, slots=True)
class CloseLot:
    """The auctioneer ends the bidding (only where the parameters say the auctioneer closes)."""


@dataclass(frozen=True, slots=True)
class Act:
    """An act of a person in the life of the lot: one row of `lifecycle.ROWS`.

    `actor` is the account (a bidder's, for what bidders do), `data` the act's own fields: plain
    JSON values, checked by the rules.
    """

    name: str
    role: Role
    actor: int
    reason: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


Command = DraftLot | ListLot | Admit | Enter | Bid | Seal | Tick | CloseLot | Act


class CommandRefused(Exception):
    """A command by staff or system that the lot's state does not allow; nothing is recorded.

    Bids never raise this: a refused bid is an event with its reason.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
