"""The chart of accounts: what each code means, on which side it grows, and who keeps it.

A book belongs to one holder of money: an auction organisation (its escrow and its own money) or an
enforcement agency. The same code never means two things.
"""

from typing import Literal, NamedTuple

BookKind = Literal["ORGANISATION", "AGENCY"]
Nature = Literal["ASSET", "LIABILITY", "INCOME", "EXPENSE", "MEMO"]
Keyed = Literal["", "LOT", "LOT_BIDDER", "LINE", "PAYOUT", "LOT_PARTY", "TERM"]

_ORGANISATION: tuple[BookKind, ...] = ("ORGANISATION",)
_AGENCY: tuple[BookKind, ...] = ("AGENCY",)
_BOTH: tuple[BookKind, ...] = ("ORGANISATION", "AGENCY")


class Account(NamedTuple):
    """What a code is.

    `nature` decides the side on which the balance grows: assets, expenses and memoranda by debits,
    the others by credits. `keyed` is what the account's key names. `overdrawn` accounts may go
    below zero; for all others the database refuses it. `hot` ones take part in so many transfers
    at once that their sum is kept in stripes; they are never checked against zero by themselves
    (an escrow account equals what is owed from it, and that is never below zero). `escrow` marks
    the bank account of others' money and everything owed from it: their sum is always zero.
    """

    nature: Nature
    books: tuple[BookKind, ...]
    keyed: Keyed
    vi: str
    en: str
    overdrawn: bool = False
    hot: bool = False
    escrow: bool = False


# Keys: LOT `lot:12`; LOT_BIDDER `lot:12/bidder:7`; LINE `line:99` (a bank statement line);
# PAYOUT `payout:5`; LOT_PARTY `lot:12/party:3` (a creditor, the debtor, a payee of costs);
# TERM `lot:12/term:1`.
CHART: dict[str, Account] = {
    # The organisation's escrow: money of others at a bank, and to whom it is owed
    "BANK.ESCROW": Account("ASSET", _ORGANISATION, "", "Tài khoản tiền đặt trước",
        "Escrow account at the bank", hot=True, escrow=True),
    "LIAB.SUSPENSE": Account("LIABILITY", _BOTH, "LINE", "Tiền chưa rõ nguồn",
        "Received and not yet allocated", escrow=True),
    "LIAB.DEPOSIT": Account("LIABILITY", _ORGANISATION, "LOT_BIDDER", "Tiền đặt trước",
        "Deposit held", escrow=True),
    "LIAB.DEPOSIT_INTEREST": Account("LIABILITY", _ORGANISATION, "LOT_BIDDER",
        "Lãi của tiền đặt trước", "Interest on a deposit", escrow=True),
    "LIAB.EARNEST": Account("LIABILITY", _ORGANISATION, "LOT_BIDDER", "Tiền đặt cọc",
        "Earnest money of the winner", escrow=True),
    "LIAB.REFUND": Account("LIABILITY", _BOTH, "LOT_BIDDER", "Tiền phải trả lại",
        "Refund due to a bidder", escrow=True),
    "LIAB.RETURN": Account("LIABILITY", _BOTH, "LINE", "Tiền trả lại người gửi",
        "Due back to who sent it", escrow=True),
    "LIAB.TRANSIT": Account("LIABILITY", _BOTH, "PAYOUT", "Tiền đang chuyển",
        "Payment ordered, not yet booked by the bank", escrow=True),
    "PAYABLE.AUCTION_COST": Account("LIABILITY", _ORGANISATION, "LOT", "Chi phí đấu giá",
        "Auction costs, from a forfeited deposit", escrow=True),
    "PAYABLE.STATE_BUDGET": Account("LIABILITY", _BOTH, "LOT", "Phải nộp ngân sách",
        "Due to the State budget", escrow=True),
    "PAYABLE.OWNER": Account("LIABILITY", _ORGANISATION, "LOT", "Phải trả người có tài sản",
        "Due to the owner of the property", escrow=True),
    "PAYABLE.AGENCY": Account("LIABILITY", _ORGANISATION, "LOT",
        "Phải chuyển cơ quan thi hành án", "Due to the enforcement agency", escrow=True),
    # The organisation's own money
    "BANK.OPERATING": Account("ASSET", _ORGANISATION, "", "Tài khoản của tổ chức",
        "The organisation's own account", overdrawn=True, hot=True),
    "RECEIVABLE.AUCTION_FEE": Account("ASSET", _ORGANISATION, "LOT", "Phải thu thù lao đấu giá",
        "Auction service fee due to us"),
    "INCOME.AUCTION_FEE": Account("INCOME", _ORGANISATION, "", "Thù lao dịch vụ đấu giá",
        "Auction service fee", hot=True),
    "INCOME.DOSSIER_FEE": Account("INCOME", _ORGANISATION, "", "Tiền bán hồ sơ",
        "Dossier fees", overdrawn=True, hot=True),
    "PAYABLE.VAT": Account("LIABILITY", _ORGANISATION, "", "Thuế giá trị gia tăng",
        "VAT due", hot=True),
    # The enforcement agency
    "BANK.AGENCY": Account("ASSET", _AGENCY, "", "Tài khoản tạm giữ của cơ quan thi hành án",
        "The agency's account at the treasury or a bank", hot=True, escrow=True),
    "BANK.TERM": Account("ASSET", _AGENCY, "TERM", "Tiền gửi kỳ hạn một tháng",
        "Term deposit of one month", escrow=True),
    "LIAB.PURCHASE_PRICE": Account("LIABILITY", _AGENCY, "LOT", "Tiền mua tài sản",
        "Purchase price received", escrow=True),
    "LIAB.BUYER_INTEREST": Account("LIABILITY", _AGENCY, "LOT", "Lãi của người mua",
        "Interest due to the buyer", escrow=True),
    "LIAB.ESTATE": Account("LIABILITY", _AGENCY, "LOT", "Tiền bán tài sản để chi trả",
        "Proceeds to be distributed", escrow=True),
    "PAYABLE.COSTS": Account("LIABILITY", _AGENCY, "LOT_PARTY", "Chi phí thi hành án",
        "Enforcement costs", escrow=True),
    "PAYABLE.RENT_1Y": Account("LIABILITY", _AGENCY, "LOT_PARTY", "Tiền thuê nhà một năm",
        "One year's rent set aside for the debtor", escrow=True),
    "PAYABLE.TAXES": Account("LIABILITY", _AGENCY, "LOT_PARTY", "Thuế, phí, lệ phí chuyển quyền",
        "Taxes and fees of the transfer", escrow=True),
    "PAYABLE.CREDITOR": Account("LIABILITY", _AGENCY, "LOT_PARTY", "Phải trả người được thi hành",
        "Due to a creditor", escrow=True),
    "PAYABLE.DEBTOR_SURPLUS": Account("LIABILITY", _AGENCY, "LOT_PARTY",
        "Tiền còn lại của người phải thi hành", "Surplus of the debtor", escrow=True),
    "PAYABLE.FORFEITED": Account("LIABILITY", _AGENCY, "LOT",
        "Tiền đặt cọc không hoàn trả", "Earnest money lost by a defaulting buyer", escrow=True),
    "PAYABLE.STATE_FEE": Account("LIABILITY", _AGENCY, "LOT", "Phí thi hành án phải nộp",
        "Enforcement fee withheld", escrow=True),
    "RECEIVABLE.ANNULLED": Account("ASSET", _BOTH, "LOT_PARTY",
        "Phải thu hồi do kết quả bị hủy", "To be paid back after an annulment", escrow=True),
    "RECEIVABLE.IN_KIND": Account("ASSET", _AGENCY, "LOT_PARTY",
        "Người được thi hành án nhận tài sản", "Taken in kind, to be set off", escrow=True),
    "RECEIVABLE.UNEXPLAINED": Account("ASSET", _BOTH, "LINE", "Ngân hàng trích nợ chưa rõ lý do",
        "Debited by the bank without our order", escrow=True),
    # Off the balance: what is promised, not paid
    "MEMO.GUARANTEE": Account("MEMO", _ORGANISATION, "LOT_BIDDER", "Bảo lãnh ngân hàng",
        "Bank guarantee"),
    "MEMO.GUARANTOR": Account("MEMO", _ORGANISATION, "LOT_BIDDER", "Đối ứng bảo lãnh",
        "Guarantors, contra", overdrawn=True),
}  # fmt: skip


def of_lot(lot: int) -> str:
    """The key of a lot's account."""
    return f"lot:{lot}"


def of_bidder(lot: int, bidder: int) -> str:
    """The key of one bidder's account at one lot."""
    return f"lot:{lot}/bidder:{bidder}"


def of_line(line: int) -> str:
    """The key of a bank statement line's account."""
    return f"line:{line}"


def of_payout(payout: int) -> str:
    """The key of a payout's account."""
    return f"payout:{payout}"


def of_party(lot: int, party: int) -> str:
    """The key of the account of a creditor, debtor or payee of costs of a lot."""
    return f"lot:{lot}/party:{party}"


def of_term(lot: int, number: int) -> str:
    """The key of a lot's term deposit."""
    return f"lot:{lot}/term:{number}"
