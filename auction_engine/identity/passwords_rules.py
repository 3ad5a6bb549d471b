"""Which passwords are refused when they are chosen: too short, too plain, or everybody's."""

import unicodedata

from auction_engine.identity.passwords import PASSWORD_MAX
from auction_engine.identity.personal import Wrong

PASSWORD_MIN = 10
_VARIETY_MIN = 5
# What people take when ten characters are asked for, in Vietnam and elsewhere; spelt as `_plain`
# spells: small letters, signs for letters undone, digits at the end gone.
_COMMON = frozenset(
    """
    password passwords passwordpassword matkhau matkhaucuatoi matkhaumoi khongcomatkhau
    iloveyou iloveyouu anhyeuem emyeuanh yeuem yeuanh yeuemnhieulam yeuanhnhieulam toiyeuban
    vietnam vietnamvodich vietnammuonnam hanoi hanoivietnam saigon saigonvietnam hochiminh
    qwerty qwertyuiop qwertyuiopasdfghjkl asdfghjkl asdfghjklm zxcvbnm qazwsxedc qazwsxedcrfv
    qweasdzxc letmein letmeinplease welcome welcometo administrator admin adminadmin root
    changeme changemenow secret topsecret mypassword newpassword nopassword
    daugia daugiataisan thihanhan nguyenvan nguyenthi tranvan tranthi nguyen
    football baseball superman spiderman pokemon princess sunshine dragon monkey master
    google facebook zalo tiktok youtube samsung iphone internet computer
    chuckhoe sucmanh thanhcong hanhphuc giadinh giadinhtoi conyeume meyeucon contraicon
    """.split()
)
_LOOKALIKE = str.maketrans("0134578@$!", "oieastbasi")
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def check(password: str, *own: str | None) -> None:
    """Raises Wrong with the reason a password is refused. `own`: name, address, numbers."""
    if len(password) < PASSWORD_MIN:
        raise Wrong("password", "short")
    if len(password) > PASSWORD_MAX:
        raise Wrong("password", "long")
    small = password.casefold()
    if len(set(small)) < _VARIETY_MIN or _runs(small):
        raise Wrong("password", "plain")
    plain = _plain(small)
    if plain in _COMMON or small.strip("0123456789!@#$%^&*._- ") in _COMMON:
        raise Wrong("password", "common")
    for one in own:
        for part in _parts(one):
            if part in small or part in plain:
                raise Wrong("password", "own")


def _plain(small: str) -> str:
    """Without accents, digits at the end, and signs that stand for letters."""
    bare = small.rstrip("0123456789!@#$%^&*._- ")
    letters = unicodedata.normalize("NFD", bare.replace("đ", "d").translate(_LOOKALIKE))
    return "".join(one for one in letters if one.isalnum())


def _runs(small: str) -> bool:
    """Whether it is a piece of the keyboard or the alphabet, there or back, or one repeated."""
    for size in (1, 2, 3, 4, 5):
        if small == (small[:size] * len(small))[: len(small)]:
            return True
    for row in _ROWS:
        endless = row * 3
        if small in endless or small[::-1] in endless:
            return True
    return False


def _parts(own: str | None) -> list[str]:
    text = (own or "").casefold()
    whole = "".join(one for one in text.partition("@")[0] if one.isalnum())
    bare = _plain(whole) if not whole.isdecimal() else whole
    return [one for one in {whole, bare} if len(one) >= 6]
