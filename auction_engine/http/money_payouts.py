"""Money that leaves: chosen and prepared by one person, released by another, told by the bank."""

from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import doing, payouts, reading, reading_payouts
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import PAGE, REFUSALS, Desk, said
from auction_engine.http.money_pages import facts
from auction_engine.http.problems import Problem

TABS: dict[str, tuple[str, ...]] = {
    "due": ("DUE",),
    "batches": (),
    "failed": ("FAILED",),
    "under_way": ("PREPARED", "ORDERED"),
    "history": ("BOOKED", "CANCELLED"),
}
_DUE_SHOWN = 1_000
_EXPORTED = 20_000


async def listing(desk: Desk) -> Response:
    """GET …/money/payouts: what is due, what waits, what failed, what was paid."""
    return await _list_page(desk)


async def _list_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    tab = desk.query("tab", 12)
    tab = tab if tab in TABS else "due"
    wanted = desk.query("format", 4)
    newest = tab in ("history", "under_way")
    limit = _EXPORTED if wanted else PAGE + 1 if newest else _DUE_SHOWN
    found = await reading_payouts.payouts(
        desk.connection,
        desk.book.id,
        TABS[tab],
        before=desk.query_number("before"),
        limit=limit,
        newest=newest,
    )
    if wanted:
        return exports.answer(wanted, [_table(desk, found)], desk.book, desk.ask.lang)
    shown = found[:PAGE] if newest else found
    lots = {row["lot_id"] for row in shown if row["lot_id"] is not None}
    return desk.page(
        "payouts.html",
        "payouts",
        status,
        problem=problem,
        tab=tab,
        tabs=list(TABS),
        found=shown,
        older=shown[-1]["id"] if newest and len(found) > PAGE else None,
        titles=await desk.titles(lots),
        batches=await reading_payouts.batches(
            desk.connection, desk.book.id, open_only=tab != "batches"
        ),
        standing=await reading_payouts.standing(desk.connection, desk.book.id, desk.today),
    )


async def prepare(desk: Desk) -> Response:
    """POST …/money/payouts/prepare: the chosen ones become a batch for somebody else."""
    chosen = [
        int(name[1:])
        for name in desk.ask.body
        if name[:1] == "p" and name[1:].isascii() and name[1:].isdecimal() and len(name) < 17
    ]
    try:
        day = _day(desk.field("requested_on", 10))
        made = await doing.prepare(
            desk.connection, desk.book.id, chosen, desk.account, day, desk.today
        )
    except MoneyError as error:
        return await _list_page(desk, said(desk, error), 422)
    return desk.away(f"/batches/{made.id}", "prepared")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MoneyError("BAD_DAY", "Say on which day the bank is to pay.") from None


# --- one batch ----------------------------------------------------------------------------------


async def batch(desk: Desk) -> Response:
    """GET …/money/batches/{batch}: every payee and the sum, before and after it is released."""
    return await _batch_page(desk)


async def _batch_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    found = await reading_payouts.batch(desk.connection, desk.book.id, desk.number("batch"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    paid = await reading_payouts.of_batch(desk.connection, desk.book.id, found["id"])
    if wanted := desk.query("format", 4):
        return exports.answer(wanted, [_table(desk, paid, "batch")], desk.book, desk.ask.lang)
    lots = {row["lot_id"] for row in paid if row["lot_id"] is not None}
    return desk.page(
        "batch.html",
        "payouts",
        status,
        problem=problem,
        batch=found,
        found=paid,
        titles=await desk.titles(lots),
        acts=await reading.acts(
            desk.connection,
            desk.book.id,
            ["prepare", "release", "cancel", "answer"],
            {"batch": found["id"]},
        ),
    )


async def release(desk: Desk) -> Response:
    """POST …/money/batches/{batch}/release: somebody else lets it go; the file can be fetched."""
    number = desk.number("batch")
    now = datetime.fromtimestamp(desk.web.now_ms() // 1000, UTC)
    try:
        await payouts.release(desk.connection, desk.book.id, number, desk.account, now)
    except REFUSALS as error:
        return await _batch_refused(desk, error)
    return desk.away(f"/batches/{number}", "released")


async def cancel(desk: Desk) -> Response:
    """POST …/money/batches/{batch}/cancel: take it apart before it is released."""
    number = desk.number("batch")
    try:
        if not desk.field("reason"):
            raise MoneyError("NO_REASON", "Write down why; it goes into the record.")
        await payouts.cancel(
            desk.connection, desk.book.id, number, desk.account, desk.field("reason")
        )
    except REFUSALS as error:
        return await _batch_refused(desk, error)
    return desk.away(f"/batches/{number}", "cancelled")


async def _batch_refused(desk: Desk, error: Exception) -> Response:
    code = getattr(error, "code", "")
    if code == "UNKNOWN_BATCH":
        raise Problem(404, "NOT_FOUND")
    status = 403 if code == "SAME_PERSON" else 409 if code in ("CANCELLED", "RELEASED") else 422
    return await _batch_page(desk, said(desk, error), status)


async def order_file(desk: Desk) -> Response:
    """GET …/money/batches/{batch}/file: the pain.001 file for the bank."""
    found = await reading_payouts.order_file(desk.connection, desk.book.id, desk.number("batch"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    headers = {"Content-Disposition": f'attachment; filename="{found["message_id"]}.xml"'}
    return Response(bytes(found["body"]), media_type="application/xml", headers=headers)


async def hear(desk: Desk) -> Response:
    """POST …/money/answers: the bank's answer (pain.002) to a batch."""
    try:
        counts = await payouts.hear(
            desk.connection, desk.book.id, desk.ask.body["file"], desk.account
        )
    except REFUSALS as error:
        return await _list_page(desk, said(desk, error), 422)
    return desk.away(
        "/payouts", "heard", tab="failed" if counts["rejected"] else "batches", **counts
    )


def _table(desk: Desk, found: list[Any], name: str = "payouts") -> Table:
    t = desk.words.t
    columns = (
        Column(t("money.col.payout"), "number"),
        Column(t("money.col.due_on"), "day"),
        Column(t("money.col.kind"), "text", 28),
        Column(t("money.col.lot"), "number"),
        Column(t("money.col.amount"), "money"),
        Column(t("money.col.name"), "text", 30),
        Column(t("money.col.account"), "text", 22),
        Column(t("money.col.bank"), "text", 14),
        Column(t("money.col.text"), "text", 40),
        Column(t("money.col.state"), "text", 18),
        Column(t("money.col.attempt"), "number"),
        Column(t("money.col.reason"), "text", 40),
        Column(t("money.col.batch"), "text", 14),
    )
    rows = [
        (
            row["id"],
            row["due_on"],
            t(f"money.payout.{row['kind']}"),
            row["lot_id"],
            row["amount_minor"],
            row["name"],
            row["account"],
            row["bank"],
            row["text"],
            t(f"money.payout.state.{row['state']}"),
            row["attempt"],
            row["reason"],
            row["message_id"],
        )
        for row in found
    ]
    return Table(name, t("money.payouts.title"), columns, rows, facts(desk))
