"""What the statistics are computed from: one row of facts for each lot, made of its journal

`lot_facts` may be thrown away at any time (`auction-engine statistics rebuild`); what it says of
money is not in it: that is read from the books.

Revision: 0014; after: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_DAYS = (
    "listed", "ended", "paid", "delivered", "defaulted", "rescinded", "annulled", "cut", "offered",
    "taken", "returned", "distributed",
)  # fmt: skip
_COUNTS = (
    "registered", "turned_away", "admitted", "present", "bids", "automatic", "sealed", "refused",
    "extensions",
)  # fmt: skip


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _whole(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=null)


def upgrade() -> None:
    op.create_table(
        "lot_facts",
        sa.Column("lot_id", sa.BigInteger, primary_key=True, autoincrement=False),
        *(_whole(name) for name in ("session_id", "organisation_id", "agency_id")),
        *(_text(name) for name in ("kind", "province", "method", "zone", "currency")),
        sa.Column("minor_digits", sa.SmallInteger, nullable=False),
        # By which reading of the journal it was made, and how far that got.
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        _text("status"),
        _text("outcome", null=True),
        _text("code", null=True),
        *(sa.Column(f"{name}_on", sa.Date) for name in _DAYS),
        *(_whole(f"{name}_ms", null=True) for name in ("awarded", "paid", "delivered")),
        _whole("start_minor"),
        *(_whole(f"{name}_minor", null=True) for name in ("final", "next_start", "top_up")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _COUNTS),
        sa.Column("refusals", postgresql.JSONB, nullable=False),
        sa.Column("forfeits", postgresql.JSONB, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('SOLD', 'FAILED', 'STOPPED', 'WITHDRAWN')", name="lot_facts_outcome"
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (ended_on IS NULL)", name="lot_facts_ended_by_an_outcome"
        ),
    )
    op.create_index("lot_facts_ended", "lot_facts", ["ended_on"])
    op.create_index("lot_facts_session", "lot_facts", ["session_id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON lot_facts TO auction_app")


def downgrade() -> None:
    op.drop_table("lot_facts")
