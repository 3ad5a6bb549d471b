"""The days that count for an asset, each with its article: from the table of deadlines of the pack.

Before there is a session, what is counted from its opening is not known and not shown.
"""

from datetime import date
from typing import Any

from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Asset
from auction_engine.rules import packs
from auction_engine.rules.calendar import CalendarError, local_day
from auction_engine.rules.deadlines import Deadline, Facts, deadlines

# Of the agency's own concern, by what they are counted from.
_SHOWN = (
    "revaluation_request", "service_contract", "service_contract_fallback", "priority_first",
    "priority_pay", "auction_within", "priority_later", "redemption", "failure_notice",
    "cut_decided", "in_kind_debtor_told", "in_kind_debtor_pays", "in_kind_creditor_pays",
    "payment", "payment_extended", "delivery", "title_papers", "payout",
)  # fmt: skip
_OF_OPENING = frozenset({"priority_later", "redemption"})
_FACTS = f"""
    SELECT (SELECT max({record.VALID_ON}) FROM case_notice n
             WHERE n.asset_id = a.id AND n.kind = 'VALUATION') AS notified_value,
           (SELECT max({record.VALID_ON}) FROM case_notice n
             WHERE n.asset_id = a.id AND n.kind = 'PRIORITY') AS priority_notified,
           (SELECT signed_on FROM service_contract c WHERE c.id = a.contract_id) AS contract,
           (SELECT max(e.at) FROM asset_entry e
             WHERE e.asset_id = a.id AND e.kind = 'failed') AS failed
      FROM asset a WHERE a.id = $1
"""  # noqa: S608


async def of_asset(
    connection: Any, asset: Asset, opening_ms: int | None, ended_ms: int | None = None
) -> list[Deadline]:
    """The deadlines that are known now, by day. `opening_ms`, `ended_ms`: of its lot, UTC ms."""
    row = await connection.fetchrow(_FACTS, asset.id)
    zone = packs.load(record.PACK).timezone
    opening = None if opening_ms is None else local_day(opening_ms, zone)
    ended = None if ended_ms is None else local_day(ended_ms, zone)
    failed = None if row["failed"] is None else record.today(row["failed"])
    if asset.state not in ("FAILED", "IN_KIND"):
        failed = None
    facts = Facts(
        opening=opening or record.today(asset.created_at),
        kind="movable" if asset.movable else "immovable",
        round=asset.failures + 1,
        notified_value=row["notified_value"],
        priority_notified=row["priority_notified"],
        contract=row["contract"],
        ended=ended,
        failed=failed,
    )
    return _known(facts, opening)


def _known(facts: Facts, opening: date | None) -> list[Deadline]:
    try:
        every = deadlines(packs.load(record.PACK), facts)
    except CalendarError:
        return []  # a day nobody has a calendar for yet
    return [
        one
        for one in every
        if one.key in _SHOWN
        and not one.assumed
        and (opening is not None or one.key not in _OF_OPENING)
    ]
