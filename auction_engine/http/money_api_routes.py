"""The routes of the money desk for other systems: the same for both desks, under /api."""

from typing import Any, NamedTuple

from auction_engine.http import models
from auction_engine.http import models_money_api as sent
from auction_engine.http import models_money_lines as of_lines
from auction_engine.http import models_money_paid as paid
from auction_engine.http import models_money_told as told
from auction_engine.http.guard import Doc, Spec
from auction_engine.http.money_api import books, lines, lots, paying, placing, sharing
from auction_engine.http.money_api.parts import MEDIA, DeskHandler, api, no_books
from auction_engine.identity.access import Act

_LONG_BYTES = 1024 * 1024
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_WORDS = {"type": "string", "maxLength": 100}
_BOOK = {"book": (_NUMBER, "One of the own books; the first where it is left out.")}
_BEFORE = {"before": (_NUMBER, "Only those before: what `older` of the last page said.")}
_FILENAME = {"filename": (_WORDS, "What the file is called, for the record.")}
_IN_PERSON = (
    "In person alone: no token does it, and the last proof of who one is must not be older than"
    " ten minutes. Who prepared it cannot let it go."
)
_NAMED_IN_PERSON = (
    "In person alone: everybody pays to this account. No token does it, and the last proof of who"
    " one is must not be older than ten minutes."
)
_ALSO_TOKENS = "A token with this act may do it; what leaves, another person releases."
_ONCE = "The very same sent again by the same account is answered like the first time."


class Side(NamedTuple):
    """One desk: where it is, how its operations are called, and its acts."""

    base: str
    name: str
    see: Act
    move: Act
    settle: Act


_DESK = Side(
    "/api/desk/money", "desk_money", Act.SEE_MONEY, Act.MOVE_MONEY, Act.SETTLE_MONEY
)  # fmt: skip
_AGENCY = Side(
    "/api/agency/money", "agency_money", Act.SEE_AGENCY_MONEY, Act.MOVE_AGENCY_MONEY,
    Act.SETTLE_AGENCY_MONEY,
)  # fmt: skip

_Answers = dict[int, tuple[Any, str]]
_READ: _Answers = {
    403: (models.Problem, "FORBIDDEN: not for this role or duty."),
    404: (sent.MoneyProblem, "NOT_FOUND or UNKNOWN_LOT: nothing there, or nothing of one's own."),
    409: (sent.MoneyProblem, "NO_BOOK: the house has no book yet."),
    422: (sent.MoneyProblem, "BAD_MOMENT: a parameter cannot be read."),
}
_WRITE: _Answers = {
    400: (models.Problem, "BAD_MESSAGE."),
    403: (
        sent.MoneyProblem,
        "FORBIDDEN, BAD_CSRF, PROVE_FIRST, TOKEN_NOT_FOR_THIS, or SAME_PERSON: nothing was done.",
    ),
    404: _READ[404],
    409: (sent.MoneyProblem, "It has moved on, or is not there yet; nothing was done."),
    422: (sent.MoneyProblem, "Something is wrong, each with its path; nothing was done."),
    429: (models.Problem, "RATE_LIMITED."),
}
_FILE: _Answers = {
    408: (models.Problem, "TIMED_OUT: the file did not arrive."),
    413: (models.Problem, "TOO_LARGE: more than 20 MB."),
    415: (models.Problem, "UNSUPPORTED_TYPE."),
}


def _get(
    side: Side, path: str, name: str, handler: DeskHandler, summary: str, model: Any,
    query: dict[str, Any] | None = None, **options: Any,
) -> Spec:  # fmt: skip
    doc = Doc(summary, {200: (model, "As it is now."), **_READ}, query={**(query or {}), **_BOOK})
    called = api(f"{side.name}_{name}", handler, **options)
    return Spec("GET", side.base + path, side.see, called, doc=doc)


def _fields(*bodies: type[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """The names a JSON body must have, and those it may have; of several bodies any."""
    known = frozenset(name for body in bodies for name in body.model_fields)
    needed = frozenset(
        name
        for name in known
        if all(name in one.model_fields and one.model_fields[name].is_required() for one in bodies)
    )
    return needed, known - needed


def _post(
    side: Side, path: str, name: str, handler: DeskHandler, summary: str, body: Any, model: Any,
    *, settle: str = "", most: int = 16 * 1024, bodies: tuple[type[Any], ...] = (),
) -> Spec:  # fmt: skip
    needed, free = _fields(*(bodies or ((body,) if body else ())))
    return Spec(
        "POST",
        side.base + path,
        side.settle if settle else side.move,
        api(f"{side.name}_{name}", handler),
        fields=needed if body else None,
        optional=free,
        most=most,
        rated=True,
        fresh=bool(settle),
        doc=Doc(
            summary,
            {200: (model, f"Done. {_ONCE}"), **_WRITE},
            body,
            query=_BOOK,
            more=settle or _ALSO_TOKENS,
        ),
    )


def _take(
    side: Side, path: str, name: str, handler: DeskHandler, summary: str, model: Any,
    media: tuple[str, ...],
) -> Spec:  # fmt: skip
    return Spec(
        "POST",
        side.base + path,
        side.move,
        api(f"{side.name}_{name}", handler, file=True),
        rated=True,
        doc=Doc(
            summary,
            {200: (model, "Taken whole; the same file again is taken once."), **_WRITE, **_FILE},
            query={**_FILENAME, **_BOOK},
            raw=media,
            more=f"The body is the file as the bank gave it. {_ALSO_TOKENS}",
        ),
    )


def _books(side: Side) -> list[Spec]:
    return [
        _get(side, "/books", "books", books.listed, "The own books.", told.MoneyBooks,
             bookless=no_books),
        _get(side, "", "overview", books.overview, "Is all there, and what waits.",
             told.MoneyOverview),
        _get(side, "/due", "due", books.due,
             "Everything with a last day: of the law, leaving, expected.", told.MoneyDues),
        _get(side, "/account", "account", books.account, "The book's bank account.",
             told.AccountHistory),
        _post(side, "/account", "name_account", books.name_account,
              "Say which bank account the book stands for.", sent.NewBookAccount,
              told.AccountHistory, settle=_NAMED_IN_PERSON),
        _get(side, "/lots", "lots", books.lots, "The lots whose money the book keeps.",
             told.MoneyLots),
        _get(side, "/acts/{act:int}", "act", books.act, "Who did something, when and why.",
             told.MoneyAct),
    ]  # fmt: skip


def _lines(side: Side) -> list[Spec]:
    state = {"type": "string", "maxLength": 20}
    search = {"q": (_WORDS, "Part of a name, text, reference or account; or an amount.")}
    line = "/suspense/{line:int}"
    return [
        _take(side, "/incoming", "take_file", lines.take_file,
              "Take a bank's statement: camt.053, camt.054, MT940 or CSV, known by its content.",
              of_lines.FileTaken, MEDIA),
        _take(side, "/answers", "hear", lines.hear,
              "Take the bank's answer (pain.002) to a batch.", of_lines.AnswerHeard, MEDIA),
        _get(side, "/incoming", "lines", lines.incoming, "The bank's lines, newest first.",
             of_lines.BankLines, {
                 **search, "state": (state, "Where the money is now."),
                 "file": (_NUMBER, "Of this file alone, with what came of it."), **_BEFORE,
             }),
        _get(side, "/incoming/{line:int}", "line", lines.line, "One line of a bank's file.",
             of_lines.BankLineWhole),
        _get(side, "/files", "files", lines.files, "The bank's files taken last.",
             of_lines.BankFiles),
        _get(side, "/suspense", "suspense", lines.waiting, "What nobody has placed yet.",
             of_lines.SuspenseLines,
             {**search, "reason": (state, "Why it waits."), **_BEFORE}),
        _get(side, line, "suspense_line", placing.line,
             "Everything a line may be: payments expected, what is owed, term deposits.",
             of_lines.SuspenseLine, search),
        _post(side, line + "/allocate", "allocate", placing.allocate,
              "Say what a line was paid for.", sent.Allocation, of_lines.LineAfter),
        _post(side, line + "/send-back", "send_back", placing.send_back,
              "What is left of a line goes back to who sent it.", sent.WhyMoney,
              of_lines.LineAfter),
        _post(side, line + "/make-good", "make_good", placing.make_good,
              "A line pays what somebody owes the book.", sent.MadeGood, of_lines.LineAfter),
    ]  # fmt: skip


def _paying(side: Side) -> list[Spec]:
    payout, batch = "/payouts/{payout:int}", "/batches/{batch:int}"
    states = {"type": "string", "maxLength": 60}
    return [
        _get(side, "/payouts", "payouts", paying.listed, "Payments that leave, newest first.",
             paid.Payouts, {
                 "state": (states, "One of the states, or several with commas; DUE unless said."),
                 **_BEFORE,
             }),
        _get(side, payout, "payout", paying.payout, "One payment: where it goes, how far it is.",
             paid.PayoutWhole),
        _post(side, payout + "/payee", "name_payee", paying.name_payee, "Correct where it goes.",
              sent.NewPayee, paid.PayoutWhole),
        _post(side, payout + "/retry", "retry", paying.retry, "A failed payment is due again.",
              sent.WhyMoney, paid.PayoutWhole),
        _get(side, "/batches", "batches", paying.batches, "Batches, newest first.", told.Batches,
             {"open": ({"type": "boolean"}, "Those alone that wait to be released.")}),
        _post(side, "/batches", "prepare", paying.prepare,
              "Put payments that are due into a batch for somebody else to release.",
              sent.NewBatch, paid.BatchWhole, most=_LONG_BYTES),
        _get(side, batch, "batch", paying.batch, "A batch with every payment.", paid.BatchWhole),
        _get(side, batch + "/file", "order_file", paying.order_file,
             "The order for the bank (pain.001), once the batch is released.", "application/xml"),
        _post(side, batch + "/release", "release", paying.release,
              "Let a batch go that a colleague prepared.", None, paid.BatchWhole,
              settle=_IN_PERSON),
        _post(side, batch + "/cancel", "cancel", paying.cancel,
              "Take a batch apart before it is released.", sent.WhyMoney, paid.BatchWhole),
        _get(side, "/lots/{lot:int}", "lot", lots.statement,
             "A lot's money: deposits, every transfer, balances, payments.", paid.LotStatement, {
                 "at": ({"type": "string", "maxLength": 32}, "As it was at this moment, ISO 8601."),
                 "after": (_NUMBER, "The journal after this transfer: what `later` said."),
             }),
    ]  # fmt: skip


def _of_organisation() -> list[Spec]:
    lot = "/lots/{lot:int}"
    return [
        _post(_DESK, lot + "/costs", "costs", lots.state_costs,
              "State what the auction of a lot has cost.", sent.CostsStated, paid.CostsAfter),
        _post(_DESK, lot + "/guarantee", "guarantee", lots.guarantee,
              "Note a bank's guarantee in the place of a deposit.", sent.GuaranteeGiven,
              paid.DepositAfter),
        _post(_DESK, lot + "/fee", "fee", lots.fee, "Charge the auction fee to the agency, once.",
              sent.FeeCharged, paid.FeeAfter),
        _post(_DESK, "/suspense/{line:int}/interest", "interest", placing.interest,
              "A line is the bank's interest: shared among those whose deposits lay there.",
              sent.InterestShared, of_lines.LineAfter),
    ]  # fmt: skip


def _of_agency() -> list[Spec]:
    sheet, shares = "/lots/{lot:int}/sheet", "/shares/{shares:int}"
    both: Any = sent.CaseSheet | sent.CaseSheetTaken
    kinds = (sent.CaseSheet, sent.CaseSheetTaken)
    return [
        _get(_AGENCY, sheet, "sheet", sharing.sheet,
             "What a lot brought, and the distribution prepared last.", paid.LotSheet),
        _post(_AGENCY, sheet + "/try", "try_sheet", sharing.try_sheet,
              "What a sheet comes to, with its arithmetic; nothing is written.", both,
              paid.SharesTried, most=_LONG_BYTES, bodies=kinds),
        _post(_AGENCY, sheet, "prepare_sheet", sharing.prepare,
              "Prepare a distribution, or a taking in kind, for somebody else to approve.", both,
              paid.SharesAfter, most=_LONG_BYTES, bodies=kinds),
        _get(_AGENCY, shares, "shares", sharing.shares, "A distribution, line by line.",
             paid.SharesAfter),
        _post(_AGENCY, shares + "/approve", "approve", sharing.approve,
              "Approve a distribution that a colleague prepared; it is posted.", None,
              paid.SharesAfter, settle=_IN_PERSON),
        _post(_AGENCY, "/suspense/{line:int}/park", "park", placing.park,
              "The bank put a lot's money into a term deposit.", sent.TermParked,
              of_lines.LineAfter),
        _post(_AGENCY, "/suspense/{line:int}/mature", "mature", placing.mature,
              "A term deposit came back, with its interest.", sent.TermMatured,
              of_lines.LineAfter),
    ]  # fmt: skip


API = [
    *(spec for side in (_DESK, _AGENCY) for part in (_books, _lines, _paying)
      for spec in part(side)),
    *_of_organisation(),
    *_of_agency(),
]  # fmt: skip
