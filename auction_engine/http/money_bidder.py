"""A bidder's own deposit for a lot: how to pay it, and where it is."""

from typing import Any, NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from auction_engine.bank import payment_qr
from auction_engine.desk.money import reading_lot
from auction_engine.http.money import parts_of
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.ledger import store
from auction_engine.live.views import LotView

_ASKS = ("WAITING", "SHORT")
_TIMEOUT_S = 8.0
_PROBLEMS = ("LATE", "DUPLICATE", "OVERPAID", "NOT_EXPECTED")
_NOT_PUBLIC = ("DRAFT", "CONTRACTED")


class Own(NamedTuple):
    """One bidder's deposit for one lot."""

    state: str
    needed_minor: int
    currency: str
    minor_digits: int
    deposit: reading_lot.Deposit | None
    account: Any
    problems: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether money is still wanted, and there is an account to pay it to."""
        return self.state in _ASKS and self.account is not None

    @property
    def missing_minor(self) -> int:
        """What is still to be paid."""
        got = 0 if self.deposit is None else self.deposit.short_minor
        return max(0, self.needed_minor - got)


async def page(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/deposit: the panel as a page of its own."""
    lot, view = await _lot(web, ask)
    own = await _own(web, ask, view)
    words = Words(web.presenter, ask.lang, "")
    return web.page(
        ask,
        "money/deposit.html",
        path=f"/lots/{lot['id']}/deposit",
        lot=lot,
        own=own,
        say=words,
        qr=_qr(own, words),
    )


async def api_deposit(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/deposit: of the bidder who asks, of nobody else."""
    _, view = await _lot(web, ask)
    own = await _own(web, ask, view)
    refund = own.state == "REFUND"
    day = None if own.deposit is None or own.deposit.due_on is None else own.deposit.due_on
    return json_answer(
        {
            "lot": view.lot,
            "needed_minor": own.needed_minor,
            "currency": own.currency,
            "minor_digits": own.minor_digits,
            "state": own.state,
            "received_minor": 0 if own.deposit is None else own.deposit.short_minor,
            "problems": list(own.problems),
            "due_on": None if day is None or refund else day.isoformat(),
            "refund_due_on": day.isoformat() if day is not None and refund else None,
            "pay_to": None
            if not own.asks or own.deposit is None
            else {
                "name": own.account["name"],
                "account": own.account["account"],
                "bank": own.account["bic"] or own.account["bin"] or "",
                "reference": own.deposit.reference,
            },
        }
    )


async def _lot(web: Web, ask: Ask) -> tuple[dict[str, Any], LotView]:
    """The lot, if it is published and its deposits are kept in our books. Raises Problem 404."""
    lot, view = await web.lot_or_404(ask)
    assert view.state is not None
    terms = view.state.params.terms
    if view.state.status in _NOT_PUBLIC or terms is None or terms.deposits != "RECORDED":
        raise Problem(404, "NOT_FOUND", "The deposit of this lot is not paid here.")
    return lot, view


async def _own(web: Web, ask: Ask, view: LotView) -> Own:
    assert ask.viewer is not None
    parts = parts_of(web)
    return await parts.storage.ledger(_read(web, parts, view, ask.viewer.account))


async def _read(web: Web, parts: Any, view: LotView, bidder: int) -> Own:
    async with parts.for_bidders:
        connection = await store.connect(
            web.settings.database_url or "", timeout_s=_TIMEOUT_S, application="auction-deposit"
        )
        try:
            return await _found(connection, view, bidder)
        finally:
            connection.terminate()


async def _found(connection: Any, view: LotView, bidder: int) -> Own:
    state = view.state
    assert state is not None
    params = state.params
    assert params.terms is not None
    known = state.life.registered.get(bidder) or (
        "REGISTERED" if bidder in state.admitted else None
    )
    row = await connection.fetchrow(
        "SELECT r.id, r.book_id, a.name, a.account, a.bin, a.bic FROM payment_request r"
        " LEFT JOIN bank_account a ON a.book_id = r.book_id"
        " WHERE r.purpose = 'DEPOSIT' AND r.lot_id = $1 AND r.payer = $2",
        view.lot,
        bidder,
    )
    money = (params.terms.deposit_minor, params.currency, params.minor_digits)
    if row is None:
        return Own(
            "PREPARING" if known == "REGISTERED" else "NOT_REGISTERED", *money, None, None, ()
        )
    (deposit,) = await reading_lot.deposits(
        connection, row["book_id"], view.lot, reading_lot.FOR_EVER, bidder
    )
    reasons = await connection.fetch(
        "SELECT DISTINCT reason FROM suspense WHERE request_id = $1 AND closed_at IS NULL"
        " AND reason = ANY($2::text[]) ORDER BY reason",
        row["id"],
        list(_PROBLEMS),
    )
    account = row if row["account"] is not None else None
    return Own(deposit.where, *money, deposit, account, tuple(one[0] for one in reasons))


def _qr(own: Own, words: Words) -> Markup | None:
    """The picture a banking app reads; only where the bank has a number for it."""
    if not own.asks or own.deposit is None or own.currency != "VND" or not own.account["bin"]:
        return None
    try:
        text = payment_qr.payload(
            own.account["bin"],
            own.account["account"],
            own.missing_minor,
            own.deposit.reference,
        )
        drawn = payment_qr.svg(text, title=words.t("deposit.qr", reference=own.deposit.reference))
    except payment_qr.QrError:
        return None
    return Markup(drawn)  # noqa: S704 - our own drawing, its title escaped by `svg`
