"""Dossiers, decisions and the lots' journals: against a small model, through deaths and races."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import papers
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auction_engine.desk.admission import (
    carrying,
    deciding,
    declarations,
    dossiers,
    reading,
    reminding,
)
from auction_engine.desk.admission.carrying import Carrier
from auction_engine.desk.admission.checking import Checked
from auction_engine.desk.admission.dossiers import Desk, Place
from auction_engine.desk.admission.reading import Dossier, Person
from auction_engine.desk.admission.states import AdmissionError
from auction_engine.desk.reading import Lots
from auction_engine.identity.vault import Vault
from auction_engine.rules.commands import Act, Admit, CommandRefused
from auction_engine.settings import Settings

from .money.house import CLOSES_MS, DEPOSIT, OPENS_MS, START_MS, Direct, House, Sale, house

OPEN_MS = OPENS_MS + 60_000


class Died(BaseException):
    """The process is gone."""


class Log(Direct):
    """The log at a chosen time. `dies`: the next act is its last, before or after it is there."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.now_ms = OPEN_MS
        self.dies: str | None = None

    async def act(self, shard: int, lot: int, act: Act) -> None:
        await self._go(lot, act)

    async def admit(self, shard: int, lot: int, bidder: int, code: str, robot: bool) -> None:
        await self._go(lot, Admit(bidder, code, robot))

    async def _go(self, lot: int, command: Any) -> None:
        dies, self.dies = self.dies, None
        if dies == "BEFORE":
            raise Died
        await self.do(lot, command, self.now_ms)
        if dies == "AFTER":
            raise Died


@dataclass
class Office:
    """A lot with open registration, a clerk, and one bidder at the door."""

    house: House
    log: Log
    desk: Desk
    sale: Sale
    clerk: int
    bidder: int
    lots: Lots = field(default_factory=Lots)
    transfers: int = 0

    async def place(self, now_ms: int | None = None) -> Place:
        state = await self.sale.state()
        now = self.log.now_ms if now_ms is None else now_ms
        return Place(self.sale.shard, self.sale.lot, self.bidder, state, now)

    async def dossier(self) -> Dossier | None:
        return await reading.own(self.house.connection, self.sale.lot, self.bidder)

    async def fill(self, who: Person | None = None) -> None:
        place = await self.place()
        found = await self.dossier()
        person = who or Person("Trần Văn Bình", f"00{self.bidder:010d}")
        codes = [one.code for one in declarations.asked(place.state.params, person.for_another)]
        version = 0 if found is None else found.version
        await dossiers.save(self.desk, place, version, codes, person, "vi")
        body = papers.png()
        for kind in ("IDENTITY", "AUTHORITY") if person.for_another else ("IDENTITY",):
            await dossiers.add(self.desk, place, kind, "x.png", Checked("image/png", body, b"1"))

    async def send(self, now_ms: int | None = None) -> Dossier:
        return await dossiers.send(self.desk, self.lots, await self.place(now_ms))

    async def withdraw(self) -> Dossier:
        return await dossiers.withdraw(self.desk, self.lots, await self.place())

    async def decide(
        self, kind: Any, clerk: int | None = None, version: int | None = None,
        place: Place | None = None, found: Dossier | None = None,
    ) -> Any:  # fmt: skip
        found = found or await self.dossier()
        assert found is not None
        return await deciding.decide(
            self.desk, Lots(), place or await self.place(), clerk or self.clerk, kind,
            found.version if version is None else version,
            "PAPERS_MISSING" if kind == "REFUSE" else None,
            "" if kind == "ADMIT" else "because",
        )  # fmt: skip

    async def deposit(self) -> None:
        self.transfers += 1
        data = {"bidder": self.bidder, "amount_minor": DEPOSIT, "means": "CASH",
                "transfer": 1_000 * self.bidder + self.transfers}  # fmt: skip
        act = Act("hold_deposit", "ORGANISATION", 0, None, data)
        await self.log.do(self.sale.lot, act, self.log.now_ms)

    async def look(self) -> None:
        carrier = Carrier(self.house.url, self.log)  # type: ignore[arg-type]
        await carrier.look(self.house.connection)

    async def close(self) -> None:
        self.log.now_ms = CLOSES_MS
        await self.sale.tick(CLOSES_MS)

    async def said(self) -> tuple[str, str | None]:
        """What the dossier says, and what the journal says."""
        found = await self.dossier()
        state = await self.sale.state()
        recorded = carrying.recorded_of(state, self.bidder)
        if found is None:
            return "NONE", recorded
        assert found.recorded == recorded
        return found.state, recorded


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with house(database_url) as made:
        office = await office_of(made, tmp_path)
        yield office
        await office.log.close()


async def office_of(made: House, tmp_path: Path) -> Office:
    await made.log.close()
    made.log = log = Log(made.url)
    vault = Vault.of(Settings(data_dir=tmp_path))
    sale = await made.sale(bidders=0)
    bidder = await made.account("Binh", "bidder")
    clerk = made.people["clerk"]
    return Office(made, log, Desk(made.url, log, vault), sale, clerk, bidder)  # type: ignore[arg-type]


async def refused(call: Any) -> str:
    with pytest.raises(AdmissionError) as error:
        await call
    return error.value.code


# --- one after the other ------------------------------------------------------------------------


async def test_admitted_when_both_are_there_in_either_order(
    database_url: str, tmp_path: Path
) -> None:
    async with house(database_url) as made:
        for money_first in (True, False):
            office = await office_of(made, tmp_path)
            await office.fill()
            sent = await office.send()
            assert (sent.recorded, sent.entry_ms) == ("REGISTERED", OPEN_MS)
            if money_first:
                await office.deposit()
                assert (await office.decide("ADMIT")).recorded == "ADMITTED"
            else:
                assert (await office.decide("ADMIT")).recorded == "REGISTERED"
                await office.deposit()
                await office.look()
            assert await office.said() == ("ADMITTED", "ADMITTED")
        await made.log.close()


async def test_a_dossier_after_the_close_is_refused_with_both_times(office: Office) -> None:
    await office.fill()
    office.log.now_ms = CLOSES_MS + 17
    with pytest.raises(AdmissionError) as error:
        await office.send()
    assert error.value.code == "REGISTRATION_CLOSED"
    assert error.value.values == {"arrived_ms": CLOSES_MS + 17, "closed_ms": CLOSES_MS}
    assert await office.said() == ("DRAFT", None)


async def test_the_close_passes_while_sending_and_the_log_decides(office: Office) -> None:
    """What the page thought was in time the log has ordered too late."""
    await office.fill()
    office.log.now_ms = CLOSES_MS
    assert await refused(office.send(now_ms=CLOSES_MS - 1)) == "REGISTRATION_CLOSED"
    assert await office.said() == ("DRAFT", None)
    kinds = [act.kind for act in await reading.acts(office.house.connection, 1)]
    assert kinds[-2:] == ["SEND", "LATE"]


async def test_the_last_millisecond_counts(office: Office) -> None:
    await office.fill()
    office.log.now_ms = CLOSES_MS - 1
    assert (await office.send()).recorded == "REGISTERED"


async def test_a_refusal_stands_in_the_record_when_registration_closes(office: Office) -> None:
    await office.fill()
    await office.send()
    await office.decide("REFUSE")
    await office.look()
    assert await office.said() == ("REFUSED", "REGISTERED")
    await office.decide("UNDO")
    await office.decide("REFUSE")
    await office.close()
    await office.look()
    assert await office.said() == ("REFUSED", "REFUSED")
    assert await refused(office.decide("UNDO")) == "RECORDED"
    assert await refused(office.withdraw()) == "RECORDED"


async def test_a_deposit_arrives_while_it_is_decided(office: Office) -> None:
    await office.fill()
    await office.send()
    await asyncio.gather(office.deposit(), office.decide("ADMIT"))
    await office.look()
    assert await office.said() == ("ADMITTED", "ADMITTED")


async def test_two_clerks_at_once_have_one_answer(office: Office) -> None:
    await office.fill()
    found, place = await office.send(), await office.place()
    other = await office.house.account("Second", "organisation")
    seen: dict[str, Any] = {"version": found.version, "place": place, "found": found}
    told = await asyncio.gather(
        office.decide("ADMIT", **seen), office.decide("REFUSE", other, **seen),
        return_exceptions=True,
    )  # fmt: skip
    lost = [one for one in told if isinstance(one, AdmissionError)]
    assert [one.code for one in lost] == ["DECIDED"]
    assert len([one for one in told if isinstance(one, Dossier)]) == 1


async def test_what_was_done_cannot_be_changed(office: Office) -> None:
    await office.fill()
    for statement in ("UPDATE dossier_act SET reason = 'x'", "DELETE FROM dossier_act"):
        with pytest.raises(Exception, match=r"append-only|permission denied"):
            await office.house.connection.execute(statement)


async def test_a_paper_taken_away_leaves_only_its_checksum(office: Office) -> None:
    await office.fill()
    found = await office.dossier()
    assert found is not None
    (paper,) = await reading.documents(office.house.connection, found.id)
    for _ in range(2):
        await dossiers.remove(office.desk, await office.place(), paper.id)
    assert await reading.documents(office.house.connection, found.id) == []
    row = await office.house.connection.fetchrow(
        "SELECT sealed, name, sha256 FROM dossier_document"
    )
    assert (row["sealed"], row["name"]) == (None, None)
    assert row["sha256"] == b"1"


async def test_letters_tell_of_what_has_happened_and_once(office: Office) -> None:
    connection = office.house.connection
    await connection.execute(
        "INSERT INTO person (account_id, kind, email, email_mark, lang)"
        " VALUES ($1, 'PERSON', '\\x00', '\\x01', 'vi')",
        office.bidder,
    )
    await office.fill()
    now = CLOSES_MS - 3_600_000
    for _ in range(2):
        await reminding.look(connection, now)
    await office.send()
    await office.deposit()
    await office.decide("ADMIT")
    await office.close()
    for now in (START_MS - 80_000_000, START_MS - 1_000_000, START_MS - 1_000):
        await reminding.look(connection, now)
    kinds = [row[0] for row in await connection.fetch("SELECT kind FROM letter ORDER BY kind")]
    assert kinds == ["way_accepted", "way_admitted", "way_day", "way_hour", "way_unfinished"]


# --- whatever comes, in whatever order ----------------------------------------------------------

ACTS = ("save", "send", "ADMIT", "RETURN", "REFUSE", "UNDO", "withdraw", "deposit", "close", "look")


class Model:
    """What should become of one dossier: state and record, and nothing else."""

    def __init__(self) -> None:
        self.state, self.recorded = "NONE", None
        self.deposit = self.closed = False

    def may(self, act: str) -> bool:
        state, free = self.state, self.recorded in (None, "REGISTERED")
        return {
            "save": state in ("NONE", "DRAFT", "RETURNED") and not self.closed,
            "send": (state in ("DRAFT", "RETURNED") and not self.closed) or state == "SENT",
            "ADMIT": state in ("SENT", "RETURNED") and free,
            "RETURN": state == "SENT" and free and not self.closed,
            "REFUSE": state in ("SENT", "RETURNED", "ADMITTED") and free,
            "UNDO": state in ("ADMITTED", "REFUSED") and free and not self.closed,
            "withdraw": state == "WITHDRAWN"
            or (state in ("SENT", "RETURNED", "ADMITTED", "REFUSED")
                and self.recorded in ("REGISTERED", "ADMITTED") and not self.closed),
            "deposit": self.recorded in ("REGISTERED", "ADMITTED") and not self.deposit,
            "close": True,
            "look": True,
        }[act]  # fmt: skip

    def do(self, act: str) -> None:
        if act == "save":
            self.state = "DRAFT" if self.state == "NONE" else self.state
        elif act == "deposit":
            self.deposit = True
        elif act == "close":
            self.closed = True
        elif act == "withdraw":
            self.state = self.recorded = "WITHDRAWN"
        elif act != "look":
            self.state = {"send": "SENT", "ADMIT": "ADMITTED", "RETURN": "RETURNED",
                          "REFUSE": "REFUSED", "UNDO": "SENT"}[act]  # fmt: skip

    def rest(self) -> None:
        """What follows by itself."""
        if self.recorded is None and self.state not in ("NONE", "DRAFT") and not self.closed:
            self.recorded = "REGISTERED"
        if self.recorded == "REGISTERED":
            if self.state == "ADMITTED" and self.deposit:
                self.recorded = "ADMITTED"
            elif self.state == "REFUSED" and self.closed:
                self.recorded = "REFUSED"


async def carry_out(office: Office, act: str) -> None:
    if act == "save":
        await office.fill()
    elif act in ("send", "withdraw", "deposit", "close", "look"):
        await getattr(office, act)()
    else:
        await office.decide(act)


async def outcome_of(office: Office, act: str) -> BaseException | None:
    """What stopped the act, None if nothing did."""
    try:
        await carry_out(office, act)
    except (AdmissionError, CommandRefused, Died) as stopped:
        return stopped
    return None


LIVES = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from((None, None, None, "BEFORE", "AFTER"))),
    min_size=3, max_size=9,
)  # fmt: skip


@pytest.fixture
async def bureau(database_url: str) -> AsyncIterator[House]:
    async with house(database_url) as made:
        yield made
        await made.log.close()


@settings(
    # A life takes a while: telling which one is worth more than its shortest form.
    max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(life=LIVES)
async def test_any_order_of_acts_and_deaths_is_as_the_model_says(
    life: list[tuple[str, str | None]], bureau: House, tmp_path: Path
) -> None:
    office, model = await office_of(bureau, tmp_path), Model()
    # Most lives begin like most dossiers; the rest is up to whoever draws.
    for act, dies in [("save", None), ("send", None), *life]:
        if act not in ("close", "look", "save", "deposit"):
            office.log.dies = dies
        expected = model.may(act)
        if act in ("deposit",) and not expected:
            continue
        if act in ("ADMIT", "RETURN", "REFUSE", "UNDO") and model.state in ("NONE", "DRAFT"):
            continue
        told_first = act == "withdraw" and model.state != "WITHDRAWN"
        outcome = await outcome_of(office, act)
        where = f"{act} in {model.state}, {model.recorded}: {outcome!r}"
        if isinstance(outcome, Died):
            # What is told to the log first has happened only if the log has heard it.
            if not told_first or dies == "AFTER":
                model.do(act)
        else:
            assert (outcome is None) == expected, where
            if outcome is None:
                model.do(act)
        office.log.dies = None
        await office.look()
        model.rest()
        assert await office.said() == (model.state, model.recorded), (act, dies)
