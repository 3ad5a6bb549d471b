"""The OpenAPI 3.1 description, made from the route table and the models."""

import re
from importlib.metadata import version
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from auction_engine.http.web import JSON, Ask, Web
from auction_engine.identity.access import ALLOWED
from auction_engine.identity.accounts import ROLES
from auction_engine.identity.tokens import IN_PERSON

if TYPE_CHECKING:
    from auction_engine.http.guard import Spec

_REF = "#/components/schemas/{model}"
# What the guard may say of a token before any handler is asked (`http/bearer.py`).
_TOKENS = {
    400: "TOKEN_AND_COOKIE: send one of the two.",
    401: "BAD_TOKEN: unknown, revoked or expired.",
    403: "TOKEN_NOT_FOR_THIS: the token names other acts.",
    429: "RATE_LIMITED.",
}
_PARAMETER = re.compile(r"\{(\w+):int\}")


def document(specs: "list[Spec]") -> dict[str, Any]:
    """The description of all routes that have one."""
    from auction_engine.http.models import Problem

    described = [spec for spec in specs if spec.doc is not None]
    paths: dict[str, dict[str, Any]] = {}
    for spec in described:
        address = _PARAMETER.sub(r"{\1}", spec.path)
        paths.setdefault(address, {})[spec.method.lower()] = _operation(spec)
    _, schemas = models_json_schema(
        [(model, "validation") for model in _models(described) | {Problem}],
        ref_template=_REF,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Auction engine",
            "version": version("auction-engine"),
            "description": (
                "Amounts are integers of the currency's minor unit below 2^53, times are UTC "
                "milliseconds. The live connection at /live is described by AsyncAPI."
            ),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.get("$defs", {}).items())),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "aet_...",
                    "description": "A token made on /account/tokens, for acts it names.",
                },
            },
        },
    }


def _members(model: Any) -> tuple[Any, ...]:
    return get_args(model) if isinstance(model, UnionType) else (model,)


def _models(specs: "list[Spec]") -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    for spec in specs:
        assert spec.doc is not None
        for model in (spec.doc.body, *(answer[0] for answer in spec.doc.answers.values())):
            found.update(m for m in _members(model) if isinstance(m, type))
    return found


def _schema(model: Any) -> dict[str, Any]:
    refs = [{"$ref": _REF.format(model=m.__name__)} for m in _members(model)]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}


def _operation(spec: "Spec") -> dict[str, Any]:
    doc = spec.doc
    assert doc is not None
    operation: dict[str, Any] = {
        "operationId": spec.handler.__name__,
        "summary": doc.summary,
        "parameters": _parameters(spec),
        "responses": {str(status): answer for status, answer in sorted(_responses(spec).items())},
        "security": _security(spec),
    }
    if doc.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _schema(doc.body)}},
        }
    if doc.raw:
        operation["requestBody"] = {"required": True, "content": {kind: {} for kind in doc.raw}}
    if doc.more:
        operation["description"] = doc.more
    return operation


def _security(spec: "Spec") -> list[dict[str, list[str]]]:
    if None in ALLOWED[spec.act]:
        return []
    cookie: dict[str, list[str]] = {"session": [], "csrf": []}
    return [cookie] if spec.act in IN_PERSON else [cookie, {"token": []}]


def _parameters(spec: "Spec") -> list[dict[str, Any]]:
    assert spec.doc is not None
    whole = {"type": "integer", "minimum": 0}
    return [
        {"name": name, "in": "path", "required": True, "schema": whole}
        for name in _PARAMETER.findall(spec.path)
    ] + [
        {"name": name, "in": "query", "description": text, "schema": schema}
        for name, (schema, text) in spec.doc.query.items()
    ]


def _responses(spec: "Spec") -> dict[int, dict[str, Any]]:
    """What the route's own table says, and what the guard may answer in front of it."""
    from auction_engine.http.models import Problem

    assert spec.doc is not None
    answers: dict[int, tuple[Any, str]] = {500: (Problem, "INTERNAL: a fault of the server.")}
    if spec.kind != "plain":
        answers[503] = (Problem, "UNAVAILABLE: a part of the server does not answer.")
    if None not in ALLOWED[spec.act]:
        answers[401] = (Problem, "SIGN_IN_NEEDED.")
    if spec.method != "GET":
        answers[403] = (Problem, "FORBIDDEN, BAD_CSRF or WRONG_ORIGIN.")
    elif not ALLOWED[spec.act].keys() >= set(ROLES):
        answers[403] = (Problem, "FORBIDDEN: not for this role.")
    if "{" in spec.path:
        answers[404] = (Problem, "NOT_FOUND: nothing there, or nothing of yours.")
    if spec.fields is not None:
        answers[400] = (Problem, "BAD_MESSAGE.")
        answers[408] = (Problem, "TIMED_OUT: the body did not arrive.")
        answers[413] = (Problem, f"TOO_LARGE: more than {spec.most // 1024} KiB.")
        answers[415] = (Problem, "UNSUPPORTED_TYPE: send application/json.")
    if spec.kind == "api":
        # A token may be shown to any route of the API, to those that ask for none too.
        for status, text in _TOKENS.items():
            answers[status] = (
                Problem,
                f"{answers[status][1]} {text}" if status in answers else text,
            )
    answers.update(spec.doc.answers)
    return {status: _response(*answer, status=status) for status, answer in answers.items()}


def _response(model: Any, text: str, status: int) -> dict[str, Any]:
    if model is None:
        return {"description": text}
    if isinstance(model, str):
        content: dict[str, Any] = {kind: {} for kind in model.split(", ")}
    else:
        content = {JSON: {"schema": _schema(model)}}
    response: dict[str, Any] = {"description": text, "content": content}
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
        }
    return response


async def answer(web: Web, ask: Ask) -> Response:
    """GET /openapi.json."""
    return Response(web.openapi, media_type=JSON)


def encoded(specs: "list[Spec]") -> bytes:
    """The description as it is served."""
    return orjson.dumps(document(specs))
