"""A second session beside the running one: its registration is open, so that its way can be walked.

A fictional clerk decides dossiers after a while, the fictional bank pays every deposit, robots take
part, and each lot opens soon after its registration has closed. Everything follows from what the
ledger holds: a restart finds its place again.
"""

import asyncio
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.demo import plan
from auction_engine.demo.auctioneer import conduct, wind_up
from auction_engine.demo.cashier import Cashier
from auction_engine.demo.cast import cast
from auction_engine.demo.stage import BESIDE, OpenLot
from auction_engine.demo.swarm import play
from auction_engine.desk import exclusive, listing
from auction_engine.desk.admission import deciding, reading
from auction_engine.desk.admission.dossiers import Desk, Place
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.reading import Lots
from auction_engine.identity.vault import Vault
from auction_engine.ledger import store
from auction_engine.ledger.schema import AuctionSession, Lot, LotHead
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.lot import LotState
from auction_engine.settings import Settings

_LOOK_S = 2.0
# How long a visitor may look at the code to pay by before the fictional bank has paid.
_PAYS_AFTER_MS = 20_000
DECIDES_AFTER_MS = 20_000
# Before the opening everything is decided: a lot with an open dossier is postponed by itself.
_LAST_MS = 25_000
_SCHEDULED = ("PUBLISHED", "REGISTRATION_OPEN", "REGISTRATION_CLOSED", "READY")
_log = structlog.get_logger(__name__)


class Registering:
    """One per process. `clerk` decides dossiers."""

    def __init__(
        self, settings: Settings, engine: AsyncEngine, log: LogClient, cashier: Cashier,
        robots: list[int], clerk: int,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._log = log
        self._cashier = cashier
        self._robots = robots
        self._clerk = clerk
        self._url = settings.database_url or ""
        self._shards = settings.shards
        self._desk = Desk(self._url, log, Vault.of(settings))
        self._lots = Lots()

    async def keep(self, live_url: str, ticket_for: Any) -> None:
        """One such session after the other, until cancelled."""
        while True:
            lots = await self._current_or_next()
            _log.info("demo_registration_open", lots=len(lots))
            auctioneer = asyncio.create_task(conduct(self._engine, self._log, lots))
            try:
                async with await play(live_url, ticket_for, lots):
                    while await self._mind(lots):
                        await asyncio.sleep(_LOOK_S)
                        if auctioneer.done():
                            auctioneer.result()
            finally:
                auctioneer.cancel()
                await asyncio.gather(auctioneer, return_exceptions=True)
            await wind_up(self._engine, self._log, lots, self._cashier)

    async def _current_or_next(self) -> list[OpenLot]:
        found = await self._put_up(await self._newest())
        if not found:
            await self._begin()
            found = await self._put_up(await self._newest())
        return found

    async def _newest(self) -> list[Any]:
        """Of the newest such session the lots that are not over."""
        newest = (
            select(func.max(Lot.session_id))
            .join(AuctionSession, AuctionSession.id == Lot.session_id)
            .where(AuctionSession.demo, Lot.content["beside"].as_boolean())
            .scalar_subquery()
        )
        query = (
            select(Lot.id, Lot.shard, Lot.content, Lot.position, AuctionSession.created_at,
                   LotHead.status)
            .join(AuctionSession, AuctionSession.id == Lot.session_id)
            .outerjoin(LotHead, LotHead.lot_id == Lot.id)
            .where(Lot.session_id == newest)
            .order_by(Lot.position)
        )  # fmt: skip
        going = (None, *_SCHEDULED, "RUNNING", "PAUSED", "BIDDING_CLOSED", "LEADER_DETERMINED")
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [row for row in rows if row.status in going and row.shard < self._shards]

    async def _begin(self) -> None:
        async with self._engine.connect() as connection:
            query = select(func.count()).select_from(AuctionSession).where(BESIDE)
            number = 1 + int((await connection.execute(query)).scalar_one())
        lots = plan.registering_contents(number)
        session = await listing.create_session(
            self._engine, plan.registering_texts(number), lots[0]["organisation"],
            lots[0]["agency"], demo=True,
        )  # fmt: skip
        await listing.create_lots(self._engine, session, lots, self._shards)

    async def _put_up(self, rows: list[Any]) -> list[OpenLot]:
        found = []
        for row in rows:
            begun_ms = int(row.created_at.timestamp() * 1000)
            params = plan.registering_params(row.content, row.position, begun_ms)
            try:
                await listing.put_up(self._log, row.shard, row.id, params)
            except CommandRefused as refused:
                if refused.code != "WINDOW_PAST":
                    raise
                continue
            robots = cast(row.id, params.starting_price_minor, self._robots)
            found.append(OpenLot(row.id, row.shard, params, robots))
        return found

    async def _mind(self, lots: list[OpenLot]) -> bool:
        """One look at every lot; whether any is still going on."""
        going = False
        async with exclusive.connected(self._url) as connection:
            now_ms = await store.server_ms(connection)
            states = await self._lots.read(connection, [lot.lot for lot in lots])
            for lot in lots:
                state = states[lot.lot].state
                try:
                    await self._lot(connection, lot, state, now_ms)
                except (CommandRefused, AdmissionError, exclusive.Busy) as refused:
                    # It moved on since we looked; the next look finds it as it is.
                    _log.info("demo_registration_refused", lot=lot.lot, text=str(refused))
                over = state.status in ("POSTPONED", "STOPPED") or state.phase == "closed"
                going = going or not over or state.status == "LEADER_DETERMINED"
        return going

    async def _lot(self, connection: Any, lot: OpenLot, state: LotState, now_ms: int) -> None:
        if state.status == "REGISTRATION_OPEN":
            for robot in lot.robots:
                if robot not in state.life.registered:
                    await self._log.act(lot.shard, lot.lot, Act("register", "BIDDER", robot))
        if state.status not in _SCHEDULED:
            return
        await self._pay(connection, lot, state, now_ms)
        for robot in lot.robots:
            if robot in state.life.deposits and robot not in state.admitted:
                await listing.admit(self._log, lot.shard, lot.lot, robot, robot=True)
        await self._decide(connection, lot, state, now_ms)

    async def _pay(self, connection: Any, lot: OpenLot, state: LotState, now_ms: int) -> None:
        """The fictional bank pays for robots at once, for people when they have seen the code."""
        waiting = [
            account for account, word in state.life.registered.items()
            if word == "REGISTERED" and account not in state.life.deposits
        ]  # fmt: skip
        people = [account for account in waiting if account not in lot.robots]
        sent = await connection.fetch(
            "SELECT account_id FROM dossier WHERE lot_id = $1 AND account_id = ANY($2::bigint[])"
            " AND entry_ms > $3 AND state <> 'REFUSED'",
            lot.lot, people, now_ms - _PAYS_AFTER_MS,
        )  # fmt: skip
        looking = {row[0] for row in sent} if state.status == "REGISTRATION_OPEN" else set()
        due = [account for account in waiting if account not in looking]
        if due:
            await self._cashier.collect({lot.lot: (lot.shard, due)}, stray=False)

    async def _decide(self, connection: Any, lot: OpenLot, state: LotState, now_ms: int) -> None:
        """The fictional clerk admits; near the opening whoever has paid nothing is refused."""
        rows = await connection.fetch(
            "SELECT id, account_id FROM dossier WHERE lot_id = $1 AND recorded = 'REGISTERED'"
            " AND state IN ('SENT', 'RETURNED', 'ADMITTED')",
            lot.lot,
        )
        near = now_ms >= lot.params.start_ms - _LAST_MS
        for row in rows:
            dossier = await reading.by_id(connection, row["id"])
            if dossier is None:
                continue
            place = Place(lot.shard, lot.lot, dossier.account, state, now_ms)
            waited = now_ms - (dossier.sent_ms or 0) >= DECIDES_AFTER_MS
            if dossier.state != "ADMITTED" and (waited or state.status != "REGISTRATION_OPEN"):
                await deciding.decide(
                    self._desk, self._lots, place, self._clerk, "ADMIT", dossier.version
                )
            elif near and dossier.account not in state.life.deposits:
                await deciding.decide(
                    self._desk, self._lots, place, self._clerk, "REFUSE", dossier.version,
                    "DEPOSIT_MISSING", "Chưa có tiền đặt trước khi mở phiên (bản trình diễn).",
                )  # fmt: skip
        if near:
            await self._send_away(lot, state, {row["account_id"] for row in rows})

    async def _send_away(self, lot: OpenLot, state: LotState, known: set[int]) -> None:
        """Whoever registered over the API alone handed in no papers."""
        for account, word in state.life.registered.items():
            left = word == "REGISTERED" and account not in state.admitted
            if left and account not in known and account not in lot.robots:
                act = Act("refuse_registration", "ORGANISATION", self._clerk, "PAPERS_MISSING",
                          {"bidder": account})  # fmt: skip
                await self._log.act(lot.shard, lot.lot, act)
