"""Organisations and agencies, and who works for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from auction_engine.cli import app
from auction_engine.desk import listing
from auction_engine.errors import AuctionError
from auction_engine.identity import accounts, bodies, passwords, sessions
from auction_engine.identity.bodies import BodyError
from auction_engine.ledger.database import make_engine
from auction_engine.settings import PREFIX

HOUSE, AGENCY = {"vi": "Nhà A", "en": "House A"}, {"vi": "Cơ quan A", "en": "Agency A"}


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url, pool_size=3)
    yield engine
    await engine.dispose()


async def test_a_house_is_known_by_kind_and_vietnamese_name(engine: AsyncEngine) -> None:
    first = await bodies.add(engine, "ORGANISATION", HOUSE)
    assert await bodies.add(engine, "ORGANISATION", {"vi": "Nhà A", "en": "Other"}) == first
    assert await bodies.add(engine, "AGENCY", HOUSE) != first
    at_once = await asyncio.gather(*(bodies.add(engine, "AGENCY", AGENCY) for _ in range(3)))
    assert len(set(at_once)) == 1
    every = await bodies.every(engine)
    assert [house.kind for house in every] == ["ORGANISATION", "AGENCY", "AGENCY"]
    assert every[0] == bodies.House(first, "ORGANISATION", HOUSE)


async def test_staff_works_for_a_house_of_its_kind_and_nobody_else_does(
    engine: AsyncEngine,
) -> None:
    house = await bodies.add(engine, "ORGANISATION", HOUSE)
    agency = await bodies.add(engine, "AGENCY", AGENCY)
    for role, body in (
        ("organisation", agency), ("officer", house), ("bidder", house), ("procurator", agency),
        ("organisation", 4711),
    ):  # fmt: skip
        with pytest.raises(BodyError):
            await bodies.check_kind(engine, role, body)  # type: ignore[arg-type]
    for role in accounts.ROLES:
        await bodies.check_kind(engine, role, None)
    clerk = await accounts.create(engine, "clerk", "Clerk", "organisation")
    assert clerk.body is None
    with pytest.raises(BodyError):
        await bodies.join(engine, clerk.id, clerk.role, agency)
    token, _ = await sessions.create(engine, clerk.id)
    viewer = await sessions.find(engine, token)
    assert viewer is not None
    assert viewer.body is None
    await bodies.join(engine, clerk.id, clerk.role, house)
    # Who is signed in works for it from the next request on.
    viewer = await sessions.find(engine, token)
    assert viewer is not None
    assert viewer.body == house
    found = await accounts.find(engine, clerk.id)
    assert found is not None
    assert found.body == house


async def test_a_session_names_its_houses_by_number_or_by_name(engine: AsyncEngine) -> None:
    house = await bodies.add(engine, "ORGANISATION", HOUSE)
    agency = await bodies.add(engine, "AGENCY", AGENCY)
    title = {"vi": "Phiên", "en": "Session"}
    for organisation, of in ((house, agency), (HOUSE, AGENCY)):
        await listing.create_session(engine, title, organisation, of)
    assert len(await bodies.every(engine)) == 2
    for organisation, of in ((agency, house), (4711, agency)):
        with pytest.raises(BodyError):
            await listing.create_session(engine, title, organisation, of)


# --- the commands ---------------------------------------------------------------------------


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, settings):  # type: ignore[no-untyped-def]
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database_url)
    monkeypatch.setenv(f"{PREFIX}REDIS_URL", settings.redis_url)
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(settings.data_dir))

    def run(*arguments: str, stdin: str | None = None) -> str:
        found = CliRunner().invoke(app, ["people", *arguments], input=stdin)
        if isinstance(found.exception, AuctionError):
            raise found.exception
        assert found.exit_code == 0, found.output
        return str(found.output)

    return run


def test_the_commands_make_a_house_and_its_staff(run, database_url: str) -> None:  # type: ignore[no-untyped-def]
    added = run("add-body", "organisation", "--vi", " Nhà  A ", "--en", "House A")
    house = added.split()[0]
    assert run("add-body", "organisation", "--vi", "Nhà A", "--en", "House A") == added
    told = run("add-staff", "lan", "--role", "organisation", "--name", "Lan", "--body", house)
    password = told.rpartition(" ")[2].strip()
    given = "a password of my own"
    quiet = run(
        "add-staff", "minh", "--role", "organisation", "--name", "Minh", "--body", house,
        "--password-stdin", stdin=f"{given}\n",
    )  # fmt: skip
    assert given not in quiet
    run("add-staff", "overseer", "--role", "procurator", "--name", "Kiểm")
    listed = run("list")
    for one in ("Nhà A", "lan  Lan", "minh  Minh", "procurator  overseer"):
        assert one in listed

    async def can_sign_in(login: str, secret: str) -> bool:
        engine = make_engine(database_url, pool_size=1)
        try:
            found = await accounts.find_by_login(engine, login)
            assert found is not None
            assert str(found[0].body) == house
            return await passwords.Passwords().verify(found[1], secret)
        finally:
            await engine.dispose()

    assert asyncio.run(can_sign_in("lan", password))
    assert asyncio.run(can_sign_in("minh", given))
    assert not asyncio.run(can_sign_in("lan", given))


def test_what_makes_no_staff_is_said(run) -> None:  # type: ignore[no-untyped-def]
    house = run("add-body", "agency", "--vi", "Cơ quan", "--en", "Agency").split()[0]
    staff = ("--name", "X")
    for wrong in (
        ("x", "--role", "organisation", *staff),
        ("x", "--role", "organisation", "--body", house, *staff),
        ("x", "--role", "officer", "--body", "4711", *staff),
        ("x", "--role", "procurator", "--body", house, *staff),
        (" ", "--role", "officer", "--body", house, *staff),
    ):
        with pytest.raises(AuctionError):
            run("add-staff", *wrong)
    with pytest.raises(AuctionError, match="12 characters"):
        run("add-staff", "x", "--role", "officer", "--body", house, *staff, "--password-stdin",
            stdin="short\n")  # fmt: skip
    with pytest.raises(AuctionError, match="both languages"):
        run("add-body", "agency", "--vi", "Cơ quan", "--en", " ")
    assert "x  X" not in run("list")
