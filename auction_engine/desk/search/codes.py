"""Kinds of property and provinces: their codes, their names, and the place a text tells of."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from auction_engine.desk.search.words import plain_text

_FILE = Path(__file__).with_name("codes.yaml")
# What is not said is neither a province nor a kind; it has a name all the same.
ELSEWHERE = ""
OTHER = "other"
METHODS = ("ASCENDING", "DESCENDING", "SEALED")


class Province(NamedTuple):
    """`at`: (row, column) on the schematic map, None for an invented place."""

    code: str
    name: dict[str, str]
    at: tuple[int, int] | None


@cache
def _read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return found


@cache
def kinds() -> dict[str, dict[str, str]]:
    """Every kind of property and its name in both languages."""
    return dict(_read()["kinds"])


@cache
def provinces() -> dict[str, Province]:
    """Every province by its code; the demonstration's invented ones at the end."""
    real = {
        code: Province(code, {"vi": one["vi"], "en": one["en"]}, tuple(one["at"]))
        for code, one in _read()["provinces"].items()
    }
    invented = {
        code: Province(code, {"vi": one["vi"], "en": one["en"]}, None)
        for code, one in _read()["invented"].items()
    }
    return {**real, **invented}


def province_name(code: str) -> dict[str, str]:
    """What a province is called; "elsewhere" for a code that is none."""
    known = provinces().get(code)
    if known is not None:
        return known.name
    elsewhere: dict[str, str] = _read()["elsewhere"]
    return elsewhere


def picture(content: dict[str, Any]) -> str:
    """The name of the illustration that leads a lot's card."""
    image = content.get("image")
    if isinstance(image, str) and image:
        return image
    return str(_read()["pictures"].get(kind_of(content), "seal"))


def kind_of(content: dict[str, Any]) -> str:
    """The kind of a described lot; `other` where it says none we know."""
    said = content.get("kind")
    return said if isinstance(said, str) and said in kinds() else OTHER


@cache
def _names() -> tuple[tuple[str, str], ...]:
    """(name in plain letters, code), longest first, so that none is found inside another."""
    data, found = _read(), []
    for group in ("provinces", "invented"):
        for code, one in data[group].items():
            found += [(plain_text(name), code) for name in one.get("names", (one["vi"], one["en"]))]
    found.append(("ho chi minh", "79"))
    return tuple(sorted(found, key=lambda pair: -len(pair[0])))


def province_of(content: dict[str, Any]) -> str:
    """The province a lot is in: the one it says, else the last one its place names."""
    said = content.get("province")
    if isinstance(said, str) and said in provinces():
        return said
    place = content.get("place")
    text = place.get("vi", "") if isinstance(place, dict) else ""
    plain = f" {plain_text(text)} "
    found = [(plain.rfind(f" {name} "), len(name), code) for name, code in _names()]
    at, _, code = max(found)
    return code if at >= 0 else ELSEWHERE
