"""What the doctor reads of the kernel's groups of tasks, on made-up systems of files."""

from pathlib import Path

import pytest

from auction_engine.serving import scheduling


def system(
    tmp_path: Path, switch: str | None, groups: str, weight: str | None
) -> tuple[Path, Path]:
    """A /proc and a /sys/fs/cgroup; `weight` names the group that has a processor's share."""
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(groups)
    if switch is not None:
        (proc / "sys/kernel").mkdir(parents=True)
        (proc / "sys/kernel/sched_autogroup_enabled").write_text(switch)
    root.mkdir()
    if weight is not None:
        (root / weight).mkdir(parents=True, exist_ok=True)
        (root / weight / "cpu.weight").write_text("100\n")
    return proc, root


@pytest.mark.parametrize(
    ("switch", "groups", "weight", "level"),
    [
        (None, "0::/\n", None, "ok"),
        ("0\n", "0::/\n", None, "ok"),
        ("1\n", "0::/\n", None, "warn"),
        # In a container the root of what can be seen has a share, in the kernel's own it has not.
        ("1\n", "0::/\n", "", "ok"),
        ("1\n", "0::/system.slice/auction.service\n", "system.slice/auction.service", "ok"),
        ("1\n", "0::/user.slice/session-1.scope\n", None, "warn"),
        ("1\n", "4:cpuset:/\n3:cpu,cpuacct:/docker/1\n0::/\n", None, "ok"),
        ("1\n", "4:cpuset:/docker/1\n3:cpu,cpuacct:/\n0::/\n", None, "warn"),
    ],
)
def test_bids_go_first(
    tmp_path: Path, switch: str | None, groups: str, weight: str | None, level: str
) -> None:
    said = scheduling.said(*system(tmp_path, switch, groups, weight))
    assert (said[0], said[1]) == (level, "scheduling")
    assert bool(said[3]) == (level == "warn")


def test_the_machine_at_hand_can_be_read() -> None:
    assert scheduling.said()[0] in ("ok", "warn")
