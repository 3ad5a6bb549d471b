"""Keeping `lot_search` as the journal says: by whoever is there, as often as one likes.

What a row is made of stands in it (`seq`, `notice`), and a row is only ever replaced by a later
one: so any number of gateways may index the same lots, any of them may die, and what was missed is
found by comparing with `lot_head`, at the start and every minute after.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.reading import Lots
from auction_engine.desk.search import notices, standing
from auction_engine.desk.search.indexing_sql import (
    BEHIND,
    CONFLICT,
    DESCRIBED,
    ENDED,
    MOVE,
    NAMES,
    PUT,
    RENEWED,
    SELECTED,
)
from auction_engine.errors import AuctionError
from auction_engine.ledger import store
from auction_engine.rules.lot import LotState

# The indexer's own number among the program's locks.
_LOCK = 28_284_660_010
_TICK_S = 0.5
_COMPARE_S = 60.0
_AT_ONCE = 200
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_log = structlog.get_logger(__name__)


class Known(NamedTuple):
    """A lot as some part of the program has it in memory, after its entry `seq`."""

    seq: int
    state: LotState


# The lot in memory, or None: then it is read from the ledger.
Recall = Callable[[int], Known | None]


class Indexer:
    """Looks for lots that have moved, for as long as it runs; any number may run at once.

    `recall` saves reading the journal of lots that somebody follows anyway. Whoever hears of an
    entry says so with `touched`; what nobody said is found by the comparison.
    """

    def __init__(
        self, database_url: str, recall: Recall = lambda lot: None, tick_s: float = _TICK_S
    ) -> None:
        self._database_url = database_url
        self._recall = recall
        self._tick_s = tick_s
        self._touched: set[int] = set()

    def touched(self, lot: int) -> None:
        """Say that the lot has an entry more."""
        self._touched.add(lot)

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        while True:
            try:
                async with exclusive.connected(self._database_url) as connection:
                    await self._follow(connection)
            except _PASSING as error:
                _log.warning("indexer_waits", error=type(error).__name__, text=str(error))
            await asyncio.sleep(self._tick_s)

    async def _follow(self, connection: Any) -> None:
        loop = asyncio.get_running_loop()
        compare_s = loop.time()
        while True:
            if loop.time() >= compare_s:
                await self.compare(connection)
                compare_s = loop.time() + _COMPARE_S
            if await self.look(connection) < _AT_ONCE:
                await asyncio.sleep(self._tick_s)

    async def compare(self, connection: Any) -> int:
        """Index every lot that is behind its journal; returns how many were written."""
        done, after = 0, 0
        while True:
            rows = await connection.fetch(BEHIND, after, list(standing.NOT_PUBLIC), _AT_ONCE)
            if not rows:
                return done
            done += await self._index(connection, [row[0] for row in rows])
            after = rows[-1][0]

    async def look(self, connection: Any) -> int:
        """Index the lots of which `touched` was said, and those whose notice is new.

        Returns how many were written.
        """
        renewed = [row[0] for row in await connection.fetch(RENEWED, _AT_ONCE)]
        lots = list(dict.fromkeys([*renewed, *sorted(self._touched)]))[:_AT_ONCE]
        if not lots or not await _alone(connection):
            return 0
        try:
            self._touched.difference_update(lots)
            return await index(connection, lots, self._recall)
        except BaseException:
            self._touched.update(lots)
            raise
        finally:
            await _let_go(connection)

    async def _index(self, connection: Any, lots: Sequence[int]) -> int:
        if not await _alone(connection):
            return 0
        try:
            return await index(connection, lots, self._recall)
        finally:
            await _let_go(connection)


async def _alone(connection: Any) -> bool:
    # Whoever comes second leaves the work to the first: it would find nothing to do.
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))


async def _let_go(connection: Any) -> None:
    if not connection.is_closed():
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def index(
    connection: Any, lots: Iterable[int], recall: Recall = lambda lot: None, anew: bool = False
) -> int:
    """Bring the rows of these lots up to date, in one transaction; returns how many were written.

    `anew` writes every row, also one that is up to date.
    """
    wanted = list(lots)
    described = await connection.fetch(DESCRIBED, wanted)
    states = await _states(connection, [row["id"] for row in described], recall)
    whole: list[standing.Row] = []
    moved: list[standing.Row] = []
    async with connection.transaction():
        await notices.keep_first(
            connection,
            [
                (row["id"], row["content"], known.state)
                for row in described
                if row["newest"] is None
                and (known := states.get(row["id"])) is not None
                and known.state.status not in standing.NOT_PUBLIC
            ],
        )
        for row in described:
            known = states.get(row["id"])
            if known is None or known.state.status in standing.NOT_PUBLIC:
                continue
            if not anew and row["seq"] is not None and row["seq"] >= known.seq:
                if row["notice"] == row["newest"]:
                    continue
            made = await _row(connection, row, known)
            if made is not None:
                same = row["notice"] == made.notice and not anew
                (moved if same else whole).append(made)
        written = await _write(connection, whole, moved, anew)
        if written:
            await connection.execute(
                "UPDATE search_mark SET version = version + 1, changed_at = now()"
            )
    return written


async def _states(connection: Any, lots: list[int], recall: Recall) -> dict[int, Known]:
    """Each lot as it stands, from memory where somebody has it there."""
    found = {lot: known for lot in lots if (known := recall(lot)) is not None}
    rest = [lot for lot in lots if lot not in found]
    if rest:
        heads = dict(
            await connection.fetch(
                "SELECT lot_id, seq FROM lot_head WHERE lot_id = ANY($1::bigint[])", rest
            )
        )
        for lot, now in (await Lots().read(connection, rest)).items():
            # The reading is of this head or a later one: what came since is indexed next time.
            found[lot] = Known(heads[lot], now.state)
    return found


async def _row(connection: Any, row: Any, known: Known) -> standing.Row | None:
    content = orjson.loads(row["content"])
    if not isinstance(content.get("title"), dict):
        return None
    for house in ("organisation", "agency"):
        content.setdefault(house, orjson.loads(row[house]))
    # Its content is published as soon as the lot is; its terms again whenever they change.
    notice = row["newest"] or 1
    told_terms = None if row["terms"] is None else orjson.loads(row["terms"])
    if told_terms is not None and told_terms != notices.terms_of(known.state):
        notice = await notices.keep(connection, row["id"], known.state)
    ended_ms = row["ended_ms"]
    told = standing.state_of(known.state)
    if told in standing.ENDED and (ended_ms is None or row["state"] not in standing.ENDED):
        body = await connection.fetchval(ENDED, row["id"])
        ended_ms = orjson.loads(body)["at_ms"]
    session = {"id": row["session_id"], "demo": row["demo"]}
    return standing.row(row["id"], session, content, known.seq, known.state, notice, ended_ms)


async def _write(
    connection: Any, whole: list[standing.Row], moved: list[standing.Row], anew: bool
) -> int:
    written = 0
    if whole:
        rows = [[*row[:-2], orjson.dumps(row.card).decode(), row.words] for row in whole]
        rule = CONFLICT.replace(" < (excluded", " <= (excluded") if anew else CONFLICT
        done = await connection.execute(
            PUT.replace("SELECT *,", f"SELECT {SELECTED},") + " AS v(" + ", ".join(NAMES) + ")"
            + rule,
            *zip(*rows, strict=True),
        )  # fmt: skip
        written += int(done.rpartition(" ")[2])
    if moved:
        done = await connection.execute(MOVE, *zip(*(row[:-2] for row in moved), strict=True))
        written += int(done.rpartition(" ")[2])
    return written


async def rebuild(database_url: str, told: Callable[[int, int], None]) -> int:
    """Write every row anew and remove those of lots that are no more; `told` hears how far it is.

    Searches go on meanwhile. Returns the number of lots. Raises AuctionError if a journal does not
    hold.
    """
    connection = await store.connect(database_url, timeout_s=60, application="auction-search")
    try:
        total = await connection.fetchval("SELECT count(*) FROM lot_head")
        done, after = 0, 0
        told(0, total)
        while rows := await connection.fetch(
            "SELECT lot_id FROM lot_head WHERE lot_id > $1 ORDER BY lot_id LIMIT $2",
            after,
            _AT_ONCE,
        ):
            lots = [row[0] for row in rows]
            await index(connection, lots, anew=True)
            done, after = done + len(lots), lots[-1]
            told(done, total)
        await connection.execute(
            "DELETE FROM lot_search s USING lot l, auction_session a"
            " WHERE l.id = s.lot_id AND a.id = l.session_id AND (a.practice OR NOT EXISTS"
            " (SELECT FROM lot_head h WHERE h.lot_id = s.lot_id AND h.status <> ALL($1::text[])))",
            list(standing.NOT_PUBLIC),
        )
        await connection.execute("DELETE FROM lot_search s WHERE NOT EXISTS"
                                 " (SELECT FROM lot WHERE lot.id = s.lot_id)")  # fmt: skip
        await connection.execute("UPDATE search_mark SET version = version + 1, changed_at = now()")
        return int(await connection.fetchval("SELECT count(*) FROM lot_search"))
    finally:
        await connection.close()
