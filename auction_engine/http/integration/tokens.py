"""/account/tokens and /api/tokens: what lets another system act for the account."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import tokens
from auction_engine.identity.access import Act
from auction_engine.identity.sessions import Viewer
from auction_engine.identity.tokens import Kept, Made, Wish, WrongToken
from auction_engine.ledger.database import transaction

PAGE = "/account/tokens"
_DONE = frozenset({"revoked"})
_LIVES = (30, 90, 180, 365)
_FIELDS = 120
_MAX_BYTES = 16 * 1024


async def form(request: Request) -> dict[str, Any]:
    """The form of a new token: one field for each act."""
    return await bodies.form(request, _MAX_BYTES, _FIELDS)


def _viewer(ask: Ask) -> Viewer:
    assert ask.viewer is not None
    return ask.viewer


def _possible(viewer: Viewer) -> list[Act]:
    """What is worth offering: acts that the API has."""
    from auction_engine.http.routes import API  # it has these routes too

    known = {spec.act for spec in API}
    return [act for act in tokens.possible(viewer.role, viewer.duties) if act in known]


def said(kept: Kept) -> dict[str, Any]:
    """A token as the API tells of it."""
    return {
        "id": kept.id,
        "name": kept.name,
        "begins": kept.begins,
        "acts": kept.acts,
        "proved": kept.proved,
        "alive": kept.alive,
        "created_ms": _ms(kept.created_at),
        "expires_ms": _ms(kept.expires_at),
        "revoked_ms": _ms(kept.revoked_at),
        "used_ms": _ms(kept.used_at),
    }


def _ms(moment: Any) -> Any:
    return None if moment is None else int(moment.timestamp() * 1000)


async def page(web: Web, ask: Ask) -> Response:
    """GET /account/tokens."""
    return await _page(web, ask)


async def _page(
    web: Web, ask: Ask, made: Made | None = None, failed: str | None = None, status: int = 200
) -> Response:
    viewer = _viewer(ask)
    kept = await web.storage.ledger(tokens.of_account(web.engine, viewer.account))
    done = ask.request.query_params.get("done")
    return web.page(
        ask,
        "integration/tokens.html",
        status,
        path=PAGE,
        # What is told once is kept by nobody on the way.
        headers={"Cache-Control": "no-store"} if made else None,
        kept=[said(one) | {"words": words(web, ask, one.acts)} for one in kept],
        made=None if made is None else {"secret": made.secret, "expires_ms": _ms(made.expires_at)},
        failed=failed,
        done=done if done in _DONE else None,
        possible=[
            {"name": act.name, "words": words(web, ask, [act.name])[0]} for act in _possible(viewer)
        ],
        lives=_LIVES,
        given=ask.body,
        name_max=tokens.NAME_MAX,
        most=tokens.MOST,
    )


def words(web: Web, ask: Ask, acts: list[str]) -> list[str]:
    """Acts in the page's language; one that has no words there says the table's own."""
    told = []
    for act, own in zip(acts, tokens.names(acts), strict=True):
        key = f"integration.act.{act}"
        told.append(
            web.presenter.text(ask.lang, key) if web.presenter.has_text(ask.lang, key) else own
        )
    return told


async def make_by_form(web: Web, ask: Ask) -> Response:
    """POST /account/tokens: a new one, shown this once."""
    named = [name.removeprefix("act.") for name in ask.body if name.startswith("act.")]
    days = ask.body.get("days", "")
    try:
        wish = tokens.wish_of(
            _viewer(ask),
            ask.body.get("name"),
            named,
            int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else days,
            "proved" in ask.body,
        )
        made = await _make(web, ask, wish)
    except WrongToken as wrong:
        return await _page(web, ask, failed=wrong.code, status=400)
    return await _page(web, ask, made)


async def _make(web: Web, ask: Ask, wish: Wish) -> Made:
    async def making() -> Made:
        async with transaction(web.engine) as connection:
            return await tokens.make(connection, _viewer(ask).account, wish)

    return await web.storage.ledger(making())


async def _revoke(web: Web, ask: Ask) -> bool:
    token = ask.request.path_params["key"]

    async def revoking() -> bool:
        async with transaction(web.engine) as connection:
            return await tokens.revoke(connection, _viewer(ask).account, token)

    return await web.storage.ledger(revoking())


async def revoke_by_form(web: Web, ask: Ask) -> Response:
    """POST /account/tokens/{key}/revoke."""
    await _revoke(web, ask)
    return RedirectResponse(f"{PAGE}?done=revoked", 303)


async def api_list(web: Web, ask: Ask) -> Response:
    """GET /api/tokens: the own tokens, and what one can be for."""
    viewer = _viewer(ask)
    kept = await web.storage.ledger(tokens.of_account(web.engine, viewer.account))
    possible = _possible(viewer)
    return json_answer(
        {
            "tokens": [said(one) for one in kept],
            "possible": [{"act": act.name, "text": act.value} for act in possible],
        }
    )


async def api_make(web: Web, ask: Ask) -> Response:
    """POST /api/tokens."""
    body = ask.body
    try:
        wish = tokens.wish_of(
            _viewer(ask), body["name"], body["acts"], body["days"], body.get("proved", False)
        )
        made = await _make(web, ask, wish)
    except WrongToken as wrong:
        raise Problem(409 if wrong.code == "TOO_MANY" else 400, wrong.code, str(wrong)) from None
    return json_answer(
        {"id": made.id, "token": made.secret, "expires_ms": _ms(made.expires_at)},
        201,
        {"Cache-Control": "no-store"},
    )


async def api_revoke(web: Web, ask: Ask) -> Response:
    """POST /api/tokens/{key}/revoke."""
    return json_answer({"revoked": True, "was_alive": await _revoke(web, ask)})
