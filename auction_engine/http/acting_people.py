"""Who acted on a lot, when and why; and who of a house could be appointed."""

from typing import Any

import orjson

from auction_engine.http.web import Ask, Web
from auction_engine.live.views import LotView
from auction_engine.rules.lifecycle import TURNS

_ENTRIES = 50
# Who has applied is shut away until the end: a desk counts them elsewhere.
_NOT_TOLD = ("bidder.registered", "registration.", "deposit.")
_NEWEST = (
    "SELECT seq, kind, body FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])"
    " ORDER BY seq DESC LIMIT $3"
)


async def colleagues(web: Web, ask: Ask) -> dict[int, str]:
    """Who works for the same organisation, for an appointment: account and name."""
    assert ask.viewer is not None
    if ask.viewer.role != "organisation" or ask.viewer.body is None:
        return {}
    sql = (
        "SELECT id, name FROM account WHERE role = 'organisation' AND body_id = $1"
        " AND state = 'ACTIVE' ORDER BY name, id"
    )
    rows = await web.storage.ledger(fetch(web, sql, ask.viewer.body))
    return {row["id"]: row["name"] for row in rows}


async def entries(web: Web, ask: Ask, view: LotView) -> list[dict[str, Any]]:
    """What people did with the lot, newest first; bidders by their codes, staff by name."""
    assert ask.viewer is not None
    assert view.state is not None
    if ask.viewer.role == "bidder":
        return []
    kinds = [kind for kind in TURNS if not kind.startswith(_NOT_TOLD)]
    rows = await web.storage.ledger(fetch(web, _NEWEST, view.lot, kinds, _ENTRIES))
    made = []
    for row in rows:
        body = orjson.loads(row["body"])
        data = body["data"]
        if data.get("role") not in (None, "CLOCK"):
            entry = {"seq": row["seq"], "kind": row["kind"], "at_ms": body["at_ms"]}
            made.append(entry | {"by": data["by"], "role": data["role"], "why": data.get("reason")})
    sql = "SELECT id, name FROM account WHERE id = ANY($1) AND role <> 'bidder'"
    people = await web.storage.ledger(fetch(web, sql, list({one["by"] for one in made})))
    names = {row["id"]: row["name"] for row in people}
    for one in made:
        known = view.state.admitted.get(one["by"])
        one["who"] = names.get(one["by"]) or (known.code if known else "–")
    return made


async def fetch(web: Web, sql: str, *arguments: Any) -> list[Any]:
    """Rows from the ledger, over a connection beside the pool's."""
    async with web.apart() as connection:
        return list(await connection.fetch(sql, *arguments))
