"""/mine: what a bidder must do now, then the own lots and where each stands."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.afterwards import deposits, duties, signing
from auction_engine.desk.afterwards import own as own_lots
from auction_engine.desk.afterwards.deposits import OwnDeposit
from auction_engine.desk.afterwards.duties import Duty
from auction_engine.desk.complaints import reading as complaints
from auction_engine.http import presenting_life
from auction_engine.http.afterwards import joining, letters
from auction_engine.http.afterwards.own import Own
from auction_engine.http.web import json_answer
from auction_engine.live.views import LotView
from auction_engine.rules.complaints import OPEN

_TURNS = ("lot.closed", "payment.recorded", "payment.covered", "lot.delivered")


async def page(own: Own) -> Response:
    """GET /mine: the queue first, then everything that is one's own."""
    rows, todo = await _affairs(own)
    heads = await complaints.of_account(own.connection, own.account)
    signed = await signing.signed_by(own.connection, own.account)
    lots = {row["lot"]["id"]: row["lot"] for row in rows}
    joined = await joining.of_account(own)
    numbers = {one.lot for one in heads} | {one.lot for one in signed}
    numbers |= {one.head.lot for one in joined}
    titles = await own.titles(numbers | set(lots))
    return own.page(
        "mine.html",
        duties=[_duty(own, one, lots[one.lot]) for one in todo],
        mine=rows,
        complaints=heads,
        open_states=OPEN,
        joined=joined,
        signed=signed,
        letters=await letters.of_account(own),
        titles=titles,
    )


async def api_mine(own: Own) -> Response:
    """GET /api/mine: the same as numbers."""
    rows, todo = await _affairs(own)
    heads = await complaints.of_account(own.connection, own.account)
    return json_answer(
        {
            "duties": [one._asdict() for one in todo],
            "lots": [
                {
                    "lot": row["lot"]["id"],
                    "status": row["status"],
                    "code": row["code"],
                    "standing": row["standing_kind"],
                    "currency": row["lot"]["currency"],
                    "minor_digits": row["lot"]["minor_digits"],
                    **row["counts"]._asdict(),
                    "deposit": deposit_json(row["deposit"]),
                }
                for row in rows
            ],
            "complaints": [
                {
                    "id": one.id,
                    "number": one.number,
                    "lot": one.lot,
                    "addressee": one.addressee,
                    "state": one.state,
                    "filed_at": own.words.iso(one.at),
                    "due_on": None if one.due_on is None else one.due_on.isoformat(),
                }
                for one in heads
            ],
        }
    )


def deposit_json(one: OwnDeposit | None) -> dict[str, Any] | None:
    """An own deposit for programs: where it is, and when it is due back."""
    if one is None:
        return None
    refund, due = one.refund, one.deposit.due_on
    return {
        "state": one.deposit.where,
        "amount_minor": one.deposit.amount_minor,
        "reference": one.deposit.reference,
        "due_on": None if due is None else due.isoformat(),
        "refund": None
        if refund is None
        else {
            "amount_minor": refund.amount_minor,
            "state": refund.state,
            "due_on": None if refund.due_on is None else refund.due_on.isoformat(),
            "booked_on": None if refund.booked_on is None else refund.booked_on.isoformat(),
            "bank_ref": refund.bank_ref,
        },
    }


async def _affairs(own: Own) -> tuple[list[dict[str, Any]], list[Duty]]:
    """The own lots, newest first, and what is to be done, the most urgent first."""
    numbers = await own_lots.lots_of(own.connection, own.account)
    counts = await own_lots.counts_of(own.connection, own.account, numbers)
    money = await deposits.of_account(own.connection, own.account)
    rows, todo = [], []
    for number in numbers:
        found = await own.lot(number)
        if found is None:
            continue
        lot, view = found
        assert view.state is not None
        deposit = money.get(number)
        where = None if deposit is None else deposit.deposit.where
        todo += duties.duties(number, view.state, own.account, where)
        rows.append({**row_of(own, lot, view, deposit), "counts": counts[number]})
    todo.sort(key=lambda one: (one.due_ms is None, one.due_ms or 0, one.lot))
    return rows, todo


def row_of(
    own: Own, lot: dict[str, Any], view: LotView, deposit: OwnDeposit | None
) -> dict[str, Any]:
    """A lot as its bidder sees it: where it stands, and where he stands in it."""
    state = view.state
    assert state is not None
    snapshot = view.snapshot(own.account)
    told = {**snapshot, "state": {"life": None, **snapshot["state"]}}
    course = presenting_life.course_of(told["state"], told["turns"])
    kind = presenting_life.standing_of(told, course, True)
    words = own.web.presenter.life_words(own.ask.lang, lot)
    known = state.admitted.get(own.account)
    return {
        "lot": lot,
        "status": state.status,
        "phase": state.phase,
        "code": None if known is None else known.code,
        "price_minor": state.price_minor,
        "standing_kind": kind,
        "standing": words.standing(kind, told, lot["starting_price_minor"]),
        "deposit": deposit,
        "end_ms": state.end_ms,
        "start_ms": state.params.start_ms,
    }


def _duty(own: Own, one: Duty, lot: dict[str, Any]) -> dict[str, Any]:
    """What is to be done, with its words and where it is done."""
    left_ms = None if one.due_ms is None else one.due_ms - own.web.now_ms()
    links = {"SIGN": f"/mine/lots/{one.lot}/sign", "DEPOSIT": f"/lots/{one.lot}/deposit"}
    return {
        **one._asdict(),
        "title": lot["title"],
        "terms": lot,
        "link": links.get(one.what, f"/mine/lots/{one.lot}"),
        "rule": own.words.article(one.rule) if one.rule else "",
        "left_ms": left_ms,
        "urgent": left_ms is not None and left_ms < 86_400_000,
    }


async def times_of(own: Own, lot: int) -> dict[str, int]:
    """The log times of the turns that days are counted from."""
    rows = await own.connection.fetch(
        "SELECT DISTINCT ON (kind) kind, (convert_from(body, 'UTF8')::jsonb ->> 'at_ms')::bigint"
        " AS at_ms FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])"
        " ORDER BY kind, seq DESC",
        lot,
        list(_TURNS),
    )
    return {row["kind"]: row["at_ms"] for row in rows}
