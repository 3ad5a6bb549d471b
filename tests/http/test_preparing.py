"""The session wizard over HTTP: without a script from the rule pack to the published session, and
the same for programs. One house for all: tests must not count what others have made."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from house import CSRF, House, running_house
from taken import take

from auction_engine.ledger import store
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
BASE = "/desk/sessions/drafts"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"preparing_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("preparing"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=0) as made:
        for login in ("maker", "second"):
            await made.account(login, "organisation")
        other = {"vi": "Rivals", "en": "Rivals"}
        await made.account("rival", "organisation", of=other)
        await made.account("officer", "officer")
        yield made
    servers.drop_database(database)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(house: House) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Everybody signed in once: passwords are slow on purpose."""
    async with AsyncExitStack() as stack:
        yield {
            login: await stack.enter_async_context(house.signed_in(login))
            for login in ("maker", "second", "rival")
        }


async def assets(house: House, count: int) -> list[int]:
    organisation = house.people["maker"].body
    agency = house.people["officer"].body
    assert organisation is not None
    assert agency is not None
    connection = await store.connect(house.settings.database_url or "")
    today = datetime.now(UTC).date()
    try:
        return [
            await take(
                connection, organisation, agency, house.people["officer"].id, signed=today,
                title=f"Truck {n}",
            )
            for n in range(count)
        ]  # fmt: skip
    finally:
        await connection.close()


async def seen(client: httpx.AsyncClient, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers={"Accept-Language": "en"}, params={"lang": "en"})
    assert answer.status_code == status, answer.text
    return answer.text


async def send(client: httpx.AsyncClient, path: str, page: str, **said: str) -> httpx.Response:
    """Send the form of `page` as a browser would: token and version come from it."""
    token = CSRF.search(page)
    assert token is not None
    version = re.search(r'name="version" value="(\d+)"', page)
    fields = {"csrf": token[1], **({"version": version[1]} if version else {}), **said}
    return await client.post(path, data=fields)


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the page's fields: boxes only if they are ticked."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        name = said.get("name", "")
        if "." in name and (said.get("type") != "checkbox" or " checked" in tag):
            found[name] = said.get("value", "")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


async def begun(client: httpx.AsyncClient) -> str:
    page = await seen(client, "/desk/sessions/new")
    made = await send(client, "/desk/sessions/new", page, **{"from": "pack:vn-enforcement-2026-07"})
    assert made.status_code == 303, made.text
    return made.headers["location"].removesuffix("/assets")


async def test_a_session_is_prepared_and_published_without_a_script(
    house: House, people: dict[str, httpx.AsyncClient]
) -> None:
    chosen = await assets(house, 2)
    maker, second = people["maker"], people["second"]
    draft = await begun(maker)

    async def step(name: str, **said: str) -> str:
        page = await seen(maker, f"{draft}/{name}")
        answer = await send(maker, f"{draft}/{name}", page, **(fields_of(page) | said))
        assert answer.status_code == 303, answer.text
        return await seen(maker, answer.headers["location"].partition("?")[0])

    page = await step(
        "assets", do="next",
        **{f"asset.{asset}": "yes" for asset in chosen},
        **{f"place.{asset}": str(9 - n) for n, asset in enumerate(chosen)},
    )  # fmt: skip
    assert "Fill in the dates by the rules" in page
    page = await step("dates", do="fill")
    # Every date says by which rule, and why just then.
    assert "Why this day?" in page
    assert "Law 01/2016/QH14 Art. 35(1)" in page
    assert "Counted back from" in page
    assert 'class="month"' in page
    proofs = {name: "issue 7" for name in fields_of(page) if name.endswith("proof")}
    await step("dates", do="save", **proofs)
    await step("rules", do="next", **{"rules.order": "SEQUENTIAL", "rules.gap_min": "10"})
    page = await seen(maker, f"{draft}/check")
    assert "The session has no title in both languages." in page
    assert f'href="{draft}/texts#texts-form"' in page
    refused = await send(maker, f"{draft}/submit", page)
    assert refused.status_code == 409
    titles = {"texts.title_vi": "Phiên xe tải", "texts.title_en": "Trucks"}
    page = await step("texts", do="next", **titles, **{"texts.pause_stop_clause": "yes"})
    assert "Nothing stands against it." in page
    # The dry run in words and as pictures, and the lot's page as it will be.
    assert page.count('class="run__picture run__picture--wide"') == 4
    assert "It fails: too few take part." in page
    assert "There is a winner." in page
    shown = await seen(maker, f"{draft}/preview/1")
    assert "Truck 1 (en)" in shown  # the order typed
    assert "Preview: nobody else can see this page." in shown
    assert (await send(maker, f"{draft}/submit", page)).status_code == 303

    # Nobody approves what is his own; a second person does, once.
    page = await seen(maker, f"{draft}/approve")
    assert "another colleague must approve it" in page
    assert (await send(maker, f"{draft}/approve", page)).status_code == 409
    page = await seen(second, f"{draft}/approve")
    for _ in range(2):
        assert (await send(second, f"{draft}/approve", page)).status_code == 303
    page = await seen(second, f"{draft}/publish")
    assert "No button takes this back" in page
    for client in (second, second, maker):
        answer = await send(client, f"{draft}/publish", await seen(client, f"{draft}/publish"))
        assert answer.status_code == 303, answer.text
    page = await seen(maker, f"{draft}/check")
    (session,) = set(re.findall(r'href="/sessions/(\d+)"', page))
    async with house.browser() as anybody:
        public = await seen(anybody, f"/sessions/{session}")
    assert "Truck 0 (en)" in public
    assert "Truck 1 (en)" in public


async def test_a_session_in_which_the_price_falls_is_prepared_by_its_forms(
    house: House, people: dict[str, httpx.AsyncClient]
) -> None:
    (asset,) = await assets(house, 1)
    maker = people["maker"]
    page = await seen(maker, "/desk/sessions/new")
    assert "Sessions under these rules cannot be prepared here" in page
    assert "Prozorro.Sale" in page.partition("cannot be prepared here")[2]
    made = await send(maker, "/desk/sessions/new", page, **{"from": "pack:vn-voluntary"})
    draft = made.headers["location"].removesuffix("/assets")

    async def step(name: str, do: str = "next", **said: str) -> str:
        page = await seen(maker, f"{draft}/{name}")
        answer = await send(maker, f"{draft}/{name}", page, **(fields_of(page) | said), do=do)
        assert answer.status_code == 303, answer.text
        return await seen(maker, answer.headers["location"].partition("?")[0])

    await step("assets", **{f"asset.{asset}": "yes", f"floor_minor.{asset}": "400 000 000"})
    page = await seen(maker, f"{draft}/rules")
    assert "Not to be prepared here: sealed bids." in page
    falls = {"rules.method": "DESCENDING", "rules.fall_shape": "PERCENT_OF_START",
             "rules.fall_every_s": "90"}  # fmt: skip
    typed = fields_of(page) | falls | {"rules.fall_step_bp": "a fifth", "do": "save"}
    refused = await send(maker, f"{draft}/rules", page, **typed)
    assert refused.status_code == 400
    assert "rules.fall_step_bp" in refused.text
    await step("rules", **falls, **{"rules.fall_step_bp": "20,5"})
    assert fields_of(await seen(maker, f"{draft}/rules"))["rules.fall_step_bp"] == "20.50"
    page = await step("dates", do="fill")
    assert "The price falls in this session" in page
    await step("dates", **{name: "issue 7" for name in fields_of(page) if name.endswith("proof")})
    page = await step("texts", **{"texts.title_vi": "Phiên", "texts.title_en": "Falling"})
    assert "Nothing stands against it." in page
    assert "There is a winner." in page
    shown = await seen(maker, f"{draft}/preview/1")
    assert "Lowest price" in shown
    assert "<dt>Increment</dt>" not in shown.partition('class="preview"')[2]


async def test_a_publication_that_takes_long_says_how_far_it_is_and_what_is_next(
    house: House, people: dict[str, httpx.AsyncClient]
) -> None:
    draft, version = await approved(house, people)
    connection = await store.connect(house.settings.database_url or "")
    try:
        # Somebody is at it and does not come back.
        await connection.execute("SELECT pg_advisory_lock($1)", -(2**61) - draft)
        pressed = await people["second"].post(
            f"/api{BASE}/{draft}/publish", json={"version": version}
        )
        assert pressed.json()["draft"]["state"] == "PUBLISHING"
        page = await seen(people["maker"], f"{BASE}/{draft}/check")
        assert "0 of 1 lots are up; begun at" in page
        assert "Nothing more needs to be pressed" in page
        assert "tell whoever runs the system" not in page
        late = "UPDATE session_draft SET changed_at = now() - interval '2 minutes' WHERE id = $1"
        await connection.execute(late, draft)
        page = await seen(people["maker"], f"{BASE}/{draft}/check")
        assert f"the number of the draft, {draft}." in page
    finally:
        await connection.close()
    for _ in range(300):
        told = (await people["maker"].get(f"/api{BASE}/{draft}")).json()
        if told["state"] == "PUBLISHED":
            break
        await asyncio.sleep(0.05)
    page = await seen(people["maker"], f"{BASE}/{draft}/check")
    assert "The session is published." in page
    assert "of 1 lots are up" not in page


async def approved(house: House, people: dict[str, httpx.AsyncClient]) -> tuple[int, int]:
    """A draft of one asset that may be published, by its API: number and version."""
    (asset,) = await assets(house, 1)
    maker, second = people["maker"], people["second"]
    made = await maker.post(f"/api{BASE}", json={"from": "pack:vn-enforcement-2026-07"})
    draft = f"/api{BASE}/{made.json()['draft']}"
    choices: dict[str, Any] = {
        "lots": [{"asset": asset, "starting_price_minor": 10**9, "increment_minor": 10**7,
                  "deposit_minor": 2 * 10**8}],
        "texts": {"title_vi": "Phiên", "title_en": "Slow", "pause_stop_clause": True},
    }  # fmt: skip
    told = await maker.post(draft, json={"version": 1, "choices": choices, "fill": True})
    full = told.json()["choices"]
    full["dates"]["posting_proof"] = "photograph"
    for notice in full["dates"]["notices"]:
        notice["proof"] = "clip"
    told = await maker.post(draft, json={"version": told.json()["version"], "choices": full})
    version = told.json()["version"]
    for client, act in ((maker, "submit"), (second, "approve")):
        done = await client.post(f"{draft}/{act}", json={"version": version})
        assert done.status_code == 200, done.text
        version = done.json()["draft"]["version"]
    return made.json()["draft"], version


async def test_what_cannot_be_read_comes_back_as_it_was_typed(
    house: House, people: dict[str, httpx.AsyncClient]
) -> None:
    maker = people["maker"]
    draft = await begun(maker)
    page = await seen(maker, f"{draft}/dates")
    typed = fields_of(page) | {"dates.opening": "soon", "dates.window_min": "45"}
    answer = await send(maker, f"{draft}/dates", page, **typed, do="save")
    assert answer.status_code == 400
    assert 'value="soon"' in answer.text
    assert 'value="45"' in answer.text
    assert "dates.opening" in answer.text
    # Two tabs: the second save on the old version is told, and shows what was typed.
    good = fields_of(page) | {"dates.window_min": "45"}
    assert (await send(maker, f"{draft}/dates", page, **good, do="save")).status_code == 303
    stale = await send(maker, f"{draft}/dates", page, **{**good, "dates.window_min": "50"})
    assert stale.status_code == 409
    assert 'value="50"' in stale.text
    # Undone, and deleted after being asked once.
    page = await seen(maker, f"{draft}/dates")
    undone = await send(maker, f"{draft}/undo", page, step="dates")
    assert undone.headers["location"] == f"{draft}/dates?done=undo"
    assert fields_of(await seen(maker, f"{draft}/dates"))["dates.window_min"] == ""
    page = await seen(maker, f"{draft}/delete")
    assert (await send(maker, f"{draft}/delete", page)).status_code == 303
    await seen(maker, f"{draft}/check", 404)


async def test_a_template_and_an_earlier_session_begin_another(
    people: dict[str, httpx.AsyncClient],
) -> None:
    maker, rival = people["maker"], people["rival"]
    draft = await begun(maker)
    page = await seen(maker, f"{draft}/texts")
    texts = {"texts.title_vi": "Phiên mẫu", "texts.title_en": "Pattern"}
    await send(maker, f"{draft}/texts", page, **texts, do="save")
    page = await seen(maker, f"{draft}/check")
    assert (await send(maker, f"{draft}/template", page, name="Mẫu xe")).status_code == 303
    assert (await send(maker, f"{draft}/template", page, name="Mẫu xe")).status_code == 409
    page = await seen(maker, "/desk/sessions/new")
    (template,) = re.findall(r'value="(template:\d+)"', page)
    made = await send(maker, "/desk/sessions/new", page, **{"from": template})
    copied = made.headers["location"].removesuffix("/assets")
    assert fields_of(await seen(maker, f"{copied}/texts"))["texts.title_en"] == "Pattern"
    # Another house has none of it.
    page = await seen(rival, "/desk/sessions/new")
    assert "template:" not in page
    for source in (template, "pack:vn-plates-9", "session:1", "x"):
        answer = await send(rival, "/desk/sessions/new", page, **{"from": source})
        assert answer.status_code == 409
    await seen(rival, f"{draft}/check", 404)
    number = template.partition(":")[2]
    page = await seen(maker, "/desk/sessions/new")
    removed = await send(maker, f"/desk/sessions/templates/{number}/remove", page)
    assert removed.status_code == 303


async def test_programs_do_the_same(house: House, people: dict[str, httpx.AsyncClient]) -> None:
    maker, second = people["maker"], people["second"]
    (asset,) = await assets(house, 1)
    made = await maker.post(f"/api{BASE}", json={"from": "pack:vn-enforcement-2026-07"})
    draft = f"/api{BASE}/{made.json()['draft']}"

    async def told(client: httpx.AsyncClient, path: str = "", **body: Any) -> dict[str, Any]:
        answer = await (client.post(draft + path, json=body) if body else client.get(draft + path))
        return {"status": answer.status_code, **answer.json()}

    opening = (datetime.now(UTC) + timedelta(days=29)).strftime("%Y-%m-%dT09:00")
    choices = {
        "lots": [{"asset": asset, "starting_price_minor": 10**9, "increment_minor": 10**7,
                  "deposit_minor": 2 * 10**8}],
        "dates": {"opening": opening},
        "texts": {"title_vi": "Phiên", "title_en": "Session", "pause_stop_clause": True},
    }  # fmt: skip
    found = await told(maker, version=1, choices=choices, fill=True)
    assert found["status"] == 200, found
    assert {one["code"] for one in found["findings"]} == {"POSTING_PROOF", "NOTICE_PROOF"}
    assert {one["key"] for one in found["dates"]} >= {"posting", "payment", "registration_closes"}
    assert (await told(maker, "/submit", version=found["version"]))["code"] == "BLOCKED"
    full = found["choices"]
    full["dates"]["posting_proof"] = "photograph"
    for notice in full["dates"]["notices"]:
        notice["proof"] = "clip"
    found = await told(maker, version=found["version"], choices=full)
    assert found["findings"] == []
    assert (await told(maker, version=1, choices=choices))["code"] == "STALE"
    runs = (await told(maker, "/run"))["runs"]
    assert [(run["bidders"], run["lots"][0]["outcome"]) for run in runs] == [
        (0, "FAILED"), (1, "FAILED"), (2, "ANNOUNCED"), (8, "ANNOUNCED"),
    ]  # fmt: skip
    done = await told(maker, "/submit", version=found["version"])
    version = done["draft"]["version"]
    assert (await told(maker, "/approve", version=version))["code"] == "SAME_PERSON"
    version = (await told(second, "/approve", version=version))["draft"]["version"]
    first = await told(second, "/publish", version=version)
    again = await told(maker, "/publish", version=version)
    assert first["draft"]["state"] in ("PUBLISHING", "PUBLISHED")
    assert first["draft"]["session"] == again["draft"]["session"] is not None
    (lot,) = (await told(second))["lots"]
    assert lot["position"] == 1
    for _ in range(300):
        if (await told(second))["lots"][0]["up"]:
            break
        await asyncio.sleep(0.05)
    assert (await told(second))["lots"] == [{**lot, "up": True}]
    for body in ({"version": 1, "choices": {"lots": "x"}}, {"version": "x", "choices": {}}):
        assert (await told(maker, **body))["status"] == 400
    listed = (await maker.get(f"/api{BASE}")).json()["drafts"]
    assert [one["title"]["en"] for one in listed if one["state"] != "DRAFT"].count("Session") == 1
    assert (await people["rival"].get(draft)).status_code == 404
