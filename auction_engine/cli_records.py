"""Commands for anybody with a published record of a sealed round or a draw. They need no server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Record = Annotated[Path, typer.Argument(help="The published record, JSON.", exists=True)]
draw = typer.Typer(name="draw", help="Draws by lot.", no_args_is_help=True)
sealed = typer.Typer(name="sealed", help="Sealed rounds.", no_args_is_help=True)
keys = typer.Typer(
    name="keys", help="Keys of sealed rounds and of personal data.", no_args_is_help=True
)


@draw.callback()
@sealed.callback()
@keys.callback()
def _group() -> None:
    """Keeps each group a group while it has one command."""


@draw.command("check")
def check_draw(file: Record) -> None:
    """Recompute a draw from its record: exit status 0 if it is right, 1 if not."""
    from auction_engine import recompute

    raise typer.Exit(recompute.draw(file))


@sealed.command("check")
def check_sealed(file: Record) -> None:
    """Open every box of a round with the published keys and compare with the record."""
    from auction_engine import recompute

    raise typer.Exit(recompute.sealed(file))


@keys.command("new")
def new_keys() -> None:
    """A new pair of keys for one sealed round; run it where the key holder is."""
    from auction_engine import recompute

    typer.echo(recompute.new_keys())
