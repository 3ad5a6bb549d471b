"""Which columns hold sealed values, and the context each row's value is sealed in.

Columns say so themselves (`ledger.schema_people.sealed`), so no list can forget one.
"""

import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from auction_engine.ledger.schema import Base


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column; `context` names columns of the same row."""

    table: Table
    column: str
    context: str

    @property
    def needs(self) -> list[str]:
        """The columns its context names."""
        return [name for _, name, _, _ in string.Formatter().parse(self.context) if name]

    @property
    def key(self) -> list[str]:
        """The columns of the table's primary key."""
        return [column.name for column in self.table.primary_key.columns]

    def context_of(self, row: Mapping[str, Any]) -> str:
        """The context of one row's value."""
        return self.context.format(**{name: _plain(row[name]) for name in self.needs})


def all_columns() -> list[SealedColumn]:
    """Every sealed column of every table, by name."""
    return [
        SealedColumn(table, column.name, column.info["sealed"])
        for table in sorted(Base.metadata.tables.values(), key=lambda one: one.name)
        for column in table.columns
        if "sealed" in column.info
    ]


def of_table(table: Table) -> dict[str, SealedColumn]:
    """The sealed columns of one table."""
    return {one.column: one for one in all_columns() if one.table is table}


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, uuid.UUID | int | str):
        return str(value)
    raise TypeError(type(value).__name__)
