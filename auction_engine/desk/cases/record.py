"""What all parts of the cases share: refusals, the record of acts, what is sealed in which context.

Who changes an asset holds its row (`locked`), checks its state and writes an entry; so two people
who press the same button get one clear outcome.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import orjson

from auction_engine.errors import AuctionError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
# The pack whose periods count for an agency's own steps.
PACK = "vn-enforcement-2026-07"
# From which day a notice `n` is valid, null while that is not known. A receipt makes valid what was
# waiting for one; of several the earliest counts.
VALID_ON = """coalesce(n.valid_on, CASE WHEN n.channel IN ('BY_HAND', 'BY_POST', 'ABROAD') THEN
    (SELECT min(f.shown_on) FROM notice_proof f
      WHERE f.notice_id = n.id AND f.kind IN ('RECEIPT', 'MINUTES')) END)"""
# Of texts, in letters: a line, a paragraph.
LINE, PARAGRAPH = 300, 4_000


class Fault(NamedTuple):
    """One thing that is wrong: where (`parties.0.name`), a stable code, and what to do about it.

    `case.fault.CODE` in web/locales says it to people; `cure` says it in English to programs.
    """

    path: str
    code: str
    cure: str


class CaseError(AuctionError):
    """Something about a case or an asset cannot be done so; nothing was recorded.

    `path`, `code` and `cure` are those of the first of its `faults`.
    """

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__(" ".join(f"{one.path}: {one.cure}" if one.path else one.cure
                                  for one in self.faults))  # fmt: skip

    @property
    def path(self) -> str:
        return self.faults[0].path

    @property
    def code(self) -> str:
        return self.faults[0].code

    @property
    def cure(self) -> str:
        return self.faults[0].cure


def refused(code: str, cure: str, path: str = "") -> CaseError:
    """A refusal for one reason."""
    return CaseError(Fault(path, code, cure))


class Sealer(Protocol):
    """What seals personal data (`identity.vault.Vault`)."""

    def seal(self, data: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...


def of_party(case: int, what: str) -> str:
    """What a party's "name" or "contact" is sealed for."""
    return f"case/{case}/party.{what}"


def of_asset(asset: int, what: str) -> str:
    """What an asset's "seizure", "custody" or "file" is sealed for."""
    return f"asset/{asset}/{what}"


def of_proof(notice: int) -> str:
    """What the proof of a notice is sealed for."""
    return f"notice/{notice}/proof"


def dumped(value: Any) -> str:
    """`value` as it is sent to a jsonb column."""
    return orjson.dumps(value).decode()


def loaded(value: Any) -> Any:
    """What a jsonb column holds, however the connection gives it."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


class Asset(NamedTuple):
    """The row of an asset; `content` as the lot's page will show it."""

    id: int
    case_id: int
    agency_id: int
    reference: str | None
    kind: str
    movable: bool
    state: str
    content: dict[str, Any]
    organisation_id: int | None
    contract_id: int | None
    session_id: int | None
    lot_id: int | None
    version: int
    failures: int
    cuts: int
    previous_start_minor: int | None
    followed_seq: int
    created_at: datetime


_COLUMNS = ", ".join(Asset._fields)


async def locked(connection: Any, asset: int, states: Iterable[str] = ()) -> Asset:
    """The asset, held for the rest of the transaction, if it is in one of `states` (none: any).

    Raises CaseError UNKNOWN_ASSET, MOVED_ON.
    """
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM asset WHERE id = $1 FOR NO KEY UPDATE",  # noqa: S608
        asset,
    )
    if row is None:
        raise refused("UNKNOWN_ASSET", "There is no such asset.")
    found = as_asset(row)
    allowed = tuple(states)
    if allowed and found.state not in allowed:
        raise refused("MOVED_ON", f"The asset is {found.state}; this needs {' or '.join(allowed)}.")
    return found


def as_asset(row: Any) -> Asset:
    """An asset from its row."""
    return Asset(*(loaded(row[name]) if name == "content" else row[name] for name in Asset._fields))


async def assets_where(connection: Any, where: str, *given: Any) -> list[Asset]:
    """The assets that `where` (SQL of ours, never a reader's) asks for, by id."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM asset WHERE {where} ORDER BY id",  # noqa: S608
        *given,
    )
    return [as_asset(row) for row in rows]


async def noted(
    connection: Any,
    asset: int,
    account: int | None,
    kind: str,
    body: dict[str, Any] | None = None,
    reason: str | None = None,
) -> int:
    """Write an act into the asset's record, whose row the caller holds; returns its number."""
    return int(
        await connection.fetchval(
            "INSERT INTO asset_entry (asset_id, n, account_id, kind, reason, body)"
            " SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5::jsonb"
            " FROM asset_entry WHERE asset_id = $1 RETURNING n",
            asset, account, kind, reason or None, dumped(body or {}),
        )
    )  # fmt: skip


async def noted_of_case(
    connection: Any,
    case: int,
    account: int | None,
    kind: str,
    body: dict[str, Any] | None = None,
    reason: str | None = None,
) -> int:
    """The same for a case; holds the case's row, so that numbers do not collide."""
    await connection.fetchval(
        "SELECT 1 FROM enforcement_case WHERE id = $1 FOR NO KEY UPDATE", case
    )
    return int(
        await connection.fetchval(
            "INSERT INTO case_entry (case_id, n, account_id, kind, reason, body)"
            " SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5::jsonb"
            " FROM case_entry WHERE case_id = $1 RETURNING n",
            case, account, kind, reason or None, dumped(body or {}),
        )
    )  # fmt: skip


async def changed(connection: Any, asset: Asset, **columns: Any) -> None:
    """Write new values into columns of an asset that the caller holds; its version rises."""
    names = list(columns)
    if "content" in columns:
        columns["content"] = dumped(columns["content"])
    sets = "".join(
        f", {name} = ${n}{'::jsonb' if name == 'content' else ''}"
        for n, name in enumerate(names, 2)
    )
    await connection.execute(
        f"UPDATE asset SET version = version + 1{sets} WHERE id = $1",  # noqa: S608
        asset.id,
        *(columns[name] for name in names),
    )


def today(now: datetime) -> date:
    """The day on the wall of Vietnam."""
    return now.astimezone(ZONE).date()
