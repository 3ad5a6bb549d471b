"""What a bank account and a bank are called: IBAN or plain number, BIC or clearing code.

Vietnam has no IBAN: accounts there are plain numbers (some with letters), banks have clearing
codes or NAPAS numbers.
"""

import re
from typing import Literal

# The IBAN's length in each country that has one (ISO 13616 registry).
_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27"
        " DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28"
        " IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22"
        " MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24"
        " SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
    ).split()
}
_LIKE_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII).fullmatch
_NUMBER = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,32}[0-9A-Za-z])?", re.ASCII).fullmatch
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII).fullmatch
_CLEARING = re.compile(r"[0-9]{3,14}", re.ASCII).fullmatch
_WHOLE = 97


class AccountError(ValueError):
    """Not an account or not a bank; the text says what is wrong and ends with the cure."""


def account_kind(text: str) -> Literal["IBAN", "NUMBER"]:
    """What `text` is. Raises AccountError, also for an IBAN with a wrong length or check digits."""
    capitals = text.upper()
    if _LIKE_IBAN(capitals) and capitals[:2] in _IBAN_LENGTHS:
        if text != capitals:
            raise AccountError(f"the IBAN {text} has small letters; write it in capitals")
        length = _IBAN_LENGTHS[text[:2]]
        if len(text) != length:
            raise AccountError(
                f"the IBAN {text} has {len(text)} characters, those of {text[:2]} have {length};"
                " ask for the account again"
            )
        if int("".join(str(int(digit, 36)) for digit in text[4:] + text[:4])) % _WHOLE != 1:
            raise AccountError(
                f"the check digits of the IBAN {text} are wrong; ask for the account again"
            )
        return "IBAN"
    if _NUMBER(text):
        return "NUMBER"
    raise AccountError(
        "an account is an IBAN or 1 to 34 letters A–Z, digits and inner hyphens, without spaces;"
        f" {text[:40]!r} is not: correct it"
    )


def bank_kind(text: str) -> Literal["BIC", "CLEARING"]:
    """What `text` is: a BIC of 8 or 11 characters, or a clearing code of digits.

    Raises AccountError.
    """
    if _BIC(text):
        return "BIC"
    if _CLEARING(text):
        return "CLEARING"
    raise AccountError(
        "a bank is a BIC (8 or 11 capital letters and digits) or a clearing code of 3 to 14"
        f" digits; {text[:40]!r} is not: correct it"
    )
