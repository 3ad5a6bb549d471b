"""What a seed decides before a run begins: lots, people, sizes, and which faults there are."""

import random
from dataclasses import dataclass, replace

from auction_engine.rules.params import LotParams
from auction_engine.settings import Limits
from auction_engine.simulation.sorts import SORTS

# Lots begin this far apart on average, so that about ten are open at any moment.
_APART_S = 1.2
_SHORTEST_RUN_S = 12.0
# A window moved because it went by begins this much later: time enough to be listed.
_MOVED_MS = 1_500


@dataclass(frozen=True, slots=True)
class LotPlan:
    """One lot: when staff lists it, its rules, who is admitted, when an auctioneer closes it."""

    lot: int
    shard: int
    list_s: float
    params: LotParams
    bidders: tuple[int, ...]
    close_s: float | None

    def moved_to(self, now_ms: int) -> LotParams:
        """The same rules with a window that begins soon: the planned one went by unlisted."""
        params = self.params
        later_ms = max(0, now_ms + _MOVED_MS - params.start_ms)
        end_ms = None if params.end_ms is None else params.end_ms + later_ms
        return replace(params, start_ms=params.start_ms + later_ms, end_ms=end_ms)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. Until `calm_s` faults happen; after it everything must recover."""

    seed: int
    lots: tuple[LotPlan, ...]
    bidders: tuple[int, ...]
    shards: int
    gateways: int
    limits: Limits
    calm_s: float
    faults: int
    kinds: tuple[str, ...]


def make_plan(seed: int, lots: int, kinds: tuple[str, ...], chance: random.Random) -> Plan:
    """The plan of one seed; `kinds` are the names of all faults there are.

    Each seed has only some kinds of them, so that each kind also meets the others' absence.
    """
    calm_s = max(_SHORTEST_RUN_S, lots * _APART_S)
    shards = 2 if chance.random() < 0.25 else 1
    bidders = tuple(range(101, 101 + chance.randint(5, 12)))
    some = tuple(kind for kind in kinds if chance.random() < 0.4)
    return Plan(
        seed=seed,
        lots=tuple(_lot(number, shards, bidders, calm_s, chance) for number in range(1, lots + 1)),
        bidders=bidders,
        shards=shards,
        gateways=chance.randint(2, 3),
        limits=_limits(chance),
        calm_s=calm_s,
        faults=0 if chance.random() < 0.05 else max(1, round(calm_s * chance.uniform(0.05, 0.8))),
        kinds=some or (chance.choice(kinds),),
    )


def _limits(chance: random.Random) -> Limits:
    small = chance.random() < 0.3
    return Limits(
        lease_s=chance.choice((1.0, 2.0, 3.0)),
        inbox_max=chance.randint(8, 40) if small else 20_000,
        gateway_inflight_max=chance.randint(10, 60) if small else 2_000,
        bids_waiting_per_bidder=chance.choice((2, 16)),
    )


def _lot(
    number: int, shards: int, bidders: tuple[int, ...], calm_s: float, chance: random.Random
) -> LotPlan:
    opens_s = chance.uniform(0.5, calm_s)
    length_s = chance.choice((1.0, 3.0, 8.0, 15.0)) * chance.uniform(0.7, 1.3)
    sort = chance.choices(list(SORTS), [sort.weight for sort in SORTS.values()])[0]
    params = SORTS[sort].make(opens_s, length_s, chance)
    return LotPlan(
        lot=number,
        shard=number % shards,
        list_s=max(0.0, opens_s - chance.uniform(-0.5, 4.0)),
        params=params,
        bidders=tuple(chance.sample(bidders, chance.randint(2, len(bidders)))),
        close_s=opens_s + length_s if params.closed_by == "AUCTIONEER" else None,
    )
