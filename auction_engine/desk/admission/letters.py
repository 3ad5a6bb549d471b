"""Letters about dossiers, put into the outbox in the transaction that does what they tell of."""

from typing import Any

import orjson

from auction_engine.desk.admission.reading import Dossier
from auction_engine.desk.admission.states import Kind, Recorded
from auction_engine.post import outbox, values

_DECIDED: dict[Recorded, str] = {"ADMITTED": "way_admitted", "REFUSED": "way_refused_recorded"}
_SAID: dict[Kind, str] = {
    "RETURN": "way_returned",
    "REFUSE": "way_refused",
    "ADMIT": "way_accepted",
    "UNDO": "way_undone",
}


async def decided(connection: Any, dossier: Dossier, recorded: Recorded) -> None:
    """The lot's journal has let the bidder in, or sent him away."""
    kind = _DECIDED.get(recorded)
    if kind is not None:
        await put(connection, dossier, kind, f"{recorded}", "way")


async def said(connection: Any, dossier: Dossier, kind: Kind, ground: str | None) -> None:
    """The organisation has decided. `dossier` is as it was before."""
    where = "dossier" if kind == "RETURN" else "way"
    key = f"{kind}/{dossier.version}"
    # An admission that lets in at once is told of once, by `decided`.
    await put(connection, dossier, _SAID[kind], key, where, ground)


async def put(
    connection: Any, dossier: Dossier, kind: str, key: str, where: str,
    ground: str | None = None, at_ms: int | None = None,
) -> bool:  # fmt: skip
    """One letter to a dossier's bidder, once under its `key`. Reasons stand on the page alone:
    letters travel in the open."""
    told = await connection.fetchval(
        "SELECT content -> 'title' FROM lot WHERE id = $1", dossier.lot
    )
    title = {"vi": "", "en": ""} | (orjson.loads(told) if told else {})
    said_ = {
        "title": values.either(title),
        "number": dossier.number,
        "link": values.link(f"/lots/{dossier.lot}/{where}"),
        "entry": values.link(f"/lots/{dossier.lot}/opening.ics"),
    }
    if ground is not None:
        said_["ground"] = values.key(f"way.ground.{ground}")
    if at_ms is not None:
        said_["at"] = values.moment(at_ms)
    return await outbox.put(
        connection, to=dossier.account, kind=kind, values=said_, key=f"way/{dossier.id}/{key}"
    )
