"""Words of the search by language: those of every lot are made anew

`lot_search` is derived: whoever indexes finds what is marked and writes it again, while searches go
on. An older program does the same after the way back.

Revision: 0015; after: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _anew()


def downgrade() -> None:
    _anew()


def _anew() -> None:
    op.execute("UPDATE lot_search SET notice = 0")
