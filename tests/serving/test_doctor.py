"""The doctor finds planted faults and names the cure."""

import dataclasses
import socket

import pytest
import redis

from auction_engine import doctor
from auction_engine.desk import once
from auction_engine.embedded.directory import DataDirectory
from auction_engine.http import money, web
from auction_engine.http.afterwards import own, replay
from auction_engine.http.cases import parts as cases
from auction_engine.http.intake import parts as intake
from auction_engine.http.statistics import asking as statistics
from auction_engine.http.way import parts as way
from auction_engine.ledger.migrate import upgrade
from auction_engine.live import views
from auction_engine.serving import ledger_connections, probe
from auction_engine.settings import Limits, Settings
from tests.serving.processes import run_engine


def by_name(findings) -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in findings}


@pytest.fixture
def healthy() -> probe.Database:
    return probe.Database(
        version="18.4",
        major=18,
        settings={
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "server_encoding": "UTF8",
            "max_connections": "100",
            "superuser_reserved_connections": "3",
        },
        superuser=False,
        role="auction",
        clock_ms=0.1,
        revision=None,
    )


def test_a_sound_installation(tmp_path, private_servers):
    upgrade(private_servers.database_url)
    settings = Settings(
        data_dir=tmp_path / "data",
        port=0,
        database_url=private_servers.database_url,
        redis_url=private_servers.redis_url,
    )
    findings = by_name(doctor.server_findings(settings))
    # Nobody has chosen a mail server, an address or started the program yet: said, but no fault.
    advised = {name for name, finding in findings.items() if finding.level != "ok"}
    assert advised <= {"keys", "mail", "links"}, findings
    assert all(finding.level != "fail" for finding in findings.values()), findings
    assert "PostgreSQL" in findings
    assert findings["durability"].level == "ok"
    assert "migrations" in findings
    assert any(name.startswith("clock, between") for name in findings)


def test_python_too_old():
    assert doctor.python_version((3, 10, 9)).level == "fail"
    assert doctor.python_version((3, 11, 0)).level == "ok"


def test_packages():
    assert doctor.packages().level == "ok"
    assert doctor.packages("no-such-distribution").level == "fail"


def test_web_assets(tmp_path):
    assert "make web" in doctor.web_assets(tmp_path).cure
    (tmp_path / "a.js").touch()
    assert doctor.web_assets(tmp_path).level == "fail"
    (tmp_path / "a.css").touch()
    assert doctor.web_assets(tmp_path).level == "ok"


def test_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(port=taken.getsockname()[1])
        finding = doctor.port(settings, DataDirectory(tmp_path))
    assert finding.level == "fail"
    assert "AUCTION_PORT" in finding.cure


def test_data_directory(tmp_path):
    directory = DataDirectory(tmp_path / "data")
    assert doctor.data_directory(directory, needed=True).level == "ok"
    directory.version_path.write_text("format 1\npostgresql 12\nvalkey 9\n")
    finding = doctor.data_directory(directory, needed=True)
    assert finding.level == "fail"
    assert "PostgreSQL 12" in finding.found
    (tmp_path / "file").touch()
    assert doctor.data_directory(DataDirectory(tmp_path / "file"), needed=True).level == "fail"


def test_descriptors():
    few = Settings(limits=Limits(connections_max=2**40))
    assert doctor.descriptors(few).level != "ok"
    assert doctor.descriptors(Settings(limits=Limits(connections_max=10))).level == "ok"


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_unsafe_postgresql(healthy, setting):
    found = dataclasses.replace(healthy, settings={**healthy.settings, setting: "off"})
    finding = by_name(doctor.database_findings(found))["durability"]
    assert finding.level == "fail"
    assert setting in finding.found


def test_old_postgresql_and_superuser(healthy):
    found = dataclasses.replace(healthy, major=14, version="14.9", superuser=True)
    findings = by_name(doctor.database_findings(found))
    assert findings["PostgreSQL"].level == "fail"
    assert findings["role"].level == "warn"


def connections(found: probe.Database, settings: Settings) -> doctor.Finding:
    return doctor.Finding(*ledger_connections.said(found, settings))


def test_more_gateways_than_postgresql_has_connections_for(healthy, tmp_path):
    one = Settings(data_dir=tmp_path, gateways=1, shards=1)
    assert connections(healthy, one).level == "ok"
    url = "postgresql://auction@localhost/auction"
    many = Settings(
        data_dir=tmp_path, gateways=4, shards=2, database_url=url, redis_url="redis://localhost"
    )
    found = connections(healthy, many)
    assert found.level == "warn"
    needed = ledger_connections.at_worst(many)
    assert str(needed) in found.found
    assert f"max_connections = {needed + 3}" in found.cure
    enough = {**healthy.settings, "max_connections": str(needed + 3)}
    assert connections(dataclasses.replace(healthy, settings=enough), many).level == "ok"


def test_gateways_open_no_more_connections_than_the_doctor_reckons_with():
    """Every place that takes turns for connections of its own, and every task of a gateway."""
    pages = [
        web._APART, cases._AT_ONCE, statistics._AT_ONCE, 2 * money._AT_ONCE, way._AT_ONCE,
        intake._AT_ONCE, own._AT_ONCE, once._BIDDERS_AT_ONCE, once._STAFF_AT_ONCE,
    ]  # fmt: skip
    assert sum(pages) <= ledger_connections._PAGES
    readers = [views._READ_AT_ONCE, replay._READ_AT_ONCE]
    assert sum(readers) <= ledger_connections._READERS


def test_missing_migrations(empty_database_url):
    found = probe.database(empty_database_url)
    finding = by_name(doctor.database_findings(found))["migrations"]
    assert finding.level == "warn"
    assert "auction-engine migrate" in finding.cure


def test_a_log_that_forgets(private_servers):
    with redis.Redis.from_url(private_servers.redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("appendonly", "no")
    findings = by_name(doctor.log_findings(probe.log(private_servers.redis_url)))
    assert findings["maxmemory-policy"].level == "fail"
    assert findings["appendonly"].level == "warn"


def test_old_log():
    old = probe.Log("Redis", "6.2", 6, None, 0.0)
    findings = by_name(doctor.log_findings(old))
    assert findings["Redis"].level == "fail"
    assert findings["log settings"].level == "warn"


def test_clocks_apart():
    findings = by_name(doctor.clock_findings([("PostgreSQL", 300.0), ("Valkey", -300.0)], 500))
    assert findings["clock, PostgreSQL"].level == "warn"
    assert findings["clock, between PostgreSQL and Valkey"].level == "fail"


def test_the_command_fails_with_a_planted_fault(tmp_path):
    done = run_engine(
        ["doctor"],
        {
            "AUCTION_DATA_DIR": str(tmp_path / "data"),
            "AUCTION_DATABASE_URL": "postgresql://u:secretpw@127.0.0.1:1/d",
            "AUCTION_REDIS_URL": "redis://127.0.0.1:1/0",
        },
    )
    assert done.returncode == 1
    assert "AUCTION_DATABASE_URL" in done.stdout
    assert "AUCTION_REDIS_URL" in done.stdout
    assert "secretpw" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
