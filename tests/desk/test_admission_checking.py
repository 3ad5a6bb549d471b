"""Uploaded files are read, not believed: hostile ones get a sentence, honest ones are cleaned."""

from __future__ import annotations

import asyncio
import io

import papers
import pikepdf
import pytest
from PIL import Image

from auction_engine.desk.admission import checking
from auction_engine.desk.admission.checking import MAX_BYTES, REFUSALS, Checker
from auction_engine.desk.admission.states import AdmissionError


@pytest.mark.parametrize(("body", "code"), [(b, c) for _, b, c in papers.HOSTILE],
                         ids=[name for name, _, _ in papers.HOSTILE])  # fmt: skip
async def test_a_hostile_file_is_refused_with_its_sentence(body: bytes, code: str) -> None:
    with pytest.raises(AdmissionError) as refused:
        await Checker().check(body)
    assert refused.value.code == code
    assert refused.value.sentence == REFUSALS[code.removeprefix("FILE_")]


async def test_a_picture_keeps_its_points_and_loses_everything_else() -> None:
    made = await Checker().check(papers.jpeg(60, 40, secret="taken at 10.7769 N 106.7009 E"))
    assert made.media_type == "image/jpeg"
    assert b"106.7009" not in made.body
    with Image.open(io.BytesIO(made.body)) as picture:
        assert picture.size == (60, 40)
        assert not picture.getexif()
        red, green, blue = picture.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        assert green > red
        assert green > blue


async def test_what_stands_behind_a_picture_is_left_behind() -> None:
    made = await Checker().check(papers.png() + b"trailing words of no known kind")
    assert b"trailing" not in made.body


async def test_an_honest_pdf_opens_to_its_pages_and_says_nothing_of_its_maker() -> None:
    with pikepdf.open(io.BytesIO(papers.pdf())) as document:
        document.docinfo["/Author"] = "Nguyen Van An"
        out = io.BytesIO()
        document.save(out)
    made = await Checker().check(out.getvalue())
    assert made.media_type == "application/pdf"
    assert b"Nguyen Van An" not in made.body
    with pikepdf.open(io.BytesIO(made.body)) as again:
        assert len(again.pages) == 1


async def test_a_pdf_that_opens_on_a_page_is_honest() -> None:
    with pikepdf.open(io.BytesIO(papers.pdf())) as document:
        page = document.pages[0].obj
        go = pikepdf.Dictionary(S=pikepdf.Name("/GoTo"), D=[page, pikepdf.Name("/Fit")])
        document.Root["/OpenAction"] = go
        out = io.BytesIO()
        document.save(out)
    assert (await Checker().check(out.getvalue())).media_type == "application/pdf"


async def test_one_byte_too_many_is_refused_before_anything_is_read() -> None:
    with pytest.raises(AdmissionError) as refused:
        await Checker().check(b"%PDF-" + b" " * MAX_BYTES)
    assert refused.value.code == "FILE_TOO_LARGE"


async def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHECK_S", 0.0)
    with pytest.raises(AdmissionError) as refused:
        await Checker().check(papers.png())
    assert refused.value.code == "FILE_TOO_SLOW"


async def test_too_many_at_once_are_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_WAITING", 1)
    checker = Checker()
    told = await asyncio.gather(
        *(checker.check(papers.png()) for _ in range(8)), return_exceptions=True
    )
    codes = {one.code for one in told if isinstance(one, AdmissionError)}
    assert codes == {"BUSY"}
    assert any(not isinstance(one, BaseException) for one in told)
