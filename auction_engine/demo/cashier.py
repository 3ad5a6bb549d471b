"""The demonstration's cashiers and a fictional bank: deposits in, sales paid and shared out.

What is due to losers stays due until the next session, so that a visitor can prepare and release
payments by hand; what is older is paid by the demonstration itself.
"""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from auction_engine.bidding.client import LogClient
from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk import exclusive
from auction_engine.desk.money import (
    distributing,
    holders,
    importing,
    payouts,
    record,
    requests,
    suspense,
)
from auction_engine.desk.money.importing import BANK_OF
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar, packs
from auction_engine.rules.commands import Act
from auction_engine.rules.deposits import recorded
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Name

# Two people of the body whose book it is: one prepares, the other releases. Those of the
# demonstration, not somebody who was given an account there.
_HANDS = (
    "SELECT a.id FROM account a JOIN book b ON b.body_id = a.body_id WHERE b.id = $1"
    " AND a.login LIKE 'demo.%' ORDER BY a.id LIMIT 2"
)
_ZONE = "Asia/Ho_Chi_Minh"
# Once a session somebody pays who has no business here: there is a line to be sent back by hand.
_STRANGER = Customer("NGUYEN VAN LAC", "00117700001")
_STRAY_MINOR = 5_000_000
_BANK_BIC, _BANK_BIN = "BFTVVNVX", "970436"
# A creditor's claim as a share of what there is; the rest is the debtor's.
_CLAIMED_PERCENT = 70
_OLDER = (
    "SELECT p.id, p.book_id FROM payout p LEFT JOIN lot l ON l.id = p.lot_id"
    " JOIN book b ON b.id = p.book_id WHERE p.state = 'DUE' AND p.account IS NOT NULL"
    " AND l.session_id < (SELECT max(id) FROM auction_session WHERE demo) ORDER BY p.id"
)
_UNPLACED = (
    "SELECT s.line_id, s.book_id FROM suspense s"
    " WHERE s.closed_at IS NULL AND s.reason <> 'UNEXPLAINED'"
    " AND s.opened_at < now() - interval '10 minutes' ORDER BY s.line_id"
)
Bidders = dict[int, tuple[int, list[int]]]  # lot: its shard and who takes part


class Cashier:
    """One per process. `people` are the demonstration's accounts by login."""

    def __init__(self, database_url: str, log: LogClient, people: dict[str, int]) -> None:
        self._url = database_url
        self._log = log
        self._people = people
        self._keeper = Keeper(database_url, log)
        self._lots = Lots()
        self._banks: dict[int, Bank] = {}
        # Two sessions go on beside each other; a bank has one statement at a time.
        self._alone = asyncio.Lock()
        self.bidder = people["demo.bidder"]

    async def collect(self, bidders: Bidders, stray: bool = True) -> None:
        """Everybody's deposit is paid, told of by the bank, held, and in the lots' journals.

        `stray`: somebody pays besides who has no business here.
        """
        async with self._alone, exclusive.connected(self._url) as connection:
            states = await self._lots.read(connection, bidders)
            for lot in bidders:
                params = states[lot].state.params
                where = await record.books_of(connection, lot, params.currency, params.minor_digits)
                # Both have an account before anything is paid from one to the other.
                for book in (where.organisation, where.agency):
                    await self._bank(connection, book)
            asked = [
                request
                for lot, (_, accounts) in bidders.items()
                for account in accounts
                if recorded(states[lot].state) and account not in states[lot].state.life.deposits
                for request in [
                    await requests.ask_deposit(connection, lot, account, states[lot].state)
                ]
                if request is not None
            ]
            paid = await connection.fetch(
                "SELECT request_id FROM allocation WHERE request_id = ANY($1::bigint[])",
                [request.id for request in asked],
            )
            for request in asked:
                if request.id not in {row[0] for row in paid}:
                    bank = await self._bank(connection, request.book)
                    sender = await _customer(connection, request.payer)
                    text = f"{request.reference} nop tien dat truoc"
                    bank.receive(_today(), request.amount_minor, text, sender)
            for bank in self._banks.values():
                if stray and bank.has_news:
                    bank.receive(_today(), _STRAY_MINOR, "gui nham, xin tra lai", _STRANGER)
            await self._tell(connection)
            for lot, (shard, _) in bidders.items():
                await self._rest(connection, shard, lot)

    async def follow(self, shard: int, lot: int, status: str) -> None:
        """Pay for a lot that was sold, and share out what a delivered one has brought."""
        if status not in ("AWAIT_PAYMENT", "TITLE_FILED"):
            return
        async with self._alone, exclusive.connected(self._url) as connection:
            await self._rest(connection, shard, lot)
            if status == "AWAIT_PAYMENT":
                await self._pay_price(connection, lot)
            else:
                await self._share_out(connection, shard, lot)
            await self._rest(connection, shard, lot)

    async def pay_older(self) -> None:
        """Pay what was left due in sessions before the last one, send back what nobody placed."""
        async with self._alone, exclusive.connected(self._url) as connection:
            for row in await connection.fetch(_UNPLACED):
                clerk, _ = await _hands(connection, row["book_id"])
                await suspense.send_back(
                    connection, row["book_id"], row["line_id"], clerk,
                    "Không có khoản nào được chờ (bản trình diễn)", _today(),
                )  # fmt: skip
            due: dict[int, list[int]] = {}
            for row in await connection.fetch(_OLDER):
                due.setdefault(row["book_id"], []).append(row["id"])
            for book, numbers in due.items():
                await self._order(connection, book, numbers)
            await self._tell(connection)

    async def _pay_price(self, connection: Any, lot: int) -> None:
        """The organisation remits the earnest money, the buyer transfers the rest."""
        rows = await connection.fetch(
            "SELECT id, book_id FROM payout WHERE lot_id = $1 AND kind = 'REMITTANCE'"
            " AND state = 'DUE' AND account IS NOT NULL",
            lot,
        )
        for row in rows:
            await self._order(connection, row["book_id"], [row["id"]])
        found = await connection.fetch(
            "SELECT r.book_id, r.payer, r.reference, r.amount_minor FROM payment_request r"
            " WHERE r.lot_id = $1 AND r.purpose = 'PRICE' AND NOT EXISTS"
            " (SELECT FROM allocation a WHERE a.request_id = r.id)",
            lot,
        )
        for row in found:
            bank = await self._bank(connection, row["book_id"])
            sender = await _customer(connection, row["payer"])
            text = f"{row['reference']} nop tien mua tai san"
            bank.receive(_today(), row["amount_minor"], text, sender)
        await self._tell(connection)

    async def _share_out(self, connection: Any, shard: int, lot: int) -> None:
        done = await connection.fetchval(
            "SELECT count(*) FROM distribution WHERE lot_id = $1 AND approved_at IS NOT NULL", lot
        )
        state = (await self._lots.read(connection, [lot]))[lot].state
        book = await connection.fetchval(
            "SELECT book_id FROM payment_request WHERE lot_id = $1 AND purpose = 'PRICE'", lot
        )
        if packs.load(state.params.pack or "").payment_order is None:
            # Nobody's debts: what it brought is the owner's.
            await self._log.act(shard, lot, Act("distribute", "AGENCY", 0))
            return
        if done or book is None:
            return
        estate = await books.balance(connection, book, Name("LIAB.ESTATE", chart.of_lot(lot)))
        if not estate:
            return
        first, second = await _hands(connection, book)
        today = requests.day_of(state, int(time.time() * 1000))
        sheet = _sheet(estate * _CLAIMED_PERCENT // 100, today)
        number = await distributing.prepare(connection, self._lots, lot, sheet, first)
        await distributing.approve(connection, self._lots, number, second)

    async def _order(self, connection: Any, book: int, numbers: list[int]) -> None:
        """Two people order payments, the bank obeys; what it pays to another of ours arrives."""
        first, second = await _hands(connection, book)
        bank = await self._bank(connection, book)
        batch = await payouts.prepare(connection, book, numbers, first, _today())
        order = await payouts.release(connection, book, batch, second, datetime.now(UTC))
        answer = bank.obey(order, _today())
        if answer is not None:
            await payouts.hear(connection, book, answer, first)
        others = await connection.fetch(
            "SELECT book_id, account FROM bank_account WHERE book_id <> $1", book
        )
        for row in others:
            for amount, text in bank.paid_to(order, row["account"]):
                other = await self._bank(connection, row["book_id"])
                other.receive(_today(), amount, text, bank.owner)

    async def _tell(self, connection: Any) -> None:
        """Every bank that has something to tell sends its statement, which is imported."""
        for book, bank in self._banks.items():
            if bank.has_news:
                name, body = bank.statement("camt.053")
                await importing.import_file(connection, self._lots, book, name, body, None)

    async def _bank(self, connection: Any, book: int) -> Bank:
        if book in self._banks:
            return self._banks[book]
        row = await connection.fetchrow(
            "SELECT b.kind, b.name ->> 'vi' AS holder, a.name, a.account FROM book b"
            " LEFT JOIN bank_account a ON a.book_id = b.id WHERE b.id = $1",
            book,
        )
        name, account = row["name"] or row["holder"], row["account"] or f"9704{book:08d}"
        if row["account"] is None:
            _, opener = await _hands(connection, book)
            await holders.name_account(
                connection, book, name, account, _BANK_BIC, _BANK_BIN, opener,
                "Tài khoản hư cấu của bản trình diễn",
            )  # fmt: skip
        balance = await books.balance(connection, book, Name(BANK_OF[row["kind"]]))
        series = f"{book:03d}{int(time.time()) % 10**8:08d}"
        bank = Bank(Customer(name, account, _BANK_BIC), balance, series)
        self._banks[book] = bank
        return bank

    async def _rest(self, connection: Any, shard: int, lot: int) -> None:
        while await self._keeper.keep(connection, shard, lot):
            pass


async def _hands(connection: Any, book: int) -> tuple[int, int]:
    first, second = await connection.fetch(_HANDS, book)
    return first[0], second[0]


async def _customer(connection: Any, account: int) -> Customer:
    name = await connection.fetchval("SELECT name FROM account WHERE id = $1", account)
    return Customer(name, f"0011{account:08d}")


def _today() -> date:
    return calendar.local_day(int(time.time() * 1000), _ZONE)


def _sheet(claimed_minor: int, today: date) -> dict[str, Any]:
    decided = (today - timedelta(days=120)).isoformat()
    return {
        "parties": [
            {"number": 1, "name": "Người phải thi hành án (hư cấu)", "role": "DEBTOR",
             "account": "00990001", "bank": "VCBKVNVX"},
            {"number": 2, "name": "Người được thi hành án (hư cấu)",
             "account": "00990002", "bank": "ICBVVNVX"},
        ],
        "debtor": 1,
        "coercive_on": decided,
        "payment_on": today.isoformat(),
        "claims": [
            {"party": 2, "rank": "OTHER", "principal_minor": claimed_minor, "requested_on": decided}
        ],
    }  # fmt: skip
