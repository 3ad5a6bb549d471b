"""Words of texts and questions: whatever a text says, a question for one of its words asks it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.desk.search import asking, codes, differences, filters, words

VIETNAMESE = st.text(
    "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
    "ABCĐÊÔƠƯ0123456789 .,-/\"'()",
    max_size=60,
)
TEXTS = VIETNAMESE | st.text(max_size=40)


def lexemes(vector: str) -> set[str]:
    return {part.rpartition(":")[0][1:-1] for part in vector.split(" ") if part}


@given(TEXTS)
def test_what_the_server_is_given_is_letters_and_digits_only(text: str) -> None:
    for lexeme in lexemes(words.vector({"vi": words.Texts([text], [text])})):
        assert lexeme[0] == "v"
        assert lexeme[1:].lstrip("^=")
        bare = unicodedata.normalize("NFD", lexeme[1:].lstrip("^="))
        assert all(c.isalnum() or unicodedata.combining(c) for c in bare), lexeme
    question = asking.question(text)
    for tier in () if question is None else question.tiers:
        for quoted in tier.split("'")[1::2]:
            assert quoted[0] in "ve"
            bare = unicodedata.normalize("NFD", quoted[1:].lstrip("^="))
            assert all(c.isalnum() or unicodedata.combining(c) for c in bare), tier
        rest = "".join(tier.split("'")[0::2])
        assert set(rest) <= set(" ()&|!<->:*"), tier


@given(TEXTS)
def test_a_text_has_every_word_that_a_question_for_it_asks_for(text: str) -> None:
    for lang, letter in words.LANGUAGES.items():
        has = lexemes(words.vector({lang: words.Texts([], [text])}))
        for word in words.words_of(text):
            assert letter + word.plain in has
            question = asking.question(word.plain + " ")
            assert question is not None
            assert set(question.all.split("'")[1::2]) & has


@given(TEXTS)
def test_diacritics_and_capitals_do_not_matter(text: str) -> None:
    plain = [word.plain for word in words.words_of(text)]
    for other in (text.upper().lower(), unicodedata.normalize("NFD", text)):
        if words.folded(other) == words.folded(text):
            assert [word.plain for word in words.words_of(other)] == plain


@given(TEXTS, TEXTS)
def test_a_question_is_the_same_when_its_address_is_opened_again(text: str, more: str) -> None:
    first = filters.read({"q": text}, lambda name: [])
    again = filters.read(dict(first.pairs()), lambda name: [])
    assert again.text == first.text
    if first.asked is not None and not text.endswith((" ", '"')):
        assert again.asked is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoà", "hòa"), ("HÒA", "hoà"), ("thuỷ", "thủy"), ("Đất", "đất"), ("ô tô", "Ô TÔ")],
)
def test_spellings_of_one_word_are_one_word(one: str, other: str) -> None:
    assert words.words_of(one) == words.words_of(other)


def test_a_phrase_does_not_reach_over_two_texts() -> None:
    places = {
        part.split("'")[1]: int(part.rpartition(":")[2])
        for part in words.vector({"vi": words.Texts([], ["nhà đất", "quận một"])}).split(" ")
    }
    assert places["vdat"] - places["vnha"] == 1
    assert places["vquan"] - places["vdat"] > 5


@given(TEXTS, TEXTS)
def test_both_versions_can_be_read_off_their_difference(before: str, after: str) -> None:
    pieces = differences.pieces(before, after)
    assert "".join(p.text for p in pieces if p.mark != "removed") == after
    if before != after:
        assert "".join(p.text for p in pieces if p.mark != "added") == before


def test_there_are_thirty_four_provinces_each_in_a_square_of_its_own() -> None:
    squares = [one.at for one in codes.provinces().values() if one.at is not None]
    assert len(squares) == len(set(squares)) == 34
    for one in codes.provinces().values():
        said = {"place": {"vi": f"Phường 1, tỉnh {one.name['vi'].removesuffix(' (hư cấu)')}"}}
        assert codes.province_of(said) == one.code
    assert codes.province_of({}) == codes.ELSEWHERE
    assert codes.province_of({"province": "46", "place": {"vi": "Hà Nội"}}) == "46"
