"""What the forms of the way in send: a dossier's fields, a file."""

import asyncio
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from auction_engine.desk.admission.checking import MAX_BYTES
from auction_engine.desk.admission.reading import Person
from auction_engine.http import bodies
from auction_engine.http.problems import Problem

_FIELDS = 40
_AROUND_BYTES = 16 * 1024
_FIELD_BYTES = 4 * 1024
_UPLOAD_S = 120
_NAME, _NUMBER, _RELATION = 120, 20, 200
DECLARED = "declare."


async def dossier_form(request: Request) -> dict[str, Any]:
    """A dossier's form. Raises Problem 400, 408, 413, 415."""
    return await bodies.form(request, bodies.BODY_MAX_BYTES, _FIELDS)


async def paper_form(request: Request) -> dict[str, Any]:
    """A form with one file: bytes in `file`, its name in `filename`.

    What is too large is refused by what the request says of itself, before anything is read. Raises
    Problem 400, 408, 413, 415.
    """
    if bodies.media_type(request) != "multipart/form-data":
        raise Problem(415, "UNSUPPORTED_TYPE")
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > MAX_BYTES + _AROUND_BYTES:
        raise Problem(
            413, "TOO_LARGE", "A file may have 10 MB at most.", headers={"Connection": "close"}
        )
    try:
        async with (
            asyncio.timeout(_UPLOAD_S),
            request.form(max_files=1, max_fields=10, max_part_size=_FIELD_BYTES) as form,
        ):
            fields: dict[str, Any] = {}
            for name, value in form.multi_items():
                if name in fields or name == "filename":
                    raise Problem(400, "BAD_MESSAGE")
                if isinstance(value, UploadFile):
                    fields[name] = await value.read()
                    fields["filename"] = line(value.filename or "", _NAME)
                else:
                    fields[name] = value
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None
    if not isinstance(fields.get("file"), bytes):
        raise Problem(400, "BAD_MESSAGE")
    return fields


def line(typed: object, most: int) -> str:
    """One line of text as it is kept."""
    text = " ".join(unicodedata.normalize("NFC", str(typed)).split())
    return "".join(letter for letter in text if letter.isprintable())[:most]


def number(typed: object) -> str:
    """An identity number or tax code in its one spelling."""
    text = unicodedata.normalize("NFKC", str(typed))
    return re.sub(r"[^0-9A-Z]", "", text.upper())[:_NUMBER]


def person(fields: Mapping[str, Any]) -> Person:
    """Who takes part, as it was typed. Fields that are not there are empty."""
    for_another = fields.get("for_another") in ("yes", True)
    return Person(
        name=line(fields.get("name", ""), _NAME),
        id_number=number(fields.get("id_number", "")),
        phone=line(fields.get("phone", ""), _NUMBER),
        for_another=for_another,
        principal=line(fields.get("principal", ""), _NAME) if for_another else "",
        principal_id=number(fields.get("principal_id", "")) if for_another else "",
        relation=line(fields.get("relation", ""), _RELATION) if for_another else "",
    )


def declared(fields: Mapping[str, Any]) -> list[str]:
    """The declarations that were ticked."""
    return [name.removeprefix(DECLARED) for name in fields if name.startswith(DECLARED)]


def version(fields: Mapping[str, Any]) -> int:
    """The version of what was seen. Raises Problem 400."""
    text = str(fields.get("version", ""))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Problem(400, "BAD_MESSAGE", "`version` is the version of the dossier that was seen.")
    return int(text)
