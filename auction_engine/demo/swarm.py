"""Robots at work: each holds one live connection and does what `robot.decide` means to do."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog

from auction_engine.bidding.tasks import end
from auction_engine.clients.live import LiveClient, LiveRefused, Seen
from auction_engine.demo.robot import Character, Fall, Intent, Sight, decide
from auction_engine.demo.stage import OpenLot

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Part:
    """What one robot does in one lot."""

    lot: OpenLot
    mind: Character
    rng: random.Random
    intent: Intent | None = None
    timer: asyncio.TimerHandle | None = None
    bidding: asyncio.Task[None] | None = None
    basis: tuple[object, ...] = field(default=())


class Robot:
    """One robot bidder and its connection. Use as `async with`, then `join` its lots."""

    def __init__(
        self, url: str, ticket: Callable[[], Awaitable[str]], account: int, lots: list[OpenLot]
    ) -> None:
        self._client = LiveClient(url, ticket, on_change=self._changed)
        # Every robot of every lot has its own chance, the same after a restart.
        self._parts = {
            lot.lot: _Part(
                lot, lot.robots[account], random.Random(f"{lot.lot} {account}")  # noqa: S311
            )
            for lot in lots
        }  # fmt: skip

    async def __aenter__(self) -> "Robot":
        await self._client.__aenter__()
        for lot in self._parts:
            await self._client.watch(lot)
        return self

    async def __aexit__(self, *_: object) -> None:
        for part in self._parts.values():
            if part.timer is not None:
                part.timer.cancel()
        await end([part.bidding for part in self._parts.values() if part.bidding is not None])
        await self._client.__aexit__()

    def _changed(self, seen: Seen) -> None:
        """Think again if what matters has changed; a bid once typed blindly goes out anyway."""
        part, state = self._parts[seen.lot], seen.state
        basis = (state["phase"], state["n"], state["end_ms"])
        if basis == part.basis or part.bidding is not None:
            return
        part.basis = basis
        if part.intent is None or not part.intent.blind:
            self._think(part)

    def _think(self, part: _Part) -> None:
        if part.timer is not None:
            part.timer.cancel()
        part.intent = part.timer = None
        seen = self._client.seen(part.lot.lot)
        if seen is None or seen.you is None:
            return
        now_ms = self._client.now_ms()
        part.intent = decide(part.mind, sight(part.lot, seen), now_ms, part.rng)
        if part.intent is not None:
            delay_s = max(0.0, (part.intent.at_ms - now_ms) / 1000)
            loop = asyncio.get_running_loop()
            part.timer = loop.call_later(delay_s, self._act, part, part.intent)

    def _act(self, part: _Part, intent: Intent) -> None:
        part.timer = part.intent = None
        if intent.amount_minor is None:
            self._think(part)
        else:
            part.bidding = asyncio.create_task(self._bid(part, intent.amount_minor, intent.step))

    async def _bid(self, part: _Part, amount_minor: int, step: int | None) -> None:
        try:
            answer = await self._client.bid(part.lot.lot, amount_minor, step=step)
        except LiveRefused as refused:
            _log.warning("robot_sent_away", error=refused.sentence)
            return
        finally:
            part.bidding = None
        if answer["t"] == "error":
            _log.warning("robot_bid_error", lot=part.lot.lot, code=answer["code"])
        elif answer["t"] == "refused":
            self._think(part)
        # A recorded bid comes back as an update, which is when there is something to think of.
        elif (seen := self._client.seen(part.lot.lot)) is not None:
            self._changed(seen)


def sight(lot: OpenLot, seen: Seen) -> Sight:
    """The lot in the robot's eyes. `seen` must be of an admitted bidder's connection."""
    state, you = seen.state, seen.you or {}
    leader = state["leader"]
    return Sight(
        starting_price_minor=lot.params.starting_price_minor,
        increment_minor=lot.params.increment_minor,
        minimum_minor=state["minimum_minor"],
        start_ms=state["start_ms"],
        end_ms=state["end_ms"] or 0,
        leading=leader is not None and leader == you.get("code"),
        person_leads=leader is not None and leader not in state["robots"],
        falling=_fall(state),
    )


def _fall(state: dict[str, Any]) -> Fall | None:
    """The falling price, None for other lots and when nothing can be accepted any more."""
    fall = state.get("life", {}).get("falling")
    if fall is None or state["phase"] == "closed":
        return None
    prices = tuple(fall["prices_minor"])
    return Fall(fall["step"], fall["from_ms"], fall["interval_ms"], prices)


async def play(
    url: str, ticket_for: Callable[[int], Awaitable[str]], lots: list[OpenLot]
) -> AsyncExitStack:
    """Send every robot of `lots` into the room; closing the returned stack takes them out."""
    accounts = sorted({account for lot in lots for account in lot.robots})
    async with AsyncExitStack() as stack:
        for account in accounts:
            own = [lot for lot in lots if account in lot.robots]

            def ticket(account: int = account) -> Awaitable[str]:
                return ticket_for(account)

            await stack.enter_async_context(Robot(url, ticket, account, own))
        return stack.pop_all()
