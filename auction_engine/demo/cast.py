"""Who takes part in which lot, and with what in mind. The same lot always gives the same cast."""

import random

from auction_engine.demo.robot import Character

# Enough for a lively room, few enough that the price lasts until the end.
_FEWEST, _MOST = 5, 8


def cast(lot: int, starting_price_minor: int, robots: list[int]) -> dict[int, Character]:
    """The robots of `lot` out of the accounts `robots`, with their characters.

    Depends on the lot's id alone, so that a restart finds the same minds. At least one of them
    values the lot above its starting price.
    """
    rng = random.Random(f"lot {lot}")  # noqa: S311 (theatre, nothing secret)
    # Property is started below what an appraiser would say, to leave room for bidding.
    appraisal = starting_price_minor * rng.uniform(1.15, 1.5)
    size = min(len(robots), rng.randint(_FEWEST, _MOST))
    chosen = rng.sample(sorted(robots), size)
    characters = {account: _character(appraisal, rng) for account in chosen}
    if chosen and all(c.valuation_minor <= starting_price_minor for c in characters.values()):
        characters[chosen[0]] = _character(appraisal, rng, spread=0.0)
    return characters


def _character(appraisal: float, rng: random.Random, spread: float = 0.1) -> Character:
    sniper = rng.random() < 0.2
    return Character(
        valuation_minor=int(appraisal * rng.lognormvariate(0.0, spread)),
        pace_s=rng.uniform(4.0, 12.0),
        keenness=rng.uniform(0.7, 2.2),
        jumpiness=rng.choice((0.0, 0.08, 0.2, 0.4)),
        slips=rng.choice((0.0, 0.03, 0.1)),
        sniper=sniper,
    )
