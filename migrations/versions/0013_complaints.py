"""Complaints, and what people have signed

What was filed, answered and signed is append-only: a complaint's state is its last act. Grounds and
reasons are sealed; what is published of a decision is written for the public and has no names.

Revision: 0013; after: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_TABLES = ("complaint", "complaint_act", "complaint_document", "signature")
# The one column that may change: when the keys do (`keys reseal`).
_SEALED = {"complaint": "sealed", "complaint_act": "reason", "complaint_document": "sealed"}
_RESEALED = """
CREATE FUNCTION only_resealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV[0] IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV[0] THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$
"""
_STATES = (
    "('FILED', 'ACCEPTED', 'REJECTED_FORMALLY', 'DECIDED_UPHELD', 'DECIDED_DENIED', 'WITHDRAWN')"
)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _to(name: str, target: str, **kw: object) -> sa.Column:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target), nullable=False, **kw)


def _text(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text, nullable=null)


def _bytes(name: str, null: bool = False) -> sa.Column:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _at() -> sa.Column:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def upgrade() -> None:
    _complaints()
    _signatures()
    op.execute(_RESEALED)
    for table in _TABLES:
        sealed = _SEALED.get(table)
        refused = "DELETE OR TRUNCATE" if sealed else "UPDATE OR DELETE OR TRUNCATE"
        _trigger(table, f"{table}_append_only", refused, "STATEMENT", "journal_is_append_only()")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO auction_app")
        if sealed:
            _trigger(table, f"{table}_resealed", "UPDATE", "ROW", f"only_resealed('{sealed}')")
            op.execute(f"GRANT UPDATE ({sealed}) ON {table} TO auction_app")
    # A complaint's number is asked for before the row is made: what is sealed is bound to it.
    op.execute("GRANT USAGE ON SEQUENCE complaint_id_seq TO auction_app")
    # A person's own lots are found by these; few rows of the journal are admissions.
    op.create_index(
        "journal_admission_of_bidder", "journal", ["bidder"],
        postgresql_where=sa.text("kind = 'bidder.admitted'"),
    )  # fmt: skip
    op.create_index("payment_request_of_payer", "payment_request", ["payer", "lot_id"])


def _trigger(table: str, name: str, on: str, each: str, does: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH {each} EXECUTE FUNCTION {does}"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _complaints() -> None:
    op.create_table(
        "complaint",
        _id(),
        # What the form carried: the same one sent twice is one complaint.
        sa.Column("key", sa.Uuid, nullable=False),
        _to("lot_id", "lot.id"),
        _to("filed_by", "account.id"),
        _text("addressee"),
        _text("about"),
        sa.Column("about_seq", sa.Integer),
        sa.Column("known_on", sa.Date, nullable=False),
        sa.Column("file_by", sa.Date),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("accept_by", sa.Date),
        _bytes("sealed"),
        _at(),
        sa.UniqueConstraint("filed_by", "key", name="complaint_once"),
        sa.CheckConstraint("addressee IN ('ORGANISATION', 'AGENCY')", name="complaint_addressee"),
        sa.CheckConstraint("about IN ('LOT', 'BID', 'ACT')", name="complaint_about"),
        sa.CheckConstraint("(about = 'LOT') = (about_seq IS NULL)", name="complaint_names_entry"),
    )
    op.create_index("complaint_of_lot", "complaint", ["lot_id", "id"])
    op.create_table(
        "complaint_act",
        sa.Column("complaint_id", sa.BigInteger, sa.ForeignKey("complaint.id"), primary_key=True),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        _at(),
        _to("account_id", "account.id"),
        _text("kind"),
        _bytes("reason", null=True),
        _text("published", null=True),
        sa.Column("decide_by", sa.Date),
        sa.CheckConstraint(f"kind IN {_STATES}", name="complaint_act_kind"),
        sa.CheckConstraint("(kind = 'FILED') = (n = 1)", name="complaint_act_begins"),
        sa.CheckConstraint(
            "(kind LIKE 'DECIDED%') = (published IS NOT NULL)", name="complaint_act_published"
        ),
    )
    op.create_table(
        "complaint_document",
        sa.Column("complaint_id", sa.BigInteger, sa.ForeignKey("complaint.id"), primary_key=True),
        sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
        _text("filename"),
        _text("media_type"),
        _bytes("sha256"),
        sa.Column("size", sa.Integer, nullable=False),
        _bytes("sealed"),
    )


def _signatures() -> None:
    op.create_table(
        "signature",
        _id(),
        _to("lot_id", "lot.id"),
        _to("account_id", "account.id"),
        _text("document"),
        # The entry of the lot's journal that the document tells of.
        sa.Column("seq", sa.Integer, nullable=False),
        _bytes("sha256"),
        _bytes("body"),
        _text("method"),
        _at(),
        sa.UniqueConstraint("lot_id", "account_id", "document", "seq", name="signature_once"),
        sa.CheckConstraint("document IN ('MINUTES')", name="signature_document"),
        sa.CheckConstraint("method IN ('RETYPED', 'RETYPED_AND_PROOF')", name="signature_method"),
    )
    op.create_index("signature_of_account", "signature", ["account_id", "id"])


def downgrade() -> None:
    op.drop_index("payment_request_of_payer", "payment_request")
    op.drop_index("journal_admission_of_bidder", "journal")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION only_resealed()")
