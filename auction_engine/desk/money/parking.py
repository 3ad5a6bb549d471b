"""Money that waits for the delivery lies in a term deposit (Decree 152/2026 Arts. 30(7), 65(2)).

The bank tells of it as of anything else: a debit nobody ordered by file, later a credit with the
interest. A person says what both were.
"""

from datetime import date
from typing import Any

from auction_engine.desk.money import causes, holders, record
from auction_engine.desk.money.payouts import Payout, plan
from auction_engine.desk.money.record import MoneyError, act
from auction_engine.desk.money.suspense import close, opened, patient
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar, packs
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings import chart
from auction_engine.rules.postings import proceeds as postings
from auction_engine.rules.postings.entry import Cause, Name
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.interest import by_term

_WAITS = ("PAID", "DELIVERED", "TITLE_FILED")


@patient
async def park(
    connection: Any, lots: Lots, book: int, line: int, lot: int, account: int, reason: str
) -> int:
    """A debit of the bank put a lot's money into a term deposit. Returns the term's number.

    Raises MoneyError: NO_REASON, UNKNOWN_LINE, SETTLED, NOT_TAKEN (it is no debit), UNKNOWN_LOT,
    NOTHING_WAITS (no money of this lot waits for a delivery), TOO_MUCH.
    """
    _reason(reason)
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        row = await opened(connection, book, line)
        if row["amount_minor"] > 0:
            raise MoneyError("NOT_TAKEN", "This money came in; a term deposit is money put away.")
        state = await _state(connection, lots, lot)
        price = await books.balance(
            connection, book, Name("LIAB.PURCHASE_PRICE", chart.of_lot(lot))
        )
        if state.status not in _WAITS or not price:
            raise MoneyError("NOTHING_WAITS", "No money of this lot waits for a delivery here.")
        amount = -int(row["amount_minor"])
        if amount > price - await _parked(connection, book, lot):
            raise MoneyError("TOO_MUCH", "That is more than what was paid for this lot.")
        term = 1 + await _terms(connection, book, lot)
        body = {"line": line, "lot": lot, "term": term}
        number = await act(connection, book, account, "park", body, reason)
        entry = postings.parked(book, lot, term, line, amount, Cause("ACT", number))
        await books.post(connection, [entry], row["booked_on"])
        await close(connection, line, "PARKED", number)
    return term


@patient
async def mature(
    connection: Any,
    lots: Lots,
    book: int,
    line: int,
    lot: int,
    term: int,
    account: int,
    reason: str,
) -> int:
    """A credit of the bank is a term deposit that came back. Returns its interest, minor units.

    What it earned in the time for delivery joins the estate, later interest is the buyer's. Raises
    MoneyError: NO_REASON, UNKNOWN_LINE, SETTLED, NOT_OURS, UNKNOWN_LOT, UNKNOWN_TERM, TOO_LITTLE,
    and the rules' own (NO_PARKING, BAD_DAYS).
    """
    _reason(reason)
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        row = await opened(connection, book, line)
        if row["amount_minor"] < 0:
            raise MoneyError("NOT_OURS", "The bank took this money; nothing came back with it.")
        state = await _state(connection, lots, lot)
        amount = await books.balance(connection, book, Name("BANK.TERM", chart.of_term(lot, term)))
        if not amount:
            raise MoneyError("UNKNOWN_TERM", "There is no such term deposit, or it came back.")
        left = await books.balance(connection, book, Name("LIAB.SUSPENSE", chart.of_line(line)))
        if left < amount:
            raise MoneyError("TOO_LITTLE", "That is less than what was put away.")
        since = await connection.fetchval(
            "SELECT booked_on FROM transfer WHERE key = $1", f"park:{chart.of_term(lot, term)}"
        )
        found = await _split(connection, state, lot, left - amount, since, row["booked_on"])
        body = {"line": line, "lot": lot, "term": term}
        number = await act(connection, book, account, "mature", body, reason)
        cause = Cause("ACT", number)
        entry = postings.matured(book, lot, term, amount, found, cause, [(line, left)])
        await books.post(connection, [entry], row["booked_on"])
        if found.buyer_minor:
            await _owe_buyer(connection, book, state, lot, term, found.buyer_minor)
        await close(connection, line, "MATURED", number)
    return left - amount


async def _split(
    connection: Any, state: LotState, lot: int, interest_minor: int, since: date, until: date
) -> Any:
    pack = packs.load(state.params.pack or "")
    try:
        return by_term(
            pack.parking,
            interest_minor,
            since,
            until,
            await _deliver_by(connection, state, lot),
            annulled=state.status == "ANNULLED",
        )
    except ProceedsError as error:
        raise MoneyError(error.code, str(error)) from None


async def _deliver_by(connection: Any, state: LotState, lot: int) -> date:
    """The last day for the delivery: so long after the price was paid in full."""
    pack = packs.load(state.params.pack or "")
    found = await causes.of_kind(connection, lot, "payment.recorded", "payment.covered")
    paid_ms = max(since.at_ms for since in found.values())
    day = calendar.local_day(paid_ms, pack.timezone)
    return calendar.after(calendar.load(pack.calendar), day, pack.delivery.due)


async def _owe_buyer(
    connection: Any, book: int, state: LotState, lot: int, term: int, amount_minor: int
) -> None:
    """Late interest is paid to the buyer; where the sale is undone it goes with the price."""
    if state.status in ("ANNULLED", "RESCINDED_BY_BUYER") or state.life.winner is None:
        return
    request = await connection.fetchval(
        "SELECT id FROM payment_request WHERE purpose = 'PRICE' AND lot_id = $1 AND payer = $2",
        lot,
        state.life.winner,
    )
    payout = Payout(
        f"buyer-interest:{chart.of_term(lot, term)}",
        "OTHER",
        lot,
        state.life.winner,
        Name("LIAB.BUYER_INTEREST", chart.of_lot(lot)),
        amount_minor,
        await holders.sender_of(connection, request or 0),
        f"Lai tien gui trong thoi gian cho giao tai san, lo {lot}",
        None,
    )
    await plan(connection, book, [payout])


async def _terms(connection: Any, book: int, lot: int) -> int:
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM money_account WHERE book_id = $1 AND code = 'BANK.TERM'"
            " AND starts_with(key, $2)",
            book,
            f"{chart.of_lot(lot)}/",
        )
    )


async def _parked(connection: Any, book: int, lot: int) -> int:
    found = await books.balances(
        connection, book, codes=["BANK.TERM"], key_prefix=f"{chart.of_lot(lot)}/term:"
    )
    return sum(one.amount_minor for one in found)


async def _state(connection: Any, lots: Lots, lot: int) -> LotState:
    found = (await lots.read(connection, [lot])).get(lot)
    if found is None or found.state.params.pack is None:
        raise MoneyError("UNKNOWN_LOT", "There is no such lot.")
    return found.state


def _reason(reason: str) -> None:
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down of which advice of the bank it is.")
