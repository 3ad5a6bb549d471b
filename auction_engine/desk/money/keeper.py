"""The keeper of the money: tells lots what has been paid, and lets the books follow the lots.

It runs in every gateway; what is due at one lot is done by one at a time. What it tells a lot goes
the way of every act: a command in the log, an entry in the journal.
"""

from typing import Any, NamedTuple

import asyncpg
import orjson
import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.client import LogClient
from auction_engine.desk import exclusive
from auction_engine.desk.looking import look_on
from auction_engine.desk.money import proceeds, settling, taking
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.ledger import books
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.lot import LotState
from auction_engine.rules.postings.entry import EntryError
from auction_engine.rules.proceeds.errors import ProceedsError

_LOOK_S = 1.0
_PROGRAM = 0  # no account: the program by itself
_WAIT_S = 2.0
# Lots with money, and those whose bidders have not been asked for it. Whatever moves the money of a
# lot or the lot itself changes the row: a count beside each number, for what was given later may
# have been received earlier.
_MOVED = """
    SELECT r.lot_id, l.shard, h.seq, r.requests, a.lines, a.given, g.guarantees,
           (SELECT max(id) FROM money_act c WHERE c.kind = 'costs'
               AND c.body->>'lot' = r.lot_id::text) AS costs,
           (SELECT max(id) FROM distribution d WHERE d.lot_id = r.lot_id
               AND d.approved_at IS NOT NULL) AS shared,
           (SELECT array_agg((p.id, p.attempt)::text ORDER BY p.id) FROM payout p
             WHERE p.lot_id = r.lot_id AND p.state = 'FAILED') AS failed
      FROM (SELECT lot_id, count(*) AS requests FROM payment_request GROUP BY lot_id) r
      JOIN lot l ON l.id = r.lot_id
      JOIN lot_head h ON h.lot_id = r.lot_id
      LEFT JOIN (SELECT q.lot_id, count(*) AS lines, sum(x.amount_minor) AS given
                   FROM allocation x JOIN payment_request q ON q.id = x.request_id
                  GROUP BY q.lot_id) a ON a.lot_id = r.lot_id
      LEFT JOIN (SELECT q.lot_id, count(*) AS guarantees
                   FROM guarantee x JOIN payment_request q ON q.id = x.request_id
                  GROUP BY q.lot_id) g ON g.lot_id = r.lot_id
     UNION ALL
    SELECT h.lot_id, h.shard, h.seq, 0, NULL, NULL, NULL, NULL, NULL, NULL FROM lot_head h
     WHERE h.phase <> 'closed'
       AND EXISTS (SELECT FROM journal j WHERE j.lot_id = h.lot_id AND j.kind = 'bidder.registered')
       AND NOT EXISTS (SELECT FROM payment_request r WHERE r.lot_id = h.lot_id)
"""
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, AuctionError,
)  # fmt: skip
_log = structlog.get_logger(__name__)


class Keeper:
    """Looks at every lot with money, for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, log: LogClient, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._log = log
        self._look_s = look_s
        self._lots = Lots()
        self._seen: dict[int, tuple[Any, ...]] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        await look_on(self._database_url, self.look, self._look_s, _PASSING, "keeper")

    async def look(self, connection: Any) -> None:
        """One look at each lot that has moved since the last."""
        for row in await connection.fetch(_MOVED):
            lot, shard = row["lot_id"], row["shard"]
            seen = tuple(row)
            if self._seen.get(lot) == seen or shard >= self._log.shards:
                continue  # at rest; or of a shard that this installation runs no longer
            try:
                if await self.keep(connection, shard, lot):
                    continue  # it has moved by this very look: the next one finds it at rest
            except exclusive.Busy:
                continue
            except books.Contended:
                continue  # the next look tries again
            except (AuctionError, ProceedsError, EntryError) as error:
                # As often as something moves at the lot, not at every look.
                _log.error("lot_not_settled", lot=lot, text=str(error))
            except _PASSING:
                raise
            except Exception:
                # One lot that nobody can make sense of holds up no other's money.
                _log.exception("lot_not_settled", lot=lot)
            self._seen[lot] = seen

    async def keep(self, connection: Any, shard: int, lot: int) -> bool:
        """Do what is due at one lot; whether there was anything.

        What the lot refuses to hear is logged; its money is looked after all the same. Raises
        exclusive.Busy, LogUnanswered, AuctionError, ProceedsError.
        """
        told = 0
        async with exclusive.alone(connection, exclusive.of_lot(lot), _WAIT_S):
            # What a process that died has sent comes before this.
            await self._log.probe(shard)
            acts = await due_acts(connection, self._lots, lot)
            for act in acts:
                try:
                    await self._log.act(shard, lot, act)
                    told += 1
                except CommandRefused as refused:
                    text = f"{act.name}: {refused}"
                    _log.warning("lot_not_told", lot=lot, code=refused.code, text=text)
            posted = await settling.settle(connection, self._lots, lot)
            posted += await proceeds.follow(connection, self._lots, lot)
            posted += await taking.follow(connection, self._lots, lot)
        for key in posted:
            _log.info("money_moved", lot=lot, transfer=key)
        return bool(told or posted)


class _Paid(NamedTuple):
    request: int
    payer: int
    amount_minor: int
    transfer: int
    means: str


_DEPOSITS = """
    SELECT r.id, r.payer, r.amount_minor, coalesce(t.id, 0) AS transfer,
           CASE WHEN t.id IS NULL THEN 'GUARANTEE' ELSE 'TRANSFER' END AS means
      FROM payment_request r
      LEFT JOIN transfer t ON t.key = 'hold:' || r.id
      LEFT JOIN guarantee g ON g.request_id = r.id
     WHERE r.lot_id = $1 AND r.purpose = 'DEPOSIT'
       AND (t.id IS NOT NULL OR g.request_id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM transfer e WHERE e.key IN
           ('refund:' || r.id, 'forfeit:' || r.id, 'guarantee-end:' || r.id))
     ORDER BY r.id
"""
_PRICES = """
    SELECT a.line_id, a.amount_minor, m.account_id FROM allocation a
      JOIN payment_request r ON r.id = a.request_id
      JOIN bank_line l ON l.id = a.line_id
      JOIN bank_file f ON f.id = l.file_id
      JOIN money_act m ON m.id = f.act_id
     WHERE r.lot_id = $1 AND r.purpose = 'PRICE' ORDER BY a.line_id
"""
_TAKES_DEPOSITS = (
    "PUBLISHED", "REGISTRATION_OPEN", "REGISTRATION_CLOSED", "READY", "POSTPONED", "RUNNING",
    "PAUSED",
)  # fmt: skip


async def due_acts(connection: Any, lots: Lots, lot: int) -> list[Act]:
    """What the lot has to be told: deposits that are held, parts of the price that were paid."""
    state = (await lots.read(connection, [lot]))[lot].state
    if state.params.terms is None:
        return []
    acts = await taking.due_act(connection, state, lot)
    if state.params.terms.deposits == "RECORDED":
        acts += await _given_back(connection, state, lot)
        acts += await _come_in(connection, state, lot)
    if state.status == "AWAIT_PAYMENT":
        told = await _told(connection, lot)
        for line, amount, account in await connection.fetch(_PRICES, lot):
            reference = f"line:{line}"
            if reference not in told:
                data = {"amount_minor": amount, "reference": reference}
                acts.append(Act("record_payment", "AGENCY", account or _PROGRAM, None, data))
    if state.status in ("DELIVERED", "TITLE_FILED"):
        approved = await connection.fetchval(
            "SELECT approved_by FROM distribution WHERE lot_id = $1 AND approved_at IS NOT NULL",
            lot,
        )
        if approved is not None:
            acts.append(Act("distribute", "AGENCY", approved, None, {}))
    return acts


async def _come_in(connection: Any, state: LotState, lot: int) -> list[Act]:
    if state.status not in _TAKES_DEPOSITS:
        return []
    acts = []
    before = await _held_before(connection, lot)
    for row in await connection.fetch(_DEPOSITS, lot):
        paid = _Paid(*row)
        # One that was told, and released since, is not there: whoever released it knows why.
        if _takes(state, paid) and (paid.payer, paid.transfer) not in before:
            data = {
                "bidder": paid.payer,
                "amount_minor": paid.amount_minor,
                "means": paid.means,
                "transfer": paid.transfer,
            }
            acts.append(Act("hold_deposit", "CLOCK", _PROGRAM, None, data))
    return acts


async def _given_back(connection: Any, state: LotState, lot: int) -> list[Act]:
    """A lot that may be held again has to know which deposits went back when it was stopped."""
    if state.status not in (*_TAKES_DEPOSITS, "STOPPED"):
        return []
    rows = await connection.fetch(
        "SELECT r.payer FROM payment_request r WHERE r.lot_id = $1 AND r.purpose = 'DEPOSIT'"
        " AND EXISTS (SELECT FROM transfer t WHERE t.key IN ('refund:' || r.id,"
        " 'guarantee-end:' || r.id)) ORDER BY r.payer",
        lot,
    )
    why = "The deposit has been given back."
    return [
        Act("release_deposit", "CLOCK", _PROGRAM, why, {"bidder": payer, "ground": "RETURNED"})
        for (payer,) in rows
        if payer in state.life.deposits and payer not in state.life.forfeits
    ]


async def _held_before(connection: Any, lot: int) -> set[tuple[int, int]]:
    rows = await connection.fetch(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'deposit.held'", lot
    )
    told = (orjson.loads(row[0])["data"] for row in rows)
    return {(data["bidder"], data["transfer"]) for data in told}


def _takes(state: LotState, paid: _Paid) -> bool:
    """Whether the lot does not know of the deposit yet and may still be told."""
    life, terms = state.life, state.params.terms
    word = life.registered.get(paid.payer)
    # Where no dossiers are handed in, whoever pays may take part.
    open_to_all = word is None and terms is not None and terms.registration_open_ms is None
    known = word == "REGISTERED" or paid.payer in state.admitted or open_to_all
    return known and paid.payer not in life.deposits and paid.payer not in life.out


async def _told(connection: Any, lot: int) -> set[str]:
    rows = await connection.fetch(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind = 'payment.recorded'", lot
    )
    return {orjson.loads(row[0])["data"]["reference"] for row in rows}
