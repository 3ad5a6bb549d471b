from __future__ import annotations

import asyncio
import os
import sys
import threading
import time

import pytest

from auction_engine.identity.passwords import _THREADS, _WAITING_MAX, Passwords, PasswordsBusy


async def test_only_the_right_password_is_right() -> None:
    passwords = Passwords()
    kept = await passwords.hash("bí mật")
    assert kept.startswith("$argon2id$")
    assert "bí mật" not in kept
    assert kept != await passwords.hash("bí mật")
    assert await passwords.verify(kept, "bí mật")
    assert not passwords.outdated(kept)
    for wrong in ("bi mat", "", "bí mật ", "x" * 10_000):
        assert not await passwords.verify(kept, wrong)
    for broken in ("", "x", "$argon2id$", None):
        assert not await passwords.verify(broken, "bí mật")


async def test_an_unknown_login_costs_as_much_as_a_known_one() -> None:
    passwords = Passwords()
    kept = await passwords.hash("right")

    async def quickest(known: str | None) -> float:
        took = []
        for _ in range(5):
            started = time.perf_counter()
            await passwords.verify(known, "wrong")
            took.append(time.perf_counter() - started)
        return min(took)

    known, unknown = await quickest(kept), await quickest(None)
    assert 0.4 < unknown / known < 2.5


async def test_the_loop_turns_while_passwords_are_checked() -> None:
    passwords = Passwords()
    kept = await passwords.hash("right")
    work = asyncio.gather(*(passwords.verify(kept, "right") for _ in range(8)))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert all(await work)
    assert turns > 8


async def test_a_rush_is_refused_instead_of_piling_up() -> None:
    passwords = Passwords()
    kept = await passwords.hash("right")
    results = await asyncio.gather(
        *(passwords.verify(kept, "right") for _ in range(_WAITING_MAX + 10)),
        return_exceptions=True,
    )
    assert results.count(True) == _WAITING_MAX
    assert sum(isinstance(result, PasswordsBusy) for result in results) == 10
    assert await passwords.verify(kept, "right")


async def test_a_password_that_cannot_be_hashed_is_just_wrong() -> None:
    passwords = Passwords()
    kept = await passwords.hash("right")
    for odd in ("\x00", "right\x00"):
        assert not await passwords.verify(kept, odd)
    with pytest.raises(UnicodeEncodeError):
        await passwords.hash("\ud800")


async def test_who_signs_in_to_a_busy_machine_is_answered_all_the_same() -> None:
    """Every thread for idle times is held up before a check begins."""
    passwords = Passwords()
    kept = await passwords.hash("right")
    release = threading.Event()
    try:
        held = [passwords._idle.submit(release.wait) for _ in range(_THREADS)]
        assert await passwords.verify(kept, "right")
        assert not await passwords.verify(kept, "wrong")
        assert not any(future.done() for future in held)
    finally:
        release.set()


async def test_a_check_that_stands_still_is_done_once_more() -> None:
    passwords = Passwords()
    release = threading.Event()
    calls: list[str] = []

    def work() -> str:
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            release.wait()
        return threading.current_thread().name

    try:
        assert (await passwords._run(work)).startswith("password-late")
        assert len(calls) == 2
    finally:
        release.set()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems rank whole processes only")
async def test_passwords_give_way_to_bids() -> None:
    passwords = Passwords()
    await passwords.hash("right")
    policy = passwords._idle.submit(lambda: os.sched_getscheduler(threading.get_native_id()))
    assert policy.result() == os.SCHED_IDLE
    late = passwords._late.submit(
        lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    )
    assert late.result() == 19
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
