"""What the doctor says of the keys of personal data and of letters."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from typing import Any, Literal

import asyncpg

from auction_engine.identity import keycheck, keyfile, resealing
from auction_engine.identity.keyfile import KeysError
from auction_engine.identity.vault import Vault
from auction_engine.post.smtp import Conversation, Server
from auction_engine.settings import Settings

Said = tuple[Literal["ok", "warn", "fail"], str, str, str]
_COPY = "Put back the copy of the file of keys; without it personal data cannot be read."
_LATE_MIN = 30


def findings(settings: Settings, database_url: str) -> Iterator[Said]:
    """Level, what, what was found and the cure, for a ledger that is at this program's version."""
    yield from keys_file(settings)
    yield from asyncio.run(_in_ledger(settings, database_url))
    yield from mail(settings)


def keys_file(settings: Settings) -> Iterator[Said]:
    """The file itself."""
    path = keyfile.path_of(settings)
    try:
        keys = keyfile.read(path)
    except FileNotFoundError:
        yield "warn", "keys", f"{path} does not exist yet", "The first start makes it."
        return
    except KeysError as error:
        yield "fail", "keys", error.sentence, _COPY
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        cure = f"chmod 600 {path}: whoever reads it and the ledger reads everybody's data."
        yield "fail", "keys", f"{path} can be read by others (mode {mode:o})", cure
    else:
        yield "ok", "keys", f"{path}, {len(keys.sealing)} keys", ""


async def _in_ledger(settings: Settings, database_url: str) -> list[Said]:
    connection = await asyncpg.connect(database_url, timeout=5, command_timeout=30)
    try:
        said = await _sealed(connection, settings)
        return said + await _letters(connection, settings)
    except asyncpg.UndefinedTableError:
        return []  # an older ledger; that is said already
    finally:
        await connection.close()


async def _sealed(connection: Any, settings: Settings) -> list[Said]:
    counts = await resealing.counts(connection)
    path = keyfile.path_of(settings)
    if not path.exists():
        if counts:
            return [("fail", "sealed data", "there is sealed data and no file of keys", _COPY)]
        return []
    try:
        vault = Vault.of(settings)
        if await connection.fetchval("SELECT count(*) FROM vault_check"):
            await keycheck.check(connection, vault)
    except KeysError as error:
        return [("fail", "sealed data", error.sentence, _COPY)]
    lost = sum(one.values for one in counts if one.key not in vault.keys)
    old = sum(one.values for one in counts if one.key != vault.active)
    total = sum(one.values for one in counts)
    if lost:
        return [("fail", "sealed data", f"the keys of {lost} of {total} values are lost", _COPY)]
    if old:
        cure = "Run `auction-engine keys reseal` when there is time."
        return [("warn", "sealed data", f"{old} of {total} values have an older key", cure)]
    return [("ok", "sealed data", f"{total} values, all with the newest key", "")]


async def _letters(connection: Any, settings: Settings) -> list[Said]:
    waiting = await connection.fetchval(
        "SELECT count(*) FROM letter WHERE state = 'QUEUED'"
        " AND created_at < now() - make_interval(mins => $1)",
        _LATE_MIN,
    )
    dead = await connection.fetchval("SELECT count(*) FROM letter WHERE state = 'DEAD'")
    said: list[Said] = []
    if waiting:
        cure = "Look at the mail server, and at letter.error."
        said.append(
            ("warn", "letters", f"{waiting} have waited for more than {_LATE_MIN} minutes", cure)
        )
    if dead:
        cure = "Their addresses were refused for good; letter.error says at which step."
        said.append(("warn", "letters", f"{dead} were refused for good", cure))
    return said or [("ok", "letters", "none late, none refused", "")]


def mail(settings: Settings) -> Iterator[Said]:
    """The mail server, asked as the sender asks it."""
    if settings.smtp_url is None:
        if not settings.demo:
            cure = "Set AUCTION_SMTP_URL: nobody can register without letters."
            yield "warn", "mail", "no mail server is set", cure
        return
    server = Server.of(settings.smtp_url)
    why = asyncio.run(_reached(server))
    if why is not None:
        cure = "Correct AUCTION_SMTP_URL or the server."
        yield "fail", "mail", f"{server.host}:{server.port} does not take letters ({why})", cure
    else:
        yield "ok", "mail", f"{server.host}:{server.port} answers", ""
    if settings.public_url is None:
        cure = "Set AUCTION_PUBLIC_URL to the address people open."
        yield "warn", "links", "links in letters lead to this machine's own address", cure


async def _reached(server: Server) -> str | None:
    """None if the server lets us in, else the step and the error's name."""
    talk = Conversation(server, patience_s=5)
    try:
        return await talk.greet()
    finally:
        await talk.end()
