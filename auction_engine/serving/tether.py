"""A child of the supervisor ends when the supervisor does, even by kill -9."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

SUPERVISOR_VARIABLE = "AUCTION_SUPERVISOR_PID"
_PR_SET_PDEATHSIG = 1


def tie_to_supervisor() -> None:
    """Called first thing by every command the supervisor starts; elsewhere it does nothing.

    The end is abrupt (SIGKILL): a supervisor that is gone cannot see to an orderly one, and a
    process that is stopped or hangs must go as well. The log and the ledger are made for that.
    """
    text = os.environ.get(SUPERVISOR_VARIABLE, "")
    if not text.isdigit():
        return
    supervisor = int(text)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(
            _PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0
        )
    else:
        threading.Thread(target=_watch, args=(supervisor,), daemon=True).start()
    # It may have ended before we asked to be told.
    if os.getppid() != supervisor:
        os._exit(1)


def _watch(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(0.5)
    os._exit(1)
