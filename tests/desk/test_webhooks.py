"""Events on their way: whatever the other side does, none is lost, none overtakes another."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from consumer import Consumer, Got, consumer

from auction_engine.desk import exclusive
from auction_engine.desk.integration import dispatching, events, webhooks
from auction_engine.desk.integration.dispatching import Dispatcher
from auction_engine.desk.integration.feeding import Feeder
from auction_engine.desk.integration.targets import BadTarget, Targets
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

_LOCAL = ("127.0.0.0/8",)


class Bench:
    """A ledger with a body, its webhooks and events, and dispatchers to send them."""

    def __init__(self, settings: Settings, connection: Any, body: int, account: int) -> None:
        self.settings = settings.model_copy(update={"webhook_networks": _LOCAL})
        self.vault = Vault.of(settings)
        self.connection, self.body, self.account = connection, body, account
        self.seq = 0

    async def hook(self, url: str) -> int:
        wish = webhooks.read(Targets(_LOCAL), "hook", url, ["bid.accepted"])
        made = await webhooks.make(self.connection, self.vault, self.body, self.account, wish)
        return made[0]

    async def events(self, hook: int, stream: str, count: int) -> None:
        """So many events of one lot, queued for a webhook."""
        for _ in range(count):
            self.seq += 1
            event = await self.connection.fetchval(
                "INSERT INTO webhook_event (stream, seq, type, at_ms, organisation_id, data)"
                " VALUES ($1, $2::int, 'bid.accepted', $2::int, $3, '{}') RETURNING id",
                stream, self.seq, self.body,
            )  # fmt: skip
            await self.connection.execute(
                "INSERT INTO webhook_delivery (webhook_id, event_id, stream) VALUES ($1, $2, $3)",
                hook, event, stream,
            )  # fmt: skip

    async def lot(self, bids: int) -> int:
        """A lot of the body's with so many bids in its journal."""
        agency = await self.connection.fetchval(
            "INSERT INTO body (kind, name) VALUES ('AGENCY', '{\"vi\": \"A\"}') RETURNING id"
        )
        session = await self.connection.fetchval(
            "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
            " VALUES ('{}', '{}', '{}', $1, $2) RETURNING id",
            self.body, agency,
        )  # fmt: skip
        lot = await self.connection.fetchval(
            "INSERT INTO lot (session_id, position, shard, content) VALUES ($1, 1, 0, '{}')"
            " RETURNING id",
            session,
        )
        entries = [
            (lot, n, "bid.accepted", 1, orjson.dumps(
                {"kind": "bid.accepted", "bidder": 1, "amount_minor": n, "n": n, "at_ms": n,
                 "seq": n}), b"x")
            for n in range(1, bids + 1)
        ]  # fmt: skip
        await self.connection.executemany(
            "INSERT INTO journal (lot_id, seq, kind, bidder, body, hash)"
            " VALUES ($1, $2, $3, $4, $5, $6)", entries,
        )  # fmt: skip
        await self.connection.execute(
            "INSERT INTO lot_head (lot_id, shard, seq, hash, phase, status, accepted, refused,"
            " extensions) VALUES ($1, 0, $2::int, 'x', 'open', 'RUNNING', $2::int, 0, 0)",
            lot, bids,
        )  # fmt: skip
        return int(lot)

    @contextlib.asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[None]:
        """A dispatcher of a gateway, in a hurry."""
        fast: dict[str, Any] = {"look_s": 0.02, "answer_s": 0.5, "first_pause_s": 0.05, **options}
        task = asyncio.create_task(Dispatcher(self.settings, self.vault, **fast).run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def states(self, hook: int) -> list[str]:
        rows = await self.connection.fetch(
            "SELECT state FROM webhook_delivery WHERE webhook_id = $1 ORDER BY id", hook
        )
        return [row["state"] for row in rows]

    async def until(self, hook: int, *states: str) -> None:
        async with asyncio.timeout(30):
            while set(await self.states(hook)) - set(states):  # noqa: ASYNC110 - in the ledger
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    connection = await asyncpg.connect(settings.database_url)
    body = await connection.fetchval(
        "INSERT INTO body (kind, name) VALUES ('ORGANISATION', '{\"vi\": \"Nhà\"}') RETURNING id"
    )
    account = await connection.fetchval(
        "INSERT INTO account (login, name, role, body_id) VALUES ('x', 'X', 'organisation', $1)"
        " RETURNING id",
        body,
    )
    await connection.execute(
        "INSERT INTO person (account_id, kind, email, email_mark, lang)"
        " VALUES ($1, 'PERSON', 'sealed', 'mark', 'vi')",
        account,
    )
    yield Bench(settings, connection, body, account)
    await connection.close()


@pytest_asyncio.fixture
async def taker() -> AsyncIterator[Consumer]:
    async with consumer() as made:
        yield made


def seqs(got: list[Got]) -> list[int]:
    return [int(one.headers["webhook-id"].rpartition("-")[2]) for one in got]


async def test_what_fails_is_tried_again_and_nothing_overtakes_it(
    bench: Bench, taker: Consumer
) -> None:
    left = {"500 Broken": 2, "302 Elsewhere": 1}

    def answer(got: Got) -> str:
        for status in left:
            if left[status]:
                left[status] -= 1
                return status
        return "200 OK"

    taker.answers = answer
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 3)
    async with bench.running():
        await bench.until(hook, "SENT")
    assert seqs(taker.got) == [1, 1, 1, 1, 2, 3]
    # Where a redirect leads nobody goes.
    assert {one.path for one in taker.got} == {"/in"}
    assert await bench.connection.fetchval("SELECT failures FROM webhook") == 0


async def test_a_consumer_that_never_answers_stops_no_other(bench: Bench, taker: Consumer) -> None:
    taker.answers = lambda got: None if got.path == "/slow" else "204 Taken"
    slow, quick = await bench.hook(f"{taker.origin}/slow"), await bench.hook(f"{taker.origin}/ok")
    for lot in range(40):
        await bench.events(slow, f"lot:{lot}", 5)
    await bench.events(quick, "lot:1", 20)
    async with bench.running(answer_s=3600):
        await taker.until(lambda: bool(taker.of("/slow")))
        await bench.until(quick, "SENT")
        assert len(taker.of("/slow")) <= 4
    assert seqs(taker.of("/ok")) == list(range(201, 221))
    assert set(await bench.states(slow)) == {"QUEUED"}


async def test_a_second_answer_to_one_message_is_no_answer_to_the_next(
    bench: Bench, taker: Consumer
) -> None:
    twice, once = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 2, ["500 Broken"]

    def answer(got: Got) -> str | bytes:
        if got.headers["webhook-id"].endswith("-1"):
            return twice
        return once.pop() if once else "200 OK"

    taker.answers = answer
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 3)
    async with bench.running():
        await bench.until(hook, "SENT")
    assert seqs(taker.got) == [1, 2, 2, 3]


_OK = b"HTTP/1.1 200 OK\r\n"


# What was answered, and how often the message must come then.
_ODD = [
    # What follows the status is nobody's business: it was taken.
    (_OK + b"Content-Length: 1000000000\r\n\r\nshort", 1),
    (_OK + b"Content-Length: 3\r\n\r\nfar more than three", 1),
    (_OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n" + b"x" * 100_000, 1),
    (_OK + b"Content-Type: text/plain\r\n\r\n" + b"x" * 300_000, 1),
    # These say nothing that could be understood.
    (_OK + b"Content-Length: -5\r\n\r\n", 2),
    (_OK + b"Content-Length: 0\r\nContent-Length: 7\r\n\r\n", 2),
    (_OK + b"X-Long: " + b"y" * 1_000_000, 2),
    (b"220 mail.example ESMTP\r\n", 2),
    (b"HTTP/1.1 100 Continue\r\n\r\n", 2),
    (b"\0" * 10_000, 2),
]


async def test_whatever_a_consumer_says_it_gets_every_event(bench: Bench, taker: Consumer) -> None:
    odd = {f"lot-{n}-{2 * n + 1}": said for n, (said, _) in enumerate(_ODD)}
    taker.answers = lambda got: odd.pop(got.headers["webhook-id"], "200 OK")
    hook = await bench.hook(f"{taker.origin}/in")
    for n in range(len(_ODD)):
        await bench.events(hook, f"lot:{n}", 2)
    async with bench.running():
        await bench.until(hook, "SENT")
    for n, (said, tries) in enumerate(_ODD):
        own = [one for one in taker.got if one.headers["webhook-id"].startswith(f"lot-{n}-")]
        assert seqs(own) == [2 * n + 1] * tries + [2 * n + 2], said[:60]


async def test_gateways_killed_at_any_moment_lose_nothing_and_keep_the_order(
    bench: Bench, taker: Consumer
) -> None:
    """Real processes, killed after so many messages: while they read, send, or hear the answer."""
    kills = [1, 7, 60]
    await bench.hook(f"{taker.origin}/in")
    lot = await bench.lot(120)
    environment = os.environ | {
        "AUCTION_DATABASE_URL": bench.settings.database_url or "",
        "AUCTION_DATA_DIR": str(bench.settings.data_dir),
        "AUCTION_WEBHOOK_NETWORKS": ",".join(_LOCAL),
    }
    async with asyncio.timeout(90):
        for count in [*kills, None]:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _GATEWAY, env=environment
            )
            try:
                if count is None:
                    while len(set(seqs(taker.got))) < 120:
                        await taker.next()
                else:
                    while len(taker.got) < count:
                        await taker.next()
            finally:
                process.kill()
                await process.wait()
    first = list(dict.fromkeys(seqs(taker.got)))
    assert first == list(range(1, 121))
    assert {one.headers["webhook-id"].rpartition("-")[0] for one in taker.got} == {f"lot-{lot}"}
    # Again is only what nobody heard the end of: one for each that was killed.
    assert len(taker.got) <= 120 + len(kills)


# What of a gateway makes events and sends them.
_GATEWAY = """
import asyncio
from datetime import timedelta
from auction_engine.desk.integration.dispatching import Dispatcher
from auction_engine.desk.integration.feeding import Feeder
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings

async def run():
    settings = Settings()
    dispatcher = Dispatcher(
        settings, Vault.of(settings), look_s=0.02, lease=timedelta(seconds=1), first_pause_s=0.05
    )
    await asyncio.gather(Feeder(settings.database_url, 0.05).run(), dispatcher.run())

asyncio.run(run())
"""


async def test_what_a_dying_gateway_held_is_sent_by_another(bench: Bench, taker: Consumer) -> None:
    taker.answers = lambda got: None
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 3)
    async with bench.running(answer_s=3600):
        await taker.until(lambda: len(taker.got) == 1)
    # It died without a word. Nobody takes what it holds before its lease is over.
    other = Dispatcher(bench.settings, bench.vault)
    assert await other.claim(bench.connection, 10) == []
    await bench.connection.execute("UPDATE webhook_delivery SET leased_until = now()")
    taker.answers = lambda got: "200 OK"
    async with bench.running(), bench.running():
        await bench.until(hook, "SENT")
    assert seqs(taker.got) == [1, 1, 2, 3]


async def test_one_who_is_gone_is_switched_off_with_a_letter_and_replayed_later(
    bench: Bench, taker: Consumer
) -> None:
    taker.answers = lambda got: "410 Gone"
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 3)
    async with bench.running():
        await bench.until(hook, "DEAD")
    assert len(taker.got) == 1
    assert await bench.connection.fetchval("SELECT state FROM webhook") == "DEAD"
    letters = await bench.connection.fetch("SELECT account_id, kind FROM letter")
    assert [tuple(row) for row in letters] == [(bench.account, "integration.dead")]
    taker.answers = lambda got: "200 OK"
    assert await webhooks.set_state(bench.connection, hook, "ACTIVE")
    assert await webhooks.replay(bench.connection, hook, 2) == 2
    async with bench.running():
        await bench.until(hook, "DEAD", "SENT")
    assert seqs(taker.got) == [1, 2, 3]


async def test_one_who_fails_for_days_is_switched_off(bench: Bench, taker: Consumer) -> None:
    taker.answers = lambda got: "503 Busy"
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 2)
    days = dispatching.GIVE_UP + timedelta(minutes=1)
    await bench.connection.execute("UPDATE webhook SET failing_since = now() - $1::interval", days)
    async with bench.running():
        await bench.until(hook, "DEAD")
    assert await bench.connection.fetchval("SELECT count(*) FROM letter") == 1


async def test_a_replay_keeps_the_order_of_what_still_waits(bench: Bench, taker: Consumer) -> None:
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 2)
    async with bench.running():
        await bench.until(hook, "SENT")
    await bench.events(hook, "lot:1", 2)
    assert await webhooks.replay(bench.connection, hook, 2) == 3
    async with bench.running():
        await bench.until(hook, "SENT", "REPLACED")
    assert seqs(taker.got) == [1, 2, 2, 3, 4]


def test_pauses_grow_from_seconds_to_hours() -> None:
    pauses = [dispatching.pause_s(n) for n in range(1, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 5
    assert pauses[-1] == 4 * 3600


# --- where it may go ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://10.0.0.1/", "https://192.168.1.1/",
        "https://169.254.169.254/latest", "https://[::1]/", "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/",
        "https://0.0.0.0/", "https://224.0.0.1/", "https://user@example.org/",
        "https://example.org/#x", "ftp://example.org/", "https://", "https://exa mple.org/",
        "https://example.org:0/", "https://example.org:x/", "https://100.64.0.1/", None, 5,
    ],
)  # fmt: skip
def test_addresses_that_nothing_is_sent_to(url: object) -> None:
    with pytest.raises(BadTarget):
        Targets().read(url)


async def test_a_name_is_asked_anew_and_the_checked_address_is_used() -> None:
    answers = [["93.184.216.34"], ["93.184.216.34", "10.0.0.1"], ["127.0.0.1"], ["2130706433"], []]

    async def look_up(host: str, port: int) -> list[str]:
        assert (host, port) == ("hooks.example", 8443)
        return answers.pop(0)

    targets = Targets(look_up=look_up)
    target = targets.read("https://hooks.example:8443/a?b=c")
    route = await targets.route(target)
    assert route == ("https://93.184.216.34:8443/a?b=c", "hooks.example:8443", "hooks.example")
    for expected in (BadTarget, BadTarget, ValueError, OSError):
        with pytest.raises(expected):
            await targets.route(target)


async def test_a_private_target_that_came_later_gets_nothing(bench: Bench, taker: Consumer) -> None:
    hook = await bench.hook(f"{taker.origin}/in")
    await bench.events(hook, "lot:1", 1)
    bench.settings = bench.settings.model_copy(update={"webhook_networks": ()})
    async with bench.running():
        async with asyncio.timeout(30):
            failures = "SELECT failures FROM webhook"
            while not await bench.connection.fetchval(failures):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert taker.got == []
    assert await bench.connection.fetchval("SELECT error FROM webhook_delivery") == "NOT_HTTPS"


# --- what is told -------------------------------------------------------------------------------


def test_an_entry_is_told_by_codes_and_named_fields_only() -> None:
    where = {"lot": 3, "session": 4}
    entry = {
        "kind": "winner.announced", "status": "ANNOUNCED", "at_ms": 5, "seq": 9,
        "data": {"bidder": 77, "price_minor": 10, "due_ms": 6, "by": 88, "role": "AUCTIONEER",
                 "reason": "private"},
    }  # fmt: skip
    assert events.bidders_of(entry) == {77, 88}
    told = events.of_entry(entry, {77: "B-001"}, where)
    assert told is not None
    assert told.type == "result.announced"
    assert told.data == {
        **where, "bidder_code": "B-001", "price_minor": 10, "due_ms": 6, "status": "ANNOUNCED"
    }  # fmt: skip
    for secret in ("maximum.set", "bid.sealed", "bid.refused", "bidder.admitted", "deposit.held"):
        assert events.of_entry({"kind": secret, "bidder": 77}, {77: "B-001"}, where) is None
    told = events.of_entry(
        {"kind": "lot.closed", "leader": None, "price_minor": None, "n": 0}, {}, where
    )
    assert told is not None
    assert told.data["bidder_code"] is None


async def test_the_feeder_takes_up_where_the_last_one_died(bench: Bench) -> None:
    """A lot's entries in two pages; the first feeder is cut off after one."""
    connection = bench.connection
    await connection.execute(
        "INSERT INTO webhook (body_id, made_by, name, url, types) VALUES"
        " ($1, $2, 'n', 'https://x.example/', '{bid.accepted}')",
        bench.body, bench.account,
    )  # fmt: skip
    await bench.lot(700)

    class Dying:
        """A connection that is lost when it is about to commit the second page."""

        pages = 0

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def execute(self, query: str, *given: Any) -> Any:
            if "webhook_mark" in query:
                Dying.pages += 1
                if Dying.pages == 2:
                    raise OSError("gone")
            return await self._inner.execute(query, *given)

    feeder = Feeder(bench.settings.database_url or "")
    async with exclusive.connected(bench.settings.database_url or "") as first:
        with pytest.raises(OSError, match="gone"):
            await feeder.look(Dying(first))
    assert await connection.fetchval("SELECT count(*) FROM webhook_delivery") == 500
    async with exclusive.connected(bench.settings.database_url or "") as second:
        assert await Feeder("").look(second) == 1
        assert await Feeder("").look(second) == 0
    told = await connection.fetch(
        "SELECT e.seq FROM webhook_delivery d JOIN webhook_event e ON e.id = d.event_id"
        " ORDER BY d.id"
    )
    assert [row["seq"] for row in told] == list(range(1, 701))
