"""Steps between bids: the least difference, multiples of a step, or a table by price."""

from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import BASIS_POINTS


def step_minor(params: LotParams, price_minor: int) -> int:
    """The increment that a bid over `price_minor` must add at least (Law 01/2016 Art. 5(1))."""
    if not params.increment_table:
        return params.increment_minor
    for below, step in params.increment_table:
        if below is None or price_minor < below:
            return step
    raise AssertionError("the last row has no limit")


def on_step(params: LotParams, price_minor: int | None, amount_minor: int) -> bool:
    """Whether the amount lies on the steps that the auction rules may demand."""
    rule = params.increment_rule
    if rule == "MIN_DELTA" or rule == "TABLE":
        return True
    if rule == "FROM_START_MULTIPLE" or price_minor is None:
        base = params.starting_price_minor
    else:
        base = price_minor
    return (amount_minor - base) % params.increment_minor == 0


def unusual(params: LotParams, price_minor: int | None, amount_minor: int) -> bool:
    """Whether the amount must be confirmed in words before it counts; never a cap."""
    confirm = params.confirm
    if confirm is None:
        return False
    base = params.starting_price_minor if price_minor is None else price_minor
    if confirm.ratio_bp is not None and amount_minor * BASIS_POINTS > base * confirm.ratio_bp:
        return True
    return confirm.steps is not None and amount_minor - base > confirm.steps * step_minor(
        params, base
    )
