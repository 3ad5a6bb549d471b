"""The table of deadlines: from which day, in which direction, by which parameter of a pack.

A new deadline is a new row. `base` is a day of `deadlines.Facts` or the key of a row above it.
"""

from dataclasses import dataclass
from typing import Literal

Way = Literal["BEFORE", "AFTER"]
# The full procedure or the shortened one; the first auction of the property or a later one.
When = Literal["ALWAYS", "FULL", "SHORT", "FIRST", "LATER"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `path` leads to a span in the pack, {kind} standing for movable or immovable.

    BEFORE: at the latest so long before the base. AFTER: within so long after it. `counted_on`: the
    period begins with the day sought and must have run by the base, as the publication check
    counts it. The sentences say what is due, {span} standing for the span in words.
    """

    key: str
    base: str
    way: Way
    path: str
    vi: str
    en: str
    when: When = "ALWAYS"
    counted_on: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        "revaluation_request",
        "notified_value",
        "AFTER",
        "valuation.revaluation_request",
        "Đương sự yêu cầu định giá lại trong {span} kể từ khi được thông báo kết quả.",
        "A party asks for another valuation within {span} of being told the result.",
    ),
    Rule(
        "service_contract",
        "revaluation_request",
        "AFTER",
        "schedule.service_contract",
        "Ký hợp đồng dịch vụ đấu giá trong {span} kể từ khi hết hạn yêu cầu định giá lại.",
        "The auction service contract is signed within {span} after the time for that has passed.",
    ),
    Rule(
        "service_contract_fallback",
        "service_contract",
        "AFTER",
        "schedule.fallback",
        "Quá hạn, trong {span} Trung tâm dịch vụ đấu giá tài sản tại địa phương thực hiện.",
        "Failing that, within a further {span} the public auction service centre takes it on.",
    ),
    Rule(
        "priority_first",
        "priority_notified",
        "AFTER",
        "priority_purchase.first.{kind}",
        "Người có quyền ưu tiên mua trả lời trong {span} kể từ khi được thông báo hợp lệ.",
        "Who has a prior right to buy answers within {span} of the valid notice.",
        "FIRST",
    ),
    Rule(
        "priority_pay",
        "priority_first",
        "AFTER",
        "priority_purchase.pay",
        "Người có quyền ưu tiên nộp tiền mua trong {span} kể từ khi hết hạn đó.",
        "Who uses the prior right pays within {span} of the end of that time.",
        "FIRST",
    ),
    Rule(
        "auction_within",
        "contract",
        "AFTER",
        "schedule.auction_within.{kind}",
        "Cuộc đấu giá được mở trong {span} kể từ khi ký hợp đồng dịch vụ đấu giá.",
        "The auction opens within {span} of the service contract.",
    ),
    Rule(
        "posting",
        "opening",
        "BEFORE",
        "posting.{kind}",
        "Niêm yết việc đấu giá chậm nhất {span} trước ngày mở cuộc đấu giá.",
        "The auction is posted at the latest {span} before the opening day.",
        "FULL",
    ),
    Rule(
        "posting",
        "opening",
        "BEFORE",
        "short_procedure.posting.{kind}",
        "Thủ tục rút gọn: niêm yết chậm nhất {span} trước ngày mở cuộc đấu giá.",
        "Shortened procedure: posted at the latest {span} before the opening day.",
        "SHORT",
    ),
    Rule(
        "last_notice",
        "opening",
        "BEFORE",
        "notice.last_before.{kind}",
        "Thông báo công khai lần cuối chậm nhất {span} trước ngày mở cuộc đấu giá.",
        "The last public notice appears at the latest {span} before the opening day.",
        "FULL",
    ),
    Rule(
        "first_notice",
        "last_notice",
        "BEFORE",
        "notice.gap",
        "Hai lần thông báo công khai cách nhau ít nhất {span}.",
        "The two public notices are at least {span} apart.",
        "FULL",
        counted_on=True,
    ),
    Rule(
        "priority_later",
        "opening",
        "BEFORE",
        "priority_purchase.later_until",
        "Từ lần đấu giá thứ hai, quyền ưu tiên mua được dùng đến {span} trước ngày mở.",
        "From the second auction on the prior right may be used until {span} before the opening.",
        "LATER",
    ),
    Rule(
        "redemption",
        "opening",
        "BEFORE",
        "redemption.until",
        "Người phải thi hành án nộp đủ tiền để lấy lại tài sản chậm nhất {span} trước ngày mở.",
        "The debtor may pay in full and keep the property until {span} before the opening day.",
    ),
    Rule(
        "minutes",
        "ended",
        "AFTER",
        "minutes.sign_within",
        "Người trúng đấu giá ký biên bản trong {span} kể từ khi kết thúc.",
        "The winner signs the minutes within {span} of the end.",
    ),
    Rule(
        "result_registered",
        "ended",
        "AFTER",
        "result.registered",
        "Kết quả được ghi vào sổ và thông báo cho người có tài sản trong {span}.",
        "The result is entered in the register and told to the owner within {span}.",
    ),
    Rule(
        "result_handed_over",
        "ended",
        "AFTER",
        "result.hand_over",
        "Kết quả, biên bản và danh sách người trúng được chuyển cho người có tài sản trong {span}.",
        "Result, minutes and list of winners are handed to the owner within {span}.",
    ),
    Rule(
        "refund",
        "ended",
        "AFTER",
        "refund.losers",
        "Hoàn trả tiền đặt trước cho người không trúng trong {span} kể từ khi kết thúc.",
        "Deposits of those who did not win are returned within {span} of the end.",
    ),
    Rule(
        "dossier_fee_refund",
        "ended",
        "AFTER",
        "refund.dossier_fee",
        "Nếu phiên đấu giá không được tổ chức, hoàn tiền mua hồ sơ trong {span}.",
        "If the session is not held, the dossier fee is returned within {span}.",
    ),
    Rule(
        "force_majeure_claim",
        "ended",
        "AFTER",
        "forfeit.claim_within",
        "Người vắng mặt chứng minh bất khả kháng trong {span} trước khi mất tiền đặt trước.",
        "An absent bidder may claim force majeure within {span}, before the deposit is lost.",
    ),
    Rule(
        "payment",
        "ended",
        "AFTER",
        "payment.due",
        "Người mua được tài sản nộp đủ tiền trong {span} kể từ ngày đấu giá thành.",
        "The buyer pays in full within {span} of the successful auction.",
    ),
    Rule(
        "payment_extended",
        "ended",
        "AFTER",
        "payment.extended_to",
        "Nếu các bên và người trúng thỏa thuận: chậm nhất {span} kể từ ngày đấu giá thành.",
        "By agreement of the parties and the winner: at the latest {span} after the sale.",
    ),
    Rule(
        "auction_fee",
        "ended",
        "AFTER",
        "fees.auction.due",
        "Thanh toán giá dịch vụ đấu giá, chi phí đấu giá trong {span} kể từ khi kết thúc.",
        "The auction service fee or costs are paid within {span} of the end.",
    ),
    Rule(
        "parking",
        "paid",
        "AFTER",
        "parking.after",
        "Quá {span} kể từ khi nộp đủ tiền mà chưa giao tài sản: gửi tiết kiệm kỳ hạn 1 tháng.",
        "Not delivered {span} after full payment: the money goes to a one-month term deposit.",
    ),
    Rule(
        "delivery",
        "paid",
        "AFTER",
        "delivery.due",
        "Giao tài sản cho người mua trong {span} kể từ khi nộp đủ tiền.",
        "The property is delivered to the buyer within {span} of full payment.",
    ),
    Rule(
        "title_papers",
        "delivered",
        "AFTER",
        "delivery.title_papers",
        "Cung cấp hồ sơ đăng ký quyền sở hữu, sử dụng trong {span} kể từ khi giao tài sản.",
        "The papers for registering the title are supplied within {span} of delivery.",
    ),
    Rule(
        "payout",
        "delivered",
        "AFTER",
        "payout.due",
        "Chi trả tiền thi hành án trong {span} kể từ khi giao tài sản.",
        "The proceeds are paid out within {span} of delivery.",
    ),
    Rule(
        "papers_back",
        "failed",
        "AFTER",
        "result.papers_back",
        "Đấu giá không thành: trả lại giấy tờ về tài sản trong {span}.",
        "After a failed auction the papers of the property are returned within {span}.",
    ),
    Rule(
        "failure_notice",
        "failed",
        "AFTER",
        "re_auction.notify",
        "Thông báo cho đương sự về việc đấu giá không thành trong {span}.",
        "The parties are told of the failed auction within {span}.",
    ),
    Rule(
        "cut_agreed",
        "failure_notice",
        "AFTER",
        "re_auction.agree",
        "Đương sự thỏa thuận mức giảm giá trong {span} kể từ khi được thông báo.",
        "The parties agree on the price cut within {span} of being told.",
    ),
    Rule(
        "cut_decided",
        "failed",
        "AFTER",
        "re_auction.decide",
        "Chấp hành viên quyết định giảm giá trong {span} kể từ thông báo đấu giá không thành.",
        "The officer decides on the price cut within {span} of the failure notice.",
    ),
    Rule(
        "in_kind_debtor_told",
        "in_kind_requested",
        "AFTER",
        "re_auction.in_kind_tell_debtor",
        "Báo cho người phải thi hành án về đề nghị nhận tài sản trong {span}.",
        "The debtor is told of the request to take the property within {span}.",
    ),
    Rule(
        "in_kind_debtor_pays",
        "in_kind_debtor_told",
        "AFTER",
        "re_auction.in_kind_debtor_pays",
        "Người phải thi hành án nộp tiền để giữ tài sản trong {span}.",
        "The debtor may pay and keep the property within {span}.",
    ),
    Rule(
        "in_kind_creditor_pays",
        "in_kind_debtor_pays",
        "AFTER",
        "re_auction.in_kind_creditor_pays",
        "Người được thi hành án nộp phần chênh lệch trong {span}.",
        "The creditor pays the difference within {span}.",
    ),
    Rule(
        "archive",
        "ended",
        "AFTER",
        "retention",
        "Hồ sơ cuộc đấu giá được lưu trữ {span}.",
        "The file of the auction is kept for {span}.",
    ),
)
