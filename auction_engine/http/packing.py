"""Pages made small on their way, without the one thing that makes compressed pages dangerous.

Whoever can make a browser ask for pages with words of his choice and sees how long the answers are
can guess a secret in them, if words and secret are compressed together (BREACH). So what is secret,
the token of the forms and the viewer's name, is sent as it is, and nothing before it or after it is
compressed with it: each part between stands alone.
"""

import zlib
from collections.abc import Sequence

# gzip (RFC 1952): no name, no time, no system.
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# An empty last block of DEFLATE (RFC 1951).
_END = b"\x03\x00"
# Of 200 KB at this level the loop loses about 2 ms; higher levels save little for thrice that.
_LEVEL = 3
_STORED_MAX = 65_535


def accepts(header: str, wanted: str) -> bool:
    """Whether an Accept-Encoding header allows the coding `wanted`."""
    for part in header.lower().split(","):
        coding, _, parameter = part.partition(";")
        if coding.strip() in (wanted, "*"):
            return parameter.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def deflated(part: bytes) -> bytes:
    """A part that stands alone: nothing after it can refer to it."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)


def join(parts: Sequence[bytes], packed: Sequence[bytes], secrets: Sequence[bytes]) -> bytes:
    """`parts` with `secrets[i]` after `parts[i]` as gzip; `packed` are the parts `deflated`."""
    out, check, length = [_HEAD], 0, 0
    for index, part in enumerate(parts):
        out.append(packed[index])
        check, length = zlib.crc32(part, check), length + len(part)
        if index < len(secrets):
            secret = secrets[index]
            out.append(_stored(secret))
            check, length = zlib.crc32(secret, check), length + len(secret)
    out += (_END, check.to_bytes(4, "little"), (length % 2**32).to_bytes(4, "little"))
    return b"".join(out)


def pack(text: bytes, secrets: Sequence[bytes]) -> bytes:
    """`text` as gzip, with every occurrence of `secrets` left as it is."""
    parts, between = [text], list[bytes]()
    for secret in secrets:
        if secret:
            parts, between = _cut(parts, between, secret)
    return join(parts, [deflated(part) for part in parts], between)


def _cut(
    parts: list[bytes], between: list[bytes], secret: bytes
) -> tuple[list[bytes], list[bytes]]:
    """The same text with `secret` cut out of the parts too."""
    new_parts, new_between = list[bytes](), list[bytes]()
    for index, part in enumerate(parts):
        pieces = part.split(secret)
        new_parts += pieces
        new_between += [secret] * (len(pieces) - 1)
        if index < len(between):
            new_between.append(between[index])
    return new_parts, new_between


def _stored(secret: bytes) -> bytes:
    assert len(secret) <= _STORED_MAX
    length = len(secret).to_bytes(2, "little")
    return b"\x00" + length + bytes(byte ^ 0xFF for byte in length) + secret
