"""Lots' journals read into facts, and read on; and the facts written down."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import orjson

from auction_engine.desk.statistics.facts import VERSION, Facts
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import GENESIS, chain, event_of

_PAGE = 500
# Readings kept to go on from: lots that move again soon, not all there ever were.
_KEPT = 2_000
# Bids wait while this process reads: it works for so long at most, then rests for a multiple.
_WORK_S, _REST = 0.005, 3
_IDENTITY = """
    SELECT l.session_id, s.organisation_id, coalesce(l.agency_id, s.agency_id) AS agency_id,
           l.content ->> 'kind' AS kind, l.content -> 'province' AS province,
           l.content -> 'place' AS place
      FROM lot l JOIN auction_session s ON s.id = l.session_id WHERE l.id = $1
"""
_COLUMNS = (
    "lot_id", "session_id", "organisation_id", "agency_id", "kind", "province", "version", "seq",
    "hash", "method", "zone", "currency", "minor_digits", "status", "outcome", "code", "listed_on",
    "ended_on", "paid_on", "delivered_on", "defaulted_on", "rescinded_on", "annulled_on", "cut_on",
    "offered_on", "taken_on", "returned_on", "distributed_on", "awarded_ms", "paid_ms",
    "delivered_ms", "start_minor", "final_minor", "next_start_minor", "top_up_minor", "registered",
    "turned_away", "admitted", "present", "bids", "automatic", "sealed", "refused", "extensions",
    "refusals", "forfeits",
)  # fmt: skip
_PUT = (  # built from the constants above, never from input
    f"INSERT INTO lot_facts ({', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES ({', '.join(f'${n}' for n in range(1, len(_COLUMNS) + 1))})"
    " ON CONFLICT (lot_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
)


class _Reading:
    __slots__ = ("facts", "hash", "seq")

    def __init__(self) -> None:
        self.facts = Facts()
        self.seq = 0
        self.hash = GENESIS

    def take(self, seq: int, body: bytes, digest: bytes) -> bool:
        """Take the next entry; False if it does not follow the last one taken."""
        if seq != self.seq + 1 or chain(self.hash, body) != digest:
            return False
        entry = orjson.loads(body)
        self.facts.take(event_of(entry), entry["at_ms"])
        self.seq, self.hash = seq, digest
        return True


class Reader:
    """Facts of lots, each read on from where it was read before. One per process."""

    def __init__(self, gentle: bool = True) -> None:
        self._known: OrderedDict[int, _Reading] = OrderedDict()
        self._gentle = gentle
        self._since_s = time.monotonic()

    async def update(self, connection: Any, lot: int) -> int:
        """Bring the facts of one lot to its journal's end. Returns the number of its last entry.

        Raises LedgerError if the journal does not hold: nothing is said of such a lot.
        """
        head = await connection.fetchrow("SELECT seq, hash FROM lot_head WHERE lot_id = $1", lot)
        if head is None:
            await connection.execute("DELETE FROM lot_facts WHERE lot_id = $1", lot)
            return 0
        reading = await self._read(connection, lot, head["seq"], head["hash"])
        await _put(connection, lot, reading)
        return reading.seq

    def forget(self) -> None:
        """Read every lot from its beginning again."""
        self._known.clear()

    async def _read(self, connection: Any, lot: int, seq: int, digest: bytes) -> _Reading:
        known = self._known.pop(lot, None)
        if known is None or known.seq > seq or (known.seq == seq and known.hash != digest):
            known = _Reading()  # never read, or the ledger was set back
        if not await self._read_on(connection, lot, known):
            known = _Reading()
            if not await self._read_on(connection, lot, known):
                raise LedgerError(
                    f"The journal of lot {lot} does not hold; run `auction-engine verify`."
                )
        self._known[lot] = known
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return known

    async def _read_on(self, connection: Any, lot: int, reading: _Reading) -> bool:
        """Read to the end, a page at a time: a long journal holds no snapshot open."""
        while True:
            rows = await connection.fetch(
                "SELECT seq, body, hash FROM journal WHERE lot_id = $1 AND seq > $2"
                " ORDER BY seq LIMIT $3",
                lot,
                reading.seq,
                _PAGE,
            )
            self._since_s = time.monotonic()
            for row in rows:
                if not reading.take(*row):
                    return False
                await self._rest()
            if len(rows) < _PAGE:
                return True

    async def _rest(self) -> None:
        worked_s = time.monotonic() - self._since_s
        if self._gentle and worked_s > _WORK_S:
            await asyncio.sleep(worked_s * _REST)
            self._since_s = time.monotonic()


async def _put(connection: Any, lot: int, reading: _Reading) -> None:
    whose = await connection.fetchrow(_IDENTITY, lot)
    if whose is None or reading.facts.state is None:
        return  # a journal without a description: nobody's, as tests and benchmarks have them
    row = reading.facts.row()
    row |= {
        "lot_id": lot,
        "session_id": whose["session_id"],
        "organisation_id": whose["organisation_id"],
        "agency_id": whose["agency_id"],
        "kind": whose["kind"] or "",
        "province": province_of(_loaded(whose["province"]), _loaded(whose["place"])),
        "version": VERSION,
        "seq": reading.seq,
        "hash": reading.hash,
        "refusals": orjson.dumps(row["refusals"]).decode(),
        "forfeits": orjson.dumps(row["forfeits"]).decode(),
    }
    await connection.execute(_PUT, *(row[name] for name in _COLUMNS))


def _loaded(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def province_of(province: Any, place: Any) -> str:
    """The province a description names, in Vietnamese; else the last part of its place; else ''."""
    said = province.get("vi") if isinstance(province, dict) else province
    if not said:
        where = place.get("vi") if isinstance(place, dict) else place
        said = str(where or "").rpartition(",")[2]
    return " ".join(str(said).split())


async def behind(connection: Any, most: int, but: Iterable[int] = ()) -> list[int]:
    """Lots whose facts are not those of their journal's end, but `but`; some of them at a time."""
    rows = await connection.fetch(
        "SELECT h.lot_id FROM lot_head h JOIN lot l ON l.id = h.lot_id"
        " LEFT JOIN lot_facts f ON f.lot_id = h.lot_id"
        " WHERE (f.seq IS DISTINCT FROM h.seq OR f.hash IS DISTINCT FROM h.hash"
        " OR f.version <> $1) AND h.lot_id <> ALL($2::bigint[]) ORDER BY h.lot_id LIMIT $3",
        VERSION,
        list(but),
        most,
    )
    return [row[0] for row in rows]
