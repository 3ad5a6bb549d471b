"""What must hold in the books, each as a query for the first row that breaks it.

Each gives `name` of the row, and `expected` and `found` where there is something to compare.
"""

# The held leg of a pending transfer is its one credit.
_HOLDS = "transfer h JOIN posting held ON held.transfer_id = h.id AND held.amount_minor < 0"

CHECKS: tuple[tuple[str, str], ...] = (
    (
        "the transfer is missing: there are postings of it",
        """
        SELECT 'transfer ' || p.transfer_id AS name, NULL AS expected, NULL AS found
          FROM posting p WHERE NOT EXISTS (SELECT FROM transfer t WHERE t.id = p.transfer_id)
         ORDER BY p.transfer_id LIMIT 1
        """,
    ),
    (
        "it has fewer than two postings",
        """
        SELECT 'transfer ' || t.id AS name, NULL AS expected, NULL AS found
          FROM transfer t LEFT JOIN posting p ON p.transfer_id = t.id
         GROUP BY t.id HAVING count(p.n) < 2 ORDER BY t.id LIMIT 1
        """,
    ),
    (
        "its debits and credits differ",
        """
        SELECT 'transfer ' || transfer_id AS name, '0' AS expected, sum(amount_minor) AS found
          FROM posting GROUP BY transfer_id HAVING sum(amount_minor) <> 0
         ORDER BY transfer_id LIMIT 1
        """,
    ),
    (
        "it posts to an account that does not exist, or of another book",
        """
        SELECT 'transfer ' || t.id AS name, 'book ' || t.book_id AS expected,
               coalesce('book ' || a.book_id, 'none') AS found
          FROM transfer t JOIN posting p ON p.transfer_id = t.id
          LEFT JOIN money_account a ON a.id = p.account_id
         WHERE a.book_id IS DISTINCT FROM t.book_id ORDER BY t.id LIMIT 1
        """,
    ),
    (
        "the escrow accounts in it do not sum to zero",
        """
        SELECT 'transfer ' || p.transfer_id AS name, '0' AS expected, sum(p.amount_minor) AS found
          FROM posting p JOIN money_account a ON a.id = p.account_id AND a.escrow
         GROUP BY p.transfer_id HAVING sum(p.amount_minor) <> 0 ORDER BY p.transfer_id LIMIT 1
        """,
    ),
    (
        "it is pending and has not exactly one credit",
        """
        SELECT 'transfer ' || t.id AS name, '1' AS expected, count(p.n) AS found
          FROM transfer t LEFT JOIN posting p ON p.transfer_id = t.id AND p.amount_minor < 0
         WHERE t.pending GROUP BY t.id HAVING count(p.n) <> 1 ORDER BY t.id LIMIT 1
        """,
    ),
    (
        "it ends a transfer that another has ended before",
        """
        SELECT 'transfer ' || id AS name, NULL AS expected, NULL AS found FROM (
            SELECT id, row_number() OVER (
                       PARTITION BY coalesce(resolves, reverses) ORDER BY id) AS place
              FROM transfer WHERE coalesce(resolves, reverses) IS NOT NULL) AS ends
         WHERE place > 1 ORDER BY id LIMIT 1
        """,
    ),
    (
        "it does not take all that a pending transfer of its book holds",
        f"""
        SELECT 'transfer ' || t.id AS name, NULL AS expected, NULL AS found
          FROM transfer t
         WHERE t.resolves IS NOT NULL AND NOT EXISTS (
               SELECT FROM {_HOLDS}
                 JOIN posting p ON p.transfer_id = t.id AND p.account_id = held.account_id
                      AND p.amount_minor = -held.amount_minor
                WHERE h.id = t.resolves AND h.pending AND h.book_id = t.book_id)
         ORDER BY t.id LIMIT 1
        """,  # noqa: S608
    ),
    (
        "it is not the exact opposite of the transfer it reverses",
        """
        SELECT 'transfer ' || t.id AS name, NULL AS expected, NULL AS found
          FROM transfer t LEFT JOIN transfer r ON r.id = t.reverses
         WHERE t.reverses IS NOT NULL
           AND (t.pending OR r.id IS NULL OR r.book_id <> t.book_id
                OR coalesce(r.resolves, r.reverses) IS NOT NULL
                OR EXISTS (
                   (SELECT account_id, amount_minor FROM posting WHERE transfer_id = t.id
                    EXCEPT SELECT account_id, -amount_minor FROM posting WHERE transfer_id = r.id)
                   UNION ALL
                   (SELECT account_id, -amount_minor FROM posting WHERE transfer_id = r.id
                    EXCEPT SELECT account_id, amount_minor FROM posting WHERE transfer_id = t.id)))
         ORDER BY t.id LIMIT 1
        """,
    ),
    (
        "the journal has no entry that caused it",
        """
        SELECT 'transfer ' || t.id AS name,
               'lot ' || t.cause_id || ', entry ' || t.cause_n AS expected, NULL AS found
          FROM transfer t LEFT JOIN journal j ON j.lot_id = t.cause_id AND j.seq = t.cause_n
         WHERE t.cause_kind = 'JOURNAL' AND j.lot_id IS NULL ORDER BY t.id LIMIT 1
        """,
    ),
    (
        "its balance is not the sum of its postings",
        """
        SELECT 'account ' || id || coalesce(' ' || a.code || '[' || a.key || ']', '') AS name,
               coalesce(p.total, 0) AS expected, coalesce(b.total, 0) AS found
          FROM (SELECT account_id AS id, sum(amount_minor) AS total
                  FROM posting GROUP BY account_id) AS p
          FULL JOIN (SELECT account_id AS id, sum(amount_minor) AS total
                       FROM balance GROUP BY account_id) AS b USING (id)
          LEFT JOIN money_account a USING (id)
         WHERE coalesce(p.total, 0) <> coalesce(b.total, 0) ORDER BY id LIMIT 1
        """,
    ),
    (
        "what is held of it is not what pending transfers hold",
        f"""
        SELECT 'account ' || id || coalesce(' ' || a.code || '[' || a.key || ']', '') AS name,
               coalesce(p.total, 0) AS expected, coalesce(b.total, 0) AS found
          FROM (SELECT held.account_id AS id, -sum(held.amount_minor) AS total FROM {_HOLDS}
                 WHERE h.pending AND NOT EXISTS (
                       SELECT FROM transfer e WHERE coalesce(e.resolves, e.reverses) = h.id)
                 GROUP BY held.account_id) AS p
          FULL JOIN (SELECT account_id AS id, sum(held_minor) AS total
                       FROM balance GROUP BY account_id) AS b USING (id)
          LEFT JOIN money_account a USING (id)
         WHERE coalesce(p.total, 0) <> coalesce(b.total, 0) ORDER BY id LIMIT 1
        """,  # noqa: S608
    ),
    (
        "less is there than is held of it",
        """
        SELECT 'account ' || a.id || ' ' || a.code || '[' || a.key || ']' AS name,
               'at least ' || sum(b.held_minor) AS expected,
               sum(b.amount_minor) * CASE WHEN a.debit_side THEN 1 ELSE -1 END AS found
          FROM money_account a JOIN balance b ON b.account_id = a.id
         WHERE NOT a.hot AND NOT a.overdrawn GROUP BY a.id
        HAVING sum(b.amount_minor) * CASE WHEN a.debit_side THEN 1 ELSE -1 END < sum(b.held_minor)
         ORDER BY a.id LIMIT 1
        """,
    ),
    (
        "the money in escrow is not what is owed of it",
        """
        SELECT 'book ' || a.book_id AS name,
               -sum(b.amount_minor) FILTER (WHERE NOT a.debit_side) AS expected,
               sum(b.amount_minor) FILTER (WHERE a.debit_side) AS found
          FROM money_account a JOIN balance b ON b.account_id = a.id
         WHERE a.escrow GROUP BY a.book_id HAVING sum(b.amount_minor) <> 0
         ORDER BY a.book_id LIMIT 1
        """,
    ),
)

# One account for each way in which accounts are marked.
ACCOUNTS = """
    SELECT DISTINCT ON (b.kind, a.code, a.debit_side, a.overdrawn, a.hot, a.escrow)
           a.id, b.kind, a.code, a.key, a.debit_side, a.overdrawn, a.hot, a.escrow
      FROM money_account a LEFT JOIN book b ON b.id = a.book_id
     ORDER BY b.kind, a.code, a.debit_side, a.overdrawn, a.hot, a.escrow, a.id
"""
