"""Drawing lots: fair, the same everywhere, and impossible to bend without it being seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.rules.draw import (
    Contribution,
    DrawError,
    Reveal,
    below,
    check_entropy,
    commitment,
    draw,
    read_seed,
    verify,
)
from auction_engine.rules.draw_record import FORMAT, check_draw
from auction_engine.rules.sealing_bytes import Fault

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "draw.json").read_text()
)
RECORD: dict[str, Any] = VECTORS["records"][0]["record"]
SEED = "0f" * 32
CODES = [f"B-{number:03d}" for number in range(1, 9)]

named = pytest.mark.parametrize
seeds = st.binary(min_size=32, max_size=32).map(bytes.hex)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
entrants = st.lists(names, min_size=2, max_size=12, unique=True)
contributions = st.lists(st.builds(Contribution, names, texts), max_size=3)


def seeded(number: int) -> str:
    return sha256(f"test {number}".encode()).hexdigest()


def quick(number: int, codes: Iterable[str]) -> tuple[str, ...]:
    return draw(7, 1, [Reveal("ORGANISATION", seeded(number))], [], codes)


def code_of(call: Any, *args: Any) -> str:
    with pytest.raises(DrawError) as caught:
        call(*args)
    return caught.value.code


@named("known", VECTORS["commitments"], ids=lambda known: f"{known['lot']} {known['holder']}")
def test_the_vectors_commitments_come_out(known: dict[str, Any]) -> None:
    known = dict(known)
    published = known.pop("commitment")
    assert commitment(**known) == published
    assert verify(published, **known)
    for change in ({"lot": 8}, {"round": 9}, {"holder": "OWNER"}, {"seed": SEED}, {"seed": "x"}):
        assert not verify(published, **(known | change))
    assert not verify("é", **known)
    assert not verify(published.upper(), **known)


@named("known", VECTORS["draws"], ids=lambda known: known["name"])
def test_the_vectors_draws_come_out(known: dict[str, Any]) -> None:
    reveals = [Reveal(**entry) for entry in known["reveals"]]
    added = [Contribution(**entry) for entry in known["contributions"]]
    order = draw(known["lot"], known["round"], reveals, added, known["entrants"])
    assert list(order) == known["order"]


@named("known", VECTORS["records"], ids=lambda known: known["name"])
def test_the_vectors_records_are_judged(known: dict[str, Any]) -> None:
    fault = check_draw(known["record"])
    found = fault and {"code": fault.code, "where": fault.where}
    assert found == known["fault"]


def test_the_draw_is_what_the_document_says() -> None:
    """Built by hand from docs/protocol/draw.md."""
    import hmac

    def framed(*fields: bytes) -> bytes:
        return b"".join(len(field).to_bytes(4, "big") + field for field in fields)

    tag, seed = b"auction-engine/draw/v1", bytes.fromhex(SEED)
    made = sha256(framed(tag, b"commitment", b"7", b"1", b"ORGANISATION", seed)).hexdigest()
    assert commitment(SEED, 7, 1, "ORGANISATION") == made
    fields = [b"draw", b"7", b"1", b"1", b"ORGANISATION", seed, b"1", b"B-9", b"hai", b"3"]
    key = hmac.digest(tag, framed(*fields, b"A", b"B", b"C"), "sha256")
    first, second = (hmac.digest(key, n.to_bytes(8, "big"), "sha256")[:8] for n in (0, 1))
    order = ["A", "B", "C"]
    at = int.from_bytes(first, "big") % 3
    order[2], order[at] = order[at], order[2]
    at = int.from_bytes(second, "big") % 2
    order[1], order[at] = order[at], order[1]
    added = [Contribution("B-9", "hai")]
    assert list(draw(7, 1, [Reveal("ORGANISATION", SEED)], added, "CAB")) == order


@given(seeds, seeds, contributions, entrants, st.randoms(use_true_random=False))
def test_everybody_has_one_place_whatever_order_they_came_in(
    first: str, second: str, added: list[Contribution], codes: list[str], mixer: Any
) -> None:
    reveals = [Reveal("ORGANISATION", first), Reveal("PROCURATOR", second)]
    order = draw(7, 1, reveals, added, codes)
    assert sorted(order) == sorted(codes)
    shuffled = codes[:]
    mixer.shuffle(shuffled)
    assert draw(7, 1, reveals, added, shuffled) == order


def test_everything_that_goes_in_changes_what_comes_out() -> None:
    codes = [f"B-{number:03d}" for number in range(30)]  # 30! orders: none comes twice by chance
    one, two = Reveal("ORGANISATION", SEED), Reveal("PROCURATOR", seeded(1))
    hello, there = Contribution("B-001", "hello"), Contribution("B-002", "there")
    draws = [
        draw(7, 1, [one, two], [hello, there], codes),
        draw(8, 1, [one, two], [hello, there], codes),
        draw(7, 2, [one, two], [hello, there], codes),
        draw(7, 1, [two, one], [hello, there], codes),
        draw(7, 1, [one], [hello, there], codes),
        draw(7, 1, [one, two._replace(seed=seeded(2))], [hello, there], codes),
        draw(7, 1, [one, two._replace(holder="OWNER")], [hello, there], codes),
        draw(7, 1, [one, two], [there, hello], codes),
        draw(7, 1, [one, two], [hello], codes),
        draw(7, 1, [one, two], [hello._replace(text="hell"), there], codes),
        draw(7, 1, [one, two], [hello, there._replace(bidder="B-003")], codes),
        draw(7, 1, [one, two], [Contribution("B-001", "hellothere")], codes),
        draw(7, 1, [one, two], [hello, there], [*codes[:-1], "B-999"])[:-1],
    ]
    assert len(set(draws)) == len(draws)


def chi_square(counts: Counter[Any], cells: int) -> float:
    expected = counts.total() / cells
    found = sum((n - expected) ** 2 / expected for n in counts.values())
    return found + (cells - len(counts)) * expected


# What chi-square exceeds once in a thousand times, by degrees of freedom.
ONE_IN_A_THOUSAND = {1: 10.83, 4: 18.47, 5: 20.52, 7: 24.32, 23: 49.73}


@named("entrants", [2, 5, 8])
def test_every_place_is_equally_likely_for_everyone(entrants: int) -> None:
    orders = [quick(number, CODES[:entrants]) for number in range(3_000)]
    for place in range(entrants):
        found = chi_square(Counter(order[place] for order in orders), entrants)
        assert found < ONE_IN_A_THOUSAND[entrants - 1], place


def test_every_order_is_equally_likely() -> None:
    orders = Counter(quick(number, CODES[:4]) for number in range(6_000))
    assert set(orders) == set(permutations(CODES[:4]))
    assert chi_square(orders, 24) < ONE_IN_A_THOUSAND[23]


def test_the_statistic_sees_a_careless_shuffle() -> None:
    """Swapping with any place instead of those left makes some orders of three likelier."""
    orders: Counter[tuple[str, ...]] = Counter()
    for number in range(3_000):
        codes = CODES[:3]
        for place, byte in enumerate(bytes.fromhex(seeded(number))[:3]):
            codes[place], codes[byte % 3] = codes[byte % 3], codes[place]
        orders[tuple(codes)] += 1
    assert chi_square(orders, 6) > 2 * ONE_IN_A_THOUSAND[5]


def test_who_contributes_last_without_the_seeds_gains_nothing() -> None:
    """The best of many contributions, judged with a guessed seed, wins no more often than any."""
    wins = 0
    for number in range(300):
        guess = [Reveal("ORGANISATION", seeded(-number - 1))]
        tries = ([Contribution("B-001", f"try {n}")] for n in range(20))
        best = next(t for t in tries if draw(7, 1, guess, t, CODES[:2])[0] == "B-001")
        wins += draw(7, 1, [Reveal("ORGANISATION", seeded(number))], best, CODES[:2])[0] == "B-001"
    assert chi_square(Counter({True: wins, False: 300 - wins}), 2) < ONE_IN_A_THOUSAND[1]


def test_numbers_that_would_make_some_results_likelier_are_passed_over() -> None:
    top = 2**64 - 1
    assert below(3, iter([top, 5, top])) == 2
    assert below(4, iter([top])) == 3
    assert below(6, iter([2**64 - 4, 2**64 - 5])) == (2**64 - 5) % 6
    assert below(1, iter([top])) == 0


@given(st.integers(1, 1_000), st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_an_index_is_in_its_bounds(bound: int, numbers: list[int]) -> None:
    assert 0 <= below(bound, iter([*numbers, 0])) < bound


@named("text", ["x", "đ" * 128, "x" * 256, "\n", "🎲" * 64])
def test_any_short_text_may_be_contributed(text: str) -> None:
    assert check_entropy(text) is text


@named("text", ["", "đ" * 129, "x" * 257, "\ud83c", None, 7, b"x"], ids=repr)
def test_other_contributions_are_refused(text: object) -> None:
    assert code_of(check_entropy, text) == "BAD_ENTROPY"


def test_what_cannot_be_drawn_is_refused() -> None:
    one = [Reveal("ORGANISATION", SEED)]
    assert code_of(draw, 7, 1, [], [], CODES) == "NOTHING_REVEALED"
    assert code_of(draw, 7, 1, one, [], ["B-001"]) == "BAD_ENTRANTS"
    assert code_of(draw, 7, 1, one, [], ["B-001", "B-001"]) == "BAD_ENTRANTS"
    assert code_of(draw, 7, 1, one, [], ["B-001", "B 2"]) == "BAD_NAME"
    assert code_of(draw, 7, 1, one, [], ["B-001", "Ê"]) == "BAD_NAME"
    assert code_of(draw, 0, 1, one, [], CODES) == "BAD_NUMBER"
    assert code_of(draw, 7, True, one, [], CODES) == "BAD_NUMBER"
    assert code_of(draw, 7, 1, [Reveal("", SEED)], [], CODES) == "BAD_NAME"
    assert code_of(draw, 7, 1, [Reveal("X", SEED[:-1])], [], CODES) == "BAD_SEED"
    assert code_of(draw, 7, 1, one, [Contribution("", "x")], CODES) == "BAD_NAME"
    assert code_of(draw, 7, 1, one, [Contribution("X", "")], CODES) == "BAD_ENTROPY"
    assert code_of(commitment, SEED, 7, 1, "a b") == "BAD_NAME"
    assert code_of(commitment, SEED, 7, 0, "X") == "BAD_NUMBER"
    assert code_of(commitment, SEED.upper(), 7, 1, "X") == "BAD_SEED"
    assert read_seed(SEED) == b"\x0f" * 32


def test_every_fault_a_record_can_have_is_among_the_vectors() -> None:
    promised = {
        word.strip(".,:;()")
        for word in (check_draw.__doc__ or "").split()
        if word.strip(".,:;()").replace("_", "").isupper() and "_" in word
    }
    reached = {known["fault"]["code"] for known in VECTORS["records"] if known["fault"]}
    assert promised == reached


def test_a_fault_has_a_sentence() -> None:
    assert check_draw({}) == Fault(
        "BAD_RECORD", "format", f"This is not a record of the form {FORMAT}."
    )


paths = [["reveals", 0], ["entrants", 1], ["contributions", 0, "text"], ["commitments", 1, "seq"]]


@given(
    st.sampled_from(paths + [[key] for key in RECORD]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
)
def test_a_bent_record_is_judged_and_never_raises(path: list[Any], value: object) -> None:
    record = json.loads(json.dumps(RECORD))
    place = record
    for step in path[:-1]:
        place = place[step]
    kind = type(place[path[-1]])
    place[path[-1]] = value
    fault = check_draw(record)
    if type(value) is not kind:
        assert fault is not None
    assert check_draw(value) is not None


def test_the_program_in_the_document_recomputes_every_good_record() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol" / "draw.md").read_text()
    program = text.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(program, names)
    for known in VECTORS["records"]:
        if known["fault"] is None:
            assert names["recompute"](known["record"]) == known["record"]["order"]
