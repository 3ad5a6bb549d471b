"""Writing statements as banks do, in every format that is read, for what is read back."""

import csv
import io
from itertools import pairwise
from xml.sax.saxutils import escape

from auction_engine.bank.statement import BankLine, BankStatement


def decimal(minor: int, digits: int, mark: str = ".", group: str = "") -> str:
    """`minor` as a decimal number; negative with a minus sign."""
    whole, cents = divmod(abs(minor), 10**digits)
    text = f"{whole:,}".replace(",", group)
    return ("-" if minor < 0 else "") + text + (f"{mark}{cents:0{digits}}" if digits else "")


def camt(statement: BankStatement, version: int, digits: int) -> bytes:
    """camt.053 or camt.054; a run of lines with one entry_ref is one entry."""
    notice = statement.format == "camt.054"
    around, inner = (
        ("BkToCstmrDbtCdtNtfctn", "Ntfctn") if notice else ("BkToCstmrStmt", "Stmt")
    )  # fmt: skip
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{statement.format}.001.{version:02}">'
        f"<{around}><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-01-01T00:00:00</CreDtTm></GrpHdr>"
        f"<{inner}>{_tag('Id', statement.number)}"
        f"<FrToDt><FrDtTm>{statement.from_on}T00:00:00Z</FrDtTm>"
        f"<ToDtTm>{statement.to_on}T23:59:59.999+07:00</ToDtTm></FrToDt>"
        f"<Acct><Id><Othr>{_tag('Id', statement.account)}</Othr></Id></Acct>"
    ]
    for code, minor in (("OPBD", statement.opening_minor), ("CLBD", statement.closing_minor)):
        if minor is not None:
            out.append(
                f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
                f"{_money(minor, statement.currency, digits)}</Bal>"
            )
    entries: list[list[BankLine]] = []
    for line in statement.lines:
        if line.entry_ref and entries and entries[-1][0].entry_ref == line.entry_ref:
            entries[-1].append(line)
        else:
            entries.append([line])
    status = "<Sts><Cd>{}</Cd></Sts>" if version >= 8 else "<Sts>{}</Sts>"
    out += [_entry(lines, version, digits, status.format("BOOK")) for lines in entries]
    pending = status.format("PDNG")
    out += [
        f'<Ntry><Amt Ccy="{statement.currency}">1</Amt><CdtDbtInd>DBIT</CdtDbtInd>{pending}</Ntry>'
    ] * statement.left_out
    out.append(f"</{inner}></{around}></Document>")
    return "\n".join(out).encode()


def _tag(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{escape(text)}</{name}>"


def _money(minor: int, currency: str, digits: int) -> str:
    mark = "DBIT" if minor < 0 else "CRDT"
    amount = decimal(abs(minor), digits)
    return f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'


def _entry(lines: list[BankLine], version: int, digits: int, status: str) -> str:
    first = lines[0]
    total = sum(line.amount_minor for line in lines)
    reference = first.entry_ref if len(lines) > 1 else first.bank_ref
    value = "" if first.value_on is None else f"<ValDt><Dt>{first.value_on}</Dt></ValDt>"
    return (
        f"<Ntry>{_money(total, first.currency, digits)}"
        f"<RvslInd>{'true' if first.returned == 'RVSL' else 'false'}</RvslInd>{status}"
        f"<BookgDt><Dt>{first.booked_on}</Dt></BookgDt>{value}{_tag('AcctSvcrRef', reference)}"
        f"<NtryDtls>{''.join(_details(line, len(lines) > 1, version, digits) for line in lines)}"
        f"</NtryDtls></Ntry>"
    )


def _details(line: BankLine, split: bool, version: int, digits: int) -> str:
    side = "Dbtr" if (line.amount_minor > 0) != (line.returned is not None) else "Cdtr"
    money = _money(line.amount_minor, line.currency, digits)
    if version < 4:
        money = f"<AmtDtls><TxAmt>{money.partition('<CdtDbtInd>')[0]}</TxAmt></AmtDtls>"
        money += f"<CdtDbtInd>{'DBIT' if line.amount_minor < 0 else 'CRDT'}</CdtDbtInd>"
    name = _tag("Nm", line.name)
    account = f"<{side}Acct><Id><Othr>{_tag('Id', line.account)}</Othr></Id></{side}Acct>"
    bic = "BICFI" if version >= 3 else "BIC"
    returned = line.returned if line.returned not in (None, "RVSL") else None
    back = f"<RtrInf><Rsn>{_tag('Cd', returned)}</Rsn></RtrInf>" if returned else ""
    return (
        f"<TxDtls><Refs>{_tag('AcctSvcrRef', line.bank_ref) if split else ''}"
        f"{_tag('EndToEndId', line.end_to_end)}</Refs>{money}"
        f"<RltdPties><{side}>{f'<Pty>{name}</Pty>' if version >= 8 else name}</{side}>"
        f"{account if line.account else ''}</RltdPties><RltdAgts><{side}Agt><FinInstnId>"
        f"{_tag(bic, line.bank)}</FinInstnId></{side}Agt></RltdAgts>"
        f"<RmtInf>{_tag('Ustrd', line.text)}</RmtInf>{back}</TxDtls>"
    )


def mt940(statement: BankStatement, digits: int) -> bytes:
    """MT940 with numbered fields 86, CRLF, lines of 65 characters."""
    out = [":20:REF", f":25:{statement.account}", f":28C:{statement.number}"]
    out.append(f":60F:{_balance(statement, True, digits)}")
    for line in statement.lines:
        mark = "C" if line.amount_minor > 0 else "D"
        if line.returned:
            mark = "RC" if mark == "D" else "RD"
        amount = decimal(abs(line.amount_minor), digits, ",")
        out.append(
            f":61:{line.value_on or line.booked_on:%y%m%d}{line.booked_on:%m%d}{mark}"
            f"{amount if ',' in amount else amount + ','}NTRFNONREF"
            + (f"//{line.bank_ref}" if line.bank_ref else "")
        )
        out += _field_86(line)
    out += [":61:260101EC5,NTRFNONREF"] * statement.left_out
    out += [f":62F:{_balance(statement, False, digits)}", "-", ""]
    return "\r\n".join(out).encode()


def _balance(statement: BankStatement, opening: bool, digits: int) -> str:
    minor = statement.opening_minor if opening else statement.closing_minor
    day = statement.from_on if opening else statement.to_on
    assert minor is not None
    amount = decimal(abs(minor), digits, ",")
    amount = amount if "," in amount else f"{amount},"
    return f"{'D' if minor < 0 else 'C'}{day:%y%m%d}{statement.currency}{amount}"


def _field_86(line: BankLine) -> list[str]:
    words = f"EREF+{line.end_to_end}" if line.end_to_end else ""
    words += f"SVWZ+{line.text}"
    text = "166?00TRANSFER"
    for number, start in enumerate(range(0, len(words), 27)):
        text += f"?{20 + number}{words[start : start + 27]}"
    for number, value in ((30, line.bank), (31, line.account)):
        text += f"?{number}{value}" if value else ""
    if line.name:
        text += f"?32{line.name[:27]}" + (f"?33{line.name[27:]}" if line.name[27:] else "")
    return [(":86:" if not at else "") + text[at : at + 60] for at in range(0, len(text), 60)]


COLUMNS = (
    "Ngày giao dịch", "Ngày hiệu lực", "Ghi có", "Ghi nợ", "Số tham chiếu", "Mã lệnh", "Nội dung",
    "Tên đối ứng", "Tài khoản đối ứng", "Ngân hàng đối ứng",
)  # fmt: skip


def table(
    statement: BankStatement, digits: int, delimiter: str, mark: str, group: str, iso: bool,
    encoding: str,
) -> bytes:  # fmt: skip
    """CSV with Vietnamese names, credits and debits in columns of their own."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=delimiter)
    rows.writerow(COLUMNS)
    for line in statement.lines:
        amount = decimal(abs(line.amount_minor), digits, mark, group)
        days = [
            day and (f"{day:%Y-%m-%d}" if iso else f"{day:%d/%m/%Y}")
            for day in (line.booked_on, line.value_on)
        ]
        rows.writerow([
            *days, *((amount, "") if line.amount_minor > 0 else ("", amount)), line.bank_ref,
            line.end_to_end, line.text, line.name, line.account, line.bank,
        ])  # fmt: skip
    return out.getvalue().encode(encoding)


def oldest_first(lines: tuple[BankLine, ...]) -> bool:
    """Whether no line is before the one above it."""
    return all(one.booked_on <= other.booked_on for one, other in pairwise(lines))
