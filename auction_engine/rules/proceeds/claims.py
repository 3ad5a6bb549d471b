"""Who wants money from the proceeds of one sale, and on what ground."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.pack_proceeds import Rank
from auction_engine.rules.proceeds.errors import ProceedsError

# JUDGMENT_CREDITOR: holds a pledge or mortgage of what was sold and is a creditor of the judgment,
# or the judgment itself ordered the seizure for this claim. OUTSIDER: holds one and is no creditor
# of the judgment.
Security = Literal["NONE", "JUDGMENT_CREDITOR", "OUTSIDER"]
Mode = Literal["NORMAL", "BAD_DEBT", "BANKRUPTCY"]
# Which money a claim takes part in. CUTOFF: what the coercive decision brought; PAYMENT: what is
# left of it.
Stage = Literal["CUTOFF", "PAYMENT"]


class Item(NamedTuple):
    """An amount due to a payee of costs, taxes or fees."""

    payee: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a party may ask for. Amounts are minor units; `requested_on` is a local day.

    `requested_on`: the day of the request; of a supplementary seizure the day that counts is given
    with the case (Decree 152/2026 Art. 29(3)). `of_this_agency`: the agency that sold enforces it.
    `place`: of several secured creditors the lower number is first. `court_fee`: of the judgment
    behind a secured claim, paid just before it. `owes_fee`: the enforcement fee is withheld.
    """

    party: int
    rank: Rank
    principal_minor: int
    requested_on: date
    late_interest_minor: int = 0
    of_this_agency: bool = True
    secured: Security = "NONE"
    place: int = 1
    court_fee: Item | None = None
    owes_fee: bool = True

    @property
    def total_minor(self) -> int:
        """Principal and late interest."""
        return self.principal_minor + self.late_interest_minor


@dataclass(frozen=True, slots=True)
class Case:
    """What is known when the proceeds of one sale are distributed.

    `coercive_on` is the day of the coercive decision (of the first one, if more was seized later),
    `payment_on` the day of payment. `rent_minor` is set aside for the debtor's rent, 0 if it was
    not his only home. `trustee` receives the money of a bankrupt's estate.
    """

    debtor: int
    coercive_on: date
    payment_on: date
    claims: tuple[Claim, ...] = ()
    costs: tuple[Item, ...] = ()
    rent_minor: int = 0
    taxes: tuple[Item, ...] = ()
    mode: Mode = "NORMAL"
    trustee: int | None = None

    @property
    def costs_minor(self) -> int:
        """All enforcement costs."""
        return sum(item.amount_minor for item in self.costs)


def stage_of(case: Case, claim: Claim) -> Stage | None:
    """Which money the claim takes part in; None if it came after the day of payment.

    Law 106/2025 Art. 54(2); Law 26/2008 Art. 47(2)b with Decree 62/2015 Art. 49(1).
    """
    if claim.of_this_agency and claim.requested_on <= case.coercive_on:
        return "CUTOFF"
    return "PAYMENT" if claim.requested_on <= case.payment_on else None


def check(case: Case) -> Case:
    """`case` if its amounts are amounts and its days in order. Raises ProceedsError BAD_CASE."""
    amounts = [case.rent_minor]
    amounts += [item.amount_minor for item in (*case.costs, *case.taxes)]
    for claim in case.claims:
        amounts += [claim.principal_minor, claim.late_interest_minor]
        if claim.court_fee is not None:
            amounts.append(claim.court_fee.amount_minor)
            if claim.secured != "JUDGMENT_CREDITOR":
                text = "A court fee goes with the claim of a secured creditor of the judgment."
                raise ProceedsError("BAD_CASE", text)
    for amount in amounts:
        if type(amount) is not int or not 0 <= amount <= MAX_AMOUNT_MINOR:
            raise ProceedsError("BAD_CASE", f"{amount!r} is not an amount of minor units.")
    if case.payment_on < case.coercive_on:
        raise ProceedsError("BAD_CASE", "Nothing is paid out before the coercive decision.")
    return case
