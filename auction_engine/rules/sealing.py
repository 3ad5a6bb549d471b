"""Sealed bids (indirect ballot, Law 01/2016 Art. 43): boxes only all key holders open together.

The bidder's browser makes the box (`web/ts/sealing.ts`), so the amount is never on the server
before the opening. With e the box's one-time key, h1..hk the holders' public keys and
X(a, b) X25519 (RFC 7748):

    binding    = SHA-256(framed(tag, lot, round, bidder code, bid id, k, h1 … hk, e's public key))
    commitment ‖ key ‖ nonce = HKDF-SHA-256 (RFC 5869), 32 + 32 + 12 bytes,
                               salt = binding, input = X(e, h1) ‖ … ‖ X(e, hk), info = tag
    plaintext  = amount (8 bytes, big-endian) ‖ 24 random bytes
    box        = "v1.box." + base64url(e's public key ‖ commitment
                                       ‖ AES-256-GCM(key, nonce, plaintext, data = binding))

Every box is 157 characters. The commitment makes the key the only one that opens the box, which
AES-GCM by itself does not promise. `docs/protocol/sealed-bids.md` says it for other programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from auction_engine.rules.money import AmountError, check_amount_minor
from auction_engine.rules.sealing_bytes import (
    NAME,
    SealError,
    framed,
    is_whole,
    read_token,
    write_token,
)
from auction_engine.rules.sealing_keys import (
    KEY_BYTES,
    OpeningKeys,
    check_public_keys,
    is_sound_point,
)

PADDING_BYTES = 24
BOX_BYTES = 112
BOX_CHARS = 157
_BOX = "v1.box."
_TAG = b"auction-engine/sealed-bid/v1"

UnreadableReason = Literal[
    "BAD_BOX_FORM", "BAD_BOX_POINT", "BOX_FOREIGN", "BOX_ALTERED", "BOX_WITHOUT_AMOUNT"
]


class Unreadable(NamedTuple):
    """Why a box is an invalid bid."""

    reason: UnreadableReason


@dataclass(frozen=True, slots=True)
class Context:
    """What a box is bound to: moved to another lot, round, bidder or bid, it does not open.

    Raises SealError BAD_CONTEXT for what cannot be the context of any bid.
    """

    lot: int
    round: int
    bidder_code: str
    bid_id: str

    def __post_init__(self) -> None:
        numbers = is_whole(self.lot, 1) and is_whole(self.round, 1)
        names = (self.bidder_code, self.bid_id)
        if not numbers or not all(type(name) is str and NAME(name) for name in names):
            raise SealError("BAD_CONTEXT", "Lot, round, bidder code or bid id is not of its form.")


def check_box(text: object) -> bytes:
    """The 112 bytes of a box; whether it opens, only the opening shows.

    Raises SealError: BAD_BOX_FORM (not `v1.box.` and 150 characters of canonical base64url),
    BAD_BOX_POINT (its one-time key is not a sound point, see `sealing_keys.is_sound_point`).
    """
    data = read_token(text, _BOX, BOX_BYTES)
    if data is None:
        raise SealError("BAD_BOX_FORM", "A box is `v1.box.` and 150 characters of base64url.")
    if not is_sound_point(data[:KEY_BYTES]):
        raise SealError("BAD_BOX_POINT", "The box was made with an unusable one-time key.")
    return data


def receipt(box: str) -> str:
    """What the bidder keeps: SHA-256 of the box's text, 64 hexadecimal digits.

    Raises SealError as `check_box`.
    """
    check_box(box)
    return sha256(box.encode()).hexdigest()


def seal_box(
    amount_minor: int,
    public_keys: Sequence[str],
    context: Context,
    *,
    one_time_key: bytes,
    padding: bytes,
) -> str:
    """The box of `amount_minor` for the holders of `public_keys`.

    The caller must give 32 and 24 new secret random bytes for every box and forget them
    (`identity.sealkeys.seal` does). Raises AmountError for a bad amount, SealError as
    `check_public_keys`, ValueError for other sizes of the random bytes.
    """
    check_amount_minor(amount_minor)
    holders = check_public_keys(public_keys, least=1)
    if len(one_time_key) != KEY_BYTES or len(padding) != PADDING_BYTES:
        raise ValueError("a one-time key has 32 bytes, the padding 24")
    own = X25519PrivateKey.from_private_bytes(one_time_key)
    own_public = own.public_key().public_bytes_raw()
    shared = [own.exchange(X25519PublicKey.from_public_bytes(key)) for key in holders]
    binding = _binding(context, holders, own_public)
    commitment, key, nonce = _derive(shared, binding)
    plaintext = amount_minor.to_bytes(8, "big") + padding
    hidden = AESGCM(key).encrypt(nonce, plaintext, binding)
    return write_token(_BOX, own_public + commitment + hidden)


def open_box(box: object, keys: OpeningKeys, context: Context) -> int | Unreadable:
    """The amount in `box`, or why it is an invalid bid; never raises for any `box`.

    BAD_BOX_FORM, BAD_BOX_POINT: see `check_box`. BOX_FOREIGN: sealed for another lot, round,
    bidder, bid or set of keys. BOX_ALTERED: sealed for this bid, but the amount was tampered
    with. BOX_WITHOUT_AMOUNT: what it holds is not 1 to 2^53 - 1 minor units.
    """
    try:
        data = check_box(box)
    except SealError as error:
        point = error.code == "BAD_BOX_POINT"
        return Unreadable("BAD_BOX_POINT" if point else "BAD_BOX_FORM")
    own_public, given, hidden = data[:32], data[32:64], data[64:]
    one_time = X25519PublicKey.from_public_bytes(own_public)
    shared = [private.exchange(one_time) for private in keys.private]
    binding = _binding(context, keys.public, own_public)
    commitment, key, nonce = _derive(shared, binding)
    if not compare_digest(commitment, given):
        return Unreadable("BOX_FOREIGN")
    try:
        plaintext = AESGCM(key).decrypt(nonce, hidden, binding)
        return check_amount_minor(int.from_bytes(plaintext[:8], "big"))
    except InvalidTag:
        return Unreadable("BOX_ALTERED")
    except AmountError:
        return Unreadable("BOX_WITHOUT_AMOUNT")


def _binding(context: Context, holders: tuple[bytes, ...], own_public: bytes) -> bytes:
    place = (context.lot, context.round, context.bidder_code, context.bid_id)
    return sha256(framed(_TAG, *place, len(holders), *holders, own_public)).digest()


def _derive(shared: Sequence[bytes], binding: bytes) -> tuple[bytes, bytes, bytes]:
    made = HKDF(SHA256(), 76, salt=binding, info=_TAG).derive(b"".join(shared))
    return made[:32], made[32:64], made[64:]
