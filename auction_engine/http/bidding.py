"""Bids over HTTP: the same log, the same answers as over the live connection."""

import asyncio
from typing import Any

from starlette.responses import Response

from auction_engine import metrics
from auction_engine.http.pages import draw_room
from auction_engine.http.presenting import AmountError, parse_amount
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.live.messages import MessageError, check_bid_id, error, not_recorded, outcome
from auction_engine.live.views import LotView
from auction_engine.rules.money import AmountError as NotMoney
from auction_engine.rules.money import check_amount_minor

_ANSWER_S = 10
_RETRY_S = 1
_UNANSWERED = (
    "The record has not answered in time; the bid may or may not be recorded. Send it again with "
    "the same bid_id: it counts once and gets its one answer."
)


async def _bid(
    web: Web, view: LotView, bidder: int, bid_id: str, amount_minor: int
) -> tuple[int, dict[str, Any]]:
    """Send a bid and wait for its outcome: (HTTP status, message of the live protocol).

    Always answers. After ten seconds without an outcome the bid's fate is unknown, and the answer
    says so instead of claiming that nothing was recorded.
    """
    answered: asyncio.Future[tuple[int, dict[str, Any]]] = (
        asyncio.get_running_loop().create_future()
    )

    def sink(entry: dict[str, Any] | None, code: str | None, repeat: bool) -> None:
        if answered.done():
            return
        if entry is not None:
            answered.set_result((200, outcome(entry, repeat)))
            return
        metrics.BIDS.labels("busy" if code == "BUSY" else "error").inc()
        code = code or "UNKNOWN_LOT"
        status = {"BUSY": 503, "BID_ID_REUSED": 409}.get(code, 404)
        answered.set_result((status, not_recorded(view.lot, bid_id, code)))

    web.gateway.log.bid(view.shard, view.lot, bidder, bid_id, amount_minor, sink)
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await answered
    except TimeoutError:
        metrics.BIDS.labels("error").inc()
        return 503, error("UNANSWERED", _UNANSWERED, bid_id)


def _retry(status: int) -> dict[str, str]:
    return {"Retry-After": str(_RETRY_S)} if status == 503 else {}


async def api_bid(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/bids."""
    assert ask.viewer is not None
    bid_id = ask.body["bid_id"]
    try:
        check_bid_id(bid_id)
    except MessageError as wrong:
        return json_answer(error(wrong.code, str(wrong)), 400)
    try:
        amount_minor = check_amount_minor(ask.body["amount_minor"])
    except NotMoney as wrong:
        return json_answer(error(wrong.code, str(wrong), bid_id), 400)
    found = await web.view(ask.request.path_params["lot"])
    if found is None:
        return json_answer(not_recorded(0, bid_id, "UNKNOWN_LOT"), 404)
    status, message = await _bid(web, found[1], ask.viewer.account, bid_id, amount_minor)
    return json_answer(message, status, _retry(status))


async def form_bid(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/bids: the form of a browser without JavaScript."""
    assert ask.viewer is not None
    lot, view = await web.lot_or_404(ask)
    typed, bid_id = ask.body.get("amount", ""), ask.body.get("bid_id", "")
    try:
        check_bid_id(bid_id)
        amount_minor = parse_amount(typed, lot["minor_digits"])
    except (MessageError, AmountError) as wrong:
        told = error(wrong.code, str(wrong))
        return draw_room(web, ask, lot, view, told, 400, typed=typed)
    status, message = await _bid(web, view, ask.viewer.account, bid_id, amount_minor)
    # Only what was not answered is sent again under its own id; everything else is a new bid.
    again = bid_id if status == 503 else None
    return draw_room(
        web,
        ask,
        lot,
        view,
        message,
        status,
        again,
        typed=typed if status == 503 else "",
        headers=_retry(status),
    )
