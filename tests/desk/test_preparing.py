"""Drafts of sessions in the ledger, and their publication through the real log: once.

One log and one ledger for all; each test has a house and an agency of its own in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from bidding.harness import QUICK, client_of, journal, recording
from taken import take

from auction_engine.desk import session_record
from auction_engine.desk.cases import assets as cases
from auction_engine.desk.preparing import building, dating, drafts, publishing, sources
from auction_engine.desk.preparing.choices import Choices, Texts
from auction_engine.desk.preparing.errors import PreparingError
from auction_engine.identity import bodies
from auction_engine.ledger import store
from auction_engine.rules import packs
from auction_engine.settings import Settings

from .bureau import BOTH, Bureau, Died, bureau_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PACK = "vn-enforcement-2026-07"
_NUMBERS = count(1)


class Wizard:
    """A house that prepares sessions: `chief` makes them, `second` approves."""

    def __init__(self, bureau: Bureau, connection: Any, house: int, agency: int) -> None:
        self.bureau = bureau
        self.connection = connection
        self.house, self.agency = house, agency
        self.chief, self.second = bureau.chief, bureau.second

    async def choices(self, count: int = 2, law: str = PACK, **rules: Any) -> Choices:
        """A session of assets taken for it, with nothing against it."""
        today = datetime.now(UTC).date()
        for n in range(count):
            await take(
                self.connection, self.house, self.agency, self.chief, signed=today, title=f"Car {n}"
            )
        known = {one.id: one for one in await cases.taken(self.connection, self.house)}
        pack = packs.load(law)
        texts = Texts(title_vi="Phiên xe", title_en="Cars", pause_stop_clause=True)
        lots = tuple(building.proposed(pack, one) for one in known.values())
        if "method" in rules:
            floor = {"floor_minor": (lots[0].starting_price_minor or 0) // 2}
            lots = tuple(lot.model_copy(update=floor) for lot in lots)
        made = Choices(lots=lots, texts=texts).model_copy(
            update={"rules": Choices().rules.model_copy(update=rules)}
        )
        return proved(dating.filled(pack, made, known, today))

    async def draft(self, count: int = 2, state: str = "APPROVED", **rules: Any) -> int:
        choices = await self.choices(count, **rules)
        draft = await drafts.make(self.connection, self.house, self.chief, PACK, choices)
        if state != "DRAFT":
            await self.act(drafts.submit, draft, self.chief)
        if state == "APPROVED":
            await self.act(drafts.approve, draft, self.second)
        return draft

    async def act(self, act: Any, draft: int, account: int, *said: str) -> None:
        async with drafts.locked(self.connection, draft, self.house) as found:
            await act(self.connection, found, account, *said)

    async def read(self, draft: int) -> drafts.Draft:
        return await drafts.read(self.connection, draft, self.house)

    async def begin(self, draft: int) -> int:
        version = (await self.read(draft)).version
        return await publishing.begin(self.connection, draft, self.house, self.second, version, 1)

    async def lots(self, draft: int) -> list[int]:
        rows = await self.connection.fetch(
            "SELECT lot_id FROM session_draft_asset WHERE draft_id = $1 ORDER BY position", draft
        )
        return [row[0] for row in rows]

    async def assets(self) -> list[tuple[str, int | None]]:
        """State and session of the house's assets."""
        rows = await self.connection.fetch(
            "SELECT state, session_id FROM asset WHERE organisation_id = $1 ORDER BY id", self.house
        )
        return [tuple(row) for row in rows]

    async def sessions(self) -> int:
        """How many sessions the house has."""
        count = "SELECT count(*) FROM auction_session WHERE organisation_id = $1"
        return int(await self.connection.fetchval(count, self.house))

    async def asked_of(self, session: int) -> list[str]:
        """What was asked of a session."""
        kinds = "SELECT kind FROM session_entry WHERE session_id = $1 ORDER BY n"
        return [row[0] for row in await self.connection.fetch(kinds, session)]


def proved(choices: Choices) -> Choices:
    notices = tuple(one.model_copy(update={"proof": "clip"}) for one in choices.dates.notices)
    dates = choices.dates.model_copy(update={"notices": notices, "posting_proof": "photograph"})
    return choices.model_copy(update={"dates": dates})


def titled(choices: Choices, title: str) -> Choices:
    texts = choices.texts.model_copy(update={"title_vi": title})
    return choices.model_copy(update={"texts": texts})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bureau]:
    database = f"drafts_{os.getpid()}"
    servers.create_database(database, migrated_template)
    quick = Settings(
        data_dir=tmp_path_factory.mktemp("drafts"), port=0, limits=QUICK,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with recording(quick), client_of(quick) as client, bureau_of(quick, client) as made:
        yield made
    servers.drop_database(database)


@pytest_asyncio.fixture(loop_scope="module")
async def wizard(room: Bureau) -> AsyncIterator[Wizard]:
    n = next(_NUMBERS)
    house = await bodies.add(room.desk.engine, "ORGANISATION", {"vi": f"nhà {n}", "en": f"h {n}"})
    agency = await bodies.add(room.desk.engine, "AGENCY", {"vi": f"cục {n}", "en": f"a {n}"})
    connection = await store.connect(room.url)
    yield Wizard(room, connection, house, agency)
    await connection.close()


def code(error: pytest.ExceptionInfo[PreparingError]) -> str:
    return error.value.code


# --- a draft and its changes ------------------------------------------------------------------


async def test_a_draft_is_changed_undone_and_shows_who_did_what(wizard: Wizard) -> None:
    choices = await wizard.choices()
    connection, house = wizard.connection, wizard.house
    draft = await drafts.make(connection, house, wizard.chief, PACK, choices)
    assert (await wizard.read(draft)).choices == choices

    async def edit(title: str, version: int, account: int = wizard.chief) -> drafts.Draft:
        return await drafts.edit(connection, draft, house, account, version, titled(choices, title))

    await edit("Một", 1)
    changed = await edit("Hai", 2, wizard.second)
    assert (changed.version, changed.choices.texts.title_vi) == (3, "Hai")
    # The same sent again is no change; something else on an old version is not written over it.
    assert (await edit("Hai", 2)).version == 3
    with pytest.raises(PreparingError) as stale:
        await edit("Ba", 2)
    assert code(stale) == "STALE"
    # Undone one by one, back to how it began, and no further.
    titles = []
    for version in (3, 4):
        found = await drafts.undo(connection, draft, house, wizard.chief, version)
        titles.append(found.choices.texts.title_vi)
    assert titles == ["Một", "Phiên xe"]
    assert not await drafts.can_undo(connection, found)
    with pytest.raises(PreparingError) as nothing:
        await drafts.undo(connection, draft, house, wizard.chief, 5)
    assert code(nothing) == "NOTHING_TO_UNDO"
    # A change after an undo is undone to what was undone to.
    await edit("Bốn", 5)
    assert (await drafts.undo(connection, draft, house, wizard.chief, 6)).choices == choices
    kinds = [(one.kind, one.account) for one in reversed(await drafts.history(connection, draft))]
    assert kinds == [
        ("make", wizard.chief), ("edit", wizard.chief), ("edit", wizard.second),
        ("undo", wizard.chief), ("undo", wizard.chief), ("edit", wizard.chief),
        ("undo", wizard.chief),
    ]  # fmt: skip


async def test_two_who_change_a_draft_at_once_do_not_write_over_each_other(
    wizard: Wizard,
) -> None:
    choices = await wizard.choices()
    draft = await drafts.make(wizard.connection, wizard.house, wizard.chief, PACK, choices)
    other = await store.connect(wizard.bureau.url)
    told = await asyncio.gather(
        *(
            drafts.edit(connection, draft, wizard.house, account, 1, titled(choices, title))
            for connection, account, title in (
                (wizard.connection, wizard.chief, "Một"), (other, wizard.second, "Hai"),
            )
        ),
        return_exceptions=True,
    )  # fmt: skip
    await other.close()
    (kept,) = [one for one in told if isinstance(one, drafts.Draft)]
    (refused,) = [one for one in told if isinstance(one, PreparingError)]
    assert refused.code == "STALE"
    assert (await wizard.read(draft)).choices == kept.choices


async def test_entries_only_grow_and_another_house_sees_nothing(wizard: Wizard) -> None:
    draft = await wizard.draft(1, "DRAFT")
    for statement in (
        "UPDATE session_draft_entry SET reason = ''",
        "DELETE FROM session_draft_entry",
    ):
        for connect in (store.connect, asyncpg.connect):
            connection = await connect(wizard.bureau.url)
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
            await connection.close()
    for body in (wizard.agency, None):
        with pytest.raises(PreparingError) as unknown:
            await drafts.read(wizard.connection, draft, body)
        assert code(unknown) == "UNKNOWN"


# --- four eyes --------------------------------------------------------------------------------


async def test_who_made_or_submitted_a_draft_cannot_approve_it(wizard: Wizard) -> None:
    draft = await wizard.draft(1, "SUBMITTED")
    with pytest.raises(PreparingError) as same:
        await wizard.act(drafts.approve, draft, wizard.chief)
    assert code(same) == "SAME_PERSON"
    # Made by the one, submitted by the other: neither of them.
    await wizard.act(drafts.back, draft, wizard.second, "the title")
    await wizard.act(drafts.submit, draft, wizard.second)
    for account in (wizard.chief, wizard.second):
        with pytest.raises(PreparingError) as both:
            await wizard.act(drafts.approve, draft, account)
        assert code(both) == "SAME_PERSON"
    with pytest.raises(asyncpg.CheckViolationError):
        await wizard.connection.execute(
            "UPDATE session_draft SET approved_by = made_by WHERE id = $1", draft
        )


async def test_giving_back_needs_a_reason_and_ends_the_approval(wizard: Wizard) -> None:
    draft = await wizard.draft(1)
    with pytest.raises(PreparingError) as silent:
        await wizard.act(drafts.back, draft, wizard.second, " ")
    assert code(silent) == "REASON_MISSING"
    await wizard.act(drafts.back, draft, wizard.second, "the opening")
    found = await wizard.read(draft)
    assert (found.state, found.submitted_by, found.approved_by) == ("DRAFT", None, None)
    assert (await drafts.history(wizard.connection, draft))[0].reason == "the opening"
    with pytest.raises(PreparingError) as early:
        await wizard.begin(draft)
    assert code(early) == "NOT_NOW"


async def test_what_is_submitted_cannot_change_and_what_is_deleted_frees_its_assets(
    wizard: Wizard,
) -> None:
    draft = await wizard.draft(1, "SUBMITTED")
    found = await wizard.read(draft)
    with pytest.raises(PreparingError) as shut:
        await drafts.edit(
            wizard.connection, draft, wizard.house, wizard.chief, found.version,
            titled(found.choices, "x"),
        )  # fmt: skip
    assert code(shut) == "NOT_NOW"
    await wizard.act(drafts.delete, draft, wizard.chief)
    with pytest.raises(PreparingError):
        await wizard.read(draft)
    assert await wizard.lots(draft) == []


# --- publishing -------------------------------------------------------------------------------


async def test_a_published_session_is_what_was_approved(wizard: Wizard) -> None:
    draft = await wizard.draft(2, order="SEQUENTIAL", gap_min=10)
    session = await wizard.begin(draft)
    assert (await wizard.read(draft)).state == "PUBLISHING"
    assert await publishing.finish(wizard.bureau.desk, draft)
    assert (await wizard.read(draft)).state == "PUBLISHED"
    lots = await wizard.lots(draft)
    for lot in lots:
        kinds = [entry["kind"] for entry in await journal(wizard.bureau.url, lot)]
        assert kinds[:3] == ["lot.drafted", "lot.contracted", "lot.listed"]
        assert await wizard.bureau.status(lot) in ("PUBLISHED", "REGISTRATION_OPEN")
    record = await session_record.read(wizard.bureau.desk.engine, session)
    assert (record.plan.order, record.plan.gap_ms) == ("SEQUENTIAL", 600_000)
    assert (record.planned_by, list(record.lots)) == (wizard.second, lots)
    assert await wizard.assets() == [("LISTED", session)] * 2
    # The frozen parameters are the pack's, and the second lot has its own window.
    first, second = [(await journal(wizard.bureau.url, lot))[2]["params"] for lot in lots]
    assert first["pack"] == PACK
    assert second["start_ms"] == first["end_ms"] + 600_000
    assert second["terms"]["deposits"] == "RECORDED"
    # Once more is the same.
    assert await wizard.begin(draft) == session
    assert await publishing.finish(wizard.bureau.desk, draft)
    assert await wizard.sessions() == 1


async def test_two_who_publish_at_once_make_one_session(wizard: Wizard) -> None:
    draft = await wizard.draft(2)
    other = await store.connect(wizard.bureau.url)
    version = (await wizard.read(draft)).version
    pressed = ((wizard.connection, wizard.second), (other, wizard.chief))
    sessions = await asyncio.gather(
        *(publishing.begin(by, draft, wizard.house, who, version, 1) for by, who in pressed)
    )
    await other.close()
    assert len(set(sessions)) == 1
    desk = wizard.bureau.desk
    await asyncio.gather(*(publishing.finish(desk, draft) for _ in range(3)))
    assert await publishing.finish(desk, draft)
    for lot in await wizard.lots(draft):
        kinds = [entry["kind"] for entry in await journal(wizard.bureau.url, lot)]
        assert kinds.count("lot.listed") == 1
    assert await wizard.asked_of(sessions[0]) == ["plan"]


async def test_two_who_approve_at_once_are_one_approval(wizard: Wizard) -> None:
    draft = await wizard.draft(1, "SUBMITTED")
    await wizard.act(drafts.approve, draft, wizard.second)
    await wizard.act(drafts.approve, draft, wizard.second)
    kinds = [one.kind for one in await drafts.history(wizard.connection, draft)]
    assert kinds.count("approve") == 1


async def test_an_asset_in_two_drafts_is_sold_in_one_of_them(wizard: Wizard) -> None:
    draft = await wizard.draft(1)
    found = await wizard.read(draft)
    twin = await drafts.make(wizard.connection, wizard.house, wizard.chief, PACK, found.choices)
    await wizard.act(drafts.submit, twin, wizard.chief)
    await wizard.act(drafts.approve, twin, wizard.second)
    await wizard.begin(draft)
    with pytest.raises(publishing.Blocked) as gone:
        await wizard.begin(twin)
    assert [one.code for one in gone.value.findings] == ["ASSET_GONE"]
    assert await wizard.sessions() == 1
    assert (await wizard.read(twin)).state == "APPROVED"


class Dying:
    """A log's client in a process that dies with its `after`th message, sent or not."""

    def __init__(self, log: Any, after: int, sent: bool) -> None:
        self._log, self._left, self._sent = log, after, sent

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any) -> Any:
            self._left -= 1
            if self._left < 0 or (self._left == 0 and not self._sent):
                raise Died
            done = await getattr(self._log, name)(*args)
            if self._left == 0:
                raise Died
            return done

        return call


@pytest.mark.parametrize("sent", [False, True])
async def test_what_dies_while_publishing_is_finished_by_the_next_look(
    wizard: Wizard, sent: bool
) -> None:
    draft = await wizard.draft(2, order="SEQUENTIAL")
    session = await wizard.begin(draft)
    desk = wizard.bureau.desk
    # It dies again and again, each time a message later than it came before: at the probe, the
    # file, the contract, the listing of each lot.
    for _ in range(6):
        for messages in (1, 2):
            dying = replace(desk, log=Dying(desk.log, messages, sent))  # type: ignore[arg-type]
            with pytest.raises(Died):
                await publishing.finish(dying, draft)
        assert (await wizard.read(draft)).state == "PUBLISHING"
    await publishing.Publisher(desk).look(wizard.connection)
    assert (await wizard.read(draft)).state == "PUBLISHED"
    for lot in await wizard.lots(draft):
        kinds = [entry["kind"] for entry in await journal(wizard.bureau.url, lot)]
        assert kinds[:3] == ["lot.drafted", "lot.contracted", "lot.listed"]
        assert kinds.count("lot.listed") == kinds.count("lot.contracted") == 1
    assert await wizard.asked_of(session) == ["plan"]


async def test_a_publication_under_way_tells_how_far_it_is(wizard: Wizard) -> None:
    draft = await wizard.draft(2)
    await wizard.begin(draft)
    desk, connection = wizard.bureau.desk, wizard.connection
    lots = await wizard.lots(draft)

    async def up() -> list[bool]:
        told = await publishing.going_up(connection, draft)
        assert [(one.position, one.lot) for one in told] == list(enumerate(lots, 1))
        assert [one.title["en"] for one in told] == ["Car 0 (en)", "Car 1 (en)"]
        return [one.up for one in told]

    assert await up() == [False, False]
    # The probe, the first lot's file, contract and listing; then the process is gone.
    dying = replace(desk, log=Dying(desk.log, 4, True))  # type: ignore[arg-type]
    with pytest.raises(Died):
        await publishing.finish(dying, draft)
    assert await up() == [True, False]
    await publishing.Publisher(desk).look(connection)
    assert await up() == [True, True]


async def test_a_falling_price_is_published_as_it_was_chosen(wizard: Wizard) -> None:
    choices = await wizard.choices(2, "vn-voluntary", order="SEQUENTIAL", gap_min=10,
                                   method="DESCENDING", fall_every_s=120)  # fmt: skip
    draft = await drafts.make(
        wizard.connection, wizard.house, wizard.chief, "vn-voluntary", choices
    )
    for act, account in ((drafts.submit, wizard.chief), (drafts.approve, wizard.second)):
        await wizard.act(act, draft, account)
    await wizard.begin(draft)
    assert await publishing.finish(wizard.bureau.desk, draft)
    first, second = [
        (await journal(wizard.bureau.url, lot))[2]["params"] for lot in await wizard.lots(draft)
    ]
    start = first["starting_price_minor"]
    assert (first["method"], first["end_ms"]) == ("DESCENDING", None)
    assert first["descent"]["shape"] == "LINEAR"
    assert first["descent"]["step_minor"] == first["increment_minor"]
    assert first["descent"]["floor_minor"] == start // 2
    # The second waits until the first has stood at its lowest price.
    steps = 1 + -(-(start - start // 2) // first["increment_minor"])
    assert second["start_ms"] == first["start_ms"] + steps * 120_000 + 600_000


async def test_what_fails_before_the_ledger_has_it_leaves_nothing(wizard: Wizard) -> None:
    draft = await wizard.draft(2)
    # The second asset is withdrawn between the check and its listing.
    listed = cases.listed
    seen: list[int] = []

    async def refuse(connection: Any, asset: int, *rest: Any) -> None:
        seen.append(asset)
        if len(seen) == 2:
            raise cases.CaseError([cases.Fault("state", "MOVED_ON", "It is withdrawn.")])
        await listed(connection, asset, *rest)

    monkey = pytest.MonkeyPatch()
    monkey.setattr(cases, "listed", refuse)
    try:
        with pytest.raises(PreparingError) as taken:
            await wizard.begin(draft)
    finally:
        monkey.undo()
    assert code(taken) == "TAKEN"
    assert await wizard.sessions() == 0
    assert (await wizard.read(draft)).state == "APPROVED"
    assert {state for state, _ in await wizard.assets()} == {"TAKEN"}


# --- templates and sessions of the past -------------------------------------------------------


async def test_a_template_and_a_past_session_give_everything_but_assets_and_days(
    wizard: Wizard,
) -> None:
    connection, house = wizard.connection, wizard.house
    draft = await wizard.draft(1, order="SEQUENTIAL", gap_min=7)
    found = await wizard.read(draft)
    template = await sources.keep_template(connection, house, wizard.chief, " Xe  ", found)
    with pytest.raises(PreparingError) as taken:
        await sources.keep_template(connection, house, wizard.chief, "Xe", found)
    assert code(taken) == "TAKEN"
    assert [one.name for one in await sources.templates(connection, house)] == ["Xe"]
    session = await wizard.begin(draft)
    await publishing.finish(wizard.bureau.desk, draft)
    for pack, choices in (
        await sources.from_template(connection, template, house),
        await sources.from_past(connection, session, house),
    ):
        assert pack == PACK
        assert (choices.rules, choices.texts) == (found.choices.rules, found.choices.texts)
        assert choices.lots == ()
        assert choices.dates.opening is None
        assert choices.dates.window_min == found.choices.dates.window_min
    for other in (sources.from_template(connection, template, wizard.agency),
                  sources.from_past(connection, session, wizard.agency)):  # fmt: skip
        with pytest.raises(PreparingError):
            await other
    await sources.drop_template(connection, template, house)
    assert await sources.templates(connection, house) == []


async def test_a_session_prepared_elsewhere_is_told_by_its_journal(wizard: Wizard) -> None:
    await wizard.bureau.put_up((3_600_000, 7_200_000))
    session = wizard.bureau.session
    body = "SELECT organisation_id FROM auction_session WHERE id = $1"
    house = await wizard.connection.fetchval(body, session)
    pack, choices = await sources.from_past(wizard.connection, session, house)
    assert pack == sources.newest_pack().id
    assert (choices.dates.window_min, choices.rules.extension) == (60, "NONE")
    assert choices.texts.title_vi == BOTH["vi"]


async def test_dates_that_mean_nothing_are_refused_with_their_path() -> None:
    from auction_engine.desk.preparing.choices import parse

    for data, path in (
        ({"dates": {"opening": "2026-10-19T09:00+07:00"}}, "dates.opening"),
        ({"dates": {"posting_on": "0001-01-01"}}, "dates.posting_on"),
        ({"lots": [{"asset": 1, "deposit_minor": 0}]}, "lots.0.deposit_minor"),
        ({"lots": [{"asset": 1}, {"asset": 1}]}, "lots"),
        ({"rules": {"order": "RANDOM"}}, "rules.order"),
        ({"more": 1}, "more"),
    ):
        with pytest.raises(PreparingError) as bad:
            parse(data)
        assert (code(bad), bad.value.path) == ("BAD_CHOICE", path)
    assert parse({"dates": {"posting_on": "2026-10-05"}}).dates.posting_on == date(2026, 10, 5)
