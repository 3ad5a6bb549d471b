"""Every route for every role and every scope: the table in `identity.access` is what really
happens, and in another's scope there is nothing."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from house import House, new_id
from worlds import SECRET, Worlds, ask, worlds

from auction_engine.http import access_page, places, routes
from auction_engine.http.guard import Spec
from auction_engine.identity.access import (
    ALLOWED,
    Act,
    Elsewhere,
    Forbidden,
    Place,
    Scope,
    SignInNeeded,
    check,
    reach,
)
from auction_engine.identity.accounts import ROLES, Role
from auction_engine.identity.sessions import Viewer
from auction_engine.settings import Settings

SIGNED_IN = "bidder organisation officer procurator"
PARTIES = "bidder organisation officer"
# Written out a second time on purpose: a slip in the table must not also be the test's. What is not
# here is everybody's.
EXACTLY = {
    ("POST", "/lots/{lot:int}/bids"): "bidder",
    ("POST", "/api/lots/{lot:int}/bids"): "bidder",
    ("POST", "/lots/{lot:int}/practice"): "bidder",
    ("GET", "/desk"): "organisation procurator",
    ("GET", "/agency"): "officer procurator",
    ("GET", "/api/lots/{lot:int}/acts"): PARTIES,
    ("POST", "/api/lots/{lot:int}/acts"): PARTIES,
    ("GET", "/lots/{lot:int}/acts"): PARTIES,
    ("GET", "/api/sessions/{session:int}/console"): "organisation",
    ("POST", "/api/sessions/{session:int}/announcements"): "organisation",
    ("POST", "/api/sessions/{session:int}/lots/{lot:int}/close"): "organisation",
    ("GET", "/api/lots/{lot:int}/minutes"): "organisation",
    ("POST", "/api/lots/{lot:int}/minutes"): "organisation",
    ("POST", "/api/lots/{lot:int}/minutes/signatures"): "organisation",
    ("POST", "/lots/{lot:int}/acts"): PARTIES,
    ("POST", "/api/sessions/{session:int}/acts"): "organisation",
    ("POST", "/lots/{lot:int}/questions"): "bidder",
    ("POST", "/api/lots/{lot:int}/questions"): "bidder",
}
# Rows of these are made up (`worlds`); the pages draw only what the program has computed.
_MADE_UP = ("{shares", "/sheet")
# Everything at and below these addresses.
BELOW = {
    "/account": SIGNED_IN,
    "/account/alerts": "bidder",
    # Staff is let go by its house.
    "/account/data/erase": "bidder",
    "/agency": "officer",
    "/agency/statistics": "officer procurator",
    "/api/account": SIGNED_IN,
    "/api/account/erasure": "bidder",
    "/api/agency/statistics": "officer procurator",
    "/api/desk/statistics": "organisation procurator",
    "/api/alerts": "bidder",
    "/api/agency": "officer",
    "/api/desk": "organisation",
    "/api/dossiers": "organisation",
    "/api/live-tickets": "bidder",
    "/api/lots/{lot:int}/deposit": "bidder",
    "/api/lots/{lot:int}/dossier": "bidder",
    "/api/lots/{lot:int}/practice": "bidder",
    "/api/mine": "bidder",
    "/api/tokens": SIGNED_IN,
    "/api/desk/sessions": "organisation",
    "/oversight": "procurator",
    "/api/oversight": "procurator",
    "/desk": "organisation",
    "/desk/statistics": "organisation procurator",
    "/login/again": SIGNED_IN,
    "/lots/{lot:int}/deposit": "bidder",
    "/lots/{lot:int}/dossier": "bidder",
    "/mine": "bidder",
}
# Where staff of another house, and where another account, gets nothing.
_HOUSES = (
    "/desk/", "/agency/", "/api/agency/intake/", "/api/dossiers/", "/api/lots/{lot:int}/acts",
    "/lots/{lot:int}/acts", "/api/desk/webhooks/", "/api/agency/webhooks/", "/api/agency/imports/",
    "/api/desk/money/", "/api/agency/money/",
    "/api/agency/cases/", "/api/agency/assets/", "/api/agency/contracts/", "/api/desk/offers/",
    "/api/sessions/", "/api/desk/questions/", "/api/desk/sessions/",
    "/api/desk/house/", "/api/agency/house/", "/api/desk/lots/", "/api/desk/complaints/",
    "/api/agency/complaints/", "/api/desk/findings/", "/api/agency/findings/",
    "/api/lots/{lot:int}/minutes",
)  # fmt: skip
_OWNERS = ("/mine/complaints/{complaint", "/mine/joined/{", "/oversight/warrants/{",
           "/oversight/findings/{finding:int}/act", "/mine/signatures/{", "/account/searches/{",
           "/account/tokens/{", "/api/tokens/{", "/api/mine/complaints/{complaint",
           "/api/mine/joined/{", "/api/oversight/warrants/{",
           "/api/oversight/findings/{finding:int}/act")  # fmt: skip


def allowed(spec: Spec) -> list[str] | None:
    """The roles that may, as written by hand; None for everybody."""
    exactly = EXACTLY.get((spec.method, spec.path))
    above = [base for base in BELOW if f"{spec.path}/".startswith(f"{base}/")]
    if exactly is None and not above:
        return None
    return list((exactly or BELOW[max(above, key=len)]).split())


def is_shut(spec: Spec, role: Role | None) -> bool:
    """Whether, as written by hand, another's thing is nothing to that role."""
    if role == "bidder":
        return spec.path.startswith(_OWNERS)
    return (spec.path.startswith(_HOUSES) and "{" in spec.path) or spec.path.startswith(_OWNERS)


VIEWERS: list[tuple[Role | None, str]] = [
    (None, "own"),
    *((role, "own") for role in ROLES),
    ("organisation", "none"),
    ("officer", "none"),
]


def told(spec: Spec, answer: httpx.Response) -> str:
    return f"{spec.method} {spec.path}: {answer.status_code} {answer.text[:200]}"


# --- the table ------------------------------------------------------------------------------


def viewer(role: Role | None, body: int | None = 7, account: int = 1) -> Viewer | None:
    return None if role is None else Viewer(account, "x", role, "x", body)


def test_the_table_names_every_act_and_denies_by_default() -> None:
    assert set(ALLOWED) == set(Act)
    for act, row in ALLOWED.items():
        for role in (None, *ROLES):
            if role in row:
                assert reach(act, viewer(role)).scope is row[role]
            else:
                with pytest.raises(SignInNeeded if role is None else Forbidden):
                    check(act, viewer(role))
        with pytest.raises(Forbidden):
            check(act, viewer("clerk"))  # type: ignore[arg-type]


def test_a_scope_ends_where_another_s_begins() -> None:
    ours, theirs = Place(7, 8, 1), Place(70, 80, 10)
    nobodys = Place(None, None, None)
    rows: list[tuple[Scope, int | None, dict[Place, bool]]] = [
        (Scope.ALL, None, {ours: True, theirs: True, nobodys: True}),
        (Scope.OWN, None, {ours: True, theirs: False, nobodys: True}),
        (Scope.ORGANISATION, 7, {ours: True, theirs: False, nobodys: False}),
        (Scope.AGENCY, 8, {ours: True, theirs: False, nobodys: False}),
        # An agency's number is no organisation's, and no number is nobody's.
        (Scope.ORGANISATION, 8, {ours: False, theirs: False, nobodys: False}),
        (Scope.ORGANISATION, None, {ours: False, theirs: False, nobodys: False}),
        (Scope.AGENCY, None, {ours: False, theirs: False, nobodys: False}),
    ]
    for scope, body, expected in rows:
        for act, row in ALLOWED.items():
            for role, found in row.items():
                if found is not scope or role is None:
                    continue
                for place, within in expected.items():
                    if within:
                        check(act, viewer(role, body), place)
                    else:
                        with pytest.raises(Elsewhere):
                            check(act, viewer(role, body), place)


def test_staff_has_no_act_on_everybody_s_things_but_the_public_s() -> None:
    """A second look at the table: who works for a house never acts beyond it."""
    for act, row in ALLOWED.items():
        for role, own in (("organisation", Scope.ORGANISATION), ("officer", Scope.AGENCY)):
            assert row.get(role) in (None, own, Scope.OWN) or None in row, act
        assert row.get("bidder") in (None, Scope.OWN) or None in row, act


def test_a_procurator_only_reads() -> None:
    for spec in routes.ALL:
        if "procurator" in ALLOWED[spec.act] and spec.method != "GET":
            # What everybody may, and what one does with the own account.
            row = ALLOWED[spec.act]
            assert None in row or row["procurator"] is Scope.OWN, spec.path


def test_every_parameter_of_an_address_is_somebody_s_or_known_to_be_nobody_s() -> None:
    for spec in routes.ALL:
        for part in re.findall(r"\{(\w+)", spec.path):
            assert part in places.SOURCES or part in places.FREE, f"{spec.path}: whose is {part}?"
    for name in places.SOURCES:
        assert any(f"{{{name}:int}}" in spec.path for spec in routes.ALL), name


def test_the_committed_page_is_current() -> None:
    assert access_page.PAGE.read_text("utf-8") == access_page.page(), (
        "write it anew: python -m auction_engine.http.access_page docs/access.md"
    )


# --- what really happens --------------------------------------------------------------------


def generous(settings: Settings) -> Settings:
    """Without limits on how often pages are asked for."""
    many = {"messages_per_s": 500, "messages_burst": 500, "pages_per_s": 900, "pages_burst": 900}
    limits = settings.limits.model_copy(update=many)
    return settings.model_copy(update={"limits": limits})


@pytest.fixture
async def both(settings: Settings) -> AsyncIterator[Worlds]:
    async with worlds(generous(settings)) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Worlds]:
    """Two worlds that all viewers walk through, one after the other."""
    database = f"standing_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("standing"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with worlds(generous(settings)) as found:
        yield found
    servers.drop_database(database)


def expected(spec: Spec, role: Role | None, whose: str, side: str) -> int | None:
    """The status with which the guard refuses, by the table; None where it lets in."""
    scope = ALLOWED[spec.act].get(role)
    if scope is None:
        return 401 if role is None else 403
    looks = [
        name
        for name in places.asked_of(spec.path)
        if places.must_look(name, reach(spec.act, viewer(role)))
    ]
    return 404 if looks and whose != side else None


def doors(role: Role | None, whose: str) -> list[tuple[Spec, str, int | None]]:
    """Every route on both sides, with the status that turns this viewer away, None if none does."""
    return [
        (spec, side, expected(spec, role, whose, side))
        for spec in routes.ALL
        for side in ("own", "other")
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("role", "whose"), VIEWERS)
async def test_outside_the_table_nothing_succeeds_or_is_done(
    standing: Worlds, role: Role | None, whose: str
) -> None:
    before, shut = await standing.fingerprint(), 0
    async with standing.browser(role, whose) as client:
        for spec, side, status in doors(role, whose):
            if status is not None:
                answer = await ask(standing, client, spec, side)
                assert answer.status_code == status, told(spec, answer)
                assert SECRET[side] not in answer.text, told(spec, answer)
                shut += 1
    assert shut > 60
    assert await standing.fingerprint() == before


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("role", "whose"), VIEWERS)
async def test_inside_the_table_nothing_of_another_s_is_told(
    standing: Worlds, role: Role | None, whose: str
) -> None:
    for spec, side, status in doors(role, whose):
        if status is None:
            # Each with a session of its own: some of them end it.
            async with standing.browser(role, whose) as client:
                let_in(spec, role, await ask(standing, client, spec, side), side)


def test_the_table_is_what_is_written_by_hand() -> None:
    for spec in routes.ALL:
        for role, whose in VIEWERS:
            for side in ("own", "other"):
                told_twice = expected(spec, role, whose, side), by_hand(spec, role, whose, side)
                assert len(set(told_twice)) == 1, (spec.method, spec.path, role, whose, side)


def by_hand(spec: Spec, role: Role | None, whose: str, side: str) -> int | None:
    """What the lists written by hand say: a status, or None where one is let in."""
    needed = allowed(spec)
    if needed is not None and role not in needed:
        return 401 if role is None else 403
    return 404 if is_shut(spec, role) and whose != side else None


def let_in(spec: Spec, role: Role | None, answer: httpx.Response, side: str) -> None:
    """Not turned away, and told nothing that is another's."""
    # A login that does not exist is turned away for that, not for the role.
    if not spec.path.startswith(("/login", "/api/login")):
        assert answer.status_code not in (401, 403), told(spec, answer)
    if not any(part in spec.path for part in _MADE_UP):
        assert answer.status_code < 500, told(spec, answer)
    if side == "own" and role is not None and ALLOWED[spec.act][role] is not Scope.ALL:
        assert SECRET["other"].lower() not in answer.text.lower(), told(spec, answer)


async def test_another_s_is_answered_like_what_is_not_there(both: Worlds) -> None:
    """Or numbers could be tried out to learn how much another house has."""
    async with both.browser("organisation", "own") as client:
        client.cookies.set("lang", "en")
        for base in ("/desk/money/incoming", "/desk/money/suspense", "/desk/money/payouts"):
            name = "payout" if base.endswith("payouts") else "line"
            theirs = both.ids["other", "ORGANISATION"][name]
            foreign = both.ids["own", "AGENCY"][name]
            pages = [await client.get(f"{base}/{n}") for n in (theirs, foreign, 987_654)]
            assert {page.status_code for page in pages} == {404}
            texts = {re.sub(r"\d+", "", page.text) for page in pages}
            assert len(texts) == 1
        lot = both.ids["other", "ORGANISATION"]["lot"]
        answers = [await client.get(f"/api/lots/{n}/acts") for n in (lot, 987_654)]
        assert answers[0].text == answers[1].text
        assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize(
    ("role", "base"), [("organisation", "/desk/money"), ("officer", "/agency/money")]
)
async def test_a_book_named_beside_the_address_must_be_the_own(
    both: Worlds, role: Role, base: str
) -> None:
    kind, foreign = (
        ("ORGANISATION", "AGENCY") if role == "organisation" else ("AGENCY", "ORGANISATION")
    )
    async with both.browser(role, "own") as client:
        own = both.ids["own", kind]["book"]
        assert SECRET["own"] in (await client.get(f"{base}/incoming?book={own}")).text
        for side, of in (("other", kind), ("own", foreign), ("other", foreign)):
            book = both.ids[side, of]["book"]
            assert (await client.get(f"{base}/incoming?book={book}")).status_code == 404
            token = client.headers["X-CSRF-Token"]
            data = {"csrf": token, "book": str(book), "name": "X", "account": "1", "reason": "x"}
            assert (await client.post(f"{base}/account", data=data)).status_code == 404
    async with both.browser(role, "none") as client:
        page = await client.get(base)
        assert page.status_code == 200
        assert SECRET["own"] not in page.text
        assert (await client.get(f"{base}?book={own}")).status_code in (200, 404)


@pytest.mark.parametrize(
    ("role", "path", "kind"),
    [("organisation", "/desk", "ORGANISATION"), ("officer", "/agency", "AGENCY")],
)
async def test_a_list_shows_what_is_the_own(both: Worlds, role: Role, path: str, kind: str) -> None:
    for whose in ("own", "other", "none"):
        async with both.browser(role, whose) as client:
            page = await client.get(path)
            assert page.status_code == 200
            for side in ("own", "other"):
                lot = both.ids[side, kind]["lot"]
                assert (f'data-lot="{lot}"' in page.text) is (side == whose), (whose, side)
    async with both.browser("procurator", "own") as client:
        lot = both.ids["own", kind]["lot"]
        assert f'data-lot="{lot}"' in (await client.get(path)).text


async def test_a_lot_of_another_agency_than_its_session_s_is_that_agency_s(both: Worlds) -> None:
    """A house sells for several agencies in one session; each sees its own lots."""
    from auction_engine.desk import listing

    house = both.house
    house.organisation = {"vi": "Auctioneers (vi)", "en": "x"}
    session = await listing.create_session(
        house.engine, {"vi": "x", "en": "x"}, house.organisation, {"vi": "Agency (vi)", "en": "x"}
    )
    contents = [{}, {"agency": {"vi": "Strangers (vi)", "en": "x"}}]
    made = await listing.create_lots(house.engine, session, contents, 1)
    found = places.Places(house.engine)
    first, second = [await found.find("lot", lot) for lot, _ in made]
    own, other = both.people["officer", "own"].body, both.people["officer", "other"].body
    organisation = both.people["organisation", "own"].body
    assert (first, second) == (Place(organisation, own), Place(organisation, other))
    assert await found.find("lot", 2**60) is None
    assert await found.find("lot", -1) is None


@pytest.mark.parametrize("session", ["", "x", "x" * 43, "A" * 10_000, "é" * 43])
async def test_a_made_up_session_is_nobody(house: House, session: str) -> None:
    async with house.browser() as client:
        client.headers["Cookie"] = f"session={session}".encode().decode("latin-1")
        answer = await client.post("/api/live-tickets", headers={"X-CSRF-Token": ""})
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_IN_NEEDED")
        assert (await client.get("/desk")).status_code == 401


async def test_writing_needs_the_csrf_token_of_this_session(house: House) -> None:
    lot = house.lots[0]
    await house.account("binh", "bidder")
    async with house.signed_in("an") as client, house.signed_in("binh") as other:
        for path, body in (
            ("/api/live-tickets", None),
            (f"/api/lots/{lot}/bids", {"bid_id": new_id(), "amount_minor": 1}),
        ):
            for token in ("", "x", other.headers["X-CSRF-Token"]):
                answer = await client.post(path, json=body, headers={"X-CSRF-Token": token})
                assert (answer.status_code, answer.json()["code"]) == (403, "BAD_CSRF")
            assert (await client.post(path, json=body)).status_code == 200
        fields = {"amount": "1", "bid_id": new_id(), "csrf": other.headers["X-CSRF-Token"]}
        assert (await client.post(f"/lots/{lot}/bids", data=fields)).status_code == 403
        state = (await client.get(f"/api/lots/{lot}")).json()
        assert len(state["you"]["refused"]) == 1


async def test_a_ticket_is_the_own_account_s(both: Worlds) -> None:
    """Whoever fetches it, the live connection speaks for that account and no other."""
    for whose in ("own", "other"):
        async with both.browser("bidder", whose) as client:
            ticket = (await client.post("/api/live-tickets")).json()["ticket"]
            async with both.house.live(ticket) as live:
                welcome = await live.hear("welcome")
                assert welcome["t"] == "welcome"
                await asyncio.sleep(0)
