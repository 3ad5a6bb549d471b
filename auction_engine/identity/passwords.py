"""Passwords: Argon2id in threads of their own, so that bids never wait behind a sign-in."""

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auction_engine.errors import AuctionError

# OWASP's second profile (19 MiB, two passes): some 30 ms of one core. Half of the cores at most,
# and only while nothing else wants them: a bid that arrives takes the core at once. What has not
# been answered so after `_PATIENCE_S` is done with a small share of a busy machine, for who cannot
# sign in cannot bid either. A rush waits in line, and a line this long is refused.
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_THREADS = max(1, (os.cpu_count() or 2) // 2)
_NICE = 19
_PATIENCE_S = 0.3
_WAITING_MAX = 64
PASSWORD_MAX = 256

T = TypeVar("T")


def _only_when_idle() -> None:
    """This thread runs when nothing else wants to. Linux alone has priorities by thread."""
    if sys.platform == "linux":
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))


def _give_way() -> None:
    """The smallest share for this thread that is still one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class PasswordsBusy(AuctionError):
    """Too many sign-ins at once; try again in a few seconds."""


class Passwords:
    """Hashes and checks passwords. Cheap to make once per process, not once per request."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)
        self._idle = ThreadPoolExecutor(_THREADS, "password-idle", initializer=_only_when_idle)
        self._late = ThreadPoolExecutor(_THREADS, "password-late", initializer=_give_way)
        self._waiting = 0
        # Checked in place of a missing hash, so that an unknown login takes as long as a known.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """The hash to keep of a password. Raises PasswordsBusy."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right; False after the same time when there is no hash.

        Raises PasswordsBusy.
        """
        right = await self._run(lambda: self._check(password_hash or self._nobody, password))
        return right and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _check(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise PasswordsBusy("Too many people are signing in; try again in a few seconds.")
        self._waiting += 1
        try:
            return await self._answered(work)
        finally:
            self._waiting -= 1

    async def _answered(self, work: Callable[[], T]) -> T:
        submitted = self._idle.submit(work)
        asked = {asyncio.wrap_future(submitted)}
        done, _ = await asyncio.wait(asked, timeout=_PATIENCE_S)
        if not done:
            if submitted.cancel():  # not begun yet: nobody need do it twice
                asked.clear()
            asked.add(asyncio.wrap_future(self._late.submit(work)))
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
