"""From a proof of who somebody is to a session, and the end of sessions."""

import asyncio
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from auction_engine.addresses import address_group
from auction_engine.http import cookies
from auction_engine.http.web import Ask, Web
from auction_engine.identity import accounts, devices, factors, one_use, sessions, tickets
from auction_engine.identity.accounts import Account
from auction_engine.identity.demo_logins import is_demo_login
from auction_engine.ledger.database import transaction
from auction_engine.post import outbox, values

HOME = {"bidder": "/", "organisation": "/desk", "officer": "/agency", "procurator": "/oversight"}
SECOND_PAGE, AGAIN_PAGE = "/login/second", "/login/again"
_NEXT_MAX = 300
_DEVICE_S = 365 * 24 * 3600
_SESSION_S = int(sessions.LIFETIME.total_seconds())
# A page asked for before a session ended may still ask for a ticket, and that lives for a while.
_ENDED_MORE_S = 60


class Entered(NamedTuple):
    """What the browser is given: a session, or half of one; and where it goes on."""

    cookie: str
    token: str
    csrf: str
    page: str
    device: str | None = None

    @property
    def whole(self) -> bool:
        return self.cookie == cookies.SESSION


def own_page(wanted: object) -> str | None:
    """`wanted` if it is an address of this site, so that nobody is sent away by a link."""
    if not isinstance(wanted, str) or len(wanted) > _NEXT_MAX:
        return None
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else None


def page_after(account: Account, wanted: object) -> str:
    """Where somebody goes who has signed in."""
    page = own_page(wanted) or "/"
    return HOME[account.role] if page == "/" else page


def may_enter(web: Web, account: Account) -> bool:
    """Whether anybody may sign in to `account`: not when it is closed, and not to the
    demonstration's outside of it."""
    return accounts.may_sign_in(account) and (web.settings.demo or not is_demo_login(account.login))


async def enter(web: Web, ask: Ask, account: Account, how: str, wanted: object) -> Entered:
    """`account` has proved itself by `how`: a session, or half of one if a second step is due.

    The token is always a new one, and what the browser was signed in to before ends: a session
    somebody planted is worth nothing.
    """
    if how in ("password", "oidc") and await web.storage.ledger(
        factors.needs_second(web.engine, account.id)
    ):
        return await _halfway(web, account.id, how, own_page(wanted) or "/")
    old = cookies.read(ask.request, cookies.SESSION)
    if old is not None:
        await end(web, old)
    agent = ask.request.headers.get("user-agent", "")
    browser = await asyncio.to_thread(devices.browser_of, agent)
    opened = sessions.Opened(how, browser.name, browser.system, address_group(ask.address))
    device = cookies.read(ask.request, cookies.DEVICE) or ""
    if len(device) != 43:
        # A program keeps no such cookie: it is known by what it says of itself, and its place.
        device = one_use.new_secret() if ask.kind == "page" else f"{browser}{opened.place}"
    token, csrf = await web.storage.ledger(_open(web, account, opened, device))
    kept = device if ask.kind == "page" else None
    return Entered(cookies.SESSION, token, csrf, page_after(account, wanted), kept)


async def _halfway(web: Web, account: int, how: str, wanted: str, again: str = "") -> Entered:
    token, redis = one_use.new_secret(), web.gateway.redis
    half = {"account": account, "how": how, "next": wanted, "again": again}
    await web.storage.log(lambda: one_use.keep(redis, one_use.HALF, token, half))
    return Entered(cookies.HALF, token, "", SECOND_PAGE)


async def _open(
    web: Web, account: Account, opened: sessions.Opened, device: str
) -> tuple[str, str]:
    """A session, and a letter to the owner if the device is new, in one transaction."""
    async with transaction(web.engine) as connection:
        made = await sessions.create_in(connection, account.id, opened)
        # The demonstration's accounts are everybody's.
        if not account.robot and not is_demo_login(account.login):
            if await devices.seen(connection, account.id, devices.mark(device)):
                told = {
                    "browser": opened.browser or "?",
                    "system": opened.system or "?",
                    "when": values.moment(web.now_ms()),
                    "link": values.link("/account/devices"),
                }
                await outbox.put(connection, to=account.id, kind="new_device", values=told)
    return made


async def prove_again(web: Web, ask: Ask, how: str, wanted: object) -> Entered | None:
    """The viewer has proved again who they are by `how`; a half session if a second step is due.

    None: the session's proof is fresh from now on.
    """
    viewer = ask.viewer
    assert viewer is not None
    if how in ("password", "oidc") and await web.storage.ledger(
        factors.needs_second(web.engine, viewer.account)
    ):
        again = viewer.session.hex()
        return await _halfway(web, viewer.account, how, own_page(wanted) or "/", again)
    await web.storage.ledger(sessions.prove(web.engine, viewer.session))
    return None


def give(ask: Ask, response: Response, entered: Entered) -> None:
    """Put what `enter` gave into the answer's cookies."""
    request = ask.request
    if entered.whole:
        cookies.give(request, response, cookies.SESSION, entered.token, _SESSION_S)
        if cookies.read(request, cookies.HALF) is not None:
            cookies.drop(request, response, cookies.HALF)
        if entered.device is not None:
            cookies.give(request, response, cookies.DEVICE, entered.device, _DEVICE_S)
    else:
        cookies.give(request, response, entered.cookie, entered.token)


def to_page(ask: Ask, entered: Entered) -> Response:
    """The way on for a browser."""
    response = RedirectResponse(entered.page, 303)
    give(ask, response, entered)
    return response


async def end(web: Web, token: str) -> None:
    """End a session, and what was opened with it on every gateway.

    Done again for a token that is unknown: the first time the log may not have answered.
    """
    ended = sessions.digest(token)
    await web.storage.ledger(sessions.remove(web.engine, token))
    await close(web, [ended])


async def end_all(
    web: Web, account: int, keep: bytes | None = None, only: bytes | None = None
) -> int:
    """End sessions of `account` (`sessions.remove_all`) and what was opened with them; how many."""
    ended = await web.storage.ledger(sessions.remove_all(web.engine, account, keep, only))
    await close(web, ended)
    return len(ended)


async def close(web: Web, ended: list[bytes]) -> None:
    """Close the live connections of these sessions (their digests), here and everywhere."""
    redis, ttl_s = web.gateway.redis, web.settings.limits.ticket_ttl_s + _ENDED_MORE_S
    for session in ended:
        web.gateway.signed_out(session)
    if ended:
        await web.storage.log(lambda: tickets.revoke_all(redis, ended, ttl_s))


def label_of(account: Account) -> str:
    """What apps and authenticators call the account: people's logins say nothing to anybody."""
    return account.name if account.login.startswith("p-") else account.login


async def tell(
    connection: AsyncConnection, web: Web, account: int, kind: str, **told: object
) -> None:
    """A letter to the owner about their way in, in the transaction that changed it."""
    more = {"when": values.moment(web.now_ms()), "link": values.link("/account/security")}
    await outbox.put(connection, to=account, kind=kind, values={**told, **more})
