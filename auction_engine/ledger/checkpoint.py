"""Checkpoints: where every lot's chain stood at one moment, in a file kept elsewhere.

A chain shows that nothing inside it was changed, but not that its end was not cut off, nor that
it was not written anew as a whole. A journal that still contains a checkpoint shows both, up to
the checkpoint. The file is JSON:

    {"format": "auction-engine checkpoint 1", "made_at": ISO 8601 UTC,
     "lots": {"<lot>": [<seq>, "<hash, hex>"]}, "sha256": "<hex>"}

`sha256` is over the canonical bytes of the object without it. It finds a damaged file, not a
forged one: keep the file, or its `sha256`, where the people who run the database cannot write.
"""

import asyncio
import os
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import canonical
from auction_engine.ledger.verify_source import snapshot

FORMAT = "auction-engine checkpoint 1"
Places = dict[int, tuple[int, bytes]]  # lot: (number, hash) of its last entry

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


async def places(database_url: str) -> Places:
    """The last entry of every lot, all of one moment. Raises LedgerError if it cannot be read."""
    async with snapshot(database_url) as connection:
        return {row[0]: (row[1], row[2]) for row in await connection.fetch(_LAST_ENTRIES)}


def export(database_url: str, path: Path) -> int:
    """Write a checkpoint of the whole journal to `path`; return how many lots it holds.

    The file appears whole or not at all; an earlier one of that name is replaced. The caller
    should run `verify` first: a checkpoint says what was there, not that it was right. Must not
    be called from a running event loop. Raises LedgerError, CheckpointUnusable if the file
    cannot be written.
    """
    found = asyncio.run(places(database_url))
    write(path, found, datetime.now(UTC))
    return len(found)


def write(path: Path, found: Places, made_at: datetime) -> None:
    """Write `found` as a checkpoint. Raises CheckpointUnusable if the file cannot be written."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "made_at": made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "lots": {str(lot): [seq, digest.hex()] for lot, (seq, digest) in found.items()},
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


def load(path: Path) -> Places:
    """The places in a checkpoint file. Raises CheckpointUnusable with the reason."""
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointUnusable(f"{path} cannot be read: {error.strerror}.") from None
    except orjson.JSONDecodeError:
        raise CheckpointUnusable(f"{path} is not a checkpoint: it is not JSON.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointUnusable(f"{path} is not a checkpoint of this program.")
    claimed = content.pop("sha256", None)
    if claimed != sha256(canonical(content)).hexdigest():
        raise CheckpointUnusable(f"{path} is damaged: its content does not give its own SHA-256.")
    try:
        return {
            int(lot): (int(seq), bytes.fromhex(digest))
            for lot, (seq, digest) in content["lots"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointUnusable(f"{path} is damaged: its list of lots is malformed.") from None
