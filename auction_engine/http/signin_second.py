"""The second step of signing in, and the page that asks again who somebody is."""

from starlette.responses import RedirectResponse, Response

from auction_engine.http import cookies
from auction_engine.http.problems import Problem
from auction_engine.http.signin_codes import check_code
from auction_engine.http.signin_session import (
    AGAIN_PAGE,
    SECOND_PAGE,
    enter,
    give,
    may_enter,
    own_page,
    prove_again,
    to_page,
)
from auction_engine.http.signing_in import check_password
from auction_engine.http.web import Ask, Web
from auction_engine.identity import accounts, factors, one_use, sessions

_FAILED = {401: "wrong", 429: "throttled"}


async def half_of(web: Web, ask: Ask) -> dict[str, object] | None:
    """Whose second step this browser may answer, None if no first step was taken or it is too late.

    A half session that asks again who somebody is belongs to the session it was begun in.
    """
    token = cookies.read(ask.request, cookies.HALF)
    if token is None:
        return None
    redis = web.gateway.redis
    half = await web.storage.log(lambda: one_use.look(redis, one_use.HALF, token))
    if half is not None and half["again"]:
        if ask.viewer is None or ask.viewer.session.hex() != half["again"]:
            return None
    return half


async def finish(web: Web, ask: Ask, half: dict[str, object], second: str) -> Response:
    """The second step is done: of two at once one opens the session."""
    token, redis = cookies.read(ask.request, cookies.HALF) or "", web.gateway.redis
    taken = await web.storage.log(lambda: one_use.take(redis, one_use.HALF, token))
    account = await web.storage.ledger(accounts.find(web.engine, _number(half)))
    if taken is None or account is None or not may_enter(web, account):
        return RedirectResponse("/login", 303)
    if half["again"]:
        assert ask.viewer is not None
        await web.storage.ledger(sessions.prove(web.engine, ask.viewer.session))
        response = RedirectResponse(own_page(half["next"]) or "/", 303)
        cookies.drop(ask.request, response, cookies.HALF)
        return response
    return to_page(ask, await enter(web, ask, account, f"{half['how']}+{second}", half["next"]))


def _number(half: dict[str, object]) -> int:
    number = half["account"]
    assert isinstance(number, int)
    return number


async def show(web: Web, ask: Ask) -> Response:
    """GET /login/second."""
    half = await half_of(web, ask)
    if half is None:
        return RedirectResponse("/login", 303)
    return await _form(web, ask, half)


async def _form(
    web: Web,
    ask: Ask,
    half: dict[str, object],
    failed: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    own = await web.storage.ledger(factors.of_account(web.engine, _number(half)))
    return web.page(
        ask, "signin/second.html", status, headers=headers, failed=failed, own=own,
        path=SECOND_PAGE,
    )  # fmt: skip


async def answer(web: Web, ask: Ask) -> Response:
    """POST /login/second: a code."""
    half = await half_of(web, ask)
    if half is None:
        return RedirectResponse("/login", 303)
    try:
        second = await check_code(web, ask, _number(half), ask.body.get("code"))
    except Problem as problem:
        failed = _FAILED.get(problem.status)
        if failed is None:
            raise
        return await _form(web, ask, half, failed, problem.status, problem.headers)
    return await finish(web, ask, half, second)


async def show_again(web: Web, ask: Ask) -> Response:
    """GET /login/again: who are you, before an act that matters?"""
    return await _again(web, ask, ask.request.query_params.get("next", "/"))


async def _again(
    web: Web,
    ask: Ask,
    wanted: object,
    failed: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    assert ask.viewer is not None
    own = await web.storage.ledger(factors.of_account(web.engine, ask.viewer.account))
    oidc = web.settings.oidc
    provider = oidc.name if oidc is not None and oidc.issuer in own.linked else None
    return web.page(
        ask, "signin/again.html", status, headers=headers, failed=failed, own=own,
        provider=provider, next=own_page(wanted) or "/", path=AGAIN_PAGE,
    )  # fmt: skip


async def prove_by_password(web: Web, ask: Ask) -> Response:
    """POST /login/again."""
    assert ask.viewer is not None
    wanted = ask.body.get("next", "/")
    own = await web.storage.ledger(accounts.find(web.engine, ask.viewer.account))
    assert own is not None
    try:
        account = await check_password(web, ask, own.login, ask.body.get("password", ""))
    except Problem as problem:
        failed = _FAILED.get(problem.status)
        if failed is None:
            raise
        # The account's own page: a wrong password here signs nobody out.
        return await _again(web, ask, wanted, failed, problem.status, problem.headers)
    assert account.id == own.id
    half = await prove_again(web, ask, "password", wanted)
    if half is None:
        return RedirectResponse(own_page(wanted) or "/", 303)
    response = RedirectResponse(SECOND_PAGE, 303)
    give(ask, response, half)
    return response
