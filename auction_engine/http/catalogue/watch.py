"""A lot for those who only look: one small answer a second, the same for everybody.

No connection stays open, no account is looked up, and a proxy or a browser may keep the answer: so
a thousand onlookers of a hot lot cost as much as a few, and nothing that bidders use.
"""

from typing import Any

import orjson
from starlette.responses import Response

from auction_engine.http.catalogue.parts import parts_of
from auction_engine.http.problems import Problem
from auction_engine.http.web import JSON, Ask, Web
from auction_engine.live.views import LotView
from auction_engine.rules.lot import BEFORE_OPENING

# As many bids as a screen shows; the whole record has its own address.
BIDS = 20
_KEPT = 1_000
_NOT_PUBLIC = BEFORE_OPENING[:2]


async def watch(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/watch.json: the lot as onlookers see it."""
    number = ask.request.path_params["lot"]
    view = web.gateway.views.get(number)
    if view is None and 0 < number < 2**53:
        view = await web.storage.ledger(web.gateway.views.find(number))
    if view is None or view.state is None or view.state.status in _NOT_PUBLIC:
        raise Problem(404, "UNKNOWN_LOT")
    if any(bidder.robot for bidder in view.state.admitted.values()):
        content = await web.storage.ledger(web.catalogue.lot(number))
        if content is not None and content.get("practice"):
            # What is said here is kept by anybody, and nobody watches a practice room.
            raise Problem(404, "UNKNOWN_LOT")
    tag = f'"{view.epoch}-{view.seq}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=1"}
    if tag in ask.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(_body(web, view), media_type=JSON, headers=headers)


def _body(web: Web, view: LotView) -> bytes:
    """The answer's bytes, made once for each change."""
    watched, at = parts_of(web).watched, (view.epoch, view.seq)
    kept = watched.get(view.lot)
    if kept is None or kept[0] != at:
        kept = watched[view.lot] = (at, orjson.dumps(_told(view)))
        if len(watched) > _KEPT:
            watched.pop(next(iter(watched)))
    return kept[1]


def _told(view: LotView) -> dict[str, Any]:
    told = view.snapshot(None)
    return {
        "lot": told["lot"],
        "epoch": told["epoch"],
        "seq": told["seq"],
        "state": told["state"],
        "bids": told["bids"][:BIDS],
        "turns": told["turns"],
    }
