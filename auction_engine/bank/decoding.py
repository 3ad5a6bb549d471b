"""The letters of a bank's text file. An encoding is proved by the bytes, or the file is refused."""

import codecs
import re

from auction_engine.bank.errors import BankFileError, shown, wrong
from auction_engine.bank.values import composed

ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1258", "windows-1252")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Characters no text has: what is left of C0 without tab, line ends and form feed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
# In windows-1258 a tone is a mark of its own, after its vowel.
_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_TONE_ON_VOWEL = re.compile("[aăâeêioôơuưyAĂÂEÊIOÔƠUƯY][\u0300\u0301\u0303\u0309\u0323]")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")


def decode(data: bytes, encoding: str | None = None) -> str:
    """The text of `data`, composed (NFC), line ends as they are.

    `encoding`: one of `ENCODINGS`, if the organisation has fixed it. Raises BankFileError:
    ENCODING_UNKNOWN, ENCODING_BROKEN, ENCODING_MIXED, ENCODING_AMBIGUOUS, CONTROL_CHARACTER.
    """
    if encoding is not None:
        if encoding not in ENCODINGS:
            raise wrong(
                "ENCODING_UNKNOWN",
                "",
                f"the encoding {shown(encoding)} of the profile is not one of "
                f"{', '.join(ENCODINGS)}; correct the profile.",
            )
        text = _strict(data, encoding).removeprefix("\ufeff")
    else:
        text = _detected(data)
    if found := _CONTROL.search(text):
        raise wrong(
            "CONTROL_CHARACTER",
            f"line {_lines_before(text, found.start())}",
            f"there is the control character {shown(found[0])}; this is not a text file, or it is "
            f"damaged: fetch it from the bank again.",
        )
    return composed(text)


def _detected(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data.removeprefix(codecs.BOM_UTF8), encoding)
    # Text of Latin letters in UTF-16 without its mark: every second byte is mostly zero.
    head = data[:2000]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[first::2].count(0) * 2 > len(head[first::2]):
            return _strict(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _eight_bits(data, error.start)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise wrong(
            "ENCODING_BROKEN",
            f"line {_line_of_byte(data, error.start, encoding)}",
            f"the bytes are not {encoding}; save the file as UTF-8 or fetch "
            f"it from the bank again.",
        ) from None


def _eight_bits(data: bytes, bad: int) -> str:
    """`data`, whose byte at `bad` is not UTF-8, as Vietnamese or Western Windows text."""
    place = f"line {_line_of_byte(data, bad, 'utf-8')}"
    if _UTF8_LETTER.search(data):
        raise wrong(
            "ENCODING_MIXED",
            place,
            "some letters of the file are UTF-8, these are not; it was put together from two, or "
            "is damaged: fetch it from the bank again.",
        )
    vietnamese, western = _try(data, "windows-1258"), _try(data, "windows-1252")
    if vietnamese is not None:
        tones = _TONE.subn("", vietnamese)[1]
        if tones != _TONE_ON_VOWEL.subn("", vietnamese)[1]:
            vietnamese = None
        elif tones or vietnamese == western:
            return vietnamese
    if western is not None and vietnamese is None:
        return western
    raise _undecided(place, vietnamese is None)


def _undecided(place: str, broken: bool) -> BankFileError:
    if broken:
        return wrong(
            "ENCODING_BROKEN",
            place,
            "the bytes are neither UTF-8 nor Windows text (1258, 1252); save the file as UTF-8 or "
            "fetch it from the bank again.",
        )
    return wrong(
        "ENCODING_AMBIGUOUS",
        place,
        "the letters may be Vietnamese (windows-1258) or Western (windows-1252); save the file as "
        "UTF-8, or name the encoding in the profile.",
    )


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _line_of_byte(data: bytes, at: int, encoding: str) -> int:
    if encoding.startswith("utf-16"):
        return _lines_before(data[:at].decode(encoding, "replace"), at)
    return data.count(b"\n", 0, at) + 1


def _lines_before(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
