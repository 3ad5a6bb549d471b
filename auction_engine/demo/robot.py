"""How a robot bids: pure decisions, no clock, no connection, chance only from the given `rng`.

A robot has a private valuation of a lot and shows more of it as the end comes near. It thinks
before it acts, sometimes jumps, sometimes sends what it has typed without looking again, and stops
for good where its valuation ends.
"""

import random
from dataclasses import dataclass

# People who wait for the end bid in this last part of the window.
SNIPE_MS = 20_000
# Nobody reads a new price, decides and presses faster than this.
_FASTEST_THOUGHT_MS = 1_200
# Shown of the valuation's room above the start at the opening; the rest comes with time.
_INTEREST_AT_OPENING = 0.08
# By this part of the window everybody shows all: an end that moves must not draw on for ever.
_INTEREST_FULL_AT = 0.88
# How much more of it a robot shows when a person leads: a newcomer should meet an answer.
_INTEREST_AGAINST_A_PERSON = 0.3
_LOOK_AGAIN_MS = (5_000, 14_000)
_JUMPS = (1, 1, 1, 2, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Character:
    """One robot's mind about one lot. Shares are 0 to 1."""

    valuation_minor: int
    pace_s: float  # the middle of its thinking times
    keenness: float  # exponent of interest over time: above 1 it warms up late
    jumpiness: float  # share of bids that skip steps
    slips: float  # share of bids sent without looking again
    sniper: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What the robot sees of the lot. `minimum_minor` is None when no bid is possible any more."""

    starting_price_minor: int
    increment_minor: int
    minimum_minor: int | None
    start_ms: int
    end_ms: int
    leading: bool
    person_leads: bool
    falling: "Fall | None" = None


@dataclass(frozen=True, slots=True)
class Fall:
    """A falling price: `prices_minor` from step `step`, which begins at `from_ms`."""

    step: int
    from_ms: int
    interval_ms: int
    prices_minor: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Intent:
    """What it means to do at `at_ms`: bid `amount_minor`, or (None) look again.

    `blind`: it has typed already and will send even if the lot changes before. `step`: it accepts
    the price of this step.
    """

    at_ms: int
    amount_minor: int | None = None
    blind: bool = False
    step: int | None = None


def decide(who: Character, sight: Sight, now_ms: int, rng: random.Random) -> Intent | None:
    """The robot's next act, to be asked again whenever the lot changes.

    None: there is nothing more to do until then.
    """
    if sight.falling is not None:
        return _accept(who, sight.falling, now_ms, rng)
    minimum = sight.minimum_minor
    if minimum is None or sight.leading or minimum > who.valuation_minor:
        return None
    if now_ms < sight.start_ms:
        return Intent(sight.start_ms + _thought_ms(who, rng))
    left_ms = sight.end_ms - now_ms
    if left_ms <= 0:
        return None
    if who.sniper and left_ms > SNIPE_MS:
        return Intent(sight.end_ms - rng.randint(6_000, SNIPE_MS))
    thought_ms = _thought_ms(who, rng)
    if left_ms < 2 * SNIPE_MS:
        # Whoever still wants it does not let the end pass in thought.
        thought_ms = max(_FASTEST_THOUGHT_MS, min(thought_ms, int(left_ms * 0.7)))
    at_ms = now_ms + thought_ms
    ceiling = _ceiling_minor(who, sight, at_ms)
    if minimum > ceiling:
        return Intent(now_ms + rng.randint(*_LOOK_AGAIN_MS))
    amount = minimum + sight.increment_minor * _steps(who, sight, minimum, ceiling, rng)
    if rng.random() >= who.slips:
        return Intent(at_ms, amount)
    if left_ms <= SNIPE_MS:
        return Intent(sight.end_ms + rng.randint(150, 1_500), amount, blind=True)
    return Intent(at_ms, amount, blind=True)


# Of what it would bid for a lot that rises a robot waits for this share of a price that falls.
_PATIENCE = 0.62


def _accept(who: Character, fall: Fall, now_ms: int, rng: random.Random) -> Intent | None:
    """Accept the first price that is not above what the lot is worth to it, after a thought."""
    worth = who.valuation_minor * _PATIENCE
    wanted = next((k for k, price in enumerate(fall.prices_minor) if price <= worth), None)
    if wanted is None:
        return None
    begins_ms = fall.from_ms + (wanted - fall.step) * fall.interval_ms
    at_ms = max(begins_ms, now_ms) + _FASTEST_THOUGHT_MS + rng.randint(0, fall.interval_ms // 2)
    step = min(len(fall.prices_minor) - 1, fall.step + (at_ms - fall.from_ms) // fall.interval_ms)
    return Intent(at_ms, fall.prices_minor[step], step=step)


def _thought_ms(who: Character, rng: random.Random) -> int:
    return max(_FASTEST_THOUGHT_MS, int(1000 * who.pace_s * rng.lognormvariate(0.0, 0.55)))


def _ceiling_minor(who: Character, sight: Sight, at_ms: int) -> int:
    """The most it would bid at `at_ms`: its valuation only near the end."""
    window_ms = max(1, sight.end_ms - sight.start_ms)
    part = (at_ms - sight.start_ms) / (window_ms * _INTEREST_FULL_AT)
    interest = _INTEREST_AT_OPENING
    interest += (1 - interest) * min(1.0, max(0.0, part)) ** who.keenness
    if who.sniper:
        interest = 1.0
    elif sight.person_leads:
        interest = min(1.0, interest + _INTEREST_AGAINST_A_PERSON)
    room = max(0, who.valuation_minor - sight.starting_price_minor)
    return sight.starting_price_minor + int(room * interest)


def _steps(who: Character, sight: Sight, minimum: int, ceiling: int, rng: random.Random) -> int:
    """How many increments above the minimum; never beyond the ceiling."""
    if rng.random() >= who.jumpiness:
        return 0
    return min(rng.choice(_JUMPS), (ceiling - minimum) // sight.increment_minor)
