"""Signing in and out, by form and by API, and tickets for the live room."""

from starlette.responses import RedirectResponse, Response

from auction_engine.http.guard import SESSION_COOKIE
from auction_engine.http.pages import demo_logins
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import accounts, passwords, sessions, throttle, tickets
from auction_engine.identity.accounts import Account
from auction_engine.identity.demo_logins import is_demo_login

_HOME = {"bidder": "/", "organisation": "/desk", "officer": "/agency"}
_LOGIN_MAX = 200
_NEXT_MAX = 300


async def _authenticate(web: Web, ask: Ask, login: object, password: object) -> Account:
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
    found = await web.storage.ledger(accounts.find_by_login(web.engine, login))
    if is_demo_login(login) and not web.settings.demo:
        found = None
    account, kept = (None, None) if found is None else found
    if not await web.passwords.verify(kept, password) or account is None or kept is None:
        raise Problem(401, "WRONG_PASSWORD")
    await web.storage.log(lambda: throttle.forgive(redis, login, ask.address))
    if web.passwords.outdated(kept):
        renewed = await web.passwords.hash(password)
        await web.storage.ledger(accounts.set_password_hash(web.engine, account.id, renewed))
    return account


async def _begin(web: Web, ask: Ask, account: Account) -> tuple[str, str]:
    """A new session; the browser's old one ends. Returns (token, csrf token)."""
    old = ask.request.cookies.get(SESSION_COOKIE)
    if old is not None:
        await _end(web, old)
    return await web.storage.ledger(sessions.create(web.engine, account.id))


async def _end(web: Web, token: str) -> None:
    """End a session, and what was opened with it on every gateway.

    Done again for a token that is unknown: the first time the log may not have answered.
    """
    ended = sessions.digest(token)
    await web.storage.ledger(sessions.remove(web.engine, token))
    web.gateway.signed_out(ended)
    redis, ttl_s = web.gateway.redis, web.settings.limits.ticket_ttl_s
    await web.storage.log(lambda: tickets.revoke(redis, ended, ttl_s))


def _give(ask: Ask, response: Response, token: str) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(sessions.LIFETIME.total_seconds()),
        path="/",
        secure=ask.secure,
        httponly=True,
        samesite="lax",
    )


def _own_page(wanted: str) -> str | None:
    """`wanted` if it is an address of this site, so that nobody is sent away by a link."""
    plain = wanted.isprintable() and "\\" not in wanted and len(wanted) <= _NEXT_MAX
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else None


def _form(
    web: Web,
    ask: Ask,
    wanted: str,
    failed: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    return web.page(
        ask,
        "login.html",
        status,
        headers=headers,
        failed=failed,
        next=_own_page(wanted) or "/",
        demo_logins=demo_logins(web),
    )


async def show_form(web: Web, ask: Ask) -> Response:
    """GET /login."""
    return _form(web, ask, ask.request.query_params.get("next", "/"))


async def submit_form(web: Web, ask: Ask) -> Response:
    """POST /login."""
    wanted = ask.body.get("next", "/")
    try:
        account = await _authenticate(
            web, ask, ask.body.get("login", ""), ask.body.get("password", "")
        )
    except Problem as problem:
        failed = {401: "wrong", 429: "throttled"}.get(problem.status)
        if failed is None:
            raise
        return _form(web, ask, wanted, failed, problem.status, problem.headers)
    page = _own_page(wanted) or "/"
    token, _ = await _begin(web, ask, account)
    response = RedirectResponse(_HOME[account.role] if page == "/" else page, 303)
    _give(ask, response, token)
    return response


async def sign_out(web: Web, ask: Ask) -> Response:
    """POST /logout."""
    token = ask.request.cookies.get(SESSION_COOKIE)
    if token is not None:
        await _end(web, token)
    response = RedirectResponse("/", 303)
    response.delete_cookie(
        SESSION_COOKIE, path="/", secure=ask.secure, httponly=True, samesite="lax"
    )
    return response


async def api_login(web: Web, ask: Ask) -> Response:
    """POST /api/login."""
    account = await _authenticate(web, ask, ask.body["login"], ask.body["password"])
    token, csrf = await _begin(web, ask, account)
    response = json_answer({"csrf": csrf})
    _give(ask, response, token)
    return response


async def live_ticket(web: Web, ask: Ask) -> Response:
    """POST /api/live-tickets."""
    assert ask.viewer is not None
    account, ttl_s = ask.viewer.account, web.settings.limits.ticket_ttl_s
    session = sessions.digest(ask.request.cookies[SESSION_COOKIE])
    ticket = await web.storage.log(
        lambda: tickets.issue(web.gateway.redis, account, ttl_s, session)
    )
    return json_answer({"ticket": ticket, "expires_ms": web.now_ms() + ttl_s * 1000})
