"""What is due for the lots of a book: the law's days, and the payments that carry a day.

The days that have come are read off each lot's journal; what is still open off the book.
"""

from datetime import date
from typing import Any

import orjson

from auction_engine.desk.money.requests import day_of
from auction_engine.desk.reading import Lots
from auction_engine.rules import packs
from auction_engine.rules.calendar import CalendarError
from auction_engine.rules.deadlines import Facts
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings.chart import BookKind
from auction_engine.rules.proceeds.dues import Due, Known, dues

_TURNS = (
    "minutes.signed", "payment.recorded", "payment.covered", "payment.extended", "lot.delivered",
    "title.filed", "proceeds.distributed", "lot.failed", "price.cut", "in_kind.offered",
    "lot.closed",
)  # fmt: skip
_OPEN = ("DUE", "PREPARED", "ORDERED", "FAILED")


async def due_now(
    connection: Any, lots: Lots, book: int, kind: BookKind, numbers: list[int], now_ms: int
) -> list[Due]:
    """What is due for these lots and for whoever keeps this kind of book, most urgent first."""
    states = await lots.read(connection, numbers)
    days = await _days(connection, [lot for lot in numbers if lot in states])
    open_payouts = await _open_payouts(connection, book, numbers)
    found: list[Due] = []
    for lot, now in states.items():
        pack_id = now.state.params.pack
        if pack_id is None or now.state.params.terms is None:
            continue
        known = _known(lot, now.state, days.get(lot, {}), open_payouts.get(lot, {}))
        try:
            found += dues(packs.load(pack_id), known, now_ms)
        except CalendarError:
            continue  # a day nobody has a calendar for yet
    return sorted(_mine(found, kind), key=lambda due: (due.due_ms, due.lot, due.key))


def _mine(found: list[Due], kind: BookKind) -> list[Due]:
    """What this desk must do or watch over."""
    if kind == "AGENCY":
        return [due for due in found if due.what not in ("REFUND", "DOSSIER_FEE", "ABSENCE")]
    return [due for due in found if due.actor == "ORGANISATION" or due.what == "ABSENCE"]


async def _days(connection: Any, numbers: list[int]) -> dict[int, dict[str, int]]:
    """The log time of the last of each of `_TURNS`, by lot; of `lot.opened` the first."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (lot_id, kind) lot_id, kind, body FROM journal"
        " WHERE lot_id = ANY($1::bigint[]) AND kind = ANY($2::text[])"
        " ORDER BY lot_id, kind, seq DESC",
        numbers,
        list(_TURNS),
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["lot_id"], {})[row["kind"]] = orjson.loads(row["body"])["at_ms"]
    return found


async def _open_payouts(
    connection: Any, book: int, numbers: list[int]
) -> dict[int, dict[str, int]]:
    rows = await connection.fetch(
        "SELECT lot_id, kind, count(*) AS n FROM payout WHERE book_id = $1"
        " AND lot_id = ANY($2::bigint[]) AND state = ANY($3::text[]) GROUP BY lot_id, kind",
        book,
        numbers,
        list(_OPEN),
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["lot_id"], {})[row["kind"]] = row["n"]
    return found


def _known(lot: int, state: LotState, at: dict[str, int], payouts: dict[str, int]) -> Known:
    status, life = state.status, state.life
    terms = state.params.terms
    assert terms is not None

    def day(*kinds: str) -> date | None:
        times = [at[kind] for kind in kinds if kind in at]
        return day_of(state, max(times)) if times else None

    paid = status in ("PAID", "DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED")
    refunds = payouts.get("REFUND", 0)
    return Known(
        lot=lot,
        course=Facts(
            opening=day_of(state, state.params.start_ms),
            kind="immovable",
            round=terms.failures + 1,
            ended=day("lot.closed"),
            paid=day("payment.recorded", "payment.covered") if paid else None,
            delivered=day("lot.delivered"),
            failed=day("lot.failed"),
        ),
        refunds_open=refunds,
        absences_open=len(life.claims) if status == "BIDDING_CLOSED" else 0,
        payment_open=status == "AWAIT_PAYMENT",
        payment_extended="payment.extended" in at,
        title_open=status == "DELIVERED",
        payouts_open=sum(payouts.values()) - refunds,
        failure_told=False,
        cut_decided="price.cut" in at or status == "PRICE_CUT",
        in_kind="TELL" if status == "IN_KIND_OFFER" else None,
        on_hold=bool(life.holds),
    )
