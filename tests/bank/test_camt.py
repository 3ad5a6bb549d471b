"""camt.053 and camt.054: what is read of real-looking files, and what is refused where."""

from datetime import date
from pathlib import Path

import pytest
import xmlschema

from auction_engine.bank import statement
from auction_engine.bank.statement import fingerprints
from tests.bank.reading import ACCOUNT, EUR, FILES, put, refused, sample, taken

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
OLD = sample("deposits_053_v02.xml")
NEW = sample("deposits_054_v08.xml")
EURO = sample("euro_053_v04.xml")
TWO = sample("two_accounts_053_v08.xml")
NEWLINE = b"\n"
ENTRY = "Document/BkToCstmrStmt/Stmt/Ntry"


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("deposits_053_v02.xml", "camt.053.001.02"),
        ("deposits_054_v08.xml", "camt.054.001.08"),
        ("euro_053_v04.xml", "camt.053.001.04"),
        ("two_accounts_053_v08.xml", "camt.053.001.08"),
    ],
)
def test_the_samples_are_what_iso_20022_says(name: str, schema: str) -> None:
    xmlschema.XMLSchema(FILES / "schemas" / f"{schema}.xsd").validate(Path(FILES / name))


def test_an_old_statement_of_a_vietnamese_bank() -> None:
    (found,) = taken(OLD, account=ACCOUNT)
    assert found[:8] == (
        "camt.053", "224", ACCOUNT, "VND", date(2026, 11, 20), date(2026, 11, 20),
        1_250_000_000, 1_569_987_000,
    )  # fmt: skip
    assert found.left_out == 2
    assert [line.n for line in found.lines] == [1, 2, 3, 4, 5]
    first = found.lines[0]
    assert first == (
        1, "line 32", date(2026, 11, 20), date(2026, 11, 20), 150_000_000, "VND",
        "FT26324001122", None,
        "DAT TRUOC LO 12 MA 7KQ2M4 Nguyễn Thị Hồng Nhung nộp tiền",
        "NGUYỄN THỊ HỒNG NHUNG", "19036688776655", "VTCBVNVX", None, None, None,
    )  # fmt: skip


def test_a_batch_is_split_and_its_charges_are_a_line_of_their_own() -> None:
    lines = taken(OLD)[0].lines[1:4]
    assert [(line.amount_minor, line.bank_ref, line.name, line.text) for line in lines] == [
        (70_000_000, "LO26324000007-1", "Trần Văn Đức", "LO 13 MA 9XW3PA"),
        (50_000_000, "LO26324000007-2", "Lê Thị Bưởi", "RF18LO13BUOI"),
        (-13_000, "LO26324000007", None, "Bank charges"),
    ]
    assert {line.entry_ref for line in lines} == {"LO26324000007"}
    assert sum(line.amount_minor for line in lines) == lines[0].entry_minor == 119_987_000
    assert lines[0].end_to_end == "E2E-881"


def test_a_refund_that_comes_back_names_whom_it_was_sent_to() -> None:
    back = taken(OLD)[0].lines[4]
    assert (back.amount_minor, back.returned, back.end_to_end) == (50_000_000, "AC04", "REFUND-5-1")
    assert (back.name, back.account, back.bank) == ("PHẠM MINH TUẤN", "0451000998877", "BFTVVNVX")
    assert back.text == "Tài khoản người hưởng đã đóng"
    # Also where the bank does not name our account as the sender's.
    start = OLD.index(b"RT26324000001")
    nameless = OLD[:start] + put(OLD[start:], f"<Id>{ACCOUNT}</Id>", "<Id>?</Id>")
    assert taken(nameless)[0].lines[4].name == "PHẠM MINH TUẤN"
    undone = put(OLD, "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>", "")
    assert taken(undone)[0].lines[4].returned == "RVSL"


def test_the_other_party_is_never_ourselves() -> None:
    # A bank that turns the roles round for what comes back.
    turned = (
        OLD.replace(b"<Cdtr>", b"<X>").replace(b"</Cdtr>", b"</X>")
        .replace(b"<CdtrAcct>", b"<Y>").replace(b"</CdtrAcct>", b"</Y>")
    )  # fmt: skip
    start = turned.index(b"RT26324000001")
    head, tail = turned[:start], turned[start:]
    tail = (
        tail.replace(b"Dbtr>", b"Cdtr>").replace(b"DbtrAcct>", b"CdtrAcct>")
        .replace(b"X>", b"Dbtr>").replace(b"Y>", b"DbtrAcct>").replace(b"CdtrAgt", b"DbtrAgt")
    )  # fmt: skip
    assert taken(head + tail)[0].lines[4].name == "PHẠM MINH TUẤN"


def test_euro_with_cents_an_overdrawn_account_and_charges_of_one_payment() -> None:
    (found,) = taken(EURO, EUR, "DE89 3704 0044 0532 0130 00")
    assert (found.opening_minor, found.closing_minor) == (-10_050, 189_440)
    assert found.account == "DE89 3704 0044 0532 0130 00"
    assert [(line.amount_minor, line.text, line.name) for line in found.lines] == [
        (200_000, "RF712348231 17 deposit lot 4", "Müller & Söhne GmbH"),
        (-500, "Bank charges", None),
        (-10, "Account fee", None),
    ]


def test_a_notification_and_the_statement_know_the_same_payment() -> None:
    notified, stated = taken(NEW, account=ACCOUNT), taken(OLD, account=ACCOUNT)
    assert notified[0].opening_minor is notified[0].closing_minor is None
    assert fingerprints(notified)[0][0] == fingerprints(stated)[0][0]


def test_every_version_and_only_these_messages() -> None:
    for version in ("03", "06", "09", "11", "14"):
        newer = put(TWO, "camt.053.001.08", f"camt.053.001.{version}")
        assert [s.account for s in taken(newer)] == ["111", "222"]
    refused(put(TWO, "camt.053", "camt.052"), "XML_OTHER_MESSAGE", "line 2, Document")
    refused(put(TWO, "camt.053", "pain.001"), "XML_OTHER_MESSAGE", "line 2, Document")
    refused(put(TWO, NAMESPACE, "urn:nobody:"), "XML_NOT_A_MESSAGE", "line 2, Document")
    refused(put(TWO, f' xmlns="{NAMESPACE}camt.053.001.08"', ""), "XML_NOT_A_MESSAGE",
            "line 2, Document")  # fmt: skip
    refused(put(TWO, ".001.08", ".001.8"), "XML_NOT_A_MESSAGE", "line 2, Document")


def test_another_account_or_currency_is_named() -> None:
    error = refused(OLD, "OTHER_ACCOUNT", "", account="0071000999999")
    assert ACCOUNT in error.text
    assert "0071000999999" in error.text
    refused(TWO, "OTHER_ACCOUNT", "", account="111")
    error = refused(EURO, "OTHER_CURRENCY", "line 8, Document/BkToCstmrStmt/Stmt/Acct/Ccy")
    assert "EUR" in error.text
    assert "VND" in error.text
    mixed = put(OLD, '<Amt Ccy="VND">50000000</Amt>\n', '<Amt Ccy="USD">50000000</Amt>\n')
    refused(mixed, "OTHER_CURRENCY", f"line 76, {ENTRY}[4]/Amt")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("1e5", "AMOUNT_NOT_A_NUMBER"),
        ("NaN", "AMOUNT_NOT_A_NUMBER"),
        ("INF", "AMOUNT_NOT_A_NUMBER"),
        ("1,5", "AMOUNT_NOT_A_NUMBER"),
        ("٣", "AMOUNT_NOT_A_NUMBER"),
        ("0x10", "AMOUNT_NOT_A_NUMBER"),
        ("", "AMOUNT_NOT_A_NUMBER"),
        ("9" * 50, "AMOUNT_NOT_A_NUMBER"),
        ("-5", "AMOUNT_NEGATIVE"),
        ("5.01", "AMOUNT_DECIMALS"),
        ("9007199254740992", "AMOUNT_TOO_LARGE"),
        ("9" * 30, "AMOUNT_TOO_LARGE"),
    ],
)
def test_amounts_that_are_none(amount: str, code: str) -> None:
    bad = put(TWO, '<Amt Ccy="VND">5</Amt>\n', f'<Amt Ccy="VND">{amount}</Amt>\n')
    refused(bad, code, "line 13, Document/BkToCstmrStmt/Stmt[1]/Ntry/Amt")


def test_decimals_that_are_zeros_are_none_and_the_largest_amount_is_taken() -> None:
    large = put(TWO, '">5<', '">9007199254740991.000<', 2)
    assert taken(large)[0].lines[0].amount_minor == 2**53 - 1


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (">119987000<", ">119987001<", "ENTRY_SUM", f"line 50, {ENTRY}[3]"),
        ("<AmtDtls><TxAmt><Amt Ccy=\"VND\">50000000</Amt></TxAmt></AmtDtls>", "", "ENTRY_SUM",
         f"line 67, {ENTRY}[3]/NtryDtls/TxDtls[2]"),
        (">1569987000<", ">1569987001<", "BALANCE_MISMATCH",
         "line 19, Document/BkToCstmrStmt/Stmt/Bal[2]"),
        ("<Sts>BOOK</Sts>", "<Sts>MAYBE</Sts>", "ENTRY_STATUS", f"line 26, {ENTRY}[1]/Sts"),
        ("<Sts>BOOK</Sts>", "", "ELEMENT_MISSING", f"line 23, {ENTRY}[1]"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>\n        <RvslInd>", "<CdtDbtInd>C</CdtDbtInd>\n<RvslInd>",
         "ENTRY_MARK", f"line 77, {ENTRY}[4]/CdtDbtInd"),
        ("<BookgDt><Dt>2026-11-20</Dt></BookgDt>", "<BookgDt><Dt>2026-02-30</Dt></BookgDt>",
         "BAD_DATE", f"line 27, {ENTRY}[1]/BookgDt/Dt"),
        ("<BookgDt><Dt>2026-11-20</Dt></BookgDt>", "<BookgDt><Dt>20/11/2026</Dt></BookgDt>",
         "BAD_DATE", f"line 27, {ENTRY}[1]/BookgDt/Dt"),
        ("<Id><Othr><Id>0071000123456</Id></Othr></Id>\n        <Ccy>", "<Ccy>",
         "ELEMENT_MISSING", "line 10, Document/BkToCstmrStmt/Stmt/Acct"),
        ("<Amt Ccy=\"VND\">150000000</Amt>\n", "<Amt>150000000</Amt>\n", "CURRENCY_MISSING",
         f"line 24, {ENTRY}[1]/Amt"),
        ("<Stmt>", "<Statement>", "XML_BROKEN", "line 104"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_path(
    old: str, new: str, code: str, place: str
) -> None:
    refused(put(OLD, old, new), code, place)


def test_a_batch_without_amounts_is_one_line_of_nobody() -> None:
    bare = OLD
    for amount in ("70000000", "50000000"):
        bare = put(bare, f'<AmtDtls><TxAmt><Amt Ccy="VND">{amount}</Amt></TxAmt></AmtDtls>', "")
    line = taken(bare)[0].lines[1]
    assert (line.amount_minor, line.bank_ref, line.name) == (119_987_000, "LO26324000007", None)


def test_a_file_cut_off_anywhere_gives_nothing() -> None:
    body = OLD.rstrip()
    for end in range(60, len(body) - 1, 97):
        refused(body[:end], "XML_BROKEN", f"line {body.count(NEWLINE, 0, end) + 1}")


def test_thousands_of_entries_and_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = TWO[TWO.index(b"<Ntry>") : TWO.index(b"</Ntry>") + len(b"</Ntry>")]
    many = put(TWO, entry.decode(), entry.decode() * 5_000)
    many = put(many, ">5<", ">25000<")
    assert len(taken(many)[0].lines) == 5_000
    monkeypatch.setattr(statement, "MAX_LINES", 4_999)
    refused(many, "TOO_MANY_LINES", "line 30006, Document/BkToCstmrStmt/Stmt[1]/Ntry[5000]")
