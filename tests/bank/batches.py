"""Batches for the tests of files to the bank, and a second reader of what was written.

The people and companies are made up; the IBANs are the registry's published examples.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from xml.etree import ElementTree

from auction_engine.bank.pain001 import Batch, Payment

ANH = Payment(
    end_to_end="LOT12-B7-R1",
    amount_minor=5_000_000,
    name="Đỗ Thị Ánh",
    account="0011001932418",
    bank="BFTVVNVX",
    text="Hoàn trả tiền đặt trước, lô 12",
)
JAN = Payment("LOT12-B9-R1", 7_250_000, "Jan Jansen", "NL91ABNA0417164300", "ABNANL2A", "Refund")
BATCH = Batch(
    message_id="B20261122-1",
    created_at=datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
    requested_on=date(2026, 11, 23),
    debtor_name="Công ty Đấu giá hợp danh Sông Lam",
    debtor_account="113366668888",
    debtor_bank="970415",
    currency="VND",
    minor_digits=0,
    payments=(ANH, JAN),
)


class Seen(NamedTuple):
    """One payment as another reader sees it."""

    end_to_end: str
    amount: str
    currency: str
    name: str
    iban: str | None
    number: str | None
    bic: str | None
    clearing: str | None
    text: str


class Message(NamedTuple):
    """A whole file as another reader sees it. Both counts and both sums, header's first."""

    counts: tuple[str, str]
    sums: tuple[Decimal, Decimal]
    payments: tuple[Seen, ...]
    root: ElementTree.Element


def read_back(data: bytes) -> Message:
    """`data` read with the standard library, which shares nothing with our writer but the names."""
    names = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    root = ElementTree.fromstring(data)

    def text(element: ElementTree.Element, path: str) -> str:
        found = element.findtext(path, None, names)
        assert found is not None, path
        return found

    payments = []
    for transfer in root.iterfind(".//p:CdtTrfTxInf", names):
        amount = transfer.find("p:Amt/p:InstdAmt", names)
        assert amount is not None
        assert amount.text is not None
        payments.append(
            Seen(
                text(transfer, "p:PmtId/p:EndToEndId"),
                amount.text,
                amount.attrib["Ccy"],
                text(transfer, "p:Cdtr/p:Nm"),
                transfer.findtext("p:CdtrAcct/p:Id/p:IBAN", None, names),
                transfer.findtext("p:CdtrAcct/p:Id/p:Othr/p:Id", None, names),
                transfer.findtext("p:CdtrAgt/p:FinInstnId/p:BICFI", None, names),
                transfer.findtext("p:CdtrAgt/p:FinInstnId/p:ClrSysMmbId/p:MmbId", None, names),
                text(transfer, "p:RmtInf/p:Ustrd"),
            )
        )
    header, order = "p:CstmrCdtTrfInitn/p:GrpHdr", "p:CstmrCdtTrfInitn/p:PmtInf"
    return Message(
        (text(root, f"{header}/p:NbOfTxs"), text(root, f"{order}/p:NbOfTxs")),
        (
            Decimal(text(root, f"{header}/p:CtrlSum")),
            Decimal(text(root, f"{order}/p:CtrlSum")),
        ),
        tuple(payments),
        root,
    )
