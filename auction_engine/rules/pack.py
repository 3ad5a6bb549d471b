"""A rule pack: the law of one kind of auction in one country and time, as data a lawyer can read.

Packs are YAML (`packs/`). `parse` makes a `Pack` or raises PackError with every fault. Nothing has
a default: what a pack does not say does not exist there. `sources` names the article behind a
parameter, `unverified` the parameters whose source could not be read.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from auction_engine.rules import calendar, strict_yaml
from auction_engine.rules import pack_award as award
from auction_engine.rules import pack_before as before
from auction_engine.rules import pack_bidding as bidding
from auction_engine.rules import pack_complaints as complaints_part
from auction_engine.rules import pack_proceeds as proceeds
from auction_engine.rules.pack_base import Part, Span, Text, refuse
from auction_engine.rules.pack_errors import Fault, PackError, faults_of

Verdict = Literal["CONFIRMED", "SECOND_HAND", "UNVERIFIED"]


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        text = f"{name} is not a time zone of the IANA database"
        raise PydanticCustomError("pack", "{text}", {"text": text}) from None
    return name


def _calendar(name: str) -> str:
    if name not in calendar.ids():
        text = f"{name} is not a calendar; there are {', '.join(calendar.ids())}"
        raise PydanticCustomError("pack", "{text}", {"text": text})
    return name


class Basis(Part):
    """A law or decree the pack rests on, what it rules, and how well its text is known."""

    ref: Annotated[str, Field(min_length=1)]
    text: Text
    verdict: Verdict


class Unverified(Part):
    """A parameter whose source could not be read, and what is known instead."""

    path: str
    note: Text


class InForce(Part):
    """The first and the last day on which a step is taken under this pack; absent is open."""

    since: date
    until: date | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.until is not None and self.until < self.since:
            refuse([("until", "must not be before since")])
        return self


class Pack(Part):
    """One validated rule pack. Amounts are minor units, `*_bp` hundredths of a percent."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    family: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    title: Text
    in_force: InForce
    legal_basis: Annotated[tuple[Basis, ...], Field(min_length=1)]
    currency: bidding.Currency
    timezone: Annotated[str, AfterValidator(_timezone)]
    calendar: Annotated[str, AfterValidator(_calendar)]
    counting: before.DayCounting
    form: Literal["ONLINE"]
    methods: Annotated[dict[before.Category, bidding.Methods], Field(min_length=1)]

    schedule: before.Schedule | None = None
    valuation: before.ValuationRule | None = None
    priority_purchase: before.PriorityPurchase | None = None
    redemption: before.Redemption | None = None
    posting: before.Posting | None = None
    notice: before.Notices | None = None
    viewing: before.Viewing | None = None
    registration: before.Intake
    eligibility: before.Eligibility | None = None
    deposit: before.DepositRule
    refund_right_on_change: tuple[before.Change, ...]
    short_procedure: before.ShortProcedure | None = None
    pause_stop: before.PauseStop | None = None

    start_price: bidding.StartPrice
    increment: bidding.Increment
    descending: bidding.Descending | None = None
    sealed: bidding.SealedBids | None = None
    phases: tuple[bidding.PhaseRule, ...] | None = None
    window: bidding.Window
    extension: bidding.Extensions
    automatic_bids: bidding.Automatic
    self_raise: bool
    reserve: bidding.Reserves
    confirm: bidding.Unusual
    tie: bidding.Ties
    min_participants: Annotated[int, Field(ge=1)]
    single_bidder: award.SingleBidder
    withdrawal: award.Withdrawal
    runner_up: award.RunnerUp
    technical_fault: award.TechnicalFault
    disclosure: award.Disclosure

    result: award.ResultRule
    minutes: award.Minutes
    refund: award.Refund
    forfeit: award.Forfeit
    payment: award.Payment
    ban: award.Ban | None = None
    parking: proceeds.Parking | None = None
    delivery: proceeds.Delivery
    payout: proceeds.Payout | None = None
    payment_order: proceeds.PaymentOrder | None = None
    re_auction: proceeds.ReAuction | None = None
    fees: proceeds.Fees | None = None
    complaints: complaints_part.Complaints | None = None
    retention: Span

    sources: dict[str, str]
    unverified: tuple[Unverified, ...]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found: list[tuple[str, str]] = []
        methods = {method for allowed in self.methods.values() for method in allowed}
        for method, section in (("DESCENDING", "descending"), ("SEALED", "sealed")):
            needed = method in methods or any(p.kind == method for p in self.phases or ())
            if needed != (getattr(self, section) is not None):
                found.append((section, f"goes with the method {method}, and only with it"))
        for number, phase in enumerate(self.phases or ()):
            if (phase.duration is None) != (phase.kind == "DESCENDING"):
                path = f"phases.{number}.duration"
                found.append((path, "is given for every phase but a descending one"))
        for path in self.sources:
            if not _exists(self, path):
                found.append((f"sources.{path}", f"there is no parameter {path} in this pack"))
        for number, entry in enumerate(self.unverified):
            if not _exists(self, entry.path):
                text = f"there is no parameter {entry.path} in this pack"
                found.append((f"unverified.{number}.path", text))
        refuse(found)
        return self


def value_at(pack: Pack, path: str) -> Any:
    """The value at a dotted path, e.g. `deposit.min_bp`, `fees.enforcement.tiers.0.rate_bp`.

    Raises KeyError when the pack has nothing there.
    """
    value: Any = pack
    for step in path.split("."):
        if isinstance(value, Part) and step in type(value).model_fields:
            value = getattr(value, step)
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise KeyError(path)
    return value


def _exists(pack: Pack, path: str) -> bool:
    try:
        value_at(pack, path)
    except KeyError:
        return False
    return True


def _upwards(path: str) -> Iterator[str]:
    """The path itself and every section it is in, the nearest first."""
    steps = path.split(".")
    return (".".join(steps[:length]) for length in range(len(steps), 0, -1))


def reference(pack: Pack, path: str) -> str:
    """The article behind the parameter: the nearest entry of `sources`, else the first basis."""
    found = (pack.sources[step] for step in _upwards(path) if step in pack.sources)
    return next(found, pack.legal_basis[0].ref)


def has_source(pack: Pack, path: str) -> bool:
    """Whether the parameter, or a section it is in, names its source."""
    return any(step in pack.sources for step in _upwards(path))


def is_unverified(pack: Pack, path: str) -> bool:
    """Whether the parameter, or a section it is in, is marked unverified."""
    marked = {entry.path for entry in pack.unverified}
    return any(step in marked for step in _upwards(path))


def parse(text: str, name: str) -> Pack:
    """The pack in a YAML text; `name` is the file's, for messages.

    Raises PackError with every fault: syntax and doubled keys with the line, values with the path.
    """
    try:
        data = strict_yaml.load(text)
    except strict_yaml.YamlError as error:
        raise PackError(name, [Fault("", str(error))]) from None
    return from_data(data, name)


def from_data(data: object, name: str) -> Pack:
    """The pack in plain data, as YAML or JSON gives it. Raises PackError with every fault."""
    if not isinstance(data, dict):
        raise PackError(name, [Fault("", "must be a group of parameters")])
    try:
        # By way of JSON, so that strict means the same for YAML files and stored packs.
        return Pack.model_validate_json(json.dumps(data, default=_as_json))
    except ValidationError as error:
        found = faults_of(error)
        known = {fault.path for fault in found}
        found += [fault for fault in _lost_paths(data) if fault.path not in known]
        raise PackError(name, found) from None


def _lost_paths(data: dict[Any, Any]) -> list[Fault]:
    """Paths in `sources` and `unverified` that lead nowhere, in a pack with other faults too.

    Only as far as plain data can tell: the last step may be a parameter left out.
    """
    named = []
    if isinstance(sources := data.get("sources"), dict):
        named += [(f"sources.{path}", path) for path in sources]
    if isinstance(unverified := data.get("unverified"), list):
        named += [
            (f"unverified.{number}.path", entry.get("path"))
            for number, entry in enumerate(unverified)
            if isinstance(entry, dict)
        ]
    return [
        Fault(at, f"there is no parameter {path} in this pack")
        for at, path in named
        if isinstance(path, str) and not _leads_on(data, path)
    ]


def _leads_on(data: Any, path: str) -> bool:
    *parents, last = path.split(".")
    for step in parents:
        if isinstance(data, dict) and step in data:
            data = data[step]
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return False
    return bool(parents) or last in data or last in Pack.model_fields


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else repr(value)


def canonical_json(pack: Pack) -> str:
    """The pack as JSON in its one canonical form: sorted keys, no spaces, absent values left out.

    `from_data` of it gives the same pack.
    """
    plain = pack.model_dump(mode="json", exclude_none=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def pack_hash(pack: Pack) -> str:
    """SHA-256 of the canonical JSON, in lower-case hexadecimal: what a lot's parameters name."""
    return hashlib.sha256(canonical_json(pack).encode()).hexdigest()
