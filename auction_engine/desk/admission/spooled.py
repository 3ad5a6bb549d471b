"""Uploaded files that stay on disk: looked at and checked piece by piece.

As `checking`, but never a whole file in this process: it goes in pieces to the process that reads
it, and what that gives back goes in pieces to another file.
"""

import asyncio
import tempfile
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from auction_engine.desk.admission import checking
from auction_engine.desk.admission.checking import MAX_BYTES, Checker, refusal

_PIECE = 64 * 1024
# A sign may lie across two pieces.
_OVERLAP = 16
_PDF_INSIDE = b"%pdf-1."


@dataclass(frozen=True, slots=True)
class Clean:
    """A checked file as it may be kept, on disk until it is read or forgotten."""

    media_type: str
    file: BinaryIO

    def read(self) -> bytes:
        """The whole file."""
        self.file.seek(0)
        return self.file.read()


def kind_of(file: BinaryIO) -> str:
    """The type by the contents (`checking.kind_of`). Raises AdmissionError FILE_..."""
    size = file.seek(0, 2)
    if not size:
        raise refusal("EMPTY")
    if size > MAX_BYTES:
        raise refusal("TOO_LARGE")
    file.seek(0)
    head = file.read(checking.HEAD_BYTES)
    found = next((kind for magic, kind in checking.MAGIC if head.startswith(magic)), None)
    if found is None:
        raise refusal("WRONG_TYPE")
    if _is_mixed(file, head, found) or zipfile.is_zipfile(file):
        raise refusal("MIXED")
    return found


def _is_mixed(file: BinaryIO, head: bytes, media_type: str) -> bool:
    """Whether it can be read as a page or a program too; in a PDF only its beginning counts."""
    if media_type == "application/pdf":
        return any(sign in head.lower() for sign in checking.FOREIGN)
    signs = (*checking.FOREIGN, _PDF_INSIDE)
    file.seek(0)
    last = b""
    while piece := file.read(_PIECE):
        seen = last + piece.lower()
        if any(sign in seen for sign in signs):
            return True
        last = seen[-_OVERLAP:]
    return False


async def check(checker: Checker, file: BinaryIO) -> Clean:
    """The file as it may be kept. Raises AdmissionError FILE_... or BUSY."""
    media_type = await asyncio.to_thread(kind_of, file)
    async with checker.turn():
        return Clean(media_type, await _apart(file, media_type))


async def _apart(file: BinaryIO, media_type: str) -> BinaryIO:
    """The clean file from a process that may die of it."""
    child = await checking.start_child(media_type)
    made: BinaryIO = tempfile.TemporaryFile()
    try:
        size = await _through(child, file, made)
        made.seek(0)
        checking.check_end(child.returncode, made.read(_OVERLAP) if child.returncode else b"")
        if size > MAX_BYTES:
            raise refusal("TOO_LARGE")
    except BaseException:
        made.close()
        raise
    return made


async def _through(child: asyncio.subprocess.Process, file: BinaryIO, made: BinaryIO) -> int:
    """The file into the process, what it makes of it into `made`. Returns the bytes of that."""
    try:
        async with asyncio.timeout(checking.CHECK_S):
            _, size = await asyncio.gather(_feed(child, file), _take(child, made))
            await child.wait()
            return size
    except TimeoutError:
        raise refusal("TOO_SLOW") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _feed(child: asyncio.subprocess.Process, file: BinaryIO) -> None:
    assert child.stdin is not None
    file.seek(0)
    try:
        while piece := file.read(_PIECE):
            child.stdin.write(piece)
            await child.stdin.drain()
        child.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has seen enough; its status says why


async def _take(child: asyncio.subprocess.Process, made: BinaryIO) -> int:
    """Write down what comes out, up to what may be kept and a little more. Returns its bytes."""
    assert child.stdout is not None
    size = 0
    while piece := await child.stdout.read(_PIECE):
        size += len(piece)
        if size <= MAX_BYTES:
            made.write(piece)
    return size
