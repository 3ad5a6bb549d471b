"""What the steps into a room say is true of the lot they are said of."""

from __future__ import annotations

import pytest

from auction_engine.desk.admission.standing import standing
from auction_engine.rules.events import LotListed, LotOpened
from auction_engine.rules.machine import apply
from auction_engine.rules.params import LotParams
from auction_engine.rules.terms import Terms

START_MS, END_MS = 1_000_000, 2_000_000


@pytest.mark.parametrize("opened", [False, True])
def test_a_lot_without_dossiers_does_not_speak_of_one(opened: bool) -> None:
    terms = Terms(deposit_minor=500, deposits="RECORDED")
    params = LotParams("VND", 0, 5_000, 100, START_MS, END_MS, terms=terms)
    state = apply(None, LotListed(params))
    if opened:
        state = apply(state, LotOpened())
    stands = standing(state, START_MS + 1 if opened else 0, "BIDDER", 7, None)
    assert stands.window == "NONE"
    steps = {step.code: step for step in stands.steps}
    assert set(steps) == {"SIGN_IN", "DEPOSIT", "ROOM"}
    assert (steps["DEPOSIT"].place, steps["DEPOSIT"].text) == ("LATER", "ENTERED")


def test_where_dossiers_are_taken_the_reference_comes_with_one() -> None:
    terms = Terms(
        deposit_minor=500, deposits="RECORDED",
        registration_open_ms=1_000, registration_close_ms=500_000,
    )  # fmt: skip
    state = apply(None, LotListed(LotParams("VND", 0, 5_000, 100, START_MS, END_MS, terms=terms)))
    steps = {s.code: s.text for s in standing(state, 2_000, "BIDDER", 7, None).steps}
    assert (steps["DOSSIER"], steps["DEPOSIT"]) == ("NONE", "AFTER")
