"""One sale from the judgment to the creditors, told over the API alone, chapter by chapter."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import docket
import papers
from together import Stage

from auction_engine.clients.bank import Bank, Customer
from auction_engine.story import plot

BIDDERS = tuple(f"b{n:02d}" for n in range(1, 13))
START, STEP, DEPOSIT = 400_000_000, 10_000_000, 80_000_000
HOUR_MS = 3_600_000
_DAY = timedelta(days=1)
_ENTRY = "session_draft_entry.account_id"


@dataclass
class Sale:
    """What the chapters have made. `lots`: the car that is sold, and the one nobody wants."""

    stage: Stage
    case: int = 0
    parties: dict[str, int] = field(default_factory=dict)
    assets: list[int] = field(default_factory=list)
    contract: int = 0
    draft: str = ""
    choices: dict[str, Any] = field(default_factory=dict)
    session: int = 0
    lots: list[int] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    escrow: Bank = field(default_factory=lambda: Bank(plot.ESCROW))
    treasury: Bank = field(default_factory=lambda: Bank(plot.TREASURY))

    @property
    def lot(self) -> int:
        return self.lots[0]

    @property
    def acts(self) -> str:
        return f"/api/lots/{self.lot}/acts"

    def day(self) -> Any:
        return self.stage.clock.now(docket.record.ZONE).date()


# --- the agency -------------------------------------------------------------------------------


async def agency_lists(sale: Sale) -> None:
    """A case, its parties, two cars with everything they need, and the offer."""
    stage = sale.stage
    made = await stage.press(
        "officer",
        "/api/agency/cases",
        docket.case_data("12/2026"),
        once="enforcement_case.created_by",
    )
    sale.case = made["id"]
    case = f"/api/agency/cases/{sale.case}"
    whole = await stage["officer"].get(case)
    sale.parties = {one["kind"]: one["id"] for one in whole["parties"]}
    related = {"kind": "RELATED", "name": "Người thuê kho"}
    await stage.press("officer", f"{case}/parties", related, rival="stranger", once="case_party")
    for n in (1, 2):
        asset = docket.asset_data(reference=f"CAR-{n}")
        made = await stage.press("officer", f"{case}/assets", asset, rival="stranger", once="asset")
        sale.assets.append(made["id"])
        await _furnished(sale, made["id"])
    offer = {
        "number": "HD 1/2026", "assets": sale.assets, "stop_clause": True, **docket.TERMS,
        "organisation_id": await _organisation(sale),
    }  # fmt: skip
    assert await stage.early("stranger", "/api/agency/contracts", offer) in (
        "UNKNOWN_ASSET", "MOVED_ON",
    )  # fmt: skip
    for asset in sale.assets:
        acts = f"/api/agency/assets/{asset}/acts"
        await stage.press(
            "officer", acts, {"do": "ready"}, beside="head", rival="stranger",
            once="asset_entry.account_id",
        )  # fmt: skip
    made = await stage.press(
        "officer", "/api/agency/contracts", offer, once="service_contract.offered_by"
    )
    sale.contract = made["id"]


async def _organisation(sale: Sale) -> int:
    found = (await sale.stage["officer"].get("/api/agency/organisations"))["organisations"]
    name = sale.stage.house.organisation
    return int(next(one["id"] for one in found if one["name"] == name))


async def _furnished(sale: Sale, asset: int) -> None:
    stage, base = sale.stage, f"/api/agency/assets/{asset}"
    assert await stage.early("officer", f"{base}/acts", {"do": "ready"}) == "LACKS_PHOTOGRAPHED"
    seizure = {"number": "BB 3", "seized_on": docket.ago(90), "place": "Hải Yên",
               "people": "C.H.V.", "found": {"vi": "Xe còn chạy", "en": "It runs"}}  # fmt: skip
    custody = {"how": "AGENCY", "keeper": "Thủ kho Hư Cấu", "place": "Kho số 2",
               "since": docket.ago(90), "condition": "Tốt"}  # fmt: skip
    for do, data, table in (
        ("seize", seizure, "seizure"), ("value", docket.worth(), "valuation"),
        ("disclose", docket.answers(), "disclosure"), ("keep", custody, "custody"),
    ):  # fmt: skip
        body = {"do": do, "data": data}
        await stage.press(
            "officer", f"{base}/acts", body, beside="head", rival="stranger", once=f"asset_{table}"
        )
    for kind, paper in (("PHOTO", ""), ("DOCUMENT", "SEIZURE_RECORD"), ("DOCUMENT", "VALUATION")):
        where = f"{base}/files?kind={kind}&name={kind}&paper={paper}&public=true"
        body = papers.png(20 + asset, 10 + len(paper))
        await stage["officer"].does(where, content=body, headers={"Content-Type": "image/png"})
    for party in sale.parties.values():
        notice = {"key": str(uuid.uuid4()), "party_id": party, "asset_id": asset,
                  "kind": "VALUATION", "channel": "DIGITAL", "given_on": docket.ago(30),
                  "subject": "Kết quả định giá"}  # fmt: skip
        where = f"/api/agency/cases/{sale.case}/notices"
        await stage.press("officer", where, notice, rival="stranger", once="case_notice")


# --- the organisation -------------------------------------------------------------------------


async def organisation_takes_on(sale: Sale) -> None:
    stage, offer = sale.stage, f"/api/desk/offers/{sale.contract}"
    listed = (await stage["maker"].get("/api/desk/offers"))["contracts"]
    assert [one["id"] for one in listed] == [sale.contract]
    read = await stage["maker"].get(offer)
    assert [one["content"]["starting_price_minor"] for one in read["offered"]] == [START, START]
    await stage.press(
        "maker", offer, {"do": "take"}, beside="second", rival="rival",
        once="service_contract.taken_by",
    )  # fmt: skip
    declined = await stage.early("second", offer, {"do": "decline", "reason": "too late"})
    assert declined == "MOVED_ON"
    back = f"/api/agency/contracts/{sale.contract}/withdrawal"
    assert await stage.early("officer", back, {"reason": "too late"}) == "MOVED_ON"


async def session_is_published(sale: Sale) -> None:
    """Prepared by one from the newest pack, approved and published by a second."""
    stage, maker = sale.stage, sale.stage["maker"]
    sources = (await maker.get("/api/desk/sessions/sources"))["sources"]
    newest = next(one["from"] for one in sources if one["newest"])
    made = await maker.does("/api/desk/sessions/drafts", {"from": newest})
    sale.draft = f"/api/desk/sessions/drafts/{made['draft']}"
    opening = (stage.clock.now(docket.record.ZONE) + 29 * _DAY).strftime("%Y-%m-%dT09:00")
    lot = {"starting_price_minor": START, "increment_minor": STEP, "deposit_minor": DEPOSIT}
    choices = {
        "lots": [{"asset": asset, **lot} for asset in sale.assets],
        "dates": {"opening": opening, "window_min": 30},
        "texts": {"title_vi": "Phiên xe", "title_en": "Cars", "pause_stop_clause": True},
    }
    change = {"version": 1, "choices": choices, "fill": True}
    found = await stage.press("maker", sale.draft, change, rival="rival", once=_ENTRY)
    assert await stage.early("maker", f"{sale.draft}/submit", {"version": found["version"]}) == (
        "BLOCKED"
    )
    full = found["choices"]
    full["dates"]["posting_proof"] = "photograph"
    for notice in full["dates"]["notices"]:
        notice["proof"] = "page 7"
    change = {"version": found["version"], "choices": full}
    found = await stage.press("maker", sale.draft, change, rival="rival", once=_ENTRY)
    assert found["findings"] == []
    sale.choices = found["choices"]
    await _two_people(sale, found["version"])


async def _two_people(sale: Sale, version: int) -> None:
    stage, draft = sale.stage, sale.draft
    for act in ("approve", "publish"):
        said = {"version": version}
        assert await stage.early("second", f"{draft}/{act}", said, person=True) == "NOT_NOW"
    submitted = {"version": version}
    done = await stage.press("maker", f"{draft}/submit", submitted, rival="rival", once=_ENTRY)
    said = {"version": done["draft"]["version"]}
    assert await stage.early("maker", f"{draft}/approve", said, person=True) == "SAME_PERSON"
    assert await stage.early("second", f"{draft}/publish", said, person=True) == "NOT_NOW"
    done = await stage.press(
        "second", f"{draft}/approve", said, rival="rival", person=True, once=_ENTRY
    )
    said = {"version": done["draft"]["version"]}
    await stage.press(
        "second", f"{draft}/publish", said, rival="rival", person=True, beside="maker",
        once="auction_session", follows=(_ENTRY, "session_entry.account_id", "journal"),
    )  # fmt: skip
    found = await stage.until("maker", draft, lambda told: told["state"] == "PUBLISHED")
    sale.session = found["session"]
    console = await stage["maker"].get(f"/api/sessions/{sale.session}/console")
    sale.lots = [one["lot"] for one in console["lots"]]
    assert len(sale.lots) == len(sale.assets)
    await reaches(sale, "PUBLISHED")


async def reaches(sale: Sale, status: str, lot: int | None = None) -> None:
    where = f"/api/lots/{lot or sale.lot}/acts"
    await sale.stage.until("maker", where, lambda told: told["status"] == status)


# --- the bidders ------------------------------------------------------------------------------


async def bidders_register(sale: Sale) -> None:
    """Registration opens; twelve hand in dossiers, the deposits are asked for and paid."""
    stage = sale.stage
    own = {"version": 0, "declared": [], "person": {}}
    assert await stage.early("b01", f"/api/lots/{sale.lot}/dossier/send") in (
        "NO_DOSSIER", "NOT_OPEN", "WINDOW_BEFORE",
    ), own  # fmt: skip
    lot = await stage["b01"].get(f"/api/lots/{sale.lot}/way")
    await stage.clock.to(lot["opens_ms"] + HOUR_MS)
    await reaches(sale, "REGISTRATION_OPEN")
    for login in BIDDERS:
        await _hands_in(sale, login)
    deposit = f"/api/lots/{sale.lot}/deposit"
    for login in BIDDERS:
        await stage.until(login, deposit, lambda told: told["state"] == "WAITING")
    for who, desk, owner in (("maker", "desk", plot.ESCROW), ("officer", "agency", plot.TREASURY)):
        account = {"name": owner.name, "account": owner.account, "bic": owner.bank,
                   "reason": "Contract 12 with the bank"}  # fmt: skip
        where = f"/api/{desk}/money/account"
        await stage.press(who, where, account, person=True, once="money_act.account_id")
    for n, login in enumerate(BIDDERS):
        told = await stage[login].get(deposit)
        reference = sale.references[login] = told["pay_to"]["reference"]
        payer = Customer(f"Bidder {n}", f"0011{n:08d}")
        sale.escrow.receive(sale.day(), DEPOSIT, f"{reference} dat truoc", payer)
    await statement(sale, "maker", "desk", sale.escrow)
    for login in BIDDERS:
        await stage.until(login, deposit, lambda told: told["state"] == "HELD")


async def _hands_in(sale: Sale, login: str) -> None:
    own, base = sale.stage[login], f"/api/lots/{sale.lot}/dossier"
    told = await own.get(base)
    number = f"0792{BIDDERS.index(login):08d}"
    person = {"name": f"Bidder {login}", "id_number": number}
    said = {"version": told["version"], "person": person,
            "declared": [one["code"] for one in told["declarations"]]}  # fmt: skip
    kept = await own.does(base, said)
    files = {"file": ("cccd.png", papers.png(30 + BIDDERS.index(login)))}
    await own.does(f"{base}/papers", data={"kind": "IDENTITY"}, files=files)
    if login == BIDDERS[0]:
        sent = await sale.stage.press(login, f"{base}/send", once="dossier_act.account_id")
    else:
        sent = await own.does(f"{base}/send")
    assert sent["recorded"] == "REGISTERED", (kept, sent)


async def statement(sale: Sale, who: str, desk: str, bank: Bank) -> None:
    """What the bank tells since the last time is handed in."""
    name, body = bank.statement("camt.053")
    where = f"/api/{desk}/money/incoming?filename={name}"
    headers = {"Content-Type": "application/xml"}
    found = await sale.stage.press(
        who, where, content=body, headers=headers, once="bank_file", follows=("journal",)
    )
    assert sum(found["suspense"].values()) == 0, found


async def dossiers_are_decided(sale: Sale) -> None:
    """The registrar reads each and admits it; then the time is over, and the lot is ready."""
    stage = sale.stage
    for one in (await stage["second"].get(f"/api/dossiers?lot={sale.lot}"))["dossiers"]:
        where = f"/api/dossiers/{one['id']}"
        read = await stage["second"].get(where)
        assert read["person"]["name"].startswith("Bidder")
        assert {"ADMIT", "REFUSE"} <= set(read["can"])
        client = await stage["second"].client(False)
        paper = await client.get(f"{where}/papers/{read['papers'][0]['id']}")
        assert paper.content.startswith(b"\x89PNG")
        said = {"do": "ADMIT", "version": read["version"]}
        await stage.press(
            "second",
            where,
            said,
            beside="maker",
            rival="rival",
            once="dossier.decided_by",
            follows=("journal",),
        )
    assert (await stage["second"].get(f"/api/dossiers?lot={sale.lot}"))["dossiers"] == []
    way = await stage["b01"].get(f"/api/lots/{sale.lot}/way")
    ready = {"act": "make_ready"}
    assert await stage.early("maker", sale.acts, ready) == "WRONG_STATUS"
    await stage.clock.to(way["closes_ms"] + HOUR_MS)
    await reaches(sale, "REGISTRATION_CLOSED")
    await stage.press("maker", sale.acts, ready, beside="second", rival="rival", once="journal")
