"""Recorded bids through real private instances, from the command line."""

import json
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.serving.processes import engine, run_engine, using, wait_until

from .test_reader import HEADER

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded_bids.csv"

# Worked by hand: a first bid may equal the opening, ties and steps back are refused, a leader may
# raise his own bid, and a lot's bids are decided in the order of the file.
SMALL = [
    "1,Lathe,3,1000,1501,0,ann,999",
    "1,Lathe,3,1000,1501,10.25,ann,1000",
    "2,Boat,7,5000,7000,5,ann,7000",
    "1,Lathe,3,1000,1501,10.25,bob,1000",
    "1,Lathe,3,1000,1501,11,bob,1001",
    "2,Boat,7,5000,7000,6,cid,6999",
    "1,Lathe,3,1000,1501,12,bob,1500",
    "1,Lathe,3,1000,1501,13,ANN,1501",
    "2,Boat,7,5000,7000,7,bob,7000",
]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch):
    """Where the private instance puts its data; nothing of it may be left."""
    with tempfile.TemporaryDirectory(prefix="auction-tmp-") as name:
        # Root's servers run as another user, who must be able to pass.
        Path(name).chmod(0o711)
        yield Path(name)
        for process in using(Path(name)):
            process.kill()


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"TMPDIR": str(home), **more}


def left_behind(home: Path) -> list[object]:
    return [*home.iterdir(), *using(home)]


def wait_until_bidding(home: Path) -> None:
    """Wait until the private instance carries live connections of bidders."""

    def connected() -> bool:
        try:
            gateways = [p for p in using(home) if "gateway" in p.cmdline()]
            return any(
                c.status == "ESTABLISHED" for p in gateways for c in p.net_connections("tcp")
            )
        except psutil.NoSuchProcess:  # one of those that come and go while it starts
            return False

    wait_until(connected, 60)


def end(process: subprocess.Popen[str]) -> None:
    """The hard end of a process of ours, whether it still runs or not."""
    process.kill()
    process.communicate()


def small(home: Path, rows: list[str] = SMALL) -> str:
    directory = home.parent / f"{home.name}-file"
    directory.mkdir(exist_ok=True)
    file = directory / "small.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    return str(file)


def test_small_file_as_json(home):
    # Another installation's settings must not reach the private one.
    strange = {"AUCTION_LIMITS__CONNECTIONS_PER_ADDRESS": "1", "AUCTION_PORT": "1"}
    done = run_engine(["replay", small(home), "--json"], environment(home, **strange))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["lots"] == [
        {
            "auction_id": "1", "item": "Lathe", "offered": 6, "accepted": 4,
            "refused": {"BELOW_MIN_INCREMENT": 1, "BELOW_START": 1},
            "final_minor": 1501, "published_minor": 1501, "match": True,
        },
        {
            "auction_id": "2", "item": "Boat", "offered": 3, "accepted": 1,
            "refused": {"BELOW_MIN_INCREMENT": 2},
            "final_minor": 7000, "published_minor": 7000, "match": True,
        },
    ]  # fmt: skip
    assert found["totals"] == {
        "lots": 2, "offered": 9, "accepted": 5, "matching": 2,
        "refused": {"BELOW_MIN_INCREMENT": 3, "BELOW_START": 1},
    }  # fmt: skip
    assert found["verified"] is True
    assert 0 < found["seconds"] < 30
    assert done.stderr == ""
    assert left_behind(home) == []


def test_other_final_price_is_a_mismatch(home):
    rows = [row.replace(",7000,", ",7001,", 1) if row.startswith("2,") else row for row in SMALL]
    rows.append("3,Car,3,1000,2000,1,dan,500")
    done = run_engine(["replay", small(home, rows)], environment(home))
    assert done.returncode == 1, done.stderr
    assert "1 of 3" in done.stdout
    assert "Auction 2 (Boat) ended at 7000 cents; published: 7001." in done.stdout
    assert "Auction 3 (Car) was not sold; published: 2000." in done.stdout
    assert "refused, BELOW_MIN_INCREMENT" in done.stdout
    assert "The ledger holds" in done.stdout
    assert left_behind(home) == []


def test_speed_keeps_the_recorded_pace(home):
    # 13 recorded seconds at five times their speed.
    done = run_engine(["replay", small(home), "--speed", "5", "--json"], environment(home))
    assert done.returncode == 0, done.stderr
    assert 2.6 <= json.loads(done.stdout)["seconds"] < 8


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf"])
def test_impossible_speed(home, speed):
    done = run_engine(["replay", small(home), f"--speed={speed}"], environment(home))
    assert done.returncode == 2
    assert "--speed must be a number above 0" in done.stderr
    assert left_behind(home) == []


def test_wrong_file_starts_nothing(home):
    file = small(home, [*SMALL, "4,Car,3,1000,2000,1,dan,-500"])
    done = run_engine(["replay", file], environment(home))
    assert done.returncode == 2
    assert done.stderr.startswith("auction-engine: ")
    assert "line 11: bid_cents is '-500'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert left_behind(home) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_leaves_nothing(home, number):
    process = engine(["replay", small(home), "--speed", "0.01"], environment(home))
    try:
        wait_until_bidding(home)
        process.send_signal(number)
        out, err = process.communicate(timeout=40)
    finally:
        end(process)
    assert process.returncode == 130, err
    assert err == "auction-engine: The replay was stopped.\n"
    assert out == ""
    wait_until(lambda: left_behind(home) == [], 60)


@pytest.mark.fault
@pytest.mark.parametrize("part", ["gateway", "recorder"])
def test_a_part_that_dies_ends_the_replay(home, part):
    process = engine(["replay", small(home), "--speed", "0.01"], environment(home))
    try:
        wait_until_bidding(home)
        (victim,) = [p for p in using(home) if part in p.cmdline()]
        victim.kill()
        _, err = process.communicate(timeout=40)
    finally:
        end(process)
    assert process.returncode == 1
    assert f"The {part} (process {victim.pid}) was ended by signal 9" in err
    assert "Traceback" not in err
    assert left_behind(home) == []


@pytest.mark.fault
def test_killed_outright_leaves_no_process(home):
    process = engine(["replay", small(home), "--speed", "0.01"], environment(home))
    try:
        wait_until_bidding(home)
    finally:
        end(process)
    wait_until(lambda: using(home) == [], 60)


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"{RECORDED} (the recorded bids) is not there")
def test_recorded_auctions_end_at_their_published_prices(home):
    done = run_engine(["replay", str(RECORDED), "--json"], environment(home), timeout_s=110)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["totals"] == {
        "lots": 285, "offered": 4764, "accepted": 2297, "matching": 285,
        "refused": {"BELOW_MIN_INCREMENT": 2467},
    }  # fmt: skip
    assert found["verified"] is True
    assert left_behind(home) == []
