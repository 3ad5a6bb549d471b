"""Tokens for other systems, webhooks, and files of cases to be imported

Of a token only a hash is kept; a webhook's secrets and an import's file are sealed. What was told
to webhooks is made of the journals and may be thrown away when it is old.

Revision: 0022; after: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_TABLES = (
    "api_token", "webhook", "webhook_secret", "webhook_mark", "webhook_event", "webhook_delivery",
    "case_import",
)  # fmt: skip


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, cascade: bool = False) -> sa.Column:
    goes = "CASCADE" if cascade else None
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target, ondelete=goes), nullable=null)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _texts(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Text), nullable=False)


def _whole(name: str, null: bool = False) -> sa.Column:
    default = None if null else "0"
    return sa.Column(name, sa.Integer, nullable=null, server_default=default)


def _at(name: str, null: bool = False, now: bool = False) -> sa.Column:
    default = _NOW if now else None
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, server_default=default)


def upgrade() -> None:
    _tokens()
    _webhooks()
    _deliveries()
    _imports()
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO auction_app")
    # Their numbers are asked for before the rows are made: what is sealed is bound to them, and
    # thousands of assets are written at once.
    for table in ("webhook_secret", "case_import", "asset", "asset_valuation"):
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO auction_app")


def _tokens() -> None:
    op.create_table(
        "api_token",
        _id(),
        _to("account_id", "account.id", cascade=True),
        _text("name"),
        # What its owner knows it by: the first characters, which open nothing.
        _text("begins"),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        _texts("acts"),
        sa.Column("proved", sa.Boolean, nullable=False),
        _at("created_at", now=True),
        _at("expires_at"),
        _at("revoked_at", null=True),
        _at("used_at", null=True),
        sa.CheckConstraint("expires_at <= created_at + interval '366 days'", name="api_token_ends"),
    )
    op.create_index("api_token_account", "api_token", ["account_id", "id"])


def _webhooks() -> None:
    op.create_table(
        "webhook",
        _id(),
        _to("body_id", "body.id"),
        _to("made_by", "account.id"),
        _text("name"),
        _text("url"),
        _texts("types"),
        sa.Column("state", sa.Text, nullable=False, server_default="ACTIVE"),
        _at("created_at", now=True),
        # In a row, since when, and until when it is left alone.
        _whole("failures"),
        _at("failing_since", null=True),
        _at("next_at", now=True),
        sa.CheckConstraint(
            "state IN ('ACTIVE', 'PAUSED', 'DEAD', 'REMOVED')", name="webhook_state"
        ),
    )
    op.create_index("webhook_body", "webhook", ["body_id", "id"])
    op.create_table(
        "webhook_secret",
        _id(),
        _to("webhook_id", "webhook.id"),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        _at("created_at", now=True),
        _at("expires_at", null=True),
    )
    op.create_index("webhook_secret_webhook", "webhook_secret", ["webhook_id", "id"])
    op.create_table(
        "webhook_mark",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "webhook_event",
        _id(),
        _text("stream"),
        sa.Column("seq", sa.Integer, nullable=False),
        _text("type"),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("organisation_id", sa.BigInteger),
        sa.Column("agency_id", sa.BigInteger),
        sa.Column("data", postgresql.JSONB, nullable=False),
    )
    op.create_index("webhook_event_once", "webhook_event", ["stream", "seq"], unique=True)
    op.create_index("webhook_event_organisation", "webhook_event", ["organisation_id", "id"])
    op.create_index("webhook_event_agency", "webhook_event", ["agency_id", "id"])


def _deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        _id(),
        _to("webhook_id", "webhook.id"),
        _to("event_id", "webhook_event.id", cascade=True),
        _text("stream"),
        sa.Column("state", sa.Text, nullable=False, server_default="QUEUED"),
        _whole("attempts"),
        _at("created_at", now=True),
        _at("next_at", now=True),
        _at("leased_until", null=True),
        _at("first_at", null=True),
        _at("done_at", null=True),
        _whole("status", null=True),
        _text("error", null=True),
        _whole("took_ms", null=True),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'SENT', 'DEAD', 'REPLACED')", name="webhook_delivery_state"
        ),
    )
    op.create_index(
        "webhook_delivery_waiting", "webhook_delivery", ["webhook_id", "stream", "id"],
        postgresql_where=sa.text("state = 'QUEUED'"),
    )  # fmt: skip
    op.create_index("webhook_delivery_of", "webhook_delivery", ["webhook_id", "id"])
    op.create_index("webhook_delivery_event", "webhook_delivery", ["event_id"])


def _imports() -> None:
    op.create_table(
        "case_import",
        _id(),
        # What the form carried: the same one sent twice is one import.
        sa.Column("key", sa.Uuid, nullable=False),
        _to("agency_id", "body.id"),
        _to("account_id", "account.id"),
        _text("filename"),
        _text("format"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        # The file: gone as soon as it is imported or given up.
        sa.Column("file", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False, server_default="UPLOADED"),
        _whole("total"),
        _whole("done"),
        _whole("cases"),
        _whole("assets"),
        _whole("wrong"),
        sa.Column("errors", postgresql.JSONB, nullable=False, server_default=sa.text("'[]'")),
        _at("created_at", now=True),
        _at("moved_at", now=True),
        _to("confirmed_by", "account.id", null=True),
        _at("confirmed_at", null=True),
        sa.CheckConstraint(
            "state IN ('UPLOADED', 'CHECKING', 'WRONG', 'READY', 'CONFIRMED', 'IMPORTED',"
            " 'FAILED', 'GIVEN_UP')",
            name="case_import_state",
        ),
    )
    op.create_index("case_import_once", "case_import", ["agency_id", "key"], unique=True)
    op.create_index("case_import_agency", "case_import", ["agency_id", "id"])


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
