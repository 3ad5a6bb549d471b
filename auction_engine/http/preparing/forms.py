"""The wizard's forms: choices as the texts of fields, and what was typed as choices.

A field is called after its choice: `dates.opening`, `notice.0.on`, `asset.17`. What cannot be read
is refused with the field's name, and the page comes back with everything as it was typed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from auction_engine.desk.preparing import choices as shape
from auction_engine.desk.preparing.building import Asset, proposed
from auction_engine.desk.preparing.choices import Choices, Step
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.http import bodies
from auction_engine.http.presenting_amounts import AmountError, number, parse_amount
from auction_engine.rules.pack import Pack

# Two hundred assets with five fields each.
_BYTES, _FIELDS = 128 * 1024, 1_200
VIEWINGS = 4
_AMOUNTS = ("starting_price_minor", "increment_minor", "deposit_minor", "floor_minor")
_MOMENTS = ("opening", "registration_open", "registration_close", "deposit_open", "deposit_close")
_RULES_WHOLE = (
    "gap_min", "stagger_min", "extension_trigger_s", "extension_by_s", "extension_max_count",
    "fall_every_s",
)  # fmt: skip
_RULES_CHOSEN = ("method", "extension", "increment_rule", "fall_shape")
_TICKS = ("pause_stop_clause", "vat_excluded", "vat_note")
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?", re.ASCII).fullmatch
Fields = Mapping[str, Any]


async def long_form(request: Request) -> dict[str, Any]:
    """A step's form. Raises Problem 400, 408, 413, 415."""
    return await bodies.form(request, _BYTES, _FIELDS)


def notice_rows(pack: Pack, choices: Choices) -> int:
    """How many notices the form has room for."""
    needed = 0 if pack.notice is None else pack.notice.count
    return min(shape.MOST_NOTICES, max(needed, len(choices.dates.notices)))


def channels(pack: Pack) -> tuple[str, ...]:
    """Where notices appear under the pack."""
    if pack.notice is None:
        return ()
    return tuple(dict.fromkeys((*pack.notice.each_on, *pack.notice.once_on)))


# --- from choices to fields -------------------------------------------------------------------


def values_of(pack: Pack, choices: Choices, assets: Sequence[Asset], lang: str) -> dict[str, str]:
    """Every field with its text; a box that is ticked has "yes"."""
    dates, rules, texts = choices.dates, choices.rules, choices.texts
    values: dict[str, str] = {}
    for name in _MOMENTS:
        moment = getattr(dates, name)
        values[f"dates.{name}"] = "" if moment is None else f"{moment:%Y-%m-%dT%H:%M}"
    values["dates.posting_on"] = _text(dates.posting_on)
    values["dates.posting_proof"] = dates.posting_proof
    values["dates.window_min"] = _text(dates.window_min)
    values["dates.deposit_window_agreed"] = _tick(dates.deposit_window_agreed)
    for n, notice in enumerate(dates.notices):
        values[f"notice.{n}.on"] = _text(notice.on)
        values[f"notice.{n}.proof"] = notice.proof
        values |= {f"notice.{n}.{channel}": "yes" for channel in notice.channels}
    for n, day in enumerate(dates.viewing_on):
        values[f"viewing.{n}"] = day.isoformat()
    for name in (*_RULES_WHOLE, *_RULES_CHOSEN, "order"):
        values[f"rules.{name}"] = _text(getattr(rules, name))
    values["rules.fall_step_bp"] = _percent_of(rules.fall_step_bp, lang)
    automatic = rules.automatic_bids
    values["rules.automatic_bids"] = "" if automatic is None else "yes" if automatic else "no"
    values["rules.short_procedure"] = _tick(rules.short_procedure)
    values |= {"texts.title_vi": texts.title_vi, "texts.title_en": texts.title_en}
    values |= {f"texts.{name}": _tick(getattr(texts, name)) for name in _TICKS}
    return values | _lot_values(pack, choices, assets, lang)


def _lot_values(pack: Pack, choices: Choices, assets: Sequence[Asset], lang: str) -> dict[str, str]:
    values: dict[str, str] = {}
    chosen = {lot.asset: (n, lot) for n, lot in enumerate(choices.lots, 1)}
    for asset in assets:
        n, lot = chosen.get(asset.id, (0, proposed(pack, asset)))
        values[f"asset.{asset.id}"] = _tick(bool(n))
        values[f"place.{asset.id}"] = str(n or "")
        for name in _AMOUNTS:
            minor = getattr(lot, name)
            shown = "" if minor is None else number(minor, pack.currency.minor_digits, lang)
            values[f"{name}.{asset.id}"] = shown
    return values


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _tick(value: bool) -> str:
    return "yes" if value else ""


# --- from fields to choices -------------------------------------------------------------------


def typed(step: Step, pack: Pack, choices: Choices, said: Fields) -> Choices:
    """The choices with what a step's form says. Raises PreparingError BAD_CHOICE."""
    data = choices.to_json()
    if step == "assets":
        data["lots"] = _lots(pack, said)
    else:
        reading = {"dates": _dates, "rules": _rules, "texts": _texts}[step]
        data[step] = reading(pack, choices, said)
    return shape.parse(data)


def _lots(pack: Pack, said: Fields) -> list[dict[str, Any]]:
    chosen: list[tuple[bool, int, int, dict[str, Any]]] = []
    for name in said:
        kind, _, rest = name.partition(".")
        if kind != "asset" or said[name] != "yes" or not _is_whole(rest):
            continue
        place = _whole(said, f"place.{rest}")
        lot = {"asset": int(rest)} | {key: _amount(pack, said, f"{key}.{rest}") for key in _AMOUNTS}
        # Those without a place come last, in the order of the page.
        chosen.append((place is None, place or 0, len(chosen), lot))
    return [entry[-1] for entry in sorted(chosen, key=lambda entry: entry[:3])]


def _dates(pack: Pack, choices: Choices, said: Fields) -> dict[str, Any]:
    dates: dict[str, Any] = {name: _line(said, f"dates.{name}") or None for name in _MOMENTS}
    dates["posting_on"] = _line(said, "dates.posting_on") or None
    dates["posting_proof"] = _line(said, "dates.posting_proof")
    dates["window_min"] = _whole(said, "dates.window_min")
    dates["deposit_window_agreed"] = said.get("dates.deposit_window_agreed") == "yes"
    notices = []
    for n in range(shape.MOST_NOTICES):
        on = _line(said, f"notice.{n}.on") or None
        proof = _line(said, f"notice.{n}.proof")
        where = [one for one in channels(pack) if said.get(f"notice.{n}.{one}") == "yes"]
        if on is not None or proof:
            notices.append({"on": on, "channels": where, "proof": proof})
    dates["notices"] = notices
    viewing = {_line(said, f"viewing.{n}") for n in range(VIEWINGS)} - {""}
    dates["viewing_on"] = sorted(viewing)
    return dates


def _rules(pack: Pack, choices: Choices, said: Fields) -> dict[str, Any]:
    rules: dict[str, Any] = {name: _whole(said, f"rules.{name}") for name in _RULES_WHOLE}
    rules["gap_min"] = choices.rules.gap_min if rules["gap_min"] is None else rules["gap_min"]
    for name in _RULES_CHOSEN:
        rules[name] = _line(said, f"rules.{name}") or None
    rules["fall_step_bp"] = _basis_points(said, "rules.fall_step_bp")
    rules["order"] = _line(said, "rules.order") or "PARALLEL"
    # Its step belongs to the staggered order alone.
    if rules["order"] != "STAGGERED":
        rules["stagger_min"] = None
    automatic = said.get("rules.automatic_bids")
    rules["automatic_bids"] = {"yes": True, "no": False}.get(str(automatic))
    rules["short_procedure"] = said.get("rules.short_procedure") == "yes"
    return rules


def _texts(pack: Pack, choices: Choices, said: Fields) -> dict[str, Any]:
    titles = ("title_vi", "title_en")
    texts: dict[str, Any] = {name: _line(said, f"texts.{name}") for name in titles}
    return texts | {name: said.get(f"texts.{name}") == "yes" for name in _TICKS}


def _line(said: Fields, name: str) -> str:
    return " ".join(str(said.get(name, "")).split())


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _whole(said: Fields, name: str) -> int | None:
    text = _line(said, name)
    if not text:
        return None
    if not _is_whole(text):
        raise PreparingError("BAD_CHOICE", f"{name}: give a whole number.", name)
    return int(text)


def _percent_of(basis_points: int | None, lang: str) -> str:
    """250 as "2,5" (or "2.5")."""
    return "" if basis_points is None else number(basis_points, 2, lang)


def _basis_points(said: Fields, name: str) -> int | None:
    text = _line(said, name).removesuffix("%").strip()
    if not text:
        return None
    found = _PERCENT(text)
    if found is None:
        raise PreparingError("BAD_CHOICE", f"{name}: give a percentage such as 2.5.", name)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _amount(pack: Pack, said: Fields, name: str) -> int | None:
    text = _line(said, name)
    if not text:
        return None
    try:
        return parse_amount(text, pack.currency.minor_digits)
    except AmountError as error:
        raise PreparingError("BAD_CHOICE", f"{name}: {error}.", name) from None
