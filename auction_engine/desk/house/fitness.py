"""Who may conduct a lot: his card is good, and he is related to nobody concerned by it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from auction_engine.desk.house import cards
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.house.relations import RELATIVES

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
ARTICLE = "Law 01/2016/QH14 Art. 38(4)"
_CONCERNED = """
    SELECT 1 FROM staff_relation r WHERE r.account_id = $1 AND r.ended_at IS NULL
       AND ((r.kind = 'PARTY' AND r.lot_id = ANY($2::bigint[]))
         OR (r.kind = ANY($3::text[]) AND EXISTS (
             SELECT 1 FROM dossier d WHERE d.lot_id = ANY($2::bigint[])
                AND d.state IN ('SENT', 'RETURNED', 'ADMITTED')
                AND d.marks @> ARRAY[r.mark])))
     LIMIT 1
"""


def today() -> date:
    """The day it is where the auctions are."""
    return datetime.now(UTC).astimezone(_ZONE).date()


async def check(connection: Any, body: int, account: int, lots: Iterable[int], on: date) -> None:
    """Return if the account may conduct these lots on that day.

    Whom a conflict is with is not said: who takes part is nobody's to know by appointing people.
    Raises HouseError NO_DUTY, NO_CARD, CARD_EXPIRED, CONFLICT.
    """
    duty = await connection.fetchval(
        "SELECT 1 FROM body_duty WHERE account_id = $1 AND duty = 'AUCTIONEER'", account
    )
    if duty is None:
        raise HouseError("NO_DUTY", "This account is no auctioneer of the organisation.")
    await cards.check(connection, body, account, on)
    concerned = await connection.fetchval(_CONCERNED, account, list(lots), ["SELF", *RELATIVES])
    if concerned is not None:
        raise HouseError(
            "CONFLICT",
            f"This auctioneer is related to somebody concerned by the lot ({ARTICLE}).",
        )
