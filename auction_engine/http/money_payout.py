"""One payment: where it goes and how far it is; a wrong payee corrected, a failed one retried."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import doing, reading, reading_payouts
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.money.record import MoneyError
from auction_engine.http.money import Desk, said
from auction_engine.http.problems import Problem


async def payout(desk: Desk) -> Response:
    """GET …/money/payouts/{payout}: where it goes, how far it is, and what can be done."""
    return await _payout_page(desk)


async def _payout_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    found = await _payout(desk)
    return desk.page(
        "payout.html",
        "payouts",
        status,
        problem=problem,
        payout=found,
        titles=await desk.titles({found["lot_id"]} - {None}),
        acts=await reading.acts(
            desk.connection, desk.book.id, ["payee", "retry"], {"payout": found["id"]}
        ),
    )


async def _payout(desk: Desk) -> Any:
    found = await reading_payouts.payout(desk.connection, desk.book.id, desk.number("payout"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def name_payee(desk: Desk) -> Response:
    """POST …/money/payouts/{payout}/payee: correct where it goes."""
    found = await _payout(desk)
    payee = Payee(
        desk.field("name", 140) or None,
        "".join(desk.field("account", 60).split()) or None,
        "".join(desk.field("bank", 60).split()).upper() or None,
    )
    try:
        await doing.name_payee(
            desk.connection, desk.book.id, found["id"], payee, desk.account, desk.field("reason")
        )
    except MoneyError as error:
        return await _payout_page(desk, said(desk, error), 422)
    return desk.away(f"/payouts/{found['id']}", "payee")


async def retry(desk: Desk) -> Response:
    """POST …/money/payouts/{payout}/retry: a failed one is due again."""
    found = await _payout(desk)
    try:
        await doing.retry(
            desk.connection, desk.book.id, found["id"], desk.account, desk.field("reason")
        )
    except MoneyError as error:
        if error.code != "NOT_FAILED":
            return await _payout_page(desk, said(desk, error), 422)
        if found["state"] != "DUE":
            return await _payout_page(desk, said(desk, error), 409)
    return desk.away(f"/payouts/{found['id']}", "retried")
