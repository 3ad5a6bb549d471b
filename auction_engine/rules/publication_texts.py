"""What the publication check says: the fault and what to do about it, in both languages."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Fault:
    """What a check has found, before it is put into words.

    `path` is the field of `Draft`, `parameter` the dotted path in the pack; `values` fill the
    sentences of `WORDS[code]`, a (Vietnamese, English) pair where the languages differ.
    """

    path: str
    code: str
    parameter: str
    values: dict[str, object]


class Words(NamedTuple):
    """Sentences with {placeholders}: the fault in Vietnamese and English, then what to do."""

    vi: str
    en: str
    do_vi: str
    do_en: str


WORDS: dict[str, Words] = {
    "CATEGORY": Words(
        "Bộ quy tắc {pack} không áp dụng cho {category}.",
        "Rule pack {pack} is not for {category}.",
        "Chọn bộ quy tắc khác hoặc sửa loại tài sản.",
        "Choose another rule pack or correct the category.",
    ),
    "METHOD": Words(
        "Phương thức ({method}) không được dùng cho {category}; được dùng: {allowed}.",
        "The method ({method}) is not allowed for {category}; allowed: {allowed}.",
        "Chọn một phương thức được dùng.",
        "Choose one of the allowed methods.",
    ),
    "OPENING_MISSING": Words(
        "Chưa có ngày giờ mở phiên đấu giá.",
        "The opening of the session is not set.",
        "Ấn định ngày giờ mở phiên đấu giá.",
        "Set day and time of the opening.",
    ),
    "NOT_IN_FORCE": Words(
        "Ngày mở {day} không thuộc thời gian áp dụng của bộ quy tắc {pack}.",
        "The opening day {day} is outside the time rule pack {pack} is in force.",
        "Chọn bộ quy tắc có hiệu lực vào ngày đó.",
        "Choose the rule pack in force on that day.",
    ),
    "NO_CALENDAR": Words(
        "Không tính được ngày làm việc: lịch {calendar} chỉ có dữ liệu {covers}.",
        "Working days cannot be counted: calendar {calendar} only has data for {covers}.",
        "Cập nhật lịch nghỉ lễ rồi kiểm tra lại.",
        "Update the calendar of public holidays and check again.",
    ),
    "START_MISSING": Words(
        "Chưa có giá khởi điểm.",
        "The starting price is not set.",
        "Nhập giá khởi điểm.",
        "Enter the starting price.",
    ),
    "START_NOT_PUBLIC": Words(
        "Giá khởi điểm phải được công khai.",
        "The starting price must be public.",
        "Công khai giá khởi điểm.",
        "Make the starting price public.",
    ),
    "START_FIXED": Words(
        "Giá khởi điểm phải là {expected}.",
        "The starting price must be {expected}.",
        "Sửa giá khởi điểm theo mức đã ấn định.",
        "Set the starting price to the fixed amount.",
    ),
    "START_OFF_VALUE": Words(
        "Giá khởi điểm {given} không đúng {share} của giá trị định giá ({expected}).",
        "The starting price {given} is not {share} of the valuation ({expected}).",
        "Sửa giá khởi điểm hoặc kết quả định giá.",
        "Correct the starting price or the valuation.",
    ),
    "PREVIOUS_START_MISSING": Words(
        "Chưa có giá khởi điểm của lần đấu giá liền trước.",
        "The starting price of the auction just before is missing.",
        "Nhập giá khởi điểm của lần đấu giá liền trước.",
        "Enter the starting price of the auction just before.",
    ),
    "CUT_TOO_DEEP": Words(
        "Giá khởi điểm {given} thấp hơn mức được giảm: ít nhất {least} (giảm tối đa {cut}).",
        "The starting price {given} is cut too far: at least {least} (a cut of at most {cut}).",
        "Nâng giá khởi điểm lên ít nhất {least}.",
        "Raise the starting price to at least {least}.",
    ),
    "TOO_MANY_AUCTIONS": Words(
        "Tài sản đã được đấu giá {most} lần, không được đấu giá thêm.",
        "The property has been auctioned {most} times; no further auction is allowed.",
        "Xử lý tài sản theo cách khác.",
        "Deal with the property in another way.",
    ),
    "INCREMENT_MISSING": Words(
        "Chưa có bước giá.",
        "The bid increment is not set.",
        "Nhập bước giá.",
        "Enter the bid increment.",
    ),
    "INCREMENT_RULE": Words(
        "Cách tính bước giá ({given}) không được dùng; được dùng: {allowed}.",
        "The increment rule ({given}) is not allowed; allowed: {allowed}.",
        "Chọn một cách tính được dùng.",
        "Choose one of the allowed rules.",
    ),
    "INCREMENT_TABLE": Words(
        "Bước giá theo bảng nhưng chưa có bảng.",
        "The increment follows a table, but there is none.",
        "Nhập bảng bước giá.",
        "Enter the table of increments.",
    ),
    "INCREMENT_FIXED": Words(
        "Bước giá phải là {expected}.",
        "The bid increment must be {expected}.",
        "Sửa bước giá theo mức đã ấn định.",
        "Set the increment to the fixed amount.",
    ),
    "INCREMENT_SMALL": Words(
        "Bước giá {given} thấp hơn mức tối thiểu {least}.",
        "The bid increment {given} is below the least of {least}.",
        "Nâng bước giá lên ít nhất {least}.",
        "Raise the increment to at least {least}.",
    ),
    "DEPOSIT_MISSING": Words(
        "Chưa có tiền đặt trước.",
        "The deposit is not set.",
        "Nhập tiền đặt trước.",
        "Enter the deposit.",
    ),
    "DEPOSIT_LOW": Words(
        "Tiền đặt trước {given} thấp hơn {share} ({least}).",
        "The deposit {given} is below {share} ({least}).",
        "Nâng tiền đặt trước lên ít nhất {least}.",
        "Raise the deposit to at least {least}.",
    ),
    "DEPOSIT_HIGH": Words(
        "Tiền đặt trước {given} cao hơn {share} ({most}).",
        "The deposit {given} is above {share} ({most}).",
        "Giảm tiền đặt trước xuống nhiều nhất {most}.",
        "Lower the deposit to at most {most}.",
    ),
    "RESERVE": Words(
        "Không được đặt giá sàn ({given}); được dùng: {allowed}.",
        "A reserve ({given}) is not allowed; allowed: {allowed}.",
        "Bỏ giá sàn.",
        "Remove the reserve.",
    ),
    "DESCENT_MISSING": Words(
        "Chưa có cách giảm giá của phương thức đặt giá xuống.",
        "How the price falls is not set.",
        "Nhập mức giảm giá, thời gian giữa các mức và giá thấp nhất.",
        "Enter the decrement, the time between prices and the lowest price.",
    ),
    "DESCENT_SHAPE": Words(
        "Cách giảm giá ({given}) không được dùng; được dùng: {allowed}.",
        "The price may not fall in this way: {given}; allowed: {allowed}.",
        "Chọn một cách giảm giá được dùng.",
        "Choose one of the allowed ways.",
    ),
    "KEYS_MISSING": Words(
        "Chưa có khóa niêm phong cho giá trả kín.",
        "The keys for sealed bids are missing.",
        "Nhập khóa công khai của những người giữ khóa.",
        "Enter the public keys of the key holders.",
    ),
    "COMMITMENTS_MISSING": Words(
        "Chưa có cam kết của những người giữ hạt giống bốc thăm.",
        "The commitments of those whose seeds draw lots are missing.",
        "Nhập cam kết của ít nhất hai người.",
        "Enter the commitments of two holders at least.",
    ),
    "END_MISSING": Words(
        "Chưa có giờ kết thúc trả giá.",
        "The end of the bidding is not set.",
        "Nhập giờ kết thúc trả giá.",
        "Enter the end of the bidding.",
    ),
    "WINDOW_SHORT": Words(
        "Thời gian trả giá {given} ngắn hơn mức tối thiểu {least}.",
        "The bidding lasts {given}, less than {least}.",
        "Kéo dài thời gian trả giá lên ít nhất {least}.",
        "Let the bidding last at least {least}.",
    ),
    "WINDOW_LONG": Words(
        "Thời gian trả giá {given} dài hơn mức tối đa {most}.",
        "The bidding lasts {given}, more than {most}.",
        "Rút ngắn thời gian trả giá xuống nhiều nhất {most}.",
        "Let the bidding last at most {most}.",
    ),
    "EXTENSION": Words(
        "Cách gia hạn ({given}) không được dùng; được dùng: {allowed}.",
        "The extension ({given}) is not allowed; allowed: {allowed}.",
        "Chọn một cách gia hạn được dùng.",
        "Choose one of the allowed modes.",
    ),
    "EXTENSION_FIXED": Words(
        "Thời gian gia hạn do quy định ấn định, không được thay đổi.",
        "The times of the extension are fixed by the rules and may not be changed.",
        "Bỏ thời gian gia hạn riêng.",
        "Remove the times of your own.",
    ),
    "AUTOMATIC": Words(
        "Không được dùng trả giá tự động.",
        "Automatic bids are not allowed.",
        "Tắt trả giá tự động.",
        "Switch automatic bids off.",
    ),
    "VALUATION_MISSING": Words(
        "Chưa có kết quả định giá.",
        "The valuation is missing.",
        "Nhập kết quả định giá.",
        "Enter the valuation.",
    ),
    "REVALUATION_PENDING": Words(
        "Đang định giá lại.",
        "Another valuation is under way.",
        "Chờ kết quả định giá lại.",
        "Wait for its result.",
    ),
    "PRIORITY_PENDING": Words(
        "Thời hạn của người có quyền ưu tiên mua chưa hết.",
        "The time of those with a prior right to buy has not passed.",
        "Chờ hết thời hạn hoặc ghi nhận câu trả lời.",
        "Wait for the end of that time or record the answer.",
    ),
    "VALUATION_EXPIRED": Words(
        "Chứng thư thẩm định giá hết hiệu lực ngày {expires}, trước ngày ký hợp đồng {signed}.",
        "The valuation expired on {expires}, before the service contract of {signed}.",
        "Định giá lại, hoặc ghi nhận thỏa thuận giữ giá của các đương sự.",
        "Have it valued again, or record the parties' agreement to keep the price.",
    ),
    "CONTRACT_MISSING": Words(
        "Chưa có ngày ký hợp đồng dịch vụ đấu giá.",
        "The day of the auction service contract is missing.",
        "Nhập ngày ký hợp đồng dịch vụ đấu giá.",
        "Enter the day of the service contract.",
    ),
    "OPENING_TOO_LATE": Words(
        "Ngày mở {day} muộn hơn {span} kể từ khi ký hợp đồng (chậm nhất {latest}).",
        "The opening on {day} is more than {span} after the contract (at the latest {latest}).",
        "Mở phiên đấu giá chậm nhất ngày {latest}.",
        "Open the session by {latest}.",
    ),
    "SHORT_NOT_ALLOWED": Words(
        "Không đủ điều kiện áp dụng thủ tục rút gọn.",
        "The conditions of the shortened procedure are not met.",
        "Áp dụng thủ tục đầy đủ.",
        "Use the full procedure.",
    ),
    "POSTING_MISSING": Words(
        "Chưa có ngày niêm yết.",
        "The day of the posting is missing.",
        "Niêm yết chậm nhất ngày {latest} và nhập ngày.",
        "Post the auction by {latest} and enter the day.",
    ),
    "POSTING_LATE": Words(
        "Niêm yết ngày {given}, muộn hơn {span} trước ngày mở (chậm nhất {latest}).",
        "Posted on {given}, less than {span} before the opening (at the latest {latest}).",
        "Lùi ngày mở phiên đấu giá.",
        "Move the opening to a later day.",
    ),
    "POSTING_PROOF": Words(
        "Chưa có tài liệu chứng minh việc niêm yết.",
        "There is no proof of the posting.",
        "Ghi số văn bản hoặc biên bản xác nhận việc niêm yết.",
        "Enter the number of the document or record that confirms the posting.",
    ),
    "NOTICES_FEW": Words(
        "Mới có {given} lần thông báo công khai, cần {needed}.",
        "There are {given} public notices, {needed} are needed.",
        "Thông báo công khai đủ số lần.",
        "Publish the missing notices.",
    ),
    "NOTICES_CLOSE": Words(
        "Hai lần thông báo ngày {first} và {second} cách nhau chưa đủ {span}.",
        "The notices of {first} and {second} are less than {span} apart.",
        "Thông báo lại từ ngày {earliest}.",
        "Publish again from {earliest} on.",
    ),
    "NOTICE_LATE": Words(
        "Thông báo lần cuối ngày {given}, muộn hơn {span} trước ngày mở (chậm nhất {latest}).",
        "The last notice of {given} is less than {span} before the opening (by {latest}).",
        "Lùi ngày mở phiên đấu giá.",
        "Move the opening to a later day.",
    ),
    "NOTICE_CHANNEL": Words(
        "Thông báo ngày {on} thiếu phương tiện: {missing}.",
        "The notice of {on} is missing on: {missing}.",
        "Đăng thông báo trên phương tiện còn thiếu.",
        "Publish it on the missing channel.",
    ),
    "NOTICE_ONCE_ON": Words(
        "Chưa có lần thông báo nào trên một trong các phương tiện: {channels}.",
        "No notice has appeared on one of these channels: {channels}.",
        "Đăng ít nhất một lần trên một phương tiện đó.",
        "Publish at least one there.",
    ),
    "NOTICE_PROOF": Words(
        "Thông báo ngày {on} chưa có tài liệu chứng minh.",
        "The notice of {on} has no proof.",
        "Ghi số văn bản, số báo hoặc mã đăng tải của thông báo.",
        "Enter the notice's document, newspaper issue or publication number.",
    ),
    "VIEWING": Words(
        "Cần ít nhất {needed} ngày xem tài sản liên tục sau khi niêm yết và trước ngày mở.",
        "At least {needed} days of viewing in a row are needed between posting and opening.",
        "Bố trí thêm ngày xem tài sản.",
        "Add days of viewing.",
    ),
    "REGISTRATION_MISSING": Words(
        "Chưa có thời gian bán và nhận hồ sơ tham gia đấu giá.",
        "The time for selling and taking dossiers is not set.",
        "Nhập giờ mở và giờ đóng nhận hồ sơ.",
        "Enter when registration opens and closes.",
    ),
    "REGISTRATION_OPENS_LATE": Words(
        "Hồ sơ được bán từ ngày {given}, sau ngày niêm yết {posting}.",
        "Dossiers are sold from {given}, after the posting of {posting}.",
        "Bán và nhận hồ sơ ngay từ ngày niêm yết.",
        "Sell and take dossiers from the day of the posting.",
    ),
    "CLOSES_LATE": Words(
        "Đóng lúc {given}, muộn hơn thời hạn {latest}.",
        "It closes at {given}, later than {latest}.",
        "Đóng chậm nhất lúc {latest}.",
        "Close it by {latest}.",
    ),
    "CLOSES_EARLY": Words(
        "Đóng ngày {given}, sớm hơn ngày luật định {day}.",
        "It closes on {given}, earlier than the day of the law, {day}.",
        "Đóng vào ngày {day}.",
        "Close it on {day}.",
    ),
    "CLOSES_AFTER_OPENING": Words(
        "Thời gian đóng phải sau thời gian mở.",
        "It must close after it opens.",
        "Sửa giờ mở hoặc giờ đóng.",
        "Correct one of the two.",
    ),
    "DEPOSIT_WINDOW_MISSING": Words(
        "Chưa có thời gian nộp tiền đặt trước.",
        "The time for paying deposits is not set.",
        "Nhập giờ mở và giờ đóng nhận tiền đặt trước.",
        "Enter when deposits may be paid.",
    ),
    "DEPOSIT_OPENS_EARLY": Words(
        "Nhận tiền đặt trước từ ngày {given}, sớm hơn ngày {earliest}.",
        "Deposits are taken from {given}, before {earliest}.",
        "Nhận từ ngày {earliest}, hoặc ghi nhận thỏa thuận khác.",
        "Take them from {earliest} on, or record that another time was agreed.",
    ),
    "DEPOSIT_OPENS_LATE": Words(
        "Nhận tiền đặt trước từ ngày {given}, sau ngày niêm yết {posting}.",
        "Deposits are taken from {given}, after the posting of {posting}.",
        "Nhận ngay từ ngày niêm yết, hoặc ghi nhận thỏa thuận khác.",
        "Take them from the day of the posting, or record that another time was agreed.",
    ),
    "FORFEIT_GROUND": Words(
        "{given} không phải là trường hợp mất tiền đặt trước theo luật.",
        "{given} is not a ground for losing the deposit.",
        "Bỏ trường hợp này khỏi quy chế cuộc đấu giá.",
        "Remove it from the auction rules.",
    ),
    "PAUSE_STOP_CLAUSE": Words(
        "Quy chế và hợp đồng chưa có điều khoản tạm dừng, dừng việc đấu giá.",
        "Auction rules and contract lack the clause on pausing and stopping.",
        "Bổ sung điều khoản.",
        "Add the clause.",
    ),
    "VAT_NOTE": Words(
        "Giá khởi điểm chưa gồm thuế GTGT nhưng thông báo không nêu.",
        "The starting price excludes VAT, but the notice does not say so.",
        "Nêu trong thông báo rằng người mua chịu thuế GTGT.",
        "Say in the notice that the buyer bears VAT.",
    ),
}
