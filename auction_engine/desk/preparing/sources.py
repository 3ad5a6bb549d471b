"""What a new session may begin from: a rule pack, a template, or a session of the past."""

from typing import Any, NamedTuple

import orjson

from auction_engine.desk.preparing import choices as shape
from auction_engine.desk.preparing import drafts
from auction_engine.desk.preparing.choices import METHODS, Choices, Dates, Rules, Texts
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.desk.preparing.methods import methods_of
from auction_engine.rules import packs
from auction_engine.rules.pack import Pack
from auction_engine.rules.session_plan import MINUTE_MS, ORDERS

NAME_MOST = 120
_MOST = 100


class Template(NamedTuple):
    id: int
    name: str
    pack: str


class Past(NamedTuple):
    """A session that was held. `lots`: how many."""

    id: int
    title: dict[str, str]
    lots: int


def known_packs() -> list[Pack]:
    """The packs a session can be made from here: in the open, the bidding rises or falls."""
    return [pack for pack in packs.every() if methods_of(pack)]


def other_packs() -> list[Pack]:
    """The packs whose sessions cannot be prepared here (`methods`)."""
    return [pack for pack in packs.every() if not methods_of(pack)]


def pack_of(name: str) -> Pack:
    """The pack of this id. Raises PreparingError BAD_CHOICE."""
    for pack in known_packs():
        if pack.id == name:
            return pack
    raise PreparingError("BAD_CHOICE", f"pack: there is no rule pack {name} for this.", "pack")


async def templates(connection: Any, body: int | None) -> list[Template]:
    rows = await connection.fetch(
        "SELECT id, name, pack FROM session_template WHERE body_id = $1 ORDER BY name LIMIT $2",
        body, _MOST,
    )  # fmt: skip
    return [Template(*row.values()) for row in rows]


async def past(connection: Any, body: int | None) -> list[Past]:
    """The body's sessions, the newest first."""
    rows = await connection.fetch(
        "SELECT s.id, s.title, count(l.id) AS lots FROM auction_session s"
        " JOIN lot l ON l.session_id = s.id WHERE s.organisation_id = $1 AND NOT s.practice"
        " GROUP BY s.id ORDER BY s.id DESC LIMIT $2",
        body, _MOST,
    )  # fmt: skip
    return [Past(row["id"], orjson.loads(row["title"]), row["lots"]) for row in rows]


async def keep_template(
    connection: Any, body: int, account: int, name: str, draft: drafts.Draft
) -> int:
    """Keep what of the draft another session can use. Raises PreparingError TAKEN, BAD_CHOICE."""
    name = " ".join(name.split())[:NAME_MOST]
    if not name:
        raise PreparingError("BAD_CHOICE", "name: say what the template is called.", "name")
    made = await connection.fetchval(
        "INSERT INTO session_template (body_id, name, pack, choices, made_by)"
        " VALUES ($1, $2, $3, $4::jsonb, $5)"
        " ON CONFLICT ON CONSTRAINT session_template_name DO NOTHING RETURNING id",
        body, name, draft.pack, drafts.dumped(shape.reusable(draft.choices)), account,
    )  # fmt: skip
    if made is None:
        raise PreparingError("TAKEN", f"There is a template called {name} already.", "name")
    return int(made)


async def drop_template(connection: Any, template: int, body: int | None) -> None:
    """Nothing that was made from it changes. Raises PreparingError UNKNOWN."""
    done = await connection.fetchval(
        "DELETE FROM session_template WHERE id = $1 AND body_id = $2 RETURNING id", template, body
    )
    if done is None:
        raise PreparingError("UNKNOWN", "There is no such template.")


async def from_template(connection: Any, template: int, body: int | None) -> tuple[str, Choices]:
    """Pack and choices of a template. Raises PreparingError UNKNOWN."""
    row = await connection.fetchrow(
        "SELECT pack, choices FROM session_template WHERE id = $1 AND body_id = $2", template, body
    )
    if row is None:
        raise PreparingError("UNKNOWN", "There is no such template.")
    return row["pack"], shape.parse(orjson.loads(row["choices"]))


async def from_past(connection: Any, session: int, body: int | None) -> tuple[str, Choices]:
    """Pack and choices of a session of this body, whether it was prepared here or not.

    Raises PreparingError UNKNOWN.
    """
    row = await connection.fetchrow(
        "SELECT s.title, d.pack, d.choices FROM auction_session s"
        " LEFT JOIN session_draft d ON d.session_id = s.id"
        " WHERE s.id = $1 AND s.organisation_id = $2 AND NOT s.practice",
        session, body,
    )  # fmt: skip
    if row is None:
        raise PreparingError("UNKNOWN", "There is no such session.")
    if row["choices"] is not None:
        return row["pack"], shape.reusable(shape.parse(orjson.loads(row["choices"])))
    return await _told_by_journal(connection, session, orjson.loads(row["title"]))


async def _told_by_journal(
    connection: Any, session: int, title: dict[str, str]
) -> tuple[str, Choices]:
    """The same of a session that was not prepared here, as far as its lots were frozen alike."""
    plan = await connection.fetchval(
        "SELECT body->>'order' FROM session_entry WHERE session_id = $1 AND kind = 'plan'"
        " ORDER BY n DESC LIMIT 1",
        session,
    )
    body = await connection.fetchval(
        "SELECT j.body FROM lot l JOIN journal j ON j.lot_id = l.id"
        " WHERE l.session_id = $1 AND j.kind = 'lot.listed' ORDER BY l.position, j.seq LIMIT 1",
        session,
    )
    params = {} if body is None else orjson.loads(body).get("params", {})
    known = {pack.id for pack in known_packs()}
    pack = params.get("pack") if params.get("pack") in known else newest_pack().id
    extension, start, end = params.get("extension"), params.get("start_ms"), params.get("end_ms")
    lasts = None if start is None or end is None else max(1, (end - start) // MINUTE_MS)
    rules = Rules(
        method=params.get("method") if params.get("method") in METHODS else None,
        # A staggered one would need its step, which only the windows tell.
        order=plan if plan in ORDERS and plan != "STAGGERED" else "PARALLEL",
        extension=None if not params else "LAST_MINUTES" if extension else "NONE",
        extension_trigger_s=_seconds(extension, "trigger_ms"),
        extension_by_s=_seconds(extension, "by_ms"),
        extension_max_count=None if not extension else extension.get("max_count"),
        automatic_bids=params.get("automatic_bids"),
    )
    texts = Texts(title_vi=title.get("vi", "")[:300], title_en=title.get("en", "")[:300])
    return str(pack), Choices(dates=Dates(window_min=lasts), rules=rules, texts=texts)


def _seconds(extension: dict[str, Any] | None, name: str) -> int | None:
    return None if not extension else max(1, extension[name] // 1_000)


def newest_pack() -> Pack:
    """The pack that an enforcement sale of today follows."""
    found = [pack for pack in known_packs() if "ENFORCEMENT" in pack.methods]
    return max(found, key=lambda pack: (pack.in_force.until is None, pack.in_force.since))
