"""Sessions being prepared

A draft's choices and every act on it are rows that only grow: what the draft is now is its newest
entry, so that a change can be undone and everybody can see who changed what. Publishing makes the
session, its lots and the state PUBLISHING in one transaction; what the log has to be told follows
from the rows of the draft's assets, where the frozen parameters stand.

Revision: 0018; after: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_STATES = "('DRAFT', 'SUBMITTED', 'APPROVED', 'PUBLISHING', 'PUBLISHED', 'DELETED')"
_KINDS = "('make', 'edit', 'undo', 'submit', 'back', 'approve', 'publish', 'published', 'delete')"


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _at(name: str = "at") -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def upgrade() -> None:
    op.create_table(
        "session_draft",
        _id(),
        _to("body_id", "body.id"),
        _text("pack"),
        sa.Column("choices", JSONB, nullable=False),
        _text("state"),
        sa.Column("version", sa.Integer, nullable=False),
        _to("made_by", "account.id"),
        _to("submitted_by", "account.id", null=True),
        _to("approved_by", "account.id", null=True),
        _to("session_id", "auction_session.id", null=True),
        _at("made_at"),
        _at("changed_at"),
        sa.UniqueConstraint("session_id", name="session_draft_one_session"),
        sa.CheckConstraint(f"state IN {_STATES}", name="session_draft_state"),
        # Four eyes, whatever the program says.
        sa.CheckConstraint(
            "approved_by <> made_by AND approved_by <> submitted_by", name="session_draft_four_eyes"
        ),
        sa.CheckConstraint(
            "(state IN ('PUBLISHING', 'PUBLISHED')) = (session_id IS NOT NULL)",
            name="session_draft_published",
        ),
    )
    op.create_index("session_draft_of_body", "session_draft", ["body_id", "id"])
    op.create_index(
        "session_draft_under_way", "session_draft", ["id"],
        postgresql_where=sa.text("state = 'PUBLISHING'"),
    )  # fmt: skip
    op.create_table(
        "session_draft_entry",
        sa.Column("draft_id", sa.BigInteger, sa.ForeignKey("session_draft.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        _at(),
        _to("account_id", "account.id"),
        _text("kind"),
        _text("reason", null=True),
        sa.Column("choices", JSONB),
        # The entry that undoing this one goes back to.
        sa.Column("before", sa.Integer),
        sa.CheckConstraint(f"kind IN {_KINDS}", name="session_draft_entry_kind"),
        sa.CheckConstraint(
            "(kind IN ('make', 'edit', 'undo')) = (choices IS NOT NULL)",
            name="session_draft_entry_choices",
        ),
    )
    op.create_table(
        "session_draft_asset",
        sa.Column("draft_id", sa.BigInteger, sa.ForeignKey("session_draft.id"), primary_key=True),
        sa.Column("asset_id", sa.BigInteger, sa.ForeignKey("asset.id"), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        _to("lot_id", "lot.id", null=True),
        sa.Column("params", JSONB),
    )
    op.create_index("session_draft_asset_of", "session_draft_asset", ["asset_id"])
    op.create_table(
        "session_template",
        _id(),
        _to("body_id", "body.id"),
        _text("name"),
        _text("pack"),
        sa.Column("choices", JSONB, nullable=False),
        _to("made_by", "account.id"),
        _at("made_at"),
        sa.UniqueConstraint("body_id", "name", name="session_template_name"),
    )
    _grow_only()
    op.execute("GRANT SELECT, INSERT, UPDATE ON session_draft TO auction_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON session_draft_asset TO auction_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON session_template TO auction_app")


def _grow_only() -> None:
    op.execute(
        "CREATE TRIGGER session_draft_entry_append_only"
        " BEFORE UPDATE OR DELETE OR TRUNCATE ON session_draft_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
    )
    op.execute(
        "ALTER TABLE session_draft_entry ENABLE ALWAYS TRIGGER session_draft_entry_append_only"
    )
    op.execute("GRANT SELECT, INSERT ON session_draft_entry TO auction_app")


def downgrade() -> None:
    for table in (
        "session_template", "session_draft_asset", "session_draft_entry", "session_draft",
    ):  # fmt: skip
        op.drop_table(table)
