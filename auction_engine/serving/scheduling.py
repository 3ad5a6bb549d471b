"""Whether the kernel lets bids go before the hashing of passwords, and what to do if not.

Linux ranks threads against each other only within a group of tasks. With its groups by login
session (`sched_autogroup`) each server process is a group of its own, and what the gateway does
for idle times then holds up PostgreSQL and the recorder for whole slices of time. It makes no such
groups of what runs in a control group with a processor's share: a container, a systemd service
with `CPUWeight`.
"""

from pathlib import Path
from typing import Literal

_SWITCH = "kernel.sched_autogroup_enabled"
_CURE = (
    f"Set {_SWITCH}=0 with sysctl, or run the engine in a container or a systemd service with "
    "CPUWeight=100: otherwise a rush of sign-ins can triple the time of slow bids."
)


def said(
    proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")
) -> tuple[Literal["ok", "warn"], str, str, str]:
    """Whether bids go first, for the doctor: level, what, what was found, cure."""
    what = "scheduling"
    try:
        grouped = (proc / "sys/kernel/sched_autogroup_enabled").read_text().strip() == "1"
        own = _own_group((proc / "self/cgroup").read_text(), groups)
    except OSError:
        return "ok", what, "the kernel groups nothing by login session", ""
    if not grouped:
        return "ok", what, f"{_SWITCH} is off", ""
    if own:
        return "ok", what, "in a control group with a processor's share", ""
    return "warn", what, f"{_SWITCH} is on", _CURE


def _own_group(lines: str, groups: Path) -> bool:
    """Whether the lines of /proc/self/cgroup name a group with a processor's share."""
    for line in lines.splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(","):
            return path != "/"
        if not controllers and (groups / path.lstrip("/") / "cpu.weight").exists():
            return True
    return False
