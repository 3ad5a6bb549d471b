"""What became of a message, told to its sender alone: whoever asks signs the question."""

from datetime import datetime
from typing import Any

from auction_engine.desk.intake import receiving, record
from auction_engine.desk.intake.receiptkey import Signer
from auction_engine.desk.intake.record import IntakeError, Sealer

ANSWER = "intake-answer+jws"


async def answer(
    connection: Any, vault: Sealer, signer: Signer, token: bytes, now: datetime
) -> str:
    """What became of a message, signed, for the sender who asks with a signed question of its own.

    Raises JwsError, IntakeError.
    """
    said = await receiving.understood(connection, token, signer.issuer, "about")
    receiving.in_time(said, now)
    row = None
    if isinstance(said.about, str):
        row = await connection.fetchrow(
            "SELECT i.id, i.kind, i.agency_id, i.year, i.n, i.received_at, i.answer_by, i.jti,"
            " d.kind AS decided, d.at, d.ground, d.reason, c.number AS case_number"
            " FROM intake_item i LEFT JOIN intake_decision d ON d.item_id = i.id"
            " LEFT JOIN enforcement_case c ON c.id = d.case_id"
            " WHERE i.sender_id = $1 AND i.jti = $2",
            said.trusted.sender.id,
            said.about[: receiving.MOST_JTI + 1],
        )
    if row is None:
        raise IntakeError("UNKNOWN", "Nothing of yours was received under this `jti`.")
    reason = row["reason"]
    return signer.sign(
        {
            "aud": said.trusted.sender.code,
            "jti": said.jti,
            "about": row["jti"],
            "kind": row["kind"],
            "agency": row["agency_id"],
            "order_number": record.order_number(row["year"], row["n"]),
            "received_at": row["received_at"].isoformat(timespec="milliseconds"),
            "answer_by": None if row["answer_by"] is None else row["answer_by"].isoformat(),
            "state": row["decided"] or "RECEIVED",
            "decided_at": None if row["at"] is None else row["at"].isoformat(timespec="seconds"),
            "ground": row["ground"],
            "reason": None
            if reason is None
            else vault.open(bytes(reason), record.context_of_reason(row["id"])).decode(),
            "case": row["case_number"],
        },
        ANSWER,
    )
