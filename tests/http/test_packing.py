"""Pages made small: every byte is there again, and no secret was compressed with anything."""

from __future__ import annotations

import gzip
import zlib

import pytest
from house import House
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.http import packing

SECRET = b"tJ8Zx0Q2mW5rN7vB9cD1fG3hK4lP6sYaEuIoTzXyR_k"


@given(st.lists(st.sampled_from([b"a", b"bid", b"<p>", SECRET, b"\xe1\xba\xa5"]), max_size=60))
def test_every_byte_comes_back(pieces: list[bytes]) -> None:
    text = b"".join(pieces)
    assert gzip.decompress(packing.pack(text, [SECRET, b"bid"])) == text


def test_parts_may_be_longer_than_a_window_of_the_compression() -> None:
    text = (b"0123456789abcdef" * 9_000) + SECRET + bytes(range(256)) * 400
    packed = packing.pack(text, [SECRET])
    assert gzip.decompress(packed) == text
    assert SECRET in packed


def test_a_guess_beside_the_secret_does_not_make_the_page_shorter() -> None:
    """What BREACH lives on: part of a secret, said again, is compressed away."""

    def page(guess: bytes) -> bytes:
        return (
            b"<p>" + b"lots of text " * 50 + b"?q=" + guess + b'"><input value="' + SECRET + b'">'
        )

    right, wrong = SECRET[:30], SECRET[29::-1]
    assert len(zlib.compress(page(right))) < len(zlib.compress(page(wrong))) - 10
    assert len(packing.pack(page(right), [SECRET])) == len(packing.pack(page(wrong), [SECRET]))


@pytest.mark.parametrize(
    ("header", "wanted", "taken"),
    [
        ("gzip, br", "br", True),
        ("gzip;q=1.0", "gzip", True),
        ("gzip;q=0", "gzip", False),
        ("*", "br", True),
        ("identity", "gzip", False),
        ("", "gzip", False),
    ],
)
def test_what_a_browser_takes(header: str, wanted: str, taken: bool) -> None:
    assert packing.accepts(header, wanted) is taken


async def test_pages_are_packed_only_for_those_who_take_it(house: House) -> None:
    async with house.browser() as client:
        path = f"/lots/{house.lots[0]}"
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        small = await client.get(path, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert small.headers["content-encoding"] == "gzip"
        assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert int(small.headers["content-length"]) < len(plain.content) / 2
        assert 'class="room"' in small.text


async def test_another_language_keeps_the_question(house: House) -> None:
    async with house.signed_in("an") as client:
        page = (await client.get("/account/alerts?a=1&b=x%20y&lang=en")).text
        assert 'href="/account/alerts?a=1&amp;b=x+y&amp;lang=vi"' in page
