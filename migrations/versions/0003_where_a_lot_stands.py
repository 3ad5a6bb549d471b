"""Where a lot stands in its life, and when something next happens to it by itself

Heads written before are of lots with bidding only: their status and due time follow from the
phase, so that a verification of them still holds.

Revision: 0003; after: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATUS = """
    UPDATE lot_head h SET
        status = CASE h.phase WHEN 'open' THEN 'RUNNING' WHEN 'closed' THEN 'BIDDING_CLOSED'
                 ELSE 'PUBLISHED' END,
        due_ms = CASE h.phase WHEN 'open' THEN h.end_ms WHEN 'scheduled' THEN (
            SELECT (convert_from(j.body, 'UTF8')::jsonb -> 'params' ->> 'start_ms')::bigint
              FROM journal j WHERE j.lot_id = h.lot_id AND j.seq = 1) END
"""


def upgrade() -> None:
    op.add_column("lot_head", sa.Column("status", sa.Text))
    op.add_column("lot_head", sa.Column("due_ms", sa.BigInteger))
    op.execute(_STATUS)
    op.alter_column("lot_head", "status", nullable=False)


def downgrade() -> None:
    op.drop_column("lot_head", "due_ms")
    op.drop_column("lot_head", "status")
