"""The demonstration as people start it: one command, real processes."""

import json
import signal
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from tests.serving.processes import engine, using, wait_until


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="auction-demo-") as name:
        yield Path(name) / "data"
        for process in using(Path(name)):
            process.kill()


def test_serves_a_session_and_ends_in_good_order(home):
    environment = {"AUCTION_DATA_DIR": str(home), "AUCTION_PORT": "0"}
    process = engine(["serve", "--demo"], environment)
    try:
        lines = [process.stdout.readline() for _ in range(5)]
        address = lines[0].split(" at ")[1].split(" ")[0]
        assert "demo.bidder" in "".join(lines)

        def lots() -> list[dict[str, object]]:
            with urllib.request.urlopen(f"{address}api/lots", timeout=5) as answer:
                return json.load(answer)["lots"]

        wait_until(lambda: len(lots()) == 8, 60)
        wait_until(lambda: any(lot["state"]["n"] for lot in lots()), 60)
        assert all(lot["state"]["robots"] for lot in lots())
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=40)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, err
    assert "had to be killed" not in err
    assert "Traceback" not in err
    # Well within the supervisor's patience, or leaving would be somebody else's merit.
    assert time.monotonic() - asked < 14
    assert not using(home)
