"""/mine/lots/{lot}: the evidence of one's own sale, to read, to print and as JSON.

It has what the journal and the books say of this person, and nothing of anybody else. A live
connection leaves no entry; what is on record is that somebody came into the room, and each answer.
"""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.afterwards import deposits, duties, signing
from auction_engine.desk.afterwards import own as own_lots
from auction_engine.desk.afterwards.own import Entry
from auction_engine.http.afterwards import mine
from auction_engine.http.afterwards.own import Own
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.live.views import LotView

_TO = ("name", "account", "bank")
_DEVICES = """
    SELECT created_at, expires_at FROM web_session WHERE account_id = $1 ORDER BY created_at
"""


async def page(own: Own) -> Response:
    """GET /mine/lots/{lot}."""
    lot, view, told = await _evidence(own)
    row = mine.row_of(own, lot, view, told["deposit"])
    assert view.state is not None
    return own.page(
        "lot.html",
        lot=lot,
        row=row,
        lines=[_line(own, lot, one) for one in told["entries"]],
        days=told["days"],
        todo=told["duties"],
        price=told["price"],
        signed=told["signed"],
        devices=told["devices"],
        head=told["head"],
        entries=len(told["entries"]),
        counts=told["counts"],
        deposit=told["deposit"],
    )


async def evidence(own: Own) -> Response:
    """GET /api/mine/lots/{lot}: the same as JSON, to keep and to check."""
    lot, view, told = await _evidence(own)
    assert view.state is not None
    known = view.state.admitted.get(own.account)
    return json_answer(
        {
            "lot": lot["id"],
            "code": None if known is None else known.code,
            "status": view.state.status,
            "currency": lot["currency"],
            "minor_digits": lot["minor_digits"],
            "made_ms": own.web.now_ms(),
            "head": told["head"],
            **told["counts"]._asdict(),
            "entries": [one._asdict() for one in told["entries"]],
            "deposit": mine.deposit_json(told["deposit"]),
            "price": _price(told["price"]),
            "duties": [one._asdict() for one in told["duties"]],
            "days": [{**one._asdict(), "day": one.day.isoformat()} for one in told["days"]],
            "signatures": [
                {**one._asdict(), "at": own.words.iso(one.at)} for one in told["signed"]
            ],
        },
        headers={
            "Content-Disposition": f'attachment; filename="lot-{lot["id"]}-evidence.json"',
            "Cache-Control": "private, no-store",
        },
    )


def _price(price: deposits.Price | None) -> dict[str, Any] | None:
    """What a winner still pays, and how; `pay_to` is null before the agency has an account."""
    if price is None:
        return None
    to = None if price.pay_to is None else dict(zip(_TO, price.pay_to, strict=True))
    due = None if price.due_on is None else price.due_on.isoformat()
    return {
        "amount_minor": price.amount_minor, "paid_minor": price.paid_minor, "due_on": due,
        "reference": price.reference, "pay_to": to,
    }  # fmt: skip


async def _evidence(own: Own) -> tuple[dict[str, Any], LotView, dict[str, Any]]:
    """All that is on record of this person in this lot. Raises Problem 404 where nothing is."""
    number = own.number("lot")
    found = await own.lot(number)
    if found is None:
        raise Problem(404, "UNKNOWN_LOT")
    if number not in await own_lots.lots_of(own.connection, own.account):
        raise Problem(404, "UNKNOWN_LOT")
    lot, view = found
    assert view.state is not None
    entries = await own_lots.entries_of(own.connection, own.account, number)
    money = (await deposits.of_account(own.connection, own.account)).get(number)
    where = None if money is None else money.deposit.where
    counted = await own_lots.counts_of(own.connection, own.account, [number])
    head = await own.connection.fetchrow(
        "SELECT seq, encode(hash, 'hex') AS seal FROM lot_head WHERE lot_id = $1", number
    )
    signed = await signing.signed_by(own.connection, own.account)
    return (
        lot,
        view,
        {
            "entries": entries,
            "deposit": money,
            "price": (await deposits.prices(own.connection, own.account)).get(number),
            "counts": counted[number],
            "duties": duties.duties(number, view.state, own.account, where),
            "days": duties.days_of(view.state, own.account, await mine.times_of(own, number)),
            "signed": [one for one in signed if one.lot == number],
            "devices": await own.connection.fetch(_DEVICES, own.account),
            "head": dict(head),
        },
    )


def _line(own: Own, lot: dict[str, Any], one: Entry) -> dict[str, Any]:
    """An entry in words."""
    key = f"after.entry.{one.kind}"
    texts = own.words
    if one.kind == "bid.refused":
        text = own.web.presenter.refusal(own.ask.lang, one.reason or "", one.minimum_minor, lot)[0]
        tone = "bad"
    else:
        text = texts.t(key) if texts.has(key) else _event(own, one.kind)
        tone = "good" if one.kind in ("bid.accepted", "bid.automatic") else ""
    return {**one._asdict(), "text": text, "tone": tone}


def _event(own: Own, kind: str) -> str:
    key = f"rules.event.{kind}"
    return own.words.t(key) if own.words.has(key) else kind
