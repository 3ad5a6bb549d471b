"""Bids over HTTP: the same log, the same answers as over the live connection."""

import asyncio
from typing import Any

from starlette.responses import Response

from auction_engine import metrics
from auction_engine.http.pages import draw_room, is_public, public_lot
from auction_engine.http.presenting import AmountError, parse_amount
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.live.messages import (
    MessageError,
    check_bid_id,
    error,
    how_of,
    not_recorded,
    outcome,
)
from auction_engine.live.views import LotView
from auction_engine.rules.money import AmountError as NotMoney
from auction_engine.rules.money import check_amount_minor
from auction_engine.rules.params import LotParams

_ANSWER_S = 10
_STEP_DIGITS = 9
_RETRY_S = 1
_UNANSWERED = (
    "The record has not answered in time; the bid may or may not be recorded. Send it again with "
    "the same bid_id: it counts once and gets its one answer."
)


async def _bid(
    web: Web,
    view: LotView,
    bidder: int,
    bid_id: str,
    amount_minor: int,
    how: dict[str, Any] | None = None,
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

    web.gateway.log.bid(view.shard, view.lot, bidder, bid_id, amount_minor, sink, how)
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
        how = how_of(ask.body)
    except (NotMoney, MessageError) as wrong:
        return json_answer(error(wrong.code, str(wrong), bid_id), 400)
    found = await web.view(ask.request.path_params["lot"])
    if found is None or not is_public(found[1]):
        return json_answer(not_recorded(0, bid_id, "UNKNOWN_LOT"), 404)
    await web.no_strangers(ask, found[0])
    status, message = await _bid(web, found[1], ask.viewer.account, bid_id, amount_minor, how)
    return json_answer(message, status, _retry(status))


async def form_bid(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/bids: the form of a browser without JavaScript."""
    assert ask.viewer is not None
    lot, view = await public_lot(web, ask)
    body, bid_id = ask.body, ask.body.get("bid_id", "")
    # A button that names an amount wins over what stands in the field.
    typed = body.get("choose") or body.get("amount", "")
    how: dict[str, Any] = {}
    try:
        check_bid_id(bid_id)
        how = _how_in_form(body)
        # What the page itself wrote into a form is in minor units; what people type is not.
        ours = "step" in how or "choose" in body
        amount_minor = parse_amount(typed, 0 if ours else lot["minor_digits"])
    except (MessageError, AmountError) as wrong:
        told = error(wrong.code, str(wrong))
        return draw_room(web, ask, lot, view, told, 400, typed=typed, how=how)
    if body.get("confirmed") == str(amount_minor):
        how["confirmed"] = True
    status, message = await _bid(web, view, ask.viewer.account, bid_id, amount_minor, how or None)
    # Only what was not answered is sent again under its own id; everything else is a new bid.
    again = bid_id if status == 503 else None
    told = _with_remedies(message, view, amount_minor)
    kept = status == 503 or told.get("unusual") is not None
    return draw_room(
        web,
        ask,
        lot,
        view,
        told,
        status,
        again,
        typed=typed if kept else "",
        how=how if kept else None,
        headers=_retry(status),
    )


def _how_in_form(body: dict[str, Any]) -> dict[str, Any]:
    """What the form says beside the amount. Raises MessageError."""
    how: dict[str, Any] = {}
    if (step := body.get("step")) is not None:
        if not (step.isascii() and step.isdecimal() and len(step) <= _STEP_DIGITS):
            raise MessageError("BAD_MESSAGE", "`step` must be a whole number.")
        how["step"] = int(step)
    if body.get("automatic") == "1":
        how["automatic"] = True
    return how


def _with_remedies(message: dict[str, Any], view: LotView, amount_minor: int) -> dict[str, Any]:
    """The outcome with the amounts to choose from, or with what makes the amount unusual."""
    state, reason = view.state, message.get("reason")
    assert state is not None
    if reason == "NOT_ON_STEP":
        near = nearest(state.params, state.price_minor, message["minimum_minor"] or 0, amount_minor)
        return {**message, "nearest": near}
    if reason == "CONFIRMATION_NEEDED":
        base_minor = state.price_minor or state.params.starting_price_minor
        ratio = f"{amount_minor / base_minor:.1f}".removesuffix(".0")
        return {**message, "unusual": ratio, "base_minor": base_minor}
    return message


def nearest(
    params: LotParams, price_minor: int | None, minimum_minor: int, amount_minor: int
) -> list[int]:
    """The valid amounts nearest to one that lies between two steps, lower first."""
    step = params.increment_minor
    base = params.starting_price_minor
    if params.increment_rule == "FROM_CURRENT_MULTIPLE" and price_minor is not None:
        base = price_minor
    lower = base + (amount_minor - base) // step * step
    return [near for near in (lower, lower + step) if near >= minimum_minor]
