"""The statements of posting. Built from constants here, never from input."""

ENTRY_COLUMNS = {
    "book_id": "bigint",
    "kind": "text",
    "key": "text",
    "cause_kind": "text",
    "cause_id": "bigint",
    "cause_n": "bigint",
    "pending": "boolean",
    "resolves": "text",
    "reverses": "text",
    "note": "text",
    "legs": "int",
}
LEG_COLUMNS = {
    "entry": "int",
    "n": "smallint",
    "book_id": "bigint",
    "books": "text",
    "code": "text",
    "key": "text",
    "amount_minor": "bigint",
    "debit_side": "boolean",
    "overdrawn": "boolean",
    "hot": "boolean",
    "escrow": "boolean",
}


def _arrays(columns: dict[str, str], first: int) -> str:
    return ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(columns.values(), first))


_ENTRIES = _arrays(ENTRY_COLUMNS, 2)
_LEGS = _arrays(LEG_COLUMNS, 2 + len(ENTRY_COLUMNS))

# What cannot be seen yet (an account or a key another transaction is just making) leaves its entry
# out, and the caller looks again; nothing fails half-way. Transfers are inserted in the order of
# what they end and of their keys, in which concurrent calls wait for each other, but numbered in
# the order asked for.
POST = f"""
WITH leg AS MATERIALIZED (
    SELECT l.* FROM unnest({_LEGS}) AS l ({", ".join(LEG_COLUMNS)})
      JOIN book b ON b.id = l.book_id AND (l.books IS NULL OR l.books = b.kind)
), made AS (
    INSERT INTO money_account (book_id, code, key, debit_side, overdrawn, hot, escrow)
    SELECT DISTINCT l.book_id, l.code, l.key, l.debit_side, l.overdrawn, l.hot, l.escrow
      FROM leg l
     WHERE NOT EXISTS (SELECT FROM money_account a
                        WHERE a.book_id = l.book_id AND a.code = l.code AND a.key = l.key)
     ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING
    RETURNING id, book_id, code, key
), placed AS MATERIALIZED (
    SELECT l.entry, l.n, l.amount_minor, coalesce(a.id, made.id) AS account_id
      FROM leg l
      LEFT JOIN money_account a ON a.book_id = l.book_id AND a.code = l.code AND a.key = l.key
      LEFT JOIN made ON made.book_id = l.book_id AND made.code = l.code AND made.key = l.key
), asked AS MATERIALIZED (
    SELECT e.*, g.id AS ends
      FROM unnest({_ENTRIES}) WITH ORDINALITY AS e ({", ".join(ENTRY_COLUMNS)}, n)
      JOIN (SELECT entry, count(account_id) AS known FROM placed GROUP BY entry) AS p
        ON p.entry = e.n AND p.known = e.legs
      LEFT JOIN transfer g ON g.key = coalesce(e.resolves, e.reverses)
     WHERE (coalesce(e.resolves, e.reverses) IS NULL OR g.id IS NOT NULL)
       AND NOT EXISTS (SELECT FROM transfer t WHERE t.key = e.key)
     ORDER BY e.n
), numbered AS MATERIALIZED (
    SELECT nextval('transfer_id_seq') AS id, asked.* FROM asked
), done AS (
    INSERT INTO transfer (id, book_id, kind, key, cause_kind, cause_id, cause_n, pending,
                          resolves, reverses, booked_on, note)
    SELECT id, book_id, kind, key, cause_kind, cause_id, cause_n, pending,
           CASE WHEN resolves IS NOT NULL THEN ends END,
           CASE WHEN reverses IS NOT NULL THEN ends END,
           coalesce($1::date, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date), note
      FROM numbered ORDER BY ends NULLS FIRST, key
    ON CONFLICT DO NOTHING
    RETURNING id, key, at
), posted AS (
    INSERT INTO posting (transfer_id, n, account_id, amount_minor)
    SELECT done.id, placed.n, placed.account_id, placed.amount_minor
      FROM done JOIN numbered ON numbered.id = done.id JOIN placed ON placed.entry = numbered.n
)
SELECT id, key, at FROM done
"""  # noqa: S608

# One row for each asked key, recorded or not: the transfer, and the one it would end.
FOUND = """
SELECT t.id, t.at, t.book_id, t.kind, t.cause_kind, t.cause_id, t.cause_n, t.pending,
       r.key AS resolves, v.key AS reverses, legs.codes, legs.account_keys, legs.amounts,
       b.kind AS book_kind, g.pending AS target_pending, ended.key AS ended_by
  FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS e (key, ends, book_id, n)
  LEFT JOIN transfer t ON t.key = e.key
  LEFT JOIN transfer r ON r.id = t.resolves
  LEFT JOIN transfer v ON v.id = t.reverses
  LEFT JOIN LATERAL (
       SELECT array_agg(a.code) AS codes, array_agg(a.key) AS account_keys,
              array_agg(p.amount_minor) AS amounts
         FROM posting p CROSS JOIN LATERAL (
                  SELECT code, key FROM money_account WHERE id = p.account_id OFFSET 0) AS a
            WHERE p.transfer_id = t.id AND p.n > 0
       ) AS legs ON true
  LEFT JOIN book b ON b.id = e.book_id
  LEFT JOIN transfer g ON g.key = e.ends
  LEFT JOIN transfer ended ON coalesce(ended.resolves, ended.reverses) = g.id
 ORDER BY e.n
"""
