"""Commands for the keys that personal data is sealed with."""

from __future__ import annotations

import asyncio
from typing import Any

import typer


def add_to(keys: typer.Typer) -> None:
    """Add the commands to the group `keys`."""
    keys.command("list")(list_keys)
    keys.command("rotate")(rotate)
    keys.command("reseal")(reseal)


def list_keys() -> None:
    """The keys of personal data, and how many values each has sealed."""
    settings, vault = _vault()
    _with_ledger(settings, lambda connection: _list(connection, vault))


def rotate() -> None:
    """Make a new key; from now on it seals. Running gateways follow by themselves."""
    from auction_engine.identity import keyfile
    from auction_engine.identity.keyfile import KeysError

    settings = _settings()
    path = keyfile.path_of(settings)
    try:
        keys = keyfile.rotate(path)
    except FileNotFoundError:
        raise KeysError(f"There are no keys in {path} yet; the first start makes them.") from None
    typer.echo(f"Key {keys.active.hex()} seals from now on. Keep a new copy of {path}.")
    typer.echo("`auction-engine keys reseal` seals again what older keys had sealed.")


def reseal() -> None:
    """Seal again, with the newest key, what older keys had sealed; may be interrupted."""
    settings, vault = _vault()
    lost = _with_ledger(settings, lambda connection: _reseal(connection, vault))
    raise typer.Exit(1 if lost else 0)


def _settings() -> Any:
    from auction_engine import logs
    from auction_engine.settings import load

    settings = load()
    logs.configure(level="warning", as_json=settings.log_json, process="keys")
    return settings


def _vault() -> tuple[Any, Any]:
    from auction_engine.identity import keyfile
    from auction_engine.identity.keyfile import KeysError
    from auction_engine.identity.vault import Vault

    settings = _settings()
    path = keyfile.path_of(settings)
    if not path.exists():
        raise KeysError(f"There are no keys in {path} yet; the first start makes them.")
    return settings, Vault.of(settings)


def _with_ledger(settings: Any, work: Any) -> Any:
    """What `work` gives with a connection as the ledger's owner: only columns are sealed again,
    and what is append-only sees to it itself."""
    import asyncpg

    from auction_engine.embedded import servers_for
    from auction_engine.serving import probe

    async def run(url: str) -> Any:
        connection = await asyncpg.connect(url, server_settings={"application_name": "keys"})
        try:
            return await work(connection)
        finally:
            await connection.close()

    with servers_for(settings) as ready:
        probe.database(ready.database_url or "")
        return asyncio.run(run(ready.database_url or ""))


async def _list(connection: Any, vault: Any) -> None:
    from auction_engine.identity import resealing

    counts = await resealing.counts(connection)
    for key, made in vault.keys.items():
        mark = "seals now" if key == vault.active else "opens only"
        sealed = sum(one.values for one in counts if one.key == key)
        typer.echo(f"{key.hex()}  made {made}  {mark}  {sealed} values")
    for key in sorted({one.key for one in counts} - vault.keys.keys()):
        sealed = sum(one.values for one in counts if one.key == key)
        typer.echo(f"{key.hex()}  LOST: not in the file of keys  {sealed} values cannot be read")


async def _reseal(connection: Any, vault: Any) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from auction_engine.identity import resealing

    counts = await resealing.counts(connection)
    waiting: dict[str, int] = {}
    for one in counts:
        if one.key != vault.active:
            waiting[one.column] = waiting.get(one.column, 0) + one.values
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = {name: progress.add_task(name, total=n) for name, n in waiting.items()}

        def tell(batch: resealing.Resealed) -> None:
            if batch.column in tasks:
                progress.update(tasks[batch.column], advance=batch.done + batch.lost)

        results = await resealing.reseal(connection, vault, tell)
    done, lost = (sum(getattr(one, name) for one in results) for name in ("done", "lost"))
    typer.echo(f"{done} values are sealed with key {vault.active.hex()} now.")
    if lost:
        typer.echo(
            f"{lost} values did not open: their key is lost, or they were changed.", err=True
        )
    return int(lost)
