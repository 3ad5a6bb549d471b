"""A certified OpenID provider (npm's oidc-provider) with fictional citizens, as a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx
import plain

from auction_engine.settings import Oidc

NODE = Path(__file__).parent / "node"
CLIENT, SECRET = "auction", "a-secret-of-the-tests"
NUMBER_OF_LAN = "079195000001"
_ACTION = re.compile(r'action="([^"]+)"')
_START_S = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass
class OidcServer:
    """The provider. `redirects` are the addresses it may send people back to."""

    port: int
    redirects: tuple[str, ...]
    process: asyncio.subprocess.Process | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **changes: object) -> Oidc:
        told = {"issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET, **changes}
        return Oidc.model_validate(told)

    async def start(self) -> None:
        """Start it, with new keys each time."""
        # Where the machine has none, it came as a package (scripts/web.sh).
        node = shutil.which("node") or shutil.which("node", path=os.path.dirname(sys.executable))
        assert node is not None, "the tests of signing in need Node"
        assert (NODE / "node_modules").is_dir(), "run scripts/web.sh tools first"
        self.process = await asyncio.create_subprocess_exec(
            node, "oidc.mjs", str(self.port), *self.redirects, cwd=NODE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(_START_S):
            line = await self.process.stdout.readline()
        assert line.startswith(b"ready"), "the provider did not start"

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()

    async def errs(self, mode: str | None) -> None:
        """Make it err from now on, as `oidc.mjs` knows; None: no more."""
        async with plain.client() as client:
            answer = await client.post(f"{self.issuer}/control", json={"mode": mode})
            assert answer.status_code == 200

    async def agree(self, start: str, citizen: str) -> str:
        """Sign `citizen` in at the provider's own pages; where it sends the browser back to."""
        async with plain.client(timeout=30) as person:
            page = await self._follow(person, await person.get(start))
            for fields in (
                {"prompt": "login", "login": citizen, "password": "any"},
                {"prompt": "consent"},
            ):
                if isinstance(page, str):
                    break
                action = _ACTION.search(page.text)
                assert action is not None, page.text
                answer = await person.post(urljoin(str(page.url), unescape(action[1])), data=fields)
                page = await self._follow(person, answer)
        assert isinstance(page, str), page.text
        return page

    async def cancel(self, start: str) -> str:
        """Stop at the provider's page; the address it sends the browser back to."""
        async with plain.client(timeout=30) as person:
            page = await self._follow(person, await person.get(start))
            assert isinstance(page, httpx.Response)
            found = await self._follow(person, await person.get(str(page.url) + "/abort"))
        assert isinstance(found, str)
        return found

    async def _follow(
        self, person: httpx.AsyncClient, answer: httpx.Response
    ) -> httpx.Response | str:
        """The page that redirects lead to, or the address that is not the provider's any more."""
        while answer.is_redirect:
            to = urljoin(str(answer.url), answer.headers["location"])
            if not to.startswith(self.issuer):
                return to
            answer = await person.get(to)
        return answer


@contextlib.asynccontextmanager
async def running_provider(*redirects: str, port: int | None = None) -> AsyncIterator[OidcServer]:
    server = OidcServer(port or free_port(), redirects)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
