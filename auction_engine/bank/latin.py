"""Words for banks that take only the SWIFT character set x.

These are a–z, A–Z, 0–9, the space and / - ? : ( ) . , ' +
"""

import string
import unicodedata

SWIFT = frozenset(string.ascii_letters + string.digits + "/-?:().,'+ ")

# What has no decomposition in Unicode, and marks that people write for one of the set.
_INSTEAD = {
    "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l",
    "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Þ": "TH", "þ": "th", "ß": "ss", "ẞ": "SS",
    "ı": "i", "‘": "'", "’": "'", "ʼ": "'", "`": "'", "“": "'", "”": "'", '"': "'", "«": "'",
    "»": "'", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "_": "-", "&": "+",
    ";": ",", "[": "(", "]": ")", "{": "(", "}": ")", "⁄": "/",
}  # fmt: skip


class LatinError(ValueError):
    """A character the SWIFT set has nothing for; `character` is it."""

    def __init__(self, character: str) -> None:
        super().__init__(f"{character!r} has no letter of the SWIFT character set")
        self.character = character


def latin(text: str) -> str:
    """`text` in the SWIFT character set: Đỗ Thị Ánh → Do Thi Anh. May be longer than `text`.

    Raises LatinError for what cannot be written so (other scripts, control characters): a name
    with holes would pay somebody else.
    """
    written = []
    for character in unicodedata.normalize("NFKD", text):
        if character in SWIFT:
            written.append(character)
        elif character in _INSTEAD:
            written.append(_INSTEAD[character])
        elif not unicodedata.combining(character):
            raise LatinError(character)
    return "".join(written)
