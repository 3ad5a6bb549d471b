"""Lots for the catalogue's benchmark: invented, in words as real notices use them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from auction_engine.desk.search import codes
from auction_engine.desk.search.words import plain_text
from auction_engine.ledger.journal import GENESIS, Position, chain, entry_body, head_record
from auction_engine.rules.events import BidAccepted, BidderAdmitted, LotClosed, LotListed, LotOpened
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply
from auction_engine.rules.params import LotParams

_DAY_MS = 86_400_000
_WARDS = ("An Phú", "Bình Minh", "Cầu Kho", "Đông Hải", "Gò Sim", "Hòa Xuân", "Khánh Sơn",
          "Long Thành", "Mỹ Lộc", "Ngọc Hà", "Phú Khê", "Quang Trung", "Sao Mai", "Tân Lập",
          "Thạnh Mỹ", "Trường Thọ", "Vĩnh Hưng", "Xuân Đỉnh", "Yên Hòa", "Bến Trầm")  # fmt: skip
_KINDS = {
    "apartment": ("Căn hộ {n} m², tầng {k}, chung cư {ward}", "Flat of {n} m², floor {k}, {ward}"),
    "house": ("Nhà ở {k} tầng trên thửa đất {n} m²", "House of {k} storeys on a plot of {n} m²"),
    "land": ("Thửa đất ở {n} m², tờ bản đồ số {k}", "Residential plot of {n} m², map sheet {k}"),
    "plant": ("Nhà xưởng {n} m² và quyền thuê đất", "Workshop of {n} m² with its land lease"),
    "car": ("Xe ô tô con {brand} đời {year}, biển số {plate}", "{brand} car {year}, plate {plate}"),
    "truck": ("Xe tải {brand} {k} tấn, biển số {plate}", "{brand} lorry, {k} t, plate {plate}"),
    "motorbike": ("Xe máy {brand}, biển số {plate}", "{brand} motorbike, plate {plate}"),
    "boat": ("Tàu cá vỏ gỗ số {plate}, dài {k} m", "Wooden fishing boat {plate}, {k} m"),
    "machinery": ("Máy xúc bánh xích {k} tấn", "Crawler excavator, {k} tonnes"),
    "jewellery": ("Bộ trang sức vàng {k} chỉ", "Gold jewellery, {k} mace"),
}  # fmt: skip
_WEIGHTS = (14, 12, 32, 5, 14, 6, 6, 2, 6, 3)
_BRANDS = ("Toyota", "Ford", "Kia", "Mazda", "Hyundai", "Isuzu", "Honda", "Thaco", "Suzuki")
_SAID = (
    ("Tài sản kê biên để thi hành án, giấy tờ đầy đủ, đã thẩm định giá.",
     "Seized for enforcement; the papers are complete and a valuation has been made."),
    ("Người phải thi hành án còn đang quản lý, cam kết bàn giao trong 30 ngày.",
     "The judgment debtor still holds it and will hand it over within 30 days."),
    ("Thế chấp tại ngân hàng, sẽ xóa sau khi người mua nộp đủ tiền.",
     "Mortgaged to a bank; released when the buyer has paid in full."),
    ("Mặt tiền đường nhựa, gần chợ và trường học, hạ tầng hoàn chỉnh.",
     "On a paved road near the market and the school, with all services."),
    ("Máy móc đã qua sử dụng, hoạt động bình thường khi kiểm tra.",
     "Used machinery, working normally when it was inspected."),
)  # fmt: skip


def _both(vi: str, en: str) -> dict[str, str]:
    return {"vi": vi, "en": en}


def content(rng: random.Random) -> dict[str, Any]:
    """One lot's description."""
    kind = rng.choices(list(_KINDS), _WEIGHTS)[0]
    real = [one for one in codes.provinces().values() if one.at]
    province, ward = rng.choice(real), rng.choice(_WARDS)
    words = {
        "n": rng.randint(30, 900), "k": rng.randint(2, 40), "ward": ward,
        "brand": rng.choice(_BRANDS), "year": rng.randint(2004, 2026),
        "plate": f"{rng.randint(11, 99)}{rng.choice('ABCDFGHK')}-{rng.randint(100, 999)}."
        f"{rng.randint(10, 99)}",
    }  # fmt: skip
    vi, en = _KINDS[kind]
    said = rng.sample(_SAID, 3)
    return {
        "title": _both(vi.format(**words), en.format(**words)),
        "kind": kind,
        "province": province.code,
        "place": _both(f"Phường {ward}, {province.name['vi']}", f"{ward}, {province.name['en']}"),
        "summary": _both(f"{said[0][0]} {said[1][0]}", f"{said[0][1]} {said[1][1]}"),
        "image": "land",
        "deposit_minor": 50_000_000,
        "facts": [
            {"label": _both("Giấy tờ", "Papers"),
             "value": _both(f"Số {rng.randrange(10**6):06d}, cấp năm {words['year']}",
                            f"No. {rng.randrange(10**6):06d}, issued {words['year']}")},
            {"label": _both("Hiện trạng", "Condition"), "value": _both(*said[2])},
        ],
        "disclosure": [],
        "documents": [],
    }  # fmt: skip


def question(rng: random.Random) -> str:
    """What somebody types: mostly two or three words, sometimes one everybody types."""
    kind = rng.choices(list(_KINDS), _WEIGHTS)[0]
    ward = rng.choice(_WARDS)
    province = rng.choice([one for one in codes.provinces().values() if one.at]).name["vi"]
    sort = rng.random()
    noun = " ".join(_KINDS[kind][0].replace(",", " ").split()[:2])
    if "{" in noun:
        noun = noun.split()[0]
    if sort < 0.10:
        asked = noun
    elif sort < 0.40:
        asked = f"{noun} {province}"
    elif sort < 0.60:
        asked = f"{noun} {ward} "
    elif sort < 0.70:
        asked = f"{rng.choice(_BRANDS)} {rng.randint(2004, 2026)}"
    elif sort < 0.80:
        asked = f"{rng.randint(11, 99)}{rng.choice('ABCDFGHK')}-{rng.randint(100, 999)}"
    elif sort < 0.90:
        asked = ward[: rng.randint(2, len(ward))]
    else:
        asked = f'"{ward}" {noun}'
    return plain_text(asked) if rng.random() < 0.5 and '"' not in asked else asked


def journal(rng: random.Random, lot: int, now_ms: int) -> tuple[list[Any], tuple[Any, ...]]:
    """The entries of a lot, as rows of `journal`, and its head. One in five is still to come."""
    start_minor = rng.randint(20, 9_000) * 1_000_000
    ended = rng.random() < 0.8
    if ended:
        start_ms = now_ms - rng.randint(2, 900) * _DAY_MS
    else:
        start_ms = now_ms + rng.randint(1, 60) * _DAY_MS
    params = LotParams("VND", 0, start_minor, 1_000_000, start_ms, start_ms + 3_600_000)
    events: list[tuple[int, Any]] = [(start_ms - 20 * _DAY_MS, LotListed(params))]
    if ended:
        events += [(start_ms - _DAY_MS, BidderAdmitted(n, f"B-{n:03d}", False)) for n in (1, 2)]
        events.append((start_ms, LotOpened()))
        price = start_minor
        for n in range(1, rng.randint(0, 4) + 1):
            bid_id = f"{rng.getrandbits(128):032x}"
            bid_id = "-".join((bid_id[:8], bid_id[8:12], bid_id[12:16], bid_id[16:20], bid_id[20:]))
            price += rng.randint(1, 40) * 1_000_000
            # Each lot has bidders of its own: a bidder's bid ids are one of a kind.
            events.append((start_ms + n * 1_000, BidAccepted(1 + n % 2, bid_id, price, n)))
        last = events[-1][1]
        bid = last if isinstance(last, BidAccepted) else None
        events.append((
            start_ms + 3_600_000,
            LotClosed(bid.bidder, bid.amount_minor, bid.n) if bid else LotClosed(None, None, 0),
        ))  # fmt: skip
    return _rows(lot, events)


def _rows(lot: int, events: list[tuple[int, Any]]) -> tuple[list[Any], tuple[Any, ...]]:
    rows, digest = [], GENESIS
    state: LotState | None = None
    for seq, (at_ms, event) in enumerate(events, 1):
        body = entry_body(lot, seq, f"{at_ms}-0", 1, event)
        digest = chain(digest, body)
        bidder = getattr(event, "bidder", None)
        rows.append((lot, seq, event.kind, bidder, getattr(event, "bid_id", None), body, digest))
        state = apply(state, event)
    assert state is not None
    return rows, head_record(lot, 0, Position(len(rows), digest), state)


def many(count: int, seed: int) -> Iterator[tuple[dict[str, Any], list[Any], tuple[Any, ...]]]:
    """(description, journal, head) of lots 1 to `count`."""
    rng, now_ms = random.Random(seed), int(time.time() * 1000)
    for lot in range(1, count + 1):
        described = content(rng)
        rows, head = journal(rng, lot, now_ms)
        yield described, rows, head
