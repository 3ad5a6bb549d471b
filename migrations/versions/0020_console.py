"""What the console records: announcements and offers to hand over; minutes drawn up and signed

Announcements and offers are entries in the record of their session. Minutes and the signatures
under them are append-only, like everything that stands as evidence.

Revision: 0020; after: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_KINDS = ("plan", "pause", "resume", "hand_over")
_MORE = ("announce", "close", "hand_over_offered", "hand_over_declined")
_TABLES = ("minutes", "minutes_signature")


def _kinds(kinds: tuple[str, ...]) -> None:
    op.drop_constraint("session_entry_kind", "session_entry", type_="check")
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint("session_entry_kind", "session_entry", f"kind IN ({listed})")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=False)


def _at() -> sa.Column:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def upgrade() -> None:
    _kinds((*_KINDS, *_MORE))
    # The same announcement sent twice is one: its form carries a key.
    op.create_index(
        "session_entry_announced_once",
        "session_entry",
        ["session_id", sa.text("(body ->> 'key')")],
        unique=True,
        postgresql_where=sa.text("kind = 'announce'"),
    )
    op.create_table(
        "minutes",
        _id(),
        _to("lot_id", "lot.id"),
        # The entry of the lot's journal that the document tells of.
        sa.Column("seq", sa.Integer, nullable=False),
        _to("drawn_by", "account.id"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _at(),
        sa.UniqueConstraint("lot_id", "seq", name="minutes_once"),
    )
    op.create_table(
        "minutes_signature",
        _id(),
        _to("minutes_id", "minutes.id"),
        _to("account_id", "account.id"),
        sa.Column("signs_as", sa.Text, nullable=False),
        _at(),
        sa.UniqueConstraint("minutes_id", "signs_as", name="minutes_signature_once"),
        sa.CheckConstraint("signs_as IN ('AUCTIONEER', 'RECORDER')", name="minutes_signature_as"),
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_index("session_entry_announced_once", "session_entry")
    # What was announced is gone with the kinds that the older program does not know.
    op.execute("ALTER TABLE session_entry DISABLE TRIGGER session_entry_append_only")
    listed = ", ".join(f"'{kind}'" for kind in _MORE)
    op.execute(f"DELETE FROM session_entry WHERE kind IN ({listed})")  # noqa: S608
    op.execute("ALTER TABLE session_entry ENABLE ALWAYS TRIGGER session_entry_append_only")
    _kinds(_KINDS)
