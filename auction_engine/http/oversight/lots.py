"""/oversight/lots/{lot}: a lot's whole record, to read and to take away."""

from starlette.responses import Response

from auction_engine.desk.complaints import holding
from auction_engine.desk.complaints import reading as complaints
from auction_engine.desk.oversight import findings_reading, lot_record, record, watching
from auction_engine.http.oversight.seat import Seat
from auction_engine.http.problems import Problem
from auction_engine.http.web import json_answer

_MOST_SEQ = 2**31 - 1


async def page(seat: Seat) -> Response:
    """GET /oversight/lots/{lot}: every entry, refusals too; counts, complaints, findings."""
    lot, view = await seat.any_lot()
    assert view.state is not None
    before = min(seat.query_number("before") or _MOST_SEQ, _MOST_SEQ)
    return seat.page(
        "lot.html",
        lot=lot,
        state=view.public_state(),
        lot_status=view.state.status,
        refused=view.state.refused,
        record=await lot_record.page(seat.connection, view.lot, view.state, before),
        newest=before == _MOST_SEQ,
        counts=await watching.counts(seat.connection, view.lot),
        complaints=await complaints.of_lot(seat.connection, view.lot),
        findings=await findings_reading.of_lot(seat.connection, view.lot),
        waits=await holding.all_waiting(seat.connection, view.lot),
        holds=view.state.life.holds,
        today=record.today(),
    )


async def lot_record_export(seat: Seat) -> Response:
    """GET /api/oversight/lots/{lot}/record: the whole record with its seals."""
    number = seat.number("lot")
    told = await lot_record.export(seat.connection, number)
    if told is None:
        raise Problem(404, "UNKNOWN_LOT")
    name = f"lot-{number}-record.json"
    return json_answer(
        told | {"made_ms": seat.web.now_ms()},
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
