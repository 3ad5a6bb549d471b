"""A desk with real servers, a session, and the people it needs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from bidding.harness import bid, journal, now_ms, params, query, until

from auction_engine.bidding.client import LogClient
from auction_engine.desk import listing
from auction_engine.desk.conducting import Desk
from auction_engine.identity import accounts, bodies
from auction_engine.ledger.database import make_engine
from auction_engine.rules.commands import Act
from auction_engine.rules.session_plan import Case, Place, Session
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

BOTH = {"vi": "x", "en": "x"}
TERMS = Terms(deposit_minor=500, offer_ms=60_000)
# A session quick enough to be watched: times are known a third of a second ahead.
QUICKLY: dict[str, Any] = {"gap_ms": 100, "lead_ms": 1_000, "notice_ms": 600, "round_ms": 1}


@dataclass
class Bureau:
    """One session. `chief` plans it and conducts it, `second` is another auctioneer."""

    settings: Settings
    desk: Desk
    session: int = 0
    lots: list[int] = field(default_factory=list)
    chief: int = 0
    second: int = 0
    bidders: tuple[int, int] = (0, 0)

    @property
    def log(self) -> LogClient:
        return self.desk.log

    @property
    def url(self) -> str:
        return self.settings.database_url or ""

    async def people(self) -> None:
        house = await bodies.add(self.desk.engine, "ORGANISATION", BOTH)
        made = [
            (
                await accounts.create(
                    self.desk.engine,
                    login,
                    login,
                    role,
                    body=house if role == "organisation" else None,
                )
            ).id
            for login, role in (
                ("chief", "organisation"),
                ("second", "organisation"),
                ("an", "bidder"),
                ("binh", "bidder"),
            )
        ]
        self.chief, self.second = made[:2]
        self.bidders = (made[2], made[3])

    async def describe(self, count: int) -> list[int]:
        """A new session of lots that are not listed yet."""
        self.session = await listing.create_session(self.desk.engine, BOTH, BOTH, BOTH)
        shards = self.settings.shards
        made = await listing.create_lots(self.desk.engine, self.session, [{}] * count, shards)
        self.lots = [lot for lot, _ in made]
        return self.lots

    async def put_up(self, *windows: tuple[int, int], **changes: Any) -> list[int]:
        """A new session of lots open from and to so many ms from now, bidders admitted."""
        await self.describe(len(windows))
        begin = now_ms()
        for lot, (opens, ends) in zip(self.lots, windows, strict=True):
            await self.put_up_one(lot, begin + opens, begin + ends, **changes)
        return self.lots

    async def put_up_one(self, lot: int, start_ms: int, end_ms: int, **changes: Any) -> None:
        values = {"terms": TERMS, "extension": None, "start_ms": start_ms, "end_ms": end_ms}
        await listing.put_up(self.log, 0, lot, params(**(values | changes)))
        for bidder in self.bidders:
            await listing.admit(self.log, 0, lot, bidder)

    def plan(self, order: str, *places: Any, **changes: Any) -> Session:
        """Places: lot numbers, or (lot, value, case); cases: (name, claim, costs)."""
        made = tuple(Place(p) if isinstance(p, int) else Place(p[0], p[1], p[2]) for p in places)
        cases = tuple(Case(*case) for case in changes.pop("cases", ()))
        return Session(order, made, cases, **(QUICKLY | changes))  # type: ignore[arg-type]

    async def act(self, lot: int, name: str, role: Any = "AUCTIONEER", **data: Any) -> None:
        await self.log.act(0, lot, Act(name, role, self.chief, "because", data))

    async def sell(self, lot: int, amount: int) -> None:
        """Both bid, the lot ends by its clock, its winner is announced."""
        await self.reaches(lot, "RUNNING")
        for bidder, price in zip(self.bidders, (amount - 100, amount), strict=True):
            entry, error, _ = await bid(self.log, bidder, price, lot=lot)
            assert entry is not None, error
            assert entry["kind"] == "bid.accepted", entry
        await self.reaches(lot, "LEADER_DETERMINED")
        await self.act(lot, "announce")

    async def status(self, lot: int) -> str:
        rows = await query(self.url, "SELECT status FROM lot_head WHERE lot_id = $1", lot)
        return str(rows[0][0])

    async def statuses(self) -> list[str]:
        return [await self.status(lot) for lot in self.lots]

    async def reaches(self, lot: int, status: str) -> None:
        async def there() -> bool:
            return await self.status(lot) == status

        await until(there)

    async def kinds(self, lot: int) -> list[str]:
        """What people did with the lot, in order."""
        entries = await journal(self.url, lot)
        return [e["kind"] for e in entries if e.get("data", {}).get("by") is not None]

    async def entries(self) -> list[tuple[str, int, str | None]]:
        """What was asked of the session: kind, account, reason."""
        sql = "SELECT kind, account_id, reason FROM session_entry WHERE session_id = $1 ORDER BY n"
        return [tuple(row) for row in await query(self.url, sql, self.session)]


@contextlib.asynccontextmanager
async def bureau_of(settings: Settings, client: LogClient) -> AsyncIterator[Bureau]:
    engine = make_engine(settings.database_url or "", pool_size=5)
    try:
        bureau = Bureau(settings, Desk(settings.database_url or "", engine, client))
        await bureau.people()
        yield bureau
    finally:
        await engine.dispose()


class Dies:
    """A log's client in a process that dies: the `after`th act is its last.

    `sent` says whether that one still reached the log, unheard.
    """

    def __init__(self, log: LogClient, after: int, sent: bool) -> None:
        self._log = log
        self._left = after
        self._sent = sent

    async def act(self, shard: int, lot: int, act: Act) -> None:
        self._left -= 1
        if self._left < 0:
            raise Died
        if self._left == 0:
            if self._sent:
                asyncio.get_running_loop().create_task(self._log.act(shard, lot, act))
            raise Died
        await self._log.act(shard, lot, act)

    async def probe(self, shard: int) -> float:
        return await self._log.probe(shard)


class Died(BaseException):
    """The process is gone."""


def dying(desk: Desk, after: int, sent: bool) -> Desk:
    return replace(desk, log=Dies(desk.log, after, sent))  # type: ignore[arg-type]
