"""The form of a complaint: long texts and up to three files, each checked before it is kept."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from auction_engine.desk.admission.checking import MAX_BYTES, Checker
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.complaints.record import Document
from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.way.forms import line
from auction_engine.http.web import Ask, Web

MOST_FILES = 3
_FIELD_BYTES = 40 * 1024
_MOST_BYTES = MOST_FILES * MAX_BYTES + 128 * 1024
_UPLOAD_S = 120
_NAME = 120
_FILES = "files"
_checkers: WeakKeyDictionary[Web, Checker] = WeakKeyDictionary()


async def complaint_form(request: Request) -> dict[str, Any]:
    """The texts of the form, and its files' names and bytes in `files`.

    Raises Problem 400, 408, 413, 415.
    """
    if bodies.media_type(request) != "multipart/form-data":
        return await bodies.form(request, _FIELD_BYTES)
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > _MOST_BYTES:
        raise bodies.too_large()
    try:
        async with (
            asyncio.timeout(_UPLOAD_S),
            request.form(max_files=MOST_FILES, max_fields=12, max_part_size=_FIELD_BYTES) as form,
        ):
            return await _parts(form.multi_items())
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None


async def _parts(items: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {_FILES: []}
    for name, value in items:
        if isinstance(value, UploadFile):
            if value.filename:
                # One line that can be kept and shown, whatever was sent for a name.
                name = line(value.filename, _NAME) or "-"
                fields[_FILES].append((name, await value.read()))
        elif name in fields:
            raise Problem(400, "BAD_MESSAGE")
        else:
            fields[name] = value
    return fields


async def checked(web: Web, ask: Ask) -> None:
    """Put the checked files into `documents`; the code of a refusal into `file_refused`."""
    checker = _checkers.setdefault(web, Checker())
    found: list[Document] = []
    try:
        for name, body in ask.body.pop(_FILES, ()):
            clean = await checker.check(body)
            found.append(Document(name, clean.media_type, clean.body))
    except AdmissionError as refused:
        ask.body["file_refused"] = refused.code
    ask.body["documents"] = tuple(found)
