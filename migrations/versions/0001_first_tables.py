"""Accounts, sessions of lots, shards, the append-only journal and its heads

Revision: 0001; after: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _at(name: str = "created_at", **kw: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, **kw)


def upgrade() -> None:
    _people()
    _sales()
    _log()
    _guard_the_journal()
    _app_role()


def _people() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("login", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("robot", sa.Boolean, nullable=False, server_default="false"),
        _at(server_default=_NOW),
        sa.CheckConstraint("role IN ('bidder', 'organisation', 'officer')", name="account_role"),
    )
    op.create_table(
        "web_session",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "account_id",
            sa.BigInteger,
            sa.ForeignKey("account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("csrf", sa.Text, nullable=False),
        _at(server_default=_NOW),
        _at("expires_at"),
    )


def _sales() -> None:
    jsonb = postgresql.JSONB
    op.create_table(
        "auction_session",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("title", jsonb, nullable=False),
        sa.Column("organisation", jsonb, nullable=False),
        sa.Column("agency", jsonb, nullable=False),
        sa.Column("demo", sa.Boolean, nullable=False, server_default="false"),
        _at(server_default=_NOW),
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "session_id",
            sa.BigInteger,
            sa.ForeignKey("auction_session.id"),
            nullable=False,
            index=True,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("shard", sa.SmallInteger, nullable=False),
        sa.Column("content", jsonb, nullable=False),
        _at(server_default=_NOW),
    )


def _log() -> None:
    op.create_table(
        "shard",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        _at("lease_until"),
        sa.Column("consumed", sa.Text, nullable=False, server_default="0-0"),
    )
    op.create_table(
        "journal",
        sa.Column("lot_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bidder", sa.BigInteger),
        sa.Column("bid_id", sa.Uuid),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "journal_one_row_per_bid_id",
        "journal",
        ["bidder", "bid_id"],
        unique=True,
        postgresql_where=sa.text("bid_id IS NOT NULL"),
    )
    op.create_table(
        "lot_head",
        sa.Column("lot_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("shard", sa.SmallInteger, nullable=False, index=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("price_minor", sa.BigInteger),
        sa.Column("leader", sa.BigInteger),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("extensions", sa.Integer, nullable=False),
        # One row per lot, rewritten at every commit: room on the page keeps the rewrite cheap.
        postgresql_with={"fillfactor": "50"},
    )


def _guard_the_journal() -> None:
    op.execute("""
        CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the journal is append-only: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
        FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()
    """)
    # Also when a replica's or a restore's session_replication_role would skip plain triggers.
    op.execute("ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only")


def _app_role() -> None:
    """The role the program acts as; it owns nothing and cannot change the journal."""
    op.execute("""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auction_app') THEN
                CREATE ROLE auction_app NOLOGIN;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
    """)
    # From PostgreSQL 16 on, the creator of a role is its member without the right to act as it.
    op.execute("""
        DO $$ BEGIN
            IF NOT pg_has_role(current_user, 'auction_app', CASE
                WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
                ELSE 'MEMBER' END) THEN
                EXECUTE format('GRANT auction_app TO %I', current_user);
            END IF;
        END $$
    """)
    op.execute("GRANT USAGE ON SCHEMA public TO auction_app")
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auction_app")
    op.execute("GRANT INSERT ON journal, auction_session, lot, account TO auction_app")
    op.execute("GRANT INSERT, UPDATE ON shard, lot_head TO auction_app")
    op.execute("GRANT INSERT, UPDATE, DELETE ON web_session TO auction_app")
    op.execute("GRANT UPDATE (password_hash, name) ON account TO auction_app")


def downgrade() -> None:
    for table in (
        "lot_head",
        "journal",
        "shard",
        "lot",
        "auction_session",
        "web_session",
        "account",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION journal_is_append_only()")
