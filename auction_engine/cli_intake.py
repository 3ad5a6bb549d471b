"""Commands for those whose judgments and requests are taken: courts and portals, and their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")

intake = typer.Typer(
    name="intake",
    help="Courts and portals whose signed judgments and requests are taken.",
    no_args_is_help=True,
)


@intake.command("add")
def add(
    code: Annotated[str, typer.Argument(help="What the sender calls itself in `iss`.")],
    key: Annotated[
        Path, typer.Argument(help="Its public key: a JWK, Ed25519 or P-256.", dir_okay=False)
    ],
    name: Annotated[str, typer.Option(help="Its name, as officers read it.")],
    judgments: Annotated[bool, typer.Option("--judgments", help="It sends judgments.")] = False,
    requests: Annotated[bool, typer.Option("--requests", help="It sends requests.")] = False,
) -> None:
    """Trust a key of a sender. For a newer key, give the newer file with the same words."""
    from auction_engine.desk.intake import trust
    from auction_engine.errors import AuctionError
    from auction_engine.identity import jose

    try:
        public = jose.read_public(key.read_bytes())
    except OSError as error:
        raise AuctionError(f"{key} cannot be read: {error.strerror}.") from None
    may = [
        kind for kind, sends in (("JUDGMENT", judgments), ("REQUEST", requests)) if sends
    ]  # fmt: skip
    sender, new = _with_ledger(lambda connection: trust.add(connection, code, name, may, public))
    told = "is trusted from now on" if new else "was trusted already"
    typer.echo(f"Sender {sender}, {code}: the key {public.kid} ({public.alg}) {told}.")


@intake.command("list")
def list_all() -> None:
    """Every sender with its keys."""
    from auction_engine.desk.intake import trust

    found = _with_ledger(trust.every)
    if not found:
        typer.echo("Nobody is trusted yet.")
    for one in found:
        told = "trusted" if one.retired_at is None else f"retired {one.retired_at:%Y-%m-%d %H:%M}Z"
        may = ", ".join(kind.lower() + "s" for kind in one.sender.may)
        typer.echo(f"{one.sender.code}  {one.sender.name}  {may}  {one.key.kid}  "
                   f"{one.key.alg}  since {one.added_at:%Y-%m-%d}  {told}")  # fmt: skip


@intake.command("retire")
def retire(
    kid: Annotated[str, typer.Argument(help="The key's name, as `list` shows it.")],
) -> None:
    """Take nothing more that is signed with a key; what was received stays received."""
    from auction_engine.desk.intake import trust

    done = _with_ledger(lambda connection: trust.retire(connection, kid))
    told = "is not taken from now on" if done else "was retired already"
    typer.echo(f"The key {kid} {told}.")


def _with_ledger(work: Callable[[Any], Awaitable[T]]) -> T:
    """What `work` gives with a connection as the ledger's owner: gateways may only read this."""
    import asyncpg

    from auction_engine import logs
    from auction_engine.embedded import servers_for
    from auction_engine.serving import probe
    from auction_engine.serving.schema import bring_up_to_date
    from auction_engine.settings import load

    settings = load()
    logs.configure(level="warning", as_json=settings.log_json, process="intake")

    async def run(url: str) -> T:
        connection = await asyncpg.connect(url, server_settings={"application_name": "intake"})
        try:
            return await work(connection)
        finally:
            await connection.close()

    with servers_for(settings) as ready:
        probe.database(ready.database_url or "")
        bring_up_to_date(ready.database_url or "")
        return asyncio.run(run(ready.database_url or ""))
