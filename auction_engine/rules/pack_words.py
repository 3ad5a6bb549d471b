"""Parameters and values of a rule pack in words, Vietnamese and English.

The names stand in `pack_words.yaml`; here are the numbers: spans, durations, shares, citations.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib import resources

from auction_engine.rules import strict_yaml
from auction_engine.rules.pack_base import Span, Text, Unit

_UNIT_VI: dict[Unit, str] = {
    "working_days": "ngày làm việc",
    "days": "ngày",
    "months": "tháng",
    "years": "năm",
}
_UNIT_EN: dict[Unit, str] = {
    "working_days": "working day",
    "days": "day",
    "months": "month",
    "years": "year",
}
_CITED = (
    ("Joint Circular", "Thông tư liên tịch"),
    ("Official dispatch", "Công văn"),
    ("Civil Code", "Bộ luật Dân sự"),
    ("Organic Law", "Luật Tổ chức"),
    ("Circular", "Thông tư"),
    ("Decision", "Quyết định"),
    ("Resolution", "Nghị quyết"),
    ("Decree", "Nghị định"),
    ("Law", "Luật"),
)
_ARTICLES = re.compile(r"\bArts?\. ")


@cache
def _names(part: str) -> Mapping[str, Text]:
    file = resources.files(__package__).joinpath("pack_words.yaml")
    found = strict_yaml.load(file.read_text("utf-8"))[part]
    return {key: Text(vi=vi, en=en) for key, (vi, en) in found.items()}


def label(path: str) -> Text:
    """The name of the parameter at a dotted path. Raises KeyError if it has none."""
    names = _names("labels")
    return names[path] if path in names else names[path.rpartition(".")[2]]


def code_text(code: str) -> Text:
    """A value such as FIRST_RECORDED in words. Raises KeyError if it has none."""
    return _names("codes")[code]


def named(*codes: str) -> tuple[str, str]:
    """Values in words, Vietnamese and English, separated by commas; unknown ones as they are."""
    known = _names("codes")
    words = [known.get(code, Text(vi=code, en=code)) for code in codes]
    return ", ".join(word.vi for word in words), ", ".join(word.en for word in words)


def plural(number: int, word: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def span_text(span: Span) -> Text:
    """A span in words: `7 ngày làm việc`, `7 working days`."""
    return Text(vi=f"{span.n} {_UNIT_VI[span.unit]}", en=plural(span.n, _UNIT_EN[span.unit]))


def duration_text(duration: timedelta) -> Text:
    """A duration in words: `25 phút`, `4 minutes 3 seconds`."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        (number, vi, en)
        for number, vi, en in (
            (duration.days, "ngày", "day"),
            (hours, "giờ", "hour"),
            (minutes, "phút", "minute"),
            (seconds, "giây", "second"),
        )
        if number
    ] or [(0, "giây", "second")]
    return Text(
        vi=" ".join(f"{number} {vi}" for number, vi, _ in parts),
        en=" ".join(plural(number, en) for number, _, en in parts),
    )


def percent(basis_points: int) -> str:
    """Basis points as a percentage without needless zeros: 500 is `5 %`, 1 is `0.01 %`."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + " %"


def amount(minor: int, code: str, minor_digits: int) -> str:
    """An amount of minor units, grouped, with its currency: `50 000 000 VND`, `30 000.00 EUR`."""
    whole, rest = divmod(minor, 10**minor_digits)
    decimals = f".{rest:0{minor_digits}d}" if minor_digits else ""
    return f"{whole:,}".replace(",", " ") + f"{decimals} {code}"


def day_text(day: date) -> str:
    """A day as both languages read it: 30/06/2026."""
    return f"{day:%d/%m/%Y}"


def citation(reference: str) -> Text:
    """A reference to a law in both languages: `Law 1 Art. 2(3)` is `Luật 1 Điều 2(3)`."""
    words = _ARTICLES.sub("Điều ", reference)
    for english, vietnamese in _CITED:
        words = re.sub(rf"\b{english}\b", vietnamese, words)
    return Text(vi=words.replace("/ND-CP", "/NĐ-CP").replace("/QD-BTP", "/QĐ-BTP"), en=reference)
