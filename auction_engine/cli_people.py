"""Commands for organisations, agencies and their staff, whose accounts nobody registers himself."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from auction_engine.errors import AuctionError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")
# 96 bits of chance, and few letters to copy.
_PASSWORD_BYTES = 12
_PASSWORD_LEAST = 12

people = typer.Typer(
    name="people", help="Organisations, agencies and their staff.", no_args_is_help=True
)


class BodyKind(Enum):
    """What a house is."""

    ORGANISATION = "organisation"
    AGENCY = "agency"


class StaffRole(Enum):
    """Roles of accounts that nobody registers by himself."""

    ORGANISATION = "organisation"
    OFFICER = "officer"
    PROCURATOR = "procurator"


@people.command("add-body")
def add_body(
    kind: Annotated[BodyKind, typer.Argument(help="What it is.")],
    vi: Annotated[str, typer.Option(help="Its name in Vietnamese.")],
    en: Annotated[str, typer.Option(help="Its name in English.")],
) -> None:
    """Add an auction organisation or an agency, and say its number; twice is once."""
    from auction_engine.identity import bodies

    name = {"vi": " ".join(vi.split()), "en": " ".join(en.split())}
    if not all(name.values()):
        raise AuctionError("An organisation or agency has a name in both languages.")
    known = "ORGANISATION" if kind is BodyKind.ORGANISATION else "AGENCY"
    number = _with_ledger(lambda engine: bodies.add(engine, known, name))  # type: ignore[arg-type]
    typer.echo(f"{number}  {kind.value}  {name['vi']}")


@people.command("add-staff")
def add_staff(
    login: Annotated[str, typer.Argument(help="What the person signs in with.")],
    role: Annotated[StaffRole, typer.Option(help="What the person does.")],
    name: Annotated[str, typer.Option(help="The person's name, as others see it.")],
    body: Annotated[
        int | None, typer.Option(help="Number of the organisation or agency (see `list`).")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the first password from stdin.")
    ] = False,
) -> None:
    """Add an account of staff. The first password is shown once, unless it is read from stdin."""
    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    password = secrets.token_urlsafe(_PASSWORD_BYTES) if given is None else given
    if len(password) < _PASSWORD_LEAST:
        raise AuctionError(f"A password has at least {_PASSWORD_LEAST} characters.")
    if (body is None) is not (role is StaffRole.PROCURATOR):
        raise AuctionError("Staff has a --body, a procurator none; `people list` shows them.")
    number = _with_ledger(
        lambda engine: _make(engine, login, role.value, " ".join(name.split()), body, password)
    )
    typer.echo(f"Account {number}: {login}")
    if given is None:
        typer.echo(f"First password, shown only now: {password}")


@people.command("list")
def list_all() -> None:
    """Show every organisation and agency with its staff."""
    for line in _with_ledger(_lines):
        typer.echo(line)


async def _make(
    engine: AsyncEngine, login: str, role: str, name: str, body: int | None, password: str
) -> int:
    from auction_engine.identity import accounts, bodies, passwords

    if len(password) > passwords.PASSWORD_MAX:
        raise AuctionError(f"A password has at most {passwords.PASSWORD_MAX} characters.")
    known: accounts.Role = role  # type: ignore[assignment]
    await bodies.check_kind(engine, known, body)
    hashed = await passwords.Passwords().hash(password)
    return (await accounts.create(engine, login, name, known, hashed, body=body)).id


async def _lines(engine: AsyncEngine) -> list[str]:
    from auction_engine.identity import bodies

    staff = await bodies.staff(engine)
    lines = []
    for house in await bodies.every(engine):
        lines.append(f"{house.id}  {house.kind.lower()}  {house.name['vi']}")
        lines += [f"    {one.login}  {one.name}" for one in staff if one.body == house.id]
    for one in staff:
        if one.body is None:
            told = "" if one.role == "procurator" else ": sees nothing until it has a body"
            lines.append(f"–  {one.role}  {one.login}  {one.name}{told}")
    return lines or ["There is nobody yet."]


def _with_ledger(work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """What `work` gives, done in the ledger of these settings; started for it if none runs."""
    from auction_engine import logs, settings
    from auction_engine.embedded import servers_for
    from auction_engine.ledger.database import make_engine
    from auction_engine.serving import probe
    from auction_engine.serving.schema import bring_up_to_date

    loaded = settings.load()
    level = "warning" if loaded.log_level == "info" else loaded.log_level
    logs.configure(level=level, as_json=loaded.log_json, process="people")

    async def with_engine(url: str) -> T:
        engine = make_engine(url, pool_size=1)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    with servers_for(loaded) as ready:
        url = ready.database_url or ""
        probe.database(url)
        bring_up_to_date(url)
        return asyncio.run(with_engine(url))
