"""What stands against publishing a session: the rules' findings for every lot, and our own.

A finding says what is wrong, what to do, by which article, and in which step it is mended. The same
finding about several lots is one, with all of them. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from auction_engine.desk.preparing.building import Asset, Built, Whole, build, moment_ms
from auction_engine.desk.preparing.choices import Choices, Step
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.publication import check

_STEP_OF: dict[str, Step] = {
    "starting_price_minor": "assets",
    "starting_price_public": "assets",
    "increment_minor": "assets",
    "deposit_minor": "assets",
    "descent": "assets",
    "valuation_minor": "assets",
    "valuation_expires_on": "assets",
    "revaluation_pending": "assets",
    "priority_pending": "assets",
    "service_contract_on": "assets",
    "previous_start_minor": "assets",
    "failures": "assets",
    "category": "assets",
    "opening_ms": "dates",
    "end_ms": "dates",
    "posting_on": "dates",
    "posting_proof": "dates",
    "notices": "dates",
    "viewing_on": "dates",
    "registration_open_ms": "dates",
    "registration_close_ms": "dates",
    "deposit_open_ms": "dates",
    "deposit_close_ms": "dates",
    "pause_stop_clause": "texts",
    "vat_note": "texts",
}
# What a lot's page cannot do without.
_SHOWN = ("title", "place", "summary", "image", "facts", "disclosure")
_LISTS = ("facts", "disclosure")
Own = Literal[
    "NO_ASSETS", "NO_TITLE", "ASSET_GONE", "NOT_DESCRIBED", "IN_THE_PAST", "NO_AUCTION", "NO_ORDER",
    "SEVERAL_AGENCIES",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One thing against publication. `lots` are the places (from 1) it is about, empty for all."""

    step: Step
    path: str
    code: str
    vi: str
    en: str
    do_vi: str
    do_en: str
    parameter: str | None = None
    rule: str | None = None
    verified: bool = True
    lots: tuple[int, ...] = ()


# Code: path, step, fault and remedy in both languages, parameter whose article it is.
_OWN: dict[Own, tuple[str, Step, str, str, str, str, str | None]] = {
    "NO_ASSETS": ("lots", "assets",
        "Phiên chưa có tài sản nào.", "The session has no asset.",
        "Chọn ít nhất một tài sản đã ký hợp đồng dịch vụ đấu giá.",
        "Choose at least one asset whose service contract is signed.", None),
    "NO_TITLE": ("texts.title", "texts",
        "Phiên chưa có tên bằng cả hai thứ tiếng.", "The session has no title in both languages.",
        "Nhập tên tiếng Việt và tiếng Anh.", "Enter a Vietnamese and an English title.", None),
    "ASSET_GONE": ("lots", "assets",
        "Tài sản không còn được giao cho tổ chức hoặc đã ở trong phiên khác.",
        "The asset is no longer entrusted to the organisation, or is in another session.",
        "Bỏ tài sản này khỏi phiên.", "Take the asset out of the session.", None),
    "NOT_DESCRIBED": ("lots", "assets",
        "Bản mô tả tài sản còn thiếu: {what}.", "The asset's description lacks: {what}.",
        "Đề nghị cơ quan thi hành án bổ sung.", "Ask the enforcement agency to complete it.",
        "posting"),
    "IN_THE_PAST": ("dates.opening", "dates",
        "Giờ mở phiên đã qua.", "The opening has passed.",
        "Chọn một ngày mở khác.", "Choose another opening day.", "window"),
    "NO_AUCTION": ("lots", "assets",
        "Các lựa chọn không thành một cuộc đấu giá: {what}.",
        "The choices make no auction: {what}.",
        "Sửa giá trị đã nêu.", "Correct the value named.", None),
    "NO_ORDER": ("rules.order", "rules",
        "Không xếp được thứ tự các tài sản: {what}.", "The lots cannot follow each other: {what}.",
        "Chọn thứ tự khác hoặc sửa thời gian gia hạn.",
        "Choose another order or change the extension.", None),
    "SEVERAL_AGENCIES": ("lots", "assets",
        "Các tài sản thuộc nhiều cơ quan thi hành án khác nhau. Một phiên được tổ chức cho một"
        " người có tài sản: kết quả, biên bản và danh sách người trúng đấu giá được chuyển cho một"
        " cơ quan.",
        "The assets belong to several enforcement agencies. A session is held for one owner: its"
        " result, minutes and list of winners are handed to one agency.",
        "Lập cho mỗi cơ quan một phiên; tài sản của nhiều vụ việc trong cùng một cơ quan thì được.",
        "Make a session for each agency; assets of several cases of one agency may be together.",
        "result.hand_over"),
}  # fmt: skip


def findings(
    pack: Pack, choices: Choices, assets: Mapping[int, Asset], now_ms: int
) -> tuple[Whole, tuple[Found, ...]]:
    """The session as it is chosen, and everything that stands against publishing it at `now_ms`."""
    whole = build(pack, choices, assets)
    found = _of_session(pack, choices, whole, now_ms)
    for number, lot in enumerate(whole.lots, 1):
        found += [replace(one, lots=(number,)) for one in _of_lot(pack, lot)]
    return whole, _merged(found)


def step_of(path: str) -> Step:
    """The step in which the field of a `rules.draft.Draft` is chosen."""
    return _STEP_OF.get(path.partition(".")[0], "rules")


def _own(pack: Pack, code: Own, what: str = "", lots: tuple[int, ...] = ()) -> Found:
    path, step, vi, en, do_vi, do_en, parameter = _OWN[code]
    return Found(
        step, path, code, vi.format(what=what), en.format(what=what), do_vi, do_en, parameter,
        None if parameter is None else reference(pack, parameter),
        parameter is None or not is_unverified(pack, parameter), lots,
    )  # fmt: skip


def _of_session(pack: Pack, choices: Choices, whole: Whole, now_ms: int) -> list[Found]:
    found = []
    if not choices.lots:
        found.append(_own(pack, "NO_ASSETS"))
    if not (choices.texts.title_vi.strip() and choices.texts.title_en.strip()):
        found.append(_own(pack, "NO_TITLE"))
    opening_ms = moment_ms(pack, choices.dates.opening)
    if opening_ms is not None and opening_ms <= now_ms:
        found.append(_own(pack, "IN_THE_PAST"))
    if whole.fault is not None:
        where = () if whole.fault.lot is None else (whole.fault.lot,)
        found.append(_own(pack, "NO_ORDER", whole.fault.text, where))
    agencies = {lot.asset.agency_id for lot in whole.lots if lot.asset is not None}
    if len(agencies) > 1:
        found.append(_own(pack, "SEVERAL_AGENCIES"))
    return found


def _of_lot(pack: Pack, lot: Built) -> list[Found]:
    if lot.asset is None or lot.draft is None:
        return [_own(pack, "ASSET_GONE")]
    found = [
        Found(step_of(one.path), one.path, one.code, one.vi, one.en, one.do_vi, one.do_en,
              one.parameter, one.rule, one.verified)
        for one in check(pack, lot.draft)
    ]  # fmt: skip
    missing = [name for name in _SHOWN if not _said(lot.asset.content, name)]
    if missing:
        found.append(_own(pack, "NOT_DESCRIBED", ", ".join(missing)))
    # What is merely missing is told by the check already.
    if lot.fault is not None and not found:
        found.append(_own(pack, "NO_AUCTION", lot.fault))
    return found


def _said(content: Mapping[str, object], name: str) -> bool:
    said = content.get(name)
    if name in _LISTS:
        return isinstance(said, list)
    return bool(said) if name == "image" else isinstance(said, dict) and {"vi", "en"} <= said.keys()


def _merged(found: list[Found]) -> tuple[Found, ...]:
    order: dict[Step, int] = {"assets": 0, "dates": 1, "rules": 2, "texts": 3}
    merged: dict[Found, tuple[int, ...]] = {}
    for one in found:
        key = replace(one, lots=())
        merged[key] = merged.get(key, ()) + one.lots
    told = [replace(key, lots=lots) for key, lots in merged.items()]
    return tuple(sorted(told, key=lambda one: (order[one.step], one.path)))
