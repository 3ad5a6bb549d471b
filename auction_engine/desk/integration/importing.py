"""Imports: a file is taken, looked at whole, and written when somebody has said yes.

Looking is writing and taking back: nothing but what the ledger says decides whether it will fit. A
task of every gateway does both, one file at a time; what a process that died had begun is begun
again. The file is sealed, and gone as soon as it is of no use.
"""

import asyncio
import time
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.cases import record
from auction_engine.desk.integration import apart, bulk
from auction_engine.desk.integration.bulk import Counted, NotAll, Progress
from auction_engine.desk.integration.casefile import Wrong
from auction_engine.desk.integration.checkfile import MOST_LISTED
from auction_engine.desk.looking import look_on
from auction_engine.identity.vault import Vault

FORMS = ("csv", "json")
# "import" in a telephone's letters.
LOCK = 467_678_001
# How often those who watch hear how far it is.
_TELL_S = 0.3
_LOOK_S = 0.5
_KEPT_DAYS = 7
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_DUE = """
    SELECT id, agency_id, account_id, confirmed_by, format, file, state FROM case_import
     WHERE state IN ('UPLOADED', 'CHECKING', 'CONFIRMED') ORDER BY id LIMIT 1
"""
_MOVE = """
    UPDATE case_import SET state = $2, total = $3, done = $4, cases = $5, assets = $6, wrong = $7,
           errors = $8::jsonb, moved_at = now(), file = CASE WHEN $9 THEN file END
     WHERE id = $1 AND state = $10
"""
_COLUMNS = """
    id, filename, format, state, total, done, cases, assets, wrong, created_at, confirmed_at
"""
_log = structlog.get_logger(__name__)


class Upload(NamedTuple):
    """A file handed in. `key` is the form's: the same one sent twice is one import."""

    key: UUID
    filename: str
    form: str
    body: bytes


def context(number: int) -> str:
    """What an import's file is sealed for."""
    return f"case_import.file:{number}"


async def take(connection: Any, vault: Vault, whose: tuple[int, int], upload: Upload) -> int:
    """Keep a file to be looked at; returns the import's number. `whose`: agency and account."""
    agency, account = whose
    number = await connection.fetchval("SELECT nextval('case_import_id_seq')")
    sealed = await asyncio.to_thread(vault.seal, upload.body, context(number))
    found = await asyncio.to_thread(sha256, upload.body)
    made = await connection.fetchval(
        "INSERT INTO case_import (id, key, agency_id, account_id, filename, format, sha256, file)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (agency_id, key) DO NOTHING"
        " RETURNING id",
        number, upload.key, agency, account, upload.filename[:200], upload.form,
        found.digest(), sealed,
    )  # fmt: skip
    if made is not None:
        return int(made)
    return int(
        await connection.fetchval(
            "SELECT id FROM case_import WHERE agency_id = $1 AND key = $2", agency, upload.key
        )
    )


async def of_agency(connection: Any, agency: int) -> list[dict[str, Any]]:
    """An agency's imports, newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM case_import WHERE agency_id = $1"  # noqa: S608
        " ORDER BY id DESC LIMIT 50",
        agency,
    )
    return [dict(row) for row in rows]


async def one(connection: Any, number: int) -> dict[str, Any] | None:
    """One import, with its faults."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS}, errors FROM case_import WHERE id = $1",  # noqa: S608
        number,
    )
    if row is None:
        return None
    errors = [Wrong(*fault) for fault in orjson.loads(row["errors"])]
    return dict(row) | {"errors": errors}


async def confirm(connection: Any, number: int, account: int) -> str | None:
    """Have it written; again is nothing more. Its state, None where it cannot be confirmed."""
    state = await connection.fetchval(
        "UPDATE case_import SET state = 'CONFIRMED', confirmed_by = $2, confirmed_at = now(),"
        " moved_at = now(), done = 0 WHERE id = $1 AND state = 'READY' RETURNING state",
        number, account,
    )  # fmt: skip
    if state is None:
        state = await connection.fetchval("SELECT state FROM case_import WHERE id = $1", number)
    return state if state in ("CONFIRMED", "IMPORTED") else None


async def give_up(connection: Any, number: int) -> bool:
    """Throw the file away unless it is being or has been written. Whether it is given up."""
    return (
        await connection.fetchval(
            "UPDATE case_import SET state = 'GIVEN_UP', file = NULL, moved_at = now()"
            " WHERE id = $1 AND state IN ('UPLOADED', 'WRONG', 'READY', 'FAILED', 'GIVEN_UP')"
            " RETURNING id",
            number,
        )
    ) is not None


class Importer:
    """Looks at files and writes them for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, vault: Vault, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._vault = vault
        self._look_s = look_s

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        # A long file is no reason to let the next one wait: what is not there takes no time.
        await look_on(self._database_url, self.look, self._look_s, _PASSING, "imports", rest=0)

    async def look(self, connection: Any) -> int:
        """Do what is to be done, unless somebody is at it. How many files."""
        done = 0
        if not await connection.fetchval(f"SELECT EXISTS ({_DUE})"):
            return done
        try:
            async with exclusive.alone(connection, LOCK, 0):
                await connection.execute(
                    "UPDATE case_import SET state = 'GIVEN_UP', file = NULL WHERE file IS NOT NULL"
                    " AND state IN ('WRONG', 'READY', 'FAILED')"
                    " AND moved_at < now() - make_interval(days => $1)",
                    _KEPT_DAYS,
                )
                while (row := await connection.fetchrow(_DUE)) is not None:
                    await self._do(connection, row)
                    done += 1
        except exclusive.Busy:
            pass
        return done

    async def _do(self, connection: Any, row: Any) -> None:
        number, state = row["id"], row["state"]
        if state == "UPLOADED":
            taken = await connection.fetchval(
                "UPDATE case_import SET state = 'CHECKING' WHERE id = $1 AND state = 'UPLOADED'"
                " RETURNING state", number,
            )  # fmt: skip
            if taken is None:
                return  # given up in between
            state = taken
        try:
            body = await asyncio.to_thread(self._vault.open, row["file"], context(number))
            await self._write(connection, row, state, body)
        except NotAll as fault:
            await _move(connection, number, state, "WRONG", fault.counted, fault.wrong)
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
            raise
        except Exception:
            # Whatever it is, it is this file's: the others must not wait behind it.
            _log.exception("import_failed", number=number)
            await _move(connection, number, state, "FAILED", Counted(), [])

    async def _write(self, connection: Any, row: Any, state: str, body: bytes) -> None:
        """Write everything, and take it back unless it was confirmed."""
        number, whose = row["id"], (row["agency_id"], row["confirmed_by"] or row["account_id"])
        today = record.today(datetime.now(UTC))
        async with (
            exclusive.connected(self._database_url) as beside,
            apart.checked(row["format"], body, today) as frames,
        ):
            transaction = connection.transaction()
            await transaction.start()
            try:
                counted = await bulk.write(
                    connection, self._vault, whose, frames, _telling(beside, number)
                )
                if state == "CONFIRMED":
                    await _move(connection, number, state, "IMPORTED", counted, [])
                    await transaction.commit()
                    return
            except BaseException:
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            await transaction.rollback()
        await _move(connection, number, state, "READY", counted, [])


def _telling(beside: Any, number: int) -> Progress:
    """Tells how far it is, beside the transaction: what is in that nobody sees before its end."""
    next_s = 0.0

    async def tell(done: int, total: int) -> None:
        nonlocal next_s
        if done < total and time.monotonic() < next_s:
            return
        await beside.execute(
            "UPDATE case_import SET total = $2, done = $3, moved_at = now() WHERE id = $1",
            number, total, done,
        )  # fmt: skip
        next_s = time.monotonic() + _TELL_S

    return tell


async def _move(
    connection: Any, number: int, before: str, state: str, counted: Counted, wrong: list[Wrong]
) -> None:
    """To another state, with what was found."""
    kept = orjson.dumps([list(fault) for fault in wrong[:MOST_LISTED]]).decode()
    await connection.execute(
        _MOVE, number, state, counted.assets, counted.assets, counted.cases, counted.assets,
        counted.wrong, kept, state in ("READY", "WRONG"), before,
    )  # fmt: skip
