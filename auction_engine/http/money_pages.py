"""The money desk: overview, what is due, the book's bank account, lots, who did what."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import doing, reading, reading_dues, reading_payouts, reminding
from auction_engine.desk.money.reading import Part
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import Desk, said
from auction_engine.http.presenting import when
from auction_engine.http.problems import Problem
from auction_engine.ledger import books
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.proceeds.due_words import STATES

_DUE_LOTS = 500
_SLIVER = 6  # thousandths of the bar


async def overview(desk: Desk) -> Response:
    """GET …/money: is all there, and what is to do today."""
    connection, book = desk.connection, desk.book.id
    parts = await reading.parts(connection, book)
    escrow = await books.escrow(connection, book)
    statement = await reading.newest_statement(connection, book, desk.side.bank)
    dues = await _dues(desk)
    return desk.page(
        "overview.html",
        "overview",
        assets=[part for part in parts if CHART[part.code].nature == "ASSET"],
        owed=_bar([part for part in parts if CHART[part.code].nature != "ASSET"]),
        escrow=escrow,
        bank_minor=sum(part.amount_minor for part in parts if part.code == desk.side.bank),
        statement=statement,
        came_in=await reading.came_in(connection, book, desk.today),
        suspense=await reading.in_suspense(connection, book),
        standing=await reading_payouts.standing(connection, book, desk.today),
        waiting=await reading_payouts.batches(connection, book, open_only=True),
        dues=dues[:5],
        urgent=sum(due["state"] in ("OVERDUE", "TODAY") for due in dues),
        files=await reading.files(connection, book, 3),
    )


def _bar(parts: list[Part]) -> list[dict[str, Any]]:
    """The parts of what is owed, each with its share of the bar in thousandths.

    However little it is, it is seen; the largest gives way.
    """
    whole = sum(max(0, part.amount_minor) for part in parts) or 1
    ordered = sorted(parts, key=lambda part: -part.amount_minor)
    widths = [max(_SLIVER, part.amount_minor * 1000 // whole) for part in ordered]
    if widths:
        widths[0] = 1000 - sum(widths[1:])
    starts = [sum(widths[:n]) for n in range(len(widths))]
    return [
        {**part._asdict(), "at": at, "width": width}
        for part, at, width in zip(ordered, starts, widths, strict=True)
    ]


async def due(desk: Desk) -> Response:
    """GET …/money/due: everything with a day, the overdue first."""
    found = await _dues(desk)
    if wanted := desk.query("format", 4):
        return exports.answer(wanted, [_due_table(desk, found)], desk.book, desk.ask.lang)
    return desk.page("due.html", "due", dues=found, titles=await desk.titles(_lots(found)))


async def _dues(desk: Desk) -> list[dict[str, Any]]:
    """The law's days, the payments' and the requests', by day."""
    connection, book = desk.connection, desk.book.id
    lots = [row["id"] for row in await reading_payouts.lots(connection, book)][:_DUE_LOTS]
    made = []
    found = await reading_dues.due_now(
        connection, desk.lots, book, desk.side.kind, lots, desk.web.now_ms()
    )
    said = await reminding.notices(connection, book, found)
    for one in found:
        made.append(
            {
                "day": one.day,
                "state": one.state,
                "text": getattr(one.text, desk.ask.lang),
                "rule": desk.words.article(one.rule),
                "verified": one.verified,
                "actor": one.actor,
                "lot": one.lot,
                "link": desk.url(f"/lots/{one.lot}"),
                "escalate": one.escalate_to if one.escalated(desk.today) else None,
                "warned": said.get(reminding.key_of(book, one), {}).get("WARNED"),
            }
        )
    for row in await reading_payouts.payouts(connection, book, ("DUE", "FAILED"), limit=1000):
        if row["due_on"] is not None:
            made.append(_payment(desk, row))
    made += [_request(desk, row) for row in await reading_payouts.expected_by(connection, book)]
    return sorted(made, key=lambda one: (one["day"], one["lot"] or 0))


def _payment(desk: Desk, row: Any) -> dict[str, Any]:
    words = desk.words
    return {
        "day": row["due_on"],
        "state": _state(desk, row["due_on"]),
        "text": words.t(
            "money.due.payout",
            kind=words.t(f"money.payout.{row['kind']}"),
            amount=words.money(row["amount_minor"], desk.book),
            name=row["name"] or words.t("money.payout.nobody"),
        ),
        "rule": "",
        "verified": True,
        "actor": desk.side.kind,
        "lot": row["lot_id"],
        "link": desk.url(f"/payouts/{row['id']}"),
        "escalate": None,
        "warned": None,
    }


def _request(desk: Desk, row: Any) -> dict[str, Any]:
    words = desk.words
    return {
        "day": row["due_on"],
        "state": _state(desk, row["due_on"]),
        "text": words.t(
            "money.due.request",
            purpose=words.t(f"money.purpose.{row['purpose']}"),
            amount=words.money(row["amount_minor"] - row["paid_minor"], desk.book),
            name=row["name"] or "–",
            reference=row["reference"],
        ),
        "rule": "",
        "verified": True,
        "actor": "BIDDER",
        "lot": row["lot_id"],
        "link": desk.url(f"/lots/{row['lot_id']}"),
        "escalate": None,
        "warned": None,
    }


def _state(desk: Desk, day: Any) -> str:
    return "OVERDUE" if day < desk.today else "TODAY" if day == desk.today else "COMING"


def _lots(rows: list[dict[str, Any]]) -> set[int]:
    return {row["lot"] for row in rows if row["lot"] is not None}


def _due_table(desk: Desk, found: list[dict[str, Any]]) -> Table:
    t, lang = desk.words.t, desk.ask.lang
    rows = [
        (
            one["day"],
            getattr(STATES[one["state"]], lang),
            one["text"],
            t(f"money.actor.{one['actor']}"),
            one["rule"],
            one["lot"],
        )
        for one in found
    ]
    columns = (
        Column(t("money.col.due_on"), "day"),
        Column(t("money.col.state"), "text", 16),
        Column(t("money.col.what"), "text", 70),
        Column(t("money.col.actor"), "text", 26),
        Column(t("money.col.rule"), "text", 36),
        Column(t("money.col.lot"), "number"),
    )
    return Table("due", t("money.due.title"), columns, rows, facts(desk))


def facts(desk: Desk, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """What stands on the title sheet of an exported list."""
    t = desk.words.t
    drawn = t("foot.drawn", when=when(desk.web.now_ms(), desk.ask.lang))
    name = desk.book.name[desk.ask.lang]
    return ((t("money.export.book"), name), *more, (t("money.export.made"), drawn))


async def lots(desk: Desk) -> Response:
    """GET …/money/lots: whose money this book keeps."""
    rows = await reading_payouts.lots(desk.connection, desk.book.id)
    wanted = desk.query("q", 16).lstrip("#")
    if wanted.isdecimal():
        rows = [row for row in rows if str(row["id"]) == wanted]
    return desk.page(
        "lots.html", "lots", found=rows, titles=await desk.titles({row["id"] for row in rows})
    )


async def act(desk: Desk) -> Response:
    """GET …/money/acts/{act}: who did something, when and why."""
    row = await reading.act(desk.connection, desk.book.id, desk.number("act"))
    if row is None:
        raise Problem(404, "NOT_FOUND")
    return desk.page("act.html", "", act=row)


# --- the bank account -----------------------------------------------------------------------


async def account(desk: Desk) -> Response:
    """GET …/money/account: where people pay to, and what pays out."""
    return await _account_page(desk)


async def _account_page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    return desk.page(
        "account.html",
        "account",
        status,
        problem=problem,
        history=await reading.acts(desk.connection, desk.book.id, ["bank_account"], {}),
    )


async def set_account(desk: Desk) -> Response:
    """POST …/money/account."""
    names = {name: desk.field(name, 140) for name in ("name", "account", "bin", "bic")}
    names["account"] = "".join(names["account"].split())
    names["bic"] = names["bic"].replace(" ", "").upper()
    named = doing.Account(names["name"], names["account"], names["bic"], names["bin"] or None)
    try:
        await doing.name_account(
            desk.connection, desk.book.id, named, desk.account, desk.field("reason")
        )
    except MoneyError as error:
        return await _account_page(desk, said(desk, error), 422)
    return desk.away("/account", "account")
