"""The HTTP application: one guard in front of every route of the table."""

import functools

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.routing import Route

from auction_engine.http import openapi, routes
from auction_engine.http.forwarded import Forwarded
from auction_engine.http.guard import Guard, Spec
from auction_engine.http.headers import SecurityHeaders
from auction_engine.http.health import Readiness
from auction_engine.http.presenting import presenter
from auction_engine.http.web import Web
from auction_engine.live.gateway import Gateway
from auction_engine.settings import Settings


class _AnythingConvertor(PathConvertor):
    """A rest of a path that a line's end does not cut short, as it does Starlette's own."""

    regex = "(?s:.*)"


register_url_convertor("anything", _AnythingConvertor())


@functools.cache
def _description() -> bytes:
    """The API's description, made once in a process."""
    return openapi.encoded(routes.ALL)


def make_app(settings: Settings, gateway: Gateway, engine: AsyncEngine) -> Starlette:
    """The pages and the API of one gateway process.

    The caller starts and stops `gateway` and `engine`. Raises AssetsMissing when the web assets
    have not been built.
    """
    web = Web(settings, gateway, engine, presenter())
    web.readiness = Readiness(web)
    web.openapi = _description()
    by_path: dict[str, list[Spec]] = {}
    for spec in (*routes.ALL, *routes.ELSEWHERE):
        by_path.setdefault(spec.path, []).append(spec)
    app = Starlette(
        # The guard knows the methods, and answers all others in the asker's language.
        routes=[Route(path, Guard(web, specs)) for path, specs in by_path.items()],
        middleware=[
            Middleware(Forwarded, trusted=settings.trusted_proxies),
            Middleware(SecurityHeaders),
        ],
    )
    app.router.redirect_slashes = False
    return app
