"""The key holders' keys of a sealed round: X25519 (RFC 7748 section 5).

    public key    v1.pub.<43 characters>    32 bytes, published with the auction rules
    private key   v1.key.<43 characters>    32 bytes, with the holder until the opening

The two begin differently so that a private key can never be published by mistake as a public one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from auction_engine.rules.sealing_bytes import SealError, framed, read_token, write_token

KEY_BYTES = 32
LEAST_HOLDERS = 2
MOST_HOLDERS = 8
_PUBLIC = "v1.pub."
_PRIVATE = "v1.key."
_FINGERPRINT = "auction-engine/seal-keys/v1"

# Curve25519: v^2 = u^3 + 486662 u^2 + u over the integers modulo this prime.
_P = 2**255 - 19
_A = 486662
# The u of the points whose order divides 8; with any key they agree on zero.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


def is_sound_point(data: bytes) -> bool:
    """Whether 32 bytes are a public key that can be trusted to have one meaning.

    Refused are numbers not below 2^255 - 19 (a second spelling of another key), points of small
    order (everybody knows what they agree on) and points of the curve's twist. RFC 7748 allows
    the twist, but there the two private keys k and 8 * order - k, which have the same public key,
    agree on different secrets: a holder with such a pair could choose at the opening which of
    two amounts a box holds.
    """
    u = int.from_bytes(data, "little")
    if u >= _P or u in _SMALL_ORDER:
        return False
    return pow((u * u + _A * u + 1) * u, (_P - 1) // 2, _P) == 1


def check_public_key(text: object) -> bytes:
    """The 32 bytes of a public key.

    Raises SealError: KEY_IS_PRIVATE, BAD_KEY_FORM, BAD_KEY_POINT.
    """
    if type(text) is str and text.strip().startswith(_PRIVATE):
        raise SealError(
            "KEY_IS_PRIVATE",
            "This is a private key. It is no longer secret: make a new pair, give the public key.",
        )
    data = read_token(text, _PUBLIC, KEY_BYTES)
    if data is None:
        raise SealError("BAD_KEY_FORM", "A public key is `v1.pub.` and 43 characters of base64url.")
    if not is_sound_point(data):
        raise SealError("BAD_KEY_POINT", "No private key belongs to this public key.")
    return data


def check_public_keys(
    texts: Sequence[object], *, least: int = LEAST_HOLDERS, used: Collection[str] = ()
) -> tuple[bytes, ...]:
    """The bytes of a round's public keys, in the order given, which is part of every box.

    `used` are the keys of all earlier rounds: their private keys are published, or will be.
    Raises SealError as `check_public_key`, and KEY_COUNT (fewer than `least` or more than 8),
    KEY_TWICE, KEY_REUSED.
    """
    if not least <= len(texts) <= MOST_HOLDERS:
        raise SealError("KEY_COUNT", f"There must be {least} to {MOST_HOLDERS} key holders.")
    keys = tuple(check_public_key(text) for text in texts)
    if len(set(keys)) != len(keys):
        raise SealError("KEY_TWICE", "Two key holders gave the same public key.")
    if any(text in used for text in texts):
        raise SealError("KEY_REUSED", "A key of an earlier round protects nothing: make new pairs.")
    return keys


def fingerprint(public_keys: Sequence[str]) -> str:
    """SHA-256 over the round's public keys in their order, 64 hexadecimal digits.

    To be compared with the posted notice: a page that shows other keys shows another fingerprint.
    Raises SealError as `check_public_keys`.
    """
    return sha256(framed(_FINGERPRINT, *check_public_keys(public_keys, least=1))).hexdigest()


def _private(text: object) -> X25519PrivateKey:
    data = read_token(text, _PRIVATE, KEY_BYTES)
    if data is None:
        raise SealError(
            "BAD_KEY_FORM", "A private key is `v1.key.` and 43 characters of base64url."
        )
    return X25519PrivateKey.from_private_bytes(data)


def write_private_key(data: bytes) -> str:
    """The text of 32 secret random bytes as a private key. Raises ValueError for another size."""
    if len(data) != KEY_BYTES:
        raise ValueError("a private key has 32 bytes")
    return write_token(_PRIVATE, data)


def public_key_of(private_key: str) -> str:
    """The public key that belongs to `private_key`. Raises SealError BAD_KEY_FORM."""
    return write_token(_PUBLIC, _private(private_key).public_key().public_bytes_raw())


def matches(private_key: object, public_key: object) -> bool:
    """Whether `private_key` is a private key and `public_key` its public key."""
    try:
        return _private(private_key).public_key().public_bytes_raw() == check_public_key(public_key)
    except SealError:
        return False


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """All keys of one round, ready to open its boxes; made by `opening_keys`."""

    public: tuple[bytes, ...]
    private: tuple[X25519PrivateKey, ...] = field(repr=False)


def opening_keys(public_keys: Sequence[str], private_keys: Sequence[str]) -> OpeningKeys:
    """The keys that open a round, from its public keys and their private keys in any order.

    Raises SealError as `check_public_keys`; BAD_KEY_FORM for what is no private key; KEY_FOREIGN
    if one belongs to none of the public keys; KEY_MISSING if a public key lacks its private key.
    """
    public = check_public_keys(public_keys, least=1)
    found: dict[bytes, X25519PrivateKey] = {}
    for text in private_keys:
        private = _private(text)
        own = private.public_key().public_bytes_raw()
        if own not in public:
            raise SealError("KEY_FOREIGN", "A private key belongs to no public key of this round.")
        found[own] = private
    if len(found) != len(public):
        lacking = [public_keys[at] for at, key in enumerate(public) if key not in found]
        raise SealError("KEY_MISSING", "Private keys are missing for: " + ", ".join(lacking))
    return OpeningKeys(public, tuple(found[key] for key in public))
