"""The way to an OpenID provider and back: to sign in, to link an account, to prove oneself."""

import secrets
from datetime import date
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.http import cookies
from auction_engine.http.problems import Problem
from auction_engine.http.signin_security import own_account
from auction_engine.http.signin_session import (
    close,
    enter,
    give,
    may_enter,
    own_page,
    prove_again,
    tell,
    to_page,
)
from auction_engine.http.web import Ask, Web
from auction_engine.identity import accounts, identities, one_use, proved, throttle
from auction_engine.identity.identities import IdentityTaken
from auction_engine.identity.oidc import Citizen, Provider, Visit
from auction_engine.identity.oidc_fetch import OidcError
from auction_engine.identity.personal import Wrong
from auction_engine.ledger.database import transaction

BACK_PATH = "/login/oidc/back"
SIGN_IN, LINK, AGAIN = "sign_in", "link", "again"
_AWAY_S = 600
_STATUS = {"AWAY": 503, "CANCELLED": 200, "REFUSED": 403, "STALE": 400, "UNTRUSTED": 502}
_STATUS |= {"TAKEN": 409, "NOBODY": 403}
# The provider's clock and ours, and the time a person takes on its pages.
_CLOCKS_S = 60


def _provider(web: Web) -> Provider:
    if web.provider is None:
        raise Problem(404, "NOT_FOUND")
    return web.provider


def _base(web: Web, ask: Ask) -> str:
    """The address people open; without one that is set, what their browser has asked for."""
    host = ask.request.headers.get("host", "")
    return web.settings.public_url or f"{ask.request.scope['scheme']}://{host}"


async def _depart(web: Web, ask: Ask, purpose: str, wanted: object) -> tuple[str, str]:
    """The provider's address for a new visit, and the secret that ties it to this browser.

    Raises OidcError; Problem 429, 503.
    """
    provider, redis = _provider(web), web.gateway.redis
    if not await web.storage.log(lambda: throttle.admit_begun(redis, ask.address)):
        raise Problem(429, "RATE_LIMITED", retry_s=60)
    visit, back = provider.new_visit(), _base(web, ask) + BACK_PATH
    address = await provider.address(visit, back, ask.lang, again=purpose == AGAIN)
    # Two tabs of one browser share the secret, or the first would not find its way back.
    browser = cookies.read(ask.request, cookies.AWAY) or one_use.new_secret()
    kept = {
        "purpose": purpose,
        "next": own_page(wanted) or "/",
        "visit": list(visit),
        "back": back,
        "browser": browser,
        "session": None if ask.viewer is None else ask.viewer.session.hex(),
        "begun_ms": web.now_ms(),
    }
    await web.storage.log(lambda: one_use.keep(redis, one_use.VISIT, visit.state, kept))
    return address, browser


async def depart(web: Web, ask: Ask) -> Response:
    """GET /login/oidc: to the provider. `?again=1`: to prove who one is once more."""
    query = ask.request.query_params
    purpose = AGAIN if query.get("again") == "1" and ask.viewer is not None else SIGN_IN
    try:
        address, browser = await _depart(web, ask, purpose, query.get("next"))
    except OidcError as error:
        return _failed(web, ask, error)
    response: Response = RedirectResponse(address, 303)
    cookies.give(ask.request, response, cookies.AWAY, browser, _AWAY_S)
    return response


async def depart_to_link(web: Web, ask: Ask) -> Response:
    """POST /account/security/oidc: a page that leads to the provider.

    Not a redirect: the policy of our pages lets no form lead to another site.
    """
    await own_account(web, ask)
    provider = _provider(web)
    try:
        address, browser = await _depart(web, ask, LINK, "/account/security")
    except OidcError as error:
        return _failed(web, ask, error)
    response = web.page(
        ask, "signin/depart.html", path="/account/security", address=address,
        provider=provider.settings.name,
    )  # fmt: skip
    cookies.give(ask.request, response, cookies.AWAY, browser, _AWAY_S)
    return response


async def arrive(web: Web, ask: Ask) -> Response:
    """GET /login/oidc/back: what the provider says."""
    try:
        kept, citizen = await _citizen(web, ask)
        if kept["purpose"] == LINK:
            return await _link(web, ask, kept, citizen)
        if kept["purpose"] == AGAIN:
            return await _prove(web, ask, kept, citizen)
        account = await _account_of(web, citizen, ask.lang)
    except OidcError as error:
        return _failed(web, ask, error)
    found = await web.storage.ledger(accounts.find(web.engine, account))
    if found is None or not may_enter(web, found):
        return _failed(web, ask, OidcError("NOBODY", "This account is closed."))
    return to_page(ask, await enter(web, ask, found, "oidc", kept["next"]))


async def _citizen(web: Web, ask: Ask) -> tuple[dict[str, Any], Citizen]:
    """The visit this answers, once and in the browser it was begun in, and who came back.

    Raises OidcError.
    """
    provider, query, redis = _provider(web), ask.request.query_params, web.gateway.redis
    kept = await web.storage.log(lambda: one_use.take(redis, one_use.VISIT, query.get("state", "")))
    browser = cookies.read(ask.request, cookies.AWAY) or ""
    if kept is None or not secrets.compare_digest(browser.encode(), kept["browser"].encode()):
        raise OidcError("STALE", "This answer is used, too old, or another browser's.")
    if query.get("error") is not None:
        code = "CANCELLED" if query["error"] == "access_denied" else "REFUSED"
        raise OidcError(code, "The provider signed nobody in.")
    code = query.get("code", "")
    if not 0 < len(code) <= 2_000:
        raise OidcError("REFUSED", "The provider sent no code.")
    visit = Visit(*kept["visit"])
    return kept, await provider.citizen(visit, code, query.get("iss"), kept["back"])


async def _account_of(web: Web, citizen: Citizen, lang: str) -> int:
    """The account of this citizen, made if there is none. Raises OidcError."""
    found = await web.storage.ledger(
        identities.account_of(web.engine, citizen.issuer, citizen.subject)
    )
    if found is not None:
        return found
    if citizen.number is None or citizen.name is None:
        raise OidcError("NOBODY", "The provider did not tell the name and the number of identity.")
    claims = proved.Claims(
        name=citizen.name,
        identity=citizen.number,
        email=citizen.email,
        email_verified=citizen.email is not None,
        born_on=_day(citizen.birth),
        lang=lang,
    )

    async def registered() -> proved.Found:
        async with transaction(web.engine) as connection:
            made = await proved.register_from_identity(connection, web.vault, claims)
            await identities.link(connection, made.account, citizen.issuer, citizen.subject)
            if not made.made:
                await _tell_linked(connection, web, made.account)
            return made

    try:
        made = await web.storage.ledger(registered())
    except Wrong:
        raise OidcError("NOBODY", "The number of identity cannot be right.") from None
    except IdentityTaken:
        raise OidcError("TAKEN", "This account is another identity's.") from None
    await close(web, list(made.ended))
    return made.account


async def _tell_linked(connection: Any, web: Web, account: int) -> None:
    assert web.settings.oidc is not None
    await tell(connection, web, account, "identity_linked", provider=web.settings.oidc.name)


async def _link(web: Web, ask: Ask, kept: dict[str, Any], citizen: Citizen) -> Response:
    """Let the citizen sign in to the viewer's account from now on. Raises OidcError."""
    account = _same_viewer(ask, kept)

    async def linked() -> None:
        async with transaction(web.engine) as connection:
            if await identities.link(connection, account, citizen.issuer, citizen.subject):
                await _tell_linked(connection, web, account)

    try:
        await web.storage.ledger(linked())
    except IdentityTaken as error:
        raise OidcError("TAKEN", error.sentence) from None
    return RedirectResponse("/account/security?done=linked", 303)


async def _prove(web: Web, ask: Ask, kept: dict[str, Any], citizen: Citizen) -> Response:
    """The viewer was asked anew by the provider, and is the same. Raises OidcError."""
    account = _same_viewer(ask, kept)
    known = await web.storage.ledger(identities.subject_of(web.engine, citizen.issuer, account))
    if known != citizen.subject:
        raise OidcError("TAKEN", "Somebody else came back from the provider.")
    begun_s = kept["begun_ms"] // 1000 - _CLOCKS_S
    if citizen.proved_s is None or citizen.proved_s < begun_s:
        raise OidcError("REFUSED", "The provider did not ask you anew.")
    half = await prove_again(web, ask, "oidc", kept["next"])
    response = RedirectResponse(kept["next"] if half is None else half.page, 303)
    if half is not None:
        give(ask, response, half)
    return response


def _same_viewer(ask: Ask, kept: dict[str, Any]) -> int:
    """The viewer, still in the session the visit was begun in. Raises OidcError."""
    if ask.viewer is None or ask.viewer.session.hex() != kept["session"]:
        raise OidcError("STALE", "The session this was begun in has ended.")
    return ask.viewer.account


def _failed(web: Web, ask: Ask, error: OidcError) -> Response:
    """Why nobody was signed in, and the way on."""
    return web.page(
        ask, "signin/oidc_failed.html", _STATUS[error.code], path="/login",
        code=error.code, provider=_provider(web).settings.name,
        headers={"Retry-After": "10"} if error.code == "AWAY" else None,
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


async def signed_out(web: Web, ask: Ask) -> Response:
    """GET /logout/done: the provider's own session goes on; this says so, and leads there."""
    provider = _provider(web)
    try:
        leaving = await provider.leaving(_base(web, ask) + "/")
    except OidcError:
        leaving = None
    return web.page(
        ask, "signin/signed_out.html", path="/logout/done", leaving=leaving,
        provider=provider.settings.name,
    )  # fmt: skip
