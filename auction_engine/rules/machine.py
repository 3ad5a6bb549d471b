"""The lot as a state machine: `decide` and `apply`, whatever its method and wherever in its life.

decide(state, command, at_ms) -> events      what the rules make of a command ordered at `at_ms`
apply(state, event)           -> state       what an event makes of the lot

`decide` first does what the log's time makes due (opening, close, an offer's end), so a bid
ordered at or after the end finds a closed lot however late the clock's own tick arrives.
"""

from auction_engine.rules import ascending, clockwork, deposits, descending, sealed
from auction_engine.rules.acts import act
from auction_engine.rules.commands import (
    Act,
    Admit,
    Bid,
    CloseLot,
    Command,
    CommandRefused,
    DraftLot,
    Enter,
    ListLot,
    Seal,
)
from auction_engine.rules.effects import apply
from auction_engine.rules.events import (
    BidderAdmitted,
    BidderEntered,
    BidRefused,
    Event,
    LotDrafted,
    LotListed,
)
from auction_engine.rules.lot import Falling, LotState
from auction_engine.rules.params import LotParams

__all__ = ["apply", "decide", "next_due_ms"]

next_due_ms = clockwork.next_due_ms


def decide(state: LotState | None, command: Command, at_ms: int) -> list[Event]:
    """Events that follow from `command` at log time `at_ms` (UTC ms); empty if none.

    `state` is None only before the lot is listed or drafted. A bid gives exactly one answer: a
    BidAccepted, BidRefused, MaximumSet or BidSealed with its id. Raises CommandRefused for other
    commands the state does not allow.
    """
    if state is None:
        return _begin(command, at_ms)
    events: list[Event] = []
    while (due_ms := next_due_ms(state)) is not None and due_ms <= at_ms:
        for event in clockwork.due(state, due_ms):
            events.append(event)
            state = apply(state, event)
    if isinstance(command, Bid):
        _bid(state, command, at_ms, events)
    else:
        _other(state, command, at_ms, events)
    return events


def _begin(command: Command, at_ms: int) -> list[Event]:
    if isinstance(command, DraftLot):
        return [LotDrafted(command.params)]
    if not isinstance(command, ListLot):
        raise CommandRefused("UNKNOWN_LOT", "The lot is not listed.")
    return _list(None, command, at_ms)


def _list(state: LotState | None, command: ListLot, at_ms: int) -> list[Event]:
    params = command.params
    end_ms = _first_end_ms(params)
    if end_ms is not None and end_ms <= at_ms:
        raise CommandRefused("WINDOW_PAST", "The lot's window is already over.")
    if params.method == "DESCENDING" and params.start_ms < at_ms:
        # Every price, the first too, must stand for its whole time.
        raise CommandRefused("WINDOW_PAST", "The price has begun to fall already.")
    terms = params.terms
    if terms is not None and (terms.registration_close_ms or 0) > params.start_ms:
        raise CommandRefused("BAD_DATES", "Registration must close before the opening.")
    sealed.check_listing(params)
    events: list[Event] = [LotListed(params)]
    state = apply(state, events[0])
    while (due_ms := next_due_ms(state)) is not None and due_ms <= at_ms:
        for event in clockwork.due(state, due_ms):
            events.append(event)
            state = apply(state, event)
    return events


def _first_end_ms(params: LotParams) -> int | None:
    if params.method == "DESCENDING":
        return descending.end_of(params, Falling(0, params.start_ms))
    return params.end_ms


def _bid(state: LotState, offer: Bid, at_ms: int, events: list[Event]) -> None:
    method = state.method if state.life.stage else state.params.method
    if method == "ASCENDING":
        ascending.bid(state, offer, at_ms, events)
    elif method == "DESCENDING":
        count = len(events)
        if descending.bid(state, offer, at_ms, events):
            for event in events[count:]:
                state = apply(state, event)
            _end(state, at_ms, events)
    else:
        events.append(
            BidRefused(
                offer.bidder, offer.bid_id, offer.amount_minor, "WRONG_METHOD", None, offer.how
            )
        )


def _end(state: LotState, at_ms: int, events: list[Event]) -> None:
    """The bidding ends now, by an acceptance or by the auctioneer."""
    events.extend(clockwork.ending(state, at_ms))


def _other(state: LotState, command: Command, at_ms: int, events: list[Event]) -> None:
    if isinstance(command, Act):
        events.extend(act(state, command, at_ms))
    elif isinstance(command, Admit):
        events.append(_admit(state, command))
    elif isinstance(command, Enter):
        events.extend(_enter(state, command))
    elif isinstance(command, Seal):
        sealed.seal(state, command, events)
    elif isinstance(command, CloseLot):
        if state.params.closed_by != "AUCTIONEER" or state.status != "RUNNING":
            raise CommandRefused(
                "NOT_YOURS_TO_CLOSE", "This lot is not open or its clock closes it."
            )
        _end(state, at_ms, events)
    elif isinstance(command, ListLot):
        if state.status not in ("DRAFT", "CONTRACTED"):
            raise CommandRefused("ALREADY_LISTED", "The lot is already listed.")
        events.extend(_list(state, command, at_ms))
    elif isinstance(command, DraftLot):
        raise CommandRefused("ALREADY_DRAFTED", "The lot's file is already begun.")


def _admit(state: LotState, command: Admit) -> Event:
    if state.phase == "closed":
        raise CommandRefused("CLOSED", "The lot is closed.")
    if command.bidder in state.admitted:
        raise CommandRefused("ALREADY_ADMITTED", "The bidder is already admitted.")
    if any(known.code == command.code for known in state.admitted.values()):
        raise CommandRefused("CODE_TAKEN", f"The code {command.code} belongs to another bidder.")
    terms, dossier = state.params.terms, state.life.registered.get(command.bidder)
    in_window = terms is not None and terms.registration_open_ms is not None
    if dossier != "REGISTERED" and (in_window or dossier is not None):
        raise CommandRefused("NOT_REGISTERED", "There is no dossier of this bidder to decide.")
    if in_window:
        if state.phase != "scheduled":
            raise CommandRefused("BIDDING_BEGAN", "Dossiers are decided before the opening.")
    if deposits.missing(state, command.bidder):
        raise CommandRefused("DEPOSIT_MISSING", "No deposit of this bidder is on record.")
    sealed.check_code(state.params, command.code)
    return BidderAdmitted(command.bidder, command.code, command.robot)


def _enter(state: LotState, command: Enter) -> list[Event]:
    """Being there counts once, while it can matter; repeating it changes nothing."""
    if (
        command.bidder not in state.admitted
        or command.bidder in state.life.present
        or state.phase == "closed"
        or state.status in ("DRAFT", "CONTRACTED")
    ):
        return []
    return [BidderEntered(command.bidder)]
