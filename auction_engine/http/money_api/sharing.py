"""The proceeds of a lot for other systems: a sheet is tried, prepared, and approved by another."""

from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from auction_engine.desk.money import distributing, doing, reading_lot, taking
from auction_engine.desk.money.reading_lot import Shares
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import models_money_api as sent
from auction_engine.http.money import Desk
from auction_engine.http.money_api.parts import WrongFields
from auction_engine.http.money_lot import lot_state
from auction_engine.http.money_sheet import told as with_names
from auction_engine.http.money_sheet_case import begun
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.ledger import books
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Name


async def sheet(desk: Desk) -> Response:
    """GET …/money/lots/{lot}/sheet: what is there to share, and what was prepared last."""
    lot = desk.number("lot")
    offered = await _offered(desk, lot)
    found = await reading_lot.newest_shares(desk.connection, desk.book.id, lot)
    estate = Name("LIAB.ESTATE", chart.of_lot(lot))
    return json_answer(
        {
            "lot": lot,
            "kind": "TAKING" if offered else "DISTRIBUTION",
            "estate_minor": await books.balance(desk.connection, desk.book.id, estate),
            "shares": None if found is None else _told(found),
            "begun": (await begun(desk, lot)).data() if found is None else None,
        }
    )


async def _offered(desk: Desk, lot: int) -> bool:
    return (await lot_state(desk, lot)).status == "IN_KIND_OFFER"


async def _data(desk: Desk, lot: int) -> dict[str, Any]:
    """The sheet that was sent. Raises MoneyError NOT_OFFERED, NO_TAKER, WRONG_FIELD."""
    offered, data = await _offered(desk, lot), desk.ask.body
    if "taker" in data and not offered:
        raise MoneyError("NOT_OFFERED", "The property is not offered to creditors.", "taker")
    if offered and "taker" not in data:
        raise MoneyError("NO_TAKER", "Name the creditor who takes the property.")
    try:
        (sent.CaseSheetTaken if offered else sent.CaseSheet).model_validate(data)
    except ValidationError as wrong:
        raise WrongFields(wrong) from None
    return data


async def try_sheet(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/sheet/try: what the sheet comes to; nothing is written."""
    lot = desk.number("lot")
    data = await _data(desk, lot)
    work: Any = taking if "taker" in data else distributing
    computed = await work.compute(desk.connection, desk.lots, lot, data)
    names = {party.number: party.name for party in computed.sheet.parties}
    return json_answer({"result": with_names(computed.to_json(), names)})


async def prepare(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/sheet: prepare it for somebody else's approval."""
    lot = desk.number("lot")
    data = await _data(desk, lot)
    made = await doing.prepare_shares(
        desk.connection, desk.lots, desk.book.id, lot, data, desk.account
    )
    return await _after(desk, made.id, repeat=not made.new)


async def _after(desk: Desk, number: int, *, repeat: bool) -> Response:
    return json_answer({"shares": _told(await _found(desk, number)), "repeat": repeat})


async def _found(desk: Desk, number: int) -> Shares:
    found = await reading_lot.shares(desk.connection, desk.book.id, number)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


def _told(found: Shares) -> dict[str, Any]:
    names = {one["number"]: one["name"] for one in found.sheet["parties"]}
    return {
        "id": found.id,
        "lot": found.lot,
        "kind": "TAKING" if "taker" in found.sheet else "DISTRIBUTION",
        "sheet": found.sheet,
        "result": with_names(found.result, names),
        "preparer": found.preparer,
        "prepared_at": found.prepared_at,
        "approver": found.approver,
        "approved_at": found.approved_at,
    }


async def shares(desk: Desk) -> Response:
    """GET …/money/shares/{shares}: every line with its arithmetic, and who approved it."""
    return await _after(desk, desk.number("shares"), repeat=False)


async def approve(desk: Desk) -> Response:
    """POST …/money/shares/{shares}/approve: by somebody else; then it is posted."""
    found = await _found(desk, desk.number("shares"))
    work: Any = taking if "taker" in found.sheet else distributing
    await work.approve(desk.connection, desk.lots, found.id, desk.account)
    return await _after(desk, found.id, repeat=found.approved_at is not None)
