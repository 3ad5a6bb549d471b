"""What other processes cost: CPU seconds and resident memory, from /proc.

Elsewhere than on Linux there is no /proc: everything is None then, and shown as unknown.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _times(pid: int) -> tuple[float, float] | None:
    """CPU seconds of a process and of its children that ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return (user + system) / _TICKS_PER_S, (children_user + children_system) / _TICKS_PER_S


def cpu_s(pid: int) -> float | None:
    """User and system time of one process, all its threads."""
    # The kernel's own clock of that process counts nanoseconds, /proc hundredths of a second. Its
    # number is made of the process id as clock_getcpuclockid(3) makes it.
    if sys.platform == "linux":
        try:
            return time.clock_gettime(~pid << 3 | 2)
        except OSError:
            pass
    times = _times(pid)
    return None if times is None else times[0]


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def tree_cpu_s(pid: int) -> float | None:
    """The same for a process with all its children, those that ended included."""
    times = _times(pid)
    if times is None:
        return None
    own = cpu_s(pid) or times[0]
    return own + times[1] + sum(tree_cpu_s(child) or 0.0 for child in children(pid))


def rss_bytes(pid: int) -> int | None:
    """Resident memory of one process."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return None


def raise_file_limit() -> int:
    """Allow as many open sockets as the system lets us; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
