"""The built web assets, served from memory: they are few, small and never change."""

import json
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from auction_engine.http.packing import accepts
from auction_engine.http.problems import Problem

_FOR_EVER = "public, max-age=31536000, immutable"
_A_DAY = "public, max-age=86400"
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    gzipped: bytes | None
    brotli: bytes | None
    media_type: str


def _read(path: Path) -> _File:
    zipped, brotli = (path.with_name(path.name + ext) for ext in (".gz", ".br"))
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return _File(
        path.read_bytes(),
        zipped.read_bytes() if zipped.is_file() else None,
        brotli.read_bytes() if brotli.is_file() else None,
        kind or "application/octet-stream",
    )


class Assets:
    """The files named in the manifest and no others, so no address can leave the directory."""

    def __init__(self, directory: Path) -> None:
        manifest: dict[str, str] = json.loads((directory / "manifest.json").read_text("utf-8"))
        self._files = {name: _read(directory / name) for name in manifest.values()}
        self._icon = manifest["illustrations/seal.svg"]
        self._worker = manifest["worker.js"]

    def answer(self, request: Request, name: str) -> Response:
        """The file with this (hashed) name. Raises Problem 404."""
        found = self._files.get(name)
        if found is None:
            raise Problem(404, "NOT_FOUND")
        return self._answer(request, found, _FOR_EVER)

    def icon(self, request: Request) -> Response:
        """The program's mark, for browsers that ask at the usual place."""
        return self._answer(request, self._files[self._icon], _A_DAY)

    def worker(self, request: Request) -> Response:
        """The service worker. Kept by nobody: a browser that looks for a new one must find it."""
        return self._answer(request, self._files[self._worker], "no-cache")

    def _answer(self, request: Request, file: _File, caching: str) -> Response:
        headers = {"Cache-Control": caching}
        body = file.body
        if file.gzipped is not None:
            headers["Vary"] = "Accept-Encoding"
            taken = request.headers.get("accept-encoding", "")
            if file.brotli is not None and accepts(taken, "br"):
                headers["Content-Encoding"] = "br"
                body = file.brotli
            elif accepts(taken, "gzip"):
                headers["Content-Encoding"] = "gzip"
                body = file.gzipped
        return Response(body, media_type=file.media_type, headers=headers)
