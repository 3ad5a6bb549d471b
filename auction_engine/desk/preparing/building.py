"""From what was chosen to what the rules work with: a Draft for each lot, windows, parameters.

Pure. Every lot is frozen from the pack by itself; the session's order then gives each its window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from auction_engine.desk.preparing.choices import Choices, Dates, LotChoice
from auction_engine.desk.preparing.methods import category_of, descent_of, method_of
from auction_engine.rules import calendar as days
from auction_engine.rules.draft import Draft, Notice
from auction_engine.rules.freeze import params_of
from auction_engine.rules.pack import Pack
from auction_engine.rules.params import LotParams, ParamsError
from auction_engine.rules.session_plan import MINUTE_MS, Place, Session, SessionError
from auction_engine.rules.session_windows import plan

_WHOLE = 10_000


class Asset(Protocol):
    """An asset this organisation has taken (`desk.cases.assets.Taken`)."""

    @property
    def id(self) -> int: ...
    @property
    def case_id(self) -> int: ...
    @property
    def agency_id(self) -> int: ...
    @property
    def movable(self) -> bool: ...
    @property
    def content(self) -> Mapping[str, Any]: ...
    @property
    def valuation_minor(self) -> int | None: ...
    @property
    def valuation_expires_on(self) -> Any: ...
    @property
    def priority_pending(self) -> bool: ...
    @property
    def revaluation_pending(self) -> bool: ...
    @property
    def service_contract_on(self) -> Any: ...
    @property
    def failures(self) -> int: ...
    @property
    def cuts(self) -> int: ...
    @property
    def previous_start_minor(self) -> int | None: ...


class Built(NamedTuple):
    """A lot of the session as it would be published. `draft` None: its asset is not there.

    `params` are None while something is missing that no lot can do without.
    """

    choice: LotChoice
    asset: Asset | None
    draft: Draft | None
    params: LotParams | None
    fault: str | None = None


class Whole(NamedTuple):
    """The whole session. `session` names its lots by their place from 1; None if it is none."""

    lots: tuple[Built, ...]
    session: Session | None
    fault: SessionError | None = None


def moment_ms(pack: Pack, moment: datetime | None) -> int | None:
    """UTC milliseconds of a moment that is local to the pack."""
    if moment is None:
        return None
    return days.at_time_ms(moment.date(), f"{moment:%H:%M}", pack.timezone)


def proposed(pack: Pack, asset: Asset) -> LotChoice:
    """The amounts that the pack and the asset suggest; what they do not say stays open."""
    content = asset.content
    start = content.get("starting_price_minor")
    value = asset.valuation_minor
    shares = pack.start_price.of_basis_bp
    # After a price cut the asset says its new price itself.
    if value is not None and shares and (asset.cuts == 0 or start is None):
        start = value * shares[min(asset.failures, len(shares) - 1)] // _WHOLE
    start = value if start is None else start
    basis = value if pack.deposit.basis == "VALUATION" else start
    deposit = content.get("deposit_minor")
    if basis is not None:
        low, high = -(-basis * pack.deposit.min_bp // _WHOLE), basis * pack.deposit.max_bp // _WHOLE
        deposit = min(max(deposit or high, low), max(low, high))
    return LotChoice(
        asset=asset.id,
        starting_price_minor=start,
        increment_minor=content.get("increment_minor"),
        deposit_minor=deposit,
    )


def build(pack: Pack, choices: Choices, assets: Mapping[int, Asset]) -> Whole:
    """The session as the choices have it. `assets` are those that may be sold, by id."""
    lots = [_lot(pack, choices, lot, assets.get(lot.asset)) for lot in choices.lots]
    total = sum(lot.choice.starting_price_minor or 0 for lot in lots)
    lots = [_frozen(pack, lot, total) for lot in lots]
    if not lots:
        return Whole((), None)
    try:
        session = session_of(choices, lots)
        return Whole(_placed(pack, choices, session, lots), session)
    except SessionError as error:
        return Whole(tuple(lots), None, error)


def session_of(
    choices: Choices, lots: Sequence[Built], ids: Sequence[int] | None = None
) -> Session:
    """The plan of the session; its lots are `ids`, or their places from 1. Raises SessionError."""
    rules = choices.rules
    numbers = ids or range(1, len(lots) + 1)
    places = tuple(
        Place(number, value_minor=lot.choice.starting_price_minor)
        for number, lot in zip(numbers, lots, strict=True)
    )
    stagger = rules.stagger_min * MINUTE_MS if rules.stagger_min else None
    return Session(
        rules.order,
        places,
        gap_ms=rules.gap_min * MINUTE_MS,
        stagger_ms=stagger if rules.order == "STAGGERED" else None,
    )


def _placed(pack: Pack, choices: Choices, session: Session, lots: list[Built]) -> tuple[Built, ...]:
    """Every lot in its own window, as far as all are known."""
    opening_ms = moment_ms(pack, choices.dates.opening)
    params = {number: lot.params for number, lot in enumerate(lots, 1) if lot.params is not None}
    if opening_ms is None or len(params) < len(lots):
        return tuple(lots)
    windows = {window.lot: window for window in plan(session, opening_ms, params)}
    placed = []
    for number, lot in enumerate(lots, 1):
        window = windows[number]
        assert lot.draft is not None
        draft = replace(
            lot.draft,
            opening_ms=window.start_ms,
            end_ms=window.end_ms,
            session_opening_ms=opening_ms,
        )
        placed.append(_frozen(pack, lot._replace(draft=draft), draft.session_start_total_minor))
    return tuple(placed)


def _frozen(pack: Pack, lot: Built, total: int | None) -> Built:
    if lot.draft is None:
        return lot
    draft = replace(lot.draft, session_start_total_minor=total)
    try:
        return lot._replace(draft=draft, params=params_of(pack, draft))
    except ParamsError as error:
        return lot._replace(draft=draft, params=None, fault=lot.fault or str(error))
    except days.CalendarError:  # the check says so
        return lot._replace(draft=draft, params=None)


def _lot(pack: Pack, choices: Choices, lot: LotChoice, asset: Asset | None) -> Built:
    if asset is None:
        return Built(lot, None, None, None)
    rules, texts = choices.rules, choices.texts
    descent, fault = descent_of(pack, choices, lot)
    draft = Draft(
        category=category_of(pack),
        movable=asset.movable,
        method=method_of(pack, choices),
        descent=descent,
        starting_price_minor=lot.starting_price_minor,
        increment_minor=lot.increment_minor,
        increment_rule=rules.increment_rule,
        deposit_minor=lot.deposit_minor,
        deposits="RECORDED",
        extension=rules.extension,
        extension_trigger_ms=_ms(rules.extension_trigger_s),
        extension_by_ms=_ms(rules.extension_by_s),
        extension_max_count=rules.extension_max_count,
        automatic_bids=rules.automatic_bids,
        valuation_minor=asset.valuation_minor,
        valuation_expires_on=asset.valuation_expires_on,
        revaluation_pending=asset.revaluation_pending,
        priority_pending=asset.priority_pending,
        service_contract_on=asset.service_contract_on,
        failures=asset.failures,
        cuts=asset.cuts,
        previous_start_minor=asset.previous_start_minor,
        short_procedure=rules.short_procedure,
        pause_stop_clause=texts.pause_stop_clause,
        vat_excluded=texts.vat_excluded,
        vat_note=texts.vat_note,
    )
    return Built(lot, asset, _dated(pack, choices.dates, draft), None, fault)


def _dated(pack: Pack, dates: Dates, draft: Draft) -> Draft:
    """The draft with everything that has a day or a time."""
    opening_ms = moment_ms(pack, dates.opening)
    # A falling price tells itself when it has fallen.
    timed = draft.method != "DESCENDING" and dates.window_min is not None
    lasts_ms = (dates.window_min or 0) * MINUTE_MS if timed else None
    return replace(
        draft,
        opening_ms=opening_ms,
        end_ms=None if opening_ms is None or lasts_ms is None else opening_ms + lasts_ms,
        posting_on=dates.posting_on,
        posting_proof=dates.posting_proof or None,
        notices=tuple(
            Notice(one.on, one.channels, one.proof or None)
            for one in dates.notices
            if one.on is not None
        ),
        viewing_on=dates.viewing_on,
        registration_open_ms=moment_ms(pack, dates.registration_open),
        registration_close_ms=moment_ms(pack, dates.registration_close),
        deposit_open_ms=moment_ms(pack, dates.deposit_open),
        deposit_close_ms=moment_ms(pack, dates.deposit_close),
        deposit_window_agreed=dates.deposit_window_agreed,
    )


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1_000


def content_of(lot: Built) -> dict[str, Any]:
    """What the lot's page says: the asset's description with the amounts and times chosen."""
    assert lot.asset is not None
    content = {name: value for name, value in lot.asset.content.items() if value is not None}
    content |= {
        name: getattr(lot.choice, name)
        for name in ("starting_price_minor", "increment_minor", "deposit_minor")
    }
    params = lot.params
    if params is not None:
        extension = params.extension
        content["currency"], content["minor_digits"] = params.currency, params.minor_digits
        content["extension"] = extension and {
            "trigger_ms": extension.trigger_ms,
            "by_ms": extension.by_ms,
            "max_count": extension.max_count,
        }
    content.pop("agency", None)
    content.pop("organisation", None)
    return content
