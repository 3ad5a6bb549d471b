"""What comes in from a form, an import or another system, read field by field.

Every fault is collected with its path, so that whoever fills in a long form, or a file of thousands
of rows, hears of all of them at once. Amounts are minor units, days local ISO dates.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from auction_engine.desk.cases.record import LINE, PARAGRAPH, CaseError, Fault

MOST_MINOR = 2**53 - 1
_MOST_LIST = 200
_CURRENCY = re.compile("[A-Z]{3}")
_FIRST, _LAST = date(1990, 1, 1), date(2200, 1, 1)


class Reader:
    """Reads one object and remembers what is wrong with it; `done` raises it all."""

    def __init__(self, data: Any, path: str = "", faults: list[Fault] | None = None) -> None:
        self.faults: list[Fault] = [] if faults is None else faults
        self._path = path
        self._data: Mapping[str, Any] = {}
        if isinstance(data, Mapping):
            self._data = data
        else:
            self.fault("", "NOT_AN_OBJECT", "Send an object here.")

    def fault(self, name: str, code: str, cure: str) -> None:
        """Remember that `name` is wrong."""
        path = ".".join(part for part in (self._path, name) if part)
        self.faults.append(Fault(path, code, cure))

    def done(self) -> None:
        """Raises CaseError if anything was wrong."""
        if self.faults:
            raise CaseError(self.faults)

    def has(self, name: str) -> bool:
        """Whether something was given for `name`."""
        return self._data.get(name) not in (None, "", {}, [])

    def raw(self, name: str) -> Any:
        """What was given for `name`, unread."""
        return self._data.get(name)

    def line(self, name: str, *, needed: bool = True, most: int = LINE) -> str:
        """One line of text; "" where nothing was given and nothing is needed."""
        return self._text(name, self._data.get(name), needed, most)

    def _text(self, name: str, given: Any, needed: bool, most: int) -> str:
        if given is None or (isinstance(given, str) and not given.strip()):
            if needed:
                self.fault(name, "NEEDED", "Fill this in.")
            return ""
        if not isinstance(given, str):
            self.fault(name, "NOT_A_TEXT", "Send a text here.")
            return ""
        kept = given
        if not given.isprintable():
            kept = "".join(letter for letter in given if letter.isprintable() or letter == "\n")
        if len(kept := kept.strip()) > most:
            self.fault(name, "TOO_LONG", f"Use at most {most} letters.")
            return ""
        return kept

    def paragraph(self, name: str, *, needed: bool = True) -> str:
        """A text of several lines."""
        return self.line(name, needed=needed, most=PARAGRAPH)

    def words(self, name: str, *, needed: bool = True, most: int = LINE) -> dict[str, str]:
        """{"vi", "en"}; what has no English says it in Vietnamese, a plain text is Vietnamese.

        {} where nothing was given and nothing is needed.
        """
        given = self._data.get(name)
        said = {"vi": given} if isinstance(given, str) else given
        if said is None and not needed:
            return {}
        if not isinstance(said, Mapping):
            said = {}
        vi = self._text(f"{name}.vi", said.get("vi"), needed or self._any(said), most)
        if not vi:
            return {}
        return {"vi": vi, "en": self._text(f"{name}.en", said.get("en"), False, most) or vi}

    @staticmethod
    def _any(said: Mapping[str, Any]) -> bool:
        return any(said.get(lang) for lang in ("vi", "en"))

    def day(self, name: str, *, needed: bool = True) -> date | None:
        """A local day."""
        given = self._data.get(name)
        if given in (None, ""):
            if needed:
                self.fault(name, "NEEDED", "Fill this in.")
            return None
        if isinstance(given, date):
            found = given
        else:
            try:
                found = date.fromisoformat(str(given))
            except ValueError:
                self.fault(name, "NOT_A_DAY", "Give the day as YYYY-MM-DD.")
                return None
        if not _FIRST <= found < _LAST:
            self.fault(name, "NOT_A_DAY", "Give a day between 1990 and 2199.")
            return None
        return found

    def past_day(self, name: str, today: date, *, needed: bool = True) -> date | None:
        """A day that is not in the future."""
        found = self.day(name, needed=needed)
        if found is not None and found > today:
            self.fault(name, "IN_FUTURE", "This day has not come yet.")
            return None
        return found

    def amount(self, name: str, *, needed: bool = True, least: int = 1) -> int | None:
        """An amount in minor units."""
        given = self._data.get(name)
        if given in (None, ""):
            if needed:
                self.fault(name, "NEEDED", "Fill this in.")
            return None
        if isinstance(given, bool) or not isinstance(given, int):
            self.fault(name, "NOT_AN_AMOUNT", "Give a whole number of minor units.")
            return None
        if not least <= given <= MOST_MINOR:
            self.fault(name, "AMOUNT_OUT_OF_RANGE", f"Give an amount of at least {least}.")
            return None
        return given

    def one_of(self, name: str, known: Collection[str], *, needed: bool = True) -> str:
        """One of the words in `known`; "" where nothing was given and nothing is needed."""
        given = self._data.get(name)
        if given in (None, "") and not needed:
            return ""
        if not isinstance(given, str) or given not in known:
            self.fault(name, "UNKNOWN_CHOICE", f"Choose one of {', '.join(sorted(known))}.")
            return ""
        return given

    def yes(self, name: str) -> bool | None:
        """true or false; None (and a fault) for anything else."""
        given = self._data.get(name)
        if not isinstance(given, bool):
            self.fault(name, "YES_OR_NO", "Answer true or false.")
            return None
        return given

    def currency(self, name: str = "currency") -> str:
        """A currency's three letters; VND where none was given."""
        given = self._data.get(name)
        if given in (None, ""):
            return "VND"
        if not isinstance(given, str) or not _CURRENCY.fullmatch(given):
            self.fault(name, "UNKNOWN_CURRENCY", "Give the three letters of ISO 4217.")
            return "VND"
        return given

    def parts(self, name: str) -> list["Reader"]:
        """The objects of a list, each to be read; they share the faults."""
        given = self._data.get(name)
        if given is None:
            return []
        if not isinstance(given, list) or len(given) > _MOST_LIST:
            self.fault(name, "NOT_A_LIST", f"Send a list of at most {_MOST_LIST}.")
            return []
        return [self._below(f"{name}.{n}", part) for n, part in enumerate(given)]

    def part(self, name: str) -> "Reader":
        """The object below `name`; empty where there is none."""
        given = self._data.get(name)
        return self._below(name, {} if given is None else given)

    def _below(self, name: str, data: Any) -> "Reader":
        path = ".".join(part for part in (self._path, name) if part)
        return Reader(data, path, self.faults)
