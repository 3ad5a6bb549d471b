"""What is wrong with a rule pack, all of it at once, each fault with the path of its value."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class Fault(NamedTuple):
    """One thing wrong: `path` is dotted, e.g. `deposit.max_bp`; empty for the whole file."""

    path: str
    text: str


class PackError(ValueError):
    """A pack that cannot be used. Its text has one line for every fault."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.name = name
        self.faults = tuple(faults)
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """`name: path: sentence` for every fault."""
        return [
            f"{self.name}: {fault.path}: {fault.text}"
            if fault.path
            else f"{self.name}: {fault.text}"
            for fault in self.faults
        ]


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a parameter of a rule pack",
    "literal_error": "must be {expected}",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "date_type": "must be a date such as 2026-07-01",
    "date_from_datetime_parsing": "must be a date such as 2026-07-01",
    "date_parsing": "must be a date such as 2026-07-01",
    "model_type": "must be a group of parameters",
    "model_attributes_type": "must be a group of parameters",
    "tuple_type": "must be a list",
    "dict_type": "must be a group of parameters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_pattern_mismatch": "must have the form {pattern}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def faults_of(error: ValidationError) -> list[Fault]:
    """The faults of a pydantic error, in the order of the model."""
    found: list[Fault] = []
    for detail in error.errors(include_url=False):
        found.extend(_faults(detail))
    return found


def _faults(detail: ErrorDetails) -> list[Fault]:
    path = ".".join(str(step) for step in detail["loc"] if step != "[key]")
    context: dict[str, Any] = detail.get("ctx", {})
    if "faults" in context:
        return [Fault(f"{path}.{inner}".strip("."), text) for inner, text in context["faults"]]
    sentence = _SENTENCES.get(detail["type"])
    text = detail["msg"] if sentence is None else sentence.format_map(context)
    if text.startswith("must be '"):
        text = "must be one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    return [Fault(path, text)]
