"""How long a file of ten thousand assets takes: to be looked at, and to be written.

    python -m loadtests.imports [--assets 10000] [--wrong 0.03]

Runs on a ledger of its own (embedded servers, thrown away). The dry run and the writing are those
of the gateway (`desk.integration.importing.Importer`), over the same tables and checks.
"""

import argparse
import asyncio
import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import orjson

from auction_engine.desk import exclusive
from auction_engine.desk.cases import disclosing
from auction_engine.desk.integration import importing
from auction_engine.desk.integration.importing import Importer, Upload
from auction_engine.embedded.attach import servers_for
from auction_engine.identity.vault import Vault
from auction_engine.ledger import migrate
from auction_engine.settings import Settings

_PER_CASE = 4


def words(text: str) -> dict[str, str]:
    return {"vi": f"{text} (vi)", "en": f"{text} (en)"}


def asset(n: int) -> dict[str, Any]:
    """A whole asset: description, every answer, a valuation."""
    answers = {
        one.code: {"answer": one.answers[0].code, "details": words("Đã xem xét")}
        for one in disclosing.asked(movable=True)
    }
    return {
        "reference": f"TS-{n}", "kind": "car", "movable": True,
        "title": words(f"Ô tô số {n}"), "place": words("Kho vật chứng"),
        "summary": words("Xe một chủ, còn tốt. " * 8),
        "facts": [{"label": words("Năm"), "value": words("2022")} for _ in range(3)],
        "disclosure": answers,
        "valuation": {
            "amount_minor": 400_000_000 + n, "currency": "VND", "valued_on": "2026-09-01",
            "expires_on": "2027-03-01", "basis": "FIRM", "document": f"CT {n}", "valuer": "Hãng",
        },
    }  # fmt: skip


def case(n: int, assets: list[dict[str, Any]]) -> dict[str, Any]:
    """A case with two parties."""
    return {
        "number": f"HS-{n}", "title": words(f"Vụ {n}"), "opened_on": "2026-03-02",
        "judgment": {"number": f"{n}/2026", "court": "Tòa án hư cấu", "on": "2026-01-15"},
        "decision": {"number": f"{n}/QĐ", "on": "2026-03-02"},
        "parties": [
            {"kind": "CREDITOR", "name": "Bên được", "rank": "OTHER", "claim_minor": 12_000},
            {"kind": "DEBTOR", "name": "Bên phải"},
        ],
        "assets": assets,
    }  # fmt: skip


def file_of(count: int, wrong: float) -> tuple[bytes, int]:
    """A file of so many assets, a share of which has a fault; and how many have."""
    chance = random.Random(7)
    spoilt, assets = 0, [asset(n) for n in range(count)]
    for one in assets:
        if chance.random() < wrong:
            one["kind"] = "spaceship"
            spoilt += 1
    cases = [case(n // _PER_CASE, assets[n : n + _PER_CASE]) for n in range(0, count, _PER_CASE)]
    return orjson.dumps({"version": 1, "cases": cases}), spoilt


async def measure(settings: Settings, count: int, wrong: float) -> None:
    """Both ways, on one ledger: a file with faults, then a good one."""
    url, vault = settings.database_url or "", Vault.of(settings)
    importer = Importer(url, vault)
    async with exclusive.connected(url) as connection:
        agency = await connection.fetchval(
            "INSERT INTO body (kind, name) VALUES ('AGENCY', '{\"vi\": \"Cơ quan\"}') RETURNING id"
        )
        account = await connection.fetchval(
            "INSERT INTO account (login, name, role, body_id) VALUES ('o', 'O', 'officer', $1)"
            " RETURNING id",
            agency,
        )
        for share in (wrong, 0.0):
            body, spoilt = file_of(count, share)
            upload = Upload(uuid.uuid4(), "x.json", "json", body)
            number = await importing.take(connection, vault, (agency, account), upload)
            begun_s = time.monotonic()
            await importer.look(connection)
            found = await importing.one(connection, number)
            assert found is not None
            print(
                f"{len(body) / 1e6:.1f} MB, {count} assets, {spoilt} spoilt: looked at in"
                f" {time.monotonic() - begun_s:.1f} s, {found['state']}, {found['wrong']} faults"
            )
            if found["state"] != "READY":
                continue
            begun_s = time.monotonic()
            await importing.confirm(connection, number, account)
            await importer.look(connection)
            found = await importing.one(connection, number)
            assert found is not None
            print(f"written in {time.monotonic() - begun_s:.1f} s, {found['state']}")


def main() -> None:
    """Measure on a throw-away ledger."""
    parser = argparse.ArgumentParser(prog="loadtests.imports", description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--wrong", type=float, default=0.03)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        with servers_for(Settings(data_dir=Path(place))) as settings:
            migrate.upgrade(settings.database_url or "")
            asyncio.run(measure(settings, asked.assets, asked.wrong))


if __name__ == "__main__":
    main()
