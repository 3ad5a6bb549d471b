"""A dossier's files: in by a form, out to whoever may read them, always as attachments."""

from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from auction_engine.desk import exclusive
from auction_engine.desk.admission import dossiers, reading
from auction_engine.desk.admission.checking import EXTENSIONS
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.http.problems import Problem
from auction_engine.http.way import pages
from auction_engine.http.way.parts import own_way, parts_of, person_of, told
from auction_engine.http.web import Ask, Web

# Whatever a reader makes of the file, it can neither run nor reach anything.
_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


async def upload(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/dossier/papers: a file for the own dossier."""
    try:
        await take(web, ask)
    except AdmissionError as refused:
        own = await own_way(web, ask)
        return await pages.drawn(web, ask, own, await person_of(web, own), refused)
    lot = ask.request.path_params["lot"]
    return RedirectResponse(f"/lots/{lot}/dossier?done=added#papers", 303)


async def take(web: Web, ask: Ask) -> int:
    """Check the file that was sent and keep it. Raises AdmissionError, Problem."""
    own = await own_way(web, ask)
    assert own.place is not None
    parts = parts_of(web)
    if not own.place.open:
        raise dossiers.late(own.place)
    file = await told(parts.files.ledger(parts.checker.check(ask.body["file"])))
    name = str(ask.body.get("filename", "")) or "-"
    kind = str(ask.body.get("kind", ""))
    return await parts.run(dossiers.add(parts.desk, own.place, kind, name, file))


async def remove(web: Web, ask: Ask) -> Response:
    """POST /lots/{lot}/dossier/papers/{paper}/remove."""
    own = await own_way(web, ask)
    assert own.place is not None
    parts = parts_of(web)
    paper = ask.request.path_params["paper"]
    try:
        await parts.run(dossiers.remove(parts.desk, own.place, min(paper, 2**53)))
    except AdmissionError as refused:
        return await pages.drawn(web, ask, own, await person_of(web, own), refused)
    return RedirectResponse(f"/lots/{own.lot['id']}/dossier?done=removed#papers", 303)


async def own_paper(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/dossier/papers/{paper}: a file of the own dossier."""
    own = await own_way(web, ask)
    if own.dossier is None:
        raise Problem(404, "NOT_FOUND")
    return await sent(web, own.dossier, ask.request.path_params["paper"])


async def sent(web: Web, dossier: reading.Dossier, paper: int) -> Response:
    """A file as it is given out. Raises Problem 404. Who may read it was asked before."""
    parts = parts_of(web)

    async def read() -> Any:
        async with exclusive.connected(parts.desk.url) as connection:
            return await reading.document(connection, dossier.id, min(paper, 2**53))

    found = await parts.run(read())
    if found is None:
        raise Problem(404, "NOT_FOUND")
    described, sealed = found
    body = web.vault.open(sealed, reading.document_context(dossier.id))
    # The name is ours: a sender's own could be anything, and says who he is.
    name = f"{dossier.number}-{described.id}.{EXTENSIONS[described.media_type]}"
    headers = {**_HEADERS, "Content-Disposition": f"attachment; filename={quote(name)}"}
    return Response(body, headers=headers, media_type=described.media_type)
