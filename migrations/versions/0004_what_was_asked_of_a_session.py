"""What was asked of a whole session: its plan, its pauses, its auctioneers; by whom and why

What follows for each lot is in the lots' own journals. Append-only, like them.

Revision: 0004; after: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_entry",
        sa.Column(
            "session_id", sa.BigInteger, sa.ForeignKey("auction_session.id"), primary_key=True
        ),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")
        ),
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("body", postgresql.JSONB, nullable=False),
        sa.CheckConstraint(
            "kind IN ('plan', 'pause', 'resume', 'hand_over')", name="session_entry_kind"
        ),
    )
    op.execute("""
        CREATE FUNCTION session_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the record of sessions is append-only: % refused', TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER session_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON session_entry FOR EACH STATEMENT EXECUTE FUNCTION session_entry_is_append_only()
    """)
    op.execute("ALTER TABLE session_entry ENABLE ALWAYS TRIGGER session_entry_append_only")
    op.execute("GRANT SELECT, INSERT ON session_entry TO auction_app")


def downgrade() -> None:
    op.drop_table("session_entry")
    op.execute("DROP FUNCTION session_entry_is_append_only()")
