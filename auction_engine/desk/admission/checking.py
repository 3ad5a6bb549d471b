"""Uploaded files: what they are is read from their contents, never from their names.

The beginning is looked at here; everything else is for a process of its own (`filecheck`), a few at
a time, with a deadline.
"""

import asyncio
import hashlib
import io
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from auction_engine.desk.admission.states import AdmissionError

MAX_BYTES = 10 * 1024 * 1024
MAX_DOSSIER_BYTES = 50 * 1024 * 1024
MAX_DOCUMENTS = 20
_AT_ONCE = 2
_WAITING = 16
CHECK_S = 30.0
_TURN_S = 45.0
REFUSED = 3
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
FOREIGN = (b"<script", b"<html", b"<?php", b"<svg ", b"<!doctype")
HEAD_BYTES = 1024
EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
# code: what to say in English; `web/locales/way.*.json` says it to people.
REFUSALS = {
    "EMPTY": "The file is empty.",
    "TOO_LARGE": "The file is larger than 10 MB.",
    "WRONG_TYPE": "Only PDF, JPEG and PNG files are taken.",
    "BROKEN": "The file cannot be read; it may be damaged.",
    "ENCRYPTED": "The PDF is protected by a password or by encryption.",
    "ACTS": "The PDF contains scripts or actions.",
    "CARRIES_FILES": "The PDF contains other files.",
    "TOO_MANY_PAGES": "The PDF has more than 300 pages.",
    "BOMB": "The file unpacks to far more than it should.",
    "MOVES": "The picture has several frames; send one that stands still.",
    "TOO_SLOW": "The file took too long to check.",
    "MIXED": "The file pretends to be of two types at once.",
}


class Checked(NamedTuple):
    """A file as it is kept: its contents drawn or written anew."""

    media_type: str
    body: bytes
    sha256: bytes


def kind_of(body: bytes) -> str:
    """The type by the first bytes. Raises AdmissionError FILE_..."""
    if not body:
        raise refusal("EMPTY")
    if len(body) > MAX_BYTES:
        raise refusal("TOO_LARGE")
    found = next((kind for magic, kind in MAGIC if body.startswith(magic)), None)
    if found is None:
        raise refusal("WRONG_TYPE")
    if _is_mixed(body, found):
        raise refusal("MIXED")
    return found


def _is_mixed(body: bytes, media_type: str) -> bool:
    """Whether it can be read as something else too: an archive, a page, a program.

    A PDF's own text may name such things; there only what stands before its first page counts.
    """
    looked = body[:HEAD_BYTES] if media_type == "application/pdf" else body
    if any(sign in looked.lower() for sign in FOREIGN):
        return True
    if media_type != "application/pdf" and b"%PDF-1." in body:
        return True
    return zipfile.is_zipfile(io.BytesIO(body))


def refusal(code: str) -> AdmissionError:
    """Why a file is not taken."""
    known = code if code in REFUSALS else "BROKEN"
    return AdmissionError(f"FILE_{known}", REFUSALS[known])


class Checker:
    """Looks at files, a few at a time. One per process."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def check(self, body: bytes) -> Checked:
        """The file as it is kept. Raises AdmissionError FILE_... or BUSY."""
        media_type = kind_of(body)
        async with self.turn():
            made = await _apart(body, media_type)
        if len(made) > MAX_BYTES:
            raise refusal("TOO_LARGE")
        return Checked(media_type, made, hashlib.sha256(made).digest())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of the few places, for the block. Raises AdmissionError BUSY."""
        if self._waiting >= _WAITING:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(_TURN_S):
                await self._free.acquire()
        except TimeoutError:
            raise _busy() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


def _busy() -> AdmissionError:
    return AdmissionError("BUSY", "Many files are being checked; send it again in a moment.")


async def _apart(body: bytes, media_type: str) -> bytes:
    """The clean file from a process that may die of it."""
    child = await start_child(media_type)
    try:
        async with asyncio.timeout(CHECK_S):
            out, _ = await child.communicate(body)
    except TimeoutError:
        raise refusal("TOO_SLOW") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    check_end(child.returncode, out)
    return out


async def start_child(media_type: str) -> asyncio.subprocess.Process:
    """The process that reads a file and gives back a clean one."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "auction_engine.desk.admission.filecheck", media_type,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env={},
    )  # fmt: skip


def check_end(status: int | None, out: bytes) -> None:
    """Return if the process ended well. `out` is the code of a refusal where it refused.

    Raises AdmissionError FILE_...
    """
    if status == REFUSED:
        raise refusal(out.decode("ascii", "replace"))
    if status:
        # Killed by its own limits, or by a fault of a reader: either way nothing to keep.
        raise refusal("BOMB" if status < 0 else "BROKEN")
