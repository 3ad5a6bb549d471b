"""The one way in: every request is understood, checked and answered here."""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from auction_engine.addresses import address_group
from auction_engine.errors import AuctionError
from auction_engine.http import bearer, bodies, cookies, places
from auction_engine.http.language import COOKIE as LANGUAGE_COOKIE
from auction_engine.http.language import language_of
from auction_engine.http.presenting import LANGUAGES
from auction_engine.http.problems import Problem, problem_of
from auction_engine.http.web import Ask, Web
from auction_engine.identity import access, sessions
from auction_engine.identity.access import Act
from auction_engine.identity.demo_logins import LOGINS as DEMO_LOGINS

_YEAR_S = 365 * 24 * 3600
_TOKEN = re.compile("[A-Za-z0-9_-]{32,64}")
_SAFE = ("GET", "HEAD")
_log = structlog.get_logger(__name__)

Handler = Callable[[Web, Ask], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Doc:
    """What openapi.json says of a route. `answers` maps status to (model or media types, text).

    `raw`: the media types of a body that is a file; `more` is said below the summary.
    """

    summary: str
    answers: dict[int, tuple[Any, str]]
    body: Any = None
    query: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    raw: tuple[str, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Spec:
    """One route: how it is asked for, who may ask, and what answers.

    `fields` are the names a JSON body must have, `optional` those it may have, `most` how many
    bytes it may have; `csrf=False` only where nobody need be signed in and a body of type JSON
    already proves that no foreign form sent it. `form` reads what a page's form sends.
    """

    method: str
    path: str
    act: Act
    handler: Handler
    kind: Literal["page", "api", "plain"] = "api"
    fields: frozenset[str] | None = None
    optional: frozenset[str] = frozenset()
    most: int = bodies.BODY_MAX_BYTES
    csrf: bool = True
    rated: bool = False
    doc: Doc | None = None
    form: Callable[[Request], Awaitable[dict[str, Any]]] = bodies.form
    # Asks for a proof of who one is that is not older than `sessions.FRESH`; a page comes back to
    # `back`, or to its own address where that can be opened.
    fresh: bool = False
    back: str | None = None


class Guard:
    """The ASGI-level endpoint of one path with all its methods."""

    def __init__(self, web: Web, specs: list[Spec]) -> None:
        self._web = web
        self._specs = {spec.method: spec for spec in specs}
        self._kind = specs[0].kind
        methods = set(self._specs) | ({"HEAD"} if "GET" in self._specs else set())
        self._allow = ", ".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        ask = Ask(request, self._kind, language_of(request))
        try:
            response = await self._answer(ask)
        except Problem as problem:
            response = self._web.problem(ask, problem)
        except AuctionError as error:
            response = self._web.problem(ask, problem_of(error))
        except Exception:
            _log.exception("request_failed", method=request.method, path=self._path)
            response = self._web.problem(ask, Problem(500, "INTERNAL"))
        if ask.kind == "page":
            self._remember(ask, response)
        return response

    @property
    def _path(self) -> str:
        return next(iter(self._specs.values())).path

    async def _answer(self, ask: Ask) -> Response:
        request, web = ask.request, self._web
        spec = self._specs.get("GET" if request.method == "HEAD" else request.method)
        if spec is None and "{rest:anything}" in self._path:
            # Nothing is there, whatever is asked of it.
            raise Problem(404, "NOT_FOUND")
        if spec is None:
            raise Problem(405, "METHOD_NOT_ALLOWED", headers={"Allow": self._allow})
        if spec.kind == "page" and spec.method in _SAFE:
            # Before anything is read: a refused page must cost next to nothing.
            if not web.page_rates.allow(address_group(ask.address)):
                raise Problem(429, "RATE_LIMITED", retry_s=1)
        if spec.kind != "plain":
            await self._recognise(ask)
            bearer.narrow(ask, spec.act)
        await self._check_access(ask, spec)
        if spec.fresh and ask.viewer is not None and not ask.viewer.fresh:
            return self._prove_first(ask, spec)
        if spec.method not in _SAFE:
            await self._check_writing(ask, spec)
        return await spec.handler(web, ask)

    def _prove_first(self, ask: Ask, spec: Spec) -> Response:
        """The page that asks who one is, and leads back. Raises Problem 403 for programs."""
        if spec.kind != "page":
            raise Problem(403, "PROVE_FIRST")
        own = ask.request.scope["path"] if "GET" in self._specs else "/"
        asked = ask.request.url.query if spec.method in _SAFE else ""
        back = f"{own}?{asked}" if asked else own  # with what a link had filled in
        if spec.back is not None:
            back = spec.back.format(**ask.request.path_params)
        return RedirectResponse("/login/again?" + urlencode({"next": back}), 303)

    async def _check_access(self, ask: Ask, spec: Spec) -> None:
        """Whether the viewer may do this at all, and with the very thing the address names."""
        reach = access.reach(spec.act, ask.viewer)
        if ask.viewer is not None:
            access.check_duty(spec.act, ask.viewer.role, ask.viewer.duties)
        for name in places.asked_of(spec.path):
            if not places.must_look(name, reach):
                continue
            number = ask.request.path_params[name]
            place = await self._web.storage.ledger(self._web.places.find(name, number))
            # One answer for what is not there and what is another's (see `access.Elsewhere`).
            if place is None or not reach.within(place):
                raise Problem(404, places.SOURCES[name].code)

    async def _recognise(self, ask: Ask) -> None:
        """Find out who asks."""
        token = cookies.read(ask.request, cookies.SESSION)
        shown = bearer.read(ask.request)
        if shown is not None:
            await bearer.recognise(self._web, ask, shown, token is not None)
        elif token is not None:
            # The demonstration's passwords are public: its sessions end with it.
            barred = frozenset() if self._web.settings.demo else DEMO_LOGINS
            found = sessions.find(self._web.engine, token, barred)
            ask.viewer = await self._web.storage.ledger(found)
        if ask.viewer is not None:
            ask.csrf = ask.viewer.csrf
        elif ask.kind == "page":
            visit = cookies.read(ask.request, cookies.VISIT) or ""
            # It is put into pages as it is.
            ask.csrf = visit if _TOKEN.fullmatch(visit) else secrets.token_urlsafe(32)

    async def _check_writing(self, ask: Ask, spec: Spec) -> None:
        """Nothing is changed for a request that another site could have sent."""
        request, web = ask.request, self._web
        self._check_origin(request)
        if spec.rated and ask.viewer and not web.rates.allow(ask.viewer.account):
            raise Problem(429, "RATE_LIMITED", retry_s=1)
        if spec.kind == "page":
            ask.body = await spec.form(request)
            given = ask.body.get("csrf", "")
        else:
            given = request.headers.get("x-csrf-token", "")
            if spec.fields is not None:
                ask.body = await bodies.json_object(request, spec.fields, spec.optional, spec.most)
        # Signing out twice, or after the session has ended, is no forgery.
        harmless = spec.act is Act.SIGN_OUT and ask.viewer is None
        # A token is sent by a program on purpose, never by a browser by itself.
        harmless = harmless or bearer.used(ask)
        if spec.csrf and not harmless and not _same(given, self._expected(ask)):
            raise Problem(403, "BAD_CSRF")

    def _expected(self, ask: Ask) -> str:
        if ask.viewer is not None:
            return ask.viewer.csrf
        # Only what the browser brought counts, not what was just made up for the next page.
        return cookies.read(ask.request, cookies.VISIT) or ""

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is None or origin in self._web.settings.allowed_origins:
            return
        try:
            place = urlsplit(origin).netloc
        except ValueError:  # such as "http://["
            raise Problem(403, "WRONG_ORIGIN") from None
        if place != request.headers.get("host"):
            raise Problem(403, "WRONG_ORIGIN")

    def _remember(self, ask: Ask, response: Response) -> None:
        asked = ask.request.query_params.get("lang")
        if asked in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE,
                asked,
                max_age=_YEAR_S,
                path="/",
                secure=ask.secure,
                httponly=True,
                samesite="lax",
            )
        if ask.viewer is None and ask.csrf not in ("", cookies.read(ask.request, cookies.VISIT)):
            cookies.give(ask.request, response, cookies.VISIT, ask.csrf)


def _same(given: str, expected: str) -> bool:
    return bool(expected) and secrets.compare_digest(given.encode(), expected.encode())
