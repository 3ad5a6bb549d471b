"""Every command. Parts are imported by the command that needs them, so that each starts fast."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from auction_engine import (
    cli_intake,
    cli_keys,
    cli_people,
    cli_records,
    cli_rules,
    cli_search,
    cli_statistics,
)
from auction_engine.errors import AuctionError

app = typer.Typer(
    name="auction-engine",
    help="A real-time online auction engine. Settings come from AUCTION_* variables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(cli_rules.app)
app.add_typer(cli_people.people)
app.add_typer(cli_intake.intake)
app.add_typer(cli_records.draw)
app.add_typer(cli_records.sealed)
app.add_typer(cli_records.keys)
app.add_typer(cli_search.app)
app.add_typer(cli_statistics.app)
cli_keys.add_to(cli_records.keys)


def _prepare(process: str, *, quiet: bool = False, **overrides: Any) -> Any:
    """Settings and logs of this process, tied to the supervisor if it has one."""
    from auction_engine import logs, settings
    from auction_engine.serving.tether import tie_to_supervisor

    tie_to_supervisor()
    loaded = settings.load(**overrides)
    level = "warning" if quiet and loaded.log_level == "info" else loaded.log_level
    logs.configure(level=level, as_json=loaded.log_json, process=process)
    return loaded


@app.command()
def serve(
    demo: Annotated[
        bool | None, typer.Option("--demo", help="With a demonstration session.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of all data.")] = None,
) -> None:
    """Run everything on this machine until Ctrl-C."""
    settings = _prepare("supervisor", demo=demo, host=host, port=port, data_dir=data_dir)
    from auction_engine.serving import serve as run

    raise typer.Exit(run(settings))


@app.command()
def gateway(
    fd: Annotated[int | None, typer.Option(help="Listening socket inherited as this.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on instead.")] = None,
) -> None:
    """Run one gateway: pages, API and live connections."""
    settings = _prepare("gateway", port=port)
    from auction_engine.embedded import servers_for
    from auction_engine.http import serve as http_serve

    with servers_for(settings) as ready:
        http_serve.run(ready, _socket(ready, fd))


def _socket(settings: Any, fd: int | None) -> socket.socket:
    from auction_engine.errors import SettingsError
    from auction_engine.serving.listening import listen

    if fd is None:
        return listen(settings.host, settings.port)
    try:
        return socket.socket(fileno=fd)
    except OSError:
        raise SettingsError(f"File descriptor {fd} is not a listening socket.") from None


@app.command()
def recorder(
    shard: Annotated[int, typer.Option(min=0, help="Number of the shard.")] = 0,
) -> None:
    """Record one shard's bids in the ledger."""
    settings = _prepare(f"recorder-{shard}")
    from auction_engine.bidding import recorder as bidding_recorder
    from auction_engine.embedded import servers_for

    with servers_for(settings) as ready:
        bidding_recorder.run(ready, shard)


@app.command()
def demo() -> None:
    """Keep the demonstration going: sessions, lots, robots."""
    settings = _prepare("demo")
    from auction_engine import demo as demonstration
    from auction_engine.embedded import servers_for

    with servers_for(settings) as ready:
        demonstration.run(ready)


@app.command()
def migrate() -> None:
    """Bring the ledger's tables to this version."""
    settings = _prepare("migrate", quiet=True)
    from auction_engine.embedded import servers_for
    from auction_engine.serving import probe
    from auction_engine.serving.schema import bring_up_to_date

    with servers_for(settings) as ready:
        probe.database(ready.database_url or "")
        bring_up_to_date(ready.database_url or "")
    typer.echo("The ledger is at this version.")


@app.command()
def verify(
    against: Annotated[
        Path | None,
        typer.Option(help="A checkpoint that the journal must still contain.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Recompute every hash chain, replay the journal, sum the money; names the first bad row."""
    settings = _prepare("verify", quiet=True)
    from auction_engine.embedded import servers_for
    from auction_engine.ledger import verify as ledger_verify
    from auction_engine.serving import probe

    with servers_for(settings) as ready:
        probe.database(ready.database_url or "")
        status = ledger_verify.run(ready, against=against, json_output=as_json)
    raise typer.Exit(status)


@app.command()
def checkpoint(
    file: Annotated[Path, typer.Argument(help="Where to write it; keep it on another machine.")],
) -> None:
    """Write down where every lot's chain stands, for a later `verify --against`."""
    settings = _prepare("checkpoint", quiet=True)
    from auction_engine.embedded import servers_for
    from auction_engine.ledger import checkpoint as ledger_checkpoint

    with servers_for(settings) as ready:
        lots = ledger_checkpoint.export(ready.database_url or "", file)
    typer.echo(f"{file}: the chains of {lots} lots.")


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="CSV of recorded bids.")],
    speed: Annotated[
        float | None, typer.Option(help="Times real time; as fast as possible without.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result for machines.")] = False,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="Take every recorded bid as a secret maximum.")
    ] = False,
) -> None:
    """Send recorded bids through a private instance and compare the final prices."""
    settings = _prepare("replay", quiet=True)
    from auction_engine import replay as replaying

    raise typer.Exit(replaying.run(settings, file, speed, as_json, automatic))


@app.command()
def story() -> None:
    """Tell one sale on a private instance: every transfer and every balance, step by step."""
    settings = _prepare("story", quiet=True)
    from auction_engine.story import command as telling

    raise typer.Exit(telling.run(settings))


@app.command()
def simulate(
    seed: Annotated[int | None, typer.Option(help="Replay exactly this seed.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Run many: A..B, both included.")] = None,
    lots: Annotated[int, typer.Option(help="Lots in each run.")] = 20,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Tell everything that happens (one seed).")
    ] = False,
) -> None:
    """Run the recorder, the log and the rules in virtual time, with faults chosen by a seed."""
    _prepare("simulate", quiet=True)
    from auction_engine.simulation import command as simulating

    raise typer.Exit(simulating.run(seed=seed, seeds=seeds, lots=lots, verbose=verbose))


@app.command()
def doctor() -> None:
    """Say what is wrong with this installation, and the cure."""
    settings = _prepare("doctor", quiet=True)
    from auction_engine import doctor as doctoring

    raise typer.Exit(doctoring.run(settings))


@app.command()
def health(
    live: Annotated[
        bool, typer.Option("--live", help="Only whether it runs, not whether it works.")
    ] = False,
) -> None:
    """Ask the program on AUCTION_HOST and AUCTION_PORT whether it is ready."""
    settings = _prepare("health", quiet=True)
    from auction_engine.serving.supervisor import ask_health

    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    path = "/health/live" if live else "/health/ready"
    answer = ask_health(f"http://{host}:{settings.port}/", path, timeout_s=5.0)
    if answer is not None:
        raise AuctionError(f"Not ready: {answer}.")
    typer.echo("ready" if not live else "live")


@app.command()
def version() -> None:
    """Show the version."""
    from importlib.metadata import version as installed

    typer.echo(f"auction-engine {installed('auction-engine')}")


def main() -> None:
    """The console script: an expected failure is one sentence and an exit status."""
    try:
        app()
    except AuctionError as error:
        print(f"auction-engine: {error.sentence}", file=sys.stderr, flush=True)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
