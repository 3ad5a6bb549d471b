"""The agency's desk for other systems: the same acts as the pages', as JSON.

A refusal names every fault with its path (`faults`); nothing of a refused call stays.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from auction_engine.desk.cases import (
    assets,
    closing,
    contracts,
    files,
    limits,
    notices,
    papers,
    parties,
    progress,
    reading,
    record,
    rights,
    windows,
)
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import Asset, CaseError, Fault
from auction_engine.http import bodies
from auction_engine.http.cases import assets as pages
from auction_engine.http.cases import cases, forms
from auction_engine.http.cases.parts import Desk
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

FILES = ("application/pdf", "image/jpeg", "image/png")
_MOST_FILE = 10 * 1024 * 1024


def plain(value: Any) -> Any:
    """Named tuples as objects, days and moments as ISO text."""
    if hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


async def agency_cases(desk: Desk) -> Response:
    """GET /api/agency/cases: the newest fifty, `q` searches, `page` goes on."""
    asked = desk.ask.request.query_params
    text = asked.get("page", "0")
    page = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    lines = await reading.cases(desk.connection, desk.body, asked.get("q", "")[:100], "", page)
    return json_answer({"cases": plain(lines[:50]), "more": len(lines) > 50})


async def open_case(desk: Desk) -> Response:
    """POST /api/agency/cases: open a case, with its parties."""
    made = await assets.create_case(
        desk.connection, desk.body, desk.account, desk.ask.body, vault=desk.web.vault
    )
    return json_answer({"id": made}, 201)


async def agency_case(desk: Desk) -> Response:
    """GET /api/agency/cases/{case}: the case, its parties, assets and notices."""
    case = await cases.found(desk)
    own = await record.assets_where(desk.connection, "case_id = $1", case.id)
    return json_answer(
        {
            **plain(case),
            "parties": plain(await parties.of_case(desk.connection, desk.web.vault, case.id)),
            "assets": [{"id": one.id, "state": one.state, "title": one.content["title"]}
                       for one in own],
            "notices": plain(await notices.of_case(desk.connection, case.id)),
            "version": await closing.version(desk.connection, case.id),
            "open": plain(await closing.open_things(desk.connection, case.id)),
        }
    )  # fmt: skip


async def add_case_party(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/parties: a party; `asset_id` where it is of one asset."""
    case = await cases.found(desk)
    asset = desk.ask.body.get("asset_id")
    if asset is not None and (isinstance(asset, bool) or not isinstance(asset, int)):
        raise CaseError(Fault("asset_id", "UNKNOWN_ASSET", "Give the number of an asset."))
    made = await parties.add(
        desk.connection, desk.web.vault, case.id, desk.account, desk.ask.body, asset
    )
    return json_answer({"id": made}, 201)


async def give_case_notice(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/notices: a notice; the same `key` again is the same notice."""
    case = await cases.found(desk)
    key = cases.key_of(str(desk.ask.body.get("key", "")))
    made = await notices.give(desk.connection, case.id, desk.account, key, desk.ask.body)
    valid = await notices.valid_on(desk.connection, made)
    return json_answer({"id": made, "valid_on": plain(valid)}, 201)


async def enter_asset(desk: Desk) -> Response:
    """POST /api/agency/cases/{case}/assets: enter an asset, with what is known of it."""
    case = await cases.found(desk)
    made = await assets.create_asset(desk.connection, case.id, desk.account, desk.ask.body)
    return json_answer({"id": made}, 201)


async def agency_asset(desk: Desk) -> Response:
    """GET /api/agency/assets/{asset}: where it stands, what it lacks, its papers and days."""
    found = await pages.found(desk)
    priorities, requests = await rights.of_asset(desk.connection, found.id)
    opening = None
    if found.lot_id is not None:
        seen = await desk.web.view(found.lot_id)
        if seen is not None and seen[1].state is not None:
            opening = seen[1].state.params.start_ms
    shown = await reading.papers(desk.connection, desk.web.vault, found.id)
    return json_answer(
        {
            **plain(found),
            "steps": plain(await progress.of_asset(desk.connection, found.id, desk.today)),
            "papers": plain(shown),
            "files": plain(await files.of_asset(desk.connection, found.id)),
            "priorities": plain(priorities),
            "revaluations": plain(requests),
            "deadlines": [
                {"key": day.key, "day": day.day.isoformat(), "rule": day.rule,
                 "text": {"vi": day.text.vi, "en": day.text.en}}
                for day in await windows.of_asset(desk.connection, found, opening)
            ],
        }
    )  # fmt: skip


async def act_on_asset(desk: Desk) -> Response:
    """POST /api/agency/assets/{asset}/acts: what the asset's page does, by the same names."""
    found, said = await pages.found(desk), desk.ask.body
    kind, data = said.get("do"), said.get("data") or {}
    if not isinstance(kind, str) or kind not in _ACTS or not isinstance(data, dict):
        raise CaseError(Fault("do", "UNKNOWN_CHOICE", f"Choose one of {', '.join(_ACTS)}."))
    reason = said.get("reason") or ""
    if not isinstance(reason, str):
        raise CaseError(Fault("reason", "NOT_A_TEXT", "Send a text here."))
    await _ACTS[kind](desk, found, data, reason)
    after = await pages.found(desk)
    return json_answer({"id": after.id, "state": after.state, "version": after.version})


_Act = Callable[[Desk, Asset, dict[str, Any], str], Awaitable[Any]]


def _number(data: dict[str, Any], name: str) -> int:
    reader = Reader(data)
    found = reader.amount(name)
    reader.done()
    assert found is not None
    return found


async def _asked(desk: Desk, one: Asset, data: dict[str, Any], reason: str) -> None:
    reader = Reader(data)
    party, on = reader.amount("party_id"), reader.past_day("asked_on", desk.today)
    reader.done()
    assert party is not None
    assert on is not None
    await rights.ask_revaluation(desk.connection, one.id, desk.account, party, on)


async def _described(desk: Desk, one: Asset, data: dict[str, Any], reason: str) -> None:
    held = await record.locked(desk.connection, one.id, papers.OWN_STATES)
    reader = Reader({**data, "currency": held.content["currency"]})
    content = assets.describe(reader, held.kind)
    reader.done()
    content["image"] = held.content.get("image", content["image"])
    await papers.redescribe(desk.connection, held, desk.account, content)


async def _redemption_paid(desk: Desk, one: Asset, data: dict[str, Any], reason: str) -> None:
    reader = Reader(data)
    paid = reader.past_day("paid_on", desk.today)
    reader.done()
    assert paid is not None
    await limits.redemption_paid(desk.connection, one.id, desk.account, paid, reason)


async def _priority(desk: Desk, one: Asset, data: dict[str, Any], reason: str) -> None:
    reader = Reader(data)
    on = reader.past_day("on", desk.today, needed=False)
    reader.done()
    await rights.settle_priority(
        desk.connection, one.id, desk.account, _number(data, "priority"), str(data.get("to", "")),
        reason, on,
    )  # fmt: skip


_ACTS: dict[str, _Act] = {
    "describe": _described,
    "seize": lambda d, a, data, _: papers.seize(d.connection, d.web.vault, a.id, d.account, data),
    "value": lambda d, a, data, _: papers.value(d.connection, a.id, d.account, data),
    "disclose": lambda d, a, data, _: papers.disclose(d.connection, a.id, d.account, data),
    "keep": lambda d, a, data, _: papers.keep(d.connection, d.web.vault, a.id, d.account, data),
    "ready": lambda d, a, _, __: progress.made_ready(d.connection, a.id, d.account),
    "reopen": lambda d, a, _, why: progress.reopened(d.connection, a.id, d.account, why),
    "leave": lambda d, a, _, why: contracts.leave(d.connection, a.id, d.account, why),
    "redeem": lambda d, a, _, why: rights.redeem(d.connection, a.id, d.account, why),
    "redemption_paid": _redemption_paid,
    "release": lambda d, a, _, why: closing.release(d.connection, a.id, d.account, why),
    "ask_revaluation": _asked,
    "refuse_revaluation": lambda d, a, data, why: rights.refuse_revaluation(
        d.connection, a.id, d.account, _number(data, "request"), why
    ),
    "priority": _priority,
}


async def add_asset_file(desk: Desk) -> Response:
    """POST /api/agency/assets/{asset}/files: the file is the body; what it is, in the address."""
    found, asked = await pages.found(desk), desk.ask.request.query_params
    said = files.described(
        asked.get("kind", ""), asked.get("name", ""), asked.get("paper", ""),
        asked.get("public") == "true",
    )  # fmt: skip
    if bodies.media_type(desk.ask.request) not in FILES:
        raise Problem(415, "UNSUPPORTED_TYPE")
    body = await bodies.read(desk.ask.request, _MOST_FILE)
    file = await forms.checked(desk, body)
    made = await files.add(
        desk.connection, desk.web.vault, found.id, desk.account, said, file,
        forms.number(asked.get("replaces")),
    )  # fmt: skip
    return json_answer({"id": made, "sha256": file.sha256.hex()}, 201)


async def offer_assets(desk: Desk) -> Response:
    """POST /api/agency/contracts: offer assets to an organisation."""
    said = desk.ask.body
    wanted, organisation = said.get("assets"), said.get("organisation_id")
    if not isinstance(wanted, list) or not all(type(one) is int for one in wanted):
        raise CaseError(Fault("assets", "NO_ASSETS", "Send the numbers of the assets."))
    if type(organisation) is not int:
        raise CaseError(
            Fault("organisation_id", "UNKNOWN_ORGANISATION", "Send the organisation's number.")
        )
    made = await contracts.offer(
        desk.connection, desk.body, desk.account, organisation, wanted, said
    )
    return json_answer({"id": made}, 201)


async def agency_contracts(desk: Desk) -> Response:
    """GET /api/agency/contracts: what was offered, and what became of it."""
    found = await contracts.of_body(desk.connection, "agency_id", desk.body)
    return json_answer({"contracts": plain(found)})


async def withdraw_offer(desk: Desk) -> Response:
    """POST /api/agency/contracts/{contract}/withdrawal: take an offer back."""
    contract, reason = desk.number("contract"), str(desk.ask.body["reason"])
    await contracts.withdraw(desk.connection, contract, desk.body, desk.account, reason)
    return await _state(desk, contract)


async def desk_offers(desk: Desk) -> Response:
    """GET /api/desk/offers: what agencies have offered to the organisation."""
    found = await contracts.of_body(desk.connection, "organisation_id", desk.body)
    return json_answer({"contracts": plain(found)})


async def answer_offer(desk: Desk) -> Response:
    """POST /api/desk/offers/{contract}: `do` take or decline, with a reason."""
    contract, kind = desk.number("contract"), desk.ask.body["do"]
    reason = str(desk.ask.body.get("reason") or "")
    if kind == "take":
        await contracts.take(desk.connection, contract, desk.body, desk.account)
    elif kind == "decline":
        await contracts.decline(desk.connection, contract, desk.body, desk.account, reason)
    else:
        raise CaseError(Fault("do", "UNKNOWN_CHOICE", "Choose take or decline."))
    return await _state(desk, contract)


async def _state(desk: Desk, contract: int) -> Response:
    found = await contracts.one(desk.connection, contract)
    assert found is not None
    return json_answer({"id": found.id, "state": found.state, "signed_on": plain(found.signed_on)})
