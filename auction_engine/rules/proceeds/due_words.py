"""What is due in words, Vietnamese and English, and how urgent it is."""

from typing import Literal

from auction_engine.rules.pack_base import Text

What = Literal[
    "REFUND",
    "DOSSIER_FEE",
    "ABSENCE",
    "PAYMENT",
    "PAYMENT_EXTENDED",
    "AUCTION_FEE",
    "PARKING",
    "DELIVERY",
    "TITLE_PAPERS",
    "PAYOUT",
    "FAILURE_NOTICE",
    "CUT_AGREED",
    "CUT_DECIDED",
    "IN_KIND_TELL",
    "IN_KIND_DEBTOR",
    "IN_KIND_CREDITOR",
]
State = Literal["COMING", "SOON", "TODAY", "OVERDUE"]

# {n} is the number of payments, bidders or claims it concerns; Vietnamese has no plural.
WHAT: dict[What, tuple[str, str, str]] = {
    # Vietnamese; English for one; English for more
    "REFUND": (
        "Hoàn trả tiền đặt trước cho {n} người không trúng đấu giá.",
        "One deposit is to be returned to a bidder who did not win.",
        "{n} deposits are to be returned to bidders who did not win.",
    ),
    "DOSSIER_FEE": (
        "Hoàn tiền mua hồ sơ cho {n} người, vì phiên đấu giá không được tổ chức.",
        "One dossier fee is to be returned, as the session was not held.",
        "{n} dossier fees are to be returned, as the session was not held.",
    ),
    "ABSENCE": (
        "{n} người vắng mặt còn được chứng minh bất khả kháng trước khi mất tiền đặt trước.",
        "One absent bidder may still claim force majeure before the deposit is lost.",
        "{n} absent bidders may still claim force majeure before their deposits are lost.",
    ),
    "PAYMENT": (
        "Người mua nộp đủ tiền mua tài sản.",
        "The buyer pays the price in full.",
        "The buyer pays the price in full.",
    ),
    "PAYMENT_EXTENDED": (
        "Người mua nộp đủ tiền trong thời hạn đã được gia hạn theo thỏa thuận.",
        "The buyer pays the price in full within the time extended by agreement.",
        "The buyer pays the price in full within the time extended by agreement.",
    ),
    "AUCTION_FEE": (
        "Thanh toán giá dịch vụ đấu giá, chi phí đấu giá.",
        "The auction service fee or costs are to be paid.",
        "The auction service fee or costs are to be paid.",
    ),
    "PARKING": (
        "Chưa giao được tài sản: gửi tiền vào ngân hàng kỳ hạn 1 tháng.",
        "Not delivered yet: the money goes to a one-month term deposit.",
        "Not delivered yet: the money goes to a one-month term deposit.",
    ),
    "DELIVERY": (
        "Giao tài sản cho người mua.",
        "The property is to be delivered to the buyer.",
        "The property is to be delivered to the buyer.",
    ),
    "TITLE_PAPERS": (
        "Cung cấp hồ sơ đăng ký quyền sở hữu, sử dụng.",
        "The papers for registering the title are to be supplied.",
        "The papers for registering the title are to be supplied.",
    ),
    "PAYOUT": (
        "Chi trả {n} khoản tiền thi hành án.",
        "One payment from the proceeds is to be made.",
        "{n} payments from the proceeds are to be made.",
    ),
    "FAILURE_NOTICE": (
        "Thông báo cho đương sự về việc đấu giá không thành.",
        "The parties are to be told of the failed auction.",
        "The parties are to be told of the failed auction.",
    ),
    "CUT_AGREED": (
        "Đương sự thỏa thuận mức giảm giá.",
        "The parties may agree on the price cut.",
        "The parties may agree on the price cut.",
    ),
    "CUT_DECIDED": (
        "Chấp hành viên quyết định giảm giá.",
        "The officer is to decide on the price cut.",
        "The officer is to decide on the price cut.",
    ),
    "IN_KIND_TELL": (
        "Báo cho người phải thi hành án về đề nghị nhận tài sản.",
        "The debtor is to be told that a creditor asks for the property.",
        "The debtor is to be told that a creditor asks for the property.",
    ),
    "IN_KIND_DEBTOR": (
        "Người phải thi hành án nộp đủ tiền nếu muốn giữ tài sản.",
        "The debtor may pay in full and keep the property.",
        "The debtor may pay in full and keep the property.",
    ),
    "IN_KIND_CREDITOR": (
        "Người được thi hành án nhận tài sản nộp phần chênh lệch.",
        "The creditor who takes the property pays the difference.",
        "The creditor who takes the property pays the difference.",
    ),
}

STATES: dict[State, Text] = {
    "COMING": Text(vi="Chưa đến hạn", en="Not due yet"),
    "SOON": Text(vi="Sắp đến hạn", en="Due soon"),
    "TODAY": Text(vi="Đến hạn hôm nay", en="Due today"),
    "OVERDUE": Text(vi="Quá hạn", en="Overdue"),
}


def sentence(what: What, number: int) -> Text:
    """What is due for `number` payments, bidders or claims, as a sentence."""
    vi, one, more = WHAT[what]
    return Text(vi=vi.format(n=number), en=(one if number == 1 else more).format(n=number))
