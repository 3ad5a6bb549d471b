"""What the money desk's forms send: long lists of fields, and files."""

import asyncio
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from auction_engine.bank.sniffing import MAX_BYTES
from auction_engine.http import bodies
from auction_engine.http.problems import Problem

# A batch of 5,000 payments sends about 60 KB, a case with a thousand claims half a megabyte.
_LONG_BYTES = 1024 * 1024
_LONG_FIELDS = 20_000
# What surrounds the file: boundaries, names, a token.
_AROUND_BYTES = 16 * 1024
_FIELD_BYTES = 4 * 1024
_UPLOAD_S = 120


async def long_form(request: Request) -> dict[str, Any]:
    """The fields of a form with many of them. Raises Problem 400, 408, 413, 415."""
    return await bodies.form(request, _LONG_BYTES, _LONG_FIELDS)


async def upload(request: Request) -> dict[str, Any]:
    """The fields of a form with one file: its bytes in `file`, its name in `filename`.

    Raises Problem 400, 408, 413, 415.
    """
    if bodies.media_type(request) != "multipart/form-data":
        raise Problem(415, "UNSUPPORTED_TYPE")
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > MAX_BYTES + _AROUND_BYTES:
        raise bodies.too_large()
    try:
        async with (
            asyncio.timeout(_UPLOAD_S),
            request.form(max_files=1, max_fields=10, max_part_size=_FIELD_BYTES) as form,
        ):
            fields = await _parts(form)
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None
    if not isinstance(fields.get("file"), bytes):
        raise Problem(400, "BAD_MESSAGE")
    return fields


async def _parts(form: FormData) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name in fields or name == "filename":
            raise Problem(400, "BAD_MESSAGE")
        if isinstance(value, UploadFile):
            fields[name] = await value.read()
            fields["filename"] = (value.filename or "")[:200]
        else:
            fields[name] = value
    return fields
