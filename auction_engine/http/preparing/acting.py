"""What is done with a whole draft: undo, submit, give back, approve, publish, delete, keep."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.preparing import drafts, publishing, sources
from auction_engine.desk.preparing.choices import STEPS
from auction_engine.desk.preparing.drafts import Draft
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.errors import AuctionError
from auction_engine.http.preparing import checked, pages
from auction_engine.http.preparing.parts import (
    BASE,
    bench,
    desk_of,
    ledger,
    named,
    refused,
    version_of,
    who,
)
from auction_engine.http.web import Ask, Web
from auction_engine.rules.commands import CommandRefused

ACTS = ("undo", "submit", "back", "approve", "publish", "delete", "template")
_log = structlog.get_logger(__name__)
Doing = Callable[[Any, Draft, int, str], Awaitable[None]]


async def _submit(connection: Any, found: Draft, account: int, _: str) -> None:
    if found.state == "DRAFT":
        await publishing.checked(connection, found)
    await drafts.submit(connection, found, account)


async def _approve(connection: Any, found: Draft, account: int, _: str) -> None:
    if found.state == "SUBMITTED":
        await publishing.checked(connection, found)
    await drafts.approve(connection, found, account)


async def _delete(connection: Any, found: Draft, account: int, _: str) -> None:
    await drafts.delete(connection, found, account)


_DOING: dict[str, Doing] = {
    "submit": _submit,
    "back": drafts.back,
    "approve": _approve,
    "delete": _delete,
}


async def done(web: Web, ask: Ask, act: str, said: dict[str, Any]) -> None:
    """Carry out an act on the draft in the address. Raises PreparingError, Problem."""
    account, body = who(ask)
    draft, version = named(ask), version_of(said.get("version", ""))

    async def work(connection: Any) -> None:
        if act == "undo":
            await drafts.undo(connection, draft, body, account, version)
        elif act == "template":
            found = await drafts.read(connection, draft, body)
            name = str(said.get("name") or "")
            await sources.keep_template(connection, body, account, name, found)
        elif act == "publish":
            shards = web.settings.shards
            await publishing.begin(connection, draft, body, account, version, shards)
        else:
            async with drafts.locked(connection, draft, body) as found:
                # The very act a second time is the first one.
                if act == "approve" and found.approved_by == account:
                    return
                if version != found.version:
                    text = "Somebody has changed the draft meanwhile; look again."
                    raise PreparingError("STALE", text)
                await _DOING[act](connection, found, account, str(said.get("reason") or ""))

    await ledger(web, work)
    if act == "publish":
        await _finish(web, draft)


async def _finish(web: Web, draft: int) -> None:
    """Tell the log at once; what does not succeed now, the next look does."""
    try:
        await web.storage.log(lambda: publishing.finish(desk_of(web), draft))
    except (AuctionError, CommandRefused) as error:
        _log.warning("publishing_waits", draft=draft, error=type(error).__name__)


async def act(web: Web, ask: Ask) -> Response:
    """POST /desk/sessions/drafts/{draft}/ACT."""
    name = ask.request.scope["path"].rpartition("/")[2]
    try:
        await done(web, ask, name, ask.body)
    except PreparingError as error:
        if error.code == "UNKNOWN":
            raise refused(error) from None
        return await checked.drawn(web, ask, await bench(web, ask), error)
    if name == "delete":
        return RedirectResponse("/desk/sessions?done=delete", 303)
    if name == "undo":
        return RedirectResponse(f"{BASE}/{named(ask)}/{_step(ask)}?done=undo", 303)
    return RedirectResponse(f"{BASE}/{named(ask)}/check?done={name}", 303)


def _step(ask: Ask) -> str:
    step = str(ask.body.get("step", ""))
    return step if step in STEPS else "check"


async def confirm(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/drafts/{draft}/(delete|publish|approve): what will follow; asks once."""
    found = await bench(web, ask)
    name = ask.request.scope["path"].rpartition("/")[2]
    return web.page(
        ask, "preparing/confirm.html", path=f"{BASE}/{found.draft.id}/{name}", step="check",
        act=name, done=None, problem=None, **await pages.frame(web, ask, found),
    )  # fmt: skip


async def drop_template(web: Web, ask: Ask) -> Response:
    """POST /desk/sessions/templates/{template}/remove."""
    _, body = who(ask)

    async def work(connection: Any) -> None:
        await sources.drop_template(connection, ask.request.path_params["template"], body)

    try:
        await ledger(web, work)
    except PreparingError as error:
        if error.code != "UNKNOWN":  # removed already
            raise
    return RedirectResponse("/desk/sessions/new", 303)
