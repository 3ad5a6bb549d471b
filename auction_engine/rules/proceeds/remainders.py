"""Dividing whole minor units by shares so that the parts sum to exactly what was divided."""

from collections.abc import Sequence
from typing import NamedTuple


class Share(NamedTuple):
    """One part of a division, with its arithmetic.

    `minor` is the whole part of `total * weight / of`, and one more (`extra` 1) where the unit left
    over went to this share; `remainder` is what the division left over, out of `of`.
    """

    minor: int
    remainder: int
    extra: int


def shares(total_minor: int, weights: Sequence[int]) -> list[Share]:
    """`total_minor` in proportion to `weights`, by largest remainder; ties by order.

    The parts sum to `total_minor`. No part is above its weight if `total_minor` is not above their
    sum. Raises ValueError for anything negative, or if there is something to divide and no weight.
    """
    of = sum(weights)
    if total_minor < 0 or any(weight < 0 for weight in weights):
        raise ValueError("neither what is divided nor a share of it is negative")
    if of == 0:
        if total_minor:
            raise ValueError("there is nobody to divide it among")
        return [Share(0, 0, 0) for _ in weights]
    parts = [divmod(total_minor * weight, of) for weight in weights]
    left = total_minor - sum(minor for minor, _ in parts)
    # Sorting is stable: of equal remainders the first in order comes first.
    first = set(sorted(range(len(parts)), key=lambda n: -parts[n][1])[:left])
    return [
        Share(minor + (n in first), remainder, int(n in first))
        for n, (minor, remainder) in enumerate(parts)
    ]


def share(total_minor: int, weights: Sequence[int]) -> list[int]:
    """The amounts of `shares`. Raises ValueError as it does."""
    return [part.minor for part in shares(total_minor, weights)]
