"""A dossier read by the organisation's programs: who it is of, its papers, what can be decided.

Reading one is an act of the clerk's that its bidder can see, as on the page.
"""

from starlette.responses import Response

from auction_engine.http.way import queue
from auction_engine.http.way.answers import short
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules.deposits import missing


async def api_read_dossier(web: Web, ask: Ask) -> Response:
    """GET /api/dossiers/{dossier}."""
    dossier, place, _ = await queue.opened(web, ask)
    seen = await queue.look(web, ask, dossier, place)
    return json_answer(
        {
            **short(dossier),
            "reason": dossier.reason,
            "readable": seen.readable,
            "person": seen.person._asdict() if seen.readable else None,
            "papers": [
                {"id": one.id, "kind": one.kind, "media_type": one.media_type, "size": one.size,
                 "sha256": one.sha256.hex()}
                for one in seen.papers
            ],
            "declarations": [
                {"code": one.code, "article": one.article, "declared": made}
                for one, made, _ in seen.asked
            ],
            "conflicts": [
                {"kind": one.kind, "colleague": one.colleague, "ground": one.ground}
                for one in seen.conflicts
            ],
            "deposit_held": not missing(place.state, dossier.account),
            "can": seen.can,
            "history": [
                {"at_ms": int(one.at.timestamp() * 1000), "kind": one.kind, "state": one.state,
                 "ground": one.ground, "reason": one.reason}
                for one in seen.history
            ],
        }
    )  # fmt: skip


async def api_dossier_paper(web: Web, ask: Ask) -> Response:
    """GET /api/dossiers/{dossier}/papers/{paper}: a file of it."""
    return await queue.paper(web, ask)
