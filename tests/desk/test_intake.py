"""What comes in, without a program running: days, one spelling, documents, the case of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from courtroom import Courtroom, paper
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.desk.intake import documents, opening, record
from auction_engine.desk.intake.record import IntakeError

ROOM = Courtroom(None, 1, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("received", "last"),
    [
        # The day of receipt is not counted; a Saturday and a Sunday lie between.
        (date(2026, 9, 9), date(2026, 9, 16)),
        (date(2026, 9, 11), date(2026, 9, 18)),
        (date(2026, 9, 12), date(2026, 9, 18)),
        # Over the National Day of 2026 with a day off in exchange, and over Tết.
        (date(2026, 8, 28), date(2026, 9, 9)),
        (date(2026, 2, 13), date(2026, 2, 27)),
        # 2 January 2026 was taken off, and 10 January, a Saturday, worked instead.
        (date(2026, 1, 5), date(2026, 1, 10)),
    ],
)
def test_five_working_days_for_a_refusal(received: date, last: date) -> None:
    noon = datetime(received.year, received.month, received.day, 5, tzinfo=UTC)
    assert record.answer_by(noon) == last
    assert record.days_left(received, last) == 5
    assert record.days_left(last, last) == 0


def test_the_day_of_receipt_is_the_day_at_the_agency() -> None:
    evening = datetime(2026, 9, 8, 17, 0, tzinfo=UTC)  # midnight in Hanoi
    assert record.answer_by(evening) == date(2026, 9, 16)
    assert record.answer_by(evening.replace(hour=16, minute=59)) == date(2026, 9, 15)


def test_days_left_and_days_late() -> None:
    friday = date(2026, 9, 18)
    assert record.days_left(date(2026, 9, 14), friday) == 4
    assert record.days_left(date(2026, 9, 17), friday) == 1
    assert record.days_left(date(2026, 9, 19), friday) == 0
    assert record.days_left(date(2026, 9, 21), friday) == -1
    assert record.days_left(date(2026, 9, 23), friday) == -3


def test_no_calendar_no_day() -> None:
    assert record.answer_by(datetime(2031, 1, 5, tzinfo=UTC)) is None
    assert record.days_left(date(2031, 1, 5), date(2031, 1, 9)) is None


def test_a_number_is_compared_in_one_spelling() -> None:
    same = record.one_spelling("Tòa án ND", "45/2026/DS-ST")
    assert same == record.one_spelling("tòa  án nd", "45 / 2026 / ds–st")
    assert same != record.one_spelling("Tòa án ND", "46/2026/DS-ST")
    assert record.one_spelling("ab", "c") != record.one_spelling("a", "bc")


def test_a_judgment_is_read_and_kept_without_its_papers() -> None:
    said = ROOM.judgment(papers=[paper()])
    read = documents.read("JUDGMENT", json.dumps(said).encode())
    assert isinstance(read, documents.Judgment)
    assert read.parties[0].identity == "079200012345"
    kept = json.dumps(documents.without_papers(read)).encode()
    assert paper()["data"].encode() not in kept
    assert documents.kept("JUDGMENT", kept) == read.model_copy(update={"papers": ()})
    (named,) = documents.papers_kept(kept)
    assert named == {name: paper()[name] for name in ("name", "media_type", "sha256")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ROOM.judgment())), JSON)
def test_whatever_stands_in_a_field_it_is_read_or_refused_by_its_path(
    name: str, value: Any
) -> None:
    faults: tuple[record.Fault, ...] = ()
    try:
        documents.read("JUDGMENT", json.dumps(ROOM.judgment() | {name: value}).encode())
    except IntakeError as refused:
        faults = refused.faults or (record.Fault("none", "NO_FAULT", ""),)
    for fault in faults:
        assert fault.path == "judgment" or fault.path.startswith("judgment.")


@given(st.binary(max_size=200), st.sampled_from(record.KINDS))
def test_whatever_is_sent_is_read_or_refused(junk: bytes, kind: str) -> None:
    with pytest.raises(IntakeError):
        documents.read(kind, junk)


def test_who_is_owed_what() -> None:
    people = [
        {"kind": "PERSON", "role": role, "name": name}
        for role, name in (
            ("DEBTOR", "A"), ("CREDITOR", "B"), ("SECURED", "C"), ("RELATED", "D"),
            ("CREDITOR", "E"),
        )
    ]  # fmt: skip
    vnd = {"currency": "VND", "text": "x"}
    claims = [
        {**vnd, "amount_minor": 5, "creditor": 1},
        {**vnd, "amount_minor": 7, "creditor": 1},
        {**vnd, "amount_minor": 9, "creditor": 1, "rank": "LABOUR_MAINTENANCE_INJURY"},
        {**vnd, "amount_minor": 11, "creditor": 2},
        {**vnd, "amount_minor": 13, "rank": "FINES_STATE"},
    ]
    said = ROOM.judgment(parties=people, claims=claims)
    found = opening.parties_of(documents.read("JUDGMENT", json.dumps(said).encode()))
    assert [
        (one["kind"], one["name"], one.get("rank"), one.get("claim_minor")) for one in found
    ] == [
        ("DEBTOR", "A", None, None),
        ("CREDITOR", "B", "OTHER", 12),
        ("CREDITOR", "B", "LABOUR_MAINTENANCE_INJURY", 9),
        ("SECURED", "C", "OTHER", 11),
        ("RELATED", "D", None, None),
        ("CREDITOR", "E", "OTHER", None),
        ("CREDITOR", "Ngân sách nhà nước", "FINES_STATE", 13),
    ]
    wrong = ROOM.judgment(parties=people, claims=[{**vnd, "amount_minor": 5, "creditor": 0}])
    with pytest.raises(IntakeError):
        documents.read("JUDGMENT", json.dumps(wrong).encode())


def test_a_request_says_since_when_it_is_asked() -> None:
    said = ROOM.request(ROOM.judgment())
    found = opening.parties_of(documents.read("REQUEST", json.dumps(said).encode()))
    assert [(one["kind"], one.get("requested_on")) for one in found] == [
        ("CREDITOR", "2026-08-03"), ("DEBTOR", None),
    ]  # fmt: skip
    nobody = said | {"requester": {"kind": "PERSON", "name": "X"}}
    with pytest.raises(IntakeError):
        documents.read("REQUEST", json.dumps(nobody).encode())
