"""A session as its console shows it: each lot with its bids, people, refusals and open acts."""

from typing import Any, NamedTuple

import orjson

from auction_engine.http import acting_panel
from auction_engine.http.acting_people import colleagues, fetch
from auction_engine.http.pages import row_of
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web
from auction_engine.live.presence import Here
from auction_engine.live.views import LotView

# In the order of their buttons; what else is open stands on the lot's own page.
URGENT = (
    "pause", "resume", "report_incident", "announce", "disqualify", "postpone", "reschedule",
    "note_refused_signature",
)  # fmt: skip
# The key of each, as the list of keys says it.
KEYS = {"pause": "s", "resume": "g", "report_incident": "i", "announce": "w", "disqualify": "x"}
_BIDS = 6
_TURNS = 4
_LOTS = (
    "SELECT l.id, s.title FROM lot l JOIN auction_session s ON s.id = l.session_id"
    " WHERE s.id = $1 ORDER BY l.position, l.id"
)
_ENDED = (
    "ANNOUNCED", "RUNNER_UP_OFFERED", "AWAIT_PAYMENT", "PAYMENT_DEFAULT", "PAID", "DELIVERED",
    "TITLE_FILED", "PROCEEDS_DISTRIBUTED", "CLOSED", "FAILED", "STOPPED", "RESCINDED",
    "RESCINDED_BY_BUYER", "PRICE_CUT", "IN_KIND_OFFER", "TAKEN_BY_CREDITOR", "RETURNED_BLOCKED",
    "ANNULLED",
)  # fmt: skip


class Board(NamedTuple):
    """A session's lots that have a file, in order."""

    session: int
    title: dict[str, str]
    rows: list[dict[str, Any]]

    def next_end_ms(self) -> int | None:
        """When the next lot closes by its clock."""
        ends = [
            row["state"]["end_ms"]
            for row in self.rows
            if row["state"]["phase"] == "open" and row["state"]["end_ms"] is not None
        ]
        return min(ends, default=None)


def session_of(ask: Ask) -> int:
    """The session in the address. Raises Problem 404."""
    number = ask.request.path_params["session"]
    if not 0 < number < 2**53:
        raise Problem(404, "UNKNOWN_SESSION")
    return int(number)


async def board(web: Web, ask: Ask) -> Board:
    """The session of the address as its console shows it. Raises Problem 404."""
    session = session_of(ask)
    found = await web.storage.ledger(fetch(web, _LOTS, session))
    if not found:
        raise Problem(404, "UNKNOWN_SESSION")
    people = await colleagues(web, ask)
    here = await web.here([one["id"] for one in found])
    rows = []
    for one in found:
        seen = await web.view(one["id"])
        if seen is not None:
            rows.append(_row(web, ask, *seen, people, here[one["id"]]))
    return Board(session, orjson.loads(found[0]["title"]), rows)


def _row(
    web: Web, ask: Ask, lot: dict[str, Any], view: LotView, people: dict[int, str], here: Here
) -> dict[str, Any]:
    state = view.state
    assert state is not None
    assert ask.viewer is not None
    words = web.presenter.life_words(ask.lang, lot)
    public = view.snapshot(None)
    acts = {one.act for one in acting_panel.acts_of(web, ask, view)}
    life = state.life
    return {
        **row_of(web, lot, view),
        "status": state.status,
        "snapshot": public,
        "present": {
            "here": here.bidders,
            "entered": len(life.present),
            "admitted": len(state.admitted) - len(life.out),
            "watching": here.connections,
        },
        "refusals": sorted(view.refusals.items(), key=lambda one: (-one[1], one[0])),
        "bids": [{"void": False, **bid} for bid in public["bids"][:_BIDS]],
        "turns": [_turn(words, turn) for turn in public["turns"][:_TURNS]],
        "acts": [name for name in URGENT if name in acts],
        "more": len(acts - set(URGENT)),
        "closes": may_close(view, ask.viewer.account),
        "minutes": state.status in _ENDED and state.params.terms is not None,
        "incident": life.ground == "INCIDENT",
        "choices": () if state.params.terms is None else state.params.terms.incident_choices,
        "auctioneer": people.get(life.auctioneer or 0),
        "mine": life.auctioneer in (None, ask.viewer.account),
    }


def _turn(words: Any, turn: dict[str, Any]) -> dict[str, Any]:
    """A turn in words, with what people said about it."""
    said = [turn[name] for name in ("what", "reason") if turn.get(name)]
    return {"seq": turn["seq"], "at_ms": turn["at_ms"], "text": words.turn(turn), "said": said}


def may_close(view: LotView, account: int) -> bool:
    """Whether the account ends the bidding by hand now."""
    state = view.state
    return (
        state is not None
        and state.params.closed_by == "AUCTIONEER"
        and state.status == "RUNNING"
        and state.life.auctioneer in (None, account)
    )


def told(found: Board) -> dict[str, Any]:
    """The board for programs and for the console's script."""
    lots = []
    for row in found.rows:
        refusals = dict(row["refusals"])
        lots.append(
            {
                "lot": row["lot"]["id"],
                "status": row["status"],
                "seq": row["snapshot"]["seq"],
                "state": row["state"],
                "present": row["present"],
                "refusals": refusals,
                "acts": [*row["acts"], *(["close"] if row["closes"] else [])],
                "more": row["more"],
                "minutes": row["minutes"],
                "auctioneer": row["auctioneer"],
            }
        )
    return {"session": found.session, "next_end_ms": found.next_end_ms(), "lots": lots}
