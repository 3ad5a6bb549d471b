"""Random histories in a ledger: lives of lots as the rules give them, at random times."""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from rules.courses import END, MINUTE, A, B, Course, open_lot
from rules.lives import LIVES
from rules.lots import EXTENSION
from rules.rounds import SealedPlay, closed_with
from rules.test_machines import PROFILE, Ascending, Descending
from rules.test_sealed_courses import SealedRounds

from auction_engine.ledger import store
from auction_engine.ledger.journal import (
    GENESIS,
    Position,
    chain,
    entry_body,
    event_of,
    head_record,
    record,
)
from auction_engine.rules.events import Event, LotDrafted, LotListed
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply

Timed = list[tuple[int, Event]]
DAY_MS = 86_400_000
# Spread over some years, with ends of years, quarters and months in local time among them.
FIRST_MS, SPREAD_DAYS = 1_735_000_000_000, 700
# Of a shard that no installation here runs: nobody acts on lots of the past.
SHARD = 900
KINDS = ("apartment", "land", "car", None)
PLACES = (
    {"place": {"vi": "Xã Phú Khê,  tỉnh An Lạc", "en": "Phú Khê, An Lạc"}},
    {"province": {"vi": "Hải Yên", "en": "Hải Yên"}, "place": {"vi": "a, b", "en": "a"}},
    {"province": "Hải Yên"},
    {},
)
# Three zones, two of which are another day when Vietnam's begins.
RULES: tuple[dict[str, Any], ...] = (
    {"pack": "vn-enforcement-2026-07"},
    {"pack": "vn-voluntary"},
    {"pack": "es-boe", "currency": "EUR", "minor_digits": 2},
    {"pack": "no-such-pack"},
    {"pack": None},
)


@contextlib.contextmanager
def keeping_time() -> Iterator[None]:
    """Courses begun meanwhile keep `timed`: their events with their log times."""
    init, do = Course.__init__, Course.do

    def begun(self: Course, *args: Any, **more: Any) -> None:
        self.timed = []  # type: ignore[attr-defined]
        init(self, *args, **more)

    def done(self: Course, command: Any, at_ms: int | None = None) -> list[Event]:
        events = do(self, command, at_ms)
        self.timed += [(self.at_ms, event) for event in events]  # type: ignore[attr-defined]
        return events

    Course.__init__, Course.do = begun, done  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Course.__init__, Course.do = init, do  # type: ignore[method-assign]


@cache
def told_lives() -> list[Timed]:
    """Every life of `rules.lives`, from the draft to the end of each way through."""
    with keeping_time():
        told = [live.__wrapped__() for live in LIVES.values()]  # type: ignore[attr-defined]
        return [*(course.timed for course in (*told, _extended())), _entries(_sealed())]


def _extended() -> Course:
    """A secret maximum, a bid in the last minute that moves the end, and a sale."""
    lot = open_lot(extension=EXTENSION, automatic_bids=True)
    lot.bids((A, 1_000))
    assert lot.bid(B, 1_500, automatic=True) == "MAXIMUM"
    assert lot.bid(A, 1_200, END - MINUTE // 2) == "ACCEPTED"
    assert lot.now.extensions
    return lot.closed().announced()


def _sealed() -> SealedPlay:
    """Two boxes, opened, and the winner announced."""
    play = closed_with({A: 1_000, B: 1_100})
    play.open(END + MINUTE)
    play.act("announce", END + 2 * MINUTE, "AUCTIONEER")
    return play


def _entries(play: SealedPlay) -> Timed:
    return [(entry["at_ms"], event_of(entry)) for entry in play.entries]


def random_lives(number: int) -> list[Timed]:
    """Lots driven at random by the rules' own machines: so many, and some sealed rounds."""
    made: list[Timed] = []
    quick = settings(PROFILE, max_examples=number // 2, database=None, stateful_step_count=40)
    for machine in (Ascending, Descending):

        class Kept(machine):  # type: ignore[misc, valid-type]
            def teardown(self) -> None:
                if getattr(self, "course", None) is not None:
                    made.append(list(self.course.timed))
                super().teardown()

        with keeping_time():
            run_state_machine_as_test(Kept, settings=quick)
    return made + _sealed_lives(number // 3)


def _sealed_lives(number: int) -> list[Timed]:
    made: list[Timed] = []

    class Kept(SealedRounds):
        def teardown(self) -> None:
            made.append(_entries(self.play))

    quick = settings(PROFILE, max_examples=number, database=None, stateful_step_count=30)
    run_state_machine_as_test(Kept, settings=quick)
    return made


class Archive:
    """Writes histories as lots of a few houses. `lots` are those written."""

    def __init__(self, connection: Any, seed: int) -> None:
        self.connection = connection
        self.random = random.Random(seed)
        self.content: dict[str, Any] = {}
        self.lots: list[int] = []
        self.sessions: list[int] = []
        self.houses: list[int] = []
        self.agencies: list[int] = []

    async def open(self, sessions: int = 6) -> None:
        for kind, into in (("ORGANISATION", self.houses), ("AGENCY", self.agencies)):
            for n in range(3):
                name = orjson.dumps({"vi": f"{kind} {n} {uuid.uuid4().hex[:6]}", "en": f"{n}"})
                into.append(
                    await self.connection.fetchval(
                        "SELECT body_of($1, $2::jsonb)", kind, name.decode()
                    )
                )
        for _ in range(sessions):
            self.sessions.append(
                await self.connection.fetchval(
                    "INSERT INTO auction_session (title, organisation, agency, organisation_id,"
                    " agency_id) VALUES ('{}', '{}', '{}', $1, $2) RETURNING id",
                    self.random.choice(self.houses),
                    self.random.choice(self.agencies),
                )
            )

    async def write(self, history: Timed, whole: bool = True, plain: bool = False) -> int:
        """One more lot with this history, or with a beginning of it; returns the lot.

        `plain` is a lot of Vietnam, others are under any rules.
        """
        chance = self.random
        content = {**self.content, "kind": chance.choice(KINDS), **chance.choice(PLACES)}
        lot = await self.connection.fetchval(
            "INSERT INTO lot (session_id, position, shard, content, agency_id)"
            " VALUES ($1, 1, $4, $2, $3) RETURNING id",
            chance.choice(self.sessions),
            orjson.dumps(content).decode(),
            chance.choice((None, *self.agencies)),
            SHARD,
        )
        self.lots.append(lot)
        entries = history if whole else history[: chance.randint(1, len(history))]
        await self.record(lot, self._elsewhen(entries), RULES[0] if plain else None)
        return int(lot)

    def _elsewhen(self, entries: Timed) -> Timed:
        """The same somewhere in these years, its gaps drawn out by a random factor."""
        chance = self.random
        begins = FIRST_MS + chance.randrange(SPREAD_DAYS) * DAY_MS + chance.randrange(DAY_MS)
        factor = chance.choice((1, 1, 3, 1_000, 100_000))
        first = entries[0][0]
        last_ms = begins + 500 * DAY_MS
        return [
            (min(begins + (at_ms - first) * factor, last_ms), event) for at_ms, event in entries
        ]

    async def record(self, lot: int, entries: Timed, rules: dict[str, Any] | None = None) -> None:
        """Append these entries to the lot's journal, and say in its head where it stands."""
        state: LotState | None = None
        at = Position(0, GENESIS)
        rules = rules or self.random.choice(RULES)
        records = []
        for n, (at_ms, event) in enumerate(entries, 1):
            if getattr(event, "bid_id", None) is not None:
                event = type(event)(**{name: getattr(event, name) for name in event.__slots__})
                event.bid_id = str(uuid.uuid5(uuid.UUID(int=lot), event.bid_id))
            if isinstance(event, LotListed | LotDrafted):
                event = type(event)(replace(event.params, **rules))
            if event.kind == "in_kind.taken":
                data = {**event.data, "top_up_minor": self.random.randrange(10**9)}
                event = replace(event, data=data)
            state = apply(state, event)
            body = entry_body(lot, n, f"{at_ms}-{n}", 1, event)
            digest = chain(at.hash, body)
            records.append(record(lot, n, event, body, digest))
            at = Position(n, digest)
        assert state is not None
        await self.connection.copy_records_to_table(
            "journal", records=records, columns=store.JOURNAL_COLUMNS
        )
        await self.connection.execute(store._HEADS, *zip(head_record(lot, SHARD, at, state)))
