"""The gateway process: pages, API and live connections on one port."""

import asyncio
import socket
from functools import partial
from typing import Protocol

import structlog
import uvicorn
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.tasks import end, lasting
from auction_engine.collector import tune_collector
from auction_engine.desk.admission.carrying import Carrier
from auction_engine.desk.admission.practice import PracticeRooms
from auction_engine.desk.admission.reminding import DossierReminder
from auction_engine.desk.cases.following import AssetFollower
from auction_engine.desk.complaints.holding import Holder
from auction_engine.desk.conducting import Desk
from auction_engine.desk.conductor import Conductor
from auction_engine.desk.integration.dispatching import Dispatcher
from auction_engine.desk.integration.feeding import Feeder
from auction_engine.desk.integration.importing import Importer
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.reminding import Reminder
from auction_engine.desk.oversight.reminding import FindingReminder
from auction_engine.desk.preparing.publishing import Publisher
from auction_engine.desk.statistics.keeping import FactsKeeper
from auction_engine.errors import AuctionError
from auction_engine.http.alerts import make_alerter
from auction_engine.http.app import make_app
from auction_engine.http.catalogue.minding import catalogue_tasks
from auction_engine.http.post_office import check_keys, make_post
from auction_engine.http.protocol import BoundedHttp, Doors
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import make_engine
from auction_engine.live.gateway import Gateway, running
from auction_engine.settings import Settings

_BACKLOG = 4096
_GRACE_S = 3
_log = structlog.get_logger(__name__)


class GatewayFailed(AuctionError):
    """A task without which the gateway is of no use has ended by an error."""


def run(settings: Settings, sock: socket.socket) -> None:
    """Serve on `sock` until SIGTERM or SIGINT."""
    tune_collector()
    uvloop.run(serve(settings, sock))


async def serve(settings: Settings, sock: socket.socket) -> None:
    """Serve on `sock` until signalled or cancelled."""
    # Each shard holds two, to append and to read; the rest are for tickets and sign-ins.
    redis = make_redis(settings.redis_url or "", connections=64 + 2 * settings.shards)
    engine = make_engine(settings.database_url or "")
    try:
        async with running(settings, redis) as gateway:
            server = _server(settings, gateway, make_app(settings, gateway, engine))
            await check_keys(settings)
            minding = [_mind(part) for part in _parts(settings, sock, engine, gateway)]
            serving = asyncio.create_task(server.serve([sock]), name="serve")
            await _until_ended(serving, minding, gateway)
    finally:
        await engine.dispose()
        await redis.aclose()


class _Part(Protocol):
    """What a gateway does beside its pages, for as long as it lives."""

    async def run(self) -> None: ...


def _parts(
    settings: Settings, sock: socket.socket, engine: AsyncEngine, gateway: Gateway
) -> list[_Part]:
    url, log = settings.database_url or "", gateway.log
    return [
        Conductor(Desk(url, engine, log)),
        Publisher(Desk(url, engine, log)),
        Keeper(url, log),
        Reminder(url),
        *make_post(settings, sock, engine),
        make_alerter(settings, gateway, engine),
        Carrier(url, log),
        DossierReminder(url),
        PracticeRooms(url, log, gateway.clock.now_ms),
        FactsKeeper(url),
        Holder(url, log),
        FindingReminder(url),
        AssetFollower(url),
        Feeder(url),
        Importer(url, Vault.of(settings)),
        Dispatcher(settings, Vault.of(settings)),
        *catalogue_tasks(settings, gateway),
    ]


def _mind(part: _Part) -> "asyncio.Task[None]":
    name = type(part).__name__
    return asyncio.create_task(lasting(part.run, name), name=name)


async def _until_ended(
    serving: "asyncio.Task[None]", minding: "list[asyncio.Task[None]]", gateway: Gateway
) -> None:
    """Serve until told to stop, or until a part of the gateway fails: a process that lives but
    answers nothing would be noticed by nobody. Raises GatewayFailed."""
    failing = asyncio.ensure_future(gateway.until_failed())
    parts = [serving, *minding, failing]
    try:
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        else:
            error = next(part for part in (failing, *minding) if part.done()).exception()
            _log.error("gateway_failed", exc_info=error)
            raise GatewayFailed(
                f"A part of the gateway has failed ({type(error).__name__}: {error}); it must be "
                "started again."
            )
    finally:
        await end(parts)


class _Server(uvicorn.Server):
    """Sends live clients away before waiting for plain requests to finish."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            # A cancelled server leaves its doors with the event loop, which would go on to take
            # the next file of the same number for them.
            for door in getattr(self, "servers", []):
                door.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._gateway.stop()
        await super().shutdown(sockets)


def _server(settings: Settings, gateway: Gateway, app: object) -> uvicorn.Server:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        # uvicorn builds whatever class this is for an upgrade: websockets' own connections then
        # live on the same port as the pages (see docs/decisions/0003-one-port.md).
        ws=gateway.new_connection,  # type: ignore[arg-type]
        http=partial(BoundedHttp, Doors(settings)),  # type: ignore[arg-type]
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # http/forwarded.py does this, and names no proxy by default
        backlog=_BACKLOG,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return _Server(config, gateway)
