"""What the money desk's pages say in words: accounts, transfers, causes, days."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from auction_engine.http import presenting_amounts as amounts
from auction_engine.http.presenting import ZONE, Presenter
from auction_engine.rules.pack_words import citation
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.postings.entry import Cause, Leg, Name


class Words:
    """The words of one language, for the pages under `base`."""

    def __init__(self, presenter: Presenter, lang: str, base: str) -> None:
        self._presenter = presenter
        self.lang = lang
        self.base = base

    def t(self, key: str, **values: Any) -> str:
        return self._presenter.text(self.lang, key, **values)

    def has(self, key: str) -> bool:
        return self._presenter.has_text(self.lang, key)

    def error(self, code: str, fallback: str) -> str:
        """The sentence for a refusal; what it says itself where there is none."""
        key = f"money.error.{code}"
        return self.t(key) if self.has(key) else fallback

    def file_problem(self, code: str, text: str) -> str:
        """What is wrong at one place of a file: the kind in the reader's language, the detail."""
        key = f"money.file.{code}"
        return f"{self.t(key)} ({text})" if self.has(key) and self.lang != "en" else text

    def day(self, day: date | None) -> str:
        """A day as it is read here."""
        if day is None:
            return "–"
        return day.strftime("%d/%m/%Y") if self.lang == "vi" else f"{day.day} {day:%b %Y}"

    def moment(self, moment: datetime | None) -> str:
        """A moment in local time, to the second."""
        if moment is None:
            return "–"
        local = moment.astimezone(ZONE)
        return f"{local:%H:%M:%S} {self.day(local.date())}"

    def iso(self, moment: datetime) -> str:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def money(self, minor: int, book: Any) -> str:
        """An amount with its sign; zero and above without."""
        text = amounts.money(abs(minor), book.currency, book.minor_digits, self.lang)
        return f"\N{MINUS SIGN}{text}" if minor < 0 else text

    def number(self, minor: int, book: Any) -> str:
        """The figures alone, for columns whose head names the currency."""
        text = amounts.number(abs(minor), book.minor_digits, self.lang)
        return f"\N{MINUS SIGN}{text}" if minor < 0 else text

    def unit(self, book: Any) -> str:
        """The sign or code of the book's currency."""
        before, after = amounts.affixes(book.currency, self.lang)
        return before or after

    def in_words(self, minor: int, book: Any) -> str:
        return amounts.words(minor, book.currency, book.minor_digits, self.lang)

    def account(self, code: str) -> str:
        """The name of an account of the chart."""
        entry = CHART[code]
        return entry.vi if self.lang == "vi" else entry.en

    def side(self, name: Name, names: Mapping[int, str], parties: Mapping[int, str]) -> str:
        """An account and what it is kept for: "Deposit held, Nguyễn Văn A"."""
        whose = self._whose(name.key, names, parties)
        return f"{self.account(name.code)}{', ' if whose else ''}{whose}"

    def _whose(self, key: str, names: Mapping[int, str], parties: Mapping[int, str]) -> str:
        kind, _, number = key.rpartition("/")[2].partition(":")
        if not number.isdecimal():
            return ""
        known = {"bidder": names, "party": parties}.get(kind, {})
        if int(number) in known:
            return known[int(number)]
        return self.t(f"money.key.{kind}", n=number) if self.has(f"money.key.{kind}") else ""

    def owed(self, owed: Any) -> str:
        """What somebody owes the book, in words."""
        return self.side(Name(owed.code, owed.key), {}, {})

    def transfer(self, kind: str) -> str:
        """What happened, in words."""
        key = f"money.transfer.{kind}"
        return self.t(key) if self.has(key) else kind

    def cause(self, cause: Cause) -> str:
        """The fact behind a transfer, in words."""
        return self.t(f"money.cause.{cause.kind}", id=cause.id, n=cause.n)

    def cause_url(self, cause: Cause) -> str | None:
        """Where that fact can be read; None where it has no page."""
        return {
            "JOURNAL": f"/lots/{cause.id}/record?before={cause.n + 1}",
            "LINE": f"{self.base}/incoming/{cause.id}",
            "PAYOUT": f"{self.base}/payouts/{cause.id}",
            "ACT": f"{self.base}/acts/{cause.id}",
        }.get(cause.kind)

    def article(self, rule: str) -> str:
        """An article as lawyers cite it, in the reader's language."""
        return str(getattr(citation(rule), self.lang))

    def amount_of(self, legs: Sequence[Leg]) -> int:
        """How much a transfer moves."""
        return sum(leg.amount_minor for leg in legs if leg.amount_minor > 0)
