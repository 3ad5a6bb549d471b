"""The statement of one lot: deposits and where each is, every transfer, balances, at any moment."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from auction_engine.desk.money import doing, reading, reading_lot, reading_payouts
from auction_engine.desk.money.reading_lot import Deposit, Row
from auction_engine.desk.money.record import MoneyError
from auction_engine.http import exports
from auction_engine.http.exports import Column, Table
from auction_engine.http.money import Desk, said
from auction_engine.http.money_pages import facts
from auction_engine.http.presenting import ZONE, AmountError, parse_amount
from auction_engine.http.problems import Problem
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings.chart import CHART

_SHOWN, _EXPORTED = 300, 20_000


async def statement(desk: Desk) -> Response:
    """GET …/money/lots/{lot}: now, or with `?at=` as it was then."""
    return await page(desk)


async def page(desk: Desk, problem: Any = None, status: int = 200) -> Response:
    """The lot's page, or its lists in a file; with what went wrong on top."""
    lot = desk.number("lot")
    state = await lot_state(desk, lot)
    at, wrong = _moment(desk.query("at", 25))
    until = at or reading_lot.FOR_EVER
    connection, book = desk.connection, desk.book.id
    deposits = await reading_lot.deposits(connection, book, lot, until)
    wanted = desk.query("format", 4)
    rows = await reading_lot.journal(
        connection,
        book,
        lot,
        until,
        after=0 if wanted else desk.query_number("after") or 0,
        limit=_EXPORTED if wanted else _SHOWN + 1,
    )
    balances = await reading_lot.balances(connection, book, lot, until)
    shares = await reading_lot.newest_shares(connection, book, lot)
    told = _Told(desk, state, await _names(desk, state), _parties(shares))
    if wanted:
        tables = [told.deposits(deposits), told.journal(rows), told.balances(balances)]
        # A CSV file is one list: the journal, unless another is asked for.
        first = {"deposits": 0, "balances": 2}.get(desk.query("list", 10), 1)
        ordered = tables[first : first + 1] + [t for n, t in enumerate(tables) if n != first]
        return exports.answer(wanted, ordered, desk.book, desk.ask.lang)
    return desk.page(
        "lot.html",
        "lots",
        status,
        problem=problem,
        lot=lot,
        title=(await desk.titles({lot})).get(lot),
        state=state,
        at=desk.query("at", 25) if at else "",
        wrong_moment=wrong,
        deposits=deposits,
        codes=codes_of(state),
        rows=[],
        journal=[told.row(row) for row in rows[:_SHOWN]],
        later=rows[_SHOWN - 1].id if len(rows) > _SHOWN else None,
        balances=[(told.name(one.account), one.amount_minor) for one in balances],
        payouts=await reading_payouts.of_lot(connection, book, lot),
        shares=shares,
        costs=await reading.acts(connection, book, ["costs", "fee"], {"lot": lot}),
        vouched=_awaited(state, deposits),
        may_charge=await may_charge(desk, lot, state),
    )


def _awaited(state: LotState, deposits: list[Deposit]) -> list[Deposit]:
    """The deposits in whose place the rules of the lot take a guarantee."""
    terms = state.params.terms
    if terms is None or "GUARANTEE" not in terms.deposit_means:
        return []
    return [one for one in deposits if one.where in ("WAITING", "SHORT")]


async def may_charge(desk: Desk, lot: int, state: LotState) -> bool:
    """Whether the auction is over and its fee has not been charged."""
    if state.life.award_minor is None and state.status != "FAILED":
        return False
    return not await reading.acts(desk.connection, desk.book.id, ["fee"], {"lot": lot})


async def lot_state(desk: Desk, lot: int) -> LotState:
    """The lot as its journal has it. Raises Problem 404 where this book knows nothing of it."""
    known = await desk.connection.fetchval(
        "SELECT EXISTS (SELECT FROM payment_request WHERE book_id = $1 AND lot_id = $2)"
        " OR EXISTS (SELECT FROM payout WHERE book_id = $1 AND lot_id = $2)",
        desk.book.id,
        lot,
    )
    found = (await desk.lots.read(desk.connection, [lot])).get(lot)
    # What is offered to creditors may never have had a bidder, and so no money yet.
    if not known and (found is None or found.state.status != "IN_KIND_OFFER"):
        found = None
    elif not known and not await reading_lot.is_agencys(desk.connection, desk.book.id, lot):
        found = None
    if found is None:
        raise Problem(404, "UNKNOWN_LOT")
    return found.state


def _moment(text: str) -> tuple[datetime | None, bool]:
    """What a date-time field sent, as local time; and whether it could not be read."""
    if not text:
        return None, False
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None, True
    return (found if found.tzinfo else found.replace(tzinfo=ZONE)), False


async def _names(desk: Desk, state: LotState) -> dict[int, str]:
    return await reading_lot.names(desk.connection, [*{*state.admitted, *state.life.registered}])


def _parties(shares: Any) -> dict[int, str]:
    if shares is None:
        return {}
    return {one["number"]: one["name"] for one in shares.sheet["parties"]}


def codes_of(state: LotState) -> dict[int, str]:
    """Who bids under which code: nobody's to know before the bidding is over (Art. 9(2)d)."""
    if state.phase != "closed":
        return {}
    return {bidder: one.code for bidder, one in state.admitted.items()}


class _Told:
    """A lot's money in words."""

    def __init__(
        self, desk: Desk, state: LotState, names: dict[int, str], parties: dict[int, str]
    ) -> None:
        self._desk = desk
        self._names = names
        self._parties = parties
        self._codes = codes_of(state)

    def name(self, name: Any) -> str:
        return self._desk.words.side(name, self._names, self._parties)

    def row(self, row: Row) -> dict[str, Any]:
        """One transfer: what happened, from where to where, and why."""
        words = self._desk.words
        return {
            "id": row.id,
            "at": row.at,
            "what": words.transfer(row.kind),
            "from": [self._leg(leg) for leg in row.legs if leg.amount_minor > 0],
            "to": [self._leg(leg) for leg in row.legs if leg.amount_minor < 0],
            "amount_minor": words.amount_of(row.legs),
            "cause": words.cause(row.cause),
            "cause_url": words.cause_url(row.cause),
            "note": row.note,
        }

    def _leg(self, leg: Any) -> tuple[str, int]:
        asset = CHART[leg.account.code].nature == "ASSET"
        name = self.name(leg.account)
        if asset:
            name = self._desk.words.t(
                "money.leg.in" if leg.amount_minor > 0 else "money.leg.out", account=name
            )
        return name, abs(leg.amount_minor)

    def deposits(self, found: list[Deposit]) -> Table:
        t = self._desk.words.t
        columns = (
            Column(t("money.col.code"), "text", 10),
            Column(t("money.col.bidder"), "text", 30),
            Column(t("money.col.reference"), "text", 14),
            Column(t("money.col.amount"), "money"),
            Column(t("money.col.where"), "text", 30),
            Column(t("money.col.since"), "moment"),
            Column(t("money.col.due_on"), "day"),
        )
        rows = [
            (
                self._codes.get(one.bidder),
                one.name,
                one.reference,
                one.amount_minor,
                t(f"money.deposit.{one.where}"),
                one.since,
                one.due_on,
            )
            for one in found
        ]
        return Table(
            "deposits", t("money.lot.deposits"), columns, rows, facts(self._desk, *self._about())
        )

    def journal(self, found: list[Row]) -> Table:
        t = self._desk.words.t
        columns = (
            Column(t("money.col.transfer"), "number"),
            Column(t("money.col.at"), "moment"),
            Column(t("money.col.what"), "text", 44),
            Column(t("money.col.from"), "text", 44),
            Column(t("money.col.to"), "text", 44),
            Column(t("money.col.amount"), "money"),
            Column(t("money.col.cause"), "text", 30),
        )
        rows = []
        for one in map(self.row, found):
            sides = ["; ".join(name for name, _ in one[side]) for side in ("from", "to")]
            rows.append(
                (one["id"], one["at"], one["what"], *sides, one["amount_minor"], one["cause"])
            )
        return Table(
            "journal", t("money.lot.journal"), columns, rows, facts(self._desk, *self._about())
        )

    def balances(self, found: list[Any]) -> Table:
        t = self._desk.words.t
        columns = (
            Column(t("money.col.account"), "text", 60),
            Column(t("money.col.amount"), "money"),
        )
        rows = [(self.name(one.account), one.amount_minor) for one in found]
        return Table(
            "balances", t("money.lot.balances"), columns, rows, facts(self._desk, *self._about())
        )

    def _about(self) -> tuple[tuple[str, str], ...]:
        t, at = self._desk.words.t, self._desk.query("at", 25)
        lot = ((t("money.col.lot"), str(self._desk.number("lot"))),)
        return (*lot, (t("money.lot.at"), at)) if at else lot


async def state_costs(desk: Desk) -> Response:
    """POST …/money/lots/{lot}/costs: what the auction has cost, paid first from lost deposits."""
    lot = desk.number("lot")
    await lot_state(desk, lot)
    try:
        try:
            amount = parse_amount(desk.field("amount", 40), desk.book.minor_digits)
        except AmountError as error:
            if error.code != "BAD_AMOUNT_NOT_POSITIVE":
                raise MoneyError(error.code, "The amount cannot be read.") from None
            amount = 0
        await doing.state_costs(
            desk.connection, desk.book.id, lot, amount, desk.account, desk.field("reason")
        )
    except MoneyError as error:
        return await page(desk, said(desk, error), 422)
    return desk.away(f"/lots/{lot}", "costs")
