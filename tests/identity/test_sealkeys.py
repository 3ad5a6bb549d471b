from __future__ import annotations

from auction_engine.identity.sealkeys import new_key_pair, new_seed, seal
from auction_engine.rules.draw import read_seed
from auction_engine.rules.sealing import Context, open_box
from auction_engine.rules.sealing_keys import check_public_keys, matches, opening_keys

CONTEXT = Context(7, 1, "B-001", "8f14e45f-ceea-467f-9575-0b1a1d2f3c4d")


def test_new_pairs_fit_together_and_differ() -> None:
    first, second = new_key_pair(), new_key_pair()
    assert matches(first.private, first.public)
    assert not matches(first.private, second.public)
    assert len(check_public_keys([first.public, second.public])) == 2


def test_a_pair_does_not_show_its_private_key() -> None:
    pair = new_key_pair()
    assert pair.private not in f"{pair} {pair!r}"
    assert pair.public in repr(pair)


def test_the_same_amount_is_sealed_anew_each_time() -> None:
    pairs = [new_key_pair(), new_key_pair()]
    publics = [pair.public for pair in pairs]
    boxes = [seal(1_000, publics, CONTEXT) for _ in range(3)]
    assert len(set(boxes)) == 3
    keys = opening_keys(publics, [pair.private for pair in pairs])
    assert [open_box(box, keys, CONTEXT) for box in boxes] == [1_000] * 3


def test_seeds_are_of_their_form_and_differ() -> None:
    seeds = {new_seed() for _ in range(3)}
    assert len(seeds) == 3
    assert all(len(read_seed(seed)) == 32 for seed in seeds)
