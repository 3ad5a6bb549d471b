"""One message on its way to one browser."""

import asyncio
from typing import Any, Literal

import httpx
import structlog

from auction_engine.desk.alerts import keys
from auction_engine.desk.alerts.keys import Vapid
from auction_engine.desk.alerts.services import Services
from auction_engine.desk.alerts.subscriptions import Subscription

Outcome = Literal["sent", "gone", "refused", "later"]
_TIMEOUT_S = 8.0
# How long a push service keeps a message for a browser that is away: after that it is no news.
TTL_S = 120
_GONE = frozenset({404, 410})
_LATER = frozenset({429, 500, 502, 503, 504})
_log = structlog.get_logger(__name__)


def make_client() -> httpx.AsyncClient:
    """A client that goes where it is told and nowhere else: no proxies, no redirects."""
    return httpx.AsyncClient(
        timeout=_TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=8),
    )


async def send(
    client: httpx.AsyncClient,
    services: Services,
    vapid: Vapid,
    to: Subscription,
    message: dict[str, Any],
    topic: str,
) -> Outcome:
    """Send `message`; of several with one `topic` a browser that was away gets the last.

    "gone": the subscription is worthless; "refused": this message is; "later": the service is away.
    """
    origin = services.origin_of(to.target.endpoint)
    if origin is None:
        return "gone"  # the list of the settings has become shorter
    # Sealing takes a millisecond of arithmetic, which the loop of the bids need not lose.
    body = await asyncio.to_thread(keys.sealed, message, to.target)
    headers = {
        "Authorization": vapid.header(origin),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(TTL_S),
        "Urgency": "high",
        "Topic": topic,
    }
    try:
        async with client.stream("POST", to.target.endpoint, content=body, headers=headers) as got:
            status = got.status_code  # whatever it says beside this is not read
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Not the error's text: it may contain the address.
        _log.warning("push_service_away", origin=origin, error=type(error).__name__)
        return "later"
    if status in _GONE:
        return "gone"
    if 200 <= status < 300:
        return "sent"
    _log.warning("push_refused", origin=origin, status=status)
    return "later" if status in _LATER else "refused"
