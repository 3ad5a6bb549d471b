"""Words of lots and of questions: with and without diacritics, in titles and anywhere.

PostgreSQL keeps and finds the words; which words a text has is decided here alone, for texts and
for questions alike, so that the two always agree and no extension of the server is needed. A word
stands in the index up to four times, after the letter of the language its text is in:

    vdat    without diacritics             v^dat    the same, in the title
    v=đất   as it is written               v^=đất   the same, in the title

A written form is marked only where it differs from the plain one. Tone marks are moved to the end
of a written word: "hoà" and "hòa" are one word in two spellings. Languages are kept apart, for
without diacritics a word of one is often another word of the other: "đo" is no "do".
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

# Words longer than this are cut, in texts and in questions.
_LONGEST = 40
# What is joined without a space, such as a number plate "51F-123.45".
_RUN = re.compile(r"[^\W_]+(?:[-./,][^\W_]+)*")
_PIECE = re.compile(r"[^\W_]+")
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
# PostgreSQL keeps positions up to this one; later words have none of their own.
_LAST = 16_000
# Between two texts: no phrase reaches over it.
_GAP = 20
_MOST_WORDS = 4_000

TITLE, WRITTEN = "^", "="
# Each language and the letter that its words stand after.
LANGUAGES = {"vi": "v", "en": "e"}


class Texts(NamedTuple):
    """What a lot says in one language."""

    titles: Iterable[str]
    others: Iterable[str]


class Word(NamedTuple):
    """One word of a text. `joined`: made of pieces with only a hyphen or the like between them."""

    plain: str
    written: str
    at: int
    joined: bool = False


def folded(text: str) -> str:
    """The text as words are read from it: one form of each letter, no capitals."""
    return unicodedata.normalize("NFKC", text.replace("\x00", " ")).casefold()


def plain_of(word: str) -> str:
    """A folded word without diacritics; "đ" is "d"."""
    letters = unicodedata.normalize("NFKD", word)
    bare = "".join(c for c in letters if c.isalnum())
    return bare.replace("đ", "d").replace("ı", "i")


def written_of(word: str) -> str:
    """A folded word with its diacritics, tones at the end."""
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(c for c in letters if c in _TONES))
    return unicodedata.normalize("NFC", "".join(c for c in letters if c not in _TONES)) + tones


def plain_text(text: str) -> str:
    """Every word of a text without diacritics, with one space between."""
    return " ".join(word.plain for word in words_of(text) if not word.joined)


def words_of(text: str) -> list[Word]:
    """The words of a text in order. A run such as "51F-123.45" is its pieces and one word more."""
    found: list[Word] = []
    at = 0
    for run in _RUN.finditer(folded(text)):
        pieces = [piece for piece in _PIECE.findall(run.group()) if plain_of(piece)]
        first = at + 1
        for piece in pieces:
            at += 1
            found.append(_word(piece, at))
        if len(pieces) > 1:
            found.append(_word("".join(pieces), first)._replace(joined=True))
    return found


def _word(piece: str, at: int) -> Word:
    return Word(plain_of(piece)[:_LONGEST], written_of(piece)[:_LONGEST], at)


def vector(said: Mapping[str, Texts]) -> str:
    """A lot's words as PostgreSQL's `tsvector` reads them, from what it says in each language."""
    places: dict[str, set[int]] = {}
    for lang, texts in said.items():
        _add(places, LANGUAGES[lang], texts)
    return " ".join(
        f"'{lexeme}':{','.join(map(str, sorted(positions)[:200]))}"
        for lexeme, positions in places.items()
    )


def _add(places: dict[str, set[int]], letter: str, said: Texts) -> None:
    # Positions begin anew with each language: no phrase has words of two.
    at, count = 0, 0
    for in_title, text in [*((True, t) for t in said.titles), *((False, t) for t in said.others)]:
        last = 0
        for word in words_of(text):
            last, count = word.at, count + 1
            if count > _MOST_WORDS:
                break
            position = min(at + word.at, _LAST)
            for lexeme in _lexemes(word, in_title):
                places.setdefault(letter + lexeme, set()).add(position)
        at += last + _GAP


def _lexemes(word: Word, in_title: bool) -> list[str]:
    forms = [word.plain]
    if word.written != word.plain:
        forms.append(WRITTEN + word.written)
    return forms + ([TITLE + form for form in forms] if in_title else [])


def follow(words: list[Word]) -> bool:
    """Whether each word stands right after the one before it."""
    return all(b.at == a.at + 1 for a, b in pairwise(words))
