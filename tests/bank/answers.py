"""Answers of a bank to our batches, for tests."""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape


class Tx(NamedTuple):
    """One payment of an answer. `reason` is a code, or proprietary if longer than four."""

    end_to_end: str | None
    status: str | None
    reason: str | None = None
    text: tuple[str, ...] = ()


def reason(code: str | None, text: tuple[str, ...] = ()) -> str:
    """One StsRsnInf, or nothing."""
    if code is None and not text:
        return ""
    kind = "Cd" if code and len(code) <= 4 else "Prtry"
    coded = f"<Rsn><{kind}>{escape(code)}</{kind}></Rsn>" if code else ""
    said = "".join(f"<AddtlInf>{escape(line)}</AddtlInf>" for line in text)
    return f"<StsRsnInf>{coded}{said}</StsRsnInf>"


def order(*payments: Tx, status: str | None = None, why: str = "", name: str = "B1") -> str:
    """One OrgnlPmtInfAndSts."""
    own = f"<PmtInfSts>{status}</PmtInfSts>" if status else ""
    parts = []
    for payment in payments:
        named = "" if payment.end_to_end is None else payment.end_to_end
        known = f"<OrgnlEndToEndId>{escape(named)}</OrgnlEndToEndId>" if named else ""
        told = f"<TxSts>{payment.status}</TxSts>" if payment.status else ""
        parts.append(
            f"<TxInfAndSts>{known}{told}{reason(payment.reason, payment.text)}</TxInfAndSts>"
        )
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{name}</OrgnlPmtInfId>{own}{why}{''.join(parts)}"
        "</OrgnlPmtInfAndSts>"
    )


def answer(
    *orders: str,
    group: str | None = None,
    why: str = "",
    version: str = "001.03",
    original: str = "pain.001.001.09",
) -> bytes:
    """A whole pain.002."""
    own = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.{version}">\n<CstmrPmtStsRpt>\n'
        "<GrpHdr><MsgId>ANSWER-1</MsgId><CreDtTm>2026-11-22T09:00:00Z</CreDtTm></GrpHdr>\n"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>B1</OrgnlMsgId><OrgnlMsgNmId>{original}</OrgnlMsgNmId>"
        f"{own}{why}</OrgnlGrpInfAndSts>\n"
        f"{''.join(orders)}</CstmrPmtStsRpt>\n</Document>\n"
    ).encode()
