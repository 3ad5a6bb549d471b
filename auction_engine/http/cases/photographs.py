"""Public photographs as pictures of a page: of a lot, of a draft's preview, of an offer."""

from weakref import WeakKeyDictionary

from starlette.responses import Response

from auction_engine.desk.cases.photographs import WIDTHS, Photographs
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web

_MOST_NUMBER = 2**53
# For ten minutes nobody asks again; then by its tag, and a photograph taken away is gone.
_FRESH_S = 600
# Opened by itself a browser fits it to its window by styles of its own.
_ALONE = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox allow-same-origin"
_held: WeakKeyDictionary[Web, Photographs] = WeakKeyDictionary()


def _photographs(web: Web) -> Photographs:
    found = _held.get(web)
    if found is None:
        found = _held[web] = Photographs(web.engine, web.vault)
    return found


async def of_lot(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/photos/{paper}/{width}: as the lot's description names it."""
    return await _sent(web, ask, "lot", "public")


async def of_draft(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/drafts/{draft}/photos/{paper}/{width}: as bidders will see it."""
    return await _sent(web, ask, "draft", "private")


async def of_offer(web: Web, ask: Ask) -> Response:
    """GET /desk/offers/{contract}/photos/{paper}/{width}: of what is offered."""
    return await _sent(web, ask, "contract", "private")


async def _sent(web: Web, ask: Ask, where: str, kept: str) -> Response:
    asked = ask.request.path_params
    of, file, width = asked[where], asked["paper"], asked["width"]
    if width not in WIDTHS or not 0 < of < _MOST_NUMBER or not 0 < file < _MOST_NUMBER:
        raise Problem(404, "NOT_FOUND")
    held = _photographs(web)
    one = await web.storage.ledger(held.seen(where, of, file))
    if one is None:
        raise Problem(404, "NOT_FOUND")
    tag = f'"{one.sha256[:24]}-{width}"'
    headers = {
        "ETag": tag, "Cache-Control": f"{kept}, max-age={_FRESH_S}",
        "Content-Security-Policy": _ALONE,
    }  # fmt: skip
    if tag in ask.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = await web.storage.ledger(held.drawn(one, width))
    if body is None:
        raise Problem(404, "NOT_FOUND")
    return Response(body, media_type="image/jpeg", headers=headers)
