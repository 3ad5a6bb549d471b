"""Files for dossiers: honest ones, and hostile ones of every kind."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pikepdf
from PIL import Image, PngImagePlugin


def png(width: int = 40, height: int = 30) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 20)).save(out, "PNG")
    return out.getvalue()


def jpeg(width: int = 40, height: int = 30, secret: str = "") -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    if secret:
        exif[0x010E] = secret  # a description, as a camera writes where it was
    Image.new("RGB", (width, height), (10, 90, 40)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def pdf(**root: object) -> bytes:
    """One empty page; `root` are further entries of its catalogue."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        for name, value in root.items():
            document.Root[f"/{name}"] = document.make_indirect(value)  # type: ignore[arg-type]
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def pdf_with_script() -> bytes:
    action = pikepdf.Dictionary(S=pikepdf.Name("/JavaScript"), JS=pikepdf.String("app.alert(1)"))
    return pdf(OpenAction=action)


def pdf_that_launches() -> bytes:
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        action = pikepdf.Dictionary(S=pikepdf.Name("/Launch"), F=pikepdf.String("/bin/sh"))
        link = pikepdf.Dictionary(
            Type=pikepdf.Name("/Annot"), Subtype=pikepdf.Name("/Link"), Rect=[0, 0, 9, 9], A=action
        )
        document.pages[0]["/Annots"] = pikepdf.Array([link])
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def pdf_with_hidden_script() -> bytes:
    """The script is packed into an object stream, where a search of the bytes finds nothing."""
    with pikepdf.open(io.BytesIO(pdf_with_script())) as document:
        out = io.BytesIO()
        document.save(
            out, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True
        )
        assert b"JavaScript" not in out.getvalue()
        return out.getvalue()


def pdf_with_file() -> bytes:
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        document.attachments["evil.exe"] = b"MZ" + b"x" * 100
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def pdf_with_file_unnamed() -> bytes:
    """The file is in no list of files, and nowhere called one."""
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        file = pikepdf.Stream(document, b"MZ" + b"x" * 100)
        specification = pikepdf.Dictionary(F="evil.exe", EF=pikepdf.Dictionary(F=file))
        document.Root.PieceInfo = document.make_indirect(specification)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def pdf_encrypted() -> bytes:
    with pikepdf.open(io.BytesIO(pdf())) as document:
        out = io.BytesIO()
        document.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
        return out.getvalue()


def pdf_bomb(megabytes: int = 200) -> bytes:
    """A stream of a few kilobytes that unpacks to far more."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\0" * 2**20) for _ in range(megabytes)) + packer.flush()
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 200))
        stream = pikepdf.Stream(document, b"")
        stream.write(packed, filter=pikepdf.Name("/FlateDecode"))
        document.Root["/Bomb"] = document.make_indirect(stream)
        out = io.BytesIO()
        document.save(out)
        return out.getvalue()


def png_bomb(side: int = 30_000) -> bytes:
    """A picture of 900 million points in a few hundred bytes: its rows are not even all there."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_with_text(text: str) -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", text)
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def png_that_moves() -> bytes:
    frames = [Image.new("RGB", (20, 20), (n, 0, 0)) for n in (0, 200)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def archive(body: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("run.js", "alert(1)")
    return body + out.getvalue()


SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)

# What it is, its bytes, and the code of the refusal.
HOSTILE: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "FILE_EMPTY"),
    ("svg with script", SVG, "FILE_WRONG_TYPE"),
    ("html", b"<!doctype html><script>alert(1)</script>", "FILE_WRONG_TYPE"),
    ("archive", archive(), "FILE_WRONG_TYPE"),
    ("program", b"\x7fELF" + b"\0" * 200, "FILE_WRONG_TYPE"),
    ("gif", b"GIF89a" + b"\0" * 200, "FILE_WRONG_TYPE"),
    ("pdf after something else", b"GIF89a" + pdf(), "FILE_WRONG_TYPE"),
    ("picture and archive", archive(jpeg()), "FILE_MIXED"),
    ("pdf and archive", archive(pdf()), "FILE_MIXED"),
    ("picture and page", png() + b"<script>alert(1)</script>", "FILE_MIXED"),
    ("picture with a page in its comment", png_with_text("<script>x</script>"), "FILE_MIXED"),
    ("picture and pdf", png() + pdf(), "FILE_MIXED"),
    ("pdf and page", b"%PDF-1.7\n<html><script>x</script>" + pdf(), "FILE_MIXED"),
    ("pdf with script", pdf_with_script(), "FILE_ACTS"),
    ("pdf with a packed script", pdf_with_hidden_script(), "FILE_ACTS"),
    ("pdf that launches", pdf_that_launches(), "FILE_ACTS"),
    ("pdf that carries a program", pdf_with_file(), "FILE_CARRIES_FILES"),
    ("pdf that carries one unnamed", pdf_with_file_unnamed(), "FILE_CARRIES_FILES"),
    ("pdf with a password", pdf_encrypted(), "FILE_ENCRYPTED"),
    ("pdf bomb", pdf_bomb(), "FILE_BOMB"),
    ("picture bomb", png_bomb(), "FILE_BOMB"),
    ("broken picture", png()[:60], "FILE_BROKEN"),
    ("broken jpeg", jpeg(400, 400)[:300], "FILE_BROKEN"),
    ("only a beginning", b"\xff\xd8\xff", "FILE_BROKEN"),
    ("no pdf at all", b"%PDF-1.7\nnothing", "FILE_BROKEN"),
    ("moving picture", png_that_moves(), "FILE_MOVES"),
]
