"""The demonstration's cases and seized assets: invented, described in `cases.yaml`.

Made once by the desk's own functions; what people then do with them stays.
"""

import io
import uuid
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from PIL import Image, ImageDraw
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.demo import assets as property_
from auction_engine.desk import exclusive
from auction_engine.desk.admission.checking import Checked
from auction_engine.desk.cases import assets, contracts, files, notices, papers, progress, record
from auction_engine.identity import bodies
from auction_engine.identity.vault import Vault
from auction_engine.ledger.schema import Account
from auction_engine.settings import Settings

_FILE = Path(__file__).with_name("cases.yaml")
_ORDER = ("PREPARING", "READY", "OFFERED", "TAKEN")


async def ensure_cases(settings: Settings, engine: AsyncEngine) -> int:
    """Make the cases that are missing; returns how many that were."""
    url, vault = settings.database_url or "", Vault.of(settings)
    described = yaml.safe_load(_FILE.read_text("utf-8"))["cases"]
    agencies = [await bodies.add(engine, "AGENCY", name) for name in property_.agencies()]
    house = await bodies.add(engine, "ORGANISATION", property_.organisation())
    made = 0
    async with exclusive.connected(url) as connection:
        for one in described:
            agency = agencies[one["agency"]]
            known = await connection.fetchval(
                "SELECT 1 FROM enforcement_case WHERE agency_id = $1 AND number = $2",
                agency,
                one["number"],
            )
            if known is None:
                people = await _staff(engine, agency), await _staff(engine, house)
                async with connection.transaction():
                    await _Case(connection, vault, agency, house, *people).make(one)
                made += 1
    return made


async def _staff(engine: AsyncEngine, body: int) -> int:
    """The account of a body that has been there longest."""
    query = select(Account.id).where(Account.body_id == body).order_by(Account.id).limit(1)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


class _Case:
    """One case on its way into the tables, in one transaction."""

    def __init__(
        self, connection: Any, vault: Vault, agency: int, house: int, officer: int, chief: int
    ) -> None:
        self._connection = connection
        self._vault = vault
        self._agency = agency
        self._house = house
        self._officer = officer
        self._chief = chief
        self._today = record.today(datetime.now(record.ZONE))

    def _ago(self, days: int) -> date:
        return self._today - timedelta(days=days)

    async def make(self, told: dict[str, Any]) -> None:
        number = told["number"]
        parties = [
            {"kind": "CREDITOR", "name": told["creditor"], "rank": "OTHER",
             "claim_minor": told["claim_minor"], "requested_on": self._ago(150)},
            {"kind": "DEBTOR", "name": told["debtor"],
             "contact": {"address": "Thôn Gò Sim (hư cấu)"}},
        ]  # fmt: skip
        if "co_owner" in told:
            parties.append({"kind": "CO_OWNER", "name": told["co_owner"]})
        data = {
            "number": number, "title": told["title"], "opened_on": self._ago(140),
            "judgment": {"number": f"{number}/DS-ST", "court": "Tòa án khu vực 3 An Lạc (hư cấu)",
                         "on": self._ago(200)},
            "decision": {"number": f"{number}/QĐ-THA", "on": self._ago(140)},
            "parties": parties,
        }  # fmt: skip
        case = await assets.create_case(
            self._connection, self._agency, self._officer, data, vault=self._vault
        )
        for n, one in enumerate(told["assets"], 1):
            await self._asset(case, one, f"{number}/{n}")

    async def _asset(self, case: int, told: dict[str, Any], number: str) -> None:
        described = {name: told[name] for name in ("kind", "title", "place", "summary", "facts")}
        asset = await assets.create_asset(self._connection, case, self._officer, described)
        await self._seize(asset, told, number)
        far = _ORDER.index(told["until"])
        if not far:
            return
        await self._papers(asset, told, number)
        await self._tell(case, asset)
        await progress.made_ready(self._connection, asset, self._officer)
        if far < _ORDER.index("OFFERED"):
            return
        terms = {"number": f"HĐ {number}", "base_minor": 15_000_000, "over_start_bp": 100,
                 "cap_minor": 300_000_000, "stop_clause": True}  # fmt: skip
        contract = await contracts.offer(
            self._connection, self._agency, self._officer, self._house, [asset], terms
        )
        if told["until"] == "TAKEN":
            await contracts.take(self._connection, contract, self._house, self._chief)

    async def _seize(self, asset: int, told: dict[str, Any], number: str) -> None:
        data = {
            "number": f"BB {number}", "seized_on": self._ago(120), "place": told["place"]["vi"],
            "found": told["summary"], "people": "Chấp hành viên và hai người chứng kiến (hư cấu)",
        }  # fmt: skip
        await papers.seize(self._connection, self._vault, asset, self._officer, data)
        drawn = _picture(told["title"]["vi"], number)
        await self._file(asset, files.Described("PHOTO", told["title"]["vi"], None, True), drawn)

    async def _papers(self, asset: int, told: dict[str, Any], number: str) -> None:
        connection, officer = self._connection, self._officer
        for paper in ("SEIZURE_RECORD", "VALUATION"):
            name = f"{files.PAPERS[paper][0]} {number} (hư cấu)"
            drawn = _picture(name, paper)
            await self._file(asset, files.Described("DOCUMENT", name, paper, True), drawn)
        worth = {
            "amount_minor": told["price_minor"], "basis": "FIRM", "document": f"CT {number}",
            "valuer": "Công ty Thẩm định giá Hư Cấu", "valued_on": self._ago(50),
            "expires_on": self._today + timedelta(days=130),
        }  # fmt: skip
        await papers.value(connection, asset, officer, worth)
        row = await connection.fetchrow("SELECT movable FROM asset WHERE id = $1", asset)
        await papers.disclose(connection, asset, officer, _answers(told, row["movable"]))
        if row["movable"]:
            custody = {
                "how": "AGENCY", "keeper": "Thủ kho (hư cấu)", "place": told["place"]["vi"],
                "since": self._ago(120), "condition": told["defects"]["vi"],
            }  # fmt: skip
            await papers.keep(connection, self._vault, asset, officer, custody)

    async def _file(self, asset: int, said: files.Described, drawn: bytes) -> None:
        file = Checked("image/png", drawn, sha256(drawn).digest())
        await files.add(self._connection, self._vault, asset, self._officer, said, file)

    async def _tell(self, case: int, asset: int) -> None:
        """The parties were told of the valuation long enough ago."""
        rows = await self._connection.fetch("SELECT id FROM case_party WHERE case_id = $1", case)
        for row in rows:
            data = {
                "party_id": row["id"], "asset_id": asset, "kind": "VALUATION",
                "channel": "DIGITAL", "given_on": self._ago(40), "subject": "Kết quả định giá",
            }  # fmt: skip
            await notices.give(self._connection, case, self._officer, uuid.uuid4(), data)


def _answers(told: dict[str, Any], movable: bool) -> dict[str, Any]:
    first = {"possession": {"answer": "AGENCY"}} if movable else {"occupancy": {"answer": "EMPTY"}}
    return {
        **first,
        "encumbrances": {"answer": "NONE"},
        "disputes": {"answer": "NONE"},
        "defects": {"answer": "SOME", "details": told["defects"]},
        "papers": {
            "answer": "ORIGINAL",
            "details": {"vi": "Bản chính do cơ quan giữ", "en": "The agency holds the original"},
        },
        "costs": {"answer": "LEGAL"},
    }


def _picture(text: str, number: str) -> bytes:
    """A drawn stand-in for a photograph or a scan; nobody takes it for one."""
    tint = sha256(text.encode()).digest()
    drawn = Image.new("RGB", (640, 420), (250, 247, 242))
    pen = ImageDraw.Draw(drawn)
    colour = (120 + tint[0] % 80, 90 + tint[1] % 80, 60 + tint[2] % 80)
    pen.rectangle((80, 190, 560, 350), fill=colour)
    pen.polygon(((60, 190), (320, 70), (580, 190)), outline=(28, 27, 31), width=4)
    pen.text((90, 370), f"FICTIONAL {sha256(number.encode()).hexdigest()[:8]}", fill=(28, 27, 31))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
