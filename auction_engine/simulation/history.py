"""What people asked for and were told: the witness against the ledger."""

from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]  # a journal entry, decoded
# Answers after which nothing of a bid is recorded. UNKNOWN_LOT is none of them: it tells how it is
# now, and a second copy, which a gateway in doubt has sent, may find the lot listed.
NOTHING_RECORDED = ("BUSY", "RATE_LIMITED", "BID_ID_REUSED")


@dataclass(slots=True)
class Answer:
    """What was heard of a bid: its journal entry or an error code."""

    at_s: float
    entry: Entry | None
    code: str | None


@dataclass(slots=True)
class Sent:
    """One bid as one person means it, however often its page sends it.

    `deliveries` counts the gateways it was handed to; `done` is set when its sender wants nothing
    more of it.
    """

    shard: int
    lot: int
    bidder: int
    bid_id: str
    amount_minor: int
    how: dict[str, Any] | None
    first_s: float
    deliveries: int = 0
    done: bool = False
    answers: list[Answer] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, str]:
        return self.bidder, self.bid_id

    def is_in(self, entry: Entry) -> bool:
        """Whether `entry`, recorded under this key, records this very bid."""
        same = (entry["lot"], entry["amount_minor"]) == (self.lot, self.amount_minor)
        return same and _automatic(entry.get("how")) == _automatic(self.how)

    @property
    def told_nothing_is_recorded(self) -> bool:
        """Whether every single delivery was answered, and each with an error."""
        codes = [answer.code for answer in self.answers]
        return 0 < len(codes) == self.deliveries and all(c in NOTHING_RECORDED for c in codes)


def _automatic(how: dict[str, Any] | None) -> bool:
    return how is not None and "automatic" in how


@dataclass(slots=True)
class Order:
    """A command of staff that was confirmed: `kind` of the entry it must have left."""

    kind: str
    lot: int
    bidder: int | None = None


@dataclass(slots=True)
class Done:
    """An act in the life of a lot, given once: how often its mark may be in the journal.

    `confirmed` is None where nobody said whether it was done.
    """

    lot: int
    name: str
    mark: str
    confirmed: bool | None = None


@dataclass(slots=True)
class History:
    """Everything that was sent and answered in one run."""

    bids: list[Sent] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    acts: list[Done] = field(default_factory=list)
    # Entries as gateways were told them: canonical bytes by lot and number.
    told: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def unanswered(self) -> list[Sent]:
        return [bid for bid in self.bids if not bid.done]
