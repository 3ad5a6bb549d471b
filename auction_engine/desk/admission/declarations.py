"""What a bidder declares, each by itself, with the article it follows from.

Which declarations a lot asks for follows from its rule pack alone: nobody may add conditions (Law
01/2016 Art. 38(3)). Their texts are in `web/locales/way.*.json` under `way.declare.<code>`; what
was declared keeps the version of the text. Changed words need a new version.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from auction_engine.desk.admission.states import OTHER_GROUNDS
from auction_engine.rules import packs
from auction_engine.rules.params import LotParams

VERSION = "2026.1"
_RELATIVES = "NO_RELATIVE_BIDS"
_ONE_PRINCIPAL = "ONE_PRINCIPAL"
_NOT_BESIDE_OWN = "NOT_BESIDE_OWN"
_RULES = "RULES_READ"
_TRUE = "ALL_TRUE"
_GENERAL = "Law 01/2016/QH14 Art. 38"


class Declaration(NamedTuple):
    """One declaration: its code, and the article as the pack cites it."""

    code: str
    article: str


def asked(params: LotParams, for_another: bool) -> tuple[Declaration, ...]:
    """The declarations a dossier for a lot of these rules needs; more when acting for another."""
    found: list[Declaration] = []
    rules = None if params.pack is None else packs.load(params.pack).eligibility
    sources = {} if params.pack is None else packs.load(params.pack).sources
    own = sources.get("eligibility", _GENERAL)
    if rules is not None:
        found += [Declaration(f"NOT_{code}", own) for code in rules.barred]
        if rules.not_beside:
            article = sources.get("eligibility.not_beside", own)
            found.append(Declaration(_RELATIVES, article))
        if for_another and rules.proxy_principals is not None:
            article = sources.get("eligibility.proxy_principals", own)
            found.append(Declaration(_ONE_PRINCIPAL, article))
            if not rules.proxy_may_bid_too:
                found.append(Declaration(_NOT_BESIDE_OWN, article))
    found.append(Declaration(_RULES, _GENERAL))
    found.append(Declaration(_TRUE, _GENERAL))
    return tuple(found)


def missing(
    params: LotParams, for_another: bool, declared: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The codes not yet declared in the words of today."""
    return [
        one.code
        for one in asked(params, for_another)
        if declared.get(one.code, {}).get("version") != VERSION
    ]


def ticked(
    known: Mapping[str, Mapping[str, Any]], codes: Iterable[str], lang: str, at_ms: int
) -> dict[str, dict[str, Any]]:
    """What is declared once `codes` are ticked; one there already keeps its time and words."""
    made = {}
    for code in codes:
        there = known.get(code)
        same = there is not None and there.get("version") == VERSION
        fresh = {"version": VERSION, "lang": lang, "at_ms": at_ms}
        made[code] = dict(there) if same and there is not None else fresh
    return made


def grounds(params: LotParams) -> tuple[str, ...]:
    """On what a dossier for a lot of these rules may be refused (Law 01/2016 Art. 38(4))."""
    rules = None if params.pack is None else packs.load(params.pack).eligibility
    barred: tuple[str, ...] = () if rules is None else rules.barred
    beside = rules is not None and bool(rules.not_beside)
    proxies = rules is not None and rules.proxy_principals is not None
    left_out = {
        *(() if beside else ("RELATIVE_BIDS_TOO",)),
        *(() if proxies else ("PROXY_RULES",)),
    }
    return (*barred, *(ground for ground in OTHER_GROUNDS if ground not in left_out))
