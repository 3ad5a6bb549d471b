"""A house with its books, banks and lots, for tests of the money: lots written by the rules alone.

The journal of a lot is decided by the real rules and committed by the real store, without a log:
what the keeper tells a lot is decided at once. Everything else is the program's own.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from ledger.factories import JournalWriter

from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk import exclusive
from auction_engine.desk.money import holders, importing, payouts, record, requests
from auction_engine.desk.money.importing import Imported
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books, store
from auction_engine.ledger.journal import Position
from auction_engine.ledger.verify_books import verify_books
from auction_engine.rules.commands import Act, Admit, Bid, Command, Enter, ListLot, Role, Tick
from auction_engine.rules.events import Event
from auction_engine.rules.lot import LotState
from auction_engine.rules.params import LotParams
from auction_engine.rules.postings.entry import Name
from auction_engine.rules.terms import DEPOSIT_MEANS
from auction_engine.story import plot

MILLION = 1_000_000
DAY_MS, MINUTE_MS = 86_400_000, 60_000
START_MS = int(datetime(2026, 9, 15, 2, tzinfo=UTC).timestamp() * 1000)
OPENS_MS, CLOSES_MS, END_MS = START_MS - 20 * DAY_MS, START_MS - 3 * DAY_MS, START_MS + 600_000
PAID_ON = date(2026, 9, 1)  # between the two
ORDERED_ON = date(2026, 9, 21)
DEPOSIT = plot.DEPOSIT
STAFF: dict[Role, str] = {
    "ORGANISATION": "clerk", "AUCTIONEER": "chief", "RECORDER": "clerk", "AGENCY": "officer",
    "COURT": "head", "PROCURATOR": "head", "CLOCK": "clerk",
}  # fmt: skip
_numbers = itertools.count(1)
_JOURNAL_LOCK = 4_711


def params(**changes: Any) -> LotParams:
    """The story's lot in fixed days; changes are of its terms."""
    made = plot.params(START_MS, (OPENS_MS, CLOSES_MS), END_MS)
    assert made.terms is not None
    terms = replace(made.terms, **{"deposit_means": DEPOSIT_MEANS} | changes)
    return replace(made, terms=terms)


class Direct:
    """In the place of the log: a command is decided and committed at once, by whoever asks."""

    shards = 2**15  # each sale has one of its own

    def __init__(self, url: str) -> None:
        self.url = url
        self._lots = Lots()
        self._connection: Any = None

    async def probe(self, shard: int, timeout_s: float = 3) -> float:
        return 0.0

    async def act(self, shard: int, lot: int, act: Act) -> None:
        await self.do(lot, act)

    async def do(self, lot: int, command: Command, at_ms: int = 0) -> list[Event]:
        connection = await self._connected()
        shard = await connection.fetchval("SELECT shard FROM lot WHERE id = $1", lot)
        await connection.execute("SELECT pg_advisory_lock($1)", _JOURNAL_LOCK)
        try:
            epoch = await connection.fetchval("SELECT epoch FROM shard WHERE id = $1", shard)
            writer = JournalWriter(connection, shard, epoch)
            writer.log = await store.consumed_id(connection, shard)
            found = await self._lots.read(connection, [lot])
            if lot in found:
                writer.states[lot] = found[lot].state
                head = await connection.fetchrow(
                    "SELECT seq, hash FROM lot_head WHERE lot_id = $1", lot
                )
                writer.at[lot] = Position(*head)
            events = writer.do(lot, command, at_ms)
            await writer.flush()
            return events
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _JOURNAL_LOCK)

    async def _connected(self) -> Any:
        if self._connection is None:
            self._connection = await store.connect(self.url)
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


@dataclass
class House:
    """Two books, two banks, staff. `lots` is the cache of whoever looks."""

    url: str
    connection: Any
    log: Direct
    organisation: int = 0
    agency: int = 0
    session: int = 0
    people: dict[str, int] = field(default_factory=dict)
    escrow: Bank = field(default_factory=lambda: Bank(plot.ESCROW))
    treasury: Bank = field(default_factory=lambda: Bank(plot.TREASURY))
    lots: Lots = field(default_factory=Lots)

    async def account(self, name: str, role: str) -> int:
        login = f"{name.casefold().replace(' ', '')}{next(_numbers)}-{uuid.uuid4().hex[:6]}"
        return int(
            await self.connection.fetchval(
                "INSERT INTO account (login, name, role) VALUES ($1, $2, $3) RETURNING id",
                login,
                name,
                role,
            )
        )

    async def sale(self, bidders: int = 3, *, keep: bool = True, **changes: Any) -> Sale:
        """A lot whose registration is open, with so many dossiers and their deposits asked for."""
        # A shard of its own for each lot: time goes on for it alone.
        shard = 1 + await self.connection.fetchval("SELECT coalesce(max(shard), 0) FROM lot")
        await store.acquire_shard(self.connection, shard, "test", 0.0)
        lot = await self.connection.fetchval(
            "INSERT INTO lot (session_id, position, shard, content) VALUES"
            " ($1, (SELECT count(*) + 1 FROM lot WHERE session_id = $1), $3, $2) RETURNING id",
            self.session,
            orjson.dumps({"title": plot.TITLE}).decode(),
            shard,
        )
        sale = Sale(self, lot, shard)
        await sale.do(ListLot(params(**changes)), OPENS_MS - DAY_MS)
        await sale.do(Tick(), OPENS_MS)
        for number in range(bidders):
            name = f"Nguoi Mua {lot} {chr(65 + number)}"
            sale.bidders.append(await self.account(name, "bidder"))
            sale.names[sale.bidders[-1]] = name
            await sale.act("register", sale.bidders[-1])
        if keep:
            await sale.keep()
        return sale

    async def hear(self, bank: Bank | None = None, form: str = "camt.053") -> Imported:
        """Import what the bank has not told yet."""
        bank = self.escrow if bank is None else bank
        name, body = bank.statement(form)
        return await self.take(body, self.book_of(bank), name)

    async def take(self, body: bytes, book: int | None = None, name: str = "f.xml") -> Imported:
        return await importing.import_file(
            self.connection, self.lots, book or self.organisation, name, body, self.people["clerk"]
        )

    def book_of(self, bank: Bank) -> int:
        return self.organisation if bank is self.escrow else self.agency

    async def due(self, book: int, *states: str) -> list[Any]:
        return list(
            await self.connection.fetch(
                "SELECT * FROM payout WHERE book_id = $1 AND state = ANY($2::text[]) ORDER BY id",
                book,
                list(states or ("DUE",)),
            )
        )

    async def order(self, bank: Bank) -> tuple[int, bytes] | None:
        """Everything due is prepared and released; the batch and its file."""
        book = self.book_of(bank)
        rows = await self.due(book)
        for row in rows:
            if not row["account"]:
                await payouts.name_payee(
                    self.connection, book, row["id"], Payee("KHO BAC", "7111000000", "SBVNVNVX"),
                    self.people["clerk"], "Published account",
                )  # fmt: skip
        if not rows:
            return None
        batch = await payouts.prepare(
            self.connection, book, [row["id"] for row in rows], self.people["clerk"], ORDERED_ON
        )
        body = await payouts.release(self.connection, book, batch, self.people["chief"], NOW)
        return batch, body

    async def pay_all(self, bank: Bank) -> None:
        """Order, obey, hear the refusals; what goes from one account to the other arrives."""
        ordered = await self.order(bank)
        if ordered is None:
            return
        answer = bank.obey(ordered[1], ORDERED_ON)
        if bank is self.escrow:
            for amount, text in bank.paid_to(ordered[1], plot.TREASURY.account):
                self.treasury.receive(ORDERED_ON, amount, text, plot.ESCROW)
        if answer is not None:
            await payouts.hear(self.connection, self.book_of(bank), answer, self.people["clerk"])

    async def paid(self) -> dict[str, int]:
        """What the bank has booked of our payouts, in millions, by kind and, for people, whom."""
        rows = await self.connection.fetch(
            "SELECT p.kind, a.name, sum(p.amount_minor)::bigint AS minor FROM payout p"
            " LEFT JOIN account a ON a.id = p.payee AND p.kind = 'REFUND'"
            " WHERE p.book_id = ANY($1::bigint[]) AND p.state = 'BOOKED' GROUP BY 1, 2",
            [self.organisation, self.agency],
        )
        return {
            row["kind"] + (f" {row['name'][-1]}" if row["name"] else ""): row["minor"] // MILLION
            for row in rows
        }

    async def settled(self, *sales: Sale) -> None:
        """Everybody does what is due until nothing is: keepers, payments, statements."""
        for _ in range(4):
            for sale in sales:
                await sale.keep()
            for bank in (self.escrow, self.treasury):
                await self.pay_all(bank)
                if bank.has_news:
                    await self.hear(bank)

    async def balance(self, code: str, key: str = "", book: int | None = None) -> int:
        return await books.balance(self.connection, book or self.organisation, Name(code, key))

    async def left(self) -> dict[str, int]:
        """Accounts of both books that are not at zero."""
        rows = await self.connection.fetch(
            "SELECT a.code, a.key, sum(b.amount_minor)::bigint AS minor FROM money_account a"
            " JOIN balance b ON b.account_id = a.id WHERE a.book_id = ANY($1::bigint[])"
            " GROUP BY a.code, a.key HAVING sum(b.amount_minor) <> 0 ORDER BY 1, 2",
            [self.organisation, self.agency],
        )
        return {f"{row['code']}[{row['key']}]": row["minor"] for row in rows}

    async def check(self) -> None:
        """What must always hold of these books."""
        for bank, code in ((self.escrow, "BANK.ESCROW"), (self.treasury, "BANK.AGENCY")):
            book = self.book_of(bank)
            # What the bank has told: it may have moved more since.
            assert await self.balance(code, "", book) == bank._told_minor
            assert (await books.escrow(self.connection, book)).equal
        await check_deposits(self.connection, [self.organisation])

    async def verified(self) -> None:
        async with self.connection.transaction(isolation="repeatable_read"):
            async for _ in verify_books(self.connection):
                pass


NOW = datetime(2026, 9, 20, 3, tzinfo=UTC)

_FATES = """
    SELECT r.id, r.lot_id, r.payer, r.amount_minor,
           (SELECT count(*) FROM transfer WHERE key = 'hold:' || r.id) AS held,
           (SELECT count(*) FROM transfer WHERE key = 'refund:' || r.id) AS refunded,
           (SELECT count(*) FROM transfer WHERE key = 'forfeit:' || r.id) AS forfeited,
           (SELECT count(*) FROM transfer WHERE key = 'forfeit-undone:' || r.id) AS undone,
           (SELECT count(*) FROM transfer WHERE key = 'remit:' || r.id) AS remitted,
           (SELECT coalesce(sum(amount_minor), 0) FROM allocation WHERE request_id = r.id) AS given
      FROM payment_request r WHERE r.purpose = 'DEPOSIT' AND r.book_id = ANY($1::bigint[])
"""


async def check_deposits(connection: Any, of_books: list[int]) -> None:
    """Each deposit is exactly one of awaited, held, earnest, refunded, remitted or lost."""
    for row in await connection.fetch(_FATES, of_books):
        what = dict(row)
        key = f"lot:{row['lot_id']}/bidder:{row['payer']}"
        here = 0
        for code in ("LIAB.DEPOSIT", "LIAB.EARNEST"):
            for book in of_books:
                here += await books.balance(connection, book, Name(code, key))
        ended = row["refunded"] + row["forfeited"] + row["remitted"]
        assert row["held"] <= 1, what
        assert ended <= row["held"], what
        assert here == row["amount_minor"] * (row["held"] - ended), (what, here)
        assert row["given"] == row["amount_minor"] * row["held"], what
        refunds = await connection.fetchval(
            "SELECT count(*) FROM payout WHERE key = 'refund:' || $1::bigint"
            " AND state <> 'CANCELLED'",
            row["id"],
        )
        lost = row["forfeited"] - row["undone"]
        assert not (refunds and lost), what
        assert refunds == row["refunded"] + row["undone"], what


@dataclass
class Sale:
    """One lot; `at_ms` is the time it has reached."""

    house: House
    lot: int
    shard: int
    at_ms: int = OPENS_MS
    bidders: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    async def do(self, command: Command, at_ms: int | None = None) -> list[Event]:
        self.at_ms = max(self.at_ms, at_ms or 0)
        return await self.house.log.do(self.lot, command, self.at_ms)

    async def act(
        self, name: str, actor: int | None = None, role: Role | None = None,
        reason: str | None = None, **data: Any,
    ) -> list[Event]:  # fmt: skip
        if role is None:
            role = "BIDDER" if actor is not None else "ORGANISATION"
        who = self.house.people[STAFF[role]] if actor is None else actor
        return await self.do(Act(name, role, who, reason, data))

    async def tick(self, at_ms: int) -> list[Event]:
        return await self.do(Tick(), at_ms)

    async def state(self) -> LotState:
        read = await self.house.lots.read(self.house.connection, [self.lot])
        return read[self.lot].state

    async def keep(self, times: int = 20) -> int:
        """Look until nothing is due; how often something was."""
        for n in range(times):
            if not await self.look():
                return n
        raise AssertionError("the keeper never comes to rest")

    async def look(self) -> bool:
        keeper = Keeper(self.house.url, self.house.log)  # type: ignore[arg-type]
        return await keeper.keep(self.house.connection, self.shard, self.lot)

    async def request(self, who: int, purpose: requests.Purpose = "DEPOSIT") -> requests.Request:
        row = await self.house.connection.fetchrow(
            f"SELECT {requests.COLUMNS} FROM payment_request r"
            " WHERE lot_id = $1 AND payer = $2 AND purpose = $3",
            self.lot, who, purpose,
        )  # fmt: skip
        return requests.Request(*row)

    def customer(self, who: int) -> Customer:
        return Customer(self.names[who], f"0011{who:06d}")

    async def pay(
        self, *bidders: int, amount: int = DEPOSIT, day: date = PAID_ON, text: str | None = None
    ) -> None:
        """Each pays into escrow under the reference, or with another text."""
        for who in bidders:
            words = (await self.request(who)).reference if text is None else text
            self.house.escrow.receive(day, amount, words, self.customer(who))

    async def deposited(self, *bidders: int) -> Sale:
        """They (all, unless said) have paid, are told of and admitted."""
        who = bidders or tuple(self.bidders)
        await self.pay(*who)
        await self.house.hear()
        await self.keep()
        await self.admit(*who)
        return self

    async def admit(self, *bidders: int) -> None:
        for bidder in bidders:
            await self.do(Admit(bidder, f"B-{bidder:03d}"))

    async def opened(self, *present: int) -> Sale:
        """The bidding runs; those who are there have entered."""
        state = await self.state()
        for bidder in self.bidders:
            if state.life.registered.get(bidder) == "REGISTERED" and bidder not in state.admitted:
                await self.act("refuse_registration", bidder=bidder, reason="No deposit.")
        await self.tick(CLOSES_MS)
        for bidder in present or tuple(state.admitted):
            await self.do(Enter(bidder))
        await self.act("make_ready")
        await self.tick(START_MS + MINUTE_MS)
        return self

    async def bid(self, bidder: int, millions: int) -> None:
        await self.do(Bid(bidder, str(uuid.uuid4()), millions * MILLION))

    async def announced(self, *offers: tuple[int, int]) -> Sale:
        """These bids, then the end and the announcement; 1,000 m by the first unless said."""
        for bidder, millions in offers or ((self.bidders[0], 1_000), (self.bidders[1], 1_050)):
            await self.bid(bidder, millions)
        await self.tick(END_MS)
        await self.act("announce", role="AUCTIONEER")
        return self

    async def signed(self) -> Sale:
        for role, word in (("AUCTIONEER", "AUCTIONEER"), ("RECORDER", "RECORDER")):
            await self.act("sign_minutes", role=role, **{"as": word})  # type: ignore[arg-type]
        winner = (await self.state()).life.winner
        await self.act("sign_minutes", winner, **{"as": "WINNER"})
        return self

    async def sold(self, *offers: tuple[int, int]) -> Sale:
        """Deposits, auction and minutes: the price is awaited, the earnest money at the agency."""
        await self.deposited()
        await self.opened()
        await self.announced(*offers)
        await self.signed()
        return self

    async def earnest_arrives(self) -> None:
        await self.keep()
        await self.house.pay_all(self.house.escrow)
        for bank in (self.house.escrow, self.house.treasury):
            if bank.has_news:
                await self.house.hear(bank)
        await self.keep()

    async def pay_price(self, *parts: int) -> None:
        """The winner pays the rest, in these parts or at once."""
        winner = await self.winner()
        asked = await self.request(winner, "PRICE")
        for part in parts or (asked.amount_minor,):
            self.house.treasury.receive(ORDERED_ON, part, asked.reference, self.customer(winner))
            await self.house.hear(self.house.treasury)
        await self.keep()

    async def winner(self) -> int:
        winner = (await self.state()).life.winner
        assert winner is not None
        return winner

    async def delivered(self) -> Sale:
        await self.act("deliver", role="AGENCY")
        await self.keep()
        return self

    def sheet(self) -> dict[str, Any]:
        return plot.sheet(PAID_ON, PAID_ON - timedelta(days=200))


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    """A new house in this database."""
    async with exclusive.connected(url) as connection:
        made = House(url, connection, Direct(url))
        try:
            await _open(made)
            yield made
        finally:
            await made.log.close()


async def _open(house: House) -> None:
    mark = uuid.uuid4().hex[:8]
    for name, role in (("clerk", "organisation"), ("chief", "organisation"),
                       ("officer", "officer"), ("head", "officer")):  # fmt: skip
        house.people[name] = await house.account(name, role)
    text = [
        orjson.dumps({"vi": f"{name} {mark}", "en": name}).decode()
        for name in ("Phien", "Sao Mai", "Song Thu")
    ]
    house.session = await house.connection.fetchval(
        "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
        " VALUES ($1, $2, $3, body_of('ORGANISATION', $2), body_of('AGENCY', $3)) RETURNING id",
        *text,
    )
    for kind, name, attribute in (
        ("ORGANISATION", text[1], "organisation"),
        ("AGENCY", text[2], "agency"),
    ):
        book = await books.open_book(house.connection, kind, orjson.loads(name), "VND", 0)  # type: ignore[arg-type]
        setattr(house, attribute, book)
    for book, owner in ((house.organisation, plot.ESCROW), (house.agency, plot.TREASURY)):
        await holders.name_account(
            house.connection, book, owner.name, owner.account, owner.bank, None,
            house.people["chief"], "Contract with the bank",
        )  # fmt: skip


__all__ = [
    "DEPOSIT",
    "MILLION",
    "PAID_ON",
    "Direct",
    "House",
    "Payee",
    "Sale",
    "asyncpg",
    "house",
    "record",
]
