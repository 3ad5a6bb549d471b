"""XML from a bank, and from somebody who is none."""

import pytest

from auction_engine.bank import xml_reading
from auction_engine.bank.errors import BankFileError
from auction_engine.bank.xml_reading import Document, parse

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ROOTS = {"camt.053": "BkToCstmrStmt"}


def message(inside: str, before: str = "", encoding: str = "utf-8") -> bytes:
    return f'{before}<Document xmlns="{NAMESPACE}">\n{inside}</Document>'.encode(encoding)


def read(data: bytes) -> Document:
    return parse(data, roots=ROOTS)


def refused(data: bytes, code: str, place: str) -> BankFileError:
    with pytest.raises(BankFileError) as caught:
        read(data)
    assert (caught.value.code, caught.value.place) == (code, place), caught.value
    return caught.value


def test_a_message_its_version_its_elements_and_their_places() -> None:
    found = read(
        message(
            "<BkToCstmrStmt><Stmt><Id>1</Id></Stmt>\n<Stmt/>\n<Stmt>\n<Id> a \n b</Id></Stmt>"
            "</BkToCstmrStmt>"
        )
    )
    assert (found.kind, found.version, found.body.name) == ("camt.053", "001.08", "BkToCstmrStmt")
    assert [one.line for one in found.body.all("Stmt")] == [2, 3, 4]
    assert [one.text.strip() for one in found.body.all("Stmt/Id")] == ["1", "a \n b"]
    third = list(found.body.all("Stmt"))[2]
    assert third.need_words("None", "Id") == "a b"
    assert str(third.need("Id")) == "line 5, Document/BkToCstmrStmt/Stmt[3]/Id"
    with pytest.raises(BankFileError, match=r"Stmt\[2\]: the element Nm or Id is missing"):
        list(found.body.all("Stmt"))[1].need("Nm", "Id")


def test_elements_of_another_namespace_are_not_taken_for_ours() -> None:
    body = read(
        message('<BkToCstmrStmt xmlns:o="urn:o"><o:Id>no</o:Id><Id>yes</Id></BkToCstmrStmt>')
    ).body
    assert body.words("Id") == "yes"
    assert body.words("{urn:o}Id") == "no"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "iso-8859-1"])
def test_encodings_that_a_bank_declares(encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    data = message("<BkToCstmrStmt><Id>Müller</Id></BkToCstmrStmt>", declared, encoding)
    assert read(data).body.words("Id") == "Müller"


LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10)
)  # fmt: skip


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE Document [{LAUGHS}]>",
        '<!DOCTYPE Document [<!ENTITY a "' + "x" * 50_000 + '">]>',
        '<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document [<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]>',
        '<!DOCTYPE Document [<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/a.dtd">',
        '<!DOCTYPE Document PUBLIC "-//a//b" "file:///etc/passwd">',
        "<!DOCTYPE Document>",
    ],
    ids=["laughs", "quadratic", "file", "address", "parameter", "system", "public", "plain"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_and_no_entity(doctype: str, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    bomb = message(
        f"<BkToCstmrStmt><Id>{'&a;' * 1000}&l9;</Id></BkToCstmrStmt>", declared + doctype, encoding
    )
    assert "attack" in refused(bomb, "XML_FORBIDDEN", "line 2").text


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", "line 1"),
        (b"<", "line 1"),
        (b"\n\n<a>", "line 3"),
        (b"<a>\n&b;</a>", "line 2"),
        (b"<a>\n\n\x00</a>", "line 3"),
        (b"<a>\n\xff</a>", "line 2"),
        (b"<a/>\n<b/>", "line 2"),
        (b"<a b='1' b='2'/>", "line 1"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "line 1"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', "line 1"),
        (b'<?xml version="1.0" encoding="none"?><a/>', "line 1"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "line 1"),
        (b"PK\x03\x04", "line 1"),
    ],
)
def test_what_is_no_xml(data: bytes, place: str) -> None:
    refused(data, "XML_BROKEN", place)


def test_elements_too_deep_or_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = "\n<a>" * (xml_reading.MAX_DEPTH - 2) + "</a>" * (xml_reading.MAX_DEPTH - 2)
    read(message(f"<BkToCstmrStmt>{deepest}</BkToCstmrStmt>"))
    refused(message(f"<BkToCstmrStmt>{deepest.replace('<a></a>', '<a><b/></a>')}</BkToCstmrStmt>"),
            "XML_TOO_DEEP", f"line {xml_reading.MAX_DEPTH}")  # fmt: skip
    refused(b"<a>\n" * 100_000, "XML_TOO_DEEP", f"line {xml_reading.MAX_DEPTH + 1}")
    monkeypatch.setattr(xml_reading, "MAX_ELEMENTS", 10)
    read(message(f"<BkToCstmrStmt>{'<a/>' * 8}</BkToCstmrStmt>"))
    refused(message(f"<BkToCstmrStmt>{'<a/>' * 9}</BkToCstmrStmt>"), "XML_TOO_LARGE", "line 2")


def test_roots_by_name() -> None:
    other = message("<BkToCstmrStmt/>").replace(b"camt.053", b"pain.002")
    assert "pain.002.001.08" in refused(other, "XML_OTHER_MESSAGE", "line 1, Document").text
    refused(message("<Other/>"), "ELEMENT_MISSING", "line 1, Document")
    refused(b"<html/>", "XML_NOT_A_MESSAGE", "line 1, html")
    prefixed = f'<d:Document xmlns:d="{NAMESPACE}"><d:BkToCstmrStmt/></d:Document>'.encode()
    assert read(prefixed).body.name == "BkToCstmrStmt"
