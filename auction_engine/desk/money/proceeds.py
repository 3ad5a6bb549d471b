"""The agency's book follows the sale: price, delivery, default, rescission, annulment.

What a person decides, the distribution, is in `distributing`. As in `settling`, every step has a
key and an interrupted look is finished by the next.
"""

from datetime import date
from typing import Any, NamedTuple

from auction_engine.desk.money import causes, holders, record, requests, undoing
from auction_engine.desk.money.causes import Since
from auction_engine.desk.money.payouts import Payee, Payout, plan
from auction_engine.desk.money.record import LotBooks
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar, packs
from auction_engine.rules.deposits import credited_minor
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack
from auction_engine.rules.postings import chart
from auction_engine.rules.postings import proceeds as postings
from auction_engine.rules.postings.entry import Cause, Entry, Name

_BOUGHT = ("AWAIT_PAYMENT", "PAID", "DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED", "CLOSED")
_DELIVERED = ("DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED", "CLOSED")
_UNDONE = {
    "PAYMENT_DEFAULT": "payment.defaulted",
    "RESCINDED": "payment.defaulted",
    "PRICE_CUT": "payment.defaulted",
    "RESCINDED_BY_BUYER": "buyer.rescinded",
    "ANNULLED": "result.annulled",
}


class _Earnest(NamedTuple):
    amount_minor: int
    paid_minor: int


async def follow(connection: Any, lots: Lots, lot: int) -> list[str]:
    """Post what the sale asks of the agency's book. Returns the keys posted."""
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        state = (await lots.read(connection, [lot]))[lot].state
        params = state.params
        if params.terms is None or params.pack is None or state.life.winner is None:
            return []
        where = await record.books_of(connection, lot, params.currency, params.minor_digits)
        price = await _price(connection, where, state)
        sale = _Sale(connection, where, state, packs.load(params.pack), price)
        if state.status in _DELIVERED:
            return await sale.delivered()
        if state.status in _UNDONE:
            return await sale.undone()
        return []


async def _price(connection: Any, where: LotBooks, state: LotState) -> requests.Request | None:
    """The request for the balance of the price, made when the contract is."""
    award, winner = state.life.award_minor, state.life.winner
    if state.status not in _BOUGHT or award is None or winner is None:
        return None
    rest_minor = award - credited_minor(state)
    if rest_minor <= 0:
        return None
    due_ms = state.life.due_ms if state.status == "AWAIT_PAYMENT" else None
    return await requests.ask(
        connection,
        where.agency,
        "PRICE",
        where.lot,
        winner,
        rest_minor,
        None if due_ms is None else requests.day_of(state, due_ms - 1),
    )


class _Sale:
    """One sale and the accounts of its money in the agency's book."""

    def __init__(
        self,
        connection: Any,
        where: LotBooks,
        state: LotState,
        pack: Pack,
        price: requests.Request | None,
    ) -> None:
        self._connection = connection
        self._where = where
        self._state = state
        self._pack = pack
        self._price = price
        self._book = where.agency

    async def delivered(self) -> list[str]:
        """The price may be distributed from the delivery on; also what of it arrives later."""
        held = await self._balance("LIAB.PURCHASE_PRICE")
        if not held:
            return []
        found = await causes.of_kind(self._connection, self._where.lot, "lot.delivered")
        since = found["lot.delivered"]
        entry = postings.delivered(self._book, self._where.lot, held, self._cause(since))
        return await self._post(since, entry)

    async def undone(self) -> list[str]:
        """The sale came to nothing: what the buyer paid is lost, or goes back to him."""
        kind = _UNDONE[self._state.status]
        since = (await causes.of_kind(self._connection, self._where.lot, kind)).get(kind)
        if since is None:
            return []
        if kind == "result.annulled":
            return await self._annulled(since)
        held = await self._balance("LIAB.PURCHASE_PRICE")
        if not held:
            return []
        if kind == "payment.defaulted":
            return await self._defaulted(since, held)
        interest = await self._balance("LIAB.BUYER_INTEREST")
        entry = postings.buyer_rescinded(
            self._book, self._where.lot, self._winner, held, interest, self._cause(since)
        )
        return await self._given_back(since, entry, held + interest)

    async def _defaulted(self, since: Since, held: int) -> list[str]:
        """The earnest money is lost, if there is any; what else was paid goes back."""
        earnest = await self._earnest()
        if earnest is not None and earnest.paid_minor < earnest.amount_minor:
            return []  # on its way; what follows is posted when it is there
        before = await self._times("price.defaulted", since)
        # Later there comes nothing but what a bank pays for the buyer it vouched for.
        lost = held if before else min(held, 0 if earnest is None else earnest.paid_minor)
        beneficiary = self._beneficiary()
        if beneficiary == "NOT_FORFEITED":
            lost = 0
        entry = postings.payment_defaulted(
            self._book, self._where.lot, self._winner, lost, held - lost, beneficiary,
            self._cause(since),
        )  # fmt: skip
        posted = await self._given_back(since, entry, held - lost)
        budget = [leg for leg in entry.legs if leg.account.code == "PAYABLE.STATE_BUDGET"]
        for leg in budget:
            await self._plan_lost(since, leg.account, -leg.amount_minor)
        return posted

    async def _annulled(self, since: Since) -> list[str]:
        """Compensating entries: all the buyer paid is owed to him, who was paid owes it back."""
        again = await self._times("result.annulled", since)
        lot, book = self._where.lot, self._book
        posted = []
        held = await self._standing()
        out: dict[int, int] = {}
        for prefix in self._undone_payouts():
            if again:
                posted += await undoing.swept(self._connection, book, lot, prefix)
                continue
            for one in await undoing.stop(self._connection, book, lot, prefix):
                out[one["payee"]] = out.get(one["payee"], 0) + one["amount_minor"]
        owed = sum(held.values()) + sum(out.values())
        if posted or not owed:
            return posted
        to = Name("LIAB.REFUND", chart.of_bidder(lot, self._winner))
        entry = postings.annulled(book, lot, owed, held, out, to, self._cause(since))
        return await self._given_back(since, entry, owed)

    def _undone_payouts(self) -> list[str]:
        """What the keys of payouts begin with that an annulment takes back."""
        lot = chart.of_lot(self._where.lot)
        fault = self._state.life.ground == "TECHNICAL_FAULT"
        return [f"distribute:{lot}:", *([f"lost:{lot}:"] if fault else ())]

    async def _standing(self) -> dict[Name, int]:
        """What the lot's accounts still owe."""
        held: dict[Name, int] = {}
        lost = _LOST if self._state.life.ground == "TECHNICAL_FAULT" else ()
        for code in (*_LOTS_OWN, *lost):
            if amount := await self._balance(code):
                held[Name(code, chart.of_lot(self._where.lot))] = amount
        prefix = f"{chart.of_lot(self._where.lot)}/party:"
        for one in await books.balances(
            self._connection, self._book, codes=_PARTIES, key_prefix=prefix
        ):
            if one.amount_minor:
                held[one.account] = one.amount_minor
        return held

    async def _given_back(self, since: Since, entry: Entry, amount_minor: int) -> list[str]:
        """Post `entry`, by which `amount_minor` is owed to the buyer again, and plan to pay it."""
        n = 1 + await self._times(entry.kind, since)
        posted = await self._post(since, entry)
        if amount_minor <= 0:
            return posted
        asked = await self._connection.fetch(
            "SELECT id FROM payment_request WHERE purpose IN ('PRICE', 'DEPOSIT')"
            " AND lot_id = $1 AND payer = $2",
            self._where.lot,
            self._winner,
        )
        payout = Payout(
            f"back:{self._where.lot}/{since.seq}" + (f"/{n}" if n > 1 else ""),
            "REFUND",
            self._where.lot,
            self._winner,
            Name("LIAB.REFUND", chart.of_bidder(self._where.lot, self._winner)),
            amount_minor,
            await holders.sender_of(self._connection, *(row["id"] for row in asked)),
            f"Hoan tra tien mua tai san, lo {self._where.lot}",
            self._due_on(since),
        )
        await plan(self._connection, self._book, [payout])
        return posted

    async def _plan_lost(self, since: Since, owed: Name, amount_minor: int) -> None:
        lot = self._where.lot
        payout = Payout(
            f"lost:{chart.of_lot(lot)}:{since.seq}",
            "BUDGET",
            lot,
            0,
            owed,
            amount_minor,
            Payee(None, None, None),
            f"Tien dat coc khong hoan tra, lo {lot}",
            self._due_on(since),
        )
        await plan(self._connection, self._book, [payout])

    def _due_on(self, since: Since) -> date:
        days = calendar.load(self._pack.calendar)
        day = calendar.local_day(since.at_ms, self._pack.timezone)
        return calendar.after(days, day, self._pack.refund.losers)

    async def _earnest(self) -> _Earnest | None:
        """The earnest money that is expected from the organisation, None if there is none."""
        row = await self._connection.fetchrow(
            "SELECT r.amount_minor, coalesce(sum(a.amount_minor), 0)::bigint AS paid_minor"
            " FROM payment_request r LEFT JOIN allocation a ON a.request_id = r.id"
            " WHERE r.purpose = 'EARNEST' AND r.lot_id = $1 AND r.payer = $2 GROUP BY r.id",
            self._where.lot,
            self._winner,
        )
        return None if row is None else _Earnest(*row)

    async def _times(self, kind: str, since: Since) -> int:
        """How often this was posted for the same cause: money may arrive in parts."""
        return int(
            await self._connection.fetchval(
                "SELECT count(*) FROM transfer WHERE cause_kind = 'JOURNAL' AND cause_id = $1"
                " AND cause_n = $2 AND book_id = $3 AND kind = $4",
                self._where.lot,
                since.seq,
                self._book,
                kind,
            )
        )

    async def _balance(self, code: str) -> int:
        name = Name(code, chart.of_lot(self._where.lot))
        return int(await books.balance(self._connection, self._book, name))

    async def _post(self, since: Since, entry: Entry) -> list[str]:
        """Post `entry`; the second of its kind for one cause has a key of its own."""
        if before := await self._times(entry.kind, since):
            entry = entry._replace(key=f"{entry.key}/{before + 1}")
        day = calendar.local_day(since.at_ms, self._pack.timezone)
        done = await books.post(self._connection, [entry], day)
        return [one.key for one in done if not one.repeat]

    def _cause(self, since: Since) -> Cause:
        return Cause("JOURNAL", self._where.lot, since.seq)

    def _beneficiary(self) -> str:
        assert self._state.params.terms is not None
        return self._state.params.terms.beneficiary("PAYMENT_DEFAULT")

    @property
    def _winner(self) -> int:
        assert self._state.life.winner is not None
        return self._state.life.winner


_LOTS_OWN = ("LIAB.PURCHASE_PRICE", "LIAB.ESTATE", "LIAB.BUYER_INTEREST", "PAYABLE.STATE_FEE")
# Lost by a buyer who did not pay: his again only where the auction counts as not held.
_LOST = ("PAYABLE.FORFEITED", "PAYABLE.STATE_BUDGET")
_PARTIES = (
    "PAYABLE.COSTS",
    "PAYABLE.RENT_1Y",
    "PAYABLE.TAXES",
    "PAYABLE.CREDITOR",
    "PAYABLE.DEBTOR_SURPLUS",
)
