"""The form of a complaint: long texts and up to three files, each checked before it is kept.

Files stay on disk from the upload to the moment they are sealed: one piece at a time is in memory
until then.
"""

import asyncio
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from auction_engine.desk.admission import spooled
from auction_engine.desk.admission.checking import MAX_BYTES, Checker
from auction_engine.desk.admission.spooled import Clean
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.http import bodies
from auction_engine.http.problems import Problem
from auction_engine.http.way.forms import line
from auction_engine.http.web import Ask, Web

MOST_FILES = 3
_FIELD_BYTES = 40 * 1024
_MOST_BYTES = MOST_FILES * MAX_BYTES + 128 * 1024
_LONG_BYTES = 128 * 1024
_UPLOAD_S = 120
_NAME = 120
_FILES = "files"
_checkers: WeakKeyDictionary[Web, Checker] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Attached:
    """A checked file and the name it came with."""

    filename: str
    clean: Clean

    @property
    def media_type(self) -> str:
        return self.clean.media_type

    def read(self) -> bytes:
        """The whole clean file."""
        return self.clean.read()


async def long_form(request: Request) -> dict[str, Any]:
    """A form with long texts, each letter of which may take nine bytes on its way.

    Raises Problem 400, 408, 413, 415.
    """
    return await bodies.form(request, _LONG_BYTES)


async def complaint_form(request: Request) -> dict[str, Any]:
    """The texts of the form, and its files' names and places on disk in `files`.

    Raises Problem 400, 408, 413, 415.
    """
    if bodies.media_type(request) != "multipart/form-data":
        return await long_form(request)
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > _MOST_BYTES:
        raise bodies.too_large()
    try:
        async with asyncio.timeout(_UPLOAD_S):
            # Not closed here: the files are read by `checked`, and go with the last who has them.
            form = await request.form(
                max_files=MOST_FILES, max_fields=12, max_part_size=_FIELD_BYTES
            )
            return _parts(form.multi_items())
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None


def _parts(items: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {_FILES: []}
    for name, value in items:
        if isinstance(value, UploadFile):
            if value.filename:
                # One line that can be kept and shown, whatever was sent for a name.
                name = line(value.filename, _NAME) or "-"
                fields[_FILES].append((name, value))
        elif name in fields:
            raise Problem(400, "BAD_MESSAGE")
        else:
            fields[name] = value
    return fields


async def checked(web: Web, ask: Ask) -> None:
    """Put the checked files into `documents`; the code of a refusal into `file_refused`."""
    checker = _checkers.setdefault(web, Checker())
    found: list[Attached] = []
    sent = ask.body.pop(_FILES, ())
    try:
        for name, upload in sent:
            found.append(Attached(name, await spooled.check(checker, upload.file)))
    except AdmissionError as refused:
        ask.body["file_refused"] = refused.code
    finally:
        for _, upload in sent:
            await upload.close()
    ask.body["documents"] = tuple(found)


def forget(ask: Ask) -> None:
    """Let go of the checked files: what was kept is sealed by now."""
    for one in ask.body.get("documents", ()):
        one.clean.file.close()
