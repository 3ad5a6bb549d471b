"""The parameters of a lot, frozen when it is listed and written into its journal."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal

from auction_engine.rules.money import AmountError, check_amount_minor
from auction_engine.rules.parts import (
    MAX_EXTENSIONS,
    MAX_MS,
    Confirm,
    Descent,
    Draws,
    Extension,
    IncrementRule,
    Method,
    ParamsError,
    Phase,
    Reserve,
    Sealing,
    as_tuple,
    one_of,
    part_from_json,
    whole,
)
from auction_engine.rules.terms import Terms

__all__ = ["MAX_EXTENSIONS", "MAX_MS", "Extension", "LotParams", "ParamsError"]

ClosedBy = Literal["CLOCK", "AUCTIONEER"]
_PARTS: dict[str, type[Any]] = {
    "extension": Extension,
    "descent": Descent,
    "draws": Draws,
    "sealed": Sealing,
    "reserve": Reserve,
    "confirm": Confirm,
    "terms": Terms,
}
# Of the terms: what came later is written only where it says something, as here.
_LATER_TERMS = tuple(f for f in fields(Terms) if f.name in ("deposits", "deposit_means"))
# In every journal since the first; what came later is written only where it says something.
_ALWAYS = frozenset(
    "currency minor_digits starting_price_minor increment_minor start_ms end_ms extension"
    " allow_self_raise closed_by method".split()
)


@dataclass(frozen=True, slots=True)
class LotParams:
    """What the auction rules of one lot fix (Law 01/2016 Arts. 5, 34).

    `start_ms` and `end_ms` are UTC milliseconds; bids ordered at `start_ms <= at < end_ms` are
    in the window. `end_ms` is None when the auctioneer closes (`closed_by`), and for a descending
    lot, whose end follows from its prices. `allow_self_raise` lets the leader raise his own bid;
    off in every Vietnamese pack. `increment_table` is ((below, step), ...): the step for a price
    below `below`, the last `below` None. `phases` follow the one these parameters describe.
    `terms` None is a lot of which only the bidding is conducted here. `pack` and `pack_hash` name
    the rule pack the parameters were frozen from. `lot` is the lot's own number, to which boxes and
    seeds are bound; `draws` goes with `descent.draw_same_step`.
    """

    currency: str
    minor_digits: int
    starting_price_minor: int
    increment_minor: int
    start_ms: int
    end_ms: int | None
    extension: Extension | None = None
    allow_self_raise: bool = False
    closed_by: ClosedBy = "CLOCK"
    method: Method = "ASCENDING"
    increment_rule: IncrementRule = "MIN_DELTA"
    increment_table: tuple[tuple[int | None, int], ...] = ()
    automatic_bids: bool = False
    descent: Descent | None = None
    sealed: Sealing | None = None
    phases: tuple[Phase, ...] = ()
    reserve: Reserve | None = None
    confirm: Confirm | None = None
    terms: Terms | None = None
    pack: str | None = None
    pack_hash: str | None = None
    lot: int | None = None
    draws: Draws | None = None

    def __post_init__(self) -> None:
        for path in ("starting_price_minor", "increment_minor"):
            try:
                check_amount_minor(getattr(self, path))
            except AmountError as error:
                raise ParamsError(path, str(error)) from None
        _check_currency(self)
        _check_method(self)
        _check_window(self)
        _check_increment(self)
        _check_sealed(self)
        for name, kind in _PARTS.items():
            part = getattr(self, name)
            if part is not None and not isinstance(part, kind):
                raise ParamsError(name, f"must be an {kind.__name__} or null")
        if self.extension is not None and self.closed_by == "AUCTIONEER":
            raise ParamsError("extension", "has no meaning when the auctioneer closes")
        _check_cut(self)

    def to_json(self) -> dict[str, Any]:
        """A plain dict with every parameter that is not left at its default."""
        values = asdict(self)
        extension = self.extension
        if extension is not None and (extension.cap_ms, extension.mode) == (None, "LATE_BID"):
            for name in ("cap_ms", "mode"):
                del values["extension"][name]
        for later in _LATER_TERMS:
            if self.terms is not None and getattr(self.terms, later.name) == later.default:
                del values["terms"][later.name]
        return {
            field.name: values[field.name]
            for field in fields(self)
            if field.name in _ALWAYS
            or field.default is MISSING
            or getattr(self, field.name) != field.default
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "LotParams":
        """The parameters in `data`. Raises ParamsError for unknown, missing or bad values."""
        if not isinstance(data, dict):
            raise ParamsError("params", "must be an object")
        values = {name: as_tuple(value) for name, value in data.items()}
        for name, kind in _PARTS.items():
            if values.get(name) is not None:
                values[name] = part_from_json(kind, name, data[name])
        if values.get("phases"):
            values["phases"] = tuple(
                part_from_json(Phase, f"phases[{number}]", phase)
                for number, phase in enumerate(data["phases"])
            )
        try:
            return cls(**values)
        except TypeError as error:
            raise ParamsError("params", str(error).split("__init__() ")[-1]) from None

    @property
    def rules_hash(self) -> str:
        """SHA-256 of the parameters' canonical JSON: what is published with the auction rules."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _check_currency(params: LotParams) -> None:
    if not (
        isinstance(params.currency, str)
        and len(params.currency) == 3
        and params.currency.isascii()
        and params.currency.isalpha()
        and params.currency.isupper()
    ):
        raise ParamsError("currency", "must be a three-letter ISO 4217 code such as VND")
    if type(params.minor_digits) is not int or not 0 <= params.minor_digits <= 4:
        raise ParamsError("minor_digits", "must be 0 to 4")
    for name in ("allow_self_raise", "automatic_bids"):
        if type(getattr(params, name)) is not bool:
            raise ParamsError(name, "must be true or false")


def _check_method(params: LotParams) -> None:
    one_of("method", params.method, ("ASCENDING", "DESCENDING", "SEALED"))
    if (params.method == "DESCENDING") != (params.descent is not None):
        raise ParamsError("method", "DESCENDING goes with `descent`, and only with it")
    if (params.method == "SEALED") != (params.sealed is not None):
        raise ParamsError("method", "SEALED goes with `sealed`, and only with it")
    if params.method != "ASCENDING":
        if params.extension is not None:
            raise ParamsError("extension", f"a {params.method} lot has none")
        if params.automatic_bids:
            raise ParamsError("automatic_bids", f"a {params.method} lot has none")
    if not all(isinstance(phase, Phase) for phase in params.phases):
        raise ParamsError("phases", "must be phases")
    if params.phases and params.closed_by == "AUCTIONEER":
        raise ParamsError("closed_by", "phases follow the clock")
    descent = params.descent
    if descent is not None:
        lowest = descent.prices[0] if descent.prices else descent.floor_minor
        if lowest is not None and lowest >= params.starting_price_minor:
            raise ParamsError("descent", "the price must be able to fall below the starting price")


def _check_sealed(params: LotParams) -> None:
    if params.lot is not None:
        whole("lot", params.lot, 1, MAX_MS)
    descent = params.descent
    if params.draws is not None and (descent is None or not descent.draw_same_step):
        raise ParamsError("draws", "goes with `descent.draw_same_step`, and only with it")
    if params.method == "SEALED" and params.closed_by == "AUCTIONEER":
        raise ParamsError("closed_by", "a sealed round follows the clock")
    used: set[str] = set()
    for number, sealed in enumerate((params.sealed, *(phase.sealed for phase in params.phases))):
        if isinstance(sealed, Sealing):
            keys = {*sealed.public_keys, *sealed.rebid_public_keys}
            if keys & used:
                path = f"phases[{number - 1}].sealed.public_keys"
                raise ParamsError(path, "are published by an earlier round: make new pairs")
            used |= keys


def _check_window(params: LotParams) -> None:
    if type(params.start_ms) is not int or not 0 <= params.start_ms <= MAX_MS:
        raise ParamsError("start_ms", "must be UTC milliseconds up to the year 9999")
    if params.closed_by not in ("CLOCK", "AUCTIONEER"):
        raise ParamsError("closed_by", "must be CLOCK or AUCTIONEER")
    if params.closed_by == "AUCTIONEER" or params.method == "DESCENDING":
        if params.end_ms is not None:
            raise ParamsError(
                "end_ms", "must be null when the auctioneer closes or the prices tell the end"
            )
    elif type(params.end_ms) is not int or not params.start_ms < params.end_ms <= MAX_MS:
        raise ParamsError("end_ms", "must be UTC milliseconds after start_ms, up to the year 9999")


def _check_increment(params: LotParams) -> None:
    rules = ("MIN_DELTA", "FROM_START_MULTIPLE", "FROM_CURRENT_MULTIPLE", "TABLE")
    one_of("increment_rule", params.increment_rule, rules)
    table = params.increment_table
    if (params.increment_rule == "TABLE") != bool(table):
        raise ParamsError("increment_table", "goes with the rule TABLE, and only with it")
    last = 0
    for number, row in enumerate(table):
        path = f"increment_table[{number}]"
        if not isinstance(row, tuple) or len(row) != 2:
            raise ParamsError(path, "must be [below, step]")
        below, step = row
        whole(f"{path}[1]", step, 1, MAX_MS)
        if below is None:
            if number != len(table) - 1:
                raise ParamsError(f"{path}[0]", "only the last row is without a limit")
        else:
            whole(f"{path}[0]", below, last + 1, MAX_MS)
            last = below
    if table and table[-1][0] is not None:
        raise ParamsError(f"increment_table[{len(table) - 1}][0]", "must be null in the last row")


def _check_cut(params: LotParams) -> None:
    """Each cut takes at most so much off the starting price of the auction just before."""
    terms = params.terms
    if terms is None or terms.previous_start_minor is None:
        return
    least = terms.previous_start_minor * (10_000 - terms.max_cut_bp)
    if params.starting_price_minor * 10_000 < least:
        raise ParamsError(
            "starting_price_minor",
            f"must be at least {-(-least // 10_000)}: a cut is at most"
            f" {terms.max_cut_bp / 100:g} % of the previous starting price",
        )
