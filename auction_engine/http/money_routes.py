"""The routes of the money: the same pages for both desks, and the bidder's own deposit."""

from typing import Any

from auction_engine.http import (
    bodies,
    models,
    models_money,
    money_bank,
    money_bidder,
    money_incoming,
    money_lot,
    money_pages,
    money_payout,
    money_payouts,
    money_sheet,
    money_suspense,
    money_terms,
)
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.money import DeskHandler, on_desk
from auction_engine.http.money_forms import long_form, upload
from auction_engine.identity.access import Act

_DESKS = (
    ("/desk/money", Act.SEE_MONEY, Act.MOVE_MONEY, Act.SETTLE_MONEY),
    ("/agency/money", Act.SEE_AGENCY_MONEY, Act.MOVE_AGENCY_MONEY, Act.SETTLE_AGENCY_MONEY),
)
_READS: tuple[tuple[str, DeskHandler], ...] = (
    ("", money_pages.overview),
    ("/due", money_pages.due),
    ("/account", money_pages.account),
    ("/lots", money_pages.lots),
    ("/acts/{act:int}", money_pages.act),
    ("/incoming", money_incoming.incoming),
    ("/incoming/{line:int}", money_incoming.line),
    ("/suspense", money_suspense.listing),
    ("/suspense/{line:int}", money_suspense.line),
    ("/payouts", money_payouts.listing),
    ("/payouts/{payout:int}", money_payout.payout),
    ("/batches/{batch:int}", money_payouts.batch),
    ("/batches/{batch:int}/file", money_payouts.order_file),
    ("/lots/{lot:int}", money_lot.statement),
)
# Only an agency shares out proceeds.
_AGENCY_READS: tuple[tuple[str, DeskHandler], ...] = (
    ("/lots/{lot:int}/sheet", money_sheet.sheet),
    ("/shares/{shares:int}", money_sheet.shares),
    ("/shares/{shares:int}/party/{party:int}", money_sheet.payee),
)
_WRITES: tuple[tuple[str, DeskHandler, Any], ...] = (
    ("/account", money_pages.set_account, bodies.form),
    ("/incoming", money_incoming.upload, upload),
    ("/suspense/{line:int}/allocate", money_suspense.allocate, bodies.form),
    ("/suspense/{line:int}/send-back", money_suspense.send_back, bodies.form),
    ("/suspense/{line:int}/make-good", money_suspense.make_good, bodies.form),
    ("/payouts/prepare", money_payouts.prepare, long_form),
    ("/payouts/{payout:int}/payee", money_payout.name_payee, bodies.form),
    ("/payouts/{payout:int}/retry", money_payout.retry, bodies.form),
    ("/batches/{batch:int}/release", money_payouts.release, bodies.form),
    ("/batches/{batch:int}/cancel", money_payouts.cancel, bodies.form),
    ("/answers", money_payouts.hear, upload),
)
_HOUSE_WRITES: tuple[tuple[str, DeskHandler, Any], ...] = (
    ("/lots/{lot:int}/costs", money_lot.state_costs, bodies.form),
    ("/lots/{lot:int}/guarantee", money_terms.guarantee, bodies.form),
    ("/lots/{lot:int}/fee", money_terms.fee, bodies.form),
    ("/suspense/{line:int}/interest", money_bank.interest, bodies.form),
)
_AGENCY_WRITES: tuple[tuple[str, DeskHandler, Any], ...] = (
    ("/lots/{lot:int}/sheet", money_sheet.submit, long_form),
    ("/suspense/{line:int}/park", money_bank.park, bodies.form),
    ("/suspense/{line:int}/mature", money_bank.mature, bodies.form),
    ("/shares/{shares:int}/approve", money_sheet.approve, bodies.form),
)
# What asks for a fresh proof of who one is, and where that leads back to.
_SETTLED = {
    "/account": "/account",
    "/batches/{batch:int}/release": "/batches/{batch}",
    "/shares/{shares:int}/approve": "/shares/{shares}",
}


def _desk_pages() -> list[Spec]:
    made = []
    for base, see, move, settle in _DESKS:
        agency = base.startswith("/agency")
        for path, handler in (*_READS, *(_AGENCY_READS if agency else ())):
            made.append(Spec("GET", base + path, see, on_desk(handler), "page"))
        for path, handler, form in (*_WRITES, *(_AGENCY_WRITES if agency else _HOUSE_WRITES)):
            made.append(
                Spec(
                    "POST",
                    base + path,
                    settle if path in _SETTLED else move,
                    on_desk(handler, slow=form is upload),
                    "page",
                    form=form,
                    fresh=path in _SETTLED,
                    back=base + _SETTLED.get(path, ""),
                )
            )
    return made


PAGES = [
    *_desk_pages(),
    Spec("GET", "/lots/{lot:int}/deposit", Act.SEE_OWN_DEPOSIT, money_bidder.page, "page"),
]
API = [
    Spec(
        "GET",
        "/api/lots/{lot:int}/deposit",
        Act.SEE_OWN_DEPOSIT,
        money_bidder.api_deposit,
        doc=Doc(
            "The own deposit for a lot: how to pay it, and where it is.",
            {
                200: (models_money.OwnDeposit, "The deposit of the bidder who asks."),
                403: (models.Problem, "FORBIDDEN: for bidders only."),
                404: (models.Problem, "UNKNOWN_LOT, or NOT_FOUND: it is not paid here."),
            },
        ),
    ),
]
