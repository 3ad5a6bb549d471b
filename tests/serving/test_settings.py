"""Settings: where they come from, what they refuse, how children get them."""

import pytest
from pydantic import ValidationError

from auction_engine.errors import SettingsError
from auction_engine.settings import Limits, Settings, load


def test_defaults_need_nothing():
    settings = Settings()
    assert settings.embedded
    assert settings.data_dir.is_absolute()
    assert settings.limits.frame_max_bytes == 4096


def test_frozen():
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Limits().inbox_max = 1  # type: ignore[misc]


def test_a_child_reads_the_same_settings(monkeypatch, tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        port=9,
        demo=True,
        log_json=False,
        database_url="postgresql://u@/d?host=/x&port=5",
        redis_url="unix:///x.sock?db=1",
        allowed_origins=("https://a.example", "http://b.example:81"),
        limits=Limits(inbox_max=7, lease_s=1.5),
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load() == settings


def test_one_limit_from_the_environment_keeps_the_others(monkeypatch):
    monkeypatch.setenv("AUCTION_LIMITS__INBOX_MAX", "3")
    assert load().limits == Limits(inbox_max=3)


def test_arguments_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("AUCTION_PORT", "1000")
    assert load(port=2000, host=None).port == 2000


@pytest.mark.parametrize("given", ["postgres://h/d", "postgresql+asyncpg://h/d"])
def test_database_address_forms(given):
    assert Settings(database_url=given).database_url == "postgresql://h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("DATABASE_URL", "mysql://h/d"),
        ("REDIS_URL", "h:6379"),
        ("ALLOWED_ORIGINS", "auction.example"),
        ("ALLOWED_ORIGINS", "https://auction.example/path"),
        ("METRICS_ALLOW", "10.0.0.300"),
        ("LIMITS__INBOX_MAX", "0"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_what_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"AUCTION_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert f"AUCTION_{name.split('__')[0]}" in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_misspelt_setting_is_not_ignored(monkeypatch):
    monkeypatch.setenv("AUCTION_PROT", "1")
    with pytest.raises(SettingsError, match="AUCTION_PROT"):
        load()
