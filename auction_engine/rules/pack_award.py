"""Sections of a rule pack about the award: result, deposits kept or lost, payment, faults."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from auction_engine.rules.pack_base import (
    Duration,
    Part,
    Span,
    refuse,
    without_repeats,
)
from auction_engine.rules.pack_before import Category
from auction_engine.rules.terms import FORFEIT_GROUNDS, ForfeitGround

Beneficiary = Literal[
    "OWNER", "STATE_BUDGET_AFTER_COSTS", "ENFORCEMENT_AGENCY", "ESTATE", "NOT_FORFEITED"
]
Signatory = Literal["AUCTIONEER", "RECORDER", "WINNER", "OWNER", "REPRESENTATIVE"]
Effect = Literal["REVERT_TO_PREVIOUS", "DISQUALIFY", "FORFEIT"]
Refusal = Literal["REFUSED_WIN", "PAYMENT_DEFAULT"]


def _ground(value: object) -> object:
    if value not in FORFEIT_GROUNDS:
        text = (
            f"{value} is not a ground of forfeiture. The law's list is closed, nobody may add to"
            f" it (Law 01/2016 Art. 39(6)-(7)): {', '.join(FORFEIT_GROUNDS)}"
        )
        raise PydanticCustomError("pack", "{text}", {"text": text})
    return value


Ground = Annotated[ForfeitGround, BeforeValidator(_ground)]


class Refund(Part):
    """When losers get their deposits back, and when the dossier fee is returned."""

    losers: Span
    winner_becomes: Literal["EARNEST", "PART_OF_PRICE"]
    dossier_fee: Span | None = None


class Forfeit(Part):
    """Why a deposit is lost, and who gets it. A pack may leave grounds out, never add one.

    `claim_within`: how long an absent bidder may claim force majeure before the deposit is lost.
    """

    grounds: Annotated[tuple[Ground, ...], AfterValidator(without_repeats)]
    beneficiaries: dict[str, Beneficiary]
    claim_within: Span

    @model_validator(mode="after")
    def _agree(self) -> Self:
        expected = {*self.grounds, "PAYMENT_DEFAULT"}
        given = set(self.beneficiaries)
        refuse(
            [
                (f"beneficiaries.{name}", "is missing: each ground and PAYMENT_DEFAULT has one")
                for name in sorted(expected - given)
            ]
            + [
                (f"beneficiaries.{name}", "is not one of the pack's grounds or PAYMENT_DEFAULT")
                for name in sorted(given - expected)
            ]
        )
        return self


class SingleBidder(Part):
    """Whether a sole bidder may buy (Law 01/2016 Art. 49)."""

    policy: Literal["NEVER", "CONSENT", "ALWAYS"]
    after_failures: Annotated[int, Field(ge=0)]
    no_pending_complaint: bool
    not_for: Annotated[tuple[Category, ...], AfterValidator(without_repeats)]
    consent_within: Duration | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.policy == "CONSENT") != (self.consent_within is not None):
            refuse([("consent_within", "goes with the policy CONSENT, and only with it")])
        return self


class Withdrawal(Part):
    """Taking back a bid before the announcement (Art. 50)."""

    allowed: bool
    effects: Annotated[tuple[Effect, ...], AfterValidator(without_repeats)]


class RunnerUp(Part):
    """Who follows a winner who refuses (Art. 51(1)) or, elsewhere, does not pay.

    DEPOSIT_COVERS: the next bid plus the deposit reaches the refused one. `depth` steps at most.
    """

    policy: Literal["NONE", "DEPOSIT_COVERS", "NEXT_BID"]
    after: Annotated[tuple[Refusal, ...], AfterValidator(without_repeats)]
    needs_acceptance: bool
    depth: Annotated[int, Field(ge=0, le=1_000)]
    answer_within: Duration | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if (self.policy == "NONE") != (self.depth == 0):
            found.append(("depth", "must be 0 with the policy NONE, and only with it"))
        if (self.policy == "NONE") != (self.answer_within is None):
            found.append(("answer_within", "goes with every policy but NONE"))
        refuse(found)
        return self


class Minutes(Part):
    """The minutes (biên bản): who signs, how soon, and what a representative's refusal means."""

    signatories: Annotated[
        tuple[Signatory, ...], Field(min_length=1), AfterValidator(without_repeats)
    ]
    sign_within: Span
    representative_refuses: Literal["FACTUAL_RECORD", "NOT_ASKED"]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if "WINNER" not in self.signatories:
            refuse([("signatories", "the winner signs")])
        return self


class ResultRule(Part):
    """How the result comes about and who is told by when."""

    announced_by: Literal["AUCTIONEER", "IMMEDIATE"]
    publish: Literal["IMMEDIATE", "AFTER_END"]
    registered: Span | None = None
    hand_over: Span | None = None
    papers_back: Span | None = None


class Payment(Part):
    """What the winner owes by when, and what follows if it does not come."""

    due: Span
    extended_to: Span | None = None
    extension_needs: Literal["PARTIES_AND_WINNER"] | None = None
    on_default: Literal["RESCIND", "RE_AUCTION"]
    shortfall_liability: bool
    bars_re_auction: bool

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = []
        if (self.extended_to is None) != (self.extension_needs is None):
            found.append(("extension_needs", "goes with extended_to, and only with it"))
        if self.extended_to is not None:
            if self.extended_to.unit != self.due.unit:
                found.append(("extended_to", "must be in the unit of due"))
            elif self.extended_to.n <= self.due.n:
                found.append(("extended_to", "must be longer than due"))
        refuse(found)
        return self


class Disclosure(Part):
    """What the public may see, and when."""

    bids: Literal["LIVE", "HIGHEST_ONLY", "AFTER_END"]
    bidders: Literal["CODES", "HIDDEN"]
    participants: Literal["LIVE", "AFTER_END"]
    absent: Literal["AFTER_END", "NEVER"]


class TechnicalFault(Part):
    """What may be decided after a technical fault. A fault is never a bidder's fault."""

    not_started: Literal["RESCHEDULE"]
    in_session: Annotated[
        tuple[Literal["CONTINUE", "ANNUL"], ...],
        Field(min_length=1),
        AfterValidator(without_repeats),
    ]
    decided_by: Literal["OWNER", "COURT", "OPERATOR"]


class Ban(Part):
    """How long a defaulting winner is barred from auctions of the same kind of property."""

    min_months: Annotated[int, Field(ge=1)]
    max_months: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.max_months < self.min_months:
            refuse([("max_months", "must be at least min_months")])
        return self
