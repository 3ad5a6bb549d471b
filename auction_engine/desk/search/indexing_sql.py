"""The statements of the index: what is behind, what a lot is made of, how a row is written."""

_COLUMNS = (
    ("lot_id", "bigint"), ("session_id", "bigint"), ("seq", "int"), ("notice", "int"),
    ("kind", "text"), ("province", "text"), ("state", "text"), ("method", "text"),
    ("status", "text"), ("failure", "text"), ("currency", "text"), ("starting_minor", "bigint"),
    ("price_minor", "bigint"), ("deposit_minor", "bigint"), ("bids", "int"),
    ("opens_ms", "bigint"), ("closes_ms", "bigint"), ("registration_ms", "bigint"),
    ("ended_ms", "bigint"), ("place", "bigint"), ("card", "jsonb"), ("words", "tsvector"),
)  # fmt: skip
# Written anew with every row; what is long only when the description has changed.
_LONG = ("card", "words")
NAMES = [name for name, _ in _COLUMNS]
_SHORT = [name for name in NAMES[1:] if name not in _LONG]
PUT = (  # built from the constants above, never from input
    f"INSERT INTO lot_search ({', '.join(NAMES)}, listed_ms)"  # noqa: S608
    " SELECT *, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM unnest("
    + ", ".join(f"${n}::text[]" if k == "tsvector" else f"${n}::{k}[]"
                for n, (_, k) in enumerate(_COLUMNS, 1))
    + ")"
)  # fmt: skip
CONFLICT = (
    " ON CONFLICT (lot_id) DO UPDATE SET updated_at = now(), "
    + ", ".join(f"{name} = excluded.{name}" for name in NAMES[1:])
    + " WHERE (lot_search.seq, lot_search.notice) < (excluded.seq, excluded.notice)"
)
MOVE = (
    "UPDATE lot_search s SET updated_at = now(), "  # noqa: S608
    + ", ".join(f"{name} = v.{name}" for name in _SHORT)
    + " FROM unnest("
    + ", ".join(
        f"${n}::{kind}[]" for n, (_, kind) in enumerate(
            [column for column in _COLUMNS if column[0] not in _LONG], 1)
    )
    + f") AS v({', '.join(name for name in NAMES if name not in _LONG)})"
    " WHERE s.lot_id = v.lot_id AND s.seq < v.seq"
)  # fmt: skip
BEHIND = """
    SELECT h.lot_id FROM lot_head h LEFT JOIN lot_search s USING (lot_id)
     WHERE h.lot_id > $1 AND s.seq IS DISTINCT FROM h.seq AND h.status <> ALL($2::text[])
     ORDER BY h.lot_id LIMIT $3
"""
# Whoever publishes a notice anew says so in the lot's row (`notices.publish`).
RENEWED = "SELECT lot_id FROM lot_search WHERE notice = 0 LIMIT $1"
DESCRIBED = """
    SELECT l.id, l.content, a.id AS session_id, a.organisation, a.agency, a.demo,
           s.seq, s.notice, s.state, s.ended_ms,
           v.n AS newest, v.terms
      FROM lot l JOIN auction_session a ON a.id = l.session_id AND NOT a.practice
      LEFT JOIN lot_search s ON s.lot_id = l.id
      LEFT JOIN LATERAL (
        SELECT n, body -> 'terms' AS terms FROM notice_version
         WHERE lot_id = l.id ORDER BY n DESC LIMIT 1) v ON true
     WHERE l.id = ANY($1::bigint[])
"""
ENDED = """
    SELECT body FROM journal WHERE lot_id = $1
     ORDER BY (kind = 'lot.closed') DESC, seq DESC LIMIT 1
"""
SELECTED = ", ".join(f"{n}::tsvector" if k == "tsvector" else n for n, k in _COLUMNS)
