"""Where browsers are told that somebody was outbid

A subscription belongs to a signed-in browser and ends with its session, however that ends. The
address and its keys are sealed; what finds them again is a keyed hash.

Revision: 0012; after: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "push_key",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("private", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "push_subscription",
        sa.Column("mark", sa.LargeBinary, primary_key=True),
        sa.Column(
            "account_id",
            sa.BigInteger,
            sa.ForeignKey("account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "session",
            sa.LargeBinary,
            sa.ForeignKey("web_session.token_hash", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("target", sa.LargeBinary, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("told_at", sa.DateTime(timezone=True)),
    )
    op.create_index("push_subscription_account", "push_subscription", ["account_id"])
    op.create_index("push_subscription_session", "push_subscription", ["session"])
    op.execute("GRANT SELECT, INSERT ON push_key TO auction_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON push_subscription TO auction_app")


def downgrade() -> None:
    op.drop_table("push_subscription")
    op.drop_table("push_key")
