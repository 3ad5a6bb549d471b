"""The course of one run: faults at their moments, then calm, then everything must recover."""

import asyncio
from collections.abc import Iterable

from auction_engine.rules.lot import LotState, minimum_minor
from auction_engine.simulation.bidders import Bidder
from auction_engine.simulation.clocks import BEGIN_S
from auction_engine.simulation.faults import FAULTS
from auction_engine.simulation.history import Sent
from auction_engine.simulation.offers import may_bid, offer_for
from auction_engine.simulation.streams import book_of
from auction_engine.simulation.wire import Wire
from auction_engine.simulation.world import World

RECOVERS = "13 after the faults every open lot accepts a bid and every due lot closes"
BOOK = "7 order books are those of the journal"
# From the end of the faults until that holds. The longest of it: a request to a silent ledger is
# given up after 10 s, then the shard is taken up again.
_RECOVERED_WITHIN_S = 20.0
# A command of staff waits 15 s for its answer before it is given again, a few times over.
_CONFIRMED_WITHIN_S = 90.0
_BIDDING_AFTER_CALM_S = 3.0
_LOOK_S = 0.1
_BOOK_LOOK_S = 0.003


class Course:
    """Takes a world from its first listing to the close of its last lot."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calm_s = 0.0
        self._allowed_s = 0.0

    async def run(self) -> None:
        """Run it; what does not recover is among the world's broken promises."""
        world = self._world
        desks = [asyncio.create_task(desk.run(), name="desk") for desk in world.desks]
        for bidder in world.bidders:
            bidder.begin()
        faults = [asyncio.create_task(self._fault()) for _ in range(world.plan.faults)]
        await asyncio.sleep(world.plan.calm_s)
        for error in await _end(faults):
            world.unexpected("fault", error)
        self._calm_s, self._allowed_s = world.loop.time(), self._heal()
        world.calm = True
        world.tell("world", f"no more faults; {self._allowed_s:.1f} s to recover")
        open_lots = self._open_lots()
        await asyncio.gather(*(self._accepts(lot) for lot in open_lots))
        await asyncio.gather(*(self._has_book(lot) for lot in open_lots))
        await asyncio.sleep(_BIDDING_AFTER_CALM_S)
        world.over = True
        await self._finished(desks)
        for error in await _end(desks):
            world.unexpected("desk", error)
        await self._told()

    async def _fault(self) -> None:
        world = self._world
        await asyncio.sleep(world.chance.uniform(0.5, world.plan.calm_s))
        kind = world.chance.choice(world.plan.kinds)
        world.faults[kind] += 1
        world.tell("FAULT", kind.replace("_", " "))
        await FAULTS[kind](world)

    def _heal(self) -> float:
        """End every fault; return the seconds within which all must work again.

        Log ids never go back: while they are ahead of the truth the recorder waits for the
        ledger's clock to follow; and a lease given by a clock ahead lasts longer.
        """
        world = self._world
        now_s, ahead_s = world.true_s(), 0.0
        for shard in range(world.plan.shards):
            ahead_s = max(ahead_s, world.log.shard(shard).inbox.last[0] / 1000 - now_s)
        for row in world.ledger.shards.values():
            ahead_s = max(ahead_s, row.lease_until_s - now_s)
        for server in (world.log, world.ledger):
            server.down, server.trouble = False, 0.0
            server.clock.correct()
            server.speak()
        for host in world.recorders:
            host.clock.correct()
        for place in world.places:
            place.process.go_on()
            if not place.process.alive:
                place.start()
        for wire in self._wires():
            wire.down, wire.failpoint = False, None
        return _RECOVERED_WITHIN_S + ahead_s

    def _wires(self) -> Iterable[Wire]:
        for place in self._world.places:
            yield from place.wires.values()

    # --- recovery ------------------------------------------------------------------------------

    def _open_lots(self) -> list[int]:
        world = self._world
        return [plan.lot for plan in world.plan.lots if world.head(plan.lot, "phase") == "open"]

    async def _accepts(self, lot: int) -> None:
        """Bid for an open lot until it takes a bid, is closed, or time is up."""
        world = self._world
        while world.loop.time() < self._calm_s + self._allowed_s:
            if world.head(lot, "phase") == "closed":
                return
            sent = self._probe(lot)
            for _ in range(20):
                await asyncio.sleep(_LOOK_S)
                if sent is not None and _accepted(sent):
                    return
                if sent is None or sent.done:
                    break
        seen = world.gateways[0].board.open.get(lot)
        nobody = seen is not None and seen.state is not None and not self._bidder_for(seen.state)
        if world.head(lot, "phase") == "open" and not nobody:
            world.violate(RECOVERS, f"lot {lot} accepted nothing within {self._allowed_s:.1f} s")

    def _probe(self, lot: int) -> Sent | None:
        world = self._world
        for gateway in world.gateways:
            seen = gateway.board.open.get(lot) if gateway.up else None
            if seen is None or seen.state is None:
                continue
            offer = offer_for(seen.state, "prober", world.log.clock.wall_ms(), world.chance)
            bidder = self._bidder_for(seen.state)
            return bidder.bid(seen.shard, lot, offer) if bidder and offer else None
        return None

    def _bidder_for(self, state: LotState) -> Bidder | None:
        """Somebody whose bid must be accepted, None if there is nobody, or no higher amount."""
        if state.method != "DESCENDING" and minimum_minor(state) is None:
            return None
        able = [b for b in self._world.bidders if may_bid(state, b.account)]
        return self._world.chance.choice(able) if able else None

    async def _has_book(self, lot: int) -> None:
        """Wait until an open lot's order book is that of its journal, it is closed, or too late."""
        world, found = self._world, None
        until_s = world.loop.time() + self._allowed_s
        while world.loop.time() < until_s and world.head(lot, "phase") == "open":
            seen = world.gateways[0].board.lots.get(lot)
            if seen is not None and seen.state is not None and seen.seq == world.head(lot, "seq"):
                found = world.log.shard(seen.shard).books.get(lot, {})
                if found == book_of(seen.state):
                    return
            await asyncio.sleep(_BOOK_LOOK_S)
        if world.head(lot, "phase") == "open":
            world.violate(BOOK, f"lot {lot}: the order book is {found}")

    async def _finished(self, desks: "list[asyncio.Task[None]]") -> None:
        """Wait until all is answered and closed; name what takes longer than it may."""
        world = self._world
        while True:
            late, waiting = self._late(desks)
            if late is not None:
                world.violate(RECOVERS, late)
                return
            if not waiting:
                return
            await asyncio.sleep(_LOOK_S)

    def _late(self, desks: "list[asyncio.Task[None]]") -> tuple[str | None, bool]:
        """What should have happened by now, and whether something is still to happen."""
        world, waiting = self._world, False
        now_s = world.loop.time()
        since_s = now_s - self._allowed_s
        for sent in world.history.unanswered():
            waiting = True
            if max(sent.first_s, self._calm_s) < since_s:
                return f"bid {sent.bid_id} of {sent.bidder} for lot {sent.lot} has no answer", True
        if not all(desk.done() for desk in desks):
            waiting = True
            if self._calm_s + self._allowed_s + _CONFIRMED_WITHIN_S < now_s:
                return "a command of staff has no answer", True
        for lot, head in world.ledger.heads.items():
            due_ms = head["due_ms"]
            if due_ms is not None and max(due_ms / 1000 - BEGIN_S, self._calm_s) < since_s:
                return f"something is due to lot {lot} and does not happen", True
            if head["phase"] != "closed":
                waiting = True
                if due_ms is None and self._calm_s + _CONFIRMED_WITHIN_S < since_s:
                    return f"lot {lot} is not closed, whatever staff does", True
        return None, waiting

    async def _told(self) -> None:
        """Wait until gateways and hot view are as the ledger is, or time is up."""
        world = self._world
        until_s = world.loop.time() + self._allowed_s
        while (untold := self._untold()) is not None:
            if world.loop.time() > until_s:
                world.violate("11 every view becomes that of the journal", untold)
                return
            await asyncio.sleep(_LOOK_S)

    def _untold(self) -> str | None:
        world = self._world
        for gateway in world.gateways:
            for seen in gateway.board.lots.values():
                if seen.seq != (world.head(seen.lot, "seq") or 0):
                    return f"{gateway.name} is at entry {seen.seq} of lot {seen.lot}"
        for shard in range(world.plan.shards):
            due = {
                lot: head["due_ms"]
                for lot, head in world.ledger.heads.items()
                if head["shard"] == shard and head["due_ms"] is not None
            }
            if (found := world.log.shard(shard).deadlines) != due:
                return f"shard {shard} has deadlines {found}, the ledger {due}"
        return None


def _accepted(sent: Sent) -> bool:
    kinds = [answer.entry["kind"] for answer in sent.answers if answer.entry is not None]
    return "bid.accepted" in kinds or "maximum.set" in kinds


async def _end(tasks: "list[asyncio.Task[None]]") -> list[Exception]:
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    return [error for error in ended if isinstance(error, Exception)]
