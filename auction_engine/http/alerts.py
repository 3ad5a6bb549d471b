"""Notifications of a bidder's browsers: asking for them, trying them, taking them back."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import RedirectResponse, Response

from auction_engine.desk.alerts import keys, sending, subscriptions
from auction_engine.desk.alerts.alerter import Alerter, Standing, message_of, note
from auction_engine.desk.alerts.keys import Target
from auction_engine.desk.alerts.services import ENDPOINT_MAX, Services
from auction_engine.desk.alerts.subscriptions import Subscription
from auction_engine.desk.catalogue import Catalogue
from auction_engine.http import presenting_amounts as amounts
from auction_engine.http.presenting import LANGUAGES, Presenter, presenter
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.identity.vault import Vault
from auction_engine.live.gateway import Gateway
from auction_engine.settings import Settings

T = TypeVar("T")
_DONE = frozenset({"forgotten"})


def subject_of(settings: Settings) -> str:
    """Where push services can reach whoever runs this installation (RFC 8292 §2.1)."""
    url = settings.public_url
    return url if url and urlsplit(url).scheme == "https" else f"mailto:{settings.mail_from}"


class Words:
    """What a browser shows, in the words of the pages."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter

    def outbid(self, lang: str, standing: Standing) -> tuple[str, str]:
        """Title and text of "you were outbid"."""
        price = amounts.money(
            standing.price_minor or 0, standing.currency, standing.minor_digits, lang
        )
        body = self._presenter.text(lang, "alerts.outbid", price=price)
        return standing.title[lang], body

    def trial(self, lang: str) -> tuple[str, str]:
        """Title and text of a notification somebody asked for to see one."""
        text = self._presenter.text
        return text(lang, "alerts.trial.title"), text(lang, "alerts.trial.text")


def make_alerter(settings: Settings, gateway: Gateway, engine: AsyncEngine) -> Alerter:
    """The sender of one gateway, told of lost leads by it."""
    catalogue = Catalogue(engine)

    async def look(lot: int) -> Standing | None:
        view, content = await gateway.views.find(lot), await catalogue.lot(lot)
        if view is None or view.state is None or content is None:
            return None
        state = view.state
        return Standing(
            state.phase == "open",
            state.leader,
            state.price_minor,
            state.params.currency,
            state.params.minor_digits,
            content["title"],
        )

    alerter = Alerter(
        settings.database_url or "",
        Vault.of(settings),
        Services(settings.push_services),
        subject_of(settings),
        look,
        Words(presenter()),
    )
    gateway.on_outbid = alerter.outbid
    return alerter


async def _over(web: Web, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` gives over a connection of its own. Raises Unavailable."""

    async def run() -> T:
        async with web.apart() as connection:
            return await work(connection)

    return await web.storage.ledger(run())


async def page(web: Web, ask: Ask) -> Response:
    """GET /account/alerts: what one is told of, on which browsers."""
    assert ask.viewer is not None
    account = ask.viewer.account
    browsers = await _over(web, lambda connection: subscriptions.count(connection, account))
    done = ask.request.query_params.get("done")
    return web.page(
        ask, "alerts/alerts.html", browsers=browsers, done=done if done in _DONE else None
    )


async def forget_all(web: Web, ask: Ask) -> Response:
    """POST /account/alerts/forget: no browser of this account is told any more."""
    assert ask.viewer is not None
    account = ask.viewer.account
    await _over(web, lambda connection: subscriptions.forget_all(connection, account))
    return RedirectResponse("/account/alerts?done=forgotten", 303)


async def key(web: Web, ask: Ask) -> Response:
    """GET /api/alerts: the key a browser subscribes with."""
    subject = subject_of(web.settings)
    vapid = await _over(web, lambda connection: keys.obtain(connection, web.vault, subject))
    return json_answer({"key": vapid.public})


async def keep(web: Web, ask: Ask) -> Response:
    """POST /api/alerts: tell this browser from now on."""
    assert ask.viewer is not None
    endpoint, lang = _endpoint(ask), ask.body["lang"]
    if Services(web.settings.push_services).origin_of(endpoint) is None:
        raise Problem(400, "UNKNOWN_SERVICE", "This push service is not on the list of services.")
    p256dh, auth = ask.body["p256dh"], ask.body["auth"]
    if not keys.are_keys(p256dh, auth) or lang not in LANGUAGES:
        raise Problem(400, "BAD_MESSAGE", "These are not the keys of a browser's subscription.")
    viewer, target = ask.viewer, Target(endpoint, p256dh, auth)
    await _over(
        web,
        lambda connection: subscriptions.keep(
            connection, web.vault, viewer.account, viewer.session, target, lang
        ),
    )
    return json_answer({"kept": True})


async def forget(web: Web, ask: Ask) -> Response:
    """POST /api/alerts/remove: tell this browser no more."""
    assert ask.viewer is not None
    account, endpoint = ask.viewer.account, _endpoint(ask)
    await _over(web, lambda one: subscriptions.forget(one, web.vault, account, endpoint))
    return json_answer({"kept": False})


def _endpoint(ask: Ask) -> str:
    endpoint: Any = ask.body["endpoint"]
    if not isinstance(endpoint, str) or not 0 < len(endpoint) <= ENDPOINT_MAX:
        raise Problem(400, "BAD_MESSAGE", "`endpoint` must be the address of a push service.")
    return endpoint


async def trial(web: Web, ask: Ask) -> Response:
    """POST /api/alerts/try: one notification to each of one's browsers, to see that they come."""
    assert ask.viewer is not None
    account, subject, sent = ask.viewer.account, subject_of(web.settings), 0

    async def read(connection: Any) -> tuple[keys.Vapid, list[Subscription]]:
        vapid = await keys.obtain(connection, web.vault, subject)
        found = await subscriptions.of_accounts(connection, web.vault, [account])
        return vapid, found.get(account, [])

    vapid, browsers = await _over(web, read)
    services, words = Services(web.settings.push_services), Words(web.presenter)
    # Push services may take their time: no connection to the ledger waits for them.
    async with sending.make_client() as client:
        for browser in browsers:
            title, body = words.trial(browser.lang)
            message = message_of(0, title, body) | {"url": "/account/alerts", "tag": "trial"}
            outcome = await sending.send(client, services, vapid, browser, message, "trial")
            await _over(web, partial(note, browser=browser, outcome=outcome))
            sent += outcome == "sent"
    return json_answer({"sent": sent})


async def worker(web: Web, ask: Ask) -> Response:
    """GET /worker.js: what shows notifications; asked for anew whenever a browser looks for it."""
    return web.assets.worker(ask.request)
