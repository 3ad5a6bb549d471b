"""What a demonstration session consists of: its lots, their windows, its texts. Pure."""

from typing import Any

from auction_engine.demo.assets import assets
from auction_engine.rules.params import Extension, LotParams

# Time from the session's start to each lot's closing. The first comes while a newcomer still
# looks around, then one every minute or two; the last leaves time to bid by hand at leisure. The
# law asks for windows of 15 minutes or more, which is why every text says that these are shortened.
CLOSINGS_S = (180, 270, 360, 450, 540, 630, 735, 840)
LAWFUL_WINDOW_MIN = 15

# Half a minute is enough to answer a late bid by hand; ten times at most, so that sessions end.
EXTENSION = Extension(trigger_ms=30_000, by_ms=30_000, max_count=10)

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
    stock = assets()
    first = (number - 1) % len(stock)
    chosen = (stock[first:] + stock[:first])[: len(CLOSINGS_S)]
    for content, closing_s in zip(chosen, CLOSINGS_S, strict=False):
        content["extension"] = {
            "trigger_ms": EXTENSION.trigger_ms,
            "by_ms": EXTENSION.by_ms,
            "max_count": EXTENSION.max_count,
        }
        content["disclosure"] = [_notice(closing_s), *content["disclosure"]]
    return chosen


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
    """The rules of the lot at `position` (from 1) of a session that starts at `start_ms`."""
    return LotParams(
        currency=content["currency"],
        minor_digits=content["minor_digits"],
        starting_price_minor=content["starting_price_minor"],
        increment_minor=content["increment_minor"],
        start_ms=start_ms,
        end_ms=start_ms + CLOSINGS_S[position - 1] * 1000,
        extension=EXTENSION,
    )
