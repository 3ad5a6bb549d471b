"""Many cases and assets at once: the same checks and the same rows as one by one, all or nothing.

What `checkfile` has read with the readers of `desk.cases` is written some at a time, each kind of
row in one statement; a test compares the rows with those that are made one by one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Sealer
from auction_engine.desk.integration.casefile import Wrong
from auction_engine.desk.integration.checkfile import Frame
from auction_engine.errors import AuctionError

Progress = Callable[[int, int], Awaitable[None]]
Row = dict[str, Any]
_CASES = """
    INSERT INTO enforcement_case (agency_id, created_by, number, title, judgment, decision,
           opened_on)
    SELECT $1::bigint, $2::bigint, *
      FROM unnest($3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::date[])
    ON CONFLICT ON CONSTRAINT enforcement_case_number DO NOTHING RETURNING number, id
"""
_WORTH = ("amount_minor", "currency", "valued_on", "expires_on", "basis", "document", "valuer")
_COLUMNS: dict[str, tuple[str, ...]] = {
    "case_entry": ("case_id", "n", "account_id", "kind", "body"),
    "case_party": (
        "case_id", "kind", "name", "contact", "rank", "claim_minor", "currency", "requested_on"
    ),
    "asset": (
        "id", "case_id", "agency_id", "reference", "kind", "movable", "content", "version"
    ),
    "asset_disclosure": ("asset_id", "n", "body"),
    "asset_valuation": ("id", "asset_id", *_WORTH),
    "asset_entry": ("asset_id", "n", "account_id", "kind", "body"),
}  # fmt: skip
_NUMBER_TAKEN = "The agency has a case of this number already."
_REFERENCE_TAKEN = "The agency has an asset of this reference already."


class Counted(NamedTuple):
    """How much is in a file, and how many faults."""

    cases: int = 0
    assets: int = 0
    wrong: int = 0


class NotAll(AuctionError):
    """Something in the file is wrong; nothing of it was written. `wrong` are the first faults."""

    def __init__(self, wrong: list[Wrong], counted: Counted) -> None:
        super().__init__(f"{counted.wrong} faults in the file.")
        self.wrong = wrong
        self.counted = counted


async def write(
    connection: Any, vault: Sealer, whose: tuple[int, int], frames: AsyncIterator[Frame],
    progress: Progress,
) -> Counted:  # fmt: skip
    """Write a whole file in the transaction of `connection`; `whose`: agency and account.

    Everything is looked at, whatever is wrong elsewhere. Raises NotAll: the caller rolls back.
    `progress` hears how many assets are done, and of how many.
    """
    wrong, counted, numbers = list[Wrong](), Counted(), dict[int, int]()
    async for frame in frames:
        if frame["t"] == "head":
            counted = Counted(frame["cases"], frame["assets"])
            wrong += await _taken(connection, whose[0], frame)
            await progress(0, counted.assets)
        elif frame["t"] == "some":
            if not wrong:
                await _put(connection, vault, whose, frame, numbers, wrong)
            await progress(frame["done"], counted.assets)
        elif wrong or frame["wrong"]:
            counted = counted._replace(wrong=frame["wrong"] + len(wrong))
            wrong += [Wrong(*fault) for fault in frame["faults"]]
            raise NotAll(sorted(wrong), counted)
    return counted


async def _taken(connection: Any, agency: int, head: Frame) -> list[Wrong]:
    """The case numbers and references of the file that the agency has entered before."""
    wrong = []
    for names, query, code, cure in (
        ("numbers", "SELECT number FROM enforcement_case WHERE agency_id = $1"
         " AND number = ANY($2::text[])", "NUMBER_TAKEN", _NUMBER_TAKEN),
        ("references", "SELECT reference FROM asset WHERE agency_id = $1"
         " AND reference = ANY($2::text[])", "REFERENCE_TAKEN", _REFERENCE_TAKEN),
    ):  # fmt: skip
        places = {said: (row, column) for said, row, column in head[names]}
        found = await connection.fetch(query, agency, list(places))
        wrong += [Wrong(*places[row[0]], code, cure) for row in found]
    return wrong


async def _put(
    connection: Any, vault: Sealer, whose: tuple[int, int], frame: Frame,
    numbers: dict[int, int], wrong: list[Wrong],
) -> None:  # fmt: skip
    """Write some cases and assets with everything that is told of them.

    `numbers` are those of the cases by their places in the file; more come in.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
    try:
        async with connection.transaction():
            if frame["cases"]:
                await _cases(connection, vault, whose, frame["cases"], numbers, rows, wrong)
            if wrong:
                return
            if frame["assets"]:
                await _assets(connection, whose, frame["assets"], numbers, rows)
            for table, columns in _COLUMNS.items():
                if rows[table]:
                    await connection.copy_records_to_table(
                        table, records=rows[table], columns=columns
                    )
    except asyncpg.UniqueViolationError:
        cure = "Somebody has just entered an asset of the same reference; look again."
        wrong.append(Wrong(1, "reference", "REFERENCE_TAKEN", cure))


async def _cases(
    connection: Any, vault: Sealer, whose: tuple[int, int], cases: list[Row],
    numbers: dict[int, int], rows: dict[str, list[tuple[Any, ...]]], wrong: list[Wrong],
) -> None:  # fmt: skip
    made = dict(
        await connection.fetch(
            _CASES, *whose, [one["number"] for one in cases], [one["title"] for one in cases],
            [one["judgment"] for one in cases], [one["decision"] for one in cases],
            [_day(one["opened_on"]) for one in cases],
        )
    )  # fmt: skip
    for one in cases:
        number = made.get(one["number"])
        if number is None:  # somebody was quicker
            row, column = one["place"]
            wrong.append(Wrong(row, column, "NUMBER_TAKEN", _NUMBER_TAKEN))
            continue
        numbers[one["n"]] = number
        body = record.dumped({"number": one["number"]})
        rows["case_entry"].append((number, 1, whose[1], "opened", body))
        for party in one["parties"]:
            name = vault.seal(party["name"].encode(), record.of_party(number, "name"))
            contact = party["contact"]
            if contact is not None:
                contact = vault.seal(contact.encode(), record.of_party(number, "contact"))
            rows["case_party"].append(
                (number, party["kind"], name, contact, party["rank"], party["claim_minor"],
                 party["currency"], _day(party["requested_on"]))
            )  # fmt: skip


async def _assets(
    connection: Any, whose: tuple[int, int], assets: list[Row], numbers: dict[int, int],
    rows: dict[str, list[tuple[Any, ...]]],
) -> None:  # fmt: skip
    agency, account = whose
    ids = await _numbers(connection, "asset", len(assets))
    valued = sum(1 for one in assets if one["valuation"])
    worths = iter(await _numbers(connection, "asset_valuation", valued))
    for number, one in zip(ids, assets, strict=True):
        entries = [("entered", one["entered"])]
        if one["disclosure"] is not None:
            entries.append(("disclosed", '{"version":1}'))
            rows["asset_disclosure"].append((number, 1, one["disclosure"]))
        if (worth := one["valuation"]) is not None:
            made = next(worths)
            entries.append(("valued", _valued(made, worth)))
            days = {name: _day(worth[name]) for name in ("valued_on", "expires_on")}
            values = worth | days
            rows["asset_valuation"].append((made, number, *(values[name] for name in _WORTH)))
        rows["asset"].append(
            (number, numbers[one["case"]], agency, one["reference"], one["kind"], one["movable"],
             one["content"], len(entries))
        )  # fmt: skip
        rows["asset_entry"] += [
            (number, n, account, kind, body) for n, (kind, body) in enumerate(entries, 1)
        ]


def _valued(number: int, worth: Row) -> str:
    """What the record says of a first valuation."""
    body = {
        "valuation": number, "amount_minor": worth["amount_minor"], "basis": worth["basis"],
        "expires_on": worth["expires_on"], "replaces": None, "settles": [],
    }  # fmt: skip
    return orjson.dumps(body).decode()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def _numbers(connection: Any, table: str, count: int) -> list[int]:
    """So many new numbers of a table."""
    rows = await connection.fetch(
        f"SELECT nextval('{table}_id_seq') FROM generate_series(1, $1)",  # noqa: S608
        count,
    )
    return [row[0] for row in rows]
