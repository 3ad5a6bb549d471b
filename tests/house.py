"""A whole running program for a test: recorder, gateway, pages, and people to use them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import plain
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from auction_engine.bidding import recorder
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.keys import shard_of
from auction_engine.desk import listing
from auction_engine.http.serve import serve
from auction_engine.identity import accounts, bodies
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.database import make_engine
from auction_engine.ledger.schema import AuctionSession
from auction_engine.rules.params import Extension, LotParams
from auction_engine.settings import Settings

PASSWORD = "correct horse battery"
START, STEP = 4_200_000_000, 50_000_000
CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_kept_hash: list[str] = []


def text(words: str) -> dict[str, str]:
    return {"vi": f"{words} (vi)", "en": f"{words} (en)"}


def content(number: int) -> dict[str, Any]:
    return {
        "title": text(f"Apartment {number}"),
        "place": text("Ward 5"),
        "summary": text("Two rooms <b>and</b> a balcony"),
        "image": "seal",
        "deposit_minor": START // 10,
        "facts": [{"label": text("Area"), "value": text("70 m²")}],
        "disclosure": [{"label": text("Occupied"), "value": text("No")}],
        "documents": [{"title": text("Valuation"), "note": text("2026")}],
    }


@dataclass
class House:
    """One running program. `lots` are open, in order; bidders are admitted to all of them."""

    settings: Settings
    base: str
    engine: AsyncEngine
    log: LogClient
    password_hash: str
    lots: list[int] = field(default_factory=list)
    people: dict[str, accounts.Account] = field(default_factory=dict)
    recorder: asyncio.Task[None] | None = None
    hooks: list[Any] = field(default_factory=list)  # called with every answer a browser gets
    # What the house and its agency are called; staff belongs to them unless told otherwise.
    organisation: dict[str, str] = field(default_factory=lambda: text("Auctioneers"))
    agency: dict[str, str] = field(default_factory=lambda: text("Agency"))

    async def account(
        self, login: str, role: Any, admitted: bool = True, of: dict[str, str] | None = None
    ) -> accounts.Account:
        """A new account; staff of the body called `of`, by default the house's own."""
        made = await accounts.create(
            self.engine,
            login,
            login.title(),
            role,
            self.password_hash,
            body=await self.body(role, of),
        )
        self.people[login] = made
        if role == "bidder" and admitted:
            for lot in self.lots:
                await listing.admit(self.log, self.shard(lot), lot, made.id)
        return made

    async def body(self, role: Any, of: dict[str, str] | None = None) -> int | None:
        """The body that accounts with this role belong to; None for roles that belong to none."""
        kind = bodies.KIND_OF.get(role)
        if kind is None:
            return None
        usual = self.organisation if kind == "ORGANISATION" else self.agency
        return await bodies.add(self.engine, kind, of or usual)

    async def rename(self, organisation: dict[str, str], agency: dict[str, str]) -> None:
        """From now on the house and its agency are these two, with all the staff there is."""
        self.organisation, self.agency = organisation, agency
        for login, made in list(self.people.items()):
            body = await self.body(made.role)
            if body is not None:
                await bodies.join(self.engine, made.id, made.role, body)
                self.people[login] = dataclasses.replace(made, body=body)

    async def adopt(self) -> None:
        """The house and its agency are those of the newest session in the ledger."""
        async with self.engine.connect() as connection:
            query = select(AuctionSession.organisation, AuctionSession.agency)
            newest = query.order_by(AuctionSession.id.desc()).limit(1)
            await self.rename(*(await connection.execute(newest)).one())

    def shard(self, lot: int) -> int:
        return shard_of(lot, self.settings.shards)

    async def put_up(self, count: int = 1, **changes: Any) -> list[int]:
        """List lots in a new session; open for ten minutes unless `changes` say otherwise."""
        session = await listing.create_session(
            self.engine, text("Session"), self.organisation, self.agency, demo=True
        )
        made = await listing.create_lots(
            self.engine, session, [content(n) for n in range(1, count + 1)], self.settings.shards
        )
        now_ms = int(time.time() * 1000)
        values: dict[str, Any] = {
            "currency": "VND",
            "minor_digits": 0,
            "starting_price_minor": START,
            "increment_minor": STEP,
            "start_ms": now_ms - 1000,
            "end_ms": now_ms + 600_000,
            "extension": Extension(60_000, 60_000, 3),
        }
        for lot, shard in made:
            await listing.put_up(self.log, shard, lot, LotParams(**(values | changes)))
        self.lots = [lot for lot, _ in made]
        return self.lots

    def browser(self, **headers: str) -> httpx.AsyncClient:
        hooks: dict[str, list[Any]] = {"response": self.hooks}
        return plain.client(self.base, headers=headers, timeout=20, event_hooks=hooks)

    @contextlib.asynccontextmanager
    async def signed_in(self, login: str) -> AsyncIterator[httpx.AsyncClient]:
        """A program signed in over the API; it sends X-CSRF-Token by itself."""
        async with self.browser() as client:
            answer = await client.post("/api/login", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
            yield client

    @contextlib.asynccontextmanager
    async def live(self, ticket: str | None = None, **options: Any) -> AsyncIterator[Live]:
        """A live connection that has said hello."""
        address = self.base.replace("http", "ws", 1) + "/live"
        async with connect(address, subprotocols=[Subprotocol("auction.v1")], **options) as socket_:
            live = Live(socket_)
            await live.say(t="hello", **({} if ticket is None else {"ticket": ticket}))
            yield live

    async def is_open(self, lot: int) -> None:
        """Wait until the tick that opens `lot` is recorded."""
        async with self.browser() as client:
            for _ in range(200):
                answer = await client.get(f"/api/lots/{lot}")
                if answer.json()["state"]["phase"] == "open":
                    return
                await asyncio.sleep(0.02)
        raise AssertionError(f"lot {lot} did not open")


class Live:
    """One live connection, in the protocol's own words."""

    def __init__(self, socket_: ClientConnection) -> None:
        self.socket = socket_
        self.heard: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, kind: str, timeout_s: float = 10) -> dict[str, Any]:
        """The next message of this kind; others are kept in `heard`."""
        async with asyncio.timeout(timeout_s):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                self.heard.append(message)
                if message["t"] == kind:
                    return message


def new_id() -> str:
    return str(uuid.uuid4())


@contextlib.asynccontextmanager
async def running_house(settings: Settings, lots: int = 1) -> AsyncIterator[House]:
    """Start everything, put up `lots` lots, and end everything at the end of the block."""
    engine = make_engine(settings.database_url or "", pool_size=2)
    redis = make_redis(settings.redis_url or "")
    log = LogClient(redis, settings.database_url or "", settings.shards, settings.limits)
    listening = socket.create_server(("127.0.0.1", 0))
    recording = asyncio.create_task(recorder.own_shard(settings, 0))
    serving = asyncio.create_task(serve(settings, listening))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with asyncio.timeout(20):
            await log.start()
        house = House(settings, base, engine, log, await _hashed(), recorder=recording)
        if lots:
            await house.put_up(lots)
        await _answering(house, serving)
        for lot in house.lots:
            await house.is_open(lot)
        yield house
    finally:
        for task in (serving, recording):
            task.cancel()
        await asyncio.gather(serving, recording, return_exceptions=True)
        listening.close()
        await log.stop()
        await redis.aclose()
        await engine.dispose()


async def _hashed() -> str:
    """The hash of everybody's password, made once in a process of tests."""
    if not _kept_hash:
        _kept_hash.append(await Passwords().hash(PASSWORD))
    return _kept_hash[0]


async def _answering(house: House, serving: asyncio.Task[None]) -> None:
    async with house.browser() as client:
        for _ in range(400):
            if serving.done():
                serving.result()
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise AssertionError("the program did not become ready")
