"""Practice lots: the real room over the real log, with play money and robots, for one person.

A practice lot's session is marked, so that no list, search or count has it; nothing of it is money.
One person has one at a time, and a few a day; all together are few. What is over is marked so and
left to rest in the archive of journals like everything that was ever recorded.
"""

import asyncio
import random
import uuid
from dataclasses import replace
from typing import Any

import asyncpg
import structlog
from redis.exceptions import RedisError
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.desk import exclusive, listing
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.identity import accounts
from auction_engine.ledger.database import transaction
from auction_engine.ledger.schema_admission import Practice
from auction_engine.rules import descending
from auction_engine.rules.commands import CommandRefused
from auction_engine.rules.lot import LotState, minimum_minor
from auction_engine.rules.params import Extension, LotParams

AT_ONCE = 20
A_DAY = 10
LASTS_MS, FALLS_AFTER_MS, STEP_MS = 180_000, 15_000, 8_000
_EXTENSION = Extension(trigger_ms=30_000, by_ms=30_000, max_count=2)
_ROBOTS = 3
# How far robots go, in steps above the start; a person with patience wins.
_MOST_STEPS = (4, 9)
# "auction" in a telephone's letters and this part's own number.
_LOCK = 28_284_660_011
# Who comes in, one at a time: the other lock is held for as long as somebody plays the robots.
_DOOR_LOCK = 28_284_660_012
_LOOK_S = 1.0
_PACE = 0.18
_HOUSE = {
    "vi": "Phòng tập (không có tổ chức đấu giá thật)",
    "en": "Practice (no real auction house)",
}
_AGENCY = {"vi": "Phòng tập (không có cơ quan thật)", "en": "Practice (no real agency)"}
_TITLE = {"vi": "Phòng tập, tiền chơi", "en": "Practice room, play money"}
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError,
    RedisError, AuctionError, CommandRefused,
)  # fmt: skip
_log = structlog.get_logger(__name__)


async def current(engine: AsyncEngine, account: int) -> int | None:
    """The practice lot that somebody is in, if it is not over."""
    query = select(Practice.lot_id).where(Practice.account_id == account, ~Practice.over)
    async with engine.connect() as connection:
        found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else int(found)


async def whose(engine: AsyncEngine, lot: int) -> int | None:
    """Whose practice lot it is, over or not; None where it is none."""
    query = select(Practice.account_id).where(Practice.lot_id == lot)
    async with engine.connect() as connection:
        found = (await connection.execute(query)).scalar_one_or_none()
        return None if found is None else int(found)


async def begin(
    engine: AsyncEngine, log: LogClient, account: int, like: dict[str, Any], params: LotParams,
    now_ms: int,
) -> int:  # fmt: skip
    """A new practice lot for `account`, like a real one; what it was in before is over.

    `like` is the real lot's content, `params` its rules, `now_ms` the log's time. Returns the lot.
    Raises AdmissionError PRACTICE_FULL, PRACTICE_OFTEN; LogUnanswered.
    """
    robots = await _robots(engine)
    await _make_room(engine, account)
    session = await listing.create_session(engine, _TITLE, _HOUSE, _AGENCY, practice=True)
    ((lot, shard),) = await listing.create_lots(engine, session, [_content(like)], log.shards)
    try:
        async with transaction(engine) as connection:
            await connection.execute(insert(Practice).values(lot_id=lot, account_id=account))
    except IntegrityError:
        # The same person has pressed twice: the first is the one.
        found = await current(engine, account)
        if found is None:
            raise
        return found
    await listing.put_up(log, shard, lot, rules_of(params, now_ms))
    for bidder in (account, *robots):
        await listing.admit(log, shard, lot, bidder, robot=bidder in robots)
    return lot


async def _make_room(engine: AsyncEngine, account: int) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _DOOR_LOCK})
        own = update(Practice).where(Practice.account_id == account, ~Practice.over)
        await connection.execute(own.values(over=True))
        rows = await connection.execute(
            text(
                "SELECT count(*) FILTER (WHERE NOT over),"
                " count(*) FILTER (WHERE account_id = :account) FROM practice"
                " WHERE NOT over OR begun_at > now() - interval '1 day'"
            ),
            {"account": account},
        )
        running, often = rows.one()
    if often >= A_DAY:
        raise AdmissionError("PRACTICE_OFTEN", f"There are {A_DAY} practice rounds a day.")
    if running >= AT_ONCE:
        raise AdmissionError("PRACTICE_FULL", "All practice rooms are taken; try again shortly.")


async def _robots(engine: AsyncEngine) -> list[int]:
    found = []
    for number in range(1, _ROBOTS + 1):
        login = f"practice.robot.{number}"
        known = await accounts.find_by_login(engine, login)
        if known is None:
            try:
                made = await accounts.create(engine, login, f"Robot {number}", "bidder", robot=True)
            except (IntegrityError, AuctionError):  # somebody else has just made it
                known = await accounts.find_by_login(engine, login)
                assert known is not None
                made = known[0]
        else:
            made = known[0]
        found.append(made.id)
    return found


def _content(like: dict[str, Any]) -> dict[str, Any]:
    """The real lot's description, marked wherever somebody could take it for real."""
    names = ("kind", "image", "facts", "deposit_minor")
    kept: dict[str, Any] = {name: like[name] for name in names if name in like}
    title = like["title"]
    note = {
        "label": {"vi": "Phòng tập", "en": "Practice"},
        "value": {
            "vi": "Tiền chơi. Rô-bốt cùng trả giá. Không ai mua hay bán gì ở đây.",
            "en": "Play money. Robots bid too. Nothing is bought or sold here.",
        },
    }
    return {
        **kept,
        **({"like": like["id"]} if "id" in like else {}),
        "practice": True,
        "title": {"vi": f"Tập trả giá: {title['vi']}", "en": f"Practice: {title['en']}"},
        "place": {"vi": "Phòng tập", "en": "Practice room"},
        "summary": note["value"],
        "disclosure": [note],
        "documents": [],
    }


def rules_of(params: LotParams, now_ms: int) -> LotParams:
    """The method, price and steps of a real lot in a few minutes, without anything at stake."""
    plain: dict[str, Any] = {
        "terms": None, "pack": None, "pack_hash": None, "phases": (), "reserve": None,
        "sealed": None, "draws": None, "lot": None, "closed_by": "CLOCK",
    }  # fmt: skip
    if params.method == "DESCENDING" and params.descent is not None:
        descent = replace(params.descent, interval_ms=STEP_MS, draw_same_step=False)
        start_ms = now_ms + FALLS_AFTER_MS
        return replace(
            params, **plain, descent=descent, start_ms=start_ms, end_ms=None, extension=None
        )
    return replace(
        params, **plain, descent=None, method="ASCENDING", start_ms=now_ms,
        end_ms=now_ms + LASTS_MS, extension=_EXTENSION,
    )  # fmt: skip


class PracticeRooms:
    """Robots in the practice lots of this installation; one process at a time plays them."""

    def __init__(self, database_url: str, log: LogClient, now_ms: Any) -> None:
        self._url = database_url
        self._log = log
        self._now_ms = now_ms
        self._lots = Lots()
        self._rng = random.Random()  # noqa: S311 (theatre, nothing secret)

    async def run(self) -> None:
        """Play until cancelled. Servers away are waited for."""
        while True:
            try:
                async with exclusive.connected(self._url) as connection:
                    async with exclusive.alone(connection, _LOCK, _LOOK_S):
                        while True:
                            await self.look(connection)
                            await asyncio.sleep(_LOOK_S)
            except exclusive.Busy:
                pass  # another gateway plays
            except _PASSING as error:
                _log.warning("practice_waits", error=type(error).__name__, text=str(error))
            await asyncio.sleep(_LOOK_S)

    async def look(self, connection: Any) -> None:
        """One look at each practice lot that is not over."""
        # What was begun and never put up, by a process that died, would count for ever.
        await connection.execute(
            "UPDATE practice p SET over = true WHERE NOT over AND (EXISTS (SELECT FROM lot_head h"
            " WHERE h.lot_id = p.lot_id AND h.phase = 'closed') OR (begun_at < now() -"
            " interval '2 minutes' AND NOT EXISTS (SELECT FROM lot_head h"
            " WHERE h.lot_id = p.lot_id)))"
        )
        rows = await connection.fetch(
            "SELECT p.lot_id, h.shard FROM practice p JOIN lot_head h ON h.lot_id = p.lot_id"
            " WHERE NOT p.over"
        )
        states = await self._lots.read(connection, [row["lot_id"] for row in rows])
        for lot, shard in rows:
            if lot in states and shard < self._log.shards:
                self._play(shard, lot, states[lot].state)

    def _play(self, shard: int, lot: int, state: LotState) -> None:
        robots = [a for a, bidder in state.admitted.items() if bidder.robot and a != state.leader]
        if state.status != "RUNNING" or not robots or self._rng.random() > _PACE:
            return
        robot = self._rng.choice(robots)
        if state.params.method == "DESCENDING":
            amount = falling_bid(state, lot, self._now_ms())
            how = None if amount is None else {"step": amount[1]}
            price = None if amount is None else amount[0]
        else:
            price, how = rising_bid(state, lot), None
        if price is not None:
            self._log.bid(shard, lot, robot, str(uuid.uuid4()), price, _nobody, how)


def rising_bid(state: LotState, lot: int) -> int | None:
    """What a robot bids next, None when it has had enough: the same for the same lot."""
    params = state.params
    minimum = minimum_minor(state)
    steps = random.Random(f"practice {lot}").randint(*_MOST_STEPS)  # noqa: S311
    most = params.starting_price_minor + steps * params.increment_minor
    return minimum if minimum is not None and minimum <= most else None


def falling_bid(state: LotState, lot: int, now_ms: int) -> tuple[int, int] | None:
    """Price and step at which a robot accepts, None while it waits for less."""
    if state.life.falling is None:
        return None
    prices = descending.ladder(state.params)
    wanted = max(1, len(prices) * random.Random(f"practice {lot}").randint(40, 80) // 100)  # noqa: S311
    step = descending.step_at(state, now_ms)
    if not wanted <= step < len(prices):
        return None
    return prices[step], step


def _nobody(entry: dict[str, Any] | None, error: str | None, repeat: bool) -> None:
    """A robot does not mind what came of it: it looks again."""
