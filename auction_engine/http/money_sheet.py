"""The sheet of a case as a form: parties, claims, costs; the computed shares; two people."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import distributing, doing, reading_lot, taking
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import exports, money_sheet_case
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import Desk, said
from auction_engine.http.money_lot import lot_state
from auction_engine.http.money_pages import facts
from auction_engine.http.money_sheet_form import Form, from_sheet, read
from auction_engine.http.problems import Problem
from auction_engine.ledger import books
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Name

_ADD = {"add_party": "parties", "add_claim": "claims", "add_cost": "costs", "add_tax": "taxes"}


async def sheet(desk: Desk) -> Response:
    """GET …/money/lots/{lot}/sheet: as it was prepared last, else begun from the case."""
    lot = desk.number("lot")
    await lot_state(desk, lot)
    before = await reading_lot.newest_shares(desk.connection, desk.book.id, lot)
    if before is not None and before.approved_at is not None:
        return desk.away(f"/shares/{before.id}", "")
    if before is None:
        return await _page(desk, lot, await money_sheet_case.begun(desk, lot))
    form = from_sheet(before.sheet, desk.book.minor_digits, desk.ask.lang)
    return await _page(desk, lot, form)


async def _page(
    desk: Desk,
    lot: int,
    form: Form,
    problem: Any = None,
    computed: Any = None,
    status: int = 200,
    focus: str = "",
) -> Response:
    estate = await books.balance(
        desk.connection, desk.book.id, Name("LIAB.ESTATE", chart.of_lot(lot))
    )
    return desk.page(
        "sheet.html",
        "lots",
        status,
        problem=problem,
        lot=lot,
        title=(await desk.titles({lot})).get(lot),
        form=form,
        offered=await _offered(desk, lot),
        computed=None if computed is None else told(computed.to_json(), form.names()),
        estate_minor=estate,
        focus=focus,
    )


async def submit(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/sheet: add a row, compute, or prepare for somebody's approval."""
    lot, do = desk.number("lot"), desk.field("do", 20)
    work: Any = taking if await _offered(desk, lot) else distributing
    form = read(desk.ask.body, desk.book.minor_digits)
    if do in _ADD:
        form.add(_ADD[do])
        return await _page(desk, lot, form, focus=_ADD[do])
    try:
        if form.wrong:
            raise MoneyError("BAD_SHEET", desk.words.t("money.sheet.wrong"))
        data = form.data()
        if work is taking:
            data |= form.taker()
            if not data["taker"]:
                raise MoneyError("NO_TAKER", desk.words.t("money.error.NO_TAKER"))
        computed = await work.compute(desk.connection, desk.lots, lot, data)
        if do != "prepare":
            return await _page(desk, lot, form, computed=computed)
        made = await doing.prepare_shares(
            desk.connection, desk.lots, desk.book.id, lot, data, desk.account
        )
    except MoneyError as error:
        return await _page(desk, lot, form, said(desk, error), status=422)
    return desk.away(f"/shares/{made.id}", "distribution")


async def _offered(desk: Desk, lot: int) -> bool:
    """Whether the property is offered to creditors. Raises Problem 404."""
    return (await lot_state(desk, lot)).status == "IN_KIND_OFFER"


# --- a prepared distribution --------------------------------------------------------------------


def told(result: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    """A result with everybody's name beside the numbers."""
    name = {number: names.get(number, str(number)) for number in _numbers(result)}
    taker = result.get("taker")
    return {
        **result,
        "taker": taker,
        "taker_name": None if taker is None else names.get(taker, str(taker)),
        "steps": [{**step, "name": name[step["party"]]} for step in result["steps"]],
        "receipts": [{**one, "name": name[one["party"]]} for one in result["receipts"]],
    }


def _numbers(result: dict[str, Any]) -> set[int]:
    return {one["party"] for one in (*result["steps"], *result["receipts"])}


async def _found(desk: Desk) -> reading_lot.Shares:
    found = await reading_lot.shares(desk.connection, desk.book.id, desk.number("shares"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


def _names(found: reading_lot.Shares) -> dict[int, str]:
    return {one["number"]: one["name"] for one in found.sheet["parties"]}


async def shares(desk: Desk) -> Response:
    """GET …/money/shares/{shares}: every line with its arithmetic, and who approves it."""
    return await _shares_page(desk)


async def _shares_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    found = await _found(desk)
    computed = told(found.result, _names(found))
    if wanted := desk.query("format", 4):
        return exports.answer(wanted, [_table(desk, computed)], desk.book, desk.ask.lang)
    return desk.page(
        "shares.html",
        "lots",
        status,
        problem=problem,
        shares=found,
        computed=computed,
        title=(await desk.titles({found.lot})).get(found.lot),
        payees=sorted({step["party"] for step in found.result["steps"]}),
        names=_names(found),
    )


async def approve(desk: Desk) -> Response:
    """POST …/money/shares/{shares}/approve: by somebody else; then it is posted."""
    found = await _found(desk)
    work: Any = taking if "taker" in found.sheet else distributing
    try:
        await work.approve(desk.connection, desk.lots, found.id, desk.account)
    except MoneyError as error:
        status = 403 if error.code == "SAME_PERSON" else 409
        return await _shares_page(desk, said(desk, error), status)
    return desk.away(f"/shares/{found.id}", "approved")


async def payee(desk: Desk) -> Response:
    """GET …/money/shares/{shares}/party/{party}: one payee's statement, to be printed."""
    found, number = await _found(desk), desk.number("party")
    computed = told(found.result, _names(found))
    steps = [step for step in computed["steps"] if step["party"] == number]
    if not steps:
        raise Problem(404, "NOT_FOUND")
    party = next(one for one in found.sheet["parties"] if one["number"] == number)
    return desk.page(
        "payee.html",
        "lots",
        shares=found,
        party=party,
        steps=steps,
        receipt=next((one for one in computed["receipts"] if one["party"] == number), None),
        title=(await desk.titles({found.lot})).get(found.lot),
    )


def _table(desk: Desk, computed: dict[str, Any]) -> Table:
    t = desk.words.t
    columns = (
        Column(t("money.col.n"), "number"),
        Column(t("money.col.line_of"), "text", 30),
        Column(t("money.col.name"), "text", 30),
        Column(t("money.col.before"), "money"),
        Column(t("money.col.owed"), "money"),
        Column(t("money.col.paid"), "money"),
        Column(t("money.col.after"), "money"),
        Column(t("money.col.rule"), "text", 40),
    )
    rows = [
        (
            n,
            t(f"money.step.{step['line']}"),
            step["name"],
            step["before_minor"],
            step["due_minor"],
            step["paid_minor"],
            step["after_minor"],
            desk.words.article(step["rule"]),
        )
        for n, step in enumerate(computed["steps"], 1)
    ]
    return Table("distribution", t("money.shares.title"), columns, rows, facts(desk))
