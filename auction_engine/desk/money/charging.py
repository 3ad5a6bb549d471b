"""The auction service fee is charged to the agency, once for each lot, and is due by a day."""

from datetime import date
from typing import Any, NamedTuple

from auction_engine.desk.money import causes, reading, record, requests
from auction_engine.desk.money.record import MoneyError
from auction_engine.desk.reading import Lots
from auction_engine.ledger import books
from auction_engine.rules import packs
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings import charges
from auction_engine.rules.postings.entry import Cause
from auction_engine.rules.proceeds import auction_fee
from auction_engine.rules.proceeds.auction_fee import Charge
from auction_engine.rules.proceeds.errors import ProceedsError

_ENDS = ("winner.announced", "offer.accepted", "lot.failed")


class Charged(NamedTuple):
    """What was charged, and the last day of its payment; None where the pack is silent."""

    charge: Charge
    due_on: date | None


async def charge_fee(
    connection: Any,
    lots: Lots,
    lot: int,
    agreed_minor: int | None,
    costs_minor: int,
    vat_bp: int,
    account: int,
    reason: str,
) -> Charged:
    """Charge the fee of an auction that is over: by the contract, or the most there may be.

    `agreed_minor` is the contract's fee before VAT, None if it fixed none; of a failed auction it
    is `costs_minor`, never more than a sale would have earned. Raises MoneyError: NO_REASON,
    UNKNOWN_LOT, NOT_OVER, NO_FEE, CHARGED, and the rules' own (ABOVE_MOST, NOT_AGREED, …).
    """
    if not reason.strip():
        raise MoneyError("NO_REASON", "Name the contract and the invoice.")
    async with connection.transaction():
        await record.lock_lot(connection, lot)
        found = (await lots.read(connection, [lot])).get(lot)
        if found is None:
            raise MoneyError("UNKNOWN_LOT", "There is no such lot.")
        state, params = found.state, found.state.params
        where = await record.books_of(connection, lot, params.currency, params.minor_digits)
        ends = await causes.of_kind(connection, lot, *_ENDS)
        if not ends:
            raise MoneyError("NOT_OVER", "The fee is charged when the auction is over.")
        if await connection.fetchval(_CHARGED, where.organisation, f"fee:lot:{lot}/"):
            raise MoneyError("CHARGED", "The fee of this lot has been charged already.")
        charge = _charge(state, agreed_minor, costs_minor, vat_bp)
        body = {"lot": lot, "net_minor": charge.net_minor, "vat_minor": charge.vat_minor}
        act = await record.act(connection, where.organisation, account, "fee", body, reason)
        if charge.gross_minor:
            entry = charges.fee_charged(where.organisation, lot, charge, Cause("ACT", act))
            await books.post(connection, [entry])
        return Charged(charge, _due_on(state, ends))


async def charged_before(
    connection: Any,
    lots: Lots,
    lot: int,
    agreed_minor: int | None,
    costs_minor: int,
    vat_bp: int,
    account: int,
    reason: str,
) -> Charged | None:
    """What the very same charge came to when this person made it before; None if nobody did.

    Raises MoneyError as `charge_fee`.
    """
    found = (await lots.read(connection, [lot])).get(lot)
    ends = await causes.of_kind(connection, lot, *_ENDS)
    if found is None or not ends:
        return None
    state, params = found.state, found.state.params
    where = await record.books_of(connection, lot, params.currency, params.minor_digits)
    charge = _charge(state, agreed_minor, costs_minor, vat_bp)
    body = {"lot": lot, "net_minor": charge.net_minor, "vat_minor": charge.vat_minor}
    acts = await reading.acts(connection, where.organisation, ["fee"], body)
    if not any((one["account_id"], one["reason"]) == (account, reason) for one in acts):
        return None
    return Charged(charge, _due_on(state, ends))


def _due_on(state: LotState, ends: dict[str, causes.Since]) -> date | None:
    ended = requests.day_of(state, max(since.at_ms for since in ends.values()))
    return auction_fee.due_day(packs.load(state.params.pack or ""), ended)


# The rule's key begins with what it is about; one lot is not another that begins alike.
_CHARGED = (
    "SELECT EXISTS (SELECT FROM transfer WHERE book_id = $1 AND kind = 'auction_fee.charged'"
    " AND starts_with(key, $2))"
)


def _charge(state: LotState, agreed: int | None, costs_minor: int, vat_bp: int) -> Charge:
    fees = packs.load(state.params.pack or "").fees
    rule = None if fees is None else fees.auction
    if rule is None:
        raise MoneyError("NO_FEE", "Under this pack no auction fee is charged.")
    start, award = state.params.starting_price_minor, state.life.award_minor
    try:
        if award is None:
            return auction_fee.for_failure(
                rule, start, costs_minor, agreed_minor=agreed, vat_bp=vat_bp
            )
        return auction_fee.for_success(rule, start, award, agreed_minor=agreed, vat_bp=vat_bp)
    except ProceedsError as error:
        raise MoneyError(error.code, str(error)) from None
