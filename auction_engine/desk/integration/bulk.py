"""Many cases and assets at once: the same checks and the same rows as one by one, all or nothing.

Cases are made by `desk.cases.assets.create_case`. Of assets there are thousands: they are read by
the same readers and written in few statements instead of twenty each; a test compares the rows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import asyncpg

from auction_engine.desk.cases import assets as single
from auction_engine.desk.cases import disclosing, papers, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import CaseError, Sealer
from auction_engine.desk.integration.casefile import Item, Read, Wrong
from auction_engine.errors import AuctionError

Progress = Callable[[int], Awaitable[None]]
_CHUNK = 250
# Bids wait while this process reads: it works for so long at most, then rests as long.
_WORK_S = 0.005
_ASSET = """
    INSERT INTO asset (id, case_id, agency_id, reference, kind, movable, content, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
"""
_ENTRY = """
    INSERT INTO asset_entry (asset_id, n, account_id, kind, body)
    VALUES ($1, $2, $3, $4, $5::jsonb)
"""
_DISCLOSURE = "INSERT INTO asset_disclosure (asset_id, n, body) VALUES ($1, 1, $2::jsonb)"
_VALUATION = """
    INSERT INTO asset_valuation (id, asset_id, amount_minor, currency, valued_on, expires_on,
           basis, document, valuer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class NotAll(AuctionError):
    """Something in the file is wrong; nothing of it was written."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(f"{len(wrong)} faults in the file.")
        self.wrong = wrong


class NewAsset(NamedTuple):
    """An asset as it was read."""

    case: int
    reference: str | None
    kind: str
    movable: bool
    content: dict[str, Any]
    told: dict[str, Any] | None
    worth: dict[str, Any] | None


class Gently:
    """Lets others work in between."""

    def __init__(self) -> None:
        self._since_s = time.monotonic()

    async def rest(self) -> None:
        """Sleep as long as was worked, when that was long."""
        worked_s = time.monotonic() - self._since_s
        if worked_s > _WORK_S:
            await asyncio.sleep(worked_s)
            self._since_s = time.monotonic()


async def write(
    connection: Any, vault: Sealer, whose: tuple[int, int], file: Read, progress: Progress
) -> None:
    """Write a whole file in the transaction of `connection`; `whose`: agency and account.

    Every case and asset is looked at, whatever is wrong with others. Raises NotAll with all faults:
    the caller rolls back. `progress` hears how many assets are done.
    """
    wrong = list(file.wrong) + await _taken(connection, whose[0], file)
    gently, done, chunk = Gently(), 0, list[NewAsset]()
    today = record.today(datetime.now(UTC))
    for case, assets in file.cases:
        number = await _case(connection, vault, whose, case, wrong)
        for asset in assets:
            made = read_asset(asset, number, today, wrong)
            if made is not None:
                chunk.append(made)
            done += 1
            await gently.rest()
            if done % _CHUNK == 0:
                # What will not be kept need not be written.
                if not wrong:
                    await _put(connection, whose, chunk, wrong)
                chunk = []
                await progress(done)
    if not wrong:
        await _put(connection, whose, chunk, wrong)
    if wrong:
        raise NotAll(sorted(wrong))


async def _case(
    connection: Any, vault: Sealer, whose: tuple[int, int], case: Item, wrong: list[Wrong]
) -> int:
    """The new case's number; 0 where something is wrong with it."""
    try:
        async with connection.transaction():
            return await single.create_case(connection, *whose, case.data, vault=vault)
    except CaseError as error:
        wrong += _faults(case, error)
        return 0


def _faults(item: Item, error: CaseError) -> Iterable[Wrong]:
    return [
        Wrong(item.row, f"{item.prefix}{fault.path}", fault.code, fault.cure)
        for fault in error.faults
    ]


def read_asset(item: Item, case: int, today: date, wrong: list[Wrong]) -> NewAsset | None:
    """An asset as `create_asset` reads it; None with its faults in `wrong`."""
    reader = Reader(item.data)
    kind, movable = single._kind(reader)
    content = single.describe(reader, kind)
    reference = reader.line("reference", needed=False, most=80) or None
    told = papers.read_disclosure(reader, movable) if reader.has("disclosure") else None
    worth = None
    if reader.has("valuation"):
        worth = papers.read_valuation(reader.part("valuation"), today)
    try:
        reader.done()
    except CaseError as error:
        wrong += _faults(item, error)
        return None
    return NewAsset(case, reference, kind, movable, content, told, worth)


async def _taken(connection: Any, agency: int, file: Read) -> list[Wrong]:
    """Case numbers and references that are in the file twice, or references already entered."""
    wrong, seen = [], dict[str, Item]()
    numbers = set[str]()
    for case, assets in file.cases:
        number = str(case.data.get("number") or "").strip()
        if number in numbers:
            cure = "This case is in the file twice; put its assets together."
            wrong.append(Wrong(case.row, f"{case.prefix}number", "TWICE", cure))
        numbers.add(number)
        for asset in assets:
            reference = asset.data.get("reference")
            if not isinstance(reference, str) or not reference.strip():
                continue
            if reference.strip() in seen:
                cure = "This reference is in the file twice; each asset has its own."
                wrong.append(Wrong(asset.row, f"{asset.prefix}reference", "TWICE", cure))
            seen.setdefault(reference.strip(), asset)
    rows = await connection.fetch(
        "SELECT reference FROM asset WHERE agency_id = $1 AND reference = ANY($2::text[])",
        agency, sorted(seen),
    )  # fmt: skip
    cure = "The agency has an asset of this reference already."
    for row in rows:
        item = seen[row["reference"]]
        wrong.append(Wrong(item.row, f"{item.prefix}reference", "REFERENCE_TAKEN", cure))
    return wrong


async def _put(
    connection: Any, whose: tuple[int, int], chunk: list[NewAsset], wrong: list[Wrong]
) -> None:
    """Write assets with everything that is told of them."""
    try:
        async with connection.transaction():
            await _rows(connection, whose, chunk)
    except asyncpg.UniqueViolationError:
        cure = "Somebody has just entered an asset of the same reference; look again."
        wrong.append(Wrong(1, "reference", "REFERENCE_TAKEN", cure))


async def _rows(connection: Any, whose: tuple[int, int], chunk: list[NewAsset]) -> None:
    agency, account = whose
    ids = await _numbers(connection, "asset", len(chunk))
    worths = iter(await _numbers(connection, "asset_valuation", sum(1 for a in chunk if a.worth)))
    rows: dict[str, list[tuple[Any, ...]]] = {
        _ASSET: [], _ENTRY: [], _DISCLOSURE: [], _VALUATION: []
    }  # fmt: skip
    for number, one in zip(ids, chunk, strict=True):
        content, entries = dict(one.content), [("entered", _entered(one))]
        if one.told is not None:
            content["disclosure"] = disclosing.lines(one.told, one.movable)
            entries.append(("disclosed", {"version": 1}))
            rows[_DISCLOSURE].append((number, record.dumped(one.told)))
        if one.worth is not None:
            worth = next(worths)
            content["currency"] = one.worth["currency"]
            content["starting_price_minor"] = one.worth["amount_minor"]
            entries.append(("valued", _valued(worth, one.worth)))
            rows[_VALUATION].append((worth, number, *_columns(one.worth)))
        rows[_ASSET].append(
            (number, one.case, agency, one.reference, one.kind, one.movable,
             record.dumped(content), len(entries))
        )  # fmt: skip
        rows[_ENTRY] += [
            (number, n, account, kind, record.dumped(body))
            for n, (kind, body) in enumerate(entries, 1)
        ]
    for query, values in rows.items():
        if values:
            await connection.executemany(query, values)


def _entered(one: NewAsset) -> dict[str, Any]:
    return {
        "kind": one.kind, "movable": one.movable, "title": one.content["title"],
        "reference": one.reference,
    }  # fmt: skip


def _valued(number: int, worth: dict[str, Any]) -> dict[str, Any]:
    expires = worth["expires_on"]
    return {
        "valuation": number, "amount_minor": worth["amount_minor"], "basis": worth["basis"],
        "expires_on": None if expires is None else expires.isoformat(), "replaces": None,
        "settles": [],
    }  # fmt: skip


def _columns(worth: dict[str, Any]) -> tuple[Any, ...]:
    names = (
        "amount_minor", "currency", "valued_on", "expires_on", "basis", "document", "valuer"
    )  # fmt: skip
    return tuple(worth[name] for name in names)


async def _numbers(connection: Any, table: str, count: int) -> list[int]:
    """So many new numbers of a table."""
    rows = await connection.fetch(
        f"SELECT nextval('{table}_id_seq') FROM generate_series(1, $1)",  # noqa: S608
        count,
    )
    return [row[0] for row in rows]
