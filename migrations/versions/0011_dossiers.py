"""The way into a room: dossiers, their documents, decisions

What was done with a dossier is append-only (`dossier_act`); the dossier itself only says where it
stands. Whatever says who somebody is is sealed before it comes here. Practice sessions are marked:
they belong into no list and no statistics.

Revision: 0011; after: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def upgrade() -> None:
    _dossiers()
    _acts()
    _documents()
    _practice()
    op.execute(
        "CREATE TRIGGER dossier_act_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dossier_act"
        " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
    )
    op.execute("ALTER TABLE dossier_act ENABLE ALWAYS TRIGGER dossier_act_append_only")
    op.execute("GRANT SELECT, INSERT ON dossier_act TO auction_app")
    for table in ("dossier", "dossier_document", "practice"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO auction_app")


def _dossiers() -> None:
    op.create_table(
        "dossier",
        _id(),
        _to("lot_id", "lot.id"),
        _to("account_id", "account.id"),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("recorded", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("declared", postgresql.JSONB, nullable=False),
        sa.Column("for_another", sa.Boolean, nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=True),
        # Keyed hashes of the identity numbers in it: two live dossiers of a lot share none.
        sa.Column("marks", postgresql.ARRAY(sa.LargeBinary), nullable=False),
        sa.Column("sent_ms", sa.BigInteger, nullable=True),
        sa.Column("entry_seq", sa.Integer, nullable=True),
        sa.Column("entry_ms", sa.BigInteger, nullable=True),
        sa.Column("ground", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        _to("decided_by", "account.id", null=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.UniqueConstraint("lot_id", "account_id", name="dossier_one_per_bidder"),
        sa.UniqueConstraint("lot_id", "number", name="dossier_number_once"),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'SENT', 'RETURNED', 'ADMITTED', 'REFUSED', 'WITHDRAWN')",
            name="dossier_state_known",
        ),
        sa.CheckConstraint(
            "recorded IN ('REGISTERED', 'ADMITTED', 'REFUSED', 'WITHDRAWN')",
            name="dossier_recorded_known",
        ),
    )
    op.create_index("dossier_of_account", "dossier", ["account_id"])


def _acts() -> None:
    op.create_table(
        "dossier_act",
        _id(),
        _to("dossier_id", "dossier.id"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        _to("account_id", "account.id", null=True),  # null: the program by itself
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ground", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("body", postgresql.JSONB, nullable=False),
    )
    op.create_index("dossier_act_of_dossier", "dossier_act", ["dossier_id", "id"])


def _documents() -> None:
    op.create_table(
        "dossier_document",
        _id(),
        _to("dossier_id", "dossier.id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        # What was taken away again leaves its checksum, not its contents.
        sa.CheckConstraint(
            "(removed_at IS NULL) = (sealed IS NOT NULL)", name="dossier_document_gone_or_there"
        ),
    )
    op.create_index("dossier_document_of_dossier", "dossier_document", ["dossier_id", "id"])


def _practice() -> None:
    op.add_column(
        "auction_session",
        sa.Column("practice", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "practice",
        sa.Column("lot_id", sa.BigInteger, sa.ForeignKey("lot.id"), primary_key=True),
        _to("account_id", "account.id"),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("over", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_index("practice_of_account", "practice", ["account_id", "begun_at"])
    op.create_index(
        "practice_one_at_a_time",
        "practice",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("NOT over"),
    )


def downgrade() -> None:
    op.drop_table("practice")
    op.drop_column("auction_session", "practice")
    op.drop_table("dossier_document")
    op.drop_table("dossier_act")
    op.drop_table("dossier")
