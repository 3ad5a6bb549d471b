"""What runs beside the bids and must not end them."""

from __future__ import annotations

import asyncio

import pytest

from auction_engine.bidding import tasks


async def test_a_part_that_fails_is_begun_again_and_ends_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks, "_REST_S", 0.01)
    begun = 0
    again = asyncio.Event()

    async def part() -> None:
        nonlocal begun
        begun += 1
        if begun == 3:
            again.set()
            await asyncio.Event().wait()
        raise KeyError("a letter nobody can write")

    task = asyncio.create_task(tasks.lasting(part, "Part"))
    async with asyncio.timeout(5):
        await again.wait()
    assert not task.done()
    await tasks.end([task])
    assert task.cancelled()


async def test_a_part_that_fails_at_once_rests() -> None:
    begun = 0

    async def part() -> None:
        nonlocal begun
        begun += 1
        raise ValueError

    task = asyncio.create_task(tasks.lasting(part, "Part"))
    await asyncio.sleep(0.3)
    await tasks.end([task])
    assert begun == 1


async def test_who_is_told_twice_to_end_still_waits_for_its_parts() -> None:
    """A part that hears only the second word must not be left behind by a parent told twice."""
    heard = 0
    begun = asyncio.Event()

    async def deaf_at_first() -> None:
        nonlocal heard
        begun.set()
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1
                if heard == 3:
                    raise

    async def parent() -> None:
        part = asyncio.create_task(deaf_at_first())
        try:
            await asyncio.Event().wait()
        finally:
            await tasks.end([part])
            assert part.cancelled()

    task = asyncio.create_task(parent())
    await begun.wait()
    async with asyncio.timeout(5):
        await tasks.end([task])
    assert task.cancelled()
    assert heard == 3
