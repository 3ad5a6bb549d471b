"""Oversight for programs: warrants, findings and complaints, as on the procurator's pages."""

from typing import Any, cast

from starlette.responses import Response

from auction_engine.desk.complaints import reading as complaints
from auction_engine.desk.oversight import findings, findings_reading, record, warrants
from auction_engine.desk.oversight.findings_reading import Whole
from auction_engine.desk.oversight.warrants import Given, Warrant
from auction_engine.http import models_oversight as shape
from auction_engine.http.afterwards import complaint_told
from auction_engine.http.desk_json import PRIVATE, body_of, telling
from auction_engine.http.oversight import finding, now, warranting
from auction_engine.http.oversight.seat import Seat, SeatHandler
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

# --- warrants -------------------------------------------------------------------------------


def _warrant(seat: Seat, one: Warrant) -> dict[str, Any]:
    return {
        "id": one.id, "number": one.number, "authority": one.authority,
        "issued_on": one.issued_on.isoformat(), "valid_from": one.valid_from.isoformat(),
        "valid_until": one.valid_until.isoformat(), "at": seat.words.iso(one.at),
        "ended_at": None if one.ended_at is None else seat.words.iso(one.ended_at),
        "state": one.state(record.today()), "lots": list(one.lots), "readings": one.readings,
    }  # fmt: skip


async def oversight_warrants(seat: Seat) -> Response:
    """GET /api/oversight/warrants: one's own."""
    found = await warrants.of_account(seat.connection, seat.account)
    return json_answer({"warrants": [_warrant(seat, one) for one in found]}, headers=PRIVATE)


async def record_warrant(seat: Seat) -> Response:
    """POST /api/oversight/warrants: on record; nobody of the house is told."""
    said, today = body_of(seat.ask, shape.NewWarrant), record.today()
    given = Given(
        said.key, said.number, said.authority, said.issued_on, said.valid_from, said.valid_until,
        said.reason, tuple(sorted(set(said.lots))),
    )  # fmt: skip
    made = await warrants.write(seat.connection, seat.web.vault, seat.account, given, today)
    return await _whole_warrant(seat, made, 201)


async def _whole_warrant(seat: Seat, number: int, status: int = 200) -> Response:
    found = await warrants.one(seat.connection, number, seat.account)
    if found is None:
        raise Problem(404, "NOT_FOUND")
    told = _warrant(seat, found) | {
        "reason": await warrants.reason_of(seat.connection, seat.web.vault, found.id),
        "read": [
            {"at": seat.words.iso(one.at), "lot": one.lot, "code": one.code}
            for one in await warrants.readings(seat.connection, found.id)
        ],
    }
    return json_answer(told, status, PRIVATE)


async def oversight_warrant(seat: Seat) -> Response:
    """GET /api/oversight/warrants/{warrant}: what it says, and what was read by it."""
    return await _whole_warrant(seat, seat.number("warrant"))


async def end_warrant(seat: Seat) -> Response:
    """POST /api/oversight/warrants/{warrant}/end: before its last day; twice is once."""
    found, said = await warranting.own_warrant(seat), body_of(seat.ask, shape.WarrantEnd)
    await warrants.end(seat.connection, seat.web.vault, found.id, seat.account, said.reason)
    return await _whole_warrant(seat, found.id)


async def warrant_identities(seat: Seat) -> Response:
    """GET /api/oversight/warrants/{warrant}/lots/{lot}: who they are; leaves a record."""
    number, lot = seat.number("warrant"), seat.number("lot")
    people = await warrants.identities(seat.connection, seat.web.vault, number, seat.account, lot)
    told = {"lot": lot, "people": [one._asdict() for one in people]}
    return json_answer(told, headers=PRIVATE)


# --- findings -------------------------------------------------------------------------------


def _told(seat: Seat, found: Whole, status: int = 200) -> Response:
    turns = [
        {
            "n": one.n, "at": seat.words.iso(one.at), "kind": one.kind, "text": one.text,
            "answer_by": None if one.answer_by is None else one.answer_by.isoformat(),
        }
        for one in found.turns
    ]  # fmt: skip
    told = finding.told(seat, found.head) | {"text": found.text, "turns": turns}
    return json_answer(told, status, PRIVATE)


async def send_finding(seat: Seat) -> Response:
    """POST /api/oversight/findings: recorded and sent; the same key again is the same one."""
    said = body_of(seat.ask, shape.NewFinding)
    given = findings.Given(
        said.key, said.kind, said.side, said.session, said.lot, said.seq, said.articles, said.text,
        said.working_days,
    )  # fmt: skip
    findings.check(given)
    pack = await finding.pack_of(seat, given)
    made = await findings.send(
        seat.connection, seat.web.vault, seat.account, given, pack, record.today()
    )
    found = await findings_reading.whole(seat.connection, seat.web.vault, made)
    assert found is not None
    return _told(seat, found, 201)


async def one_finding(seat: Seat) -> Response:
    """GET …/findings/{finding}: its text, and what was answered."""
    return _told(seat, await finding.named(seat))


async def act_on_finding(seat: Seat) -> Response:
    """POST /api/oversight/findings/{finding}/act: enough, not enough, or withdrawn."""
    said = body_of(seat.ask, shape.FindingAct)
    return await _act(seat, said.kind, said.text, said.working_days)


async def answer_finding(seat: Seat) -> Response:
    """POST …/findings/{finding}/answer: what the body answers."""
    return await _act(seat, "ANSWERED", body_of(seat.ask, shape.FindingAnswer).text, None)


async def _act(
    seat: Seat, kind: findings_reading.State, text: str, working_days: int | None
) -> Response:
    """The very same act sent again is answered with what it did the first time."""
    found = await finding.named(seat)
    try:
        await findings.act(
            seat.connection, seat.web.vault, found.head.id, seat.account, kind, text, working_days,
            record.today(),
        )  # fmt: skip
    except record.OversightError as refused:
        again = await finding.named(seat)
        last = again.turns[-1]
        if refused.code != "WRONG_STATE" or (last.kind, last.text) != (kind, text.strip()):
            raise
    return _told(seat, await finding.named(seat))


# --- complaints -----------------------------------------------------------------------------


async def overseen_complaints(seat: Seat) -> Response:
    """GET /api/oversight/complaints: every complaint, the most urgent on top."""
    heads = await complaints.of_all(seat.connection)
    told = [complaint_told.head(seat, one) for one in heads]
    return json_answer({"complaints": told}, headers=PRIVATE)


async def overseen_complaint(seat: Seat) -> Response:
    """GET /api/oversight/complaints/{complaint}: its course and grounds, not who filed it."""
    found = await now.read_complaint(seat)
    return json_answer(await complaint_told.whole(seat, found, papers=False), headers=PRIVATE)


def told(handler: SeatHandler, name: str | None = None) -> SeatHandler:
    """`handler` with its refusals as JSON."""
    return cast(SeatHandler, telling(handler, name))
