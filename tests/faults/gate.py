"""A gateway process: the real live room behind uvicorn, on a port of its own, without the pages."""

from __future__ import annotations

import contextlib
import signal
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from auction_engine import settings as settings_module
from auction_engine.bidding.connections import make_redis
from auction_engine.live.gateway import running


async def _hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("here")


async def main(port: int) -> None:
    settings = settings_module.load()
    redis = make_redis(settings.redis_url or "", connections=64)
    async with running(settings, redis) as gateway:
        config = uvicorn.Config(
            Starlette(routes=[Route("/", _hello)]),
            host="127.0.0.1",
            port=port,
            http="httptools",
            loop="none",
            lifespan="off",
            ws=gateway.new_connection,  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        with contextlib.suppress(KeyboardInterrupt):
            await uvicorn.Server(config).serve()
    await redis.aclose()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    uvloop.run(main(int(sys.argv[1])))
