"""Signed messages: by the algorithm of the trusted key, and by no other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from auction_engine.identity import jose
from auction_engine.identity.jose import JwsError

KEYS = {alg: jose.new_private(alg) for alg in (jose.EDDSA, jose.ES256)}


@pytest.mark.parametrize("alg", KEYS)
def test_signed_and_checked(alg: str) -> None:
    key = jose.public(KEYS[alg])
    assert key.alg == alg
    assert "d" not in key.jwk
    token = jose.signed(b'{"a":1}', KEYS[alg], key.kid, "x").encode()
    assert jose.kid_of(token) == key.kid
    assert jose.verified(token, key) == b'{"a":1}'
    for other in (jose.new_private(alg), *(one for one in KEYS.values() if one != KEYS[alg])):
        with pytest.raises(JwsError):
            jose.verified(token, jose.public(other))


@given(st.integers(0, 10_000), st.integers(1, 255), st.sampled_from(sorted(KEYS)))
def test_no_byte_of_it_can_be_changed(at: int, by: int, alg: str) -> None:
    key = jose.public(KEYS[alg])
    token = bytearray(jose.signed(b'{"amount":1000000}', KEYS[alg], key.kid, "x").encode())
    at %= len(token)
    token[at] ^= by
    try:
        assert jose.verified(bytes(token), key) == b'{"amount":1000000}'
    except JwsError:
        return
    # Base64 has letters whose last bits say nothing: what is signed is the same to the byte.
    assert at in (len(token) - 1,)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_code(junk: bytes) -> None:
    with pytest.raises(JwsError):
        jose.kid_of(junk)
    with pytest.raises(JwsError):
        jose.verified(junk, jose.public(KEYS[jose.EDDSA]))


def test_eddsa_has_two_names() -> None:
    from joserfc import jws

    private = KEYS[jose.EDDSA]
    token = jws.serialize_compact(
        {"alg": "Ed25519", "kid": "k"}, b"{}", jwk.import_key(private), algorithms=["Ed25519"]
    )
    assert jose.verified(token.encode(), jose.public(private)) == b"{}"


def test_what_may_be_trusted() -> None:
    whole = KEYS[jose.EDDSA]
    with pytest.raises(JwsError) as caught:
        jose.read_public(json.dumps(whole).encode())
    assert caught.value.code == "PRIVATE_KEY"
    bare = jose.public(whole)
    assert jose.read_public(json.dumps(bare.jwk).encode()) == bare
    named = jose.read_public(json.dumps(bare.jwk | {"kid": "court-2026"}).encode())
    assert named == bare._replace(kid="court-2026")
    wrong = [
        b"", b"[]", b"{}", b"x", json.dumps(bare.jwk | {"x": "AA"}).encode(),
        json.dumps(bare.jwk | {"kid": "k" * 101}).encode(),
        json.dumps(bare.jwk | {"kid": 7}).encode(),
        json.dumps(jwk.RSAKey.generate_key(2048).as_dict(private=False)).encode(),
        json.dumps(jwk.OctKey.generate_key(256).as_dict()).encode(),
        json.dumps(jwk.ECKey.generate_key("P-384").as_dict(private=False)).encode(),
        json.dumps(jwk.OKPKey.generate_key("X25519").as_dict(private=False)).encode(),
    ]  # fmt: skip
    for text in wrong:
        with pytest.raises(JwsError):
            jose.read_public(text)
