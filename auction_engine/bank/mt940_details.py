"""Field 86 of MT940: who paid and for what, in the three ways in which banks write it."""

import re
from typing import NamedTuple

from auction_engine.bank.statement import reference, tidy

# The longest line of a SWIFT message: a longer text goes on at the next one without a space.
_FULL_LINE = 65
# `166?00CREDIT?20...`: a code of three digits, then fields of two digits behind one sign.
_NUMBERED = re.compile(r"[0-9]{3}([^A-Za-z0-9\s])[0-9]{2}").match
_SLASHED = re.compile(
    r"/(EREF|KREF|PREF|MREF|IREF|MARF|CSID|REMI|ORDP|BENM|CNTP|NAME|IBAN|BIC|ACCT|RTRN|TRTP|PURP"
    r"|CHGS|OCMT|EXCH|ULTD|ULTB|ID|ADDR|ISDT|INFO|TXT|BENE|ORDR|BANK)/"
)
_SLASHED_ABROAD = re.compile(r"USTD//|STRD/(?:CUR/)?")
# Keywords inside the text of numbered fields: `EREF+...SVWZ+...`.
_PLUS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|COAM|OAMT)\+")


class Details(NamedTuple):
    """What field 86 says; empty where it says nothing."""

    text: str = ""
    name: str | None = None
    account: str | None = None
    bank: str | None = None
    end_to_end: str | None = None
    returned: str | None = None


def read(lines: list[str]) -> Details:
    """The lines of field 86, without its tag."""
    if found := _NUMBERED(lines[0]) if lines else None:
        return _numbered("".join(lines), found[1])
    text = ""
    full = True
    for line in lines:
        text += line if full else f" {line}"
        full = len(line) >= _FULL_LINE
    if _SLASHED.match(text):
        return _slashed(text)
    return Details(text=tidy(text))


def _numbered(text: str, sign: str) -> Details:
    fields: dict[str, str] = {}
    for part in re.split(rf"{re.escape(sign)}(?=[0-9]{{2}})", text)[1:]:
        number = part[:2]
        fields[number] = fields.get(number, "") + part[2:]
    words = "".join(fields[key] for key in sorted(fields) if "20" <= key <= "29")
    words += "".join(fields[key] for key in sorted(fields) if "60" <= key <= "63")
    keyed = _keyed(words, _PLUS)
    purpose = keyed.get("SVWZ", keyed.get("", "")) if keyed else words
    return Details(
        text=tidy(purpose) or tidy(fields.get("00")),
        name=tidy(fields.get("32", "") + fields.get("33", "")) or None,
        account=tidy(fields.get("31")) or tidy(keyed.get("IBAN")) or None,
        bank=tidy(fields.get("30")) or tidy(keyed.get("BIC")) or None,
        end_to_end=reference(keyed.get("EREF")),
        returned=tidy(fields.get("34")) or None,
    )


def _slashed(text: str) -> Details:
    keyed = _keyed(text, _SLASHED)
    account, bank, name = keyed.get("IBAN") or keyed.get("ACCT"), keyed.get("BIC"), None
    if "CNTP" in keyed:
        account, bank, name, *_ = [*keyed["CNTP"].split("/"), "", "", ""]
    words = _SLASHED_ABROAD.sub("", keyed.get("REMI", ""), count=1).strip("/")
    return Details(
        text=tidy(words) or tidy(keyed.get("INFO") or keyed.get("TXT")).strip("/"),
        name=tidy(keyed.get("NAME", "").strip("/")) or tidy(name) or None,
        account=tidy((account or "").strip("/")) or None,
        bank=tidy((bank or "").strip("/")) or None,
        end_to_end=reference(keyed.get("EREF", "").strip("/")),
        returned=tidy(keyed.get("RTRN", "").strip("/")) or None,
    )


def _keyed(text: str, keyword: re.Pattern[str]) -> dict[str, str]:
    """Each keyword's text, and under "" what stands before the first; {} if there is none."""
    parts = keyword.split(text)
    if len(parts) == 1:
        return {}
    found = {"": parts[0]}
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(key, value)
    return found
