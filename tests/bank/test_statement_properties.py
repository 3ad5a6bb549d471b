"""Whatever a bank books is read back from every format; whatever is broken is refused in words."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.bank.errors import BankFileError
from auction_engine.bank.statement import BankLine, BankStatement, fingerprints
from tests.bank.reading import EUR, VND, sample, taken
from tests.bank.rendering import camt, mt940, table

MONEY = st.sampled_from([VND, EUR])
VIETNAMESE = "abcxyzABCĐđƠơƯưẤấễộ 0123456789,."
SWIFT = "abcXYZ0189 ,.()'"
REFERENCE = st.one_of(st.none(), st.from_regex(r"[A-Z]{2}[0-9]{3,10}", fullmatch=True))


def words(alphabet: str, least: int = 1, most: int = 120) -> st.SearchStrategy[str]:
    found = st.text(alphabet, min_size=least, max_size=most).map(
        lambda text: " ".join(text.split())
    )
    return found.filter(lambda text: len(text) >= least and text != "-")


@st.composite
def statements(draw: st.DrawFn, kind: str, money: dict[str, Any], alphabet: str) -> BankStatement:
    """A statement that adds up, its lines oldest first, some of them parts of one entry."""
    currency = money["currency"]
    day = draw(st.dates(date(2001, 1, 1), date(2078, 1, 1)))
    begins = day
    lines: list[BankLine] = []
    split = kind.startswith("camt")
    for number in range(draw(st.integers(1, 6))):
        day += timedelta(draw(st.integers(0, 40)))
        value = day + timedelta(draw(st.integers(-170, 170)))
        has_value = kind == "mt940" or draw(st.booleans())
        returned = None if kind == "csv" else draw(st.sampled_from([None, None, "RVSL"]))
        if split and draw(st.booleans()):
            returned = draw(st.sampled_from([returned, "AC04"]))
        sign = draw(st.sampled_from([1, -1]))
        parts = draw(st.integers(1, 3)) if split else 1
        amounts = [sign * draw(st.integers(1, 10**12)) for _ in range(parts)]
        entry_ref = f"ENTRY{number}" if parts > 1 else None
        for amount in amounts:
            own = draw(REFERENCE)
            lines.append(
                BankLine(
                    n=len(lines) + 1,
                    place="",
                    booked_on=day,
                    value_on=value if has_value else None,
                    amount_minor=amount,
                    currency=currency,
                    bank_ref=own or entry_ref,
                    end_to_end=draw(REFERENCE),
                    text=draw(words(alphabet)),
                    name=draw(st.none() | words(alphabet, most=50)),
                    account=draw(st.none() | words("0123456789")),
                    bank=draw(st.none() | words("ABCDEFGHX")),
                    returned=returned,
                    entry_ref=entry_ref,
                    entry_minor=sum(amounts) if entry_ref else None,
                )
            )
    opening = draw(st.integers(-(10**12), 10**12))
    balances = kind in ("camt.053", "mt940")
    return BankStatement(
        format=kind,
        number="12/3" if kind != "csv" else None,
        account="0071000123456",
        currency=currency,
        from_on=begins if kind != "csv" else None,
        to_on=day if kind != "csv" else None,
        opening_minor=opening if balances else None,
        closing_minor=opening + sum(one.amount_minor for one in lines) if balances else None,
        lines=tuple(lines),
        left_out=draw(st.integers(0, 2)) if kind != "csv" else 0,
    )


def without_places(found: list[BankStatement]) -> BankStatement:
    (statement,) = found
    assert all(line.place.split()[0] in ("line", "row") for line in statement.lines)
    return statement._replace(lines=tuple(one._replace(place="") for one in statement.lines))


@given(st.data(), MONEY, st.sampled_from(["camt.053", "camt.054"]), st.sampled_from([2, 4, 8, 14]))
def test_camt_is_read_back(
    data: st.DataObject, money: dict[str, Any], kind: str, version: int
) -> None:
    given_ = data.draw(statements(kind, money, VIETNAMESE + "<&>\"'=+-:/?"))
    rendered = camt(given_, version, money["minor_digits"])
    assert without_places(taken(rendered, money, given_.account)) == given_


@given(st.data(), MONEY)
def test_mt940_is_read_back(data: st.DataObject, money: dict[str, Any]) -> None:
    given_ = data.draw(statements("mt940", money, SWIFT))
    rendered = mt940(given_, money["minor_digits"])
    assert without_places(taken(rendered, money, given_.account)) == given_


@given(
    st.data(), MONEY, st.sampled_from(",;\t|"), st.sampled_from([".", ","]),
    st.sampled_from(["", " ", "other"]), st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_csv_is_read_back(
    data: st.DataObject, money: dict[str, Any], delimiter: str, mark: str, group: str, iso: bool,
    encoding: str,
) -> None:  # fmt: skip
    given_ = data.draw(statements("csv", money, VIETNAMESE + ";|\"'=+-@:/"))
    if group == "other":
        group = "," if mark == "." else "."
    rendered = table(given_, money["minor_digits"], delimiter, mark, group, iso, encoding)
    assert without_places(taken(rendered, money, given_.account)) == given_


@given(st.data(), MONEY)
def test_the_same_movements_have_the_same_fingerprints_in_both_messages(
    data: st.DataObject, money: dict[str, Any]
) -> None:
    stated = data.draw(statements("camt.053", money, VIETNAMESE))
    notified = stated._replace(format="camt.054", opening_minor=None, closing_minor=None)
    prints = [
        fingerprints(taken(camt(one, 8, money["minor_digits"]), money, stated.account))[0]
        for one in (stated, notified)
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(stated.lines)


def taken_or_refused(data: bytes, money: dict[str, Any]) -> list[BankStatement]:
    """The statements; none if they are refused as a file should be. Other errors are raised."""
    try:
        return taken(data, money)
    except BankFileError as refusal:
        error = refusal
    assert error.code.isupper()
    assert error.problems[0].text.endswith(".")
    return []


SAMPLES = (
    "deposits_053_v02.xml", "deposits_054_v08.xml", "euro_053_v04.xml", "two_accounts_053_v08.xml",
    "deposits.mt940", "euro_numbered.sta", "deposits_vn.csv", "euro_utf16.csv", "vn_1258.csv",
)  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=300)
@given(data=st.data())
def test_changed_bytes_are_read_or_refused_in_words(name: str, data: st.DataObject) -> None:
    changed = bytearray(sample(name))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(changed) - 1)))
        kind = data.draw(st.sampled_from(["cut", "insert", "remove", "replace", "repeat"]))
        if kind == "cut":
            del changed[at:]
        elif kind == "insert":
            changed[at:at] = data.draw(st.binary(min_size=1, max_size=4))
        elif kind == "remove":
            del changed[at : at + data.draw(st.integers(1, 30))]
        elif kind == "replace":
            changed[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
        else:
            changed[at:at] = changed[at : at + 200]
    money = EUR if name.startswith("euro") else VND
    for statement in taken_or_refused(bytes(changed), money):
        assert statement.currency == money["currency"]
        assert [line.n for line in statement.lines] == list(range(1, len(statement.lines) + 1))
        if statement.opening_minor is not None and statement.closing_minor is not None:
            moved = sum(line.amount_minor for line in statement.lines)
            assert statement.opening_minor + moved == statement.closing_minor


@settings(max_examples=500)
@given(st.binary(max_size=300), st.sampled_from([b"", b"<", b":20:", b"{1:", b"Date;Amount\n"]))
def test_any_bytes_are_read_or_refused_in_words(data: bytes, begins: bytes) -> None:
    taken_or_refused(begins + data, VND)
