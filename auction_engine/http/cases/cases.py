"""The agency's cases: the list, a new one, and one with its parties, notices and assets."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from starlette.responses import RedirectResponse, Response

from auction_engine.desk.cases import assets, checks, closing, notices, parties, reading, record
from auction_engine.desk.cases.record import CaseError, Fault
from auction_engine.http.cases import forms
from auction_engine.http.cases.parts import Desk, acted
from auction_engine.http.problems import Problem

_PAGE = 50
STATES = ("PREPARING", "READY", "OFFERED", "TAKEN", "LISTED", "SOLD", "FAILED", "WITHDRAWN",
          "RETURNED", "IN_KIND")  # fmt: skip
_BASE = "/agency/cases"
_WRITTEN = ("title", "judgment", "decision")


async def listed(desk: Desk) -> Response:
    """GET /agency/cases: what is under way, the newest case first."""
    asked = desk.ask.request.query_params
    search, state = asked.get("q", "").strip()[:100], asked.get("state", "")
    state = state if state in STATES else ""
    text = asked.get("page", "0")
    page = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    lines = await reading.cases(desk.connection, desk.body, search, state, page)
    return desk.page(
        "list.html", lines=lines[:_PAGE], more=len(lines) > _PAGE, page_number=page, q=search,
        state=state, states=STATES,
    )  # fmt: skip


async def new(desk: Desk) -> Response:
    """GET /agency/cases/new: an empty form."""
    return _form(desk, {"opened_on": desk.today.isoformat()})


def _form(desk: Desk, values: dict[str, Any], refused: CaseError | None = None) -> Response:
    return desk.page("new.html", refused, v=values)


async def make(desk: Desk) -> Response:
    """POST /agency/cases: open a case."""
    data = forms.nested(desk.ask.body)
    made, refused = await acted(
        desk, assets.create_case(desk.connection, desk.body, desk.account, data)
    )
    if refused is not None:
        return _form(desk, forms.flat(data), refused)
    return RedirectResponse(f"{_BASE}/{made}?done=opened", 303)


async def found(desk: Desk) -> reading.Case:
    """The case named in the address; its scope was checked. Raises Problem 404."""
    case = await reading.case(desk.connection, desk.number("case"))
    if case is None:
        raise Problem(404, "NOT_FOUND")
    return case


async def one(desk: Desk) -> Response:
    """GET /agency/cases/{case}: the case with everything in it."""
    return await _draw(desk, await found(desk))


async def _draw(desk: Desk, case: reading.Case, refused: CaseError | None = None) -> Response:
    own = await record.assets_where(desk.connection, "case_id = $1", case.id)
    people = await parties.of_case(desk.connection, desk.web.vault, case.id)
    given = await notices.of_case(desk.connection, case.id)
    return desk.page(
        "case.html",
        refused,
        case=case,
        assets=own,
        parties=people,
        names={one.id: one.name for one in people},
        titles={one.id: one.content["title"] for one in own},
        notices=given,
        history=await reading.history(desk.connection, "case_entry", "case_id", case.id),
        kinds=parties.KINDS,
        ranks=parties.RANKS,
        notice_kinds=notices.KINDS,
        channels=tuple(notices.CHANNELS),
        proofs=notices.PROOFS,
        key=uuid4(),
        case_version=await closing.version(desk.connection, case.id),
        open_things=await closing.open_things(desk.connection, case.id),
        written=forms.flat({name: getattr(case, name) for name in _WRITTEN}),
        given_on=_on(case.judgment),
        decided_on=_on(case.decision),
        proving=desk.ask.request.path_params.get("notice", 0),
        doing=desk.typed("do"),
        v=desk.ask.body,
    )


def _on(said: dict[str, Any]) -> date | None:
    """The day of a judgment or decision; None where it says none."""
    try:
        return date.fromisoformat(str(said.get("on", "")))
    except ValueError:
        return None


async def act(desk: Desk) -> Response:
    """POST /agency/cases/{case}: a party, a notice; put right, closed, opened again."""
    case, kind = await found(desk), desk.typed("do")
    acts = {"party": _party, "left": _left, "notice": _notice, "change": _change,
            "close": _close, "reopen_case": _reopen}  # fmt: skip
    if kind not in acts:
        raise Problem(400, "BAD_MESSAGE")
    if kind == "left" or (kind in ("close", "reopen_case") and desk.typed("reason")):
        asked = desk.sure(kind, f"{_BASE}/{case.id}")
        if asked is not None:
            return asked
    _, refused = await acted(desk, acts[kind](desk, case))
    if refused is not None:
        return await _draw(desk, case, refused)
    return RedirectResponse(f"{_BASE}/{case.id}?done={kind}", 303)


async def _party(desk: Desk, case: reading.Case) -> None:
    data = forms.amounts(forms.nested(desk.ask.body), "claim_minor")
    asset = forms.number(data.get("asset_id"))
    await parties.add(desk.connection, desk.web.vault, case.id, desk.account, data, asset)


async def _left(desk: Desk, case: reading.Case) -> None:
    await parties.leave(desk.connection, case.id, desk.account, desk.typed_number("party"))


async def _change(desk: Desk, case: reading.Case) -> None:
    data = forms.nested(desk.ask.body)
    await closing.change(desk.connection, case.id, desk.account, desk.typed_number("version"), data)


async def _close(desk: Desk, case: reading.Case) -> None:
    await closing.close(desk.connection, case.id, desk.account, desk.typed("reason"))


async def _reopen(desk: Desk, case: reading.Case) -> None:
    await closing.reopen(desk.connection, case.id, desk.account, desk.typed("reason"))


async def _notice(desk: Desk, case: reading.Case) -> None:
    data = forms.nested(desk.ask.body)
    for name in ("party_id", "asset_id"):
        data[name] = forms.number(data.get(name))
    await notices.give(desk.connection, case.id, desk.account, key_of(desk.typed("key")), data)


def key_of(typed: str) -> UUID:
    """The key that a form or a message carries. Raises CaseError."""
    try:
        return UUID(typed)
    except ValueError:
        raise CaseError(Fault("key", "NO_KEY", "Send a new UUID with each notice.")) from None


async def prove(desk: Desk) -> Response:
    """POST /agency/cases/{case}/notices/{notice}: the proof of a notice."""
    case, notice = await found(desk), desk.number("notice")
    await of_case(desk, case.id, notice)
    _, refused = await acted(desk, _prove(desk, notice))
    if refused is not None:
        return await _draw(desk, case, refused)
    return RedirectResponse(f"{_BASE}/{case.id}?done=proof#notices", 303)


async def of_case(desk: Desk, case: int, notice: int) -> None:
    """Raises Problem 404 where the notice is not of this case."""
    of = await desk.connection.fetchval("SELECT case_id FROM case_notice WHERE id = $1", notice)
    if of != case:
        raise Problem(404, "NOT_FOUND")


async def _prove(desk: Desk, notice: int) -> None:
    shown = forms.nested({"shown_on": desk.typed("shown_on")})
    reader = checks.Reader(shown)
    day = reader.past_day("shown_on", desk.today)
    reader.done()
    assert day is not None
    file = await forms.checked_file(desk)
    await notices.prove(
        desk.connection, desk.web.vault, notice, desk.account, desk.typed("kind"), day,
        file.media_type, file.body,
    )  # fmt: skip


async def proof(desk: Desk) -> Response:
    """GET /agency/cases/{case}/notices/{notice}/proofs/{paper}: what proves a notice."""
    case, notice = await found(desk), desk.number("notice")
    await of_case(desk, case.id, notice)
    row = await desk.connection.fetchrow(
        "SELECT media_type, sealed FROM notice_proof WHERE id = $1 AND notice_id = $2",
        desk.number("paper"),
        notice,
    )
    if row is None:
        raise Problem(404, "NOT_FOUND")
    body = desk.web.vault.open(bytes(row["sealed"]), record.of_proof(notice))
    return sent(body, row["media_type"], f"proof-{notice}")


def sent(body: bytes, media_type: str, name: str) -> Response:
    """A kept file as a download: it is never shown inside a page of ours."""
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[media_type]
    return Response(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{ending}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
