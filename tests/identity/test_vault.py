from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auction_engine.identity import keyfile
from auction_engine.identity.keyfile import KeysError
from auction_engine.identity.vault import Vault, VaultError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys.json"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path, keyfile.obtain(path))


def test_what_is_sealed_opens_only_in_its_context(vault: Vault) -> None:
    sealed = vault.seal(b"079200012345", "person.data:7")
    assert b"079200012345" not in sealed
    assert vault.open(sealed, "person.data:7") == b"079200012345"
    for context in ("person.data:8", "person.email:7", ""):
        with pytest.raises(VaultError):
            vault.open(sealed, context)


def test_the_same_twice_is_sealed_differently(vault: Vault) -> None:
    assert vault.seal(b"x", "c") != vault.seal(b"x", "c")


def test_any_changed_byte_is_noticed(vault: Vault) -> None:
    sealed = vault.seal(b"An", "c")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(VaultError):
            vault.open(bytes(changed), "c")
    for short in (b"", sealed[:20], b"plain text that was never sealed at all, long enough"):
        with pytest.raises(VaultError):
            vault.open(short, "c")


def test_the_file_is_its_owners_alone_and_made_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keyfile.obtain(path), range(8)))
    assert len({keys.marking for keys in made}) == 1
    assert len({keys.active for keys in made}) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_after_a_rotation_the_new_key_seals_and_the_old_opens(vault: Vault, path: Path) -> None:
    old = vault.seal(b"An", "c")
    other = Vault(path, keyfile.read(path))  # another process
    keyfile.rotate(path)
    new = other.seal(b"An", "c")
    assert Vault.key_of(new) != Vault.key_of(old)
    # The first process has not sealed since, and learns of the key by the value it meets.
    assert vault.open(new, "c") == vault.open(old, "c") == b"An"
    assert other.open(old, "c") == b"An"
    assert Vault.key_of(new) == vault.active == other.active
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_marks_are_the_same_after_a_rotation_and_differ_by_kind(vault: Vault, path: Path) -> None:
    before = vault.mark("079200012345", "identity")
    keyfile.rotate(path)
    assert Vault(path, keyfile.read(path)).mark("079200012345", "identity") == before
    assert vault.mark("079200012345", "email") != before
    assert vault.mark("079200012346", "identity") != before


def test_a_lost_key_says_so(vault: Vault, path: Path, tmp_path: Path) -> None:
    sealed = vault.seal(b"An", "c")
    elsewhere = tmp_path / "other.json"
    stranger = Vault(elsewhere, keyfile.obtain(elsewhere))
    with pytest.raises(VaultError, match=rf"{vault.active.hex()}.*not in .*other\.json") as caught:
        stranger.open(sealed, "c")
    assert "lost" in caught.value.sentence


def test_another_installations_file_is_not_followed(
    vault: Vault, path: Path, tmp_path: Path
) -> None:
    active = vault.active
    other = tmp_path / "other.json"
    keyfile.obtain(other)
    other.replace(path)
    assert Vault.key_of(vault.seal(b"An", "c")) == active


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', "\xff", '{"format": 1}'])
def test_a_damaged_file_is_named_and_never_replaced(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, "latin-1")
    with pytest.raises(KeysError, match=r"keys\.json"):
        keyfile.obtain(path)
    assert path.read_text("latin-1") == text


def test_no_repr_shows_a_key(vault: Vault, path: Path) -> None:
    keys = keyfile.read(path)
    shown = repr(keys) + repr(vault) + str(vault) + f"{keys}"
    text = path.read_text()
    for secret in (keys.marking, *keys.sealing.values()):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
    assert "Vault(" in shown
    assert text not in shown
