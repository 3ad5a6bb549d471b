"""Payments to a bank: a batch as a pain.001.001.09 file, checked against the ISO schema.

Why our own writer: `sepaxml` 2.7 and `pain001` 0.0.74 write every amount with two decimals
(5,000,000 đồng becomes 50000.00 or 5000000.00) and take each account for an IBAN; the first also
draws its ids by chance and reads the clock.
"""

from datetime import datetime
from importlib import resources

from lxml import etree

from auction_engine.bank.accounts import account_kind, bank_kind
from auction_engine.bank.batch import Batch, BatchError, Charges, Fault, Payment
from auction_engine.bank.batch_checks import checked

__all__ = ["Batch", "BatchError", "Charges", "Fault", "Payment", "decimal", "write"]

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def write(batch: Batch, *, latin: bool = False) -> bytes:
    """The file of `batch`, valid against the schema; the same batch gives the same bytes.

    Names and texts are written as they are, in UTF-8 (and composed form); with `latin` in the SWIFT
    character set (Đỗ Thị Ánh → Do Thi Anh), for banks that take no other. Raises BatchError with
    all faults up to MAX_FAULTS: NO_PAYMENTS, EMPTY, TOO_LONG, BAD_CHARACTER, NOT_LATIN, BAD_ID,
    DUPLICATE_ID, BAD_ACCOUNT, BAD_BANK, BAD_AMOUNT, SUM_TOO_LARGE, BAD_CURRENCY, BAD_TIME,
    BAD_DATE, BAD_CHARGES; SCHEMA if what was written does not fit the schema (our mistake).
    """
    batch = checked(batch, latin)
    data = _DECLARATION + etree.tostring(_document(batch), encoding="UTF-8", pretty_print=True)
    _check_schema(data)
    return data


def decimal(amount_minor: int, minor_digits: int) -> str:
    """The amount as ISO 20022 writes it: 1500000 đồng is 1500000, 150025 cents are 1500.25."""
    whole, rest = divmod(amount_minor, 10**minor_digits)
    return f"{whole}.{rest:0{minor_digits}d}" if minor_digits else str(whole)


def _document(batch: Batch) -> etree._Element:
    total = decimal(sum(payment.amount_minor for payment in batch.payments), batch.minor_digits)
    count = str(len(batch.payments))
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})
    message = _put(root, "CstmrCdtTrfInitn")
    header = _put(message, "GrpHdr")
    _put(header, "MsgId", batch.message_id)
    _put(header, "CreDtTm", _moment(batch.created_at))
    _put(header, "NbOfTxs", count)
    _put(header, "CtrlSum", total)
    _put(header, "InitgPty/Nm", batch.debtor_name)
    order = _put(message, "PmtInf")
    _put(order, "PmtInfId", batch.message_id)
    _put(order, "PmtMtd", "TRF")
    # Each payment is an entry of the statement by itself: only so can each be found there.
    _put(order, "BtchBookg", "false")
    _put(order, "NbOfTxs", count)
    _put(order, "CtrlSum", total)
    _put(order, "ReqdExctnDt/Dt", batch.requested_on.isoformat())
    _put(order, "Dbtr/Nm", batch.debtor_name)
    account = _account(order, "DbtrAcct", batch.debtor_account)
    _put(account, "Ccy", batch.currency)
    _bank(order, "DbtrAgt", batch.debtor_bank)
    _put(order, "ChrgBr", batch.charges)
    for payment in batch.payments:
        _transfer(order, payment, batch)
    return root


def _transfer(order: etree._Element, payment: Payment, batch: Batch) -> None:
    transfer = _put(order, "CdtTrfTxInf")
    _put(transfer, "PmtId/EndToEndId", payment.end_to_end)
    amount = _put(transfer, "Amt/InstdAmt", decimal(payment.amount_minor, batch.minor_digits))
    amount.set("Ccy", batch.currency)
    _bank(transfer, "CdtrAgt", payment.bank)
    _put(transfer, "Cdtr/Nm", payment.name)
    _account(transfer, "CdtrAcct", payment.account)
    _put(transfer, "RmtInf/Ustrd", payment.text)


def _account(parent: etree._Element, name: str, account: str) -> etree._Element:
    element = _put(parent, name)
    _put(element, "Id/IBAN" if account_kind(account) == "IBAN" else "Id/Othr/Id", account)
    return element


def _bank(parent: etree._Element, name: str, bank: str) -> None:
    kind = "BICFI" if bank_kind(bank) == "BIC" else "ClrSysMmbId/MmbId"
    _put(parent, f"{name}/FinInstnId/{kind}", bank)


def _put(parent: etree._Element, path: str, text: str | None = None) -> etree._Element:
    """New elements along `path` at the end of `parent`; `text` in the last, which is returned."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    parent.text = text
    return parent


def _moment(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _check_schema(data: bytes) -> None:
    """Read `data` back and hold it against the schema. Raises BatchError: SCHEMA."""
    # Both are made anew: a schema object keeps its last errors, which threads would share. 2 ms.
    safe = etree.XMLParser(resolve_entities=False, no_network=True)
    found = resources.files("auction_engine.bank") / "schemas" / "pain.001.001.09.xsd"
    schema = etree.XMLSchema(etree.fromstring(found.read_bytes(), safe))
    if schema.validate(etree.fromstring(data, safe)):
        return
    first = schema.error_log[0]
    text = (
        f"what was written does not fit the schema of pain.001.001.09 (line {first.line}:"
        f" {first.message}); this is an error of the program: report it"
    )
    raise BatchError((Fault("SCHEMA", None, "", "", text),))
