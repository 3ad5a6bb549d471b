"""One uploaded file, looked at in a process of its own: `python -m ... KIND < file > clean file`.

What comes in is hostile until it has been read; whatever it does to the readers, it does here, with
little memory and little time, and the gateway only sees a process end. Pictures are drawn anew, so
that nothing but the picture is kept; a PDF is opened, searched for what acts by itself, and written
anew. Ends with status 0 and the clean file, or with status 3 and the code of a refusal.
"""

import io
import os
import resource
import sys
import warnings
from collections.abc import Iterator
from typing import Any

_MEMORY_BYTES = 1_500 * 1024 * 1024
_CPU_S = 20
MOST_PIXELS = 40_000_000
MOST_PAGES = 300
_MOST_OBJECTS = 200_000
_MOST_PART_BYTES = 64 * 1024 * 1024
_REFUSED = 3
# Whatever a PDF could do by itself, or carry inside it.
_ACTS = {"/JavaScript", "/JS", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR",
         "/Rendition", "/RichMedia", "/RichMediaExecute", "/Movie", "/Sound"}  # fmt: skip
_CARRIES = {"/EmbeddedFile", "/EmbeddedFiles", "/EF", "/AF", "/XFA", "/RichMediaContent"}


class Refused(Exception):
    """The file is not taken; the text is the code of why."""


def clean(body: bytes, media_type: str) -> bytes:
    """The file as it is kept. Raises Refused."""
    if media_type == "application/pdf":
        return _pdf(body)
    return _picture(body, {"image/jpeg": "JPEG", "image/png": "PNG"}[media_type])


def _picture(body: bytes, form: str) -> bytes:
    from PIL import Image, ImageFile, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=(form,)) as found:
                if getattr(found, "n_frames", 1) > 1:
                    raise Refused("MOVES")
                found.load()
                drawn = ImageOps.exif_transpose(found)
                drawn = drawn.convert("RGBA" if form == "PNG" and _clear(drawn) else "RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refused("BOMB") from None
    except Refused:
        raise
    except Exception:
        raise Refused("BROKEN") from None
    # A new picture: no metadata, no comments, nothing after its end.
    plain = Image.new(drawn.mode, drawn.size)
    plain.paste(drawn)
    out = io.BytesIO()
    if form == "JPEG":
        plain.save(out, "JPEG", quality=88, optimize=True)
    else:
        plain.save(out, "PNG", optimize=True)
    return out.getvalue()


def _clear(picture: Any) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _pdf(body: bytes) -> bytes:
    import pikepdf

    try:
        # A password nobody typed: what needs one is refused, what needs none is readable anyway.
        with pikepdf.open(io.BytesIO(body), suppress_warnings=True) as document:
            if document.is_encrypted:
                raise Refused("ENCRYPTED")
            if not 0 < len(document.pages) <= MOST_PAGES:
                raise Refused("TOO_MANY_PAGES" if len(document.pages) else "BROKEN")
            _search(document)
            if "/Metadata" in document.Root:
                del document.Root["/Metadata"]
            del document.docinfo
            out = io.BytesIO()
            document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    except Refused:
        raise
    except pikepdf.PasswordError:
        raise Refused("ENCRYPTED") from None
    except Exception:
        raise Refused("BROKEN") from None
    return out.getvalue()


def _search(document: Any) -> None:
    """Look into every object for what acts by itself or hides a file. Raises Refused."""
    import pikepdf

    for count, found in enumerate(_objects(document)):
        if count > _MOST_OBJECTS:
            raise Refused("BOMB")
        if isinstance(found, pikepdf.Stream) and _unpacks_too_far(found):
            raise Refused("BOMB")
        if not isinstance(found, pikepdf.Dictionary | pikepdf.Stream):
            continue
        keys = set(found.keys())
        if keys & _CARRIES or str(found.get("/Type", "")) == "/EmbeddedFile":
            raise Refused("CARRIES_FILES")
        named = {str(found.get(key, "")) for key in ("/S", "/Subtype")}
        if keys & {"/JS", "/JavaScript"} or named & _ACTS:
            raise Refused("ACTS")
        if str(found.get("/Subtype", "")) == "/FileAttachment":
            raise Refused("CARRIES_FILES")
        if "/AA" in keys or ("/OpenAction" in keys and _runs(found["/OpenAction"])):
            raise Refused("ACTS")


def _objects(document: Any) -> Iterator[Any]:
    """Every object, and what is inside of it without a number of its own."""
    import pikepdf

    for whole in document.objects:
        inside = [whole]
        while inside:
            one = inside.pop()
            yield one
            if isinstance(one, pikepdf.Array):
                parts = list(one)
            elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
                parts = [value for _, value in one.items()]
            else:
                continue
            inside += [part for part in parts if _is_own(part)]


def _is_own(part: Any) -> bool:
    import pikepdf

    return isinstance(part, pikepdf.Array | pikepdf.Dictionary) and not part.is_indirect


def _runs(action: Any) -> bool:
    """Going to a page when opened is what many programs write; anything else acts."""
    import pikepdf

    if isinstance(action, pikepdf.Dictionary):
        return str(action.get("/S", "")) != "/GoTo"
    return False


def _unpacks_too_far(stream: Any) -> bool:
    filters = stream.get("/Filter")
    if filters is None or "DCTDecode" in str(filters) or "JPXDecode" in str(filters):
        return False
    return len(stream.read_bytes()) > _MOST_PART_BYTES


def main() -> int:
    """Read standard input, write the clean file to standard output."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        out = clean(sys.stdin.buffer.read(), sys.argv[1])
    except Refused as refused:
        sys.stdout.write(str(refused))
        return _REFUSED
    except MemoryError:
        sys.stdout.write("BOMB")
        return _REFUSED
    sys.stdout.buffer.write(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
