"""Sorts of lots: the auction rules that seeds choose from, with windows of seconds."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from auction_engine.rules.params import Extension, LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import Terms
from auction_engine.simulation.clocks import BEGIN_MS


@dataclass(frozen=True, slots=True)
class Sort:
    """`make` gives the rules of a lot that opens and lasts so many seconds."""

    weight: int
    make: Callable[[float, float, random.Random], LotParams]


def _ascending(opens_s: float, length_s: float, chance: random.Random, **changes: Any) -> LotParams:
    start_ms = BEGIN_MS + int(opens_s * 1000)
    values: dict[str, Any] = {
        "currency": "VND",
        "minor_digits": 0,
        "starting_price_minor": chance.choice((1, 100, 1_000, 1_000_000)),
        "increment_minor": chance.choice((1, 10, 500)),
        "start_ms": start_ms,
        "end_ms": start_ms + int(length_s * 1000),
    }
    return LotParams(**(values | changes))


def _extension(chance: random.Random, mode: str = "LATE_BID") -> Extension:
    trigger_ms, by_ms = chance.randint(200, 2_000), chance.randint(200, 3_000)
    return Extension(trigger_ms, by_ms, chance.randint(1, 4), mode=mode)  # type: ignore[arg-type]


def _plain(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """Ascending, closed by the clock, with and without extensions."""
    extension = _extension(chance) if chance.random() < 0.6 else None
    return _ascending(opens_s, length_s, chance, extension=extension)


def _by_hand(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """Closed by the auctioneer."""
    return _ascending(opens_s, length_s, chance, end_ms=None, closed_by="AUCTIONEER")


def _rounds(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """Late bids call for a further round among those who bid."""
    return _ascending(opens_s, length_s, chance, extension=_extension(chance, "ROUNDS"))


def _automatic(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """Secret maxima, steps by a table."""
    table = ((1_000, 10), (1_000_000, 500), (None, 10_000))
    return _ascending(
        opens_s,
        length_s,
        chance,
        extension=_extension(chance) if chance.random() < 0.5 else None,
        automatic_bids=True,
        increment_rule="TABLE",
        increment_table=table,
    )


def _descending(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """The price falls with the log's time; the first acceptance recorded wins."""
    steps = chance.randint(2, 12)
    interval_ms = max(50, int(length_s * 1000) // steps)
    descent = Descent("LINEAR", interval_ms, floor_minor=1_000, step_minor=9_000 // steps)
    return _ascending(
        opens_s,
        length_s,
        chance,
        method="DESCENDING",
        descent=descent,
        starting_price_minor=10_000,
        end_ms=None,
    )


def _conducted(opens_s: float, length_s: float, chance: random.Random) -> LotParams:
    """The whole life of a lot is conducted here: acts of people, days that are seconds."""
    falling = chance.random() < 0.3
    params = (_descending if falling else _plain)(opens_s, length_s, chance)
    seconds: dict[str, Any] = {
        f"{name}_ms": chance.randint(1_000, 4_000)
        for name in ("offer", "consent", "minutes", "payment", "delivery", "claim")
    }
    deposit = chance.choice((0, 50))
    terms = Terms(
        deposit_minor=deposit,
        deposits="RECORDED" if deposit and chance.random() < 0.6 else "OUTSIDE",
        deposit_means=("TRANSFER", "GUARANTEE", "EXEMPT"),
        min_participants=chance.choice((1, 2)),
        single_bidder=chance.choice(("NEVER", "CONSENT", "ALWAYS")),
        single_after_failures=0,
        announcement=chance.choice(("AUCTIONEER", "IMMEDIATE")),
        runner_up=chance.choice(("NONE", "DEPOSIT_COVERS", "NEXT_BID")),
        payment_extended_ms=20_000,
        signatories=chance.choice((("WINNER",), ("AUCTIONEER", "RECORDER", "WINNER"))),
        **seconds,
    )
    return replace(params, terms=terms)


SORTS: dict[str, Sort] = {
    "plain": Sort(50, _plain),
    "by hand": Sort(12, _by_hand),
    "rounds": Sort(8, _rounds),
    "automatic": Sort(15, _automatic),
    "descending": Sort(15, _descending),
    "conducted": Sort(20, _conducted),
}
