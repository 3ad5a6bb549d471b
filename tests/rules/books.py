"""A book in memory for tests of postings: what PostgreSQL refuses, it refuses."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from auction_engine.rules.postings.chart import CHART, BookKind, Keyed
from auction_engine.rules.postings.entry import Entry, Name, check

_KEYS: dict[Keyed, str] = {
    "": "",
    "LOT": r"lot:\d+",
    "LOT_BIDDER": r"lot:\d+/bidder:\d+",
    "LINE": r"line:\d+",
    "PAYOUT": r"payout:\d+",
    "LOT_PARTY": r"lot:\d+/party:\d+",
    "TERM": r"lot:\d+/term:\d+",
}


class Book:
    """Balances by account, debits positive, and the keys that were used."""

    def __init__(self, kind: BookKind) -> None:
        self.kind: BookKind = kind
        self.balances: dict[Name, int] = defaultdict(int)
        self.entries: dict[str, Entry] = {}

    def post(self, *entries: Entry) -> None:
        """Post entries; AssertionError for what no book of this kind takes."""
        for entry in entries:
            assert self.entries.setdefault(check(entry).key, entry) is entry, entry.key
            for name, minor in entry.legs:
                account = CHART[name.code]
                assert self.kind in account.books, name
                assert re.fullmatch(_KEYS[account.keyed], name.key), name
                self.balances[name] += minor
                side = 1 if account.nature in ("ASSET", "EXPENSE", "MEMO") else -1
                if not (account.overdrawn or account.hot):
                    assert side * self.balances[name] >= 0, (entry.kind, name)
            assert sum(self.balances.values()) == 0
            assert self.escrow() == 0, entry.kind

    def escrow(self) -> int:
        """The money of others, and all that is owed from it: always zero."""
        return sum(minor for name, minor in self.balances.items() if CHART[name.code].escrow)

    def owed(self, code: str, key: str = "") -> int:
        """What a liability account owes."""
        return -self.balances.get(Name(code, key), 0)

    def of(self, *codes: str) -> dict[Name, int]:
        """What each account of these codes owes, without empty ones."""
        return {
            name: -minor for name, minor in self.balances.items() if name.code in codes and minor
        }

    def total(self, codes: Iterable[str]) -> int:
        """What all accounts of these codes owe together."""
        return sum(self.of(*codes).values())
