"""/agency/imports and the same as API: files of cases in, looked at, confirmed; and out."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from auction_engine.desk.integration import casefile, exporting, importing
from auction_engine.desk.integration.importing import Upload
from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.web import JSON, Ask, Web, json_answer

T = TypeVar("T")
PAGE = "/agency/imports"
_CSV = "text/csv"
_FORMS = {_CSV: "csv", JSON: "json"}
_MOVING = frozenset({"UPLOADED", "CHECKING", "CONFIRMED"})
_SHOWN = 500
_UPLOAD_S = 60
_AROUND_BYTES = 8_192
_REFRESH_S = "2"


async def _over(web: Web, work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` gives over a connection of its own. Raises Unavailable."""

    async def run() -> T:
        async with web.apart() as connection:
            return await work(connection)

    return await web.storage.ledger(run())


async def form(request: Request) -> dict[str, Any]:
    """The fields of the page's form with its file. Raises Problem 400, 408, 413, 415."""
    if bodies.media_type(request) != "multipart/form-data":
        raise Problem(415, "UNSUPPORTED_TYPE")
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > casefile.MOST_BYTES + _AROUND_BYTES:
        raise bodies.too_large()
    fields: dict[str, Any] = {}
    try:
        async with (
            asyncio.timeout(_UPLOAD_S),
            request.form(max_files=1, max_fields=5, max_part_size=_AROUND_BYTES) as parts,
        ):
            for name, value in parts.multi_items():
                if name in fields:
                    raise Problem(400, "BAD_MESSAGE")
                if isinstance(value, UploadFile):
                    fields["filename"] = (value.filename or "")[:200]
                    fields[name] = await value.read()
                else:
                    fields[name] = value
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None
    if not isinstance(fields.get("file"), bytes):
        raise Problem(400, "BAD_MESSAGE")
    return fields


def _agency(ask: Ask) -> int:
    """The viewer's agency; 0, which has nothing, for who works for none."""
    assert ask.viewer is not None
    return ask.viewer.body or 0


def _number(ask: Ask) -> int:
    return int(ask.request.path_params["upload"])


def _key(text: Any) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except (ValueError, TypeError, AttributeError):
        raise Problem(400, "BAD_MESSAGE", "`key` is a UUID.") from None


def said(row: dict[str, Any]) -> dict[str, Any]:
    """An import as the API tells of it."""
    told = {k: v for k, v in row.items() if k not in ("created_at", "confirmed_at", "errors")}
    told["created_ms"] = int(row["created_at"].timestamp() * 1000)
    if "errors" in row:
        told["errors"] = [one._asdict() for one in row["errors"]]
    return told


async def _take(web: Web, ask: Ask, upload: Upload) -> int:
    assert ask.viewer is not None
    if ask.viewer.body is None:
        raise Problem(409, "NO_HOUSE", "You work for no house yourself.")
    whose = (ask.viewer.body, ask.viewer.account)
    return await _over(web, lambda one: importing.take(one, web.vault, whose, upload))


async def _read(web: Web, ask: Ask) -> dict[str, Any]:
    number = _number(ask)
    found = await _over(web, lambda one: importing.one(one, number))
    if found is None:
        raise Problem(404, "NOT_FOUND")
    return said(found)


# --- pages --------------------------------------------------------------------------------------


async def page(web: Web, ask: Ask) -> Response:
    """GET /agency/imports."""
    return await _page(web, ask)


async def _page(web: Web, ask: Ask, failed: str | None = None, status: int = 200) -> Response:
    agency = _agency(ask)
    rows = await _over(web, lambda one: importing.of_agency(one, agency))
    return web.page(
        ask, "integration/imports.html", status, path=PAGE, imports=[said(row) for row in rows],
        key=str(uuid.uuid4()), failed=failed, most_mb=casefile.MOST_BYTES // 1024**2,
        most=casefile.MOST_ASSETS,
    )  # fmt: skip


async def take_by_form(web: Web, ask: Ask) -> Response:
    """POST /agency/imports: a file, to be looked at."""
    name = ask.body.get("filename", "")
    kind = name.rpartition(".")[2].lower()
    if kind not in importing.FORMS:
        return await _page(web, ask, failed="form", status=400)
    upload = Upload(_key(ask.body.get("key")), name, kind, ask.body["file"])
    return RedirectResponse(f"{PAGE}/{await _take(web, ask, upload)}", 303)


async def show(web: Web, ask: Ask) -> Response:
    """GET /agency/imports/{upload}: how far it is, what is wrong, and the question."""
    found = await _read(web, ask)
    moving = found["state"] in _MOVING
    return web.page(
        ask, "integration/import.html", path=f"{PAGE}/{found['id']}", one=found, moving=moving,
        # Without a script, too, one sees how far it is.
        headers={"Refresh": _REFRESH_S} if moving else None,
        errors=[fault | {"cure": _cure(web, ask, fault)} for fault in found["errors"][:_SHOWN]],
    )  # fmt: skip


def _cure(web: Web, ask: Ask, fault: dict[str, Any]) -> str:
    """What to do about a fault, in the page's language where there are words for it."""
    for key in (f"integration.fault.{fault['code']}", f"case.fault.{fault['code']}"):
        if web.presenter.has_text(ask.lang, key):
            return web.presenter.text(ask.lang, key)
    return str(fault["cure"])


async def _confirm(web: Web, ask: Ask) -> None:
    assert ask.viewer is not None
    number, account = _number(ask), ask.viewer.account
    if await _over(web, lambda one: importing.confirm(one, number, account)) is None:
        raise Problem(409, "NOT_READY_YET", "Only a file without a fault can be imported, once.")


async def confirm_by_form(web: Web, ask: Ask) -> Response:
    """POST /agency/imports/{upload}/confirm: write it."""
    await _confirm(web, ask)
    return RedirectResponse(f"{PAGE}/{_number(ask)}", 303)


async def give_up_by_form(web: Web, ask: Ask) -> Response:
    """POST /agency/imports/{upload}/drop: throw it away."""
    number = _number(ask)
    await _over(web, lambda one: importing.give_up(one, number))
    return RedirectResponse(PAGE, 303)


async def export(web: Web, ask: Ask) -> Response:
    """GET /agency/export and /api/agency/export: all cases with their assets as a file."""
    agency, kind = _agency(ask), ask.request.query_params.get("format", "json")
    if kind not in importing.FORMS:
        raise Problem(400, "BAD_MESSAGE", "`format` is csv or json.")
    file = exporting.pieces(web.apart, web.vault, agency, kind)

    async def begin() -> list[bytes]:
        # With something out of the ledger: if it is away, that can still be said.
        return [await anext(file), await anext(file)]

    async def whole(begun: list[bytes]) -> AsyncIterator[bytes]:
        for piece in begun:
            yield piece
        async for piece in file:
            yield piece

    headers = {
        "Content-Disposition": f'attachment; filename="cases.{kind}"',
        "Cache-Control": "no-store",
    }
    media = f"{_CSV}; charset=utf-8" if kind == "csv" else JSON
    begun = await web.storage.ledger(begin())
    return StreamingResponse(whole(begun), headers=headers, media_type=media)


# --- API ----------------------------------------------------------------------------------------


async def api_take(web: Web, ask: Ask) -> Response:
    """POST /api/agency/imports: the file is the body."""
    kind = _FORMS.get(bodies.media_type(ask.request))
    if kind is None:
        raise Problem(415, "UNSUPPORTED_TYPE", "Send text/csv or application/json.")
    key = ask.request.query_params.get("key")
    agency_key = uuid.uuid4() if key is None else _key(key)
    body = await bodies.read(ask.request, casefile.MOST_BYTES)
    number = await _take(web, ask, Upload(agency_key, f"api.{kind}", kind, body))
    return json_answer({"id": number}, 202)


async def api_list(web: Web, ask: Ask) -> Response:
    """GET /api/agency/imports."""
    agency = _agency(ask)
    rows = await _over(web, lambda one: importing.of_agency(one, agency))
    return json_answer({"imports": [said(row) for row in rows]})


async def api_show(web: Web, ask: Ask) -> Response:
    """GET /api/agency/imports/{upload}."""
    return json_answer(await _read(web, ask))


async def api_confirm(web: Web, ask: Ask) -> Response:
    """POST /api/agency/imports/{upload}/confirm."""
    await _confirm(web, ask)
    return json_answer(await _read(web, ask), 202)


async def api_give_up(web: Web, ask: Ask) -> Response:
    """POST /api/agency/imports/{upload}/drop."""
    number = _number(ask)
    done = await _over(web, lambda one: importing.give_up(one, number))
    return json_answer({"dropped": done})
