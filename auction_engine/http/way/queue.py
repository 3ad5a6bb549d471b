"""The organisation's dossiers: the queue, and one to decide.

Until the end of the auction nobody need know who takes part (Law 01/2016 Art. 9(2)d): the queue has
numbers only, and opening one is an act that its bidder can see.
"""

from typing import Any, NamedTuple, get_args

from starlette.responses import RedirectResponse, Response

from auction_engine.desk import exclusive
from auction_engine.desk.admission import deciding, declarations, reading
from auction_engine.desk.admission.dossiers import Place
from auction_engine.desk.admission.reading import Dossier, Person
from auction_engine.desk.admission.standing import window
from auction_engine.desk.admission.states import (
    DECISIONS,
    MOVES,
    NEEDS_REASON,
    AdmissionError,
    Kind,
    State,
    moved,
)
from auction_engine.desk.house import registrants, relations
from auction_engine.desk.house.relations import Conflict
from auction_engine.http.money_words import Words
from auction_engine.http.problems import Problem
from auction_engine.http.way import forms, papers
from auction_engine.http.way.parts import cited, parts_of
from auction_engine.http.web import Ask, Web
from auction_engine.live.views import LotView
from auction_engine.rules.deposits import missing

SHOWN: dict[str, list[str]] = {
    "todo": ["SENT", "RETURNED"],
    "decided": ["ADMITTED", "REFUSED"],
    "all": [state for state in get_args(State) if state != "DRAFT"],
}
_MOST_PAGE = 10_000


async def queue(web: Web, ask: Ask) -> Response:
    """GET /desk/dossiers: what is to be decided, oldest first."""
    assert ask.viewer is not None
    shown = ask.request.query_params.get("show", "todo")
    shown = shown if shown in SHOWN else "todo"
    page = whole(ask.request.query_params.get("page", "0"))
    lot = whole(ask.request.query_params.get("lot", "0")) or None
    found = await queued(web, ask.viewer.body, SHOWN[shown], page, lot)
    lines = [await _line(web, one) for one in found]
    return web.page(
        ask, "way/queue.html", lines=lines, shown=shown, page_number=page, lot_number=lot,
        say=Words(web.presenter, ask.lang, ""),
    )  # fmt: skip


def whole(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
    return min(number, 2**53)


async def queued(
    web: Web, body: int | None, states: list[str], page: int, lot: int | None
) -> list[reading.Queued]:
    parts = parts_of(web)

    async def read() -> list[reading.Queued]:
        async with exclusive.connected(parts.desk.url) as connection:
            return await reading.queue(connection, body, states, min(page, _MOST_PAGE), lot)

    return await parts.run(read())


async def _line(web: Web, one: reading.Queued) -> dict[str, Any]:
    found = await web.view(one.dossier.lot)
    state = None if found is None else found[1].state
    account = one.dossier.account
    # Until the end nobody in the house knows whose code is whose.
    over = state is not None and state.phase == "closed" and account in state.admitted
    code = state.admitted[account].code if state is not None and over else None
    held = state is not None and not missing(state, account)
    closes = None
    if state is not None and state.params.terms is not None:
        closes = state.params.terms.registration_close_ms
    return {"dossier": one.dossier, "title": one.title, "papers": one.papers, "code": code,
            "held": held, "closes_ms": closes,
            "opens_ms": None if state is None else state.params.start_ms}  # fmt: skip


async def one(web: Web, ask: Ask) -> Response:
    """GET /desk/dossiers/{dossier}: who it is of, its papers, and what can be decided."""
    dossier, place, view = await opened(web, ask)
    return await _drawn(web, ask, dossier, place, view)


async def opened(web: Web, ask: Ask) -> tuple[Dossier, Place, LotView]:
    """The dossier named in the address; that it is read is noted where it can be. As `found`."""
    dossier, place, view = await found(web, ask)
    parts = parts_of(web)
    assert ask.viewer is not None
    if await _readable(web, ask, dossier, place):
        await parts.run(deciding.opened(parts.desk, dossier, ask.viewer.account))
    return dossier, place, view


async def _readable(web: Web, ask: Ask, dossier: Dossier, place: Place) -> bool:
    """Whether who it is of may be read: while there is something to decide; then with two keys."""
    assert ask.viewer is not None
    if _can(dossier, place):
        return True
    parts, account = parts_of(web), ask.viewer.account

    async def read() -> bool:
        async with exclusive.connected(parts.desk.url) as connection:
            return await registrants.open_until(connection, dossier.lot, account) is not None

    return await parts.run(read())


async def found(web: Web, ask: Ask) -> tuple[Dossier, Place, LotView]:
    """The dossier named in the address, handed in. Raises Problem 404. Its scope was checked."""
    parts = parts_of(web)

    async def read() -> Dossier | None:
        async with exclusive.connected(parts.desk.url) as connection:
            return await reading.by_id(connection, ask.request.path_params["dossier"])

    dossier = await parts.run(read())
    # What nobody has handed in is nobody's business.
    if dossier is None or (dossier.state == "DRAFT" and dossier.recorded is None):
        raise Problem(404, "NOT_FOUND")
    there = await web.view(dossier.lot)
    if there is None:
        raise Problem(404, "NOT_FOUND")
    view = there[1]
    assert view.state is not None
    place = Place(view.shard, view.lot, dossier.account, view.state, web.now_ms())
    return dossier, place, view


class Seen(NamedTuple):
    """A dossier as somebody of the house sees it: `readable` or without who it is of.

    `asked`: each declaration, whether it was made, and what was said then. `can`: the decisions.
    """

    readable: bool
    person: Person
    papers: list[reading.Document]
    conflicts: list[Conflict]
    history: list[reading.Done]
    asked: list[tuple[declarations.Declaration, bool, Any]]
    can: list[Kind]


async def look(web: Web, ask: Ask, dossier: Dossier, place: Place) -> Seen:
    """The dossier as whoever asks may see it now."""
    parts, state = parts_of(web), place.state

    async def read() -> tuple[list[reading.Document], list[reading.Done], list[Conflict]]:
        async with exclusive.connected(parts.desk.url) as connection:
            return (
                await reading.documents(connection, dossier.id),
                await reading.acts(connection, dossier.id),
                await relations.conflicts(
                    connection, dossier.lot, dossier.marks, state.life.auctioneer
                ),
            )

    kept, history, conflicts = await parts.run(read())
    readable = await _readable(web, ask, dossier, place)
    # What is sealed is not even opened.
    person = reading.person_of(web.vault, dossier) if readable else Person()
    asked = declarations.asked(state.params, person.for_another)
    missed = declarations.missing(state.params, person.for_another, dossier.declared)
    return Seen(
        readable, person, kept if readable else [], conflicts if readable else [], history,
        [(one, one.code not in missed, dossier.declared.get(one.code)) for one in asked],
        _can(dossier, place),
    )  # fmt: skip


async def _drawn(
    web: Web, ask: Ask, dossier: Dossier, place: Place, view: LotView,
    problem: AdmissionError | None = None,
) -> Response:  # fmt: skip
    state = view.state
    assert state is not None
    seen = await look(web, ask, dossier, place)
    content = await web.view(dossier.lot)
    return web.page(
        ask,
        "way/decide.html",
        200 if problem is None else 409,
        path=f"/desk/dossiers/{dossier.id}",
        lot=None if content is None else content[0],
        dossier=dossier,
        **seen._asdict(),
        held=not missing(state, dossier.account),
        recorded_deposits=place.account in state.life.deposits,
        window=window(state, place.now_ms),
        terms=state.params.terms,
        grounds=declarations.grounds(state.params),
        problem=problem,
        typed=ask.body,
        done=ask.request.query_params.get("done") == "1",
        say=Words(web.presenter, ask.lang, ""),
        has=lambda key: web.presenter.has_text(ask.lang, key),
        cite=lambda article: cited(article, ask.lang),
    )


def _can(dossier: Dossier, place: Place) -> list[Kind]:
    can: list[Kind] = []
    for kind in DECISIONS:
        try:
            moved(kind, dossier.state, dossier.recorded, place.open)
        except AdmissionError:
            continue
        can.append(kind)
    return can


async def decide(web: Web, ask: Ask) -> Response:
    """POST /desk/dossiers/{dossier}: admit, return, refuse, or take a decision back."""
    dossier, place, view = await found(web, ask)
    try:
        await decided(web, ask, place, ask.body)
    except AdmissionError as refused:
        dossier, place, view = await found(web, ask)
        return await _drawn(web, ask, dossier, place, view, refused)
    if ask.body.get("do") in ("ADMIT", "REFUSE", "RETURN"):
        return RedirectResponse("/desk/dossiers?done=1", 303)
    return RedirectResponse(f"/desk/dossiers/{dossier.id}?done=1", 303)


async def decided(web: Web, ask: Ask, place: Place, said: dict[str, Any]) -> Dossier:
    """Carry out a decision of the clerk who asks. Raises AdmissionError, Problem."""
    assert ask.viewer is not None
    kind = said.get("do")
    if kind not in DECISIONS or kind not in MOVES:
        raise Problem(400, "BAD_MESSAGE", "`do` is " + ", ".join(DECISIONS) + ".")
    ground = str(said.get("ground") or "") or None
    reason = forms.line(said.get("reason") or "", 1_000)
    parts = parts_of(web)
    lots = parts.take()
    try:
        return await parts.run(
            deciding.decide(
                parts.desk, lots, place, ask.viewer.account, kind, forms.version(said),
                ground if kind == "REFUSE" else None, reason if kind in NEEDS_REASON else "",
            )
        )  # fmt: skip
    finally:
        parts.give_back(lots)


async def paper(web: Web, ask: Ask) -> Response:
    """GET /desk/dossiers/{dossier}/papers/{paper}: a file, read by the organisation."""
    dossier, place, _ = await found(web, ask)
    parts = parts_of(web)
    assert ask.viewer is not None
    if not await _readable(web, ask, dossier, place):
        raise Problem(403, "FORBIDDEN", "This dossier is decided: two people open it together.")
    await parts.run(deciding.opened(parts.desk, dossier, ask.viewer.account))
    return await papers.sent(web, dossier, ask.request.path_params["paper"])
