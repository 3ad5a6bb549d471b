"""Passkeys over the API: to sign in with, as a second step, as a fresh proof, and new ones."""

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from auction_engine.http.problems import Problem
from auction_engine.http.signin_second import finish, half_of
from auction_engine.http.signin_session import (
    enter,
    give,
    label_of,
    may_enter,
    own_page,
    page_after,
    tell,
)
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity import (
    accounts,
    factors,
    one_use,
    passkeys,
    sessions,
    throttle,
)
from auction_engine.identity.demo_logins import is_demo_login
from auction_engine.identity.passkeys import Key, PasskeyError, Site
from auction_engine.ledger.database import transaction

SIGN_IN, SECOND, AGAIN, MAKE = "sign_in", "second", "again", "make"


def site_of(web: Web, ask: Ask) -> Site | None:
    """Where passkeys are for; None where none can be: a domain is needed, and https but at home.

    Without a public address that is set only `localhost` is one: a Host header proves nothing.
    """
    public = web.settings.public_url
    if public is not None:
        parts = urlsplit(public)
        domain = parts.hostname or ""
        if parts.scheme == "https" or domain == "localhost":
            origins = [f"{parts.scheme}://{parts.netloc}", *web.settings.allowed_origins]
            return Site(domain, tuple(origins))
        return None
    host = ask.request.headers.get("host", "")
    if host.partition(":")[0] == "localhost":
        return Site("localhost", (f"{ask.request.scope['scheme']}://{host}",))
    return None


def _site(web: Web, ask: Ask) -> Site:
    site = site_of(web, ask)
    if site is None:
        raise Problem(409, "NO_PASSKEYS_HERE")
    return site


def _browser(ask: Ask) -> str:
    """What ties a challenge to the browser it was made for: the secret of its forms."""
    return ask.request.headers.get("x-csrf-token", "")


async def _keep(web: Web, ask: Ask, challenge: bytes, purpose: str, **more: Any) -> None:
    value = {"purpose": purpose, "browser": _browser(ask), **more}
    secret, redis = challenge.hex(), web.gateway.redis
    await web.storage.log(lambda: one_use.keep(redis, one_use.CHALLENGE, secret[:128], value))


async def _take(web: Web, ask: Ask, credential: Any, purpose: str) -> tuple[bytes, dict[str, Any]]:
    """The challenge this answers, once, if it was made for this browser and purpose."""
    challenge, redis = passkeys.challenge_in(credential), web.gateway.redis
    kept = await web.storage.log(
        lambda: one_use.take(redis, one_use.CHALLENGE, challenge.hex()[:128])
    )
    if kept is None or kept["purpose"] != purpose or kept["browser"] != _browser(ask):
        raise PasskeyError("The passkey's answer came too late; try again.")
    return challenge, kept


async def _keys(web: Web, account: int) -> list[Key]:
    return (await web.storage.ledger(factors.of_account(web.engine, account))).keys


async def options(web: Web, ask: Ask) -> Response:
    """POST /api/login/passkey/options: what the browser is to ask its authenticator."""
    site, redis = _site(web, ask), web.gateway.redis
    if not await web.storage.log(lambda: throttle.admit_begun(redis, ask.address)):
        raise Problem(429, "RATE_LIMITED", retry_s=60)
    purpose = ask.body["purpose"]
    keys: list[Key] = []
    if purpose == SECOND:
        half = await half_of(web, ask)
        if half is None:
            raise Problem(401, "SIGN_IN_NEEDED")
        keys = await _keys(web, int(str(half["account"])))
    elif purpose == AGAIN:
        if ask.viewer is None:
            raise Problem(401, "SIGN_IN_NEEDED")
        keys = await _keys(web, ask.viewer.account)
    elif purpose != SIGN_IN:
        raise Problem(400, "BAD_MESSAGE", "`purpose` is sign_in, second or again.")
    if purpose != SIGN_IN and not keys:
        raise Problem(409, "NO_PASSKEYS_HERE", "This account has no passkey.")
    asked, challenge = passkeys.options_to_use(site, keys)
    await _keep(web, ask, challenge, purpose)
    return json_answer({"options": asked})


async def use(web: Web, ask: Ask) -> Response:
    """POST /api/login/passkey: the authenticator's answer. Signs in, or proves again."""
    site, purpose, credential = _site(web, ask), ask.body["purpose"], ask.body["credential"]
    if purpose not in (SIGN_IN, SECOND, AGAIN):
        raise Problem(400, "BAD_MESSAGE", "`purpose` is sign_in, second or again.")
    try:
        key = await _checked(web, ask, site, purpose, credential)
    except PasskeyError as error:
        raise Problem(401, "WRONG_PASSKEY", error.sentence) from None
    if purpose == AGAIN:
        assert ask.viewer is not None
        await web.storage.ledger(sessions.prove(web.engine, ask.viewer.session))
        return json_answer({"next": own_page(ask.body.get("next")) or "/"})
    if purpose == SECOND:
        return await _second(web, ask, key)
    account = await web.storage.ledger(accounts.find(web.engine, key.account))
    if account is None or not may_enter(web, account):
        raise Problem(401, "WRONG_PASSKEY")
    wanted = ask.body.get("next")
    entered = await enter(web, ask, account, "passkey", wanted)
    response = json_answer({"next": page_after(account, wanted)})
    give(ask, response, entered)
    return response


async def _checked(web: Web, ask: Ask, site: Site, purpose: str, credential: Any) -> Key:
    """The key that answered: one of the account whose step this is. Raises PasskeyError."""
    challenge, _ = await _take(web, ask, credential, purpose)
    key = await web.storage.ledger(passkeys.find(web.engine, passkeys.id_in(credential)))
    whose: object = None if key is None else key.account
    if purpose == SECOND:
        half = await half_of(web, ask)
        whose = None if half is None else half["account"]
    elif purpose == AGAIN:
        whose = None if ask.viewer is None else ask.viewer.account
    if key is None or key.account != whose:
        raise PasskeyError("This passkey is not known here.")
    await web.storage.ledger(passkeys.accept(web.engine, site, key, credential, challenge))
    return key


async def _second(web: Web, ask: Ask, key: Key) -> Response:
    half = await half_of(web, ask)
    if half is None:
        raise Problem(401, "SIGN_IN_NEEDED")
    done = await finish(web, ask, half, "passkey")
    # The same way on, told to a script instead of a browser.
    response = json_answer({"next": done.headers["location"]})
    for name, value in done.raw_headers:
        if name == b"set-cookie":
            response.raw_headers.append((name, value))
    return response


async def options_to_make(web: Web, ask: Ask) -> Response:
    """POST /api/account/passkeys/options."""
    assert ask.viewer is not None
    site = _site(web, ask)
    account = await web.storage.ledger(accounts.find(web.engine, ask.viewer.account))
    assert account is not None
    if is_demo_login(account.login):
        raise Problem(403, "FORBIDDEN", "The demonstration's accounts are everybody's.")
    keys = await _keys(web, account.id)
    if len(keys) >= passkeys.MOST:
        raise Problem(409, "TOO_MANY_PASSKEYS")
    handle, title = passkeys.handle_for(keys), web.presenter.text(ask.lang, "brand")
    asked, challenge = passkeys.options_to_make(
        site, title, label_of(account), account.name, keys, handle
    )
    await _keep(web, ask, challenge, MAKE, handle=handle.hex(), account=account.id)
    return json_answer({"options": asked})


async def make(web: Web, ask: Ask) -> Response:
    """POST /api/account/passkeys: keep the passkey that was just made."""
    assert ask.viewer is not None
    site, name, account = _site(web, ask), ask.body["name"], ask.viewer.account
    if not isinstance(name, str) or not name.isprintable() or len(name) > passkeys.NAME_MAX:
        raise Problem(400, "BAD_MESSAGE", "`name` is a text of at most 60 characters.")
    try:
        challenge, kept = await _take(web, ask, ask.body["credential"], MAKE)
        if kept["account"] != account:
            raise PasskeyError("The passkey's answer came too late; try again.")
        called = name.strip() or web.presenter.text(ask.lang, "signin.passkey.unnamed")
        made = _kept(web, site, account, kept, called, ask.body["credential"], challenge)
        codes = await web.storage.ledger(made)
    except PasskeyError as error:
        raise Problem(409, "WRONG_PASSKEY", error.sentence) from None
    return json_answer({"codes": codes or [], "next": "/account/security?done=passkey"})


async def _kept(
    web: Web,
    site: Site,
    account: int,
    kept: dict[str, Any],
    called: str,
    credential: Any,
    challenge: bytes,
) -> list[str] | None:
    """Keep the key; recovery codes if it is the first second factor. Raises PasskeyError."""
    async with transaction(web.engine) as connection:
        handle = bytes.fromhex(kept["handle"])
        await passkeys.keep(connection, site, account, handle, called, credential, challenge)
        await tell(connection, web, account, "passkey_added", name=called)
        return await factors.codes_if_first(connection, account)
