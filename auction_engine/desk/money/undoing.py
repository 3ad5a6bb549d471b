"""What turned out not to hold is undone by compensating entries: nothing is taken out of the books.

Money that had not left is owed to the right person again; for what had left, whoever received it
owes it back. A payment on its way that fails afterwards is not attempted again.
"""

from collections.abc import Sequence
from typing import Any

from auction_engine.desk.money import causes, holders
from auction_engine.desk.money.payouts import Payout, plan
from auction_engine.desk.money.record import LotBooks
from auction_engine.ledger import books
from auction_engine.rules import calendar
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack
from auction_engine.rules.postings import chart, deposits, payouts
from auction_engine.rules.postings.entry import Cause, Leg, Name

# What is paid out on these accounts is nobody's who has bid.
_STOPPED = ("DUE", "FAILED", "PREPARED")
_OUT = ("ORDERED", "BOOKED")
_LOST = """
    SELECT r.id, r.payer, r.reference, t.id AS transfer, u.id IS NOT NULL AS undone
      FROM payment_request r
      JOIN transfer t ON t.key = 'forfeit:' || r.id
      LEFT JOIN transfer u ON u.key = 'forfeit-undone:' || r.id
     WHERE r.lot_id = $1 AND r.purpose = 'DEPOSIT' ORDER BY r.id
"""


async def forfeits(connection: Any, where: LotBooks, state: LotState, pack: Pack) -> list[str]:
    """Deposits lost at an auction that counts as not held go back after all. Returns the keys.

    Decree 62/2017 Art. 16a(4): what a technical fault undid was nobody's fault.
    """
    fates = deposit_fates(state)
    posted = []
    for row in await connection.fetch(_LOST, where.lot):
        fate = fates.get(row["payer"])
        if fate is None or fate.kind != "REFUND_DUE":
            continue
        prefix = f"forfeit:{row['id']}:"
        if row["undone"]:
            posted += await swept(connection, where.organisation, where.lot, prefix)
        else:
            posted += await _forfeit(connection, where, pack, row, prefix)
    return posted


async def _forfeit(
    connection: Any, where: LotBooks, pack: Pack, row: Any, prefix: str
) -> list[str]:
    lot, bidder, book = where.lot, row["payer"], where.organisation
    since = (await causes.of_fates(connection, lot, [bidder]))[bidder]
    out = {
        Name(one["code"], one["account_key"]): one["amount_minor"]
        for one in await stop(connection, book, lot, prefix)
    }
    shares = await connection.fetch(
        "SELECT a.code, a.key, -p.amount_minor AS minor FROM posting p"
        " JOIN money_account a ON a.id = p.account_id"
        " WHERE p.transfer_id = $1 AND p.amount_minor < 0 ORDER BY p.n",
        row["transfer"],
    )
    owed = sum(one["minor"] for one in shares)
    gone = sum(out.values())
    legs = [
        Leg(Name(one["code"], one["key"]), one["minor"])
        for one in shares
        if Name(one["code"], one["key"]) not in out
    ]
    if gone:
        legs.append(Leg(receivable(lot, 0), gone))
    cause = Cause("JOURNAL", lot, since.seq)
    entry = deposits.forfeit_undone(book, row["id"], lot, bidder, legs, cause)
    day = calendar.local_day(since.at_ms, pack.timezone)
    done = await books.post(connection, [entry], day)
    payout = Payout(
        f"refund:{row['id']}",
        "REFUND",
        lot,
        bidder,
        Name("LIAB.REFUND", chart.of_bidder(lot, bidder)),
        owed,
        await holders.sender_of(connection, row["id"]),
        f"Hoan tra tien dat truoc {row['reference']}",
        calendar.after(calendar.load(pack.calendar), day, pack.refund.losers),
    )
    await plan(connection, book, [payout])
    return [one.key for one in done if not one.repeat]


async def stop(connection: Any, book: int, lot: int, prefix: str) -> Sequence[Any]:
    """Payouts of a lot whose key begins with `prefix` are not made; returns those that have left.

    What is on its way counts as having left.
    """
    rows: Sequence[Any] = await connection.fetch(
        "SELECT id, payee, code, account_key, amount_minor, state FROM payout"
        " WHERE book_id = $1 AND lot_id = $2 AND starts_with(key, $3) ORDER BY id FOR UPDATE",
        book,
        lot,
        prefix,
    )
    await connection.execute(
        "UPDATE payout SET state = 'CANCELLED', batch_id = NULL, reason = 'ANNULLED'"
        " WHERE id = ANY($1::bigint[])",
        [row["id"] for row in rows if row["state"] in _STOPPED],
    )
    return [row for row in rows if row["state"] in _OUT]


async def swept(connection: Any, book: int, lot: int, prefix: str) -> list[str]:
    """Payments that were on their way when they were undone, and have failed since.

    The money is here again, so nobody owes it back, and it is not sent a second time.
    """
    rows = await connection.fetch(
        "SELECT id, attempt, payee, code, account_key, amount_minor FROM payout"
        " WHERE book_id = $1 AND lot_id = $2 AND starts_with(key, $3)"
        " AND state = ANY($4::text[]) ORDER BY id FOR UPDATE",
        book,
        lot,
        prefix,
        list(_STOPPED),
    )
    posted = []
    for row in rows:
        back = receivable(lot, row["payee"])
        if await books.balance(connection, book, back) < row["amount_minor"]:
            continue  # paid back as well: a person has to look
        owed = Name(row["code"], row["account_key"])
        entry = payouts.swept(book, row["id"], row["attempt"], owed, back, row["amount_minor"])
        posted += [one.key for one in await books.post(connection, [entry]) if not one.repeat]
        await connection.execute(
            "UPDATE payout SET state = 'CANCELLED', batch_id = NULL, reason = 'ANNULLED'"
            " WHERE id = $1",
            row["id"],
        )
    return posted


def receivable(lot: int, party: int) -> Name:
    """What a party owes back; 0 is the State, or whoever else takes what is lost."""
    return Name("RECEIVABLE.ANNULLED", chart.of_party(lot, party))
