"""The books for other systems: what is there, what is due, the bank account, who did what."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import doing, reading, reading_dues, reading_payouts
from auction_engine.http import models_money_api as sent
from auction_engine.http.money import Desk
from auction_engine.http.money_api.parts import (
    account_told,
    act_told,
    acts_of,
    book_told,
    counted,
    read,
    told,
)
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer
from auction_engine.ledger import books
from auction_engine.rules.postings.chart import CHART

_DUE_LOTS = 500
_BATCH = (
    "id", "message_id", "requested_on", "preparer", "prepared_at", "releaser", "released_at",
    "cancelled_at", "n", "amount_minor", "booked", "failed",
)  # fmt: skip


async def listed(desk: Desk) -> Response:
    """GET …/money/books: the own books."""
    return json_answer({"books": [book_told(book) for book in desk.books]})


async def overview(desk: Desk) -> Response:
    """GET …/money: is all there, and what waits."""
    connection, book = desk.connection, desk.book.id
    parts = await reading.parts(connection, book)
    statement = await reading.newest_statement(connection, book, desk.side.bank)
    batches = await reading_payouts.batches(connection, book, open_only=True)
    return json_answer(
        {
            "book": book_told(desk.book),
            "today": desk.today,
            "parts": [_part(part) for part in parts],
            "escrow": (await books.escrow(connection, book))._asdict(),
            "bank_minor": sum(one.amount_minor for one in parts if one.code == desk.side.bank),
            "statement": None if statement is None else statement._asdict(),
            "came_in": counted(await reading.came_in(connection, book, desk.today)),
            "suspense": counted(await reading.in_suspense(connection, book)),
            "payouts": await standing(desk),
            "batches": [batch_told(row) for row in batches],
        }
    )


def _part(part: reading.Part) -> dict[str, Any]:
    account = CHART[part.code]
    return {**part._asdict(), "name": {"vi": account.vi, "en": account.en}}


async def standing(desk: Desk) -> list[dict[str, Any]]:
    """How the payments of the book stand, by state; those of which there are none left out."""
    found = await reading_payouts.standing(desk.connection, desk.book.id, desk.today)
    return [one._asdict() for one in found.values() if one is not None]


def batch_told(row: Any) -> dict[str, Any]:
    """A batch in a list."""
    state = "PREPARED" if row["released_at"] is None else "RELEASED"
    return {**told(row, *_BATCH), "state": "CANCELLED" if row["cancelled_at"] else state}


# --- what is due --------------------------------------------------------------------------------


async def due(desk: Desk) -> Response:
    """GET …/money/due: everything with a last day, by day."""
    connection, book = desk.connection, desk.book.id
    lots = [row["id"] for row in await reading_payouts.lots(connection, book)][:_DUE_LOTS]
    by_law = await reading_dues.due_now(
        connection, desk.lots, book, desk.side.kind, lots, desk.web.now_ms()
    )
    leaving = await reading_payouts.payouts(connection, book, ("DUE", "FAILED"), limit=1000)
    coming = await reading_payouts.expected_by(connection, book)
    found = [_of_law(one) for one in by_law]
    found += [_leaves(desk, row) for row in leaving if row["due_on"] is not None]
    found += [_comes(desk, row) for row in coming]
    return json_answer({"dues": sorted(found, key=lambda one: (one["day"], one["lot"] or 0))})


_NOTHING = {
    "text": None, "rule": None, "verified": True, "amount_minor": None, "name": None,
    "payout": None, "request": None, "reference": None,
}  # fmt: skip


def _of_law(one: Any) -> dict[str, Any]:
    return {
        **_NOTHING,
        "kind": "LAW",
        "day": one.day,
        "state": one.state,
        "lot": one.lot,
        "actor": one.actor,
        "what": one.what,
        "text": {"vi": one.text.vi, "en": one.text.en},
        "rule": one.rule,
        "verified": one.verified,
    }


def _leaves(desk: Desk, row: Any) -> dict[str, Any]:
    return {
        **_NOTHING,
        "kind": "PAYOUT",
        "day": row["due_on"],
        "state": _state(desk, row["due_on"]),
        "lot": row["lot_id"],
        "actor": desk.side.kind,
        "what": row["kind"],
        "amount_minor": row["amount_minor"],
        "name": row["name"],
        "payout": row["id"],
    }


def _comes(desk: Desk, row: Any) -> dict[str, Any]:
    return {
        **_NOTHING,
        "kind": "REQUEST",
        "day": row["due_on"],
        "state": _state(desk, row["due_on"]),
        "lot": row["lot_id"],
        "actor": "BIDDER",
        "what": row["purpose"],
        "amount_minor": row["amount_minor"] - row["paid_minor"],
        "name": row["name"],
        "request": row["id"],
        "reference": row["reference"],
    }


def _state(desk: Desk, day: Any) -> str:
    return "OVERDUE" if day < desk.today else "TODAY" if day == desk.today else "COMING"


# --- the bank account, lots, acts ---------------------------------------------------------------


async def account(desk: Desk) -> Response:
    """GET …/money/account: where people pay to, and what pays out."""
    book = desk.book
    named = account_told(book.holder, book.account, book.bic, book.bin)
    return json_answer({"account": named, "history": await _history(desk), "repeat": False})


async def _history(desk: Desk) -> list[dict[str, Any]]:
    return await acts_of(desk, ("bank_account",), {})


async def name_account(desk: Desk) -> Response:
    """POST …/money/account: say which account the book stands for."""
    said = read(desk, sent.NewBookAccount)
    named = doing.Account(said.name, said.account, said.bic, said.bin)
    new = await doing.name_account(desk.connection, desk.book.id, named, desk.account, said.reason)
    told_now = account_told(said.name, said.account, said.bic, said.bin)
    return json_answer({"account": told_now, "history": await _history(desk), "repeat": not new})


async def lots(desk: Desk) -> Response:
    """GET …/money/lots: whose money the book keeps."""
    rows = await reading_payouts.lots(desk.connection, desk.book.id)
    titles = await desk.titles({row["id"] for row in rows})
    names = ("id", "status", "requests", "asked_minor")
    return json_answer(
        {"lots": [{**told(row, *names), "title": titles.get(row["id"])} for row in rows]}
    )


async def act(desk: Desk) -> Response:
    """GET …/money/acts/{act}: who did something, when and why."""
    row = await reading.act(desk.connection, desk.book.id, desk.number("act"))
    if row is None:
        raise Problem(404, "NOT_FOUND")
    return json_answer(act_told(row))
