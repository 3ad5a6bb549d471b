"""One lot's money for other systems: its statement, what the auction cost, guarantees, the fee."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import charging, doing, reading_lot, reading_payouts
from auction_engine.desk.money.reading_lot import Deposit, Row
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import models_money_api as sent
from auction_engine.http.money import Desk
from auction_engine.http.money_api.parts import acts_of, read
from auction_engine.http.money_api.paying import payout_told
from auction_engine.http.money_lot import codes_of, lot_state, may_charge
from auction_engine.http.presenting import ZONE
from auction_engine.http.web import json_answer

_SHOWN = 300


async def statement(desk: Desk) -> Response:
    """GET …/money/lots/{lot}: now, or with `?at=` as it was then."""
    lot = desk.number("lot")
    state = await lot_state(desk, lot)
    at = _moment(desk.query("at", 32))
    until = at or reading_lot.FOR_EVER
    connection, book = desk.connection, desk.book.id
    after = desk.query_number("after") or 0
    rows = await reading_lot.journal(connection, book, lot, until, after, _SHOWN + 1)
    shares = await reading_lot.newest_shares(connection, book, lot)
    deposits = await reading_lot.deposits(connection, book, lot, until)
    codes = codes_of(state)
    return json_answer(
        {
            "lot": lot,
            "title": (await desk.titles({lot})).get(lot),
            "status": state.status,
            "at": at,
            "deposits": [_deposit(one, codes) for one in deposits],
            "journal": [_transfer(row) for row in rows[:_SHOWN]],
            "later": rows[_SHOWN - 1].id if len(rows) > _SHOWN else None,
            "balances": [
                {**one.account._asdict(), "amount_minor": one.amount_minor}
                for one in await reading_lot.balances(connection, book, lot, until)
            ],
            "payouts": [
                payout_told(row) for row in await reading_payouts.of_lot(connection, book, lot)
            ],
            "shares": None if shares is None else shares.id,
            "acts": await acts_of(desk, ("costs", "fee"), {"lot": lot}),
            "may_charge": await may_charge(desk, lot, state),
        }
    )


def _moment(text: str) -> datetime | None:
    """A moment that was asked for, local where it names no offset. Raises MoneyError BAD_MOMENT."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone() if found.tzinfo else found.replace(tzinfo=ZONE)
    except (ValueError, OverflowError):
        said = "A moment is written like 2026-03-02T09:30:00+07:00."
        raise MoneyError("BAD_MOMENT", said, "at") from None


def _deposit(one: Deposit, codes: dict[int, str]) -> dict[str, Any]:
    return {**one._asdict(), "code": codes.get(one.bidder)}


def _transfer(row: Row) -> dict[str, Any]:
    legs = [{**leg.account._asdict(), "amount_minor": leg.amount_minor} for leg in row.legs]
    return {**row._asdict(), "cause": row.cause._asdict(), "legs": legs}


async def state_costs(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/costs: what the auction has cost, paid first from lost deposits."""
    said, lot = read(desk, sent.CostsStated), desk.number("lot")
    await lot_state(desk, lot)
    new = await doing.state_costs(
        desk.connection, desk.book.id, lot, said.amount_minor, desk.account, said.reason
    )
    return json_answer({"lot": lot, "amount_minor": said.amount_minor, "repeat": not new})


async def guarantee(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/guarantee: a bank vouches for a deposit that was asked for."""
    said, lot = read(desk, sent.GuaranteeGiven), desk.number("lot")
    state = await lot_state(desk, lot)
    given = doing.Guarantee(said.guarantor, said.document, said.valid_until)
    new = await doing.accept_guarantee(
        desk.connection, desk.lots, desk.book.id, lot, state, said.request, given, desk.account,
        said.reason, desk.today,
    )  # fmt: skip
    found = await reading_lot.deposits(desk.connection, desk.book.id, lot, reading_lot.FOR_EVER)
    deposit = next(one for one in found if one.request == said.request)
    return json_answer({"deposit": _deposit(deposit, codes_of(state)), "repeat": not new})


async def fee(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/fee: the auction fee is charged to the agency, once."""
    said, lot = read(desk, sent.FeeCharged), desk.number("lot")
    await lot_state(desk, lot)
    asked = (lot, said.agreed_minor or None, said.costs_minor, said.vat_bp)
    who = (desk.account, said.reason)
    repeat = False
    try:
        charged = await charging.charge_fee(desk.connection, desk.lots, *asked, *who)
    except MoneyError as error:
        before = None
        if error.code == "CHARGED":
            before = await charging.charged_before(desk.connection, desk.lots, *asked, *who)
        if before is None:
            raise
        charged, repeat = before, True
    charge = charged.charge
    return json_answer(
        {
            "lot": lot,
            **charge._asdict(),
            "gross_minor": charge.gross_minor,
            "due_on": charged.due_on,
            "repeat": repeat,
        }
    )
