from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from auction_engine.rules.params import (
    MAX_EXTENSIONS,
    MAX_MS,
    Extension,
    LotParams,
    ParamsError,
)

from .lots import END, EXTENSION, START, params

BIGINT_MAX = 2**63 - 1


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"extension": EXTENSION},
        {"allow_self_raise": True},
        {"end_ms": None, "closed_by": "AUCTIONEER"},
        {"currency": "EUR", "minor_digits": 2},
    ],
)
def test_parameters_survive_json(changes: dict[str, Any]) -> None:
    original = params(**changes)
    assert LotParams.from_json(json.loads(json.dumps(original.to_json()))) == original


def test_json_carries_what_is_not_left_at_its_default() -> None:
    plain = set(params().to_json())
    assert set(params(automatic_bids=True).to_json()) == plain | {"automatic_bids"}
    assert params(increment_minor=1).rules_hash != params().rules_hash


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        params().increment_minor = 1  # type: ignore[misc]


BAD = [
    ("starting_price_minor", 0),
    ("starting_price_minor", 1.0),
    ("starting_price_minor", True),
    ("starting_price_minor", 2**53),
    ("starting_price_minor", None),
    ("increment_minor", 0),
    ("increment_minor", -1),
    ("increment_minor", "50"),
    ("currency", "vnd"),
    ("currency", "VN"),
    ("currency", "V1D"),
    ("currency", "VNĐ"),
    ("currency", 704),
    ("minor_digits", -1),
    ("minor_digits", 5),
    ("minor_digits", True),
    ("minor_digits", 0.0),
    ("start_ms", -1),
    ("start_ms", 1.5),
    ("start_ms", None),
    ("start_ms", MAX_MS + 1),
    ("end_ms", START),
    ("end_ms", START - 1),
    ("end_ms", None),
    ("end_ms", float(END)),
    ("end_ms", MAX_MS + 1),
    ("end_ms", True),
    ("closed_by", "OFFICER"),
    ("method", "DESCENDING"),
    ("allow_self_raise", 1),
    ("extension", {"trigger_ms": 1, "by_ms": 1, "max_count": 1}),
]


@pytest.mark.parametrize(("path", "value"), BAD, ids=lambda value: str(value)[:20])
def test_bad_values_are_refused_and_named(path: str, value: Any) -> None:
    with pytest.raises(ParamsError) as caught:
        params(**{path: value})
    assert caught.value.path == path


@pytest.mark.parametrize("name", ["trigger_ms", "by_ms", "max_count"])
@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, MAX_MS + 1])
def test_bad_extensions_are_refused_and_named(name: str, value: Any) -> None:
    values = {"trigger_ms": 1, "by_ms": 1, "max_count": 1, name: value}
    with pytest.raises(ParamsError) as caught:
        Extension(**values)
    assert caught.value.path == name
    with pytest.raises(ParamsError) as caught:
        LotParams.from_json({**params().to_json(), "extension": values})
    assert caught.value.path == f"extension.{name}"


def test_an_auctioneer_who_closes_needs_no_end_and_no_extension() -> None:
    with pytest.raises(ParamsError, match=r"^end_ms: "):
        params(closed_by="AUCTIONEER")
    with pytest.raises(ParamsError, match=r"^extension: "):
        params(closed_by="AUCTIONEER", end_ms=None, extension=EXTENSION)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "params",
        {},
        {**params().to_json(), "reserve_minor": 1},
        {k: v for k, v in params().to_json().items() if k != "currency"},
        {**params().to_json(), "extension": 5},
        {**params().to_json(), "extension": {"by_ms": 1}},
        {
            **params().to_json(),
            "extension": {"trigger_ms": 1, "by_ms": 1, "max_count": 1, "mode": "SOFT"},
        },
    ],
    ids=["null", "list", "text", "empty", "unknown", "missing", "number", "part", "more"],
)
def test_json_that_is_not_parameters_is_refused(data: Any) -> None:
    with pytest.raises(ParamsError):
        LotParams.from_json(data)


def test_every_sum_of_allowed_times_fits_the_database_and_javascript() -> None:
    largest = params(
        start_ms=MAX_MS - 1,
        end_ms=MAX_MS,
        extension=Extension(MAX_MS, MAX_MS, MAX_EXTENSIONS),
    )
    assert largest.extension is not None
    assert largest.end_ms + largest.extension.by_ms < 2**53 < BIGINT_MAX  # type: ignore[operator]
    assert largest.extension.max_count < 2**31
