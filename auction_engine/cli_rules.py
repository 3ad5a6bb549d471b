"""Commands about the rules themselves: packs, deadlines. They need no server."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from auction_engine.errors import AuctionError

app = typer.Typer(name="rules", help="Rule packs and deadlines.", no_args_is_help=True)
PackId = Annotated[str, typer.Argument(help="A pack's id, as `rules list` shows it.")]


@app.command("list")
def list_packs(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only those in force on this day.")
    ] = None,
) -> None:
    """The rule packs there are, with the dates between which each is in force."""
    from auction_engine.rules import packs

    for pack in packs.every():
        if on is None or packs.in_force(pack, on.date()):
            until = pack.in_force.until or "…"
            typer.echo(f"{pack.id:<26} {pack.in_force.since} – {until}  {pack.title.en}")


@app.command()
def show(pack: PackId) -> None:
    """One pack as a page to read: every parameter, its article, and what is unverified."""
    from auction_engine.rules import pack_page

    typer.echo(pack_page.page(_load(pack)))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A rule pack in YAML.", exists=True, dir_okay=False)],
) -> None:
    """Check a pack of one's own: every error with its place, exit status 1 if there is any."""
    from auction_engine.rules import packs

    errors = packs.check(file.read_text("utf-8"), file.name)
    for error in errors:
        typer.echo(error)
    if errors:
        raise typer.Exit(1)
    typer.echo(f"{file.name}: holds.")


@app.command()
def deadlines(
    pack: PackId,
    opening: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Day D: the opening of the session.")
    ],
    immovable: Annotated[bool, typer.Option(help="Land, buildings, flats.")] = False,
    short: Annotated[bool, typer.Option(help="By the shortened procedure.")] = False,
    ended: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day the session ended.")
    ] = None,
    lang: Annotated[str, typer.Option(help="vi or en.")] = "vi",
) -> None:
    """Every date that follows from the opening day, with the rule it comes from."""
    from auction_engine.rules.calendar import CalendarError
    from auction_engine.rules.deadlines import Facts, lines
    from auction_engine.rules.deadlines import deadlines as computed

    loaded = _load(pack)
    facts = Facts(
        opening=opening.date(),
        kind="immovable" if immovable else "movable",
        short=short,
        ended=_day(ended),
    )
    language: Literal["vi", "en"] = "en" if lang == "en" else "vi"
    try:
        found = computed(loaded, facts)
    except CalendarError as error:
        raise AuctionError(str(error)) from None
    for line in lines(loaded, found, language):
        typer.echo(line)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _load(name: str) -> Any:
    from auction_engine.rules import packs

    if name not in packs.ids():
        raise AuctionError(f"There is no rule pack {name}; `auction-engine rules list` shows them.")
    return packs.load(name)
