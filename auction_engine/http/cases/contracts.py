"""Service contracts: offered on the agency's pages, taken on or declined on the organisation's."""

from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.cases import contracts, reading
from auction_engine.desk.cases.contracts import Contract
from auction_engine.desk.cases.record import CaseError, assets_where
from auction_engine.http.cases import forms
from auction_engine.http.cases.parts import Desk, acted
from auction_engine.http.problems import Problem

_AGENCY, _OFFERS = "/agency/contracts", "/desk/offers"


async def listed(desk: Desk) -> Response:
    """GET /agency/contracts: what was offered and taken on, and a form to offer more."""
    return await _list(desk)


async def _list(desk: Desk, refused: CaseError | None = None) -> Response:
    return desk.page(
        "contracts.html",
        refused,
        contracts=await contracts.of_body(desk.connection, "agency_id", desk.body),
        ready=await reading.ready(desk.connection, desk.body),
        organisations=await reading.organisations(desk.connection),
        v=desk.ask.body,
    )


async def offer(desk: Desk) -> Response:
    """POST /agency/contracts: offer assets to an organisation."""
    wanted = [
        int(name.removeprefix("asset."))
        for name in desk.ask.body
        if name.startswith("asset.") and name[6:].isdecimal() and len(name) < 22
    ]
    data = forms.amounts(
        forms.nested({k: v for k, v in desk.ask.body.items() if not k.startswith("asset.")}),
        "base_minor", "cap_minor", "over_start_bp",
    )  # fmt: skip
    data["stop_clause"] = data.get("stop_clause") == "yes"
    organisation = desk.typed_number("organisation_id")
    made, refused = await acted(
        desk,
        contracts.offer(desk.connection, desk.body, desk.account, organisation, wanted, data),
    )
    if refused is not None:
        return await _list(desk, refused)
    return RedirectResponse(f"{_AGENCY}/{made}?done=offered", 303)


async def _found(desk: Desk) -> Contract:
    found = await contracts.one(desk.connection, desk.number("contract"))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return found


async def one(desk: Desk) -> Response:
    """GET /agency/contracts/{contract}: one offer or contract."""
    return await _draw(desk, await _found(desk), _AGENCY)


async def _draw(
    desk: Desk, found: Contract, base: str, refused: CaseError | None = None
) -> Response:
    held: list[Any] = []
    if base == _OFFERS:
        held = await assets_where(desk.connection, "contract_id = $1", found.id)
    return desk.page(
        "contract.html", refused, contract=found, base=base, held=held, v=desk.ask.body
    )


async def withdraw(desk: Desk) -> Response:
    """POST /agency/contracts/{contract}: take an offer back."""
    found = await _found(desk)
    back = f"{_AGENCY}/{found.id}"
    if desk.typed("reason"):
        asked = desk.sure("withdraw", back)
        if asked is not None:
            return asked
    _, refused = await acted(
        desk,
        contracts.withdraw(
            desk.connection, found.id, desk.body, desk.account, desk.typed("reason")
        ),
    )
    if refused is not None:
        return await _draw(desk, found, _AGENCY, refused)
    return RedirectResponse(f"{back}?done=withdrawn", 303)


async def offers(desk: Desk) -> Response:
    """GET /desk/offers: what agencies have offered, what waits for an answer first."""
    every = await contracts.of_body(desk.connection, "organisation_id", desk.body)
    return desk.page(
        "offers.html",
        waiting=[one for one in every if one.state == "OFFERED"],
        others=[one for one in every if one.state != "OFFERED"],
    )


async def offered(desk: Desk) -> Response:
    """GET /desk/offers/{contract}: an offer with its assets, and the answer to it."""
    return await _draw(desk, await _found(desk), _OFFERS)


async def answer(desk: Desk) -> Response:
    """POST /desk/offers/{contract}: take it on, or decline with the reason."""
    found, kind = await _found(desk), desk.typed("do")
    if kind not in ("take", "decline"):
        raise Problem(400, "BAD_MESSAGE")
    back = f"{_OFFERS}/{found.id}"
    if kind == "take" or desk.typed("reason"):
        asked = desk.sure(kind, back, number=found.number, n=len(found.assets))
        if asked is not None:
            return asked
    _, refused = await acted(desk, answered(desk, found.id, kind, desk.typed("reason")))
    if refused is not None:
        return await _draw(desk, found, _OFFERS, refused)
    return RedirectResponse(f"{back}?done={kind}", 303)


async def answered(desk: Desk, contract: int, kind: str, reason: str) -> None:
    """The organisation's answer. Raises CaseError."""
    if kind == "take":
        await contracts.take(desk.connection, contract, desk.body, desk.account)
    else:
        await contracts.decline(desk.connection, contract, desk.body, desk.account, reason)
