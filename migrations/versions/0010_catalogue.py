"""What the public searches: lots in words, notices and their versions, saved searches

Revision: 0010; after: 0009
"""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
