"""The organisation's sessions, a new one, and the steps in which it is prepared."""

from typing import Any, get_args

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.preparing import building, dating, drafts, methods, sources
from auction_engine.desk.preparing.choices import FALL_SHAPES, STEPS, Choices, LotChoice, Step
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.http.guard import Handler
from auction_engine.http.money_words import Words
from auction_engine.http.preparing import forms, pictures
from auction_engine.http.preparing.parts import (
    BASE,
    Bench,
    bench,
    ledger,
    named,
    refused,
    version_of,
    who,
)
from auction_engine.http.way.parts import cited
from auction_engine.http.web import Ask, Web
from auction_engine.rules import calendar as days
from auction_engine.rules.pack_words import code_text
from auction_engine.rules.session_plan import ORDERS, Order

_AFTER: dict[Step, str] = {
    "assets": "dates", "dates": "rules", "rules": "texts", "texts": "check",
}  # fmt: skip
assert get_args(Order) == ORDERS


# --- the list, and a new one ------------------------------------------------------------------


async def sessions(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions: what is being prepared, and what was."""
    _, body = who(ask)

    async def work(connection: Any) -> dict[str, Any]:
        return {
            "open_drafts": await drafts.every(connection, body),
            "past": await sources.past(connection, body),
        }

    return web.page(
        ask, "preparing/sessions.html", **await ledger(web, work), **_words(web, ask),
        done=ask.request.query_params.get("done"),
    )  # fmt: skip


async def new(web: Web, ask: Ask, problem: PreparingError | None = None) -> Response:
    """GET /desk/sessions/new: from a pack, a template or a session of the past."""
    _, body = who(ask)

    async def work(connection: Any) -> dict[str, Any]:
        return {
            "templates": await sources.templates(connection, body),
            "past": await sources.past(connection, body),
        }

    return web.page(
        ask, "preparing/new.html", 200 if problem is None else 409, path="/desk/sessions/new",
        packs=sources.known_packs(), other_packs=sources.other_packs(),
        newest=sources.newest_pack().id, problem=problem,
        **await ledger(web, work), **_words(web, ask),
    )  # fmt: skip


async def make(web: Web, ask: Ask) -> Response:
    """POST /desk/sessions/new."""
    try:
        draft = await made(web, ask, str(ask.body.get("from", "")))
    except PreparingError as error:
        return await new(web, ask, error)
    return RedirectResponse(f"{BASE}/{draft}/assets", 303)


async def made(web: Web, ask: Ask, source: str) -> int:
    """A new draft from `pack:ID`, `template:N` or `session:N`. Raises PreparingError."""
    account, body = who(ask)
    if not body:
        raise PreparingError("NOT_NOW", "You belong to no organisation yet.")
    kind, _, name = source.partition(":")
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 16 else 0

    async def work(connection: Any) -> int:
        if kind == "template":
            pack, choices = await sources.from_template(connection, number, body)
        elif kind == "session":
            pack, choices = await sources.from_past(connection, number, body)
        elif kind == "pack":
            pack, choices = name, Choices()
        else:
            raise PreparingError("BAD_CHOICE", "from: pack:ID, template:N or session:N.", "from")
        return await drafts.make(connection, body, account, sources.pack_of(pack).id, choices)

    return await ledger(web, work)


# --- the steps --------------------------------------------------------------------------------


async def overview(web: Web, ask: Ask) -> Response:
    """GET /desk/sessions/drafts/{draft}: to where it is to go on."""
    found = await bench(web, ask)
    if not found.draft.open:
        return RedirectResponse(f"{BASE}/{found.draft.id}/check", 303)
    first = next((one.step for one in found.findings), None)
    return RedirectResponse(f"{BASE}/{found.draft.id}/{first or 'check'}", 303)


def show_of(step: Step) -> Handler:
    async def show(web: Web, ask: Ask) -> Response:
        """GET /desk/sessions/drafts/{draft}/STEP."""
        return await _drawn(web, ask, step, await bench(web, ask))

    return show


def save_of(step: Step) -> Handler:
    async def save(web: Web, ask: Ask) -> Response:
        """POST /desk/sessions/drafts/{draft}/STEP: keep what was typed, fill in dates, go on."""
        found = await bench(web, ask)
        do = ask.body.get("do", "save")
        try:
            choices = forms.typed(step, found.pack, found.draft.choices, ask.body)
            if step == "assets":
                choices = _with_proposals(found, choices)
            if do == "fill":
                choices = filled(found, choices)
            await kept(web, ask, choices, version_of(ask.body.get("version", "")))
        except PreparingError as error:
            return await _drawn(web, ask, step, await bench(web, ask), error)
        there = _AFTER[step] if do == "next" else step
        return RedirectResponse(f"{BASE}/{found.draft.id}/{there}?done={do}", 303)

    return save


def _with_proposals(found: Bench, choices: Choices) -> Choices:
    """What is chosen anew and has no amounts gets those that pack and asset propose."""
    before = {lot.asset for lot in found.draft.choices.lots}

    def with_amounts(lot: LotChoice) -> LotChoice:
        asset = found.assets.get(lot.asset)
        if lot.asset in before or asset is None:
            return lot
        proposed = building.proposed(found.pack, asset).model_dump()
        typed = {name: value for name, value in lot.model_dump().items() if value is not None}
        return LotChoice(**(proposed | typed))

    return choices.model_copy(update={"lots": tuple(with_amounts(lot) for lot in choices.lots)})


def filled(found: Bench, choices: Choices) -> Choices:
    """The choices with every date that follows from the pack. Raises PreparingError."""
    today = days.local_day(found.now_ms, found.pack.timezone)
    try:
        return dating.filled(found.pack, choices, found.assets, today)
    except days.CalendarError:
        covers = days.load(found.pack.calendar).covers()
        text = f"dates.opening: the calendar of public holidays only has {covers}."
        raise PreparingError("BAD_CHOICE", text, "dates.opening") from None


async def kept(web: Web, ask: Ask, choices: Choices, version: int) -> drafts.Draft:
    """Keep the choices. Raises PreparingError."""
    account, body = who(ask)

    async def work(connection: Any) -> drafts.Draft:
        return await drafts.edit(connection, named(ask), body, account, version, choices)

    return await ledger(web, work)


async def _drawn(
    web: Web, ask: Ask, step: Step, found: Bench, problem: PreparingError | None = None
) -> Response:
    if problem is not None and problem.code == "UNKNOWN":
        raise refused(problem)
    assets = _shown_assets(found)
    values = forms.values_of(found.pack, found.draft.choices, assets, ask.lang)
    if problem is not None:
        # As it was typed: a box that is not sent is not ticked.
        ticks = {name: "" for name, value in values.items() if value == "yes"}
        values = {**values, **ticks, **{name: str(said) for name, said in ask.body.items()}}
    status = 200 if problem is None else 400 if problem.code == "BAD_CHOICE" else 409
    return web.page(
        ask, f"preparing/{step}.html", status, path=f"{BASE}/{found.draft.id}/{step}",
        step=step, value=lambda name: values.get(name, ""), problem=problem, assets=assets,
        done=ask.request.query_params.get("done"), **_of_step(step, found),
        **await frame(web, ask, found),
    )  # fmt: skip


def _shown_assets(found: Bench) -> list[building.Asset]:
    """Assets that may be chosen: those of the draft first, in their order."""
    order = {lot.asset: n for n, lot in enumerate(found.draft.choices.lots)}
    return sorted(found.assets.values(), key=lambda one: (order.get(one.id, len(order)), one.id))


def _of_step(step: Step, found: Bench) -> dict[str, Any]:
    pack, choices = found.pack, found.draft.choices
    if step == "dates":
        try:
            rows = dating.explained(pack, choices, found.assets)
            months = pictures.months(pack, choices)
        except days.CalendarError:
            rows, months = None, []
        return {
            "explained": rows or (),
            "months": months,
            "notice_rows": range(forms.notice_rows(pack, choices)),
            "channels": forms.channels(pack),
            "viewings": range(forms.VIEWINGS if pack.viewing else 0),
            "falls": methods.method_of(pack, choices) == "DESCENDING",
        }
    if step == "rules":
        return {
            "orders": ORDERS,
            "modes": pack.extension.allowed,
            "steps_of": pack.increment.allowed,
            "methods": methods.methods_of(pack),
            "methods_elsewhere": methods.not_here(pack),
            "fall_shapes": [
                one for one in FALL_SHAPES if pack.descending and one in pack.descending.shapes
            ],
        }
    if step == "assets":
        return {"may_fall": "DESCENDING" in methods.methods_of(pack)}
    return {}


async def frame(web: Web, ask: Ask, found: Bench) -> dict[str, Any]:
    """What every page of a draft shows."""

    async def work(connection: Any) -> tuple[bool, list[drafts.Entry]]:
        return (
            await drafts.can_undo(connection, found.draft),
            await drafts.history(connection, found.draft.id),
        )

    undo, history = await ledger(web, work)
    account, _ = who(ask)
    return {
        "draft": found.draft,
        "pack": found.pack,
        "bench": found,
        "base": f"{BASE}/{found.draft.id}",
        "steps": STEPS,
        "findings": found.findings,
        "left": {step: sum(one.step == step for one in found.findings) for step in STEPS},
        "can_undo": undo,
        "history": history,
        "own": account in (found.draft.made_by, found.draft.submitted_by),
        **_words(web, ask),
    }


def _words(web: Web, ask: Ask) -> dict[str, Any]:
    say = Words(web.presenter, ask.lang, "")

    def code(name: str) -> str:
        try:
            return str(getattr(code_text(name), ask.lang))
        except KeyError:
            return name

    return {
        "say": say,
        "code": code,
        "cite": lambda article: cited(article, ask.lang),
        "has": say.has,
        "ms": lambda moment: int(moment.timestamp() * 1000),
    }
