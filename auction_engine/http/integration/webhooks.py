"""/desk/webhooks and /agency/webhooks, and the same as API: where a body has its events sent."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.integration import events, webhooks
from auction_engine.desk.integration.targets import BadTarget, Targets
from auction_engine.desk.integration.webhooks import Delivery, WebhookError
from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer

T = TypeVar("T")
_DONE = frozenset({"ACTIVE", "PAUSED", "REMOVED", "replayed", "tried"})
_STATES = frozenset({"ACTIVE", "PAUSED", "REMOVED"})
_MOST_MS = 2**53
_DAY_MS = 86_400_000
_FIELDS, _MAX_BYTES = 120, 16 * 1024


async def form(request: Request) -> dict[str, Any]:
    """The form of a new webhook: one field for each type."""
    return await bodies.form(request, _MAX_BYTES, _FIELDS)


async def _over(web: Web, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` gives over a connection of its own. Raises Unavailable."""

    async def run() -> T:
        async with web.apart() as connection:
            return await work(connection)

    return await web.storage.ledger(run())


def base(ask: Ask) -> str:
    """The pages of the viewer's house."""
    assert ask.viewer is not None
    return "/desk/webhooks" if ask.viewer.role == "organisation" else "/agency/webhooks"


def _number(ask: Ask) -> int:
    return int(ask.request.path_params["webhook"])


def _ms(moment: Any) -> Any:
    return None if moment is None else int(moment.timestamp() * 1000)


def said(row: dict[str, Any]) -> dict[str, Any]:
    """A webhook as the API tells of it."""
    times = {
        "created_ms": _ms(row["created_at"]),
        "failing_since_ms": _ms(row["failing_since"]),
    }
    return {k: v for k, v in row.items() if k not in ("created_at", "failing_since")} | times


def said_delivery(one: Delivery) -> dict[str, Any]:
    """A delivery as the API tells of it."""
    plain = one._asdict()
    times = {name: _ms(plain.pop(f"{name}_at")) for name in ("created", "next", "done")}
    return plain | {f"{name}_ms": value for name, value in times.items()}


async def _all(web: Web, ask: Ask) -> list[dict[str, Any]]:
    assert ask.viewer is not None
    body = ask.viewer.body
    if body is None:
        return []
    return [said(row) for row in await _over(web, lambda one: webhooks.of_body(one, body))]


# --- pages --------------------------------------------------------------------------------------


async def page(web: Web, ask: Ask) -> Response:
    """GET .../webhooks."""
    return await _page(web, ask)


async def _page(web: Web, ask: Ask, failed: str | None = None, status: int = 200) -> Response:
    done = ask.request.query_params.get("done")
    return web.page(
        ask,
        "integration/webhooks.html",
        status,
        path=base(ask),
        hooks=await _all(web, ask),
        types=events.TYPES,
        failed=failed,
        given=ask.body,
        done=done if done in _DONE else None,
        name_max=webhooks.NAME_MAX,
        most=webhooks.MOST,
    )


async def make_by_form(web: Web, ask: Ask) -> Response:
    """POST .../webhooks: a new one; its secret is shown this once."""
    types = [name.removeprefix("type.") for name in ask.body if name.startswith("type.")]
    try:
        number, secret = await _make(web, ask, ask.body.get("name"), ask.body.get("url"), types)
    except (WebhookError, BadTarget) as wrong:
        return await _page(web, ask, failed=wrong.code, status=400)
    return await _one(web, ask, number, secret)


async def show(web: Web, ask: Ask) -> Response:
    """GET .../webhooks/{webhook}: one, and what became of its deliveries."""
    return await _one(web, ask, _number(ask))


async def _one(
    web: Web,
    ask: Ask,
    number: int,
    secret: str | None = None,
    failed: str | None = None,
    status: int = 200,
) -> Response:
    found = [row for row in await _all(web, ask) if row["id"] == number]
    if not found:
        raise Problem(404, "NOT_FOUND")
    sent = await _over(web, lambda one: webhooks.deliveries(one, number))
    done = ask.request.query_params.get("done")
    return web.page(
        ask,
        "integration/webhook.html",
        status,
        path=f"{base(ask)}/{number}",
        headers={"Cache-Control": "no-store"} if secret else None,
        base=base(ask),
        hook=found[0],
        secret=secret,
        deliveries=[said_delivery(one) for one in sent],
        failed=failed,
        done=done if done in _DONE else None,
    )


async def rotate_by_form(web: Web, ask: Ask) -> Response:
    """POST .../webhooks/{webhook}/secret: a new secret, shown this once."""
    number = _number(ask)
    secret = await _over(web, lambda one: webhooks.rotate(one, web.vault, number))
    return await _one(web, ask, number, secret)


async def state_by_form(web: Web, ask: Ask) -> Response:
    """POST .../webhooks/{webhook}/state."""
    state = await _set_state(web, ask)
    where = base(ask) if state == "REMOVED" else f"{base(ask)}/{_number(ask)}"
    return RedirectResponse(f"{where}?done={state}", 303)


async def replay_by_form(web: Web, ask: Ask) -> Response:
    """POST .../webhooks/{webhook}/replay: everything of the last so many days again."""
    days = ask.body.get("days", "")
    if not (days.isascii() and days.isdecimal() and 1 <= len(days) <= 2):
        raise Problem(400, "BAD_MESSAGE")
    number, from_ms = _number(ask), web.now_ms() - int(days) * _DAY_MS
    await _over(web, lambda one: webhooks.replay(one, number, from_ms))
    return RedirectResponse(f"{base(ask)}/{number}?done=replayed", 303)


async def try_by_form(web: Web, ask: Ask) -> Response:
    """POST .../webhooks/{webhook}/test: one message that says nothing."""
    number, now_ms = _number(ask), web.now_ms()
    await _over(web, lambda one: webhooks.trial(one, number, now_ms))
    return RedirectResponse(f"{base(ask)}/{number}?done=tried", 303)


# --- what both do -------------------------------------------------------------------------------


async def _make(web: Web, ask: Ask, name: Any, url: Any, types: Any) -> tuple[int, str]:
    assert ask.viewer is not None
    viewer = ask.viewer
    if viewer.body is None:
        raise Problem(409, "NO_HOUSE", "You work for no house yourself.")
    body = viewer.body
    targets = Targets(web.settings.webhook_networks)
    wish = webhooks.read(targets, name, url, types)
    try:
        # Better told now than by a letter in five days; a name that is not known yet may come.
        await targets.route(targets.read(url))
    except (OSError, TimeoutError):
        pass
    return await _over(web, lambda one: webhooks.make(one, web.vault, body, viewer.account, wish))


async def _set_state(web: Web, ask: Ask) -> str:
    state = ask.body.get("state")
    if not isinstance(state, str) or state not in _STATES:
        raise Problem(400, "BAD_MESSAGE", "`state` is ACTIVE, PAUSED or REMOVED.")
    number = _number(ask)
    if not await _over(web, lambda one: webhooks.set_state(one, number, state)):
        raise Problem(404, "NOT_FOUND")
    return state


# --- API ----------------------------------------------------------------------------------------


async def api_list(web: Web, ask: Ask) -> Response:
    """GET /api/webhooks."""
    return json_answer({"webhooks": await _all(web, ask), "types": list(events.TYPES)})


async def api_make(web: Web, ask: Ask) -> Response:
    """POST /api/webhooks."""
    try:
        number, secret = await _make(web, ask, ask.body["name"], ask.body["url"], ask.body["types"])
    except (WebhookError, BadTarget) as wrong:
        raise Problem(409 if wrong.code == "TOO_MANY" else 400, wrong.code, str(wrong)) from None
    return json_answer({"id": number, "secret": secret}, 201, {"Cache-Control": "no-store"})


async def api_rotate(web: Web, ask: Ask) -> Response:
    """POST /api/webhooks/{webhook}/secret."""
    number = _number(ask)
    secret = await _over(web, lambda one: webhooks.rotate(one, web.vault, number))
    return json_answer({"secret": secret}, headers={"Cache-Control": "no-store"})


async def api_state(web: Web, ask: Ask) -> Response:
    """POST /api/webhooks/{webhook}/state."""
    return json_answer({"state": await _set_state(web, ask)})


async def api_replay(web: Web, ask: Ask) -> Response:
    """POST /api/webhooks/{webhook}/replay."""
    from_ms, number = ask.body["from_ms"], _number(ask)
    if type(from_ms) is not int or not 0 <= from_ms < _MOST_MS:
        raise Problem(400, "BAD_MESSAGE", "`from_ms` is a moment in UTC milliseconds.")
    queued = await _over(web, lambda one: webhooks.replay(one, number, from_ms))
    return json_answer({"queued": queued})


async def api_test(web: Web, ask: Ask) -> Response:
    """POST /api/webhooks/{webhook}/test."""
    number, now_ms = _number(ask), web.now_ms()
    await _over(web, lambda one: webhooks.trial(one, number, now_ms))
    return json_answer({"queued": 1})


async def api_deliveries(web: Web, ask: Ask) -> Response:
    """GET /api/webhooks/{webhook}/deliveries."""
    number = _number(ask)
    found = await _over(web, lambda one: webhooks.deliveries(one, number))
    return json_answer({"deliveries": [said_delivery(one) for one in found]})
