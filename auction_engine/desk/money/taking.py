"""A creditor takes the property in kind: computed, prepared by one, approved by another, paid.

Law 106/2025 Art. 83(3), Decree 152/2026 Arts. 65(6), 66: at the last reduced price; he pays in what
is owed to others, his own claim is set off. When that is there, the keeper tells the lot.
"""

from dataclasses import asdict
from typing import Any

import orjson

from auction_engine.desk.money import proposals, record, requests
from auction_engine.desk.money.distributing import lot_of, pack_on, payments
from auction_engine.desk.money.payouts import plan
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.money.sheets import TakingSheet, read_taking
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import calendar
from auction_engine.rules.commands import Act
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack
from auction_engine.rules.postings import chart
from auction_engine.rules.postings import proceeds as postings
from auction_engine.rules.postings.entry import Cause, Name
from auction_engine.rules.proceeds import in_kind
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.in_kind import InKind

_APPROVED = (
    "SELECT d.id, d.sheet, d.approved_by, a.id AS act, r.amount_minor AS asked,"
    " (SELECT coalesce(sum(amount_minor), 0) FROM allocation WHERE request_id = r.id) AS paid"
    " FROM distribution d"
    " JOIN money_act a ON a.kind = 'in_kind.approved' AND a.book_id = d.book_id"
    " AND (a.body ->> 'distribution')::bigint = d.id"
    " LEFT JOIN payment_request r ON r.purpose = 'TOP_UP' AND r.lot_id = d.lot_id"
    " WHERE d.lot_id = $1 AND d.approved_at IS NOT NULL"
)


class Taken:
    """A sheet and what taking the property comes to under it."""

    def __init__(self, pack: Pack, sheet: TakingSheet, state: LotState) -> None:
        self.pack = pack
        self.sheet = sheet
        assert state.params.terms is not None
        cuts, start = state.params.terms.cuts, state.params.starting_price_minor
        try:
            self.found: InKind = in_kind.take(
                pack,
                sheet.case(),
                sheet.taker,
                in_kind.price(pack.re_auction, cuts, start),
                others_agree=sheet.others_agree,
                base_salary_minor=sheet.base_salary_minor,
            )
        except ProceedsError as error:
            raise MoneyError(error.code, str(error)) from None

    def to_json(self) -> dict[str, Any]:
        """For the record and for pages: every step, what is set off and what is to be paid in."""
        found = self.found
        return {
            "pack": self.pack.id,
            "taker": found.taker,
            "price_minor": found.price_minor,
            "set_off_minor": found.set_off_minor,
            "top_up_minor": found.top_up_minor,
            "fee_minor": found.fee_minor,
            "to_pay_minor": found.to_pay_minor,
            "free": found.free,
            "estate_minor": found.price_minor,
            "steps": [asdict(step) for step in (*found.set_off, *found.top_up)],
            "left_out": [],
            "receipts": [{**one._asdict(), "net_minor": one.net_minor} for one in found.receipts],
        }


async def compute(connection: Any, lots: Lots, lot: int, data: Any) -> Taken:
    """What taking the property comes to; nothing is written.

    Raises MoneyError: UNKNOWN_LOT, BAD_SHEET, NOT_OFFERED, and the rules' own.
    """
    state, _ = await lot_of(connection, lots, lot)
    sheet = read_taking(data)
    if state.status != "IN_KIND_OFFER":
        raise MoneyError("NOT_OFFERED", "The property is not offered to creditors.")
    return Taken(pack_on(state, sheet), sheet, state)


async def prepare(connection: Any, lots: Lots, lot: int, data: Any, account: int) -> int:
    """Keep what was computed for somebody else to approve. Returns its number."""
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        taken = await compute(connection, lots, lot, data)
        _, where = await lot_of(connection, lots, lot)
        return await proposals.put_down(
            connection,
            where.agency,
            lot,
            taken.sheet,
            taken.to_json(),
            account,
            "in_kind.prepared",
        )


async def approve(connection: Any, lots: Lots, number: int, account: int) -> None:
    """Approve it: the creditor is asked for what he has to pay in.

    Raises MoneyError: UNKNOWN_DISTRIBUTION, SAME_PERSON, DISTRIBUTED, CHANGED, and as `compute`.
    """
    async with connection.transaction():
        proposal = await proposals.take_up(connection, number, account)
        if proposal is None:
            return
        taken = await compute(connection, lots, proposal.lot, proposal.sheet)
        await proposals.approve(
            connection, number, proposal, taken.to_json(), account, "in_kind.approved"
        )
        if taken.found.to_pay_minor:
            await _ask(connection, proposal.book, proposal.lot, taken)


async def _ask(connection: Any, book: int, lot: int, taken: Taken) -> None:
    rule = taken.pack.re_auction
    due_on = None
    if rule is not None and rule.in_kind_creditor_pays is not None:
        days = calendar.load(taken.pack.calendar)
        due_on = calendar.after(days, taken.sheet.payment_on, rule.in_kind_creditor_pays)
    await requests.ask(
        connection, book, "TOP_UP", lot, taken.found.taker, taken.found.to_pay_minor, due_on
    )


async def follow(connection: Any, lots: Lots, lot: int) -> list[str]:
    """What the creditor had to pay is there: the price is set off and shared out.

    Returns the keys posted.
    """
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        row = await connection.fetchrow(_APPROVED, lot)
        state, where = await lot_of(connection, lots, lot)
        if row is None or state.status not in ("IN_KIND_OFFER", "TAKEN_BY_CREDITOR"):
            return []
        sheet = read_taking(orjson.loads(row["sheet"]))
        taken = Taken(pack_on(state, sheet), sheet, state)
        if row["paid"] < taken.found.to_pay_minor:
            return []
        cause = Cause("ACT", row["act"])
        entries = postings.in_kind(where.agency, lot, taken.found, cause)
        done = [one for entry in entries for one in await books.post(connection, [entry])]
        own = Name("PAYABLE.CREDITOR", chart.of_party(lot, taken.found.taker))
        legs = tuple(
            leg
            for entry in entries
            if entry.kind == "estate.distributed"
            for leg in entry.legs
            if leg.account != own
        )
        await plan(
            connection,
            where.agency,
            payments(lot, row["id"], taken.pack, sheet, legs, sheet.payment_on),
        )
        return [one.key for one in done if not one.repeat]


async def due_act(connection: Any, state: LotState, lot: int) -> list[Act]:
    """The lot is told when the creditor has paid what he had to."""
    if state.status != "IN_KIND_OFFER":
        return []
    row = await connection.fetchrow(_APPROVED, lot)
    if row is None or row["paid"] < (row["asked"] or 0):
        return []
    sheet = read_taking(orjson.loads(row["sheet"]))
    data = {"creditor": sheet.party(sheet.taker).name, "top_up_minor": row["asked"] or 0}
    return [Act("take_in_kind", "AGENCY", row["approved_by"], None, data)]
