"""Checkpoints: where every lot's chain and the money's seals stood at one moment, in a file kept
elsewhere.

A chain shows that nothing inside it was changed, but not that its end was not cut off, nor that
it was not written anew as a whole. A journal that still contains a checkpoint shows both, up to
the checkpoint. The file is JSON:

    {"format": "auction-engine checkpoint 2", "made_at": ISO 8601 UTC,
     "lots": {"<lot>": [<seq>, "<hash, hex>"]},
     "money": [<number of the last seal>, "<hash, hex>"], "sha256": "<hex>"}

Those of format 1 have no "money" and are read as well. What was not sealed yet is not in it: the
seals are a minute behind at most while the program runs.

`sha256` is over the canonical bytes of the object without it. It finds a damaged file, not a
forged one: keep the file, or its `sha256`, where the people who run the database cannot write.
"""

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from auction_engine.ledger import books_seal
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import canonical
from auction_engine.ledger.verify_source import snapshot

FORMAT = "auction-engine checkpoint 2"
_BEFORE_MONEY = "auction-engine checkpoint 1"
Place = tuple[int, bytes]  # number and hash of an entry or a seal


class Checkpoint(NamedTuple):
    """The last entry of each lot, and the money's last seal; number 0: nothing is sealed."""

    lots: dict[int, Place]
    money: Place | None = None


# The last entry of each lot through the primary key, whatever lot_head says; a recursive walk
# over the lots, so that the cost is per lot and not per entry.
_LAST_ENTRIES = """
    WITH RECURSIVE lots(lot_id) AS (
        (SELECT lot_id FROM journal ORDER BY lot_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.lot_id FROM journal j WHERE j.lot_id > lots.lot_id
                 ORDER BY j.lot_id LIMIT 1)
          FROM lots WHERE lots.lot_id IS NOT NULL
    )
    SELECT lots.lot_id, last.seq, last.hash
      FROM lots CROSS JOIN LATERAL (
           SELECT seq, hash FROM journal j WHERE j.lot_id = lots.lot_id
            ORDER BY seq DESC LIMIT 1) AS last
     WHERE lots.lot_id IS NOT NULL
"""


class CheckpointUnusable(LedgerError):
    """The file is not a checkpoint, or is damaged."""


async def take(database_url: str) -> Checkpoint:
    """Everything as of one moment. Raises LedgerError if it cannot be read."""
    async with snapshot(database_url) as connection:
        lots = {row[0]: (row[1], row[2]) for row in await connection.fetch(_LAST_ENTRIES)}
        n, _, digest = await books_seal.last(connection)
        return Checkpoint(lots, (n, digest))


def export(database_url: str, path: Path) -> int:
    """Write a checkpoint of the whole ledger to `path`; return how many lots it holds.

    The file appears whole or not at all; an earlier one of that name is replaced. The caller
    should run `verify` first: a checkpoint says what was there, not that it was right. Must not
    be called from a running event loop. Raises LedgerError, CheckpointUnusable if the file
    cannot be written.
    """
    found = asyncio.run(take(database_url))
    write(path, found, datetime.now(UTC))
    return len(found.lots)


def write(path: Path, found: Checkpoint, made_at: datetime) -> None:
    """Write `found` as a checkpoint. Raises CheckpointUnusable if the file cannot be written."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "made_at": made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "lots": {str(lot): [seq, digest.hex()] for lot, (seq, digest) in found.lots.items()},
        "money": None if found.money is None else [found.money[0], found.money[1].hex()],
    }
    content["sha256"] = sha256(canonical(content)).hexdigest()
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    try:
        _replace(path, text + b"\n")
    except OSError as error:
        raise CheckpointUnusable(f"{path} cannot be written: {error.strerror}.") from None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def load(path: Path) -> Checkpoint:
    """What a checkpoint file says. Raises CheckpointUnusable with the reason."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointUnusable(f"{path} cannot be read: {error.strerror}.") from None
    except orjson.JSONDecodeError:
        raise CheckpointUnusable(f"{path} is not a checkpoint: it is not JSON.") from None
    if not isinstance(content, dict) or content.get("format") not in (
        FORMAT,
        _BEFORE_MONEY,
    ):
        raise CheckpointUnusable(f"{path} is not a checkpoint of this program.")
    claimed = content.pop("sha256", None)
    if claimed != sha256(canonical(content)).hexdigest():
        raise CheckpointUnusable(f"{path} is damaged: its content does not give its own SHA-256.")
    try:
        money = content.get("money")
        return Checkpoint(
            {int(lot): _place(place) for lot, place in content["lots"].items()},
            None if money is None else _place(money),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointUnusable(f"{path} is damaged: its list of lots is malformed.") from None


def _place(place: list[Any]) -> Place:
    number, digest = place
    return int(number), bytes.fromhex(digest)
