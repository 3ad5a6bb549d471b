"""The proceeds are shared out: computed from a sheet, prepared by one, approved by another."""

from dataclasses import asdict
from datetime import date
from typing import Any

from auction_engine.desk.complaints import holding
from auction_engine.desk.money import causes, proposals, record, requests, sheets
from auction_engine.desk.money.payouts import Kind, Payee, Payout, plan
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.money.sheets import Sheet
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar, packs
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack
from auction_engine.rules.postings import chart
from auction_engine.rules.postings import proceeds as postings
from auction_engine.rules.postings.entry import Cause, Leg, Name
from auction_engine.rules.proceeds.distribution import Distribution, distribute
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.withheld import Receipt, receipts

_OPEN = ("DELIVERED", "TITLE_FILED")
_KINDS: dict[str, Kind] = {
    "PAYABLE.COSTS": "COSTS",
    "PAYABLE.TAXES": "BUDGET",
    "PAYABLE.STATE_FEE": "BUDGET",
    "PAYABLE.CREDITOR": "CREDITOR",
    "PAYABLE.DEBTOR_SURPLUS": "SURPLUS",
    "PAYABLE.RENT_1Y": "SURPLUS",
}


class Computed:
    """A sheet and what the rules make of it for an estate of so much."""

    def __init__(self, pack: Pack, sheet: Sheet, estate_minor: int) -> None:
        self.sheet = sheet
        self.pack = pack
        case = sheet.case()
        try:
            self.found: Distribution = distribute(pack, estate_minor, case)
        except ProceedsError as error:
            raise MoneyError(error.code, str(error)) from None
        self.paid: tuple[Receipt, ...] = receipts(pack, case, self.found, sheet.base_salary_minor)

    def to_json(self) -> dict[str, Any]:
        """For the record and for pages: every step with its arithmetic, and what is withheld."""
        return {
            "pack": self.pack.id,
            "estate_minor": self.found.estate_minor,
            "steps": [asdict(step) for step in self.found.steps],
            "left_out": list(self.found.left_out),
            "receipts": [{**one._asdict(), "net_minor": one.net_minor} for one in self.paid],
        }


async def compute(connection: Any, lots: Lots, lot: int, data: Any) -> Computed:
    """What the sheet comes to with the money that is there; nothing is written.

    Raises MoneyError: UNKNOWN_LOT, BAD_SHEET, NOT_DELIVERED, INCOMPLETE, NO_PROCEEDS, and the
    rules' own.
    """
    state, where = await lot_of(connection, lots, lot)
    sheet = sheets.read(data)
    estate = await books.balance(connection, where.agency, Name("LIAB.ESTATE", chart.of_lot(lot)))
    if state.status not in _OPEN:
        raise MoneyError("NOT_DELIVERED", "The proceeds are distributed after the delivery.")
    if await _incomplete(connection, lot, where.agency):
        raise MoneyError(
            "INCOMPLETE", "The earnest money has not arrived yet; distribute when all is there."
        )
    if not estate:
        raise MoneyError("NO_PROCEEDS", "There is nothing to distribute in this lot's estate.")
    return Computed(pack_on(state, sheet), sheet, estate)


async def _incomplete(connection: Any, lot: int, agency: int) -> bool:
    """Whether part of the price is still on its way, or here and not in the estate yet."""
    price = Name("LIAB.PURCHASE_PRICE", chart.of_lot(lot))
    return bool(
        await books.balance(connection, agency, price)
        or await connection.fetchval(
            "SELECT EXISTS (SELECT FROM payment_request r WHERE r.lot_id = $1"
            " AND r.purpose = 'EARNEST' AND r.amount_minor >"
            " (SELECT coalesce(sum(amount_minor), 0) FROM allocation WHERE request_id = r.id))",
            lot,
        )
    )


def pack_on(state: LotState, sheet: Sheet) -> Pack:
    """The pack in force on the day of payment: each step follows the law of its day."""
    frozen = packs.load(state.params.pack or "")
    if packs.in_force(frozen, sheet.payment_on):
        return frozen
    return packs.select(frozen.family, sheet.payment_on)


async def prepare(connection: Any, lots: Lots, lot: int, data: Any, account: int) -> int:
    """Keep a computed distribution for somebody else to approve. Returns its number."""
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        computed = await compute(connection, lots, lot, data)
        _, where = await lot_of(connection, lots, lot)
        return await proposals.put_down(
            connection,
            where.agency,
            lot,
            computed.sheet,
            computed.to_json(),
            account,
            "distribution.prepared",
        )


async def approve(connection: Any, lots: Lots, number: int, account: int) -> None:
    """Approve a distribution: it is posted, and everybody's payment is due.

    Raises MoneyError: UNKNOWN_DISTRIBUTION, SAME_PERSON, DISTRIBUTED, CHANGED (the estate is not
    what it was computed from), and as `compute`.
    """
    async with connection.transaction():
        proposal = await proposals.take_up(connection, number, account)
        if proposal is None:
            return
        lot, book = proposal.lot, proposal.book
        if waits := await holding.waiting(connection, lot, "DISTRIBUTION"):
            raise MoneyError(
                "COMPLAINT_OPEN", f"The complaint {', '.join(waits)} is open; distribute after it."
            )
        computed = await compute(connection, lots, lot, proposal.sheet)
        act = await proposals.approve(
            connection, number, proposal, computed.to_json(), account, "distribution.approved"
        )
        entry = postings.distributed(book, lot, computed.found, computed.paid, Cause("ACT", act))
        await books.post(connection, [entry])
        state, _ = await lot_of(connection, lots, lot)
        delivered = await causes.of_kind(connection, lot, "lot.delivered")
        day = requests.day_of(state, delivered["lot.delivered"].at_ms)
        await plan(
            connection,
            book,
            payments(lot, number, computed.pack, computed.sheet, entry.legs, day),
        )


def payments(
    lot: int, number: int, pack: Pack, sheet: Sheet, legs: tuple[Leg, ...], since: date
) -> list[Payout]:
    """One payment for each payable that `legs` credit, due so long after `since`."""
    due_on = None
    if pack.payout is not None:
        days = calendar.load(pack.calendar)
        due_on = calendar.after(days, since, pack.payout.due)
    made = []
    for leg in legs:
        if leg.amount_minor > 0:
            continue
        party = leg.account.key.rpartition("/party:")[2]
        payee, whom = Payee(None, None, None), 0
        if party.isdecimal():
            whom = int(party)
            known = sheet.party(whom)
            payee = Payee(known.name, known.account, known.bank)
        made.append(
            Payout(
                f"distribute:{chart.of_lot(lot)}:{number}:{leg.account}",
                _KINDS.get(leg.account.code, "OTHER"),
                lot,
                whom,
                leg.account,
                -leg.amount_minor,
                payee,
                f"Chi tra tien thi hanh an, lo {lot}",
                due_on,
            )
        )
    return made


async def lot_of(connection: Any, lots: Lots, lot: int) -> tuple[LotState, record.LotBooks]:
    """The lot as it stands, and its books. Raises MoneyError UNKNOWN_LOT."""
    found = (await lots.read(connection, [lot])).get(lot)
    if found is None:
        raise MoneyError("UNKNOWN_LOT", "There is no such lot.")
    params = found.state.params
    where = await record.books_of(connection, lot, params.currency, params.minor_digits)
    return found.state, where
