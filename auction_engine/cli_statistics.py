"""Commands of the statistics."""

from __future__ import annotations

import typer

app = typer.Typer(name="statistics", help="What the statistics count.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps the group a group while it has one command."""


@app.command()
def rebuild() -> None:
    """Make the facts of every lot anew from its journal."""
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    from auction_engine import logs, settings
    from auction_engine.desk.statistics import keeping
    from auction_engine.embedded import servers_for
    from auction_engine.serving import probe

    loaded = settings.load()
    logs.configure(level="warning", as_json=loaded.log_json, process="statistics")
    errors = Console(stderr=True)
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("entries"))
    with servers_for(loaded) as ready:
        url = ready.database_url or ""
        probe.database(url)
        with Progress(
            *columns, Left(), console=errors, transient=True, disable=not errors.is_terminal
        ) as bar:
            task = bar.add_task("statistics", total=None)
            lots = asyncio.run(
                keeping.rebuild(
                    url, lambda done, total: bar.update(task, completed=done, total=total)
                )
            )
    typer.echo(f"The facts of {lots} lots are those of their journals.")
