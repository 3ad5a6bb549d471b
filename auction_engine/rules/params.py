"""The parameters of a lot, frozen when it is listed and written into its journal."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from auction_engine.rules.money import AmountError, check_amount_minor

ClosedBy = Literal["CLOCK", "AUCTIONEER"]

# The last millisecond of the year 9999. Bounds moments and durations alike, so that no sum of
# them leaves a bigint column or the whole numbers JavaScript can hold.
MAX_MS = 253_402_300_799_999
# `lot_head.extensions` is a PostgreSQL integer; nobody extends a sale a million times.
MAX_EXTENSIONS = 1_000_000


class ParamsError(ValueError):
    """Parameters that cannot be auctioned. `path` names the value, e.g. `extension.by_ms`."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Extension:
    """A bid accepted within `trigger_ms` of the end moves the end to `by_ms` after that bid.

    At most `max_count` times; never to an earlier moment.
    """

    trigger_ms: int
    by_ms: int
    max_count: int


@dataclass(frozen=True, slots=True)
class LotParams:
    """What the auction rules of one ascending lot fix (Law 01/2016 Arts. 5(1), 34).

    `start_ms` and `end_ms` are UTC milliseconds; bids ordered at `start_ms <= at < end_ms` are
    in the window. `end_ms` is None only when the auctioneer closes (`closed_by`).
    `allow_self_raise` lets the leader raise his own bid; off in every Vietnamese pack.
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
    method: Literal["ASCENDING"] = "ASCENDING"

    def __post_init__(self) -> None:
        for path in ("starting_price_minor", "increment_minor"):
            try:
                check_amount_minor(getattr(self, path))
            except AmountError as error:
                raise ParamsError(path, str(error)) from None
        _check_currency(self)
        _check_window(self)
        if self.extension is not None:
            _check_extension(self.extension, self.closed_by)

    def to_json(self) -> dict[str, Any]:
        """A plain dict with every parameter, in the shape `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "LotParams":
        """The parameters in `data`. Raises ParamsError for unknown, missing or bad values."""
        if not isinstance(data, dict):
            raise ParamsError("params", "must be an object")
        values = dict(data)
        extension = values.pop("extension", None)
        try:
            if extension is not None:
                values["extension"] = Extension(**extension)
            return cls(**values)
        except TypeError as error:
            raise ParamsError("params", str(error).split("__init__() ")[-1]) from None


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
    if params.method != "ASCENDING":
        raise ParamsError("method", "must be ASCENDING")
    if type(params.allow_self_raise) is not bool:
        raise ParamsError("allow_self_raise", "must be true or false")


def _check_window(params: LotParams) -> None:
    if type(params.start_ms) is not int or not 0 <= params.start_ms <= MAX_MS:
        raise ParamsError("start_ms", "must be UTC milliseconds up to the year 9999")
    if params.closed_by == "AUCTIONEER":
        if params.end_ms is not None:
            raise ParamsError("end_ms", "must be null when the auctioneer closes")
    elif params.closed_by != "CLOCK":
        raise ParamsError("closed_by", "must be CLOCK or AUCTIONEER")
    elif type(params.end_ms) is not int or not params.start_ms < params.end_ms <= MAX_MS:
        raise ParamsError("end_ms", "must be UTC milliseconds after start_ms, up to the year 9999")


def _check_extension(extension: Extension, closed_by: str) -> None:
    if not isinstance(extension, Extension):
        raise ParamsError("extension", "must be an Extension or null")
    for name, most in (("trigger_ms", MAX_MS), ("by_ms", MAX_MS), ("max_count", MAX_EXTENSIONS)):
        value = getattr(extension, name)
        if type(value) is not int or not 0 < value <= most:
            raise ParamsError(f"extension.{name}", f"must be a whole number from 1 to {most}")
    if closed_by == "AUCTIONEER":
        raise ParamsError("extension", "has no meaning when the auctioneer closes")
