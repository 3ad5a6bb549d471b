"""`auction-engine story` on a private instance of its own, gone afterwards."""

import sys

import uvloop
from rich.console import Console

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.ledger.database import make_engine
from auction_engine.ledger.verify import verify
from auction_engine.serving.private import Instance, private_instance, terminating_like_ctrl_c
from auction_engine.settings import Settings
from auction_engine.story.plot import BIDDERS
from auction_engine.story.printing import Paper
from auction_engine.story.telling import Story

_INTERRUPTED = 130
_WIDTH = 170


def run(settings: Settings) -> int:
    """Tell the story; the exit status is 0 if everything came out, verification included."""
    # Wide enough for two account names; a narrow terminal cuts, a file does not.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        with terminating_like_ctrl_c():
            with private_instance(settings, len(BIDDERS), 1) as instance:
                good = uvloop.run(_tell(instance, console))
    except KeyboardInterrupt:
        print("auction-engine: The story was stopped.", file=sys.stderr, flush=True)
        return _INTERRUPTED
    return 0 if good else 1


async def _tell(instance: Instance, console: Console) -> bool:
    settings = instance.settings
    url = settings.database_url or ""
    redis, engine = make_redis(settings.redis_url or ""), make_engine(url)
    log = LogClient(redis, url, settings.shards, settings.limits)
    await log.start()
    try:
        await Story(url, engine, log, Paper(console).tell).tell()
    finally:
        await log.stop()
        await engine.dispose()
        await redis.aclose()
    report = await verify(url)
    report.show(console)
    return report.clean
