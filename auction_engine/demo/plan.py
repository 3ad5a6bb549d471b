"""What a demonstration session consists of: its lots, their windows, its texts. Pure."""

from typing import Any

from auction_engine.demo.assets import assets
from auction_engine.rules import packs
from auction_engine.rules.descending import prices_minor
from auction_engine.rules.draft import Draft
from auction_engine.rules.freeze import params_of
from auction_engine.rules.params import Extension, LotParams
from auction_engine.rules.parts import Descent

# Time from the session's start to each lot's closing. The first comes while a newcomer still
# looks around, then one every minute or two; the last leaves time to bid by hand at leisure. The
# law asks for windows of 15 minutes or more, which is why every text says that these are shortened.
CLOSINGS_S = (180, 270, 360, 450, 540, 630, 735, 840)
LAWFUL_WINDOW_MIN = 15

# Half a minute is enough to answer a late bid by hand; ten times at most, so that sessions end.
EXTENSION = Extension(trigger_ms=30_000, by_ms=30_000, max_count=10)

# The falling price: from the start down by a fiftieth of it at a time, to three fifths.
STEP_BP, STEP_MS, FLOOR_BP = 200, 12_000, 6_000
FALLS_AFTER_S = 60
# The place in every session of the lot whose price falls: the second to come to its end.
FALLING_AT = 2

_ENFORCEMENT, _VOLUNTARY = "vn-enforcement-2026-07", "vn-voluntary"
_IMMOVABLE = frozenset({"apartment", "land", "plant"})

# The session beside it, of which the way in can be walked: for each lot when its registration
# closes, when it opens and when it ends. One of them is nearly always open to newcomers.
REGISTERING_S = ((240, 300, 480), (510, 570, 750), (810, 870, 1050))

# People want to see who got it before the page turns to the next session.
RESULTS_S = 20


def session_texts(number: int) -> dict[str, str]:
    """The title of demonstration session `number` (1, 2, ...)."""
    return {
        "vi": f"Phiên trình diễn số {number} (thời gian trả giá rút ngắn)",
        "en": f"Demonstration session no. {number} (shortened bidding windows)",
    }


def contents(number: int) -> list[dict[str, Any]]:
    """The lots of session `number` in order of closing; sessions differ in choice and order."""
    stock = [asset for asset in assets() if asset.get("method") != "DESCENDING"]
    falling = [asset for asset in assets() if asset.get("method") == "DESCENDING"]
    first = (number - 1) % len(stock)
    chosen = (stock[first:] + stock[:first])[: len(CLOSINGS_S) - 1]
    chosen.insert(FALLING_AT - 1, falling[(number - 1) % len(falling)])
    for content, closing_s in zip(chosen, CLOSINGS_S, strict=False):
        if content.get("method") == "DESCENDING":
            content["extension"] = None
            closing_s = FALLS_AFTER_S + _falls_for_ms(content) // 1000
        else:
            content["extension"] = {
                "trigger_ms": EXTENSION.trigger_ms,
                "by_ms": EXTENSION.by_ms,
                "max_count": EXTENSION.max_count,
            }
        content["disclosure"] = [_notice(closing_s), *content["disclosure"]]
    return chosen


def _descent(content: dict[str, Any]) -> Descent:
    start = content["starting_price_minor"]
    return Descent(
        "PERCENT_OF_START", STEP_MS, floor_minor=start * FLOOR_BP // 10_000, step_bp=STEP_BP
    )


def _falls_for_ms(content: dict[str, Any]) -> int:
    return len(prices_minor(content["starting_price_minor"], _descent(content))) * STEP_MS


def _notice(closing_s: int) -> dict[str, Any]:
    minutes, seconds = divmod(closing_s, 60)
    vi = f"{minutes} phút" + (f" {seconds} giây" if seconds else "")
    en = f"{minutes} min" + (f" {seconds} s" if seconds else "")
    return {
        "label": {"vi": "Trình diễn", "en": "Demonstration"},
        "value": {
            "vi": f"Tài sản hư cấu, có rô-bốt cùng trả giá. Thời gian trả giá rút ngắn còn {vi}; "
            f"cuộc đấu giá thật kéo dài ít nhất {LAWFUL_WINDOW_MIN} phút.",
            "en": f"Invented property; robots bid too. The bidding window is shortened to {en}; "
            f"a real auction lasts at least {LAWFUL_WINDOW_MIN} minutes.",
        },
    }


def params(content: dict[str, Any], position: int, start_ms: int) -> LotParams:
    """The rules of the lot at `position` (from 1) of a session that starts at `start_ms`.

    Frozen from the rule pack a real sale of such property would have, but without its checks: the
    windows are shorter than any law allows.
    """
    falling = content.get("method") == "DESCENDING"
    draft = Draft(
        category="VOLUNTARY" if falling else "ENFORCEMENT",
        movable=content["kind"] not in _IMMOVABLE,
        method="DESCENDING" if falling else "ASCENDING",
        starting_price_minor=content["starting_price_minor"],
        increment_minor=content["increment_minor"],
        deposit_minor=content["deposit_minor"],
        deposits="RECORDED",
        descent=_descent(content) if falling else None,
        # A price that falls before anybody could see it would be no public sale.
        opening_ms=start_ms + (FALLS_AFTER_S * 1000 if falling else 0),
        end_ms=None if falling else start_ms + CLOSINGS_S[position - 1] * 1000,
        extension=None if falling else "LAST_MINUTES",
        extension_trigger_ms=EXTENSION.trigger_ms,
        extension_by_ms=EXTENSION.by_ms,
        extension_max_count=EXTENSION.max_count,
        automatic_bids=bool(content.get("automatic_bids")),
    )
    return params_of(packs.load(_VOLUNTARY if falling else _ENFORCEMENT), draft)


def registering_texts(number: int) -> dict[str, str]:
    """The title of a session whose registration is open."""
    return {
        "vi": f"Phiên trình diễn số {number}: đang nhận hồ sơ (thời hạn rút ngắn)",
        "en": f"Demonstration session no. {number}: registration open (shortened periods)",
    }


def registering_contents(number: int) -> list[dict[str, Any]]:
    """The lots of the session beside, in order of opening."""
    stock = [asset for asset in assets() if asset.get("method") != "DESCENDING"]
    # From the other end: the session that runs shows other property, as far as there is any.
    first = (len(stock) - 1 - number * len(REGISTERING_S)) % len(stock)
    chosen = (stock[first:] + stock[:first])[: len(REGISTERING_S)]
    for content in chosen:
        content["beside"] = True
        content["extension"] = {
            "trigger_ms": EXTENSION.trigger_ms,
            "by_ms": EXTENSION.by_ms,
            "max_count": EXTENSION.max_count,
        }
        content["disclosure"] = [_registering_notice(), *content["disclosure"]]
    return chosen


def _registering_notice() -> dict[str, Any]:
    return {
        "label": {"vi": "Trình diễn", "en": "Demonstration"},
        "value": {
            "vi": "Tài sản hư cấu. Thời hạn nhận hồ sơ rút ngắn còn vài phút; một nhân viên hư cấu"
            " xét hồ sơ, tiền đặt trước do một ngân hàng hư cấu nộp thay. Đừng gửi giấy tờ thật.",
            "en": "Invented property. Registration is shortened to minutes; a fictional clerk"
            " decides dossiers and a fictional bank pays deposits. Send no real papers.",
        },
    }


def registering_params(content: dict[str, Any], position: int, begun_ms: int) -> LotParams:
    """The rules of the lot at `position` (from 1) of a session beside, begun at `begun_ms`."""
    closes_s, opens_s, ends_s = REGISTERING_S[position - 1]
    draft = Draft(
        category="ENFORCEMENT",
        movable=content["kind"] not in _IMMOVABLE,
        method="ASCENDING",
        starting_price_minor=content["starting_price_minor"],
        increment_minor=content["increment_minor"],
        deposit_minor=content["deposit_minor"],
        deposits="RECORDED",
        opening_ms=begun_ms + opens_s * 1000,
        end_ms=begun_ms + ends_s * 1000,
        registration_open_ms=begun_ms,
        registration_close_ms=begun_ms + closes_s * 1000,
        extension="LAST_MINUTES",
        extension_trigger_ms=EXTENSION.trigger_ms,
        extension_by_ms=EXTENSION.by_ms,
        extension_max_count=EXTENSION.max_count,
    )
    return params_of(packs.load(_ENFORCEMENT), draft)
