"""When each lot of a session is open: windows that stay true whatever is extended."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from auction_engine.rules import descending
from auction_engine.rules.lot import Falling
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import MAX_MS, ParamsError, Sealing, whole
from auction_engine.rules.session_plan import (
    IN_TURN,
    MINUTE_MS,
    Place,
    Session,
    SessionError,
    ranked,
)

# A lot that could end so long after the end announced tells nobody when the next one opens.
_LONGEST_MS = 12 * 60 * MINUTE_MS


class Window(NamedTuple):
    """When a lot is open: `end_ms` None where no clock ends it, `latest_ms` with every extension.

    All UTC milliseconds; `latest_ms` is None where nothing bounds it.
    """

    lot: int
    start_ms: int
    end_ms: int | None
    latest_ms: int | None


def plan(session: Session, start_ms: int, params: Mapping[int, LotParams]) -> list[Window]:
    """The windows of all lots, in the order of their turns, the first opening at `start_ms`.

    `params` give each lot's own length; its own start and end are replaced (`in_window`). A lot in
    turn opens `gap_ms` after the latest end of the one before: then no extension moves a time that
    was made known. Raises SessionError naming the lot that cannot be placed.
    """
    try:
        whole("start_ms", start_ms, 0, MAX_MS)
    except ParamsError as error:
        raise SessionError(None, str(error)) from None
    windows: list[Window] = []
    at_ms = start_ms
    for place in ranked(session):
        known = params.get(place.lot)
        if known is None:
            raise SessionError(place.lot, "its parameters are not known")
        check_lot(session, place, known)
        window = _window(place, known, at_ms)
        windows.append(window)
        if session.order in IN_TURN:
            slot = slot_ms(place, known)
            assert slot is not None  # check_lot
            at_ms += slot + session.gap_ms
        elif session.stagger_ms is not None:
            at_ms += session.stagger_ms
    _one_currency(session, params)
    return windows


def in_window(params: LotParams, window: Window) -> LotParams:
    """The lot's parameters with this window. Raises SessionError."""
    try:
        return replace(params, start_ms=window.start_ms, end_ms=window.end_ms)
    except ParamsError as error:
        raise SessionError(window.lot, str(error)) from None


def check_lot(session: Session, place: Place, params: LotParams) -> None:
    """Whether a lot with these parameters fits its place. Raises SessionError naming it."""
    if place.case is not None and params.terms is None:
        raise SessionError(place.lot, "it has no terms: no proceeds of it would ever be announced")
    if session.order not in IN_TURN:
        return
    slot = slot_ms(place, params)
    if slot is None:
        raise SessionError(place.lot, "nothing bounds its end: say its slot_ms, the time kept free")
    if params.end_ms is not None and slot < params.end_ms - params.start_ms:
        raise SessionError(place.lot, "slot_ms is shorter than its window")


def slot_ms(place: Place, params: LotParams) -> int | None:
    """How long the next lot in turn must wait for this one at most; None if nothing says so."""
    if place.slot_ms is not None:
        return place.slot_ms
    latest = latest_end_ms(params)
    return None if latest is None else latest - params.start_ms


def latest_end_ms(params: LotParams) -> int | None:
    """When the bidding is over however often it is extended (UTC ms), and opened or drawn.

    None where no clock ends it, or only long after the end announced.
    """
    if params.closed_by == "AUCTIONEER":
        return None
    if params.method == "DESCENDING":
        end_ms = descending.end_of(params, Falling(0, params.start_ms))
    else:
        assert params.end_ms is not None
        end_ms = params.end_ms
    more_ms = sum(phase.duration_ms for phase in params.phases)
    for sealed in (params.sealed, *(phase.sealed for phase in params.phases)):
        more_ms += 0 if sealed is None else _until_opened_ms(sealed)
    if params.reserve is not None:
        more_ms += params.reserve.reveal_ms or 0
    extension = params.extension
    if extension is not None:
        longest = [extension.cap_ms] if extension.cap_ms is not None else []
        if extension.max_count is not None:
            longest.append(extension.max_count * extension.by_ms)
        more_ms += min(longest)
    return end_ms + more_ms if more_ms <= _LONGEST_MS else None


def _until_opened_ms(sealed: Sealing) -> int:
    return 2 * sealed.open_ms + sealed.rebid_ms + sealed.draw_ms


def _window(place: Place, params: LotParams, at_ms: int) -> Window:
    by_ms = at_ms - params.start_ms
    latest = latest_end_ms(params)
    window = Window(
        place.lot,
        at_ms,
        None if params.end_ms is None else params.end_ms + by_ms,
        None if latest is None else latest + by_ms,
    )
    terms = params.terms
    if terms is not None and terms.registration_close_ms is not None:
        if terms.registration_close_ms > at_ms:
            raise SessionError(place.lot, "its registration closes after its opening")
    in_window(params, window)
    return window


def _one_currency(session: Session, params: Mapping[int, LotParams]) -> None:
    """The proceeds of a case are one sum."""
    first: dict[str, tuple[str, int]] = {}
    for place in session.places:
        if place.case is not None:
            known = params[place.lot]
            money = (known.currency, known.minor_digits)
            if first.setdefault(place.case, money) != money:
                raise SessionError(place.lot, "it is sold in another currency than its case")
