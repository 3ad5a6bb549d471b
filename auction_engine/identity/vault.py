"""Personal data at rest: sealed with AES-256-GCM, found by keyed hashes.

A sealed value is 0x01, the id of its key (8 bytes), a random nonce (12) and the ciphertext with
its tag. What it is and whose stands in its context, which is authenticated: a value moved to
another row or column does not open. Keys come from a file (`keyfile`); every process follows it.
"""

import hmac
import os
from hashlib import sha256
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auction_engine.errors import AuctionError
from auction_engine.identity import keyfile
from auction_engine.identity.keyfile import ID_BYTES, Keys
from auction_engine.settings import Settings

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORMAT) + ID_BYTES
_LEAST_BYTES = _HEAD_BYTES + _NONCE_BYTES + 16
_log = structlog.get_logger(__name__)


class VaultError(AuctionError):
    """A sealed value cannot be opened: its key is lost, or it was changed or moved."""


class Vault:
    """Seals and opens. Cheap to share; safe to use from any task of one process."""

    def __init__(self, path: Path, keys: Keys) -> None:
        self._path = path
        self._keys = keys
        self._ciphers = {name: AESGCM(key) for name, key in keys.sealing.items()}
        self._seen = self._stamp()

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """The vault of an installation; its keys are made on first use. Raises KeysError."""
        path = keyfile.path_of(settings)
        return cls(path, keyfile.obtain(path))

    def __repr__(self) -> str:
        return f"Vault({str(self._path)!r})"

    def seal(self, data: bytes, context: str) -> bytes:
        """`data` sealed with the active key; it opens only in the same `context`."""
        self._follow()
        head, nonce = _FORMAT + self._keys.active, os.urandom(_NONCE_BYTES)
        cipher = self._ciphers[self._keys.active]
        return head + nonce + cipher.encrypt(nonce, data, head + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed in `context`. Raises VaultError."""
        name = self.key_of(sealed)
        if name not in self._ciphers:
            self._follow()
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise VaultError(
                f"The key {name.hex()} of sealed personal data is not in {self._path}; put back "
                "the file of keys that has it: without it this data is lost."
            )
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + context.encode())
        except InvalidTag:
            raise VaultError(
                "Sealed personal data does not open: it was changed, or belongs to another row."
            ) from None

    def mark(self, value: str, what: str) -> bytes:
        """The keyed hash `value` is found by among others of the same kind (`what`)."""
        return hmac.digest(self._keys.marking, f"{what}\0{value}".encode(), sha256)

    @property
    def fingerprint(self) -> bytes:
        """What may be kept beside the data to know that these are its keys."""
        return hmac.digest(self._keys.marking, b"fingerprint", sha256)

    @property
    def keys(self) -> dict[bytes, str]:
        """The ids of all keys, oldest first, and the days they were made."""
        return dict(self._keys.made)

    @property
    def active(self) -> bytes:
        """The id of the key that seals."""
        return self._keys.active

    @staticmethod
    def key_of(sealed: bytes) -> bytes:
        """The id of the key a value was sealed with. Raises VaultError for anything else."""
        if len(sealed) < _LEAST_BYTES or sealed[:1] != _FORMAT:
            raise VaultError("This is not sealed personal data.")
        return sealed[1:_HEAD_BYTES]

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _follow(self) -> None:
        """Read the file again if it has changed: another process may have made a new key."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return
        try:
            keys = keyfile.read(self._path)
        except (keyfile.KeysError, FileNotFoundError) as error:
            _log.error("keys_unreadable", error=type(error).__name__)
            return
        self._seen = stamp
        if keys.marking != self._keys.marking:
            # Another installation's: what it would seal could not be told from what was lost.
            _log.error("keys_exchanged", path=str(self._path))
            return
        self._keys = keys
        self._ciphers = {name: AESGCM(key) for name, key in keys.sealing.items()}
