"""Which language a page is drawn in."""

from starlette.requests import Request

from auction_engine.http.presenting import LANGUAGES, choose_language

COOKIE = "lang"
_LISTED_MAX = 20


def language_of(request: Request) -> str:
    """Asked for in the address, else remembered, else what the browser prefers, else Vietnamese."""
    query, cookie = request.query_params.get("lang"), request.cookies.get(COOKIE)
    if query in LANGUAGES or cookie in LANGUAGES:
        return choose_language(query, cookie)
    return choose_language(None, _preferred(request.headers.get("accept-language", "")))


def _preferred(header: str) -> str | None:
    """The best of our languages in an Accept-Language header (RFC 9110 §12.5.4)."""
    best: tuple[float, str] | None = None
    for part in header.split(",")[:_LISTED_MAX]:
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameter)
        if language in LANGUAGES and weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return None if best is None else best[1]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
