"""Amounts of money as people read and type them, in Vietnamese and English."""

from __future__ import annotations

import re
from functools import lru_cache

from babel.numbers import get_currency_name, get_currency_symbol
from num2words import num2words

LIMIT = 2**53
BILLION = 10**9
NBSP = "\N{NO-BREAK SPACE}"
GROUP_MARK = {"vi": ".", "en": ","}
DECIMAL_MARK = {"vi": ",", "en": "."}
THOUSANDS = {
    "vi": ("", "nghìn", "triệu"),
    "en": ("", "thousand", "million", "billion", "trillion", "quadrillion"),
}
_SPACES = str.maketrans({NBSP: " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " "})
_UNIT = re.compile(r"^(?:vnd|₫|đ|đồng)\s*|\s*(?:vnd|₫|đ|đồng)$", re.IGNORECASE)


class AmountError(ValueError):
    """A typed amount that cannot be read in exactly one way; `code` names the text to show."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def split(minor: int, digits: int) -> tuple[int, str]:
    """Whole units and the digits after the decimal mark (empty for a currency without any)."""
    if digits == 0:
        return minor, ""
    whole, rest = divmod(minor, 10**digits)
    return whole, str(rest).zfill(digits)


def number(minor: int, digits: int, lang: str) -> str:
    whole, rest = split(minor, digits)
    text = f"{whole:,}".replace(",", GROUP_MARK[lang])
    return f"{text}{DECIMAL_MARK[lang]}{rest}" if rest else text


@lru_cache(maxsize=64)
def affixes(currency: str, lang: str) -> tuple[str, str]:
    """What stands before and after the number: the sign last in Vietnamese, the code first else."""
    if lang == "vi":
        return "", get_currency_symbol(currency, locale="vi")
    return currency, ""


def money(minor: int, currency: str, digits: int, lang: str) -> str:
    before, after = affixes(currency, lang)
    return NBSP.join(part for part in (before, number(minor, digits, lang), after) if part)


@lru_cache(maxsize=64)
def unit_name(currency: str, lang: str) -> str:
    if currency == "VND":
        return "đồng" if lang == "vi" else "Vietnamese dong"
    name = get_currency_name(currency, count=2, locale=lang)
    return name[:1].lower() + name[1:] if lang == "vi" else name


def _group(value: int, lang: str, *, leading: bool) -> str:
    # Written amounts name the empty places ("bốn tỷ không trăm lẻ năm triệu"): the library skips
    # them, and is wrong from 10^15, so it is asked for three digits at a time.
    text = str(num2words(value, lang=lang))
    if leading or value >= 100:
        return text
    if lang == "vi":
        return f"không trăm {'lẻ ' if value < 10 else ''}{text}"
    return text


def _groups(value: int, lang: str, *, leading: bool) -> str:
    parts: list[str] = []
    rest = value
    for name in THOUSANDS[lang]:
        rest, group = divmod(rest, 1000)
        if group:
            text = _group(group, lang, leading=leading and rest == 0)
            if lang == "en" and not name and group < 100 and rest:
                text = f"and {text}"
            parts.append(f"{text} {name}".strip())
        if not rest:
            break
    return " ".join(reversed(parts))


def whole_words(value: int, lang: str) -> str:
    if value == 0:
        return str(num2words(0, lang=lang))
    # Vietnamese counts on in "tỷ": 1,234 x 10^9 is "một nghìn hai trăm ba mươi bốn tỷ".
    if lang == "vi" and value >= BILLION:
        high, low = divmod(value, BILLION)
        rest = _groups(low, lang, leading=False) if low else ""
        return f"{whole_words(high, lang)} tỷ {rest}".strip()
    return _groups(value, lang, leading=True)


def words(minor: int, currency: str, digits: int, lang: str) -> str:
    whole, rest = split(minor, digits)
    text = f"{whole_words(whole, lang)} {unit_name(currency, lang)}"
    if rest and int(rest):
        text += f" {'và' if lang == 'vi' else 'and'} {rest}/{10**digits}"
    return text


def parse_amount(text: str, digits: int = 0) -> int:
    """The amount a person typed, in minor units; what can be read in two ways is an error."""
    cleaned = _UNIT.sub("", text.translate(_SPACES).strip()).strip()
    if not cleaned:
        raise AmountError("AMOUNT_EMPTY")
    if not re.fullmatch(r"[0-9][0-9., ]*", cleaned, re.ASCII):
        raise AmountError("AMOUNT_UNCLEAR")
    whole, rest = _decimals(cleaned, digits)
    if not re.fullmatch(r"[0-9]+|[0-9]{1,3}([., ])[0-9]{3}(?:\1[0-9]{3})*", whole, re.ASCII):
        raise AmountError("AMOUNT_UNCLEAR")
    figures = re.sub(r"[^0-9]", "", whole)
    if len(figures) > 1 and figures[0] == "0":
        raise AmountError("AMOUNT_UNCLEAR")
    if len(figures) > 18:
        raise AmountError("BAD_AMOUNT_TOO_LARGE")
    minor: int = int(figures) * 10**digits + int(rest or 0)
    if minor >= LIMIT:
        raise AmountError("BAD_AMOUNT_TOO_LARGE")
    if minor == 0:
        raise AmountError("BAD_AMOUNT_NOT_POSITIVE")
    return minor


def _decimals(text: str, digits: int) -> tuple[str, str]:
    """Split off decimals. Only a mark followed by exactly the currency's digits counts as one."""
    if digits == 0:
        return text, ""
    match = re.fullmatch(rf"([0-9., ]*[0-9])([.,])([0-9]{{{digits}}})", text, re.ASCII)
    if match is None:
        return text, ""
    whole, mark, rest = match.groups()
    # With three decimals "1.234" could be either; a mark already used for grouping cannot end it.
    if mark in whole or (digits == 3 and not re.search(r"[., ]", whole)):
        raise AmountError("AMOUNT_UNCLEAR")
    return whole, rest
