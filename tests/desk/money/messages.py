"""camt messages for tests, entry by entry."""

from __future__ import annotations

from datetime import date

from auction_engine.story import plot

DAY = date(2026, 9, 1)


def entry(
    minor: int, ref: str, *, parts: list[tuple[int, str, str]] | None = None,
    text: str = "", day: date = DAY,
) -> str:  # fmt: skip
    """One entry of a camt message; `parts` are amount, reference and text of each."""

    def mark(amount: int) -> str:
        side = "CRDT" if amount > 0 else "DBIT"
        return f'<Amt Ccy="VND">{abs(amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'

    details = "".join(
        f"<TxDtls><Refs><AcctSvcrRef>{own}</AcctSvcrRef></Refs>{mark(amount)}"
        f"<RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>"
        for amount, own, words in parts or ()
    )
    return (
        f"<Ntry>{mark(minor)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{ref}</AcctSvcrRef>"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
        + f"<AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
    )


def camt(kind: str, number: str, *entries: str, account: str = plot.ESCROW.account) -> bytes:
    """A camt.053 or camt.054 message with these entries."""
    name, inner = (
        ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    )
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.08"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}"><{name}>'
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>2026-09-01T23:00:00+07:00</CreDtTm></GrpHdr>"
        f"<{inner}><Id>{number}</Id><CreDtTm>2026-09-01T23:00:00+07:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>VND</Ccy></Acct>"
        f"{''.join(entries)}</{inner}></{name}></Document>"
    ).encode()
