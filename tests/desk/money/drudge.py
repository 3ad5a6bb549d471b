"""A process that does all a house has to do, again and again, until nothing is left to do.

It reads from its standard input how its next life ends: `n` is killed by SIGKILL around its n-th
statement to PostgreSQL, 0 lives on. Each life is a fork that knows nothing of the one before; what
it finds is the database and the directory of files that people and the bank have sent. It answers
each line with `DONE` or `KILLED`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import asyncpg

from auction_engine.clients.bank import _answer
from auction_engine.desk import exclusive
from auction_engine.desk.money import distributing, importing, payouts
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.money.record import MoneyError
from auction_engine.rules.lot import LotState
from auction_engine.story import plot

from .house import END_MS, MINUTE_MS, NOW, ORDERED_ON, START_MS, Direct, House, Sale
from .messages import camt, entry

_PLANS = ("SOLD", "REFUSED", "STOPPED", "ANNULLED")


class Failpoints:
    """Every statement is two: before the server has it, and after it has answered."""

    def __init__(self, at: int) -> None:
        self.left = at

    def here(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def set(self) -> None:
        for name in ("execute", "_execute", "_executemany"):
            setattr(asyncpg.Connection, name, self._around(getattr(asyncpg.Connection, name)))

    def _around(self, work: Any) -> Any:
        async def done(*args: Any, **kwargs: Any) -> Any:
            self.here()
            answer = await work(*args, **kwargs)
            self.here()
            return answer

        return done


class Drudge:
    """One life. `files` holds statements `<book>-*.xml`, orders and answers, each written whole."""

    def __init__(self, desk: House, files: Path) -> None:
        self.desk = desk
        self.files = files
        self.moved = False

    async def live(self) -> None:
        """Until a whole round changes nothing."""
        self.moved = True
        while self.moved:
            self.moved = False
            for sale in await self._sales():
                await self._go_on(sale)
                await self._keep(sale)
                await self._people_pay(sale)
            for book in (self.desk.organisation, self.desk.agency):
                await self._hear(book)
                await self._order(book)
                self._bank(book)
                await self._answers(book)

    async def _sales(self) -> list[Sale]:
        rows = await self.desk.connection.fetch(
            "SELECT l.id, l.shard FROM lot l WHERE session_id = $1 ORDER BY id", self.desk.session
        )
        sales = []
        for lot, shard in rows:
            sale = Sale(self.desk, lot, shard)
            state = await sale.state()
            sale.bidders = sorted(state.life.registered)
            sale.names = {who: f"Nguoi Mua {who}" for who in sale.bidders}
            sales.append(sale)
        return sales

    async def _keep(self, sale: Sale) -> None:
        keeper = Keeper(self.desk.url, self.desk.log)  # type: ignore[arg-type]
        while await keeper.keep(self.desk.connection, sale.shard, sale.lot):
            self.moved = True

    # --- the lots -------------------------------------------------------------------------------

    async def _go_on(self, sale: Sale) -> None:
        """One step of the lot's plan, if it is time for it."""
        state = await sale.state()
        plan = _PLANS[sale.lot % len(_PLANS)]
        before = (await self.desk.connection.fetchval(_SEQ, sale.lot)) or 0
        step = self._acts().get((state.status, plan)) or self._acts().get((state.status, ""))
        if step is not None:
            await step(sale, state)
        after = (await self.desk.connection.fetchval(_SEQ, sale.lot)) or 0
        self.moved = self.moved or after != before

    def _acts(self) -> dict[tuple[str, str], Any]:
        return {
            ("REGISTRATION_OPEN", ""): self._admit,
            ("REGISTRATION_CLOSED", ""): lambda sale, _: sale.act("make_ready"),
            ("READY", ""): lambda sale, _: sale.tick(START_MS + MINUTE_MS),
            ("RUNNING", "STOPPED"): lambda sale, _: sale.act(
                "stop", role="AGENCY", ground="REDEEMED", reason="Paid."
            ),
            ("RUNNING", ""): self._bid,
            ("LEADER_DETERMINED", ""): lambda sale, _: sale.act("announce", role="AUCTIONEER"),
            ("ANNOUNCED", "REFUSED"): lambda sale, _: sale.act("refuse_win", sale.bidders[1]),
            ("ANNOUNCED", ""): self._sign,
            ("PAID", ""): lambda sale, _: sale.act("deliver", role="AGENCY"),
            ("DELIVERED", ""): self._distribute,
            ("PROCEEDS_DISTRIBUTED", "SOLD"): self._close,
            ("PROCEEDS_DISTRIBUTED", "ANNULLED"): self._annul,
        }

    async def _admit(self, sale: Sale, state: LotState) -> None:
        if len(state.life.deposits) == len(sale.bidders):
            await sale.admit(*(who for who in sale.bidders if who not in state.admitted))
            await sale.tick(START_MS - MINUTE_MS)

    async def _bid(self, sale: Sale, state: LotState) -> None:
        _, b, c = sale.bidders
        if state.leader == b:
            await sale.tick(END_MS)
        else:
            await sale.bid(*((c, 1_000) if state.leader is None else (b, 1_350)))

    async def _annul(self, sale: Sale, _: LotState) -> None:
        # At the same point of every run: what was on its way then decides who owes what.
        if await self._all_paid(sale):
            await sale.act("annul", role="COURT", ground="COURT", reason="Judgment")

    async def _close(self, sale: Sale, _: LotState) -> None:
        if await self._all_paid(sale):
            await sale.act("close_file", role="AGENCY")

    async def _sign(self, sale: Sale, state: LotState) -> None:
        signed, winner = state.life.signed, sale.bidders[1]
        if "AUCTIONEER" not in signed:
            await sale.act("sign_minutes", role="AUCTIONEER", **{"as": "AUCTIONEER"})
        elif "RECORDER" not in signed:
            await sale.act("sign_minutes", role="RECORDER", **{"as": "RECORDER"})
        else:
            await sale.act("sign_minutes", winner, **{"as": "WINNER"})

    async def _distribute(self, sale: Sale, _: LotState) -> None:
        desk = self.desk
        row = await desk.connection.fetchrow(
            "SELECT max(id) AS id, max(approved_at) AS done FROM distribution WHERE lot_id = $1",
            sale.lot,
        )
        try:
            number = row["id"] or await distributing.prepare(
                desk.connection, desk.lots, sale.lot, sale.sheet(), desk.people["officer"]
            )
            if row["done"] is None:
                await distributing.approve(desk.connection, desk.lots, number, desk.people["head"])
                self.moved = True
        except MoneyError as error:
            if error.code != "INCOMPLETE":
                raise

    async def _all_paid(self, sale: Sale) -> bool:
        return not await self.desk.connection.fetchval(
            "SELECT EXISTS (SELECT FROM payout WHERE lot_id = $1 AND state <> 'BOOKED')", sale.lot
        )

    # --- the bank -------------------------------------------------------------------------------

    def _write(self, name: str, body: bytes) -> None:
        """Whole or not at all, and once."""
        if (self.files / name).exists():
            return
        draft = self.files / f".{name}"
        draft.write_bytes(body)
        draft.rename(self.files / name)
        self.moved = True

    async def _people_pay(self, sale: Sale) -> None:
        rows = await self.desk.connection.fetch(
            "SELECT id, book_id, purpose, payer, reference, amount_minor FROM payment_request"
            " WHERE lot_id = $1 AND purpose IN ('DEPOSIT', 'PRICE') ORDER BY id",
            sale.lot,
        )
        for row in rows:
            parts = [row["amount_minor"]]
            if row["purpose"] == "PRICE" or row["payer"] % 2:
                parts = [7_000, row["amount_minor"] - 7_000 + (500 if row["payer"] % 3 else 0)]
            for n, part in enumerate(parts):
                name = f"{row['purpose']}{sale.lot}x{row['payer']}x{n}"
                text = f"{row['reference']} nop tien"
                paid = self._statement(row["book_id"], name, entry(part, name, text=text))
                self._write(
                    f"{row['book_id']}-{row['purpose']}-{sale.lot}-{row['payer']}-{n}.xml", paid
                )

    def _statement(self, book: int, number: str, *entries: str) -> bytes:
        owner = plot.ESCROW if book == self.desk.organisation else plot.TREASURY
        return camt("053", number, *entries, account=owner.account)

    async def _hear(self, book: int) -> None:
        for path in sorted(self.files.glob(f"{book}-*.xml")):
            found = await importing.import_file(
                self.desk.connection, self.desk.lots, book, path.name, path.read_bytes(), None
            )
            self.moved = self.moved or not found.repeat

    async def _order(self, book: int) -> None:
        desk = self.desk
        people = desk.people["clerk"], desk.people["chief"]
        for row in await desk.due(book, "FAILED"):
            await payouts.retry(desk.connection, book, row["id"], people[0], "Once more")
            self.moved = True
        rows = await desk.due(book)
        for row in rows:
            if not row["account"]:
                # The same in every run, whatever numbers payouts have.
                about = f"{row['lot_id']:03d}{row['payee']:04d}{len(row['code']):02d}"
                payee = Payee("KHO BAC", f"711{about}", "SBVNVNVX")
                await payouts.name_payee(
                    desk.connection, book, row["id"], payee, people[0], "Known"
                )
        if rows:
            numbers = [row["id"] for row in rows]
            await payouts.prepare(desk.connection, book, numbers, people[0], ORDERED_ON)
            self.moved = True
        for batch in await desk.connection.fetch(
            "SELECT b.id FROM payout_batch b WHERE book_id = $1 AND cancelled_at IS NULL"
            " AND EXISTS (SELECT FROM payout WHERE batch_id = b.id) ORDER BY b.id",
            book,
        ):
            body = await payouts.release(desk.connection, book, batch["id"], people[1], NOW)
            self._write(f"order-{book}-{batch['id']}.xml", body)

    def _bank(self, book: int) -> None:
        """The bank carries out each order once, and at its first attempt refuses some payments."""
        for path in self.files.glob(f"order-{book}-*.xml"):
            number = path.stem.removeprefix("order-")
            told, arrived, refused = [], [], []
            for one in ElementTree.fromstring(path.read_bytes()).iter():
                if not one.tag.endswith("}CdtTrfTxInf"):
                    continue
                space = one.tag.partition("}")[0] + "}"
                known = one.findtext(f".//{space}EndToEndId") or ""
                amount = int(one.findtext(f".//{space}InstdAmt") or 0)
                text = one.findtext(f".//{space}Ustrd") or ""
                account = one.findtext(f"{space}CdtrAcct//{space}Id//{space}Id") or ""
                if known.endswith("-1") and sum(map(int, account)) % 3 == 0:
                    refused.append(known)
                    continue
                told.append(entry(-amount, f"D{known}", text=f"{known} {text}"))
                if account == plot.TREASURY.account:
                    arrived.append(entry(amount, f"C{known}", text=text))
            if told:
                self._write(f"{book}-paid-{number}.xml", self._statement(book, number, *told))
            if arrived:
                body = self._statement(self.desk.agency, f"A{number}", *arrived)
                self._write(f"{self.desk.agency}-arrived-{number}.xml", body)
            if refused:
                batch = f"AE-B{number.split('-')[1]}"
                self._write(f"answer-{number}.xml", _answer(batch, refused))

    async def _answers(self, book: int) -> None:
        for path in self.files.glob(f"answer-{book}-*.xml"):
            found = await payouts.hear(self.desk.connection, book, path.read_bytes(), None)
            self.moved = self.moved or found["rejected"] > 0


_SEQ = "SELECT seq FROM lot_head WHERE lot_id = $1"


async def life(url: str, files: Path, known: dict[str, Any]) -> None:
    log = Direct(url)
    async with exclusive.connected(url) as connection:
        await Drudge(House(url, connection, log, **known), files).live()
    await log.close()


def main(url: str, files: Path, known: dict[str, Any]) -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            if int(line):
                Failpoints(int(line)).set()
            try:
                asyncio.run(life(url, files, known))
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("KILLED" if killed else "DONE" if status == 0 else "BROKEN", flush=True)


if __name__ == "__main__":
    import orjson

    main(sys.argv[1], Path(sys.argv[2]), orjson.loads(sys.argv[3]))
