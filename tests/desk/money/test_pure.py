"""The parts without a database: references, whose money it is, the sheet of a case."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.desk.money import references, sheets
from auction_engine.desk.money.keeper import Keeper
from auction_engine.desk.money.matching import Expected, Verdict, judge, same_name
from auction_engine.desk.money.record import MoneyError
from auction_engine.errors import AuctionError
from auction_engine.story import plot

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBERS = st.integers(1, 2**30 - 1)
DAY = date(2026, 9, 1)


# --- references ---------------------------------------------------------------------------------


@given(NUMBERS)
def test_a_reference_names_its_number_and_no_other(number: int) -> None:
    reference = references.of(number)
    assert len(reference) == 10
    assert references.number_of(reference) == number


def test_a_hundred_thousand_references_are_different() -> None:
    assert len({references.of(number) for number in range(1, 100_001)}) == 100_000


@given(NUMBERS)
def test_one_wrong_character_or_two_changed_places_are_noticed(number: int) -> None:
    reference = references.of(number)
    for at in range(2, 10):
        for letter in LETTERS if at < 8 else "0123456789":
            slipped = reference[:at] + letter + reference[at + 1 :]
            assert (references.number_of(slipped) is None) == (slipped != reference)
    for at in range(2, 9):
        swapped = reference[:at] + reference[at + 1] + reference[at] + reference[at + 2 :]
        assert (references.number_of(swapped) is None) == (swapped != reference)


@pytest.mark.parametrize("number", [0, -1, 2**30])
def test_numbers_beyond_the_format_have_no_reference(number: int) -> None:
    with pytest.raises(AuctionError, match="format must grow"):
        references.of(number)


@pytest.mark.parametrize("text", ["", "DG", "DG00000000", "dg1234567", "DGIIIIII00", "Đ" * 10])
def test_what_is_no_reference_names_nothing(text: str) -> None:
    assert references.number_of(text) is None
    assert references.find(text) == []


@given(
    NUMBERS,
    st.lists(st.sampled_from(["", " ", "-", ".", " - ", "\n", "/"]), min_size=10, max_size=10),
    st.booleans(),
    st.sampled_from(["", "NOP TIEN ", "CT DEN:123 ", "MBVCB."]),
)
def test_a_reference_is_found_whatever_a_bank_makes_of_it(
    number: int, between: list[str], lower: bool, before: str
) -> None:
    reference = references.of(number)
    text = "".join(sign + gap for sign, gap in zip(reference, between, strict=True))
    found = references.find(None, before + (text.lower() if lower else text) + " chuyen khoan")
    assert reference in found


def test_each_reference_is_found_once_in_order() -> None:
    one, two = references.of(5), references.of(9)
    assert references.find(f"{two} {one}", f"{one}{two}") == [two, one]


# --- whose money ------------------------------------------------------------------------------


def expected(request: int = 1, **changes: Any) -> Expected:
    values = {"purpose": "DEPOSIT", "amount_minor": 100, "due_on": DAY, "name": "Nguyễn Văn Đạt"}
    return Expected(request, **(values | changes))


OLD = date(2026, 8, 31)
OVER: Any = "OVERPAID"
CASES: list[tuple[str, int, list[Expected], Verdict]] = [
    ("whole", 100, [expected()], Verdict(1, 100)),
    ("short", 99, [expected()], Verdict(1, 0, "SHORT")),
    ("the rest", 40, [expected(short_minor=60)], Verdict(1, 40)),
    ("more than the rest", 41, [expected(short_minor=60)], Verdict(1, 40, "OVERPAID")),
    ("still short", 39, [expected(short_minor=60)], Verdict(1, 0, "SHORT")),
    ("overpaid", 101, [expected()], Verdict(1, 100, "OVERPAID")),
    ("twice", 100, [expected(paid=True)], Verdict(1, 0, "DUPLICATE")),
    ("twice, and closed", 100, [expected(paid=True, open=False)], Verdict(1, 0, "DUPLICATE")),
    ("closed", 100, [expected(open=False)], Verdict(1, 0, "NOT_EXPECTED")),
    ("late", 100, [expected(due_on=date(2026, 8, 31))], Verdict(1, 0, "LATE")),
    ("no last day", 100, [expected(due_on=None)], Verdict(1, 100)),
    ("a late price", 100, [expected(purpose="PRICE", due_on=OLD)], Verdict(1, 100)),
    ("part of a price", 30, [expected(purpose="PRICE", short_minor=60)], Verdict(1, 30)),
    ("rest of a price", 50, [expected(purpose="PRICE", short_minor=60)], Verdict(1, 40, OVER)),
    ("short earnest", 99, [expected(purpose="EARNEST")], Verdict(1, 0, "SHORT")),
    ("short top-up", 99, [expected(purpose="TOP_UP")], Verdict(1, 0, "SHORT")),
    ("two", 100, [expected(), expected(2)], Verdict(None, 0, "SEVERAL", (1, 2))),
]  # fmt: skip


@pytest.mark.parametrize(("amount", "named", "verdict"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_every_verdict_on_a_named_payment(
    amount: int, named: list[Expected], verdict: Verdict
) -> None:
    assert judge(amount, DAY, named) == verdict


def test_without_a_reference_only_one_unpaid_namesake_is_likely() -> None:
    one, namesake = expected(), expected(2)
    stranger = expected(3, name="Lê Thị Hoa")
    sender = "DAT NGUYEN VAN"
    assert judge(100, DAY, [], [one, stranger], sender) == Verdict(reason="LIKELY", likely=(1,))
    assert judge(100, DAY, [], [one, namesake], sender) == Verdict(reason="UNKNOWN", likely=(1, 2))
    for gone in (one._replace(paid=True), one._replace(open=False)):
        assert judge(100, DAY, [], [gone, stranger], sender) == Verdict(reason="UNKNOWN")
        assert judge(100, DAY, [], [gone, namesake], sender).likely == (2,)
    assert judge(100, DAY, [], [one], None) == Verdict(reason="UNKNOWN")


@given(
    st.integers(1, 300),
    st.integers(1, 200),
    st.integers(0, 199),
    st.sampled_from(["DEPOSIT", "EARNEST", "PRICE", "TOP_UP"]),
    st.booleans(),
    st.booleans(),
)
def test_never_more_is_taken_than_is_missing_nor_than_arrived(
    amount: int, due: int, short: int, purpose: Any, paid: bool, is_open: bool
) -> None:
    one = expected(amount_minor=due, short_minor=min(short, due - 1), purpose=purpose,
                   paid=paid, open=is_open)  # fmt: skip
    found = judge(amount, DAY, [one])
    assert 0 <= found.take_minor <= min(amount, due - one.short_minor)
    assert (found.take_minor == amount) == (found.reason is None)
    if paid or not is_open:
        assert not found.take_minor


@pytest.mark.parametrize(
    ("seen", "same"),
    [("Nguyen Van Dat", True), ("NGUYEN  VAN-DAT", True), ("Dat, Nguyen Van", True),
     ("Nguyen Van", False), ("", False), (None, False)],
)  # fmt: skip
def test_names_as_banks_write_them(seen: str | None, same: bool) -> None:
    assert same_name("Nguyễn Văn Đạt", seen) is same
    assert not same_name("", seen)


# --- sheets -----------------------------------------------------------------------------------


def sheet(**changes: Any) -> dict[str, Any]:
    return plot.sheet(DAY, date(2026, 2, 1)) | changes


def test_a_sheet_becomes_a_case() -> None:
    read = sheets.read(sheet())
    case = read.case()
    assert (case.debtor, len(case.claims), case.payment_on) == (1, 4, DAY)
    assert read.party(4).name == plot.PARTIES[4]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"parties": []}, "parties"),
        ({"debtor": 99}, "party 99"),
        ({"trustee": 98}, "party 98"),
        ({"costs": [{"payee": 97, "amount_minor": 1}]}, "party 97"),
        ({"costs": [{"payee": 6, "amount_minor": -1}]}, "costs.0.amount_minor"),
        ({"costs": [{"payee": 6, "amount_minor": 1.5}]}, "costs.0.amount_minor"),
        ({"rent_minor": "5"}, "rent_minor"),
        ({"nonsense": 1}, "nonsense"),
        ({"payment_on": "yesterday"}, "payment_on"),
        ({"parties": [{"number": 1, "name": "A"}] * 2}, "same number"),
    ],
)
def test_a_wrong_sheet_names_the_field(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(MoneyError, match=where) as caught:
        sheets.read(sheet(**changes))
    assert caught.value.code == "BAD_SHEET"


async def test_a_lot_nobody_can_make_sense_of_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Moved:
        async def fetch(self, query: str) -> list[dict[str, int]]:
            return [{"lot_id": lot, "shard": 0} for lot in (1, 2)]

    kept = []

    async def keep(self: Keeper, connection: object, shard: int, lot: int) -> bool:
        kept.append(lot)
        if lot == 1:
            raise KeyError("an entry of a kind that nobody knows")
        return False

    monkeypatch.setattr(Keeper, "keep", keep)
    keeper = Keeper("", SimpleNamespace(shards=1))  # type: ignore[arg-type]
    for _ in range(2):
        await keeper.look(Moved())
    assert kept == [1, 2]  # at rest until something moves again
