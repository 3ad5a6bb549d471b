"""The same for programs: drafts, their choices, what blocks them, a dry run, the acts."""

from typing import Any

import orjson
from starlette.responses import Response

from auction_engine.desk.preparing import choices as shape
from auction_engine.desk.preparing import dating, drafts, sources
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.http import bodies
from auction_engine.http.guard import Handler
from auction_engine.http.preparing import acting, checked, pages
from auction_engine.http.preparing.parts import (
    Bench,
    bench,
    ledger,
    refused,
    version_of,
    who,
)
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web, json_answer
from auction_engine.rules import calendar as days
from auction_engine.rules.pack_words import citation

_BYTES = 128 * 1024


async def session_drafts(web: Web, ask: Ask) -> Response:
    """GET /api/desk/sessions/drafts."""
    _, body = who(ask)

    async def work(connection: Any) -> list[drafts.Draft]:
        return await drafts.every(connection, body)

    return json_answer({"drafts": [_told(one) for one in await ledger(web, work)]})


async def make_session_draft(web: Web, ask: Ask) -> Response:
    """POST /api/desk/sessions/drafts."""
    body = await _body(ask, {"from"})
    try:
        draft = await pages.made(web, ask, str(body["from"]))
    except PreparingError as error:
        raise refused(error) from None
    return json_answer({"draft": draft})


async def session_draft(web: Web, ask: Ask) -> Response:
    """GET /api/desk/sessions/drafts/{draft}."""
    return json_answer(await _whole(web, await bench(web, ask)))


async def change_session_draft(web: Web, ask: Ask) -> Response:
    """POST /api/desk/sessions/drafts/{draft}: all choices anew, or with every date filled in."""
    said = await _body(ask, {"version"}, {"choices", "fill"})
    found = await bench(web, ask)
    try:
        choices = found.draft.choices
        if "choices" in said:
            choices = shape.parse(said["choices"])
        if said.get("fill"):
            choices = pages.filled(found, choices)
        await pages.kept(web, ask, choices, version_of(said["version"]))
    except PreparingError as error:
        raise refused(error) from None
    return json_answer(await _whole(web, await bench(web, ask)))


async def try_session_draft(web: Web, ask: Ask) -> Response:
    """GET /api/desk/sessions/drafts/{draft}/run: the session in virtual time."""
    found = await bench(web, ask)
    runs = await checked.runs_of(found.whole)
    return json_answer(
        {
            "runs": [
                {"bidders": bidders, "lots": [_course(course) for course in courses]}
                for bidders, courses in runs.items()
            ]
        }
    )


def act_of(name: str) -> Handler:
    async def act(web: Web, ask: Ask) -> Response:
        """POST /api/desk/sessions/drafts/{draft}/ACT."""
        said = await _body(ask, {"version"}, {"reason", "name"})
        try:
            await acting.done(web, ask, name, said)
        except PreparingError as error:
            raise refused(error) from None
        if name == "delete":
            return json_answer({"t": "done", "draft": None})
        return json_answer({"t": "done", "draft": _told((await bench(web, ask)).draft)})

    # What the description calls the operation.
    act.__name__ = f"{name}_session_draft"
    return act


async def session_templates(web: Web, ask: Ask) -> Response:
    """GET /api/desk/sessions/templates."""
    _, body = who(ask)

    async def work(connection: Any) -> list[sources.Template]:
        return await sources.templates(connection, body)

    return json_answer({"templates": [one._asdict() for one in await ledger(web, work)]})


async def session_sources(web: Web, ask: Ask) -> Response:
    """GET /api/desk/sessions/sources: all that a draft can begin from, as its `from` is written."""
    _, body = who(ask)

    async def work(connection: Any) -> tuple[list[sources.Template], list[sources.Past]]:
        return await sources.templates(connection, body), await sources.past(connection, body)

    kept, held = await ledger(web, work)
    newest = sources.newest_pack().id
    told = [
        {"from": f"pack:{pack.id}", "name": {"vi": pack.title.vi, "en": pack.title.en},
         "newest": pack.id == newest}
        for pack in sources.known_packs()
    ]  # fmt: skip
    told += [
        {"from": f"template:{one.id}", "name": {"vi": one.name, "en": one.name}, "newest": False}
        for one in kept
    ]
    told += [{"from": f"session:{one.id}", "name": one.title, "newest": False} for one in held]
    return json_answer({"sources": told})


async def drop_session_template(web: Web, ask: Ask) -> Response:
    """POST /api/desk/sessions/templates/{template}/remove."""
    _, body = who(ask)

    async def work(connection: Any) -> None:
        await sources.drop_template(connection, ask.request.path_params["template"], body)

    try:
        await ledger(web, work)
    except PreparingError as error:
        raise refused(error) from None
    return json_answer({"t": "done"})


async def _body(ask: Ask, needed: set[str], optional: set[str] | None = None) -> dict[str, Any]:
    """The request's object. Raises Problem 400, 408, 413, 415."""
    if bodies.media_type(ask.request) != "application/json":
        raise Problem(415, "UNSUPPORTED_TYPE")
    try:
        value = orjson.loads(await bodies.read(ask.request, _BYTES))
    except orjson.JSONDecodeError:
        raise Problem(400, "BAD_MESSAGE", "The body is not valid JSON.") from None
    allowed = needed | (optional or set())
    if type(value) is not dict or not needed <= value.keys() or not value.keys() <= allowed:
        names = ", ".join(sorted(allowed))
        raise Problem(400, "BAD_MESSAGE", f"The body is an object with {names}.")
    return value


def _told(draft: drafts.Draft) -> dict[str, Any]:
    texts = draft.choices.texts
    return {
        "id": draft.id,
        "state": draft.state,
        "version": draft.version,
        "pack": draft.pack,
        "title": {"vi": texts.title_vi, "en": texts.title_en},
        "session": draft.session,
        "made_by": draft.made_by,
        "submitted_by": draft.submitted_by,
        "approved_by": draft.approved_by,
        "made_ms": int(draft.made_at.timestamp() * 1000),
        "changed_ms": int(draft.changed_at.timestamp() * 1000),
    }


async def _whole(web: Web, found: Bench) -> dict[str, Any]:
    return {
        **_told(found.draft),
        "lots": [
            {"position": one.position, "lot": one.lot, "up": one.up}
            for one in await checked.going_up(web, found.draft)
        ],
        "choices": found.draft.choices.to_json(),
        "assets": [
            {"id": asset.id, "title": asset.content.get("title"), "movable": asset.movable}
            for asset in found.assets.values()
        ],
        "findings": [
            {
                "step": one.step, "path": one.path, "code": one.code,
                "text": {"vi": one.vi, "en": one.en}, "do": {"vi": one.do_vi, "en": one.do_en},
                "parameter": one.parameter, "rule": one.rule, "verified": one.verified,
                "lots": list(one.lots),
            }
            for one in found.findings
        ],
        "dates": _dates(found),
    }  # fmt: skip


def _dates(found: Bench) -> list[dict[str, Any]]:
    try:
        rows = dating.explained(found.pack, found.draft.choices, found.assets) or ()
    except days.CalendarError:
        return []
    told = []
    for row in rows:
        due, rule = row.deadline, citation(row.deadline.rule)
        told.append(
            {
                "key": due.key, "day": due.day.isoformat(), "due_ms": due.due_ms, "way": due.way,
                "assumed": due.assumed, "parameter": due.path,
                "text": {"vi": due.text.vi, "en": due.text.en},
                "why": {"vi": row.why.vi, "en": row.why.en},
                "rule": {"vi": rule.vi, "en": rule.en}, "verified": due.verified,
                "days_off": [day.isoformat() for day in row.off],
                "worked_instead": [day.isoformat() for day in row.worked],
            }
        )  # fmt: skip
    return told


def _course(course: Any) -> dict[str, Any]:
    start_ms, end_ms, latest_ms = course.planned
    return {
        "lot": course.lot, "start_ms": start_ms, "end_ms": end_ms, "latest_ms": latest_ms,
        "opened_ms": course.opened_ms, "ended_ms": course.ended_ms,
        "price_minor": course.price_minor, "extensions": course.extensions,
        "outcome": course.outcome, "code": course.code,
        "marks": [{"at_ms": mark.at_ms, "kind": mark.kind} for mark in course.marks],
    }  # fmt: skip
