"""The program's own cookies: their names, and how they are set.

Over https they carry the prefix `__Host-`: browsers then take them from this very host alone, with
Secure and for all paths, so that no neighbour's page and no plain connection can plant one.
"""

from starlette.requests import Request
from starlette.responses import Response

SESSION = "session"
# Lets forms be checked before anybody is signed in; worth nothing by itself.
VISIT = "visit"
# Half signed in: good for the second step alone.
HALF = "half"
# Ties the way to an OpenID provider and back to one browser.
AWAY = "away"
# By this a browser is known again, so that a sign-in from elsewhere is news to the account's owner.
DEVICE = "device"


def _secure(request: Request) -> bool:
    return bool(request.scope["scheme"] == "https")


def name(request: Request, cookie: str) -> str:
    """What `cookie` is called on this connection."""
    return f"__Host-{cookie}" if _secure(request) else cookie


def read(request: Request, cookie: str) -> str | None:
    """Its value, None if the browser sent none."""
    return request.cookies.get(name(request, cookie))


def give(
    request: Request, response: Response, cookie: str, value: str, max_age_s: int | None = None
) -> None:
    """Set it; without `max_age_s` until the browser closes."""
    response.set_cookie(
        name(request, cookie),
        value,
        max_age=max_age_s,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop(request: Request, response: Response, cookie: str) -> None:
    """Take it back."""
    response.delete_cookie(
        name(request, cookie), path="/", secure=_secure(request), httponly=True, samesite="lax"
    )
