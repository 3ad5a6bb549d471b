"""What each creditor receives after the enforcement fee is withheld (Law 106/2025 Art. 53(1))."""

from collections.abc import Mapping
from typing import NamedTuple

from auction_engine.rules.fees import enforcement_fee
from auction_engine.rules.pack import Pack
from auction_engine.rules.proceeds.claims import Case
from auction_engine.rules.proceeds.distribution import Distribution
from auction_engine.rules.proceeds.order import Line

CREDITORS: frozenset[Line] = frozenset(
    ("OUTSIDER", "JUDGMENT_COURT_FEE", "SECURED", "RANK", "TRUSTEE")
)


class Receipt(NamedTuple):
    """What one creditor gets: `net_minor` is `gross_minor` less the fee.

    `charged_minor` is the part of the gross on which the fee is taken: what was paid on claims
    that owe it.
    """

    party: int
    gross_minor: int
    charged_minor: int
    fee_minor: int

    @property
    def net_minor(self) -> int:
        """What is paid out."""
        return self.gross_minor - self.fee_minor


def receipts(
    pack: Pack,
    case: Case,
    found: Distribution,
    base_salary_minor: int | None = None,
    received_before: Mapping[int, int] | None = None,
) -> tuple[Receipt, ...]:
    """The creditors of a distribution with gross, fee and net, in order of their party number.

    The fee is taken once on all a party receives on claims with `owes_fee`; a mortgagee who is no
    creditor of the judgment has asked for no enforcement and owes none. `received_before` is what
    a party received earlier on the same claims, on which the fee is paid already: the tiers go on
    from there. Where the pack has no such fee, nothing is withheld.
    """
    before = received_before or {}
    gross: dict[int, int] = {}
    charged: dict[int, int] = {}
    for step in found.steps:
        if step.line in CREDITORS:
            gross[step.party] = gross.get(step.party, 0) + step.paid_minor
        if step.claim is not None:
            claim = case.claims[step.claim]
            if claim.owes_fee and claim.secured != "OUTSIDER":
                charged[step.party] = charged.get(step.party, 0) + step.paid_minor
    rule = pack.fees.enforcement if pack.fees is not None else None
    made = []
    for party in sorted(gross):
        on, earlier = charged.get(party, 0), before.get(party, 0)
        fee = 0
        if rule is not None and on:
            fee = enforcement_fee(rule, earlier + on, base_salary_minor)
            fee -= enforcement_fee(rule, earlier, base_salary_minor)
        made.append(Receipt(party, gross[party], on, min(fee, on)))
    return tuple(made)
