"""The API asked with whatever its description allows, and with what it does not: never a fault,
never an answer that the description does not know."""

from __future__ import annotations

import asyncio
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from worlds import Worlds, worlds

from auction_engine.http import routes
from auction_engine.identity.access import ALLOWED
from auction_engine.identity.accounts import ROLES, Role
from auction_engine.settings import Settings

# A request costs some 10 ms: all of them together less than a minute.
_EXAMPLES = 6
_CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
# What the worlds' rows of these say is made up; they are asked for in test_money_api*.py.
_MADE_UP = ("{shares", "/sheet")
# What the parts outside may say: a server away is not a fault of the API.
_AWAY = {503}


def boundless(settings: Settings) -> Settings:
    """Asked so often, a limit would hide everything behind it."""
    names = ("messages_per_s", "messages_burst", "pages_per_s", "pages_burst")
    limits = settings.limits.model_copy(update=dict.fromkeys(names, 10_000))
    return settings.model_copy(update={"limits": limits})


def open_to(role: Role | None) -> set[str]:
    """The operations that this role may ask for; of all others the guard answers the same
    (test_access.py)."""
    return {
        f"{spec.method} {spec.path.replace(':int', '')}"
        for spec in routes.API
        if role in ALLOWED[spec.act] and not any(part in spec.path for part in _MADE_UP)
    }


def ask_everything(
    base: str, headers: dict[str, str], ids: dict[str, int], mode: GenerationMode,
    role: Role | None,
) -> int:  # fmt: skip
    """Every operation open to the role, `_EXAMPLES` times. Returns the number of requests."""
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    asked, wrong, mine = 0, [], open_to(role)
    seed = list(GenerationMode).index(mode)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.label not in mine:
            continue

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            nonlocal asked
            asked += 1
            if mode is GenerationMode.POSITIVE:
                # Things that are there; other numbers are asked for by the other mode.
                case.path_parameters = {
                    name: ids.get(name, value)
                    for name, value in (case.path_parameters or {}).items()
                }
            answer = case.call(base_url=base, headers=headers)
            if answer.status_code not in _AWAY:
                case.validate_response(answer, checks=_CHECKS)

        try:
            one()
        except Unsatisfiable:
            pass  # it takes nothing that could be wrong
        except FailureGroup as failures:
            wrong += [f"{operation.label}: {failure}" for failure in failures.exceptions]
        except Failure as failure:
            wrong.append(f"{operation.label}: {failure}")
    assert not wrong, "\n\n".join(wrong)
    return asked


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_the_api_keeps_to_its_description_for(settings: Settings, role: Role | None) -> None:
    async with worlds(boundless(settings)) as both:
        ids = both.ids["own", "AGENCY" if role == "officer" else "ORGANISATION"]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            headers = await signed_in(both, role)
            asked = await asyncio.to_thread(
                ask_everything, both.house.base, headers, ids, mode, role
            )
            assert asked > 50


async def signed_in(both: Worlds, role: Role | None) -> dict[str, str]:
    """What a browser of that role sends with each request."""
    async with both.browser(role, "own") as client:
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        headers = {"X-CSRF-Token": client.headers.get("X-CSRF-Token", "")}
        return {**headers, "Cookie": cookie} if cookie else headers
