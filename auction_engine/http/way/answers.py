"""The API of the way in: the same acts as the pages, as JSON."""

from typing import Any

from starlette.responses import Response

from auction_engine.desk.admission import completeness, declarations, dossiers, reading
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.http.problems import Problem
from auction_engine.http.way import forms, papers, queue
from auction_engine.http.way.parts import Own, own_way, parts_of, person_of, problem_of
from auction_engine.http.web import Ask, Web, json_answer

_PERSON = {"name", "id_number", "phone", "for_another", "principal", "principal_id", "relation"}


async def api_way(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/way."""
    own = await own_way(web, ask)
    assert own.view.state is not None
    terms = own.view.state.params.terms
    return json_answer(
        {
            "lot": own.view.lot,
            "window": own.standing.window,
            "opens_ms": None if terms is None else terms.registration_open_ms,
            "closes_ms": None if terms is None else terms.registration_close_ms,
            "start_ms": own.view.state.params.start_ms,
            "now_ms": web.now_ms(),
            "steps": [step._asdict() for step in own.standing.steps],
            "next": None if own.standing.next is None else own.standing.next.code,
        }
    )


async def api_dossier(web: Web, ask: Ask) -> Response:
    """GET /api/lots/{lot}/dossier: the own dossier, begun or not."""
    return await _told(web, await own_way(web, ask))


async def _told(web: Web, own: Own) -> Response:
    state, dossier = own.view.state, own.dossier
    assert state is not None
    person = await person_of(web, own)
    asked = declarations.asked(state.params, person.for_another)
    said: dict[str, Any] = {} if dossier is None else dossier.declared
    missed = declarations.missing(state.params, person.for_another, said)
    return json_answer(
        {
            "lot": own.view.lot,
            "number": None if dossier is None else dossier.number,
            "state": "NONE" if dossier is None else dossier.state,
            "recorded": None if dossier is None else dossier.recorded,
            "version": 0 if dossier is None else dossier.version,
            "entry_seq": None if dossier is None else dossier.entry_seq,
            "entry_ms": None if dossier is None else dossier.entry_ms,
            "ground": None if dossier is None else dossier.ground,
            "reason": None if dossier is None else dossier.reason,
            "person": person._asdict(),
            "declarations": [
                {"code": one.code, "article": one.article, "declared": one.code not in missed}
                for one in asked
            ],
            "papers": [
                {"id": p.id, "kind": p.kind, "media_type": p.media_type, "size": p.size,
                 "sha256": p.sha256.hex()}
                for p in own.papers
            ],
            "lacks": completeness.lacking(dossier, person, own.papers, state),
        }
    )  # fmt: skip


async def api_save(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/dossier: keep what was filled in."""
    own = await own_way(web, ask)
    assert own.place is not None
    person, codes = ask.body["person"], ask.body["declared"]
    if type(person) is not dict or person.keys() - _PERSON:
        raise Problem(400, "BAD_MESSAGE", "`person` has only " + ", ".join(sorted(_PERSON)) + ".")
    if any(type(v) is not str for n, v in person.items() if n != "for_another"):
        raise Problem(400, "BAD_MESSAGE", "What is said of a person is text.")
    if type(codes) is not list or not all(type(code) is str for code in codes):
        raise Problem(400, "BAD_MESSAGE", "`declared` is a list of codes.")
    parts = parts_of(web)
    try:
        await parts.run(
            dossiers.save(
                parts.desk, own.place, forms.version(ask.body), codes, forms.person(person),
                ask.lang,
            )
        )  # fmt: skip
    except AdmissionError as refused:
        raise problem_of(refused) from None
    return await _told(web, await own_way(web, ask))


async def api_send(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/dossier/send."""
    return await _carried(web, ask, dossiers.send)


async def api_withdraw(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/dossier/withdraw."""
    return await _carried(web, ask, dossiers.withdraw)


async def _carried(web: Web, ask: Ask, act: Any) -> Response:
    own = await own_way(web, ask)
    assert own.place is not None
    parts = parts_of(web)
    lots = parts.take()
    try:
        await parts.run(act(parts.desk, lots, own.place))
    except AdmissionError as refused:
        raise problem_of(refused) from None
    finally:
        parts.give_back(lots)
    return await _told(web, await own_way(web, ask))


async def api_dossiers(web: Web, ask: Ask) -> Response:
    """GET /api/dossiers: what the organisation has to decide or has decided, oldest first."""
    assert ask.viewer is not None
    asked = ask.request.query_params
    shown = queue.SHOWN.get(asked.get("show", "todo"))
    if shown is None:
        raise Problem(400, "BAD_MESSAGE", "`show` is " + ", ".join(queue.SHOWN) + ".")
    page, lot = queue.whole(asked.get("page", "0")), queue.whole(asked.get("lot", "0"))
    found = await queue.queued(web, ask.viewer.body, shown, page, lot or None)
    return json_answer({"dossiers": [short(one.dossier) for one in found]})


async def api_decide(web: Web, ask: Ask) -> Response:
    """POST /api/dossiers/{dossier}: decide."""
    _, place, _ = await queue.found(web, ask)
    if not all(isinstance(ask.body.get(name), str | None) for name in ("do", "ground", "reason")):
        raise Problem(400, "BAD_MESSAGE", "`do`, `ground` and `reason` are text.")
    try:
        decided = await queue.decided(web, ask, place, ask.body)
    except AdmissionError as refused:
        raise problem_of(refused) from None
    return json_answer(short(decided))


def short(dossier: reading.Dossier) -> dict[str, Any]:
    """A dossier as its organisation's programs know it: without who it is of."""
    return {
        "id": dossier.id,
        "lot": dossier.lot,
        "number": dossier.number,
        "state": dossier.state,
        "recorded": dossier.recorded,
        "version": dossier.version,
        "sent_ms": dossier.sent_ms,
        "ground": dossier.ground,
    }


async def api_paper(web: Web, ask: Ask) -> Response:
    """POST /api/lots/{lot}/dossier/papers: a file, as multipart/form-data."""
    ask.body = await forms.paper_form(ask.request)
    try:
        made = await papers.take(web, ask)
    except AdmissionError as refused:
        raise problem_of(refused) from None
    return json_answer({"id": made})
