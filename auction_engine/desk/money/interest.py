"""A bank's interest on the escrow account belongs to those whose deposits lay there.

Law 01/2016 Art. 39(4)-(5): it is divided by amount and days. A deposit that is still held keeps its
interest until it goes; for one that has gone already, the interest follows it.
"""

from datetime import date
from typing import Any

from auction_engine.desk.money import holders
from auction_engine.desk.money.payouts import Kind, Payee, Payout, plan
from auction_engine.desk.money.record import MoneyError, act, lock_lot
from auction_engine.desk.money.suspense import close, opened, patient
from auction_engine.ledger import books
from auction_engine.rules.postings import chart, deposits
from auction_engine.rules.postings.entry import Cause, Name
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.interest import Held, by_deposit

# When each deposit came, and when the bank says that it has left: by value date, if it gives one.
_LAY = """
    SELECT r.id, r.lot_id, r.payer, r.amount_minor, r.reference, came.on_day AS came, gone.on_day
           AS gone
      FROM payment_request r
      JOIN transfer h ON h.key = 'hold:' || r.id
      JOIN LATERAL (
           SELECT max(coalesce(l.value_on, l.booked_on)) AS on_day
             FROM allocation a JOIN bank_line l ON l.id = a.line_id WHERE a.request_id = r.id
           ) AS came ON true
      LEFT JOIN LATERAL (
           SELECT max(coalesce(l.value_on, l.booked_on)) AS on_day
             FROM payout p
             JOIN transfer o ON o.key = 'order:' || p.id || '-' || p.attempt
             JOIN transfer t ON coalesce(t.resolves, t.reverses) = o.id
             JOIN bank_line l ON l.id = t.cause_id AND t.cause_kind = 'LINE'
            WHERE p.lot_id = r.lot_id AND p.state = 'BOOKED'
              AND (p.key IN ('refund:' || r.id, 'remit:' || r.id)
                   OR starts_with(p.key, 'forfeit:' || r.id || ':'))
           ) AS gone ON true
     WHERE r.book_id = $1 AND r.purpose = 'DEPOSIT' ORDER BY r.id
"""


@patient
async def share_interest(
    connection: Any, book: int, line: int, since: date, until: date, account: int, reason: str
) -> int:
    """Share a line in suspense among deposits held from `since` on and before `until`.

    Returns how many have a share. Raises MoneyError: NO_REASON, UNKNOWN_LINE, SETTLED, NOT_OURS,
    BAD_DAYS, NOTHING_HELD.
    """
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down of which advice of the bank it is.")
    if since >= until:
        raise MoneyError("BAD_DAYS", "The period ends after it begins.")
    async with connection.transaction():
        row = await opened(connection, book, line)
        if row["amount_minor"] < 0:
            raise MoneyError("NOT_OURS", "The bank took this money; it is no interest.")
        lay = await connection.fetch(_LAY, book)
        for lot in sorted({one["lot_id"] for one in lay if _days(one, since, until)}):
            await lock_lot(connection, lot)
        lay = await connection.fetch(_LAY, book)
        left = await books.balance(connection, book, Name("LIAB.SUSPENSE", chart.of_line(line)))
        held = [Held(one["amount_minor"], _days(one, since, until)) for one in lay]
        try:
            minor = by_deposit(left, held)
        except ProceedsError as error:
            raise MoneyError(error.code, str(error)) from None
        shares = [(one, part) for one, part in zip(lay, minor, strict=True) if part]
        body = {"line": line, "since": since.isoformat(), "until": until.isoformat()}
        number = await act(connection, book, account, "share_interest", body, reason)
        cause = Cause("ACT", number)
        of_each = [(one["lot_id"], one["payer"], part) for one, part in shares]
        await books.post(connection, [deposits.interest(book, line, of_each, cause)])
        for one, _ in shares:
            await follows(connection, book, one["lot_id"], one["payer"], one["id"], cause)
        await close(connection, line, "INTEREST", number)
    return len(shares)


def _days(row: Any, since: date, until: date) -> int:
    """Days of interest: from the day it came (counted) to the day it left (not counted)."""
    ends = until if row["gone"] is None else min(until, row["gone"])
    days: int = (ends - max(since, row["came"])).days
    return max(0, days)


async def follows(
    connection: Any, book: int, lot: int, bidder: int, request: int, cause: Cause
) -> list[str]:
    """The interest of a deposit that is not held any more is paid to whom the deposit went.

    Whose it was given back to, or whose earnest money it became, gets it himself; of a lost one it
    goes the same way. In the caller's transaction, with the lot locked. Returns the keys posted.
    """
    key = chart.of_bidder(lot, bidder)
    minor = await books.balance(connection, book, Name("LIAB.DEPOSIT_INTEREST", key))
    ended = await connection.fetchrow(
        "SELECT (SELECT id FROM transfer WHERE key = 'forfeit:' || $1::bigint) AS lost,"
        " EXISTS (SELECT FROM transfer WHERE key IN ('refund:' || $1::bigint,"
        " 'remit:' || $1::bigint, 'forfeit-undone:' || $1::bigint)) AS back",
        request,
    )
    if not minor or not (ended["lost"] or ended["back"]):
        return []
    to, payee = Name("LIAB.REFUND", key), Payee(None, None, None)
    kind: Kind = "REFUND"
    if ended["back"]:
        payee = await holders.sender_of(connection, request)
    else:
        found = await connection.fetchrow(
            "SELECT a.code, a.key FROM posting p JOIN money_account a ON a.id = p.account_id"
            " WHERE p.transfer_id = $1 AND p.amount_minor < 0 ORDER BY p.n DESC LIMIT 1",
            ended["lost"],
        )
        to, kind = Name(found["code"], found["key"]), "OTHER"
    entry = deposits.interest_due(book, request, lot, bidder, minor, to, cause)
    done = await books.post(connection, [entry])
    payout = Payout(
        entry.key, kind, lot, bidder if ended["back"] else 0, to, minor, payee,
        "Lai tien dat truoc", None,
    )  # fmt: skip
    await plan(connection, book, [payout])
    return [one.key for one in done if not one.repeat]
