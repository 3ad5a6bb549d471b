"""Signing in by password and out again, by form and by API, and tickets for the live room."""

from starlette.responses import RedirectResponse, Response

from auction_engine.http import cookies
from auction_engine.http.pages import demo_logins
from auction_engine.http.problems import Problem
from auction_engine.http.signin_codes import check_code
from auction_engine.http.signin_session import (
    Entered,
    end,
    enter,
    give,
    may_enter,
    own_page,
    to_page,
)
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import accounts, one_use, passwords, throttle, tickets
from auction_engine.identity.accounts import Account
from auction_engine.identity.personal import Wrong, email_mark

_LOGIN_MAX = 200


async def check_password(web: Web, ask: Ask, login: object, password: object) -> Account:
    """The account these belong to. Raises Problem 400, 401, 429; 503 when tries cannot be counted.

    An unknown login costs what a known one costs, so that time tells nothing.
    """
    if not isinstance(login, str) or not isinstance(password, str):
        raise Problem(400, "BAD_MESSAGE", "`login` and `password` must be texts.")
    # No account has such a login, and PostgreSQL would not take every such text.
    if len(login) > _LOGIN_MAX or not accounts.plain_login(login).isprintable():
        raise Problem(401, "WRONG_PASSWORD")
    if len(password) > passwords.PASSWORD_MAX:
        raise Problem(401, "WRONG_PASSWORD")
    redis = web.gateway.redis
    if not await web.storage.log(lambda: throttle.admit(redis, login, ask.address)):
        raise Problem(429, "RATE_LIMITED", retry_s=60)
    found = await _find(web, login)
    if found is not None and not may_enter(web, found[0]):
        found = None
    account, kept = (None, None) if found is None else found
    if not await web.passwords.verify(kept, password) or account is None or kept is None:
        raise Problem(401, "WRONG_PASSWORD")
    await web.storage.log(lambda: throttle.forgive(redis, login, ask.address))
    if web.passwords.outdated(kept):
        renewed = await web.passwords.hash(password)
        await web.storage.ledger(accounts.set_password_hash(web.engine, account.id, renewed))
    return account


async def _find(web: Web, login: str) -> tuple[Account, str | None] | None:
    """By login or e-mail address; of what looks like one, both are asked, found or not."""
    found = await web.storage.ledger(accounts.find_by_login(web.engine, login))
    try:
        mark = email_mark(web.vault, login) if "@" in login else None
    except Wrong:
        mark = None
    if mark is None:
        return found
    return await web.storage.ledger(accounts.find_by_email_mark(web.engine, mark)) or found


def _form(
    web: Web,
    ask: Ask,
    wanted: str,
    failed: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    oidc = web.settings.oidc
    return web.page(
        ask,
        "login.html",
        status,
        headers=headers,
        failed=failed,
        next=own_page(wanted) or "/",
        provider=None if oidc is None else oidc.name,
        demo_logins=demo_logins(web),
    )


async def show_form(web: Web, ask: Ask) -> Response:
    """GET /login."""
    return _form(web, ask, ask.request.query_params.get("next", "/"))


async def submit_form(web: Web, ask: Ask) -> Response:
    """POST /login."""
    wanted = ask.body.get("next", "/")
    try:
        account = await check_password(
            web, ask, ask.body.get("login", ""), ask.body.get("password", "")
        )
    except Problem as problem:
        failed = {401: "wrong", 429: "throttled"}.get(problem.status)
        if failed is None:
            raise
        return _form(web, ask, wanted, failed, problem.status, problem.headers)
    return to_page(ask, await enter(web, ask, account, "password", wanted))


async def sign_out(web: Web, ask: Ask) -> Response:
    """POST /logout."""
    token = cookies.read(ask.request, cookies.SESSION)
    if token is not None:
        await end(web, token)
    by_provider = ask.viewer is not None and ask.viewer.how.startswith("oidc")
    response = RedirectResponse("/logout/done" if by_provider else "/", 303)
    for cookie in (cookies.SESSION, cookies.HALF):
        if cookies.read(ask.request, cookie) is not None:
            cookies.drop(ask.request, response, cookie)
    return response


async def api_login(web: Web, ask: Ask) -> Response:
    """POST /api/login."""
    account = await check_password(web, ask, ask.body["login"], ask.body["password"])
    entered = await enter(web, ask, account, "password", "/")
    if not entered.whole:
        entered = await _second_by_api(web, ask, account, entered.token)
    response = json_answer({"csrf": entered.csrf})
    give(ask, response, entered)
    return response


async def _second_by_api(web: Web, ask: Ask, account: Account, token: str) -> Entered:
    """The second step by the code a program sent along. Raises Problem 401, 429."""
    code = ask.body.get("code")
    if code is None:
        raise Problem(401, "SECOND_STEP_NEEDED")
    how = await check_code(web, ask, account.id, code)
    redis = web.gateway.redis
    await web.storage.log(lambda: one_use.take(redis, one_use.HALF, token))
    return await enter(web, ask, account, f"password+{how}", "/")


async def live_ticket(web: Web, ask: Ask) -> Response:
    """POST /api/live-tickets."""
    assert ask.viewer is not None
    account, ttl_s = ask.viewer.account, web.settings.limits.ticket_ttl_s
    session = ask.viewer.session
    ticket = await web.storage.log(
        lambda: tickets.issue(web.gateway.redis, account, ttl_s, session)
    )
    return json_answer({"ticket": ticket, "expires_ms": web.now_ms() + ttl_s * 1000})
