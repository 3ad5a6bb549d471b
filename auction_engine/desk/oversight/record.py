"""What all parts of oversight share: refusals, days, limits."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from auction_engine.desk.complaints.record import Sealer
from auction_engine.errors import AuctionError

__all__ = ["Sealer"]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# In letters.
MOST_NUMBER, MOST_AUTHORITY, MOST_REASON, MOST_ARTICLES, MOST_TEXT = 60, 200, 4_000, 300, 8_000
# Where a lot's bidding, and with it who took part, is still nobody's business.
NOT_OVER = ("BIDDING_CLOSED", "AWAIT_OWNER_CONSENT", "LEADER_DETERMINED", "PAUSED")


class OversightError(AuctionError):
    """Something cannot be recorded or shown. `code` is stable; nothing was done."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def today() -> date:
    """The local day."""
    return datetime.now(UTC).astimezone(ZONE).date()
