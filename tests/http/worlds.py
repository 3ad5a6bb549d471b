"""Two of everything: organisations, agencies, lots, books and bidders, to try the one's door with
the other's key."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import courtroom
import docket
import httpx
import orjson
from house import CSRF, House, running_house, text

from auction_engine.desk.complaints import filing, groups
from auction_engine.desk.house import questions
from auction_engine.desk.oversight import findings, warrants
from auction_engine.desk.preparing import drafts, sources
from auction_engine.desk.preparing.choices import Choices, Texts
from auction_engine.http import cookies, money_forms, places
from auction_engine.http.guard import Spec
from auction_engine.identity import accounts, sessions
from auction_engine.identity.accounts import Role
from auction_engine.identity.vault import Vault
from auction_engine.ledger import books
from auction_engine.rules.postings import deposits
from auction_engine.settings import Settings

# Nobody but its own side may ever read these: in texts of banks, in names.
SECRET = {"own": "OURS-7c1", "other": "THEIRS-9e4"}
_NAMES = {
    "own": (text("Auctioneers"), text("Agency")),
    "other": (text("Rivals"), text("Strangers")),
}
# Written by signing in, and by the program when it writes to people.
_RESTLESS = {"web_session", "letter"}
_OF_PEOPLE = (
    "SELECT k.conrelid::regclass::text, a.attname FROM pg_constraint k JOIN pg_attribute a"
    " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.contype = 'f' AND k.confrelid = 'account'::regclass"
)
Ids = dict[str, int]


@dataclass
class Worlds:
    """`ids`: what an address may name, by side ("own", "other") and kind of body.

    `people`: accounts by role and side; "none" is staff of no body.
    """

    house: House
    ids: dict[tuple[str, str], Ids] = field(default_factory=dict)
    people: dict[tuple[Role, str], accounts.Account] = field(default_factory=dict)

    def path(self, spec: Spec, side: str) -> str:
        """The route's address, naming what is that side's."""
        kind = "AGENCY" if spec.path.startswith(("/agency", "/api/agency")) else "ORGANISATION"
        parts = []
        for part in spec.path.split("/"):
            name, _, sort = part.strip("{}").partition(":")
            if not part.startswith("{"):
                parts.append(part)
            elif name in places.SOURCES:
                parts.append(str(self.ids[side, kind][name]))
            else:
                parts.append("1" if sort == "int" else "x.css")
        return "/".join(parts)

    @contextlib.asynccontextmanager
    async def browser(self, role: Role | None, whose: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser of that person's, signed in without a password; `X-CSRF-Token` is sent."""
        async with self.house.browser() as client:
            if role is not None:
                made = await sessions.create(self.house.engine, self.people[role, whose].id)
                client.cookies.set(cookies.SESSION, made[0])
                client.headers["X-CSRF-Token"] = made[1]
            else:
                drawn = CSRF.search((await client.get("/login")).text)
                assert drawn is not None
                client.headers["X-CSRF-Token"] = drawn[1]
            yield client

    async def fingerprint(self) -> dict[str, int]:
        """How many rows of every table name somebody: what people have done."""
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            return {
                f"{table}.{column}": await connection.fetchval(
                    f"SELECT count({column}) FROM {table}"
                )
                for table, column in await connection.fetch(_OF_PEOPLE)
                if table not in _RESTLESS
            }
        finally:
            await connection.close()


async def ask(worlds: Worlds, client: httpx.AsyncClient, spec: Spec, side: str) -> httpx.Response:
    """The route asked as well as can be done without knowing what it is for."""
    path = worlds.path(spec, side)
    if spec.method == "GET":
        return await client.get(path)
    token = client.headers.get("X-CSRF-Token", "")
    known = {"amount": "1", "bid_id": str(uuid.uuid4()), "login": "x", "password": "x"}
    if spec.kind == "page" and spec.form is money_forms.upload:
        return await client.post(path, data={"csrf": token}, files={"file": ("x.csv", b"x")})
    if spec.kind == "page":
        return await client.post(path, data={**known, "csrf": token})
    told: dict[str, Any] = {**known, "amount_minor": 1}
    return await client.request(
        spec.method, path, json={name: told.get(name, "x") for name in spec.fields or ()}
    )


@contextlib.asynccontextmanager
async def worlds(settings: Settings) -> AsyncIterator[Worlds]:
    """A running program with two worlds in it."""
    async with running_house(settings, lots=0) as house:
        made = Worlds(house)
        connection = await asyncpg.connect(settings.database_url)
        try:
            # The own last: pages begin with the newest session.
            for side in ("other", "own"):
                house.organisation, house.agency = _NAMES[side]
                await _people(made, side)
                (lot,) = await house.put_up(1)
                await _rows(made, connection, side, lot)
        finally:
            await connection.close()
        for lot in house.lots:
            await house.is_open(lot)
        yield made


async def _people(made: Worlds, side: str) -> None:
    house = made.house
    for role in accounts.ROLES:
        login = f"{SECRET[side]}.{role}".lower()
        made.people[role, side] = await house.account(login, role, admitted=False)
    if side == "own":
        for role in ("organisation", "officer"):
            made.people[role, "none"] = await accounts.create(  # type: ignore[index]
                house.engine,
                f"none.{role}",
                "None",
                role,  # type: ignore[arg-type]
            )


async def _rows(made: Worlds, connection: Any, side: str, lot: int) -> None:
    """What the two bodies of a side have: a lot, and a row of everything in each one's book."""
    session = await connection.fetchval("SELECT session_id FROM lot WHERE id = $1", lot)
    bodies = zip(("ORGANISATION", "AGENCY"), _NAMES[side], strict=True)
    for kind, name in bodies:
        role: Role = "organisation" if kind == "ORGANISATION" else "officer"
        # Not the person who tries the doors: what one has prepared only another may release.
        colleague = await accounts.create(
            made.house.engine, f"colleague.{name['vi']}", "Colleague", role
        )
        person = colleague.id
        book = await books.open_book(connection, kind, name, "VND", 0)  # type: ignore[arg-type]
        ids = await _money(connection, book, person, lot, SECRET[side])
        bank = "BANK.ESCROW" if kind == "ORGANISATION" else "BANK.AGENCY"
        await books.post(connection, [deposits.received(book, bank, ids["line"], 5000)])
        vault = Vault.of(made.house.settings)
        bidder = made.people["bidder", side].id
        ids |= await _bidders(connection, vault, kind, bidder, lot, SECRET[side])
        procurator = made.people["procurator", side].id
        ids |= await _overseen(connection, vault, kind, procurator, lot)
        house = made.people[role, side].body
        assert house is not None
        ids |= await _elsewhere(connection, house, person, bidder, SECRET[side])
        ids["member"] = made.people[role, side].id
        ids |= await _prepared(connection, made, side, kind)
        ids["question"] = await _question(connection, vault, bidder, lot, kind)
        agency = made.people["officer", side].body
        assert agency is not None
        ids["intake"] = await courtroom.sent(connection, vault, agency, SECRET[side])
        ids |= await _docket(connection, vault, made, side, kind)
        made.ids[side, kind] = {"lot": lot, "session": session, "book": book, **ids}


async def _prepared(connection: Any, made: Worlds, side: str, kind: str) -> Ids:
    """A session being prepared by the side's organisation, and what it keeps for others."""
    maker, title = made.people["organisation", side], f"{SECRET[side]}/{kind}"
    assert maker.body is not None
    choices = Choices(texts=Texts(title_vi=title, title_en=title))
    pack = sources.newest_pack().id
    draft = await drafts.make(connection, maker.body, maker.id, pack, choices)
    found = await drafts.read(connection, draft, maker.body)
    template = await sources.keep_template(connection, maker.body, maker.id, title, found)
    return {"draft": draft, "template": template}


async def _docket(connection: Any, vault: Vault, made: Worlds, side: str, kind: str) -> Ids:
    """A case with an asset that is offered: of the side's agency to its organisation."""
    officer, chief = made.people["officer", side], made.people["organisation", side]
    assert officer.body is not None
    assert chief.body is not None
    number = f"{SECRET[side]}/{kind}"
    case = await docket.a_case(connection, vault, officer.body, officer.id, number)
    asset = await docket.ready_asset(connection, vault, case, officer.id)
    contract = await docket.offered(
        connection, officer.body, officer.id, chief.body, [asset], number
    )
    return {"case": case, "asset": asset, "contract": contract}


async def _question(connection: Any, vault: Vault, bidder: int, lot: int, kind: str) -> int:
    """A bidder's question about the lot, without its side's secret: answers are everybody's."""
    key = uuid.uuid5(uuid.NAMESPACE_URL, kind)
    return await questions.ask(connection, vault, key, lot, bidder, "Is the lift in use?", "en")


async def _bidders(
    connection: Any, vault: Vault, kind: Any, bidder: int, lot: int, secret: str
) -> Ids:
    """What a bidder has: a complaint to that kind of body, a dossier, a signature, a search."""
    now = datetime.now(UTC)
    given = filing.Given(
        uuid.uuid4(), lot, bidder, kind, "LOT", None, now.date(), secret * 20, secret * 20
    )
    filed = await filing.file(connection, vault, given, None, now)
    dossier = await connection.fetchval(
        "INSERT INTO dossier (lot_id, account_id, number, state, version, declared, for_another,"
        " marks) VALUES ($1, $2, $3, 'SENT', 1, '{}', false, '{}')"
        " ON CONFLICT (lot_id, account_id) DO UPDATE SET version = 1 RETURNING id",
        lot, bidder, secret,
    )  # fmt: skip
    signature = await connection.fetchval(
        "INSERT INTO signature (lot_id, account_id, document, seq, sha256, body, method)"
        " VALUES ($1, $2, 'MINUTES', $3, 'x', 'x', 'RETYPED') RETURNING id",
        lot, bidder, 1 if kind == "AGENCY" else 2,
    )  # fmt: skip
    search = await connection.fetchval(
        "INSERT INTO saved_search (account_id, query, lang, seen_ms) VALUES ($1, $2, 'vi', 0)"
        " RETURNING id",
        bidder, f"{secret}{kind}",
    )  # fmt: skip
    member = await _joined(connection, vault, filed.id, bidder)
    return {
        "joined": member,
        "complaint": filed.id,
        "dossier": dossier,
        "signature": signature,
        "search": search,
    }


async def _elsewhere(connection: Any, body: int, person: int, bidder: int, secret: str) -> Ids:
    """What is for other systems: a token, a webhook, a file of cases."""
    key = await connection.fetchval(
        "INSERT INTO api_token (account_id, name, begins, token_hash, acts, proved, expires_at)"
        " VALUES ($1, $2, 'aet_', sha256($3), '{}', false, now() + interval '1 day') RETURNING id",
        bidder, secret, f"{secret}{body}".encode(),
    )  # fmt: skip
    webhook = await connection.fetchval(
        "INSERT INTO webhook (body_id, made_by, name, url, types, state) VALUES ($1, $2, $3,"
        " 'https://nobody.invalid/', '{lot.opened}', 'PAUSED') RETURNING id",
        body, person, secret,
    )  # fmt: skip
    upload = await connection.fetchval(
        "INSERT INTO case_import (key, agency_id, account_id, filename, format, sha256, state)"
        " VALUES (gen_random_uuid(), $1, $2, $3, 'csv', 'x', 'WRONG') RETURNING id",
        body, person, secret,
    )  # fmt: skip
    return {"key": key, "webhook": webhook, "upload": upload}


async def _joined(connection: Any, vault: Vault, complaint: int, bidder: int) -> int:
    """The bidder's own place in the group of the own complaint."""
    await groups.open_group(connection, vault, complaint, bidder)
    return int(
        await connection.fetchval(
            "SELECT id FROM complaint_member WHERE complaint_id = $1", complaint
        )
    )


async def _overseen(connection: Any, vault: Vault, kind: str, procurator: int, lot: int) -> Ids:
    """A procurator's finding about the lot to that kind of body, and a warrant."""
    today = datetime.now(UTC).date()
    given = findings.Given(
        uuid.uuid4(), "REQUEST", kind, None, lot, None, "Art. 1", "Text", 5,  # type: ignore[arg-type]
    )  # fmt: skip
    finding = await findings.send(connection, vault, procurator, given, None, today)
    by = warrants.Given(
        uuid.uuid4(), "1", "x", today - timedelta(days=2), today - timedelta(days=2),
        today + timedelta(days=2), "x", (lot,),
    )  # fmt: skip
    warrant = await warrants.write(connection, vault, procurator, by, today)
    return {"finding": finding, "warrant": warrant}


async def _money(connection: Any, book: int, person: int, lot: int, secret: str) -> Ids:
    empty = orjson.dumps({}).decode()
    act = await connection.fetchval(
        "INSERT INTO money_act (book_id, account_id, kind, reason, body)"
        " VALUES ($1, $2, 'import', $3, $4) RETURNING id",
        book, person, secret, empty,
    )  # fmt: skip
    file = await connection.fetchval(
        "INSERT INTO bank_file (book_id, sha256, filename, format, body, act_id, lines, known,"
        " left_out) VALUES ($1, $2, $3, 'camt.053', $2, $4, 1, 0, 0) RETURNING id",
        book, secret.encode(), f"{secret}.xml", act,
    )  # fmt: skip
    line = await connection.fetchval(
        "INSERT INTO bank_line (book_id, file_id, n, place, booked_on, amount_minor, text, name,"
        " fingerprint) VALUES ($1, $2, 1, '1', current_date, 5000, $3, $3, $3) RETURNING id",
        book, file, secret,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO suspense (line_id, book_id, reason) VALUES ($1, $2, 'UNKNOWN')",
        line, book,
    )  # fmt: skip
    batch = await connection.fetchval(
        "INSERT INTO payout_batch (book_id, message_id, prepared_by, requested_on)"
        " VALUES ($1, $2, $3, current_date) RETURNING id",
        book, f"{secret}{book}", person,
    )  # fmt: skip
    payout = await connection.fetchval(
        "INSERT INTO payout (book_id, key, kind, lot_id, payee, code, account_key, amount_minor,"
        " name, account, text, state, batch_id) VALUES ($1, $2, 'REFUND', $3, $4, 'LIAB.DEPOSIT',"
        " 'x', 1, $5, '1', $5, 'PREPARED', $6) RETURNING id",
        book, f"{secret}{book}", lot, person, secret, batch,
    )  # fmt: skip
    shares = await connection.fetchval(
        "INSERT INTO distribution (book_id, lot_id, sheet, result, prepared_by)"
        " VALUES ($1, $2, $3, $3, $4) RETURNING id",
        book, lot, orjson.dumps({"parties": [], "note": secret}).decode(), person,
    )  # fmt: skip
    return {"act": act, "line": line, "batch": batch, "payout": payout, "shares": shares}
