"""What an organisation settles of one lot by hand: a bank's guarantee, and its own fee."""

from starlette.responses import Response

from auction_engine.desk.money import charging, doing
from auction_engine.desk.money.record import MoneyError
from auction_engine.http.money import Desk, said
from auction_engine.http.money_bank import day_of, number_of
from auction_engine.http.money_lot import lot_state, page
from auction_engine.http.money_sheet_form import read_amount

_LATE = ("PAID_ALREADY", "NOT_EXPECTED", "CHARGED", "NOT_OVER", "GUARANTEED")
_WHOLE_BP = 10_000


async def guarantee(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/guarantee: a bank vouches for a deposit that was asked for."""
    lot = desk.number("lot")
    state = await lot_state(desk, lot)
    try:
        await doing.accept_guarantee(
            desk.connection,
            desk.lots,
            desk.book.id,
            lot,
            state,
            number_of(desk.field("request", 16), "UNKNOWN_REQUEST"),
            doing.Guarantee(
                desk.field("guarantor", 140),
                desk.field("document", 140),
                day_of(desk, "valid_until", "EXPIRED"),
            ),
            desk.account,
            desk.field("reason"),
            desk.today,
        )
    except MoneyError as error:
        return await _refused(desk, error)
    return desk.away(f"/lots/{lot}", "guarantee")


async def fee(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/fee: the auction fee is charged to the agency, once."""
    lot = desk.number("lot")
    await lot_state(desk, lot)
    try:
        agreed, costs = _amount(desk, "agreed"), _amount(desk, "costs")
        await charging.charge_fee(
            desk.connection,
            desk.lots,
            lot,
            agreed or None,
            costs,
            _basis_points(desk.field("vat", 8)),
            desk.account,
            desk.field("reason"),
        )
    except MoneyError as error:
        return await _refused(desk, error)
    return desk.away(f"/lots/{lot}", "fee")


def _amount(desk: Desk, name: str) -> int:
    """An amount; 0 where none was typed. Raises MoneyError AMOUNT_UNCLEAR."""
    found = read_amount(desk.field(name, 40), desk.book.minor_digits)
    if found is None:
        raise MoneyError("AMOUNT_UNCLEAR", "The amount cannot be read.")
    return found


def _basis_points(text: str) -> int:
    """A rate in percent, with two decimals at most. Raises MoneyError BAD_VAT."""
    whole, mark, part = text.removesuffix("%").strip().replace(",", ".").partition(".")
    figures = whole + part
    right = figures.isascii() and figures.isdecimal() and bool(whole) and len(part) <= 2
    if not right or (mark and not part) or len(whole) > 3:
        raise MoneyError("BAD_VAT", "Write the rate in percent.")
    found = int(whole) * 100 + int(part.ljust(2, "0"))
    if found > _WHOLE_BP:
        raise MoneyError("BAD_VAT", "Write the rate in percent.")
    return found


async def _refused(desk: Desk, error: MoneyError) -> Response:
    return await page(desk, said(desk, error), 409 if error.code in _LATE else 422)
