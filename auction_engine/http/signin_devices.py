"""/account/devices: where one is signed in, and signing out there."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.http.problems import Problem
from auction_engine.http.signin_security import own_account
from auction_engine.http.signin_session import end_all
from auction_engine.http.web import Ask, Web
from auction_engine.identity import devices
from auction_engine.identity.demo_logins import is_demo_login

PAGE = "/account/devices"
_DONE = ("one", "others")


async def show(web: Web, ask: Ask) -> Response:
    """GET /account/devices."""
    assert ask.viewer is not None
    account = await own_account(web, ask, changing=False)
    shared = is_demo_login(account.login)
    found = await web.storage.ledger(devices.signed_in(web.engine, account.id))
    mine = ask.viewer.session
    rows = [_told(one, mine) for one in found if one.session == mine]
    # Who else tries the demonstration is nobody's business.
    rows += [] if shared else [_told(one, mine) for one in found if one.session != mine]
    done = ask.request.query_params.get("done")
    return web.page(
        ask, "signin/devices.html", path=PAGE, browsers=rows, shared=shared,
        done=done if done in _DONE else None,
    )  # fmt: skip


def _told(one: devices.Signed, mine: bytes) -> dict[str, Any]:
    return {
        "id": one.session.hex(),
        "this": one.session == mine,
        "how": one.how,
        "browser": one.browser,
        "system": one.system,
        "place": one.place,
        "created_ms": int(one.created_at.timestamp() * 1000),
        "seen_ms": int(one.last_seen.timestamp() * 1000),
    }


async def end_one(web: Web, ask: Ask) -> Response:
    """POST /account/devices/end: sign one of the own browsers out."""
    account = await own_account(web, ask)
    try:
        session = bytes.fromhex(ask.body.get("id", ""))
    except ValueError:
        raise Problem(400, "BAD_MESSAGE") from None
    ended = await end_all(web, account.id, only=session)
    return RedirectResponse(f"{PAGE}?done=one" if ended else PAGE, 303)


async def end_others(web: Web, ask: Ask) -> Response:
    """POST /account/devices/others: sign out everywhere but here."""
    assert ask.viewer is not None
    account = await own_account(web, ask)
    await end_all(web, account.id, keep=ask.viewer.session)
    return RedirectResponse(f"{PAGE}?done=others", 303)
