"""Files of cases: read the same beside this process as in it, written whole, exported whole."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio

from auction_engine.desk import exclusive, looking
from auction_engine.desk.cases import disclosing, parties
from auction_engine.desk.integration import apart, casefile, casewriting, exporting, importing
from auction_engine.desk.integration.apart import CheckDied
from auction_engine.desk.integration.casewriting import CsvFile, Part, Unfit
from auction_engine.desk.integration.checkfile import Frame
from auction_engine.desk.integration.importing import Importer, Upload
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

TODAY = date(2026, 9, 20)


def words(text: str) -> dict[str, str]:
    return {"vi": f"{text} (vi)", "en": f"{text} (en)"}


def car(reference: str, facts: int = 1, **more: Any) -> dict[str, Any]:
    answers = {
        one.code: {"answer": one.answers[0].code, "details": words("Đã xem; “kỹ”,\nhai lần")}
        for one in disclosing.asked(movable=True)
    }
    return {
        "reference": reference, "kind": "car", "movable": True, "title": words("Ô tô"),
        "place": words("Kho"), "summary": words("=Xe cũ. " * 9), "disclosure": answers,
        "facts": [{"label": words("Năm"), "value": words("2022")} for _ in range(facts)],
        "valuation": {"amount_minor": 412_000_000, "valued_on": "2026-09-01", "basis": "AGREED",
                      "document": "BB 1"},
        **more,
    }  # fmt: skip


def case(number: str, *own: dict[str, Any], debtors: int = 1) -> dict[str, Any]:
    return {
        "number": number, "title": words(number), "opened_on": "2026-03-02",
        "judgment": {"number": "12", "court": "Tòa án hư cấu", "on": "2026-01-15", "note": "a\nb"},
        "decision": {"number": "77", "on": "2026-03-02"},
        "parties": [{"kind": "DEBTOR", "name": f"Người {n}"} for n in range(debtors)],
        "assets": list(own),
    }  # fmt: skip


def file_of(*cases: dict[str, Any]) -> bytes:
    return orjson.dumps({"version": 1, "cases": cases})


MANY = [
    case("M-0", debtors=3),
    *(case(f"M-{n}", *(car(f"M-{n}-{k}", facts=n % 3) for k in range(4))) for n in range(1, 61)),
    case("M-61", *(car(f"M-61-{k}") for k in range(450))),
    case("M-62"),
    case("M-63", car("M-63")),
]


async def frames_of(form: str, body: bytes) -> list[Frame]:
    async with apart.checked(form, body, TODAY) as frames:
        return [frame async for frame in frames]


# --- reading ------------------------------------------------------------------------------------


async def test_a_process_of_its_own_reads_what_this_one_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoilt = [case("S-1", car("S-1"), car("S-1"), car("S-2", kind="spaceship")), case("S-1")]
    for body in (file_of(*MANY[:40]), file_of(*MANY[:40], *spoilt)):
        assert len(body) > apart.SMALL_BYTES
        beside = await frames_of("json", body)
        with monkeypatch.context() as patched:
            patched.setattr(apart, "SMALL_BYTES", len(body))
            patched.setattr(asyncio, "create_subprocess_exec", None)
            assert await frames_of("json", body) == beside
    head, end = beside[0], beside[-1]
    assert (head["cases"], head["assets"]) == (42, 39 * 4 + 3)
    assert [fault[2] for fault in end["faults"]] == ["TWICE", "UNKNOWN_CHOICE", "TWICE"]
    assert not any(frame["assets"] for frame in beside[-3:-1])


async def test_a_reader_that_dies_is_noticed() -> None:
    class NoDay(date):
        def isoformat(self) -> str:
            return "no day"

    with pytest.raises(CheckDied):
        async with apart.checked("json", file_of(*MANY), NoDay(2026, 1, 1)) as frames:
            _ = [frame async for frame in frames]


async def test_who_stops_listening_stops_the_reader() -> None:
    async with apart.checked("json", file_of(*MANY), TODAY) as frames:
        assert (await anext(aiter(frames)))["t"] == "head"
    async with apart.checked("json", b" " * 10_000_000, TODAY) as frames:
        pass


# --- in and out ---------------------------------------------------------------------------------


class Agency:
    """An agency with an officer, whose files an importer reads."""

    def __init__(self, settings: Settings, connection: Any, whose: tuple[int, int]) -> None:
        self.url = settings.database_url or ""
        self.vault = Vault.of(settings)
        self.connection, self.whose = connection, whose

    async def take(self, body: bytes, form: str = "json") -> dict[str, Any]:
        """A file looked at, and written if it is good."""
        upload = Upload(uuid.uuid4(), "x", form, body)
        number = await importing.take(self.connection, self.vault, self.whose, upload)
        for _ in range(2):
            async with exclusive.connected(self.url) as connection:
                await Importer(self.url, self.vault).look(connection)
            await importing.confirm(self.connection, number, self.whose[1])
        found = await importing.one(self.connection, number)
        assert found is not None
        return found

    async def export(self, form: str) -> bytes:
        connect = self.connect
        return b"".join(
            [one async for one in exporting.pieces(connect, self.vault, self.whose[0], form)]
        )

    def connect(self) -> contextlib.AbstractAsyncContextManager[Any]:
        return exclusive.connected(self.url)


@pytest_asyncio.fixture
async def agency(settings: Settings) -> AsyncIterator[Agency]:
    connection = await asyncpg.connect(settings.database_url)
    body = await connection.fetchval(
        "INSERT INTO body (kind, name) VALUES ('AGENCY', '{\"vi\": \"A\"}') RETURNING id"
    )
    account = await connection.fetchval(
        "INSERT INTO account (login, name, role, body_id) VALUES ('o', 'O', 'officer', $1)"
        " RETURNING id",
        body,
    )
    yield Agency(settings, connection, (body, account))
    await connection.close()


async def test_what_was_imported_is_exported_whole_in_both_forms(agency: Agency) -> None:
    wrong = await agency.take(file_of(*MANY, case("M-64", car("M-64", kind="spaceship"))))
    assert (wrong["state"], wrong["wrong"], wrong["total"]) == ("WRONG", 1, 692)
    assert await agency.connection.fetchval("SELECT count(*) FROM enforcement_case") == 0
    done = await agency.take(file_of(*MANY))
    assert (done["state"], done["cases"], done["assets"]) == ("IMPORTED", 64, 691)
    assert done["done"] == done["total"] == 691
    told = await agency.export("json")
    found = orjson.loads(told)
    assert [one["number"] for one in found["cases"]] == [one["number"] for one in MANY]
    for kept, given in zip(found["cases"], MANY, strict=True):
        references = [one["reference"] for one in kept["assets"]]
        assert references == [one["reference"] for one in given["assets"]]
        assert len(kept["parties"]) == len(given["parties"])
    # The table says the same, cell by cell.
    read = casefile.read("csv", await agency.export("csv"))
    assert read.wrong == []
    flat = [
        (dict(casefile.flat({**one.data})), [dict(casefile.flat(a.data)) for a in own])
        for one, own in read.cases
    ]
    assert flat == [
        (
            dict(casefile.flat({**one, "assets": None})),
            [dict(casefile.flat(own)) for own in one["assets"]],
        )
        for one in found["cases"]
    ]
    again = await agency.take(told)
    codes = {fault.code for fault in again["errors"]}
    assert (again["state"], codes) == ("WRONG", {"NUMBER_TAKEN", "REFERENCE_TAKEN"})
    assert again["wrong"] == 64 + 691


async def test_whoever_takes_the_file_slowly_holds_no_connection(agency: Agency) -> None:
    assert (await agency.take(file_of(*MANY)))["state"] == "IMPORTED"
    held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    held += " AND application_name = 'auction-desk'"
    pieces = exporting.pieces(agency.connect, agency.vault, agency.whose[0], "csv")
    count = 0
    async for _ in pieces:
        count += 1
        async with asyncio.timeout(20):
            # A connection that was closed is listed for a moment longer.
            while await agency.connection.fetchval(held):  # noqa: ASYNC110 - in the ledger
                await asyncio.sleep(0.01)
        if count == 4:
            # Somebody enters a party more than there were columns for.
            first = "SELECT min(id) FROM enforcement_case"
            number = await agency.connection.fetchval(f"{first} WHERE number = 'M-61'")
            for n in range(4):
                party = {"kind": "DEBTOR", "name": f"Mới {n}"}
                own = (number, agency.whose[1], party)
                await parties.add(agency.connection, agency.vault, *own)
            break
    # The file is not whole and must not look so.
    with pytest.raises(Unfit):
        async for _ in pieces:
            pass


def test_a_table_has_a_column_for_all_that_can_be_said() -> None:
    every = list(casewriting.columns(2, 2))
    assert len(set(every)) == len(every)
    assert casefile.read("csv", ",".join(every).encode() + b"\n").wrong == [
        casefile.Wrong(1, "", "EMPTY_FILE", "There is no case in this file.")
    ]
    writer = CsvFile(0, 0)
    with pytest.raises(Unfit):
        writer.part(Part({"number": "1", "colour": "red"}, []))


async def test_a_long_file_does_not_make_the_next_one_wait(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others rest ten times as long as they looked; here somebody waits for the next step."""
    slept: list[float] = []
    clock = iter((0.0, 60.0))

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise KeyboardInterrupt

    monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(looking, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(KeyboardInterrupt):
        await Importer(agency.url, agency.vault, look_s=0.5).run()
    assert slept == [0.5]


def test_files_made_to_be_too_much_are_refused_at_once() -> None:
    deep = b'{"version":1,"cases":[{"number":%s1%s}]}' % (b"[" * 900, b"]" * 900)
    assert {fault.code for fault in casefile.read("json", deep).wrong} == {"UNKNOWN_COLUMN"}
    many = b",".join([b"{}"] * 30_000)
    for body in (b'{"version":1,"cases":[%s]}', b'{"version":1,"cases":[{"assets":[%s]}]}'):
        read = casefile.read("json", body % many)
        assert [fault.code for fault in read.wrong] == ["TOO_MANY"]
    wide = casefile.read("csv", b"case.number" + b",kind" * 60_000 + b"\n1,2")
    assert [fault.code for fault in wide.wrong] == ["COLUMN_TWICE"]
    cut = casefile.read("csv", b'case.number,kind\n1,car\n1,car\n1,"car')
    assert [fault[:3] for fault in cut.wrong] == [(4, "", "BAD_FILE")]
    assert [fault.row for fault in casefile.read("csv", b'"case').wrong] == [1]
    long = casefile.read("csv", b"case.number,kind\n" + b",car\n" * 50_000)
    assert [fault.code for fault in long.wrong] == ["TOO_MANY"]


async def test_a_file_that_breaks_its_reader_fails_alone(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(form: str, body: bytes) -> Any:
        raise RecursionError

    with monkeypatch.context() as patched:
        patched.setattr(casefile, "read", broken)
        assert (await agency.take(file_of(case("F-1"))))["state"] == "FAILED"
    assert (await agency.take(file_of(case("F-1"))))["state"] == "IMPORTED"
