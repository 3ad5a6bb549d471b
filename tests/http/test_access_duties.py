"""Every route of staff for every duty: what a duty opens is written here a second time by hand."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from house import House, running_house
from test_access import generous

from auction_engine.http import cookies, routes
from auction_engine.http.guard import Spec
from auction_engine.identity import accounts, sessions
from auction_engine.identity.access import (
    ALLOWED,
    DUTIES,
    LIFE_ROLES,
    Act,
    Forbidden,
    check_duty,
    life_roles,
)
from auction_engine.identity.duties import OF_ROLE, DutyError, checked
from auction_engine.settings import Settings

# Who may read, and who may do what is done there, at and below an address. What is in no line is
# for everybody of the house; of two lines the longer counts.
BELOW = {
    "/desk/money": ("HEAD ACCOUNTANT", "ACCOUNTANT"),
    "/agency/money": ("HEAD ACCOUNTANT", "ACCOUNTANT"),
    "/api/desk/money": ("HEAD ACCOUNTANT", "ACCOUNTANT"),
    "/api/agency/money": ("HEAD ACCOUNTANT", "ACCOUNTANT"),
    "/desk/dossiers": ("REGISTRAR", "REGISTRAR"),
    "/api/dossiers": ("REGISTRAR", "REGISTRAR"),
    "/api/desk/house/{member:int}": ("HEAD", "HEAD"),
    "/api/agency/house/{member:int}": ("HEAD", "HEAD"),
    "/api/desk/house/invitations": ("HEAD", "HEAD"),
    "/api/agency/house/invitations": ("HEAD", "HEAD"),
    "/api/desk/house/acts": ("HEAD", None),
    "/api/agency/house/acts": ("HEAD", None),
    "/api/desk/registrants": ("HEAD AUCTIONEER RECORDER REGISTRAR", None),
    "/api/desk/lots/{lot:int}/registrants": (
        "HEAD AUCTIONEER RECORDER REGISTRAR", "HEAD RECORDER REGISTRAR",
    ),
    "/desk/registrants": ("HEAD AUCTIONEER RECORDER REGISTRAR", None),
    "/desk/lots/{lot:int}/registrants": (
        "HEAD AUCTIONEER RECORDER REGISTRAR", "HEAD RECORDER REGISTRAR",
    ),
    "/desk/questions": ("HEAD REGISTRAR", "HEAD REGISTRAR"),
    "/api/desk/questions": ("HEAD REGISTRAR", "HEAD REGISTRAR"),
    "/desk/complaints": ("HEAD RECORDER", "HEAD"),
    "/agency/complaints": ("HEAD OFFICER", "HEAD"),
    "/api/desk/complaints": ("HEAD RECORDER", "HEAD"),
    "/api/agency/complaints": ("HEAD OFFICER", "HEAD"),
    "/desk/house/invitations": ("HEAD", "HEAD"),
    "/desk/house/{member:int}": ("HEAD", "HEAD"),
    "/agency/house/invitations": ("HEAD", "HEAD"),
    "/agency/house/{member:int}": ("HEAD", "HEAD"),
    "/lots/{lot:int}/acts": (None, "HEAD AUCTIONEER RECORDER OFFICER"),
    "/api/lots/{lot:int}/acts": (None, "HEAD AUCTIONEER RECORDER OFFICER"),
    "/api/sessions/{session:int}/acts": ("AUCTIONEER", "AUCTIONEER"),
    "/desk/sessions/{session:int}/console": ("HEAD AUCTIONEER RECORDER", None),
    "/desk/sessions/{session:int}/acts": ("AUCTIONEER", "AUCTIONEER"),
    "/desk/sessions/{session:int}/announcements": ("AUCTIONEER", "AUCTIONEER"),
    "/api/sessions/{session:int}/console": ("HEAD AUCTIONEER RECORDER", None),
    "/api/sessions/{session:int}/announcements": ("AUCTIONEER", "AUCTIONEER"),
    "/api/sessions/{session:int}/lots/{lot:int}/close": ("AUCTIONEER", "AUCTIONEER"),
    "/desk/console/keys": (None, "HEAD AUCTIONEER RECORDER"),
    "/desk/lots/{lot:int}/minutes": ("HEAD AUCTIONEER RECORDER", "AUCTIONEER RECORDER"),
    "/desk/lots/{lot:int}/minutes/sign": ("AUCTIONEER RECORDER", "AUCTIONEER RECORDER"),
    "/api/lots/{lot:int}/minutes": ("HEAD AUCTIONEER RECORDER", "AUCTIONEER RECORDER"),
    "/desk/sessions/drafts/{draft:int}/back": (None, "HEAD AUCTIONEER"),
    "/desk/sessions/drafts/{draft:int}/approve": (None, "HEAD AUCTIONEER"),
    "/desk/sessions/drafts/{draft:int}/publish": (None, "HEAD AUCTIONEER"),
    "/api/desk/sessions/drafts/{draft:int}/back": (None, "HEAD AUCTIONEER"),
    "/api/desk/sessions/drafts/{draft:int}/approve": (None, "HEAD AUCTIONEER"),
    "/api/desk/sessions/drafts/{draft:int}/publish": (None, "HEAD AUCTIONEER"),
    "/agency/cases": (None, "HEAD OFFICER"),
    "/agency/assets": (None, "HEAD OFFICER"),
    "/agency/contracts": (None, "HEAD OFFICER"),
    "/desk/offers": (None, "HEAD"),
    "/api/agency/cases": (None, "HEAD OFFICER"),
    "/api/agency/assets": (None, "HEAD OFFICER"),
    "/api/agency/contracts": (None, "HEAD OFFICER"),
    "/api/desk/offers": (None, "HEAD"),
    "/agency/intake": ("HEAD OFFICER", "HEAD OFFICER"),
    "/api/agency/intake": ("HEAD OFFICER", "HEAD OFFICER"),
    "/desk/findings": ("HEAD AUCTIONEER RECORDER", "HEAD"),
    "/agency/findings": ("HEAD OFFICER", "HEAD"),
    "/api/desk/findings": ("HEAD AUCTIONEER RECORDER", "HEAD"),
    "/api/agency/findings": ("HEAD OFFICER", "HEAD"),
    "/desk/webhooks": (None, "HEAD"),
    "/agency/webhooks": (None, "HEAD"),
    "/api/desk/webhooks": (None, "HEAD"),
    "/api/agency/webhooks": (None, "HEAD"),
    "/agency/imports": ("HEAD OFFICER", "HEAD OFFICER"),
    "/agency/export": ("HEAD OFFICER", None),
    "/api/agency/imports": ("HEAD OFFICER", "HEAD OFFICER"),
    "/api/agency/export": ("HEAD OFFICER", None),
}  # fmt: skip
EXACTLY = {
    # Forms of what only some may do.
    ("GET", "/agency/cases/new"): "HEAD OFFICER",
    ("GET", "/agency/cases/{case:int}/assets/new"): "HEAD OFFICER",
    # The list itself, once two keys are turned.
    ("GET", "/api/desk/lots/{lot:int}/registrants/list"): "HEAD RECORDER REGISTRAR",
}
SINGLE = [(role, duty) for role, known in OF_ROLE.items() for duty in known]


def by_hand(spec: Spec) -> set[str] | None:
    """The duties of which one is needed, as written above; None for everybody of the house."""
    exactly = EXACTLY.get((spec.method, spec.path))
    if exactly is not None:
        return set(exactly.split())
    above = [base for base in BELOW if f"{spec.path}/".startswith(f"{base}/")]
    if not above:
        return None
    told = BELOW[max(above, key=len)][spec.method != "GET"]
    return None if told is None else set(told.split())


def of_staff() -> list[Spec]:
    """Every route that staff has and not everybody."""
    return [
        spec
        for spec in routes.ALL
        if None not in ALLOWED[spec.act] and set(OF_ROLE) & set(ALLOWED[spec.act])
    ]


def test_the_table_is_what_is_written_by_hand() -> None:
    for spec in of_staff():
        needed = DUTIES.get(spec.act)
        told = None if needed is None else set(needed)
        assert told == by_hand(spec), (spec.method, spec.path)
    for base in BELOW:
        assert any(f"{spec.path}/".startswith(f"{base}/") for spec in of_staff()), base


def test_a_duty_is_one_of_a_role_that_may_do_the_act() -> None:
    for act, needed in DUTIES.items():
        roles = [role for role in OF_ROLE if role in ALLOWED[act]]
        assert roles, act
        for role in roles:
            assert set(OF_ROLE[role]) & needed, (act, role)
        assert needed <= {duty for role in roles for duty in OF_ROLE[role]}, act


def test_only_staff_needs_a_duty() -> None:
    check_duty(Act.ACT_ON_LOT, "bidder", ())
    with pytest.raises(Forbidden):
        check_duty(Act.ACT_ON_LOT, "organisation", ())
    with pytest.raises(Forbidden):
        check_duty(Act.CONDUCT, "organisation", ("HEAD", "RECORDER"))
    check_duty(Act.CONDUCT, "organisation", ("AUCTIONEER",))


def test_as_what_staff_acts_follows_from_its_duties() -> None:
    for role, known in OF_ROLE.items():
        assert life_roles(role, known) == LIFE_ROLES[role]  # type: ignore[index, arg-type]
    assert life_roles("organisation", ("RECORDER",)) == ("RECORDER",)
    assert life_roles("organisation", ("HEAD",)) == ("ORGANISATION",)
    assert life_roles("organisation", ("ACCOUNTANT",)) == ()
    assert life_roles("officer", ("ACCOUNTANT",)) == ()
    assert life_roles("bidder", ()) == ("BIDDER",)


def test_a_duty_of_another_kind_of_house_is_none() -> None:
    assert checked("officer", None) == OF_ROLE["officer"]
    assert checked("organisation", ["REGISTRAR", "HEAD"]) == ("HEAD", "REGISTRAR")
    assert checked("bidder", None) == ()
    for role, duty in (("officer", "REGISTRAR"), ("organisation", "OFFICER"), ("bidder", "HEAD")):
        with pytest.raises(DutyError):
            checked(role, [duty])


# --- what really happens --------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"duties_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("duties"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(generous(settings), lots=1) as found:
        yield found
    servers.drop_database(database)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("role", "duty"), SINGLE)
async def test_without_the_duty_a_route_is_shut(house: House, role: Any, duty: str) -> None:
    made = await accounts.create(
        house.engine, f"{role}.{duty}", "Only", role, body=await house.body(role), duties=[duty]
    )
    token, csrf = await sessions.create(house.engine, made.id)
    shut = 0
    async with house.browser() as client:
        client.cookies.set(cookies.SESSION, token)
        client.headers["X-CSRF-Token"] = csrf
        # One route of each act: which act a route is, the lists above say.
        for spec in {spec.act: spec for spec in of_staff()}.values():
            needed = by_hand(spec)
            if needed is None or duty in needed or role not in ALLOWED[spec.act]:
                continue
            # Refused before anybody looks whether there is such a thing.
            path = re.sub(r"\{\w+:int\}", "1", spec.path)
            answer = await client.request(spec.method, path)
            assert answer.status_code == 403, (spec.method, path, answer.status_code)
            shut += 1
    assert shut
