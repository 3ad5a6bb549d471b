"""One asset, step by step: what it is, its papers, what it lacks, whose rights run, what next."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.cases import (
    assets,
    checks,
    closing,
    contracts,
    disclosing,
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
from auction_engine.desk.cases.record import Asset, CaseError
from auction_engine.desk.search import codes
from auction_engine.http import acting_panel
from auction_engine.http.cases import cases, forms
from auction_engine.http.cases.parts import Desk, acted
from auction_engine.http.problems import Problem

_BASE = "/agency/assets"
_ROWS = 4


async def new(desk: Desk) -> Response:
    """GET /agency/cases/{case}/assets/new: an empty form."""
    return _form(desk, await cases.found(desk), {})


def _form(
    desk: Desk, case: reading.Case, values: dict[str, Any], refused: CaseError | None = None
) -> Response:
    return desk.page(
        "asset_new.html", refused, case=case, v=values, kinds=codes.kinds(),
        provinces=codes.provinces(), fact_rows=_rows(values),
    )  # fmt: skip


def _rows(values: dict[str, Any]) -> int:
    """How many rows of facts the form shows: those there are, and two more."""
    used = [int(name.split(".")[1]) + 1 for name in values if name.startswith("facts.")]
    return min(max([_ROWS, *(n + 2 for n in used)]), 20)


async def make(desk: Desk) -> Response:
    """POST /agency/cases/{case}/assets: enter an asset."""
    case, data = await cases.found(desk), described(desk)
    made, refused = await acted(
        desk, assets.create_asset(desk.connection, case.id, desk.account, data)
    )
    if refused is not None:
        return _form(desk, case, desk.ask.body, refused)
    return RedirectResponse(f"{_BASE}/{made}?done=entered", 303)


def described(desk: Desk) -> dict[str, Any]:
    """The description as the form sends it."""
    data = forms.nested(desk.ask.body)
    if data.get("movable") in ("yes", "no"):
        data["movable"] = data["movable"] == "yes"
    elif not data.get("movable"):
        data.pop("movable", None)
    return data


async def found(desk: Desk) -> Asset:
    """The asset named in the address; its scope was checked. Raises Problem 404."""
    rows = await record.assets_where(desk.connection, "id = $1", desk.number("asset"))
    if not rows:
        raise Problem(404, "NOT_FOUND")
    return rows[0]


async def one(desk: Desk) -> Response:
    """GET /agency/assets/{asset}: everything about it, and what to do next."""
    return await draw(desk, await found(desk))


async def draw(desk: Desk, asset: Asset, refused: CaseError | None = None) -> Response:
    """The page of an asset."""
    connection, vault = desk.connection, desk.web.vault
    case = await reading.case(connection, asset.case_id)
    people = await parties.of_case(connection, vault, asset.case_id)
    _, told = await papers.disclosed(connection, asset.id)
    steps = await progress.of_asset(connection, asset.id, desk.today)
    priorities, requests = await rights.of_asset(connection, asset.id)
    values = _values(asset, told) | {k: v for k, v in desk.ask.body.items() if isinstance(v, str)}
    contract = None
    if asset.contract_id is not None:
        contract = await contracts.one(connection, asset.contract_id)
    return desk.page(
        "asset.html",
        refused,
        thing=asset,
        case=case,
        parties=[one for one in people if one.left_at is None],
        names={one.id: one.name for one in people},
        steps=steps,
        lacks=[step for step in steps if not step.done],
        papers=await reading.papers(connection, vault, asset.id),
        files=await files.of_asset(connection, asset.id),
        file_papers=files.PAPERS,
        questions=disclosing.asked(asset.movable),
        notices=await notices.of_case(connection, asset.case_id, asset.id),
        priorities=priorities,
        requests=requests,
        contract=contract,
        history=await reading.history(connection, "asset_entry", "asset_id", asset.id),
        bases=papers.BASES,
        custody=papers.CUSTODY,
        kinds=codes.kinds(),
        provinces=codes.provinces(),
        fact_rows=_rows(values),
        own=asset.state in papers.OWN_STATES,
        before_lot=asset.state in papers.BEFORE_LOT,
        doing=desk.typed("do"),
        may_release=asset.state in closing.RELEASED_FROM,
        removing=desk.ask.request.path_params.get("paper", 0),
        v=values,
        **await _life(desk, asset),
    )


def _values(asset: Asset, told: dict[str, Any] | None) -> dict[str, str]:
    """What the forms begin with."""
    content = {
        name: asset.content[name]
        for name in ("title", "place", "summary", "facts", "province", "quantity")
        if name in asset.content
    }
    return forms.flat({**content, "disclosure": told or {}, "currency": asset.content["currency"]})


async def _life(desk: Desk, asset: Asset) -> dict[str, Any]:
    """The lot as it stands, the days that count, and the acts in the lot's life as forms."""
    opening, ended, panel = None, None, None
    if asset.lot_id is not None:
        seen = await desk.web.view(asset.lot_id)
        if seen is not None and seen[1].state is not None:
            opening = seen[1].state.params.start_ms
            ended = seen[1].state.life.awarded_ms
            if desk.ask.viewer is not None and desk.ask.viewer.role == "officer":
                panel = await acting_panel.panel(desk.web, desk.ask, asset.lot_id)
    return {
        "lot": await reading.lot_of(desk.connection, asset.lot_id),
        "days": await windows.of_asset(desk.connection, asset, opening, ended),
        "opening_ms": opening,
        **(panel or {"acting": None}),
    }


async def act(desk: Desk) -> Response:
    """POST /agency/assets/{asset}: what is done with it on this page."""
    asset, kind = await found(desk), desk.typed("do")
    if kind not in _ACTS:
        raise Problem(400, "BAD_MESSAGE")
    if _asks(desk, kind):
        asked = desk.sure(_sure_of(desk, kind), f"{_BASE}/{asset.id}")
        if asked is not None:
            return asked
    _, refused = await acted(desk, _ACTS[kind](desk, asset))
    if refused is not None:
        return await draw(desk, asset, refused)
    return RedirectResponse(f"{_BASE}/{asset.id}?done={kind}", 303)


def _asks(desk: Desk, kind: str) -> bool:
    if kind in ("redeem", "release", "leave", "refuse_revaluation"):
        # Without its reason it will be refused anyway: first that, then the question.
        return bool(desk.typed("reason"))
    return kind == "priority" and desk.typed("to") in ("BOUGHT", "WAIVED", "LAPSED")


def _sure_of(desk: Desk, kind: str) -> str:
    return f"priority_{desk.typed('to').lower()}" if kind == "priority" else kind


async def _describe(desk: Desk, asset: Asset) -> None:
    held = await record.locked(desk.connection, asset.id, papers.OWN_STATES)
    data = described(desk)
    reader = checks.Reader({**data, "currency": held.content["currency"]})
    content = assets.describe(reader, held.kind)
    reader.done()
    content["image"] = held.content.get("image", content["image"])
    await papers.redescribe(desk.connection, held, desk.account, content)


async def _seize(desk: Desk, asset: Asset) -> None:
    data = forms.nested(desk.ask.body)
    await papers.seize(desk.connection, desk.web.vault, asset.id, desk.account, data)


async def _value(desk: Desk, asset: Asset) -> None:
    data = forms.amounts(forms.nested(desk.ask.body), "amount_minor")
    await papers.value(desk.connection, asset.id, desk.account, data)


async def _disclose(desk: Desk, asset: Asset) -> None:
    data = forms.nested(desk.ask.body).get("disclosure", {})
    await papers.disclose(desk.connection, asset.id, desk.account, data)


async def _keep(desk: Desk, asset: Asset) -> None:
    data = forms.nested(desk.ask.body)
    await papers.keep(desk.connection, desk.web.vault, asset.id, desk.account, data)


async def _ready(desk: Desk, asset: Asset) -> None:
    await progress.made_ready(desk.connection, asset.id, desk.account)


async def _reopen(desk: Desk, asset: Asset) -> None:
    await progress.reopened(desk.connection, asset.id, desk.account, desk.typed("reason"))


async def _leave(desk: Desk, asset: Asset) -> None:
    await contracts.leave(desk.connection, asset.id, desk.account, desk.typed("reason"))


async def _redeem(desk: Desk, asset: Asset) -> None:
    await rights.redeem(desk.connection, asset.id, desk.account, desk.typed("reason"))


async def _release(desk: Desk, asset: Asset) -> None:
    await closing.release(desk.connection, asset.id, desk.account, desk.typed("reason"))


async def _redemption_paid(desk: Desk, asset: Asset) -> None:
    reader = checks.Reader(forms.nested(desk.ask.body))
    paid = reader.past_day("paid_on", desk.today)
    reader.done()
    assert paid is not None
    await limits.redemption_paid(
        desk.connection, asset.id, desk.account, paid, desk.typed("reason")
    )


async def _ask_revaluation(desk: Desk, asset: Asset) -> None:
    reader = checks.Reader(forms.nested(desk.ask.body))
    asked = reader.past_day("asked_on", desk.today)
    reader.done()
    assert asked is not None
    await rights.ask_revaluation(
        desk.connection, asset.id, desk.account, desk.typed_number("party_id"), asked
    )


async def _refuse_revaluation(desk: Desk, asset: Asset) -> None:
    await rights.refuse_revaluation(
        desk.connection, asset.id, desk.account, desk.typed_number("request"),
        desk.typed("reason"),
    )  # fmt: skip


async def _priority(desk: Desk, asset: Asset) -> None:
    reader = checks.Reader(forms.nested(desk.ask.body))
    on = reader.past_day("on", desk.today, needed=False)
    reader.done()
    await rights.settle_priority(
        desk.connection, asset.id, desk.account, desk.typed_number("priority"), desk.typed("to"),
        desk.typed("reason"), on,
    )  # fmt: skip


_Act = Callable[[Desk, Asset], Awaitable[None]]
_ACTS: dict[str, _Act] = {
    "describe": _describe,
    "seize": _seize,
    "value": _value,
    "disclose": _disclose,
    "keep": _keep,
    "ready": _ready,
    "reopen": _reopen,
    "leave": _leave,
    "redeem": _redeem,
    "redemption_paid": _redemption_paid,
    "release": _release,
    "ask_revaluation": _ask_revaluation,
    "refuse_revaluation": _refuse_revaluation,
    "priority": _priority,
}
