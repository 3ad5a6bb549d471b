from __future__ import annotations

import asyncio
import time

import pytest

from auction_engine.identity.passwords import _WAITING_MAX, Passwords, PasswordsBusy


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
