from __future__ import annotations

import contract
import httpx
import pytest
from house import House
from jsonschema import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from auction_engine.http import routes


async def test_the_served_description_is_valid_openapi_31(house: House) -> None:
    async with house.browser() as client:
        answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    OpenAPIV31SpecValidator(document).validate()
    assert document == contract.DOCUMENT
    assert document["openapi"].startswith("3.1")


def test_every_route_of_the_api_is_described() -> None:
    for spec in routes.API:
        path = spec.path.replace(":int", "")
        operation = contract.DOCUMENT["paths"][path][spec.method.lower()]
        assert operation["summary"]
        assert {"200", "201", "202"} & operation["responses"].keys()
    described = sum(len(methods) for methods in contract.DOCUMENT["paths"].values())
    assert described == len(routes.API)


def test_operation_ids_are_unique() -> None:
    ids = [
        operation["operationId"]
        for methods in contract.DOCUMENT["paths"].values()
        for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))


async def test_the_check_of_answers_bites() -> None:
    """A body with a field too many, a wrong type or a status nobody described is noticed."""

    def answer(status: int, body: object) -> httpx.Response:
        request = httpx.Request("GET", "http://x/api/time")
        return httpx.Response(status, json=body, request=request)

    await contract.check(answer(200, {"now_ms": 5}))
    for wrong in ({"now_ms": 5, "more": 1}, {"now_ms": "5"}, {}):
        with pytest.raises(ValidationError):
            await contract.check(answer(200, wrong))
    with pytest.raises(AssertionError, match="not described"):
        await contract.check(answer(418, {"now_ms": 5}))
