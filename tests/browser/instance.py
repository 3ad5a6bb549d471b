"""A whole program in processes of its own, and lots and people made through its real doors."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import signal
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import plain
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.keys import shard_of
from auction_engine.desk import listing
from auction_engine.embedded import servers_for
from auction_engine.identity import accounts, bodies
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger import store
from auction_engine.ledger.database import make_engine
from auction_engine.rules.commands import Act
from auction_engine.rules.params import Extension, LotParams
from auction_engine.rules.parts import Descent
from auction_engine.rules.terms import Terms
from auction_engine.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long enough password"
START, STEP = 4_200_000_000, 50_000_000
# One bidder is enough, so that a test need not have two where one will do.
TERMS = Terms(min_participants=1, single_bidder="ALWAYS", deposit_minor=START // 10)
FIRST_ACCOUNT = 7_310_549
_START_S = 60.0
_ADDRESS = re.compile(r"http://\S+(?=/)")


def both(vi: str, en: str) -> dict[str, str]:
    return {"vi": vi, "en": en}


# Whose sessions `put_up` makes.
_HOUSE: dict[bodies.Kind, dict[str, str]] = {
    "ORGANISATION": both("Công ty Đấu giá", "Auction house"),
    "AGENCY": both("Cơ quan", "Agency"),
}


def description(number: int) -> dict[str, Any]:
    """What the page of a lot says besides its rules."""
    return {
        "title": both(f"Căn hộ số {number}, nhà B", f"Flat no. {number}, house B"),
        "place": both("Phường Năm", "Ward Five"),
        "summary": both("Hai phòng ngủ, một ban công.", "Two bedrooms, one balcony."),
        "image": "apartment",
        "deposit_minor": START // 10,
        "facts": [{"label": both("Diện tích", "Area"), "value": both("70 m²", "70 m²")}],
        "disclosure": [{"label": both("Người ở", "Occupied"), "value": both("Không", "No")}],
        "documents": [{"title": both("Thẩm định", "Valuation"), "note": both("2026", "2026")}],
    }


def environment(data_dir: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    return {
        **kept, f"{PREFIX}DATA_DIR": str(data_dir), f"{PREFIX}LOG_LEVEL": "warning",
        f"{PREFIX}PUSH_SERVICES": f"http://127.0.0.1:{PUSH_PORT}",
    }  # fmt: skip


@dataclass
class Instance:
    """The running program. `base` is its address without a slash at the end."""

    base: str
    settings: Settings
    engine: AsyncEngine
    log: LogClient
    password_hash: str
    logs: Path
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def put_up(self, count: int = 1, *, lasts_s: float = 600, **changes: Any) -> list[int]:
        """Lots of a new session, open from now on for `lasts_s` unless `changes` say otherwise."""
        session = await listing.create_session(
            self.engine, both("Phiên kiểm tra", "Test session"),
            _HOUSE["ORGANISATION"], _HOUSE["AGENCY"],
            demo=changes.pop("demo", False),
        )  # fmt: skip
        contents = [description(next(self._numbers)) for _ in range(count)]
        made = await listing.create_lots(self.engine, session, contents, self.settings.shards)
        now_ms = int(time.time() * 1000)
        values: dict[str, Any] = {
            "currency": "VND", "minor_digits": 0, "starting_price_minor": START,
            "increment_minor": STEP, "start_ms": now_ms - 1000,
            "end_ms": now_ms + int(lasts_s * 1000), "extension": Extension(1_000, 60_000, 3),
        }  # fmt: skip
        for lot, shard in made:
            await listing.put_up(self.log, shard, lot, LotParams(**(values | changes)))
        lots = [lot for lot, _ in made]
        for lot in lots:
            if values.get("start_ms", 0) < now_ms and "start_ms" not in changes:
                await self.until(lot, lambda state: state["phase"] == "open")
        return lots

    async def falls(
        self, interval_ms: int, *, steps: int = 10, begins_s: float = 1, **changes: Any
    ) -> int:
        """A lot whose price falls from START by STEP, every `interval_ms`, `steps` times."""
        values: dict[str, Any] = {
            "method": "DESCENDING", "end_ms": None, "extension": None, "terms": TERMS,
            "start_ms": int((time.time() + begins_s) * 1000),
            "descent": Descent(
                "LINEAR", interval_ms, floor_minor=START - steps * STEP, step_minor=STEP
            ),
        }  # fmt: skip
        (lot,) = await self.put_up(1, **(values | changes))
        if begins_s < 10:
            await self.until(lot, lambda state: state["phase"] == "open")
        return lot

    async def act(self, lot: int, name: str, role: Any, actor: int = 1, **data: Any) -> None:
        """What somebody does in the life of `lot`."""
        shard = shard_of(lot, self.settings.shards)
        await self.log.act(shard, lot, Act(name, role, actor, data.pop("reason", None), data))

    async def on_first_page(self, lot: int) -> None:
        """Until the session of `lot` is the one that pages begin with."""
        async with asyncio.timeout(10), plain.client(self.base) as client:
            while f'data-lot="{lot}"' not in (await client.get("/")).text:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def person(
        self,
        role: accounts.Role = "bidder",
        lots: list[int] | None = None,
        of: dict[str, str] | None = None,
    ) -> str:
        """The login of a new account, admitted to `lots`. Its password is PASSWORD.

        Staff belongs to the body called `of`, by default to the one whose sessions `put_up` makes.
        """
        login = f"{role}.{next(self._numbers)}"
        kind = bodies.KIND_OF.get(role)
        body = None if kind is None else await bodies.add(self.engine, kind, of or _HOUSE[kind])
        made = await accounts.create(
            self.engine, login, f"Người {login}", role, self.password_hash, body=body
        )
        for lot in lots or ():
            await listing.admit(self.log, shard_of(lot, self.settings.shards), lot, made.id)
        return login

    async def bid(
        self, login: str, lot: int, amount_minor: int, *, recorded: bool = True, **how: Any
    ) -> dict[str, Any]:
        """A bid of `login`, made over HTTP; accepted unless `recorded` says otherwise."""
        async with plain.client(self.base, timeout=10) as client:
            told = {"login": login, "password": PASSWORD}
            csrf = (await client.post("/api/login", json=told)).json()["csrf"]
            answer = await client.post(
                f"/api/lots/{lot}/bids", headers={"X-CSRF-Token": csrf},
                json={"bid_id": str(uuid.uuid4()), "amount_minor": amount_minor, **how},
            )  # fmt: skip
        assert (answer.json()["t"] == "recorded") is recorded, answer.text
        return dict(answer.json())

    async def account_id(self, login: str) -> int:
        found = await accounts.find_by_login(self.engine, login)
        assert found is not None
        return found[0].id

    async def state(self, lot: int) -> dict[str, Any]:
        async with plain.client(self.base, timeout=10) as client:
            answer = await client.get(f"/api/lots/{lot}")
            answer.raise_for_status()
            return dict(answer.json()["state"])

    async def bids(self, lot: int) -> list[dict[str, Any]]:
        """The accepted bids as the ledger has them, newest first."""
        async with plain.client(self.base, timeout=10) as client:
            answer = await client.get(f"/api/lots/{lot}/bids")
            answer.raise_for_status()
            return list(answer.json()["bids"])

    async def until(self, lot: int, true: Any, timeout_s: float = 15) -> dict[str, Any]:
        """The first public state of `lot` for which `true` holds."""
        async with asyncio.timeout(timeout_s):
            while not true(state := await self.state(lot)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            return state

    async def journal(self, lot: int) -> list[dict[str, Any]]:
        """Every entry of the lot's journal, oldest first."""
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            return [orjson.loads(row[2]) async for row in store.journal_of(connection, [lot], 0)]
        finally:
            await connection.close()

    @contextlib.asynccontextmanager
    async def second_gateway(self, port: int | None = None) -> AsyncIterator[Gateway]:
        """Another gateway of the same program on a port of its own, which may be killed."""
        gateway = Gateway(self, port or free_port())
        try:
            await gateway.start()
            yield gateway
        finally:
            await gateway.kill()


@dataclass
class Gateway:
    """One gateway process; `base` stays the same through restarts."""

    instance: Instance
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        settings = self.instance.settings
        with (self.instance.logs / "gateway").open("a") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "auction_engine.cli", "gateway", "--port", str(self.port),
                env=environment(settings.data_dir), stderr=log, stdout=log, cwd=ROOT,
            )  # fmt: skip
        async with asyncio.timeout(_START_S), plain.client(self.base) as client:
            while True:
                assert self.process.returncode is None, "the gateway has ended"
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get("/health/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


# Where the program may send notifications: a push service of a test's own (`pushing`).
PUSH_PORT = free_port()


@contextlib.asynccontextmanager
async def running(home: Path, port: int = 0, **more: str) -> AsyncIterator[Instance]:
    """`auction-engine serve` with all its children, with its data in `home`.

    `port` 0 is a free one; `more` are further settings, such as SMTP_URL.
    """
    data = home / "data"
    with (home / "serve").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "auction_engine.cli", "serve", "--port", str(port),
            env=environment(data) | {f"{PREFIX}{name}": text for name, text in more.items()},
            stdout=asyncio.subprocess.PIPE, stderr=log, cwd=ROOT,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(_START_S):
            line = (await process.stdout.readline()).decode()
        found = _ADDRESS.search(line)
        assert found, f"the program did not start: {(home / 'serve').read_text()[-2000:]}"
        with servers_for(Settings(data_dir=data, port=0)) as settings:
            async with _doors(found.group(), settings, home) as instance:
                yield instance
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@contextlib.asynccontextmanager
async def _doors(base: str, settings: Settings, home: Path) -> AsyncIterator[Instance]:
    engine = make_engine(settings.database_url or "", pool_size=2)
    redis = make_redis(settings.redis_url or "")
    log = LogClient(redis, settings.database_url or "", settings.shards, settings.limits)
    try:
        await log.start()
        hashed = await Passwords().hash(PASSWORD)
        # Numbers that stand out, so that a test can say where none of them may appear.
        connection = await asyncpg.connect(settings.database_url)
        await connection.execute(f"ALTER SEQUENCE account_id_seq RESTART WITH {FIRST_ACCOUNT}")
        await connection.close()
        yield Instance(base, settings, engine, log, hashed, home)
    finally:
        await log.stop()
        await redis.aclose()
        await engine.dispose()
