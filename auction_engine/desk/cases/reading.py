"""Reading cases and assets for pages and the API."""

from datetime import date, datetime
from typing import Any, NamedTuple

from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Sealer

_PAGE = 50


class Line(NamedTuple):
    """A case in the list. `states`: how many of its assets are in each state."""

    id: int
    number: str
    title: dict[str, str]
    opened_on: date
    state: str
    states: dict[str, int]


class Case(NamedTuple):
    """A case as its agency reads it."""

    id: int
    agency_id: int
    number: str
    title: dict[str, str]
    judgment: dict[str, Any]
    decision: dict[str, Any]
    opened_on: date
    state: str


class Entry(NamedTuple):
    """Who did what, when and why; `who` None is the program."""

    n: int
    at: datetime
    who: str | None
    kind: str
    reason: str | None
    body: dict[str, Any]


async def cases(
    connection: Any, agency: int, search: str = "", state: str = "", page: int = 0
) -> list[Line]:
    """A page of an agency's cases, the newest first; one more than a page where others follow."""
    rows = await connection.fetch(
        "SELECT c.id, c.number, c.title, c.opened_on, c.state,"
        " coalesce((SELECT jsonb_object_agg(s.state, s.n) FROM (SELECT a.state, count(*) AS n"
        " FROM asset a WHERE a.case_id = c.id GROUP BY a.state) s), '{}') AS states"
        " FROM enforcement_case c WHERE c.agency_id = $1"
        " AND ($2 = '' OR strpos(lower(c.number || ' ' || c.title::text), lower($2)) > 0)"
        " AND ($3 = '' OR EXISTS (SELECT FROM asset a WHERE a.case_id = c.id AND a.state = $3))"
        " ORDER BY c.id DESC LIMIT $4 OFFSET $5",
        agency, search, state, _PAGE + 1, page * _PAGE,
    )  # fmt: skip
    return [
        Line(row["id"], row["number"], record.loaded(row["title"]), row["opened_on"], row["state"],
             record.loaded(row["states"]))
        for row in rows
    ]  # fmt: skip


async def case(connection: Any, number: int) -> Case | None:
    """One case."""
    row = await connection.fetchrow(
        "SELECT id, agency_id, number, title, judgment, decision, opened_on, state"
        " FROM enforcement_case WHERE id = $1",
        number,
    )
    if row is None:
        return None
    texts = ("title", "judgment", "decision")
    return Case(
        *(record.loaded(row[name]) if name in texts else row[name] for name in Case._fields)
    )


async def ready(connection: Any, agency: int) -> list[record.Asset]:
    """The agency's assets that may be offered."""
    return await record.assets_where(connection, "agency_id = $1 AND state = 'READY'", agency)


async def history(connection: Any, table: str, of: str, number: int) -> list[Entry]:
    """The record of a case or an asset, the newest first."""
    assert (table, of) in (("asset_entry", "asset_id"), ("case_entry", "case_id"))
    rows = await connection.fetch(
        f"SELECT e.n, e.at, p.name, e.kind, e.reason, e.body FROM {table} e"  # noqa: S608
        f" LEFT JOIN account p ON p.id = e.account_id WHERE e.{of} = $1"
        " ORDER BY e.n DESC LIMIT 200",
        number,
    )
    return [
        Entry(row["n"], row["at"], row["name"], row["kind"], row["reason"],
              record.loaded(row["body"]))
        for row in rows
    ]  # fmt: skip


async def papers(connection: Any, vault: Sealer, asset: int) -> dict[str, Any]:
    """The last record of seizure, valuation and custody of an asset, None where there is none."""
    found: dict[str, Any] = {}
    for name in ("seizure", "valuation", "custody"):
        row = await connection.fetchrow(
            f"SELECT * FROM asset_{name} WHERE asset_id = $1 ORDER BY id DESC LIMIT 1",  # noqa: S608
            asset,
        )
        found[name] = None if row is None else dict(row)
    for name, column in (("seizure", "people"), ("custody", "keeper")):
        if found[name] is not None:
            context = record.of_asset(asset, name)
            found[name][column] = vault.open(bytes(found[name][column]), context).decode()
    if found["seizure"] is not None:
        found["seizure"]["found"] = record.loaded(found["seizure"]["found"])
    return found


async def organisations(connection: Any) -> list[tuple[int, dict[str, str]]]:
    """The organisations an agency may choose from, by name."""
    rows = await connection.fetch(
        "SELECT id, name FROM body WHERE kind = 'ORGANISATION' ORDER BY name ->> 'vi'"
    )
    return [(row["id"], record.loaded(row["name"])) for row in rows]


async def lot_of(connection: Any, lot: int | None) -> dict[str, Any] | None:
    """Where an asset's lot stands: status, price, the days of its auction."""
    if lot is None:
        return None
    row = await connection.fetchrow(
        "SELECT lot_id, status, price_minor, accepted, due_ms, end_ms FROM lot_head"
        " WHERE lot_id = $1",
        lot,
    )
    return None if row is None else dict(row)
