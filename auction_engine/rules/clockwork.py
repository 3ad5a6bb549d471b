"""What the log's time brings about by itself, in every status of a lot."""

from collections.abc import Callable

from auction_engine.rules import closing, opening
from auction_engine.rules.admission import bidders_in
from auction_engine.rules.effects import apply
from auction_engine.rules.events import Event, LotClosed, LotOpened, Turn
from auction_engine.rules.guards import dossiers_decided
from auction_engine.rules.lot import LotState
from auction_engine.rules.terms import Terms

_CLOCK = {"by": None, "role": "CLOCK"}


def next_due_ms(state: LotState) -> int | None:
    """The log time (UTC ms) at which something next happens by itself, or None."""
    status = state.status
    if status == "RUNNING":
        return state.end_ms
    terms = state.params.terms
    if status == "PUBLISHED":
        if terms is not None and terms.registration_open_ms is not None:
            return terms.registration_open_ms
        return state.params.start_ms
    if status == "REGISTRATION_OPEN":
        assert terms is not None
        return terms.registration_close_ms
    if status in ("REGISTRATION_CLOSED", "READY"):
        return state.params.start_ms
    # While a complaint or a suit is pending, nobody's time runs out.
    return state.life.due_ms if status in _OVERDUE and not state.life.holds else None


def due(state: LotState, at_ms: int) -> list[Event]:
    """The events of what was due at `at_ms`."""
    status = state.status
    if status == "RUNNING":
        return ending(state, at_ms)
    if status in _OVERDUE:
        return _OVERDUE[status](state, at_ms)
    terms = state.params.terms
    if status == "PUBLISHED" and terms is not None and at_ms == terms.registration_open_ms:
        return [Turn("registration.opened", "REGISTRATION_OPEN", {})]
    if status == "REGISTRATION_OPEN":
        closed = Turn("registration.closed", "REGISTRATION_CLOSED", {})
        if "REGISTERED" in state.life.registered.values():
            return [closed]
        return [closed, closing.fail("NO_REGISTRANT")]
    return _opening(state)


def ending(state: LotState, at_ms: int) -> list[Event]:
    """The present stretch of bidding ends at `at_ms`."""
    over = closing.at_end(state, at_ms)
    if not isinstance(over, LotClosed):
        return [over]
    events: list[Event] = [over]
    state = apply(state, over)
    for event in closing.absence(state, at_ms):
        events.append(event)
        state = apply(state, event)
    return [*events, *closing.after_close(state, at_ms)]


def _opening(state: LotState) -> list[Event]:
    terms = state.params.terms
    if terms is None:
        return [LotOpened()]
    if state.life.holds:
        return [_postponed("HELD")]
    if terms.registration_close_ms is None:
        return [LotOpened()]
    if not dossiers_decided(state):
        return [_postponed("DOSSIERS_UNDECIDED")]
    code = _cannot_open(state, terms)
    return [LotOpened() if code is None else closing.fail(code)]


def _postponed(ground: str) -> Turn:
    return Turn("lot.postponed", "POSTPONED", {"ground": ground, **_CLOCK})


def _cannot_open(state: LotState, terms: Terms) -> str | None:
    """Too few for an auction (Law 01/2016 Arts. 5(2), 49, 52(1)a, g)."""
    number = len(bidders_in(state))
    if number == 0:
        return "NO_REGISTRANT"
    if number >= terms.min_participants or terms.single_bidder == "ALWAYS":
        return None
    if terms.single_bidder == "NEVER":
        return "SOLE_REGISTRANT" if number == 1 else "TOO_FEW_PARTICIPANTS"
    enough_failures = terms.failures >= terms.single_after_failures
    return None if enough_failures else "TOO_FEW_PARTICIPANTS"


def _no_consent(state: LotState, at_ms: int) -> list[Event]:
    return [
        Turn("consent.refused", state.status, dict(_CLOCK)),
        closing.fail("TOO_FEW_PARTICIPANTS"),
    ]


def _unsigned(state: LotState, at_ms: int) -> list[Event]:
    """Not signing refuses the minutes only of who could sign: they go to the winner last.

    Decree 62/2017 Art. 12: auctioneer, recorder and owner sign, then they are sent to the winner.
    """
    life, terms = state.life, state.params.terms
    assert terms is not None
    missing = set(terms.signatories) - {*life.signed, *life.unsigned}
    if missing == {"WINNER"}:
        return [
            Turn("minutes.refused", state.status, dict(_CLOCK)),
            closing.fail("MINUTES_REFUSED"),
        ]
    return [Turn("minutes.late", state.status, {"due_ms": None, "late_ms": at_ms, **_CLOCK})]


def _offer_over(state: LotState, at_ms: int) -> list[Event]:
    return [Turn("offer.declined", state.status, dict(_CLOCK)), closing.fail("WIN_REFUSED")]


def _closed_and_waiting(state: LotState, at_ms: int) -> list[Event]:
    if state.life.awaits == "RESERVE":
        lapsed = Turn("reserve.lapsed", state.status, {"due_ms": None, **_CLOCK})
        return [lapsed, *closing.settle(apply(state, lapsed), at_ms)]
    return opening.overdue(state, at_ms)


_OVERDUE: dict[str, Callable[[LotState, int], list[Event]]] = {
    "BIDDING_CLOSED": _closed_and_waiting,
    "AWAIT_OWNER_CONSENT": _no_consent,
    "ANNOUNCED": _unsigned,
    "RUNNER_UP_OFFERED": _offer_over,
    "AWAIT_PAYMENT": lambda state, at_ms: [
        Turn("payment.defaulted", "PAYMENT_DEFAULT", dict(_CLOCK))
    ],
}
