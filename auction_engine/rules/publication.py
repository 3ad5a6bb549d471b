"""The check before publication: everything that is missing or wrong, and the rule it comes from.

A lot is published only when the list is empty. Every finding names the value, says the fault and
what to do in Vietnamese and English, and cites the article behind the parameter of the pack.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auction_engine.rules import calendar as days
from auction_engine.rules import publication_days, publication_values
from auction_engine.rules.draft import Draft
from auction_engine.rules.pack import Pack, is_unverified, reference
from auction_engine.rules.publication_texts import WORDS, Fault


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands against publication.

    `path` is the field of `Draft`, `code` stable, `parameter` the dotted path in the pack, `rule`
    its article, `verified` whether that article was read.
    """

    path: str
    code: str
    vi: str
    en: str
    do_vi: str
    do_en: str
    parameter: str
    rule: str
    verified: bool


class Blocked(ValueError):
    """A lot that must not be published. `findings` say why; the text has a line for each."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("\n".join(f"{f.path}: {f.en} {f.do_en} ({f.rule})" for f in findings))


Check = Callable[[Pack, Draft], Iterator[Fault]]
_VALUES: tuple[Check, ...] = publication_values.CHECKS
_DAYS: tuple[Check, ...] = publication_days.CHECKS


def check(pack: Pack, draft: Draft) -> tuple[Finding, ...]:
    """Everything about `draft` that is missing or breaks `pack`; empty if it may be published."""
    found = [fault for one in _VALUES for fault in one(pack, draft)]
    unknown = False
    for one in _DAYS:
        try:
            found += list(one(pack, draft))
        except days.CalendarError:
            unknown = True
    if unknown:
        covers = days.load(pack.calendar).covers()
        values: dict[str, object] = {"calendar": pack.calendar, "covers": covers}
        found.append(Fault("opening_ms", "NO_CALENDAR", "counting", values))
    return tuple(_finding(pack, fault) for fault in found)


def _finding(pack: Pack, fault: Fault) -> Finding:
    vi, en = (_in_language(fault, side) for side in (0, 1))
    words = WORDS[fault.code]
    return Finding(
        fault.path,
        fault.code,
        words.vi.format_map(vi),
        words.en.format_map(en),
        words.do_vi.format_map(vi),
        words.do_en.format_map(en),
        parameter=fault.parameter,
        rule=reference(pack, fault.parameter),
        verified=not is_unverified(pack, fault.parameter),
    )


def _in_language(fault: Fault, side: int) -> dict[str, object]:
    return {
        name: value[side] if isinstance(value, tuple) else value
        for name, value in fault.values.items()
    }
