"""What a bank answers: how it is read, and what is not believed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.bank.errors import BankFileError
from auction_engine.bank.pain002 import Outcome, Status, read

from .answers import Tx, answer, order, reason

PART = order(Tx("P1", "ACSC"), Tx("P2", "RJCT", "AC04", ("Account closed",)), status="PART")
ALL_REFUSED = reason("AM05", ("Duplicate file",))


def refused(data: bytes) -> BankFileError:
    with pytest.raises(BankFileError) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize("version", ["001.03", "001.12"])
def test_the_samples_are_messages_of_their_version(version: str) -> None:
    """Otherwise the tests below would show only that we read what we imagine."""
    path = Path(__file__).parent / "schemas" / f"pain.002.{version}.xsd"
    schema = xmlschema.XMLSchema(path.read_text())
    for sample in (
        answer(PART, group="PART", version=version),
        answer(group="RJCT", why=ALL_REFUSED, version=version),
        answer(order(status="ACCP"), version=version),
        answer(order(Tx("P1", None, "AC04"), status="RJCT"), version=version),
        answer(order(Tx("P1", "PDNG"), Tx("P2", "RJCT", "SPERRE-7")), version=version),
    ):
        schema.validate(sample.decode())


@pytest.mark.parametrize("number", range(3, 13))
def test_every_version_is_read_alike(number: int) -> None:
    report = read(answer(PART, group="PART", version=f"001.{number:02d}"))
    assert report.version == f"001.{number:02d}"
    assert (report.message_id, report.original_id) == ("ANSWER-1", "B1")
    assert report.group == Status("PENDING", "PART")
    assert report.order == Status("PENDING", "PART")
    assert report.outcomes == (
        Outcome("P1", "BOOKED", "ACSC"),
        Outcome("P2", "REJECTED", "RJCT", "AC04", "Account closed"),
    )


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("ACSC", "BOOKED"), ("ACCC", "BOOKED"),
        ("ACTC", "ACCEPTED"), ("ACCP", "ACCEPTED"), ("ACSP", "ACCEPTED"), ("ACWC", "ACCEPTED"),
        ("ACWP", "ACCEPTED"), ("ACFC", "ACCEPTED"),
        ("RCVD", "PENDING"), ("PDNG", "PENDING"), ("PART", "PENDING"), ("PATC", "PENDING"),
        ("RJCT", "REJECTED"), ("CANC", "REJECTED"),
        # Nothing follows from a code we do not know.
        ("ZZZZ", "PENDING"),
    ],
)  # fmt: skip
def test_what_a_code_means_and_the_code_itself(code: str, state: str) -> None:
    (outcome,) = read(answer(order(Tx("P1", code)))).outcomes
    assert (outcome.status, outcome.code) == (state, code)
    assert read(answer(group=code)).group == Status(state, code)  # type: ignore[arg-type]


def test_a_whole_file_refused_refuses_each_payment_of_it() -> None:
    report = read(answer(group="RJCT", why=ALL_REFUSED))
    assert report.group == Status("REJECTED", "RJCT", "AM05", "Duplicate file")
    assert report.outcomes == ()
    assert report.of("P7") == Outcome("P7", "REJECTED", "RJCT", "AM05", "Duplicate file")


def test_a_payments_own_outcome_stands_above_that_of_all() -> None:
    report = read(answer(order(Tx("P2", "RJCT", "AC04"), status="ACSP"), group="ACCP"))
    assert report.of("P1") == Outcome("P1", "ACCEPTED", "ACSP")
    assert report.of("P2") == Outcome("P2", "REJECTED", "RJCT", "AC04")


def test_where_nothing_is_said_nothing_is_guessed() -> None:
    report = read(answer(order(Tx("P2", "RJCT"))))
    assert report.of("P1") is None


def test_a_payment_without_status_has_that_above_it_and_its_own_reason() -> None:
    above = order(Tx("P1", None), Tx("P2", None, "AC04"), status="RJCT", why=reason("AG01"))
    report = read(answer(above))
    assert report.outcomes == (
        Outcome("P1", "REJECTED", "RJCT", "AG01"),
        Outcome("P2", "REJECTED", "RJCT", "AC04"),
    )
    report = read(answer(order(Tx("P1", None)), group="RJCT"))
    assert report.outcomes == (Outcome("P1", "REJECTED", "RJCT"),)


def test_all_of_what_the_bank_says_is_kept() -> None:
    data = answer(order(Tx("P1", "RJCT", "AC04", ("Account", "closed  2026"))))
    second = reason("SPERRE-7", ("see branch",))
    data = data.replace(b"</TxInfAndSts>", f"{second}</TxInfAndSts>".encode())
    (outcome,) = read(data).outcomes
    assert (outcome.reason, outcome.text) == ("AC04", "Account closed 2026 SPERRE-7 see branch")


def test_an_order_may_come_in_several_parts() -> None:
    report = read(answer(order(Tx("P1", "ACSP")), order(Tx("P2", "RJCT"), Tx("P1", "ACSP"))))
    assert [outcome.end_to_end for outcome in report.outcomes] == ["P1", "P2"]


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (answer(order(Tx("P1", "ACSP")), group="RJCT"), "STATUS_CONTRADICTS", "TxInfAndSts"),
        (answer(order(status="ACCP"), group="RJCT"), "STATUS_CONTRADICTS", "OrgnlPmtInfAndSts"),
        (answer(order(status="RJCT"), group="ACSC"), "STATUS_CONTRADICTS", "OrgnlPmtInfAndSts"),
        (answer(order(Tx("P1", "RJCT"), status="ACSC")), "STATUS_CONTRADICTS", "TxInfAndSts"),
        (answer(order(Tx("P1", "PDNG"), status="RJCT")), "STATUS_CONTRADICTS", "TxInfAndSts"),
        (
            answer(order(Tx("P1", "ACSC"), Tx("P1", "RJCT"))),
            "STATUS_CONTRADICTS",
            "TxInfAndSts[2]",
        ),
        (
            answer(order(status="ACCP"), order(status="RJCT")),
            "STATUS_CONTRADICTS",
            "OrgnlPmtInfAndSts[2]",
        ),
        (answer(order(Tx("P1", None))), "STATUS_MISSING", "TxInfAndSts"),
        (answer(), "STATUS_MISSING", "OrgnlGrpInfAndSts"),
        (answer(order(Tx(None, "RJCT"))), "ELEMENT_MISSING", "TxInfAndSts"),
        (answer(group="RJCT", original="pain.008.001.02"), "OTHER_ORIGINAL", "OrgnlGrpInfAndSts"),
        (answer(order(status="ACCP"), order(name="B2")), "SEVERAL_ORDERS", "OrgnlPmtInfAndSts[2]"),
        (answer(group="ACCP", version="001.02"), "XML_OLD_VERSION", "CstmrPmtStsRpt"),
        (answer(group="ACCP").replace(b"B1</OrgnlMsgId>", b"</OrgnlMsgId>"), "ELEMENT_EMPTY", ""),
        (answer(group="ACCP").replace(b"pain.002", b"camt.053"), "XML_OTHER_MESSAGE", "line 2"),
        (answer(group="ACCP")[:-40], "XML_BROKEN", "line"),
        (b"", "XML_BROKEN", "line 1"),
        (b"RJCT", "XML_BROKEN", "line 1"),
    ],
)  # fmt: skip
def test_what_is_not_believed_is_told_with_its_place(data: bytes, code: str, place: str) -> None:
    error = refused(data)
    assert error.code == code
    assert place in str(error.place)
    assert error.sentence


def test_an_entity_is_never_followed() -> None:
    attack = (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        + answer(group="ACCP").split(b"\n", 1)[1]
    )
    assert refused(attack).code == "XML_FORBIDDEN"


def test_our_own_file_is_no_answer() -> None:
    schema = resources.files("auction_engine.bank") / "schemas" / "pain.001.001.09.xsd"
    assert refused(schema.read_bytes()).code == "XML_NOT_A_MESSAGE"


SAMPLES = st.sampled_from(
    [
        answer(PART, group="PART", version="001.10"),
        answer(group="RJCT", why=ALL_REFUSED),
        answer(order(Tx("P1", None, "AC04"), Tx("P2", "RJCT"), status="RJCT")),
    ]
)
PIECES = st.sampled_from(
    [
        b"<", b">", b"&", b"\x00", b"\xff", b"]]>", b"<!DOCTYPE a>", b"RJCT", b"ACSC", b"001.02",
        b"<TxSts/>", b"<TxInfAndSts/>", b"</TxInfAndSts>", b"<OrgnlPmtInfAndSts/>", b"&#0;",
        b'<?xml version="1.0" encoding="UTF-16"?>', b"<a xmlns='b'>", b"&amp;", b"",
    ]
)  # fmt: skip


@settings(max_examples=1_500, deadline=None)
@given(
    SAMPLES,
    st.lists(
        st.tuples(st.integers(0, 2_000), st.integers(0, 60), PIECES | st.binary(max_size=8)),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_is_done_to_an_answer_it_is_read_or_refused(
    data: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    for at, length, piece in changes:
        at %= len(data) + 1
        data = data[:at] + piece + data[at + length :]
    try:
        report = read(data)
    except BankFileError as error:
        assert error.code  # noqa: PT017
        assert error.place or error.text  # noqa: PT017
    else:
        assert report.original_id
        assert report.group or report.order or report.outcomes
        rejected = report.group is not None and report.group.state == "REJECTED"
        if rejected:
            assert all(outcome.status == "REJECTED" for outcome in report.outcomes)
