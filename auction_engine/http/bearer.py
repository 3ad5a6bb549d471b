"""`Authorization: Bearer aet_...`: another system asks with a token, over the API alone."""

from starlette.requests import Request

from auction_engine.addresses import address_group
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.identity import tokens
from auction_engine.identity.access import ALLOWED, Act
from auction_engine.identity.demo_logins import LOGINS as DEMO_LOGINS
from auction_engine.identity.tokens import TokenViewer

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="auction-engine"'}


def read(request: Request) -> str | None:
    """The token a request shows; None where it shows none of ours.

    Another scheme is somebody else's: such as the password of a proxy in front of a test.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def recognise(web: Web, ask: Ask, token: str, cookie: bool) -> None:
    """Set the viewer. Raises Problem 400, 401, 403, 429."""
    if cookie:
        # Which of the two is meant nobody could say, and a page could lend its cookie to a token.
        raise Problem(400, "TOKEN_AND_COOKIE", "Send a token or the session's cookie, not both.")
    if ask.kind != "api":
        raise Problem(403, "TOKEN_NOT_HERE", "Tokens open the API, no pages.")
    group = ("unknown", address_group(ask.address))
    barred = frozenset() if web.settings.demo else DEMO_LOGINS
    found = await web.storage.ledger(tokens.find(web.engine, token, barred))
    if found is None:
        if not web.token_rates.allow(group):
            raise Problem(429, "RATE_LIMITED", retry_s=1)
        raise Problem(
            401, "BAD_TOKEN", "This token is unknown, revoked or expired.", headers=_CHALLENGE
        )
    if not web.token_rates.allow(("token", found.token)):
        raise Problem(429, "RATE_LIMITED", retry_s=1)
    ask.viewer = found


def narrow(ask: Ask, act: Act) -> None:
    """Hold a token to the acts it is for. Raises Problem 403.

    What everybody may see it sees too, as everybody does.
    """
    viewer = ask.viewer
    if not isinstance(viewer, TokenViewer) or act.name in viewer.acts:
        return
    if None not in ALLOWED[act] or act in tokens.IN_PERSON:
        raise Problem(403, "TOKEN_NOT_FOR_THIS", f"This token is not for {act.name}.")
    ask.viewer = None


def used(ask: Ask) -> bool:
    """Whether the request was made by a token: no cookie of a browser has any part in it."""
    return read(ask.request) is not None
