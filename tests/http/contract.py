"""Checks every answer of the API against the program's own OpenAPI description."""

from __future__ import annotations

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from auction_engine.http import openapi, routes

DOCUMENT = openapi.document(routes.ALL)
_REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:api", DRAFT202012.create_resource(DOCUMENT)
)
_PATHS = {
    path: re.compile(re.sub(r"\{\w+\}", "[0-9]+", path) + r"\Z") for path in DOCUMENT["paths"]
}


def path_of(address: str) -> str | None:
    """The described path that this address belongs to."""
    return next((path for path, match in _PATHS.items() if match.match(address)), None)


def schema(status: int, method: str, path: str) -> dict[str, Any]:
    described = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(status) in described, f"{method} {path} answers {status}, which is not described"
    content: dict[str, Any] = described[str(status)]["content"]
    return content


def valid(value: Any, found: dict[str, Any]) -> None:
    """Raise unless `value` is what this schema of the description says."""
    absolute = _absolute(found)
    Draft202012Validator(absolute, registry=_REGISTRY).validate(value)


def _absolute(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"urn:api{item}" if name == "$ref" else _absolute(item)
            for name, item in value.items()
        }
    return [_absolute(item) for item in value] if isinstance(value, list) else value


async def check(response: httpx.Response) -> None:
    """An httpx hook: the answer's status, type and body are as described."""
    path = path_of(response.request.url.path)
    method = response.request.method
    if path is None or method == "HEAD" or method.lower() not in DOCUMENT["paths"][path]:
        return
    if response.status_code == 304:
        assert "304" in DOCUMENT["paths"][path][method.lower()]["responses"]
        return
    content = schema(response.status_code, method, path)
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in content, f"{method} {path} answers {kind}"
    if "schema" in content[kind]:
        await response.aread()
        valid(response.json(), content[kind]["schema"])
