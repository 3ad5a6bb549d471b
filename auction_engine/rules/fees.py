"""Fees: what enforcement and the auction service cost. Whole minor units, rounded down."""

from collections.abc import Sequence

from auction_engine.rules.pack_proceeds import AuctionFee, EnforcementFee, FeeTier

WHOLE = 10_000  # basis points


def tiered(tiers: Sequence[FeeTier], amount_minor: int) -> int:
    """Each tier's rate on the part of the amount above its limit; rounded down once, at the end.

    `tiers` rise from 0. Raises ValueError for a negative amount.
    """
    if amount_minor < 0:
        raise ValueError("an amount that a fee is taken of is not negative")
    fee = 0
    upper = amount_minor
    for tier in reversed(tiers):
        part = max(0, upper - tier.over_minor)
        fee += part * tier.rate_bp
        upper = min(upper, tier.over_minor)
    return fee // WHOLE


def enforcement_fee(
    rule: EnforcementFee, received_minor: int, base_salary_minor: int | None = None
) -> int:
    """The fee on what a creditor has received (Circular 216/2016/TT-BTC Art. 4(1)).

    Each tier's rate applies to the part above its limit. Nothing is owed up to
    `free_up_to_base_salaries` times `base_salary_minor`, if the caller gives the base salary of
    the day. Raises ValueError for a negative amount.
    """
    if base_salary_minor is not None and (
        0 <= received_minor <= rule.free_up_to_base_salaries * base_salary_minor
    ):
        return 0
    return tiered(rule.tiers, received_minor)


def most_auction_fee(rule: AuctionFee, start_minor: int, winning_minor: int) -> int | None:
    """The most an auction service may cost before VAT; None where the pack sets no limit.

    The bracket of the starting price, plus its share of what the winning price is above it, never
    above the limit for the contract.
    """
    fee = None
    for bracket in rule.brackets or ():
        if bracket.up_to_minor is None or start_minor <= bracket.up_to_minor:
            above = max(0, winning_minor - start_minor)
            fee = bracket.base_minor + above * bracket.above_start_bp // WHOLE
            break
    if rule.max_minor is not None:
        fee = rule.max_minor if fee is None else min(fee, rule.max_minor)
    return fee
