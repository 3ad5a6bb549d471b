"""The papers of a seized asset: record of seizure, valuation, disclosure, custody.

Each is a new row beside the older ones, and the last counts; the very same again is no new one.
What the public will read of them goes into the asset's content at once, until the asset is in a
lot: from then on a change is a notice of the lot (`desk.search.notices`).
"""

from datetime import UTC, date, datetime
from typing import Any

import orjson

from auction_engine.desk.cases import disclosing, record
from auction_engine.desk.cases.checks import Reader
from auction_engine.desk.cases.record import Asset, Sealer, refused

BASES = ("AGREED", "FIRM", "COUNCIL", "OFFICER")
CUSTODY = ("AGENCY", "WAREHOUSE", "DEBTOR", "RELATIVE", "OTHER")
# While an asset can still be described by its agency alone.
OWN_STATES = ("PREPARING", "READY")
# And while its papers can still be added to, before the public has read them.
BEFORE_LOT = ("PREPARING", "READY", "OFFERED", "TAKEN", "FAILED", "WITHDRAWN")


def _today() -> date:
    return record.today(datetime.now(UTC))


def read_disclosure(reader: Reader, movable: bool) -> dict[str, Any]:
    """The answers of `disclosure` in the data of `reader`."""
    return disclosing.read(reader.part("disclosure"), movable)


def read_valuation(reader: Reader, today: date) -> dict[str, Any]:
    """A valuation: amount_minor, valued_on, expires_on, basis, document, valuer.

    A firm's certificate has a day until which it holds (Law 106/2025 Art. 82); what the parties
    agree on has one if they say so.
    """
    basis = reader.one_of("basis", BASES)
    valued = reader.past_day("valued_on", today)
    expires = reader.day("expires_on", needed=basis == "FIRM")
    if valued is not None and expires is not None and expires < valued:
        reader.fault("expires_on", "ENDS_BEFORE", "It cannot end before it was made.")
    return {
        "amount_minor": reader.amount("amount_minor"),
        "currency": reader.currency(),
        "valued_on": valued,
        "expires_on": expires,
        "basis": basis,
        "document": reader.line("document"),
        "valuer": reader.line("valuer", needed=basis in ("FIRM", "COUNCIL")) or None,
    }


async def seize(
    connection: Any, vault: Sealer, asset: int, account: int, data: Any, today: date | None = None
) -> int:
    """Enter the record of seizure: number, seized_on, place, found {vi, en}, people.

    `people` are who was there, in words. The same again is the first. Raises CaseError.
    """
    reader = Reader(data)
    seized = reader.past_day("seized_on", today or _today())
    row = (
        reader.line("number"),
        seized,
        reader.line("place"),
        reader.words("found", most=2_000),
        reader.paragraph("people"),
    )
    reader.done()
    await record.locked(connection, asset, BEFORE_LOT)
    last = await _last(connection, vault, asset, "seizure", "people")
    if last is not None and row == (
        last["number"], last["seized_on"], last["place"], record.loaded(last["found"]),
        last["people"],
    ):  # fmt: skip
        return int(last["id"])
    number, _, place, found, people = row
    made = await connection.fetchval(
        "INSERT INTO asset_seizure (asset_id, number, seized_on, place, found, people)"
        " VALUES ($1, $2, $3, $4, $5::jsonb, $6) RETURNING id",
        asset, number, seized, place, record.dumped(found),
        vault.seal(people.encode(), record.of_asset(asset, "seizure")),
    )  # fmt: skip
    body = {"seizure": made, "number": number, "seized_on": _iso(seized)}
    await record.noted(connection, asset, account, "seized", body)
    return int(made)


async def _last(
    connection: Any, vault: Sealer, asset: int, name: str, sealed: str
) -> dict[str, Any] | None:
    """The paper that counts, its `sealed` column opened; None before the first."""
    row = await connection.fetchrow(
        f"SELECT * FROM asset_{name} WHERE asset_id = $1 ORDER BY id DESC LIMIT 1",  # noqa: S608
        asset,
    )
    if row is None:
        return None
    opened = vault.open(bytes(row[sealed]), record.of_asset(asset, name)).decode()
    return {**row, sealed: opened}


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def value(
    connection: Any, asset: int, account: int, data: Any, today: date | None = None
) -> int:
    """Enter a valuation; it becomes the starting price (Law 106/2025 Art. 82(4)).

    A further one replaces the last and settles the requests that asked for it. Raises CaseError.
    """
    reader = Reader(data)
    worth = read_valuation(reader, today or _today())
    reader.done()
    found = await record.locked(connection, asset, BEFORE_LOT)
    if found.failures:
        raise refused(
            "PRICE_IS_CUT", "After an auction the price is cut from its starting price, not valued."
        )
    return await write_valuation(connection, asset, account, worth)


async def write_valuation(connection: Any, asset: int, account: int, worth: dict[str, Any]) -> int:
    """Write what `read_valuation` read, of an asset that the caller holds.

    The same again is the first, unless somebody has asked for another meanwhile.
    """
    found = await record.locked(connection, asset)
    last = await connection.fetchrow(
        "SELECT *, EXISTS (SELECT FROM asset_revaluation q WHERE q.asset_id = $1"
        " AND q.state = 'PENDING') AS asked"
        " FROM asset_valuation WHERE asset_id = $1 ORDER BY id DESC LIMIT 1",
        asset,
    )
    if last is not None and not last["asked"] and all(last[name] == worth[name] for name in worth):
        return int(last["id"])
    before = None if last is None else last["id"]
    made = int(
        await connection.fetchval(
            "INSERT INTO asset_valuation (asset_id, amount_minor, currency, valued_on, expires_on,"
            " basis, document, valuer, replaces) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " RETURNING id",
            asset, worth["amount_minor"], worth["currency"], worth["valued_on"],
            worth["expires_on"], worth["basis"], worth["document"], worth["valuer"], before,
        )
    )  # fmt: skip
    settled = await connection.fetch(
        "UPDATE asset_revaluation SET state = 'REVALUED', settled_at = now()"
        " WHERE asset_id = $1 AND state = 'PENDING' RETURNING id",
        asset,
    )
    content = {
        **found.content,
        "currency": worth["currency"],
        "starting_price_minor": worth["amount_minor"],
    }
    await record.changed(connection, found, content=content)
    body = {
        "valuation": made, "amount_minor": worth["amount_minor"], "basis": worth["basis"],
        "expires_on": _iso(worth["expires_on"]), "replaces": before,
        "settles": [row["id"] for row in settled],
    }  # fmt: skip
    await record.noted(connection, asset, account, "valued", body)
    return made


async def disclose(connection: Any, asset: int, account: int, data: Any) -> int:
    """Answer what a buyer must know; the same answers again are nothing new. Raises CaseError.

    Returns the number of the version that holds.
    """
    found = await record.locked(connection, asset, BEFORE_LOT)
    reader = Reader({"disclosure": data})
    told = read_disclosure(reader, found.movable)
    reader.done()
    return await write_disclosure(connection, asset, account, told)


async def write_disclosure(connection: Any, asset: int, account: int, told: dict[str, Any]) -> int:
    """Write what `read_disclosure` read."""
    found = await record.locked(connection, asset)
    n, last = await disclosed(connection, asset)
    if last == told:
        return n
    await connection.execute(
        "INSERT INTO asset_disclosure (asset_id, n, body) VALUES ($1, $2, $3::jsonb)",
        asset,
        n + 1,
        record.dumped(told),
    )
    content = {**found.content, "disclosure": disclosing.lines(told, found.movable)}
    await record.changed(connection, found, content=content)
    await record.noted(connection, asset, account, "disclosed", {"version": n + 1})
    return n + 1


async def disclosed(connection: Any, asset: int) -> tuple[int, dict[str, Any] | None]:
    """The last version of the disclosure and its number; 0 and None before the first."""
    row = await connection.fetchrow(
        "SELECT n, body FROM asset_disclosure WHERE asset_id = $1 ORDER BY n DESC LIMIT 1", asset
    )
    return (0, None) if row is None else (row["n"], record.loaded(row["body"]))


async def keep(
    connection: Any, vault: Sealer, asset: int, account: int, data: Any, today: date | None = None
) -> int:
    """Say who keeps a movable from now on: how, keeper, place, since, condition. Raises CaseError.

    Custody changes until the thing is delivered, so any state will do.
    """
    found = await record.locked(connection, asset)
    if not found.movable:
        raise refused("NOT_MOVABLE", "Custody is for movables.")
    reader = Reader(data)
    how = reader.one_of("how", CUSTODY)
    since = reader.past_day("since", today or _today())
    keeper, place = reader.line("keeper"), reader.line("place")
    condition = reader.paragraph("condition")
    reader.done()
    last = await _last(connection, vault, asset, "custody", "keeper")
    if last is not None and (how, keeper, place, since, condition) == tuple(
        last[name] for name in ("how", "keeper", "place", "since", "condition")
    ):
        return int(last["id"])
    made = await connection.fetchval(
        "INSERT INTO asset_custody (asset_id, how, keeper, place, since, condition)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        asset, how, vault.seal(keeper.encode(), record.of_asset(asset, "custody")), place, since,
        condition,
    )  # fmt: skip
    body = {"custody": made, "how": how, "since": _iso(since)}
    await record.noted(connection, asset, account, "kept", body)
    return int(made)


async def redescribe(connection: Any, found: Asset, account: int, content: dict[str, Any]) -> None:
    """Change the description of an asset that the caller holds; what follows from papers stays."""
    derived: dict[str, Any] = {
        name: found.content[name]
        for name in ("disclosure", "documents", "photos", "starting_price_minor")
        if name in found.content
    }
    content = {**content, **derived}
    if orjson.dumps(content) == orjson.dumps(found.content):
        return
    await record.changed(connection, found, content=content)
    await record.noted(connection, found.id, account, "described", {"title": content["title"]})
