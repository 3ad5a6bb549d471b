"""Money that leaves, for other systems: due, prepared by one person, released by another."""

from datetime import UTC, datetime
from typing import Any, get_args

from starlette.responses import Response

from auction_engine.desk.money import doing, payouts, reading_payouts
from auction_engine.desk.money.payouts import Payee, State
from auction_engine.http import models_money_api as sent
from auction_engine.http.money import PAGE, Desk
from auction_engine.http.money_api.books import batch_told, standing
from auction_engine.http.money_api.parts import acts_of, read, told
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_PAYOUT = (
    "id", "kind", "amount_minor", "name", "account", "bank", "complete", "text", "code", "due_on",
    "state", "attempt", "message_id", "reason", "created_at",
)  # fmt: skip


def payout_told(row: Any) -> dict[str, Any]:
    """A payment that is to leave."""
    return {
        **told(row, *_PAYOUT),
        "lot": row["lot_id"],
        "batch": row["batch_id"],
        "key": row["account_key"],
    }


async def listed(desk: Desk) -> Response:
    """GET …/money/payouts: those of one state, or of several with commas; newest first."""
    wanted = [one for one in desk.query("state", 60).split(",") if one in get_args(State)]
    found = await reading_payouts.payouts(
        desk.connection,
        desk.book.id,
        wanted or ["DUE"],
        before=desk.query_number("before"),
        limit=PAGE + 1,
        newest=True,
    )
    return json_answer(
        {
            "payouts": [payout_told(row) for row in found[:PAGE]],
            "older": found[PAGE - 1]["id"] if len(found) > PAGE else None,
            "standing": await standing(desk),
        }
    )


async def payout(desk: Desk) -> Response:
    """GET …/money/payouts/{payout}: where it goes and how far it is."""
    return await _whole(desk, repeat=False)


async def _whole(desk: Desk, *, repeat: bool) -> Response:
    number = desk.number("payout")
    row = await reading_payouts.payout(desk.connection, desk.book.id, number)
    if row is None:
        raise Problem(404, "NOT_FOUND")
    acts = await acts_of(desk, ("payee", "retry"), {"payout": number})
    return json_answer({"payout": payout_told(row), "acts": acts, "repeat": repeat})


async def name_payee(desk: Desk) -> Response:
    """POST …/money/payouts/{payout}/payee: correct where it goes."""
    said = read(desk, sent.NewPayee)
    payee = Payee(said.name or None, said.account or None, said.bank or None)
    new = await doing.name_payee(
        desk.connection, desk.book.id, desk.number("payout"), payee, desk.account, said.reason
    )
    return await _whole(desk, repeat=not new)


async def retry(desk: Desk) -> Response:
    """POST …/money/payouts/{payout}/retry: a failed one is due again."""
    said = read(desk, sent.WhyMoney)
    new = await doing.retry(
        desk.connection, desk.book.id, desk.number("payout"), desk.account, said.reason
    )
    return await _whole(desk, repeat=not new)


# --- batches ------------------------------------------------------------------------------------


async def batches(desk: Desk) -> Response:
    """GET …/money/batches: the newest first; `open`: those that wait to be released."""
    found = await reading_payouts.batches(
        desk.connection, desk.book.id, open_only=desk.query("open", 5) == "true", limit=PAGE
    )
    return json_answer({"batches": [batch_told(row) for row in found]})


async def batch(desk: Desk) -> Response:
    """GET …/money/batches/{batch}: every payee and the sum."""
    return await _batch(desk, desk.number("batch"), repeat=False)


async def _batch(desk: Desk, number: int, *, repeat: bool) -> Response:
    row = await _found(desk, number)
    paid = await reading_payouts.of_batch(desk.connection, desk.book.id, number)
    kinds = ("prepare", "release", "cancel", "answer")
    return json_answer(
        {
            "batch": batch_told(row),
            "payouts": [payout_told(one) for one in paid],
            "acts": await acts_of(desk, kinds, {"batch": number}),
            "repeat": repeat,
        }
    )


async def _found(desk: Desk, number: int) -> Any:
    row = await reading_payouts.batch(desk.connection, desk.book.id, number)
    if row is None:
        raise Problem(404, "NOT_FOUND")
    return row


async def prepare(desk: Desk) -> Response:
    """POST …/money/batches: payments that are due become a batch for somebody else."""
    said = read(desk, sent.NewBatch)
    made = await doing.prepare(
        desk.connection, desk.book.id, said.payouts, desk.account, said.requested_on, desk.today
    )
    return await _batch(desk, made.id, repeat=not made.new)


async def release(desk: Desk) -> Response:
    """POST …/money/batches/{batch}/release: somebody else lets it go; the file can be fetched."""
    number = desk.number("batch")
    before = await _found(desk, number)
    now = datetime.fromtimestamp(desk.web.now_ms() // 1000, UTC)
    await payouts.release(desk.connection, desk.book.id, number, desk.account, now)
    return await _batch(desk, number, repeat=before["released_at"] is not None)


async def cancel(desk: Desk) -> Response:
    """POST …/money/batches/{batch}/cancel: take it apart before it is released."""
    said, number = read(desk, sent.WhyMoney), desk.number("batch")
    before = await _found(desk, number)
    await payouts.cancel(desk.connection, desk.book.id, number, desk.account, said.reason)
    return await _batch(desk, number, repeat=before["cancelled_at"] is not None)


async def order_file(desk: Desk) -> Response:
    """GET …/money/batches/{batch}/file: the pain.001 file for the bank, once it is released."""
    number = desk.number("batch")
    found = await reading_payouts.order_file(desk.connection, desk.book.id, number)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    headers = {"Content-Disposition": f'attachment; filename="{found["message_id"]}.xml"'}
    return Response(bytes(found["body"]), media_type="application/xml", headers=headers)
