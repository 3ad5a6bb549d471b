"""No statistics of the journal's bytes

Nobody searches by them, and sorting samples of them costs a busy second of CPU in mid-auction.

Revision: 0002; after: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE journal ALTER COLUMN body SET STATISTICS 0")
    op.execute("ALTER TABLE journal ALTER COLUMN hash SET STATISTICS 0")


def downgrade() -> None:
    op.execute("ALTER TABLE journal ALTER COLUMN body SET STATISTICS -1")
    op.execute("ALTER TABLE journal ALTER COLUMN hash SET STATISTICS -1")
