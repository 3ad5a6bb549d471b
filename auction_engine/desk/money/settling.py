"""The books follow the auction: what each deposit has become is posted, whatever was posted before.

A look at one lot compares what its journal says with what the books say and posts the difference.
Every step has a key, so a look that was interrupted is finished by the next, by anybody.
"""

from datetime import date
from typing import Any, NamedTuple

from auction_engine.desk.money import causes, holders, interest, record, requests, undoing
from auction_engine.desk.money.causes import Since
from auction_engine.desk.money.payouts import Payee, Payout, plan
from auction_engine.desk.money.record import LotBooks
from auction_engine.desk.money.requests import Request
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar, packs
from auction_engine.rules.deposits import recorded as deposits_recorded
from auction_engine.rules.fates import REFUND_DUE, Fate, deposit_fates
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack
from auction_engine.rules.postings import chart, deposits
from auction_engine.rules.postings.entry import Cause, Entry, Name
from auction_engine.rules.proceeds import forfeits

# From then on the contract is made and the earnest money is the agency's to keep.
_CONTRACT_MADE = (
    "AWAIT_PAYMENT", "PAYMENT_DEFAULT", "PAID", "DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED",
    "CLOSED", "RESCINDED", "PRICE_CUT",
)  # fmt: skip


_PAID = ("PAID", "DELIVERED", "TITLE_FILED", "PROCEEDS_DISTRIBUTED", "CLOSED")


class Held(NamedTuple):
    """A deposit as the books have it: held as such, or as earnest money; None when it has left."""

    request: Request
    amount_minor: int
    earnest: bool


async def settle(connection: Any, lots: Lots, lot: int) -> list[str]:
    """Post what the lot's journal asks for and the books do not have. Returns the keys posted."""
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        state = (await lots.read(connection, [lot]))[lot].state
        if state.params.terms is None or state.params.pack is None:
            return []
        params = state.params
        where = await record.books_of(connection, lot, params.currency, params.minor_digits)
        if deposits_recorded(state):
            for bidder in await _not_asked(connection, state, lot):
                await requests.ask_deposit(connection, lot, bidder, state)
        pack = packs.load(params.pack)
        posted = await undoing.forfeits(connection, where, state, pack)
        posted += await _deposits(connection, where, state, pack)
        return posted + await _guarantees(connection, where, state)


async def _not_asked(connection: Any, state: LotState, lot: int) -> list[int]:
    rows = await connection.fetch(
        "SELECT payer FROM payment_request WHERE purpose = 'DEPOSIT' AND lot_id = $1", lot
    )
    asked = {row["payer"] for row in rows}
    registered = state.life.registered.items()
    return [who for who, word in registered if word == "REGISTERED" and who not in asked]


async def _deposits(connection: Any, where: LotBooks, state: LotState, pack: Pack) -> list[str]:
    standing = await held(connection, where)
    fates = deposit_fates(state)
    for bidder, one in standing.items():
        # In the books, but the sale was over for this bidder before its journal could say so.
        if bidder not in fates and not requests.wants(state, one.request):
            # But what the bank has taken back is not there to be refunded.
            if not await causes.reversed_by_bank(connection, where.lot, bidder):
                fates[bidder] = REFUND_DUE
    due = {
        bidder: one
        for bidder, one in standing.items()
        if bidder in fates and _moves(state, fates[bidder], one)
    }
    if not due:
        return []
    since = await causes.of_fates(connection, where.lot, due)
    latest = await causes.latest(connection, where.lot)
    posted = []
    for bidder, one in sorted(due.items()):
        step = _Step(connection, where, pack, bidder, one, since.get(bidder, latest))
        posted += await step.take(state, fates[bidder])
    return posted


async def _guarantees(connection: Any, where: LotBooks, state: LotState) -> list[str]:
    """Guarantees are given back when nothing more can be asked of them, or when they are paid."""
    rows = await connection.fetch(
        f"SELECT {requests.COLUMNS}, EXISTS (SELECT FROM transfer t"  # noqa: S608 (a constant)
        " WHERE t.key = 'hold:' || r.id) AS paid FROM guarantee g"
        " JOIN payment_request r ON r.id = g.request_id"
        " WHERE r.lot_id = $1 AND NOT EXISTS"
        " (SELECT FROM transfer t WHERE t.key = 'guarantee-end:' || r.id) ORDER BY r.id",
        where.lot,
    )
    if not rows:
        return []
    fates = deposit_fates(state)
    latest = await causes.latest(connection, where.lot)
    entries = [
        deposits.guarantee_ended(
            where.organisation,
            row["id"],
            where.lot,
            row["payer"],
            row["amount_minor"],
            Cause("JOURNAL", where.lot, latest.seq),
        )
        for row in rows
        if row["paid"] or _over(state, Request(*row[:8]), fates.get(row["payer"]))
    ]
    done = await books.post(connection, entries) if entries else []
    return [one.key for one in done if not one.repeat]


def _over(state: LotState, request: Request, fate: Fate | None) -> bool:
    """Whether nothing can be asked of a guarantee any more."""
    if fate is None:
        return not requests.wants(state, request)
    return fate.kind == "REFUND_DUE" or (fate.kind == "EARNEST" and state.status in _PAID)


def _moves(state: LotState, fate: Fate, one: Held) -> bool:
    """Whether the books are behind the fate."""
    if fate.kind == "HELD":
        return False
    if fate.kind == "EARNEST":
        return not one.earnest or state.status in _CONTRACT_MADE
    return True


async def held(connection: Any, where: LotBooks) -> dict[int, Held]:
    """The lot's deposits that are held now, by bidder."""
    rows = await connection.fetch(
        f"SELECT {requests.COLUMNS}, e.id IS NOT NULL AS earnest"  # noqa: S608 (a constant)
        " FROM payment_request r"
        " JOIN transfer h ON h.key = 'hold:' || r.id"
        " LEFT JOIN transfer e ON e.resolves = h.id AND e.pending"
        " LEFT JOIN transfer x ON x.resolves = coalesce(e.id, h.id)"
        " WHERE r.lot_id = $1 AND r.purpose = 'DEPOSIT' AND x.id IS NULL ORDER BY r.payer",
        where.lot,
    )
    return {
        row["payer"]: Held(Request(*row[:8]), row["amount_minor"], row["earnest"]) for row in rows
    }


class _Step:
    """One deposit on its way to where the auction sends it."""

    def __init__(
        self,
        connection: Any,
        where: LotBooks,
        pack: Pack,
        bidder: int,
        one: Held,
        since: Since,
    ) -> None:
        self._connection = connection
        self._where = where
        self._pack = pack
        self._bidder = bidder
        self._one = one
        self._book = where.organisation
        self._day = calendar.local_day(since.at_ms, pack.timezone)
        self._cause = Cause("JOURNAL", where.lot, since.seq)

    async def take(self, state: LotState, fate: Fate) -> list[str]:
        if fate.kind == "REFUND_DUE":
            return await self._refund()
        # Who defaults has made the contract: his earnest money is the agency's, and lost there.
        if fate.kind == "FORFEITED" and fate.ground != "PAYMENT_DEFAULT":
            return await self._forfeit(fate)
        posted = []
        if not self._one.earnest:
            posted += await self._post(
                deposits.earnest(*self._about, self._one.amount_minor, self._cause)
            )
        if state.status in _CONTRACT_MADE or fate.kind == "FORFEITED":
            posted += await self._remit()
            posted += await interest.follows(self._connection, *self._whose, self._cause)
        return posted

    @property
    def _whose(self) -> tuple[int, int, int, int]:
        return self._book, self._where.lot, self._bidder, self._one.request.id

    @property
    def _about(self) -> tuple[int, int, int, int]:
        return self._book, self._one.request.id, self._where.lot, self._bidder

    async def _post(self, *entries: Entry) -> list[str]:
        done = await books.post(self._connection, entries, self._day)
        return [one.key for one in done if not one.repeat]

    def _due_on(self) -> date:
        days = calendar.load(self._pack.calendar)
        return calendar.after(days, self._day, self._pack.refund.losers)

    async def _refund(self) -> list[str]:
        key = chart.of_bidder(self._where.lot, self._bidder)
        earned = await books.balance(
            self._connection, self._book, Name("LIAB.DEPOSIT_INTEREST", key)
        )
        amount = self._one.amount_minor
        posted = await self._post(
            deposits.refund_due(*self._about, amount, earned, self._one.earnest, self._cause)
        )
        request = self._one.request
        payout = Payout(
            f"refund:{request.id}",
            "REFUND",
            self._where.lot,
            self._bidder,
            Name("LIAB.REFUND", key),
            amount + earned,
            await holders.sender_of(self._connection, request.id),
            f"Hoan tra tien dat truoc {request.reference}",
            self._due_on(),
        )
        await plan(self._connection, self._book, [payout])
        return posted

    async def _remit(self) -> list[str]:
        """The earnest money goes to the enforcement agency, which expects it."""
        amount = self._one.amount_minor
        posted = await self._post(deposits.remitted(*self._about, amount, self._cause))
        expected = await requests.ask(
            self._connection,
            self._where.agency,
            "EARNEST",
            self._where.lot,
            self._bidder,
            amount,
            None,
        )
        payout = Payout(
            f"remit:{self._one.request.id}",
            "REMITTANCE",
            self._where.lot,
            0,
            Name("PAYABLE.AGENCY", chart.of_lot(self._where.lot)),
            amount,
            await holders.account_of(self._connection, self._where.agency),
            f"Chuyen tien dat coc {expected.reference}",
            self._due_on(),
        )
        await plan(self._connection, self._book, [payout])
        return posted

    async def _forfeit(self, fate: Fate) -> list[str]:
        """Lost; but a share for costs needs them stated first (Law 01/2016 Art. 39(8))."""
        assert fate.beneficiary is not None
        lot, amount = self._where.lot, self._one.amount_minor
        costs = 0
        if fate.beneficiary == "STATE_BUDGET_AFTER_COSTS":
            stated = await holders.costs_left(self._connection, self._book, lot)
            if stated is None:
                return []
            costs = stated
        shares = forfeits.split(fate.beneficiary, lot, amount, costs)
        posted = await self._post(
            deposits.forfeited(*self._about, shares, self._one.earnest, self._cause)
        )
        payouts = [
            Payout(
                f"forfeit:{self._one.request.id}:{leg.account.code}",
                _KINDS.get(leg.account.code, "OTHER"),
                lot,
                0,
                leg.account,
                -leg.amount_minor,
                Payee(None, None, None),
                f"Tien dat truoc khong hoan tra {self._one.request.reference}",
                self._due_on(),
            )
            for leg in shares
        ]
        await plan(self._connection, self._book, payouts)
        return posted + await interest.follows(self._connection, *self._whose, self._cause)


_KINDS: dict[str, Any] = {
    "PAYABLE.STATE_BUDGET": "BUDGET",
    "PAYABLE.AUCTION_COST": "COSTS",
    "PAYABLE.AGENCY": "REMITTANCE",
}
