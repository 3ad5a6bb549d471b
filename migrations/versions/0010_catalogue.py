"""What the public searches: lots in words, notices and their versions, saved searches

`lot_search` is made of the journal and the lots' descriptions and may be thrown away at any time
(`auction-engine search rebuild`); notices are a record of their own and append-only.

Revision: 0010; after: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _whole(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=null, **kw)


def _at(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, **kw)


def upgrade() -> None:
    _search()
    _notices()
    _saved()


def _search() -> None:
    op.create_table(
        "lot_search",
        sa.Column("lot_id", sa.BigInteger, primary_key=True, autoincrement=False),
        _whole("session_id"),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("notice", sa.Integer, nullable=False),
        _text("kind"),
        _text("province"),
        _text("state"),
        _text("method"),
        # All four in one, by which everything is counted.
        sa.Column(
            "facets",
            sa.Text,
            sa.Computed("kind || '|' || province || '|' || state || '|' || method", persisted=True),
            nullable=False,
        ),
        _text("status"),
        _text("failure", null=True),
        _text("currency"),
        _whole("starting_minor"),
        _whole("price_minor"),
        _whole("deposit_minor"),
        sa.Column("bids", sa.Integer, nullable=False),
        _whole("listed_ms"),
        _whole("opens_ms"),
        _whole("closes_ms", null=True),
        _whole("registration_ms", null=True),
        _whole("ended_ms", null=True),
        _whole("place"),
        _at("updated_at", server_default=_NOW),
        sa.Column("card", postgresql.JSONB, nullable=False),
        sa.Column("words", postgresql.TSVECTOR, nullable=False),
    )
    # Read only to be searched in, and then by the index: out of the way of what is counted.
    op.execute("ALTER TABLE lot_search ALTER COLUMN words SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE lot_search SET (toast_tuple_target = 256, fillfactor = 85)")
    # No list of what is to be indexed yet: new words are found at once, not after a clean-up.
    op.create_index(
        "lot_search_words", "lot_search", ["words"], postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )  # fmt: skip
    op.create_index("lot_search_place", "lot_search", ["place", "lot_id"])
    op.create_index("lot_search_listed", "lot_search", ["listed_ms", "lot_id"])
    op.create_index("lot_search_price", "lot_search", ["price_minor", "lot_id"])
    op.create_index("lot_search_province", "lot_search", ["province", "place", "lot_id"])
    op.create_index("lot_search_kind", "lot_search", ["kind", "place", "lot_id"])
    op.create_index("lot_search_session", "lot_search", ["session_id"])
    op.create_index(
        "lot_search_sold", "lot_search", ["kind", "province", "ended_ms"],
        postgresql_where=sa.text("state = 'sold'"),
    )  # fmt: skip
    op.create_index(
        "lot_search_again", "lot_search", ["lot_id"], postgresql_where=sa.text("notice = 0")
    )
    op.create_table(
        "search_mark",
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.text("true")),
        _whole("version", server_default="0"),
        _at("changed_at", server_default=_NOW),
        sa.CheckConstraint("one", name="search_mark_one"),
    )
    op.execute("INSERT INTO search_mark DEFAULT VALUES")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON lot_search TO auction_app")
    op.execute("GRANT SELECT, UPDATE ON search_mark TO auction_app")


def _notices() -> None:
    op.create_table(
        "notice_version",
        sa.Column("lot_id", sa.BigInteger, sa.ForeignKey("lot.id"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        _at("at", server_default=_NOW),
        # null: the program by itself, when a lot is first seen or its journal changed its terms
        sa.Column("account_id", sa.BigInteger, sa.ForeignKey("account.id"), nullable=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("body", postgresql.JSONB, nullable=False),
        sa.Column("material", postgresql.ARRAY(sa.Text), nullable=False),
        sa.CheckConstraint("n > 0", name="notice_version_number"),
    )
    op.execute(
        "CREATE TRIGGER notice_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON notice_version FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
    )
    op.execute("ALTER TABLE notice_version ENABLE ALWAYS TRIGGER notice_version_append_only")
    op.execute("GRANT SELECT, INSERT ON notice_version TO auction_app")
    # A description is changed together with a new version of its notice, and only so.
    op.execute("GRANT UPDATE (content) ON lot TO auction_app")


def _saved() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "account_id", sa.BigInteger, sa.ForeignKey("account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        _text("query"),
        _text("lang"),
        _at("created_at", server_default=_NOW),
        _whole("seen_ms"),
        _at("told_at", null=True),
        _at("ended_at", null=True),
        sa.UniqueConstraint("account_id", "query", name="saved_search_once"),
    )  # fmt: skip
    op.create_index(
        "saved_search_due", "saved_search", ["told_at"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "search_letter",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "search_id", sa.BigInteger, sa.ForeignKey("saved_search.id", ondelete="CASCADE"),
            nullable=False, index=True,
        ),
        _at("at", server_default=_NOW),
        _at("used_at", null=True),
    )  # fmt: skip
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON saved_search, search_letter TO auction_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (content) ON lot FROM auction_app")
    for table in ("search_letter", "saved_search", "notice_version", "search_mark", "lot_search"):
        op.drop_table(table)
