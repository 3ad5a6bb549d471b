"""What a list of faults calls a field is what its page calls it, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auction_engine.desk.cases import disclosing
from auction_engine.http.cases.naming import name_of
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import LANGUAGES, WEB, Presenter

# bits.line("seize", "number", t("cases.seizure_number")): form, field, the key of its label.
FIELD = re.compile(
    r'bits\.(line|area|choose|both)\((form|"\w*"), "([\w.]+)", t\("(cases\.[\w.]+)"[,)]'
)
# The only form of a page, or one drawn where the fault is, has the page's own name.
PAGES = {"new": "new.html", "offer": "contracts.html", "": "asset.html"}


def fields() -> list[tuple[str, str, str, str]]:
    found = []
    for template in sorted((WEB / "templates" / "cases").glob("*.html")):
        for macro, form, field, key in FIELD.findall(template.read_text("utf-8")):
            named = [form.strip('"')]
            if form == "form":
                named = ["asset_new.html"]
                if template.name == "description.html":
                    named.append("describe")
            found += [(PAGES.get(one, one), macro, field, key) for one in named]
    return found


@pytest.fixture(scope="module", params=LANGUAGES)
def words(request: Any) -> Words:
    return Words(Presenter(), request.param, "/agency")


def test_each_field_is_named_as_on_its_page(words: Words) -> None:
    known = fields()
    assert len(known) > 60
    wrong = {}
    for form, macro, field, key in known:
        for lang in ("vi", "en") if macro == "both" else ("",):
            label = words.t(key)
            if lang:
                label = words.t(f"cases.in_language.{lang}", what=label)
            path = f"{field}.{lang}" if lang else field
            if (name := name_of(words, form, path)) != label:
                wrong[form, path] = (name, label)
    assert wrong == {}


def test_a_question_and_a_row_of_facts_are_named(words: Words) -> None:
    for code, question in disclosing.BY_CODE.items():
        asked = question.vi if words.lang == "vi" else question.en
        assert name_of(words, "disclose", f"disclosure.{code}.answer") == asked
        both = {name_of(words, "disclose", f"disclosure.{code}.details.{one}") for one in LANGUAGES}
        assert len(both) == 2
        assert all(name.startswith(asked) for name in both)
    assert "3" in name_of(words, "describe", "facts.2.value.en")
    assert name_of(words, "disclose", "disclosure.nothing.answer") == ""
    assert name_of(words, "ready", "files") == ""
