"""After a new key: seal again, with it, what older keys had sealed.

Row by row in batches, each its own transaction, along the primary key; what is done is done, so it
may be interrupted and begun again at any time, with the program running.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import asyncpg

from auction_engine.identity.sealing_columns import SealedColumn, all_columns
from auction_engine.identity.vault import Vault, VaultError

BATCH = 200
_ID_FROM, _ID_BYTES = 2, 8  # substring() counts from one, and the first byte is the format's


class Count(NamedTuple):
    """How many values of a column a key has sealed."""

    column: str
    key: bytes
    values: int


class Resealed(NamedTuple):
    """How far a column is: values sealed again, values that did not open."""

    column: str
    done: int
    lost: int


async def counts(connection: Any) -> list[Count]:
    """For each column and key the number of values."""
    found = []
    for one in all_columns():
        rows = await connection.fetch(
            f"SELECT substring({_q(one.column)} FROM {_ID_FROM} FOR {_ID_BYTES}) AS key,"  # noqa: S608
            f" count(*) AS n FROM {_q(one.table.name)} WHERE {_q(one.column)} IS NOT NULL"
            " GROUP BY 1 ORDER BY 1"
        )
        name = f"{one.table.name}.{one.column}"
        found += [Count(name, bytes(row["key"]), row["n"]) for row in rows]
    return found


async def reseal(
    connection: Any, vault: Vault, tell: Callable[[Resealed], None] = lambda _: None
) -> list[Resealed]:
    """Seal everything again that another key than the active one has sealed.

    `tell` hears of each batch. A value that does not open stays as it is and is counted as lost.
    """
    results = []
    for one in all_columns():
        done = lost = 0
        async for did, could_not in _column(connection, vault, one):
            done, lost = done + did, lost + could_not
            tell(Resealed(f"{one.table.name}.{one.column}", did, could_not))
        results.append(Resealed(f"{one.table.name}.{one.column}", done, lost))
    return results


async def _column(
    connection: Any, vault: Vault, one: SealedColumn
) -> AsyncIterator[tuple[int, int]]:
    """Batches of one column: (sealed again, did not open) each."""
    names = ", ".join(_q(name) for name in dict.fromkeys([*one.key, *one.needs, one.column]))
    keys = ", ".join(_q(name) for name in one.key)
    after: tuple[Any, ...] | None = None
    while True:
        places = ", ".join(f"${n}" for n in range(2, 2 + len(one.key)))
        where = "" if after is None else f" AND ({keys}) > ({places})"
        async with connection.transaction():
            rows = await connection.fetch(
                f"SELECT {names} FROM {_q(one.table.name)}"  # noqa: S608 - names of our own schema
                f" WHERE {_q(one.column)} IS NOT NULL AND"
                f" substring({_q(one.column)} FROM {_ID_FROM} FOR {_ID_BYTES}) <> $1{where}"
                f" ORDER BY {keys} LIMIT {BATCH} FOR UPDATE",
                vault.active,
                *(after or ()),
            )
            if not rows:
                return
            done = lost = 0
            for row in rows:
                if await _row(connection, vault, one, row):
                    done += 1
                else:
                    lost += 1
        after = tuple(rows[-1][name] for name in one.key)
        yield done, lost


async def _row(connection: Any, vault: Vault, one: SealedColumn, row: asyncpg.Record) -> bool:
    context = one.context_of(row)
    try:
        data = vault.open(row[one.column], context)
    except VaultError:
        return False
    which = " AND ".join(f"{_q(name)} = ${n}" for n, name in enumerate(one.key, 2))
    await connection.execute(
        f"UPDATE {_q(one.table.name)} SET {_q(one.column)} = $1 WHERE {which}",  # noqa: S608
        vault.seal(data, context),
        *(row[name] for name in one.key),
    )
    return True


def _q(name: str) -> str:
    assert '"' not in name
    return f'"{name}"'
