"""The file with the keys of all sealed personal data: made once, never in the database.

    {"format": 1, "marking": KEY, "active": ID, "sealing": [{"id": ID, "key": KEY, "made": DATE}]}

KEY is 32 random bytes in base64, ID eight of them in hexadecimal digits. New data is sealed with
the active key, data sealed before is opened with whichever it names. The marking key makes the
keyed hashes accounts are found by; it stays for ever.
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auction_engine.errors import AuctionError
from auction_engine.settings import Settings

KEY_BYTES = 32
ID_BYTES = 8
_NAME = "keys.json"


class KeysError(AuctionError):
    """The keys of personal data cannot be used; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the file holds. `sealing` maps key ids to keys, `made` to the days they were made."""

    active: bytes
    sealing: dict[bytes, bytes] = field(repr=False)
    marking: bytes = field(repr=False)
    made: dict[bytes, str] = field(repr=False, default_factory=dict)


def path_of(settings: Settings) -> Path:
    """Where the keys of this installation are."""
    return settings.keys_file or settings.data_dir / _NAME


def read(path: Path) -> Keys:
    """The keys in `path`. Raises KeysError; FileNotFoundError when there is no such file."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"The keys of personal data in {path} cannot be read: {error}.") from None
    try:
        value = json.loads(text)
        if value["format"] != 1:
            raise ValueError
        sealing = {bytes.fromhex(one["id"]): _key(one["key"]) for one in value["sealing"]}
        made = {bytes.fromhex(one["id"]): str(one["made"]) for one in value["sealing"]}
        keys = Keys(bytes.fromhex(value["active"]), sealing, _key(value["marking"]), made)
        if keys.active not in sealing or any(len(one) != ID_BYTES for one in sealing):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        # Without the error itself: it could quote what is in the file.
        raise KeysError(
            f"{path} is damaged or no file of keys; put its backup back: without it nobody's "
            "personal data can be read."
        ) from None
    return keys


def obtain(path: Path) -> Keys:
    """The keys in `path`, made now if there is no such file. Raises KeysError.

    Of several processes that start at once one makes the file, and all get its keys.
    """
    try:
        return read(path)
    except FileNotFoundError:
        pass
    new = _new_id()
    keys = Keys(new, {new: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES), {})
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, keys, replace=False)
    except OSError as error:
        raise KeysError(f"The keys of personal data cannot be kept in {path}: {error}.") from None
    return read(path)


def rotate(path: Path) -> Keys:
    """Add a new key and make it the active one. Raises KeysError, FileNotFoundError."""
    keys, new = read(path), _new_id()
    added = keys.sealing | {new: secrets.token_bytes(KEY_BYTES)}
    _write(path, Keys(new, added, keys.marking, keys.made), replace=True)
    return read(path)


def _new_id() -> bytes:
    return secrets.token_bytes(ID_BYTES)


def _key(text: Any) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return key


def _text(keys: Keys) -> str:
    today = datetime.now(UTC).date().isoformat()
    value = {
        "format": 1,
        "marking": base64.b64encode(keys.marking).decode(),
        "active": keys.active.hex(),
        "sealing": [
            {
                "id": name.hex(),
                "key": base64.b64encode(key).decode(),
                "made": keys.made.get(name, today),
            }
            for name, key in keys.sealing.items()
        ],
    }
    return json.dumps(value, indent=1) + "\n"


def _write(path: Path, keys: Keys, *, replace: bool) -> None:
    """Write the file whole or not at all, for its owner alone; only `replace` goes over another."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_text(keys))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            _link(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # somebody was first: theirs are the keys
