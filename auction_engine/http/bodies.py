"""Reading what a request carries, within bounds, to the letter."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from auction_engine.http.problems import Problem

# The largest form has four short fields.
BODY_MAX_BYTES = 16 * 1024
_BODY_S = 10
_FIELDS_MAX = 20


async def read(request: Request, most: int = BODY_MAX_BYTES) -> bytes:
    """The body. Raises Problem 413, 408; 400 when the client went away."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:12]) > most:
        raise too_large()
    chunks, size = [], 0
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise too_large()
                chunks.append(chunk)
    except TimeoutError:
        raise Problem(408, "TIMED_OUT", headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Problem(400, "BAD_MESSAGE") from None
    return b"".join(chunks)


def too_large() -> Problem:
    """The refusal of a body that is too long."""
    # What is still on its way is not read: the connection cannot be used again.
    return Problem(413, "TOO_LARGE", headers={"Connection": "close"})


def media_type(request: Request) -> str:
    """The body's type as it is declared, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def form(
    request: Request, most: int = BODY_MAX_BYTES, fields_max: int = _FIELDS_MAX
) -> dict[str, Any]:
    """The fields of an HTML form, all texts. Raises Problem 400, 408, 413, 415."""
    if media_type(request) != "application/x-www-form-urlencoded":
        raise Problem(415, "UNSUPPORTED_TYPE")
    body = await read(request, most)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=fields_max, errors="strict"
        )
    except ValueError:
        raise Problem(400, "BAD_MESSAGE") from None
    fields = dict(pairs)
    # A field sent twice could be read one way here and another way by whoever checks before us.
    if len(fields) != len(pairs):
        raise Problem(400, "BAD_MESSAGE")
    return dict(fields)


async def json_object(
    request: Request,
    names: frozenset[str],
    optional: frozenset[str] = frozenset(),
    most: int = BODY_MAX_BYTES,
) -> dict[str, Any]:
    """A JSON object with these fields and no others. Raises Problem 400, 408, 413, 415."""
    if media_type(request) != "application/json":
        raise Problem(415, "UNSUPPORTED_TYPE")
    body = await read(request, most)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem(400, "BAD_MESSAGE", "The body is not valid JSON.") from None
    if type(value) is not dict:
        raise Problem(400, "BAD_MESSAGE", "The body is not a JSON object.")
    if missing := names - value.keys():
        raise Problem(400, "BAD_MESSAGE", f"The field `{min(missing)}` is missing.")
    if extra := value.keys() - names - optional:
        raise Problem(400, "BAD_MESSAGE", f"The field `{min(extra)[:40]}` is not known.")
    return value
