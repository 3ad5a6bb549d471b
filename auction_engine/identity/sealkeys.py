"""The chance that sealed bids and draws need: key pairs, boxes and seeds made of new random bytes.

Key pairs and seeds are made where their holder is, never on the server of the auction.
"""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from auction_engine.rules.sealing import PADDING_BYTES, Context, seal_box
from auction_engine.rules.sealing_keys import KEY_BYTES, public_key_of, write_private_key

SEED_BYTES = 32


class KeyPair(NamedTuple):
    """A key holder's pair for one round; `private` must stay with the holder until the opening."""

    private: str
    public: str

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"


def new_key_pair() -> KeyPair:
    """A new pair. Every round of every lot needs its own: private keys are published."""
    private = write_private_key(secrets.token_bytes(KEY_BYTES))
    return KeyPair(private, public_key_of(private))


def seal(amount_minor: int, public_keys: Sequence[str], context: Context) -> str:
    """A new box of `amount_minor`; never the same text twice.

    Raises AmountError and SealError as `rules.sealing.seal_box`.
    """
    return seal_box(
        amount_minor,
        public_keys,
        context,
        one_time_key=secrets.token_bytes(KEY_BYTES),
        padding=secrets.token_bytes(PADDING_BYTES),
    )


def new_seed() -> str:
    """The secret behind a commitment to a draw: 64 hexadecimal digits."""
    return secrets.token_hex(SEED_BYTES)
