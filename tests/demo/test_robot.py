"""The robots' minds: pure decisions, checked over many draws of chance."""

import random
from dataclasses import replace

import pytest

from auction_engine.demo.robot import SNIPE_MS, Character, Intent, Sight, decide

START, STEP = 1_000_000, 10_000
OPENS, CLOSES = 1_000_000_000, 1_000_600_000
DRAWS = range(300)

KEEN = Character(valuation_minor=1_500_000, pace_s=6.0, keenness=1.0, jumpiness=0.0, slips=0.0)
FRESH = Sight(
    starting_price_minor=START, increment_minor=STEP, minimum_minor=START, start_ms=OPENS,
    end_ms=CLOSES, leading=False, person_leads=False,
)  # fmt: skip


def draws(who: Character, sight: Sight, now_ms: int) -> list[Intent]:
    found = [decide(who, sight, now_ms, random.Random(seed)) for seed in DRAWS]
    assert all(intent is not None for intent in found)
    return [intent for intent in found if intent is not None]


def test_same_chance_gives_the_same_act():
    now = OPENS + 300_000
    assert [decide(KEEN, FRESH, now, random.Random(s)) for s in DRAWS] == [
        decide(KEEN, FRESH, now, random.Random(s)) for s in DRAWS
    ]


@pytest.mark.parametrize(
    "sight",
    [
        replace(FRESH, minimum_minor=None),
        replace(FRESH, leading=True),
        replace(FRESH, minimum_minor=KEEN.valuation_minor + 1),
    ],
    ids=["closed", "leading", "beyond its valuation"],
)
def test_nothing_to_do(sight):
    for now in (OPENS, CLOSES - 10_000):
        assert decide(KEEN, sight, now, random.Random(1)) is None


def test_nothing_to_do_after_the_end():
    assert decide(KEEN, FRESH, CLOSES, random.Random(1)) is None


def test_first_bid_is_the_starting_price_after_a_human_pause():
    intents = draws(KEEN, FRESH, OPENS + 1_000)
    assert {intent.amount_minor for intent in intents} == {START}
    pauses = [intent.at_ms - OPENS - 1_000 for intent in intents]
    assert min(pauses) >= 1_000
    assert len(set(pauses)) > 200
    assert 3_000 < sorted(pauses)[len(pauses) // 2] < 12_000


def test_waits_for_the_opening():
    for intent in draws(KEEN, FRESH, OPENS - 60_000):
        assert intent.amount_minor is None
        assert intent.at_ms > OPENS


@pytest.mark.parametrize("left_ms", [600_000, 200_000, 40_000, 15_000, 3_000])
@pytest.mark.parametrize("jumpiness", [0.0, 1.0])
def test_never_beyond_its_valuation_nor_below_the_minimum(left_ms, jumpiness):
    who = replace(KEEN, jumpiness=jumpiness)
    for minimum in range(START, who.valuation_minor + 1, 70_000):
        sight = replace(FRESH, minimum_minor=minimum)
        for intent in draws(who, sight, CLOSES - left_ms):
            if intent.amount_minor is not None:
                assert minimum <= intent.amount_minor <= who.valuation_minor
                assert (intent.amount_minor - minimum) % STEP == 0


def test_interest_grows_towards_the_end():
    sight = replace(FRESH, minimum_minor=START + 300_000)
    early = draws(KEEN, sight, OPENS + 60_000)
    late = draws(KEEN, sight, CLOSES - 60_000)
    assert {intent.amount_minor for intent in early} == {None}
    assert all(intent.amount_minor is not None for intent in late)


def test_a_person_who_leads_is_answered_earlier():
    sight = replace(FRESH, minimum_minor=START + 150_000)
    now = OPENS + 90_000
    assert all(intent.amount_minor is None for intent in draws(KEEN, sight, now))
    answers = draws(KEEN, replace(sight, person_leads=True), now)
    assert all(intent.amount_minor is not None for intent in answers)
    assert min(intent.at_ms - now for intent in answers) >= 1_000


def test_a_sniper_keeps_still_until_the_end_is_near():
    sniper = replace(KEEN, sniper=True)
    for intent in draws(sniper, FRESH, OPENS + 1_000):
        assert intent.amount_minor is None
        assert CLOSES - SNIPE_MS <= intent.at_ms < CLOSES
    for intent in draws(sniper, FRESH, CLOSES - 15_000):
        assert intent.amount_minor == START
        assert intent.at_ms < CLOSES


def test_near_the_end_nobody_thinks_past_it():
    for left_ms in (39_000, 20_000, 8_000, 4_000):
        for intent in draws(KEEN, FRESH, CLOSES - left_ms):
            assert intent.at_ms < CLOSES


def test_jumpers_skip_steps_now_and_then():
    now = CLOSES - 60_000
    jumps = {i.amount_minor for i in draws(replace(KEEN, jumpiness=0.5), FRESH, now)}
    assert START in jumps
    assert {START + STEP, START + 2 * STEP, START + 5 * STEP} <= jumps
    # A jump never goes beyond what it would pay.
    tight = replace(KEEN, jumpiness=1.0, valuation_minor=START + 2 * STEP)
    assert max(i.amount_minor or 0 for i in draws(tight, FRESH, now)) == START + 2 * STEP


def test_slips_are_sent_blindly_and_some_of_them_too_late():
    who = replace(KEEN, slips=0.3)
    for now, late in ((OPENS + 10_000, False), (CLOSES - 10_000, True)):
        intents = draws(who, FRESH, now)
        blind = [intent for intent in intents if intent.blind]
        assert 0.2 < len(blind) / len(intents) < 0.4
        assert all((intent.at_ms > CLOSES) is late for intent in blind)
