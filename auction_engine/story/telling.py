"""The story itself, chapter by chapter; after each the books are compared with the bank."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.clients.bank import Bank
from auction_engine.desk import exclusive, listing
from auction_engine.desk.money import (
    distributing,
    guarantees,
    holders,
    importing,
    payouts,
    record,
    requests,
    suspense,
)
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.identity import accounts
from auction_engine.ledger import books, store
from auction_engine.rules import calendar, packs
from auction_engine.rules.commands import Act, CommandRefused, Role
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings.entry import Name
from auction_engine.story import plot
from auction_engine.story.plot import DEPOSIT, Bidder

_REGISTRATION_MS, _BEFORE_MS, _BIDDING_MS = 12_000, 3_000, 5_000
_LOOK_S, _PATIENCE_S = 0.05, 60.0
_STAFF = {"clerk": "organisation", "chief": "organisation", "officer": "officer", "head": "officer"}
_WIN = (("story05", 1_000), ("story02", 1_050), ("story05", 1_350), ("story01", 1_500))
_MILLION = 1_000_000
Chapter = Callable[[], Awaitable[str]]


class StoryBroken(AuctionError):
    """Something in the story did not come out as it must; names the chapter and the sum."""


async def _silent(story: "Story", title: str, text: str) -> None:
    """Nobody listens."""


@dataclass
class Story:
    """Everything the story needs and remembers. `told` hears of each chapter after it happened."""

    url: str
    engine: AsyncEngine
    log: LogClient
    told: Callable[["Story", str, str], Awaitable[None]] = _silent
    lots: Lots = field(default_factory=Lots)
    lot: int = 0
    shard: int = 0
    escrow_book: int = 0
    agency_book: int = 0
    people: dict[str, int] = field(default_factory=dict)
    asked: dict[str, requests.Request] = field(default_factory=dict)
    escrow: Bank = field(default_factory=lambda: Bank(plot.ESCROW))
    treasury: Bank = field(default_factory=lambda: Bank(plot.TREASURY))
    today: date = date.min
    connection: Any = None

    async def tell(self) -> None:
        """The whole story. Raises StoryBroken, and whatever a part of the program refuses."""
        async with exclusive.connected(self.url) as self.connection:
            zone = packs.load(plot.PACK).timezone
            self.today = calendar.local_day(await self._now_ms(), zone)
            for title, chapter in self._chapters():
                text = await chapter()
                await self.rest()
                await self.check(title)
                await self.told(self, title, text)

    def _chapters(self) -> list[tuple[str, Chapter]]:
        return [
            ("A flat is put up, and twelve people hand in dossiers", self._register),
            ("Deposits arrive; the bank tells of them in three formats", self._deposits),
            ("People settle what no machine may guess", self._by_hand),
            ("Eleven are admitted, and the bidding goes to 1,500 million", self._bidding),
            ("The winner refuses; the runner-up may buy, and accepts", self._refusal),
            ("Refunds leave under four eyes; the bank refuses one", self._refunds),
            ("The buyer pays the rest in two parts within thirty days", self._payment),
            ("Delivery: the price becomes the estate", self._delivery),
            ("Four creditors in three ranks, and the debtor's surplus", self._distribution),
            ("The bank books the last payments, and the file is closed", self._end),
        ]

    # --- chapters -----------------------------------------------------------------------------

    async def _register(self) -> str:
        await self._meet()
        session = await listing.create_session(
            self.engine, plot.TITLE, plot.ORGANISATION, plot.AGENCY
        )
        content = {"title": plot.TITLE, "kind": "apartment"}
        ((self.lot, self.shard),) = await listing.create_lots(self.engine, session, [content], 1)
        where = await record.books_of(self.connection, self.lot, "VND", 0)
        self.escrow_book, self.agency_book = where.organisation, where.agency
        for book, owner in ((self.escrow_book, plot.ESCROW), (self.agency_book, plot.TREASURY)):
            await holders.name_account(
                self.connection,
                book,
                owner.name,
                owner.account,
                owner.bank,
                None,
                self.people["chief"],
                "The account of the contract with the bank",
            )
        now = await self._now_ms()
        closes = now + _REGISTRATION_MS
        starts = closes + _BEFORE_MS
        params = plot.params(starts, (now + 300, closes), starts + _BIDDING_MS)
        await listing.put_up(self.log, self.shard, self.lot, params)
        await self._until("REGISTRATION_OPEN")
        for one in plot.BIDDERS:
            await self._act("register", "BIDDER", one.login)
        await self.rest()
        for one in plot.BIDDERS:
            found = await requests.ask_deposit(
                self.connection, self.lot, self.people[one.login], await self.state()
            )
            assert found is not None
            self.asked[one.login] = found
        reference = self.asked[plot.WINNER].reference
        return f"Each has a deposit of 200 million to pay, under a reference such as {reference}."

    async def _deposits(self) -> str:
        told = []
        for form in ("camt.053", "mt940", "csv"):
            for one in plot.BIDDERS:
                self._pay_deposit(one, form)
            told.append(await self._hear(self.escrow, self.escrow_book, form))
        return " ".join(told)

    def _pay_deposit(self, one: Bidder, form: str) -> None:
        """What the bidder pays in the days that this statement tells of."""
        text = f"{self.asked[one.login].reference} nop tien dat truoc"
        pay = self.escrow.receive
        if one.way == "SHORT" and form == "mt940":
            pay(self.today, plot.SHORT_BY, text, one.customer)
        if one.told_by != form or one.way == "GUARANTEE":
            return
        if one.way == "SHORT":
            pay(self.today, DEPOSIT - plot.SHORT_BY, text, one.customer)
        elif one.way == "OVERPAID":
            pay(self.today, DEPOSIT + plot.OVERPAID_BY, text, one.customer)
        elif one.way == "NO_REFERENCE":
            pay(self.today, DEPOSIT, "nop tien mua can ho", one.customer)
        elif one.way == "LATE":
            pay(self.today + timedelta(days=1), DEPOSIT, text, one.customer)
        else:
            pay(self.today, DEPOSIT, text, one.customer)
            if one.way == "DOUBLE":
                pay(self.today, DEPOSIT, text, one.customer)

    async def _by_hand(self) -> str:
        clerk = self.people["clerk"]
        rows = await self.connection.fetch(
            "SELECT line_id, reason, request_id FROM suspense"
            " WHERE book_id = $1 AND closed_at IS NULL ORDER BY line_id",
            self.escrow_book,
        )
        for row in rows:
            if row["reason"] == "LIKELY":
                await suspense.allocate(
                    self.connection, self.lots, self.escrow_book, row["line_id"],
                    row["request_id"], clerk, "Same name and amount; confirmed by telephone",
                )  # fmt: skip
            else:
                await suspense.send_back(
                    self.connection, self.escrow_book, row["line_id"], clerk,
                    f"{row['reason']}: not owed to us", self.today + timedelta(days=3),
                )  # fmt: skip
        backed = next(one for one in plot.BIDDERS if one.way == "GUARANTEE")
        await guarantees.accept(
            self.connection, self.escrow_book, self.asked[backed.login].id,
            "Ngân hàng Bến Tre Xanh", "BL-2026-118", self.today + timedelta(days=90), clerk,
            "The original is in the file",
        )  # fmt: skip
        reasons = ", ".join(sorted(row["reason"] for row in rows))
        return f"In suspense were: {reasons}. One deposit is a bank's guarantee."

    async def _bidding(self) -> str:
        await self.rest()
        held = (await self.state()).life.deposits
        for one in plot.BIDDERS:
            if self.people[one.login] in held:
                await listing.admit(self.log, self.shard, self.lot, self.people[one.login])
        late = next(one.login for one in plot.BIDDERS if one.way == "LATE")
        await self._act(
            "refuse_registration", "ORGANISATION", "clerk", "The deposit came too late",
            bidder=self.people[late],
        )  # fmt: skip
        await self._until("REGISTRATION_CLOSED")
        await self._act("make_ready", "ORGANISATION", "clerk")
        await self._until("RUNNING")
        for bidder in held:
            self.log.enter(self.shard, self.lot, bidder)
        for login, millions in _WIN:
            await self._bid(login, millions * _MILLION)
        await self._until("LEADER_DETERMINED")
        await self._act("announce", "AUCTIONEER", "chief")
        return f"{len(held)} deposits are held. The best bids: 1,500 and 1,350 million."

    async def _refusal(self) -> str:
        await self._act("refuse_win", "BIDDER", plot.WINNER)
        await self._act("accept_offer", "BIDDER", plot.FOLLOWER)
        await self._act("sign_minutes", "AUCTIONEER", "chief", **{"as": "AUCTIONEER"})
        await self._act("sign_minutes", "RECORDER", "clerk", **{"as": "RECORDER"})
        await self._act("sign_minutes", "BIDDER", plot.FOLLOWER, **{"as": "WINNER"})
        await holders.state_costs(
            self.connection, self.escrow_book, self.lot, plot.AUCTION_COSTS,
            self.people["clerk"], "Invoices 14 to 17",
        )  # fmt: skip
        return "1,350 + 200 reaches 1,500 million. The refused deposit pays costs, then the State."

    async def _refunds(self) -> str:
        moved = next(one for one in plot.BIDDERS if one.login == plot.MOVED)
        self.escrow.closed.add(moved.customer.account)
        await self._name_budget(self.escrow_book, "clerk")
        first = await self._pay_all(self.escrow, self.escrow_book, ("clerk", "chief"))
        failed = await self.connection.fetch(
            "SELECT id FROM payout WHERE book_id = $1 AND state = 'FAILED'", self.escrow_book
        )
        for row in failed:
            payee = Payee(moved.customer.name, "00110099", moved.customer.bank)
            await payouts.name_payee(
                self.connection, self.escrow_book, row["id"], payee, self.people["clerk"],
                "Letter of the bidder: the account was closed",
            )  # fmt: skip
            await payouts.retry(
                self.connection, self.escrow_book, row["id"], self.people["clerk"], "New account"
            )
        second = await self._pay_all(self.escrow, self.escrow_book, ("clerk", "chief"))
        told = await self._hear(self.escrow, self.escrow_book, "mt940")
        arrived = await self._hear(self.treasury, self.agency_book, "camt.053")
        return f"{first} orders, {len(failed)} refused and {second} ordered anew. {told} {arrived}"

    async def _payment(self) -> str:
        row = await self.connection.fetchrow(
            "SELECT reference, amount_minor FROM payment_request"
            " WHERE purpose = 'PRICE' AND lot_id = $1",
            self.lot,
        )
        buyer = next(one for one in plot.BIDDERS if one.login == plot.FOLLOWER)
        told = []
        parts = (row["amount_minor"] - 500 * _MILLION, 500 * _MILLION)
        for days, part, form in zip((10, 25), parts, ("mt940", "camt.053"), strict=True):
            day = self.today + timedelta(days=days)
            self.treasury.receive(day, part, f"{row['reference']} tien mua", buyer.customer)
            told.append(await self._hear(self.treasury, self.agency_book, form))
        await self.rest()
        await self._until("PAID")
        return f"{row['amount_minor']:,} đồng were due. {' '.join(told)}"

    async def _delivery(self) -> str:
        await self._act("deliver", "AGENCY", "officer")
        await self._act("file_title", "AGENCY", "officer")
        return "The buyer has the keys; from now on the money is the creditors'."

    async def _distribution(self) -> str:
        sheet = plot.sheet(self.today, self.today - timedelta(days=200))
        number = await distributing.prepare(
            self.connection, self.lots, self.lot, sheet, self.people["officer"]
        )
        await distributing.approve(self.connection, self.lots, number, self.people["head"])
        computed = await self.connection.fetchval(
            "SELECT result ->> 'estate_minor' FROM distribution WHERE id = $1", number
        )
        return f"{int(computed):,} đồng are shared out: prepared by one, approved by another."

    async def _end(self) -> str:
        await self._name_budget(self.agency_book, "officer")
        count = await self._pay_all(self.treasury, self.agency_book, ("officer", "head"))
        told = await self._hear(self.treasury, self.agency_book, "camt.053")
        await self.rest()
        await self._act("close_file", "AGENCY", "officer")
        for bank in (self.escrow, self.treasury):
            if bank.balance_minor:
                raise StoryBroken(f"{bank.owner.name} still has {bank.balance_minor:,} đồng.")
        return f"{count} payments. {told} Both accounts at the bank are at zero."

    # --- what chapters do -----------------------------------------------------------------------

    async def _meet(self) -> None:
        known = [(one.login, one.customer.name, "bidder") for one in plot.BIDDERS]
        known += [(f"story-{name}", name, role) for name, role in _STAFF.items()]
        for login, name, role in known:
            made = await accounts.create(self.engine, login, name, role)  # type: ignore[arg-type]
            self.people[login.removeprefix("story-")] = made.id

    async def _act(
        self, name: str, role: Role, who: str, reason: str | None = None, **data: Any
    ) -> None:
        await self.log.act(self.shard, self.lot, Act(name, role, self.people[who], reason, data))

    async def _bid(self, login: str, amount_minor: int) -> None:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.log.bid(
            self.shard, self.lot, self.people[login], str(uuid.uuid4()), amount_minor,
            lambda entry, code, _: answer.set_result(entry or {"kind": code}),
        )  # fmt: skip
        entry = await asyncio.wait_for(answer, _PATIENCE_S)
        if entry["kind"] != "bid.accepted":
            raise StoryBroken(f"The bid of {login} was answered {entry}.")

    async def _hear(self, bank: Bank, book: int, form: str) -> str:
        """Import what the bank tells, and once more: the second time nothing must change."""
        name, body = bank.statement(form)
        clerk = self.people["clerk" if book == self.escrow_book else "officer"]
        found = await importing.import_file(self.connection, self.lots, book, name, body, clerk)
        again = await importing.import_file(self.connection, self.lots, book, name, body, clerk)
        if not again.repeat:
            raise StoryBroken(f"{name} was taken twice.")
        held = sum(found.suspense.values())
        return (
            f"{name} ({form}): {found.lines} lines, {found.allocated} allocated,"
            f" {found.booked} of our payments booked, {held} in suspense."
        )

    async def _name_budget(self, book: int, who: str) -> None:
        rows = await self.connection.fetch(
            "SELECT id FROM payout WHERE book_id = $1 AND state = 'DUE' AND account IS NULL", book
        )
        for row in rows:
            await payouts.name_payee(
                self.connection, book, row["id"], Payee(*plot.BUDGET), self.people[who],
                "The treasury's published account",
            )  # fmt: skip

    async def _pay_all(self, bank: Bank, book: int, hands: tuple[str, str]) -> int:
        """Everything due is prepared by one, released by the other, and the bank obeys."""
        rows = await self.connection.fetch(
            "SELECT id FROM payout WHERE book_id = $1 AND state = 'DUE' ORDER BY id", book
        )
        numbers = [row["id"] for row in rows]
        day = self.today + timedelta(days=3)
        batch = await payouts.prepare(self.connection, book, numbers, self.people[hands[0]], day)
        now = datetime.now(UTC)
        order = await payouts.release(self.connection, book, batch, self.people[hands[1]], now)
        answer = bank.obey(order, day)
        self._pass_on(order, day, bank)
        if answer is not None:
            await payouts.hear(self.connection, book, answer, self.people[hands[0]])
        return len(numbers)

    def _pass_on(self, order: bytes, day: date, bank: Bank) -> None:
        """What one bank account pays to the other arrives there."""
        if bank is self.escrow:
            for amount, text in bank.paid_to(order, plot.TREASURY.account):
                self.treasury.receive(day, amount, text, plot.ESCROW)

    # --- where everything stands ----------------------------------------------------------------

    async def _now_ms(self) -> int:
        return await store.server_ms(self.connection)

    async def state(self) -> LotState:
        """The lot as its journal has it."""
        return (await self.lots.read(self.connection, [self.lot]))[self.lot].state

    async def _until(self, status: str) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while (await self.state()).status != status:  # noqa: ASYNC110 (the ledger tells)
                await asyncio.sleep(_LOOK_S)

    async def rest(self) -> None:
        """Let the keeper do all that is due."""
        if not self.lot:
            return
        keeper = Keeper(self.url, self.log)
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    if not await keeper.keep(self.connection, self.shard, self.lot):
                        return
                except (exclusive.Busy, CommandRefused):
                    await asyncio.sleep(_LOOK_S)  # another keeper is at it

    async def check(self, title: str) -> None:
        """Every đồng: the bank's balance is the book's, and equals what is owed."""
        sides = (
            (self.escrow, self.escrow_book, "BANK.ESCROW"),
            (self.treasury, self.agency_book, "BANK.AGENCY"),
        )
        for bank, book, code in sides:
            there = await books.balance(self.connection, book, Name(code))
            if there != bank.balance_minor:
                raise StoryBroken(
                    f"{title}: the bank has {bank.balance_minor:,}, the book {there:,}."
                )
            sums = await books.escrow(self.connection, book)
            if not sums.equal:
                raise StoryBroken(f"{title}: {sums.assets_minor:,} for {sums.owed_minor:,} owed.")
