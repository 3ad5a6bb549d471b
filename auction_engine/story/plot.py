"""Who and what the story is about: a fictional flat, twelve bidders, a debtor and his creditors."""

from datetime import date
from typing import Any, Literal, NamedTuple

from auction_engine.clients.bank import Customer
from auction_engine.rules import packs
from auction_engine.rules.draft import Draft
from auction_engine.rules.freeze import params_of
from auction_engine.rules.params import LotParams

START, STEP, DEPOSIT = 1_000_000_000, 50_000_000, 200_000_000
REFUSED, AWARD = 1_500_000_000, 1_350_000_000  # V5 of the law's arithmetic: 1,350 + 200 >= 1,500
AUCTION_COSTS = 12_000_000
PACK = "vn-enforcement-2026-07"
Way = Literal["WHOLE", "OVERPAID", "NO_REFERENCE", "SHORT", "DOUBLE", "LATE", "GUARANTEE"]


class Bidder(NamedTuple):
    """A bidder, how the deposit is paid, and by which statement the bank tells of it."""

    login: str
    customer: Customer
    way: Way
    told_by: Literal["camt.053", "mt940", "csv"]


def _bidder(number: int, name: str, way: Way, told_by: Any) -> Bidder:
    return Bidder(f"story{number:02d}", Customer(name, f"00110022{number:04d}"), way, told_by)


BIDDERS = (
    _bidder(1, "Nguyễn Thị Ánh", "WHOLE", "camt.053"),
    _bidder(2, "Trần Văn Bình", "WHOLE", "camt.053"),
    _bidder(3, "Lê Hoàng Châu", "SHORT", "camt.053"),
    _bidder(4, "Phạm Đức Dũng", "OVERPAID", "camt.053"),
    _bidder(5, "Hoàng Thu Giang", "WHOLE", "mt940"),
    _bidder(6, "Vũ Minh Hải", "DOUBLE", "mt940"),
    _bidder(7, "Đặng Quốc Khánh", "WHOLE", "mt940"),
    _bidder(8, "Bùi Thanh Lâm", "NO_REFERENCE", "mt940"),
    _bidder(9, "Đỗ Ngọc Mai", "WHOLE", "csv"),
    _bidder(10, "Ngô Phương Nam", "WHOLE", "csv"),
    _bidder(11, "Dương Văn Phúc", "LATE", "csv"),
    _bidder(12, "Lý Gia Quân", "GUARANTEE", "csv"),
)
SHORT_BY, OVERPAID_BY = 20_000_000, 500_000
# Who wins and refuses, and who follows. The refund of one goes to an account that was closed.
WINNER, FOLLOWER, MOVED = "story01", "story05", "story09"

ORGANISATION = {"vi": "Công ty đấu giá Sao Mai (hư cấu)", "en": "Sao Mai Auctions (fictional)"}
AGENCY = {
    "vi": "Thi hành án dân sự tỉnh Sông Thu (hư cấu)",
    "en": "Song Thu Civil Judgment Enforcement (fictional)",
}
TITLE = {"vi": "Căn hộ A-0502, chung cư Hoa Sữa", "en": "Flat A-0502, Hoa Sua building"}
ESCROW = Customer("CONG TY DAU GIA SAO MAI", "970400112233", "BFTVVNVX")
TREASURY = Customer("THI HANH AN DAN SU SONG THU", "970400998877", "ICBVVNVX")
BUDGET = Customer("KHO BAC NHA NUOC SONG THU", "7111000000", "SBVNVNVX")


def params(start_ms: int, registration_ms: tuple[int, int], end_ms: int) -> LotParams:
    """The lot under the law since July 2026, with windows nobody has to wait for."""
    draft = Draft(
        category="ENFORCEMENT",
        movable=False,
        starting_price_minor=START,
        increment_minor=STEP,
        deposit_minor=DEPOSIT,
        deposits="RECORDED",
        opening_ms=start_ms,
        end_ms=end_ms,
        registration_open_ms=registration_ms[0],
        registration_close_ms=registration_ms[1],
    )
    return params_of(packs.load(PACK), draft)


PARTIES = {
    1: "Trịnh Văn Sơn",
    2: "Công nhân xưởng Sơn Hà",
    3: "Kho bạc Nhà nước",
    4: "Ngân hàng Bến Tre Xanh",
    5: "Hợp tác xã Hồng Hà",
    6: "Công ty thẩm định Tâm An",
}


def sheet(today: date, coercive_on: date) -> dict[str, Any]:
    """The case: costs, four creditors in three ranks, and a debtor with something left."""

    def party(number: int, account: str, role: str = "CREDITOR") -> dict[str, Any]:
        name, bank = PARTIES[number], "VCBKVNVX"
        return {"number": number, "name": name, "account": account, "bank": bank, "role": role}

    def claim(number: int, rank: str, principal: int, late_interest: int = 0) -> dict[str, Any]:
        return {
            "party": number,
            "rank": rank,
            "principal_minor": principal,
            "late_interest_minor": late_interest,
            "requested_on": coercive_on.isoformat(),
            "owes_fee": rank == "OTHER",
        }

    return {
        "parties": [
            party(1, "0901", "DEBTOR"),
            party(2, "0902"),
            party(3, "7111"),
            party(4, "0904"),
            party(5, "0905"),
            party(6, "0906", "PAYEE"),
        ],
        "debtor": 1,
        "coercive_on": coercive_on.isoformat(),
        "payment_on": today.isoformat(),
        "costs": [{"payee": 6, "amount_minor": 25_000_000}],
        "taxes": [{"payee": 3, "amount_minor": 6_750_000}],
        "claims": [
            claim(2, "LABOUR_MAINTENANCE_INJURY", 180_000_000),
            claim(3, "COURT_FEE", 42_000_001),
            claim(4, "OTHER", 500_000_000, 33_333_333),
            claim(5, "OTHER", 300_000_000),
        ],
    }
