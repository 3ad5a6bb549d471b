"""Bidders: each bid has its id and is sent until it is answered, whatever lies in between."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.simulation.board import Seen
from auction_engine.simulation.gateway import Gateway
from auction_engine.simulation.history import Answer, Sent
from auction_engine.simulation.loop import WORLD
from auction_engine.simulation.offers import Offer, offer_for

if TYPE_CHECKING:
    from auction_engine.simulation.world import World

_RESEND_S = 1.5
_SNIPE_MS = 250
# A bidder closes the page after this many "busy" for one bid.
_PATIENCE = 3


class Bidder:
    """One person, or one with two tabs. `style` says how often and how much is bid."""

    def __init__(self, world: "World", account: int, style: str) -> None:
        self.account = account
        self.style = style
        self._world = world
        self._chance = world.chance
        self._gateway = self._chance.choice(world.gateways)
        self._mine: list[Sent] = []

    def begin(self) -> None:
        """Bid from now on, until the world says that bidding is over."""
        self._later(self._chance.uniform(0, 2), self._act)

    # --- what to bid ---------------------------------------------------------------------------

    def _act(self) -> None:
        world = self._world
        if world.over:
            return
        if not self._gateway.up:
            self._gateway = self._chance.choice(world.gateways)
        self._later(_PACE[self.style](self._chance), self._act)
        if self.style == "misuser" and self._chance.random() < 0.4:
            self._misuse()
            return
        seen = self._choose()
        if seen is not None and seen.state is not None and seen.state.leader != self.account:
            now_ms = world.log.clock.wall_ms()
            offer = offer_for(seen.state, self.style, now_ms, self._chance)
            if offer is not None:
                self.bid(seen.shard, seen.lot, offer)

    def _choose(self) -> Seen | None:
        lots = [
            seen
            for seen in self._gateway.board.open.values()
            if seen.state is not None and self.account in seen.state.admitted
        ]
        if self.style == "sniper":
            now_ms = self._world.log.clock.wall_ms()
            lots = [s for s in lots if s.state and (s.state.end_ms or 0) - now_ms < _SNIPE_MS]
        return self._chance.choice(lots) if lots else None

    def _misuse(self) -> None:
        """What honest pages never send: strangers, old ids, too little, lots that are not there."""
        chance, lots = self._chance, self._world.plan.lots
        plan = chance.choice(lots)
        fate = chance.random()
        if fate < 0.3 and self._mine:
            old = chance.choice(self._mine)
            other = chance.choice((old.lot, plan.lot))
            offer = max(1, old.amount_minor + chance.choice((-1, 1))), old.how
            self.bid(plan.shard if other == plan.lot else old.shard, other, offer, old.bid_id)
        elif fate < 0.4:
            self.bid(0, 10_000 + chance.randrange(3), (1_000, None))
        elif fate < 0.55:
            for _ in range(chance.randint(5, 60)):
                self.bid(plan.shard, plan.lot, (chance.randint(1, 2_000), None))
        else:
            amount = chance.choice((1, 999, plan.params.starting_price_minor, MAX_AMOUNT_MINOR))
            how = chance.choice((None, None, {"automatic": True}, {"step": chance.randrange(4)}))
            self.bid(plan.shard, plan.lot, (amount, how))

    # --- sending and hearing -------------------------------------------------------------------

    def bid(self, shard: int, lot: int, offer: Offer, bid_id: str | None = None) -> Sent:
        """Send a bid and keep at it; the same words again are the same bid."""
        world, chance = self._world, self._chance
        amount, how = min(offer[0], MAX_AMOUNT_MINOR), offer[1]  # more is refused at the door
        now_s = world.loop.time()
        sent = Sent(shard, lot, self.account, bid_id or _new_id(chance), amount, how, now_s)
        for known in self._mine if bid_id is not None else ():
            if (known.bid_id, known.lot, known.amount_minor) == (bid_id, lot, amount):
                sent, known.done = known, False
                break
        else:
            world.history.bids.append(sent)
            self._mine.append(sent)
        words = "" if how is None else f" {how}"
        what = f"{self.account} bids {amount}{words} for lot {lot} ({sent.bid_id[:8]})"
        world.tell("bidder", what)
        self._send(sent)
        if self.style == "two tabs" or chance.random() < 0.05:
            self._hand(chance.choice(world.gateways), sent)
        return sent

    def _send(self, sent: Sent) -> None:
        if sent.done:
            return
        if not self._gateway.up:
            self._gateway = self._chance.choice(self._world.gateways)
        self._hand(self._gateway, sent)
        self._later(_RESEND_S * self._chance.uniform(0.7, 1.3), self._send, sent)

    def _hand(self, gateway: Gateway, sent: Sent) -> None:
        gateway.hand(sent, self._hear)

    def _hear(self, sent: Sent, answer: Answer) -> None:
        world = self._world
        sent.answers.append(answer)
        if answer.entry is not None:
            if not sent.done:
                world.counts["bids answered"] += 1
            world.tell("bidder", f"{self.account} hears {answer.entry['kind']} {sent.bid_id[:8]}")
            world.check_on_disk(sent, answer.entry)
            sent.done = True
        elif answer.code in ("UNKNOWN_LOT", "BID_ID_REUSED"):
            sent.done = True
        elif len(sent.answers) >= _PATIENCE:
            sent.done = True  # told "busy" too often
            world.counts["bids given up"] += 1

    def _later(self, delay_s: float, step: Callable[..., None], *args: Sent) -> None:
        loop = self._world.loop
        loop.call_at(loop.time() + delay_s, step, *args, context=WORLD)


def _new_id(chance: random.Random) -> str:
    return f"{chance.getrandbits(32):08x}-0000-4000-8000-{chance.getrandbits(48):012x}"


_PACE: dict[str, Callable[[random.Random], float]] = {
    "ladder": lambda chance: chance.uniform(0.2, 1.0),
    "sniper": lambda chance: chance.uniform(0.05, 0.2),
    "overbidder": lambda chance: chance.uniform(0.5, 2.0),
    "misuser": lambda chance: chance.uniform(0.3, 1.5),
    "idle": lambda chance: chance.uniform(5.0, 20.0),
    "two tabs": lambda chance: chance.uniform(0.3, 1.2),
}
STYLES = tuple(_PACE)
