"""Money leaves under four eyes, once, and what fails is owed again."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from auction_engine.bank.batch import BatchError
from auction_engine.desk.money import importing, payouts
from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.money.record import MoneyError

from .house import DEPOSIT, NOW, ORDERED_ON, House, Sale


async def refunds(desk: House, bidders: int = 3) -> tuple[Sale, list[int]]:
    """A stopped lot whose deposits are due back."""
    sale = await desk.sale(bidders)
    await sale.deposited()
    await sale.act("stop", ground="REDEEMED", role="AGENCY", reason="Paid.")
    await sale.keep()
    return sale, [row["id"] for row in await desk.due(desk.organisation)]


async def states(desk: House) -> list[str]:
    rows = await desk.connection.fetch("SELECT state FROM payout ORDER BY id")
    return [row["state"] for row in rows]


async def prepare(desk: House, numbers: list[int], who: str = "clerk", on: Any = None) -> int:
    return await payouts.prepare(
        on or desk.connection, desk.organisation, numbers, desk.people[who], ORDERED_ON
    )


async def release(desk: House, batch: int, who: str = "chief", on: Any = None) -> bytes:
    return await payouts.release(
        on or desk.connection, desk.organisation, batch, desk.people[who], NOW
    )


async def cancel(desk: House, batch: int, on: Any = None) -> None:
    await payouts.cancel(
        on or desk.connection, desk.organisation, batch, desk.people["clerk"], "Wrong day"
    )


async def refused(code: str, work: Any) -> None:
    with pytest.raises(MoneyError) as caught:
        await work
    assert caught.value.code == code


async def test_whoever_prepares_does_not_release(desk: House) -> None:
    _, numbers = await refunds(desk)
    batch = await prepare(desk, numbers)
    before = await desk.left()
    await refused("SAME_PERSON", release(desk, batch, "clerk"))
    assert await desk.left() == before
    assert await states(desk) == ["PREPARED"] * 3
    # Nor does the database let anybody write that he did.
    with pytest.raises(asyncpg.CheckViolationError, match="four_eyes"):
        await desk.connection.execute(
            "UPDATE payout_batch SET released_by = prepared_by, released_at = now(), body = 'x'"
            " WHERE id = $1",
            batch,
        )
    assert b"AE-B" in await release(desk, batch)
    assert await states(desk) == ["ORDERED"] * 3


async def test_prepared_once_released_twice_the_same_bytes(desk: House) -> None:
    _, numbers = await refunds(desk)
    batch = await prepare(desk, numbers)
    await refused("NOT_DUE", prepare(desk, numbers[:1]))
    body = await release(desk, batch)
    before = await desk.left()
    assert await release(desk, batch, "head") == body
    assert await release(desk, batch, "clerk") == body
    assert await desk.left() == before
    await refused("RELEASED", cancel(desk, batch))
    await desk.check()


async def test_what_cannot_be_prepared(desk: House) -> None:
    _, numbers = await refunds(desk)
    await refused("NO_PAYOUTS", prepare(desk, []))
    await refused("UNKNOWN_PAYOUT", prepare(desk, [*numbers, 10**6]))
    await refused("TOO_MANY", prepare(desk, list(range(5_001))))
    await desk.connection.execute("UPDATE payout SET account = NULL WHERE id = $1", numbers[0])
    await refused("NO_PAYEE", prepare(desk, numbers))
    await refused("UNKNOWN_BATCH", release(desk, 99))
    assert await states(desk) == ["DUE"] * 3


async def test_cancelled_and_prepared_anew(desk: House) -> None:
    _, numbers = await refunds(desk)
    batch = await prepare(desk, numbers)
    no_reason = payouts.cancel(desk.connection, desk.organisation, batch, desk.people["clerk"], " ")
    await refused("NO_REASON", no_reason)
    await cancel(desk, batch)
    await cancel(desk, batch)
    await refused("CANCELLED", release(desk, batch))
    assert await states(desk) == ["DUE"] * 3
    await release(desk, await prepare(desk, numbers))
    assert await states(desk) == ["ORDERED"] * 3


async def test_the_bank_could_not_take_it(desk: House) -> None:
    _, numbers = await refunds(desk)
    batch = await payouts.prepare(
        desk.connection, desk.organisation, numbers, desk.people["clerk"], NOW.date().replace(day=1)
    )
    before = await desk.left()
    with pytest.raises(BatchError, match="past"):
        await release(desk, batch)
    assert await desk.left() == before
    assert await states(desk) == ["PREPARED"] * 3


async def test_a_payee_changes_only_while_nothing_is_on_its_way(desk: House) -> None:
    sale, (first, *_) = await refunds(desk)
    payee = Payee("NGUYEN VAN A", "0099", "VCBKVNVX")

    def name(number: int, reason: str = "Letter") -> Any:
        return payouts.name_payee(
            desk.connection, desk.organisation, number, payee, desk.people["clerk"], reason
        )

    await name(first)
    await refused("NO_REASON", name(first, ""))
    await refused("UNKNOWN_PAYOUT", name(10**6))
    batch = await prepare(desk, [first])
    await refused("NOT_DUE", name(first))
    assert b"0099" in await release(desk, batch)
    await refused("NOT_DUE", name(first))
    desk.escrow._move(ORDERED_ON, -DEPOSIT, f"AE-P{first}-1", "", sale.customer(sale.bidders[0]))
    await desk.hear()
    await refused("NOT_DUE", name(first))


async def test_a_rejection_told_twice_is_one(desk: House) -> None:
    sale, numbers = await refunds(desk)
    desk.escrow.closed.add(sale.customer(sale.bidders[1]).account)
    body = await release(desk, await prepare(desk, numbers))
    answer = desk.escrow.obey(body, ORDERED_ON)
    assert answer is not None
    clerk = desk.people["clerk"]

    async def hear() -> dict[str, int]:
        return await payouts.hear(desk.connection, desk.organisation, answer, clerk)

    assert await hear() == {"rejected": 1, "accepted": 2, "known": 0}
    after = await desk.left()
    assert await hear() == {"rejected": 0, "accepted": 2, "known": 1}
    assert await desk.left() == after
    assert after[f"LIAB.REFUND[lot:{sale.lot}/bidder:{sale.bidders[1]}]"] == -DEPOSIT
    (failed,) = await desk.due(desk.organisation, "FAILED")
    assert "AC04" in failed["reason"]
    await refused(
        "NOT_FAILED",
        payouts.retry(desk.connection, desk.organisation, numbers[0], clerk, "Again"),
    )
    await payouts.retry(desk.connection, desk.organisation, failed["id"], clerk, "Again")
    # The second attempt is not what this answer is about.
    assert await hear() == {"rejected": 0, "accepted": 2, "known": 0}
    desk.escrow.closed.clear()
    await desk.pay_all(desk.escrow)
    await desk.hear()
    assert await desk.left() == {}
    assert await states(desk) == ["BOOKED"] * 3


async def test_a_rejection_after_it_was_booked_changes_nothing(desk: House) -> None:
    sale, numbers = await refunds(desk)
    body = await release(desk, await prepare(desk, numbers))
    account = sale.customer(sale.bidders[0]).account
    desk.escrow.obey(body, ORDERED_ON)
    await desk.hear()
    twin = type(desk.escrow)(desk.escrow.owner)
    twin.closed.add(account)
    answer = twin.obey(body, ORDERED_ON)
    assert answer is not None
    found = await payouts.hear(desk.connection, desk.organisation, answer, None)
    assert found == {"rejected": 0, "accepted": 2, "known": 1}
    assert await desk.left() == {}
    assert await states(desk) == ["BOOKED"] * 3


async def test_booked_though_it_was_rejected_is_before_a_person(desk: House) -> None:
    sale, numbers = await refunds(desk, 1)
    body = await release(desk, await prepare(desk, numbers))
    twin = type(desk.escrow)(desk.escrow.owner)
    twin.closed.add(sale.customer(sale.bidders[0]).account)
    answer = twin.obey(body, ORDERED_ON)
    assert answer is not None
    await payouts.hear(desk.connection, desk.organisation, answer, None)
    desk.escrow.obey(body, ORDERED_ON)
    assert (await desk.hear()).suspense == {"UNEXPLAINED": 1}
    await desk.check()


async def test_an_answer_about_nothing_of_ours(desk: House) -> None:
    sale, numbers = await refunds(desk, 1)
    body = await release(desk, await prepare(desk, numbers))
    desk.escrow.closed.add(sale.customer(sale.bidders[0]).account)
    answer = desk.escrow.obey(body.replace(b"AE-B1", b"AE-B7"), ORDERED_ON)
    assert answer is not None
    await refused("UNKNOWN_BATCH", payouts.hear(desk.connection, desk.organisation, answer, None))
    assert await states(desk) == ["ORDERED"]


# --- several at once ----------------------------------------------------------------------------


async def at_once(url: str, *works: Any) -> list[Any]:
    barrier = asyncio.Barrier(len(works))

    async def one(work: Any) -> Any:
        connection = await asyncpg.connect(url)
        try:
            await barrier.wait()
            return await work(connection)
        except MoneyError as error:
            return error.code
        finally:
            await connection.close()

    return list(await asyncio.gather(*(one(work) for work in works)))


async def test_double_clicks_on_prepare(desk: House, database_url: str) -> None:
    for _ in range(6):
        _, numbers = await refunds(desk, 2)
        found = await at_once(
            database_url, *[lambda c, n=numbers: prepare(desk, n, on=c) for _ in range(4)]
        )
        assert sum(isinstance(one, int) for one in found) == 1
        assert found.count("NOT_DUE") == 3
        await cancel(desk, next(one for one in found if isinstance(one, int)))
        await release(desk, await prepare(desk, numbers))
    await desk.check()


async def test_double_clicks_on_release_and_a_cancel_between(
    desk: House, database_url: str
) -> None:
    ends = set()
    for n in range(12):
        _, numbers = await refunds(desk, 2)
        batch = await prepare(desk, numbers)
        works = [lambda c, b=batch: release(desk, b, on=c) for _ in range(2)]
        works.insert(n % 3, lambda c, b=batch: cancel(desk, b, on=c))
        found = await at_once(database_url, *works)
        cancelled = found.pop(n % 3)
        rows = await desk.connection.fetch(
            "SELECT state FROM payout WHERE id = ANY($1::bigint[])", numbers
        )
        if cancelled is None:
            assert found == ["CANCELLED"] * 2
            assert {row["state"] for row in rows} == {"DUE"}
        else:
            assert cancelled == "RELEASED"
            assert found[0] == found[1]
            assert isinstance(found[0], bytes)
            assert {row["state"] for row in rows} == {"ORDERED"}
        ends.add(cancelled)
        await desk.check()
    assert await desk.connection.fetchval(
        "SELECT count(*) FROM transfer WHERE kind = 'payout.ordered'"
    ) == await desk.connection.fetchval("SELECT count(*) FROM payout WHERE state = 'ORDERED'")


async def test_rejected_and_booked_at_the_same_moment(desk: House, database_url: str) -> None:
    for _ in range(8):
        sale, numbers = await refunds(desk, 4)
        body = await release(desk, await prepare(desk, numbers))
        twin = type(desk.escrow)(desk.escrow.owner)
        twin.closed |= {sale.customer(who).account for who in sale.bidders}
        answer = twin.obey(body, ORDERED_ON)
        assert answer is not None
        desk.escrow.obey(body, ORDERED_ON)
        _, told = desk.escrow.statement("camt.053")

        async def hear(connection: Any, answer: bytes = answer) -> int:
            found = await payouts.hear(connection, desk.organisation, answer, None)
            return found["rejected"]

        async def take(connection: Any, told: bytes = told) -> int:
            found = await importing.import_file(
                connection, type(desk.lots)(), desk.organisation, "a", told, None
            )
            return found.booked

        rejected, booked = await at_once(database_url, hear, take)
        assert (rejected, booked) in ((4, 0), (0, 4))
        await desk.check()
    await desk.verified()
