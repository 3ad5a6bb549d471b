"""Conducting a session of many lots through the log: its turns, stops, pauses and auctioneers.

What is due follows from the ledger (`rules.session`), so everything here may be repeated: after a
crash half-way the next call gives what is missing, and two at once do it once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient, LogUnanswered
from auction_engine.desk import exclusive, session_record
from auction_engine.desk.house import fitness
from auction_engine.desk.house.people import HouseError
from auction_engine.desk.reading import Lots
from auction_engine.desk.session_record import Record
from auction_engine.identity import accounts
from auction_engine.ledger import store
from auction_engine.rules import session as rules
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.session import LotNow
from auction_engine.rules.session_plan import Session, SessionError
from auction_engine.rules.session_windows import check_lot

# A person's request waits this long for a conductor's pass, which takes well below a second.
_WAIT_S = 5.0

Outcome = Literal["done", "already", "refused", "unknown"]
Now = dict[int, LotNow]
Plan = Callable[[Record, Now, int], list[tuple[int, Act]]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What conducting needs: the ledger and the log."""

    database_url: str
    engine: AsyncEngine
    log: LogClient


class Result(NamedTuple):
    """What became of one lot; code and text where it was refused or is not known yet."""

    lot: int
    outcome: Outcome
    code: str | None = None
    text: str | None = None


async def plan_session(
    desk: Desk, session: int, plan: Session, account: int, reason: str | None = None
) -> None:
    """Put a plan in force for a session whose lots are described; `account` answers for it.

    What the plan makes happen is recorded in the name of `account`. Raises SessionError naming the
    lot that does not fit, UnknownSession, Busy.
    """
    async with exclusive.connected(desk.database_url) as connection:
        async with exclusive.alone(connection, exclusive.of_session(session), _WAIT_S):
            record = await session_record.read(desk.engine, session)
            lots = await Lots().read(connection, record.lots)
            for place in plan.places:
                if place.lot not in record.lots:
                    raise SessionError(place.lot, "it is not in this session")
                if place.lot in lots:
                    check_lot(plan, place, lots[place.lot].state.params)
            await session_record.write(
                desk.engine, session, "plan", account, reason, plan.to_json()
            )


async def conduct(desk: Desk, session: int, known: Lots | None = None) -> list[Result]:
    """One look at a session with a plan: do what is due. Returns only what was to be done.

    `known` keeps what was read for the next look. Raises UnknownSession, Busy, LogUnanswered.
    """
    known = known or Lots()

    def due(record: Record, lots: Now, now_ms: int) -> list[tuple[int, Act]]:
        if record.planned_by is None:
            return []
        paused = record.paused is not None
        return rules.next_acts(record.plan, lots, now_ms, record.planned_by, paused)

    async with exclusive.connected(desk.database_url) as connection:
        record = await session_record.read(desk.engine, session)
        lots = await known.read(connection, record.lots)
        if not due(record, lots, await store.server_ms(connection)):
            return []
        async with exclusive.alone(connection, exclusive.of_session(session), 0):
            return await _carry_out(desk, connection, session, due, known)


async def pause(desk: Desk, session: int, account: int, reason: str | None) -> list[Result]:
    """The whole session stands still. Raises UnknownSession, Busy, LogUnanswered.

    Noted before it is done, so that whoever ends it knows what was paused with it; a pause that
    every lot refuses is taken back.
    """

    def wanted(record: Record, lots: Now, _: int) -> list[tuple[int, Act]]:
        return rules.pause_acts(record.plan, lots, account, reason)

    async def note(record: Record, acts: list[tuple[int, Act]]) -> None:
        running = {lot for lot, act in acts if act.name == "pause"}
        if record.paused is None or not running <= record.paused:
            body = {"lots": sorted(running)}
            await session_record.write(desk.engine, session, "pause", account, reason, body)

    async def take_back(record: Record, results: list[Result]) -> None:
        if record.paused is None and results and all(r.outcome == "refused" for r in results):
            await session_record.write(desk.engine, session, "resume", account, "refused", {})

    return await _asked(desk, session, wanted, before=note, after=take_back)


async def resume(desk: Desk, session: int, account: int, reason: str | None) -> list[Result]:
    """The session goes on. Raises UnknownSession, Busy, LogUnanswered."""

    def wanted(record: Record, lots: Now, now_ms: int) -> list[tuple[int, Act]]:
        paused = record.paused or frozenset()
        return rules.resume_acts(record.plan, lots, paused, now_ms, account, reason)

    async def note(record: Record, _: list[Result]) -> None:
        if record.paused is not None:
            await session_record.write(desk.engine, session, "resume", account, reason, {})

    # Written when all is done: until then whoever repeats it must know what was paused.
    return await _asked(desk, session, wanted, after=note, rest=_still)


async def hand_over(
    desk: Desk, session: int, auctioneer: int, account: int, reason: str | None
) -> list[Result]:
    """The account `auctioneer` conducts all lots that are not over.

    Raises SessionError if it is no account of the session's organisation, or may not conduct its
    lots (`house.fitness`); UnknownSession, Busy, LogUnanswered.
    """
    found = await accounts.find(desk.engine, auctioneer)
    house = await session_record.organisation(desk.engine, session)
    if found is None or found.role != "organisation" or found.body != house:
        raise SessionError(None, f"Account {auctioneer} is no auctioneer's.")
    await check_fit(desk, session, found.body or 0, auctioneer)

    def wanted(record: Record, lots: Now, _: int) -> list[tuple[int, Act]]:
        return rules.hand_over_acts(record.plan, lots, auctioneer, account, reason)

    async def note(_: Record, acts: list[tuple[int, Act]]) -> None:
        if acts:
            body = {"auctioneer": auctioneer}
            await session_record.write(desk.engine, session, "hand_over", account, reason, body)

    return await _asked(desk, session, wanted, before=note)


async def check_fit(desk: Desk, session: int, body: int, auctioneer: int) -> None:
    """Return if the account may conduct all lots of the session. Raises SessionError."""
    record = await session_record.read(desk.engine, session)
    try:
        async with exclusive.connected(desk.database_url) as connection:
            await fitness.check(connection, body, auctioneer, record.lots, fitness.today())
    except HouseError as unfit:
        raise SessionError(None, unfit.sentence) from None


# --- giving acts ----------------------------------------------------------------------------

_Before = Callable[[Record, list[tuple[int, Act]]], Awaitable[None]]
_After = Callable[[Record, list[Result]], Awaitable[None]]
_Rest = Callable[[int, LotNow], Result]


def _already(lot: int, _: LotNow) -> Result:
    return Result(lot, "already")


def _still(lot: int, now: LotNow) -> Result:
    """A lot that a resumed session leaves standing."""
    state = now.state
    if state.status not in ("PAUSED", "POSTPONED") or state.life.ground == rules.TURN:
        return Result(lot, "already")
    text = f"It stands still on a ground of its own ({state.life.ground}), with an end of its own."
    return Result(lot, "refused", "OTHER_GROUND", text)


async def _asked(
    desk: Desk,
    session: int,
    wanted: Plan,
    before: _Before | None = None,
    after: _After | None = None,
    rest: _Rest = _already,
) -> list[Result]:
    """What a person asks of all lots. Returns a result for each lot that is not over."""
    async with exclusive.connected(desk.database_url) as connection:
        async with exclusive.alone(connection, exclusive.of_session(session), _WAIT_S):
            known = Lots()
            return await _carry_out(desk, connection, session, wanted, known, before, after, rest)


async def _carry_out(
    desk: Desk,
    connection: Any,
    session: int,
    wanted: Plan,
    known: Lots,
    before: _Before | None = None,
    after: _After | None = None,
    rest: _Rest | None = None,
) -> list[Result]:
    record = await session_record.read(desk.engine, session)
    # What a process that died or gave up has sent comes before this.
    await asyncio.gather(*(desk.log.probe(shard) for shard in set(record.lots.values())))
    lots, acts = await _look(connection, record, wanted, known)
    if before is not None:
        await before(record, acts)
    given = [_give(desk.log, record.lots[lot], lot, act) for lot, act in acts]
    results = list(await asyncio.gather(*given))
    if any(result.outcome == "refused" for result in results):
        # Refused because it has come about meanwhile: then nothing more is to be done.
        _, left = await _look(connection, record, wanted, known)
        undone = {lot for lot, _ in left}
        results = [
            Result(result.lot, "already")
            if result.outcome == "refused" and result.lot not in undone
            else result
            for result in results
        ]
    if after is not None and all(result.outcome != "unknown" for result in results):
        await after(record, results)
    if rest is None:
        return results
    told = {result.lot: result for result in results}
    for lot, now in lots.items():
        if lot not in told and rules.stage(now.state) not in ("OVER", "FILED"):
            told[lot] = rest(lot, now)
    return [told[lot] for lot in record.lots if lot in told]


async def _look(
    connection: Any, record: Record, wanted: Plan, known: Lots
) -> tuple[Now, list[tuple[int, Act]]]:
    lots = await known.read(connection, record.lots)
    return lots, wanted(record, lots, await store.server_ms(connection))


async def _give(log: LogClient, shard: int, lot: int, act: Act) -> Result:
    try:
        await log.act(shard, lot, act)
    except CommandRefused as refused:
        return Result(lot, "refused", refused.code, str(refused))
    except LogUnanswered as error:
        return Result(lot, "unknown", "UNANSWERED", error.sentence)
    return Result(lot, "done")
