"""Forms of the cases: names with dots become objects, so that a fault's path is its field's name.

`facts.0.label.vi` is the Vietnamese label of the first fact. Amounts are typed in whole units of a
currency without minor units, or with a decimal sign where it has them.
"""

import asyncio
import re
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from auction_engine.desk.admission.checking import MAX_BYTES, Checked
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.cases.record import CaseError, Fault
from auction_engine.http import bodies
from auction_engine.http.cases.parts import Desk, checker_of
from auction_engine.http.problems import Problem

_BYTES = 96 * 1024
_FIELDS = 150
_UPLOAD_S = 120
_AROUND_BYTES = 64 * 1024
_AMOUNT = re.compile(r"[0-9]{1,3}(?:[.,\u00a0 ]?[0-9]{3})*|[0-9]+")


async def long_form(request: Request) -> dict[str, Any]:
    """A form of many fields. Raises as `bodies.form`."""
    return await bodies.form(request, _BYTES, _FIELDS)


async def file_form(request: Request) -> dict[str, Any]:
    """A form with one file, whose bytes are in `file`; a plain form has none. Raises Problem."""
    if bodies.media_type(request) != "multipart/form-data":
        return await bodies.form(request)
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or int(declared[:12]) > MAX_BYTES + _AROUND_BYTES:
        raise bodies.too_large()
    fields: dict[str, Any] = {}
    try:
        async with (
            asyncio.timeout(_UPLOAD_S),
            request.form(max_files=1, max_fields=20, max_part_size=16 * 1024) as form,
        ):
            for name, value in form.multi_items():
                if name in fields:
                    raise Problem(400, "BAD_MESSAGE")
                fields[name] = await value.read() if isinstance(value, UploadFile) else value
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except (MultiPartException, HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise Problem(400, "BAD_MESSAGE") from None
    return fields


async def checked_file(desk: Desk) -> Checked:
    """The uploaded file, looked at and written anew. Raises CaseError at `file`."""
    body = desk.ask.body.get("file")
    if not isinstance(body, bytes) or not body:
        raise CaseError(Fault("file", "NO_FILE", "Choose a file."))
    return await checked(desk, body)


async def checked(desk: Desk, body: bytes) -> Checked:
    """The same for bytes however they came."""
    try:
        return await checker_of(desk.web).check(body)
    except AdmissionError as refused:
        code = refused.code if refused.code.startswith("FILE_") else f"FILE_{refused.code}"
        raise CaseError(Fault("file", code, str(refused))) from None


def nested(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as objects and lists; empty rows of lists are left out."""
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if name in ("csrf", "do", "sure") or not isinstance(value, str):
            continue
        *way, last = name.split(".")
        place = made
        for step in way:
            below = place.setdefault(step, {})
            if not isinstance(below, dict):
                raise Problem(400, "BAD_MESSAGE")
            place = below
        if isinstance(place.get(last), dict):
            raise Problem(400, "BAD_MESSAGE")
        place[last] = value.strip()
    return {name: _lists(value) for name, value in made.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inside = {name: _lists(part) for name, part in value.items()}
    if inside and all(name.isdecimal() for name in inside):
        ordered = sorted(inside, key=int)
        return [inside[name] for name in ordered if _filled(inside[name])]
    return inside


def _filled(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_filled(part) for part in value.values())
    return bool(value)


def flat(value: Any, name: str = "") -> dict[str, str]:
    """An object as the fields of its form."""
    if isinstance(value, dict):
        parts: Any = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    else:
        return {name: "" if value is None else str(value)}
    found: dict[str, str] = {}
    for step, part in parts:
        found |= flat(part, f"{name}.{step}" if name else str(step))
    return found


def amount(typed: Any) -> Any:
    """A typed amount as a whole number; what is none stays what it was, to be refused."""
    text = str(typed or "").strip()
    if not text:
        return None
    return int(re.sub("[^0-9]", "", text)) if _AMOUNT.fullmatch(text) else text


def amounts(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """`data` with these amounts read."""
    return {**data, **{name: amount(data[name]) for name in names if name in data}}


def number(typed: Any) -> Any:
    """A number that was chosen from a list; None for none."""
    text = str(typed or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None
