"""/account/security: how one signs in. Everything here asks for a fresh proof before it changes."""

from typing import Any

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from auction_engine.http.problems import Problem
from auction_engine.http.qr import svg
from auction_engine.http.signin_passkeys import site_of
from auction_engine.http.signin_session import end_all, label_of, tell
from auction_engine.http.web import Ask, Web
from auction_engine.identity import (
    accounts,
    factors,
    identities,
    passkeys,
    passwords_rules,
    recovery,
    recovery_codes,
    totp,
)
from auction_engine.identity.accounts import Account
from auction_engine.identity.demo_logins import is_demo_login
from auction_engine.identity.personal import Wrong
from auction_engine.ledger.database import transaction

PAGE = "/account/security"
CODES_PAGE, TOTP_PAGE, PASSWORD_PAGE = f"{PAGE}/codes", f"{PAGE}/totp", f"{PAGE}/password"
_DONE = ("totp", "totp_off", "passkey", "passkey_off", "password", "linked", "unlinked")


async def own_account(web: Web, ask: Ask, changing: bool = True) -> Account:
    """The viewer's account. Raises Problem 403 for the demonstration's: they are everybody's."""
    assert ask.viewer is not None
    account = await web.storage.ledger(accounts.find(web.engine, ask.viewer.account))
    assert account is not None
    if changing and is_demo_login(account.login):
        raise Problem(403, "FORBIDDEN", "The demonstration's accounts are everybody's.")
    return account


def _back(done: str | None = None) -> Response:
    return RedirectResponse(PAGE if done is None else f"{PAGE}?done={done}", 303)


async def show(web: Web, ask: Ask) -> Response:
    """GET /account/security."""
    return await _page(web, ask)


async def _page(web: Web, ask: Ask, failed: str | None = None, status: int = 200) -> Response:
    account = await own_account(web, ask, changing=False)
    own = await web.storage.ledger(factors.of_account(web.engine, account.id))
    oidc, done = web.settings.oidc, ask.request.query_params.get("done")
    return web.page(
        ask,
        "signin/security.html",
        status,
        path=PAGE,
        own=own,
        keys=[_told(key) for key in own.keys],
        provider=None if oidc is None else oidc.name,
        linked=oidc is not None and oidc.issuer in own.linked,
        site=site_of(web, ask) is not None,
        shared=is_demo_login(account.login),
        done=done if done in _DONE else None,
        failed=failed,
    )


def _told(key: passkeys.Key) -> dict[str, Any]:
    return {
        "id": key.id.hex(),
        "name": key.name,
        "made_ms": int(key.made_at.timestamp() * 1000),
        "used_ms": None if key.used_at is None else int(key.used_at.timestamp() * 1000),
    }


# --- the app's codes ----------------------------------------------------------------------------


async def begin_totp(web: Web, ask: Ask) -> Response:
    """POST /account/security/totp/new: a new secret, of no effect until its first code."""
    account = await own_account(web, ask)
    await web.storage.ledger(totp.begin(web.engine, web.vault, account.id))
    return RedirectResponse(TOTP_PAGE, 303)


async def show_totp(web: Web, ask: Ask) -> Response:
    """GET /account/security/totp: the secret, as a picture and for typing."""
    account = await own_account(web, ask)
    secret = await web.storage.ledger(totp.begun(web.engine, web.vault, account.id))
    return _back() if secret is None else _totp_page(web, ask, account, secret)


def _totp_page(
    web: Web, ask: Ask, account: Account, secret: str, failed: bool = False, status: int = 200
) -> Response:
    address = totp.address(secret, label_of(account), web.presenter.text(ask.lang, "brand"))
    title = web.presenter.text(ask.lang, "signin.totp.qr")
    return web.page(
        ask, "signin/totp.html", status, path=TOTP_PAGE, failed=failed,
        qr=Markup(svg(address, title)),  # noqa: S704 – svg escapes its title
        secret=totp.grouped(secret), address=address,
    )  # fmt: skip


async def confirm_totp(web: Web, ask: Ask) -> Response:
    """POST /account/security/totp: the first code; then recovery codes, shown this once."""
    account = await own_account(web, ask)
    secret = await web.storage.ledger(totp.begun(web.engine, web.vault, account.id))
    if secret is None:
        return _back()
    step = totp.step_of(secret, ask.body.get("code", "")[:20], web.now_ms())
    if step is None:
        return _totp_page(web, ask, account, secret, failed=True, status=400)

    async def confirmed() -> tuple[bool, list[str] | None]:
        async with transaction(web.engine) as connection:
            if not await totp.confirm(connection, account.id, step):
                return False, None
            await tell(connection, web, account.id, "totp_added")
            return True, await factors.codes_if_first(connection, account.id)

    done, codes = await web.storage.ledger(confirmed())
    if codes is None:
        return _back("totp" if done else None)
    return _codes(web, ask, codes)


async def remove_totp(web: Web, ask: Ask) -> Response:
    """POST /account/security/totp/remove."""
    account = await own_account(web, ask)

    async def removed() -> bool:
        async with transaction(web.engine) as connection:
            was = await totp.remove(connection, account.id)
            if was:
                await factors.settle(connection, account.id)
                await tell(connection, web, account.id, "totp_removed")
            return was

    return _back("totp_off" if await web.storage.ledger(removed()) else None)


# --- recovery codes and passkeys ----------------------------------------------------------------


def _codes(web: Web, ask: Ask, codes: list[str]) -> Response:
    return web.page(ask, "signin/codes.html", path=CODES_PAGE, codes=codes)


async def renew_codes(web: Web, ask: Ask) -> Response:
    """POST /account/security/codes: ten new ones; the old are worth nothing."""
    account = await own_account(web, ask)

    async def renewed() -> list[str] | None:
        async with transaction(web.engine) as connection:
            if not (await factors.of(connection, account.id)).second:
                return None
            await tell(connection, web, account.id, "codes_renewed")
            return await recovery_codes.renew(connection, account.id)

    codes = await web.storage.ledger(renewed())
    return _back() if codes is None else _codes(web, ask, codes)


async def remove_passkey(web: Web, ask: Ask) -> Response:
    """POST /account/security/passkeys/remove."""
    account = await own_account(web, ask)
    try:
        credential = bytes.fromhex(ask.body.get("id", ""))
    except ValueError:
        raise Problem(400, "BAD_MESSAGE") from None

    async def removed() -> str | None:
        async with transaction(web.engine) as connection:
            own = await factors.of(connection, account.id)
            if own.ways == 1 and len(own.keys) == 1 and not own.password:
                return "last"
            name = await passkeys.remove(connection, account.id, credential)
            if name is None:
                return None
            await factors.settle(connection, account.id)
            await tell(connection, web, account.id, "passkey_removed", name=name)
            return "passkey_off"

    done = await web.storage.ledger(removed())
    if done == "last":
        return await _page(web, ask, failed="last", status=409)
    return _back(done)


# --- the provider and the password --------------------------------------------------------------


async def unlink(web: Web, ask: Ask) -> Response:
    """POST /account/security/oidc/remove: the provider signs in to this account no more."""
    account, oidc = await own_account(web, ask), web.settings.oidc
    if oidc is None:
        raise Problem(404, "NOT_FOUND")

    async def unlinked() -> str | None:
        async with transaction(web.engine) as connection:
            own = await factors.of(connection, account.id)
            if own.ways == 1 and oidc.issuer in own.linked:
                return "last"
            if not await identities.unlink(connection, account.id, oidc.issuer):
                return None
            await tell(connection, web, account.id, "identity_unlinked", provider=oidc.name)
            return "unlinked"

    done = await web.storage.ledger(unlinked())
    if done == "last":
        return await _page(web, ask, failed="last", status=409)
    return _back(done)


async def show_password(web: Web, ask: Ask) -> Response:
    """GET /account/security/password."""
    await own_account(web, ask)
    return _password_page(web, ask)


def _password_page(web: Web, ask: Ask, failed: str | None = None, status: int = 200) -> Response:
    return web.page(
        ask, "signin/password.html", status, path=PASSWORD_PAGE, failed=failed,
        least=passwords_rules.PASSWORD_MIN,
    )  # fmt: skip


async def change_password(web: Web, ask: Ask) -> Response:
    """POST /account/security/password: a new one; every other session ends."""
    account = await own_account(web, ask)
    assert ask.viewer is not None
    new, again = ask.body.get("password", ""), ask.body.get("again", "")
    try:
        passwords_rules.check(new, account.login, account.name)
    except Wrong as wrong:
        return _password_page(web, ask, wrong.code, 400)
    if new != again:
        return _password_page(web, ask, "different", 400)
    hashed = await web.passwords.hash(new)

    async def changed() -> None:
        async with transaction(web.engine) as connection:
            await accounts.set_password_in(connection, account.id, hashed)
            await recovery.end_links(connection, account.id)
            await tell(connection, web, account.id, "password_changed")

    await web.storage.ledger(changed())
    await end_all(web, account.id, keep=ask.viewer.session)
    return _back("password")
