"""`auction-engine intake`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auction_engine.cli import app
from auction_engine.errors import AuctionError
from auction_engine.identity import jose
from auction_engine.settings import Settings


def intake(*words: str) -> str:
    found = CliRunner().invoke(app, ["intake", *words])
    if isinstance(found.exception, AuctionError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return str(found.stdout)


def test_trusting_listing_and_retiring(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert intake("list") == "Nobody is trusted yet.\n"
    file, private = tmp_path / "court.jwk", jose.new_private()
    key = jose.public(private)
    words = ("court.hanoi", str(file), "--name", "Tòa án (hư cấu)")

    def refused(code: str, *arguments: str) -> None:
        with pytest.raises(AuctionError) as caught:
            intake(*arguments)
        assert getattr(caught.value, "code", "") == code

    refused("", "add", *words, "--judgments")  # no such file
    file.write_text(json.dumps(private))
    refused("PRIVATE_KEY", "add", *words, "--judgments")
    file.write_text(json.dumps(key.jwk))
    refused("BAD_KINDS", "add", *words)
    refused("BAD_CODE", "add", "Court!", *words[1:], "--judgments")
    assert f"{key.kid} (EdDSA) is trusted from now on" in intake("add", *words, "--judgments")
    assert "was trusted already" in intake("add", *words, "--judgments")
    refused("SENDER_DIFFERS", "add", *words, "--judgments", "--requests")
    refused("KEY_TAKEN", "add", "other.court", *words[1:], "--judgments")
    newer = jose.public(jose.new_private(jose.ES256))
    file.write_text(json.dumps(newer.jwk))
    assert "(ES256) is trusted from now on" in intake("add", *words, "--judgments")
    refused("UNKNOWN_KEY", "retire", "made-up")
    assert "is not taken from now on" in intake("retire", key.kid)
    assert "was retired already" in intake("retire", key.kid)
    lines = intake("list").splitlines()
    assert [line.split("  ")[:4] for line in lines] == [
        ["court.hanoi", "Tòa án (hư cấu)", "judgments", kid] for kid in (key.kid, newer.kid)
    ]
    assert "retired" in lines[0]
    assert lines[1].endswith("trusted")
