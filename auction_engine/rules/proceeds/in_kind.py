"""A creditor takes the property instead of money: what he pays, and to whom it goes.

Decree 152/2026 Art. 66: he pays the price less what the proceeds would have brought him. So the
price is distributed as if it had been paid; his own lines are set off, all others are his top-up.
"""

from dataclasses import dataclass

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.pack import Pack, reference
from auction_engine.rules.pack_proceeds import ReAuction
from auction_engine.rules.proceeds.claims import Case
from auction_engine.rules.proceeds.distribution import Distribution, Step, distribute
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.withheld import Receipt, receipts


@dataclass(frozen=True, slots=True)
class InKind:
    """What taking the property comes to, in minor units.

    `set_off_minor`: what he receives by it, on which the enforcement fee is taken. `top_up_minor`
    is the rest of the price, for the others: the payments of `top_up` sum to it. `to_pay_minor` is
    what he pays in: top-up and fee. `free`: the price is no more than the costs and he pays
    nothing (Art. 66(2)); then there is no distribution.
    """

    taker: int
    price_minor: int
    set_off_minor: int
    top_up_minor: int
    fee_minor: int
    free: bool
    rule: str
    distribution: Distribution | None
    receipts: tuple[Receipt, ...] = ()

    @property
    def to_pay_minor(self) -> int:
        """What the taker pays to the agency."""
        return self.top_up_minor + self.fee_minor

    @property
    def set_off(self) -> tuple[Step, ...]:
        """The taker's own lines, which no money moves for."""
        return tuple(step for step in self._steps() if _own(step, self.taker))

    @property
    def top_up(self) -> tuple[Step, ...]:
        """The lines he pays for: costs, rent, taxes, those before and beside him, the surplus."""
        return tuple(step for step in self._steps() if not _own(step, self.taker))

    def _steps(self) -> tuple[Step, ...]:
        return () if self.distribution is None else self.distribution.steps


def price(rule: ReAuction | None, cuts: int, last_start_minor: int) -> int:
    """The price at which a creditor may take it after `cuts` cuts: that of the last failed auction.

    Raises ProceedsError: NOT_ALLOWED where the pack knows no such right, TOO_EARLY before enough
    cuts, NO_SHARE where the price is a share of the value that the pack does not give.
    """
    if rule is None or rule.in_kind_after_cuts is None:
        raise ProceedsError("NOT_ALLOWED", "Under this pack no creditor may take the property.")
    if cuts < rule.in_kind_after_cuts:
        text = f"A creditor may take the property after {rule.in_kind_after_cuts} cuts."
        raise ProceedsError("TOO_EARLY", text)
    if rule.in_kind_price == "SHARE_OF_VALUE":
        raise ProceedsError("NO_SHARE", "The pack does not say which share of the value.")
    return last_start_minor


def take(
    pack: Pack,
    case: Case,
    taker: int,
    price_minor: int,
    *,
    others_agree: bool = False,
    base_salary_minor: int | None = None,
) -> InKind:
    """What it comes to if party `taker` takes the property at `price_minor`.

    `others_agree`: the other creditors agree (Law 106/2025 Art. 86(1)). Raises ProceedsError:
    BAD_PRICE, BANKRUPTCY, NO_CLAIM, NEEDS_CONSENT, and whatever `distribute` raises.
    """
    if type(price_minor) is not int or not 0 < price_minor <= MAX_AMOUNT_MINOR:
        raise ProceedsError("BAD_PRICE", f"{price_minor!r} is not a price.")
    if case.mode == "BANKRUPTCY":
        raise ProceedsError("BANKRUPTCY", "A bankrupt's property is not taken by one creditor.")
    if all(claim.party != taker for claim in case.claims):
        raise ProceedsError("NO_CLAIM", "Only a creditor may take the property.")
    found = distribute(pack, price_minor, case)
    others = {claim.party for claim in case.claims} - {taker}
    if others and not others_agree:
        raise ProceedsError("NEEDS_CONSENT", "The other creditors must agree (Art. 86(1)).")
    rule = pack.re_auction
    free = rule is not None and rule.in_kind_free_at_costs and price_minor <= case.costs_minor
    if free:
        article = reference(pack, "re_auction.in_kind_free_at_costs")
        return InKind(taker, price_minor, 0, 0, 0, True, article, None)
    paid = receipts(pack, case, found, base_salary_minor)
    own = sum(step.paid_minor for step in found.steps if _own(step, taker))
    fee = sum(receipt.fee_minor for receipt in paid if receipt.party == taker)
    return InKind(
        taker=taker,
        price_minor=price_minor,
        set_off_minor=own,
        top_up_minor=price_minor - own,
        fee_minor=fee,
        free=False,
        rule=reference(pack, "re_auction.in_kind_creditor_pays"),
        distribution=found,
        receipts=paid,
    )


def _own(step: Step, taker: int) -> bool:
    """Whether the line is what the taker is paid on his own claims."""
    return step.party == taker and step.claim is not None
