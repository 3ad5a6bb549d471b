"""What every handler has at hand: the program's parts, and the request as it was understood."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from markupsafe import escape
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from auction_engine.desk import exclusive
from auction_engine.desk.admission import practice
from auction_engine.desk.catalogue import Catalogue
from auction_engine.http import packing
from auction_engine.http.assets import Assets
from auction_engine.http.places import Places
from auction_engine.http.presenting import Presenter
from auction_engine.http.problems import Problem, Storage, Unavailable
from auction_engine.http.rates import Rates
from auction_engine.http.renderings import Renderings
from auction_engine.identity.oidc import Provider
from auction_engine.identity.passwords import Passwords
from auction_engine.identity.sessions import Viewer
from auction_engine.identity.vault import Vault
from auction_engine.live.gateway import Gateway
from auction_engine.live.messages import error
from auction_engine.live.presence import Here
from auction_engine.live.views import LotView
from auction_engine.settings import Settings

if TYPE_CHECKING:
    from auction_engine.http.health import Readiness

JSON = "application/json"
# Connections beside the pool's, for what is asked for seldom.
_APART = 4
THEMES = ("light", "dark", "contrast")


@dataclass(slots=True)
class Ask:
    """One request. `csrf` is what forms drawn in answer must carry."""

    request: Request
    kind: str
    lang: str
    viewer: Viewer | None = None
    csrf: str = ""
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        client = self.request.client
        return client.host if client else "unknown"

    @property
    def theme(self) -> str:
        """The theme chosen in this browser (`web/ts/theme.ts`), "auto" for the system's."""
        chosen = self.request.cookies.get("theme", "")
        return chosen if chosen in THEMES else "auto"

    @property
    def secure(self) -> bool:
        # Not from `request.url`, which is put together from a Host that may be no address at all.
        return bool(self.request.scope["scheme"] == "https")

    @property
    def bidder(self) -> int | None:
        """The account to show `you` of, None for everybody but bidders."""
        if self.viewer is None or self.viewer.role != "bidder":
            return None
        return self.viewer.account


class Web:
    """One process's pages and API."""

    readiness: "Readiness"
    openapi: bytes

    def __init__(
        self, settings: Settings, gateway: Gateway, engine: AsyncEngine, presenter: Presenter
    ) -> None:
        self.settings = settings
        self.gateway = gateway
        self.engine = engine
        self.presenter = presenter
        self.assets = Assets(presenter.static_dir)
        self.catalogue = Catalogue(engine)
        self.places = Places(engine)
        self.passwords = Passwords()
        self.vault = Vault.of(settings)
        self.provider = None if settings.oidc is None else Provider(settings.oidc)
        self.storage = Storage()
        limits = settings.limits
        # An account has over HTTP what a live connection has.
        self.rates = Rates(limits.messages_per_s, limits.messages_burst)
        self.page_rates = Rates(limits.pages_per_s, limits.pages_burst)
        self.token_rates = Rates(limits.tokens_per_s, limits.tokens_burst)
        self.renderings = Renderings()
        self._apart = asyncio.Semaphore(_APART)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Any]:
        """A connection to the ledger beside the pool's, a few at once: however many pages are
        asked for, the ledger has connections left for the bids."""
        async with self._apart, exclusive.connected(self.settings.database_url or "") as connection:
            yield connection

    async def here(self, lots: list[int]) -> dict[int, Here]:
        """Who follows each lot, over all gateways; over this one where others cannot be asked."""
        presence = self.gateway.presence
        try:
            return await self.storage.log(lambda: presence.count(lots))
        except Unavailable:
            return presence.own(lots)

    def now_ms(self) -> int:
        """UTC milliseconds by the log's clock, which orders bids."""
        return self.gateway.clock.now_ms()

    async def view(self, lot: int) -> tuple[dict[str, Any], LotView] | None:
        """A lot as pages show it, and its live view; None if it is unknown or not put up."""
        content = await self.storage.ledger(self.catalogue.lot(lot))
        if content is None:
            return None
        view = self.gateway.views.get(lot)
        if view is None:
            view = await self.storage.ledger(self.gateway.views.find(lot))
        if view is None:
            return None
        assert view.state is not None
        params = view.state.params.to_json()
        terms = {
            name: params[name]
            for name in (
                "currency",
                "minor_digits",
                "starting_price_minor",
                "increment_minor",
                "extension",
            )
        }
        return {**content, **terms}, view

    async def lot_or_404(self, ask: Ask) -> tuple[dict[str, Any], LotView]:
        """The lot named in the address. Raises Problem 404."""
        found = await self.view(ask.request.path_params["lot"])
        if found is None:
            raise Problem(404, "UNKNOWN_LOT")
        await self.no_strangers(ask, found[0])
        return found

    async def no_strangers(self, ask: Ask, lot: dict[str, Any]) -> None:
        """A practice room is there for whoever practises in it alone. Raises Problem 404."""
        if not lot.get("practice"):
            return
        whose = await self.storage.ledger(practice.whose(self.engine, lot["id"]))
        if whose is None or ask.bidder != whose:
            raise Problem(404, "UNKNOWN_LOT")

    def page(
        self,
        ask: Ask,
        template: str,
        status: int = 200,
        path: str | None = None,
        headers: dict[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """A rendered page."""
        text = self.presenter.render(template, **self._common(ask, path), **context)
        return self._packed(ask, text, status, headers)

    def onlookers_page(
        self,
        ask: Ask,
        template: str,
        stamp: Hashable,
        path: str,
        context: Callable[[], dict[str, Any]],
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """`page` for somebody not signed in. `stamp` is what its `context` depends on."""

        def draw() -> str:
            common = self._common(ask, path) | {"csrf": self.renderings.token}
            return self.presenter.render(template, **common, **context())

        which = (template, path, ask.lang, ask.theme)
        gzip = self._takes_gzip(ask)
        body = self.renderings.get(which, stamp, ask.csrf, draw, gzip)
        return _html(body, gzip, status, headers)

    def _takes_gzip(self, ask: Ask) -> bool:
        return packing.accepts(ask.request.headers.get("accept-encoding", ""), "gzip")

    def _packed(self, ask: Ask, text: str, status: int, headers: dict[str, str] | None) -> Response:
        """A page for one viewer, made small where the browser takes that."""
        body, gzip = text.encode(), self._takes_gzip(ask)
        if gzip:
            name = "" if ask.viewer is None else str(escape(ask.viewer.name))
            body = packing.pack(body, [ask.csrf.encode(), name.encode()])
        return _html(body, gzip, status, headers)

    def _common(self, ask: Ask, path: str | None = None) -> dict[str, Any]:
        viewer = ask.viewer
        return {
            "lang": ask.lang,
            "path": path or ask.request.scope["path"],
            # So that another language shows the same search, and not its beginning.
            "query": "" if path else _query_of(ask.request),
            "csrf": ask.csrf,
            "theme": ask.theme,
            "viewer": None if viewer is None else {"name": viewer.name, "role": viewer.role},
            "now_ms": self.now_ms(),
        }

    def problem(self, ask: Ask, problem: Problem) -> Response:
        """A refusal, as a page or as JSON."""
        if ask.kind == "page" and problem.code == "RATE_LIMITED" and ask.viewer is None:
            # Whoever asks too fast gets the one answer there is, at the price of none.
            return self.onlookers_page(
                ask,
                "error.html",
                problem.status,
                "/",
                lambda: {
                    "status": problem.status,
                    "known": problem.status,
                    "retry_s": problem.retry_s,
                },
                problem.status,
                problem.headers,
            )
        if ask.kind == "page":
            text = self.presenter.render_error(
                problem.status, retry_s=problem.retry_s, **self._common(ask)
            )
            return self._packed(ask, text, problem.status, problem.headers)
        return json_answer(error(problem.code, problem.text), problem.status, problem.headers)


def _html(body: bytes, gzip: bool, status: int, headers: dict[str, str] | None) -> Response:
    told = {**(headers or {}), "Vary": "Accept-Encoding"}
    if gzip:
        told["Content-Encoding"] = "gzip"
    return HTMLResponse(body, status, told)


def _query_of(request: Request) -> str:
    """What was asked beside the language, to be put behind `?` or `&`."""
    asked = [pair for pair in request.query_params.multi_items() if pair[0] != "lang"]
    return urlencode(asked)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`value` as JSON."""
    return Response(orjson.dumps(value), status, headers, media_type=JSON)
