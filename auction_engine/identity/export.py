"""Everything there is about a person, for that person (Law 91/2025 on personal data).

Follows `inventory`: the rows of each place, sealed values opened, secrets and other people's data
left out. Files come as they were handed in.
"""

import base64
import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auction_engine.identity import traces
from auction_engine.identity.inventory import PLACES, Place
from auction_engine.identity.sealing_columns import of_table
from auction_engine.identity.vault import Vault, VaultError
from auction_engine.ledger.schema import Account, Base

FORMAT = 1
_ACCOUNT = ("id", "login", "name", "role", "state", "created_at")


class Export(NamedTuple):
    """`tables` maps a table's name to rows; `files` a name inside the archive to contents."""

    account: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]]
    files: dict[str, bytes]

    def document(self) -> bytes:
        """The JSON of it."""
        value = {"format": FORMAT, "account": self.account, "tables": self.tables}
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)

    def archive(self) -> bytes:
        """A ZIP of the JSON and of all files."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("account.json", self.document())
            for name, body in self.files.items():
                archive.writestr(name, body)
        return buffer.getvalue()


async def everything(connection: AsyncConnection, vault: Vault, account: int) -> Export:
    """All that is kept about `account`, read in one transaction."""
    found = await connection.execute(
        select(*(getattr(Account, name) for name in _ACCOUNT)).where(Account.id == account)
    )
    export = Export({k: _plain(v) for k, v in found.mappings().one().items()}, {}, {})
    for place in PLACES:
        if place.export:
            await _read(connection, vault, export, place, account)
    if shown := await traces.by_warrant(connection, account):
        export.tables["warrant_reading"] = [
            {"at": _plain(at), "reader": role, "lot_id": lot} for at, role, lot in shown
        ]
    return export


async def _read(
    connection: AsyncConnection, vault: Vault, export: Export, place: Place, account: int
) -> None:
    table = Base.metadata.tables[place.table]
    rows = await connection.execute(select(table).where(table.c[place.column] == account))
    parents = list(rows.mappings())
    _add(export, vault, table, parents, (*place.left_out, place.column))
    for child_name, child_column, column in place.through:
        child = Base.metadata.tables[child_name]
        ids = [row[column] for row in parents]
        if ids:
            rows = await connection.execute(select(child).where(child.c[child_column].in_(ids)))
            # Who of the house did something is the house's; that it was done is the person's.
            _add(export, vault, child, list(rows.mappings()), ("account_id", "token_hash"))


def _add(
    export: Export, vault: Vault, table: Table, rows: list[Any], left_out: tuple[str, ...]
) -> None:
    sealed = of_table(table)
    into = export.tables.setdefault(str(table.name), [])
    for n, row in enumerate(rows):
        shown: dict[str, Any] = {}
        for name, value in row.items():
            if name in left_out:
                continue
            if name in sealed and value is not None:
                try:
                    value = vault.open(value, sealed[name].context_of(row))
                except VaultError:
                    shown[name] = None
                    continue
            shown[name] = _shown(export, f"{table.name}/{n}-{name}", row, value)
        into.append(shown)


def _shown(export: Export, name: str, row: Mapping[str, Any], value: Any) -> Any:
    """A value as JSON; bytes of a file go into the archive, other bytes are text if they can be."""
    if not isinstance(value, bytes):
        return _plain(value)
    if "media_type" in row and name.endswith(("-sealed", "-body")):
        export.files[name] = value
        return {"file": name}
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
    if text[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            pass
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
