"""The property of the demonstration: invented, described in `assets.yaml` like the real thing."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("assets.yaml")


@cache
def _read() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load(_FILE.read_text("utf-8"))["assets"])


def organisation() -> dict[str, str]:
    """The one organisation that sells everything here."""
    return dict(_read()[0]["organisation"])


def agencies() -> list[dict[str, str]]:
    """The agencies that have something sold; the one with most of it first."""
    named = [asset["agency"] for asset in _read()]
    distinct = {agency["vi"]: dict(agency) for agency in named}
    return sorted(distinct.values(), key=named.count, reverse=True)


def assets() -> list[dict[str, Any]]:
    """Every asset as the content of a lot; the caller may change what it gets."""
    return deepcopy(list(_read()))
