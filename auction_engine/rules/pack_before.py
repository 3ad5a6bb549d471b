"""Sections of a rule pack about what comes before the bidding: contract, notices, dossiers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from auction_engine.rules.pack_base import (
    Amount,
    BasisPoints,
    Counting,
    LocalTime,
    Part,
    Span,
    SpanByKind,
    refuse,
    without_repeats,
)

Category = Literal["ENFORCEMENT", "VOLUNTARY", "STATE", "STATE_LAND", "PLATE", "INSOLVENCY"]
Channel = Literal[
    "NATIONAL_PORTAL",
    "PRINTED_PAPER",
    "TELEVISION",
    "COURT_PLATFORM",
    "OFFICIAL_GAZETTE",
    "AUCTION_SITE",
    "MASS_MEDIA",
]
Place = Literal[
    "ORGANISATION_OFFICE", "DISPLAY_PLACE", "AUCTION_PLACE", "COMMUNE_COMMITTEE", "AUCTION_SITE"
]
Change = Literal["START_PRICE", "QUANTITY", "QUALITY", "TIME", "PLACE", "FORM", "METHOD"]
PauseGround = Literal["POSTPONED", "COMPLAINT_AUTHORITY", "PROSECUTION"]
StopGround = Literal[
    "ENFORCEMENT_TERMINATED",
    "SERIOUS_BREACH",
    "NOT_FIT_FOR_AUCTION",
    "WORTH_LESS_THAN_COSTS",
    "ENTRUSTED_AGENCY_STOPPED",
    "PRIORITY_PURCHASE",
    "OWNER_RECLAIMED",
    "REDEEMED",
    "CREDITOR_TOOK_IN_KIND",
    "ENOUGH_PROCEEDS",
    "COLLUSION_SUSPECTED",
]
Barred = Literal[
    "NO_CAPACITY",
    "ORGANISATION_STAFF",
    "AUCTIONEER_AND_RELATIVES",
    "VALUERS_AND_RELATIVES",
    "DECISION_MAKERS_AND_RELATIVES",
    "NO_RIGHT_TO_BUY",
    "DEBTOR",
    "OFFICERS_AND_RELATIVES",
    "BANNED",
]
Relative = Literal["SPOUSE", "FULL_SIBLING"]


class DayCounting(Part):
    """How periods are counted unless a section says otherwise (Civil Code 2015 Arts. 147-148)."""

    before_opening: Counting
    ends_on_day_off: Literal["NEXT_WORKING_DAY", "SAME_DAY"]


class Schedule(Part):
    """From the price to the auction: service contract, its fallback, and the auction itself."""

    service_contract: Span
    fallback: Span | None = None
    auction_within: SpanByKind


class ValuationRule(Part):
    """The valuation the starting price rests on, and the right to another one."""

    result_notice: Span | None = None
    revaluation_request: Span | None = None
    revaluations: Annotated[int, Field(ge=0)]
    must_cover_contract: bool


class PriorityPurchase(Part):
    """Who owns a share or has a prior right may buy first, or match the highest bid.

    `first` counts from the valid notice before the first auction, `pay` from the end of that
    period; in later auctions the right lasts until `later_until` before the opening.
    """

    mode: Literal["BEFORE_AUCTION", "MATCH_HIGHEST"]
    first: SpanByKind | None = None
    pay: Span | None = None
    later_until: Span | None = None
    several: Literal["AGREE_OR_LOTS", "LOTS"]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.mode == "MATCH_HIGHEST" and self.first is not None:
            refuse([("first", "has no meaning when the right is used during the bidding")])
        return self


class Redemption(Part):
    """The debtor may pay and keep the property until so long before the opening."""

    until: Span
    compensates_registrants: bool


class Posting(Part):
    """Posting (niêm yết): the latest day before the opening, the places, and its proof."""

    movable: Span
    immovable: Span
    places_movable: Annotated[tuple[Place, ...], AfterValidator(without_repeats)]
    places_immovable: Annotated[tuple[Place, ...], AfterValidator(without_repeats)]
    proof: bool


class Notices(Part):
    """Public notices (thông báo công khai).

    Every notice appears on each channel of `each_on`, and at least one on one of `once_on`.
    Movables need them from `movable_from_minor` of starting price on.
    """

    count: Annotated[int, Field(ge=1, le=5)]
    gap: Span | None = None
    last_before: SpanByKind
    movable_from_minor: Amount | None = None
    each_on: Annotated[tuple[Channel, ...], AfterValidator(without_repeats)]
    once_on: Annotated[tuple[Channel, ...], AfterValidator(without_repeats)]
    proof: bool

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.count > 1) != (self.gap is not None):
            refuse([("gap", "goes with more than one notice, and only with them")])
        return self


class Viewing(Part):
    """Viewing of the property or its papers: so many days in a row before the opening."""

    min_days: Annotated[int, Field(ge=1, le=365)]


class Intake(Part):
    """When dossiers or deposits are taken.

    From the posting, or from `opens_before` the opening, until `close_before` the opening at
    `closes_at` local time, or until the bidding ends.
    """

    opens: Literal["POSTING", "BEFORE_OPENING"]
    opens_before: Span | None = None
    until: Literal["BEFORE_OPENING", "BIDDING_ENDS"]
    close_before: Span | None = None
    closes_at: LocalTime | None = None
    counting: Counting

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if (self.opens == "BEFORE_OPENING") != (self.opens_before is not None):
            found.append(("opens_before", "goes with opens: BEFORE_OPENING, and only with it"))
        for name in ("close_before", "closes_at"):
            if (self.until == "BEFORE_OPENING") != (getattr(self, name) is not None):
                found.append((name, "goes with until: BEFORE_OPENING, and only with it"))
        refuse(found)
        return self


class DepositRule(Part):
    """The deposit (tiền đặt trước): a share of its basis, how it may be paid, and when."""

    basis: Literal["STARTING_PRICE", "VALUATION", "OFFER"]
    min_bp: BasisPoints
    max_bp: BasisPoints
    cash_below_minor: Amount | None = None
    guarantee: bool
    card_hold: bool
    separate_account: bool
    interest: Literal["TO_BIDDER", "NONE"]
    creditor_exempt: bool
    window: Intake

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.max_bp < self.min_bp:
            refuse([("max_bp", "must be at least min_bp")])
        return self


class Eligibility(Part):
    """Who may not register. Nobody may add conditions the law does not know (Art. 38(3)).

    `proxy_principals`: for how many others one person may act at most.
    """

    barred: Annotated[tuple[Barred, ...], AfterValidator(without_repeats)]
    not_beside: Annotated[tuple[Relative, ...], AfterValidator(without_repeats)]
    proxy_principals: Annotated[int, Field(ge=0)] | None = None
    proxy_may_bid_too: bool


class ShortProcedure(Part):
    """The shortened procedure (thủ tục rút gọn): for whom, and its shorter periods."""

    start_total_below_minor: Amount | None = None
    failures_at_least: Annotated[int, Field(ge=1)] | None = None
    owner_may_choose: bool
    posting: SpanByKind
    notices: Annotated[int, Field(ge=1, le=5)]
    close_before: Span


class PauseStop(Part):
    """Grounds to pause or stop; both only until the winner is announced.

    `clause_required`: service contract and auction rules must contain the clause.
    """

    pause: Annotated[tuple[PauseGround, ...], AfterValidator(without_repeats)]
    stop: Annotated[tuple[StopGround, ...], AfterValidator(without_repeats)]
    until: Literal["ANNOUNCED"]
    clause_required: bool
    litigation_hold: bool
