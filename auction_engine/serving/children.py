"""One process of ours under the supervisor."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from auction_engine import metrics


class Child:
    """`auction-engine <arguments>` with the given environment; `name` is for people.

    Must be started from the main thread: on Linux a child ends with the thread that started it.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which then
        # stops the children in their order.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "auction_engine.cli", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def death(self) -> str | None:
        """A sentence saying how the process ended, None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        how = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
        return f"The {self.name} (process {self.pid}) {how}."

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
            # A stopped process would never see the other signal.
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def reap(self) -> None:
        self._process.wait()
        metrics.forget_process(self.pid)


def stop_all(
    children: Sequence[Child], *, patience_s: float, hurry: Callable[[], bool]
) -> list[str]:
    """Stop `children` together: ask, wait, then force. Returns the names of the forced ones.

    `hurry` is asked repeatedly; once it says yes nobody is waited for any more.
    """
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience_s
    while any(child.running for child in children):
        if time.monotonic() > deadline or hurry():
            break
        time.sleep(0.02)
    forced = [child.name for child in children if child.running]
    for child in children:
        child.kill()
        child.reap()
    return forced
