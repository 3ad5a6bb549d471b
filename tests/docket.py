"""Cases, parties and assets made by the desk's own functions: fictional, as far as tests need."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from auction_engine.desk.admission.checking import Checked
from auction_engine.desk.cases import assets, contracts, files, notices, papers, progress, record
from auction_engine.desk.cases.record import Sealer

TERMS: dict[str, Any] = {"base_minor": 10_000_000, "stop_clause": True}


def today() -> date:
    return record.today(datetime.now(record.ZONE))


def ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


def case_data(number: str = "12/2026", **changes: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": {"vi": "Trả nợ vay", "en": "Repayment of a loan"},
        "judgment": {"number": "7/2026/DS-ST", "court": "Tòa án khu vực 3", "on": ago(120)},
        "decision": {"number": "88/QD-CCTHA", "on": ago(100)},
        "opened_on": ago(100),
        "parties": [
            {"kind": "CREDITOR", "name": "Ngân hàng Hư Cấu", "rank": "OTHER",
             "claim_minor": 900_000_000, "requested_on": ago(101)},
            {"kind": "DEBTOR", "name": "Lê Thị Hư Cấu", "contact": {"phone": "0900000001"}},
        ],
        **changes,
    }  # fmt: skip


def answers(movable: bool = True) -> dict[str, Any]:
    said = {
        "encumbrances": {"answer": "NONE"},
        "disputes": {"answer": "NONE"},
        "defects": {"answer": "SOME", "details": {"vi": "Xước cửa phải", "en": "Scratched door"}},
        "papers": {"answer": "ORIGINAL", "details": "Đăng ký xe bản chính"},
        "costs": {"answer": "LEGAL"},
    }
    first = {"possession": {"answer": "AGENCY"}} if movable else {"occupancy": {"answer": "EMPTY"}}
    return first | said


def asset_data(kind: str = "car", **changes: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": {"vi": "Xe ô tô 5 chỗ", "en": "Five-seat car"},
        "place": {"vi": "Thành phố Hải Yên", "en": "Hải Yên city"},
        "summary": {"vi": "Một chủ, số tự động.", "en": "One owner, automatic."},
        "facts": [{"label": {"vi": "Năm", "en": "Year"}, "value": {"vi": "2022", "en": "2022"}}],
        **changes,
    }


def worth(**changes: Any) -> dict[str, Any]:
    return {
        "amount_minor": 400_000_000, "basis": "FIRM", "valuer": "Công ty Thẩm định Hư Cấu",
        "document": "CT 11/2026", "valued_on": ago(60),
        "expires_on": (today() + timedelta(days=120)).isoformat(), **changes,
    }  # fmt: skip


def picture(text: bytes = b"photograph") -> Checked:
    return Checked("image/png", text, hashlib.sha256(text).digest())


async def a_case(
    connection: Any, vault: Sealer, agency: int, account: int, number: str = "12/2026"
) -> int:
    async with connection.transaction():
        return await assets.create_case(connection, agency, account, case_data(number), vault=vault)


async def parties_of(connection: Any, case: int) -> dict[str, int]:
    rows = await connection.fetch("SELECT kind, id FROM case_party WHERE case_id = $1", case)
    return {row["kind"]: row["id"] for row in rows}


async def tell(
    connection: Any, case: int, account: int, party: int, asset: int | None, kind: str,
    **changes: Any,
) -> int:  # fmt: skip
    data = {"party_id": party, "asset_id": asset, "kind": kind, "channel": "DIGITAL",
            "given_on": ago(30), "subject": "Thông báo", **changes}  # fmt: skip
    async with connection.transaction():
        return await notices.give(connection, case, account, uuid.uuid4(), data)


async def furnish(connection: Any, vault: Sealer, case: int, asset: int, account: int) -> None:
    """Everything an asset needs before it may be offered."""
    row = await connection.fetchrow("SELECT movable FROM asset WHERE id = $1", asset)
    seizure = {"number": "BB 3", "seized_on": ago(90), "place": "Hải Yên", "people": "C.H.V.",
               "found": {"vi": "Xe còn chạy", "en": "It runs"}}  # fmt: skip
    async with connection.transaction():
        await papers.seize(connection, vault, asset, account, seizure)
        await papers.value(connection, asset, account, worth())
        await papers.disclose(connection, asset, account, answers(row["movable"]))
        if row["movable"]:
            custody = {"how": "AGENCY", "keeper": "Thủ kho Hư Cấu", "place": "Kho số 2",
                       "since": ago(90), "condition": "Tốt"}  # fmt: skip
            await papers.keep(connection, vault, asset, account, custody)
        for kind, paper in (
            ("PHOTO", ""),
            ("DOCUMENT", "SEIZURE_RECORD"),
            ("DOCUMENT", "VALUATION"),
        ):
            said = files.described(kind, f"{kind} {paper}", paper, True)
            one = picture(f"{kind}{paper}{asset}".encode())
            await files.add(connection, vault, asset, account, said, one)
    for party in (await parties_of(connection, case)).values():
        await tell(connection, case, account, party, asset, "VALUATION")


async def ready_asset(connection: Any, vault: Sealer, case: int, account: int, **data: Any) -> int:
    """An asset that may be offered."""
    async with connection.transaction():
        asset = await assets.create_asset(connection, case, account, asset_data(**data))
    await furnish(connection, vault, case, asset, account)
    async with connection.transaction():
        await progress.made_ready(connection, asset, account)
    return asset


async def offered(
    connection: Any, agency: int, account: int, organisation: int, wanted: list[int],
    number: str = "HD 1",
) -> int:  # fmt: skip
    async with connection.transaction():
        return await contracts.offer(
            connection, agency, account, organisation, wanted, {"number": number, **TERMS}
        )
