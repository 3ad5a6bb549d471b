"""Acts from the end of the bidding on: result, minutes, runner-up, payment."""

from auction_engine.rules import closing, deposits
from auction_engine.rules.acts_bidding import descent_resumed
from auction_engine.rules.acts_plain import Maker, plain, said
from auction_engine.rules.commands import Act
from auction_engine.rules.events import Event, Turn
from auction_engine.rules.guards import terms_of
from auction_engine.rules.lifecycle import Row
from auction_engine.rules.lot import LotState
from auction_engine.rules.turns import apply

# --- the result -----------------------------------------------------------------------------


def _announce(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    return [closing.announced(state, terms_of(state), at_ms, said(command))]


def _reveal_reserve(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    return [turn, *closing.settle(apply(state, turn), at_ms)]


def _consent(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    return [turn, *closing.announced_at_once(apply(state, turn), at_ms)]


def _then_fail(code: str) -> Maker:
    def make(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
        return [plain(state, row, command), closing.fail(code)]

    return make


# --- the minutes ----------------------------------------------------------------------------


def _sign(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    return _signed(state, plain(state, row, command, "ANNOUNCED"), command.data["as"], at_ms)


def _note_refusal(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    """A representative who will not sign holds up nothing (form TP-ĐGTS-18)."""
    return _signed(state, plain(state, row, command, "ANNOUNCED"), command.data["who"], at_ms)


def _signed(state: LotState, turn: Turn, name: str, at_ms: int) -> list[Event]:
    """The minutes are complete, or the house is ready at last and the winner's time begins."""
    terms, life = terms_of(state), state.life
    missing = set(terms.signatories) - {*life.signed, *life.unsigned, name}
    lost_ms = life.lost_ms
    if life.late_ms is not None and missing <= {"WINNER"}:
        turn.data["by_ms"] = at_ms - life.late_ms
        lost_ms += turn.data["by_ms"]
        if missing:
            turn.data["due_ms"] = at_ms + terms.minutes_ms
    if missing:
        return [turn]
    assert life.awarded_ms is not None
    turn.status = "AWAIT_PAYMENT"
    turn.data["due_ms"] = life.awarded_ms + terms.payment_ms + lost_ms
    if (life.award_minor or 0) > deposits.credited_minor(state):
        return [turn]
    # Art. 39(5): the deposit is part of the price, and here all of it.
    return [turn, Turn("payment.covered", "PAID", {"due_ms": at_ms + terms.delivery_ms})]


# --- a winner who refuses -------------------------------------------------------------------


def _refuse_win(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    return [turn, *after_refusal(state, apply(state, turn), at_ms)]


def after_refusal(before: LotState, after: LotState, at_ms: int) -> list[Event]:
    """Art. 51: the runner-up, the falling price going on, or a failed auction.

    `before` is the lot as announced, `after` the lot without the refuser's bids.
    """
    if before.method == "DESCENDING":
        return [descent_resumed(before, after, at_ms)]
    if closing.runner_up_may_buy(before.life.award_minor, after):
        data = {
            "bidder": after.leader,
            "price_minor": after.price_minor,
            "due_ms": at_ms + terms_of(after).offer_ms,
        }
        return [Turn("runner_up.offered", "RUNNER_UP_OFFERED", data)]
    return [closing.fail("WIN_REFUSED")]


def _accept_offer(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    turn = plain(state, row, command)
    turn.data["announced_ms"] = at_ms
    turn.data["due_ms"] = at_ms + terms_of(state).minutes_ms
    return [turn]


# --- payment --------------------------------------------------------------------------------


def _record_payment(state: LotState, row: Row, command: Act, at_ms: int) -> list[Event]:
    terms, life = terms_of(state), state.life
    assert life.award_minor is not None
    paid = deposits.credited_minor(state) + life.paid_minor + command.data["amount_minor"]
    if paid < life.award_minor:
        return [plain(state, row, command, "AWAIT_PAYMENT")]
    turn = plain(state, row, command, "PAID")
    turn.data["due_ms"] = at_ms + terms.delivery_ms
    return [turn]


MAKERS: dict[str, Maker] = {
    "announce": _announce,
    "reveal_reserve": _reveal_reserve,
    "consent": _consent,
    "refuse_consent": _then_fail("TOO_FEW_PARTICIPANTS"),
    "refuse_minutes": _then_fail("MINUTES_REFUSED"),
    "decline_offer": _then_fail("WIN_REFUSED"),
    "sign_minutes": _sign,
    "note_refused_signature": _note_refusal,
    "refuse_win": _refuse_win,
    "accept_offer": _accept_offer,
    "record_payment": _record_payment,
}
