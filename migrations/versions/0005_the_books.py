"""The books: double entry that the database itself keeps whole

`book`, `money_account`, `transfer`, `posting` and `money_seal` only grow. What no constraint can
say is said by triggers at the end of each statement, ALWAYS, whoever writes:

- a transfer and all its postings come in one statement, sum to zero, and never change or grow;
- they stay in one book, and the escrow accounts among them sum to zero by themselves;
- a pending transfer is ended once, by one that takes all it holds, or by its reversal;
- `balance` moves with the postings, and an account that may not be overdrawn is not.

Revision: 0005; after: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("money_seal", "balance", "posting", "transfer", "money_account", "book")
_FUNCTIONS = (
    "books_are_append_only",
    "transfer_begins",
    "transfer_is_whole",
    "posting_is_sound",
    "posting_moves_balances",
)
# A definer's function finds nothing but what it names. Its plans are kept, and must be as good for
# one row after a thousand as for a thousand after one: always from the new rows by index. `n > 0`,
# which always holds, makes the primary key the better index even when the tables are empty.
_AS_OWNER = """
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
"""


def upgrade() -> None:
    _accounts()
    _transfers()
    _sums()
    _append_only()
    op.execute(_TRANSFER_BEGINS)
    op.execute(_TRANSFER_IS_WHOLE)
    op.execute(_POSTING_IS_SOUND)
    op.execute(_POSTING_MOVES_BALANCES)
    _triggers()
    _grants()


def _accounts() -> None:
    op.create_table(
        "book",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", postgresql.JSONB, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("minor_digits", sa.SmallInteger, nullable=False),
        sa.CheckConstraint("kind IN ('ORGANISATION', 'AGENCY')", name="book_kind"),
        sa.CheckConstraint("name ->> 'vi' IS NOT NULL", name="book_name"),
        sa.CheckConstraint("minor_digits BETWEEN 0 AND 4", name="book_minor_digits"),
    )
    op.execute("CREATE UNIQUE INDEX book_one ON book (kind, (name ->> 'vi'), currency)")
    flags = [
        sa.Column(name, sa.Boolean, nullable=False)
        for name in ("debit_side", "overdrawn", "hot", "escrow")
    ]
    op.create_table(
        "money_account",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("book_id", sa.BigInteger, sa.ForeignKey("book.id"), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        *flags,
        sa.UniqueConstraint("book_id", "code", "key", name="money_account_one"),
    )
    op.create_index(
        "money_account_key",
        "money_account",
        ["book_id", "key"],
        postgresql_ops={"key": "text_pattern_ops"},
    )


def _transfers() -> None:
    moment, big = sa.DateTime(timezone=True), sa.BigInteger
    op.create_table(
        "transfer",
        sa.Column("id", big, sa.Identity(), primary_key=True),
        # No foreign key: it would lock the book's one row in every transfer. The accounts of a
        # transfer must be of its book, and theirs exists.
        sa.Column("book_id", big, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("cause_kind", sa.Text, nullable=False),
        sa.Column("cause_id", big, nullable=False),
        sa.Column("cause_n", big, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("resolves", big, sa.ForeignKey("transfer.id")),
        sa.Column("reverses", big, sa.ForeignKey("transfer.id")),
        sa.Column("booked_on", sa.Date, nullable=False),
        sa.Column("at", moment, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("note", sa.Text),
        sa.CheckConstraint("id > 0", name="transfer_id"),
        sa.CheckConstraint(
            "cause_kind IN ('JOURNAL', 'LINE', 'ACT', 'PAYOUT')", name="transfer_cause_kind"
        ),
        sa.CheckConstraint("resolves IS NULL OR reverses IS NULL", name="transfer_one_end"),
        sa.CheckConstraint("reverses IS NULL OR NOT pending", name="transfer_reversal_not_pending"),
        sa.CheckConstraint("coalesce(resolves, reverses) < id", name="transfer_ends_an_earlier"),
    )
    # One index for both: what is resolved cannot be reversed, and the other way round.
    op.execute(
        "CREATE UNIQUE INDEX transfer_ends_once ON transfer ((coalesce(resolves, reverses)))"
    )
    op.create_index("transfer_cause", "transfer", ["cause_kind", "cause_id", "cause_n"])
    op.create_table(
        "posting",
        # No foreign keys: the triggers look both up anyway, without locking an escrow's row.
        sa.Column("transfer_id", big, primary_key=True, autoincrement=False),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("account_id", big, nullable=False),
        sa.Column("amount_minor", big, nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name="posting_amount"),
        sa.CheckConstraint("n > 0", name="posting_n"),
    )
    op.create_index("posting_account", "posting", ["account_id", "transfer_id"], unique=True)


def _sums() -> None:
    op.create_table(
        "balance",
        sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stripe", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("held_minor", sa.BigInteger, nullable=False),
        # Rewritten by each posting: room on the page keeps the rewrite cheap.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "money_seal",
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.Column("transfers", postgresql.ARRAY(sa.BigInteger), nullable=False),
        sa.Column("digests", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
    )
    op.create_index("money_seal_upto", "money_seal", ["upto"])
    op.execute("ALTER TABLE money_seal ALTER COLUMN digests SET STORAGE EXTERNAL")


def _append_only() -> None:
    op.execute("""
        CREATE FUNCTION books_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the books are append-only: % of % refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)


# Every transaction that posts says from which id on, until it ends, by a shared advisory lock:
# whoever seals reads off pg_locks which ids can no longer appear, and nobody waits. The tag
# 0x4145 is in the upper 16 bits of the 64. The lock comes before the ids: they are higher.
_TRANSFER_BEGINS = f"""
    CREATE FUNCTION transfer_begins() RETURNS trigger {_AS_OWNER} AS $$
    DECLARE
        mine text := pg_current_xact_id()::text;
    BEGIN
        IF current_setting('auction.posting', true) IS DISTINCT FROM mine THEN
            PERFORM pg_advisory_xact_lock_shared((16709::bigint << 48) | (
                SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.transfer_id_seq));
            PERFORM set_config('auction.posting', mine, true);
        END IF;
        RETURN NULL;
    END $$
"""  # noqa: S608

_TRANSFER_IS_WHOLE = f"""
    CREATE FUNCTION transfer_is_whole() RETURNS trigger {_AS_OWNER} AS $$
    DECLARE
        bad bigint;
        sealed bigint := coalesce((SELECT max(upto) FROM public.money_seal), 0);
        newest bigint := (SELECT last_value FROM public.transfer_id_seq);
    BEGIN
        SELECT id INTO bad FROM fresh WHERE id <= sealed OR id > newest LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'transfer %: its number is not from the sequence', bad
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_number';
        END IF;
        SELECT id INTO bad FROM fresh
         WHERE NOT EXISTS (SELECT FROM public.posting p
                            WHERE p.transfer_id = fresh.id AND p.n > 0) LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'transfer %: its postings must come in the same statement', bad
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_whole';
        END IF;
        RETURN NULL;
    END $$
"""  # noqa: S608

_POSTING_IS_SOUND = f"""
    CREATE FUNCTION posting_is_sound() RETURNS trigger {_AS_OWNER} AS $$
    DECLARE
        bad record;
    BEGIN
        SELECT * INTO bad FROM (
            SELECT s.*, CASE
                WHEN s.own IS NULL THEN 'posting_transfer'
                WHEN NOT s.one_book THEN 'posting_book'
                WHEN s.legs <> (SELECT count(*) FROM public.posting p
                               WHERE p.transfer_id = s.id AND p.n > 0)
                    THEN 'posting_later'
                WHEN s.legs < 2 OR s.total <> 0 THEN 'posting_balanced'
                WHEN s.apart <> 0 THEN 'posting_escrow'
                WHEN s.pending AND (s.credits <> 1 OR s.not_held <> 0) THEN 'transfer_pending'
                WHEN s.resolves IS NOT NULL AND NOT EXISTS (
                    SELECT FROM public.transfer t
                      JOIN public.posting held ON held.transfer_id = t.id AND held.n > 0
                           AND held.amount_minor < 0
                      JOIN public.posting p ON p.transfer_id = s.id
                           AND p.account_id = held.account_id
                           AND p.amount_minor = -held.amount_minor
                     WHERE t.id = s.resolves AND t.pending AND t.book_id = s.book_id)
                    THEN 'transfer_resolves'
                WHEN s.reverses IS NOT NULL AND s.legs IS DISTINCT FROM (
                    SELECT CASE WHEN count(p.account_id) = count(*) THEN count(*) END
                      FROM public.transfer t
                      JOIN public.posting was ON was.transfer_id = t.id AND was.n > 0
                      LEFT JOIN public.posting p ON p.transfer_id = s.id
                           AND p.account_id = was.account_id
                           AND p.amount_minor = -was.amount_minor
                     WHERE t.id = s.reverses AND t.book_id = s.book_id
                       AND t.resolves IS NULL AND t.reverses IS NULL)
                    THEN 'transfer_reverses'
                END AS broken
              FROM (
                SELECT f.transfer_id AS id, t.id AS own, t.book_id, t.pending, t.resolves,
                       t.reverses, t.key, count(*) AS legs, sum(f.amount_minor) AS total,
                       coalesce(sum(f.amount_minor) FILTER (WHERE a.escrow), 0) AS apart,
                       count(*) FILTER (WHERE f.amount_minor < 0) AS credits,
                       count(*) FILTER (WHERE f.amount_minor < 0
                           AND (a.hot OR a.debit_side AND NOT a.overdrawn)) AS not_held,
                       coalesce(bool_and(a.book_id IS NOT DISTINCT FROM t.book_id), false)
                           AS one_book
                  FROM fresh f
                  LEFT JOIN public.transfer t ON t.id = f.transfer_id
                  LEFT JOIN public.money_account a ON a.id = f.account_id
                 GROUP BY f.transfer_id, t.id) AS s) AS judged
         WHERE broken IS NOT NULL ORDER BY id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'transfer % (%): %', bad.id, bad.key, CASE bad.broken
                WHEN 'posting_transfer' THEN 'it does not exist'
                WHEN 'posting_book' THEN 'an account is unknown or of another book'
                WHEN 'posting_later' THEN 'it is posted already'
                WHEN 'posting_balanced' THEN 'debits and credits differ'
                WHEN 'posting_escrow' THEN 'money of others and own money would mix'
                WHEN 'transfer_pending' THEN 'pending needs exactly one credit that can be held'
                WHEN 'transfer_resolves'
                    THEN 'it must take all that a pending transfer of this book holds'
                ELSE 'it must be the exact opposite of one that ends no other' END
                USING ERRCODE = 'check_violation', CONSTRAINT = bad.broken;
        END IF;
        RETURN NULL;
    END $$
"""  # noqa: S608

# The order of accounts is everywhere the same, so nobody waits in a circle. `lowest` is the lowest
# the account stands within the statement, transfer by transfer. A hot account's sum is spread by
# server process: concurrent transactions write different rows.
_POSTING_MOVES_BALANCES = f"""
    CREATE FUNCTION posting_moves_balances() RETURNS trigger {_AS_OWNER} AS $$
    DECLARE
        bad record;
    BEGIN
        WITH step AS (
            SELECT f.account_id, f.transfer_id, f.amount_minor,
                   CASE WHEN t.pending AND f.amount_minor < 0 THEN -f.amount_minor ELSE 0 END
                   + CASE WHEN ended.id IS NULL THEN 0 ELSE coalesce((
                         SELECT held.amount_minor FROM public.posting held
                          WHERE held.transfer_id = ended.id AND held.account_id = f.account_id
                            AND held.amount_minor < 0), 0) END AS held_minor
              FROM fresh f
              JOIN public.transfer t ON t.id = f.transfer_id
              LEFT JOIN public.transfer ended
                     ON ended.id = coalesce(t.resolves, t.reverses) AND ended.pending
        ), running AS (
            SELECT s.account_id, s.amount_minor, s.held_minor, a.hot, a.overdrawn, a.code, a.key,
                   CASE WHEN a.debit_side THEN 1 ELSE -1 END AS side,
                   sum(s.amount_minor) OVER sofar AS run, sum(s.held_minor) OVER sofar AS run_held
              FROM step s JOIN public.money_account a ON a.id = s.account_id
            WINDOW sofar AS (PARTITION BY s.account_id ORDER BY s.transfer_id)
        ), moved AS (
            SELECT account_id, hot, overdrawn, code, key, side, count(*) AS steps,
                   sum(amount_minor)::bigint AS delta, sum(held_minor)::bigint AS held,
                   min(side * run - run_held) AS lowest
              FROM running GROUP BY account_id, hot, overdrawn, code, key, side
        ), done AS (
            INSERT INTO public.balance AS b (account_id, stripe, amount_minor, held_minor)
            SELECT account_id, CASE WHEN hot THEN pg_backend_pid() % 16 ELSE 0 END, delta, held
              FROM moved ORDER BY account_id
            ON CONFLICT (account_id, stripe) DO UPDATE
               SET amount_minor = b.amount_minor + excluded.amount_minor,
                   held_minor = b.held_minor + excluded.held_minor
            RETURNING b.account_id, b.amount_minor, b.held_minor
        )
        SELECT * INTO bad FROM (
            SELECT a.id, a.code, a.key, d.held_minor AS held,
                   d.amount_minor * CASE WHEN a.debit_side THEN 1 ELSE -1 END AS amount
              FROM done d JOIN public.money_account a ON a.id = d.account_id
             WHERE NOT a.hot AND NOT a.overdrawn
               AND d.amount_minor * CASE WHEN a.debit_side THEN 1 ELSE -1 END < d.held_minor
            UNION ALL
            SELECT m.account_id, m.code, m.key, d.held_minor, m.side * d.amount_minor
              FROM moved m JOIN done d USING (account_id)
             WHERE m.steps > 1 AND NOT m.hot AND NOT m.overdrawn
               AND m.side * (d.amount_minor - m.delta) - (d.held_minor - m.held) + m.lowest < 0
            ) AS low ORDER BY id LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION '%[%] would be overdrawn: at %, of which % held',
                bad.code, bad.key, bad.amount, bad.held
                USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_overdrawn';
        END IF;
        RETURN NULL;
    END $$
"""  # noqa: S608


def _triggers() -> None:
    guarded = ("book", "money_account", "transfer", "posting", "money_seal")
    made = [
        (table, f"{table}_append_only", "BEFORE UPDATE OR DELETE OR TRUNCATE", "", "", guard)
        for table, guard in ((name, "books_are_append_only") for name in guarded)
    ]
    fresh = "REFERENCING NEW TABLE AS fresh"
    made += [
        # Only the trigger below writes it; TRUNCATE knows no depth worth allowing.
        ("balance", "balance_by_postings", "BEFORE INSERT OR UPDATE OR DELETE", "",
         "WHEN (pg_trigger_depth() = 0)", "books_are_append_only"),
        ("balance", "balance_not_emptied", "BEFORE TRUNCATE", "", "", "books_are_append_only"),
        ("transfer", "transfer_begins", "BEFORE INSERT", "", "", "transfer_begins"),
        ("transfer", "transfer_whole", "AFTER INSERT", fresh, "", "transfer_is_whole"),
        # Triggers of one table go by name: first whether it is sound, then what it moves.
        ("posting", "posting_1_sound", "AFTER INSERT", fresh, "", "posting_is_sound"),
        ("posting", "posting_2_moves", "AFTER INSERT", fresh, "", "posting_moves_balances"),
    ]  # fmt: skip
    for table, name, when, rows, only, function in made:
        op.execute(
            f"CREATE TRIGGER {name} {when} ON {table} {rows} FOR EACH STATEMENT {only}"
            f" EXECUTE FUNCTION {function}()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _grants() -> None:
    op.execute(f"GRANT SELECT ON {', '.join(_TABLES)} TO auction_app")
    op.execute("GRANT INSERT ON book, posting TO auction_app")
    op.execute(
        "GRANT INSERT (book_id, code, key, debit_side, overdrawn, hot, escrow) ON money_account"
        " TO auction_app"
    )
    # Not the moment: that is the database's.
    op.execute(
        "GRANT INSERT (id, book_id, kind, key, cause_kind, cause_id, cause_n, pending, resolves,"
        " reverses, booked_on, note) ON transfer TO auction_app"
    )
    op.execute("GRANT INSERT (n, upto, transfers, digests, hash) ON money_seal TO auction_app")
    op.execute("GRANT USAGE, SELECT ON SEQUENCE transfer_id_seq TO auction_app")
    for name in _FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
