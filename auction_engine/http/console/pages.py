"""The console's page, its figures for the script, and the switch for its keys."""

import uuid
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.console import handing
from auction_engine.http.acting_people import colleagues
from auction_engine.http.console import rows
from auction_engine.http.console.rows import Board
from auction_engine.http.signin_session import own_page
from auction_engine.http.web import Ask, Web, json_answer

_KEYS_COOKIE = "console_keys"
_YEAR_S = 365 * 24 * 3600
_DONE = (
    "announced", "pause", "resume", "close", "offer", "take", "decline",
)  # fmt: skip
# What the script says: phases, spans and turns, in the words of the room.
_SCRIPT = ("live.phase.", "live.span.", "live.board.", "live.moment", "live.refused.")


async def console(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/{session}/console."""
    return await draw(web, ask)


async def draw(web: Web, ask: Ask, problem: str | None = None, status: int = 200) -> Response:
    """The console; `problem` is why what was asked for was not done."""
    found = await rows.board(web, ask)
    assert ask.viewer is not None
    people = await colleagues(web, ask)
    path = f"/desk/sessions/{found.session}/console"
    did = ask.request.query_params.get("did", "")[:20]
    acted = ask.request.query_params.get("acted", "")[:40]
    return web.page(
        ask,
        "console/console.html",
        status,
        path=path,
        headers={"Cache-Control": "private, no-store"},
        board=found,
        base=f"/desk/sessions/{found.session}",
        rows=found.rows,
        next_end_ms=found.next_end_ms(),
        offer=await web.storage.ledger(_offer(web, found.session)),
        account=ask.viewer.account,
        colleagues={n: name for n, name in people.items() if n != ask.viewer.account},
        people=people,
        announcement=str(uuid.uuid4()),
        keys=ask.request.cookies.get(_KEYS_COOKIE) != "off",
        key_of=rows.KEYS,
        did=did if did in _DONE else "",
        acted_lot=_number(ask.request.query_params.get("lot", "")),
        others=_others(found),
        acted=acted if web.presenter.has_text(ask.lang, f"acting.act.{acted}") else "",
        problem=problem,
        script=_script(web, ask, found),
    )


def _number(text: str) -> int:
    """A lot's number from the address; 0 where there is none."""
    return int(text) if len(text) < 17 and text.isascii() and text.isdecimal() else 0


def _others(found: Board) -> str:
    """Who else conducts lots that are not over: names, once each, in the order of the lots."""
    names = [
        row["auctioneer"]
        for row in found.rows
        if row["auctioneer"] and not row["mine"] and not row["minutes"]
    ]
    return ", ".join(dict.fromkeys(names))


async def _offer(web: Web, session: int) -> handing.Offer | None:
    async with web.apart() as connection:
        return await handing.pending(connection, session)


def _script(web: Web, ask: Ask, found: Board) -> dict[str, Any]:
    """What the console's script needs to follow the lots."""
    texts = web.presenter.texts(ask.lang, _SCRIPT)
    return {
        "kind": "board",
        "lang": ask.lang,
        "now_ms": web.now_ms(),
        "csrf": ask.csrf,
        "bidder": False,
        "zone": "Asia/Ho_Chi_Minh",
        "session": found.session,
        "lots": [web.presenter.lot_for_script(row["lot"], ask.lang) for row in found.rows],
        "states": {row["lot"]["id"]: row["state"] for row in found.rows},
        "texts": {key.removeprefix("live."): text for key, text in texts.items()},
    }


async def api_console(web: Web, ask: Ask) -> Response:
    """GET /api/sessions/{session}/console."""
    found = await rows.board(web, ask)
    offer = await web.storage.ledger(_offer(web, found.session))
    return json_answer(rows.told(found) | {"offer": offer and _offered(offer)})


def _offered(offer: handing.Offer) -> dict[str, Any]:
    return {
        "by": offer.by, "by_name": offer.by_name, "to": offer.to,
        "at_ms": int(offer.at.timestamp() * 1000), "reason": offer.reason,
    }  # fmt: skip


async def keys(web: Web, ask: Ask) -> Response:
    """POST /desk/console/keys: the console's keys on or off, in this browser."""
    back = own_page(ask.body.get("back")) or "/desk"
    answer = RedirectResponse(back, 303)
    wanted = "off" if ask.body.get("keys") == "off" else "on"
    answer.set_cookie(
        _KEYS_COOKIE, wanted, max_age=_YEAR_S, path="/desk", secure=ask.secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return answer
