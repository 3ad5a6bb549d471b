"""What moves the money: bank files and their lines, what is expected, what is to be paid

The transfers themselves are in the books (0005). What was received or decided is append-only;
what only says where something stands (suspense, payout, batch) may change, and each change has an
act or a transfer behind it.

Revision: 0006; after: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_APPEND_ONLY = ("money_act", "bank_file", "bank_line", "payment_request", "allocation", "guarantee")
_STANDING = ("bank_account", "suspense", "payout", "payout_batch", "distribution", "due_notice")


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=null, **kw)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _amount(name: str = "amount_minor", null: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _at(name: str, null: bool = False, **kw: object) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null, **kw)


def upgrade() -> None:
    _acts()
    _bank()
    _expected()
    _outgoing()
    _shares()
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
    for table in _STANDING:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO auction_app")
    # Their numbers are asked for before the row is made: a reference is made of one.
    for table in ("payment_request", "payout_batch"):
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO auction_app")


def _acts() -> None:
    op.create_table(
        "money_act",
        _id(),
        _to("book_id", "book.id"),
        _at("at", server_default=_NOW),
        _to("account_id", "account.id", null=True),  # null: the program by itself
        _text("kind"),
        _text("reason", null=True),
        sa.Column("body", postgresql.JSONB, nullable=False),
    )
    op.create_index("money_act_of_book", "money_act", ["book_id", "id"])


def _bank() -> None:
    op.create_table(
        "bank_account",
        sa.Column("book_id", sa.BigInteger, sa.ForeignKey("book.id"), primary_key=True),
        _text("name"),
        _text("account"),
        _text("bin", null=True),
        _text("bic", null=True),
    )
    op.create_table(
        "bank_file",
        _id(),
        _to("book_id", "book.id"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        _text("filename"),
        _text("format"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _to("act_id", "money_act.id"),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        _amount("closing_minor", null=True),
        sa.Column("closing_on", sa.Date),
        sa.UniqueConstraint("book_id", "sha256", name="bank_file_once"),
    )
    op.create_table(
        "bank_line",
        _id(),
        _to("book_id", "book.id"),
        _to("file_id", "bank_file.id"),
        sa.Column("n", sa.Integer, nullable=False),
        _text("place"),
        sa.Column("booked_on", sa.Date, nullable=False),
        sa.Column("value_on", sa.Date),
        _amount(),
        *(_text(name, null=True) for name in ("bank_ref", "end_to_end")),
        _text("text"),
        *(_text(name, null=True) for name in ("name", "account", "bank", "returned", "entry_ref")),
        _amount("entry_minor", null=True),
        _text("fingerprint"),
        sa.UniqueConstraint("book_id", "fingerprint", name="bank_line_once"),
        sa.CheckConstraint("amount_minor <> 0", name="bank_line_amount"),
    )
    op.create_index("bank_line_of_file", "bank_line", ["file_id", "n"])
    op.create_index("bank_line_of_entry", "bank_line", ["book_id", "entry_ref"])
    op.create_index("bank_line_of_reference", "bank_line", ["book_id", "bank_ref"])


def _expected() -> None:
    op.create_table(
        "payment_request",
        _id(),
        _to("book_id", "book.id"),
        _text("purpose"),
        _to("lot_id", "lot.id"),
        # The bidder, or the party of the case; 0 where it is the lot's alone.
        sa.Column("payer", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reference", sa.Text, nullable=False, unique=True),
        _amount(),
        sa.Column("due_on", sa.Date),
        _at("created_at", server_default=_NOW),
        sa.UniqueConstraint("purpose", "lot_id", "payer", name="payment_request_once"),
        sa.CheckConstraint("amount_minor > 0", name="payment_request_amount"),
        sa.CheckConstraint(
            "purpose IN ('DEPOSIT', 'EARNEST', 'PRICE', 'TOP_UP')", name="payment_request_purpose"
        ),
    )
    op.create_index(
        "payment_request_amount_of_book", "payment_request", ["book_id", "amount_minor"]
    )
    op.create_table(
        "allocation",
        sa.Column("line_id", sa.BigInteger, sa.ForeignKey("bank_line.id"), primary_key=True),
        sa.Column(
            "request_id", sa.BigInteger, sa.ForeignKey("payment_request.id"), primary_key=True
        ),
        _amount(),
        sa.CheckConstraint("amount_minor > 0", name="allocation_amount"),
    )
    op.create_index("allocation_of_request", "allocation", ["request_id"])
    op.create_table(
        "guarantee",
        sa.Column(
            "request_id", sa.BigInteger, sa.ForeignKey("payment_request.id"), primary_key=True
        ),
        _to("act_id", "money_act.id"),
        _text("guarantor"),
        _text("document"),
        sa.Column("valid_until", sa.Date, nullable=False),
    )
    op.create_table(
        "suspense",
        sa.Column("line_id", sa.BigInteger, sa.ForeignKey("bank_line.id"), primary_key=True),
        _to("book_id", "book.id"),
        _text("reason"),
        _to("request_id", "payment_request.id", null=True),
        _at("opened_at", server_default=_NOW),
        _at("closed_at", null=True),
        _text("outcome", null=True),
        _to("act_id", "money_act.id", null=True),
    )
    op.create_index(
        "suspense_open", "suspense", ["book_id", "line_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )  # fmt: skip


def _outgoing() -> None:
    op.create_table(
        "payout_batch",
        _id(),
        _to("book_id", "book.id"),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        _to("prepared_by", "account.id"),
        _at("prepared_at", server_default=_NOW),
        sa.Column("requested_on", sa.Date, nullable=False),
        _to("released_by", "account.id", null=True),
        _at("released_at", null=True),
        _at("cancelled_at", null=True),
        sa.Column("body", sa.LargeBinary),
        # Four eyes: whoever prepared it cannot let it go.
        sa.CheckConstraint("released_by <> prepared_by", name="payout_batch_four_eyes"),
        sa.CheckConstraint(
            "(released_by IS NULL) = (released_at IS NULL)"
            " AND (released_at IS NULL) = (body IS NULL)"
            " AND (released_at IS NULL OR cancelled_at IS NULL)",
            name="payout_batch_released_whole",
        ),
    )
    op.create_table(
        "payout",
        _id(),
        _to("book_id", "book.id"),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        _text("kind"),
        _to("lot_id", "lot.id", null=True),
        sa.Column("payee", sa.BigInteger, nullable=False, server_default="0"),
        # The liability it pays, in the book: it can never pay more than is owed there.
        _text("code"),
        _text("account_key"),
        _amount(),
        *(_text(name, null=True) for name in ("name", "account", "bank")),
        _text("text"),
        sa.Column("due_on", sa.Date),
        _text("state"),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="1"),
        _to("batch_id", "payout_batch.id", null=True),
        _text("reason", null=True),
        _at("created_at", server_default=_NOW),
        sa.CheckConstraint("amount_minor > 0", name="payout_amount"),
        sa.CheckConstraint(
            "state IN ('DUE', 'PREPARED', 'ORDERED', 'BOOKED', 'FAILED', 'CANCELLED')",
            name="payout_state",
        ),
        sa.CheckConstraint(
            "(state IN ('PREPARED', 'ORDERED')) <= (batch_id IS NOT NULL)", name="payout_in_batch"
        ),
    )
    op.create_index("payout_of_book", "payout", ["book_id", "state", "due_on"])
    op.create_index("payout_of_lot", "payout", ["lot_id"])


def _shares() -> None:
    op.create_table(
        "distribution",
        _id(),
        _to("book_id", "book.id"),
        _to("lot_id", "lot.id"),
        sa.Column("sheet", postgresql.JSONB, nullable=False),
        sa.Column("result", postgresql.JSONB, nullable=False),
        _to("prepared_by", "account.id"),
        _at("prepared_at", server_default=_NOW),
        _to("approved_by", "account.id", null=True),
        _at("approved_at", null=True),
        sa.CheckConstraint("approved_by <> prepared_by", name="distribution_four_eyes"),
    )
    op.create_index(
        "distribution_once", "distribution", ["lot_id"], unique=True,
        postgresql_where=sa.text("approved_at IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "due_notice",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("level", sa.Text, primary_key=True),
        _at("at", server_default=_NOW),
    )


def downgrade() -> None:
    for table in (
        "due_notice", "distribution", "payout", "payout_batch", "suspense", "guarantee",
        "allocation",
        "payment_request", "bank_line", "bank_file", "bank_account", "money_act",
    ):  # fmt: skip
        op.drop_table(table)
