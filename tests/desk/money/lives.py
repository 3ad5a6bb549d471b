"""A session lived at random: everybody does something, in any order, and often the wrong thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from auction_engine.bank.errors import BankFileError
from auction_engine.desk.money import distributing, guarantees, holders, payouts, suspense
from auction_engine.desk.money.record import MoneyError
from auction_engine.ledger import books
from auction_engine.ledger.errors import LedgerError
from auction_engine.rules.commands import CommandRefused, Enter
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.postings.entry import Name

from .house import (
    CLOSES_MS,
    DEPOSIT,
    END_MS,
    MILLION,
    MINUTE_MS,
    NOW,
    ORDERED_ON,
    PAID_ON,
    House,
    Payee,
    Sale,
)
from .house import START_MS as START

FORMS = ("camt.053", "mt940", "csv")
Step = tuple[str, int, int]
REFUSALS = (CommandRefused, MoneyError)


class Life:
    """One lot of a house, and all that happens to it and its money."""

    def __init__(self, desk: House, sale: Sale) -> None:
        self.desk = desk
        self.sale = sale
        self.orders: list[tuple[Any, bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.done: dict[str, int] = {}

    async def begin(self, where: str, paid: int) -> None:
        """Bring the lot to where the life is to begin."""
        sale = self.sale
        await self.everybody_pays(paid if where == "REGISTRATION" else 63, paid)
        await self.look(0, 0)
        if where == "REGISTRATION":
            return
        await sale.keep()
        await sale.admit(*sale.bidders)
        await sale.opened(*sale.bidders[: 2 + paid % 3])
        if where == "RUNNING":
            return
        await sale.announced((self.who(paid), 1_000), (self.who(paid + 1), 1_050))
        if where == "ANNOUNCED":
            return
        await sale.signed()
        if paid % 2:
            await sale.earnest_arrives()
        await sale.keep()
        if where == "SOLD":
            return
        await sale.pay_price()
        await sale.act("deliver", role="AGENCY")
        if where == "DISTRIBUTED":
            await sale.earnest_arrives()
            await self._distribute(0, 0)
            if paid % 2:
                await sale.keep()

    async def live(self, steps: list[Step]) -> None:
        """Do all of `steps`; after each the books must be right."""
        for name, one, other in steps:
            try:
                await ACTS[name](self, one, other)
                self.done[name] = self.done.get(name, 0) + 1
            except REFUSALS:
                pass
            await self.desk.check()

    async def end(self) -> None:
        """Everybody does what is left; then the books agree with the lot."""
        desk, sale = self.desk, self.sale
        await holders.state_costs(
            desk.connection, desk.organisation, sale.lot, 7 * MILLION, desk.people["clerk"], "Bill"
        )
        for _ in range(5):
            await sale.keep()
            while self.orders or self.answers:
                await self.bank_obeys(0, 0)
                await self.bank_answers(0, 0)
            for number in (0, 1):
                await self.failed_again(number, 1)
                await self.order(number, 63)
                await self.hear(number, 0)
        await sale.keep()
        await desk.check()
        await desk.verified()
        await self._agrees()

    async def _agrees(self) -> None:
        state = await self.sale.state()
        fates = deposit_fates(state)
        for who in self.sale.bidders:
            key = f"lot:{self.sale.lot}/bidder:{who}"
            has = {
                kind: await self.desk.connection.fetchval(
                    "SELECT EXISTS (SELECT FROM transfer t JOIN payment_request r"
                    " ON t.key = $1 || r.id WHERE r.lot_id = $2 AND r.payer = $3"
                    " AND r.purpose = 'DEPOSIT')",
                    f"{kind}:",
                    self.sale.lot,
                    who,
                )
                for kind in ("hold", "refund", "forfeit", "forfeit-undone", "remit")
            }
            fate, what = fates.get(who), (who, fates.get(who), has, state.status)
            if not has["hold"]:
                continue
            if fate is None or fate.kind == "HELD":
                held = await self.desk.balance("LIAB.DEPOSIT", key)
                assert (held == DEPOSIT) != (has["refund"] or has["forfeit"]), what
            elif fate.kind == "REFUND_DUE":
                assert has["refund"] or has["remit"] or has["forfeit-undone"], what
            elif fate.kind == "FORFEITED" and fate.ground != "PAYMENT_DEFAULT":
                assert has["forfeit"], what
            elif fate.kind == "FORFEITED":
                assert has["remit"], what
        await self._the_buyers_money(state)

    async def _the_buyers_money(self, state: Any) -> None:
        """Of an annulled sale the buyer gets back all he paid, whatever had become of it."""
        winner = state.life.winner
        if state.status != "ANNULLED" or winner is None or winner in state.life.forfeits:
            return
        given = await self.desk.connection.fetchval(
            "SELECT coalesce(sum(a.amount_minor), 0)::bigint FROM allocation a"
            " JOIN payment_request r ON r.id = a.request_id"
            " WHERE r.lot_id = $1 AND r.payer = $2 AND r.purpose IN ('DEPOSIT', 'PRICE')",
            self.sale.lot, winner,
        )  # fmt: skip
        back = await self.desk.connection.fetchval(
            "SELECT coalesce(sum(amount_minor), 0)::bigint FROM payout WHERE lot_id = $1"
            " AND payee = $2 AND kind = 'REFUND' AND state <> 'CANCELLED'",
            self.sale.lot, winner,
        )  # fmt: skip
        on_its_way = await self.desk.connection.fetchval(
            "SELECT coalesce(sum(amount_minor), 0)::bigint FROM payout WHERE lot_id = $1"
            " AND kind = 'REMITTANCE' AND state <> 'BOOKED'",
            self.sale.lot,
        )
        assert given == back + on_its_way, (given, back, on_its_way)

    # --- steps ----------------------------------------------------------------------------------

    def who(self, number: int) -> int:
        return self.sale.bidders[number % len(self.sale.bidders)]

    async def pay(self, one: int, other: int) -> None:
        """A deposit, with every mistake one can make."""
        sale, who = self.sale, self.who(one)
        request = await sale.request(who)
        amount = (DEPOSIT,) * 4 + (DEPOSIT - 7, 7, DEPOSIT + 3, DEPOSIT // 2)
        wrong = (await sale.request(self.who(one + 1))).reference
        slip = request.reference[:-1] + str((int(request.reference[-1]) + 1) % 10)
        texts = (request.reference,) * 5 + ("nop tien", slip, f"{request.reference} {wrong}", wrong)
        late = timedelta(days=14 if other % 17 == 0 else 0)
        await sale.pay(
            who, amount=amount[other % 8], text=texts[other // 8 % 9], day=PAID_ON + late
        )

    async def everybody_pays(self, one: int, other: int) -> None:
        for who in self.sale.bidders:
            if (one >> self.sale.bidders.index(who)) % 4:
                await self.sale.pay(who)
        await self.hear(0, other)

    def bank(self, number: int) -> Any:
        return self.desk.escrow if number % 2 == 0 else self.desk.treasury

    async def hear(self, one: int, other: int) -> None:
        if self.bank(one).has_news:
            await self.desk.hear(self.bank(one), FORMS[other % 3])

    async def look(self, one: int, other: int) -> None:
        await self.sale.look()

    async def vouch(self, one: int, other: int) -> None:
        desk = self.desk
        if other % 4 == 0:
            request = (await self.sale.request(self.who(one))).id
            await guarantees.accept(
                desk.connection, desk.organisation, request, "Bank", "BL", PAID_ON,
                desk.people["clerk"], "In the file",
            )  # fmt: skip

    async def by_hand(self, one: int, other: int) -> None:
        """Somebody settles a line in suspense, rightly or not."""
        desk = self.desk
        book = (desk.organisation, desk.agency)[one % 2]
        lines = await desk.connection.fetch(
            "SELECT line_id FROM suspense WHERE book_id = $1 AND closed_at IS NULL ORDER BY 1", book
        )
        if not lines:
            return
        line, clerk = lines[one // 2 % len(lines)]["line_id"], desk.people["clerk"]
        if other % 3 == 0:
            await suspense.send_back(desk.connection, book, line, clerk, "Not ours", None)
        elif other % 3 == 1:
            requests = await desk.connection.fetch(
                "SELECT id FROM payment_request WHERE book_id = $1 ORDER BY id", book
            )
            request = requests[other // 3 % len(requests)]["id"] if requests else 0
            await suspense.allocate(desk.connection, desk.lots, book, line, request, clerk, "Asked")
        else:
            owed = await books.balances(
                desk.connection, book, codes=("RECEIVABLE.ANNULLED", "RECEIVABLE.UNEXPLAINED")
            )
            for row in owed[:1]:
                await suspense.make_good(
                    desk.connection, book, line, Name(*row.account), clerk, "Paid back"
                )

    async def order(self, one: int, other: int) -> None:
        """Some of what is due is prepared and released, or cancelled in between."""
        desk, bank = self.desk, self.bank(one)
        book, clerk, chief = desk.book_of(bank), desk.people["clerk"], desk.people["chief"]
        left = bank.balance_minor - sum(
            row["amount_minor"] for row in await desk.due(book, "ORDERED")
        )
        chosen = []
        for number, row in enumerate(await desk.due(book)):
            if (other >> number % 6) % 2 and row["amount_minor"] <= left:
                chosen.append(row["id"])
                left -= row["amount_minor"]
                if not row["account"]:
                    payee = Payee("KHO BAC", "7111000000", "SBVNVNVX")
                    await payouts.name_payee(
                        desk.connection, book, row["id"], payee, clerk, "Published"
                    )
        if not chosen:
            return
        batch = await payouts.prepare(desk.connection, book, chosen, clerk, ORDERED_ON)
        if other % 11 == 10:
            await payouts.cancel(desk.connection, book, batch, clerk, "Wrong")
            return
        if other % 7 == 6:
            await self.look(0, 0)
        try:
            body = await payouts.release(desk.connection, book, batch, chief, NOW)
        except LedgerError:
            raise
        except Exception as error:
            # All of it may have been cancelled meanwhile: nothing is left to order.
            if "no payments" not in str(error):
                raise
            await payouts.cancel(desk.connection, book, batch, clerk, "Nothing left")
            return
        self.orders.append((bank, body))

    async def bank_obeys(self, one: int, other: int) -> None:
        if not self.orders:
            return
        bank, body = self.orders.pop(one % len(self.orders))
        answer = bank.obey(body, ORDERED_ON)
        if bank is self.desk.escrow:
            for amount, text in bank.paid_to(body, self.desk.treasury.owner.account):
                self.desk.treasury.receive(ORDERED_ON, amount, text, bank.owner)
        if answer is not None:
            self.answers.append((self.desk.book_of(bank), answer))

    async def bank_answers(self, one: int, other: int) -> None:
        if self.answers:
            book, answer = self.answers[one % len(self.answers)]
            await payouts.hear(self.desk.connection, book, answer, None)
            if other % 3:
                self.answers.remove((book, answer))
            elif len(self.answers) > 2 or not other:
                self.answers.pop(0)

    async def account_moves(self, one: int, other: int) -> None:
        account = self.sale.customer(self.who(other)).account
        closed = self.bank(0).closed, self.bank(1).closed
        for of_bank in closed:
            of_bank.discard(account) if account in of_bank else of_bank.add(account)

    async def failed_again(self, one: int, other: int) -> None:
        desk, bank = self.desk, self.bank(one)
        bank.closed.clear()
        for row in await desk.due(desk.book_of(bank), "FAILED"):
            await payouts.retry(
                desk.connection, row["book_id"], row["id"], desk.people["clerk"], "New account"
            )

    async def comes_back(self, one: int, other: int) -> None:
        """Another bank sends a payment of ours back."""
        desk, bank = self.desk, self.bank(one)
        rows = [
            row
            for row in await desk.due(desk.book_of(bank), "BOOKED")
            if row["kind"] != "REMITTANCE"
        ]
        if rows:
            row = rows[other % len(rows)]
            end_to_end = f"AE-P{row['id']}-{row['attempt']}"
            sender = self.sale.customer(self.who(other))
            bank._move(ORDERED_ON, row["amount_minor"], end_to_end, "tra lai", sender)

    async def bank_takes(self, one: int, other: int) -> None:
        bank = self.bank(one)
        ordered = await self.desk.due(self.desk.book_of(bank), "ORDERED", "BOOKED")
        if bank.balance_minor > 1_000 + sum(row["amount_minor"] for row in ordered):
            sender = self.sale.customer(self.who(other))
            bank._move(ORDERED_ON, -(1 + other), "NOTPROVIDED", "phi", sender)

    async def goes_on(self, one: int, other: int) -> None:
        """The lot goes a step further on its way."""
        await self._step((await self.sale.state()).status, one, other)

    async def _step(self, status: str, one: int, other: int) -> None:
        step = STEPS.get(status)
        if step is not None:
            await step(self, one, other)

    async def _registration_ends(self, one: int, other: int) -> None:
        state = await self.sale.state()
        for who in self.sale.bidders:
            if who in state.life.deposits and who not in state.admitted:
                await self.sale.admit(who)
        await self.sale.tick(CLOSES_MS)

    async def _opening(self, one: int, other: int) -> None:
        sale, state = self.sale, await self.sale.state()
        for who in sale.bidders:
            word = state.life.registered.get(who)
            if word == "REGISTERED" and who not in state.admitted:
                if who in state.life.deposits:
                    await sale.admit(who)
                else:
                    await sale.act("refuse_registration", bidder=who, reason="No deposit.")
        for who in (await sale.state()).admitted:
            if (one + who) % 5:
                await sale.do(Enter(who))
        await sale.act("make_ready")
        await sale.tick(START + MINUTE_MS)

    async def _bidding(self, one: int, other: int) -> None:
        price = ((await self.sale.state()).price_minor or 950 * MILLION) // MILLION
        if other % 3 == 0 and price > 950:
            await self.sale.tick(END_MS + 3_600_000)
        else:
            await self.sale.bid(self.who(one), price + 50 * (1 + other % 3))

    async def _announce(self, one: int, other: int) -> None:
        await self.sale.act("announce", role="AUCTIONEER")

    async def _minutes(self, one: int, other: int) -> None:
        if other % 5 < 2:
            name = ("refuse_win", "refuse_minutes")[other % 5]
            await self.sale.act(name, await self.sale.winner())
        elif not (await self.sale.state()).life.signed:
            await self.sale.signed()

    async def _offered(self, one: int, other: int) -> None:
        leader = (await self.sale.state()).leader
        await self.sale.act("accept_offer" if other % 3 else "decline_offer", leader)

    async def _rescind(self, one: int, other: int) -> None:
        await self.sale.act("rescind", role="AGENCY", reason="Not paid.")

    async def _close(self, one: int, other: int) -> None:
        await self.sale.act("close_file", role="AGENCY")

    async def _price(self, one: int, other: int) -> None:
        sale = self.sale
        winner = await sale.winner()
        if other % 6 == 0:
            due = (await sale.state()).life.due_ms
            await sale.tick((due or sale.at_ms) + 1)
            return
        asked = await self.desk.connection.fetchrow(
            "SELECT reference, amount_minor FROM payment_request"
            " WHERE purpose = 'PRICE' AND lot_id = $1",
            sale.lot,
        )
        if asked is not None:
            part = (asked["amount_minor"], asked["amount_minor"] // 2, 9)[other % 3]
            customer = sale.customer(winner)
            self.desk.treasury.receive(ORDERED_ON, part, asked["reference"], customer)

    async def _after_payment(self, one: int, other: int) -> None:
        sale = self.sale
        if other % 4 == 0:
            due = (await sale.state()).life.due_ms
            await sale.tick((due or sale.at_ms) + 1)
            await sale.act("buyer_rescinds", await sale.winner())
        else:
            await sale.act("deliver", role="AGENCY")

    async def _distribute(self, one: int, other: int) -> None:
        desk = self.desk
        number = await distributing.prepare(
            desk.connection, desk.lots, self.sale.lot, self.sale.sheet(), desk.people["officer"]
        )
        await distributing.approve(desk.connection, desk.lots, number, desk.people["head"])

    async def goes_wrong(self, one: int, other: int) -> None:
        """What may happen to a lot besides, where it fits."""
        sale, who = self.sale, self.who(other)
        state = await sale.state()
        if one % 5 == 0:
            await holders.state_costs(
                self.desk.connection, self.desk.organisation, sale.lot, other * MILLION,
                self.desk.people["clerk"], "Invoices",
            )  # fmt: skip
        elif one % 5 == 1 and state.life.absent:
            await sale.tick((state.life.claims_until_ms or 0) + 1)
            await sale.act("decide_absence", bidder=who, excused=bool(other % 2))
        elif state.status == "RUNNING":
            await self._in_the_bidding(one, who)
        elif state.status.startswith("REGISTRATION"):
            if one % 3:
                await sale.act("change", what="QUANTITY")
                await sale.act("withdraw_registration", who)
            else:
                await sale.act("stop", role="AGENCY", ground="REDEEMED", reason="Paid.")
        elif one % 3 == 0:
            ground = "TECHNICAL_FAULT" if other % 2 else "COURT"
            await sale.act("annul", role="COURT", ground=ground, reason="Judgment")

    async def _in_the_bidding(self, one: int, who: int) -> None:
        sale = self.sale
        if one % 7 == 0:
            await sale.act("stop", role="AGENCY", ground="REDEEMED", reason="Paid.")
        elif one % 7 == 1:
            await sale.act("report_incident", what="The line was cut.")
            await sale.act("decide_incident", role="AGENCY", choice="ANNUL")
        elif one % 7 < 5:
            await sale.act("withdraw_bid", who)
        else:
            await sale.act("disqualify", bidder=who, ground="COLLUSION", reason="Messages.")


STEPS: dict[str, Callable[[Life, int, int], Awaitable[None]]] = {
    "REGISTRATION_OPEN": Life._registration_ends,
    "REGISTRATION_CLOSED": Life._opening,
    "RUNNING": Life._bidding,
    "LEADER_DETERMINED": Life._announce,
    "ANNOUNCED": Life._minutes,
    "RUNNER_UP_OFFERED": Life._offered,
    "AWAIT_PAYMENT": Life._price,
    "PAID": Life._after_payment,
    "DELIVERED": Life._distribute,
    "TITLE_FILED": Life._distribute,
    "PAYMENT_DEFAULT": Life._rescind,
    "PROCEEDS_DISTRIBUTED": Life._close,
}
ACTS: dict[str, Callable[[Life, int, int], Awaitable[None]]] = {
    "pay": Life.pay,
    "everybody_pays": Life.everybody_pays,
    "hear": Life.hear,
    "look": Life.look,
    "vouch": Life.vouch,
    "by_hand": Life.by_hand,
    "order": Life.order,
    "bank_obeys": Life.bank_obeys,
    "bank_answers": Life.bank_answers,
    "account_moves": Life.account_moves,
    "failed_again": Life.failed_again,
    "comes_back": Life.comes_back,
    "bank_takes": Life.bank_takes,
    "goes_on": Life.goes_on,
    "goes_wrong": Life.goes_wrong,
}
BEGINNINGS = ("REGISTRATION", "RUNNING", "ANNOUNCED", "SOLD", "DELIVERED", "DISTRIBUTED")
# How often each is chosen.
WEIGHTS = {
    "goes_on": 8,
    "look": 4,
    "hear": 3,
    "pay": 2,
    "order": 2,
    "bank_obeys": 2,
    "goes_wrong": 2,
}

__all__ = ["ACTS", "BEGINNINGS", "WEIGHTS", "BankFileError", "Life", "Step"]
