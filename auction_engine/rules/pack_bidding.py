"""Sections of a rule pack about the price: where it starts, how it moves, when bidding ends."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from auction_engine.rules.pack_base import (
    Amount,
    BasisPoints,
    Duration,
    DurationByKind,
    Part,
    refuse,
    without_repeats,
)
from auction_engine.rules.parts import TIES, Admission, IncrementRule, Method, Shape, Tie

Methods = Annotated[tuple[Method, ...], Field(min_length=1), AfterValidator(without_repeats)]
ExtensionMode = Literal["NONE", "LAST_MINUTES", "UNTIL_SILENCE", "AFTER_LAST_BID", "ROUNDS"]
PhaseKind = Literal["DESCENDING", "SEALED", "BEST_BID", "ASCENDING"]
ReserveKind = Literal["NONE", "PUBLIC", "SECRET"]
# What a fixed price or step belongs to, e.g. CAR, MOTORCYCLE.
ItemClass = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]*$")]


class Currency(Part):
    """ISO 4217 code and the decimal places of its minor unit (0 for the đồng)."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    minor_digits: Annotated[int, Field(ge=0, le=4)]


class StartPrice(Part):
    """The starting price (giá khởi điểm; Law 01/2016 Art. 8).

    `of_basis_bp` is its share of the basis in the first, second, ... auction of the property;
    later auctions follow `re_auction`. FIXED: one of the amounts in `fixed_minor`.
    """

    public: bool
    basis: Literal["VALUATION", "OWNER", "FIXED"]
    of_basis_bp: tuple[BasisPoints, ...] | None = None
    may_be_higher: bool
    fixed_minor: dict[ItemClass, Amount] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if (self.basis == "VALUATION") != bool(self.of_basis_bp):
            found.append(("of_basis_bp", "goes with the basis VALUATION, and only with it"))
        if (self.basis == "FIXED") != bool(self.fixed_minor):
            found.append(("fixed_minor", "goes with the basis FIXED, and only with it"))
        refuse(found)
        return self


class TableRow(Part):
    """The step for a price below `below_minor`; the last row has no limit."""

    below_minor: Amount | None = None
    step_minor: Amount


class Increment(Part):
    """The bid increment (bước giá), the least difference between two bids (Art. 5(1))."""

    allowed: Annotated[
        tuple[IncrementRule, ...], Field(min_length=1), AfterValidator(without_repeats)
    ]
    default: IncrementRule
    min_of_start_bp: BasisPoints | None = None
    fixed_minor: dict[ItemClass, Amount] | None = None
    table: tuple[TableRow, ...] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if self.default not in self.allowed:
            found.append(("default", "must be one of the allowed rules"))
        if self.table is not None and "TABLE" not in self.allowed:
            found.append(("table", "goes with the rule TABLE"))
        rows = self.table or ()
        limits = [row.below_minor for row in rows]
        if rows and limits[-1] is not None:
            found.append((f"table.{len(rows) - 1}.below_minor", "the last row has no limit"))
        last = 0
        for number, limit in enumerate(limits[:-1]):
            if limit is None or limit <= last:
                found.append((f"table.{number}.below_minor", "must be above the row before"))
            last = limit or last
        refuse(found)
        return self


class Descending(Part):
    """How the price may fall (phương thức đặt giá xuống; Arts. 5(4), 41(3)).

    `step_bp` and `max_steps` fix the step and the number of steps where the rules do.
    """

    shapes: Annotated[tuple[Shape, ...], Field(min_length=1), AfterValidator(without_repeats)]
    default: Shape
    interval: Duration
    step_bp: Annotated[int, Field(ge=1, le=10_000)] | None = None
    max_steps: Annotated[int, Field(ge=1, le=100_000)] | None = None
    floor: Literal["REQUIRED", "BY_STEPS"]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if self.default not in self.shapes:
            found.append(("default", "must be one of the shapes"))
        if self.floor == "BY_STEPS" and (self.step_bp is None or self.max_steps is None):
            found.append(("floor", "BY_STEPS needs step_bp and max_steps"))
        refuse(found)
        return self


class SealedBids(Part):
    """Sealed bids (bỏ phiếu gián tiếp; Art. 43): times for the opening and a re-bid of the tied."""

    open_within: Duration
    re_bid: Duration


class Window(Part):
    """How long bidding is open. Movables from an amount on may count as immovables."""

    min: DurationByKind
    max: DurationByKind | None = None
    movable_as_immovable_from_minor: Amount | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.max is not None:
            refuse(
                (f"max.{kind}", f"must be at least min.{kind}")
                for kind in ("movable", "immovable")
                if getattr(self.max, kind) < getattr(self.min, kind)
            )
        return self


class Extensions(Part):
    """Whether and how late bids move the end.

    LAST_MINUTES: a bid within `trigger` of the end moves it to `by` after that bid.
    UNTIL_SILENCE: it ends when `by` has passed without a bid. AFTER_LAST_BID: it stays open until
    `by` after the last bid. ROUNDS: further rounds of `by` for those who bid in the one before.
    At most `max_count` times and `cap` long in all; absent is no limit.
    """

    allowed: Annotated[
        tuple[ExtensionMode, ...], Field(min_length=1), AfterValidator(without_repeats)
    ]
    default: ExtensionMode
    trigger: Duration | None = None
    by: Duration | None = None
    max_count: Annotated[int, Field(ge=1)] | None = None
    cap: Duration | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        modes = set(self.allowed)
        found = []
        if self.default not in modes:
            found.append(("default", "must be one of the allowed modes"))
        if modes != {"NONE"} and self.by is None:
            found.append(("by", "is needed by every mode but NONE"))
        if modes & {"LAST_MINUTES", "ROUNDS"} and self.trigger is None:
            found.append(("trigger", "is needed by LAST_MINUTES and ROUNDS"))
        refuse(found)
        return self


class Automatic(Part):
    """Automatic bids: the system raises up to a secret maximum, only as far as needed."""

    allowed: bool
    default: bool

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.default and not self.allowed:
            refuse([("default", "must not be on where it is not allowed")])
        return self


class Reserves(Part):
    """Whether a reserve beside the starting price may be set, and how soon a secret one opens."""

    allowed: Annotated[
        tuple[ReserveKind, ...], Field(min_length=1), AfterValidator(without_repeats)
    ]
    reveal_within: Duration | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if ("SECRET" in self.allowed) != (self.reveal_within is not None):
            refuse([("reveal_within", "goes with SECRET, and only with it")])
        return self


class Unusual(Part):
    """Amounts that must be confirmed in words: above a ratio or so many steps. Never a cap."""

    ratio_bp: Annotated[int, Field(ge=10_001)] | None = None
    steps: Annotated[int, Field(ge=1)] | None = None


class Ties(Part):
    """Who wins among equals, by method. DRAW_LOTS for descending: acceptances of one step.

    `draw_within`: how long a draw may take.
    """

    ascending: Literal["FIRST_RECORDED"]
    descending: Literal["FIRST_RECORDED", "DRAW_LOTS"]
    sealed: tuple[Tie, ...]
    draw_within: Duration | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if self.sealed not in TIES:
            ways = "; ".join(", then ".join(way) for way in TIES)
            found.append(("sealed", f"must be one of: {ways}"))
        if ("DRAW_LOTS" in (self.descending, *self.sealed)) != (self.draw_within is not None):
            found.append(("draw_within", "goes with DRAW_LOTS, and only with it"))
        refuse(found)
        return self


class PhaseRule(Part):
    """One phase of a hybrid. The first has no `duration` when its prices tell the end."""

    kind: PhaseKind
    admission: Admission
    duration: Duration | None = None
