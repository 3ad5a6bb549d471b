"""All roles of one sale over the API alone, and what others press meanwhile.

Every act of a desk goes through `Stage.press`: first somebody of another house, then a token where
the act wants a person, then two at once, then once more. What people have done is counted in every
table before and after: exactly one outcome, and nothing otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import httpx
from house import PASSWORD, House
from moved_clock import MovedClock
from post.mailserver import MailServer, text_of

from auction_engine.identity.consents import VERSION

# Sessions are good for twelve hours, and for ten minutes where a fresh proof is asked for.
_FRESH_S = 9 * 60
_WAIT_S = 60
_LINK = re.compile(r"/confirm/(\S+)")
_DONE = (200, 201)
# Who presses for a role of the lot's life.
_PLAYED = {
    "AUCTIONEER": "maker", "ORGANISATION": "maker", "RECORDER": "second", "AGENCY": "officer",
    "BIDDER": "b01",
}  # fmt: skip
_OF_PEOPLE = (
    "SELECT k.conrelid::regclass::text, a.attname FROM pg_constraint k JOIN pg_attribute a"
    " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.contype = 'f' AND k.confrelid = 'account'::regclass"
)
# Written by signing in, by reading, and by the program by itself.
_RESTLESS = {
    "web_session", "known_device", "letter", "reading_trace", "payment_request", "lot_head",
    "api_token",
}  # fmt: skip
# Tables of record that name nobody, and that the program does not write by itself.
_OF_RECORD = (
    "asset", "asset_seizure", "asset_valuation", "asset_disclosure", "asset_custody", "asset_file",
    "auction_session", "bank_file", "bank_line", "case_notice", "case_party", "lot",
)  # fmt: skip


@dataclass
class Person:
    """Somebody with an account: asks by a token, or in person after signing in."""

    stage: Stage
    login: str
    token: httpx.AsyncClient | None = None
    browser: httpx.AsyncClient | None = None
    proved: datetime | None = None

    async def client(self, person: bool) -> httpx.AsyncClient:
        if self.token is not None and not person:
            return self.token
        now = self.stage.clock.now()
        if self.proved is None or (now - self.proved).total_seconds() > _FRESH_S:
            await self.sign_in()
        assert self.browser is not None
        return self.browser

    async def sign_in(self) -> None:
        if self.browser is None:
            self.browser = await self.stage.stack.enter_async_context(self.stage.house.browser())
        self.browser.cookies.clear()
        told = {"login": self.login, "password": PASSWORD}
        answer = await self.browser.post("/api/login", json=told)
        assert answer.status_code == 200, answer.text
        self.browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
        self.proved = self.stage.clock.now()

    async def post(
        self, path: str, body: Any = None, *, person: bool = False, **more: Any
    ) -> httpx.Response:
        client = await self.client(person)
        if body is None and not more:
            return await client.post(path)
        return await client.post(path, **({"json": body} if body is not None else {}), **more)

    async def get(self, path: str, *, person: bool = False) -> Any:
        answer = await (await self.client(person)).get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def does(self, path: str, body: Any = None, **more: Any) -> Any:
        """An act that must succeed; what it answers."""
        answer = await self.post(path, body, **more)
        assert answer.status_code in _DONE, (path, body, answer.status_code, answer.text)
        return answer.json()


@dataclass
class Stage:
    """Everybody of the story, and what has been made so far."""

    house: House
    clock: MovedClock
    stack: contextlib.AsyncExitStack
    people: dict[str, Person] = field(default_factory=dict)
    pressed: int = 0
    _counting: str = ""

    def __getitem__(self, login: str) -> Person:
        return self.people[login]

    async def comes(self, login: str, role: Any, of: dict[str, str] | None = None) -> Person:
        """A new account; staff gets a token for all that tokens are for."""
        await self.house.account(login, role, admitted=False, of=of)
        person = self.people[login] = Person(self, login)
        if role != "bidder":
            await self.token_for(person)
        return person

    async def registers(self, name: str, mail: MailServer) -> Person:
        """Somebody new, by the API and the letter alone."""
        address = f"{name}@example.test"
        told = {"kind": "PERSON", "name": f"Bidder {name}", "email": address,
                "identity": "079200012345", "password": PASSWORD, "terms": VERSION}  # fmt: skip
        async with self.house.browser() as client:
            assert (await client.post("/api/register", json=told)).status_code == 202
            async with asyncio.timeout(_WAIT_S):
                while not (letters := mail.to(address)):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            link = _LINK.search(text_of(letters[0]))
            assert link is not None, text_of(letters[0])
            secret = {"token": link[1], "password": PASSWORD}
            assert (await client.post("/api/confirm", json=secret)).json()["t"] == "confirmed"
        person = self.people[name] = Person(self, address)
        return person

    async def token_for(self, person: Person) -> None:
        possible = (await person.get("/api/tokens", person=True))["possible"]
        wish = {"name": "desk", "days": 365, "proved": True, "acts": [a["act"] for a in possible]}
        made = await person.does("/api/tokens", wish, person=True)
        client = await self.stack.enter_async_context(self.house.browser())
        client.headers["Authorization"] = f"Bearer {made['token']}"
        person.token = client

    # --- counting -----------------------------------------------------------------------------

    async def counted(self) -> dict[str, int]:
        """How many rows of every table name somebody, and how many entries of journals do."""
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            if not self._counting:
                named = await connection.fetch(_OF_PEOPLE)
                parts = [
                    f"SELECT '{table}.{column}' AS what, count({column}) AS n FROM {table}"
                    for table, column in named
                    if table not in _RESTLESS
                ]
                parts += [f"SELECT '{table}', count(*) FROM {table}" for table in _OF_RECORD]
                parts.append(
                    "SELECT 'journal', count(*) FROM journal"
                    " WHERE convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'by' <> '0'"
                )
                self._counting = " UNION ALL ".join(parts)
            return {row["what"]: row["n"] for row in await connection.fetch(self._counting)}
        finally:
            await connection.close()

    async def changed(self, before: dict[str, int]) -> dict[str, tuple[int, int]]:
        """Which counts are others by now."""
        now = (await self.counted()).items()
        return {what: (before[what], n) for what, n in now if before[what] != n}

    # --- pressing -----------------------------------------------------------------------------

    async def press(
        self, who: str, path: str, body: Any = None, *, person: bool = False,
        beside: str | None = None, rival: str | None = None, once: str = "",
        follows: tuple[str, ...] = (), **more: Any,
    ) -> Any:  # fmt: skip
        """What `who` does, pressed by everybody; the answer to it.

        `rival` is of another house: nothing is there for it. `beside` presses at the same moment,
        otherwise `who` twice. `once`: the table (and column) of which one row more must be there.
        `follows`: what the program goes on to write in that person's name when all have pressed.
        """
        self.pressed += 1
        before = await self.counted()

        async def send(login: str, in_person: bool = person) -> httpx.Response:
            return await self.people[login].post(path, body, person=in_person, **more)

        if rival is not None:
            strange = await send(rival)
            assert strange.status_code in (403, 404), (rival, path, strange.text)
            assert not (changed := await self.changed(before)), (rival, path, changed)
        if person and self.people[who].token is not None:
            by_token = await send(who, False)
            assert by_token.status_code == 403, (path, by_token.text)
            assert not (changed := await self.changed(before)), (path, changed)
        # Whoever signs in does so before, so that both press at the same moment.
        await asyncio.gather(*(self.people[one].client(person) for one in {who, beside or who}))
        both = await asyncio.gather(send(who), send(beside or who))
        told = [answer for answer in both if answer.status_code in _DONE]
        assert told, (path, body, [answer.text for answer in both])
        for answer in both:
            assert answer.status_code in (*_DONE, 403, 409), (path, answer.text)
        after = await self.counted()
        if once:
            assert after[once] == before[once] + 1, (path, once, before[once], after[once])
        again = await send(who)
        assert again.status_code in (*_DONE, 404, 409, 422), (path, again.text)
        changed = {k: n for k, n in (await self.changed(after)).items() if k not in follows}
        assert not changed, (path, body, again.text, changed)
        return told[0].json()

    async def early(self, who: str, path: str, body: Any = None, *, person: bool = False) -> str:
        """What cannot be done yet is refused and leaves nothing; the code of the refusal."""
        before = await self.counted()
        answer = await self.people[who].post(path, body, person=person)
        assert answer.status_code in (400, 403, 404, 409, 422), (path, body, answer.text)
        assert not (changed := await self.changed(before)), (path, changed)
        return str(answer.json()["code"])

    async def out_of_order(self, lot: int) -> int:
        """Every act in the life of a lot whose turn it is not is refused and leaves nothing."""
        status = (await self["maker"].get(f"/api/lots/{lot}/acts"))["status"]
        table = (await self["maker"].get("/api/acts"))["acts"]
        before, tried = await self.counted(), 0
        for row in table:
            role = next((one for one in row["roles"] if one in _PLAYED), None)
            if status in row["sources"] or role is None:
                continue
            data = {one["name"]: _anything(one) for one in row["fields"]}
            told = {"act": row["act"], "as": role, "reason": "out of turn", "data": data}
            answer = await self.people[_PLAYED[role]].post(f"/api/lots/{lot}/acts", told)
            assert answer.status_code in (400, 403, 409), (status, told, answer.text)
            tried += 1
        changed = await self.changed(before)
        assert not changed, (status, changed)
        return tried

    async def until(
        self, who: str, path: str, true: Callable[[Any], Any], *, person: bool = False
    ) -> Any:
        """The first answer to a question for which `true` holds."""
        async with asyncio.timeout(_WAIT_S):
            while True:
                found = await self.people[who].get(path, person=person)
                if true(found):
                    return found
                await asyncio.sleep(0.1)


def _anything(field: dict[str, Any]) -> Any:
    """Something for a field of an act that could be meant."""
    if field.get("choices"):
        return field["choices"][0]
    both = {"vi": "x", "en": "x"}
    return {"text": "x", "texts": both, "bidder": "B-001", "yes_no": True}.get(field["kind"], 1)


@contextlib.asynccontextmanager
async def stage_of(house: House, clock: MovedClock) -> AsyncIterator[Stage]:
    """Two organisations, two agencies and a procurator; the first of each is the story's."""
    async with contextlib.AsyncExitStack() as stack:
        stage = Stage(house, clock, stack)
        for login in ("maker", "second"):
            await stage.comes(login, "organisation")
        for login in ("officer", "head"):
            await stage.comes(login, "officer")
        await stage.comes("rival", "organisation", {"vi": "Nhà khác", "en": "Rivals"})
        await stage.comes("stranger", "officer", {"vi": "Cơ quan khác", "en": "Strangers"})
        await stage.comes("procurator", "procurator")
        yield stage
