"""/account/data: what is kept about somebody, who has read it, taking it away, having it erased."""

from datetime import datetime
from typing import Any

from starlette.responses import Response

from auction_engine.http import cookies
from auction_engine.http.people import forms
from auction_engine.http.problems import Problem
from auction_engine.http.signin_session import close
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import consents, erasure, export, traces
from auction_engine.identity.accounts import find
from auction_engine.identity.demo_logins import is_demo_login
from auction_engine.identity.erasure import Outlook
from auction_engine.identity.traces import Trace

PAGE = "/account/data"
_TRACES = 100


async def show(web: Web, ask: Ask) -> Response:
    """GET /account/data."""
    assert ask.viewer is not None
    bidder = ask.viewer.role == "bidder"
    account = ask.viewer.account

    async def read() -> tuple[list[Trace], Outlook | None, Any]:
        async with web.engine.connect() as connection:
            found = await traces.of_subject(connection, account, _TRACES)
            outlook = await erasure.outlook(connection, account, web.now_ms()) if bidder else None
            return found, outlook, await consents.of(connection, account)

    readings, outlook, agreed = await web.storage.ledger(read())
    return web.page(
        ask,
        "people/data.html",
        readings=[_shown(web, ask, one) for one in readings],
        outlook=outlook,
        consents=[(document, version, _ms(at)) for document, version, at in agreed],
        shared=await _shared(web, ask),
    )


async def take(web: Web, ask: Ask) -> Response:
    """GET /account/data/export: a file with everything, an archive if there are files."""
    assert ask.viewer is not None
    found = await _everything(web, ask)
    name = f"account-{ask.viewer.account}-{forms.today().isoformat()}"
    if not found.files:
        return _file(found.document(), "application/json", f"{name}.json")
    return _file(found.archive(), "application/zip", f"{name}.zip")


async def api_export_account(web: Web, ask: Ask) -> Response:
    """GET /api/account/export."""
    found = await _everything(web, ask)
    return Response(found.document(), media_type="application/json")


async def _everything(web: Web, ask: Ask) -> export.Export:
    assert ask.viewer is not None
    account = ask.viewer.account
    if not web.rates.allow(account):
        raise Problem(429, "RATE_LIMITED", retry_s=1)

    async def read() -> export.Export:
        async with web.engine.connect() as connection:
            return await export.everything(connection, web.vault, account)

    return await web.storage.ledger(read())


async def show_erase(web: Web, ask: Ask) -> Response:
    """GET /account/data/erase: what would go, what must stay until when."""
    return await _erase_page(web, ask)


async def erase(web: Web, ask: Ask) -> Response:
    """POST /account/data/erase."""
    if ask.body.get("sure") != "yes":
        return await _erase_page(web, ask, unsure=True, status=400)
    if not await _erase(web, ask):
        return await _erase_page(web, ask, status=409)
    ask.viewer = None
    response = forms.told(web, ask, "erased", path="/")
    cookies.drop(ask.request, response, cookies.SESSION)
    return response


async def api_erase_account(web: Web, ask: Ask) -> Response:
    """POST /api/account/erasure."""
    if ask.body["sure"] is not True:
        raise Problem(400, "BAD_FIELDS", "`sure` must be true: this cannot be taken back.")
    if not await _erase(web, ask):
        raise Problem(409, "NOT_YET")
    response = json_answer({"t": "erased"})
    cookies.drop(ask.request, response, cookies.SESSION)
    return response


async def _erase(web: Web, ask: Ask) -> bool:
    assert ask.viewer is not None
    if await _shared(web, ask):
        raise Problem(403, "FORBIDDEN")
    account, now_ms = ask.viewer.account, web.now_ms()
    ended = await web.storage.ledger(erasure.erase(web.engine, web.vault, account, now_ms))
    if ended is None:
        return False
    await close(web, list(ended))
    return True


async def _shared(web: Web, ask: Ask) -> bool:
    """The demonstration's accounts are everybody's: nobody has them erased."""
    assert ask.viewer is not None
    account = await web.storage.ledger(find(web.engine, ask.viewer.account))
    return account is None or account.robot or is_demo_login(account.login)


async def _erase_page(web: Web, ask: Ask, *, unsure: bool = False, status: int = 200) -> Response:
    assert ask.viewer is not None
    account = ask.viewer.account

    async def read() -> Outlook:
        async with web.engine.connect() as connection:
            return await erasure.outlook(connection, account, web.now_ms())

    outlook = await web.storage.ledger(read())
    shared = await _shared(web, ask)
    return web.page(ask, "people/erase.html", status, outlook=outlook, unsure=unsure, shared=shared)


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(body, 200, headers, media_type=media_type)


def _shown(web: Web, ask: Ask, trace: Trace) -> dict[str, Any]:
    """A reading in words; what another part calls by a word of its own is shown as it is."""

    def word(group: str, text: str) -> str:
        key = f"people.trace.{group}.{text}"
        known = web.presenter.has_text(ask.lang, key)
        return web.presenter.text(ask.lang, key) if known else text

    return {
        "ms": _ms(trace.at),
        "reader": f"role.{trace.reader}" if trace.reader else "people.trace.program",
        "what": word("what", trace.what),
        "why": word("why", trace.why),
    }


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
