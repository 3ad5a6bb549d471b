"""Parts of a lot's parameters that some auction rules have and others have not.

Every part checks itself when it is made. `ParamsError.path` names the value within the part; the
parameters that hold it put the part's name in front.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.sealing_bytes import HEX_256, NAME, SealError
from auction_engine.rules.sealing_keys import check_public_keys

Method = Literal["ASCENDING", "DESCENDING", "SEALED"]
IncrementRule = Literal["MIN_DELTA", "FROM_START_MULTIPLE", "FROM_CURRENT_MULTIPLE", "TABLE"]
Admission = Literal["ALL", "ALL_BUT_LEADER", "LEADER"]
Shape = Literal["LINEAR", "PERCENT_OF_START", "PERCENT_OF_PREVIOUS", "TABLE"]
Tie = Literal["RE_BID_TIED", "DRAW_LOTS", "FIRST_RECORDED"]

# The last millisecond of the year 9999. Bounds moments and durations alike, so that no sum of
# them leaves a bigint column or the whole numbers JavaScript can hold.
MAX_MS = 253_402_300_799_999
# `lot_head.extensions` is a PostgreSQL integer; nobody extends a sale a million times.
MAX_EXTENSIONS = 1_000_000
BASIS_POINTS = 10_000
# The ways to settle equal sealed bids: each comes to an end.
TIES: tuple[tuple[Tie, ...], ...] = (
    ("RE_BID_TIED", "DRAW_LOTS"),
    ("RE_BID_TIED", "FIRST_RECORDED"),
    ("DRAW_LOTS",),
    ("FIRST_RECORDED",),
)
_HEX_256 = re.compile(r"[0-9a-f]{64}").fullmatch


class ParamsError(ValueError):
    """Parameters that cannot be auctioned. `path` names the value, e.g. `extension.by_ms`."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path = path
        self.text = text


def whole(path: str, value: object, least: int, most: int) -> None:
    """Raise ParamsError unless `value` is a whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise ParamsError(path, f"must be a whole number from {least} to {most}")


def one_of(path: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise ParamsError unless `value` is one of `choices`."""
    if type(value) is not str or value not in choices:
        raise ParamsError(path, "must be " + " or ".join(choices))


def _amount(path: str, value: object) -> None:
    whole(path, value, 1, MAX_AMOUNT_MINOR)


@dataclass(frozen=True, slots=True)
class Extension:
    """How late bids move the end.

    LATE_BID: a bid accepted within `trigger_ms` of the end moves the end to `by_ms` after that
    bid, never to an earlier moment. With `trigger_ms` = `by_ms` over the whole window this is
    "until silence" and "until h hours after the last bid".
    ROUNDS: when bids came within `trigger_ms` of the end, a further round of `by_ms` follows for
    those who bid in the round just over.
    At most `max_count` times, None for as often as it takes; never beyond `cap_ms` after the end
    first announced, None for no such limit.
    """

    trigger_ms: int
    by_ms: int
    max_count: int | None
    cap_ms: int | None = None
    mode: Literal["LATE_BID", "ROUNDS"] = "LATE_BID"

    def __post_init__(self) -> None:
        whole("trigger_ms", self.trigger_ms, 1, MAX_MS)
        whole("by_ms", self.by_ms, 1, MAX_MS)
        if self.cap_ms is not None:
            whole("cap_ms", self.cap_ms, 1, MAX_MS)
        if self.max_count is not None or self.cap_ms is None:
            whole("max_count", self.max_count, 1, MAX_EXTENSIONS)
        one_of("mode", self.mode, ("LATE_BID", "ROUNDS"))


@dataclass(frozen=True, slots=True)
class Descent:
    """How the price falls (Law 01/2016 Art. 5(4)): a pure function of the log's time.

    The starting price and each lower price stand for `interval_ms`. LINEAR takes `step_minor` off
    each time; PERCENT_OF_START and PERCENT_OF_PREVIOUS take `step_bp` hundredths of a percent off,
    rounded down to whole minor units; TABLE names the prices after the starting price. The last
    price is `floor_minor`, or the last of the table. `draw_same_step`: acceptances of one step are
    equal and drawn by lot instead of the first recorded winning.
    """

    shape: Shape
    interval_ms: int
    floor_minor: int | None = None
    step_minor: int | None = None
    step_bp: int | None = None
    prices: tuple[int, ...] = ()
    draw_same_step: bool = False

    def __post_init__(self) -> None:
        one_of("shape", self.shape, ("LINEAR", "PERCENT_OF_START", "PERCENT_OF_PREVIOUS", "TABLE"))
        whole("interval_ms", self.interval_ms, 1, MAX_MS)
        if type(self.draw_same_step) is not bool:
            raise ParamsError("draw_same_step", "must be true or false")
        if self.shape == "TABLE":
            if not self.prices or self.floor_minor is not None:
                raise ParamsError("prices", "must name the prices; the last of them is the floor")
            for number, price in enumerate(self.prices):
                _amount(f"prices[{number}]", price)
            if any(a <= b for a, b in zip(self.prices, self.prices[1:], strict=False)):
                raise ParamsError("prices", "must fall from each to the next")
        else:
            _amount("floor_minor", self.floor_minor)
            if self.prices:
                raise ParamsError("prices", "only the shape TABLE has them")
        if self.shape == "LINEAR":
            _amount("step_minor", self.step_minor)
        elif self.shape != "TABLE":
            whole("step_bp", self.step_bp, 1, BASIS_POINTS)


@dataclass(frozen=True, slots=True)
class Draws:
    """Drawing lots among equal acceptances (Law 01/2016 Arts. 41(3)c, 42(3)d): by whose seeds.

    `commitments` are (holder, commitment), made for draw 1 of the lot (`draw.commitment`): the
    house's and at least one of a holder with another interest. `draw_ms`: how long the draw may
    take, its first half for contributions, the second for the seeds.
    """

    draw_ms: int
    commitments: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        whole("draw_ms", self.draw_ms, 1, MAX_MS)
        _check_commitments(self.commitments)


@dataclass(frozen=True, slots=True)
class Sealing:
    """A sealed round (indirect ballot, Law 01/2016 Art. 43): who can open it, and until when.

    `public_keys`: the key holders' public keys; a bid can be read only with all the private keys.
    The keys are due `open_ms` after the end. `tie`: what settles equal highest bids, step by step.
    RE_BID_TIED: the tied bid again within `rebid_ms`, under `rebid_public_keys`. DRAW_LOTS: lots
    are drawn by `commitments`, (holder, commitment), within `draw_ms` as in `Draws`.
    FIRST_RECORDED: the earlier wins.
    """

    public_keys: tuple[str, ...]
    open_ms: int
    rebid_ms: int
    draw_ms: int
    commitments: tuple[tuple[str, str], ...] = ()
    rebid_public_keys: tuple[str, ...] = ()
    tie: tuple[Tie, ...] = ("RE_BID_TIED", "DRAW_LOTS")

    def __post_init__(self) -> None:
        for name in ("open_ms", "rebid_ms", "draw_ms"):
            whole(name, getattr(self, name), 1, MAX_MS)
        if self.tie not in TIES:
            raise ParamsError("tie", "must be " + " or ".join(map(" then ".join, TIES)))
        _check_keys("public_keys", self.public_keys, ())
        if "RE_BID_TIED" in self.tie:
            _check_keys("rebid_public_keys", self.rebid_public_keys, self.public_keys)
        elif self.rebid_public_keys:
            raise ParamsError("rebid_public_keys", "go with RE_BID_TIED, and only with it")
        if "DRAW_LOTS" in self.tie:
            _check_commitments(self.commitments)
        elif self.commitments:
            raise ParamsError("commitments", "go with DRAW_LOTS, and only with it")


def _check_keys(path: str, keys: object, used: tuple[str, ...]) -> None:
    if not isinstance(keys, tuple):
        raise ParamsError(path, "must be a list of public keys")
    try:
        check_public_keys(keys, used=used)
    except SealError as error:
        raise ParamsError(path, str(error)) from None


def _check_commitments(pairs: object) -> None:
    """A draw nobody can steer alone needs seeds of two holders at least."""
    if not isinstance(pairs, tuple) or len(pairs) < 2:
        raise ParamsError("commitments", "must be of two holders at least")
    for number, pair in enumerate(pairs):
        if (
            not isinstance(pair, tuple)
            or len(pair) != 2
            or not all(type(text) is str for text in pair)
            or not NAME(pair[0])
            or not HEX_256(pair[1])
        ):
            raise ParamsError(f"commitments[{number}]", "must be [holder, SHA-256 in hexadecimal]")
    for part in (0, 1):
        if len({pair[part] for pair in pairs}) != len(pairs):
            raise ParamsError("commitments", "must have another holder and another value each")


@dataclass(frozen=True, slots=True)
class Reserve:
    """A reserve the price must reach. Public: its amount. Secret: the SHA-256 of it and a salt.

    The owner reveals a secret one within `reveal_ms` of the end; one that is not revealed in time
    counts for nothing.
    """

    minor: int | None = None
    commitment: str | None = None
    reveal_ms: int | None = None

    def __post_init__(self) -> None:
        if (self.minor is None) == (self.commitment is None):
            raise ParamsError("minor", "either the amount or its commitment must be given")
        if self.minor is not None:
            _amount("minor", self.minor)
            return
        if type(self.commitment) is not str or _HEX_256(self.commitment) is None:
            raise ParamsError("commitment", "must be a SHA-256 in lower-case hexadecimal")
        whole("reveal_ms", self.reveal_ms, 1, MAX_MS)


@dataclass(frozen=True, slots=True)
class Confirm:
    """What makes an amount unusual, so that it must be confirmed in words; never a cap.

    More than `ratio_bp` hundredths of a percent of the price to beat, or more than `steps`
    increments above it; None switches either off.
    """

    ratio_bp: int | None = 30_000
    steps: int | None = 10

    def __post_init__(self) -> None:
        if self.ratio_bp is not None:
            whole("ratio_bp", self.ratio_bp, BASIS_POINTS + 1, MAX_MS)
        if self.steps is not None:
            whole("steps", self.steps, 1, MAX_MS)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a hybrid lot, after the first, which the lot's own parameters describe.

    `admission` says who may bid in it: LEADER is who led when the first phase ended, though others
    may have overtaken him since; whoever bids must beat the price by the increment. It begins when
    the phase before ends (a descending one: with the first acceptance; a sealed one: when its bids
    are read and none are tied) and lasts `duration_ms`. The highest bid of any phase stands: no
    valid bid lapses because a later phase had none.
    """

    method: Method
    duration_ms: int
    admission: Admission = "ALL"
    sealed: Sealing | None = None

    def __post_init__(self) -> None:
        one_of("method", self.method, ("ASCENDING", "SEALED"))
        whole("duration_ms", self.duration_ms, 1, MAX_MS)
        one_of("admission", self.admission, ("ALL", "ALL_BUT_LEADER", "LEADER"))
        if (self.method == "SEALED") != (self.sealed is not None):
            raise ParamsError("sealed", "a sealed phase has it, another has not")


def part_from_json(kind: type[Any], path: str, data: object) -> Any:
    """The part in a decoded JSON object. Raises ParamsError with `path` in front."""
    if not isinstance(data, dict):
        raise ParamsError(path, "must be an object")
    values = {name: as_tuple(value) for name, value in data.items()}
    if kind is Phase and values.get("sealed") is not None:
        values["sealed"] = part_from_json(Sealing, f"{path}.sealed", data["sealed"])
    try:
        return kind(**values)
    except ParamsError as error:
        raise ParamsError(f"{path}.{error.path}", error.text) from None
    except TypeError as error:
        raise ParamsError(path, str(error).split("__init__() ")[-1]) from None


def as_tuple(value: Any) -> Any:
    """JSON arrays as tuples, all the way down: parameters are values."""
    return tuple(as_tuple(item) for item in value) if isinstance(value, list | tuple) else value
