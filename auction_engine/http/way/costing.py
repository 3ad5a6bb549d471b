"""What a purchase costs in all: a form that works without script, and the same as an answer."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.admission import costs
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import AmountError, parse_amount
from auction_engine.http.problems import Problem
from auction_engine.http.way.pages import common
from auction_engine.http.way.parts import Own, cited, own_way
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.money import MAX_AMOUNT_MINOR

_SHARES = ("vat_bp", "registration_bp")
_AMOUNTS = ("dossier_minor", "other_minor")


async def page(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/cost: price and assumptions are in the address; nothing is kept."""
    own = await own_way(web, ask)
    state = own.view.state
    assert state is not None
    price, wrong = _price(ask, own)
    assume = costs.bounded(_told(ask, own), costs.assumed(state, str(own.lot.get("kind", ""))))
    found = costs.costs(state, price, assume)
    return web.page(
        ask,
        "way/cost.html",
        here="cost",
        **common(web, ask, own),
        price=price,
        wrong=wrong,
        assume=assume,
        found=found,
        vat_needed=any(line.code == "VAT" and line.basis for line in found.lines),
        words_of=Words(web.presenter, ask.lang, ""),
    )


def _price(ask: Ask, own: Own) -> tuple[int, bool]:
    """The price asked about; the lot's present one where none was typed or it is no amount."""
    state = own.view.state
    assert state is not None
    usual = state.price_minor or state.params.starting_price_minor
    typed = ask.request.query_params.get("price", "").strip()
    if not typed:
        return usual, False
    try:
        price = parse_amount(typed, state.params.minor_digits)
    except AmountError:
        return usual, True
    return (price, False) if 0 < price < MAX_AMOUNT_MINOR else (usual, True)


def _told(ask: Ask, own: Own) -> dict[str, int | None]:
    """The assumptions that were changed; what cannot be read is as before."""
    query = ask.request.query_params
    assert own.view.state is not None
    digits = own.view.state.params.minor_digits
    told: dict[str, int | None] = {}
    for name in _SHARES:
        told[name] = _percent(query.get(name.replace("_bp", ""), ""))
    for name in _AMOUNTS:
        try:
            typed = query.get(name.replace("_minor", ""), "").strip()
            if typed:
                told[name] = 0 if typed == "0" else parse_amount(typed, digits)
        except AmountError:
            told[name] = None
    return told


def _percent(typed: str) -> int | None:
    """A share in per cent, with a point or a comma, as basis points."""
    whole, _, part = typed.strip().rstrip("%").strip().replace(",", ".").partition(".")
    if not (whole.isascii() and whole.isdecimal() and len(whole) <= 3):
        return None
    if part and not (part.isascii() and part.isdecimal()):
        return None
    return int(whole) * 100 + int((part + "00")[:2])


async def api_cost(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/cost."""
    own = await own_way(web, ask)
    state = own.view.state
    assert state is not None
    values = {name: _number(ask, name) for name in ("price_minor", *_SHARES, *_AMOUNTS)}
    price = values.pop("price_minor") or state.price_minor or state.params.starting_price_minor
    assume = costs.bounded(values, costs.assumed(state, str(own.lot.get("kind", ""))))
    found = costs.costs(state, price, assume)
    return json_answer(
        {
            "lot": own.view.lot,
            "currency": state.params.currency,
            "minor_digits": state.params.minor_digits,
            "price_minor": price,
            "total_minor": found.total_minor,
            "assumed": assume._asdict(),
            "lines": [_line(line, ask.lang) for line in found.lines],
        }
    )


def _line(line: costs.Line, lang: str) -> dict[str, Any]:
    basis = None if line.basis is None else cited(line.basis, lang)
    return {**line._asdict(), "basis": basis}


def _number(ask: Ask, name: str) -> int | None:
    typed = ask.request.query_params.get(name)
    if typed is None:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 16):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` is a whole number.")
    number = int(typed)
    if number >= MAX_AMOUNT_MINOR or (name == "price_minor" and not number):
        raise Problem(400, "BAD_MESSAGE", f"`{name}` is out of range.")
    return number
