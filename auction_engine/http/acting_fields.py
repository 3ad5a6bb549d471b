"""The fields of an act as a form: what each asks for, and what was typed into it.

Money is typed in the lot's currency, moments in local time; closed lists are offered as they are
open to the lot now, each with the article that its rule pack names.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from auction_engine.desk.complaints.filing import pack_of
from auction_engine.desk.possible import Field, Possible
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import ZONE, AmountError, parse_amount
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.lot import LotState
from auction_engine.rules.pack import Pack, reference

MOST_TEXT = 2_000
# The part of the pack that says which choices an act has.
_PACKED = {
    "pause": "pause_stop.pause",
    "stop": "pause_stop.stop",
    "postpone": "technical_fault",
    "decide_incident": "technical_fault",
    "hold": "pause_stop.litigation_hold",
}
# What the rules say of each choice, once it is made.
_SAID = {
    "annul": "annulment", "change": "change", "decide_incident": "incident", "hold": "hold",
    "disqualify": "disqualification", "pause": "pause", "postpone": "postponement",
    "release": "hold", "stop": "stop",
}  # fmt: skip
# Given by the program: the usual ground of whoever conducts.
_USUAL = {("pause", "ground"): "AUCTIONEER"}
_LONG = ("what", "agreement")
_MOST_NUMBER = 2**63 - 1


class Choice(NamedTuple):
    """One of a closed list. `said` is what everybody will read; `rule` its article."""

    value: str
    label: str
    said: str
    rule: str


class Input(NamedTuple):
    """A field of the form. `kind` is one of the templates' inputs."""

    name: str
    kind: str
    label: str
    needed: bool
    choices: tuple[Choice, ...]
    hint: str


class Typed(NamedTuple):
    """What a form came to: the act's data, and for each field that is wrong what to do."""

    data: dict[str, Any]
    problems: dict[str, str]


class Form:
    """The form of one possible act of one lot, in one language."""

    def __init__(self, words: Words, lot: Mapping[str, Any], state: LotState, act: Possible):
        self._words = words
        self._lot = lot
        self._state = state
        self.act = act
        self._pack = pack_of(state.params.pack)

    def inputs(self, colleagues: Mapping[int, str]) -> list[Input]:
        """What the form asks for; `colleagues` are who may be appointed."""
        return [self._input(field, colleagues) for field in self.act.fields]

    def _input(self, field: Field, colleagues: Mapping[int, str]) -> Input:
        kind, choices = field.kind, self._choices(field)
        if field.choices is not None:
            kind = "choice"
        elif kind == "bidder":
            kind = "list"
            choices = tuple(Choice(code, code, "", "") for code in codes_of(self._state))
        elif kind == "account":
            kind = "list"
            choices = tuple(Choice(str(n), name, "", "") for n, name in colleagues.items())
        elif kind == "text" and field.name in _LONG:
            kind = "long"
        own = f"acting.field.{self.act.act}.{field.name}"
        label = own if self._words.has(own) else f"acting.field.{field.name}"
        hint = f"acting.hint.{kind}"
        said = self._words.t(hint) if self._words.has(hint) else ""
        return Input(field.name, kind, self._words.t(label), field.needed, choices, said)

    def _choices(self, field: Field) -> tuple[Choice, ...]:
        act = self.act.act
        found = []
        for value in field.choices or ():
            if not _in_pack(self._pack, act, value):
                continue
            key = f"rules.{_SAID.get(act, '')}.{value}"
            said = self._words.t(key) if self._words.has(key) else ""
            found.append(Choice(value, choice_name(self._words, act, value), said, self._rule()))
        return tuple(found)

    def _rule(self) -> str:
        path = _PACKED.get(self.act.act)
        if self._pack is None or path is None:
            return ""
        return self._words.article(reference(self._pack, path))

    def basis(self) -> str:
        """The law that the act follows from."""
        basis = BY_ACT[self.act.act].basis
        return self._words.article(basis) if basis else ""

    def usual(self) -> dict[str, str]:
        """What the form says before anything is typed."""
        found = {}
        for field in self.act.fields:
            value = _USUAL.get((self.act.act, field.name))
            if value is not None and value in (field.choices or ()):
                found[field.name] = value
            elif field.choices is not None and len(field.choices) == 1:
                found[field.name] = field.choices[0]
        return found

    def shown(
        self, data: Mapping[str, Any], colleagues: Mapping[int, str]
    ) -> list[tuple[str, str]]:
        """What was said, to be read once more: label and value."""
        made = []
        for entry in self.inputs(colleagues):
            if entry.name in data:
                made.append((entry.label, self._value(entry, data[entry.name])))
        return made

    def _value(self, entry: Input, value: Any) -> str:
        for choice in entry.choices:
            if choice.value == str(value):
                return choice.label
        if entry.kind == "amount":
            return self._words.money(value, _Money(self._lot))
        if entry.kind == "moment":
            moment = datetime.fromtimestamp(value / 1000, ZONE)
            return self._words.moment(moment)
        if entry.kind == "yes_no":
            return self._words.t("acting.yes" if value else "acting.no")
        return "\n".join(value) if isinstance(value, list) else str(value)

    def read(self, typed: Mapping[str, str]) -> Typed:
        """The act's data from the fields of a form; what is empty and need not be is left out."""
        data: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for field in self.act.fields:
            text = typed.get(field.name, "").strip()
            if not text:
                if field.needed:
                    problems[field.name] = self._words.t("acting.error.EMPTY")
                continue
            value = self._read(field, text)
            if value is None:
                key = f"acting.error.{'choice' if field.choices else field.kind}"
                problems[field.name] = self._words.t(key)
            else:
                data[field.name] = value
        return Typed(data, problems)

    def _read(self, field: Field, text: str) -> Any:
        """The value of a field; None if it cannot be read."""
        if field.choices is not None:
            return text if text in field.choices else None
        if field.kind == "amount":
            return _amount(text, self._lot["minor_digits"])
        if field.kind == "moment":
            return _moment(text)
        if field.kind in ("number", "account"):
            return _number(text)
        if field.kind == "bidder":
            return text if text in codes_of(self._state) else None
        if field.kind == "yes_no":
            return {"yes": True, "no": False}.get(text)
        if field.kind == "texts":
            return [line.strip() for line in text.splitlines() if line.strip()]
        return text if len(text) <= MOST_TEXT else None


class _Money:
    """The currency of a lot, as `Words.money` asks for it."""

    def __init__(self, lot: Mapping[str, Any]) -> None:
        self.currency, self.minor_digits = lot["currency"], lot["minor_digits"]


def _in_pack(pack: Pack | None, act: str, value: str) -> bool:
    """Whether the pack of the lot knows the choice; one that says nothing knows them all."""
    if pack is None or pack.pause_stop is None or act != "stop":
        return True
    return value in pack.pause_stop.stop


def choice_name(words: Words, act: str, value: str) -> str:
    """A value of a closed list in a few words."""
    for key in (f"acting.choice.{value}", f"live.change.{value}", f"live.ground.{value}"):
        wanted = act == "change" if key.startswith("live.change") else act != "change"
        if wanted and words.has(key):
            return words.t(key)
    return value


def codes_of(state: LotState) -> list[str]:
    """The codes of those who are admitted and not out, in order."""
    out = state.life.out
    return sorted(one.code for account, one in state.admitted.items() if account not in out)


def _amount(text: str, digits: int) -> int | None:
    if text == "0":  # such as nothing to top up
        return 0
    try:
        return parse_amount(text, digits)
    except AmountError:
        return None


def _moment(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    local = found if found.tzinfo else found.replace(tzinfo=ZONE)
    return int(local.timestamp() * 1000) if local.year < 9999 else None


def _number(text: str) -> int | None:
    whole = text.isascii() and text.isdecimal() and len(text) <= 19
    return int(text) if whole and int(text) <= _MOST_NUMBER else None
