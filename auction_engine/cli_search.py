"""Commands for the catalogue's index."""

from __future__ import annotations

import asyncio

import typer

app = typer.Typer(name="search", help="The catalogue's index.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps the group a group while it has one command."""


@app.command("rebuild")
def rebuild() -> None:
    """Make the index anew from descriptions and journals; searches go on meanwhile."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from auction_engine import logs, settings
    from auction_engine.desk.search import indexing
    from auction_engine.embedded import servers_for
    from auction_engine.serving import probe

    loaded = settings.load()
    logs.configure(level="warning", as_json=loaded.log_json, process="search")
    with servers_for(loaded) as ready:
        probe.database(ready.database_url or "")
        columns = ("lots", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("lots", total=None)

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            lots = asyncio.run(indexing.rebuild(ready.database_url or "", told))
    typer.echo(f"{lots} lots can be searched.")
