"""What somebody typed into the search box, as questions to PostgreSQL, the best first.

As on the web: words are all wanted, "in quotes" one after the other, `or` (`hoặc`, `|`) between two
is either, a minus before one is without. The last word may be unfinished. A lot is found by what it
says in one language: words of two do not find it together, and without is without in both. Nothing
typed is ever an error, and nothing typed reaches the server but letters and digits (see `words`).
"""

import re
from typing import NamedTuple

from auction_engine.desk.search.words import LANGUAGES, TITLE, WRITTEN, Word, words_of

# Beyond these nobody reads what he typed; each word costs the server a look.
MOST_LETTERS = 200
_MOST_WORDS = 12
# Two letters are nearly always a whole word of Vietnamese: "căn hộ" must not find a house.
_WHOLE = 2
_TOKEN = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_OR = frozenset({"or", "hoặc", "|"})


class Question(NamedTuple):
    """`tiers` are `tsquery` texts, the best first; the last one finds what any of them finds.

    `typed` is what was understood of the question, for its address.
    """

    typed: str
    tiers: tuple[str, ...]

    @property
    def all(self) -> str:
        """What finds every lot."""
        return self.tiers[-1]


class _Term(NamedTuple):
    words: tuple[Word, ...]  # one after the other
    joined: Word | None  # the same run written without what joins it
    without: bool
    unfinished: bool
    alternative: bool  # to the term before


def question(text: str) -> Question | None:
    """What was asked for; None where no word is."""
    typed = " ".join(text.replace("\x00", " ")[:MOST_LETTERS].split())
    terms = _terms(typed, unfinished=not text[:MOST_LETTERS].endswith((" ", '"')))
    wanted = [term for term in terms if not term.without]
    if not wanted:
        return None
    accented = any(word.plain != word.written for term in wanted for word in term.words)
    marks = ["", TITLE]
    if accented:
        marks += [WRITTEN, TITLE + WRITTEN]
    tiers = [_query(terms, mark) for mark in reversed(marks)]
    return Question(typed, tuple(dict.fromkeys(tiers)))


def _terms(typed: str, unfinished: bool) -> list[_Term]:
    terms: list[_Term] = []
    left, either = _MOST_WORDS, False
    tokens = list(_TOKEN.finditer(typed))
    for number, token in enumerate(tokens):
        minus, quoted, bare = token.groups()
        if bare is not None and bare.casefold() in _OR:
            either = bool(terms)
            continue
        without = bool(minus) if bare is None else bare.startswith("-") and len(bare) > 1
        found = words_of(quoted if bare is None else bare)
        words = [word for word in found if not word.joined][:left]
        if not words:
            continue
        left -= len(words)
        ends = unfinished and number == len(tokens) - 1 and bare is not None
        letters = len(words[-1].plain)
        # A single letter begins thousands of words: alone it is taken as a word of its own.
        alone = number == 0 and len(words) == 1
        ends = ends and letters != _WHOLE and (letters > _WHOLE or not alone)
        joined = next((w for w in found if w.joined), None) if bare is not None else None
        terms.append(_Term(tuple(words), joined, without, ends, either and not without))
        either = False
        if left <= 0:
            break
    return terms


def _query(terms: list[_Term], mark: str) -> str:
    """A `tsquery`: groups of alternatives, all of them wanted in one language."""
    letters = LANGUAGES.values()
    query = " | ".join(f"({_wanted(terms, letter, mark)})" for letter in letters)
    unwanted = [_one(term, letter, "") for term in terms if term.without for letter in letters]
    return f"({query}) & !({' | '.join(unwanted)})" if unwanted else query


def _wanted(terms: list[_Term], letter: str, mark: str) -> str:
    groups: list[list[str]] = []
    apart = True
    for term in terms:
        if term.without:
            apart = True
        elif term.alternative and not apart:
            groups[-1].append(_one(term, letter, mark))
        else:
            groups.append([_one(term, letter, mark)])
            apart = False
    return " & ".join(f"({' | '.join(group)})" for group in groups)


def _one(term: _Term, letter: str, mark: str) -> str:
    lexemes = [_lexeme(word, letter, mark) for word in term.words]
    if term.unfinished:
        lexemes[-1] += ":*"
    phrase = " <-> ".join(lexemes)
    if term.joined is None:
        return f"({phrase})" if len(lexemes) > 1 else phrase
    run = _lexeme(term.joined, letter, mark) + (":*" if term.unfinished else "")
    return f"(({phrase}) | {run})"


def _lexeme(word: Word, letter: str, mark: str) -> str:
    if WRITTEN not in mark:
        return f"'{letter}{mark}{word.plain}'"
    form = word.plain if word.written == word.plain else WRITTEN + word.written
    return f"'{letter}{mark.replace(WRITTEN, '')}{form}'"
