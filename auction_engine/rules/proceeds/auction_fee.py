"""What an auction organisation may charge for one auction, with VAT.

The brackets for property other than land are each organisation's own data until their source can
be read (Decision 1311/QD-BTP): the caller brings them.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from auction_engine.rules import calendar as days
from auction_engine.rules.fees import WHOLE, most_auction_fee, tiered
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_proceeds import AuctionFee, FeeBracket, FeeTier
from auction_engine.rules.proceeds.errors import ProceedsError

Basis = Literal["AGREED", "MOST", "ACTUAL_COSTS", "COSTS_CAPPED"]


class Charge(NamedTuple):
    """A fee before VAT, the VAT, and where the fee comes from."""

    net_minor: int
    vat_minor: int
    basis: Basis

    @property
    def gross_minor(self) -> int:
        """What is to be paid."""
        return self.net_minor + self.vat_minor


def with_brackets(rule: AuctionFee, brackets: Sequence[FeeBracket]) -> AuctionFee:
    """The rule with an organisation's own brackets. Raises ValueError if they do not rise."""
    return AuctionFee(
        min_minor=rule.min_minor,
        max_minor=rule.max_minor,
        brackets=tuple(brackets),
        failed=rule.failed,
        due=rule.due,
    )


def most(
    rule: AuctionFee,
    start_minor: int,
    winning_minor: int,
    sold_value: Sequence[FeeTier] | None = None,
) -> int | None:
    """The most a successful auction may cost before VAT; None where nothing limits it.

    By the bracket of the starting price, or, with `sold_value`, by tiers of the winning price as
    the circulars before 2017 did; at least the rule's minimum, at most its limit.
    """
    if sold_value is None:
        fee = most_auction_fee(rule, start_minor, winning_minor)
    else:
        fee = tiered(sold_value, winning_minor)
        fee = fee if rule.max_minor is None else min(fee, rule.max_minor)
    return fee if fee is None or rule.min_minor is None else max(fee, rule.min_minor)


def for_success(
    rule: AuctionFee,
    start_minor: int,
    winning_minor: int,
    *,
    agreed_minor: int | None = None,
    vat_bp: int = 0,
    sold_value: Sequence[FeeTier] | None = None,
) -> Charge:
    """The charge for a sale: what the contract agreed, else the most there may be.

    Raises ProceedsError: BELOW_LEAST or ABOVE_MOST for what was agreed outside the limits,
    NOT_AGREED where nothing was agreed and nothing limits it.
    """
    limit = most(rule, start_minor, winning_minor, sold_value)
    if agreed_minor is None:
        if limit is None:
            raise ProceedsError("NOT_AGREED", "No fee was agreed, and the pack sets none.")
        return Charge(limit, vat(limit, vat_bp), "MOST")
    if rule.min_minor is not None and agreed_minor < rule.min_minor:
        raise ProceedsError("BELOW_LEAST", f"The fee is at least {rule.min_minor}.")
    if limit is not None and agreed_minor > limit:
        raise ProceedsError("ABOVE_MOST", f"The fee is at most {limit}.")
    return Charge(agreed_minor, vat(agreed_minor, vat_bp), "AGREED")


def for_failure(
    rule: AuctionFee,
    start_minor: int,
    costs_minor: int,
    *,
    agreed_minor: int | None = None,
    vat_bp: int = 0,
    sold_value: Sequence[FeeTier] | None = None,
) -> Charge:
    """The charge for a failed auction: its actual costs, never above what a sale would have earned.

    A sale would have earned at least the fee of one at the starting price (Circular 45/2017
    Art. 3(3)); `agreed_minor` is the fee of the contract, if it fixed one. Raises ValueError for
    negative costs.
    """
    if costs_minor < 0:
        raise ValueError("costs are not negative")
    limit = agreed_minor
    if limit is None:
        limit = most(rule, start_minor, start_minor, sold_value)
    if limit is not None and costs_minor > limit:
        return Charge(limit, vat(limit, vat_bp), "COSTS_CAPPED")
    return Charge(costs_minor, vat(costs_minor, vat_bp), "ACTUAL_COSTS")


def vat(net_minor: int, rate_bp: int) -> int:
    """Value added tax on a net amount; half a minor unit and more is rounded up."""
    return (net_minor * rate_bp + WHOLE // 2) // WHOLE


def due_day(pack: Pack, ended: date) -> date | None:
    """The last day of payment, counted from the end of the auction; None where the pack is silent.

    Raises calendar.CalendarError outside the pack's calendar.
    """
    rule = pack.fees.auction if pack.fees is not None else None
    if rule is None:
        return None
    moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY"
    return days.after(days.load(pack.calendar), ended, rule.due, to_working_day=moves)
