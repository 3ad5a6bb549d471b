"""Staff: lists lots, admits bidders, closes by hand; insists until each command is confirmed."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from auction_engine.bidding.client import LogClient, LogUnanswered
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.lot import LotState
from auction_engine.simulation.acts import deposit_by, some_act
from auction_engine.simulation.history import Done, Order
from auction_engine.simulation.plan import LotPlan

if TYPE_CHECKING:
    from auction_engine.simulation.world import World

_RETRY_S = 0.5
_PACE_S = (0.2, 1.5)
_UNANSWERED = (CommandRefused, LogUnanswered, TimeoutError)
_Job = Callable[[LogClient], Coroutine[Any, Any, None]]


class Desk:
    """One lot's file: its commands, each given until it is confirmed, some of them twice."""

    def __init__(self, world: "World", plan: LotPlan) -> None:
        self.plan = plan
        self._world = world
        self._params = plan.params

    async def run(self) -> None:
        """Everything staff does for this lot; returns when nothing is left to do."""
        world, plan = self._world, self.plan
        await asyncio.sleep(plan.list_s)
        while await self._confirmed("lot.listed", self._list) == "WINDOW_PAST":
            self._params = plan.moved_to(world.log.clock.wall_ms())
        for bidder in plan.bidders:
            await self._take_deposit(bidder)
            await self._confirmed("bidder.admitted", self._admission(bidder), bidder)
            if plan.params.terms is not None and world.chance.random() < 0.8:
                world.chance.choice(world.gateways).enter(plan.shard, plan.lot, bidder)
        if plan.params.terms is not None:
            await self._conduct()
        elif plan.close_s is not None:
            await asyncio.sleep(max(0.0, plan.close_s - world.loop.time()))
            while await self._confirmed("lot.closed", self._close) == "NOT_YOURS_TO_CLOSE":
                if world.head(plan.lot, "phase") == "closed":
                    break
                await asyncio.sleep(_RETRY_S)  # not open yet: its opening is late

    async def _take_deposit(self, bidder: int) -> None:
        """Record the bidder's deposit first, where the lot wants it on record."""
        terms = self._params.terms
        if terms is None or terms.deposits != "RECORDED":
            return
        means = self._world.chance.choice(terms.deposit_means)
        data = deposit_by(means, bidder, terms.deposit_minor, 10_000 * self.plan.lot + bidder)
        mark = f"deposit of {bidder}"
        act = Act("hold_deposit", "CLOCK", 0, mark, data)
        lot = self.plan
        await self._confirmed(
            "deposit.held", lambda client: client.act(lot.shard, lot.lot, act), bidder
        )

    async def _conduct(self) -> None:
        """Acts of people, until the faults are over and the bidding is closed."""
        world, lot = self._world, self.plan.lot
        while not (world.calm and world.head(lot, "phase") == "closed"):
            await asyncio.sleep(world.chance.uniform(*_PACE_S))
            state = self._state()
            mark = f"act {len(world.history.acts)}"
            now_ms = world.log.clock.wall_ms()
            act = state and some_act(state, now_ms, mark, world.calm, world.chance)
            if act is not None:
                await self._once(act, mark)

    def _state(self) -> LotState | None:
        """The lot as staff sees it, which may be behind."""
        for gateway in self._world.gateways:
            seen = gateway.board.lots.get(self.plan.lot)
            if gateway.up and seen is not None:
                return seen.state
        return None

    async def _once(self, act: Act, mark: str) -> None:
        """Give one command once, whatever becomes of it."""
        world, plan = self._world, self.plan
        done = Done(plan.lot, BY_ACT[act.name].event, mark)
        world.history.acts.append(done)
        gateway = world.chance.choice(world.gateways)
        outcome = await gateway.ask(lambda client: client.act(plan.shard, plan.lot, act))
        world.tell("staff", f"lot {plan.lot} {act.name} ({mark}): {outcome!r}")
        if outcome is None:
            done.confirmed = True
        elif isinstance(outcome, CommandRefused):
            done.confirmed = False
        elif not isinstance(outcome, _UNANSWERED):
            world.unexpected("desk", outcome)

    def _list(self, client: LogClient) -> Coroutine[Any, Any, None]:
        return client.list_lot(self.plan.shard, self.plan.lot, self._params)

    def _admission(self, bidder: int) -> _Job:
        lot = self.plan
        code = f"B-{bidder}"
        return lambda client: client.admit(lot.shard, lot.lot, bidder, code, False)

    def _close(self, client: LogClient) -> Coroutine[Any, Any, None]:
        return client.close_lot(self.plan.shard, self.plan.lot)

    async def _confirmed(self, kind: str, job: _Job, bidder: int | None = None) -> str | None:
        """Give a command until it has an answer; return the code of a refusal, None if done."""
        world = self._world
        while True:
            gateway = world.chance.choice(world.gateways)
            if world.chance.random() < 0.05:  # pressed twice
                other = world.chance.choice(world.gateways)
                outcome, _ = await asyncio.gather(gateway.ask(job), other.ask(job))
            else:
                outcome = await gateway.ask(job)
            world.tell("staff", f"lot {self.plan.lot} {kind}: {outcome!r}")
            if isinstance(outcome, CommandRefused) and outcome.code != "BUSY":
                if outcome.code in ("ALREADY_LISTED", "ALREADY_ADMITTED", "DEPOSIT_HELD"):
                    world.history.orders.append(Order(kind, self.plan.lot, bidder))
                    return None
                return outcome.code
            if outcome is not None and not isinstance(outcome, _UNANSWERED):
                world.unexpected("desk", outcome)
            if outcome is None:
                world.history.orders.append(Order(kind, self.plan.lot, bidder))
                return None
            await asyncio.sleep(_RETRY_S)
