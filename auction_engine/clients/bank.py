"""A fictional bank for stories: it keeps one account, obeys orders, and writes statements.

It keeps its own balance in its own way: what the books say must equal what it says.
"""

from datetime import date
from typing import NamedTuple
from xml.etree import ElementTree  # only of what this program wrote
from xml.sax.saxutils import escape

from auction_engine.bank.latin import latin

_LINE = 65  # of a SWIFT message
_CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"


class Customer(NamedTuple):
    """Somebody with an account at some bank."""

    name: str
    account: str
    bank: str = "VCBKVNVX"


class Movement(NamedTuple):
    """One movement; `amount_minor` is positive for money that arrives."""

    day: date
    amount_minor: int
    ref: str
    end_to_end: str
    text: str
    other: Customer


class Bank:
    """One account at the bank. `closed`: accounts elsewhere to which it cannot pay.

    `series` is in its references, so that a bank begun anew uses none again.
    """

    def __init__(self, owner: Customer, balance_minor: int = 0, series: str = "") -> None:
        self.owner = owner
        self.balance_minor = balance_minor
        self.closed: set[str] = set()
        self._series = series or owner.account[-4:]
        self._told_minor = balance_minor
        self._new: list[Movement] = []
        self._count = 0
        self._statements = 0

    @property
    def has_news(self) -> bool:
        """Whether something has moved since the last statement."""
        return bool(self._new)

    def receive(self, day: date, amount_minor: int, text: str, sender: Customer) -> None:
        """A customer of some bank pays in."""
        self._move(day, amount_minor, "NOTPROVIDED", text, sender)

    def _move(self, day: date, amount: int, end_to_end: str, text: str, other: Customer) -> None:
        self._count += 1
        ref = f"FT{self._series}{self._count:06d}"
        self._new.append(Movement(day, amount, ref, end_to_end, text, other))
        self.balance_minor += amount

    def obey(self, order: bytes, day: date) -> bytes | None:
        """Carry out a pain.001 order; returns a pain.002 about what it could not pay, if any."""
        root = ElementTree.fromstring(order)  # noqa: S314
        space = root.tag.partition("}")[0] + "}"
        refused = []
        for one in root.iter(f"{space}CdtTrfTxInf"):
            end_to_end = one.findtext(f".//{space}EndToEndId") or ""
            account = one.findtext(f"{space}CdtrAcct//{space}IBAN") or one.findtext(
                f"{space}CdtrAcct//{space}Id//{space}Id"
            )
            name = one.findtext(f"{space}Cdtr/{space}Nm") or ""
            text = one.findtext(f".//{space}Ustrd") or ""
            amount = int(one.findtext(f".//{space}InstdAmt") or 0)
            if account in self.closed:
                refused.append(end_to_end)
                continue
            self._move(day, -amount, end_to_end, text, Customer(name, account or ""))
        message = root.findtext(f".//{space}MsgId") or ""
        return _answer(message, refused) if refused else None

    def paid_to(self, order: bytes, account: str) -> list[tuple[int, str]]:
        """What an order pays to `account`: amounts and texts."""
        root = ElementTree.fromstring(order)  # noqa: S314
        space = root.tag.partition("}")[0] + "}"
        return [
            (int(one.findtext(f".//{space}InstdAmt") or 0), one.findtext(f".//{space}Ustrd") or "")
            for one in root.iter(f"{space}CdtTrfTxInf")
            if one.findtext(f"{space}CdtrAcct//{space}Id//{space}Id") == account
        ]

    def statement(self, form: str) -> tuple[str, bytes]:
        """What has moved since the last statement, as camt.053, mt940 or csv: name and bytes."""
        self._statements += 1
        opening, self._told_minor = self._told_minor, self.balance_minor
        moved, self._new = self._new, []
        number = f"{self._series}-{self._statements:03d}"
        days = [one.day for one in moved] or [date.min]
        first, last = min(days), max(days)
        write = {"camt.053": _camt, "mt940": _mt940, "csv": _csv}[form]
        suffix = {"camt.053": "xml", "mt940": "sta", "csv": "csv"}[form]
        body = write(self.owner, number, opening, self.balance_minor, first, last, moved)
        return f"{number}.{suffix}", body.encode()


def _camt(
    owner: Customer,
    number: str,
    opening: int,
    closing: int,
    first: date,
    last: date,
    moved: list[Movement],
) -> str:
    def balance(code: str, amount: int, day: date) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="VND">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
            f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    entries = "".join(_camt_entry(one) for one in moved)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_CAMT}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{last}T23:00:00+07:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{number}</Id><CreDtTm>{last}T23:00:00+07:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{owner.account}</Id></Othr></Id><Ccy>VND</Ccy></Acct>"
        f"{balance('OPBD', opening, first)}{balance('CLBD', closing, last)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def _camt_entry(one: Movement) -> str:
    arrives = one.amount_minor > 0
    side, account = ("Dbtr", "DbtrAcct") if arrives else ("Cdtr", "CdtrAcct")
    agent = "DbtrAgt" if arrives else "CdtrAgt"
    amount = f'<Amt Ccy="VND">{abs(one.amount_minor)}</Amt>'
    mark = f"<CdtDbtInd>{'CRDT' if arrives else 'DBIT'}</CdtDbtInd>"
    return (
        f"<Ntry>{amount}{mark}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{one.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{one.day}</Dt></ValDt><AcctSvcrRef>{one.ref}</AcctSvcrRef>"
        "<BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd><NtryDtls><TxDtls>"
        f"<Refs><AcctSvcrRef>{one.ref}</AcctSvcrRef><EndToEndId>{one.end_to_end}</EndToEndId></Refs>"
        f"{amount}{mark}<RltdPties><{side}><Pty><Nm>{escape(one.other.name)}</Nm></Pty></{side}>"
        f"<{account}><Id><Othr><Id>{one.other.account}</Id></Othr></Id></{account}></RltdPties>"
        f"<RltdAgts><{agent}><FinInstnId><BICFI>{one.other.bank}</BICFI></FinInstnId></{agent}>"
        f"</RltdAgts><RmtInf><Ustrd>{escape(one.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _mt940(
    owner: Customer,
    number: str,
    opening: int,
    closing: int,
    first: date,
    last: date,
    moved: list[Movement],
) -> str:
    lines = [":20:STATEMENT", f":25:{owner.account}", f":28C:{number[-3:]}/1"]
    lines.append(f":60F:C{first:%y%m%d}VND{opening},")
    for one in moved:
        mark = "C" if one.amount_minor > 0 else "D"
        day = f"{one.day:%y%m%d}{one.day:%m%d}"
        lines.append(f":61:{day}{mark}{abs(one.amount_minor)},NTRFNONREF//{one.ref}")
        text = f"/EREF/{one.end_to_end}/NAME/{latin(one.other.name)}/IBAN/{one.other.account}"
        text += f"/BIC/{one.other.bank}/REMI/{one.text}"
        parts = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
        lines.append(":86:" + "\r\n".join(parts))
    lines.append(f":62F:C{last:%y%m%d}VND{closing},")
    return "\r\n".join([*lines, "-", ""])


def _csv(
    owner: Customer,
    number: str,
    opening: int,
    closing: int,
    first: date,
    last: date,
    moved: list[Movement],
) -> str:
    lines = [
        "Ngày giao dịch;Số tham chiếu;Ghi nợ;Ghi có;Diễn giải;Tên đối ứng;Tài khoản đối ứng;"
        "Ngân hàng đối ứng"
    ]
    for one in moved:
        amount = f"{abs(one.amount_minor):,}".replace(",", ".")
        debit, credit = ("", amount) if one.amount_minor > 0 else (amount, "")
        text = one.text if one.amount_minor > 0 else f"{one.end_to_end} {one.text}"
        lines.append(
            f"{one.day:%d/%m/%Y};{one.ref};{debit};{credit};{text};{one.other.name};"
            f"{one.other.account};{one.other.bank}"
        )
    return "\r\n".join([*lines, ""])


def _answer(message: str, refused: list[str]) -> bytes:
    payments = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>Account closed</AddtlInf></StsRsnInf>"
        "</TxInfAndSts>"
        for one in refused
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{_PAIN}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>A-{message}</MsgId><CreDtTm>2026-01-01T00:00:00Z</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>"
        "<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>{payments}"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()
