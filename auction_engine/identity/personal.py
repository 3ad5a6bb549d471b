"""What a person says of themselves: its one spelling, and what cannot be right.

A number of identity or a tax code is compared without spaces, dots and dashes. Vietnam: a citizen
has twelve digits (Law 26/2023 on Identification; nine-digit cards ended with 2024), an enterprise a
tax code of ten with a check digit, its branches three more. Others have letters in theirs.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from typing import Any, Literal, get_args

from auction_engine.errors import AuctionError
from auction_engine.identity.vault import Vault

Kind = Literal["PERSON", "COMPANY"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_EMAIL_MAX, _LOCAL_MAX = 254, 64
_FOREIGN = re.compile(r"(?=.*[A-Z])[A-Z0-9]{5,20}")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_PHONE = re.compile(r"\+?[0-9]{8,15}")
_ACCOUNT = re.compile(r"[0-9A-Z]{5,34}")
_TEXT_MAX = {"name": 120, "address": 300, "bank": 120, "bank_holder": 120}
_OLDEST = date(1900, 1, 1)
_OF_AGE = 18  # whoever is younger acts through somebody else


class Wrong(AuctionError):
    """Something a person typed cannot be right; `field` and `code` name the text that says so."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"The {field} cannot be used ({code}).")
        self.field, self.code = field, code


@dataclass(frozen=True, slots=True)
class Personal:
    """A person's or a company's data. Nothing of it is in the repr, and so in no log."""

    kind: Kind
    name: str = field(repr=False)
    identity: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    born_on: date | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    bank: str | None = field(default=None, repr=False)
    bank_account: str | None = field(default=None, repr=False)
    bank_holder: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """All of it, for the vault and for the owner's export."""
        value = asdict(self)
        value["born_on"] = None if self.born_on is None else self.born_on.isoformat()
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Personal":
        """What `to_json` gave; fields of a later release are left out."""
        names = {one.name for one in fields(cls)}
        known = {name: given for name, given in value.items() if name in names}
        born = known.get("born_on")
        return cls(**known | {"born_on": born and date.fromisoformat(born)})


def checked(personal: Personal, today: date) -> Personal:
    """`personal` in its one spelling. Raises the first of `faults`."""
    for fault in faults(personal, today):
        raise fault
    return replace(
        personal,
        name=_text(personal.name, "name") or "",
        identity=None if personal.identity is None else number(personal.kind, personal.identity),
        email=None if personal.email is None else email(personal.email),
        phone=_phone(personal.phone),
        address=_text(personal.address, "address"),
        bank=_text(personal.bank, "bank"),
        bank_account=_bank_account(personal.bank_account),
        bank_holder=_text(personal.bank_holder, "bank_holder"),
    )


def faults(personal: Personal, today: date) -> list[Wrong]:
    """Everything in it that cannot be right, in the order of a form."""
    if personal.kind not in KINDS:
        return [Wrong("kind", "needed")]
    looks: tuple[Callable[[], object], ...] = (
        lambda: _name(personal.name),
        lambda: personal.identity is None or number(personal.kind, personal.identity),
        lambda: personal.email is None or email(personal.email),
        lambda: _phone(personal.phone),
        lambda: _born(personal, today),
        lambda: _text(personal.address, "address"),
        lambda: _text(personal.bank, "bank"),
        lambda: _bank(personal),
        lambda: _text(personal.bank_holder, "bank_holder"),
    )
    found = []
    for look in looks:
        try:
            look()
        except Wrong as wrong:
            found.append(wrong)
    return found


def _name(typed: str) -> None:
    if _text(typed, "name") is None:
        raise Wrong("name", "needed")


def _born(personal: Personal, today: date) -> None:
    born = personal.born_on
    if born is None:
        return
    if not _OLDEST <= born < today:
        raise Wrong("born_on", "wrong")
    if personal.kind == "PERSON" and _years(born, today) < _OF_AGE:
        raise Wrong("born_on", "minor")


def _bank(personal: Personal) -> None:
    if _bank_account(personal.bank_account) and not (personal.bank or "").strip():
        raise Wrong("bank", "needed")


def email(typed: str) -> str:
    """An e-mail address in its one spelling; the host's name in ASCII. Raises Wrong."""
    text = unicodedata.normalize("NFKC", typed).strip()
    local, at, host = text.rpartition("@")
    try:
        host = host.lower().encode("idna").decode("ascii")
    except UnicodeError:
        raise Wrong("email", "wrong") from None
    right = at and len(local) <= _LOCAL_MAX and _LOCAL.fullmatch(local) and _HOST.fullmatch(host)
    if not right or len(f"{local}@{host}") > _EMAIL_MAX:
        raise Wrong("email", "wrong")
    return f"{local}@{host}"


def number(kind: Kind, typed: str) -> str:
    """A person's number of identity or a company's tax code in its one spelling. Raises Wrong."""
    text = re.sub(r"[\s.\-/]", "", unicodedata.normalize("NFKC", typed)).upper()
    if not text:
        raise Wrong("identity", "needed")
    if _FOREIGN.fullmatch(text):
        return text
    right = _citizen(text) if kind == "PERSON" else _tax_code(text)
    if not right:
        raise Wrong("identity", f"wrong_{kind.lower()}")
    return text


def _citizen(text: str) -> bool:
    """Twelve digits: province, century and sex, year, six more."""
    return bool(re.fullmatch(r"0[0-9]{11}", text)) and text[:3] != "000"


def _tax_code(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{10}([0-9]{3})?", text):
        return False
    weighed = sum(int(one) * weight for one, weight in zip(text, _TAX_WEIGHTS, strict=False))
    return int(text[9]) == 10 - weighed % 11


def _phone(typed: str | None) -> str | None:
    if typed is None or not typed.strip():
        return None
    text = re.sub(r"[\s.\-()]", "", unicodedata.normalize("NFKC", typed))
    if not _PHONE.fullmatch(text):
        raise Wrong("phone", "wrong")
    return text


def _bank_account(typed: str | None) -> str | None:
    if typed is None or not typed.strip():
        return None
    text = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", typed)).upper()
    if not _ACCOUNT.fullmatch(text):
        raise Wrong("bank_account", "wrong")
    return text


def _text(typed: str | None, name: str) -> str | None:
    text = " ".join(unicodedata.normalize("NFC", typed or "").split())
    if not text.isprintable() or len(text) > _TEXT_MAX[name]:
        raise Wrong(name, "wrong")
    return text or None


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


# --- by what a person is found --------------------------------------------------------------


def email_mark(vault: Vault, address: str) -> bytes:
    """By what the account with an address is found; however the address is typed. Raises Wrong."""
    return vault.mark(email(address).casefold(), "email")


def identity_mark(vault: Vault, identity: str) -> bytes:
    """By what the account of an identity is found: `identity` in its one spelling."""
    return vault.mark(identity, "identity")


# --- shown ----------------------------------------------------------------------------------


def initials(name: str) -> str:
    """What pages call somebody without saying who it is: "Nguyễn Văn An" is "N. V. A."."""
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    return " ".join(f"{letter}." for letter in letters[:5]) or "—"


def masked(text: str | None, shown: int = 3) -> str:
    """A number of which only the last digits are to be read."""
    if not text:
        return ""
    return "•" * max(4, len(text) - shown) + text[-shown:] if len(text) > shown else "••••"


def masked_email(address: str | None) -> str:
    """An address as its owner recognises it."""
    if not address:
        return ""
    local, _, host = address.rpartition("@")
    return f"{local[0]}•••@{host}"
