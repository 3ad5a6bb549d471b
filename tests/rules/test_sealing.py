"""Sealed bids: what opens, what does not and why, and what somebody with ill will may try."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.rules.money import MAX_AMOUNT_MINOR, AmountError
from auction_engine.rules.sealing import (
    BOX_CHARS,
    Context,
    Unreadable,
    check_box,
    open_box,
    receipt,
    seal_box,
)
from auction_engine.rules.sealing_bytes import SealError, framed, read_token, write_token
from auction_engine.rules.sealing_keys import (
    check_public_key,
    check_public_keys,
    fingerprint,
    is_sound_point,
    matches,
    opening_keys,
    public_key_of,
    write_private_key,
)
from auction_engine.rules.sealing_round import FORMAT, check_round

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sealed-bids.json").read_text()
)
PRIVATE = [pair["private"] for pair in VECTORS["key_pairs"]]
PUBLIC = [pair["public"] for pair in VECTORS["key_pairs"]]
CONTEXT = Context(7, 1, "B-001", "8f14e45f-ceea-467f-9575-0b1a1d2f3c4d")
KEYS = opening_keys(PUBLIC[:2], PRIVATE[:2])
P = 2**255 - 19
# The order of the base point of Curve25519 (RFC 7748 section 4.1).
ORDER = 2**252 + 0x14DEF9DEA2F79CD65812631A5CF5D3ED

named = pytest.mark.parametrize
chances = st.binary(min_size=32, max_size=32)
paddings = st.binary(min_size=24, max_size=24)
amounts = st.integers(1, MAX_AMOUNT_MINOR)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True)
contexts = st.builds(
    Context, st.integers(1, MAX_AMOUNT_MINOR), st.integers(1, MAX_AMOUNT_MINOR), names, names
)


def a_box(amount: int = 5_000, context: Context = CONTEXT, chance: bytes = b"1" * 32) -> str:
    return seal_box(amount, PUBLIC[:2], context, one_time_key=chance, padding=b"2" * 24)


def code_of(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(SealError) as caught:
        call(*args, **kwargs)
    return caught.value.code


@named("known", VECTORS["boxes"], ids=lambda known: known["name"])
def test_the_vectors_boxes_come_out_and_open(known: dict[str, Any]) -> None:
    context = Context(**known["context"])
    box = seal_box(
        known["amount_minor"],
        known["public_keys"],
        context,
        one_time_key=bytes.fromhex(known["one_time_key"]),
        padding=bytes.fromhex(known["padding"]),
    )
    assert box == known["box"]
    assert receipt(box) == known["receipt"] == sha256(known["box"].encode()).hexdigest()
    keys = opening_keys(known["public_keys"], known["private_keys"])
    assert open_box(box, keys, context) == known["amount_minor"]


@named("known", VECTORS["unreadable"], ids=lambda known: known["name"])
def test_the_vectors_bad_boxes_are_invalid_bids(known: dict[str, Any]) -> None:
    keys = opening_keys(known["public_keys"], known["private_keys"])
    assert open_box(known["box"], keys, Context(**known["context"])) == Unreadable(known["reason"])
    if known["reason"].startswith("BAD_BOX"):
        assert code_of(check_box, known["box"]) == known["reason"]
        assert code_of(receipt, known["box"]) == known["reason"]
    else:
        assert len(check_box(known["box"])) == 112


@named("known", VECTORS["bad_public_keys"], ids=lambda known: known["name"])
def test_public_keys_that_mean_nothing_are_refused(known: dict[str, Any]) -> None:
    assert code_of(check_public_key, known["text"]) == known["code"]
    assert not matches(PRIVATE[0], known["text"])


def test_a_private_key_has_one_public_key() -> None:
    # The first two pairs are those printed in RFC 7748 section 6.1.
    assert check_public_key(PUBLIC[0]).hex().startswith("8520f0098930a754")
    assert check_public_key(PUBLIC[1]).hex().startswith("de9edb7d7b7dc1b4")
    for at, private in enumerate(PRIVATE):
        assert public_key_of(private) == PUBLIC[at]
        assert [matches(private, public) for public in PUBLIC] == [at == n for n in range(3)]
    assert not matches(PUBLIC[0], PUBLIC[0])
    assert not matches(None, PUBLIC[0])


def test_a_rounds_keys_are_counted_and_told_apart() -> None:
    assert check_public_keys(PUBLIC) == tuple(check_public_key(key) for key in PUBLIC)
    assert code_of(check_public_keys, PUBLIC[:1]) == "KEY_COUNT"
    assert len(check_public_keys(PUBLIC[:1], least=1)) == 1
    assert code_of(check_public_keys, PUBLIC * 3) == "KEY_COUNT"
    assert code_of(check_public_keys, [PUBLIC[0], PUBLIC[1], PUBLIC[0]]) == "KEY_TWICE"
    assert code_of(check_public_keys, PUBLIC, used={PUBLIC[2]}) == "KEY_REUSED"
    assert code_of(check_public_keys, [PUBLIC[0], PRIVATE[1]]) == "KEY_IS_PRIVATE"


def test_the_fingerprint_depends_on_every_key_and_their_order() -> None:
    for known in VECTORS["fingerprints"]:
        assert fingerprint(known["public_keys"]) == known["fingerprint"]
    assert fingerprint(PUBLIC[:2]) != fingerprint(PUBLIC[1::-1])


def test_all_private_keys_are_needed_in_any_order_and_no_others() -> None:
    box = a_box()
    assert open_box(box, opening_keys(PUBLIC[:2], PRIVATE[1::-1]), CONTEXT) == 5_000
    assert code_of(opening_keys, PUBLIC[:2], PRIVATE[:1]) == "KEY_MISSING"
    assert code_of(opening_keys, PUBLIC[:2], [PRIVATE[0], PRIVATE[0]]) == "KEY_MISSING"
    assert code_of(opening_keys, PUBLIC[:2], PRIVATE) == "KEY_FOREIGN"
    assert code_of(opening_keys, PUBLIC[:2], [PRIVATE[0], "v1.key.?"]) == "BAD_KEY_FORM"


def test_the_private_keys_are_not_shown_by_accident() -> None:
    assert "X25519PrivateKey" not in repr(KEYS)


def test_one_holders_key_alone_reads_nothing() -> None:
    # Whoever has one of two keys can only put something else in the place of the other's secret.
    for mine, other in ((0, 1), (1, 0)):
        guess = write_private_key(b"\x07" * 32)
        pairs = [(PUBLIC[mine], PRIVATE[mine]), (public_key_of(guess), guess)]
        pairs.sort(key=lambda pair: pair[0] != PUBLIC[0])
        keys = opening_keys([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        # Even with the binding of the true keys, so that only the secret is missing.
        forged = replace(keys, public=tuple(check_public_key(key) for key in PUBLIC[:2]))
        assert open_box(a_box(), forged, CONTEXT) == Unreadable("BOX_FOREIGN")
        assert PUBLIC[other] not in [pair[0] for pair in pairs]


@given(amounts, contexts, chances, paddings, st.integers(1, 3))
def test_what_was_sealed_opens_and_every_box_looks_alike(
    amount: int, context: Context, chance: bytes, padding: bytes, holders: int
) -> None:
    box = seal_box(amount, PUBLIC[:holders], context, one_time_key=chance, padding=padding)
    assert len(box) == BOX_CHARS
    assert len(check_box(box)) == 112
    keys = opening_keys(PUBLIC[:holders], PRIVATE[:holders])
    assert open_box(box, keys, context) == amount


@given(contexts, contexts)
def test_a_box_opens_in_its_own_place_only(own: Context, other: Context) -> None:
    found = open_box(a_box(context=own), KEYS, other)
    assert found == (5_000 if own == other else Unreadable("BOX_FOREIGN"))


@given(st.integers(7, BOX_CHARS - 1), st.sampled_from("ABCXYZabcxyz0189-_"))
def test_no_letter_of_a_box_can_be_changed(at: int, letter: str) -> None:
    box = a_box()
    changed = box[:at] + letter + box[at + 1 :]
    found = open_box(changed, KEYS, CONTEXT)
    assert found == 5_000 if changed == box else isinstance(found, Unreadable)


@given(
    st.one_of(
        st.text(),
        st.text(min_size=150, max_size=150).map(lambda text: "v1.box." + text),
        st.binary(min_size=112, max_size=112).map(lambda data: write_token("v1.box.", data)),
        st.integers() | st.none() | st.binary() | st.lists(st.text()),
    )
)
def test_whatever_was_handed_in_is_judged_and_never_raises(box: object) -> None:
    assert isinstance(open_box(box, KEYS, CONTEXT), Unreadable)


def test_the_amount_must_be_money_before_it_is_sealed() -> None:
    for amount in (0, -1, 2**53, 1.0, True):
        with pytest.raises(AmountError):
            seal_box(
                amount,  # type: ignore[arg-type]
                PUBLIC,
                CONTEXT,
                one_time_key=b"1" * 32,
                padding=b"2" * 24,
            )


@named(("one_time_key", "padding"), [(b"1" * 31, b"2" * 24), (b"1" * 32, b"")])
def test_chance_of_another_size_is_refused(one_time_key: bytes, padding: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes, the padding 24"):
        seal_box(1, PUBLIC, CONTEXT, one_time_key=one_time_key, padding=padding)
    with pytest.raises(ValueError, match="32 bytes"):
        write_private_key(b"1" * 31)


@named(
    "change",
    [
        {"lot": 0},
        {"lot": True},
        {"lot": "7"},
        {"lot": 2**53},
        {"round": 0},
        {"round": None},
        {"bidder_code": ""},
        {"bidder_code": "B 001"},
        {"bidder_code": "B-001\n"},
        {"bidder_code": "x" * 65},
        {"bid_id": "é"},
        {"bid_id": 7},
    ],
    ids=str,
)
def test_what_cannot_be_a_bids_place_is_refused(change: dict[str, Any]) -> None:
    assert code_of(replace, CONTEXT, **change) == "BAD_CONTEXT"


def test_points_of_small_order_and_no_others_agree_on_zero() -> None:
    anybody = X25519PrivateKey.from_private_bytes(b"5" * 32)
    refused = 0
    for known in VECTORS["bad_public_keys"]:
        data = read_token(known["text"], "v1.pub.", 32)
        if known["code"] != "BAD_KEY_POINT" or data is None:
            continue
        assert not is_sound_point(data)
        if known["name"] in ("zero", "one", "order 8", "order 8, the other", "minus one"):
            refused += 1
            with pytest.raises(ValueError, match="shared"):
                anybody.exchange(X25519PublicKey.from_public_bytes(data))
    assert refused == 5


def _on_the_twist() -> bytes:
    for u in range(2, 100):
        data = u.to_bytes(32, "little")
        if pow(u**3 + 486662 * u**2 + u, (P - 1) // 2, P) == P - 1:
            return data
    raise AssertionError("half of all numbers are on the twist")


def test_a_holder_with_two_private_keys_cannot_choose_between_two_amounts() -> None:
    """The reason for refusing the twist: without it this attack succeeds."""
    first = (2**254 + 8 * 12345).to_bytes(32, "little")
    second = (8 * ORDER - int.from_bytes(first, "little")).to_bytes(32, "little")
    two = [X25519PrivateKey.from_private_bytes(key) for key in (first, second)]
    publics = {key.public_key().public_bytes_raw() for key in two}
    assert len(publics) == 1  # both will be accepted at the opening
    assert matches(write_private_key(first), write_token("v1.pub.", publics.pop()))
    honest = X25519PrivateKey.from_private_bytes(b"6" * 32).public_key()
    assert two[0].exchange(honest) == two[1].exchange(honest)
    twisted = _on_the_twist()
    point = X25519PublicKey.from_public_bytes(twisted)
    assert two[0].exchange(point) != two[1].exchange(point)
    box = write_token("v1.box.", twisted + bytes(80))
    assert open_box(box, KEYS, CONTEXT) == Unreadable("BAD_BOX_POINT")


def test_a_ciphertext_that_fits_two_keys_still_opens_with_one() -> None:
    """AES-GCM itself allows one ciphertext for two keys; the commitment says which key is meant."""
    other = replace(CONTEXT, bid_id="another")
    mine, theirs = check_box(a_box()), check_box(a_box(context=other))
    assert mine[:32] == theirs[:32]
    assert mine[32:64] != theirs[32:64]
    mixed = write_token("v1.box.", mine[:64] + theirs[64:])
    assert open_box(mixed, KEYS, CONTEXT) == Unreadable("BOX_ALTERED")
    assert open_box(mixed, KEYS, other) == Unreadable("BOX_FOREIGN")


def test_the_box_is_what_the_document_says() -> None:
    """Built by hand from docs/protocol/sealed-bids.md, with another HKDF."""
    import hmac

    own = X25519PrivateKey.from_private_bytes(b"1" * 32)
    mine = own.public_key().public_bytes_raw()
    holders = [check_public_key(key) for key in PUBLIC[:2]]
    tag = b"auction-engine/sealed-bid/v1"
    fields = [tag, b"7", b"1", b"B-001", CONTEXT.bid_id.encode(), b"2", *holders, mine]
    joined = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    binding = sha256(joined).digest()
    shared = b"".join(own.exchange(X25519PublicKey.from_public_bytes(key)) for key in holders)
    extracted = hmac.digest(binding, shared, "sha256")
    blocks = [b""]
    for number in (1, 2, 3):
        blocks.append(hmac.digest(extracted, blocks[-1] + tag + bytes([number]), "sha256"))
    plain = (5_000).to_bytes(8, "big") + b"2" * 24
    hidden = AESGCM(blocks[2]).encrypt(blocks[3][:12], plain, binding)
    assert check_box(a_box()) == mine + blocks[1] + hidden


@given(st.lists(st.binary() | st.text(alphabet="ab0", max_size=4) | st.integers(0, 300)))
def test_framing_can_be_undone(fields: list[bytes | str | int]) -> None:
    data, found = framed(*fields), []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    assert found == [f if isinstance(f, bytes) else str(f).encode() for f in fields]


def a_round() -> dict[str, Any]:
    second = replace(CONTEXT, bidder_code="B-002", bid_id="second")
    bids = [
        {
            "seq": 12,
            "bidder_code": "B-001",
            "bid_id": CONTEXT.bid_id,
            "box": a_box(),
            "amount_minor": 5_000,
        },
        {
            "seq": 14,
            "bidder_code": "B-002",
            "bid_id": "second",
            "box": a_box(6_000, second, b"3" * 32),
            "amount_minor": 6_000,
        },
        # The first bidder's box, handed in again by somebody else.
        {
            "seq": 15,
            "bidder_code": "B-003",
            "bid_id": "third",
            "box": a_box(),
            "amount_minor": None,
            "reason": "BOX_FOREIGN",
        },
    ]
    return {
        "format": FORMAT,
        "lot": 7,
        "round": 1,
        "public_keys": PUBLIC[:2],
        "private_keys": PRIVATE[:2],
        "bids": bids,
    }


def test_a_published_round_can_be_opened_again_by_anybody() -> None:
    assert check_round(json.loads(json.dumps(a_round()))) is None
    assert check_round({**a_round(), "bids": []}) is None


@named(
    ("path", "value", "code", "where"),
    [
        (["format"], "x", "BAD_RECORD", "format"),
        (["bids"], None, "BAD_RECORD", "bids"),
        (["private_keys"], "x", "BAD_RECORD", "private_keys"),
        (["lot"], 8, "WRONG_AMOUNT", "bids[0]"),
        (["lot"], None, "BAD_RECORD", "bids[0]"),
        (["round"], True, "BAD_RECORD", "bids[0]"),
        (["public_keys"], PUBLIC[:1], "KEY_COUNT", "public_keys"),
        (["public_keys"], [{}, []], "BAD_KEY_FORM", "public_keys"),
        (["public_keys"], PUBLIC, "KEY_MISSING", "private_keys"),
        (["private_keys"], [1, 2], "BAD_KEY_FORM", "private_keys"),
        (["private_keys"], PRIVATE[1:], "KEY_FOREIGN", "private_keys"),
        (["bids", 0], [], "BAD_RECORD", "bids[0]"),
        (["bids", 0, "seq"], 0, "BAD_RECORD", "bids[0]"),
        (["bids", 1, "seq"], 12, "WRONG_ORDER", "bids[1]"),
        (["bids", 0, "bidder_code"], None, "BAD_RECORD", "bids[0]"),
        (["bids", 0, "amount_minor"], 5_001, "WRONG_AMOUNT", "bids[0]"),
        (["bids", 0, "amount_minor"], 5_000.0, "WRONG_AMOUNT", "bids[0]"),
        (["bids", 0, "amount_minor"], None, "WRONG_AMOUNT", "bids[0]"),
        (["bids", 0, "box"], None, "WRONG_AMOUNT", "bids[0]"),
        (["bids", 0, "reason"], "BOX_ALTERED", "WRONG_REASON", "bids[0]"),
        (["bids", 2, "amount_minor"], 5_000, "WRONG_AMOUNT", "bids[2]"),
        (["bids", 2, "reason"], "BOX_ALTERED", "WRONG_REASON", "bids[2]"),
        (["bids", 2, "reason"], None, "WRONG_REASON", "bids[2]"),
    ],
    ids=str,
)
def test_the_first_thing_wrong_in_a_round_is_named(
    path: list[Any], value: object, code: str, where: str
) -> None:
    record = a_round()
    place: Any = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    fault = check_round(record)
    assert fault is not None
    assert (fault.code, fault.where) == (code, where)


def test_a_bid_counted_twice_is_found() -> None:
    record = a_round()
    record["bids"].append({**deepcopy(record["bids"][0]), "seq": 20})
    fault = check_round(record)
    assert fault is not None
    assert (fault.code, fault.where) == ("BID_TWICE", "bids[3]")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_what_is_no_round_never_raises(value: object) -> None:
    assert check_round(value) is not None
    record = {"format": FORMAT, "public_keys": value, "private_keys": value, "bids": value}
    assert check_round(record) is not None
    assert check_round({**a_round(), "bids": [value]}) is not None
