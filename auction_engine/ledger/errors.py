"""What can go wrong in the ledger, told so that the caller knows what to do next.

LedgerError
├── OwnershipLost      another recorder owns the shard: stop writing, do not retry
├── ClockInDoubt       the log is ahead of the ledger's clock: wait, then decide again
└── BidIdTaken         bid ids of this batch are already recorded: decide again without them
"""

from auction_engine.errors import AuctionError


class LedgerError(AuctionError):
    """Base of the ledger's errors."""


class OwnershipLost(LedgerError):
    """The shard's epoch is no longer ours."""


class ClockInDoubt(LedgerError):
    """The batch's log time is ahead of the ledger's clock; nothing of the batch was written."""


class BidIdTaken(LedgerError):
    """A (bidder, bid_id) of the batch already has a row; nothing of the batch was written."""
