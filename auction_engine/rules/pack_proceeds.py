"""Sections of a rule pack about delivery, the proceeds, fees, and the next auction."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from auction_engine.rules.pack_base import (
    Amount,
    BasisPoints,
    Part,
    Span,
    refuse,
    without_repeats,
)

OffTop = Literal["ENFORCEMENT_COSTS", "RENT_1Y", "TRANSFER_TAXES_FEES"]
Rank = Literal[
    "LABOUR_MAINTENANCE_INJURY",
    "COURT_FEE",
    "FINES_STATE",
    "INSURANCE",
    "SECURED",
    "OTHER",
]


class Parking(Part):
    """Money that waits for the delivery: after so long it goes to a term deposit."""

    after: Span
    product: Literal["TERM_1_MONTH"]
    interest_in_time: Literal["ESTATE"]
    interest_late: Literal["BUYER"]


class Delivery(Part):
    """When the buyer gets the property and its papers, counted from payment and delivery."""

    due: Span
    title_papers: Span | None = None
    late_buyer_may_rescind: bool


class Payout(Part):
    """When creditors are paid, counted from delivery, and by what means.

    `many_creditors`: so much longer where many share little; `after_obstacle`: counted from the
    end of a decision, complaint or event in the way.
    """

    due: Span
    means: Literal["TRANSFER", "CASH_OR_TRANSFER"]
    many_creditors: Span | None = None
    after_obstacle: Span | None = None


class ReAuction(Part):
    """After a failure: how far and by whom the price is cut, when a creditor may take it.

    `in_kind_free_at_costs`: who takes what is worth no more than the costs pays nothing.
    """

    max_cut_bp: BasisPoints
    base: Literal["PREVIOUS_START", "VALUATION"]
    decided_by: Literal["OFFICER", "PARTIES_THEN_OFFICER", "RULE", "COURT", "OWNER"]
    notify: Span | None = None
    agree: Span | None = None
    decide: Span | None = None
    max_auctions: Annotated[int, Field(ge=1)] | None = None
    in_kind_after_cuts: Annotated[int, Field(ge=0)] | None = None
    in_kind_price: Literal["LAST_REDUCED", "LAST_START", "SHARE_OF_VALUE"] | None = None
    in_kind_tell_debtor: Span | None = None
    in_kind_debtor_pays: Span | None = None
    in_kind_creditor_pays: Span | None = None
    in_kind_free_at_costs: Literal[True] | None = None
    floor: Literal["ENFORCEMENT_COSTS", "COERCION_COSTS"] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.in_kind_after_cuts is None) != (self.in_kind_price is None):
            refuse([("in_kind_price", "goes with in_kind_after_cuts, and only with it")])
        return self


class PaymentOrder(Part):
    """Who is paid from the proceeds in which order.

    `late_interest`: within a rank, after the principal; absent, together with it. `bad_debt` and
    `bankruptcy`: which other law decides there; absent, the pack says nothing of such cases.
    """

    off_top: Annotated[tuple[OffTop, ...], AfterValidator(without_repeats)]
    ranks: Annotated[tuple[Rank, ...], Field(min_length=1), AfterValidator(without_repeats)]
    pro_rata: bool
    cutoff: Literal["COERCIVE_DECISION"]
    then: Literal["PAYMENT_DATE"]
    secured_creditor_first: bool
    surplus: Literal["DEBTOR"]
    late_interest: Literal["AFTER_PRINCIPAL"] | None = None
    bad_debt: Literal["RENT_THEN_CREDIT_INSTITUTIONS_LAW"] | None = None
    bankruptcy: Literal["TRUSTEE"] | None = None


class FeeTier(Part):
    """`rate_bp` of the part above `over_minor`, up to the next tier."""

    over_minor: Annotated[int, Field(ge=0)]
    rate_bp: BasisPoints


class EnforcementFee(Part):
    """The fee on what a creditor receives; nothing up to so many base salaries."""

    free_up_to_base_salaries: Annotated[int, Field(ge=0)]
    tiers: Annotated[tuple[FeeTier, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        limits = [tier.over_minor for tier in self.tiers]
        found = [("tiers.0.over_minor", "must be 0")] if limits[0] else []
        found += [
            (f"tiers.{number}.over_minor", "must be above the tier before")
            for number in range(1, len(limits))
            if limits[number] <= limits[number - 1]
        ]
        refuse(found)
        return self


class FeeBracket(Part):
    """The most an auction service may cost for starting prices up to `up_to_minor`."""

    up_to_minor: Amount | None = None
    base_minor: Amount
    above_start_bp: BasisPoints


class AuctionFee(Part):
    """The auction service fee before VAT; for a failed auction the costs, never above the fee."""

    min_minor: Amount | None = None
    max_minor: Amount | None = None
    brackets: Annotated[tuple[FeeBracket, ...], Field(min_length=1)] | None = None
    failed: Literal["ACTUAL_COSTS"]
    due: Span

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if self.min_minor and self.max_minor and self.max_minor < self.min_minor:
            found.append(("max_minor", "must be at least min_minor"))
        limits = [bracket.up_to_minor for bracket in self.brackets or ()]
        last = 0
        for number, limit in enumerate(limits):
            path = f"brackets.{number}.up_to_minor"
            if number == len(limits) - 1:
                if limit is not None:
                    found.append((path, "the last bracket has no limit"))
            elif limit is None or limit <= last:
                found.append((path, "must be above the bracket before"))
            last = limit or last
        refuse(found)
        return self


class Fees(Part):
    """Fee tables and what the notice must say about VAT."""

    enforcement: EnforcementFee | None = None
    auction: AuctionFee | None = None
    vat_note_required: bool
