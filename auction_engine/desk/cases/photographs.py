"""Public photographs in the sizes pages show them in, drawn anew without any metadata.

What is kept is sealed and whole; a size is drawn when it is first asked for and kept in memory, a
few megabytes of them. Who may see a photograph is asked again every few seconds, so that one that
was taken away is soon gone.
"""

import asyncio
import io
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.desk.cases import record
from auction_engine.desk.cases.record import Sealer

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_log = structlog.get_logger(__name__)
# In pixels of width; none is drawn larger than it is.
WIDTHS = (320, 640, 1280)
_QUALITY = 82
_KEPT_BYTES = 48 * 1024 * 1024
_KNOWN_FOR_S = 5.0
_MOST_KNOWN = 20_000
# One at a time: a large picture takes a second and a hundred megabytes.
_AT_ONCE = 1
# A lot's page shows what its own description names; drafts and offers what they are about.
_SEEN = {
    "lot": """
        SELECT f.id, f.asset_id, encode(f.sha256, 'hex') FROM lot l
          JOIN lot_head h ON h.lot_id = l.id JOIN asset_file f ON f.id = :file
         WHERE l.id = :of AND h.status NOT IN ('DRAFT', 'CONTRACTED')
           AND l.content @> jsonb_build_object('photos',
               jsonb_build_array(jsonb_build_object('file', f.id)))
    """,
    "draft": """
        SELECT f.id, f.asset_id, encode(f.sha256, 'hex') FROM session_draft_asset d
          JOIN session_draft s ON s.id = d.draft_id
          JOIN asset a ON a.id = d.asset_id AND a.organisation_id = s.body_id
          JOIN asset_file f ON f.asset_id = a.id WHERE d.draft_id = :of AND f.id = :file
    """,
    "contract": """
        SELECT f.id, f.asset_id, encode(f.sha256, 'hex') FROM asset a
          JOIN asset_file f ON f.asset_id = a.id WHERE a.contract_id = :of AND f.id = :file
    """,
}
_ALWAYS = " AND f.kind = 'PHOTO' AND f.public AND f.sealed IS NOT NULL"


_Key = tuple[str, int, int]


class Photograph(NamedTuple):
    """A photograph somebody may see. `sha256` is of what is kept, in hexadecimal digits."""

    file: int
    asset: int
    sha256: str


class Photographs:
    """One process's photographs."""

    def __init__(self, engine: AsyncEngine, vault: Sealer) -> None:
        self._engine = engine
        self._vault = vault
        self._known: OrderedDict[_Key, tuple[float, Photograph | None]] = OrderedDict()
        self._drawn: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0
        self._under_way: dict[tuple[str, int], asyncio.Task[bytes | None]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def seen(self, where: str, of: int, file: int) -> Photograph | None:
        """The photograph as a lot, a draft or a contract shows it; None where it does not."""
        key, now_s = (where, of, file), time.monotonic()
        known = self._known.get(key)
        if known is not None and now_s < known[0]:
            return known[1]
        async with self._engine.connect() as connection:
            row = (
                await connection.execute(text(_SEEN[where] + _ALWAYS), {"of": of, "file": file})
            ).one_or_none()
        found = None if row is None else Photograph(*row)
        self._known[key] = (now_s + _KNOWN_FOR_S, found)
        self._known.move_to_end(key)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return found

    async def drawn(self, one: Photograph, width: int) -> bytes | None:
        """The photograph as a JPEG of that width; None if its contents are gone.

        Asked for by many at once it is drawn once.
        """
        key = (one.sha256, width)
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._draw(one, width))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def _draw(self, one: Photograph, width: int) -> bytes | None:
        async with self._free:
            async with self._engine.connect() as connection:
                sealed = await connection.scalar(
                    text("SELECT sealed FROM asset_file WHERE id = :file"), {"file": one.file}
                )
            if sealed is None:
                return None
            context = record.of_asset(one.asset, "file")
            body = await asyncio.to_thread(self._resized, bytes(sealed), context, width)
        if body is not None:
            self._keep((one.sha256, width), body)
        return body

    def _resized(self, sealed: bytes, context: str, width: int) -> bytes | None:
        try:
            return resized(self._vault.open(sealed, context), width)
        except (OSError, SyntaxError, ValueError) as wrong:  # what Pillow raises
            _log.warning("photograph_unreadable", context=context, error=type(wrong).__name__)
            return None

    def _keep(self, key: tuple[str, int], body: bytes) -> None:
        self._drawn[key] = body
        self._size += len(body)
        while self._size > _KEPT_BYTES:
            _, gone = self._drawn.popitem(last=False)
            self._size -= len(gone)


def resized(body: bytes, width: int) -> bytes:
    """A picture that was checked before, as a JPEG at most `width` pixels wide, no metadata."""
    from PIL import Image

    with Image.open(io.BytesIO(body), formats=("JPEG", "PNG")) as found:
        # A JPEG is read small from the start where it can be.
        found.draft("RGB", (width, width * found.height // found.width or 1))
        picture = _on_white(found)
    if picture.width > width:
        height = max(picture.height * width // picture.width, 1)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def _on_white(found: "Picture") -> "Picture":
    """A new picture of the pixels alone; what can be seen through becomes white."""
    from PIL import Image

    plain = Image.new("RGB", found.size, "white")
    if found.mode == "RGBA":
        plain.paste(found, mask=found.getchannel("A"))
    else:
        plain.paste(found.convert("RGB"))
    return plain
